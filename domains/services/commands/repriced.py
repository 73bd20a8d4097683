"""A subscription becomes one of another plan: by our change, or by a renewal that carries out what was planned."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel.tenancy import Scope

from ..models import ChangeOutcome, Offer, OfferPlan, Subscription
from ..queries.catalogue import market_of
from ..queries.markets import Priced

KEPT = 20  # so many plans that it had before are remembered, to read what is billed late


def put_on(row: Subscription, last: date, *, changed: bool, **plan: Any) -> None:
    """Make a subscription one of another plan; the plan before it ran up to the day `last`.

    `changed`: in the middle of its periods, and not by a renewal.
    """
    before = {"until": last.isoformat(), "first": row.valid_from.isoformat(), "billing_cycle": row.billing_cycle}
    before["changed"] = "yes" if changed else "no"
    row.take_over(**plan, earlier_plans=[*(row.earlier_plans or []), before][-KEPT:])


def follow_plan(session: Session, row: Subscription, look: ChangeOutcome) -> None:
    """Follow a renewal that has carried out what was planned: another offer, term or billing cycle, at today's price.

    Any other difference is left as it is: that is drift, which a person settles.
    """
    planned = row.planned
    if planned is None or look.next_term is not None or look.valid_to <= row.valid_to:
        return
    wanted = (
        planned.provider_offer_id or row.provider_offer_id, planned.term or row.term,
        planned.billing_cycle or row.billing_cycle,
    )  # fmt: skip
    found = (look.provider_offer_id, look.term, look.billing_cycle)
    if found != wanted or wanted == (row.provider_offer_id, row.term, row.billing_cycle):
        return
    offered = select(Offer).where(Offer.provider == row.provider, Offer.provider_offer_id == wanted[0])
    offer = session.scalars(offered).one_or_none()
    plan = session.get(OfferPlan, (offer.id, row.currency, *wanted[1:])) if offer is not None else None
    price = _price(session, row, offer, plan, look.quantity)
    if offer is not None and price is not None:
        _become(row, offer, (wanted[1], wanted[2]), price)


def _price(
    session: Session, row: Subscription, offer: Offer | None, plan: OfferPlan | None, quantity: int
) -> Priced | None:
    if offer is None or plan is None:
        return None
    market = market_of(session, Scope.customer(row.customer_id), account_id=row.account_id)
    return market.priced(offer, plan, quantity)


def _become(row: Subscription, offer: Offer, plan: tuple[str, str], price: Priced) -> None:
    last = row.valid_to
    put_on(
        row, last, changed=False, offer_id=offer.id, provider_offer_id=offer.provider_offer_id, name=offer.name,
        vendor=offer.vendor, kind=offer.kind, unit=offer.unit, term=plan[0], billing_cycle=plan[1],
        unit_rate=price.unit_price.amount, terms_of_offer=offer.policy, paid_until=None,
        payer_rate=price.payer_price.amount if price.payer_price is not None else None,
    )  # fmt: skip
