"""ordering: approvals, carts, quotes, and what a customer has decided about its own orders

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
"""

import sqlalchemy as sa
from alembic import op

from domains.kernel import columns

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "approval",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("customer_id", columns.Id(), nullable=False),
        sa.Column("reseller_id", columns.Id(), nullable=True),
        sa.Column("account_id", columns.Id(), nullable=False),
        sa.Column("account_name", sa.Unicode(length=200), nullable=False),
        sa.Column("subject_kind", sa.Unicode(length=10), nullable=False),
        sa.Column("subject_id", columns.Id(), nullable=False),
        sa.Column("run_id", columns.Id(), nullable=True),
        sa.Column("label", sa.Unicode(length=300), nullable=False),
        sa.Column("state", sa.Unicode(length=12), nullable=False),
        sa.Column("currency", sa.Unicode(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("role", sa.Unicode(length=20), nullable=False),
        sa.Column("requested_by", sa.Unicode(length=200), nullable=False),
        sa.Column("requested_by_id", columns.Id(), nullable=True),
        sa.Column("requested_by_client", sa.Unicode(length=64), nullable=True),
        sa.Column("requested_at", columns.Instant(), nullable=False),
        sa.Column("expires_at", columns.Instant(), nullable=False),
        sa.Column("delegated_to", sa.Unicode(length=320), nullable=True),
        sa.Column("delegated_by", sa.Unicode(length=200), nullable=True),
        sa.Column("decided_by", sa.Unicode(length=200), nullable=True),
        sa.Column("decided_by_id", columns.Id(), nullable=True),
        sa.Column("decided_at", columns.Instant(), nullable=True),
        sa.Column("reason", sa.Unicode(length=500), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
    )
    op.create_index("ix_approval_customer_id_id", "approval", ["customer_id", "id"])
    op.create_index("ix_approval_reseller_id_id", "approval", ["reseller_id", "id"])
    op.create_index(op.f("ix_approval_account_id"), "approval", ["account_id"])
    op.create_index(op.f("ix_approval_subject_id"), "approval", ["subject_id"])
    op.create_table(
        "ordering_rule",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("customer_id", columns.Id(), nullable=False),
        sa.Column("reseller_id", columns.Id(), nullable=True),
        sa.Column("currency", sa.Unicode(length=3), nullable=True),
        sa.Column("preview_above_minor", sa.BigInteger(), nullable=True),
        sa.Column("approval_days", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ordering_rule")),
        sa.UniqueConstraint("customer_id", name=op.f("uq_ordering_rule_customer_id")),
    )
    op.create_table(
        "cart",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("customer_id", columns.Id(), nullable=False),
        sa.Column("reseller_id", columns.Id(), nullable=True),
        sa.Column("account_id", columns.Id(), nullable=False),
        sa.Column("po_reference", sa.Unicode(length=80), nullable=True),
        sa.Column("cost_centre", sa.Unicode(length=80), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("preview_id", columns.Id(), nullable=True),
        sa.Column("updated_at", columns.Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cart")),
        sa.UniqueConstraint("account_id", name=op.f("uq_cart_account_id")),
    )
    op.create_index(op.f("ix_cart_customer_id"), "cart", ["customer_id"])
    op.create_index(op.f("ix_cart_reseller_id"), "cart", ["reseller_id"])
    op.create_table(
        "cart_line",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("cart_id", columns.Id(), nullable=False),
        sa.Column("customer_id", columns.Id(), nullable=False),
        sa.Column("reseller_id", columns.Id(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("offer_id", columns.Id(), nullable=False),
        sa.Column("name", sa.Unicode(length=200), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("term", sa.Unicode(length=10), nullable=True),
        sa.Column("billing_cycle", sa.Unicode(length=10), nullable=True),
        sa.Column("base_line_id", columns.Id(), nullable=True),
        sa.Column("parent_subscription_id", columns.Id(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cart_line")),
    )
    op.create_index(op.f("ix_cart_line_cart_id"), "cart_line", ["cart_id"])
    op.create_table(
        "quote",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("number", sa.Unicode(length=20), nullable=False),
        sa.Column("customer_id", columns.Id(), nullable=False),
        sa.Column("reseller_id", columns.Id(), nullable=True),
        sa.Column("account_id", columns.Id(), nullable=False),
        sa.Column("account_name", sa.Unicode(length=200), nullable=False),
        sa.Column("state", sa.Unicode(length=10), nullable=False),
        sa.Column("preview_id", columns.Id(), nullable=False),
        sa.Column("currency", sa.Unicode(length=3), nullable=False),
        sa.Column("commitment", sa.BigInteger(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("note", sa.Unicode(length=1000), nullable=True),
        sa.Column("made_by", sa.Unicode(length=200), nullable=False),
        sa.Column("made_by_id", columns.Id(), nullable=True),
        sa.Column("made_at", columns.Instant(), nullable=False),
        sa.Column("valid_until", columns.Instant(), nullable=False),
        sa.Column("sent_at", columns.Instant(), nullable=True),
        sa.Column("decided_by", sa.Unicode(length=200), nullable=True),
        sa.Column("decided_by_id", columns.Id(), nullable=True),
        sa.Column("decided_at", columns.Instant(), nullable=True),
        sa.Column("reason", sa.Unicode(length=500), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote")),
        sa.UniqueConstraint("number", name=op.f("uq_quote_number")),
    )
    op.create_index("ix_quote_customer_id_id", "quote", ["customer_id", "id"])
    op.create_index("ix_quote_reseller_id_id", "quote", ["reseller_id", "id"])
    op.create_index(op.f("ix_quote_account_id"), "quote", ["account_id"])


def downgrade() -> None:
    op.drop_table("quote")
    op.drop_table("cart_line")
    op.drop_table("cart")
    op.drop_table("ordering_rule")
    op.drop_table("approval")
