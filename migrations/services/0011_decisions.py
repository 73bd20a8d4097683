"""decisions about the ends of terms, and the history of subscriptions

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
The decisions of what runs already are opened by a worker of services, a few at once (`open_missing`).
"""

import sqlalchemy as sa
from alembic import op

from domains.kernel import columns

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decision",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("subscription_id", columns.Id(), nullable=False),
        sa.Column("account_id", columns.Id(), nullable=False),
        sa.Column("customer_id", columns.Id(), nullable=False),
        sa.Column("reseller_id", columns.Id(), nullable=True),
        sa.Column("term_first", sa.Date(), nullable=False),
        sa.Column("term_end", sa.Date(), nullable=False),
        sa.Column("deadline", columns.Instant(timezone=True), nullable=False),
        sa.Column("mode", sa.Unicode(length=12), nullable=True),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Unicode(length=500), nullable=True),
        sa.Column("owner_id", columns.Id(), nullable=True),
        sa.Column("owner", sa.Unicode(length=200), nullable=True),
        sa.Column("decided_by_id", columns.Id(), nullable=True),
        sa.Column("decided_by", sa.Unicode(length=200), nullable=True),
        sa.Column("decided_at", columns.Instant(timezone=True), nullable=True),
        sa.Column("reminded", sa.Integer(), nullable=True),
        sa.Column("next_reminder_at", columns.Instant(timezone=True), nullable=True),
        sa.Column("outcome", sa.Unicode(length=12), nullable=True),
        sa.Column("settled_at", columns.Instant(timezone=True), nullable=True),
        sa.Column("finished_at", columns.Instant(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    for name, on in (
        ("ix_decision_subscription_id", ["subscription_id"]), ("ix_decision_owner_id", ["owner_id"]),
        ("ix_decision_customer_id_deadline", ["customer_id", "deadline"]),
        ("ix_decision_reseller_id_deadline", ["reseller_id", "deadline"]),
        ("ix_decision_next_reminder_at", ["next_reminder_at"]),
        ("ix_decision_settled_at_term_end", ["settled_at", "term_end"]),
    ):  # fmt: skip
        op.create_index(name, "decision", on)
    op.create_table(
        "history_line",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("subscription_id", columns.Id(), nullable=False),
        sa.Column("customer_id", columns.Id(), nullable=False),
        sa.Column("reseller_id", columns.Id(), nullable=True),
        sa.Column("at", columns.Instant(timezone=True), nullable=False),
        sa.Column("kind", sa.Unicode(length=20), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("by_id", columns.Id(), nullable=True),
        sa.Column("by", sa.Unicode(length=200), nullable=False),
        sa.Column("run_id", columns.Id(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history_line")),
    )
    op.create_index("ix_history_line_subscription_id", "history_line", ["subscription_id", "id"])
    op.create_index("ix_history_line_customer_id", "history_line", ["customer_id"])
    op.create_index("ix_history_line_reseller_id", "history_line", ["reseller_id"])


def downgrade() -> None:
    op.drop_table("history_line")
    op.drop_table("decision")
