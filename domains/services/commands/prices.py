"""Price books and agreements: by which rules we sell to whom, from when to when. What was ordered keeps its price."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from domains.kernel import audit, clock
from domains.kernel.database import insert_new, locked, new_id
from domains.kernel.errors import N_, Conflict, Invalid, NotFound, Refused
from domains.kernel.messages import context

from ..models import Agreement, PastBook, PriceBook, PriceRule
from ..pricing import ROUNDINGS, STANDARD, STANDARD_NAME, Rule
from ..pricing.rules import as_data

MOST_RULES = 2000


def set_price_book(
    session: Session,
    *,
    name: str,
    rules: Sequence[Rule],
    rounding: str | None = None,
    expected_version: int | None = None,
    changed_for: UUID | None = None,
) -> UUID:
    """Make a price book, or give one other rules; what was ordered keeps its price. Returns the book's id.

    The book as it was stays in its history. It is noted in the audit trail of `changed_for`, if it is one customer's
    book, else of whoever changes it.
    Refuses a rule that could never be applied, and another version than the one expected (0: a new book).
    """
    _check(name, rules, rounding)
    row = {"id": new_id(), "name": name, "rounding": "minor", "version": 0, "changed_at": clock.now(session)}
    insert_new(session, PriceBook.__table__, row, "name")
    query = select(PriceBook).where(PriceBook.name == name)
    book: PriceBook = session.scalars(locked(query, PriceBook.__table__)).one()
    if expected_version == 0 and book.version:
        raise Refused(N_("There is a price book of this name already."), code="name_taken", field="name")
    if expected_version not in (None, book.version):
        raise Conflict("The price book has been changed since you looked at it.", code="version_conflict")
    book.version, book.changed_at, book.rounding = book.version + 1, clock.now(session), rounding or book.rounding
    session.execute(delete(PriceRule).where(PriceRule.price_book_id == book.id))
    rows = [_rule_row(book.id, position, rule) for position, rule in enumerate(rules)]
    session.execute(insert(PriceRule.__table__), rows)
    since, kept = book.changed_at, [as_data(rule) for rule in rules]
    session.add(PastBook(price_book_id=book.id, version=book.version, since=since, rounding=book.rounding, rules=kept))
    changed_for = changed_for or context().origin.home_id
    if changed_for is not None:
        known: dict[str, Any] = {"customer_id": changed_for, "subject": ("price_book", book.id)}
        private = {"rules": kept, "rounding": book.rounding}  # mark-ups are nobody's business but ours
        audit.record(session, "services.set_price_book", **known, after={"name": name}, private=private)
    return book.id


def _check(name: str, rules: Sequence[Rule], rounding: str | None) -> None:
    if not name.strip() or len(name) > 60:
        raise Invalid(N_("A price book has a name of 60 characters at most."), code="name_invalid", field="name")
    if not rules:
        raise Invalid("A price book needs at least one rule.", code="rules_missing", field="rules")
    if len(rules) > MOST_RULES:
        text = N_("A price book has at most %(most)s rules.")
        raise Invalid(text, code="too_many_rules", field="rules", most=MOST_RULES)
    if rounding not in (None, *ROUNDINGS):
        text = N_("“%(said)s” is no rounding: use minor, up_5, up_1 or 99.")
        raise Invalid(text, code="rounding_invalid", field="rounding", said=str(rounding))
    for rule in rules:
        rule.check()


def _rule_row(book_id: UUID, position: int, rule: Rule) -> dict[str, Any]:
    fixed = rule.unit_price
    plain = ("scope", "target", "markup_percent", "discount_percent", "term", "billing_cycle", "min_quantity",
             "valid_from", "valid_to", "rounding")  # fmt: skip
    return {name: getattr(rule, name) for name in plain} | {
        "price_book_id": book_id, "position": position, "unit_price": fixed.amount if fixed else None,
        "currency": fixed.currency if fixed else rule.currency,
    }  # fmt: skip


def ensure_price_book(session: Session) -> None:
    """Put the standard price book in place when there is none at all, so that a new installation can sell."""
    if session.scalars(select(PriceBook.id).order_by(PriceBook.id).limit(1)).first() is None:
        set_price_book(session, name=STANDARD_NAME, rules=STANDARD)


# ---------- agreements ----------


def agree_prices(
    session: Session, *, agreement_id: UUID, holder_id: UUID, reference: str, price_book: str, valid_from: date,
    valid_to: date | None = None,
) -> Agreement:  # fmt: skip
    """Agree prices with a customer, or with a reseller for its end-customers. Doing it twice does it once.

    Refuses a book that is not there, and an end before the beginning.
    """
    known = session.get(Agreement, agreement_id)
    if known is not None:
        return known
    if session.scalars(select(PriceBook.id).where(PriceBook.name == price_book)).first() is None:
        raise NotFound("There is no such price book.", code="price_book_not_found", field="price_book")
    if not reference.strip():
        raise Invalid(N_("Give the agreement's number."), code="reference_missing", field="reference")
    _check_end(valid_from, valid_to)
    made = Agreement(
        id=agreement_id, holder_id=holder_id, reference=reference.strip()[:80], price_book=price_book,
        valid_from=valid_from, valid_to=valid_to, version=1, changed_at=clock.now(session),
    )  # fmt: skip
    session.add(made)
    _audit(session, "services.agree_prices", made)
    return made


def _check_end(valid_from: date, valid_to: date | None) -> None:
    if valid_to is not None and valid_to < valid_from:
        raise Invalid(N_("It cannot end before it begins."), code="valid_to_invalid", field="valid_to")


def end_agreement(
    session: Session, *, agreement_id: UUID, valid_to: date | None, expected_version: int | None = None
) -> Agreement:
    """Give an agreement another last day (None: none). What it was until then stays, so that old prices are explained.

    Refuses a last day that is over, which would change what was.
    """
    query = locked(select(Agreement).where(Agreement.id == agreement_id), Agreement.__table__)
    found: Agreement | None = session.scalars(query).one_or_none()
    if found is None:
        raise NotFound("There is no such agreement.", code="agreement_not_found", field="agreement_id")
    if expected_version not in (None, found.version):
        raise Conflict("The agreement has been changed since you looked at it.", code="version_conflict")
    today = clock.business_now(session).date()
    _check_end(found.valid_from, valid_to)
    if found.valid_to is not None and found.valid_to < today:
        raise Refused(N_("This agreement is over. Make a new one."), code="agreement_over", field="valid_to")
    if valid_to is not None and valid_to < today and found.valid_from <= today:
        raise Invalid(N_("Its last day can be today at the earliest."), code="valid_to_invalid", field="valid_to")
    found.valid_to, found.version, found.changed_at = valid_to, found.version + 1, clock.now(session)
    _audit(session, "services.end_agreement", found)
    return found


def _audit(session: Session, action: str, row: Agreement) -> None:
    after = {"reference": row.reference, "valid_from": row.valid_from, "valid_to": row.valid_to}
    about: dict[str, Any] = {"customer_id": row.holder_id, "subject": ("price_agreement", row.id)}
    audit.record(session, action, **about, after=after, private={"price_book": row.price_book})
