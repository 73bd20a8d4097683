"""A person is told all that is known of them, and is erased everywhere; invoices stay and the trail stays whole."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest

from domains import NAMES
from domains.kernel import audit, config, sealing
from domains.kernel.database import new_id
from domains.kernel.errors import NotFound
from domains.kernel.messages import acting
from domains.kernel.personal import Whom
from domains.kernel.tenancy import Actor, Origin, Scope
from domains.notifications import queries as told
from domains.notifications.models import db as notifications_db
from domains.support import commands as cases
from domains.support.models import db as support_db
from domains.users import db as users_db
from domains.users import queries as people
from domains.users.models import Erasure, Login, Membership, User
from saga import forgetting, store, tables
from saga.flows.erase_person import erase_person
from saga.flows.export_person import export_person
from saga.flows.place_order import place_order
from saga.payloads.people import Person
from saga.payloads.person import ErasePerson, ExportPerson
from tests.factories.users import has_password, invite, signed_in

from .shop import Shop

EMAIL = "zoë.zander@northwind.example"
NAME = "Zoë Zander"


class Colleague:
    """Somebody who has bought, asked, signed in and was invited: known in every domain."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.id = shop, new_id()
        invite(shop.customer_id, EMAIL, "buyer", NAME, self.id)
        has_password(self.id)
        self.caller, self.token = signed_in(self.id)
        self.actor = Actor("user", str(self.id), NAME)
        with acting(actor=self.actor, origin=Origin("192.0.2.7", "Firefox 128, Windows", shop.customer_id)):
            shop.caller = self.caller
            order = shop.an_order()
            shop.start(place_order, order, label=order.label, resource=order.resource, actor=self.actor)
            shop.transport.run_until_quiet()
            with support_db.begin() as session:
                cases.open_case(
                    session, case_id=new_id(), scope=shop.scope, customer_id=shop.customer_id, reseller_id=None,
                    account_id=None, subject="My seats", description=f"Please write to {EMAIL}", impact="normal",
                    links=[], opened_by=self.actor,
                )  # fmt: skip
        self.seal()

    def seal(self) -> None:
        """All that waits in every domain is sealed and told."""
        for database in databases():
            sealing.seal(database, config.current().audit_key)
        self.shop.transport.run_until_quiet()

    @property
    def whom(self) -> Whom:
        with users_db.begin_read() as session:
            return people.oneself_as_whom(session, self.id)

    def erase(self) -> Any:
        payload = ErasePerson.of(self.whom, self.shop.customer_id, None)
        about = {"label": payload.label, "resource": payload.resource, "actor": self.actor}
        run = store.start(erase_person, payload, key=str(new_id()), **about)
        self.shop.transport.run_until_quiet()
        with tables.db.begin_read() as session:
            return store.get(session, Scope.operator(), run.id)


def databases() -> list[Any]:
    return [*(import_module(f"domains.{name}.models").db for name in NAMES), tables.db]


def everything() -> str:
    """Every row of every table of every database, as text."""
    rows = []
    for database in databases():
        with database.begin_read() as session:
            for table in database.metadata.sorted_tables:
                rows += [
                    f"{database.name}.{table.name}: {dict(row._mapping)}" for row in session.execute(table.select())
                ]
    return json.dumps(rows, ensure_ascii=False)


@pytest.fixture
def zoe(shop: Shop) -> Colleague:
    return Colleague(shop)


def test_a_person_is_told_what_every_domain_knows_and_no_secret(zoe: Colleague) -> None:
    me = Person(zoe.id, NAME, EMAIL, "de")
    payload = ExportPerson.of(zoe.whom, zoe.shop.customer_id, None, me)
    store.start(export_person, payload, key="one", label=payload.label, resource=payload.resource, actor=zoe.actor)
    zoe.shop.transport.run_until_quiet()

    with notifications_db.begin_read() as session:
        (found,) = told.list_exports(session, Scope.customer(new_id()), person_id=zoe.id)
        text = told.get_export(session, zoe.shop.scope, found.id, person_id=zoe.id)
        with pytest.raises(NotFound):
            told.get_export(session, Scope.customer(new_id()), found.id)
        with pytest.raises(NotFound):
            told.get_export(session, zoe.shop.scope, found.id, person_id=new_id())
    known = json.loads(text)
    assert known["users"]["user_"][0]["email"] == EMAIL
    assert known["services"]["order_"][0]["ordered_by"] == NAME
    assert known["support"]["case_"][0]["description"] == f"Please write to {EMAIL}"
    assert known["notifications"]["trail_entry"]
    assert set(known) == set(NAMES)
    assert "argon2" not in text
    assert "token_hash" not in text

    zoe.shop.clock.advance(days=8)
    with notifications_db.begin_read() as session, pytest.raises(NotFound):
        told.get_export(session, zoe.shop.scope, found.id, person_id=zoe.id)


def test_an_erased_person_stands_nowhere_any_more_and_the_trail_stays_whole(zoe: Colleague) -> None:
    assert NAME in everything()

    run = zoe.erase()
    zoe.shop.transport.run_until_quiet()
    zoe.seal()
    assert forgetting.forget_people() == 1
    zoe.seal()

    left = everything()
    assert run.status == "completed"
    assert [line for line in json.loads(left) if NAME in line or EMAIL in line or "192.0.2.7" in line] == []
    for database in databases():
        assert list(sealing.verify(database, config.current().audit_key)) == []
        assert list(told.copy_faults(database)) == []


def test_who_is_erased_is_shut_out_and_the_proof_names_nobody(zoe: Colleague) -> None:
    zoe.erase()

    with users_db.begin_read() as session:
        user = session.get_one(User, zoe.id)
        (proof,) = people.list_erasures(session, zoe.shop.scope).items
        assert (user.status, user.password_hash, user.name) == ("disabled", None, "Erased person")
        assert session.query(Membership).filter_by(user_id=zoe.id).one().state == "disabled"
        assert session.query(Login).filter_by(user_id=zoe.id).count() == 0
    assert proof.counts["services"]["order_"] == 1
    assert NAME not in str(proof.counts)
    assert len(proof.proof) == 64


def test_erasing_twice_finds_nothing_more(zoe: Colleague) -> None:
    zoe.erase()
    again = zoe.erase()

    with users_db.begin_read() as session:
        newest = people.list_erasures(session, zoe.shop.scope).items[0]
        assert session.query(Erasure).count() == 2
    assert again.status == "completed"
    assert {name: count for name, count in newest.counts.items() if count and name != "users"} == {}


def test_no_message_of_the_past_brings_a_person_back(zoe: Colleague) -> None:
    from domains.notifications.models import TrailEntry
    from tests.factories.trails import an_entry

    zoe.erase()
    id: UUID = an_entry(zoe.shop.customer_id, actor_id=str(zoe.id), actor_name=NAME)

    with notifications_db.begin_read() as session:
        kept = session.get_one(TrailEntry, id)
    assert (kept.actor_name, kept.place, NAME.lower() in kept.words) == ("Erased person", "", False)


def test_the_last_owner_is_not_erased(shop: Shop) -> None:
    with users_db.begin_read() as session:
        owner_id = session.query(Membership).filter_by(customer_id=shop.customer_id, role="owner").one().user_id
    has_password(owner_id)
    with users_db.begin_read() as session:
        whom = people.oneself_as_whom(session, owner_id)
    payload = ErasePerson.of(whom, shop.customer_id, None)
    run = store.start(erase_person, payload, key="one", label=payload.label, resource=payload.resource)
    shop.transport.run_until_quiet()

    with tables.db.begin_read() as session:
        ended = store.get(session, Scope.operator(), run.id)
    assert (ended.status, ended.error["code"]) == ("compensated", "last_owner")
    with users_db.begin_read() as session:
        assert session.get_one(User, owner_id).status == "active"


def test_the_audit_says_that_somebody_was_erased(zoe: Colleague) -> None:
    zoe.erase()

    with users_db.begin_read() as session:
        entry = users_db.audit_entry
        actions = [row.action for row in session.execute(entry.select().where(entry.c.subject_id == zoe.id))]
    assert {audit.ERASED, "users.erase"} <= set(actions)
