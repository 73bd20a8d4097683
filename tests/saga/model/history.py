"""What must hold between two moments: that nothing which is over changes any more."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch
from uuid import UUID

from saga import coordinator, store
from saga.events import FINAL

from .invariants import hold
from .seen import Seen


class History:
    """What was seen before."""

    def __init__(self) -> None:
        self.ended: dict[UUID, Any] = {}
        self.answers: dict[UUID, Any] = {}
        self.said: dict[str, Any] = {}
        self.revs: dict[UUID, int] = {}

    def note(self, seen: Seen) -> None:
        """Compare a moment with the ones before."""
        self.i16_the_end_is_the_end(seen)
        self.i18_an_answer_stays(seen)
        for run_id, row in seen.runs.items():
            hold(row["rev"] >= self.revs.get(run_id, 0), "I15", "a revision went back")
            self.revs[run_id] = row["rev"]

    def i16_the_end_is_the_end(self, seen: Seen) -> None:
        for run_id, row in seen.runs.items():
            if row["status"] in FINAL:
                now = seen.everything_of(run_id)
                hold(self.ended.setdefault(run_id, now) == now, "I16", f"changed after its end: {now}")

    def i18_an_answer_stays(self, seen: Seen) -> None:
        for rows in seen.inbox.values():
            for row in rows:
                if row["outcome"] != "STARTED":
                    answer = row["outcome"], row["reply"]
                    known = self.answers.setdefault(row["cmd_id"], answer)
                    hold(known == answer, "I18", f"answered {known} before and {answer} now")

    def i18_said_again(self, reply: dict[str, Any]) -> None:
        if reply["outcome"] not in ("RETRY", "PENDING"):
            said = reply["outcome"], reply.get("reply"), reply.get("error")
            known = self.said.setdefault(reply["cmd_id"], said)
            hold(known == said, "I18", f"said {known} before and {said} now")


@contextmanager
def i20_the_same_again() -> Iterator[None]:
    """Within the `with`, every decision is made twice, from copies, and must be the same and change nothing."""
    with ExitStack() as stack:
        for module in (coordinator, store):
            stack.enter_context(patch.object(module, "decide", _twice(module.decide)))
        yield


def _twice(decide: Any) -> Any:
    def decided(*asked: Any, **more: Any) -> Any:
        saga, *facts = asked
        before = copy.deepcopy([dict(facts[0]), [dict(row) for row in facts[1]], facts[2]])
        first, again = decide(*asked, **more), decide(saga, *before, **more)
        same = [dict(facts[0]), [dict(row) for row in facts[1]], facts[2]] == before
        hold(first == again and same, "I20", f"decided {first} and then {again}")
        return first

    return decided
