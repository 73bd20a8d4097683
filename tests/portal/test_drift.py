"""What was done at the provider is read in words, decided once, and refused where it cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from domains.services import commands, db, queries
from domains.services.models import Drift
from tests.factories.services import EVERYBODY, outcome

from .stall import Stall
from .visitor import Visitor, form_on, is_page, summary_of, text_of


def found(stall: Stall, **theirs: Any) -> Any:
    """A difference of a running subscription of 20 seats."""
    subscription_id = stall.bought()
    with db.begin() as session:
        held = queries.subscriptions.find(session, EVERYBODY, subscription_id)
        commands.apply_look(session, subscription_id=held.id, look=outcome(session, held, **theirs))
        return queries.list_drift(session, EVERYBODY, subscription_id=subscription_id).items[0]


def test_the_list_says_what_waits_and_the_page_says_both_sides(stall: Stall) -> None:
    one = found(stall, quantity=27)
    visitor = stall.visitor()

    listed, shown = text_of(visitor.get("/drift")), visitor.get(f"/drift/{one.id}")

    assert "1 difference waits for a decision." in listed
    assert "Quantity: 20 → 27" in listed
    assert all(words in text_of(shown) for words in ("With us", "Adopt it", "Undo it at the provider", "Open a case"))
    assert "POST /api/v1/drift/" in shown.get_data(as_text=True)


def test_with_nothing_to_decide_the_page_says_what_belongs_there(stall: Stall) -> None:
    page = text_of(stall.visitor().get("/drift"))

    assert "We and the provider say the same." in page
    assert "Nothing to decide" in page


def test_a_decision_goes_to_its_run_and_a_second_click_to_the_same(stall: Stall) -> None:
    one = found(stall, quantity=27)
    visitor = stall.visitor()
    page = visitor.get(f"/drift/{one.id}")

    sent = [visitor.send(page, f"/drift/{one.id}/settle", decision="adopt") for _ in range(2)]

    assert [answer.status_code for answer in sent] == [303, 303]
    assert sent[0].location == sent[1].location
    assert "/operations/" in sent[0].location


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({}, "Choose what shall become of it."),
        ({"decision": "ignore"}, "Say why it can be ignored."),
        ({"decision": "adopt", "version": "99"}, "It has changed since you looked."),
    ],
)
def test_what_cannot_be_decided_comes_back_with_why(stall: Stall, typed: dict[str, str], says: str) -> None:
    one = found(stall, quantity=27)
    visitor = stall.visitor()

    answer = visitor.send(visitor.get(f"/drift/{one.id}"), f"/drift/{one.id}/settle", **typed)

    assert answer.status_code in (409, 422)
    assert is_page(answer)
    assert says in summary_of(answer)


def test_what_is_closed_says_why_and_has_no_button(stall: Stall) -> None:
    one = found(stall, state="canceled", raw_state="canceled", auto_renew=False)

    page = stall.visitor().get(f"/drift/{one.id}")

    assert "order it anew" in text_of(page)
    assert 'value="revert"' not in page.get_data(as_text=True)


def test_an_unknown_state_is_shown_in_the_providers_word(stall: Stall) -> None:
    one = found(stall, state="unknown", raw_state="hibernating")

    assert "Hibernating" in text_of(stall.visitor().get(f"/drift/{one.id}"))


def test_a_reader_sees_and_decides_nothing(stall: Stall) -> None:
    one = found(stall, quantity=27)
    reader = stall.visitor("reader")

    page = reader.get(f"/drift/{one.id}")
    form = form_on(page, "/logout") or {}
    sent = reader.open("POST", f"/drift/{one.id}/settle", data={**form, "decision": "adopt"})

    assert (page.status_code, sent.status_code) == (200, 403)
    assert "Settle it" not in text_of(page)


def test_another_customers_difference_is_not_there(stall: Stall) -> None:
    one = found(stall, quantity=27)
    stranger = stall.stranger()

    assert stranger.get(f"/drift/{one.id}").status_code == 404
    assert "Nothing to decide" in text_of(stranger.get("/drift"))


def rule_of(stall: Stall) -> str:
    with db.begin_read() as session:
        return queries.get_rule(session, EVERYBODY, stall.account_id).adopt


def test_an_owner_says_what_an_account_adopts_and_a_stale_form_is_told(stall: Stall) -> None:
    owner = stall.visitor("owner")
    page = owner.get("/drift/rules")

    first = owner.send(page, "/drift/rules", adopt="increases")
    second = owner.send(page, "/drift/rules", adopt="all")

    assert (first.status_code, second.status_code, rule_of(stall)) == (303, 409, "increases")
    assert "It has changed since you looked." in summary_of(second)


def test_a_comparison_is_begun_from_the_page(stall: Stall) -> None:
    visitor = stall.visitor()

    sent = visitor.send(visitor.get("/drift"), "/drift/compare")

    assert (sent.status_code, "/operations/" in sent.location) == (303, True)


@pytest.mark.parametrize("language", ["de", "ja"])
def test_the_pages_are_there_in_other_languages(stall: Stall, language: str) -> None:
    one = found(stall, quantity=27)
    visitor: Visitor = stall.visitor(preferences={"language": language})

    for path in ("/drift", f"/drift/{one.id}", "/drift/rules"):
        assert visitor.get(path).status_code == 200
    with db.begin_read() as session:
        assert session.get_one(Drift, one.id).state == "open"
