"""approvals: why one is asked for, for which one a bulk plan waits, and what an account's limits leave

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
"""

import sqlalchemy as sa
from alembic import op

from domains.kernel import columns

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("approval", sa.Column("why", sa.Unicode(length=60), nullable=True))
    op.add_column("bulk_plan", sa.Column("approval_id", columns.Id(), nullable=True))
    op.add_column("account_ref", sa.Column("asks", sa.Boolean(), nullable=True))
    op.add_column("account_ref", sa.Column("budget_left", sa.BigInteger(), nullable=True))
    op.add_column("account_ref", sa.Column("commitment_left", sa.BigInteger(), nullable=True))
    op.add_column("account_ref", sa.Column("stands_version", sa.Integer(), nullable=True))


def downgrade() -> None:
    for name in ("stands_version", "commitment_left", "budget_left", "asks"):
        op.drop_column("account_ref", name)
    op.drop_column("bulk_plan", "approval_id")
    op.drop_column("approval", "why")
