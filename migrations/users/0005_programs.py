"""programs and sign-on

What is told of a program's secrets, its public keys, and the version it is at. The provider through which a customer's
people sign in, its e-mail domains, and who they are there. The release before this one lets a login that came by a
provider work for other customers too: set up no provider while it still runs.

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
"""

import sqlalchemy as sa
from alembic import op

from domains.kernel import columns

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("api_client", schema=None) as batch_op:
        batch_op.add_column(sa.Column("credentials", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    with op.batch_alter_table("login", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sign_on_id", columns.Id(), nullable=True))
    make_sign_on()
    make_domains()
    make_identities()


def make_sign_on() -> None:
    op.create_table(
        "sign_on",
        sa.Column("customer_id", columns.Id(), nullable=False),
        sa.Column("reseller_id", columns.Id(), nullable=True),
        sa.Column("issuer", sa.Unicode(length=300), nullable=False),
        sa.Column("client_id", sa.Unicode(length=200), nullable=False),
        sa.Column("client_secret", sa.Unicode(length=2000), nullable=False),
        sa.Column("provider", sa.JSON(), nullable=False),
        sa.Column("role", sa.Unicode(length=20), nullable=False),
        sa.Column("joins", sa.Boolean(), nullable=False),
        sa.Column("forced", sa.Boolean(), nullable=False),
        sa.Column("trusted", sa.Boolean(), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.Column("checked_at", columns.Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_sign_on")),
    )


def make_domains() -> None:
    op.create_table(
        "sign_on_domain",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("customer_id", columns.Id(), nullable=False),
        sa.Column("reseller_id", columns.Id(), nullable=True),
        sa.Column("name", sa.Unicode(length=253), nullable=False),
        sa.Column("challenge", sa.Unicode(length=80), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.Column("verified_at", columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_on_domain")),
        sa.UniqueConstraint("customer_id", "name", name=op.f("uq_sign_on_domain_customer_id_name")),
    )
    proved = sa.text("verified_at IS NOT NULL")
    with op.batch_alter_table("sign_on_domain", schema=None) as batch_op:
        batch_op.create_index(
            "uq_sign_on_domain_verified", ["name"], unique=True, sqlite_where=proved, postgresql_where=proved,
            mssql_where=proved,
        )  # fmt: skip


def make_identities() -> None:
    op.create_table(
        "identity",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("customer_id", columns.Id(), nullable=False),
        sa.Column("reseller_id", columns.Id(), nullable=True),
        sa.Column("user_id", columns.Id(), nullable=False),
        sa.Column("key", sa.Unicode(length=64), nullable=False),
        sa.Column("issuer", sa.Unicode(length=300), nullable=False),
        sa.Column("subject", sa.Unicode(length=255), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.Column("last_used_at", columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity")),
        sa.UniqueConstraint("customer_id", "key", name=op.f("uq_identity_customer_id_key")),
    )
    with op.batch_alter_table("identity", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_identity_user_id"), ["user_id"], unique=False)


def downgrade() -> None:
    for table in ("identity", "sign_on_domain", "sign_on"):
        op.drop_table(table)
    with op.batch_alter_table("login", schema=None) as batch_op:
        batch_op.drop_column("sign_on_id")
    with op.batch_alter_table("api_client", schema=None) as batch_op:
        batch_op.drop_column("version", mssql_drop_default=True)
        batch_op.drop_column("credentials")
