"""Partner Center's addresses: tokens, catalogue, customers, carts, orders, subscriptions, audit records."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, jsonify, request

from tests.brokered import SECRET

from .rules import No, Raw, made, patched, settle, shown, stamp, told, world

bp = Blueprint("v1", __name__)
control = Blueprint("control", __name__, url_prefix="/control")
PRODUCT, SKU, ITEM = "CFQ7TTC0LF8Q", "0001", "CFQ7TTC0LF8Q:0001:CFQ7TTC0K5DR"
PAGE = 2  # lists are short, so that pages are followed
SHEET = """ProductTitle,ProductId,SkuId,SkuTitle,Publisher,SkuDescription,UnitOfMeasure,TermDuration,BillingPlan,\
Market,Currency,UnitPrice,ERP Price,Segment
Contoso 365,CFQ7TTC0LF8Q,0001,Contoso 365 E3,Microsoft Corporation,Everything,1 License,P1Y,Monthly,US,USD,25.20,31.5,\
Commercial
Contoso 365,CFQ7TTC0LF8Q,0001,Contoso 365 E3,Microsoft Corporation,Everything,1 License,P1Y,Annual,US,USD,302.4,378,\
Commercial
Contoso 365,CFQ7TTC0LF8Q,0001,Contoso 365 E3,Microsoft Corporation,Everything,1 License,P1Y,Quantum,US,USD,no,1,\
Commercial
Contoso 365 for schools,CFQ7TTC0LF8R,0001,A3,Microsoft Corporation,Less,1 License,P1Y,Annual,US,USD,30,40,Education
"""


@bp.errorhandler(No)
def no(error: No) -> Any:
    return jsonify(error.body), error.status


@bp.post("/token")
def token() -> Any:
    login = request.authorization
    if not login or (login.username, login.password) != ("tests", SECRET) or "scope" not in request.form:
        return {"error": "invalid_client"}, 401
    return {"access_token": "good", "expires_in": 3600}


@bp.before_request
def let_in() -> Any:
    if not request.path.startswith("/v1"):
        return None
    if request.headers.get("Authorization") != "Bearer good":
        return {"code": 900420, "description": "Not authorized."}, 401
    if not request.headers.get("MS-CorrelationId"):
        raise No(400, 3000, "MS-CorrelationId is missing.")
    return None


def once(make: Callable[[Raw], tuple[Any, int]]) -> Any:
    """The same MS-RequestId gets the same answer; with another body it is refused."""
    request_id, said = request.headers.get("MS-RequestId", ""), request.get_json(silent=True) or {}
    print_of = json.dumps([request.path, said], sort_keys=True)
    if not request_id:
        raise No(400, 3000, "MS-RequestId is missing.")
    if request_id in world.requests:
        if world.requests[request_id][0] != print_of:
            raise No(400, 3000, "This MS-RequestId was used for another request.")
        return world.requests[request_id][1]
    answer = make(said)
    world.requests[request_id] = (print_of, (json.loads(json.dumps(answer[0])), *answer[1:]))
    return answer


def page(items: list[Raw]) -> Raw:
    """A page of a list; the next one is asked for with a token in a header."""
    at = int(request.headers.get("MS-ContinuationToken", "0"))
    links: Raw = {"self": {"uri": request.path.removeprefix("/v1")}}
    if len(items) > at + PAGE:
        token = [{"key": "MS-ContinuationToken", "value": str(at + PAGE)}]
        links["next"] = {"uri": request.full_path.removeprefix("/v1"), "method": "GET", "headers": token}
    return {"totalCount": len(items), "items": items[at : at + PAGE], "links": links}


@bp.get("/v1/sales/<path:sheet>")
def price_sheet(sheet: str) -> Response:
    return Response("\ufeff" + SHEET, mimetype="text/csv")


@bp.get("/v1/products/<product>/skus/<sku>")
def get_sku(product: str, sku: str) -> Any:
    if (product, sku) != (PRODUCT, SKU):
        raise No(404, 20000, "There is no such SKU.")
    return {"id": sku, "productId": product, "minimumQuantity": 1, "maximumQuantity": 300, "isTrial": False}


@bp.get("/v1/products/<product>/skus/<sku>/availabilities")
def availabilities(product: str, sku: str) -> Any:
    get_sku(product, sku)
    terms = [{"duration": "P1Y", "billingCycle": cycle} for cycle in ("Monthly", "Annual")]
    other = {"catalogItemId": "school", "segment": "Education", "terms": terms}
    return page([other, {"catalogItemId": ITEM, "segment": "Commercial", "terms": terms}])


@bp.get("/v1/customers")
def find_customers() -> Any:
    start = json.loads(request.args["filter"])["Value"]
    return page([one for one in world.customers.values() if one["companyProfile"]["domain"].startswith(start)])


@bp.post("/v1/customers")
def make_customer() -> Any:
    def make(said: Raw) -> tuple[Any, int]:
        customer = {"id": str(uuid4()), **said}
        world.customers[customer["id"]] = customer
        return customer, 201

    return once(make)


@bp.post("/v1/customers/<customer>/carts")
def make_cart(customer: str) -> Any:
    def make(said: Raw) -> tuple[Any, int]:
        cart = {"id": str(uuid4()), "status": "Active", "expirationTimeStamp": stamp(world.now() + timedelta(days=7)),
                **said}  # fmt: skip
        world.carts[cart["id"]] = cart
        return cart, 201

    return once(make)


@bp.post("/v1/customers/<customer>/carts/<cart_id>/checkout")
def check_out(customer: str, cart_id: str) -> Any:
    cart = world.carts.get(cart_id)
    if cart is None:
        raise No(404, 800008, "There is no such cart.")
    if cart["status"] != "Active":
        return cart["result"], 201  # a cart that was checked out before says the same again
    orders, errors = [], []
    for line in cart["lineItems"]:
        if line["friendlyName"] in world.refused or line["quantity"] > 300:
            told_no = {"orderGroupId": line["orderGroup"], "code": 800067, "description": "At most 300 seats."}
            errors.append(told_no)
            continue
        orders.append(ordered(customer, line))
    cart |= {"status": "Ordered", "result": {"orders": orders, "orderErrors": errors or None}}
    return cart["result"], 201


def ordered(customer: str, line: Raw) -> Raw:
    order = {
        "id": uuid4().hex[:12], "referenceCustomerId": customer, "status": "pending", "left": world.looks,
        "billingCycle": line["billingCycle"], "currencyCode": line["currencyCode"], "lineItems": [
            {"lineItemNumber": 0, "offerId": line["catalogItemId"], "subscriptionId": None, "transactionType": "New",
             **{name: line[name] for name in ("quantity", "termDuration", "friendlyName")}, "_line": line},
        ],
    }  # fmt: skip
    world.orders[order["id"]] = order
    return settled(order)


def settled(order: Raw) -> Raw:
    """An order as it stands: its subscription has an id once it was looked at often enough."""
    if order["status"] == "pending":
        if order["left"] <= 0:
            line = order["lineItems"][0]
            line["subscriptionId"] = made(order["referenceCustomerId"], line["_line"], order["id"])["id"]
            order["status"] = "completed"
        order["left"] -= 1
    lines = [{name: value for name, value in line.items() if name != "_line"} for line in order["lineItems"]]
    return {name: value for name, value in order.items() if name != "left"} | {"lineItems": lines}


@bp.get("/v1/customers/<customer>/orders")
def list_orders(customer: str) -> Any:
    own = [one for one in world.orders.values() if one["referenceCustomerId"] == customer]
    return page([settled(one) for one in own])


def subscription(customer: str, subscription_id: str) -> Raw:
    found = world.subscriptions.get(subscription_id)
    if found is None or found["customer"] != customer:
        raise No(404, 20003, "There is no such subscription.")
    return found


@bp.get("/v1/customers/<customer>/subscriptions")
def list_subscriptions(customer: str) -> Any:
    return page([shown(one) for one in world.subscriptions.values() if one["customer"] == customer])


@bp.get("/v1/customers/<customer>/subscriptions/<subscription_id>")
def get_subscription(customer: str, subscription_id: str) -> Any:
    found = subscription(customer, subscription_id)
    if subscription_id in world.pending:
        left, after = world.pending[subscription_id]
        world.pending[subscription_id] = (left - 1, after)
        if left <= 1:
            settle(found, world.pending.pop(subscription_id)[1])
    return shown(found)


@bp.patch("/v1/customers/<customer>/subscriptions/<subscription_id>")
def patch_subscription(customer: str, subscription_id: str) -> Any:
    found = subscription(customer, subscription_id)

    def make(said: Raw) -> tuple[Any, ...]:
        after = patched(found, said, request.headers.get("If-Match"))
        if world.looks:
            world.pending[subscription_id] = (world.looks, after)
            return {}, 202, {"Retry-After": "3", "Location": request.path}
        settle(found, after)
        return shown(found), 200

    return once(make)  # type: ignore[arg-type]


@bp.get("/v1/auditrecords")
def audit_records() -> Any:
    return page([one for one in world.audit if one["operationDate"] >= request.args.get("startDate", "")])


@control.put("/settings")
def set_settings() -> Any:
    said = request.get_json()
    world.looks, world.refused = said.get("looks", 0), said.get("refused", [])
    if not said:
        world.audit.clear()  # whose times may be ahead
    world.ahead = timedelta(days=said.get("days_ahead", 0))
    return {}


@control.put("/subscriptions/<subscription_id>")
def set_directly(subscription_id: str) -> Any:
    """What a customer, or Microsoft, does without us."""
    found = world.subscriptions[subscription_id]
    found.update(request.get_json())
    told(found, "update")
    return shown(found)


@control.get("/subscriptions")
def hold() -> Any:
    return {"items": [shown(one) for one in world.subscriptions.values()]}
