"""Promotions: what a provider takes off for a while, for whom, and why a line does not get it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domains.kernel.money import UnitPrice

from .books import Asked
from .rules import rounded_by


@dataclass(frozen=True)
class Promotion:
    """What a provider takes off. An amount is per unit and billing cycle in its currency; days are inclusive.

    A line of more than `max_quantity` gets nothing off, not even for a part of it. `first_purchase`: only for a
    customer that has never had the offer. What is empty of offers, vendors, term and cycle is any of its `provider`.
    """

    id: str
    name: str
    percent: Decimal | None = None
    amounts: dict[str, str] | None = None
    offers: tuple[str, ...] = ()
    vendors: tuple[str, ...] = ()
    term: str | None = None
    billing_cycle: str | None = None
    first_purchase: bool = False
    max_quantity: int | None = None
    countries: tuple[str, ...] = ("*",)
    valid_from: date | None = None
    valid_to: date | None = None
    provider: str = ""

    def concerns(self, asked: Asked) -> bool:
        """Whether it is about a plan at all, whoever buys it and how many."""
        return (
            self.provider == asked.provider
            and (not self.offers or asked.offer in self.offers)
            and (not self.vendors or asked.vendor in self.vendors)
            and self.term in (None, asked.term)
            and self.billing_cycle in (None, asked.billing_cycle)
            and (self.percent is not None or asked.currency in (self.amounts or {}))
        )

    def holds(self, day: date, country: str | None) -> bool:
        """Whether it holds on a day in a country (None: somewhere)."""
        begun = self.valid_from is None or self.valid_from <= day
        here = "*" in self.countries or (country is not None and country in self.countries)
        return begun and (self.valid_to is None or day <= self.valid_to) and here

    def hindrance(self, asked: Asked, held: bool) -> str | None:
        """Why a line does not get it: max_quantity or first_purchase; None when it does."""
        if self.max_quantity is not None and asked.quantity > self.max_quantity:
            return "max_quantity"
        return "first_purchase" if self.first_purchase and held else None

    def applied(self, price: UnitPrice) -> UnitPrice:
        """A price after it, never below nothing, rounded half up to the currency's minor unit or the price's own."""
        if self.percent is not None:
            exact = price.amount * (1 - self.percent / 100)
        else:
            exact = price.amount - Decimal((self.amounts or {})[price.currency])
        exact = max(exact, Decimal(0))
        return UnitPrice(rounded_by("minor", exact, price.currency, price.amount), price.currency)


@dataclass(frozen=True)
class Promoted:
    """A promotion that is about a line, the price with it, and why the line does not get it (None: it does)."""

    promotion: Promotion
    unit_price: UnitPrice
    hindrance: str | None = None


def best_of(promotions: tuple[Promotion, ...], asked: Asked, price: UnitPrice, held: bool) -> Promoted | None:
    """The promotion that a line gets: the one that leaves the lowest price, then by its id; else one it does not get.

    Promotions are not added up.
    """
    found = [Promoted(one, one.applied(price), one.hindrance(asked, held)) for one in promotions if one.concerns(asked)]
    found.sort(key=lambda one: (one.hindrance is not None, one.unit_price.amount, one.promotion.id))
    return found[0] if found else None
