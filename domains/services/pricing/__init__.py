"""What services cost: sales prices from price books, day-exact terms, and an estimate of the tax.

Pure reckoning without a database or a clock, so that a preview and the order it leads to cannot differ.
"""

from .books import STANDARD, STANDARD_NAME, Prices, Rule
from .estimates import estimate
from .reckoning import (
    ANNUAL,
    MONTHLY,
    ONE_TIME,
    added_commitment,
    charge_day,
    charged_until,
    cycles_in,
    days_cost,
    extended,
    extension,
    last_day,
    month_of,
    months_of,
    paid_for,
    rest_of_period,
    term_day,
)
from .terms import FOREVER, ChangeTerms, LineWish, NextInvoice, OrderLine, OrderTerms, TaxEstimate

__all__ = [
    "ANNUAL",
    "FOREVER",
    "MONTHLY",
    "ONE_TIME",
    "STANDARD",
    "STANDARD_NAME",
    "ChangeTerms",
    "LineWish",
    "NextInvoice",
    "OrderLine",
    "OrderTerms",
    "Prices",
    "Rule",
    "TaxEstimate",
    "added_commitment",
    "charge_day",
    "charged_until",
    "cycles_in",
    "days_cost",
    "estimate",
    "extended",
    "extension",
    "last_day",
    "month_of",
    "months_of",
    "paid_for",
    "rest_of_period",
    "term_day",
]
