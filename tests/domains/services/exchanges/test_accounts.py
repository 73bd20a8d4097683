"""An account gets its tenant and user at the real sandbox, however often it is asked for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domains.kernel.database import new_id
from domains.kernel.errors import NotNow, Refused
from domains.services import commands, db, exchanges, queries
from domains.services.commands import Person
from domains.services.models import AccountRef
from domains.services.reactions import account_changed, customer_changed
from tests.factories.services import EVERYBODY, ask
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.slow


def a_registered(**but: Any) -> UUID:
    account_id = new_id()
    facts: dict[str, Any] = {
        "account_id": account_id, "customer_id": new_id(), "reseller_id": None, "name": "Head office",
        "currency": "EUR", "country": "NL", "region": "eu", "time_zone": "UTC", "price_book": "Standard 2026",
    } | but  # fmt: skip
    with db.begin() as session:
        commands.register_account(session, **facts)
    return account_id


def link(account_id: UUID, **how: Any) -> Any:
    contact = Person(new_id(), "Olga Owner", "owner@northwind.example")
    return ask(exchanges.link_ccp_user, account_id=account_id, name="Head office", country="NL", region="eu",
               contact=contact, **how)  # fmt: skip


def test_the_provider_knows_the_account_by_our_id(sandbox: Sandbox) -> None:
    account_id = a_registered()

    linked = link(account_id)

    assert (linked.ccp_customer.reference, linked.ccp_customer.country) == (str(account_id), "NL")
    assert (linked.ccp_user.display_name, linked.ccp_user.status) == ("Olga Owner", "active")
    assert linked.ccp_user.principal_name.startswith("olgaowner@")
    with db.begin_read() as session:
        known = session.get_one(AccountRef, account_id)
        assert (known.ccp_customer_id, known.ccp_user_id) == (linked.ccp_customer.id, linked.ccp_user.id)


@pytest.mark.parametrize("operation", ["ensure_customer", "ensure_user"])
def test_after_silence_asking_again_finds_the_same(sandbox: Sandbox, operation: str) -> None:
    account_id = a_registered()
    sandbox.fault(operation, "timeout_after_applying", seconds=5, count=1)

    with pytest.raises(NotNow):
        link(account_id)
    first, again = link(account_id, asked_before=True), link(account_id, asked_before=True)

    assert first.ccp_customer == again.ccp_customer
    assert len(sandbox.get(f"customers/{account_id}/users")["items"]) <= 3


def test_an_account_orders_only_when_it_is_active(sandbox: Sandbox) -> None:
    account_id = a_registered()
    with db.begin() as session:
        with pytest.raises(Refused):
            queries.active_account(session, EVERYBODY, account_id)
        commands.activate_account_ref(session, account_id=account_id)
        commands.activate_account_ref(session, account_id=account_id)

        assert queries.active_account(session, EVERYBODY, account_id).id == account_id


def test_a_registration_can_be_taken_back_until_the_account_is_active(sandbox: Sandbox) -> None:
    forgotten, kept = a_registered(), a_registered()
    with db.begin() as session:
        commands.forget_account(session, account_id=forgotten)
        commands.forget_account(session, account_id=forgotten)
        commands.activate_account_ref(session, account_id=kept)
        commands.forget_account(session, account_id=kept)

    with db.begin_read() as session:
        assert session.get(AccountRef, forgotten) is None
        assert session.get_one(AccountRef, kept).status == "active"


def test_news_about_an_account_is_taken_over_unless_it_is_old(sandbox: Sandbox) -> None:
    account_id = a_registered()
    body = {"account_id": str(account_id), "customer_id": str(new_id())}
    with db.begin() as session:
        account_changed(session, body | {"version": 3, "name": "Retail", "status": "suspended"})
        account_changed(session, body | {"version": 2, "name": "Old name", "status": "active"})
        account_changed(session, body | {"account_id": str(new_id()), "version": 9, "name": "Unknown"})

    with db.begin_read() as session:
        known = session.get_one(AccountRef, account_id)
        assert (known.name, known.status, known.version) == ("Retail", "suspended", 3)


def test_another_price_book_of_the_customer_holds_for_its_accounts(sandbox: Sandbox) -> None:
    mine, other = a_registered(), a_registered()
    with db.begin() as session:
        customer_id = session.get_one(AccountRef, mine).customer_id
        body = {"customer_id": str(customer_id), "name": "Wingtip", "country": "NL", "region": "eu"}
        customer_changed(session, body | {"version": 2, "time_zone": "Asia/Tokyo", "price_book": "Wingtip 2026"})
        customer_changed(session, body | {"version": 1, "time_zone": "UTC", "price_book": "Standard 2026"})

    with db.begin_read() as session:
        known = [session.get_one(AccountRef, account_id) for account_id in (mine, other)]
        assert [(row.price_book, row.time_zone) for row in known] == [
            ("Wingtip 2026", "Asia/Tokyo"), ("Standard 2026", "UTC"),
        ]  # fmt: skip
