"""membership states

A membership has a state, and remembers what was typed to invite somebody. The release before this one grants a
membership whatever its state: invite nobody who is known already while it still runs.

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
"""

import sqlalchemy as sa
from alembic import op

from domains.kernel import columns

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.add_column(sa.Column("state", sa.Unicode(length=10), server_default="active", nullable=False))
        batch_op.add_column(sa.Column("invited_name", sa.Unicode(length=200), nullable=True))
        batch_op.add_column(sa.Column("invited_email", sa.Unicode(length=320), nullable=True))
        batch_op.add_column(sa.Column("created_at", columns.Instant(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.drop_column("created_at")
        batch_op.drop_column("invited_email")
        batch_op.drop_column("invited_name")
        batch_op.drop_column("state", mssql_drop_default=True)
