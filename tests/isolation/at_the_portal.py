"""Every address of the portal, with a stranger's id in its path, and in every field that any page reads an id from."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from domains.kernel.database import new_id
from tests.api.test_customers import WISH

from .buying import forms_of_buying
from .cases import NOT_THERE, Case
from .organisation import PUBLIC_KEY
from .world import PASSWORD, PRO, REPLAYED, ROOT, Tenant

# Which of a stranger's ids goes into a path, and into a field. None: the catalogue, and ids that are made anew.
PATHS = {
    "customer_id": "customer", "account_id": "account", "order_id": "order", "subscription_id": "subscription",
    "case_id": "case", "invoice_id": "invoice", "operation_id": "operation", "run_id": "operation", "offer_id": None,
    "user_id": "colleague", "invitation_id": "invitation", "passkey_id": "passkey", "client_id": "client",
    "grant_id": "grant", "attachment_id": "attachment", "entry_id": "entry", "export_id": "export",
    "approval_id": "approval", "cart_id": "cart", "quote_id": "quote", "line_id": "cart_line",
    "agreement_id": "agreement", "price_book_id": None, "sync_id": None,
    "drift_id": "drift", "plan_id": "plan",
}  # fmt: skip
FIELDS = {
    "account": "account", "customer": "customer", "subscription": "subscription", "order": "order",
    "parent": "subscription", "operation": "operation", "preview_id": "preview", "membership": "membership",
    "case_id": "case", "reply_id": "reply", "offer": None, "line_id": None, "quote_id": None,
    "cart": "cart", "q": "order",
    "attachment_id": "attachment", "case": "case", "credential": "secret", "grant": "grant", "grant_id": "grant",
    "agreement_id": None,
    "id": "domain", "login": "login", "run": "operation", "subject": "order", "user": "colleague", "person": "user",
    "plan_id": "plan",
}  # fmt: skip
# Fields that an address reads: with a stranger's id there nothing is at this address.
READ = {
    "carts.index": ("account",), "carts.add": ("account", "parent"), "carts.refill": ("order",),
    "carts.order": ("preview_id",), "quotes.new": ("cart",), "quotes.create": ("cart",),
    "orders.new": ("parent",), "orders.check": ("account", "parent"),
    "orders.place": ("account", "parent", "preview_id"),
    "offers.show": ("account",), "support.new": ("account", "order", "subscription", "operation"),
    "support.create": ("account", "order", "subscription", "operation"), "changes.change": ("preview_id",),
    "organisations.accept": ("membership",), "organisations.work": ("membership",), "switch.switch": ("customer",),
    "members.show": ("customer",), "members.change_role": ("customer",), "members.ask_shut_out": ("customer",),
    "members.shut_out": ("customer",), "members.end_logins": ("customer", "login"),
    "members.reset_factors": ("customer",), "security.end_logins": ("login",), "api_clients.remove": ("credential",),
    "sign_on.verify_domain": ("id",), "sign_on.remove_domain": ("id",), "privacy.export_another": ("user",),
    "drift.compare": ("account",), "drift.set_rule": ("account",), "bulk.create": ("plan_id",),
    "privacy.erase_another": ("user",), "support_access.grant": ("grant_id",),
}  # fmt: skip
KEPT = {("support_access.grant", "case")}  # see at_the_api
BEFORE = "before anybody is known"  # what is asked there is a proof of who one is, not an id
STAFFS = "for staff, who see all customers here: in which role one gets in is the matter of tests/isolation/test_roles"
OWN = "is about the reader's own sandbox and takes no id"
NOBODYS = {  # and why no stranger's id can be put there
    "static": "files", "notifications.index": "the local mailbox, which production does not have",
    "notifications.letter": "the local mailbox, which production does not have",
    "login.show": BEFORE, "login.sign_in": BEFORE, "login.sign_in_by_passkey": BEFORE, "login.passkey_options": BEFORE,
    "entering.ask": BEFORE, "entering.give": BEFORE, "entering.offer": BEFORE, "entering.enrol": BEFORE,
    "entering.passkey_options": BEFORE, "links.forgotten": BEFORE, "links.send_link": BEFORE, "links.password": BEFORE,
    "links.invitation": BEFORE, "links.choose": BEFORE, "sso.show": BEFORE, "sso.start": BEFORE,
    "sso.come_back": BEFORE, "sso.ask_to_link": BEFORE, "sso.link": BEFORE,
    "login.sign_out": "ends one's own login and takes no id",
    "styleguide.index": "made-up data, not in production", "styleguide.away": "made-up data, not in production",
    **dict.fromkeys(
        ("price_books.index", "price_books.show", "price_books.new", "price_books.edit", "price_books.preview_new",
         "price_books.preview", "price_books.create", "price_books.update", "price_agreements.new",
         "price_agreements.create", "catalogue.sync"), STAFFS),
    "sandbox.index": OWN, "sandbox.create": OWN, "sandbox.advance": OWN, "sandbox.add_fault": OWN,
    "sandbox.clear_faults": OWN,
    "support_access.desk": STAFFS, "support_access.ask": STAFFS, "support_access.emergency": STAFFS,
}  # fmt: skip
RESELLERS = {  # what there is for resellers alone, and what others are answered
    "customers.new": {403}, "resale_prices.index": {404}, "resale_prices.show": {404},
}  # fmt: skip
QUIET = frozenset({200, 204, 303, 400, 404, 409, 422, 403})


def forms(endpoint: str, t: Tenant) -> dict[str, str]:
    """What a tenant types to get at its own."""
    ids, offer = t.ids, t.offers.get(PRO, "")
    address = {"street": "Keizersgracht 1", "city": "Amsterdam", "legal_name": "X B.V.", "version": "1"}
    order = {"offer": offer, "account": ids.get("account", ""), "plan": "P1Y.monthly", "quantity": "5"}
    known: dict[str, dict[str, str]] = {
        "customers.update": address, "customers.create": address | {k: v for k, v in WISH.items() if v},
        "users.update": {"language": "en", "formats": "en_GB", "time_zone": "UTC", "theme": "auto",
                         "name": "x", "drift_mail": "daily"},
        "users.theme": {"theme": "dark"}, "accounts.create": {"name": f"By {t.name}"},
        "accounts.update": {"name": f"By {t.name}", "version": "1"}, "accounts.close": {"version": "1"},
        "budgets.update": {"version": "1", "beyond": "warn"},
        "orders.check": order,
        "orders.place": order | {"preview_id": ids.get("preview", "")}, "changes.check": {"quantity": "9"},
        "changes.change": {"quantity": "9", "mode": "now", "version": "1", "preview_id": ids.get("change_preview", "")},
        "support.create": {"subject": "x", "description": "x", "impact": "low", "case_id": str(new_id())},
        "support.reply": {"body": "x"}, "support.note": {"note": "x"}, "support.status": {"status": "resolved"},
        "operations.cancel": {}, "runs.intervene": {"op": "pause", "expected_rev": "0", "reason": "x"},
        "price_agreements.update": {"version": "1", "valid_to": "2099-01-01"},
        "limits.update": {"currency": "EUR", "buyer": "90000"},
        "runs.retry_many": {"reason": "x"}, "switch.switch": {}, "organisations.accept": {},
        "organisations.decline": {}, "organisations.work": {},
    }  # fmt: skip
    known |= forms_of_buying(t, order)
    found = known[endpoint] if endpoint in known else of_the_organisation(endpoint, t)
    return found | {"form_token": str(new_id())}


def of_the_organisation(endpoint: str, t: Tenant) -> dict[str, str]:
    """The same for people, programs and what else an organisation looks after."""
    ids, none, seen = t.ids, dict[str, str](), {"version": "1"}
    provider = {"issuer": "https://127.0.0.1", "client_id": "x", "client_secret": "x", "role": "reader"}
    mail, grant = f"owner@{t.canary}.example", {"hours": "1", "reason": "x", "grant_id": str(new_id())}
    known: dict[str, dict[str, str]] = {
        "confirm.prove": {"password": PASSWORD}, "security.change_password": {"password": PASSWORD, "new": PASSWORD},
        "security.add_app": {"code": "000000"}, "security.add_passkey": {"credential": "{}"},
        "security.passkey_options": none, "security.rename_passkey": {"name": "x"}, "security.remove_passkey": none,
        "security.remove_app": none, "security.recovery_codes": none, "security.end_logins": none,
        "members.invite": {"email": f"{new_id()}@new.example", "name": "New", "role": "reader"},
        "members.resend": none, "members.withdraw": none, "members.change_role": seen | {"role": "billing"},
        "members.shut_out": seen, "members.end_logins": none, "members.reset_factors": none,
        "members.second_factor": {"wanted": "no"}, "api_clients.create": {"name": "New", "scopes": "orders:read"},
        "api_clients.update": seen | {"name": "Other", "scopes": "orders:read"}, "api_clients.add_secret": seen,
        "api_clients.add_key": seen | {"key": PUBLIC_KEY}, "api_clients.delete": seen,
        "api_clients.remove": {"version": "2"} | {"kind": "secret", "credential": ids.get("secret", "")},
        "api_clients.set_status": seen | {"status": "active"}, "sign_on.save": seen | provider,
        "sign_on.check": none, "sign_on.try_out": none, "sign_on.remove": seen,
        "sign_on.add_domain": {"domain": "new.example"}, "sign_on.verify_domain": {"id": ids.get("domain", "")},
        "sign_on.remove_domain": {"id": ids.get("domain", "")}, "sso.again": none, "support_access.grant": grant,
        "support_access.answer": {"answer": "yes", "hours": "1"}, "support_access.end": none, "privacy.export": none,
        "privacy.erase": {"email": mail}, "privacy.export_another": {"user": ids.get("colleague", "")},
        "privacy.erase_another": {"user": ids.get("colleague", ""), "their_email": f"carla@{t.canary}.example"},
        "support.attach": {"file": "letter.txt"},
    }  # fmt: skip
    return known[endpoint]


@cache
def fields_read() -> frozenset[str]:
    """The fields that the portal's code reads an id from, by their names in it."""
    names = set()
    for path in (ROOT / "portal").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("optional_id", "chosen_id")
            ):
                names |= {one.value for one in node.args[:1] if isinstance(one, ast.Constant)}
    return frozenset(names)


def routes(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            if rule.endpoint not in NOBODYS:
                yield rule, method


def unknown(app: Flask) -> Iterator[str]:
    """Addresses and fields that nothing here knows how to fill: a new one needs an entry above."""
    somebody: Any = Tenant("nobody", "direct", "", new_id(), ids={})
    for rule, method in routes(app):
        yield from (f"{rule}: which id is {name}?" for name in _ids_of(rule) if name not in PATHS)
        if method == "POST":
            try:
                forms(rule.endpoint, somebody)
            except KeyError:
                yield f"{rule}: there is no form for {rule.endpoint}"
    yield from (f"which id is the field {name}?" for name in sorted(fields_read() - set(FIELDS)))
    known = {rule.endpoint for rule in app.url_map.iter_rules()}
    yield from (f"{name} is no endpoint" for name in sorted((set(READ) | set(NOBODYS)) - known - {"static"}))


def _ids_of(rule: Rule) -> list[str]:
    """What stands in an address for something, whatever it looks like; not what is one of a few words."""
    return re.findall(r"<(?:\w+:)?(\w+)>", rule.rule)


def in_paths(rule: Rule, victim: Tenant) -> Iterator[tuple[str, dict[str, str]]]:
    """A stranger's id in each place of an address, and all of a stranger's at once, so that they fit each other."""
    known = ((name, PATHS[name]) for name in _ids_of(rule))
    theirs = {name: victim.ids[kind] for name, kind in known if kind is not None and kind in victim.ids}
    yield from ((name, {name: id}) for name, id in theirs.items())
    if len(theirs) > 1:
        yield "whole", theirs


def addresses(rule: Rule, me: Tenant, but: dict[str, str] | None = None) -> Iterator[str]:
    """An address with one's own ids, or others, in it; several where it has words to choose from."""

    def value(found: re.Match[str]) -> str:
        kind = PATHS[found[1]]
        others = (but or {}).get(found[1])
        return others or (me.offers.get(found[1], me.offers[PRO]) if kind is None else me.ids[kind])

    bare = re.sub(r"<(?:\w+:)?(\w+)>", value, rule.rule)
    words = re.search(r"<any\(([^)]*)\):\w+>", bare)
    for word in words[1].split(", ") if words else [""]:
        yield bare.replace(words[0], word) if words else bare


def cases(app: Flask, me: Tenant, victim: Tenant, *, every_field: bool) -> Iterator[Case]:
    """Every place of every address. With `every_field` each field goes to each address, read there or not."""
    for rule, method in routes(app):
        form = forms(rule.endpoint, me) if method == "POST" else None
        if method == "GET":
            yield from _own_page(rule, me)
        for place, put in in_paths(rule, victim):
            for at in addresses(rule, me, put):
                yield Case("portal", method, rule.rule, f"path {place}", at, form, put=frozenset(put.values()))
        theirs = {name: victim.ids[kind] for name, kind in FIELDS.items() if kind in victim.ids}
        named = [name for name in theirs if f'"{name}"' in code_of(app, rule.endpoint)] if every_field else []
        for name in dict.fromkeys([*(one for one in READ.get(rule.endpoint, ()) if one in theirs), *named]):
            yield _in_fields(rule, method, {name: theirs.pop(name)}, form, me)
        if every_field:
            yield _in_fields(rule, method, theirs, form, me)
        if method == "POST":
            again = (form or {}) | {"form_token": REPLAYED}
            yield Case("portal", method, rule.rule, "form token", next(addresses(rule, me)), again, may=QUIET)


def wanted(app: Flask, victim: Tenant) -> set[tuple[str, str, str]]:
    """Every place that must be tried at least once, as (method, route, place): all for which there is an id."""
    found = set()
    for rule, method in routes(app):
        found |= {(method, rule.rule, f"path {place}") for place, _ in in_paths(rule, victim)}
        where = "form" if method == "POST" else "query"
        read = READ.get(rule.endpoint, ())
        found |= {(method, rule.rule, f"{where} {name}") for name in read if FIELDS[name] in victim.ids}
    return found


def _own_page(rule: Rule, me: Tenant) -> Iterator[Case]:
    """One's own page is there, so that a stranger's is not missing for another reason."""
    if all(PATHS[name] is None or PATHS[name] in me.ids for name in _ids_of(rule)):
        may = {200, 303} | (RESELLERS.get(rule.endpoint, set()) if me.kind != "reseller" else set())
        for at in addresses(rule, me):
            yield Case("portal", "GET", rule.rule, "nothing", at, query=_asked(me), may=frozenset(may))


def _asked(me: Tenant) -> dict[str, str]:
    """A query of one's own that makes every page answer."""
    return {"offer": me.offers[PRO], "account": me.ids["account"], "quantity": "5", "format": "csv"}


def _in_fields(rule: Rule, method: str, theirs: dict[str, str], form: dict[str, str] | None, me: Tenant) -> Case:
    """A stranger's id in one field, or each of a stranger's in all fields that a page does not know."""
    at, name = next(addresses(rule, me)), next(iter(theirs)) if len(theirs) == 1 else "of other pages"
    known: dict[str, Any] = {
        "may": NOT_THERE if name in READ.get(rule.endpoint, ()) else QUIET, "kept": (rule.endpoint, name) in KEPT,
        "put": frozenset(theirs.values()),
    }  # fmt: skip
    if form is None:
        return Case("portal", method, rule.rule, f"query {name}", at, query=_asked(me) | theirs, **known)
    sent = form | theirs | {"form_token": str(new_id())}
    return Case("portal", method, rule.rule, f"form {name}", at, sent, **known)


@cache
def _text_of(module: str) -> str:
    return (ROOT / "portal" / f"{module}.py").read_text(encoding="utf-8")


def code_of(app: Flask, endpoint: str) -> str:
    """The code that answers at an address: the view's own module, and those of the portal that it imports from."""
    own = _text_of(inspect.unwrap(app.view_functions[endpoint]).__module__.removeprefix("portal."))
    return own + "".join(_text_of(name) for name in re.findall(r"^from \.(\w+) import", own, flags=re.MULTILINE))
