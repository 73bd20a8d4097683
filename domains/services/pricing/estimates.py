"""An estimate of the tax on a promise, so that a buyer sees about what will be paid. The invoice decides.

The rule is the simplest there is: the standard domestic rate of the account's country. Exemptions, reverse charge and
reduced rates are the invoice's business, which knows the customer's legal identity.
"""

from __future__ import annotations

from decimal import Decimal

from domains.kernel.money import Money

from .terms import TaxEstimate

# country: (what the tax is called there, standard rate in percent), as of November 2026
RATES = {
    "AT": ("VAT", "20"), "AU": ("GST", "10"), "BE": ("VAT", "21"), "CH": ("VAT", "8.1"), "CZ": ("VAT", "21"),
    "DE": ("VAT", "19"), "DK": ("VAT", "25"), "ES": ("VAT", "21"), "FI": ("VAT", "25.5"), "FR": ("VAT", "20"),
    "GB": ("VAT", "20"), "IE": ("VAT", "23"), "IN": ("GST", "18"), "IT": ("VAT", "22"), "JP": ("consumption tax", "10"),
    "NL": ("VAT", "21"), "NO": ("VAT", "25"), "NZ": ("GST", "15"), "PL": ("VAT", "23"), "PT": ("VAT", "23"),
    "SE": ("VAT", "25"), "SG": ("GST", "9"),
}  # fmt: skip


def estimate(net: Money, country: str) -> TaxEstimate:
    """The tax on `net` by the standard domestic rate of `country` (two letters); zero where we know no rate."""
    name, percent = RATES.get(country, ("tax", "0"))
    rate = Decimal(percent)
    if country in RATES:
        rule = f"Estimate: {name} {country} {percent} %, the standard rate. The invoice decides."
    else:
        rule = f"No estimate of tax for {country}. The invoice decides."
    return TaxEstimate(name, country, rate, Money.of(net.amount * rate / 100, net.currency), rule)
