"""Price books and agreements: kept by the operator, with their history, and not lost to somebody else's save."""

from __future__ import annotations

import pytest

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import Conflict, Invalid, NotFound, Refused
from domains.kernel.tenancy import Scope
from domains.services import commands, db, queries
from tests.conftest import Clock
from tests.factories.services import a_catalogue, an_offer, on

from .test_prices import OPERATOR, agree, book, eur, plus


def test_a_book_that_was_changed_meanwhile_is_not_overwritten(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        made = book(session, "Partners", plus(10), expected_version=0)
        book(session, "Partners", plus(11), expected_version=1)

        with pytest.raises(Conflict):
            book(session, "Partners", plus(12), expected_version=1)
        with pytest.raises(Refused):
            book(session, "Partners", plus(12), expected_version=0)
        versions = queries.book_versions(session, OPERATOR, made)

    assert [(one.version, one.rules) for one in versions] == [(2, (plus(11),)), (1, (plus(10),))]


def test_price_books_are_there_for_the_operator_alone(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        made = book(session, "Partners", plus(10))
        stranger = Scope.customer(new_id())

        assert queries.list_price_books(session, stranger).items == []
        for ask in (queries.get_price_book, queries.book_versions):
            with pytest.raises(NotFound):
                ask(session, stranger, made)
        with pytest.raises(NotFound):
            queries.preview_rules(session, stranger, rules=[plus(1)])


def test_an_agreement_is_made_once_ends_and_is_then_over(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        book(session, "Partners", plus(10))
        holder, known = new_id(), new_id()
        asked = {"agreement_id": known, "holder_id": holder, "reference": "FA-1", "price_book": "Partners"}
        one, again = (commands.agree_prices(session, valid_from=on("2026-01-01"), **asked) for _ in range(2))
        for wrong in ({"price_book": "None"}, {"reference": " "}, {"valid_to": on("2025-01-01")}):
            asking = asked | {"agreement_id": new_id(), "valid_from": on("2026-01-01")} | wrong
            with pytest.raises((Invalid, NotFound)):
                commands.agree_prices(session, **asking)
        with pytest.raises(Invalid):
            commands.end_agreement(session, agreement_id=known, valid_to=on("2026-03-09"))
        ended = commands.end_agreement(session, agreement_id=known, valid_to=on("2026-03-10"), expected_version=1)
        assert (one.id, again.id, ended.version) == (known, known, 2)
    clock.advance(days=1)
    with db.begin() as session, pytest.raises(Refused):
        commands.end_agreement(session, agreement_id=known, valid_to=None)


def test_an_agreement_is_seen_by_the_operator_and_whose_it_is(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        book(session, "Partners", plus(10))
        holder = new_id()
        made = agree(session, holder, "Partners")

        for scope, seen in ((OPERATOR, 1), (Scope.customer(holder), 1), (Scope.customer(new_id()), 0)):
            assert len(queries.list_agreements(session, scope).items) == seen
        with pytest.raises(NotFound):
            queries.get_agreement(session, Scope.customer(new_id()), made.id)


def test_a_preview_of_rules_counts_what_becomes_dearer_cheaper_and_sold_below_our_cost(
    databases: Settings, clock: Clock
) -> None:
    others = (an_offer("fab", vendor="Fabrikam", name="Backup"), an_offer("lit", vendor="Contoso", name="Mail"))
    with db.begin() as session:
        a_catalogue(session, an_offer(), *others)
        rules = [plus(25), plus(30, "vendor", "Fabrikam"), plus(-10, "vendor", "Contoso")]

        found = queries.preview_rules(session, OPERATOR, rules=rules, currency="EUR")

    assert (found.dearer, found.cheaper, found.same, found.without_price, found.below_cost) == (1, 1, 1, 0, 1)
    assert (found.samples[0].name, found.samples[0].after) == ("Mail", eur("22.68"))
