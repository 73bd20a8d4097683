"""questions: what a provider wants to know with an order, as it was answered

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cart_line", sa.Column("answers", sa.JSON(), nullable=True))
    op.add_column("order_line", sa.Column("answers", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("order_line", "answers")
    op.drop_column("cart_line", "answers")
