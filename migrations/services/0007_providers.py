"""providers: which one an order and a subscription are with; so far all are with the sandbox

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
A column with a constant default rewrites no table, neither on PostgreSQL nor on Azure SQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("subscription", "order_"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            column = sa.Column("provider", sa.Unicode(length=40), server_default="sandbox", nullable=False)
            batch_op.add_column(column)


def downgrade() -> None:
    for table in ("order_", "subscription"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("provider")
