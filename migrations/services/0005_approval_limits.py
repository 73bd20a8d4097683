"""approval limits: up to which amount each role may order by itself

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
"""

import sqlalchemy as sa
from alembic import op

from domains.kernel import columns

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "approval_limit",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("customer_id", columns.Id(), nullable=False),
        sa.Column("reseller_id", columns.Id(), nullable=True),
        sa.Column("role", sa.Unicode(length=20), nullable=False),
        sa.Column("currency", sa.Unicode(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_limit")),
        sa.UniqueConstraint("customer_id", "role", name=op.f("uq_approval_limit_customer_id_role")),
    )


def downgrade() -> None:
    op.drop_table("approval_limit")
