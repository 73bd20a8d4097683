"""who has put a file to a case, by id

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("attachment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("author_id", sa.Unicode(length=64), nullable=True))
        batch_op.create_index(batch_op.f("ix_attachment_author_id"), ["author_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("attachment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_attachment_author_id"))
        batch_op.drop_column("author_id")
