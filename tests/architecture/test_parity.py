"""What one door can do, the other can: the portal's actions and the API's operations, side by side, without a gap."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from itertools import product

import pytest
from flask import Flask

from domains.kernel.config import Settings
from portal import create_app

from .parity import API_ONLY, PORTAL, PROOFS, SHOWS
from .reading import ROOT

DOC = ROOT / "docs" / "parity.md"
CHANGES = {"POST", "PUT", "PATCH", "DELETE"}


@pytest.fixture(scope="module")
def portal() -> Flask:
    return create_app(Settings())


def acts(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Every act of the portal: its name, method and address; a view with several acts once for each."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, sorted(rule.methods or ()))):
        method = next(iter((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        several = [re.split(r",\s*", found) for found in re.findall(r"<any\(([^)]*)\):\w+>", rule.rule)]
        names = [" ".join((rule.endpoint, *chosen)) for chosen in product(*several)]
        known = [name for name in names if name in PORTAL]
        for name in known or [rule.endpoint]:
            yield name, method, rule.rule
        for name in set(names) - set(known) if known else ():
            yield name, method, rule.rule


def operations() -> dict[str, str]:
    """Every operation of the API, with its method and path."""
    document = json.loads((ROOT / "openapi.json").read_text())
    return {
        operation["operationId"]: f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if isinstance(operation, dict) and "operationId" in operation
    }


def is_proof(name: str) -> bool:
    return name.split(".")[0] in PROOFS


def gaps(app: Flask, known: dict[str, str]) -> Iterator[str]:
    there = {name for name, _method, _rule in acts(app)}
    for name, method, rule in acts(app):
        told = PORTAL.get(name)
        if told is None and not is_proof(name):
            yield f"{method} {rule}: {name} has no operation of the API beside it"
        elif told == SHOWS and method in CHANGES:
            yield f"{method} {rule}: {name} changes something: name the operation that does the same"
        elif isinstance(told, tuple):
            yield from (f"{name}: there is no operation {one}" for one in told if one not in known)
            if method in CHANGES and not any(known.get(one, "").split(" ")[0] in CHANGES for one in told):
                yield f"{method} {rule}: {name} changes something, and the operations beside it only read"
    yield from (f"{name}: the portal has no such act" for name in PORTAL if name not in there)
    offered = {one for told in PORTAL.values() if isinstance(told, tuple) for one in told}
    for one, where in known.items():
        if one not in offered and one not in API_ONLY:
            yield f"{where}: {one} has no page beside it"
    yield from (f"{one} is an operation of no page, and a page has it" for one in API_ONLY if one in offered)
    yield from (f"{one}: the API has no such operation" for one in API_ONLY if one not in known)


def side_by_side(app: Flask, known: dict[str, str]) -> str:
    lines = [
        "# Two doors, one house", "",
        "What the portal can do, the API can, and the other way round. It is made of `tests/architecture/parity.py`;",
        "`tests/architecture/test_parity.py` fails for a view or an operation without a line, and prints the page:",
        "`python -m tests.architecture.test_parity > docs/parity.md`.", "",
        "| portal | API |", "|---|---|",
    ]  # fmt: skip
    for name, method, rule in acts(app):
        told = PORTAL.get(name)
        if isinstance(told, tuple):
            lines.append(f"| `{method} {rule}` | {', '.join(f'`{one}`' for one in told)} |")
    lines += ["", "Only in the API:", "", *(f"- `{one}`: {why}" for one, why in sorted(API_ONLY.items()))]
    reasons: dict[str, list[str]] = {}
    for name, method, rule in acts(app):
        told = PORTAL.get(name)
        if isinstance(told, str) and told != SHOWS and name != "static":
            reasons.setdefault(told, []).append(f"`{method} {rule}`")
    lines += ["", "Only in the portal:", "", *(f"- {why}: {', '.join(where)}" for why, where in reasons.items())]
    proofs = f"- signing in, second factors, passwords and passkeys ({', '.join(PROOFS)}): only a person has them"
    return "\n".join([*lines, proofs, ""])


def test_each_action_of_one_door_has_its_like_in_the_other(portal: Flask) -> None:
    found = list(gaps(portal, operations()))
    assert not found, "\n".join(found)


def test_an_action_without_its_like_is_found(portal: Flask) -> None:
    known = operations()
    assert any("placeOrder" in gap for gap in gaps(portal, {n: w for n, w in known.items() if n != "placeOrder"}))
    assert any("boilOcean" in gap for gap in gaps(portal, known | {"boilOcean": "POST /ocean"}))
    assert any("orders.place changes" in gap for gap in gaps(portal, known | {"placeOrder": "GET /orders"}))


def test_the_page_shows_both_doors_as_they_are(portal: Flask) -> None:
    said = "docs/parity.md is not what the doors offer: python -m tests.architecture.test_parity > docs/parity.md"
    assert DOC.read_text() == side_by_side(portal, operations()), said


if __name__ == "__main__":
    sys.stdout.write(side_by_side(create_app(Settings()), operations()))
