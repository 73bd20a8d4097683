"""Progress in plain words until a run has ended, and how it ended: what was charged, what was taken back, what now."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from domains.kernel.clock import frozen_at
from domains.kernel.database import new_id
from domains.kernel.errors import Conflict, Locked
from portal.progress import pause
from saga import tables
from saga.answers import technical

from .stall import REFUSED, Stall
from .visitor import Visitor, is_page, text_of

HOSTILE = "<b onmouseover=alert(1)>"
START = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture
def buyer(stall: Stall) -> Visitor:
    return stall.visitor()


def address(page: TestResponse) -> str:
    """The page's own address."""
    return page.request.path


def refused(stall: Stall, buyer: Visitor, **typed: Any) -> TestResponse:
    """The page of an order that the provider has refused, all taken back."""
    at = address(stall.ordered(buyer, **typed))
    stall.answer("OK", "OK")
    stall.answer("REJECTED", error=REFUSED)
    stall.answer("OK", "OK")
    return buyer.get(at)


def the_run() -> UUID:
    with tables.db.begin_read() as session:
        return session.scalars(select(tables.run.c.id)).one()


def set_run(**columns: Any) -> None:
    """What the run says of itself, otherwise than it came to be."""
    with tables.db.begin() as session:
        session.execute(tables.run.update().values(**columns))


# ---- under way


def test_a_run_is_told_step_by_step_in_plain_words(stall: Stall, buyer: Visitor) -> None:
    page = stall.ordered(buyer)

    said = text_of(page)
    for words in ("25 × Analytics Pro · Head office", "Step 1 of 7", "We are working on it", "Check the order",
                  "Only now is anything charged.", "By e-mail to olivia@northwind.example.", "Safe to close",
                  "What you ordered", "25 seats"):  # fmt: skip
        assert words in said, words
    assert "draft_order" not in page.get_data(as_text=True)


def test_the_part_asks_again_until_the_run_has_ended(stall: Stall, buyer: Visitor) -> None:
    at = address(stall.ordered(buyer))
    first = buyer.part(f"{at}/progress")
    stall.answer("OK", "OK")
    stall.answer("OK", reply={"accepted": [], "rejected": [], "accepted_total": None})
    later = buyer.part(f"{at}/progress")
    stall.answer("OK", "OK", "OK", "OK")
    last = buyer.part(f"{at}/progress")

    for part in (first, later):
        assert f'hx-get="{at}/progress" hx-trigger="load delay:1s, every 30s"' in part.get_data(as_text=True)
    assert "Step 4 of 7" in text_of(later)
    assert "hx-trigger" not in last.get_data(as_text=True)
    assert '<p id="operation-said" hx-swap-oob="innerHTML">This is done.</p>' in last.get_data(as_text=True)
    assert [is_page(part) for part in (first, later, last)] == [False] * 3
    assert is_page(buyer.get(f"{at}/progress"))


def test_a_part_that_has_not_changed_is_not_sent_again(stall: Stall, buyer: Visitor) -> None:
    at = address(stall.ordered(buyer))

    first = buyer.part(f"{at}/progress")
    same = buyer.open("GET", f"{at}/progress", headers={"HX-Request": "true", "If-None-Match": first.headers["ETag"]})
    stall.answer("OK")
    moved = buyer.open("GET", f"{at}/progress", headers={"HX-Request": "true", "If-None-Match": first.headers["ETag"]})

    assert first.headers["Cache-Control"] == "private, no-cache"
    assert (same.status_code, same.get_data()) == (304, b"")
    assert moved.status_code == 200


def test_what_we_wait_for_is_said_with_when_we_ask_next(stall: Stall, buyer: Visitor) -> None:
    at = address(stall.ordered(buyer))
    stall.answer("OK", "OK")
    stall.answer("PENDING", retry_after=30, waiting_for="provider")

    page, home = text_of(buyer.get(at)), text_of(buyer.part("/operations/_running"))

    assert "The provider is at work" in page
    assert "We ask again at" in page
    assert "Waiting" in page
    assert "step 3 of 7, the provider is at work" in home


def test_a_try_that_did_not_get_through_is_no_cause_for_alarm(stall: Stall, buyer: Visitor) -> None:
    at = address(stall.ordered(buyer))
    stall.answer("RETRY", error={"code": "OperationalError", "detail": "disk I/O error at /var/db"})

    page = buyer.get(at)

    assert "disk I/O" not in page.get_data(as_text=True)
    assert "OperationalError" not in page.get_data(as_text=True)


def test_when_a_person_must_look_the_customer_need_not(stall: Stall, buyer: Visitor) -> None:
    at = address(stall.ordered(buyer))
    set_run(status="needs_attention", attention="no_answer", waiting_for=None)

    page = buyer.get(at)

    assert "somebody of ours is looking at it" in text_of(page)
    assert "nothing is done twice" in text_of(page)
    assert f"/cases/new?operation={the_run()}" in page.get_data(as_text=True)
    assert "no_answer" not in page.get_data(as_text=True)


def test_a_page_asks_soon_at_first_and_rarely_later() -> None:
    assert [pause(START + timedelta(seconds=age), START) for age in (0, 14, 15, 59, 60, 9999)] == [1, 1, 3, 3, 15, 15]


def test_a_page_that_is_left_open_asks_less_often(stall: Stall, buyer: Visitor) -> None:
    at = address(stall.ordered(buyer))

    with frozen_at(datetime.now(UTC) + timedelta(minutes=5)):
        assert "load delay:15s" in buyer.part(f"{at}/progress").get_data(as_text=True)


def test_what_waits_for_another_change_says_so(stall: Stall, buyer: Visitor) -> None:
    at = address(stall.ordered(buyer))
    stall.answer("RETRY", error=technical(Locked(Conflict("A change is under way.", code="change_in_progress"))))

    assert "Another change to the same thing is under way; this one waits for it." in text_of(buyer.get(at))


def test_what_is_held_promises_no_time(stall: Stall, buyer: Visitor) -> None:
    at = address(stall.ordered(buyer))
    stall.answer("OK", "OK")
    stall.answer("PENDING", retry_after=40, waiting_for="provider")
    before = text_of(buyer.get(at))
    set_run(paused=1)

    assert "We ask again at" in before
    assert "We ask again at" not in text_of(buyer.get(at))


# ---- how it ended


def test_a_refusal_leads_with_what_was_charged_and_ends_with_what_to_do(stall: Stall, buyer: Visitor) -> None:
    page = refused(stall, buyer, quantity="40")

    said, source = text_of(page), page.get_data(as_text=True)
    for words in ("The provider refused it. Nothing was charged.", REFUSED["detail"], "Code capacity_exceeded",
                  "Failed and undone", "Charged Nothing", "Reservation Released, EUR", "At the provider Nothing left",
                  "Never reached", "You are where you were before."):  # fmt: skip
        assert words in said, words
    assert f"/cases/new?operation={the_run()}&amp;order=" in source
    assert re.search(r'href="/orders/new\?offer=[^"]+&amp;quantity=40&amp;plan=P1Y.monthly">', source)
    assert "hx-trigger" not in source
    assert said.count(REFUSED["detail"]) == 2  # above, and at its step


def test_trying_again_opens_the_form_with_what_was_typed(stall: Stall, buyer: Visitor) -> None:
    page = refused(stall, buyer, quantity="40")
    again = re.search(r'href="(/orders/new\?[^"]+)"', page.get_data(as_text=True))
    assert again is not None

    form = buyer.get(again[1].replace("&amp;", "&"))

    assert 'value="40"' in form.get_data(as_text=True)
    assert "/orders/new" not in stall.visitor("reader").get(address(page)).get_data(as_text=True)


def test_nothing_was_asked_of_the_provider_when_we_said_no_ourselves(stall: Stall, buyer: Visitor) -> None:
    at = address(stall.ordered(buyer))
    stall.answer("OK")
    stall.answer("REJECTED", error={"code": "over_budget", "detail": "This is more than the account may spend."})
    stall.answer("OK")

    said = text_of(buyer.get(at))

    assert "This came to nothing. Nothing was charged." in said
    assert "This is more than the account may spend." in said
    assert "Reservation None was made At the provider Was not asked" in said


def test_what_is_settled_by_staff_says_so(stall: Stall, buyer: Visitor) -> None:
    at = address(stall.ordered(buyer))
    set_run(status="resolved", ended_at=datetime.now(UTC), error=None)

    said = text_of(buyer.get(at))

    assert "Our staff have settled this." in said
    assert "If something is not as you expect it, open a case." in said


# ---- many, and whose


def test_operations_are_listed_newest_first_and_by_whether_they_have_ended(stall: Stall, buyer: Visitor) -> None:
    assert "Nothing has been started yet" in text_of(buyer.get("/operations"))
    refused(stall, buyer)
    stall.ordered(buyer, quantity="7")

    listed, running, ended = (buyer.get("/operations", **q) for q in ({}, {"state": "running"}, {"state": "ended"}))

    assert text_of(listed).index("7 × Analytics Pro") < text_of(listed).index("25 × Analytics Pro")
    assert ("7 ×" in text_of(running), "25 ×" in text_of(running)) == (True, False)
    assert ("7 ×" in text_of(ended), "25 ×" in text_of(ended)) == (False, True)
    assert "Failed and undone" in text_of(ended)


def test_home_shows_what_is_under_way_and_nothing_else(stall: Stall, buyer: Visitor) -> None:
    refused(stall, buyer)
    quiet = buyer.part("/operations/_running")
    stall.ordered(buyer, quantity="7")
    busy = buyer.part("/operations/_running")

    assert "Nothing is running" in text_of(quiet)
    assert "hx-get" not in quiet.get_data(as_text=True)
    assert "7 × Analytics Pro" in text_of(busy)
    assert "25 ×" not in text_of(busy)
    assert 'hx-get="/operations/_running"' in busy.get_data(as_text=True)


def test_another_customers_operation_is_not_there(stall: Stall, buyer: Visitor) -> None:
    at, stranger = address(stall.ordered(buyer)), stall.stranger()

    answers = [stranger.get(at), stranger.part(f"{at}/progress"), stranger.get(f"/operations/{new_id()}")]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert "Nothing has been started yet" in text_of(stranger.get("/operations"))
    assert "Nothing is running" in text_of(stranger.part("/operations/_running"))


def test_what_was_typed_or_answered_is_shown_as_text(stall: Stall, buyer: Visitor) -> None:
    at = address(refused(stall, buyer, po_reference=HOSTILE))
    set_run(label=HOSTILE, error={"code": HOSTILE, "detail": HOSTILE})

    for path in (at, f"{at}/progress", "/operations"):
        source = buyer.get(path).get_data(as_text=True)
        assert HOSTILE not in source, path
        assert "&lt;b onmouseover" in source, path


@pytest.mark.slow
@pytest.mark.parametrize(("language", "formats"), [("de", "de_DE"), ("ja", "ja_JP")])
def test_operations_are_read_in_every_language(stall: Stall, language: str, formats: str) -> None:
    reader = stall.visitor(preferences={"language": language, "formats": formats, "zone": "Asia/Tokyo"})
    under_way, over = address(stall.ordered(reader)), address(refused(stall, reader))

    for path in ("/operations", "/operations/_running", under_way, over, f"{over}/progress"):
        assert reader.get(path).status_code == 200, path
