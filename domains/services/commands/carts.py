"""Carts: made once for an account, filled, changed and emptied; what an order has taken up is gone from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.database import insert_new, locked, new_id
from domains.kernel.errors import N_, Conflict, Invalid, NotFound, Said
from domains.kernel.tenancy import Scope

from ..models import Cart, CartLine, Offer, Subscription
from ..models.questions import checked_answers
from ..queries import active_account, get_offer, get_order
from ..queries.carts import cart_wishes, find_cart, is_ordered
from ..queries.terms import MOST_LINES
from .previews import Preview, preview_order

MOST = 1_000_000  # units of a line
FACTS = ("po_reference", "cost_centre", "starts_on")


def ensure_cart(session: Session, *, scope: Scope, account_id: UUID) -> UUID:
    """The cart of an account, made when there is none. Refuses an account that may not buy."""
    account = active_account(session, scope, account_id)
    row = {
        "id": new_id(), "customer_id": account.customer_id, "reseller_id": account.reseller_id,
        "account_id": account_id, "po_reference": None, "cost_centre": None, "starts_on": None, "preview_id": None,
        "updated_at": clock.now(session), "version": 1,
    }  # fmt: skip
    insert_new(session, Cart.__table__, row, "account_id")
    return session.scalars(select(Cart.id).where(Cart.account_id == account_id)).one()


def add_line(
    session: Session, *, scope: Scope, cart_id: UUID, offer_id: UUID, quantity: int, term: str | None = None,
    billing_cycle: str | None = None, base_line_id: UUID | None = None, parent_subscription_id: UUID | None = None,
    line_id: UUID | None = None, answers: dict[str, str] | None = None,
) -> UUID:  # fmt: skip
    """Put an offer into a cart, on a line of its own; without a plan, on the offer's default. Gives the line's id.

    A line of the id `line_id` that is there already is left as it is: a form sent twice adds once. Refuses what is not
    in the catalogue of the account, more lines than an order may have, a base line that is not in this cart, and
    answers that are none.
    """
    cart = _opened(session, scope, cart_id)
    if line_id is not None and session.get(CartLine, line_id) is not None:
        return line_id
    offer = get_offer(session, scope, offer_id, account_id=cart.account_id)
    if term is None and billing_cycle is None and offer.plans:
        term, billing_cycle = offer.plans[0].term, offer.plans[0].billing_cycle
    lines = {line.id: line for line in _rows(session, cart)}
    if base_line_id is not None and base_line_id not in lines:
        raise NotFound("There is no such line in the cart.", code="cart_line_not_found", field="base_line_id")
    _check_parent(session, scope, cart, parent_subscription_id, offer.name)
    if len(lines) >= MOST_LINES:
        text = N_("A cart has at most %(most)s lines. Order what is in it first.")
        raise Invalid(text, code="too_many_lines", field="lines", most=MOST_LINES)
    row = CartLine(
        id=line_id or new_id(), cart_id=cart.id, customer_id=cart.customer_id, reseller_id=cart.reseller_id,
        position=max((one.position for one in lines.values()), default=0) + 1, name=offer.name,
        quantity=_counted(quantity), offer_id=offer_id, term=term, billing_cycle=billing_cycle,
        base_line_id=base_line_id, parent_subscription_id=parent_subscription_id,
        answers=None if answers is None else checked_answers(offer.questions, answers, "answers"),
    )  # fmt: skip
    session.add(row)
    return row.id


def _check_parent(session: Session, scope: Scope, cart: Cart, parent_id: UUID | None, name: str) -> None:
    """Refuse a subscription that is not the account's; what an add-on may add to is looked at each time it is shown."""
    known = select(Subscription.id).where(Subscription.id == parent_id, Subscription.account_id == cart.account_id)
    if parent_id is not None and session.scalars(known.where(scope.covers(Subscription))).one_or_none() is None:
        detail = Said("The account has no such subscription that “%(offer)s” could add to.", offer=name)
        raise NotFound(detail, code="parent_not_found", field="parent_subscription_id")


def change_line(
    session: Session, *, scope: Scope, cart_id: UUID, line_id: UUID, changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> None:  # fmt: skip
    """Change the quantity, term, billing cycle or answers of a line. A quantity of 0 takes it out."""
    cart = _opened(session, scope, cart_id, expected_version)
    line = _line(session, cart, line_id)
    if changes.get("quantity") == 0:
        _take_out(session, cart, line)
        return
    for name, value in changes.items():
        setattr(line, name, _counted(value) if name == "quantity" else value)
    if changes.get("answers") is not None:
        asked = get_offer(session, scope, line.offer_id, account_id=cart.account_id).questions
        line.answers = checked_answers(asked, changes["answers"], "answers")


def remove_line(
    session: Session, *, scope: Scope, cart_id: UUID, line_id: UUID, expected_version: int | None = None
) -> None:
    """Take a line out, with the add-ons that stand below it."""
    cart = _opened(session, scope, cart_id, expected_version)
    _take_out(session, cart, _line(session, cart, line_id))


def change_cart(
    session: Session, *, scope: Scope, cart_id: UUID, changes: Mapping[str, Any], expected_version: int | None = None
) -> None:
    """Set what the whole order carries: PO reference, cost centre, the day it starts on."""
    cart = _opened(session, scope, cart_id, expected_version)
    for name in FACTS:
        if name in changes:
            setattr(cart, name, changes[name])


def empty_cart(session: Session, *, scope: Scope, cart_id: UUID, expected_version: int | None = None) -> None:
    """Take everything out of a cart."""
    cart = _opened(session, scope, cart_id, expected_version)
    session.execute(delete(CartLine).where(CartLine.cart_id == cart.id))


def preview_cart(session: Session, *, scope: Scope, cart_id: UUID, role: str) -> Preview:
    """Sign the order of what is in a cart. Once an order has taken the promise up, the cart is empty.

    Refuses what `preview_order` refuses.
    """
    cart = _locked(session, scope, cart_id)
    promise = preview_order(
        session, scope=scope, account_id=cart.account_id, lines=cart_wishes(session, scope, cart_id),
        po_reference=cart.po_reference, cost_centre=cart.cost_centre, starts_on=cart.starts_on, role=role,
    )  # fmt: skip
    cart.preview_id = promise.id
    return promise


def refill(session: Session, *, scope: Scope, order_id: UUID) -> UUID:
    """Put the refused lines of an order into the account's cart; gives the cart's id. What is in it already stays.

    Lines of what is not sold any more are put in too: the cart says so.
    """
    order = get_order(session, scope, order_id)
    lines = [line for line in order.lines if line.state == "rejected"]
    cart_id = ensure_cart(session, scope=scope, account_id=order.account_id)
    cart = _opened(session, scope, cart_id)
    there = {(one.offer_id, one.term, one.billing_cycle): one for one in _rows(session, cart)}
    for line in lines[: MOST_LINES - len(there)]:
        key = (line.offer_id, line.term, line.billing_cycle)
        if key not in there and session.get(Offer, line.offer_id) is not None:
            there[key] = CartLine(
                id=new_id(), cart_id=cart.id, customer_id=cart.customer_id, reseller_id=cart.reseller_id,
                position=max((one.position for one in there.values()), default=0) + 1, offer_id=line.offer_id,
                name=line.name, quantity=line.quantity, term=line.term, billing_cycle=line.billing_cycle,
                answers=line.answers,
            )  # fmt: skip
            session.add(there[key])
    return cart_id


def _locked(session: Session, scope: Scope, cart_id: UUID) -> Cart:
    find_cart(session, scope, cart_id)
    found: Cart = session.scalars(locked(select(Cart).where(Cart.id == cart_id), Cart.__table__)).one()
    return found


def _opened(session: Session, scope: Scope, cart_id: UUID, expected_version: int | None = None) -> Cart:
    """A cart to be changed: what an order has taken up is cleared away, and no promise holds for it any more."""
    cart = _locked(session, scope, cart_id)
    if expected_version not in (None, cart.version):
        raise Conflict(N_("The cart has changed since you looked. Look again."), code="version_conflict")
    if is_ordered(session, cart):
        session.execute(delete(CartLine).where(CartLine.cart_id == cart.id))
        cart.po_reference = cart.cost_centre = cart.starts_on = None
    cart.preview_id, cart.updated_at, cart.version = None, clock.now(session), cart.version + 1
    return cart


def _rows(session: Session, cart: Cart) -> list[CartLine]:
    return list(session.scalars(select(CartLine).where(CartLine.cart_id == cart.id).order_by(CartLine.position)))


def _line(session: Session, cart: Cart, line_id: UUID) -> CartLine:
    query = select(CartLine).where(CartLine.cart_id == cart.id, CartLine.id == line_id)
    found: CartLine | None = session.scalars(query).one_or_none()
    if found is None:
        raise NotFound("There is no such line in the cart.", code="cart_line_not_found", field="line_id")
    return found


def _take_out(session: Session, cart: Cart, line: CartLine) -> None:
    below = (CartLine.id == line.id) | (CartLine.base_line_id == line.id)
    session.execute(delete(CartLine).where(CartLine.cart_id == cart.id, below))


def _counted(quantity: int) -> int:
    if not 1 <= quantity <= MOST:
        text = N_("A quantity is between 1 and %(most)s.")
        raise Invalid(text, code="quantity_out_of_range", field="quantity", most=MOST)
    return quantity
