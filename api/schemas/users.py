"""People and programs on the wire: who is asking, and who works for a customer."""

from __future__ import annotations

from marshmallow import fields

from . import Answer, Paged, Patch, Request, page_of
from .values import Choice, Int, Word, identifier, moment, text


class Preferences(Answer):
    """How a person wants things shown: four settings that do not depend on each other."""

    language = fields.String(metadata={"examples": ["en"]})
    formats = fields.String(metadata={"description": "How dates and numbers look.", "examples": ["en_GB"]})
    time_zone = fields.String(metadata={"examples": ["Europe/Amsterdam"]})
    theme = Word("auto", "light", "dark")
    drift_mail = Word("daily", "never", description="Whether an owner is told each morning of drift that waits.")


class Me(Answer):
    """Who is asking: a person or a program, for which customer, and with which rights."""

    id = fields.String(metadata={"description": "The id of the user or the API client."})
    kind = Word("user", "client")
    name = fields.String()
    customer_id = identifier("For whom it acts; null for the operator's staff.", allow_none=True)
    customer_name = fields.String()
    customer_kind = Word("direct", "reseller", "end_customer", "operator")
    scopes = fields.List(fields.String())
    preferences = fields.Nested(Preferences, allow_none=True, metadata={"description": "null for a program."})
    version = Int(metadata={"format": "int32"})


class MePatch(Patch):
    """What shall be different; what is left out stays."""

    name = text(200)
    language = text(8)
    formats = text(16)
    time_zone = text(60)
    theme = text(8)
    drift_mail = text(8)


class User(Answer):
    """A person, as a member of a customer. Of somebody invited, it holds what was typed to invite them."""

    id = identifier("The id of the user; until they accept, of the invitation.")
    customer_id = identifier()
    name = fields.String()
    email = fields.String()
    role = Word("owner", "buyer", "billing", "reader", "agent", "administrator")
    status = Word("invited", "active", "disabled", description="At this customer.")
    created_at = moment()
    expires_at = moment("Until when an invitation can be accepted; null for members.", allow_none=True)
    version = Int(metadata={"format": "int32"})


UserList = page_of(User)


class UserQuery(Paged):
    """Which people to list."""

    customer_id = identifier("Only this customer's.")


class WhichCustomer(Request):
    """At which customer, where somebody belongs to several that the caller may see."""

    customer_id = identifier("At this customer; else at the newest of those they belong to.")


class UserPatch(Patch):
    """What shall be different about a member. Their name and settings are their own."""

    role = text(20)
    status = Choice("MemberStatus", ("disabled",), description="Shuts the person out and ends their logins there.")


class InvitationRequest(Request):
    """Who is invited to which customer, in which role."""

    customer_id = identifier(required=True)
    email = text(320, required=True)
    name = text(200, required=True)
    role = text(20, required=True)


class Login(Answer):
    """Where somebody is signed in."""

    id = identifier()
    created_at = moment()
    last_seen_at = moment()
    expires_at = moment()
    ip = fields.String(metadata={"description": "The place: an IP address."})
    user_agent = fields.String(metadata={"description": "What the browser calls itself."})
    state = Word("active", "second_factor", "enrol", description="Not active: a second factor is still due.")


class LoginList(Answer):
    """All logins of somebody at a customer, newest first."""

    items = fields.List(fields.Nested(Login))


class EndedLogins(Answer):
    """The logins that ended."""

    ids = fields.List(fields.UUID())


class SecondFactorRequest(Request):
    """Whether all people of a customer need a second factor."""

    customer_id = identifier(required=True)
    required = fields.Boolean(required=True)


class SecondFactorRule(Answer):
    """Whether all people of a customer need a second factor."""

    customer_id = identifier()
    second_factor = Word("optional", "required")
