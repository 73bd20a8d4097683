"""Drift on the wire: what stands otherwise at the provider, how it can be settled, and what accounts adopt."""

from __future__ import annotations

from marshmallow import fields

from . import Answer, Money, Paged, Request, page_of
from .orders import Failure
from .values import Choice, Int, Word, count, identifier, moment, text

KINDS = ("new", "changed", "canceled", "gone")
STATES = ("open", "settling", "case_opened", "ignored", "adopted", "reverted", "vanished")
FIELDS = ("state", "quantity", "valid_to", "auto_renew", "offer", "term", "billing_cycle")
DECISIONS = ("adopt", "revert", "case", "ignore")
RULES = ("nothing", "increases", "all")


class DriftDifference(Answer):
    """One fact that stands otherwise at the provider."""

    field = Word(*FIELDS)
    ours = fields.String(allow_none=True, metadata={"description": "Null: we do not have it.", "examples": ["20"]})
    theirs = fields.String(allow_none=True, metadata={"description": "Null: it is not there.", "examples": ["27"]})


class DriftChoice(Answer):
    """Whether a drift can be settled in this way now, and if not, why."""

    decision = Word(*DECISIONS)
    enabled = fields.Boolean()
    reason_code = fields.String(allow_none=True, metadata={"examples": ["has_ended"]})
    reason = fields.String(allow_none=True, metadata={"description": "For people."})


class Drift(Answer):
    """A subscription that stands otherwise at the provider than with us."""

    id = identifier()
    customer_id = identifier()
    account_id = identifier()
    account_name = fields.String()
    subscription_id = identifier("Null while we have none: it was bought directly.", allow_none=True)
    number = fields.String(allow_none=True)
    name = fields.String()
    provider = fields.String()
    provider_subscription_id = fields.String()
    kind = Word(*KINDS)
    differences = fields.List(fields.Nested(DriftDifference))
    state = Word(*STATES)
    found_at = moment()
    seen_at = moment("When it was last found to be still so.")
    ended_at = moment("When the difference was gone.", allow_none=True)
    decision = Word(*DECISIONS, allow_none=True)
    reason = fields.String(allow_none=True)
    settled_by = fields.String(allow_none=True)
    operation_id = identifier("Of whoever settles or has settled it.", allow_none=True)
    case_id = identifier(allow_none=True)
    error = fields.Nested(Failure, allow_none=True, metadata={"description": "Why the last try came to nothing."})
    choices = fields.List(fields.Nested(DriftChoice))
    adoption_cost = fields.Nested(
        Money, allow_none=True,
        metadata={"description": "What adopting it charges at once, net; null where the provider's bill must tell."},
    )  # fmt: skip
    version = Int(metadata={"format": "int32"})


DriftList = page_of(Drift)


class DriftQuery(Paged):
    """Which drift to list."""

    state = Choice("DriftFilter", ("standing", *STATES), description="`standing`: all that is still different.")
    kind = Choice("DriftKind", KINDS)
    account_id = identifier("Only this account's.")
    customer_id = identifier("Only this customer's.")
    subscription_id = identifier("Only this subscription's.")


class SettleDriftRequest(Request):
    """What shall become of a difference."""

    decision = Choice("DriftDecision", DECISIONS, required=True)
    reason = text(500, lines=True, description="Why; required for ignore, and kept with the decision.")


class DriftRule(Answer):
    """What an account adopts without asking anybody, and when it was compared last."""

    id = identifier("The account's.")
    account_name = fields.String()
    customer_id = identifier()
    adopt = Word(*RULES)
    compared_at = moment(allow_none=True)
    compared = count(description="Subscriptions that it had at the provider then.")
    standing = count(description="Of them stood otherwise than with us.")
    version = Int(metadata={"format": "int32"})


class DriftRuleList(Answer):
    """The rules of the accounts in sight."""

    items = fields.List(fields.Nested(DriftRule))


class DriftRulePatch(Request):
    """What an account shall adopt without asking."""

    adopt = Choice("DriftAdoption", RULES, required=True,
                   description="`increases`: more units of what it has; `all`: whatever can be adopted.")  # fmt: skip
