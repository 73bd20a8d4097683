"""Sales prices: what the provider asks of us or of everybody, and our rules, by the price books a customer is on.

The most particular rule wins: one for the offer, then for its vendor, its category, everything; among those of one, the
order is `Rule.particularity`. Purchase prices go in here and come out only in the steps, which operators see.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from domains.kernel.money import UnitPrice

from .rules import Rule as Rule
from .rules import rounded_by

STANDARD_NAME = "Standard 2026"
STANDARD = (
    Rule("all", markup_percent=Decimal(25)),
    Rule("category", "Security", markup_percent=Decimal(30)),
    Rule("vendor", "Litware", markup_percent=Decimal(20)),
)


class Asked(NamedTuple):
    """What a price is asked for: a plan of an offer, at the provider's prices in a currency, and how many."""

    purchase: Decimal
    currency: str
    offer: str  # the provider's offer id
    vendor: str
    category: str
    term: str
    billing_cycle: str
    list_price: Decimal | None = None
    quantity: int = 1
    provider: str = ""


@dataclass(frozen=True)
class Step:
    """One step of how a price came about: where it starts, what is added or taken off, how it is rounded.

    `kind` is purchase, list, fixed, markup, discount, rounding, promotion or margin; `amount` the price after it.
    """

    kind: str
    amount: UnitPrice
    percent: Decimal | None = None
    name: str | None = None


@dataclass(frozen=True)
class Reckoned:
    """A price with the book and the rule it came by, and the steps of it."""

    unit_price: UnitPrice
    book: str
    rule: Rule
    steps: tuple[Step, ...]


class Prices:
    """A price book ready to be asked, as it stands on a day. Vendors and categories are matched without regard to case.

    Without a day, all rules hold.
    """

    def __init__(self, name: str, rules: Iterable[Rule], *, rounding: str = "minor", on: date | None = None) -> None:
        self.name, self.rounding = name, rounding
        self._rules: dict[tuple[str, str], list[Rule]] = {}
        for rule in rules:
            if on is None or rule.holds_on(on):
                self._rules.setdefault((rule.scope, rule.target.casefold()), []).insert(0, rule)
        for found in self._rules.values():
            found.sort(key=lambda rule: rule.particularity, reverse=True)  # stable: of equals, the last in the book

    def of(
        self, purchase: UnitPrice, *, offer: str, vendor: str, category: str, term: str, billing_cycle: str,
        list_price: UnitPrice | None = None, quantity: int = 1,
    ) -> UnitPrice | None:  # fmt: skip
        """The sales price of one plan, or None when no rule of the book covers it.

        `offer` is the provider's offer id; `quantity` chooses the tier. A discount off the list price holds only where
        the provider says one.
        """
        listed = list_price.amount if list_price is not None else None
        plan = (offer, vendor, category, term, billing_cycle)
        found = self.amount(Asked(purchase.amount, purchase.currency, *plan, listed, quantity))
        return UnitPrice(found, purchase.currency) if found is not None else None

    def amount(self, asked: Asked) -> Decimal | None:
        """The sales price and nothing else: for whoever asks for thousands of them."""
        rule = self._rule_for(asked)
        if rule is None:
            return None
        if rule.unit_price is not None:
            return rule.unit_price.amount
        _, start, exact, _ = self._exact(rule, asked)
        return rounded_by(rule.rounding or self.rounding, exact, asked.currency, start)

    def reckon(self, asked: Asked) -> Reckoned | None:
        """The sales price of a plan with the steps that lead to it, or None when no rule of the book covers it."""
        rule, currency = self._rule_for(asked), asked.currency
        if rule is None:
            return None
        if rule.unit_price is not None:
            return Reckoned(rule.unit_price, self.name, rule, (Step("fixed", rule.unit_price),))
        kind, start, exact, percent = self._exact(rule, asked)
        rounding = rule.rounding or self.rounding
        price = UnitPrice(rounded_by(rounding, exact, currency, start), currency)
        steps = (
            Step("list" if kind == "discount" else "purchase", UnitPrice(start, currency)),
            Step(kind, UnitPrice(exact, currency), abs(percent) if kind == "discount" else percent),
            Step("rounding", price, name=rounding),
        )
        return Reckoned(price, self.name, rule, steps)

    @staticmethod
    def _exact(rule: Rule, asked: Asked) -> tuple[str, Decimal, Decimal, Decimal]:
        """What a rule makes of a price before it is rounded: its kind, where it starts, the result, the percentage."""
        if rule.discount_percent is not None and asked.list_price is not None:
            percent = -rule.discount_percent
            return "discount", asked.list_price, asked.list_price * (100 + percent) / 100, percent
        percent = rule.markup_percent or Decimal(0)
        return "markup", asked.purchase, asked.purchase * (100 + percent) / 100, percent

    def tiers(self, asked: Asked) -> set[int]:
        """From how many units on other rules of the book may hold for a plan."""
        found = (rule for key in _keys(asked) for rule in self._rules.get(key, ()))
        plan = (asked.term, asked.billing_cycle, asked.currency)
        return {rule.min_quantity for rule in found if rule.fits(*plan, rule.min_quantity)}

    def _rule_for(self, asked: Asked) -> Rule | None:
        currency = asked.currency
        for key in _keys(asked):
            for rule in self._rules.get(key, ()):
                reckonable = rule.discount_percent is None or asked.list_price is not None
                if reckonable and rule.fits(asked.term, asked.billing_cycle, currency, asked.quantity):
                    return rule
        return None


def _keys(asked: Asked) -> tuple[tuple[str, str], ...]:
    """What rules may be for that hold for a plan, the most particular first."""
    named = ("offer", asked.offer), ("vendor", asked.vendor), ("category", asked.category)
    return (*((scope, target.casefold()) for scope, target in named), ("all", ""))
