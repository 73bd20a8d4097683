"""What every page is made of: amounts and times in the reader's way, states in words, forms that say what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask, g, render_template, render_template_string, request
from flask_babel import Babel
from flask_wtf.csrf import CSRFProtect

from domains.kernel.money import Money, UnitPrice
from portal import formats, htmx
from portal.charts import chart
from portal.states import LOOKS, NODES

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
NBSP, MINUS = "\u00a0", "\u2212"
NOON = datetime(2026, 11, 24, 9, 15, tzinfo=UTC)


def a_portal() -> Flask:
    """An app with the ground of the portal and nothing else; the reader's settings come in the query."""
    app = Flask(__name__, template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.config.update(SECRET_KEY="of this test", TESTING=True)
    CSRFProtect(app)
    Babel(app, locale_selector=lambda: request.args.get("language", "en"))
    formats.register(app)

    @app.before_request
    def somebody_reads() -> None:
        g.now = NOON
        g.caller = SimpleNamespace(preferences={name: request.args.get(name, "") for name in ("formats", "zone")})

    return app


@pytest.fixture
def portal() -> Flask:
    return a_portal()


@pytest.fixture
def reading(portal: Flask) -> Iterator[None]:
    """Somebody reads in English, in Amsterdam."""
    with portal.test_request_context("/orders?state=placed&formats=en_GB&zone=Europe/Amsterdam"):
        portal.preprocess_request()
        yield


def as_read(query: str, source: str, **context: object) -> str:
    """A piece of template as a reader with these settings gets it."""
    portal = a_portal()
    with portal.test_request_context(f"/?{query}"):
        portal.preprocess_request()
        return render_template_string(source, **context)


def drawn(macro: str, file: str, call: str, **context: object) -> str:
    return render_template_string(f'{{% from "components/{file}.html" import {macro} %}}{{{{ {call} }}}}', **context)


# ---------- amounts and times ----------


@pytest.mark.parametrize(
    ("region", "written"),
    [("en_GB", "1,234,567.50"), ("de_DE", "1.234.567,50"), ("de_CH", "1’234’567.50"), ("en_IN", "12,34,567.50")],
)
def test_money_is_written_in_the_readers_way_with_the_iso_code_first(region: str, written: str) -> None:
    text = as_read(f"formats={region}", "{{ owed|money }}", owed=Money(Decimal("1234567.50"), "EUR"))

    assert text == f"EUR{NBSP}{written}"


def test_less_than_nothing_has_a_real_minus_and_yen_have_no_decimals(reading: None) -> None:
    assert formats.money(Money(Decimal("-36.30"), "EUR")) == f"EUR{NBSP}{MINUS}36.30"
    assert formats.money(Money(Decimal(1200), "JPY")) == f"JPY{NBSP}1,200"
    assert formats.amount(Money(Decimal("115.50"), "EUR"), sign=True) == "+115.50"
    assert formats.amount(Money(Decimal("-0.00"), "EUR")) == "0.00"


def test_a_rate_shows_the_decimals_it_needs_and_the_wires_money_is_money_too(reading: None) -> None:
    assert formats.unit_price(UnitPrice(Decimal("0.0125"), "EUR")) == f"EUR{NBSP}0.0125"
    assert formats.unit_price(UnitPrice(Decimal("31.5"), "EUR")) == f"EUR{NBSP}31.50"
    assert formats.money({"amount": "12.50", "currency": "SGD"}) == f"SGD{NBSP}12.50"
    with pytest.raises(ValueError, match="no currency"):
        formats.money(Decimal(5))


def test_an_instant_is_shown_in_the_readers_zone_and_utc_stands_in_its_title(reading: None) -> None:
    html = drawn("instant", "time", "instant(at)", at=datetime(2026, 11, 27, 13, 32, tzinfo=UTC))

    assert "27 Nov 2026, 14:32<" in html
    assert 'title="27 Nov 2026, 13:32:00 UTC"' in html
    assert 'datetime="2026-11-27T14:32:00+01:00"' in html


def test_a_day_does_not_move_with_the_zone_but_an_instants_day_does() -> None:
    late = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)

    text = as_read("zone=Asia/Tokyo", "{{ day|day }} {{ late|day }}", day=date(2026, 11, 24), late=late)

    assert text == "24 Nov 2026 25 Nov 2026"


def test_language_and_region_format_are_two_settings() -> None:
    template = "{{ when|weekday }}"
    when = date(2026, 3, 2)

    assert as_read("language=de&formats=en_GB", template, when=when) == "Mo., 2 März 2026"
    assert as_read("language=en&formats=de_DE", template, when=when) == "Mon, 2. Mar 2026"
    assert as_read("language=ja&formats=ja_JP", template, when=when) == "2026年3月2日(月)"
    assert as_read("language=ja&formats=en_GB", template, when=when) == "Mon, 2 Mar 2026"


def test_a_constant_in_a_template_is_formatted_for_each_reader_anew() -> None:
    portal = a_portal()
    texts = []
    for region in ("en_GB", "de_DE"):
        with portal.test_request_context(f"/?formats={region}"):
            portal.preprocess_request()
            texts.append(render_template_string('{{ "1234.5"|money("EUR") }}'))

    assert texts == [f"EUR{NBSP}1,234.50", f"EUR{NBSP}1.234,50"]


def test_settings_that_nobody_knows_fall_back_instead_of_failing_the_page() -> None:
    assert as_read("formats=xx_YY&zone=Moon/Sea", "{{ at|instant }}", at=NOON) == "24 Nov 2026, 09:15"


def test_a_time_without_a_zone_is_refused(reading: None) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        formats.instant(NOON.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("rest", "written"),
    [
        (timedelta(days=3, hours=4, minutes=17), "3 d 4 h left"),
        (timedelta(hours=2, minutes=10), "2 h 10 min left"),
        (timedelta(minutes=38), "38 min left"),
        (timedelta(seconds=22), "22 s left"),
        (timedelta(0), "closed"),
    ],
)
def test_what_is_left_is_said_in_two_units_at_most(reading: None, rest: timedelta, written: str) -> None:
    assert formats.left(NOON + rest) == written


def test_numbers_shares_and_months(reading: None) -> None:
    assert formats.number(1234) == "1,234"
    assert formats.percent(Decimal("0.794")) == "79%"
    assert [formats.compact(figure) for figure in (4751, 12_500, 1_234_567)] == ["4,751", "12.5K", "1.2M"]
    assert (formats.month("2026-11"), formats.month_name(date(2026, 12, 1))) == ("Nov 2026", "Dec")


# ---------- components ----------


def test_every_state_is_an_icon_a_word_and_a_colour(reading: None) -> None:
    icons = set(re.findall(r'id="i-([a-z0-9-]+)"', (ROOT / "static" / "icons.svg").read_text()))
    for kind, looks in LOOKS.items():
        for value, look in looks.items():
            html = drawn("state", "state", "state(value, kind)", value=value, kind=kind)

            assert look.icon in icons, f"{look.icon} is missing in tools/icons.txt"
            assert look.css in html
            assert str(look.word) in html


def test_a_state_of_a_newer_release_is_shown_in_its_own_word(reading: None) -> None:
    html = drawn("state", "state", "state('quarantined_by_provider', 'subscription')")

    assert "Quarantined by provider" in html


def test_a_fields_hint_and_error_are_tied_to_it_and_input_is_escaped(reading: None) -> None:
    html = drawn(
        "field", "field", "field('name', 'Name', value, hint='Short', error='Enter a name')", value='"><script>'
    )

    assert 'aria-describedby="name-hint name-error" ' in html.replace(">", " >")
    assert 'aria-invalid="true"' in html
    assert 'id="name-hint">Short' in html
    assert 'id="name-error"' in html
    assert "<script>" not in html


def test_a_summary_of_errors_links_to_the_fields_and_is_absent_without_errors(reading: None) -> None:
    html = drawn(
        "error_summary", "errors", "error_summary(errors)", errors={"seats": "Enter 1 to 300", "": "It changed"}
    )

    assert '<a href="#seats">Enter 1 to 300</a>' in html
    assert 'role="alert"' in html
    assert not drawn("error_summary", "errors", "error_summary({})").strip()


def test_style_and_listeners_in_attributes_are_refused(reading: None) -> None:
    for name in ("style", "onclick", "hx_on_click", "class_"):
        with pytest.raises(ValueError, match="not allowed"):
            htmx.attrs({name: "x"})
    assert (
        htmx.attrs({"hx_get": '/x?a=1&b="', "required": True, "max": None}) == ' hx-get="/x?a=1&amp;b=&#34;" required'
    )


def test_a_timeline_says_never_reached_once_a_step_was_refused(reading: None) -> None:
    steps = [a_step("Reserve", "undone"), a_step("Send", "refused"), a_step("Charge", "not_started")]

    html = drawn("timeline", "timeline", "timeline(steps)", steps=steps)

    assert [word in html for word in ("Undone", "Refused", "Never reached", "Not yet")] == [True, True, True, False]
    assert re.findall(r'<li class="([a-z-]+)"', html) == ["is-undone", "is-failed", "is-waiting"]


def a_step(title: str, status: str) -> SimpleNamespace:
    return SimpleNamespace(title=title, status=status, started_at=NOON, ended_at=NOON, message="", attempts=1)


def test_every_step_status_has_a_mark_and_a_word() -> None:
    assert set(NODES) == set(LOOKS["step"])


def test_a_chart_draws_the_same_figures_as_its_table(reading: None) -> None:
    points = [
        SimpleNamespace(month=f"2026-{month:02}", amount=Money(Decimal(month * 100), "EUR")) for month in range(1, 13)
    ]

    html = drawn("bar_chart", "chart", "bar_chart(points, 'EUR', 'Net spend', limit=2000)", points=points)

    wide, narrow, table = html.split("<svg")[1], html.split("<svg")[2], html.split("<table")[1]
    assert [text.count("<rect") for text in (wide, narrow)] == [12, 6]
    assert table.count("<tr>") == 13
    assert "Net spend: EUR&nbsp;100.00 in Jan 2026" in html.replace(NBSP, "&nbsp;")
    assert "60%" in table


def a_month(number: int, amount: Money) -> SimpleNamespace:
    return SimpleNamespace(month=f"2026-{number:02}", amount=amount)


def test_a_month_of_credits_hangs_below_the_line_and_no_months_are_no_error(reading: None) -> None:
    bars = chart([{"month": "2026-01", "amount": -100}, {"month": "2026-02", "amount": 300}]).wide.bars

    assert bars[0].y == pytest.approx(bars[1].y + bars[1].height)
    assert "nothing to show" in drawn("bar_chart", "chart", "bar_chart([], 'EUR', 'Net spend')")


def test_a_list_goes_on_by_its_cursor_and_keeps_its_filter(reading: None) -> None:
    html = drawn("pager", "table", "pager('abc', 50)")

    assert "/orders?state=placed" in html
    assert "cursor=abc" in html
    assert not drawn("pager", "table", "pager(none, 50)").strip()


# ---------- whole pages ----------


@pytest.mark.parametrize("language", ["en", "de", "ja"])
def test_the_styleguide_needs_nothing_from_the_app(language: str) -> None:
    html = as_read(f"language={language}", '{% include "styleguide.html" %}')

    assert f'<html lang="{language}"' in html
    assert html.count("<h1") == 1


@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
def test_an_error_page_stands_without_anybody_signed_in_and_names_the_request(reading: None, status: int) -> None:
    html = render_template(f"errors/{status}.html", request_id="req_01J9", retry_after=90)

    assert "req_01J9" in html
    assert html.count("<h1") == 1
    assert 'action="/logout"' not in html


def test_the_frame_marks_where_one_is_and_for_whom_one_acts(portal: Flask) -> None:
    viewer = {"name": "Rita Stone", "initials": "RS", "customer_name": "Wingtip Toys", "theme": "dark"}
    places = [{"href": "/", "icon": "home", "label": "Home"}, {"href": "/orders", "icon": "route", "label": "Orders"}]
    acting = {"customer_name": "Wingtip Toys", "by": "Contoso Partners", "leave_url": "/customers/leave"}

    with portal.test_request_context("/orders/ORD-2026-000482"):
        html = render_template("layout.html", viewer=viewer, nav_items=[{"title": "", "items": places}], act_as=acting)

    assert re.findall(r'href="([^"]*)" aria-current="page"', html) == ["/orders", "/orders"]
    assert "Contoso Partners is acting for <b>Wingtip Toys</b>" in html
    assert 'data-bs-theme="dark"' in html
    assert '<meta name="csrf-token"' in html


def test_a_part_goes_to_htmx_and_the_page_to_everybody_else(portal: Flask) -> None:
    answers = {}
    for name, headers in {
        "browser": {},
        "htmx": {"HX-Request": "true"},
        "boosted": {"HX-Request": "true", "HX-Boosted": "true"},
        "back": {"HX-Request": "true", "HX-History-Restore-Request": "true"},
    }.items():
        with portal.test_request_context("/", headers=headers):
            answers[name] = htmx.page("errors/404.html", "components/icon.html", 404)

    assert {name: b"<html" in answer.data for name, answer in answers.items()} == {
        "browser": True,
        "htmx": False,
        "boosted": True,
        "back": True,
    }
    assert all(answer.headers["Vary"] == "HX-Request, Cookie" for answer in answers.values())


def test_a_part_that_fails_is_marked_so_that_it_is_shown_in_its_place(portal: Flask) -> None:
    with portal.test_request_context("/charges/by-month", headers={"HX-Request": "true"}):
        answer = htmx.failed_part(503, part="Costs", request_id="req_01J9")

    assert (answer.status_code, answer.headers["HX-Failed-Part"]) == (503, "true")
    assert "Costs cannot be shown for a moment" in answer.get_data(as_text=True)
    assert 'hx-get="/charges/by-month"' in answer.get_data(as_text=True)


def test_a_redirect_leaves_the_page_only_when_asked_and_never_the_portal(portal: Flask) -> None:
    with portal.test_request_context("/", headers={"HX-Request": "true"}):
        full, inside = htmx.redirect("/orders/1", full=True), htmx.redirect("/orders/1")
        with pytest.raises(ValueError, match="not an address"):
            htmx.redirect("//elsewhere.example")
    with portal.test_request_context("/"):
        plain = htmx.redirect("/orders/1", full=True)

    assert (full.status_code, full.headers["HX-Redirect"]) == (204, "/orders/1")
    assert (inside.status_code, plain.status_code) == (303, 303)


def test_a_static_file_is_asked_for_by_its_content(portal: Flask) -> None:
    address = as_read("", "{{ static_url('app.css') }}")

    assert re.fullmatch(r"/static/app\.css\?v=[0-9a-f]{10}", address)
    with portal.test_client().get(address) as answer:
        assert answer.status_code == 200


# ---------- what holds for all templates ----------


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_template_compiles_and_holds_no_style_script_or_unknown_icon(path: Path, portal: Flask) -> None:
    text = path.read_text()
    icons = set((ROOT / "tools" / "icons.txt").read_text().split())
    portal.jinja_env.get_template(str(path.relative_to(ROOT / "templates")))

    assert not re.search(r"\sstyle=|\son[a-z]+=|hx-on|<script(?! src=)", text)
    assert set(re.findall(r"""\bicon\(["']([a-z0-9-]+)["']""", text)) <= icons
    assert "<html" not in text or path.name in ("layout.html", "frame.html"), "extend layout.html instead"


def test_the_sprite_holds_every_icon_of_the_list() -> None:
    drawn_icons = re.findall(r'id="i-([a-z0-9-]+)"', (ROOT / "static" / "icons.svg").read_text())

    assert drawn_icons == sorted((ROOT / "tools" / "icons.txt").read_text().split())


def test_what_a_page_loads_stays_light() -> None:
    loaded = ["app.css", "tokens.css", "app.js", "vendor/htmx-2.0.11.min.js", "vendor/tabler-1.6.1.css"]

    assert sum((ROOT / "static" / name).stat().st_size for name in loaded) <= 135_000
    assert len((ROOT / "static" / "app.js").read_text().splitlines()) <= 60
