"""What our e-mails say, in each language: whole sentences with places for facts."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from domains.kernel.errors import Invalid

LANGUAGES = ("en", "de", "ja")
MONTHS = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
    "de": ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
           "Dezember"),
}  # fmt: skip


def rendered(template: str, language: str, facts: dict[str, str]) -> tuple[str, str]:
    """Subject and body in a language (English where we do not have it). Refuses what has no text or lacks a fact."""
    known = texts().get(template)
    if known is None:
        raise Invalid("There is no e-mail called “%(template)s”.", code="template_unknown", template=template)
    text = known.get(language, known["en"])
    try:
        return text["subject"].format_map(facts), text["body"].format_map(facts)
    except KeyError as missing:
        raise Invalid(
            "The e-mail “%(template)s” cannot be written: “%(fact)s” is not given.",
            code="fact_missing", template=template, fact=missing.args[0],
        ) from None  # fmt: skip


@cache
def texts() -> dict[str, dict[str, dict[str, str]]]:
    """All texts, by template and language."""
    return tomllib.loads(Path(__file__).with_name("texts.toml").read_text(encoding="utf-8"))


def in_words(day: str, language: str) -> str:
    """A day such as 2027-03-02 as people of a language write it out."""
    written = date.fromisoformat(day)
    said = {
        "en": f"{written.day} {MONTHS['en'][written.month - 1]} {written.year}",
        "de": f"{written.day}. {MONTHS['de'][written.month - 1]} {written.year}",
        "ja": f"{written.year}年{written.month}月{written.day}日",
    }
    return said.get(language, said["en"])


def flat(facts: dict[str, Any]) -> dict[str, str]:
    """Facts as text: money with its code, lines one below the other."""
    return {name: _text(value) for name, value in facts.items()}


def _text(value: Any) -> str:
    if isinstance(value, dict) and set(value) == {"amount", "currency"}:
        return f"{value['currency']} {value['amount']}"
    if isinstance(value, list):
        return "\n".join(f"  {line.get('quantity', '')} × {line['name']}".replace("   × ", "  ") for line in value)
    return "" if value is None else str(value)
