"""Every clear no that a program can meet is explained on the API's pages."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from api.problems import CODES

from .reading import ROOT, plant, refuse, sources

NOES = ("Refused", "Conflict")
# Said to nobody outside: they end a step of our own, or the catalogue's synchronisation.
INSIDE = {"catalogue_empty", "rules_missing", "not_at_provider"}
# Said to a person at the portal's door: a program has no password and no second factor.
AT_THE_DOOR = {
    "code_wrong", "factor_known", "factor_needed", "link_ended", "passkey_invalid", "too_many_passkeys",
}  # fmt: skip


def unexplained(root: Path) -> Iterator[str]:
    for source in sources(root, "domains"):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NOES:
                for given in node.keywords:
                    code = given.value.value if given.arg == "code" and isinstance(given.value, ast.Constant) else None
                    if code and code not in {*CODES, *INSIDE, *AT_THE_DOOR}:
                        yield f"{source.path}:{node.lineno} {code} is not explained in api/problems.py"


def test_every_refusal_is_explained() -> None:
    refuse(unexplained(ROOT))


def test_a_refusal_without_an_explanation_is_seen(tmp_path: Path) -> None:
    plant(
        tmp_path,
        "domains/billing/commands.py",
        'Refused("No.", code="never_heard_of")\nRefused("No.", code="name_taken")',
    )

    assert len(list(unexplained(tmp_path))) == 1
