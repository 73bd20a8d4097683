"""sandboxes

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
"""

import sqlalchemy as sa
from alembic import op

from domains.kernel import columns

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("customer_ref", sa.Column("sandbox_of", columns.Id(), nullable=True))


def downgrade() -> None:
    op.drop_column("customer_ref", "sandbox_of")
