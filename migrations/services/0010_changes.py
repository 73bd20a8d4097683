"""changes: what is planned for a subscription's next term, and what a change is about beyond its columns

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None
INDEX = "ix_subscription_parent_subscription_id"


def upgrade() -> None:
    with op.batch_alter_table("subscription", schema=None) as batch_op:
        batch_op.add_column(sa.Column("next_term", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("earlier_plans", sa.JSON(none_as_null=True), nullable=True))
    with op.batch_alter_table("change_", schema=None) as batch_op:
        batch_op.add_column(sa.Column("wish", sa.JSON(none_as_null=True), nullable=True))
    with op.get_context().autocommit_block():
        op.create_index(INDEX, "subscription", ["parent_subscription_id"], postgresql_concurrently=True)


def downgrade() -> None:
    op.drop_index(INDEX, "subscription")
    with op.batch_alter_table("change_", schema=None) as batch_op:
        batch_op.drop_column("wish")
    with op.batch_alter_table("subscription", schema=None) as batch_op:
        batch_op.drop_column("earlier_plans")
        batch_op.drop_column("next_term")
