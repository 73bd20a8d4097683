"""What customers do at the provider itself, how it is found, and what is decided about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from domains import services
from domains.services import queries
from domains.services.models import Drift
from saga.flows.open_drift_case import open_drift_case
from saga.flows.reconcile_account import reconcile_account
from saga.flows.refresh_subscription import RefreshSubscription, refresh_subscription
from saga.payloads.drift import ReconcileAccount, SettleDrift
from saga.reconciling import SETTLING
from tests.factories.services import EVERYBODY

from .life import Life
from .rules import Held
from .town import Account, Sub


def act_directly(life: Life, sub: Sub) -> None:
    """Somebody does something over there; it is found by a hint, or when the account is compared."""
    if sub.drifted:
        return
    kind, allowed, wish, then = life.dice.choices(_acts(life, sub), (5, 2, 1, 2, 1, 1))[0]
    before = _facts(sub.held)
    said = life.town.desk.try_directly(subscription_id=sub.there, **wish)
    life.note(sub, f"directly {kind}: {'done' if said else 'refused'}")
    if (said is not None) != allowed:
        raise life.broken(sub, f"the provider's own {kind} was {'not ' if allowed else ''}done")
    if said is None:
        life.counts.drift[f"{kind} refused"] += 1
        return
    life.counts.drift[kind] += 1
    then()
    for name, value in _facts(sub.held).items():
        if value != before[name]:
            sub.drifted[name] = before[name]
    sub.settle_on = life.today + timedelta(days=life.dice.choice((0, 0, 0, 1, 5)))


def _facts(held: Held) -> dict[str, str]:
    return {"state": held.status, "quantity": str(held.quantity), "auto_renew": "yes" if held.end == "renew" else "no"}


def _acts(life: Life, sub: Sub) -> list[tuple[str, bool, dict[str, Any], Callable[[], None]]]:
    """What may be done there: its name, whether the rules allow it, what is asked, and what it makes of it."""
    held, now = sub.held, life.now
    more, fewer = held.quantity + life.dice.randint(1, 5), held.quantity - life.dice.randint(1, 3)

    def quantity(wanted: int) -> Callable[[], None]:
        def then() -> None:
            here = sub.day_of(now)
            sub.is_odd = sub.is_odd or here.month != now.month
            sub.untold = [(here if wanted > held.quantity and held.cycle == "monthly" else life.today, wanted)]
            held.set_quantity(wanted, now)

        return then

    ends = held.is_running and held.last is not None and not held.locked(now)
    return [
        ("more", held.may_set(more, now), {"kind": "change_quantity", "quantity": more}, quantity(more)),
        ("fewer", held.may_set(fewer, now), {"kind": "change_quantity", "quantity": fewer}, quantity(fewer)),
        ("cancel", held.may_cancel(now), {"kind": "cancel", "mode": "now"}, lambda: _canceled(life, sub)),
        ("end", ends, {"kind": "cancel", "mode": "end_of_term"}, lambda: held.decide("cancel", True)),
        ("suspend", held.may_suspend(), {"kind": "suspend"}, lambda: _paused(held)),
        ("resume", held.status == "suspended", {"kind": "resume"}, lambda: setattr(held, "status", "active")),
    ]


def _canceled(life: Life, sub: Sub) -> None:
    sub.held.cancel(life.today)
    sub.untold = [(life.today, 0)]


def _paused(held: Held) -> None:
    held.status, held.planned = "suspended", None


def buy_directly(life: Life, account: Account) -> None:
    """Somebody buys over there, without us."""
    offer = life.dice.choice(sorted(
        (one for one in life.town.offers.values() if one.kind == "seat" and ("P1Y", "monthly") in one.plans
         and not one.needs), key=lambda one: one.id))  # fmt: skip
    units = life.dice.randint(offer.least, offer.least + 9)
    with services.db.begin_read() as session:
        currency = queries.get_account(session, EVERYBODY, account.id).currency
    said = life.town.desk.try_directly(kind="buy", customer=str(account.id), offer_id=offer.id, term="P1Y",
                                       billing_cycle="monthly", quantity=units, currency=currency)  # fmt: skip
    sub = Sub(account, Held.bought(offer, "P1Y", "monthly", units, life.now), account.id, said["id"], ours=False)
    sub.drifted["new"], sub.settle_on = "", life.today
    life.subs[sub.there] = sub
    life.counts.drift["bought"] += 1
    life.note(sub, f"bought directly: {units}")
    sub.untold = [(life.today, units)]
    life.lasts(sub, life.today)


# ---- finding and settling


def look(life: Life, sub: Sub) -> None:
    """What a hint about one subscription makes us do."""
    with services.db.begin_read() as session:
        row = session.get_one(services.models.Subscription, sub.id)
    payload = RefreshSubscription(subscription_id=sub.id, customer_id=row.customer_id, reseller_id=row.reseller_id,
                                  label=row.name)  # fmt: skip
    assert life.player.play(refresh_subscription, payload).is_done


def compare(life: Life, account: Account) -> None:
    """What is done with each account once a day."""
    with services.db.begin_read() as session:
        known = queries.get_account(session, EVERYBODY, account.id)
    assert life.player.play(reconcile_account, ReconcileAccount.of(known)).is_done
    life.counts.done["comparison"] += 1


def settle(life: Life, sub: Sub) -> None:
    """Find what was done to a subscription over there, see that it is told as it is, and decide."""
    if sub.ours and life.dice.random() < 0.5:
        look(life, sub)
    else:
        compare(life, sub.account)
    drift = _drift_of(sub)
    if not sub.drifted:
        if drift is not None:
            raise life.broken(sub, f"a drift stands, though nothing differs: {drift.differences}")
        sub.settle_on = None
        return
    if drift is None:
        raise life.broken(sub, f"nobody has found what differs: {sub.drifted}")
    _tells(life, sub, drift)
    life.counts.drift["found"] += 1
    _decide(life, sub, drift)


def _drift_of(sub: Sub) -> Drift | None:
    with services.db.begin_read() as session:
        query = select(Drift).where(Drift.provider_subscription_id == sub.there, Drift.ended_at.is_(None))
        return session.scalars(query).one_or_none()


def _tells(life: Life, sub: Sub, drift: Drift) -> None:
    if not sub.ours:
        return
    told = {one.field: (one.ours, one.theirs) for one in drift.found}
    there = _facts(sub.held)
    if sub.held.status == "canceled":
        expected: dict[str, tuple[str, str]] = {"state": (sub.drifted.get("state", "active"), "canceled")}
    else:
        expected = {name: (before, there[name]) for name, before in sub.drifted.items()}
    if told != expected:
        raise life.broken(sub, f"the drift tells of {told} and not of {expected}")


def _decide(life: Life, sub: Sub, drift: Drift) -> None:
    decision = (
        "adopt" if sub.account.rule != "nothing" else life.dice.choices(("adopt", "revert", "case"), (6, 3, 1))[0]
    )
    caller = None if sub.account.rule != "nothing" else sub.account.shop.caller
    flow = SETTLING[decision]
    played = life.asked(flow, lambda: SettleDrift.of(drift, decision, "because", caller, drift.version))
    life.note(sub, f"{decision}: {'done' if played.is_done else played.code}")
    if flow is open_drift_case:
        sub.settle_on = life.today + timedelta(days=2)
    elif decision == "revert":
        _reverted(life, sub, played.is_done, played.code)
    elif played.is_done:
        life.counts.drift["adopted by rule" if caller is None else "adopted"] += 1
        if not sub.ours:
            sub.ours, sub.id = True, drift.subscription_id
            life.running += [sub] if sub.held.is_running else []
        sub.drifted.clear()
        sub.units, sub.untold, sub.settle_on = sub.units + sub.untold, [], None
    elif played.code in life.excused:
        sub.settle_on = life.today + timedelta(days=1)
    else:
        raise life.broken(sub, f"what was found cannot be adopted: {played.code}")


def _reverted(life: Life, sub: Sub, is_done: bool, code: str) -> None:
    held = sub.held
    quantity = int(sub.drifted.get("quantity", held.quantity))
    possible = held.may_cancel(life.now) if not sub.ours else held.is_running and (
        quantity == held.quantity or held.may_set(quantity, life.now))  # fmt: skip
    if is_done and not possible:
        raise life.broken(sub, "what the rules do not undo was undone")
    if not is_done:
        life.counts.refused[f"revert: {code}"] += 1
        sub.settle_on = life.today + timedelta(days=1)
        return
    life.counts.drift["reverted"] += 1
    if not sub.ours:
        held.cancel(life.today)
    if quantity != held.quantity:
        held.set_quantity(quantity, life.now)
    for name, before in sub.drifted.items():
        if name == "state":
            held.status = before
        elif name == "auto_renew":
            held.decide("renew" if before == "yes" else "cancel")
    sub.drifted.clear()
    sub.untold, sub.settle_on = [], None
