"""console: indexes for what operators list, and the answers that were given to what they and customers did to runs

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
"""

import sqlalchemy as sa
from alembic import op

from domains.kernel import columns

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OPEN, ENDED = sa.text("ended_at IS NULL"), sa.text("ended_at IS NOT NULL")
INDEXES = (
    ("ix_run_open", ["status", "id"], OPEN),
    ("ix_run_ended", ["ended_at", "status"], ENDED),
    ("ix_run_definition_id", ["definition", "id"], None),
)


def upgrade() -> None:
    op.create_table(
        "idempotency",
        sa.Column("key", sa.Unicode(length=64), nullable=False),
        sa.Column("request_digest", sa.Unicode(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=True),
        sa.Column("headers", sa.JSON(), nullable=True),
        sa.Column("at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_idempotency")),
    )
    with op.get_context().autocommit_block():  # PostgreSQL builds an index beside its writers in no transaction only
        for name, fields, where in INDEXES:
            op.create_index(
                name, "run", fields, postgresql_concurrently=True, postgresql_where=where, sqlite_where=where,
                mssql_where=where,
            )  # fmt: skip


def downgrade() -> None:
    for name, _fields, _where in reversed(INDEXES):
        op.drop_index(name, "run")
    op.drop_table("idempotency")
