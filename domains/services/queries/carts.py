"""Carts as they stand now: every line looked at and priced anew, and what cannot be ordered any more says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import paging
from domains.kernel.errors import DomainError, NotFound, Refused
from domains.kernel.paging import Page
from domains.kernel.tenancy import Scope

from ..models import AccountRef, Cart, CartLine, Preview
from ..pricing import LineWish, OrderLine, OrderTerms
from .accounts import get_account
from .answers import with_answers
from .needs import check_needs
from .previews import mismatch, promised
from .terms import Counter, counter_of, later_day, order_terms, priced_line, provider_of, sold_to, terms_at


@dataclass(frozen=True)
class CartLineView:
    """A line. `priced` is what it comes to now, or None with the `error` that says why it cannot be ordered."""

    id: UUID
    offer_id: UUID
    name: str
    quantity: int
    term: str | None
    billing_cycle: str | None
    base_line_id: UUID | None
    parent_subscription_id: UUID | None
    answers: dict[str, str] | None
    priced: OrderLine | None
    error: DomainError | None


@dataclass(frozen=True)
class CartView:
    """A cart. `terms` are those of all its lines, None while one cannot be ordered or there is none."""

    id: UUID
    customer_id: UUID
    account_id: UUID
    account_name: str
    currency: str
    po_reference: str | None
    cost_centre: str | None
    starts_on: date | None
    updated_at: datetime
    version: int
    lines: tuple[CartLineView, ...]
    terms: OrderTerms | None
    error: DomainError | None = None


def get_cart(session: Session, scope: Scope, cart_id: UUID) -> CartView:
    """A cart with its lines at today's prices. Refuses one that is not there or not in scope."""
    return _view(session, scope, find_cart(session, scope, cart_id))


def cart_of_account(session: Session, scope: Scope, account_id: UUID) -> CartView | None:
    """The cart of an account, or None when nobody has made one. Refuses an account that is not in scope."""
    get_account(session, scope, account_id)
    found = session.scalars(select(Cart).where(Cart.account_id == account_id, scope.covers(Cart))).one_or_none()
    return None if found is None else _view(session, scope, found)


def account_with_cart(session: Session, scope: Scope) -> UUID | None:
    """The account whose cart was filled or changed last; None when no cart has a line."""
    query = select(Cart.account_id).join(CartLine, CartLine.cart_id == Cart.id).where(scope.covers(Cart))
    found: UUID | None = session.scalars(query.order_by(Cart.updated_at.desc()).limit(1)).one_or_none()
    return found


def list_carts(
    session: Session, scope: Scope, *, account_id: UUID | None = None, cursor: str | None = None, limit: int = 50
) -> Page[CartView]:
    """The carts in scope, newest first."""
    query = select(Cart).where(scope.covers(Cart))
    if account_id is not None:
        query = query.where(Cart.account_id == account_id)
    page = paging.page(session, query, Cart.id, cursor=cursor, limit=limit, filters={"account_id": account_id})
    return Page([_view(session, scope, row) for row in page.items], page.next_cursor)


def cart_wishes(session: Session, scope: Scope, cart_id: UUID) -> list[LineWish]:
    """The lines of a cart as an order asks for them. Refuses a cart without lines."""
    cart = find_cart(session, scope, cart_id)
    lines = lines_in(session, cart)
    if not lines:
        raise Refused("The cart is empty. Put something in first.", code="cart_empty", field="lines")
    return [wish_of(line) for line in lines]


def find_cart(session: Session, scope: Scope, cart_id: UUID) -> Cart:
    """A cart's row."""
    found: Cart | None = session.scalars(select(Cart).where(Cart.id == cart_id, scope.covers(Cart))).one_or_none()
    if found is None:
        raise NotFound("There is no such cart.", code="cart_not_found", field="cart_id")
    return found


def lines_in(session: Session, cart: Cart) -> list[CartLine]:
    """The lines that are still to be ordered, each with its add-ons below it. What an order has taken up is gone."""
    if is_ordered(session, cart):
        return []
    query = select(CartLine).where(CartLine.cart_id == cart.id).order_by(CartLine.position, CartLine.id)
    rows = list(session.scalars(query))
    places = {row.id: row.position for row in rows}
    return sorted(rows, key=lambda row: (places.get(row.base_line_id or row.id, row.position), row.position))


def is_ordered(session: Session, cart: Cart) -> bool:
    """Whether the promise that was made for the lines has been taken up by an order, which has not come to nothing."""
    found = session.get(Preview, cart.preview_id) if cart.preview_id else None
    return found is not None and found.redeemed_by is not None


def wish_of(line: CartLine) -> LineWish:
    """A line as an order asks for it."""
    plan = (line.term, line.billing_cycle)
    return LineWish(line.offer_id, line.quantity, *plan, line.parent_subscription_id, line.answers)


def _view(session: Session, scope: Scope, cart: Cart) -> CartView:
    account, rows = get_account(session, scope, cart.account_id), lines_in(session, cart)
    wishes = [wish_of(row) for row in rows]
    wrong: DomainError | None = None
    try:
        day = later_day(session, account, cart.starts_on)
    except DomainError as no:
        day, wrong = None, no
    counter = counter_of(session, scope, account, wishes, day)
    try:
        provider_of(counter.offers.values())
    except DomainError as no:
        wrong = no
    found = [_priced(counter, wish) for wish in wishes]
    found = _tied(session, scope, account, counter, found)
    lines = [_line(row, each) for row, each in zip(rows, found, strict=True)]
    priced = tuple(line.priced for line in lines if line.priced)
    terms = None
    if lines and len(priced) == len(lines) and wrong is None:
        terms = terms_at(counter, priced, cart.po_reference, cart.cost_centre)
    return CartView(
        id=cart.id, customer_id=cart.customer_id, account_id=account.id, account_name=account.name,
        currency=account.currency, po_reference=cart.po_reference, cost_centre=cart.cost_centre,
        starts_on=cart.starts_on, updated_at=cart.updated_at, version=cart.version, lines=tuple(lines), terms=terms,
        error=wrong,
    )  # fmt: skip


Found = OrderLine | DomainError


def _priced(counter: Counter, wish: LineWish) -> Found:
    try:
        offer, plan = sold_to(counter, wish, "lines[0]")
        found = counter.market.priced(offer, plan, wish.quantity, together=counter.together[offer.id])
        if found is None:
            return Refused("We have no price for “%(offer)s” yet. Open a case and we will make one.",
                           code="price_missing", offer=offer.name)  # fmt: skip
        wish = with_answers(offer, wish, "lines[0]")
        return replace(priced_line(counter, offer, plan, found.unit_price, wish), **found.facts)
    except DomainError as no:
        return no


def _tied(
    session: Session, scope: Scope, account: AccountRef, counter: Counter, found: Sequence[Found]
) -> list[Found]:  # fmt: skip
    """The lines with what each needs of others, or why it cannot have it, until nothing more is wrong."""
    known = list(found)
    while True:
        good = [index for index, one in enumerate(known) if isinstance(one, OrderLine)]
        lines = [one for one in known if isinstance(one, OrderLine)]
        try:
            tied = check_needs(session, scope, account.id, counter.offers, lines)
        except DomainError as no:
            at = int((no.field or "lines[0]").partition("[")[2].partition("]")[0])
            known[good[at]] = no
            continue
        for index, line in zip(good, tied, strict=True):
            known[index] = line
        return known


def _line(row: CartLine, found: Found) -> CartLineView:
    priced = found if isinstance(found, OrderLine) else None
    return CartLineView(
        id=row.id, offer_id=row.offer_id, name=priced.name if priced else row.name, quantity=row.quantity,
        term=row.term, billing_cycle=row.billing_cycle, base_line_id=row.base_line_id,
        parent_subscription_id=row.parent_subscription_id, answers=row.answers,
        priced=None if priced is None else replace(priced, subscription_id=row.id),
        error=found if isinstance(found, DomainError) else None,
    )  # fmt: skip


def cart_terms(session: Session, scope: Scope, cart_id: UUID, *, preview_id: UUID) -> OrderTerms:
    """The terms of the order of a cart, as they were promised by its newest preview.

    Refuses an older one, by which what is in the cart would be ordered twice, and what `order_terms` refuses.
    """
    cart = find_cart(session, scope, cart_id)
    promised(session, scope, preview_id, "order", OrderTerms)  # before the lines: a stranger's is not there
    wishes = cart_wishes(session, scope, cart_id)
    if cart.preview_id != preview_id:
        raise mismatch("This preview does not hold for this. Make a new one.")
    return order_terms(
        session, scope, account_id=cart.account_id, lines=wishes,
        po_reference=cart.po_reference, cost_centre=cart.cost_centre, preview_id=preview_id, starts_on=cart.starts_on,
    )  # fmt: skip
