"""A program of a customer that calls the API, as the gateway lets it through. Every answer is held to the contract."""

from __future__ import annotations

import json
from functools import cache
from typing import Any
from uuid import UUID

from flask import Flask
from werkzeug.test import TestResponse

import api
from api.spec import SCOPES
from domains.kernel import assertion, config
from domains.kernel.database import new_id
from domains.kernel.tenancy import Actor, Caller, Scope
from domains.users.commands import DESK_SCOPES, RUN_SCOPES

from .contract import Contract


def a_caller(customer_id: UUID | None = None, kind: str = "direct", **but: Any) -> Caller:
    """An API client of a customer with every scope that a customer's program may have."""
    customer_id = customer_id or new_id()
    scope = Scope.reseller(customer_id) if kind == "reseller" else Scope.customer(customer_id)
    known: dict[str, Any] = {
        "actor": Actor("client", f"eu-{customer_id}", "ERP"), "scope": scope, "customer_id": customer_id,
        "customer_kind": kind, "customer_name": "Northwind Traders", "roles": (),
        "scopes": frozenset(SCOPES) - DESK_SCOPES, "login_id": "", "preferences": {},
    }  # fmt: skip
    return Caller(**known | but)


def a_runs_client(**but: Any) -> Caller:
    """An API client of the operator that may work on runs."""
    known = {"kind": "operator", "scope": Scope.operator(), "scopes": RUN_SCOPES, "customer_name": "Cloud Sales"}
    return a_caller(**known | {"actor": Actor("client", "eu-runs", "Runs desk")} | but)


class Program:
    """Calls the API as one caller; writes get a new Idempotency-Key unless one is given."""

    def __init__(self, app: Flask, caller: Caller | None) -> None:
        self.client, self.caller = app.test_client(), caller
        self.contract = contract_of(app)

    def ask(self, method: str, path: str, body: Any = None, headers: Any = (), **options: Any) -> TestResponse:
        sent = dict(headers)
        if self.caller is not None:
            sent[assertion.HEADER] = assertion.mint(config.current().assertion_key, self.caller, "api")
        if method in ("POST", "PATCH"):
            sent.setdefault("Idempotency-Key", str(new_id()))
        if body is not None:
            options["json"] = body
        sent = {name: value for name, value in sent.items() if value is not None}
        answer = self.client.open(path, method=method, headers=sent, **options)
        self.contract.check(method, path, answer)
        return answer

    def get(self, path: str, **headers: str) -> TestResponse:
        """GET; underscores in header names stand for hyphens."""
        return self.ask("GET", path, headers=_named(headers))

    def post(self, path: str, body: Any = None, **headers: str | None) -> TestResponse:
        return self.ask("POST", path, body, headers=_named(headers))

    def patch(self, path: str, body: Any = None, **headers: str | None) -> TestResponse:
        return self.ask("PATCH", path, body, headers=_named(headers))

    def delete(self, path: str, **headers: str | None) -> TestResponse:
        return self.ask("DELETE", path, headers=_named(headers))


def contract_of(app: Flask) -> Contract:
    """What an app promises, read once: the committed document, or what it describes of itself, as the probe does."""
    if "contract" not in app.extensions:
        described = app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
        app.extensions["contract"] = Contract(described) if described["paths"] else committed()
    known: Contract = app.extensions["contract"]
    return known


@cache
def committed() -> Contract:
    """The promise that is served, of which `tests/architecture/test_openapi.py` sees that it is the code's."""
    return Contract(json.loads(api.document_text()))


def _named(headers: dict[str, Any]) -> dict[str, Any]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
