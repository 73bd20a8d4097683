"""budgets

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
"""

import sqlalchemy as sa
from alembic import op

from domains.kernel.columns import Count, Day, Flag, Id, Instant, Json, Minor, Text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account", sa.Column("commitment_minor", Minor, nullable=True))
    op.add_column("account", sa.Column("beyond", Text(10), nullable=True))
    op.add_column("account", sa.Column("alerts", Json, nullable=True))
    op.add_column("reservation", sa.Column("run_id", Id, nullable=True))
    op.add_column("reservation", sa.Column("counted", Flag, nullable=True))
    op.create_index(op.f("ix_reservation_run_id"), "reservation", ["run_id"])
    op.create_table(
        "commitment",
        sa.Column("subscription_id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("customer_id", Id, nullable=False),
        sa.Column("reseller_id", Id, nullable=True),
        sa.Column("name", Text(200), nullable=False),
        sa.Column("currency", Text(3), nullable=False),
        sa.Column("cycle_minor", Minor, nullable=False),
        sa.Column("billing_cycle", Text(10), nullable=False),
        sa.Column("valid_from", Day, nullable=False),
        sa.Column("valid_to", Day, nullable=False),
        sa.Column("auto_renew", Flag, nullable=False),
        sa.Column("state", Text(24), nullable=False),
        sa.Column("version", Count, nullable=False),
        sa.PrimaryKeyConstraint("subscription_id", name=op.f("pk_commitment")),
    )
    op.create_index(op.f("ix_commitment_account_id"), "commitment", ["account_id"])
    op.create_index(op.f("ix_commitment_customer_id"), "commitment", ["customer_id"])
    op.create_table(
        "budget_alert",
        sa.Column("id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("customer_id", Id, nullable=False),
        sa.Column("reseller_id", Id, nullable=True),
        sa.Column("month", Day, nullable=False),
        sa.Column("percent", Count, nullable=False),
        sa.Column("told_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget_alert")),
        sa.UniqueConstraint("account_id", "month", "percent", name=op.f("uq_budget_alert_account_id_month_percent")),
    )


def downgrade() -> None:
    op.drop_table("budget_alert")
    op.drop_table("commitment")
    op.drop_index(op.f("ix_reservation_run_id"), table_name="reservation")
    op.drop_column("reservation", "counted")
    op.drop_column("reservation", "run_id")
    op.drop_column("account", "alerts")
    op.drop_column("account", "beyond")
    op.drop_column("account", "commitment_minor")
