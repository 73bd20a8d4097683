"""Staff see a customer's pages when it lets them, for a time, and change only what it lets them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import Conflict, Invalid, NotFound, Refused
from domains.kernel.messages import acting, cause_of
from domains.kernel.tenancy import Actor, Caller, Scope
from domains.users import commands, db, queries, tokens
from domains.users.policy import BEHIND_A_GRANT
from tests.conftest import Clock
from tests.factories.users import an_organisation, has_password, invite, signed_in

OLGA = Actor("user", str(new_id()), "Olga Owner")


class House:
    """The operator with one of its staff, and a customer."""

    def __init__(self, role: str = "agent") -> None:
        self.home, _ = an_organisation(kind="operator", name="The Operator")
        self.user_id = new_id()
        invite(self.home, f"{self.user_id}@operator.example", role, "Aiden Agent", self.user_id)
        has_password(self.user_id)
        self.customer_id, self.owner_id = an_organisation()
        has_password(self.owner_id)
        self.staff, self.token = signed_in(self.user_id)

    def granted(self, **but: Any) -> UUID:
        facts: dict[str, Any] = {"hours": 1, "areas": [], "reason": "The invoice looks wrong", "by": OLGA}
        facts |= {"scope": Scope.customer(self.customer_id), "grant_id": new_id(), "customer_id": self.customer_id}
        with db.begin() as session:
            return commands.grant_access(session, **facts | but).id

    def act(self, customer_id: UUID | None = None) -> None:
        with acting(**cause_of(self.staff)), db.begin() as session:
            known = {"scope": Scope.operator(), "login_id": UUID(self.staff.login_id)}
            commands.act_for(session, **known, customer_id=customer_id or self.customer_id)
        tokens.forget_epoch("login", self.staff.login_id)

    def now(self) -> Caller:
        tokens.forget_epoch("login", self.staff.login_id)
        found = tokens.caller_of_login(self.token)
        assert found
        return found


@pytest.fixture
def house(databases: Settings, clock: Clock) -> House:
    return House()


@pytest.mark.asvs("8.2.1", "8.2.2")
def test_without_it_staff_neither_act_for_a_customer_nor_read_what_is_its_own(house: House) -> None:
    with pytest.raises(Refused) as no:
        house.act()

    assert no.value.code == "support_access_needed"
    assert house.now().customer_id is None
    assert house.staff.scopes & BEHIND_A_GRANT == set()
    assert {"cases:read", "cases:write", "support:work", "customers:read"} <= house.staff.scopes


def test_with_it_they_only_read(house: House) -> None:
    house.granted()
    house.act()

    seen = house.now()
    assert (seen.customer_id, seen.scope) == (house.customer_id, Scope.customer(house.customer_id))
    assert {scope.rpartition(":")[2] for scope in seen.scopes} == {"read"}
    assert seen.preferences["home_customer_id"] == str(house.home)


def test_they_change_what_it_names_and_nothing_else(house: House) -> None:
    house.granted(areas=["accounts"])
    house.act()

    assert {scope for scope in house.now().scopes if not scope.endswith(":read")} == {"accounts:write"}


def test_it_runs_out_by_itself(house: House, clock: Clock) -> None:
    house.granted()
    house.act()
    assert house.now().customer_id == house.customer_id

    clock.advance(hours=1)
    tokens.memory._known.clear()  # as another process, which has not seen the token yet

    assert house.now().customer_id is None
    with pytest.raises(Refused):
        house.act()


def test_its_end_holds_at_once_for_whoever_acts_under_it(house: House) -> None:
    grant_id = house.granted()
    house.act()
    assert house.now().customer_id == house.customer_id

    with db.begin() as session:
        logins = commands.end_access(session, scope=Scope.customer(house.customer_id), grant_id=grant_id, by=OLGA)

    assert logins == [UUID(house.staff.login_id)]
    assert house.now().customer_id is None
    with pytest.raises(Refused):
        house.act()


def test_what_staff_do_stands_in_both_trails_with_the_access(house: House) -> None:
    grant_id = house.granted()
    house.act()
    with acting(**cause_of(house.now())), db.begin() as session:
        commands.note_reading(session, customer_id=house.customer_id, path="/invoices")

    with db.begin_read() as session:
        rows = session.execute(db.audit_entry.select().where(db.audit_entry.c.action == "users.read")).all()
    assert {(row.customer_id, row.home_id, row.on_behalf_id, row.grant_id) for row in rows} == {
        (trail, house.home, house.customer_id, grant_id) for trail in (house.customer_id, house.home)
    }


def test_who_used_it_and_when_is_kept(house: House) -> None:
    grant_id = house.granted()
    house.act()

    with db.begin_read() as session:
        uses = queries.uses_of(session, Scope.customer(house.customer_id), [grant_id])
        hidden = queries.uses_of(session, Scope.customer(new_id()), [grant_id])
    assert [use.user_name for use in uses[grant_id]] == ["Aiden Agent"]
    assert hidden == {}


def request(house: House, **but: Any) -> UUID:
    facts: dict[str, Any] = {"hours": 24, "areas": ["orders"], "reason": "To see the order", "by": house.staff.actor}
    with db.begin() as session:
        known = {"grant_id": new_id(), "customer_id": house.customer_id}
        made = commands.request_access(session, **known | facts | but)
    return made.id


def answer(house: House, grant_id: UUID, **but: Any) -> None:
    with db.begin() as session:
        known: dict[str, Any] = {"scope": Scope.customer(house.customer_id), "grant_id": grant_id, "by": OLGA}
        commands.answer_request(session, **known, **{"allow": True} | but)


def test_a_request_lets_nobody_in_before_its_yes_and_then_only_who_asked(house: House) -> None:
    grant_id = request(house)
    with pytest.raises(Refused):
        house.act()
    with pytest.raises(Conflict):
        request(house)

    answer(house, grant_id, hours=1, areas=[])
    house.act()

    assert {scope.rpartition(":")[2] for scope in house.now().scopes} == {"read"}
    with pytest.raises(Conflict):
        answer(house, grant_id)
    colleague = House.__new__(House)
    colleague.__dict__ |= house.__dict__ | {"user_id": new_id()}
    invite(house.home, f"{colleague.user_id}@operator.example", "agent", "Rita", colleague.user_id)
    has_password(colleague.user_id)
    colleague.staff, colleague.token = signed_in(colleague.user_id)
    with pytest.raises(Refused):
        colleague.act()


def test_a_no_lets_nobody_in(house: House) -> None:
    answer(house, request(house), allow=False)

    with pytest.raises(Refused):
        house.act()


def test_owners_are_told_of_a_request_and_of_an_emergency(house: House) -> None:
    request(house)
    with db.begin() as session:
        commands.take_emergency_access(session, grant_id=new_id(), customer_id=house.customer_id, reason="Fire",
                                       by=house.staff.actor)  # fmt: skip

    with db.begin_read() as session:
        told = [row.body for row in session.execute(db.outbox.select()) if row.type == "users.SupportAccessChanged"]
    assert [(one["what"], [person["name"] for person in one["recipients"]]) for one in told] == [
        ("asked", ["Olga Owner"]), ("emergency", ["Olga Owner"]),
    ]  # fmt: skip
    house.act()
    assert {scope.rpartition(":")[2] for scope in house.now().scopes} == {"read"}


def test_what_is_sent_twice_is_one_access_and_one_letter(house: House) -> None:
    grant_id = new_id()
    for _ in range(2):
        with db.begin() as session:
            commands.take_emergency_access(session, grant_id=grant_id, customer_id=house.customer_id, reason="Fire",
                                           by=house.staff.actor)  # fmt: skip
        house.granted(grant_id=UUID(int=7))

    with db.begin_read() as session:
        assert len(queries.list_grants(session, Scope.operator(), limit=9).items) == 2
        assert [row.type for row in session.execute(db.outbox.select())].count("users.SupportAccessChanged") == 1


@pytest.mark.asvs("8.2.2", "8.4.1")
def test_the_id_of_anothers_access_gives_none(house: House) -> None:
    grant_id, (other, _) = house.granted(), an_organisation(name="Other")

    with pytest.raises(NotFound):
        house.granted(scope=Scope.customer(other), customer_id=other, grant_id=grant_id)
    with pytest.raises(NotFound), db.begin() as session:
        commands.take_emergency_access(session, grant_id=grant_id, customer_id=house.customer_id, reason="Fire",
                                       by=house.staff.actor)  # fmt: skip
    with pytest.raises(NotFound):
        request(house, grant_id=grant_id)


@pytest.mark.asvs("8.2.2", "8.4.1")
def test_nobody_grants_answers_or_ends_anothers(house: House) -> None:
    grant_id, stranger = request(house), Scope.customer(new_id())

    with pytest.raises(NotFound):
        house.granted(scope=stranger)
    for verb, more in ((commands.answer_request, {"allow": True}), (commands.end_access, {})):
        with db.begin() as session, pytest.raises(NotFound):
            verb(session, scope=stranger, grant_id=grant_id, by=OLGA, **more)
    with db.begin_read() as session:
        assert queries.get_grant(session, Scope.operator(), grant_id).state == "asked"
        with pytest.raises(NotFound):
            queries.get_grant(session, stranger, grant_id)


@pytest.mark.parametrize("but", [{"hours": 2}, {"areas": ["everything"]}, {"reason": " "}, {"reason": "x" * 501}])
def test_what_cannot_be_granted_is_refused(house: House, but: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        house.granted(**but)


def test_a_reseller_acts_for_its_end_customers_without_it(databases: Settings) -> None:
    reseller_id, user_id = an_organisation(kind="reseller", name="Contoso")
    customer_id, _ = an_organisation(kind="end_customer", reseller_id=reseller_id)
    has_password(user_id)
    caller, token = signed_in(user_id)
    with db.begin() as session:
        known = {"scope": Scope.reseller(reseller_id), "login_id": UUID(caller.login_id)}
        commands.act_for(session, **known, customer_id=customer_id)
    tokens.forget_epoch("login", caller.login_id)

    seen = tokens.caller_of_login(token)
    assert seen
    assert (seen.customer_id, "orders:write" in seen.scopes) == (customer_id, True)


def test_the_time_left_bounds_what_a_process_remembers(house: House, clock: Clock) -> None:
    house.granted()
    house.act()

    assert tokens.seconds_granted(house.now(), clock.now + timedelta(minutes=59, seconds=50)) == 10
    assert tokens.seconds_granted(house.staff, clock.now) > 1000


def test_the_id_of_another_customers_access_is_not_there_for_a_new_one(databases: Settings) -> None:
    mine, theirs = House(), House()
    grant_id = mine.granted()

    with pytest.raises(NotFound):
        theirs.granted(grant_id=grant_id)
    assert mine.granted(grant_id=grant_id) == grant_id
