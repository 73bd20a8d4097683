"""The rules of a price book: what each is for, from how many on, from when to when, and how its price is rounded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

from domains.kernel.errors import N_, Invalid
from domains.kernel.money import UnitPrice, precision

SCOPES = ("offer", "vendor", "category", "all")
ROUNDINGS = ("minor", "up_5", "up_1", "99")
MOST_PERCENT = Decimal(100_000)
LARGEST = Decimal(10) ** 12  # prices and percentages beyond are typing errors
_FIVE = Decimal(5)


@dataclass(frozen=True)
class Rule:
    """One rule of a price book: our cost plus a percentage, the list price less one, or a fixed price of one plan.

    `target` is the provider's offer id, the vendor's name or the category's name; empty for `all`. What is left out of
    `term`, `billing_cycle` and `currency` is any; `min_quantity` begins a tier, whose price holds for all units of a
    line; `valid_from` and `valid_to` are inclusive days. `rounding` is the book's unless given.
    """

    scope: str
    target: str = ""
    markup_percent: Decimal | None = None
    unit_price: UnitPrice | None = None
    term: str | None = None
    billing_cycle: str | None = None
    discount_percent: Decimal | None = None
    currency: str | None = None
    min_quantity: int = 1
    valid_from: date | None = None
    valid_to: date | None = None
    rounding: str | None = None

    def check(self) -> None:
        """Refuse a rule that could never be applied, or that would sell below nothing."""
        if self.scope not in SCOPES or bool(self.target) == (self.scope == "all"):
            raise _wrong(
                N_("A price rule is for one offer, vendor or category, or for all; not “%(said)s”."), said=self.scope
            )
        if sum(one is not None for one in (self.markup_percent, self.discount_percent, self.unit_price)) != 1:
            raise _wrong(N_("A price rule has a markup, a discount or a fixed price, and only one of them."))
        self._check_price()
        self._check_span()

    def _check_price(self) -> None:
        if self.unit_price is not None:
            if not (self.scope == "offer" and self.term and self.billing_cycle):
                raise _wrong(N_("A fixed price is for one plan: give the offer, the term and the billing cycle."))
            if not 0 <= self.unit_price.amount < LARGEST:
                raise _wrong(N_("A price below zero would pay the customer, and none is that high."))
            if self.currency not in (None, self.unit_price.currency):
                raise _wrong(N_("A fixed price has one currency: its own."))
        if self.markup_percent is not None and not -100 <= self.markup_percent <= MOST_PERCENT:
            raise _wrong(N_("A markup below −100 % would pay the customer, and none is that high."))
        if self.discount_percent is not None and not -MOST_PERCENT <= self.discount_percent <= 100:
            raise _wrong(N_("A discount above 100 % would pay the customer."))

    def _check_span(self) -> None:
        if not 1 <= self.min_quantity < 2**31:
            raise _wrong(N_("A tier begins at 1 or more."))
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise _wrong(N_("A rule ends after it begins."))
        if self.rounding not in (None, *ROUNDINGS):
            raise _wrong(N_("“%(said)s” is no rounding: use minor, up_5, up_1 or 99."), said=str(self.rounding))

    def holds_on(self, day: date) -> bool:
        """Whether the rule is in force on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)

    def fits(self, term: str, billing_cycle: str, currency: str, quantity: int) -> bool:
        """Whether the rule is for a plan in a currency, and for so many units."""
        return (
            quantity >= self.min_quantity
            and self.term in (None, term)
            and self.billing_cycle in (None, billing_cycle)
            and (self.unit_price.currency if self.unit_price else self.currency) in (None, currency)
        )

    @property
    def particularity(self) -> tuple[bool, int, int, date]:
        """How particular the rule is among those of one scope and target: a fixed price, then how much it names, then
        the higher tier, then the one that has begun later. What is equal in all goes by the order in the book: the
        last one wins."""
        named = sum(one is not None for one in (self.term, self.billing_cycle, self.currency))
        return self.unit_price is not None, named, self.min_quantity, self.valid_from or date.min


def _wrong(text: str, **values: str) -> Invalid:
    return Invalid(text, code="rule_invalid", field="rules", **values)


def rounded_by(rounding: str, exact: Decimal, currency: str, finest: Decimal) -> Decimal:
    """A price rounded as a book says; `finest` is how many decimals its source has.

    minor: half up to the currency's minor unit, or to as many decimals as the source has where that is finer (usage by
    the hour). up_5 and up_1: up to five minor units, or to a whole unit. 99: up to what ends in .99; where a currency
    has no decimals, as up_1. What is free stays free, and what costs less than a minor unit is not rounded up.
    """
    unit = finer = _unit(currency)
    if finest % unit:
        exponent = finest.normalize().as_tuple().exponent
        finer = Decimal(1).scaleb(exponent) if isinstance(exponent, int) else unit
    if rounding == "minor" or exact < unit or finer < unit:
        return exact.quantize(finer, rounding=ROUND_HALF_UP)
    if rounding == "up_5":
        return _up(exact, unit * _FIVE)
    whole = _up(exact, Decimal(1))
    if rounding == "up_1" or unit == 1:
        return whole
    below = whole - unit
    return below if below >= exact else below + 1


@cache
def _unit(currency: str) -> Decimal:
    return Decimal(1).scaleb(-precision(currency))


def _up(exact: Decimal, step: Decimal) -> Decimal:
    return (exact / step).to_integral_value(rounding=ROUND_CEILING) * step


def as_data(rule: Rule) -> dict[str, Any]:
    """A rule as it is kept in the history of its book; what is not said is left out."""
    kept = {name: getattr(rule, name) for name in rule.__dataclass_fields__ if name != "unit_price"}
    said = {
        name: str(one) if isinstance(one, (Decimal, date)) else one for name, one in kept.items() if one is not None
    }
    if rule.unit_price is not None:
        said |= {"amount": str(rule.unit_price.amount), "currency": rule.unit_price.currency}
    return said


def from_data(said: dict[str, Any]) -> Rule:
    """The rule that `as_data` has kept."""
    given = dict(said)
    amount = given.pop("amount", None)
    for name in ("markup_percent", "discount_percent"):
        given[name] = Decimal(given[name]) if name in given else None
    for name in ("valid_from", "valid_to"):
        given[name] = date.fromisoformat(given[name]) if name in given else None
    fixed = UnitPrice(Decimal(amount), given.pop("currency")) if amount is not None else None
    return Rule(**given, unit_price=fixed)
