"""How services are spoken of: “41 seats”, “12 months, billed monthly”, “per TB and month”, in the reader's language.

Units come from the provider's catalogue; one that we have no words for is shown as the provider calls it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from babel.dates import format_interval
from babel.lists import format_list
from flask import Flask
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from domains.services.pricing import FOREVER

from . import formats, reader
from .states import state_look

MEASURES = {"TB", "GB"}  # symbols: the same for one and for many, in every language
UNITS: dict[str, tuple[Any, Callable[[int, str], str]]] = {
    "seat": (_l("seat"), lambda n, said: ngettext("%(said)s seat", "%(said)s seats", n, said=said)),
    "device": (_l("device"), lambda n, said: ngettext("%(said)s device", "%(said)s devices", n, said=said)),
    "server": (_l("server"), lambda n, said: ngettext("%(said)s server", "%(said)s servers", n, said=said)),
    "developer": (_l("developer"), lambda n, said: ngettext("%(said)s developer", "%(said)s developers", n, said=said)),
    "designer": (_l("designer"), lambda n, said: ngettext("%(said)s designer", "%(said)s designers", n, said=said)),
    "mailbox": (_l("mailbox"), lambda n, said: ngettext("%(said)s mailbox", "%(said)s mailboxes", n, said=said)),
    "address": (_l("address"), lambda n, said: ngettext("%(said)s address", "%(said)s addresses", n, said=said)),
    "site": (_l("site"), lambda n, said: ngettext("%(said)s site", "%(said)s sites", n, said=said)),
    "hour": (_l("hour"), lambda n, said: ngettext("%(said)s hour", "%(said)s hours", n, said=said)),
    "store": (_l("store"), lambda n, said: ngettext("%(said)s store", "%(said)s stores", n, said=said)),
    "connector": (_l("connector"), lambda n, said: ngettext("%(said)s connector", "%(said)s connectors", n, said=said)),
    "database": (_l("database"), lambda n, said: ngettext("%(said)s database", "%(said)s databases", n, said=said)),
    "licence": (_l("licence"), lambda n, said: ngettext("%(said)s licence", "%(said)s licences", n, said=said)),
    "agent": (_l("agent"), lambda n, said: ngettext("%(said)s agent", "%(said)s agents", n, said=said)),
    "employee": (_l("employee"), lambda n, said: ngettext("%(said)s employee", "%(said)s employees", n, said=said)),
    "technician": (
        _l("technician"),
        lambda n, said: ngettext("%(said)s technician", "%(said)s technicians", n, said=said),
    ),
    "administrator": (
        _l("administrator"),
        lambda n, said: ngettext("%(said)s administrator", "%(said)s administrators", n, said=said),
    ),
    "access point": (
        _l("access point"),
        lambda n, said: ngettext("%(said)s access point", "%(said)s access points", n, said=said),
    ),
    "room": (_l("room"), lambda n, said: ngettext("%(said)s room", "%(said)s rooms", n, said=said)),
    "shop": (_l("shop"), lambda n, said: ngettext("%(said)s shop", "%(said)s shops", n, said=said)),
    "warehouse": (_l("warehouse"), lambda n, said: ngettext("%(said)s warehouse", "%(said)s warehouses", n, said=said)),
    "company": (_l("company"), lambda n, said: ngettext("%(said)s company", "%(said)s companies", n, said=said)),
    "directory": (
        _l("directory"),
        lambda n, said: ngettext("%(said)s directory", "%(said)s directories", n, said=said),
    ),
    "certificate": (
        _l("certificate"),
        lambda n, said: ngettext("%(said)s certificate", "%(said)s certificates", n, said=said),
    ),
    "host": (_l("host"), lambda n, said: ngettext("%(said)s host", "%(said)s hosts", n, said=said)),
    "line": (_l("line"), lambda n, said: ngettext("%(said)s line", "%(said)s lines", n, said=said)),
}
KINDS = {
    "seat": _l("Subscription"), "usage": _l("Pay as you use"), "perpetual": _l("Bought once"), "addon": _l("Add-on"),
    "trial": _l("Trial"),
}  # fmt: skip
CYCLES = {"monthly": _l("Monthly"), "annual": _l("Yearly"), "one_time": _l("Once")}
FACETS = {
    "category": _l("Category"), "vendor": _l("Vendor"), "term": _l("Term"), "billing_cycle": _l("Billing"),
    "kind": _l("Kind"), "trial": _l("Trials"), "price": _l("Price"),
}  # fmt: skip
ASKED = {  # why somebody must say yes
    "limit": _l("Above what whoever asked may order"), "budget": _l("Beyond the monthly budget"),
    "commitment": _l("Beyond what may be owed until the terms end"),
}  # fmt: skip
TRIALS = {"yes": _l("Trials only"), "no": _l("No trials")}


def register(app: Flask) -> None:
    """Put these words at the templates' disposal."""
    for each in (
        counted, unit_word, term, terms, billed, per, quantities, kind_word, facet_name, facet_value, glyph, span,
        last_day, next_day, day_end, end_word, window, tax, account_name, account_options, state_options, said_by_state,
        planned, plan_word, asked_because,
    ):  # fmt: skip
        app.jinja_env.filters[each.__name__] = formats.per_request(each)


def counted(quantity: int, unit: str) -> str:
    """“41 seats”, “12 TB”, “3 × thousand pages”."""
    said = formats.number(quantity)
    if unit in MEASURES:
        return f"{said}{formats.NBSP}{unit}"
    known = UNITS.get(unit)
    return known[1](quantity, said) if known else _("%(count)s × %(unit)s", count=said, unit=unit)


def unit_word(unit: str) -> str:
    """“seat”."""
    return str(UNITS[unit][0]) if unit in UNITS else unit


def months(value: str) -> int:
    """How many months a term has: P1M 1, P3Y 36; 0 for what does not end or is not known."""
    found = re.fullmatch(r"P(\d+)([MY])", value)
    return int(found[1]) * (12 if found[2] == "Y" else 1) if found else 0


def term(value: str) -> str:
    """“12 months”; “Without end” for what is bought once."""
    number = months(value)
    if number:
        return ngettext("%(num)s month", "%(num)s months", number)
    return _("Without end") if value == "one_time" else value


def terms(values: Iterable[str]) -> str:
    """“1, 12 or 36 months”."""
    known = sorted({number for value in values if (number := months(value))})
    if not known:
        return _("Without end")
    said = format_list([formats.number(number) for number in known], "or", locale=reader.words())
    return ngettext("%(said)s month", "%(said)s months", known[-1], said=said)


def billed(cycle: str) -> str:
    """“billed monthly”."""
    known = {"monthly": _("billed monthly"), "annual": _("billed yearly"), "one_time": _("billed once")}
    return known.get(cycle, cycle)


def per(cycle: str, unit: str = "") -> str:
    """“per seat and month”; without a unit “a month”. For what is bought once, “per seat” or “once”."""
    word = unit_word(unit)
    if not unit:
        return {"monthly": _("a month"), "annual": _("a year")}.get(cycle, _("once"))
    if cycle == "monthly":
        return _("per %(unit)s and month", unit=word)
    return _("per %(unit)s and year", unit=word) if cycle == "annual" else _("per %(unit)s", unit=word)


def quantities(least: int, most: int | None, unit: str = "") -> str:
    """“5 to 2,500 seats”, “From 10 TB”: what can be bought."""
    if most is None:
        return _("From %(least)s", least=counted(least, unit) if unit else formats.number(least))
    most_said = counted(most, unit) if unit else formats.number(most)
    return _("%(least)s to %(most)s", least=formats.number(least), most=most_said)


def kind_word(kind: str) -> str:
    """“Add-on”."""
    return str(KINDS.get(kind, kind))


def facet_name(facet: str) -> str:
    """“Vendor”."""
    return str(FACETS[facet])


def facet_value(value: str, facet: str) -> str:
    """A facet's value as a person reads it; vendors and categories are names."""
    if facet == "term":
        return term(value)
    if facet == "price":
        return band(value)
    known: dict[str, Any] = {"billing_cycle": CYCLES, "kind": KINDS, "trial": TRIALS}.get(facet, {})
    return str(known.get(value, value))


def band(value: str) -> str:
    """“10 to 50” for a band of prices, as 10-50; the upper end is not in it."""
    lower, _dash, upper = value.partition("-")
    if value == "0" or not lower.isdigit():
        return _("Free") if value == "0" else value
    if not upper.isdigit():
        return _("%(least)s and more", least=formats.number(int(lower)))
    if lower == "0":
        return _("Under %(most)s", most=formats.number(int(upper)))
    return _("%(least)s to under %(most)s", least=formats.number(int(lower)), most=formats.number(int(upper)))


def glyph(name: str) -> str:
    """“SB” for Server Backup: a mark that helps the eye down a list."""
    words = [word for word in re.split(r"[^\w]+", name) if word]
    return "".join(word[0] for word in words[:2]).upper() if len(words) > 1 else name[:2].upper()


def span(first: date, last: date) -> str:
    """“24–30 Nov”: days from first to last, both included."""
    skeleton = "MMMd" if first.year == last.year else "yMMMd"
    return format_interval(first, last, skeleton, locale=reader.format_locale())


def last_day(value: date | str | None) -> date | None:
    """The last day of a term, or None when it never ends; from a payload, a day as ISO text."""
    known = date.fromisoformat(value) if isinstance(value, str) else value
    return None if known == FOREVER else known


def window(hours: int | None) -> str:
    """“7 days”; nothing without a window."""
    if not hours:
        return ""
    if hours % 24:
        return ngettext("%(num)s hour", "%(num)s hours", hours)
    return ngettext("%(num)s day", "%(num)s days", hours // 24)


def tax(estimate: Any) -> str:
    """“VAT 21 %, estimate”, from an estimate or from one in a payload."""
    get = estimate.get if isinstance(estimate, dict) else lambda name: getattr(estimate, name)
    return _("%(tax)s %(percent)s, estimate", tax=_(get("name")), percent=formats.percent(_share(get("percent")), 2))


def _share(percent: Any) -> Any:
    return Decimal(str(percent)) / 100


def account_name(account_id: Any, accounts: Sequence[Any]) -> str:
    """The name of one of some accounts; nothing when it is not among them."""
    return next((account.name for account in accounts if account.id == account_id), "")


def account_options(accounts: Sequence[Any]) -> list[tuple[Any, str]]:
    """What one chooses an account from."""
    return [(account.id, f"{account.name} ({account.currency})") for account in accounts]


def state_options(states: Iterable[str], kind: str) -> list[tuple[str, str]]:
    """What one chooses a state from, in the words of its badge."""
    return [(state, str(state_look(state, kind).word)) for state in states]


def said_by_state(counts: Mapping[str, int], kind: str) -> str:
    """“12 active and 1 suspended”: how many there are, the most frequent first; nothing when there are none."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    said = [
        _("%(count)s %(state)s", count=formats.number(count), state=str(state_look(state, kind).word).lower())
        for state, count in ordered
    ]
    return format_list(said, locale=reader.words())


def end_word(it: Any) -> str:
    """“98 days left”, “renews” or “ended”: what stands under a subscription's last day."""
    if it.valid_to is None or it.state not in ("active", "suspended", "pending_cancellation"):
        return ""
    days = (it.valid_to - reader.current_time().astimezone(reader.zone()).date()).days
    return ngettext("%(num)s day left", "%(num)s days left", days) if days >= 0 else _("ended")


def next_day(value: date) -> date:
    """The day after a last day."""
    return value + timedelta(days=1)


def day_end(value: date) -> datetime:
    """The end of a last day, as the provider reckons it."""
    return datetime.combine(value, time(23, 59), UTC)


def plan_word(plan: Any) -> str:
    """“Analytics Pro Plus, 12 months, billed monthly”."""
    return ", ".join((plan.name, term(plan.term), billed(plan.billing_cycle)))


def planned(plan: Any, unit: str) -> str:
    """What is planned for a next term: “30 seats, 36 months”; nothing when nothing is."""
    if plan is None:
        return ""
    said = (
        plan.name or plan.provider_offer_id, counted(plan.quantity, unit) if plan.quantity is not None else "",
        term(plan.term) if plan.term else "", billed(plan.billing_cycle) if plan.billing_cycle else "",
    )  # fmt: skip
    return ", ".join(one for one in said if one)


def asked_because(why: Iterable[str]) -> str:
    """Why an approval is asked for, in words."""
    return ". ".join(str(ASKED[word]) for word in why if word in ASKED)
