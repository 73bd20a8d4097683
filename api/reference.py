"""The API's reference for people: one page made from openapi.json, and one for each code of a problem.

Drawn here and not in the browser, so that it needs no script and obeys the same content security policy as the portal.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask, render_template

from domains.kernel.config import Settings
from gateway import doors, spans

from . import headers
from .auth import public
from .problems import CODES, title_of

ROOT = Path(__file__).parent.parent
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'"
Json = dict[str, Any]


class Row(NamedTuple):
    """One line of a table of fields."""

    name: str
    depth: int
    kind: str
    required: bool
    text: str


def create_app(settings: Settings) -> Flask:
    """Make the pages under /api/docs."""
    app = Flask(__name__, template_folder=str(ROOT / "templates"), static_folder=None)
    spans.watch(app)
    headers.register(app, settings)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.add_url_rule("/", view_func=show_reference, strict_slashes=False)
    app.add_url_rule("/problems/<code>", view_func=show_problem)
    doors.refuse_unmarked(app)
    return app


@public
def show_reference() -> Any:
    return _page(_drawn())


@public
def show_problem(code: str) -> Any:
    return _page(render_template("api/problem.html", code=code, title=title_of(code, 422), known=CODES.get(code)))


def _page(text: str) -> Any:
    return text, 200, {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}


@cache
def _drawn() -> str:
    """The reference page, drawn once: it is the same for everybody."""
    return render_template("api/docs.html", **reference())


@cache
def reference() -> Json:
    """What the page shows: the document in the order and the words that a reader needs."""
    document = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))
    groups: dict[str, Json] = {tag["name"]: {**tag, "operations": []} for tag in document["tags"]}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            groups[operation["tags"][0]]["operations"].append(Described(document, path, method, operation).page)
    return {"info": document["info"], "groups": list(groups.values()), "codes": CODES}


class Described:
    """One operation as the page shows it."""

    def __init__(self, document: Json, path: str, method: str, operation: Json) -> None:
        self.document, self.path, self.method, self.operation = document, path, method.upper(), operation

    @property
    def page(self) -> Json:
        parameters = [self.resolved(one) for one in self.operation.get("parameters", ())]
        body = self.operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        return {
            "id": self.operation["operationId"], "method": self.method, "path": self.path,
            "summary": self.operation["summary"], "description": self.description,
            "scope": next((one["oauth2"][0] for one in self.operation["security"] if one["oauth2"]), ""),
            "parameters": [self.parameter(one) for one in parameters],
            "body": self.rows(body) if body else [],
            "answers": [self.answer(status, one) for status, one in self.operation["responses"].items()],
            "curl": self.curl(parameters, body),
        }  # fmt: skip

    @property
    def description(self) -> str:
        """What is said beyond the summary."""
        text: str = self.operation["description"]
        return "" if text.rstrip(".") == self.operation["summary"] else text

    def resolved(self, thing: Json) -> Json:
        """The thing itself, or what its `$ref` points to."""
        found: Any = self.document if "$ref" in thing else thing
        for part in thing.get("$ref", "#").split("/")[1:]:
            found = found[part]
        return found

    def parameter(self, one: Json) -> Row:
        kind = self.kind(one["schema"])
        return Row(one["name"], 0, f"{one['in']}, {kind}", one.get("required", False), one.get("description", ""))

    def rows(self, schema: Json, depth: int = 0) -> list[Row]:
        """The fields of a schema, each followed by its own fields."""
        schema, found = self.resolved(schema), []
        for name, one in schema.get("properties", {}).items():
            required = name in schema.get("required", ())
            found.append(Row(name, depth, self.kind(one), required, one.get("description", "")))
            inner = next((part for part in map(self.resolved, self.parts(one)) if "properties" in part), None)
            found += self.rows(inner, depth + 1) if inner is not None and depth < 3 else []
        return found

    def parts(self, schema: Json) -> list[Json]:
        """What a schema is made of: itself, its alternatives, its items."""
        parts = [schema, *schema.get("anyOf", ())]
        return parts + [part["items"] for part in map(self.resolved, parts) if "items" in part]

    def kind(self, schema: Json) -> str:
        """The type of a value in a few words."""
        if "anyOf" in schema:
            return " or ".join(self.kind(one) for one in schema["anyOf"])
        if "$ref" in schema:
            found = self.resolved(schema)
            return self.kind(found) if "enum" in found else schema["$ref"].rpartition("/")[2]
        if schema.get("type") == "array":
            return f"list of {self.kind(schema['items'])}"
        words = schema.get("enum") or schema.get("x-extensible-enum")
        types = schema.get("type", "object")
        plain = types if isinstance(types, str) else " or ".join(types)
        detail = " | ".join(words) if words else schema.get("format", "")
        return f"{plain}: {detail}" if detail else plain

    def answer(self, status: str, answer: Json) -> Json:
        found = self.resolved(answer)
        schema: Json | None = next((one["schema"] for one in found.get("content", {}).values()), None)
        is_problem = schema is not None and schema.get("$ref", "").endswith("/Problem")
        rows = self.rows(schema) if schema and not is_problem else []
        return {"status": status, "text": found["description"], "rows": rows, "headers": list(found.get("headers", ()))}

    def curl(self, parameters: list[Json], body: Json | None) -> str:
        """The operation as a command line."""
        path = re.sub(r"\{(\w+)\}", lambda name: f"${name[1].upper()}", self.path)
        method = "" if self.method == "GET" else f"-X {self.method} "
        lines = [f"curl {method}$HOST/api/v1{path}", '-H "Authorization: Bearer $TOKEN"']
        samples = {"Idempotency-Key": '-H "Idempotency-Key: $(uuidgen)"', "If-Match": "-H 'If-Match: \"018f…-3\"'"}
        lines += [samples[one["name"]] for one in parameters if one["in"] == "header" and one.get("required")]
        if body:
            lines.append("-H 'Content-Type: application/json'")
            lines.append(f"-d '{json.dumps(self.sample(body), ensure_ascii=False, indent=2)}'")
        return " \\\n  ".join(lines)

    def sample(self, schema: Json) -> Any:
        """An example of a value; of an object only what must be there."""
        schema = self.resolved(schema.get("anyOf", [schema])[0])
        if "examples" in schema:
            return schema["examples"][0]
        if "properties" in schema:
            needed = [name for name in schema["properties"] if name in schema.get("required", ())]
            names = needed or list(schema["properties"])[:1]
            return {name: self.sample(schema["properties"][name]) for name in names}
        if schema.get("type") == "array":
            return [self.sample(schema["items"])]
        return schema["enum"][0] if "enum" in schema else SAMPLES.get(schema.get("format", ""), _plain(schema))


SAMPLES = {"uuid": "018f0000-0000-7000-8000-000000000000", "date": "2026-12-31", "date-time": "2026-12-31T23:00:00Z"}


def _plain(schema: Json) -> Any:
    types = schema.get("type", "string")
    samples = {"integer": max(schema.get("minimum", 1), 1), "boolean": True, "string": "…"}
    return samples.get(types if isinstance(types, str) else types[0], "…")
