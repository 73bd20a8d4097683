"""prices: list prices, tiers, validity and rounding, books as they were, agreements, promotions, syncs with their changes

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
A column with a constant default rewrites no table, neither on PostgreSQL nor on Azure SQL.
"""

import sqlalchemy as sa
from alembic import op

from domains.kernel import columns

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NEW_COLUMNS = {
    "offer_plan": [("list_price", columns.Rate(), None)],
    "listing": [("list_price", columns.Rate(), None)],
    "order_line": [("priced_by", sa.JSON(), None)],
    "price_book": [("rounding", sa.Unicode(length=10), "minor")],
    "price_rule": [
        ("discount_percent", columns.Rate(), None), ("min_quantity", sa.Integer(), "1"), ("valid_from", sa.Date(), None),
        ("valid_to", sa.Date(), None), ("rounding", sa.Unicode(length=10), None),
    ],
}  # fmt: skip
TABLES = ("catalogue_change", "catalogue_sync", "past_price", "price_agreement", "price_book_version", "promotion")


def upgrade() -> None:
    for table, added in NEW_COLUMNS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name, kind, default in added:
                batch_op.add_column(sa.Column(name, kind, server_default=default, nullable=default is None))
    _prices()
    _catalogue()


def _prices() -> None:
    op.create_table(
        "price_book_version",
        sa.Column("price_book_id", columns.Id(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since", columns.Instant(), nullable=False),
        sa.Column("rounding", sa.Unicode(length=10), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("price_book_id", "version", name=op.f("pk_price_book_version")),
    )
    op.create_table(
        "price_agreement",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("holder_id", columns.Id(), nullable=False),
        sa.Column("reference", sa.Unicode(length=80), nullable=False),
        sa.Column("price_book", sa.Unicode(length=80), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_agreement")),
    )
    with op.batch_alter_table("price_agreement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_price_agreement_holder_id"), ["holder_id"], unique=False)
    op.create_table(
        "past_price",
        sa.Column("offer_id", columns.Id(), nullable=False),
        sa.Column("currency", sa.Unicode(length=3), nullable=False),
        sa.Column("term", sa.Unicode(length=10), nullable=False),
        sa.Column("billing_cycle", sa.Unicode(length=10), nullable=False),
        sa.Column("until", columns.Instant(), nullable=False),
        sa.Column("purchase_price", columns.Rate(), nullable=False),
        sa.Column("list_price", columns.Rate(), nullable=True),
        sa.PrimaryKeyConstraint("offer_id", "currency", "term", "billing_cycle", "until", name=op.f("pk_past_price")),
    )


def _catalogue() -> None:
    op.create_table(
        "promotion",
        sa.Column("provider", sa.Unicode(length=40), nullable=False),
        sa.Column("id", sa.Unicode(length=80), nullable=False),
        sa.Column("name", sa.Unicode(length=200), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("provider", "id", name=op.f("pk_promotion")),
    )
    op.create_table(
        "catalogue_sync",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("provider", sa.Unicode(length=40), nullable=False),
        sa.Column("kind", sa.Unicode(length=12), nullable=False),
        sa.Column("ended_at", columns.Instant(), nullable=False),
        sa.Column("offers", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("ended", sa.Integer(), nullable=False),
        sa.Column("mark", sa.Unicode(length=200), nullable=True),
        sa.Column("etag", sa.Unicode(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_sync")),
    )
    with op.batch_alter_table("catalogue_sync", schema=None) as batch_op:
        batch_op.create_index("ix_catalogue_sync_provider_id", ["provider", "id"], unique=False)
    op.create_table(
        "catalogue_change",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("sync_id", columns.Id(), nullable=False),
        sa.Column("offer_id", columns.Id(), nullable=False),
        sa.Column("name", sa.Unicode(length=200), nullable=False),
        sa.Column("kind", sa.Unicode(length=10), nullable=False),
        sa.Column("at", columns.Instant(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("prices", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_change")),
    )
    with op.batch_alter_table("catalogue_change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_catalogue_change_sync_id"), ["sync_id"], unique=False)
        batch_op.create_index("ix_catalogue_change_offer_id_id", ["offer_id", "id"], unique=False)


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    for table, added in NEW_COLUMNS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name, _kind, _default in added:
                batch_op.drop_column(name)
