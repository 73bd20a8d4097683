"""One address answers with a part to htmx and with a whole page to everybody else."""

from __future__ import annotations

import pytest

from portal import htmx
from tests.portal.sample import a_portal


def test_style_and_listeners_in_attributes_are_refused() -> None:
    for name in ("style", "onclick", "hx_on_click", "class_"):
        with pytest.raises(ValueError, match="not allowed"):
            htmx.attrs({name: "x"})
    assert (
        htmx.attrs({"hx_get": '/x?a=1&b="', "required": True, "max": None}) == ' hx-get="/x?a=1&amp;b=&#34;" required'
    )


def test_a_part_goes_to_htmx_and_the_page_to_everybody_else() -> None:
    answers = {}
    for name, headers in {
        "browser": {},
        "htmx": {"HX-Request": "true"},
        "boosted": {"HX-Request": "true", "HX-Boosted": "true"},
        "back": {"HX-Request": "true", "HX-History-Restore-Request": "true"},
    }.items():
        with a_portal().test_request_context("/", headers=headers):
            answers[name] = htmx.page("errors/404.html", "components/icon.html", 404)

    assert {name: b"<html" in answer.data for name, answer in answers.items()} == {
        "browser": True,
        "htmx": False,
        "boosted": True,
        "back": True,
    }
    assert all(answer.headers["Vary"] == "HX-Request, Cookie" for answer in answers.values())


def test_a_part_that_fails_is_marked_so_that_it_is_shown_in_its_place() -> None:
    with a_portal().test_request_context("/charges/by-month", headers={"HX-Request": "true"}):
        answer = htmx.failed_part(503, part="Costs", request_id="req_01J9")

    assert (answer.status_code, answer.headers["HX-Failed-Part"]) == (503, "true")
    assert "Costs cannot be shown for a moment" in answer.get_data(as_text=True)
    assert 'hx-get="/charges/by-month"' in answer.get_data(as_text=True)


@pytest.mark.asvs("3.7.2")
def test_a_redirect_leaves_the_page_only_when_asked_and_never_the_portal() -> None:
    with a_portal().test_request_context("/", headers={"HX-Request": "true"}):
        full, inside = htmx.redirect("/orders/1", full=True), htmx.redirect("/orders/1")
        with pytest.raises(ValueError, match="not an address"):
            htmx.redirect("//elsewhere.example")
    with a_portal().test_request_context("/"):
        plain = htmx.redirect("/orders/1", full=True)

    assert (full.status_code, full.headers["HX-Redirect"]) == (204, "/orders/1")
    assert (inside.status_code, plain.status_code) == (303, 303)
