"""Holds every answer that a test gets against the OpenAPI document: status, media type, headers and body."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from werkzeug.test import TestResponse


class Contract:
    """The document, ready to be asked about answers."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        paths = sorted(document["paths"].items(), key=lambda known: known[0].count("{"))
        self.paths = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), item) for path, item in paths]
        self.validator = cache(self._validator)

    def operation(self, method: str, path: str) -> dict[str, Any] | None:
        """The operation behind a request; literal paths come before those with parameters."""
        found = [item for pattern, item in self.paths if pattern.fullmatch(path.partition("?")[0])]
        candidates = [item[method.lower()] for item in found if method.lower() in item]
        return next(iter(candidates), None)

    def check(self, method: str, path: str, answer: TestResponse) -> None:
        """Fail when the document does not promise this answer."""
        operation = self.operation(method, path)
        if operation is None or answer.status_code >= 500:
            return
        name = f"{operation['operationId']} {answer.status_code}"
        assert str(answer.status_code) in operation["responses"], f"{name} is not documented: {answer.text}"
        promised = self._resolved(operation["responses"][str(answer.status_code)])
        content = promised.get("content", {})
        for header in promised.get("headers", {}):
            assert header in answer.headers or header == "Idempotent-Replayed", f"{name} lacks {header}"
        if not content:
            assert not answer.data, name
            return
        assert answer.mimetype in content, f"{name} is {answer.mimetype}"
        said = answer.json if answer.is_json else ""  # of a file only its kind is promised
        faults = list(self.validator(name, answer.mimetype, str(content[answer.mimetype]["schema"])).iter_errors(said))
        assert not faults, f"{name}: {[(fault.json_path, fault.message) for fault in faults]}"

    def _resolved(self, thing: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in thing:
            return thing
        found: Any = self.document
        for part in thing["$ref"].split("/")[1:]:
            found = found[part]
        return found

    def _validator(self, name: str, mimetype: str, _: str) -> Draft202012Validator:
        operation_id, status = name.split()
        operations = (one for item in self.document["paths"].values() for one in item.values())
        operation = next(one for one in operations if one.get("operationId") == operation_id)
        schema = self._resolved(operation["responses"][status])["content"][mimetype]["schema"]
        closed = {"allOf": [schema], "components": self.document["components"]}
        return Draft202012Validator(closed, format_checker=FormatChecker())
