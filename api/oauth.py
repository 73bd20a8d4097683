"""Access tokens for programs: OAuth2 client credentials (RFC 6749, 4.4), metadata (RFC 8414), keys (RFC 7517).

An app of its own, because its errors are OAuth's and never problem+json.
"""

from __future__ import annotations

import logging
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6749.errors import InvalidScopeError
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from flask import Flask, Response, jsonify, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from werkzeug.exceptions import HTTPException

from domains.kernel.config import Settings
from domains.kernel.crypto import digest
from domains.users import tokens
from gateway import spans

from . import headers
from .auth import public
from .spec import SCOPES

log = logging.getLogger(__name__)


class Program(ClientMixin):
    """An API client as Authlib asks about it."""

    def __init__(self, row: Any) -> None:
        self.row = row

    def get_client_id(self) -> str:
        return str(self.row.id)

    def check_client_secret(self, client_secret: str) -> bool:
        return digest(client_secret) in self.row.secrets

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return endpoint == "token" and method in Grant.TOKEN_ENDPOINT_AUTH_METHODS

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"

    def get_allowed_scope(self, scope: str | None) -> str:
        asked = set(scope.split()) if scope else set(self.row.scopes)
        return " ".join(sorted(asked & set(self.row.scopes)))


class Grant(ClientCredentialsGrant):
    """The only grant there is."""

    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]

    def validate_requested_scope(self) -> None:
        """Refuse a request of which nothing is allowed; what is granted of others is said in the answer."""
        if not self.request.client.get_allowed_scope(self.request.payload.scope):
            raise InvalidScopeError()


def create_app(settings: Settings) -> Flask:
    """Make the token endpoint and what clients discover about it."""
    app = Flask(__name__, static_folder=None)
    spans.watch(app)
    app.config.update(
        RATELIMIT_STORAGE_URI=settings.queue_url, RATELIMIT_ENABLED=settings.limits == "on",
        RATELIMIT_STORAGE_OPTIONS={"socket_connect_timeout": 0.2, "socket_timeout": 0.2},
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
    )  # fmt: skip
    server = AuthorizationServer(app, query_client=find_program, save_token=lambda token, asked: None)
    server.register_grant(Grant)
    server.register_token_generator("default", issue)
    app.config["LIMITER"] = limiter = Limiter(caller_key, app=app)  # an app keeps only a weak reference to it

    @app.post("/token")
    @limiter.limit("60 per minute")
    @public
    def issue_token() -> Response:
        return server.create_token_response()

    app.add_url_rule("/jwks.json", view_func=list_keys)
    app.add_url_rule("/oauth-authorization-server", view_func=public(lambda: metadata(settings)), endpoint="metadata")
    headers.register(app, settings)
    app.after_request(never_stored)
    app.register_error_handler(HTTPException, from_http)
    for busy in (OperationalError, NoConnectionFree):
        app.register_error_handler(busy, from_busy)
    return app


def from_http(error: HTTPException) -> Response:
    """What the framework says no to, in OAuth's form."""
    told = [(name, value) for name, value in error.get_headers() if name not in ("Content-Type", "Content-Length")]
    status = error.code or 500
    code = "server_error" if status >= 500 else "invalid_request"
    return refusal(status, code, error.description or "", told)


def from_busy(error: Exception) -> Response:
    """The database is away: no token for now."""
    log.warning("answered 503", exc_info=error)
    return refusal(503, "temporarily_unavailable", "Try again in a moment.", [("Retry-After", "2")])


def refusal(status: int, code: str, description: str, told: list[tuple[str, str]]) -> Response:
    response = jsonify(error=code, error_description=description)
    response.status_code = status
    response.headers.extend(told)
    return response


def find_program(client_id: str) -> Program | None:
    """The live program with this id."""
    found = tokens.live_client(client_id)
    return Program(found) if found is not None else None


def issue(*, client: Program, scope: str | None = None, **_: Any) -> dict[str, Any]:
    """An access token for a program that has proved itself."""
    return tokens.issue_access_token(client.row, client.get_allowed_scope(scope).split())


def caller_key() -> str:
    """Whom the limit counts: the program, and the place it calls from."""
    given = request.authorization
    return f"{(given.username if given else request.form.get('client_id')) or ''}@{get_remote_address()}"


@public
def list_keys() -> Response:
    """The keys that access tokens are signed with."""
    return jsonify(tokens.jwks())


def metadata(settings: Settings) -> Response:
    """What a client needs to know of this server (RFC 8414)."""
    address = settings.public_url
    return jsonify(
        issuer=address, token_endpoint=f"{address}/oauth2/token", jwks_uri=f"{address}/.well-known/jwks.json",
        grant_types_supported=["client_credentials"], response_types_supported=[],
        token_endpoint_auth_methods_supported=Grant.TOKEN_ENDPOINT_AUTH_METHODS, scopes_supported=sorted(SCOPES),
    )  # fmt: skip


def never_stored(response: Response) -> Response:
    """Tokens are not kept by anything on the way (RFC 6749 section 5.1)."""
    if request.path == "/token":
        response.headers["Cache-Control"] = "no-store"
    return response
