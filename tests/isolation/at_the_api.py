"""Every place in the API that takes an id, found in the description of it, with a stranger's id in each."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from domains.kernel.database import new_id
from tests.api.test_customers import WISH

from .buying import about_prices, before_an_order, many_at_once
from .cases import NOT_THERE, NOTHING_FOUND, Case
from .organisation import PUBLIC_KEY
from .world import CONNECTOR, PRO, REPLAYED, ROOT, Tenant

# Which of a stranger's ids goes into a path or query parameter. None: the catalogue is everybody's.
PARAMETERS = {
    "customer_id": "customer", "account_id": "account", "order_id": "order", "subscription_id": "subscription",
    "case_id": "case", "invoice_id": "invoice", "operation_id": "operation", "run_id": "operation",
    "resource_id": "order", "subject_id": "order", "offer_id": None, "price_book_id": None, "user_id": "colleague",
    "login_id": "login", "actor_id": "user", "invitation_id": "invitation", "client_id": "client",
    "secret_id": "secret", "key_id": "key", "domain_id": "domain", "support_grant_id": "grant", "grant_id": "grant",
    "attachment_id": "attachment", "audit_entry_id": "entry", "export_id": "export", "approval_id": "approval",
    "quote_id": "quote", "sync_id": None, "line_id": "cart_line", "owner_id": "colleague",
    "agreement_id": "agreement", "cart_id": "cart", "drift_id": "drift", "plan_id": "plan",
    "clock_id": "customer",
}  # fmt: skip
# And into a field of a body. Nobody's ids: a tax office's, and `client_id`, by which a customer's provider knows us.
FIELDS = {
    "account_id": "account", "customer_id": "customer", "reseller_id": "reseller", "preview_id": "preview",
    "lines[].parent_subscription_id": "subscription", "links[].id": "order", "resource_id": "order",
    "lines[].offer_id": None, "lines[].add_ons[].offer_id": None, "case_id": "case", "user_id": "colleague",
    "client_id": None, "tax_id": None, "base_line_id": "cart_line", "order_id": "order", "offer_id": None,
    "parent_subscription_id": "subscription",
}  # fmt: skip
STAFFS = {"getPriceBook", "listPriceBookVersions"}  # are there for the operator alone: not even one's own
MONTH = {"month": "2026-03-01"}
NEEDED = {
    "exportAuditEntries": {"format": "csv"},
    "getResaleStatement": MONTH,
    "downloadResaleStatementCsv": MONTH,
}  # what an address does not answer without
# Which case somebody means is a note for those who read it. Nothing is looked up by it, whichever id it is, and whoever
# goes there is asked whether the case is theirs. The domain that keeps it does not know cases.
KEPT = {("createSupportGrant", "case_id"): 201}
FORBIDDEN = {("createCustomer", "reseller_id"): 403}  # says who may onboard at all, whichever id is named
UNMADE = {"getSandbox": frozenset({404}), "getTestClock": frozenset({422})}  # nobody in this world has a sandbox
UNMADE |= dict.fromkeys(("getResalePrices", "listResalePriceVersions"), frozenset({404}))  # but for resellers
NOBODY: Any = Tenant("nobody", "direct", "", new_id(), ids={"customer": "", "reseller": ""})
CHANGES = ("changeQuantity", "cancelSubscription", "extendSubscription", "suspendSubscription", "resumeSubscription",
           "changePlan", "scheduleChange", "removeScheduledChange")  # fmt: skip


def bodies(operation: str, t: Tenant) -> list[dict[str, Any]]:
    """Bodies with which a tenant asks for its own: with all ids that the operation takes, in one of them at least."""
    ids, seats, addon = t.ids, t.offers.get(PRO), t.offers.get(CONNECTOR)
    plain = {"account_id": ids.get("account"), "lines": [{"offer_id": seats, "quantity": 5}]}
    more = {"offer_id": addon, "quantity": 1, "parent_subscription_id": ids.get("subscription")}
    linked = [{"kind": kind, "id": ids.get(kind)} for kind in ("order", "subscription", "account", "operation")]
    case = {"subject": f"Of {t.name}", "description": "…", "account_id": ids.get("account")}
    change = {"preview_id": ids.get("change_preview")}
    newcomer = WISH | {"name": f"New of {t.name}", "owner_email": f"{new_id()}@new.example"}
    known: dict[str, list[dict[str, Any]]] = {
        "createCustomer": [newcomer | {"reseller_id": ids["reseller"]}],
        "updateCustomer": [{"tax_id": "NL123456789B02"}],
        "updateMe": [{"theme": "dark"}], "createAccount": [{"name": f"Of {t.name}", "customer_id": ids["customer"]}],
        "updateAccount": [{"cost_centre": "x"}], "closeAccount": [{}], "updateBudget": [{"beyond": "warn"}],
        "updateCase": [{"status": "resolved"}], "addReply": [{"body": "x"}],
        "previewOrder": [plain, plain | {"lines": [more]}],
        "placeOrder": [plain | {"lines": [more]}, plain | {"preview_id": ids.get("preview")}],
        "previewSubscriptionChange": [{"action": "change_quantity", "quantity": 9}],
        "changeQuantity": [change | {"quantity": 9}], "cancelSubscription": [change | {"mode": "now"}],
        "extendSubscription": [change | {"valid_to": t.last_day}], "cancelOperation": [{}],
        "suspendSubscription": [change], "resumeSubscription": [change], "removeScheduledChange": [{}],
        "changePlan": [change | {"term": "P3Y"}, {"offer_id": seats, "term": "P3Y"}],
        "scheduleChange": [change | {"quantity": 9}, {"offer_id": seats, "quantity": 9}],
        "setEndOfTerm": [{"mode": "cancel"}], "giveDecision": [{"user_id": ids.get("colleague")}],
        "openCase": [case | {"links": [link]} for link in linked],
        "intervene": [{"op": "pause", "expected_rev": 0, "reason": "x"}],
        "setApprovalLimit": [{"role": "buyer", "limit": {"amount": "90000.00", "currency": "EUR"}}],
        "retryRuns": [{"reason": "x", "customer_id": ids["customer"], "resource_id": ids.get("order")}],
    }  # fmt: skip
    known |= before_an_order(t, plain, more) | about_prices(t) | many_at_once(t)
    return known[operation] if operation in known else of_the_organisation(operation, t)


def of_the_organisation(operation: str, t: Tenant) -> list[dict[str, Any]]:
    """The same for people, programs and what else an organisation looks after."""
    ids, provider = t.ids, {"issuer": "https://127.0.0.1", "client_id": "x", "client_secret": "x"}
    newcomer = {"email": f"{new_id()}@new.example", "name": "New", "role": "reader", "customer_id": ids["customer"]}
    grant = {"hours": 1, "reason": "x", "customer_id": ids["customer"], "case_id": ids.get("case")}
    known: dict[str, list[dict[str, Any]]] = {
        "updateUser": [{"role": "billing"}], "endLogin": [{}], "endLogins": [{}], "resetFactors": [{}],
        "requireSecondFactor": [{"customer_id": ids["customer"], "required": False}],
        "createInvitation": [newcomer], "resendInvitation": [{}], "withdrawInvitation": [{}],
        "createApiClient": [{"name": "New", "scopes": ["orders:read"], "customer_id": ids["customer"]}],
        "updateApiClient": [{"name": "Other"}], "deleteApiClient": [{}], "addApiClientSecret": [{}],
        "removeApiClientSecret": [{}], "addApiClientKey": [{"key": PUBLIC_KEY}], "removeApiClientKey": [{}],
        "createSignOn": [provider], "updateSignOn": [{"joins": False}], "removeSignOn": [{}], "checkSignOn": [{}],
        "addSignOnDomain": [{"name": "new.example"}], "verifySignOnDomain": [{}], "removeSignOnDomain": [{}],
        "createSupportGrant": [grant], "answerSupportGrant": [{"allow": True}], "endSupportGrant": [{}],
        "exportPersonData": [{"user_id": ids.get("colleague")}], "erasePersonData": [{"user_id": ids.get("colleague")}],
        "addAttachment": [{"file": "letter.txt"}],
        "createSandbox": [{}], "advanceTestClock": [{"days": 1}], "setSandboxFaults": [{"faults": []}],
        "clearSandboxFaults": [{}],
    }  # fmt: skip
    return known[operation]


@cache
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "openapi.json").read_text())
    return found


def operations(doc: dict[str, Any] | None = None) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in (doc or document())["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def resolved(doc: dict[str, Any], thing: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in thing:
        _, *steps = thing["$ref"].split("/")
        thing = doc
        for step in steps:
            thing = thing[step]
    return thing


def ids_in(doc: dict[str, Any], schema: dict[str, Any], at: str = "") -> Iterator[str]:
    """The places of a body that hold an id, as `lines[].offer_id`."""
    schema = resolved(doc, schema)
    if schema.get("format") == "uuid" or at.endswith("_id"):
        yield at
    for name, inner in schema.get("properties", {}).items():
        yield from ids_in(doc, inner, f"{at}.{name}" if at else name)
    if "items" in schema:
        yield from ids_in(doc, schema["items"], f"{at}[]")
    for inner in (one for word in ("oneOf", "anyOf", "allOf") for one in schema.get(word, ())):
        yield from ids_in(doc, inner, at)


def places(doc: dict[str, Any], operation: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Where an operation takes an id: (path | query | body, name)."""
    for parameter in (resolved(doc, one) for one in operation.get("parameters", ())):
        schema, name = resolved(doc, parameter["schema"]), parameter["name"]
        inner = resolved(doc, schema.get("items", {}))
        is_id = "uuid" in (schema.get("format"), inner.get("format")) or name.endswith("_id") or name == "cursor"
        if is_id or parameter["in"] == "path":
            yield parameter["in"], name
    for content in operation.get("requestBody", {}).get("content", {}).values():
        for place in dict.fromkeys(ids_in(doc, content["schema"])):
            yield "body", place


def unknown(doc: dict[str, Any]) -> Iterator[str]:
    """Places and bodies that nothing here knows how to fill: a new one needs an entry above."""
    for path, method, operation in operations(doc):
        name = operation["operationId"]
        for where, place in places(doc, operation):
            if place != "cursor" and place not in (FIELDS if where == "body" else PARAMETERS):
                yield f"{method} {path}: nobody knows which id to put into {where} {place}"
        if method != "GET":
            try:
                bodies(name, NOBODY)
            except KeyError:
                yield f"{method} {path}: there is no body for {name}"


def cases(me: Tenant, victim: Tenant) -> Iterator[Case]:
    """Every place of every operation, with the victim's id there and one's own everywhere else."""
    doc = document()
    for path, method, operation in operations():
        name, found = operation["operationId"], list(places(doc, operation))
        own = bodies(name, me) if "requestBody" in operation or method != "GET" else [None]
        for where, place in found:
            if where == "body":
                yield from _in_bodies(path, method, name, place, own, me, victim)
            elif place == "cursor":
                theirs = victim.cursors.get(path, "x")
                yield Case("api", method, path, "query cursor", filled(path, me), query={"cursor": theirs},
                           may=frozenset({200, 400, 404}), put=frozenset({theirs}))  # fmt: skip
            elif (kind := PARAMETERS[place]) is not None and kind in victim.ids:
                yield _in_address(path, method, where, place, own[0], me, victim.ids[kind], NEEDED.get(name, {}))
        theirs = {one: victim.ids[PARAMETERS[one] or ""] for one in _in_path(path) if PARAMETERS[one] in victim.ids}
        if len(theirs) > 1:
            yield _in_whole_address(path, method, own[0], me, theirs)
        if method == "GET" and all(PARAMETERS[one] is None or PARAMETERS[one] in me.ids for one in _in_path(path)):
            yield Case("api", method, path, "nothing", filled(path, me), query=NEEDED.get(name, {}),
                       may=frozenset({404 if name in STAFFS else 200}) | UNMADE.get(name, frozenset()))  # fmt: skip
        if method == "POST" and found_header(doc, operation, "Idempotency-Key"):
            may = {FORBIDDEN[name, "reseller_id"]} if name == "createCustomer" else set()
            for body in own:
                yield Case("api", method, path, "header Idempotency-Key", filled(path, me), body,
                           headers={"Idempotency-Key": REPLAYED}, may=ANSWERED | may)  # fmt: skip


def wanted(victim: Tenant) -> set[tuple[str, str, str]]:
    """Every place that must be tried at least once, as (method, route, place): all for which there is an id."""
    found = set()
    for path, method, operation in operations():
        for where, place in places(document(), operation):
            kind = "" if place == "cursor" else (FIELDS if where == "body" else PARAMETERS)[place]
            if kind is not None and (not kind or kind in victim.ids):
                found.add((method, path, f"{where} {place}"))
        if sum(PARAMETERS[one] in victim.ids for one in _in_path(path)) > 1:
            found.add((method, path, "path whole"))
    return found


ANSWERED = frozenset(range(200, 500)) - {401, 403, 404}  # whatever it is: it was found, and it was one's own


def found_header(doc: dict[str, Any], operation: dict[str, Any], name: str) -> bool:
    return any(resolved(doc, one)["name"] == name for one in operation.get("parameters", ()))


def _headers() -> dict[str, str]:
    """Whatever version there is; and a key of its own, which some operations other than POST want, too."""
    return {"If-Match": "*", "Idempotency-Key": str(new_id())}


def _in_bodies(
    path: str, method: str, name: str, place: str, own: list[Any], me: Tenant, victim: Tenant
) -> Iterator[Case]:
    kind = "change_preview" if name in CHANGES and place == "preview_id" else FIELDS[place]
    for body in own if kind is not None else ():
        for wish, theirs in replaced(body, place, kind, victim):
            may = frozenset({FORBIDDEN.get((name, place), 404)}) | (NOTHING_FOUND if name == "retryRuns" else NOT_THERE)
            may = frozenset({KEPT[name, place]}) if (name, place) in KEPT else may
            yield Case("api", method, path, f"body {place}", filled(path, me), wish, may=may, put=frozenset({theirs}),
                       headers=_headers(), kept=(name, place) in KEPT)  # fmt: skip


def replaced(body: Any, place: str, kind: str, victim: Tenant) -> Iterator[tuple[Any, str]]:
    """The body with the victim's id at a place, if the body has that place."""
    steps = re.split(r"\.", place.replace("[]", ".0"))
    wish = copy.deepcopy(body)
    inner = wish
    for step in steps[:-1]:
        inner = (
            inner[int(step)]
            if step.isdigit() and len(inner)
            else inner.get(step, {})
            if isinstance(inner, dict)
            else {}
        )
    if not isinstance(inner, dict) or steps[-1] not in inner:
        return
    theirs = victim.ids.get(inner["kind"] if place == "links[].id" else kind)
    if theirs is not None:
        inner[steps[-1]] = theirs
        yield wish, theirs


def _in_address(
    path: str, method: str, where: str, place: str, body: Any, me: Tenant, theirs: str, needed: dict[str, str]
) -> Case:
    headers = _headers() if method != "GET" else {}
    if where == "path":
        address = filled(path, me, {place: theirs})
        return Case("api", method, path, f"path {place}", address, body, headers=headers, put=frozenset({theirs}))
    may = NOTHING_FOUND if method == "GET" else NOT_THERE
    return Case("api", method, path, f"query {place}", filled(path, me), body, query=needed | {place: theirs}, may=may,
                headers=headers, put=frozenset({theirs}))  # fmt: skip


def _in_whole_address(path: str, method: str, body: Any, me: Tenant, theirs: dict[str, str]) -> Case:
    """All ids of an address are a stranger's, so that they fit each other."""
    headers = _headers() if method != "GET" else {}
    address, put = filled(path, me, theirs), frozenset(theirs.values())
    return Case("api", method, path, "path whole", address, body, headers=headers, put=put)


def _in_path(path: str) -> list[str]:
    return re.findall(r"{(\w+)}", path)


def filled(path: str, me: Tenant, but: dict[str, str] | None = None) -> str:
    """An address with one's own ids, or others, in it."""

    def value(found: re.Match[str]) -> str:
        kind = PARAMETERS[found[1]]
        others = (but or {}).get(found[1])
        return others or (me.offers.get(found[1], me.offers[PRO]) if kind is None else me.ids[kind])

    return re.sub(r"{(\w+)}", value, path)
