"""docs/data-model.md tells what the models say: every table, every column, one sentence each."""

from __future__ import annotations

from migrations import data_model

from .reading import ROOT


def test_the_committed_page_is_the_models() -> None:
    committed = (ROOT / "docs" / "data-model.md").read_text(encoding="utf-8")

    assert committed == data_model.document(), "the models have changed: `make data-model`"


def test_every_table_is_described_in_a_sentence_and_drawn() -> None:
    page = data_model.document()

    for place in data_model.PLACES.values():
        for table in place.db.metadata.tables.values():
            said = page.split(f"| `{table.name}` | ", 1)[1].split(" | ", 1)[0]
            assert said.endswith("."), f"{place.db.name}.{table.name} does not say what a row is"
            drawn = {f"{data_model.name_of(column.type)} {column.name}" for column in table.columns}
            assert [one for one in drawn if one not in page] == []


def test_an_id_leads_to_the_table_that_it_names() -> None:
    own = data_model.own_tables(data_model.domains.services.models.db)
    tables = {table.name: table for table in own}
    line, subscription = tables["order_line"], tables["subscription"]

    assert data_model.target_of(line.c.order_id, own) is tables["order_"]
    assert data_model.target_of(line.c.parent_subscription_id, own) is subscription
    assert data_model.target_of(subscription.c.open_change_id, own) is tables["change_"]
    assert data_model.target_of(line.c.provider_offer_id, own) is None  # the provider's id, not one of ours
    assert data_model.target_of(line.c.customer_id, own) is None  # customers live in another database
