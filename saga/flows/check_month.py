"""A month has ended: what the provider bills us for nobody we know is noted, so that a person asks about it."""

from __future__ import annotations

from domains.billing import commands as billing
from domains.services import exchanges as provider

from ..definition import N_, Saga, pivot, query
from ..payloads.invoice import CheckMonth

check_month = Saga("check-month", CheckMonth, (
    query(provider.pull_strays, gives=("strays",), title=N_("Fetch what the provider bills")),
    pivot(billing.keep_strays, title=N_("Note what belongs to nobody")),
))  # fmt: skip
