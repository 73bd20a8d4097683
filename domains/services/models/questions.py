"""What a provider wants to know before it takes an order, and whether an answer is one. The questions are data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domains.kernel.columns import cut
from domains.kernel.errors import N_, Invalid

KINDS = ("text", "domain", "email", "number", "yes_no", "choice")
MOST, LONGEST, MOST_CHOICES = 20, 200, 50
KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_SHAPES = {
    "domain": re.compile(rf"({_LABEL}\.)+[a-z]{{2,63}}"), "email": re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+"),
    "number": re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?"), "yes_no": re.compile("yes|no"),
}  # fmt: skip
HOW = {
    "domain": N_("“%(label)s” must be a domain name, such as northwind.example."),
    "email": N_("“%(label)s” must be an e-mail address, such as office@northwind.example."),
    "number": N_("“%(label)s” must be a number, such as 25."),
    "yes_no": N_("“%(label)s” must be yes or no."),
    "choice": N_("“%(label)s” must be one of %(choices)s."),
}


@dataclass(frozen=True)
class Question:
    """One thing that an offer asks. A required yes_no must be agreed to."""

    key: str
    label: str
    kind: str = "text"
    required: bool = False
    hint: str = ""
    choices: tuple[str, ...] = ()

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The choices as value and text."""
        return [(choice, choice) for choice in self.choices]


def questions_of(policy: Mapping[str, Any]) -> tuple[Question, ...]:
    """The questions in a provider's policy, as far as they can be asked; what is none is left out, not refused.

    A kind that we do not know is asked as text. Patterns of the provider's are not run here: it says no itself.
    """
    said = policy.get("questions")
    found: dict[str, Question] = {}
    for one in said[:MOST] if isinstance(said, list) else []:
        if isinstance(one, dict) and KEY.fullmatch(str(one.get("key"))) and str(one.get("label") or "").strip():
            found.setdefault(one["key"], _read(one))
    return tuple(found.values())


def _read(one: dict[str, Any]) -> Question:
    listed = one.get("choices")
    choices = tuple(cut(str(choice), LONGEST) for choice in listed[:MOST_CHOICES]) if isinstance(listed, list) else ()
    kind = one.get("kind") if one.get("kind") in KINDS else "text"
    kind = "text" if kind == "choice" and not choices else str(kind)
    label, hint = cut(str(one["label"]).strip(), 120), cut(str(one.get("hint") or ""), 300)
    return Question(one["key"], label, kind, one.get("required") is True, hint, choices)


def checked_answers(
    questions: tuple[Question, ...], answers: Mapping[str, str] | None, at: str
) -> dict[str, str] | None:  # fmt: skip
    """The answers as they are sent: without spaces around them, what is empty left out; None where nothing is said.

    Refuses what is not asked, what is missing, and what is no answer, each with its field below `at`.
    """
    given = {key: str(said).strip() for key, said in (answers or {}).items()}
    known = {one.key: one for one in questions}
    for key in given.keys() - known.keys():
        text = N_("This is not asked. Asked are: %(asked)s.")
        raise Invalid(text, code="answer_unknown", field=f"{at}.{cut(key, 40)}", asked=tuple(known) or "–")
    for one in questions:
        said = given.get(one.key, "")
        field = f"{at}.{one.key}"
        if one.required and (not said or (one.kind == "yes_no" and said != "yes")):
            text = N_("“%(label)s” is needed: without it the provider does not take the order.")
            raise Invalid(text, code="answer_missing", field=field, label=one.label)
        if said:
            _check(one, said, field)
    kept = {one.key: _as_sent(one, given[one.key]) for one in questions if given.get(one.key)}
    return kept or None


def _as_sent(one: Question, said: str) -> str:
    return said.lower() if one.kind == "domain" else said


def _check(one: Question, said: str, field: str) -> None:
    if len(said) > LONGEST or any(ord(sign) < 32 or ord(sign) == 127 for sign in said):
        text = N_("“%(label)s”: use at most %(most)s characters, on one line.")
        raise Invalid(text, code="answer_invalid", field=field, label=one.label, most=LONGEST)
    shape = _SHAPES.get(one.kind)
    fits = said in one.choices if one.kind == "choice" else shape is None or shape.fullmatch(_as_sent(one, said))
    if not fits:
        raise Invalid(HOW[one.kind], code="answer_invalid", field=field, label=one.label, choices=one.choices)
