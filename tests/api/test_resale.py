"""A reseller sets what its end-customers pay; nobody but the reseller is ever told what it pays itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from importlib import import_module
from typing import Any
from uuid import UUID

import orjson
import pytest
from flask import Flask
from sqlalchemy import select

from domains import NAMES
from domains.kernel.database import new_id
from saga.transports import inline

from .program import Program, a_caller
from .test_whole_story import Client, an_end_customer, ordered
from .test_whole_story import transport as transport

pytestmark = pytest.mark.slow


def set_prices(reseller: Program, whose: str, **wish: Any) -> Any:
    """Set what one pays, or all, in the version that there is."""
    at = f"/resale-prices/{whose}"
    tag = reseller.get(at).headers["ETag"]
    return reseller.ask("PUT", at, wish, {"If-Match": tag, "Idempotency-Key": str(new_id())})


def amount(of: dict[str, Any]) -> Decimal:
    return Decimal(of["amount"])


def readable(customer: Client, held: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Every address of the API that a program can read, with the end-customer's own ids in it, and what it says."""
    for path, methods in customer.contract.document["paths"].items():
        names = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        if "get" not in methods or not names <= held.keys():
            continue
        asked = path.format(**held)
        answer = customer.get(
            asked + ("?month=2026-03-01" if "statement" in path else "?format=csv" if "export" in path else "")
        )
        yield asked, answer.text


def trails(customer_id: Any) -> Iterator[tuple[str, str]]:
    """What the audit trail of a customer tells, in each domain."""
    for name in NAMES:
        db = import_module(f"domains.{name}.models").db
        with db.begin_read() as session:
            query = select(db.audit_value.c.before, db.audit_value.c.after).join(
                db.audit_entry, db.audit_entry.c.id == db.audit_value.c.entry_id
            )
            rows = session.execute(query.where(db.audit_entry.c.customer_id == customer_id)).all()
        yield f"audit of {name}", orjson.dumps([list(row) for row in rows]).decode()


def secrets(reseller: Client, offer_ids: list[str]) -> set[str]:
    """Every amount that the reseller pays: for what was charged, and for what else is sold."""
    charges = reseller.get("/charges").json["items"]
    found = {str(one[name]["amount"]) for one in charges for name in ("unit_price", "amount")}
    plans = [plan for one in offer_ids for plan in reseller.get(f"/offers/{one}").json["plans"]]
    return (found | {plan["unit_price"]["amount"] for plan in plans}) - {"0.00"}


def check_hidden(told: dict[str, str], secret: set[str]) -> None:
    """Fail when something that was told holds an amount that the reseller pays, or its percentage."""
    minors = "|".join({one.replace(".", "").lstrip("0") for one in secret})
    for where, text in told.items():
        assert not [one for one in secret if f'"{one}"' in text or f"'{one}'" in text], where
        assert not re.search(rf"minor\W+({minors})\b", text), where
        assert "13.7" not in text and "markup" not in text.replace('markup_percent":null', ""), where


def test_an_end_customer_never_reads_what_its_reseller_pays(app: Flask, transport: inline.Transport) -> None:
    reseller, customer, account = an_end_customer(app, transport)
    own, theirs = (str(one.caller.customer_id) for one in (reseller, customer))  # type: ignore[union-attr]
    done = set_prices(reseller, own, markup_percent="13.7")
    preview, order = ordered(customer, account)
    line = order["lines"][0]
    at = f"/subscriptions/{line['subscription_id']}"
    more = [customer.do(f"{at}/change-quantity", {"quantity": quantity}) for quantity in (8, 6)]
    plan = customer.get(f"{at}/plans").json["items"][-1]
    more.append(customer.do(f"{at}/change-plan", {name: plan[name] for name in ("offer_id", "term", "billing_cycle")}))
    secret = secrets(reseller, [one["id"] for one in customer.get("/offers").json["items"][:5]] + [line["offer_id"]])
    held = {"offer_id": line["offer_id"], "order_id": order["id"], "subscription_id": line["subscription_id"],
            "account_id": account["id"], "customer_id": theirs}  # fmt: skip
    told = dict(readable(customer, held)) | dict(trails(UUID(theirs)))
    charges, paid = reseller.get("/charges").json["items"], customer.get("/charges").json["items"]

    assert (done.status_code, len(told) > 40, len(secret) > 5) == (200, True, True)
    assert amount(more[-1]["unit_price"]) > amount(reseller.get(at).json["reseller_price"]) > 0
    preview.pop("tax_estimate")  # a share of the customer's own price, which may look like a price of the reseller's
    check_hidden(told | {"preview": str(preview), "order": str(order), "more": str(more)}, secret)
    assert [one["resale_amount"] for one in charges] == [one["amount"] for one in paid]
    assert {one["resale_amount"] for one in paid} == {None}


def test_the_reseller_is_charged_its_own_price_and_reads_both(app: Flask, transport: inline.Transport) -> None:
    reseller, customer, account = an_end_customer(app, transport)
    own = str(reseller.caller.customer_id)  # type: ignore[union-attr]
    set_prices(reseller, own, markup_percent="100")
    _, order = ordered(customer, account)
    at = f"/subscriptions/{order['lines'][0]['subscription_id']}"
    customer.do(f"{at}/cancel", {"mode": "now"})

    sold, line = reseller.get(at).json, reseller.get(f"/orders/{order['id']}").json["lines"][0]
    why = reseller.get(f"/offers/{line['offer_id']}/price?account_id={account['id']}").json
    charges = reseller.get("/charges").json["items"]
    statement = reseller.get(f"/resale-statement?month={charges[0]['effective_on']}").json["items"]
    table = reseller.get(f"/resale-statement/csv?month={charges[0]['effective_on']}").text

    assert amount(sold["unit_price"]) == amount(sold["reseller_price"]) * 2
    assert line["reseller_price"] == sold["reseller_price"] == why["reseller"]["unit_price"]
    assert (why["reseller"]["margin_percent"], why["reseller"]["rule"]["markup_percent"]) == ("50", "100")
    assert [one["kind"] for one in charges] == ["cancel", "activation"]
    assert sum(amount(one["amount"]) for one in charges) == sum(amount(one["resale_amount"]) for one in charges) == 0
    assert [one["margin"]["amount"] for one in statement] == ["0.00"]
    assert len(table.splitlines()) == 3


def test_only_a_reseller_has_resale_prices_and_only_for_its_own(app: Flask, transport: inline.Transport) -> None:
    reseller, customer, _ = an_end_customer(app, transport)
    own, theirs = (str(one.caller.customer_id) for one in (reseller, customer))  # type: ignore[union-attr]
    other = Program(app, a_caller(new_id(), "reseller"))

    assert set_prices(reseller, own, markup_percent="25").status_code == 200
    assert set_prices(reseller, theirs, markup_percent=None, rules=[]).status_code == 200
    late = reseller.ask("PUT", f"/resale-prices/{own}", {"markup_percent": "9"},
                        {"If-Match": f'"{own}-0"', "Idempotency-Key": "late"})  # fmt: skip
    assert late.status_code in (409, 412)
    assert [one["id"] for one in reseller.get("/resale-prices").json["items"]] == [own, theirs]
    assert [one["version"] for one in reseller.get(f"/resale-prices/{own}/versions").json["items"]] == [1]
    assert customer.get("/resale-prices").json["items"] == []
    assert customer.get("/resale-statement?month=2026-03-01").json["items"] == []
    assert other.get("/resale-prices").json["items"] == []
    for whose in (own, theirs, str(UUID(int=5))):
        assert other.get(f"/resale-prices/{whose}").status_code == 404
        answer = other.ask("PUT", f"/resale-prices/{whose}", {"markup_percent": "1"},
                           {"If-Match": f'"{whose}-0"', "Idempotency-Key": whose})  # fmt: skip
        assert answer.status_code == 404
