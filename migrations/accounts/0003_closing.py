"""closing and tags

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
"""

import sqlalchemy as sa
from alembic import op

from domains.kernel.columns import Instant, Json

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account", sa.Column("tags", Json, nullable=True))
    op.add_column("account", sa.Column("closed_at", Instant, nullable=True))


def downgrade() -> None:
    op.drop_column("account", "closed_at")
    op.drop_column("account", "tags")
