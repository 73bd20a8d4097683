"""last asked at: when the newest try to ask the provider began

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
"""

import sqlalchemy as sa
from alembic import op

from domains.kernel import columns

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("provider_operation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("last_asked_at", columns.Instant(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("provider_operation", schema=None) as batch_op:
        batch_op.drop_column("last_asked_at")
