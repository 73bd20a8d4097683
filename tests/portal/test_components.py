"""What every page is made of: states in words, forms that say what is wrong, a frame that says where one is."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import render_template

from domains.kernel.money import Money
from portal.charts import chart
from portal.states import LOOKS, NODES
from tests.portal.sample import NOON, ROOT, a_portal, as_read, drawn, reading

pytestmark = pytest.mark.slow

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
NBSP = "\u00a0"


def test_every_state_is_an_icon_a_word_and_a_colour() -> None:
    icons = set(re.findall(r'id="i-([a-z0-9-]+)"', (ROOT / "static" / "icons.svg").read_text()))
    for kind, looks in LOOKS.items():
        for value, look in looks.items():
            html = drawn("state", "state", "state(value, kind)", value=value, kind=kind)

            assert look.icon in icons, f"{look.icon} is missing in tools/icons.txt"
            assert look.css in html
            assert str(look.word) in html


def test_a_state_of_a_newer_release_is_shown_in_its_own_word() -> None:
    html = drawn("state", "state", "state('quarantined_by_provider', 'subscription')")

    assert "Quarantined by provider" in html


@pytest.mark.asvs("1.2.1")
def test_a_fields_hint_and_error_are_tied_to_it_and_input_is_escaped() -> None:
    html = drawn(
        "field", "field", "field('name', 'Name', value, hint='Short', error='Enter a name')", value='"><script>'
    )

    assert 'aria-describedby="name-hint name-error" ' in html.replace(">", " >")
    assert 'aria-invalid="true"' in html
    assert 'id="name-hint">Short' in html
    assert 'id="name-error"' in html
    assert "<script>" not in html


def test_a_summary_of_errors_links_to_the_fields_and_is_absent_without_errors() -> None:
    html = drawn(
        "error_summary", "errors", "error_summary(errors)", errors={"seats": "Enter 1 to 300", "": "It changed"}
    )

    assert '<a href="#seats">Enter 1 to 300</a>' in html
    assert 'role="alert"' in html
    assert not drawn("error_summary", "errors", "error_summary({})").strip()


def test_a_timeline_says_never_reached_once_a_step_was_refused() -> None:
    steps = [a_step("Reserve", "undone"), a_step("Send", "refused"), a_step("Charge", "not_started")]

    html = drawn("timeline", "timeline", "timeline(steps)", steps=steps)

    assert [word in html for word in ("Undone", "Refused", "Never reached", "Not yet")] == [True, True, True, False]
    assert re.findall(r'<li class="([a-z-]+)"', html) == ["is-undone", "is-failed", "is-waiting"]


def a_step(title: str, status: str) -> SimpleNamespace:
    return SimpleNamespace(title=title, status=status, started_at=NOON, ended_at=NOON, message="", attempts=1)


def test_every_step_status_has_a_mark_and_a_word() -> None:
    assert set(NODES) == set(LOOKS["step"])


def test_a_chart_draws_the_same_figures_as_its_table() -> None:
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


def test_a_month_of_credits_hangs_below_the_line_and_no_months_are_no_error() -> None:
    bars = chart([{"month": "2026-01", "amount": -100}, {"month": "2026-02", "amount": 300}]).wide.bars

    assert bars[0].y == pytest.approx(bars[1].y + bars[1].height)
    assert "nothing to show" in drawn("bar_chart", "chart", "bar_chart([], 'EUR', 'Net spend')")


def test_a_list_goes_on_by_its_cursor_and_keeps_its_filter() -> None:
    html = drawn("pager", "table", "pager('abc', 50)")

    assert "/orders?state=placed" in html
    assert "cursor=abc" in html
    assert not drawn("pager", "table", "pager(none, 50)").strip()


@pytest.mark.parametrize("language", ["en", "de", "ja"])
def test_the_styleguide_needs_nothing_from_the_app(language: str) -> None:
    html = as_read(f"language={language}", '{% include "styleguide.html" %}')

    assert f'<html lang="{language}"' in html
    assert html.count("<h1") == 1


@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
def test_an_error_page_stands_without_anybody_signed_in_and_names_the_request(status: int) -> None:
    with reading():
        html = render_template(f"errors/{status}.html", request_id="req_01J9", retry_after=90)

    assert "req_01J9" in html
    assert html.count("<h1") == 1
    assert 'action="/logout"' not in html


def test_the_frame_marks_where_one_is_and_for_whom_one_acts() -> None:
    viewer = {"name": "Rita Stone", "initials": "RS", "customer_name": "Wingtip Toys", "theme": "dark"}
    places = [{"href": "/", "icon": "home", "label": "Home"}, {"href": "/orders", "icon": "route", "label": "Orders"}]
    acting = {"customer_name": "Wingtip Toys", "by": "Contoso Partners", "leave_url": "/customers/leave"}

    with reading(path="/orders/ORD-2026-000482"):
        html = render_template("layout.html", viewer=viewer, nav_items=[{"title": "", "items": places}], act_as=acting)

    assert re.findall(r'href="([^"]*)" aria-current="page"', html) == ["/orders", "/orders"]
    assert "Contoso Partners is acting for <b>Wingtip Toys</b>" in html
    assert 'data-bs-theme="dark"' in html
    assert '<meta name="csrf-token"' in html


def test_a_static_file_is_asked_for_by_its_content() -> None:
    address = as_read("", "{{ static_url('app.css') }}")

    assert re.fullmatch(r"/static/app\.css\?v=[0-9a-f]{10}", address)
    with a_portal().test_client().get(address) as answer:
        assert answer.status_code == 200


@pytest.mark.asvs("3.4.3")
@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_template_holds_no_style_script_or_unknown_icon(path: Path) -> None:
    text = path.read_text()
    icons = set((ROOT / "tools" / "icons.txt").read_text().split())

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
