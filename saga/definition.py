"""What a saga is: a straight list of steps on one screen, checked when it is declared.

Compensatable and query steps come first, then at most one pivot (the last step at which the business can still say
no), then steps that are retried until they are done. An exchange is a query, the pivot or retried, for it cannot be
taken back. Arguments travel by name: every step and compensation must be fed by the payload or by what earlier steps
give. A step may also renew what the payload says: what later steps read is then what it found, the payload stays.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import timedelta
from functools import cache, cached_property
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from domains.kernel.errors import N_ as N_
from domains.kernel.messages import Exchange

Action = Callable[..., Any] | Exchange
PROMISED = timedelta(hours=1)  # what was priced is taken back when it has not reached the provider by then
COMPENSATABLE, QUERY, PIVOT, RETRIABLE = "compensatable", "query", "pivot", "retriable"


class BadDefinition(Exception):
    """A saga that cannot be run as declared; the text names the step and what is missing."""


def wire_name(action: Action) -> str:
    """The name of a command or exchange in messages: `accounts.reserve_spend`."""
    if isinstance(action, Exchange):
        return action.name
    return f"{action.__module__.split('.')[1]}.{action.__name__}"


def queue_of(action: Action) -> str:
    """The queue an action travels by. Exchanges have their own, so that a slow provider holds nothing else up."""
    domain = wire_name(action).split(".")[0]
    return f"{domain}-exchange" if isinstance(action, Exchange) else domain


def is_exchange(queue: str) -> bool:
    """Whether a queue is for exchanges, which take as long as the outside takes."""
    return queue.endswith("-exchange")


@dataclass(frozen=True)
class Argument:
    """One keyword argument of an action: its type and whether it must be given."""

    type: Any
    required: bool


@cache  # as many as the flows have; reading type hints costs more than a statement
def arguments_of(action: Action) -> Mapping[str, Argument]:
    """The keyword arguments that an action takes, by name."""
    found: dict[str, Argument] = {}
    for function in [action.intend, action.record, action.refuse] if isinstance(action, Exchange) else [action]:
        if function is None:
            continue
        hints = get_type_hints(function)
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
                continue
            required = parameter.default is inspect.Parameter.empty
            found[name] = Argument(hints[name], required or (name in found and found[name].required))
    return found


def outputs_of(action: Action) -> dict[str, Any]:
    """The fields of the dataclass that an action returns, with their types; empty when it returns None."""
    function = action.record if isinstance(action, Exchange) else action
    returned = get_type_hints(function).get("return")
    candidates = get_args(returned) if get_origin(returned) in (Union, type(int | None)) else (returned,)
    for candidate in candidates:
        if isinstance(candidate, type) and is_dataclass(candidate):
            hints = get_type_hints(candidate)
            return {field.name: hints[field.name] for field in fields(candidate)}
    return {}


@dataclass(frozen=True)
class Step:
    """One local transaction (or exchange) of a saga and how it is taken back."""

    action: Action
    kind: str
    compensation: Action | None
    gives: tuple[str, ...]
    title: str
    joins: bool = False  # whether it is sent together with the step before it
    renews: tuple[str, ...] = ()  # fields of the payload that later steps read as it gives them

    @property
    def name(self) -> str:
        return wire_name(self.action)


def step(
    action: Action, *, compensation: Action | None = None, gives: tuple[str, ...] = (), renews: tuple[str, ...] = (),
    title: str,
) -> Step:  # fmt: skip
    """A step that can be taken back by its compensation, or, after the pivot, one that is retried until done."""
    return Step(action, COMPENSATABLE if compensation else RETRIABLE, compensation, gives, title, renews=renews)


def query(action: Action, *, gives: tuple[str, ...], title: str) -> Step:
    """A step that only reads, so that there is nothing to take back."""
    return Step(action, QUERY, None, gives, title)


def together(*steps: Step) -> tuple[Step, ...]:
    """Steps that do not need each other, sent at the same time. The run goes on when all are done.

    When one of them is refused, all are taken back, one after the other, newest first.
    """
    return (steps[0], *(replace(each, joins=True) for each in steps[1:]))


def pivot(action: Action, *, gives: tuple[str, ...] = (), title: str) -> Step:
    """The point of no return: its clear no compensates what came before, its yes is never taken back."""
    return Step(action, PIVOT, None, gives, title)


_registry: dict[tuple[str, int], Saga] = {}


@dataclass(frozen=True)
class Saga:
    """A business process that spans domains. `name` and `version` are pinned by every run of it.

    The runs of a `house` saga are our own business: we start them by the clock, and no customer is shown them in lists.
    A run that has not reached its pivot within `deadline` is taken back; so is one that waits longer than `lock_wait`
    for what another run holds, which also ends two that wait for each other.
    """

    name: str
    payload: type
    steps: tuple[Step, ...]
    version: int = 1
    house: bool = False
    deadline: timedelta | None = None
    lock_wait: timedelta = timedelta(seconds=30)

    def __post_init__(self) -> None:
        self._check_order()
        self._check_groups()
        self._check_feeding()
        if (self.name, self.version) in _registry:
            raise BadDefinition(f"{self.name} version {self.version} is declared twice")
        _registry[self.name, self.version] = self

    def _check_order(self) -> None:
        names = [step.name for step in self.steps]
        if len(set(names)) != len(names):
            raise BadDefinition(f"{self.name}: a step stands in it twice")
        kinds = [step.kind for step in self.steps]
        if kinds.count(PIVOT) > 1:
            raise BadDefinition(f"{self.name}: it has more than one pivot")
        turning = kinds.index(PIVOT) if PIVOT in kinds else len(kinds)
        for position, found in enumerate(self.steps):
            if position < turning and found.kind == RETRIABLE:  # given up in doubt, it would stay done and be unknown
                raise BadDefinition(f"{self.name}: {found.name} has no compensation and stands behind no pivot")
            if position > turning and found.kind != RETRIABLE:
                raise BadDefinition(f"{self.name}: {found.name} stands after the pivot and cannot be taken back")
            if found.compensation is not None and Exchange in (type(found.action), type(found.compensation)):
                # left half done by a worker that died, it would have to be settled before it could be taken back
                raise BadDefinition(f"{self.name}: {found.name} is or has an exchange that would be taken back")

    def _check_groups(self) -> None:
        for position, found in enumerate(self.steps):
            if found.joins and position == 0:
                raise BadDefinition(f"{self.name}: {found.name} joins a step before the first")
            if found.joins and PIVOT in (found.kind, self.steps[position - 1].kind):
                raise BadDefinition(f"{self.name}: {found.name} stands in a group with the pivot, which stands alone")

    def _check_feeding(self) -> None:
        known = dict(self.payload_types)
        before = known  # what is known when a step is sent: in a group nothing that the others give
        for found in self.steps:
            before = before if found.joins else dict(known)
            self._check_fed(found.action, before)
            given = outputs_of(found.action)
            for name in found.gives:
                if name not in given:
                    raise BadDefinition(f"{self.name}: {found.name} does not return {name!r}")
                if name in known:
                    raise BadDefinition(f"{self.name}: {found.name} gives {name!r}, which is there already")
            for name in found.renews:
                if name not in given or given[name] != self.payload_types.get(name):
                    raise BadDefinition(f"{self.name}: {found.name} cannot renew {name!r}: it is another type there")
            if found.compensation:
                self._check_fed(found.compensation, before)
            known |= {name: given[name] for name in found.gives}

    def _check_fed(self, action: Action, known: dict[str, Any]) -> None:
        missing = [name for name, need in arguments_of(action).items() if need.required and name not in known]
        if missing:
            raise BadDefinition(f"{self.name}: {wire_name(action)} needs {missing}")

    @cached_property
    def payload_types(self) -> dict[str, Any]:
        """The payload's fields and their types."""
        hints = get_type_hints(self.payload)
        return {field.name: hints[field.name] for field in fields(self.payload)}

    @property
    def pivot_seq(self) -> int:
        """The position of the pivot; beyond the end when there is none."""
        return next((i for i, step in enumerate(self.steps) if step.kind == PIVOT), len(self.steps))

    def group_of(self, seq: int) -> range:
        """The positions of the steps that are sent together with the one at `seq`; mostly that one alone."""
        first, end = seq, seq + 1
        while self.steps[first].joins:
            first -= 1
        while end < len(self.steps) and self.steps[end].joins:
            end += 1
        return range(first, end)

    @cached_property
    def shape(self) -> str:
        """What a version must keep as long as runs of it are under way, as text: its steps and what travels."""
        lines = [f"{name}: {hint}" for name, hint in self.payload_types.items()]
        for found in self.steps:
            back = wire_name(found.compensation) if found.compensation else "-"
            fed = ", ".join(sorted(arguments_of(found.action)))
            joins = "& " if found.joins else ""
            anew = f" ~> {', '.join(found.renews)}" if found.renews else ""
            lines.append(f"{joins}{found.kind} {found.name} / {back} ({fed}) -> {', '.join(found.gives)}{anew}")
        return "\n".join(lines)


def saga_of(name: str, version: int) -> Saga:
    """The declared saga of a run; KeyError when this process does not know that version."""
    return _registry[name, version]


def known() -> list[tuple[str, int]]:
    """The names and versions of all declared sagas."""
    return sorted(_registry)


def of_the_house() -> list[str]:
    """The names of the sagas that no customer has asked for."""
    return sorted({name for (name, _), saga in _registry.items() if saga.house})


def action_named(name: str) -> Action:
    """The command or exchange with a wire name, if any declared saga uses it; KeyError else.

    Workers look actions up here and nowhere else, so that a message can only ask for what a flow asks for.
    """
    for saga in _registry.values():
        for found in saga.steps:
            for action in (found.action, found.compensation):
                if action is not None and wire_name(action) == name:
                    return action
    raise KeyError(name)


def arguments_for(action: Action, values: dict[str, Any]) -> dict[str, Any]:
    """Pick an action's arguments out of payload and outputs (plain JSON values)."""
    return {name: values[name] for name in arguments_of(action) if name in values}


def converted(action: Action, body: dict[str, Any]) -> dict[str, Any]:
    """Turn JSON values into the types that an action's arguments are declared with."""
    needs = arguments_of(action)
    return {
        name: msgspec.convert(value, needs[name].type, strict=False) for name, value in body.items() if name in needs
    }
