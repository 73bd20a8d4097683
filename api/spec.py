"""How flask-smorest is made to describe this API so that generated clients are pleasant to use.

It overrides private methods of flask-smorest 0.47; the committed openapi.json shows what a newer release changes.
"""

from __future__ import annotations

from typing import Any

import flask_smorest
from flask_smorest.spec.plugins import FlaskPlugin

from domains.users.commands import CLIENT_SCOPES, DESK_SCOPES
from domains.users.commands import SCOPES as EVERY_SCOPE

from . import described
from .schemas.problems import Problem
from .schemas.values import choice_as_component

PROBLEM = "application/problem+json"
# what a program may be given, in the words of the one table
SCOPES = {scope: said for scope, said in EVERY_SCOPE.items() if scope in CLIENT_SCOPES | DESK_SCOPES}
SECURITY = {
    "type": "oauth2",
    "description": "Client credentials. A token lasts ten minutes; ask for the next one in time.",
    "flows": {"clientCredentials": {"tokenUrl": "/oauth2/token", "scopes": SCOPES}},
}
DESCRIPTION = """Sells the services of a cloud provider to business customers.

* Writes take an `Idempotency-Key`, changes also `If-Match`.
* What takes a while is answered with 202 and an operation that can be followed.
* Errors are RFC 9457 problems; branch on `code`.
* Lists are paged by `cursor`.
* Answers may gain fields and words at any time; accept those you do not know.
"""
OPTIONS = {
    "info": {
        "description": DESCRIPTION,
        "contact": {"name": "Open a case in the portal or with openCase"},
        "license": {"name": "Proprietary", "identifier": "LicenseRef-Proprietary"},
    },
    "servers": [{"url": "/api/v1", "description": "This installation"}],
    "security": [{"oauth2": []}],
}
CONFIG = {
    "API_TITLE": "Cloud Sales System",
    "API_VERSION": "1.0.0",
    "OPENAPI_VERSION": "3.1.0",
    "API_SPEC_OPTIONS": OPTIONS,
}


class PathParametersFirst(FlaskPlugin):
    """Puts path parameters into each operation, before all others, so that they come first in generated methods."""

    def path_helper(self, rule: Any, operations: dict[str, Any], parameters: list[Any], **kwargs: Any) -> str:
        found: list[Any] = []
        path: str = super().path_helper(rule, operations, found, **kwargs)
        for parameter in found:
            parameter["description"] = f"The id of the {parameter['name'].removesuffix('_id').replace('_', ' ')}."
        for operation in operations.values():
            operation["parameters"] = [*map(dict, found), *operation.get("parameters", [])]
        return path


class Api(flask_smorest.Api):
    """The OpenAPI document, with problems as errors and without what we do not use."""

    ERROR_SCHEMA = Problem
    DEFAULT_ERROR_RESPONSE_NAME = "Error"

    def __init__(self, app: Any) -> None:
        super().__init__(app, spec_kwargs={"flask_plugin": PathParametersFirst()})

    def _register_error_handlers(self) -> None:
        """Done by `api.errors`, which also maps what the domains raise."""

    def _register_responses(self) -> None:
        self.spec.components.security_scheme("oauth2", SECURITY)
        self.ma_plugin.converter.add_attribute_function(choice_as_component)
        for name, text in [*described.ERRORS.values(), ("Error", "Anything else that went wrong.")]:
            answer = {"description": text, "content": {PROBLEM: {"schema": Problem}}}
            self.spec.components.response(name, answer, lazy=True)

    def _register_etag_headers(self) -> None:
        for component, (name, required, text, schema) in described.HEADERS.items():
            parameter = {"name": name, "required": required, "description": text, "schema": schema}
            self.spec.components.parameter(component, "header", parameter, lazy=True)

    def _register_pagination_header(self) -> None:
        """Cursors are in the body."""
