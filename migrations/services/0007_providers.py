"""providers: which one an order and a subscription are with (so far all with the sandbox), and what they hint at

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
A column with a constant default rewrites no table, neither on PostgreSQL nor on Azure SQL.
"""

import sqlalchemy as sa
from alembic import op

from domains.kernel import columns

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "provider_hint",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("provider", sa.Unicode(length=40), nullable=False),
        sa.Column("kind", sa.Unicode(length=80), nullable=False),
        sa.Column("provider_subscription_id", sa.Unicode(length=80), nullable=True),
        sa.Column("account_id", columns.Id(), nullable=True),
        sa.Column("at", columns.Instant(), nullable=False),
        sa.Column("noted_at", columns.Instant(), nullable=False),
        sa.Column("taken_at", columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_hint")),
    )
    op.create_index("ix_provider_hint_taken_at_noted_at", "provider_hint", ["taken_at", "noted_at"], unique=False)
    for table in ("subscription", "order_"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            column = sa.Column("provider", sa.Unicode(length=40), server_default="sandbox", nullable=False)
            batch_op.add_column(column)


def downgrade() -> None:
    for table in ("order_", "subscription"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("provider")
    op.drop_table("provider_hint")
