"""What a person has typed into a form, read one field at a time; a no sends the form back with what is wrong.

A field that cannot be read is refused like any other input that cannot be right, so that a mistyped number and a number
the provider does not sell are said in the same way: in the summary above the form and beside the field.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any
from uuid import UUID

from flask import Response, make_response, request
from flask_babel import gettext as _

from domains.kernel.errors import Conflict, DomainError, Invalid, NotFound, Refused

from .formats import translated

STATUS = {Invalid: 422, Refused: 422, Conflict: 409, NotFound: 404}
MOST = 1_000_000  # no quantity of ours is larger


class Errors(dict[str, str]):
    """What is wrong, by field: the summary's texts, and those beside the fields. "" stands for no field.

    `status` is the answer's HTTP status, 200 while nothing is wrong; `code` is the domain's.
    """

    def __init__(self, no: DomainError | None = None) -> None:
        super().__init__({} if no is None else {field_of(no): translated(no.detail)})
        self.status = 200 if no is None else status_of(no)
        self.code = "" if no is None else no.code

    def only(self, *fields: str, **other: str) -> Errors:
        """The same with names of fields that the form has; `other` maps the domain's names to them, the rest to ""."""
        known = {name: name for name in fields} | other
        kept = Errors()
        kept.update({known.get(name, ""): text for name, text in self.items()})
        kept.status, kept.code = self.status, self.code
        return kept


def status_of(error: DomainError) -> int:
    """The HTTP status of a domain's no."""
    if error.code == "too_many_attempts":
        return 429
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def waiting(response: Response, no: DomainError) -> Response:
    """The answer to a domain's no, with the seconds to wait where it came of trying too often."""
    if "retry_after" in no.params:
        response.headers["Retry-After"] = str(no.params["retry_after"])
    return response


def field_of(error: DomainError) -> str:
    """The name of the field at fault: `quantity` for the first line's, `quantity-1` for the second's."""
    found = re.fullmatch(r"(?:lines\[(\d+)\]\.)?(answers\.)?(\w+)", error.field or "")
    if found is None:
        return error.field or ""
    name = f"answer-{found[3]}" if found[2] else found[3]
    return name if found[1] in (None, "0") else f"{name}-{found[1]}"


def refusals_on(show: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Answer a business no with the form again: `show` gets the view's arguments and the errors.

    What is not there, or not the reader's, stays a 404 page.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def called(*args: Any, **values: Any) -> Any:
            try:
                return view(*args, **values)
            except (Invalid, Refused, Conflict) as no:
                return waiting(make_response(show(*args, **values | {"errors": Errors(no)})), no)

        return called

    return decorate


# ---------- fields ----------


def typed(name: str, *, most: int = 80, label: str = "") -> str | None:
    """A line of text without control characters, None when it is empty; refused when it is longer than `most`."""
    text = "".join(c for c in request.values.get(name, "") if c.isprintable()).strip()
    if len(text) > most:
        long = _("%(label)s may have %(most)s characters at most.", label=label or name, most=most)
        raise Invalid(long, code="too_long", field=name)
    return text or None


def searched(name: str = "q") -> str:
    """The words of a search; what is too long to be found anyway is cut off."""
    return "".join(c for c in request.args.get(name, "") if c.isprintable())[:200]


def whole(name: str, *, otherwise: int | None = None) -> int:
    """A whole number; refused when it is missing (and there is no other) or is not one."""
    text = request.values.get(name, "").strip()
    if not text and otherwise is not None:
        return otherwise
    if len(text) > 12 or not text.isascii() or not text.isdigit() or int(text) > MOST:
        raise Invalid(_("Type a whole number, such as 25."), code="not_a_number", field=name)
    return int(text)


def chosen_day(name: str, missing: str = "") -> date:
    """A day; refused with the text `missing` when there is none."""
    try:
        return date.fromisoformat(request.values.get(name, ""))
    except ValueError:
        raise Invalid(missing or _("Choose a day."), code="not_a_day", field=name) from None


def maybe_day(name: str) -> date | None:
    """A day, or None when it is left out; refused when it is none."""
    return chosen_day(name) if request.values.get(name) else None


def chosen(name: str, choices: tuple[str, ...], missing: str) -> str:
    """One of several; refused with the text `missing` when none of them is chosen."""
    value = request.values.get(name, "")
    if value not in choices:
        raise Invalid(missing, code="not_chosen", field=name)
    return value


def chosen_id(name: str, missing: str = "") -> UUID:
    """An id; refused with the text `missing` when it is left out, not there when it is no id."""
    found = optional_id(name)
    if found is None:
        raise Invalid(missing or _("Choose one."), code="not_chosen", field=name)
    return found


def optional_id(name: str) -> UUID | None:
    """An id, or None when it is left out. A text that is no id is something that is not there."""
    text = request.values.get(name, "")
    try:
        return UUID(text) if text else None
    except ValueError:
        raise NotFound("There is nothing at this address.") from None
