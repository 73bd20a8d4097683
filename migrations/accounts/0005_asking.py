"""asking: what others were last told of an account's limits

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
"""

import sqlalchemy as sa
from alembic import op

from domains.kernel.columns import Json

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account", sa.Column("stands", Json, nullable=True))


def downgrade() -> None:
    op.drop_column("account", "stands")
