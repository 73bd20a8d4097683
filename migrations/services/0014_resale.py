"""resale: what a reseller asks of its end-customers, and beside their price what the reseller pays us

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
"""

import sqlalchemy as sa
from alembic import op

from domains.kernel import columns

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "resale_book",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("owner_id", columns.Id(), nullable=False),
        sa.Column("holder_id", columns.Id(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("since", columns.Instant(), nullable=False),
        sa.Column("rounding", sa.Unicode(length=10), nullable=False),
        sa.Column("markup_percent", columns.Rate(), nullable=True),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resale_book")),
    )
    with op.batch_alter_table("resale_book", schema=None) as batch_op:
        batch_op.create_index("ix_resale_book_owner_id_holder_id", ["owner_id", "holder_id"], unique=False)
    op.add_column("order_line", sa.Column("payer_price", columns.Rate(), nullable=True))
    op.add_column("subscription", sa.Column("payer_rate", columns.Rate(), nullable=True))


def downgrade() -> None:
    op.drop_column("subscription", "payer_rate")
    op.drop_column("order_line", "payer_price")
    op.drop_table("resale_book")
