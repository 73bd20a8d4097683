"""What the provider's refusals mean for a customer: what is wrong and how to mend it, in our words.

A code that we do not know keeps the provider's own words, so that nothing is hidden.
"""

from __future__ import annotations

from typing import Any

from domains.kernel.errors import Refused, Said

WORDS = {
    "offer_unknown": Said("The provider no longer knows this offer. Choose another one from the catalogue."),
    "offer_ended": Said("The provider no longer sells this offer. Choose another one from the catalogue."),
    "quantity_out_of_range": Said("The provider does not sell this quantity. Choose another one."),
    "term_not_sold": Said("The provider no longer sells this term or billing cycle. Choose another one."),
    "currency_not_sold": Said("The provider does not sell this offer in the account's currency."),
    "prerequisite_missing": Said("Something that this offer needs is missing in the account. Order it first."),
    "capacity_exceeded": Said(
        "The provider has no capacity left for this at the moment. Order less, or try again later."
    ),
    "customer_unknown": Said("The provider does not know this account. Open a case and we will link it again."),
    "credit_blocked": Said(
        "The provider accepts no orders for this account at the moment. Open a case and we will help."
    ),
    "not_allowed_now": Said("The provider does not allow this change now."),
    "end_date_not_allowed": Said("The provider does not offer this last day. Choose another one."),
    "subscription_suspended": Said("It is suspended at the provider. Resume it first."),
    "addons_running": Said("Something that adds to it still runs. Cancel its add-ons first."),
    "plan_not_allowed": Said("The provider does not allow a change to this plan now. Choose another one."),
    "needs_auto_renew": Said("It does not renew, so there is no next term to plan for. Let it renew first."),
    "mode_not_offered": Said("The provider does not offer this for the end of the term. Choose another way."),
    "locked_before_renewal": Said("The end of the term is too near: the provider listens again after it."),
    "canceled": Said("The order was withdrawn at the provider before it was delivered."),
}


def refusal(code: str, message: str = "", *, kind: type[Refused] = Refused, **params: Any) -> Refused:
    """The provider's clear no as ours, of a `kind`, with its code. `message` is the provider's own text."""
    words = WORDS.get(code)
    if words is None:
        said_no = Said("The provider said no: “%(message)s”", message=message)
        words = said_no if message else Said("The provider said no and gave no reason.")
    return kind(words, code=code, **params)
