"""A list of changes, read from a file or a request, and checked and priced row by row against what may be done now."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from domains.kernel.errors import N_, Conflict, DomainError, Invalid, NotFound, Refused
from domains.kernel.tenancy import Scope

from ..models import Subscription
from ..pricing import ChangeTerms
from .changes import change_terms

COLUMNS = ("subscription", "action", "value")
MOST_ROWS, LONGEST_FILE, LONGEST_CELL = 1000, 500_000, 80
MOST_UNITS = 1_000_000
ACTIONS = ("change_quantity", "cancel", "extend")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class RowWish:
    """One change as it was sent: the subscription's number or id, what to do, and the value that goes with it."""

    subscription: str
    action: str
    value: str = ""


@dataclass(frozen=True)
class PricedRow:
    """A row with its terms, or with why it cannot be made. `before` is what the value is now."""

    wish: RowWish
    found: Subscription | None
    before: str | None
    terms: ChangeTerms | None
    error: DomainError | None


def read_csv(text: str) -> list[RowWish]:
    """The rows of a CSV file, whose first line names the columns: subscription, action, value.

    Commas, semicolons and tabs part cells; empty lines are left out. Refuses what is no such file, with the line.
    """
    if len(text) > LONGEST_FILE:
        raise _bad(N_("The file is too large: %(most)s characters at most."), most=LONGEST_FILE)
    if CONTROL.search(text):
        raise _bad(N_("The file holds characters that no text has. Save it as CSV in UTF-8."))
    lines = text.removeprefix("\ufeff").splitlines()
    if not lines:
        raise _bad(N_("The file is empty. Its first line names the columns: subscription, action, value."))
    delimiter = max(",;\t", key=lines[0].count)
    try:
        rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise _bad(N_("The file is no CSV: %(why)s."), why=str(error)) from error
    names = [cell.strip().lower() for cell in rows[0]]
    if sorted(names) != sorted(COLUMNS):
        raise _bad(N_("The first line must name these columns and no others: %(names)s."), names=COLUMNS)
    return [_row(number, names, row) for number, row in enumerate(rows[1:], 2) if any(cell.strip() for cell in row)]


def _row(number: int, names: list[str], row: list[str]) -> RowWish:
    if len(row) != len(names):
        raise _bad(N_("Line %(line)s has %(count)s cells: there must be %(wanted)s."), line=number, count=len(row),
                   wanted=len(names))  # fmt: skip
    cells = {name: cell.strip().removeprefix("'") for name, cell in zip(names, row, strict=True)}
    if any(len(cell) > LONGEST_CELL for cell in cells.values()):
        raise _bad(N_("Line %(line)s has a cell that is too long."), line=number)
    return RowWish(**cells)


def _bad(text: str, **params: Any) -> Invalid:
    return Invalid(text, code="file_invalid", field="csv", **params)


def price_rows(session: Session, scope: Scope, wishes: Sequence[RowWish]) -> list[PricedRow]:
    """Check and price each row by itself: one that cannot be made says why, and holds up no other.

    Refuses an empty list, and more than 1,000 rows.
    """
    if not wishes:
        raise Invalid("There is no row: say at least one change.", code="rows_missing", field="rows")
    if len(wishes) > MOST_ROWS:
        raise Invalid("%(count)s rows are too many: send %(most)s at most.", code="too_many_rows", field="rows",
                      count=len(wishes), most=MOST_ROWS)  # fmt: skip
    known = _subscriptions(session, scope, [wish.subscription for wish in wishes])
    taken: set[UUID] = set()
    return [_priced(session, scope, wish, known.get(_called(wish.subscription)), taken) for wish in wishes]


def _subscriptions(session: Session, scope: Scope, named: Sequence[str]) -> dict[str, Subscription]:
    """The subscriptions in scope that are meant, by what they were called."""
    ids = [found for text in named if (found := _as_id(text)) is not None]
    numbers = [text.upper() for text in named if _as_id(text) is None]
    query = select(Subscription).where(scope.covers(Subscription))
    rows = session.scalars(query.where(or_(Subscription.id.in_(ids), Subscription.number.in_(numbers))))
    return {key: row for row in rows for key in (str(row.id), row.number.casefold())}


def _called(text: str) -> str:
    """By what a subscription is found, however its id or number is written."""
    found = _as_id(text)
    return str(found) if found is not None else text.casefold()


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _priced(
    session: Session, scope: Scope, wish: RowWish, row: Subscription | None, taken: set[UUID]
) -> PricedRow:  # fmt: skip
    try:
        if row is None:
            raise NotFound("There is no such subscription.", code="subscription_not_found", field="subscription")
        asked = _asked(wish)
        if row.id in taken:
            raise Invalid("Another row changes this subscription already.", code="row_doubled", field="subscription")
        taken.add(row.id)
        terms = change_terms(session, scope, subscription_id=row.id, **asked)
    except (Invalid, NotFound, Refused, Conflict) as no:
        return PricedRow(wish, row, _before(wish, row), None, no)
    return PricedRow(wish, row, _before(wish, row), terms, None)


def _asked(wish: RowWish) -> dict[str, Any]:
    """A row as `change_terms` takes it. Refuses an action that is none, and a value that does not go with it."""
    if wish.action not in ACTIONS:
        raise Invalid("action is one of %(names)s.", code="action_invalid", field="action", names=ACTIONS)
    if wish.action == "cancel":
        if not wish.value:  # left out it must not mean at once
            raise Invalid("Say when it shall end: now or end_of_term.", code="mode_invalid", field="value")
        return {"action": "cancel", "mode": wish.value}
    if wish.action == "extend":
        return {"action": "extend", "valid_to": _day(wish.value)}
    if not re.fullmatch(r"[0-9]{1,7}", wish.value) or int(wish.value) > MOST_UNITS:
        raise Invalid("value must be a whole number, such as 25.", code="value_invalid", field="value")
    return {"action": "change_quantity", "quantity": int(wish.value)}


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid("value must be a day, such as 2027-03-31.", code="value_invalid", field="value") from None


def _before(wish: RowWish, row: Subscription | None) -> str | None:
    if row is None:
        return None
    return {"change_quantity": str(row.quantity), "extend": str(row.valid_to)}.get(wish.action, row.state)
