"""Budgets on the wire: what an account may commit, what it is bound to pay, and what is to come."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from domains.accounts.commands import BEYOND

from . import Answer, Money, Paged, Patch, page_of
from .values import Int, Word, day, identifier


class BudgetMonth(Answer):
    """What a calendar month costs, net."""

    month = day("Its first day.", attribute="first")
    committed = fields.Nested(Money, metadata={"description": "What runs costs, until each term ends."})
    forecast = fields.Nested(Money, metadata={"description": "The same, if everything that renews is renewed."})


class Budget(Answer):
    """The limits of an account, and how it stands against them."""

    id = identifier("The account's.")
    customer_id = identifier()
    account_name = fields.String()
    currency = fields.String(metadata={"examples": ["EUR"]})
    budget = fields.Nested(Money, allow_none=True, metadata={"description": "What may be committed in a month."})
    commitment_limit = fields.Nested(
        Money, allow_none=True, metadata={"description": "What may be owed in all until the last term ends."}
    )
    beyond = Word(*BEYOND)
    alerts = fields.List(Int(), metadata={"description": "Percents of the budget at which owners are told."})
    committed = fields.Nested(Money, metadata={"description": "This month: what runs and what is held."})
    left = fields.Nested(Money, allow_none=True, metadata={"description": "Of the budget; null without one."})
    pending = fields.Nested(Money, metadata={"description": "Held for orders under way; part of `committed`."})
    to_term_end = fields.Nested(Money, metadata={"description": "All that is owed until each term ends."})
    commitment_left = fields.Nested(Money, allow_none=True)
    months = fields.List(fields.Nested(BudgetMonth), metadata={"description": "This month and eleven to come."})
    version = Int(metadata={"format": "int32", "description": "The account's."})


BudgetList = page_of(Budget)


class BudgetQuery(Paged):
    """Whose budgets to list."""

    customer_id = identifier("Only this customer's accounts.")


class BudgetPatch(Patch):
    """What shall be different; what is left out stays, null takes a limit away."""

    budget = fields.Nested(Money, allow_none=True)
    commitment_limit = fields.Nested(Money, allow_none=True)
    beyond = fields.String(validate=validate.OneOf(BEYOND))
    alerts = fields.List(fields.Integer(strict=True), validate=validate.Length(max=5))


def shown(outlook: Any) -> dict[str, Any]:
    """An outlook of `accounts` as its schema reads it."""
    account = outlook.account
    return {
        "id": account.id, "customer_id": account.customer_id, "account_name": account.name,
        "currency": account.currency, "budget": account.budget, "commitment_limit": account.commitment_limit,
        "beyond": account.when_beyond, "alerts": account.alert_percents, "committed": outlook.spend.committed,
        "left": outlook.spend.left, "pending": outlook.pending, "to_term_end": outlook.to_term_end,
        "commitment_left": outlook.commitment_left, "months": outlook.months, "version": account.version,
    }  # fmt: skip
