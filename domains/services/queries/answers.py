"""Lines of an order with what they answer to what their offers ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..models import Offer
from ..models.questions import checked_answers, questions_of
from ..pricing import LineWish


def with_answers(offer: Offer, wish: LineWish, at: str) -> LineWish:
    """A line with its answers as they are sent. Refuses what the offer's questions are not answered by."""
    return replace(wish, answers=checked_answers(questions_of(offer.policy), wish.answers, f"{at}.answers"))


def same_answers(said: Mapping[str, str] | None, promised: Mapping[str, str] | None) -> bool:
    """Whether answers are those that were promised; nothing said is taken as promised."""
    kept = promised or {}
    return said is None or {
        key: text.strip().casefold() for key, text in said.items() if text.strip()
    } == {key: text.casefold() for key, text in kept.items()}  # fmt: skip
