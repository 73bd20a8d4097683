"""Money and unit prices: decimal amounts with their ISO 4217 currency, never floats.

Money is what is owed and is held in integer minor units; a unit price is a rate and may be finer than a cent.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from babel.numbers import get_currency_precision

from .errors import Invalid


def precision(currency: str) -> int:
    """Decimal places of a currency as CLDR has them (EUR 2, JPY 0).

    HUF is kept at its ISO 4217 exponent of 2 by CLDR too; an unknown code is refused by Money, not here.
    """
    return get_currency_precision(currency)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Round half up (away from zero) to the currency's minor unit, as invoices in our markets are rounded."""
    return _quantized(amount, -precision(currency))


def _quantized(amount: Decimal, exponent: int) -> Decimal:
    try:
        return amount.quantize(Decimal(1).scaleb(exponent), rounding=ROUND_HALF_UP) + 0  # there is no minus zero
    except InvalidOperation:
        raise Invalid("The amount is beyond all bounds.", code="amount_invalid") from None


def _checked_amount(amount: Decimal) -> Decimal:
    if not isinstance(amount, Decimal) or not amount.is_finite():
        raise TypeError("an amount of money is a finite Decimal")
    return amount


def _checked_currency(currency: str) -> str:
    if len(currency) != 3 or not currency.isascii() or not currency.isupper():
        raise Invalid(f"“{currency}” is not a currency: use three capitals such as EUR.", code="currency_invalid")
    return currency


@dataclass(frozen=True, order=False)
class Money:
    """An exact amount of one currency, rounded to its minor unit. Adding two currencies is refused."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        _checked_currency(self.currency)
        if rounded(_checked_amount(self.amount), self.currency) != self.amount:
            raise Invalid(
                "%(given)s has more decimals than %(currency)s knows.",
                code="amount_invalid",
                given=self.amount,
                currency=self.currency,
            )
        object.__setattr__(self, "amount", rounded(self.amount, self.currency))

    @classmethod
    def of(cls, amount: Decimal | int | str, currency: str) -> Money:
        """Round `amount` to the currency's minor unit and make money of it."""
        return cls(rounded(Decimal(amount), currency), currency)

    @classmethod
    def from_minor(cls, minor: int, currency: str) -> Money:
        """Make money of integer minor units (cents), as the database holds them."""
        return cls(Decimal(minor).scaleb(-precision(currency)), currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        return cls.from_minor(0, currency)

    @property
    def minor(self) -> int:
        """Integer minor units (cents)."""
        return int(self.amount.scaleb(precision(self.currency)))

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be reckoned together")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __mul__(self, factor: int) -> Money:
        return Money(self.amount * factor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.amount < other.amount

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.amount <= other.amount

    def __str__(self) -> str:
        return f"{self.currency} {self.amount}"


@dataclass(frozen=True)
class UnitPrice:
    """A price per unit and billing cycle; rounded half up to six decimals, not to the minor unit."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        _checked_currency(self.currency)
        object.__setattr__(self, "amount", _quantized(_checked_amount(self.amount), -6))

    def times(self, quantity: int | Decimal) -> Money:
        """What `quantity` units cost for a whole billing cycle, rounded once."""
        return Money.of(self.amount * quantity, self.currency)

    def __str__(self) -> str:
        return f"{self.currency} {self.amount.normalize():f}"
