"""A story in which everybody does everything once, so that every function that asks a database has asked."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

from flask import Flask
from msgspec import to_builtins

from domains import NAMES, accounts, billing, customers, notifications, services, support, users
from domains.accounts import commands as account_commands
from domains.billing import commands as charge_commands
from domains.customers import commands as customer_commands
from domains.kernel import audit, clock, config, sealing
from domains.kernel.database import Database, new_id
from domains.kernel.errors import DomainError
from domains.kernel.money import Money
from domains.kernel.resealing import reseal
from domains.kernel.tenancy import SYSTEM, Scope
from domains.notifications import commands as mail
from domains.notifications.exchanges import deliver_due
from domains.notifications.queries import copy_faults, list_deliveries
from domains.services import commands as service_commands
from domains.services import queries as service_queries
from domains.support import commands as case_commands
from domains.support.exchanges import search_waiting
from domains.users import commands as user_commands
from saga import console, gauges, interventions, relay, retention, schedules, store, tables, worker
from saga.flows.refresh_subscription import RefreshSubscription, refresh_subscription
from saga.transports import inline
from saga.turn import command_id
from tests.api import test_sandbox_tenants as trying
from tests.api import test_whole_story as whole
from tests.api.program import a_runs_client
from tests.factories.billing import a_provider_line

from .drift import drift_and_plans
from .people import people_come_and_go
from .sign_on import people_sign_on
from .story_accounts import budgets_and_closing, keep_the_catalogue
from .story_ends import decide_and_remind
from .story_ordering import order_in_every_way
from .story_resale import sell_on
from .story_trail import read_the_trail, tell_and_forget

SCOPE = Scope.operator()
LISTS = (
    "customers?kind=direct&q=a", "accounts?status=active&q=a", "orders?state=completed&q=a", "users", "charges",
    "subscriptions?state=active&q=a&valid_to_before=2030-01-01", "cases?status=open&q=a", "operations?active=true",
    "operations?active=false", "offers?q=office&currency=EUR", "costs", "audit-entries?action=users.&q=a",
    "decisions?state=open", "decisions?state=decided&due_before=2036-01-01T00:00:00Z", "decisions?state=locked",
    "decisions?state=settled",
    "audit-entries?action=a&actor_id=1&since=2026-01-01T00:00:00Z&until=2036-01-01T00:00:00Z",
)  # fmt: skip


def everything(app: Flask, transport: inline.Transport) -> None:
    """Order, change, cancel, be refused; read every list with every filter; sign in and out; keep house."""
    whole.test_a_subscription_is_changed_and_cancelled_by_the_customer_and_its_reseller(app, transport)
    whole.test_a_subscription_is_planned_paused_and_becomes_another_plan(app, transport)
    whole.test_an_order_over_the_budget_is_taken_back_with_the_reason(app, transport)
    trying.test_a_sandbox_goes_its_own_time_and_the_live_tenant_beside_it_stays_where_it_is(app, transport)
    trying.test_faults_hit_the_sandbox_alone_until_they_are_cleared(app, transport)
    read_every_list(app)
    sell_on()
    drift_and_plans(transport)
    answer_cases()
    people_come_and_go()
    people_sign_on()
    take_back_and_forget()
    budgets_and_closing()
    keep_the_catalogue()
    order_in_every_way(app, transport)
    steer(transport)
    look_at_runs(app)
    perform_several()
    decide_and_remind()
    keep_house(transport)


def read_every_list(app: Flask) -> None:
    key = new_id()
    program = whole.Program(app, whole.a_caller(kind="operator", scope=SCOPE))
    reseller = whole.Program(app, whole.a_caller(kind="reseller"))
    for path in LISTS:
        mark = "&" if "?" in path else "?"
        first = program.get(f"/{path}{mark}limit=1").json
        if first.get("next_cursor"):
            program.get(f"/{path}{mark}limit=1&cursor={first['next_cursor']}")
        for name in ("account_id", "customer_id", "subscription_id"):
            reseller.get(f"/{path}{mark}{name}={key}")
    program.get("/audit-entries/export?format=csv")
    for kind in ("orders", "subscriptions", "operations", "offers"):
        for found in program.get(f"/{kind}?limit=1").json["items"]:
            program.get(f"/{kind}/{found['id']}")
            for part in ("end-of-term", "history") if kind == "subscriptions" else ():
                program.get(f"/{kind}/{found['id']}/{part}")


def answer_cases() -> None:
    known: dict[str, Any] = {"scope": SCOPE, "as_agent": True}
    with support.db.begin() as session:
        case_id = support.queries.list_cases(session, SCOPE).items[0].id
        case_commands.add_reply(session, **known, case_id=case_id, reply_id=new_id(), body="…", author=SYSTEM)
        case_commands.change_status(session, **known, case_id=case_id, status="resolved", expected_version=None)
    with support.db.begin_read() as session:
        support.queries.list_replies(session, SCOPE, case_id)
        support.queries.open_count(session, Scope.reseller(new_id()))
    put_a_file_to(case_id)
    assert [fault for name in NAMES for fault in reseal(import_module(f"domains.{name}.models").db)] == []


def put_a_file_to(case_id: UUID) -> None:
    known: dict[str, Any] = {"scope": SCOPE, "case_id": case_id}
    file = {"attachment_id": new_id(), "name": "log.txt", "content": b"It does not work."}
    with support.db.begin() as session:
        case_commands.change_status(session, **known, status="open", expected_version=None, as_agent=True)
        case_commands.attach(session, **known, **file, author=SYSTEM)  # type: ignore[arg-type]
    search_waiting()
    with support.db.begin() as session:
        support.queries.attachments_of(session, SCOPE, case_id)
        case_commands.note_download(session, **known, attachment_id=file["attachment_id"])  # type: ignore[arg-type]
        case_commands.put_away_files_of(session, author_id=SYSTEM.id)
    search_waiting()


def take_back_and_forget() -> None:
    key = new_id()
    where = {"country": "NL", "region": "eu", "time_zone": "UTC", "price_book": "standard"}
    with accounts.db.begin() as session:
        account_commands.release_reservation(session, reservation_id=key)
        account_commands.forget_customer(session, customer_id=key)
    with customers.db.begin() as session:
        customer_commands.discard_sandbox(session, customer_id=key, sandbox_id=key)
    with billing.db.begin() as session:
        charge_commands.forget_customer(session, customer_id=key)
    with services.db.begin() as session:
        service_commands.know_customer(session, customer_id=key, version=1, **where)
        service_commands.forget_account(session, account_id=key)
        service_queries.count_by_state(session, SCOPE, account_id=key)
        service_queries.list_accounts(session, SCOPE, customer_id=key)
        service_queries.check_unused(session, SCOPE, key)
        with suppress(DomainError):
            service_queries.list_changes(session, SCOPE, key)
        for limit in (Money.of(1, "EUR"), Money.of(2, "EUR"), None):
            service_commands.set_approval_limit(session, customer_id=key, reseller_id=None, role="buyer", limit=limit)
    with customers.db.begin() as session, suppress(DomainError):
        customers.queries.list_customers(session, SCOPE, customer_id=key)


def steer(transport: inline.Transport) -> None:
    """An operator holds a run, lets it go on, and gives it up, so that its pivot is withdrawn."""
    store.register_definitions()
    about = {"subscription_id": new_id(), "customer_id": new_id(), "reseller_id": None, "label": ""}
    look = RefreshSubscription(**about)
    run = store.start(refresh_subscription, look, key=str(run_key := new_id()), label="", resource=("x", run_key))
    for op in ("pause", "resume", "resolve"):
        transport.commands.clear()
        interventions.intervene(SCOPE, run.id, op, actor=SYSTEM, reason="a story")
        with tables.db.begin() as session:
            session.execute(tables.run.update().where(tables.run.c.id == run.id).values(status="needs_attention"))
    transport.run_until_quiet()
    with tables.db.begin_read() as session:
        interventions.possible(session, run)
        interventions.interventions_of(session, run.id)


def look_at_runs(app: Flask) -> None:
    """An operator finds runs by everything there is, reads one whole, has many tried again; a customer cancels."""
    desk, then = whole.Program(app, a_runs_client()), "2030-01-01T00:00:00Z"
    filters = f"definition=x&customer_id={new_id()}&resource_id={new_id()}&key=x&created_after={then}&older_than=9"
    states = "status=running&status=paused&status=completed"
    for query in ("limit=1", filters, states, f"status=running&due_before={then}"):
        cursor = desk.get(f"/runs?{query}").json["next_cursor"]
        desk.get(f"/runs?{query}&cursor={cursor}") if cursor else None
    one = desk.get("/runs?limit=1").json["items"][0]["id"]
    for path in ("", "/interventions", "/timeline?limit=1"):
        cursor = desk.get(f"/runs/{one}{path}").json.get("next_cursor")
        desk.get(f"/runs/{one}{path}&cursor={cursor}") if cursor else None
    for path in ("/runs/retry", f"/runs/{one}/interventions", f"/operations/{one}/cancel"):
        body = {"reason": "x"} | ({"op": "pause", "expected_rev": 0} if "interventions" in path else {})
        owner = whole.Program(app, whole.a_caller(kind="operator", scope=SCOPE))
        (owner if "cancel" in path else desk).post(path, None if "cancel" in path else body)
    with tables.db.begin_read() as session:
        console.count_runs(session, SCOPE)
        console.list_runs(session, SCOPE, console.Wanted(about=new_id(), overdue_by=console.OVERDUE))
    retention.purge_answers()
    program = {"client_id": "eu-2", "customer_id": new_id(), "reseller_id": None, "name": "Desk", "secret": "css_x"}
    with suppress(DomainError), users.db.begin() as session:
        user_commands.create_api_client(session, **program, scopes=["runs:read"])


def perform_several() -> None:
    """Commands that come together, which no flow asks for, so that they fail."""
    known = {"name": "accounts.nothing", "queue": "accounts", "seq": 0, "phase": "F", "gen": 0, "body": {}}
    known |= {"actor": to_builtins(SYSTEM), "customer_id": str(new_id()), "request_id": "", "traceparent": ""}
    runs = [new_id(), new_id()]
    several = [known | {"run_id": str(one), "cmd_id": str(command_id(one, 0, "F"))} for one in runs]
    worker.perform_together(accounts.db, several)


def take_up_invoices() -> None:
    """Read what was issued, and take back what never was."""
    with billing.db.begin() as session:
        found = billing.queries.list_invoices(session, SCOPE, customer_id=None).items[0]
        billing.queries.list_invoices(session, Scope.reseller(new_id()), customer_id=new_id())
        billing.queries.invoice_lines(session, Scope.reseller(new_id()), found.id)
        billing.queries.matched_charges(session, SCOPE, found.id)
        billing.queries.list_mismatches(session, SCOPE)
        billing.queries.documents_of(session, SCOPE, [found.id])
        charge_commands.note_download(session, scope=SCOPE, invoice_id=found.id)
        charge_commands.note_lines_download(session, scope=SCOPE, invoice_id=found.id)
        line = a_provider_line(billing.queries.invoice_lines(session, SCOPE, found.id)[0].subscription_id)
        whose = {"payer_id": found.customer_id, "currency": found.currency, "month": found.month}
        charge_commands.draft_invoice(session, invoice_id=new_id(), lines=(line,), **whose)
        stray = charge_commands.StrayLine("BL-0", "", "cycle", 1, found.month, found.issued_on, found.net)
        charge_commands.keep_strays(session, month=found.month, strays=(stray,))
        found.state, found.number = "draft", None
        charge_commands.discard_draft(session, invoice_id=found.id)


def look_after(database: Database) -> None:
    """What each domain's database is asked from time to time."""
    with database.begin() as session:
        audit.erase(session, person_id=UUID(int=0), words=("nobody",))
    sealing.seal(database, config.current().audit_key)
    sealing.anchor(database)
    list(sealing.verify(database, config.current().audit_key))
    list(copy_faults(database))
    with tables.db.begin_read() as session:
        store.ended_before(session, [new_id()], clock.now(session))
    retention.purge(database)
    relay.republish(database, since=relay._newest(database, 60.0))


def keep_house(transport: inline.Transport) -> None:
    """What workers, the coordinator and the scheduler do by themselves."""
    with notifications.db.begin() as session:
        mail.mark_failed(session, delivery_id=mail.claim_due(session, limit=1)[0].id, error="x")
    deliver_due()
    with notifications.db.begin_read() as session:
        list_deliveries(session, SCOPE, customer_id=new_id())
    schedules.begin_sync("now")
    with suppress(DomainError):
        store.repeated("now", "another request")
    retention.purge_logins()
    transport.run_until_quiet()
    with tables.db.begin_read() as session:
        later = clock.now(session) + timedelta(days=40)
    with clock.business_at(later):
        schedules.begin_invoices("now")
        schedules.begin_check("now")
        transport.run_until_quiet()
    take_up_invoices()
    transport.next_due()
    list(gauges.readings())
    with tables.db.begin() as session:
        store.postpone(session, new_id(), clock.now(session))
        store.find_by_resource(session, Scope.customer(new_id()), new_id())
    for name in NAMES:
        look_after(import_module(f"domains.{name}.models").db)
    transport.run_until_quiet()
    read_the_trail()
    tell_and_forget()
