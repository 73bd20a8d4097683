"""interventions: what people do to runs, audited; deadlines; the shapes of definitions; trace state

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
"""

import sqlalchemy as sa
from alembic import op

from domains.kernel import columns

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("customer_id", columns.Id(), nullable=False),
        sa.Column("at", columns.Instant(), nullable=False),
        sa.Column("actor_kind", sa.Unicode(length=10), nullable=False),
        sa.Column("actor_id", sa.Unicode(length=64), nullable=False),
        sa.Column("actor_name", sa.Unicode(length=200), nullable=False),
        sa.Column("action", sa.Unicode(length=80), nullable=False),
        sa.Column("subject_kind", sa.Unicode(length=40), nullable=False),
        sa.Column("subject_id", columns.Id(), nullable=False),
        sa.Column("request_id", sa.Unicode(length=64), nullable=True),
        sa.Column("run_id", columns.Id(), nullable=True),
        sa.Column("digest", sa.Unicode(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("previous", sa.Unicode(length=64), nullable=True),
        sa.Column("hash", sa.Unicode(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(
            "ix_audit_entry_unsealed",
            ["customer_id", "id"],
            unique=False,
            sqlite_where=sa.text("seq IS NULL"),
            postgresql_where=sa.text("seq IS NULL"),
            mssql_where=sa.text("seq IS NULL"),
        )
        batch_op.create_index(
            "uq_audit_entry_customer_id_seq",
            ["customer_id", "seq"],
            unique=True,
            sqlite_where=sa.text("seq IS NOT NULL"),
            postgresql_where=sa.text("seq IS NOT NULL"),
            mssql_where=sa.text("seq IS NOT NULL"),
        )

    op.create_table(
        "audit_head",
        sa.Column("customer_id", columns.Id(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Unicode(length=64), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "audit_value",
        sa.Column("entry_id", columns.Id(), nullable=False),
        sa.Column("salt", sa.Unicode(length=64), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_audit_value")),
    )
    op.create_table(
        "definition",
        sa.Column("key", sa.Unicode(length=80), nullable=False),
        sa.Column("shape", sa.UnicodeText(), nullable=False),
        sa.Column("at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_definition")),
    )
    op.create_table(
        "intervention",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("run_id", columns.Id(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("op", sa.Unicode(length=20), nullable=False),
        sa.Column("actor", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Unicode(length=500), nullable=False),
        sa.Column("outputs", sa.JSON(), nullable=True),
        sa.Column("at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intervention")),
    )
    with op.batch_alter_table("intervention", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_intervention_run_id"), ["run_id"], unique=False)

    op.add_column("run", sa.Column("tracestate", sa.Unicode(length=512), nullable=True))
    op.add_column("run", sa.Column("deadline_at", columns.Instant(), nullable=True))
    op.add_column("run", sa.Column("proposed", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.drop_column("proposed")
        batch_op.drop_column("deadline_at")
        batch_op.drop_column("tracestate")

    with op.batch_alter_table("intervention", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_intervention_run_id"))

    op.drop_table("intervention")
    op.drop_table("definition")
    op.drop_table("audit_value")
    op.drop_table("audit_head")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_audit_entry_customer_id_seq",
            sqlite_where=sa.text("seq IS NOT NULL"),
            postgresql_where=sa.text("seq IS NOT NULL"),
            mssql_where=sa.text("seq IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_audit_entry_unsealed",
            sqlite_where=sa.text("seq IS NULL"),
            postgresql_where=sa.text("seq IS NULL"),
            mssql_where=sa.text("seq IS NULL"),
        )

    op.drop_table("audit_entry")
