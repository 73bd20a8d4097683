"""The audit trail in plain words: every deed that is noted somewhere has them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from domains import NAMES
from portal.deeds import DEEDS
from saga.steering import OPERATIONS
from tests.architecture.reading import ROOT, sources

NOTED_IN = re.compile(
    r"domains/\w+/(commands|tokens|queries|exchanges)|domains/\w+/(commands|personal)\.py|gateway/|api/oauth|portal/sso"
)
DEED = re.compile(rf"({'|'.join(NAMES)})\.[a-z_]+")
# Words of the same shape that are no deeds, and what they are.
OTHERS = {
    "users.sign_on": "what a secret is sealed for",
    "users.totp": "what a secret is sealed for",
}
# Deeds whose names are put together: `users.remove_{kind}`, `services.{kind}`.
COMPOSED = {"users.remove_secret", "users.remove_key", "services.cancel", "services.change_quantity", "services.extend"}
COMPOSED |= {"services.adopt_drift", "services.revert_drift", "services.open_drift_case", "services.ignore_drift"}
COMPOSED |= {"services.suspend", "services.resume", "services.change_plan", "services.schedule_change"}


def noted() -> Iterator[str]:
    for top in ("domains", "gateway", "api", "portal"):
        for source in sources(ROOT, top):
            if NOTED_IN.match(source.path):
                yield from (word for word in words_of(source.tree) if DEED.fullmatch(word) and not word.endswith("_"))


def words_of(node: ast.AST) -> Iterator[str]:
    """The texts in some code, but for the names of exchanges, which are no deeds."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Exchange":
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    for child in ast.iter_child_nodes(node):
        yield from words_of(child)


def test_every_deed_that_is_noted_has_words() -> None:
    found = set(noted())

    assert len(found) > 60
    assert (found | COMPOSED | {f"saga.{op}" for op in OPERATIONS}) - set(OTHERS) - set(DEEDS) == set()


def test_there_are_no_words_for_what_nobody_does() -> None:
    known = set(noted()) | COMPOSED | {f"saga.{op}" for op in OPERATIONS}

    assert set(DEEDS) - known == {"audit.erase"}  # noted by the kernel, for every domain
