"""drift: what customers did directly at the provider, and how each account is compared with it; bulk plans

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
"""

import sqlalchemy as sa
from alembic import op

from domains.kernel import columns

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "drift",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("customer_id", columns.Id(), nullable=False),
        sa.Column("reseller_id", columns.Id(), nullable=True),
        sa.Column("account_id", columns.Id(), nullable=False),
        sa.Column("account_name", sa.Unicode(length=200), nullable=False),
        sa.Column("subscription_id", columns.Id(), nullable=False),
        sa.Column("number", sa.Unicode(length=20), nullable=True),
        sa.Column("name", sa.Unicode(length=200), nullable=False),
        sa.Column("provider", sa.Unicode(length=40), nullable=False),
        sa.Column("provider_subscription_id", sa.Unicode(length=80), nullable=False),
        sa.Column("kind", sa.Unicode(length=12), nullable=False),
        sa.Column("differences", sa.JSON(), nullable=False),
        sa.Column("seen", sa.JSON(), nullable=True),
        sa.Column("digest", sa.Unicode(length=64), nullable=False),
        sa.Column("state", sa.Unicode(length=12), nullable=False),
        sa.Column("found_at", columns.Instant(), nullable=False),
        sa.Column("seen_at", columns.Instant(), nullable=False),
        sa.Column("ended_at", columns.Instant(), nullable=True),
        sa.Column("decision", sa.Unicode(length=12), nullable=True),
        sa.Column("reason", sa.Unicode(length=500), nullable=True),
        sa.Column("settlement_id", columns.Id(), nullable=True),
        sa.Column("run_id", columns.Id(), nullable=True),
        sa.Column("settled_by_id", columns.Id(), nullable=True),
        sa.Column("settled_by", sa.Unicode(length=200), nullable=True),
        sa.Column("case_id", columns.Id(), nullable=True),
        sa.Column("error_code", sa.Unicode(length=80), nullable=True),
        sa.Column("error_detail", sa.Unicode(length=1000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drift")),
    )
    with op.batch_alter_table("drift", schema=None) as batch_op:
        batch_op.create_index("ix_drift_customer_id_id", ["customer_id", "id"], unique=False)
        batch_op.create_index("ix_drift_reseller_id_id", ["reseller_id", "id"], unique=False)
        batch_op.create_index("ix_drift_account_id_state", ["account_id", "state"], unique=False)
        batch_op.create_index(batch_op.f("ix_drift_subscription_id"), ["subscription_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_drift_provider_subscription_id"), ["provider_subscription_id"], unique=False
        )
    op.create_table(
        "reconciliation",
        sa.Column("account_id", columns.Id(), nullable=False),
        sa.Column("customer_id", columns.Id(), nullable=False),
        sa.Column("reseller_id", columns.Id(), nullable=True),
        sa.Column("rule", sa.Unicode(length=12), nullable=False),
        sa.Column("at", columns.Instant(), nullable=True),
        sa.Column("compared", sa.Integer(), nullable=False),
        sa.Column("standing", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_reconciliation")),
    )
    with op.batch_alter_table("reconciliation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reconciliation_customer_id"), ["customer_id"], unique=False)
    op.create_table(
        "bulk_plan",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("number", sa.Unicode(length=20), nullable=False),
        sa.Column("customer_id", columns.Id(), nullable=False),
        sa.Column("reseller_id", columns.Id(), nullable=True),
        sa.Column("state", sa.Unicode(length=12), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("invalid", sa.Integer(), nullable=False),
        sa.Column("totals", sa.JSON(), nullable=False),
        sa.Column("signature", sa.Unicode(length=64), nullable=False),
        sa.Column("expires_at", columns.Instant(), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.Column("made_by_id", columns.Id(), nullable=True),
        sa.Column("made_by", sa.Unicode(length=200), nullable=False),
        sa.Column("application_id", columns.Id(), nullable=True),
        sa.Column("run_id", columns.Id(), nullable=True),
        sa.Column("applied_by_id", columns.Id(), nullable=True),
        sa.Column("applied_by", sa.Unicode(length=200), nullable=True),
        sa.Column("applied_at", columns.Instant(), nullable=True),
        sa.Column("ended_at", columns.Instant(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_plan")),
        sa.UniqueConstraint("number", name=op.f("uq_bulk_plan_number")),
    )
    with op.batch_alter_table("bulk_plan", schema=None) as batch_op:
        batch_op.create_index("ix_bulk_plan_customer_id_id", ["customer_id", "id"], unique=False)
        batch_op.create_index("ix_bulk_plan_state", ["state"], unique=False)
    op.create_table(
        "bulk_row",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("plan_id", columns.Id(), nullable=False),
        sa.Column("customer_id", columns.Id(), nullable=False),
        sa.Column("reseller_id", columns.Id(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("subscription", sa.Unicode(length=80), nullable=False),
        sa.Column("action", sa.Unicode(length=40), nullable=False),
        sa.Column("value", sa.Unicode(length=80), nullable=False),
        sa.Column("subscription_id", columns.Id(), nullable=True),
        sa.Column("number", sa.Unicode(length=20), nullable=True),
        sa.Column("name", sa.Unicode(length=200), nullable=True),
        sa.Column("account_name", sa.Unicode(length=200), nullable=True),
        sa.Column("before", sa.Unicode(length=80), nullable=True),
        sa.Column("terms", sa.JSON(), nullable=True),
        sa.Column("currency", sa.Unicode(length=3), nullable=True),
        sa.Column("charge_minor", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Unicode(length=12), nullable=False),
        sa.Column("error_code", sa.Unicode(length=80), nullable=True),
        sa.Column("error_detail", sa.Unicode(length=1000), nullable=True),
        sa.Column("run_id", columns.Id(), nullable=True),
        sa.Column("ended_at", columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_row")),
    )
    with op.batch_alter_table("bulk_row", schema=None) as batch_op:
        batch_op.create_index("ix_bulk_row_plan_id_position", ["plan_id", "position"], unique=False)
        batch_op.create_index(batch_op.f("ix_bulk_row_customer_id"), ["customer_id"], unique=False)


def downgrade() -> None:
    op.drop_table("bulk_row")
    op.drop_table("bulk_plan")
    op.drop_table("reconciliation")
    op.drop_table("drift")
