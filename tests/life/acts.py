"""What customers do through us: order, more and fewer, longer, pause, another term, what is planned, how it ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from domains import services
from domains.services import queries
from domains.services.models import Subscription
from domains.services.pricing import LineWish
from saga.flows.cancel_subscription import cancel_subscription
from saga.flows.change_plan import change_plan
from saga.flows.change_quantity import change_quantity
from saga.flows.extend_subscription import extend_subscription
from saga.flows.place_order import place_order
from saga.flows.resume_subscription import resume_subscription
from saga.flows.schedule_change import schedule_change
from saga.flows.set_end_of_term import set_end_of_term
from saga.flows.suspend_subscription import suspend_subscription
from saga.payloads.end_of_term import SetEndOfTerm
from saga.payloads.order import PlaceOrder

from .life import Life
from .rules import Held, Offer
from .town import Account, Sub

MIX = (  # kind of offer, term, billing cycle, how often
    ("seat", "P1Y", "annual", 40), ("seat", "P1Y", "monthly", 20), ("seat", "P1M", "monthly", 14),
    ("seat", "P3Y", "monthly", 6), ("usage", "P1M", "monthly", 3), ("perpetual", "one_time", "one_time", 7),
    ("trial", "P1M", "monthly", 4), ("addon", "P1Y", "annual", 6),
)  # fmt: skip


def order(life: Life, account: Account, lines: int) -> None:
    """Order so many lines at once; what came of each is looked up, what the provider refuses is refused."""
    chosen = [_line(life) for _ in range(lines)]
    wishes = [LineWish(life.town.ids[offer.id], units, term, cycle) for offer, term, cycle, units in chosen]

    def payload() -> Any:
        with services.db.begin_read() as session:
            terms = queries.order_terms(session, account.shop.scope, account_id=account.id, lines=wishes)
        made.append(PlaceOrder.of(terms, account.shop.caller))
        return made[0]

    made: list[PlaceOrder] = []
    played = life.asked(place_order, payload)
    if not made or not played.is_done:
        excused = life.excused | ({"budget_exceeded"} if account.has_budget else set())
        assert played.code in excused | {"needs_missing", "prerequisite_missing"}, (
            f"an order was refused: {played.code}"
        )
        life.counts.refused[played.code] += 1
        return
    life.counts.done["order"] += 1
    _delivered(life, account, chosen, made[0])


def _delivered(life: Life, account: Account, chosen: list[tuple[Offer, str, str, int]], placed: PlaceOrder) -> None:
    """What the provider has accepted lives from now on."""
    ids = [line.subscription_id for line in placed.lines]
    with services.db.begin_read() as session:
        rows = {row.id: row for row in session.scalars(select(Subscription).where(Subscription.id.in_(ids)))}
    for (offer, term, cycle, units), id in zip(chosen, ids, strict=True):
        there = rows[id].provider_subscription_id
        if there is not None:
            _live(life, Sub(account, Held.bought(offer, term, cycle, units, life.now), id, there))
            continue
        assert "partial" in life.excused, f"a line is {rows[id].state}"
        life.counts.refused["line_rejected"] += 1


def _line(life: Life) -> tuple[Offer, str, str, int]:
    kind, term, cycle, _ = life.dice.choices(MIX, [one[3] for one in MIX])[0]
    sold = [one for one in life.town.offers.values()
            if one.kind == kind and (term, cycle) in one.plans and not one.needs]  # fmt: skip
    if not sold:
        sold, term, cycle = (
            [one for one in life.town.offers.values() if one.id == "litware-vault-archive"],
            "P1Y",
            "annual",
        )
    offer = life.dice.choice(sorted(sold, key=lambda one: one.id))
    return offer, term, cycle, life.dice.randint(offer.least, min(offer.most, offer.least + 30))


def _live(life: Life, sub: Sub) -> None:
    life.subs[sub.there] = sub
    life.running.append(sub)
    life.counts.done["bought"] += 1
    life.note(sub, f"bought: {sub.held.quantity}, {sub.held.term} {sub.held.cycle} until {sub.held.last}")
    life.paid_for(sub)


def _changed(life: Life, sub: Sub, kind: str, flow: Any, allowed: bool, then: Callable[[], None], **wish: Any) -> None:
    action = wish.pop("action", kind)
    played = life.asked(flow, lambda: sub.account.shop.a_change(flow, sub.id, action, **wish))
    life.judged(sub, kind, allowed, played, then)


def grow(life: Life, sub: Sub) -> None:
    wanted = sub.held.quantity + life.dice.randint(1, 12)
    _set(life, sub, "increase", wanted)


def shrink(life: Life, sub: Sub) -> None:
    wanted = sub.held.quantity - life.dice.randint(1, 6)
    _set(life, sub, "decrease", wanted)


def _set(life: Life, sub: Sub, kind: str, wanted: int) -> None:
    def then() -> None:
        sub.held.set_quantity(wanted, life.now)
        life.paid_for(sub)

    allowed = sub.held.may_set(wanted, life.now)
    if sub.account.has_budget and not life.excused:
        allowed = allowed and kind == "decrease"
        if kind == "increase":
            return
    _changed(life, sub, kind, change_quantity, allowed, then, action="change_quantity", quantity=wanted)


def cancel_now(life: Life, sub: Sub) -> None:
    def then() -> None:
        sub.held.cancel(life.today)
        life.paid_for(sub, units=0)

    _changed(life, sub, "cancel", cancel_subscription, sub.held.may_cancel(life.now), then, mode="now")


def cancel_at_end(life: Life, sub: Sub) -> None:
    held = sub.held
    goes_on = held.end == "renew" or (held.end == "bridge" and held.status == "active")
    allowed = held.is_running and held.last is not None and goes_on and not held.locked(life.now)
    _changed(life, sub, "cancel_at_end", cancel_subscription, allowed, lambda: held.decide("cancel", True),
             action="cancel", mode="end_of_term")  # fmt: skip


def decide(life: Life, sub: Sub) -> None:
    """Say what shall happen at the end of the term: also what happens anyhow, and also too late."""
    if sub.held.last is None or not sub.held.is_running:
        return
    mode = life.dice.choice(("renew", "cancel", "bridge", "bridge"))

    def payload() -> Any:
        with services.db.begin_read() as session:
            it = queries.get_end_of_term(session, sub.account.shop.scope, sub.id)
        return SetEndOfTerm.of(it, sub.account.shop.caller, mode=mode)

    played = life.asked(set_end_of_term, payload)
    allowed = sub.held.may_decide(mode, life.now)
    life.judged(sub, f"decide_{mode}", allowed, played, lambda: sub.held.decide(mode))


def extend(life: Life, sub: Sub) -> None:
    days = sub.held.end_dates()
    if sub.held.last is None:
        return
    day = life.dice.choice([*days[:4], sub.held.last + timedelta(days=life.dice.randint(1, 40))])

    def then() -> None:
        assert sub.held.last is not None
        sub.longer_from[sub.day_of(life.now)] = sub.held.last + timedelta(days=1)
        sub.held.extend(day)
        sub.is_odd = sub.is_odd or sub.day_of(life.now).month != life.today.month
        life.lasts(sub, life.today)

    if sub.account.has_budget:
        return
    _changed(life, sub, "extend", extend_subscription, day in days, then, valid_to=day)


def suspend(life: Life, sub: Sub) -> None:
    def then() -> None:
        sub.held.status, sub.held.planned = "suspended", None

    _changed(life, sub, "suspend", suspend_subscription, sub.held.may_suspend(), then)


def resume(life: Life, sub: Sub) -> None:
    def then() -> None:
        sub.held.status = "active"

    _changed(life, sub, "resume", resume_subscription, sub.held.status == "suspended", then)


def lengthen(life: Life, sub: Sub) -> None:
    """Change to a longer term of the same offer, where there is one."""
    plans = sub.held.longer()
    if not plans or sub.held.end != "renew" or sub.account.has_budget:
        return
    plan = life.dice.choice(plans)

    def then() -> None:
        assert sub.held.last is not None
        sub.replaced[sub.day_of(life.now)] = sub.held.last, sub.held.cycle
        sub.held.lengthen(plan, sub.held.quantity, life.today)
        life.paid_for(sub)

    _changed(life, sub, "change_plan", change_plan, True, then, offer_id=life.town.ids[sub.held.offer.id],
             term=plan[0], billing_cycle=plan[1])  # fmt: skip


def plan_next(life: Life, sub: Sub) -> None:
    """Plan another quantity for the next term."""
    wanted = max(sub.held.quantity + life.dice.choice((-5, -2, 3, 8)), 1)
    allowed = (
        sub.held.may_plan() and wanted != sub.held.quantity and sub.held.offer.least <= wanted <= sub.held.offer.most
    )

    def then() -> None:
        sub.held.planned = wanted

    _changed(life, sub, "plan_next", schedule_change, allowed, then, action="schedule_change", quantity=wanted)


ACTS: tuple[tuple[Callable[[Life, Sub], None], int], ...] = (
    (grow, 28), (shrink, 16), (cancel_now, 7), (cancel_at_end, 6), (decide, 16), (extend, 6), (suspend, 6), (resume, 3),
    (lengthen, 6), (plan_next, 6),
)  # fmt: skip
