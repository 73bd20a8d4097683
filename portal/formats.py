"""How amounts, days and times are written for the person who reads: “EUR 73.50”, “2 Mar 2027”, “3 d 4 h left”.

The reader's settings are in portal/reader.py; the currency is always the amount's own, and its ISO code stands before
the amount, because “$” names five of our currencies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache, wraps
from typing import Any

from babel import Locale
from babel import dates as cldr
from babel.numbers import NumberPattern, format_compact_decimal, get_currency_precision
from flask import Flask
from flask_babel import gettext as _
from flask_babel import ngettext
from jinja2 import pass_context
from jinja2.runtime import Context

from domains.kernel.errors import Said
from domains.kernel.money import Money
from domains.kernel.places import program_of
from portal import assets, charts, htmx, reader, states

Moment = datetime | str
MINUS, NBSP = "\u2212", "\u00a0"


def register(app: Flask) -> None:
    """Put every filter and global that the templates use onto the portal's app."""
    amounts = (money, amount, unit_price, number, compact, percent)
    days = (day, weekday, month, month_name, iso, zone_city)
    times = (instant, long_instant, short_instant, time_of_day, seconds_of_day, utc, duration, left, seconds_left)
    for each in (*amounts, *days, *times, translated, htmx.attrs, charts.chart, states.state_look, states.step_node):
        app.jinja_env.filters[each.__name__] = per_request(each)
    settings = (reader.current_time, reader.language_tag, reader.format_tag, reader.zone)
    for tool in (assets.static_url, htmx.here, *settings):
        app.jinja_env.globals[tool.__name__] = tool


def translated(text: str | Mapping[str, Any] | None) -> str:
    """What a domain has said, in the reader's language: a sentence, or a run's error with its `detail`."""
    if isinstance(text, Mapping):
        plain = text["text"] if text.get("values") else None
        text = Said(plain, **text["values"]) if plain else text.get("detail")
    if isinstance(text, Said) and text.values:
        return _(text.text) % {name: written(value) for name, value in text.values.items()}
    return _(text) if text else ""  # a percent sign in it is just that


def written(value: Any) -> str:
    """Something that stands in a sentence, as the reader writes it."""
    if isinstance(value, Money) or (isinstance(value, Mapping) and "currency" in value):
        return money(value)
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return day(value)
    if isinstance(value, (tuple, list)):
        return ", ".join(map(written, value))
    return number(value) if isinstance(value, int) else str(value)


def per_request(function: Callable[..., Any]) -> Callable[..., Any]:
    """Keep Jinja from working out `"5"|money("EUR")` once, while it compiles, in the first reader's language."""

    @pass_context
    @wraps(function)
    def called(_context: Context, *args: Any, **options: Any) -> Any:
        return function(*args, **options)

    return called


# ---------- amounts ----------


@cache
def _pattern(locale: Locale, style: str, least: int, most: int) -> NumberPattern:
    """The region's pattern for numbers or percents, with so many decimals."""
    pattern = copy(locale.percent_formats[None] if style == "percent" else locale.decimal_formats[None])
    pattern.frac_prec = (least, most)
    return pattern


def _number(value: Decimal | float | str, least: int, most: int, style: str = "decimal") -> str:
    locale = reader.format_locale()
    figure = Decimal(str(value)) + 0  # adding 0 makes −0 a plain 0
    return _pattern(locale, style, least, most).apply(figure, locale).replace("-", MINUS)


def _parts(value: Any, currency: str | None) -> tuple[Decimal, str]:
    """Amount and currency of a Money, a UnitPrice, the wire's {"amount", "currency"}, or a plain number."""
    if isinstance(value, Mapping):
        return Decimal(value["amount"]), value["currency"]
    if hasattr(value, "currency"):
        return value.amount, value.currency
    if currency is None:
        raise ValueError(f"{value!r} has no currency: pass money, or name the currency")
    return Decimal(value), currency


def money(value: Any, currency: str | None = None, *, sign: bool = False) -> str:
    """“EUR 73.50”: the ISO code, then the amount in the currency's own decimals. `sign` puts + before more than 0."""
    figure, code = _parts(value, currency)
    return f"{code}{NBSP}{amount(figure, code, sign=sign)}"


def amount(value: Any, currency: str | None = None, *, sign: bool = False) -> str:
    """“73.50”: for columns and sums whose head names the currency."""
    figure, code = _parts(value, currency)
    decimals = get_currency_precision(code)
    return ("+" if sign and figure > 0 else "") + _number(figure, decimals, decimals)


def unit_price(value: Any, currency: str | None = None) -> str:
    """“EUR 0.0125”: a rate, with as many of its six decimals as it needs."""
    figure, code = _parts(value, currency)
    return f"{code}{NBSP}{_number(figure, get_currency_precision(code), 6)}"


def number(value: Decimal | float, decimals: int | None = None) -> str:
    """“1,234.5”: a count or measure; up to three decimals, or exactly `decimals`."""
    return _number(value, decimals or 0, 3 if decimals is None else decimals)


def compact(value: Decimal | float) -> str:
    """“4,751”, “12K”, “1.2M”: for the few characters that fit on a chart."""
    figure = Decimal(str(value))
    if abs(figure) < 10_000:
        return number(figure, 0)
    said = format_compact_decimal(figure, locale=reader.words(), fraction_digits=1).replace("-", MINUS)
    return number(figure, 0) if said.lstrip(MINUS).isdigit() else said  # German has no short word for thousands


def percent(share: Decimal | float, decimals: int = 0) -> str:
    """“79%” of a share of 1."""
    return _number(share, 0, decimals, "percent")


# ---------- days and times ----------


def _moment(value: Moment) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if moment.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone: times are aware UTC")
    return moment.astimezone(reader.zone())


def _day(value: date | Moment) -> date:
    if isinstance(value, str) and len(value) == len("2027-03-02"):
        return date.fromisoformat(value)
    return _moment(value).date() if isinstance(value, str | datetime) else value


def _written(day: date, skeleton: str) -> str:
    """A day by one of CLDR's patterns of the reader's region."""
    pattern = reader.format_locale().datetime_skeletons[skeleton].pattern
    return cldr.format_date(day, pattern, locale=reader.words())


def day(value: date | Moment) -> str:
    """“2 Mar 2027”; an instant is taken as its day in the reader's zone."""
    return cldr.format_date(_day(value), reader.format_locale().date_formats["medium"].pattern, locale=reader.words())


def weekday(value: date | Moment) -> str:
    """“Fri, 27 Nov 2026”."""
    return _written(_day(value), "yMMMEd")


def month(value: date | Moment) -> str:
    """“Nov 2026”; takes “2026-11” too."""
    whole = f"{value}-01" if isinstance(value, str) and len(value) == len("2026-11") else value
    return _written(_day(whole), "yMMM")


def month_name(value: date | Moment) -> str:
    """“Nov”, for the foot of a chart."""
    whole = f"{value}-01" if isinstance(value, str) and len(value) == len("2026-11") else value
    return cldr.format_date(_day(whole), "LLL", locale=reader.words())


def _time(moment: datetime, length: str) -> str:
    """A time by the reader's region, in the zone the moment is in."""
    pattern = reader.format_locale().time_formats[length].pattern
    return cldr.format_time(moment, pattern, locale=reader.words(), tzinfo=moment.tzinfo)


def _joined(day_text: str, time_text: str) -> str:
    return str(reader.format_locale().datetime_formats["medium"]).format(time_text, day_text)


def instant(value: Moment) -> str:
    """“20 Nov 2026, 14:32” in the reader's zone."""
    moment = _moment(value)
    return _joined(day(moment), _time(moment, "short"))


def long_instant(value: Moment) -> str:
    """“Fri, 27 Nov 2026, 14:32”."""
    moment = _moment(value)
    return _joined(weekday(moment), _time(moment, "short"))


def short_instant(value: Moment) -> str:
    """“Fri 27 Nov, 14:32”: for what is near, with its weekday and without its year."""
    moment = _moment(value)
    return _joined(_written(moment.date(), "MMMEd"), _time(moment, "short"))


def time_of_day(value: Moment) -> str:
    """“14:32”."""
    return _time(_moment(value), "short")


def seconds_of_day(value: Moment) -> str:
    """“10:12:40”: for the steps of a run."""
    return _time(_moment(value), "medium")


def utc(value: Moment) -> str:
    """“20 Nov 2026, 13:32 UTC”: what stands in the title of every time."""
    moment = _moment(value).astimezone(UTC)
    return f"{_joined(day(moment.date()), _time(moment, 'medium'))} UTC"


def iso(value: date | Moment) -> str:
    """What the datetime attribute of <time> takes."""
    if isinstance(value, str):
        return value
    return _moment(value).isoformat(timespec="seconds") if isinstance(value, datetime) else value.isoformat()


def duration(value: timedelta | float) -> str:
    """“3 d 4 h”, “2 h 10 min”, “38 min”, “22 s”: two units at most, from two weeks on days; a timedelta or seconds."""
    seconds = int(value.total_seconds() if isinstance(value, timedelta) else value)
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    if days >= 14:
        return ngettext("%(num)s day", "%(num)s days", days)
    if days:
        return _("%(days)s d %(hours)s h", days=days, hours=hours)
    if hours:
        return _("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes)
    if minutes:
        return _("%(minutes)s min", minutes=minutes)
    return _("%(seconds)s s", seconds=seconds)


def left(until: Moment, now: Moment | None = None) -> str:
    """“3 d 4 h left”; “closed” once the time is over."""
    rest = seconds_left(until, now)
    return _("%(duration)s left", duration=duration(rest)) if rest > 0 else _("closed")


def seconds_left(until: Moment, now: Moment | None = None) -> float:
    """How long until then; below 0 once it is over."""
    return (_moment(until) - _moment(now or reader.current_time())).total_seconds()


def zone_city(name: str) -> str:
    """“Amsterdam” for Europe/Amsterdam, in the page's language."""
    known = reader.known_zone(name)
    return cldr.get_timezone_location(known, locale=reader.language(), return_city=True) if known else name


def browser_word(user_agent: str) -> str:
    """What a browser calls itself, as its owner knows it: “Firefox 128, Windows”."""
    return program_of(user_agent) or _("A browser")
