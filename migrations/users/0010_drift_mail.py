"""drift mail: whether an owner is told each morning of what stands open in the drift inbox

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
A column with a constant default rewrites no table, neither on PostgreSQL nor on Azure SQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user_", sa.Column("drift_mail", sa.Unicode(length=8), server_default="daily", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("user_", schema=None) as batch_op:
        batch_op.drop_column("drift_mail")
