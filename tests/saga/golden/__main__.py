"""Record golden timelines: run tests of the flows, and keep of each a run with the ways it could have gone.

What is recorded stays: a version of a flow goes on as it began. `--anew` writes all of them once more.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from saga import flows

from .recorder import Recorder
from .replay import FOLDER, ways

TESTS = (  # between them they take each flow to its end once, and the shop that they start from does the others
    "test_an_order_is_delivered_charged_settled_and_told",
    "test_more_seats_are_there_charged_and_told",
    "test_a_subscription_is_cancelled_with_money_back",
    "test_a_subscription_runs_to_the_day_that_was_chosen",
    "test_a_look_that_finds_nothing_new_changes_nothing",
    "test_an_account_in_which_nothing_runs_is_closed_everywhere",
    "test_units_bought_there_are_adopted_and_charged_from_the_day_they_were_bought",
    "test_what_was_bought_there_is_undone_by_cancelling_it_in_its_window",
    "test_a_case_carries_the_evidence_and_stands_until_the_difference_is_gone",
    "test_what_is_left_as_it_is_needs_a_reason_and_comes_up_again_only_when_it_changes",
    "test_owners_are_told_once_each_morning_while_something_waits",
    "test_each_row_is_made_once_and_one_that_fails_stops_no_other",
    "test_two_months_are_invoiced_with_the_running_month_and_a_document_each",
    "test_what_the_provider_bills_for_nobody_we_know_is_noted_once",
    "test_a_person_is_told_what_every_domain_knows_and_no_secret",
    "test_to_let_it_end_is_told_to_the_provider",
    "test_a_renewal_is_charged_once_at_the_price_of_its_day",
    "test_the_owner_is_reminded_on_six_mornings_and_others_at_the_end",
    "test_a_decision_is_given_to_somebody_who_works_there_and_to_nobody_else",
    "test_an_erased_person_stands_nowhere_any_more_and_the_trail_stays_whole",
    "test_a_subscription_is_suspended_and_resumed",
    "test_a_higher_edition_is_there_charged_and_told",
    "test_a_next_term_is_planned_replaced_and_taken_back",
    "test_a_yes_on_a_later_day_moves_the_days_and_keeps_the_prices",
    "test_more_seats_above_the_limit_wait_and_do_not_hold_the_subscription",
    "test_a_longer_term_above_the_limit_waits_too",
    "test_a_yes_on_a_later_day_changes_the_plan_dated_by_that_day_at_the_agreed_price",
    "test_a_dearer_next_term_waits_and_is_planned_once_approved",
    "test_a_bulk_plan_above_the_limit_waits_as_one_and_its_rows_do_not_ask_again",
    "test_a_sandbox_is_opened_its_clock_moved_and_its_faults_set",
)


def written(kept: dict[str, Any]) -> str:
    """A timeline as text, a turn a line."""
    turns = ",\n".join("  " + json.dumps(turn, ensure_ascii=False) for turn in kept["turns"])
    head = json.dumps({**kept, "turns": []}, indent=1, ensure_ascii=False)
    return head.removesuffix("[]\n}") + f"[\n{turns}\n ]\n}}\n"


def main() -> int:
    """Record; 1 when a flow was not seen to go well."""
    flows.load()
    recorder = Recorder()
    pytest.main(["-q", "-x", "-p", "no:cacheprovider", "-k", " or ".join(TESTS), "tests/saga/flows"], [recorder])
    kept = {name.replace("_", "-") for name in flows.NAMES}
    for name, version in sorted(key for key in recorder.good if key[0] in kept):
        saga, started, yeses, began = recorder.good[name, version]
        for way, timeline in ways(saga, started, yeses, began).items():
            path = FOLDER / f"{saga.name}-{saga.version}-{way}.json"
            if not path.exists() or "--anew" in sys.argv:
                path.write_text(written(timeline.kept()))
                print(path.name)
    missing = sorted(kept - {name for name, _version in recorder.good})
    print(f"not seen to go well: {missing}" if missing else "all flows are recorded")
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
