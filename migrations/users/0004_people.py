"""second factors

Logins have a state, and know when and by what a person proved who they are; authenticator apps, passkeys, recovery
codes and what is good once get tables. The release before this one lets a password alone in: a login that waits for a
second factor is none to this one, and a full one to that.

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

NEW = ("one_time", "recovery_code", "passkey", "totp")


def upgrade() -> None:
    with op.batch_alter_table("login", schema=None) as batch_op:
        batch_op.add_column(sa.Column("state", sa.Unicode(length=16), server_default="active", nullable=False))
        batch_op.add_column(sa.Column("proved_at", columns.Instant(), nullable=True))
        batch_op.add_column(sa.Column("amr", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("failures", sa.Integer(), server_default="0", nullable=False))
    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("second_factor", sa.Unicode(length=10), server_default="optional", nullable=False)
        )
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.add_column(sa.Column("expires_at", columns.Instant(), nullable=True))
        batch_op.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    add_factors()
    add_what_is_good_once()


def add_factors() -> None:
    op.create_table(
        "totp",
        sa.Column("user_id", columns.Id(), nullable=False),
        sa.Column("seed", sa.Unicode(length=500), nullable=False),
        sa.Column("last_step", columns.Serial, nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.Column("confirmed_at", columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_totp")),
    )
    op.create_table(
        "passkey",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("user_id", columns.Id(), nullable=False),
        sa.Column("credential_hash", sa.Unicode(length=64), nullable=False),
        sa.Column("credential_id", sa.UnicodeText(), nullable=False),
        sa.Column("public_key", sa.UnicodeText(), nullable=False),
        sa.Column("sign_count", columns.Serial, nullable=False),
        sa.Column("transports", sa.JSON(), nullable=False),
        sa.Column("backed_up", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Unicode(length=80), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.Column("last_used_at", columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_hash", name=op.f("uq_passkey_credential_hash")),
    )
    with op.batch_alter_table("passkey", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_passkey_user_id"), ["user_id"], unique=False)


def add_what_is_good_once() -> None:
    op.create_table(
        "recovery_code",
        sa.Column("code_hash", sa.Unicode(length=64), nullable=False),
        sa.Column("user_id", columns.Id(), nullable=False),
        sa.Column("used_at", columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_recovery_code")),
    )
    op.create_table(
        "one_time",
        sa.Column("key", sa.Unicode(length=64), nullable=False),
        sa.Column("purpose", sa.Unicode(length=20), nullable=False),
        sa.Column("user_id", columns.Id(), nullable=True),
        sa.Column("expires_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_one_time")),
    )
    for table in ("recovery_code", "one_time"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.create_index(batch_op.f(f"ix_{table}_user_id"), ["user_id"], unique=False)


def downgrade() -> None:
    for table in NEW:
        op.drop_table(table)
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.drop_column("version", mssql_drop_default=True)
        batch_op.drop_column("expires_at")
    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.drop_column("second_factor", mssql_drop_default=True)
    with op.batch_alter_table("login", schema=None) as batch_op:
        for name in ("failures", "state"):
            batch_op.drop_column(name, mssql_drop_default=True)
        for name in ("amr", "proved_at"):
            batch_op.drop_column(name)
