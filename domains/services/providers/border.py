"""The border that every word of a provider crosses: what comes in fits our tables, or does not come in at all.

Texts are cut and cleaned here, once, so that nothing beyond has to care; ids and numbers that do not fit cannot be cut
without becoming another's, and make the answer unreadable.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, TypeVar

import msgspec

from domains.kernel.columns import cut

T = TypeVar("T")
COUNT = 2**31 - 1  # what an Integer column holds
RATE = Decimal(10) ** 13  # below this, a Rate column holds it
LAST_YEAR = 9000  # a day beyond stands for “never”, and could not be reckoned with
FIRST_MOMENT, LAST_MOMENT = datetime(1900, 1, 1, tzinfo=UTC), datetime(LAST_YEAR - 1, 12, 31, tzinfo=UTC)
LONGEST_WAIT = 300.0  # seconds: a longer wait is not believed

ProviderId = Annotated[
    str, msgspec.Meta(pattern=r"^[\x20-\uffff]+$", max_length=80)
]  # on Azure SQL, too, 80 characters
Whole = Annotated[int, msgspec.Meta(ge=0, le=COUNT)]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")]


class Unreadable(Exception):
    """What came is not what we asked for, and we can make nothing of it."""


class Word(msgspec.Struct, frozen=True):
    """What a provider says, tidied as it is read. `most` names the texts that may be longer or must be shorter."""

    most: ClassVar[dict[str, int]] = {}

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            said = getattr(self, name)
            kept = self.tidied(name, _tidied(said, self.most.get(name, 200)))
            if kept is not said:
                msgspec.structs.force_setattr(self, name, kept)

    def tidied(self, name: str, said: Any) -> Any:
        """What we keep of one field; ValueError for what cannot be kept."""
        return said


def _tidied(said: Any, most: int | None) -> Any:
    if isinstance(said, str):
        return cut(said, most)
    if isinstance(said, datetime):
        return instant(said)
    if isinstance(said, Decimal) and not (said.is_finite() and abs(said) < RATE):
        raise ValueError("this is no amount")
    if isinstance(said, dict):
        return {_tidied(key, None): _tidied(value, None) for key, value in said.items()}
    if isinstance(said, (list, tuple)):
        return type(said)(_tidied(one, None) for one in said)
    return said


def instant(said: datetime) -> datetime:
    """A moment in UTC, as which one without a zone is taken; “never” becomes a year that each zone can still show."""
    try:
        moment = (said if said.tzinfo else said.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise ValueError("this is no time") from None
    return min(max(moment, FIRST_MOMENT), LAST_MOMENT)


def day_within_reach(said: date) -> date:
    """A first or a future day that can be reckoned with."""
    if not 1900 <= said.year < LAST_YEAR:
        raise ValueError("this is no day of ours")
    return said


def last_day(said: date | None) -> date | None:
    """A last day that can be reckoned with; None, for never, when it is beyond all reckoning."""
    return day_within_reach(said) if said is not None and said.year < LAST_YEAR else None


def believed(said: float | None) -> float | None:
    """Seconds to wait that can be believed."""
    return min(said, LONGEST_WAIT) if said is not None and math.isfinite(said) and said >= 0 else None


def decoded(body: bytes | msgspec.Raw, shape: type[T]) -> T:
    """An answer read into a shape. Refuses, as Unreadable, whatever cannot be."""
    try:
        return msgspec.json.decode(body, type=shape, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable(str(error)) from error
    except RecursionError:
        raise Unreadable("it is nested too deep") from None
