"""A small blueprint that stands for any operation, for what is the same in all of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Flask
from marshmallow import fields
from sqlalchemy import exc

import api
from api import described
from api.auth import public, requires
from api.blueprint import Blueprint
from api.etags import if_match
from api.schemas import Answer, Money, Paged, Request, listing, page_of
from api.schemas.values import Choice, Int, Word, count, identifier, moment, text
from domains.kernel import errors
from domains.kernel.config import Settings
from domains.kernel.paging import Page, checked_limit
from domains.kernel.tenancy import Caller

from .program import Program

blp = Blueprint("things", __name__, url_prefix="/things", description="Things.")


def every_error(view: Any) -> Any:
    """Document everything that `refuse_thing` is asked to say."""
    return described.describe(view, errors=described.ERRORS)


KINDS = {kind.__name__: kind for kind in (errors.Invalid, errors.NotFound, errors.Conflict, errors.Refused)}
TROUBLES = {
    "DataError": exc.DataError("INSERT", {}, Exception("The thing says no.")),
    "TimeoutError": exc.TimeoutError("The thing says no."),
}


class Part(Request):
    """A part of a thing."""

    quantity = count(1, 100, required=True)


class ThingRequest(Request):
    """What a thing shall be."""

    name = text(10, required=True)
    impact = Choice("Impact", ("low", "high"), load_default="low")
    price = fields.Nested(Money)
    parts = fields.List(fields.Nested(Part))


class Thing(Answer):
    """A thing."""

    id = identifier()
    name = fields.String()
    state = Word("new", "used")
    price = fields.Nested(Money, allow_none=True)
    at = moment(allow_none=True)
    version = Int()


class Seen(Answer):
    """The version a client has seen."""

    expected = Int(allow_none=True)


ThingList = page_of(Thing)


@blp.get("")
@requires("accounts:read")
@blp.query(Paged)
@blp.response(200, ThingList)
def list_things(wish: dict[str, Any]) -> Any:
    """List things."""
    checked_limit(wish["limit"])
    return listing(Page([], None))


@blp.get("/<uuid:thing_id>")
@requires("accounts:read")
@blp.response(200, Thing, etag=True)
def get_thing(thing_id: UUID) -> Any:
    """Get a thing."""
    return {"id": thing_id, "name": "A", "state": "brand_new", "price": None, "at": None, "version": 3}


@blp.post("")
@requires("accounts:write")
@blp.arguments(ThingRequest)
@blp.response(201, Thing)
def create_thing(wish: dict[str, Any]) -> Any:
    """Create a thing."""
    return {"price": None, **wish, "id": UUID(int=1), "state": "new", "at": None, "version": 1}


@blp.patch("/<uuid:thing_id>")
@requires("accounts:write")
@if_match()
@blp.response(200, Seen)
def update_thing(thing_id: UUID, expected_version: int | None) -> Any:
    """Change a thing."""
    return {"expected": expected_version}


@blp.get("/refusals/<kind>/<code>")
@public
@every_error
@blp.response(200, Thing)
def refuse_thing(kind: str, code: str) -> Any:
    """Refuse."""
    if kind in TROUBLES:
        raise TROUBLES[kind]
    raise KINDS.get(kind, RuntimeError)("The thing says no.", code=code, field="lines[0].quantity")


def an_app(settings: Settings) -> Flask:
    """The API of no domain, and the probe."""
    app = api.create_app(settings, ())
    app.extensions["flask-smorest"]["apis"][""]["ext_obj"].register_blueprint(blp)
    return app


def a_program(settings: Settings, caller: Caller | None) -> Program:
    return Program(an_app(settings), caller)
