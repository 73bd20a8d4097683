"""Many changes are pasted, priced, applied and followed on pages that say row by row what is what."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

import pytest

from domains.kernel.money import Money
from domains.services import commands, db, queries
from saga import bulk_rows
from tests.factories.services import EVERYBODY

from .stall import Stall
from .visitor import Visitor, form_on, is_page, summary_of, text_of

HEAD = "subscription,action,value\n"


def made(stall: Stall, visitor: Visitor, rows: str = "") -> str:
    """The address of a plan of two changes and a row that is none."""
    ids = [stall.bought(), stall.bought()]
    csv = rows or f"{HEAD}{ids[0]},change_quantity,25\n{ids[1]},cancel,now\nSUB-1,cancel,now\n"
    sent = visitor.send(visitor.get("/bulk-plans/new"), "/bulk-plans", csv=csv)
    assert sent.status_code == 303, summary_of(sent)
    return str(sent.location)


def test_a_pasted_list_is_shown_with_its_prices_and_what_cannot_be_made(stall: Stall) -> None:
    visitor = stall.visitor()

    page = text_of(visitor.get(made(stall, visitor)))

    assert "1 row is left out." in page
    assert "Make 2 changes" in page
    assert "There is no such subscription." in page
    assert "20 → 25" in page


def test_rows_say_what_they_change_in_words_and_no_amount_where_nothing_is_charged(stall: Stall) -> None:
    visitor = stall.visitor()
    ids = [stall.bought(), stall.bought()]

    page = text_of(
        visitor.get(made(stall, visitor, f"{HEAD}{ids[0]},cancel,end_of_term\n{ids[1]},extend,1999-12-31\n"))
    )

    assert "Let it end with its term" in page and "end_of_term" not in page
    assert "→ 31 Dec 1999" in page and "1999-12-31" not in page
    assert "choose a later day" in page


def test_the_same_form_sent_twice_makes_one_plan(stall: Stall) -> None:
    visitor = stall.visitor()
    form = visitor.get("/bulk-plans/new")
    csv = f"{HEAD}{stall.bought()},cancel,now\n"

    places = {visitor.send(form, "/bulk-plans", csv=csv).location for _ in range(2)}

    assert len(places) == 1
    assert text_of(visitor.get("/bulk-plans")).count("BP-") == 1


def test_an_uploaded_file_is_read_and_one_that_is_no_text_is_refused(stall: Stall) -> None:
    visitor = stall.visitor()
    good = f"\ufeff{HEAD}{stall.bought()},cancel,now\r\n".encode()

    sent = visitor.open("POST", "/bulk-plans", data=_with_file(visitor, good))
    bad = visitor.open("POST", "/bulk-plans", data=_with_file(visitor, b"\xff\xfe\x00PK"))

    assert (sent.status_code, bad.status_code) == (303, 422)
    assert "UTF-8" in summary_of(bad)


def _with_file(visitor: Visitor, content: bytes) -> dict[str, object]:

    fields = form_on(visitor.get("/bulk-plans/new"), "/bulk-plans") or {}
    fields.pop("file", None)
    return {**fields, "file": (BytesIO(content), "changes.csv")}


@pytest.mark.parametrize(("csv", "says"), [("", "empty"), (HEAD, "no row"), ("a,b\n", "columns")])
def test_a_list_that_is_none_comes_back_with_why_and_what_was_typed(stall: Stall, csv: str, says: str) -> None:
    visitor = stall.visitor()

    answer = visitor.send(visitor.get("/bulk-plans/new"), "/bulk-plans", csv=csv)

    assert (answer.status_code, is_page(answer)) == (422, True)
    assert says in summary_of(answer)


def test_a_plan_is_applied_from_its_page_and_followed(stall: Stall) -> None:
    visitor = stall.visitor()
    at = made(stall, visitor)
    page = visitor.get(at)

    sent = [visitor.send(page, f"{at}/apply") for _ in range(2)]
    stall.transport.run_until_quiet()
    bulk_rows.work_off("now")
    shown = visitor.get(at)

    assert [answer.status_code for answer in sent] == [303, 303]
    assert sent[0].location == sent[1].location
    assert "0 of 2 rows have ended" in shown.get_data(as_text=True)
    assert "hx-get" in shown.get_data(as_text=True)


def test_a_plan_is_cancelled_and_says_so(stall: Stall) -> None:
    visitor = stall.visitor()
    at = made(stall, visitor)

    sent = visitor.send(visitor.get(at), f"{at}/cancel")

    assert sent.status_code == 303
    assert "nothing of it was made" in text_of(visitor.get(at))


def test_files_go_out_as_csv_that_no_spreadsheet_runs(stall: Stall) -> None:
    visitor = stall.visitor()
    at = made(stall, visitor, f"{HEAD}=1+1,cancel,now\n")

    template, rows = visitor.get("/bulk-plans/template.csv"), visitor.get(f"{at}/csv")

    assert template.text.startswith("subscription,action,value\r\n")
    assert "'=1+1" in rows.text
    assert rows.headers["Content-Disposition"].startswith('attachment; filename="BP-')


def test_another_customers_plan_is_not_there(stall: Stall) -> None:
    at = made(stall, stall.visitor())
    stranger = stall.stranger()

    assert [stranger.get(f"{at}{part}").status_code for part in ("", "/csv")] == [404, 404]
    form = form_on(stranger.get("/bulk-plans/new"), "/bulk-plans")
    assert stranger.open("POST", f"{at}/cancel", data={**(form or {}), "version": "1"}).status_code == 404
    with db.begin_read() as session:
        (plan,) = queries.list_plans(session, EVERYBODY).items
    assert plan.plan.state == "ready"


def test_a_reader_reads_and_sends_nothing(stall: Stall) -> None:
    at = made(stall, stall.visitor())
    reader = stall.visitor("reader")

    assert reader.get(at).status_code == 200
    assert "Make 2 changes" not in text_of(reader.get(at))
    assert reader.get("/bulk-plans/new").status_code == 403


def test_a_plan_above_the_limit_says_so_waits_and_begins_once_an_owner_has_said_yes(stall: Stall) -> None:
    with db.begin() as session:
        known: dict[str, Any] = {"customer_id": stall.customer_id, "reseller_id": None, "role": "buyer"}
        commands.set_approval_limit(session, **known, limit=Money.of("10", "EUR"))
    buyer, owner = stall.visitor("buyer"), stall.visitor("owner")
    at = made(stall, buyer, f"{HEAD}{stall.bought()},change_quantity,40\n")
    shown = buyer.get(at)
    buyer.send(shown, f"{at}/apply")
    stall.transport.run_until_quiet()
    waits, listed = text_of(buyer.get(at)), owner.get("/approvals").text
    (request,) = set(re.findall(r'href="(/approvals/[0-9a-f-]{36})"', listed))
    page = owner.get(request)
    owner.send(page, request, verb="approve")
    stall.transport.run_until_quiet()

    assert "This bulk change needs approval It commits to more than you may order by yourself." in text_of(shown)
    assert "It waits for an approval" in waits and "See the approval" in waits
    assert "All its rows are approved as one" in text_of(page)
    assert "Its changes are being made" in text_of(buyer.get(at))
