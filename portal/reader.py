"""Who reads the page: their language, their region's way of writing, their time zone; four settings with the currency.

The language comes from Flask-Babel's selector, region format and zone from the caller's preferences. What is stored
but no longer known falls back to the usual, because a page must not fail over a setting.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from flask import g, has_app_context
from flask_babel import get_locale

FORMATS = {"en": "en_GB", "de": "de_DE", "ja": "ja_JP"}  # of a reader who has not chosen
OWN_SCRIPT = {"ja", "ko", "zh", "th"}  # their names of months do not mix with Latin patterns


def _preference(name: str) -> str:
    caller = g.get("caller") if has_app_context() else None
    return (caller.preferences.get(name) or "") if caller else ""


@cache
def _locale(name: str) -> Locale | None:
    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return None


@cache
def known_zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder of zones
        return None


def language() -> Locale:
    """The language the page is written in."""
    return get_locale() or Locale("en")


def language_tag() -> str:
    """The same as HTML's lang attribute has it: en, de, ja, zh-Hans."""
    return str(language()).replace("_", "-")


def format_locale() -> Locale:
    """The region whose way of writing numbers and dates the reader chose; else the usual one of the language."""
    usual = FORMATS.get(language().language, str(language()))
    return _locale(_preference("formats") or usual) or Locale.parse("en_GB")


def format_tag() -> str:
    """The region format as HTML's lang attribute has it: en-GB, de-CH."""
    return str(format_locale()).replace("_", "-")


def zone() -> ZoneInfo:
    """The reader's time zone; UTC when none is known."""
    return known_zone(_preference("zone") or "UTC") or ZoneInfo("UTC")


def words() -> Locale:
    """Whose names of months and days to use: the page's language, in the order of the reader's region."""
    pattern, page = format_locale(), language()
    mixed = pattern.language in OWN_SCRIPT or page.language in OWN_SCRIPT
    return pattern if mixed or pattern.language == page.language else page


def current_time() -> datetime:
    """The time to show beside things; it decides nothing. The app may set `g.now` from a clock of its own."""
    return (g.get("now") if has_app_context() else None) or datetime.now(UTC)
