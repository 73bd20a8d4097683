"""Two coordinators: whatever they do at the same moment, a run goes on as if they had done it one after the other."""

from __future__ import annotations

from saga.transports import inline

from .model.race import race
from .watch import effects_of, now_of, to_the_end


def test_a_reply_and_a_timer_at_the_same_moment_leave_a_run_whole(transport: inline.Transport) -> None:
    for _ in range(3):
        run = race()
        to_the_end()
        assert now_of(run).status == "completed"
        assert effects_of(run) == [("first", 1), ("second", 1), ("turn", 1), ("last", 25)]
