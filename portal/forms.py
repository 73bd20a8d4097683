"""What a person has typed into a form, read one field at a time; a no sends the form back with what is wrong.

A field that cannot be read is refused like any other input that cannot be right, so that a mistyped number and a number
the provider does not sell are said in the same way: in the summary above the form and beside the field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import wraps
from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext as _

from domains.kernel.errors import Conflict, DomainError, Invalid, NotFound, Refused

STATUS = {Invalid: 422, Refused: 422, Conflict: 409, NotFound: 404}
MOST = 1_000_000  # no quantity of ours is larger


def status_of(error: DomainError) -> int:
    """The HTTP status of a domain's no."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def sent_back(show: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Answer a business no with the form again: `show` gets the view's arguments and the error as `no`.

    What is not there, or not the reader's, stays a 404 page.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def called(*args: Any, **values: Any) -> Any:
            try:
                return view(*args, **values)
            except (Invalid, Refused, Conflict) as no:
                return show(*args, **values, no=no)

        return called

    return decorate


def errors_of(no: DomainError | None, names: Mapping[str, str]) -> dict[str, str]:
    """The summary for a no: {field: text}. `names` are the form's fields by the names that the domain has for them.

    A text about something that is no field of the form stands under "".
    """
    return {} if no is None else {names.get(no.field or "", ""): _(no.detail)}


# ---------- fields ----------


def text(name: str, *, most: int = 80, label: str = "") -> str:
    """A line of text without control characters; refused when it is longer than `most`."""
    typed = "".join(c for c in request.values.get(name, "") if c.isprintable()).strip()
    if len(typed) > most:
        long = _("%(label)s may have %(most)s characters at most.", label=label or name, most=most)
        raise Invalid(long, code="too_long", field=name)
    return typed


def find() -> str:
    """The words of a search; what is too long to be found anyway is cut off."""
    return "".join(c for c in request.args.get("q", "") if c.isprintable())[:200]


def whole(name: str, *, otherwise: int | None = None) -> int:
    """A whole number; refused when it is missing (and there is no other) or is not one."""
    typed = request.values.get(name, "").strip()
    if not typed and otherwise is not None:
        return otherwise
    if not typed.isascii() or not typed.isdigit() or int(typed[:12]) > MOST:
        raise Invalid(_("Type a whole number, such as 25."), code="not_a_number", field=name)
    return int(typed)


def day(name: str, missing: str) -> date:
    """A day; refused with the text `missing` when there is none."""
    try:
        return date.fromisoformat(request.values.get(name, ""))
    except ValueError:
        raise Invalid(missing, code="not_a_day", field=name) from None


def one_of(name: str, choices: tuple[str, ...], missing: str) -> str:
    """One of several; refused with the text `missing` when none of them is chosen."""
    chosen = request.values.get(name, "")
    if chosen not in choices:
        raise Invalid(missing, code="not_chosen", field=name)
    return chosen


def an_id(name: str) -> UUID:
    """An id; one that is missing or no id is something that is not there."""
    found = maybe_id(name)
    if found is None:
        raise NotFound("There is nothing at this address.")
    return found


def maybe_id(name: str) -> UUID | None:
    """An id, or None when it is left out. A text that is no id is something that is not there."""
    typed = request.values.get(name, "")
    try:
        return UUID(typed) if typed else None
    except ValueError:
        raise NotFound("There is nothing at this address.") from None
