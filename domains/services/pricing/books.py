"""Sales prices: what the provider asks of us, plus our markup, by the price book that a customer is on.

The most particular rule wins: a fixed price for one plan, then the markup of the offer, of its vendor, of its category,
of everything. Purchase prices go in here and never come out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from domains.kernel.errors import Invalid
from domains.kernel.money import UnitPrice, precision

SCOPES = ("offer", "vendor", "category", "all")


@dataclass(frozen=True)
class Rule:
    """One rule of a price book: a markup in percent, or the fixed unit price of one plan of one offer.

    `target` is the provider's offer id, the vendor's name or the category's name; empty for `all`.
    """

    scope: str
    target: str = ""
    markup_percent: Decimal | None = None
    unit_price: UnitPrice | None = None
    term: str | None = None
    billing_cycle: str | None = None

    def check(self) -> None:
        """Refuse a rule that could never be applied, or that would sell below nothing."""
        if self.scope not in SCOPES or bool(self.target) == (self.scope == "all"):
            raise Invalid(f"A price rule is for one offer, vendor or category, or for all; not “{self.scope}”.")
        if (self.markup_percent is None) == (self.unit_price is None):
            raise Invalid("A price rule has a markup or a fixed price, and not both.")
        if self.unit_price is not None and not (self.scope == "offer" and self.term and self.billing_cycle):
            raise Invalid("A fixed price is for one plan: give the offer, the term and the billing cycle.")
        if self.markup_percent is not None and self.markup_percent < -100:
            raise Invalid("A markup below −100 % would pay the customer.")
        if self.unit_price is not None and self.unit_price.amount < 0:
            raise Invalid("A price below zero would pay the customer.")


STANDARD_NAME = "Standard 2026"
STANDARD = (
    Rule("all", markup_percent=Decimal(25)),
    Rule("category", "Security", markup_percent=Decimal(30)),
    Rule("vendor", "Litware", markup_percent=Decimal(20)),
)


class Prices:
    """A price book ready to be asked. Vendors and categories are matched without regard to case."""

    def __init__(self, name: str, rules: Iterable[Rule]) -> None:
        self.name = name
        self._fixed: dict[tuple[str, str | None, str | None, str], Decimal] = {}
        self._factors: dict[tuple[str, str], Decimal] = {}
        for rule in rules:
            if rule.unit_price is not None:
                plan = (rule.target, rule.term, rule.billing_cycle, rule.unit_price.currency)
                self._fixed[plan] = rule.unit_price.amount
            elif rule.markup_percent is not None:
                self._factors[rule.scope, rule.target.casefold()] = 1 + rule.markup_percent / 100

    def of(
        self, purchase: UnitPrice, *, offer: str, vendor: str, category: str, term: str, billing_cycle: str
    ) -> UnitPrice | None:
        """The sales price of one plan, or None when no rule of the book covers it.

        `offer` is the provider's offer id. Rounded half up to the currency's minor unit, or to as many decimals as the
        purchase price has where that is finer (usage by the hour).
        """
        fixed = self._fixed.get((offer, term, billing_cycle, purchase.currency))
        if fixed is not None:
            return UnitPrice(fixed, purchase.currency)
        for key in (("offer", offer), ("vendor", vendor), ("category", category), ("all", "")):
            factor = self._factors.get((key[0], key[1].casefold()))
            if factor is not None:
                exact = purchase.amount * factor
                return UnitPrice(exact.quantize(_step(purchase), rounding=ROUND_HALF_UP), purchase.currency)
        return None


def _step(purchase: UnitPrice) -> Decimal:
    exponent = purchase.amount.normalize().as_tuple().exponent
    finer = -exponent if isinstance(exponent, int) else 0
    return Decimal(1).scaleb(-max(precision(purchase.currency), finer))
