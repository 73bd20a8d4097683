"""Access tokens for programs: OAuth2 client credentials (RFC 6749, 4.4), metadata (RFC 8414), keys (RFC 7517).

An app of its own, because its errors are OAuth's and never problem+json.
"""

from __future__ import annotations

import logging
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6749.authenticate_client import authenticate_client_secret_basic
from authlib.oauth2.rfc6749.errors import InvalidScopeError
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc7009 import RevocationEndpoint
from flask import Flask, Response, g, jsonify, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from werkzeug.exceptions import HTTPException

from domains.kernel import config
from domains.kernel.config import Settings
from domains.kernel.crypto import digest
from domains.kernel.places import place_of
from domains.users import commands, db, tokens
from gateway import doors, spans

from . import headers
from .auth import public
from .spec import SCOPES

log = logging.getLogger(__name__)


METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt"]
SIGNED = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
NOT_PROVEN = "The client is not known, is disabled, or has not proven who it is."


class Program(ClientMixin):
    """An API client as Authlib asks about it."""

    def __init__(self, row: Any) -> None:
        self.row = row

    def get_client_id(self) -> str:
        return str(self.row.id)

    def check_client_secret(self, client_secret: str) -> bool:
        hashed = digest(client_secret)
        g.credential = next((one for one in self.row.live if one.kind == "secret" and one.digest == hashed), None)
        g.why = "secret"
        return g.credential is not None

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return endpoint in ("token", "revocation") and method in METHODS

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"

    def get_allowed_scope(self, scope: str | None) -> str:
        asked = set(scope.split()) if scope else set(self.row.scopes)
        return " ".join(sorted(asked & set(self.row.scopes)))


class Grant(ClientCredentialsGrant):
    """The only grant there is."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def validate_requested_scope(self) -> None:
        """Refuse a request of which nothing is allowed; what is granted of others is said in the answer."""
        if not self.request.client.get_allowed_scope(self.request.payload.scope):
            raise InvalidScopeError()


class Revocation(RevocationEndpoint):
    """Gives a program's tokens back (RFC 7009): with one of them, all that it has."""

    CLIENT_AUTH_METHODS = METHODS

    def authenticate_token(self, request: Any, client: Any) -> Any:
        """The token, if this program still holds it; what is no token of its own is left alone and told nothing of."""
        self.check_params(request, client)
        given = request.form["token"]
        return given if tokens.own_token(given, client.row) else None

    def revoke_token(self, token: Any, request: Any) -> None:
        with db.begin() as session:
            commands.end_tokens(session, client_id=request.client.get_client_id())
        tokens.forget_epoch("client", request.client.get_client_id())


def by_key(query_client: Any, asked: Any) -> Any:
    """The program whose signed statement comes with a request (RFC 7523)."""
    text, named = asked.form.get("client_assertion", ""), asked.form.get("client_id")
    if asked.form.get("client_assertion_type") != SIGNED:
        return None
    client = query_client(tokens.claimed_client(text))
    if client is None or named not in (None, client.get_client_id()):
        return None
    try:
        g.credential = tokens.proven_by_key(text, client.row)
    except tokens.Untrue as no:
        g.why = no.why
        return None
    return client


def by_basic(query_client: Any, asked: Any) -> Any:
    """The program whose id and secret stand in the Authorization header; nobody's are no text at all."""
    try:
        return authenticate_client_secret_basic(query_client, asked)
    except UnicodeDecodeError:
        return None


def create_app(settings: Settings) -> Flask:
    """Make the token endpoint and what clients discover about it."""
    app = Flask(__name__, static_folder=None)
    spans.watch(app)
    server, limiter = server_of(app), limiter_of(app, settings)
    headers.register(app, settings)

    @app.post("/token")
    @limiter.limit("60 per minute")
    @limiter.shared_limit(**GUESSES)
    @public
    def issue_token() -> Response:
        return answered(server.create_token_response())

    @app.post("/revoke")
    @limiter.limit("60 per minute")
    @limiter.shared_limit(**GUESSES)
    @public
    def revoke_token() -> Response:
        return answered(server.create_endpoint_response("revocation"))

    app.add_url_rule("/jwks.json", view_func=list_keys)
    app.add_url_rule("/oauth-authorization-server", view_func=public(lambda: metadata(settings)), endpoint="metadata")
    app.after_request(never_stored)
    for error, handle in ((HTTPException, from_http), (OperationalError, from_busy), (NoConnectionFree, from_busy)):
        app.register_error_handler(error, handle)
    doors.refuse_unmarked(app)
    return app


def limiter_of(app: Flask, settings: Settings) -> Limiter:
    """What counts requests, in Redis, or here while that is away."""
    app.config.update(
        RATELIMIT_STORAGE_URI=settings.queue_url, RATELIMIT_ENABLED=settings.limits == "on",
        RATELIMIT_STORAGE_OPTIONS={"socket_connect_timeout": 0.2, "socket_timeout": 0.2},
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
    )  # fmt: skip
    app.config["LIMITER"] = limiter = Limiter(caller_key, app=app)  # an app keeps only a weak reference to it
    return limiter


def server_of(app: Flask) -> AuthorizationServer:
    """Authlib's server with the one grant, and with what programs prove themselves by."""
    server = AuthorizationServer(app, query_client=find_program, save_token=lambda token, asked: None)
    server.register_grant(Grant)
    server.register_token_generator("default", issue)
    server.register_endpoint(Revocation)
    server.register_client_auth_method("client_secret_basic", by_basic)
    server.register_client_auth_method("private_key_jwt", by_key)
    if config.current().token_key:
        tokens.jwks()  # one that cannot be read is told at the start
    return server


def answered(response: Response) -> Response:
    """The answer; a no to who somebody is has the same words whatever was wrong, which stands in the trail."""
    if response.status_code >= 400 and (response.get_json(silent=True) or {}).get("error") == "invalid_client":
        why = g.get("why", "client_unknown_or_disabled" if claimed() else "nothing_proven")
        tokens.note_refusal("users.refuse_client", why, client_id=claimed(), ip=get_remote_address())
        return refusal(401, "invalid_client", NOT_PROVEN, [("WWW-Authenticate", 'Basic realm="oauth2"')])
    return response


def claimed() -> str:
    """The program that a request says it comes from."""
    given = request.authorization
    basic = given.username if given and given.type == "basic" else None
    return basic or request.form.get("client_id") or tokens.claimed_client(request.form.get("client_assertion", ""))


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
    tokens.note_use(client.row, g.credential)
    return tokens.issue_access_token(client.row, client.get_allowed_scope(scope).split())


def caller_key() -> str:
    """Whom the limit counts: the program, and the place it calls from."""
    return f"{claimed()[:64]}@{place_key()}"


def place_key() -> str:
    """From where a request comes, as it is counted: of IPv6 its network, where each place has addresses enough."""
    return place_of(get_remote_address())


def is_unproven(response: Response) -> bool:
    """Whether the answer is a no to who somebody is."""
    return response.status_code == 401


# A program may be called anything: whoever guesses at many of them is counted by the place alone.
GUESSES: dict[str, Any] = {
    "limit_value": "100 per minute", "scope": "guesses", "key_func": place_key, "deduct_when": is_unproven,
}  # fmt: skip


@public
def list_keys() -> Response:
    """The keys that access tokens are signed with."""
    return jsonify(tokens.jwks())


def metadata(settings: Settings) -> Response:
    """What a client needs to know of this server (RFC 8414)."""
    address = settings.public_url
    return jsonify(
        issuer=address, token_endpoint=f"{address}/oauth2/token", revocation_endpoint=f"{address}/oauth2/revoke",
        jwks_uri=f"{address}/.well-known/jwks.json",
        grant_types_supported=["client_credentials"], response_types_supported=[],
        token_endpoint_auth_methods_supported=METHODS, revocation_endpoint_auth_methods_supported=METHODS,
        token_endpoint_auth_signing_alg_values_supported=tokens.ASSERTION_ALGORITHMS,
        revocation_endpoint_auth_signing_alg_values_supported=tokens.ASSERTION_ALGORITHMS,
        scopes_supported=sorted(SCOPES),
    )  # fmt: skip


def never_stored(response: Response) -> Response:
    """Tokens are not kept by anything on the way (RFC 6749 section 5.1)."""
    if request.path in ("/token", "/revoke"):
        response.headers["Cache-Control"] = "no-store"
    return response
