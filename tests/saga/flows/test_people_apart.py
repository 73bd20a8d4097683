"""What is told and erased of a person is theirs: nothing of what strangers wrote, and of nobody called alike."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from domains.kernel import audit
from domains.kernel.database import new_id
from domains.kernel.errors import NotFound
from domains.kernel.messages import acting
from domains.kernel.searching import tells_of
from domains.kernel.tenancy import Actor, Origin, Scope
from domains.notifications import queries as told
from domains.notifications.models import db as notifications_db
from domains.support import commands as cases
from domains.support.models import Reply
from domains.support.models import db as support_db
from domains.users import commands as user_commands
from domains.users import db as users_db
from domains.users.commands.letters import ask_for_link
from saga import forgetting, store, tables
from saga.flows.export_person import export_person
from saga.payloads.people import Person
from saga.payloads.person import ExportPerson
from tests.factories.trails import an_entry

from .shop import newcomer
from .test_people import EMAIL, Colleague
from .test_people import zoe as zoe

LONGER = f"mc{EMAIL}"
OWNER = "Olivia Owen"


def a_case(customer_id: UUID, words: str, by: Actor) -> UUID:
    """A case of a customer, and a reply to it, with some words in both."""
    case_id, scope = new_id(), Scope.customer(customer_id)
    with support_db.begin() as session:
        cases.open_case(
            session, case_id=case_id, scope=scope, customer_id=customer_id, reseller_id=None, account_id=None,
            subject="Of somebody", description=words, impact="normal", links=[], opened_by=by,
        )  # fmt: skip
        cases.add_reply(session, reply_id=new_id(), scope=scope, case_id=case_id, body=words, author=by, as_agent=False)
    return case_id


def exported(zoe: Colleague, asked_by: UUID) -> UUID:
    """An export of what is known of the colleague, at somebody's wish."""
    payload = ExportPerson.of(zoe.whom, zoe.shop.customer_id, None, Person(asked_by, "Somebody", EMAIL, "en"))
    about = {"label": payload.label, "resource": payload.resource, "actor": Actor("user", str(asked_by), "Somebody")}
    store.start(export_person, payload, key=str(new_id()), **about)
    zoe.shop.transport.run_until_quiet()
    return payload.export_id


def export_of(zoe: Colleague) -> str:
    id = exported(zoe, zoe.id)
    with notifications_db.begin_read() as session:
        return told.get_export(session, zoe.shop.scope, id, person_id=zoe.id)


def called(zoe: Colleague, name: str) -> None:
    with users_db.begin() as session:
        user_commands.update_preferences(session, user_id=zoe.id, name=name)


@pytest.mark.asvs("8.4.1")
def test_an_export_tells_nothing_that_another_organisation_has_written(zoe: Colleague) -> None:
    stranger = new_id()
    a_case(stranger, f"canary about {EMAIL}", Actor("user", str(new_id()), "Sam Stranger"))
    an_entry(stranger, after={"email": EMAIL, "note": "canary"})

    assert "canary" not in export_of(zoe)


def test_a_longer_address_is_somebody_elses(zoe: Colleague) -> None:
    by, kept = Actor("user", str(new_id()), "Zora Longer"), f"canary: write to {LONGER}, {EMAIL}.au"
    case_id = a_case(zoe.shop.customer_id, kept, by)
    with acting(actor=by, origin=Origin("192.0.2.8", "Firefox")), support_db.begin() as session:
        about = {"customer_id": zoe.shop.customer_id, "subject": ("case", case_id)}
        audit.record(session, "support.x", after={"email": LONGER}, **about)
    zoe.seal()
    assert "canary" not in export_of(zoe)

    zoe.erase()
    with support_db.begin_read() as session:
        assert [one.body for one in session.query(Reply).filter_by(case_id=case_id)] == [kept]
        values = support_db.audit_value
        assert [row.after for row in session.execute(values.select()) if tells_of(row.after, (LONGER,))]


@pytest.mark.asvs("8.2.2")
def test_who_takes_a_colleagues_name_is_told_and_erases_nothing_of_theirs(zoe: Colleague) -> None:
    owner = Actor("user", str(new_id()), OWNER)
    case_id = a_case(zoe.shop.customer_id, "canary of the owner's", owner)
    an_entry(zoe.shop.customer_id, actor_id=owner.id, actor_name=OWNER, program="Firefox 128", after={"note": "canary"})
    called(zoe, OWNER)
    assert "canary" not in export_of(zoe)
    called(zoe, "Firefox 128")
    assert "canary" not in export_of(zoe)

    called(zoe, OWNER)
    zoe.erase()
    with support_db.begin_read() as session:
        (reply,) = session.query(Reply).filter_by(case_id=case_id)
    assert (reply.author, reply.body) == (OWNER, "canary of the owner's")


@pytest.mark.parametrize("name", ["EUR", "direct", "Fabrikam", "Fay"])
def test_a_name_that_is_a_word_erases_nothing_from_strangers_runs(zoe: Colleague, name: str) -> None:
    ours, before = zoe.shop.customer_id, runs()
    zoe.shop.onboard(newcomer(name="Fabrikam", owner_name="Fay", owner_email="fay@fabrikam.example"))
    strangers = {id: one for id, one in runs().items() if id not in before}
    zoe.shop.customer_id = ours
    called(zoe, name)

    zoe.erase()
    assert forgetting.forget_people() == 1

    after = runs()
    assert strangers and {id: after[id] for id in strangers} == strangers


def runs() -> dict[UUID, str]:
    """What ended runs carry."""
    with tables.db.begin_read() as session:
        found = session.execute(tables.run.select()).all()
    return {row.id: json.dumps([row.definition, row.payload, row.actor, row.label]) for row in found if row.ended_at}


@pytest.mark.asvs("8.4.1")
def test_what_somebody_has_asked_for_themselves_is_not_for_the_owner(zoe: Colleague) -> None:
    own, handed = exported(zoe, zoe.id), exported(zoe, new_id())

    with notifications_db.begin_read() as session:
        assert [one.id for one in told.list_exports(session, zoe.shop.scope)] == [handed]
        assert {one.id for one in told.list_exports(session, zoe.shop.scope, person_id=zoe.id)} == {own, handed}
        for known in ({}, {"person_id": new_id(), "or_owner": True}):
            assert told.get_export(session, zoe.shop.scope, handed, **known)
            with pytest.raises(NotFound):
                told.get_export(session, zoe.shop.scope, own, **known)


@pytest.mark.asvs("6.4.3")
def test_an_export_holds_no_letter_that_lets_its_reader_in(zoe: Colleague) -> None:
    with users_db.begin() as session:
        ask_for_link(session, email=EMAIL)
    zoe.shop.transport.run_until_quiet()

    found: Any = json.loads(export_of(zoe))["notifications"]["delivery"]
    assert "password_link" in {one["template"] for one in found}
    assert "/login/password?code=" not in json.dumps(found)
