"""sandboxes

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
"""

import sqlalchemy as sa
from alembic import op

from domains.kernel import columns

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sandbox",
        sa.Column("customer_id", columns.Id(), nullable=False),
        sa.Column("reseller_id", columns.Id(), nullable=True),
        sa.Column("sandbox_id", columns.Id(), nullable=False),
        sa.Column("name", sa.Unicode(length=120), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_sandbox")),
    )
    op.create_index("ix_sandbox_reseller_id", "sandbox", ["reseller_id"], unique=False)
    op.add_column("customer", sa.Column("sandbox_of", columns.Id(), nullable=True))
    op.add_column("customer", sa.Column("clock_ahead", sa.Integer(), server_default="0", nullable=False))
    op.add_column("customer", sa.Column("faults", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("customer", schema=None) as batch_op:
        for name in ("faults", "clock_ahead", "sandbox_of"):
            batch_op.drop_column(name)
    op.drop_index("ix_sandbox_reseller_id", table_name="sandbox")
    op.drop_table("sandbox")
