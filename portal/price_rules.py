"""Rules of price books as lines of text that people write and read: “vendor Litware from 50 list -12%”."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from domains.kernel.errors import Invalid
from domains.kernel.money import UnitPrice
from domains.services.pricing import ROUNDINGS, SCOPES, Rule

from .formats import translated

CYCLES = ("monthly", "annual", "one_time")
TERM = re.compile(r"P[1-9][0-9]?[MY]|one_time")
NUMBER = re.compile(r"[0-9]{1,12}([.,][0-9]{1,6})?")
PERCENT = re.compile(r"([+-]?[0-9]{1,6}([.,][0-9]{1,6})?)%")
SPAN = re.compile(r"([0-9-]*)\.\.([0-9-]*)")


def read_rules(text: str) -> list[Rule]:
    """The rules of a text, one a line; empty lines and those that begin with # are passed over.

    Refuses a line that cannot be read, and says which and why.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            rule = _read(shlex.split(line))
            rule.check()
        except (ValueError, ArithmeticError) as error:
            raise _wrong(number, line, str(error)) from None
        except Invalid as error:
            raise _wrong(number, line, translated(error.detail)) from None
        found.append(rule)
    return found


def _wrong(number: int, line: str, why: str) -> Invalid:
    said = _("Line %(number)s, “%(line)s”: %(why)s", number=number, line=line.strip()[:80], why=why)
    return Invalid(said, code="rule_invalid", field="rules")


def _read(words: list[str]) -> Rule:
    scope, rest = words[0], words[1:]
    if scope not in SCOPES:
        raise ValueError(_("begin with offer, vendor, category or all"))
    known: dict[str, Any] = {"scope": scope}
    if scope != "all":
        if not rest:
            raise ValueError(_("say which one, in quotes if it is more than one word"))
        known["target"] = rest.pop(0)
    while rest:
        known |= _part(rest.pop(0), rest)
    return Rule(**known)


def _part(word: str, rest: list[str]) -> dict[str, Any]:
    """What one word says of a rule, with the words after it that it takes."""
    if word in ("cost", "price", "list"):
        percent = _percent(_next(rest))
        return {"discount_percent": -percent} if word == "list" else {"markup_percent": percent}
    if word == "fixed":
        amount, currency = _next(rest), _next(rest)
        if not NUMBER.fullmatch(amount) or not re.fullmatch(r"[A-Z]{3}", currency):
            raise ValueError(_("a fixed price is written as 29.00 EUR"))
        return {"unit_price": UnitPrice(Decimal(amount.replace(",", ".")), currency)}
    if word == "from":
        count = _next(rest)
        if not count.isascii() or not count.isdigit():
            raise ValueError(_("after “from” comes how many, such as 50"))
        return {"min_quantity": int(count[:12])}
    if word == "round":
        return {"rounding": _one_of(_next(rest), ROUNDINGS)}
    return _plain(word)


def _plain(word: str) -> dict[str, Any]:
    if word in CYCLES[:2] or word == "once":
        return {"billing_cycle": "one_time" if word == "once" else word}
    if TERM.fullmatch(word):
        return {"term": word}
    if re.fullmatch(r"[A-Z]{3}", word):
        return {"currency": word}
    if span := SPAN.fullmatch(word):
        return {"valid_from": _day(span[1]), "valid_to": _day(span[2])}
    raise ValueError(_("nobody knows what “%(word)s” means here", word=word[:40]))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError(_("days are written as 2027-01-31..2027-03-31")) from None


def _next(rest: list[str]) -> str:
    if not rest:
        raise ValueError(_("the line ends too early"))
    return rest.pop(0)


def _percent(word: str) -> Decimal:
    found = PERCENT.fullmatch(word)
    if not found:
        raise ValueError(_("a percentage is written as +25% or -12.5%"))
    return Decimal(found[1].replace(",", "."))


def _one_of(word: str, words: tuple[str, ...]) -> str:
    if word not in words:
        raise ValueError(_("use one of %(words)s", words=", ".join(words)))
    return word


def write_rules(rules: Iterable[Rule], on: str = "cost") -> str:
    """Rules as text, one a line; `read_rules` makes the same of it."""
    return "\n".join(written(rule, on) for rule in rules)


def written(rule: Rule, on: str = "cost") -> str:
    """One rule as a line; `on` is what its percentage is on: our cost, or the price that a reseller pays."""
    fixed = rule.unit_price
    words = [rule.scope, *([shlex.quote(rule.target)] if rule.scope != "all" else [])]
    words += [word for word in (rule.term, None if fixed else rule.currency) if word]
    words += ["once" if rule.billing_cycle == "one_time" else rule.billing_cycle] if rule.billing_cycle else []
    words += [f"from {rule.min_quantity}"] if rule.min_quantity > 1 else []
    words.append(_price(rule, on))
    if rule.valid_from or rule.valid_to:
        words.append(f"{rule.valid_from or ''}..{rule.valid_to or ''}")
    words += [f"round {rule.rounding}"] if rule.rounding else []
    return " ".join(words)


def _price(rule: Rule, on: str) -> str:
    if rule.unit_price is not None:
        return f"fixed {rule.unit_price.amount.normalize():f} {rule.unit_price.currency}"
    if rule.discount_percent is not None:
        return f"list {-rule.discount_percent.normalize():+f}%"
    return f"{on} {(rule.markup_percent or Decimal(0)).normalize():+f}%"
