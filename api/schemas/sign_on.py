"""Single sign-on on the wire: a customer's own provider, never its secret, and the e-mail domains that are its own."""

from __future__ import annotations

from marshmallow import fields

from domains.users.commands import JOINING_ROLES

from . import Answer, Patch, Request
from .values import Choice, Int, Word, identifier, moment, text

ISSUER = "What the provider calls itself, to the letter; for Entra ID with your own tenant id."


class SignOn(Answer):
    """The OpenID provider through which a customer's people sign in."""

    id = identifier("The customer's.")
    customer_id = identifier()
    issuer = fields.String(metadata={"examples": ["https://login.example.com"]})
    client_id = fields.String()
    role = Word(*JOINING_ROLES, description="Of people who join by themselves.")
    joins = fields.Boolean(metadata={"description": "Whether who has a verified address of a proved domain may join."})
    forced = fields.Boolean(metadata={"description": "Whether members come in by it only; owners keep their means."})
    trusted = fields.Boolean(metadata={"description": "Whether it stands for a second factor."})
    redirect_uri = fields.String(metadata={"description": "What the provider must know as our redirect URI."})
    created_at = moment()
    checked_at = moment("When the provider last said what it is.")
    version = Int(metadata={"format": "int32"})


class OfCustomer(Request):
    """Whose single sign-on."""

    customer_id = identifier("Of this customer; your own organisation when left out.")


class SignOnRequest(Request):
    """A provider to set up."""

    issuer = text(300, required=True, description=ISSUER)
    client_id = text(200, required=True)
    client_secret = text(500, required=True, description="Kept sealed, and told to nobody.")
    role = Choice("JoiningRole", JOINING_ROLES, load_default="reader")
    joins = fields.Boolean(load_default=False)
    trusted = fields.Boolean(load_default=False)


class SignOnPatch(Patch):
    """What shall be different; what is left out stays."""

    issuer = text(300, description=ISSUER)
    client_id = text(200)
    client_secret = text(500, description="Needed with another issuer or client id.")
    role = Choice("JoiningRole", JOINING_ROLES)
    joins = fields.Boolean()
    forced = fields.Boolean(metadata={"description": "Possible once somebody has come in by it."})
    trusted = fields.Boolean()


class SignOnCheck(Answer):
    """What the provider says of itself now."""

    unchanged = fields.Boolean(metadata={"description": "false: change the sign-on once, so that it is read anew."})


class SignOnDomain(Answer):
    """An e-mail domain, and the TXT record that proves whose it is."""

    id = identifier()
    customer_id = identifier()
    name = fields.String(metadata={"examples": ["example.com"]})
    record_name = fields.String(metadata={"examples": ["_cloudsales-challenge.example.com"]})
    record_value = fields.String(attribute="challenge")
    created_at = moment()
    verified_at = moment("null until it is proved.", allow_none=True)
    version = Int(metadata={"format": "int32"})


class SignOnDomainList(Answer):
    """All domains of a customer."""

    items = fields.List(fields.Nested(SignOnDomain))


class SignOnDomainRequest(Request):
    """A domain that is yours."""

    name = text(253, required=True, examples=["example.com"])
