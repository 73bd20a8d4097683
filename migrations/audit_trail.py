"""The step that every database takes when seals, names and places move out of the audit entries.

It stands here once because the audit trail is the same in each. Like every step it is never changed again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from domains.kernel import columns

ADDED = ("form", "home_id", "on_behalf_id", "grant_id", "origin_digest")
SEAL = ("id", "entry_id", "seq", "previous", "hash")
SEALED = {name: sa.text("seq IS NOT NULL") for name in ("sqlite_where", "postgresql_where", "mssql_where")}
UNSEALED = {name: sa.text("seq IS NULL") for name in ("sqlite_where", "postgresql_where", "mssql_where")}


def upgrade() -> None:
    """Make the tables, move the seals there, and let what is not sealed yet wait. Entries keep their names (form 1)."""
    _make_tables()
    op.execute(
        "INSERT INTO audit_seal (entry_id, customer_id, seq, previous, hash) "
        "SELECT id, customer_id, seq, previous, hash FROM audit_entry WHERE seq IS NOT NULL"
    )
    op.execute("INSERT INTO audit_waiting (entry_id) SELECT id FROM audit_entry WHERE seq IS NULL")
    with op.batch_alter_table("audit_entry", schema=None) as table:
        table.drop_index("uq_audit_entry_customer_id_seq", **SEALED)
        table.drop_index("ix_audit_entry_unsealed", **UNSEALED)
    with op.batch_alter_table("audit_entry", schema=None) as table:
        for name in ("seq", "previous", "hash"):
            table.drop_column(name)
        table.alter_column("actor_name", existing_type=sa.Unicode(length=200), nullable=True)
        table.add_column(sa.Column("form", sa.Integer(), server_default="1", nullable=False))
        for name in ("home_id", "on_behalf_id", "grant_id"):
            table.add_column(sa.Column(name, columns.Id(), nullable=True))
        table.add_column(sa.Column("origin_digest", sa.Unicode(length=64), nullable=True))
        table.create_index("ix_audit_entry_customer_id", ["customer_id", "id"], unique=False)
        table.create_index("ix_audit_entry_actor_id", ["actor_id"], unique=False)


def _make_tables() -> None:
    op.create_table(
        "audit_origin",
        sa.Column("entry_id", columns.Id(), nullable=False),
        sa.Column("salt", sa.Unicode(length=64), nullable=False),
        sa.Column("actor_name", sa.Unicode(length=200), nullable=False),
        sa.Column("place", sa.Unicode(length=64), nullable=False),
        sa.Column("program", sa.Unicode(length=120), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_audit_origin")),
    )
    op.create_table(
        "audit_waiting",
        sa.Column("entry_id", columns.Id(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_audit_waiting")),
    )
    op.create_table(
        "audit_seal",
        sa.Column("entry_id", columns.Id(), nullable=False),
        sa.Column("customer_id", columns.Id(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("previous", sa.Unicode(length=64), nullable=False),
        sa.Column("hash", sa.Unicode(length=64), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_audit_seal")),
        sa.UniqueConstraint("customer_id", "seq", name=op.f("uq_audit_seal_customer_id_seq")),
    )


def downgrade() -> None:
    """Put the seals back. Entries written since keep no name, and their chains do not hold in the older form."""
    with op.batch_alter_table("audit_entry", schema=None) as table:
        table.drop_index("ix_audit_entry_actor_id")
        table.drop_index("ix_audit_entry_customer_id")
        table.add_column(sa.Column("seq", sa.Integer(), nullable=True))
        for name in ("previous", "hash"):
            table.add_column(sa.Column(name, sa.Unicode(length=64), nullable=True))
    entry, seal = (sa.table(name, *map(sa.column, SEAL)) for name in ("audit_entry", "audit_seal"))
    known = {name: sa.select(seal.c[name]).where(seal.c.entry_id == entry.c.id).scalar_subquery() for name in SEAL[2:]}
    op.execute(entry.update().values(known))
    op.execute("UPDATE audit_entry SET actor_name = '' WHERE actor_name IS NULL")
    with op.batch_alter_table("audit_entry", schema=None) as table:
        for name in ADDED:
            table.drop_column(name, **({"mssql_drop_default": True} if name == "form" else {}))
        table.alter_column("actor_name", existing_type=sa.Unicode(length=200), nullable=False)
        table.create_index("ix_audit_entry_unsealed", ["customer_id", "id"], unique=False, **UNSEALED)
        table.create_index("uq_audit_entry_customer_id_seq", ["customer_id", "seq"], unique=True, **SEALED)
    for name in ("audit_seal", "audit_waiting", "audit_origin"):
        op.drop_table(name)
