"""Faults that are put into the product or the provider on purpose, to see that a life finds each of them.

`python -m tests.life.mutants` tells which was found, and by what.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from domains.billing.commands import charges, matching
from domains.kernel.tenancy import Scope, work_as
from domains.services.commands import adopting, findings, renewals
from domains.services.exchanges import changes
from domains.services.providers import readings
from domains.services.queries import due
from sandbox import subscriptions
from tests.saga.model.mutants import Mutant

from .life import Plan
from .run import lived

LIVES = 1  # lives until a fault counts as overlooked: the first is known to go well without one
LONG = "(1, 3, 5, 7, 8, 10, 12)"
SOUGHT = "session.scalars(query.order_by(Subscription.looked_at, Subscription.id).limit(limit)).unique()"
MUTANTS: dict[str, tuple[Mutant, ...]] = {
    "we keep each lot's window a day too long": (
        Mutant("", readings.lots_in, "lot.returnable_until",
               "lot.returnable_until and lot.returnable_until + __import__('datetime').timedelta(days=1)"),
    ),
    "the provider gives each lot a window a day too long": (
        Mutant("", subscriptions._lot, "_until(now, window)", "_until(now, window and window + 24)"),
    ),
    "no renewal is followed up whose term ends in a month of 31 days": (
        Mutant("", due.renewals_due, f"list({SOUGHT})",
               f"[one for one in {SOUGHT} if one.valid_to.month not in {LONG}]"),
    ),
    "a look overwrites what a customer has changed directly": (
        Mutant("", findings.note_look, "if look is not None and not found:", "if look is not None:"),
    ),
    "a change overwrites what a customer has changed directly": (
        Mutant("", changes._as_seen, "return there ==", "return True or there =="),
    ),
    "a renewal is charged twice when its run was begun again after a crash": (
        Mutant("", renewals._unfinished, "query.where(Decision.finished_at.is_(None))", "query"),
        Mutant("", charges.charge_renewal, '"id": renewal.decision_id', '"id": __import__("uuid").uuid4()'),
    ),
    "months after a changed plan are taken for the year that was given back": (
        Mutant("", matching._was_replaced, "return any(", "return False and any("),
    ),
    "an extension pays for days before the term would have ended": (
        Mutant("", matching._pays_for_later, "return charge.kind", "return False and charge.kind"),
    ),
    "no budget counts what was bought directly": (
        Mutant("", adopting._made, ", **costs_of(made))", ")"),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Found:
    """What has become of a fault: in which life it was found, and the first line of what was told; 0: overlooked."""

    name: str
    life: int
    told: str


def hunted(name: str) -> Found:
    """Live with a fault until it is found."""
    with ExitStack() as stack:
        for mutant in MUTANTS[name]:
            stack.enter_context(mutant.alive())
        for seed in range(1, LIVES + 1):
            with tempfile.TemporaryDirectory() as made:
                try:
                    lived(Plan(seed, subscriptions=60, days=500, yearly=5.0), Path(made))
                except AssertionError as found:
                    return Found(name, seed, str(found).splitlines()[0])
    return Found(name, 0, "")


def main() -> int:
    """Hunt all of them; 1 when one was overlooked."""
    work_as(Scope.system("life"))
    results = []
    for name in MUTANTS:
        results.append(one := hunted(name))
        print(f"{'found in life ' + str(one.life) if one.life else 'OVERLOOKED'}: {one.name}: {one.told}", flush=True)
    return int(any(one.life == 0 for one in results))


if __name__ == "__main__":
    sys.exit(main())
