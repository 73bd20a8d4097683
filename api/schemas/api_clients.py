"""Programs on the wire: what each may do, and what is told of its secrets and keys, never the secrets themselves."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from . import Answer, Paged, Patch, Request, page_of
from .values import Choice, Int, Word, identifier, moment, text

SCOPE: dict[str, Any] = {"description": "A right, such as `orders:write`.", "examples": ["orders:read"]}
RIGHTS = {"description": "What the program may do: at most what you may do yourself."}


def rights(*, required: bool) -> fields.List:
    """The rights in a request."""
    word = text(40, pattern=r"^[a-z-]+:[a-z]+$|^operate$", **SCOPE)
    return fields.List(word, required=required, validate=validate.Length(1, 40), metadata=RIGHTS)


class ClientSecret(Answer):
    """What is known of a secret. We keep a digest of it only."""

    id = identifier()
    hint = fields.String(metadata={"description": "How it begins.", "examples": ["css_aB3d"]})
    created_at = moment()
    last_used_at = moment("To the minute; null while it was not used.", allow_none=True)


class ClientKey(Answer):
    """A public key with which a program proves who it is (`private_key_jwt`)."""

    id = identifier()
    kid = fields.String(attribute="hint")
    kind = fields.String(attribute="jwk.kty", metadata={"examples": ["EC"], "description": "RSA, EC or OKP."})
    created_at = moment()
    last_used_at = moment("To the minute; null while it was not used.", allow_none=True)


class ApiClient(Answer):
    """A program that may call the API for a customer."""

    id = fields.String(metadata={"description": "The `client_id`.", "examples": ["eu_3gT8"]})
    customer_id = identifier()
    name = fields.String()
    scopes = fields.List(fields.String(metadata=SCOPE))
    status = Word("active", "disabled")
    secrets = fields.List(fields.Nested(ClientSecret))
    keys = fields.List(fields.Nested(ClientKey))
    created_at = moment()
    last_used_at = moment("When it last got a token, to the minute.", allow_none=True)
    version = Int(metadata={"format": "int32"})


ApiClientList = page_of(ApiClient)


class ApiClientWithSecret(ApiClient):
    """A program with the secret that was just made for it."""

    secret = fields.String(
        allow_none=True,
        metadata={"description": "Told once: null in the answer to a repeated request, and when none was made."},
    )


class ApiClientQuery(Paged):
    """Which programs to list."""

    customer_id = identifier("Only this customer's.")


class ApiClientRequest(Request):
    """A program to make."""

    customer_id = identifier("For whom; your own organisation when left out.")
    name = text(120, required=True)
    scopes = rights(required=True)
    authentication = Choice(
        "ApiClientAuthentication", ("secret", "key"), load_default="secret",
        description="With `key` it gets no secret: add its public key next.",
    )  # fmt: skip


class ApiClientPatch(Patch):
    """What shall be different; what is left out stays."""

    name = text(120)
    scopes = rights(required=False)
    status = Choice(
        "ApiClientStatus", ("active", "disabled"), description="`disabled` ends its tokens within a second."
    )


class ClientKeyRequest(Request):
    """A public key to add."""

    key = text(8_000, required=True, lines=True, description="A JWK as JSON text, or PEM: RSA, EC P-256 or Ed25519.")
