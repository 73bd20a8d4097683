"""What the provider takes off for a while: for whom, on what, until when."""

from __future__ import annotations

from typing import Any

YEAR_END = "2030-12-31"
EVERYWHERE = {"offers": [], "term": None, "billing_cycle": None, "first_purchase": False, "max_quantity": None,
              "countries": ["*"], "valid_from": "2024-01-01", "valid_to": YEAR_END}  # fmt: skip


def promotions() -> list[dict[str, Any]]:
    """The promotions that a new provider begins with."""
    return [
        EVERYWHERE | {
            "id": "first-year-15", "name": "15 % off the first year", "percent": "15", "vendors": ["Northfield Labs"],
            "term": "P1Y", "billing_cycle": "monthly", "first_purchase": True, "max_quantity": 100,
        },
        EVERYWHERE | {
            "id": "europe-3", "name": "3 off a seat", "amounts": {"EUR": "3.00", "GBP": "2.50"}, "term": "P3Y",
            "vendors": ["Southridge Data"], "countries": ["DE", "FR", "NL", "IE"],
        },
    ]  # fmt: skip
