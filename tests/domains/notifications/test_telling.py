"""What people are told: whole sentences in their language, with the facts that the flows give, once."""

from __future__ import annotations

from dataclasses import replace
from string import Formatter
from typing import Any

import pytest

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import Invalid
from domains.kernel.messages import acting
from domains.kernel.tenancy import Origin, Scope
from domains.notifications import db, queries
from domains.notifications.channels.texts import LANGUAGES, texts
from domains.notifications.commands import RejectedLine
from tests.conftest import Clock
from tests.factories.notifications import BEA, deliveries, delivery, tell

ORDER = {
    "account": "Head office", "charge_now": {"amount": "445.16", "currency": "EUR"}, "order_id": str(new_id()),
    "lines": [
        {"id": str(new_id()), "name": "Analytics Pro", "quantity": 20},
        {"id": str(new_id()), "name": "Mail", "quantity": 1},
    ],
}  # fmt: skip


def places(text: dict[str, str]) -> set[str | None]:
    return {place for part in text.values() for _, place, _, _ in Formatter().parse(part) if place is not None}


@pytest.mark.parametrize("template", sorted(texts()))
def test_every_text_is_there_in_every_language_with_the_same_facts(template: str) -> None:
    text = texts()[template]
    assert set(text) == set(LANGUAGES)
    assert len({frozenset(places(one)) for one in text.values()}) == 1
    for one in text.values():
        assert set(one) == {"subject", "body"}
        assert "\n" not in one["subject"] and one["subject"] == one["subject"].strip()


def test_an_order_is_told_with_its_lines_and_its_price(databases: Settings, clock: Clock) -> None:
    customer, reseller = new_id(), new_id()
    told = delivery(tell(template="order_completed", facts=ORDER, customer_id=customer, reseller_id=reseller))

    assert (told.subject, told.recipient) == ("Your order for Head office is done", "bea@northwind.example")
    assert "Hello Bea Buyer," in told.body
    assert "  20 × Analytics Pro\n  1 × Mail\n" in told.body
    assert "Charged now, net: EUR 445.16" in told.body
    assert (told.state, told.attempts, told.next_at, told.created_at) == ("queued", 0, clock.now, clock.now)
    assert (told.customer_id, told.reseller_id, told.sent_at) == (customer, reseller, None)


def test_of_a_partial_delivery_only_what_is_missing_is_named(databases: Settings) -> None:
    missing = ORDER["lines"][1]["id"]  # type: ignore[index]
    rejected = (RejectedLine(missing, "capacity_exceeded", "No capacity left."),)
    told = delivery(tell(template="order_completed", facts=ORDER, rejected=rejected))

    assert (told.template, told.subject) == ("order_partially_completed", "Your order for Head office is done in part")
    assert "  1 × Mail" in told.body
    assert "Analytics Pro" not in told.body


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("en", "The account Head office is open"),
        ("de", "Das Konto Head office ist eröffnet"),
        ("ja", "アカウント Head office を開設しました"),
        ("fr", "The account Head office is open"),
        ("", "The account Head office is open"),
    ],
)
def test_people_read_it_in_their_language_or_in_english(databases: Settings, language: str, subject: str) -> None:
    assert delivery(tell(recipient=replace(BEA, language=language))).subject == subject


def test_the_same_delivery_is_queued_once(databases: Settings) -> None:
    told = tell()
    tell(delivery_id=told, recipient=replace(BEA, language="de", email="other@northwind.example"))

    assert [(one.id, one.recipient) for one in deliveries()] == [(told, "bea@northwind.example")]


def test_who_has_no_address_is_told_nothing(databases: Settings) -> None:
    tell(recipient=replace(BEA, email=""))

    assert deliveries() == []


@pytest.mark.parametrize(
    ("but", "code", "named"),
    [
        ({"facts": {"account": "Head office"}}, "fact_missing", "customer"),
        ({"facts": {}}, "fact_missing", "account"),
        ({"template": "no_such"}, "template_unknown", "no_such"),
    ],
)
def test_what_cannot_be_written_says_what_is_missing(
    databases: Settings, but: dict[str, Any], code: str, named: str
) -> None:
    with pytest.raises(Invalid, match=f"“{named}”") as no:
        tell(**but)

    assert (no.value.code, deliveries()) == (code, [])


@pytest.mark.asvs("1.3.11")
@pytest.mark.parametrize(
    "trick", ["\nBcc: eve@evil.example", "\r\n\r\nBuy now", "\r Bcc: x", "\u2028Bcc: x", "\x0bX: y"]
)
def test_a_name_cannot_add_a_header_line(databases: Settings, trick: str) -> None:
    told = delivery(
        tell(facts={"account": f"Head{trick}", "customer": "N"}, recipient=replace(BEA, name=f"Bea{trick}"))
    )

    assert told.subject.split() == f"The account Head{trick} is open".split()
    assert len(told.subject.splitlines()) == 1


@pytest.mark.asvs("1.3.11")
def test_an_address_cannot_add_a_header_line(databases: Settings) -> None:
    told = delivery(tell(recipient=replace(BEA, email="bea@northwind.example\r\nBcc: eve@evil.example")))

    assert len(told.recipient.splitlines()) == 1


@pytest.mark.asvs("1.3.7")
def test_braces_in_a_fact_are_just_braces(databases: Settings) -> None:
    told = delivery(tell(facts={"account": "{customer} {0.__class__} %(x)s", "customer": "Northwind"}))

    assert told.subject == "The account {customer} {0.__class__} %(x)s is open"


def test_a_long_subject_is_cut(databases: Settings) -> None:
    assert len(delivery(tell(facts={"account": "x" * 400, "customer": "N"})).subject) == 300


def test_deliveries_are_listed_to_whom_they_belong(databases: Settings) -> None:
    reseller, customer = new_id(), new_id()
    mine, other = tell(customer_id=customer, reseller_id=reseller), tell(reseller_id=reseller)
    foreign = tell()
    scopes = (Scope.customer(customer), Scope.reseller(reseller), Scope.operator(), Scope.customer(reseller))
    with db.begin_read() as session:
        seen = [[one.id for one in queries.list_deliveries(session, scope).items] for scope in scopes]
        page = queries.list_deliveries(session, Scope.operator(), limit=2)
        rest = queries.list_deliveries(session, Scope.operator(), limit=2, cursor=page.next_cursor)
        only = queries.list_deliveries(session, Scope.operator(), customer_id=customer)

    assert seen == [[mine], [other, mine], [foreign, other, mine], []]
    assert [one.id for one in page.items + rest.items] == [foreign, other, mine]
    assert [one.id for one in only.items] == [mine]


def test_what_comes_of_a_sandbox_says_so_before_anything_else(databases: Settings) -> None:
    with acting(origin=Origin(ahead=0)):
        tried = tell()

    assert delivery(tried).subject == f"[Sandbox] {delivery(tell()).subject}"
