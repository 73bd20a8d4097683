"""Staff who look at what is a customer's leave an entry in its trail: who, and where first, once in an hour."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Flask, before_render_template, g, request

from domains.kernel.messages import acting, cause_of
from domains.kernel.tenancy import Caller
from domains.users import commands, db

from .frame import is_staff

LISTS = (
    "/customers", "/cases", "/runs", "/operations", "/invoices/mismatches", "/switch", "/audit", "/users",
    "/api-clients", "/search", "/cases/_found", "/cases/_open",
)  # fmt: skip


def register(app: Flask) -> None:
    """Note each page that is drawn for staff, before it is drawn."""
    before_render_template.connect(note, app)


def note(_app: Flask, *, context: dict[str, Any], **_: Any) -> None:
    """Note whom a page is about, when staff reads it."""
    caller = g.get("caller")
    if caller is None or not is_staff(caller):
        return
    about, listed = shown(context, caller), request.path in LISTS and caller.customer_id is None
    if about or listed:
        with acting(**cause_of(caller)), db.begin() as session:
            for customer_id in sorted(about):
                commands.note_reading(session, customer_id=customer_id, path=request.path)
            if listed:
                home = UUID(caller.preferences["home_customer_id"])
                commands.note_reading(session, customer_id=home, path=request.path, each=True)


def shown(context: dict[str, Any], caller: Caller) -> set[UUID]:
    """The other customers that a page is about: for whom the reader acts, and whose thing it shows.

    A list over all customers, such as the queue of cases, is about none of them: it stands in the operator's own trail.
    """
    home = caller.preferences.get("home_customer_id")
    things = (caller, *context.values())
    found = [one.get("customer_id") if isinstance(one, dict) else getattr(one, "customer_id", None) for one in things]
    return {id for id in found if isinstance(id, UUID) and id.int and str(id) != home}
