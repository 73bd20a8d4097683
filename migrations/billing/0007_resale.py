"""resale: beside what we invoice, what an end-customer pays its reseller

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
"""

import sqlalchemy as sa
from alembic import op

from domains.kernel import columns

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("charge", sa.Column("resale_price", columns.Rate(), nullable=True))
    op.add_column("charge", sa.Column("resale_minor", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("charge", "resale_minor")
    op.drop_column("charge", "resale_price")
