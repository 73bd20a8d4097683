"""Every address of the portal, with a stranger's id in its path, and in every field that any page reads an id from."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from domains.kernel.database import new_id
from tests.api.test_customers import WISH

from .cases import NOT_THERE, Case
from .world import PRO, REPLAYED, ROOT, Tenant

# Which of a stranger's ids goes into a path, and into a field. None: the catalogue, and ids that are made anew.
PATHS = {
    "customer_id": "customer", "account_id": "account", "order_id": "order", "subscription_id": "subscription",
    "case_id": "case", "invoice_id": "invoice", "operation_id": "operation", "run_id": "operation", "offer_id": None,
}  # fmt: skip
FIELDS = {
    "account": "account", "customer": "customer", "subscription": "subscription", "order": "order",
    "parent": "subscription", "operation": "operation", "preview_id": "preview", "membership": "membership",
    "case_id": "case", "reply_id": "reply", "offer": None, "q": "order",
}  # fmt: skip
# Fields that an address reads: with a stranger's id there nothing is at this address.
READ = {
    "orders.new": ("parent",), "orders.check": ("account", "parent"),
    "orders.place": ("account", "parent", "preview_id"),
    "offers.show": ("account",), "support.new": ("account", "order", "subscription", "operation"),
    "support.create": ("account", "order", "subscription", "operation"), "changes.change": ("preview_id",),
    "organisations.accept": ("membership",), "organisations.work": ("membership",), "switch.switch": ("customer",),
}  # fmt: skip
NOBODYS = {  # and why no stranger's id can be put there
    "static": "files", "notifications.index": "the local mailbox, which production does not have",
    "notifications.letter": "the local mailbox, which production does not have",
    "login.show": "before anybody is known",
    "login.sign_in": "before anybody is known", "login.sign_out": "ends one's own login and takes no id",
    "styleguide.index": "made-up data, not in production", "styleguide.away": "made-up data, not in production",
}  # fmt: skip
QUIET = frozenset({200, 204, 303, 400, 404, 409, 422, 403})


def forms(endpoint: str, t: Tenant) -> dict[str, str]:
    """What a tenant types to get at its own."""
    ids, offer = t.ids, t.offers.get(PRO, "")
    address = {"street": "Keizersgracht 1", "city": "Amsterdam", "legal_name": "X B.V.", "version": "1"}
    order = {"offer": offer, "account": ids.get("account", ""), "plan": "P1Y.monthly", "quantity": "5"}
    known: dict[str, dict[str, str]] = {
        "customers.update": address, "customers.create": address | {k: v for k, v in WISH.items() if v},
        "users.update": {"language": "en", "formats": "en_GB", "time_zone": "UTC", "theme": "auto", "name": "x"},
        "users.theme": {"theme": "dark"}, "accounts.create": {"name": f"By {t.name}"},
        "accounts.update": {"name": f"By {t.name}", "version": "1"}, "orders.check": order,
        "orders.place": order | {"preview_id": ids.get("preview", "")}, "changes.check": {"quantity": "9"},
        "changes.change": {"quantity": "9", "mode": "now", "version": "1", "preview_id": ids.get("change_preview", "")},
        "support.create": {"subject": "x", "description": "x", "impact": "low", "case_id": str(new_id())},
        "support.reply": {"body": "x"}, "support.note": {"note": "x"}, "support.status": {"status": "resolved"},
        "operations.cancel": {}, "runs.intervene": {"op": "pause", "expected_rev": "0", "reason": "x"},
        "limits.update": {"currency": "EUR", "buyer": "90000"},
        "runs.retry_many": {"reason": "x"}, "switch.switch": {}, "organisations.accept": {},
        "organisations.decline": {}, "organisations.work": {},
    }  # fmt: skip
    return known[endpoint] | {"form_token": str(new_id())}


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
    return re.findall(r"<uuid:(\w+)>", rule.rule)


def addresses(rule: Rule, me: Tenant, but: dict[str, str] | None = None) -> Iterator[str]:
    """An address with one's own ids, or others, in it; several where it has words to choose from."""

    def value(found: re.Match[str]) -> str:
        kind = PATHS[found[1]]
        return (but or {}).get(found[1]) or (me.offers[PRO] if kind is None else me.ids[kind])

    bare = re.sub(r"<uuid:(\w+)>", value, rule.rule)
    words = re.search(r"<any\(([^)]*)\):\w+>", bare)
    for word in words[1].split(", ") if words else [""]:
        yield bare.replace(words[0], word) if words else bare


def cases(app: Flask, me: Tenant, victim: Tenant, *, every_field: bool) -> Iterator[Case]:
    """Every place of every address. With `every_field` each field goes to each address, read there or not."""
    for rule, method in routes(app):
        form = forms(rule.endpoint, me) if method == "POST" else None
        if method == "GET":
            yield from _own_page(rule, me)
        for name in _ids_of(rule):
            if (kind := PATHS[name]) is not None and kind in victim.ids:
                theirs = victim.ids[kind]
                for at in addresses(rule, me, {name: theirs}):
                    yield Case("portal", method, rule.rule, f"path {name}", at, form, put=frozenset({theirs}))
        for name, kind in FIELDS.items():
            must = name in READ.get(rule.endpoint, ())
            if kind in victim.ids and (must or every_field):
                yield _in_a_field(rule, method, name, victim.ids[kind], form, me, must)
        if method == "POST":
            again = (form or {}) | {"form_token": REPLAYED}
            yield Case("portal", method, rule.rule, "form token", next(addresses(rule, me)), again, may=QUIET)


def _own_page(rule: Rule, me: Tenant) -> Iterator[Case]:
    """One's own page is there, so that a stranger's is not missing for another reason."""
    if all(PATHS[name] is None or PATHS[name] in me.ids for name in _ids_of(rule)):
        may = {200, 303} | ({403} if rule.endpoint == "customers.new" and me.kind != "reseller" else set())
        for at in addresses(rule, me):
            query = {"offer": me.offers[PRO], "account": me.ids["account"], "quantity": "5"}
            yield Case("portal", "GET", rule.rule, "nothing", at, query=query, may=frozenset(may))


def _in_a_field(
    rule: Rule, method: str, name: str, theirs: str, form: dict[str, str] | None, me: Tenant, must: bool
) -> Case:
    at = next(addresses(rule, me))
    may, put = (NOT_THERE if must else QUIET), frozenset({theirs})
    if form is None:
        query = {"offer": me.offers[PRO], "account": me.ids["account"], "quantity": "5"} | {name: theirs}
        return Case("portal", method, rule.rule, f"query {name}", at, query=query, may=may, put=put)
    return Case(
        "portal",
        method,
        rule.rule,
        f"form {name}",
        at,
        form | {name: theirs, "form_token": str(new_id())},
        may=may,
        put=put,
    )
