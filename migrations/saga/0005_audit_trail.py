"""audit trail

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
An older release goes on writing entries; its sealer rests until it is replaced, and what it left waits for the new one.
"""

import sqlalchemy as sa
from alembic import op

from domains.kernel import columns
from migrations import audit_trail

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    audit_trail.upgrade()
    op.add_column("run", sa.Column("origin", sa.JSON(), nullable=True))
    op.create_table(
        "outbox",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_id", columns.Id(), nullable=False),
        sa.Column("type", sa.Unicode(length=80), nullable=False),
        sa.Column("aggregate_id", columns.Id(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("traceparent", sa.Unicode(length=55), nullable=True),
        sa.Column("at", columns.Instant(), nullable=False),
        sa.Column("published_at", columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_outbox")),
        sa.UniqueConstraint("event_id", name=op.f("uq_outbox_event_id")),
    )
    waiting = sa.text("published_at IS NULL")
    op.create_index(
        "ix_outbox_waiting", "outbox", ["position"], unique=False,
        sqlite_where=waiting, postgresql_where=waiting, mssql_where=waiting,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("outbox")
    with op.batch_alter_table("run", schema=None) as table:
        table.drop_column("origin")
    audit_trail.downgrade()
