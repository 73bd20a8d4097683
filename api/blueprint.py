"""A group of API operations: what they read, what they answer, and what the document says about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask_smorest
import orjson
from flask import Request, abort
from webargs.flaskparser import FlaskParser

from . import described, etags, kept


class Parser(FlaskParser):
    """Reads JSON strictly: another media type is 415; no body, NaN and broken Unicode are 400."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": None}  # as the schema says

    def _raw_load_json(self, req: Request) -> Any:
        body = req.get_data(cache=True)
        if body and not req.is_json:
            abort(415)
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            abort(400)


class Blueprint(flask_smorest.Blueprint):
    """Function views with one method each; a view's name is its operationId, its docstring its documentation."""

    ARGUMENTS_PARSER = Parser()

    def query(self, schema: Any) -> Any:
        """Read query parameters; wrong ones are answered with 400."""
        return self.arguments(schema, location="query", error_status_code=400)

    def response(self, status_code: int, schema: Any = None, *, etag: bool | str = False, **known: Any) -> Any:
        """Answer with a schema; with `etag` also say the version, or 304 when the client has it.

        `etag="body"` is for answers that change while their version does not (see `etags.tagged`).
        """
        if not etag:
            return super().response(status_code, schema, **known)
        dump = super().response(status_code, schema, headers={"ETag": described.ETAG}, **known)
        return lambda view: etags.tagged(dump(view), by_body=etag == "body")

    def kept(self, schema: Any, database: Any, *topics: str, gateway: int = 0) -> Any:
        """Answer with a list that is kept in the cache until one of the database's `topics` changes (see `kept`)."""
        dump = super().response(200, schema, headers={"ETag": described.LIST_ETAG})
        return lambda view: dump(kept.kept(view, schema(), database, topics, gateway))

    def add_url_rule(self, rule: str, endpoint: Any = None, view_func: Any = None, *args: Any, **options: Any) -> None:
        errors = _usual_errors(rule, view_func)
        if options.get("methods") == ["GET"] and "ETag" in str(view_func._apidoc):
            described.describe(view_func, parameters=["IfNoneMatch"], answers={304: {"description": "No change."}})
        described.describe(view_func, errors=errors)
        super().add_url_rule(rule, endpoint, view_func, *args, **options)

    def _store_endpoint_docs(self, endpoint: str, obj: Any, parameters: Any, tags: Any, **options: Any) -> None:
        methods = options.get("methods", ("GET",))
        if len(methods) != 1 or isinstance(obj, type):
            raise TypeError(f"{endpoint}: an operation is a function with one method")
        super()._store_endpoint_docs(endpoint, obj, parameters, tags, **options)
        info, scope = self._docs[endpoint][methods[0].lower()], getattr(obj, "requires", None)
        said = info["docstring"]
        info["docstring"] = {"description": said["summary"], **said, "summary": said["summary"].rstrip(".")}
        info["arguments"].pop("responses", None)  # their names depend on Python's version
        responses = info["response"]["responses"]
        info["response"]["responses"] = {status: responses[status] for status in sorted(responses)}
        manual = {"operationId": camel(endpoint), "security": [{"oauth2": [scope]}] if scope else []}
        info["manual_doc"] = {**info.get("manual_doc", {}), **manual}


def _usual_errors(rule: str, view: Callable[..., Any]) -> list[int]:
    arguments = getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", [])
    locations = {one["in"] for one in arguments if isinstance(one, dict)}
    errors = [429] if getattr(view, "public", False) else [401, 403, 429]
    errors += [400, 404, 413, 415, 422] if locations & {"json", "files"} else []
    errors += [400, 404] if "query" in locations else []
    return [*errors, *([404] if "<" in rule else [])]


def camel(name: str) -> str:
    """place_order → placeOrder."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
