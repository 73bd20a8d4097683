"""Random sagas: a shape is drawn, and a definition of it is declared for as long as a run of the model takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from saga import definition
from saga.definition import PIVOT, QUERY, RETRIABLE, Saga, Step, pivot, query, step, together

from .world import ACTIONS, MOST, Wish

BEFORE = st.sampled_from(["act", "act", "act", "look", "peek"])


@dataclass(frozen=True)
class Shape:
    """The kinds of a saga's steps, by number, and which of them takes hold of the resource and which lets it go."""

    kinds: tuple[tuple[str, str], ...]  # (act | look | ask | peek, the step's kind)
    holds: bool = False
    joined: frozenset[int] = frozenset()  # the steps that are sent together with the one before them
    late: bool = False  # whether it must reach its pivot within a minute

    @property
    def hold(self) -> int:
        """The first step that can take hold; -1 when none does."""
        acts = [seq for seq, (verb, kind) in enumerate(self.kinds) if (verb, kind) == ("act", "compensatable")]
        free = len(self.kinds) - 1
        return acts[0] if self.holds and acts and acts[0] < free and self.kinds[free][0] == "act" else -1

    @property
    def free(self) -> int:
        return len(self.kinds) - 1 if self.hold >= 0 else -1


@st.composite
def shapes(draw: Any) -> Shape:
    """1 to 8 steps: what can be taken back, then perhaps a pivot, then what is retried; some in groups."""
    before = [(verb, "compensatable" if verb == "act" else QUERY) for verb in draw(st.lists(BEFORE, max_size=4))]
    after = []
    if draw(st.booleans()) or not before:
        verbs = draw(st.lists(st.sampled_from(["act", "act", "ask"]), max_size=MOST - len(before) - 1))
        after = [(draw(st.sampled_from(["act", "ask"])), PIVOT), *((verb, RETRIABLE) for verb in verbs[:3])]
    kinds = (*before, *after)
    wanted = draw(st.sets(st.integers(1, MOST - 1)))
    return Shape(kinds, draw(st.booleans()), frozenset(filter(_can_join(kinds), wanted)), draw(st.booleans()))


def _can_join(kinds: tuple[tuple[str, str], ...]) -> Any:
    """Whether a step may be sent together with the one before it. The last one, which lets go, comes after all."""
    alone = {seq for seq, (_, kind) in enumerate(kinds) if kind == PIVOT} | {len(kinds) - 1}
    return lambda seq: seq < len(kinds) and seq not in alone and seq - 1 not in alone


def declared(name: str, version: int, shape: Shape) -> Saga:
    """The saga of a shape, declared until `forget`."""
    steps: list[Step] = []
    for seq, kinds in enumerate(shape.kinds):
        made = _step(seq, *kinds)
        steps.append(together(made, made)[1] if seq in shape.joined else made)
    return Saga(name, Wish, tuple(steps), version=version, deadline=timedelta(seconds=60) if shape.late else None)


def _step(seq: int, verb: str, kind: str) -> Step:
    found, given = ACTIONS[seq], {"gives": (f"got{seq}",), "title": f"Step {seq}"}
    if kind == "compensatable":
        return step(found[verb], compensation=found["undo"], **given)
    make = {QUERY: query, PIVOT: pivot, RETRIABLE: step}[kind]
    return make(found[verb], **given)


def forget(sagas: list[Saga]) -> None:
    """Undo the declaration of sagas."""
    for saga in sagas:
        definition._registry.pop((saga.name, saga.version), None)
