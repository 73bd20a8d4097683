"""A sandbox is opened for everybody who needs it or for nobody; its clock moves what is its own, and nothing else."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select, update

from domains import accounts, billing, customers, services, users
from domains.accounts import queries as account_queries
from domains.accounts.models import Account
from domains.accounts.models import CustomerRef as AccountsRef
from domains.billing.models import CustomerRef as BillingRef
from domains.customers.models import Customer
from domains.kernel.messages import acting, context
from domains.kernel.money import Money
from domains.kernel.tenancy import Origin, Scope
from domains.services.models import Reconciliation
from domains.users.models import Membership, Organisation
from saga import tables
from saga.ends import begin_reminders, begin_renewals, begin_renewals_ahead, by_each_clock
from saga.flows.advance_clock import advance_clock
from saga.flows.open_account import open_account
from saga.flows.open_sandbox import open_sandbox
from saga.flows.set_faults import set_faults
from saga.payloads.account import OpenAccount
from saga.payloads.sandbox import AdvanceClock, OpenSandbox, SetFaults
from saga.reconciling import begin_comparisons
from tests.factories.services import EVERYBODY

from .ends import at_work as at_work
from .ends import end_of, letters_to
from .seen import charges, run_of, subscription_of, words_of
from .shop import Shop
from .test_onboard_customer import broken

DAY = 86_400


def wish(shop: Shop) -> OpenSandbox:
    with customers.db.begin_read() as session:
        return OpenSandbox.of(session.get_one(Customer, shop.customer_id))


def a_sandbox(shop: Shop) -> Customer:
    with users.db.begin() as session:
        session.execute(update(Membership).values(state="active"))
    wanted = wish(shop)
    run = shop.run(open_sandbox, wanted)
    assert run_of(run.id).status == "completed"
    return the(wanted.sandbox_id)


def the(customer_id: UUID) -> Customer:
    with customers.db.begin_read() as session:
        return session.get_one(Customer, customer_id)


def an_account(shop: Shop, customer_id: UUID) -> OpenAccount:
    with accounts.db.begin_read() as session:
        known = account_queries.customer_ref(session, EVERYBODY, customer_id)
    return OpenAccount.of(known, shop.caller, name="Trial", budget=Money.of("9000", "EUR"))


def test_a_sandbox_is_opened_its_clock_moved_and_its_faults_set(shop: Shop) -> None:
    made = a_sandbox(shop)
    with users.db.begin_read() as session:
        known = session.get_one(Organisation, made.id)
        owners = session.query(Membership).filter_by(customer_id=made.id).all()
    with billing.db.begin_read() as session:
        paying = session.get_one(BillingRef, made.id)

    assert (made.sandbox_of, made.status, made.name) == (shop.customer_id, "active", "Northwind Traders (sandbox)")
    assert (known.told["clock_ahead"], [(one.role, one.state) for one in owners]) == ("0", [("owner", "active")])
    assert paying.sandbox_of == shop.customer_id

    moved = shop.run(advance_clock, AdvanceClock.of(made, 8 * DAY))
    troubled = shop.run(set_faults, SetFaults.of(made, [{"operation": "change", "kind": "error"}]))

    assert [run_of(run.id).status for run in (moved, troubled)] == ["completed", "completed"]
    assert (the(made.id).clock_ahead, the(made.id).faults) == (8 * DAY, [{"operation": "change", "kind": "error"}])
    with users.db.begin_read() as session:
        assert session.get_one(Organisation, made.id).clock_ahead == 8 * DAY


def test_a_second_sandbox_is_refused_and_nothing_is_taken_from_the_customer(shop: Shop) -> None:
    a_sandbox(shop)
    again = wish(shop)

    run = run_of(shop.run(open_sandbox, again).id)

    assert (run.status, run.error and run.error["code"]) == ("compensated", "sandbox_exists")
    with accounts.db.begin_read() as session:
        assert session.get(AccountsRef, shop.customer_id) is not None
        assert session.get(AccountsRef, again.sandbox_id) is None


def test_a_live_tenants_clock_is_not_moved_by_a_run_either(shop: Shop) -> None:
    run = run_of(shop.run(advance_clock, AdvanceClock.of(the(shop.customer_id), DAY)).id)

    assert (run.status, run.error and run.error["code"]) == ("compensated", "not_a_sandbox")
    assert the(shop.customer_id).clock_ahead == 0


def test_a_run_that_began_before_goes_on_at_the_later_time_and_a_live_one_at_its_own(shop: Shop) -> None:
    made = a_sandbox(shop)
    tried, real = an_account(shop, made.id), an_account(shop, shop.customer_id)

    with acting(origin=Origin(ahead=0)):
        began = shop.start(open_account, tried)
    beside = shop.start(open_account, real)
    shop.start(advance_clock, AdvanceClock.of(made, 8 * DAY))
    shop.transport.run_until_quiet()

    assert [run_of(run.id).status for run in (began, beside)] == ["completed", "completed"], words_of(began.id)
    with accounts.db.begin_read() as session:
        opened = [session.get_one(Account, one.account_id).opened_at for one in (tried, real)]
    assert opened == [shop.clock.now + timedelta(days=8), shop.clock.now]


def test_what_the_clockwork_begins_of_itself_goes_by_the_clock_of_whose_it_is(shop: Shop) -> None:
    live = shop.bought()
    made = a_sandbox(shop)
    shop.run(advance_clock, AdvanceClock.of(made, 8 * DAY))
    account = an_account(shop, made.id)
    shop.run(open_account, account)
    shop.customer_id, shop.account_id = made.id, account.account_id
    tried = shop.bought()

    begin_comparisons("test/compared")
    shop.transport.run_until_quiet()

    with services.db.begin_read() as session:
        ended = {one.customer_id: one.at for one in session.query(Reconciliation)}
    with tables.db.begin_read() as session:
        query = select(tables.run.c.customer_id, tables.run.c.origin).where(
            tables.run.c.definition == "reconcile-account"
        )
        ahead = {customer_id: origin["ahead"] for customer_id, origin in session.execute(query)}
    owners = [subscription_of(one).customer_id for one in (tried, live)]
    assert [ahead[one] for one in owners] == [8 * DAY, None]
    assert ended.keys() == set(owners)


def test_each_clock_has_one_turn_and_everybody_elses_comes_last(shop: Shop) -> None:
    made = a_sandbox(shop)
    shop.run(advance_clock, AdvanceClock.of(made, 8 * DAY))

    def begin(scope: Scope, but: Collection[UUID]) -> list[tuple[str, UUID | None, int, list[UUID]]]:
        return [(scope.kind, scope.customer_id, (context().origin.ahead or 0) // DAY, list(but))]

    turns = by_each_clock("test", begin)

    assert turns == [("customer", made.id, 8, []), ("system", None, 0, [made.id])]


def test_a_sandbox_is_reminded_and_renewed_by_its_own_clock_and_charged_for_the_new_term(shop: Shop) -> None:
    live = shop.bought()
    made = a_sandbox(shop)
    account = an_account(shop, made.id)
    shop.run(open_account, account)
    shop.customer_id, shop.account_id = made.id, account.account_id
    tried = shop.bought()
    end = subscription_of(tried).valid_to
    assert end is not None

    def at(day: date) -> list[str]:
        ahead = int((datetime.combine(day, time(12), UTC) - shop.clock.now).total_seconds())
        assert run_of(shop.run(advance_clock, AdvanceClock.of(the(made.id), ahead)).id).status == "completed"
        for turn in (begin_reminders, begin_renewals_ahead, begin_renewals_ahead):
            turn(f"test/{day}")
            shop.transport.run_until_quiet()
        return [template for _to, template in letters_to(shop)]

    assert at(end_of(shop, tried).deadline.date() - timedelta(days=30)) == ["decision_open_renew"]
    assert at(end + timedelta(days=1))[-1] == "subscription_renewed"
    begin_renewals("test/everybody")
    shop.transport.run_until_quiet()

    assert [one[0] for one in charges(tried)] == ["activation", "renewal"]
    it, later = end_of(shop, tried), subscription_of(tried).valid_to
    assert later is not None and later > end
    assert it.term_end == later
    assert [one[0] for one in charges(live)] == ["activation"]
    assert subscription_of(live).valid_to == end


def test_a_sandbox_that_comes_to_nothing_leaves_no_trace_and_another_can_be_made(shop: Shop) -> None:
    lost = wish(shop)
    run = shop.start(open_sandbox, lost)

    with broken(billing.db):
        shop.carry_on()

    assert run_of(run.id).status == "compensated"
    assert the(lost.sandbox_id).status == "closed"
    with users.db.begin_read() as session:
        assert session.get(Organisation, lost.sandbox_id) is None
        assert session.get(Organisation, shop.customer_id) is not None
    assert a_sandbox(shop).status == "active"
