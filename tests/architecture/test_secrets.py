"""No secret is committed: every file of the tree is read for what a secret looks like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .reading import ROOT, committed, plant, refuse

SHAPES = {
    "a private key": r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{64,}",
    "a private JWK": r"[\"']d[\"']\s*:\s*[\"'][A-Za-z0-9_-]{42,}",
    "a signed token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",
    "a client's secret": r"\bcss_[A-Za-z0-9_-]{32,}",
    "a key of Azure": r"(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{43}=",
    "a key of AWS": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "a token of GitHub or GitLab": r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60,}|glpat-[\w-]{20})\b",
    "a token of Slack or Stripe": r"\b(?:xox[abprs]-[A-Za-z0-9-]{20,}|[sr]k_live_[A-Za-z0-9]{20,})",
    "a password in an address": r"\b[a-z+]{4,}://[^\s:/@{}$<\"'`]+:(?![A-Z]+@|x@|y@|p@|password@|secret@)[^\s:/@{}$<\"'`]{6,}@",
    "a sealing key": r"\bk[0-9a-f]{8}:[A-Za-z0-9_-]{43}\b",
}
# Files that show what one looks like, and none that opens anything.
SHOWN = {
    "tests/architecture/test_secrets.py", "tests/domains/kernel/test_telemetry.py",
    "tests/domains/kernel/test_tracing.py",
}  # fmt: skip
UNREAD = (".lock", ".png", ".woff2", ".mo", ".min.js", ".svg")


def secrets(root: Path, files: list[Path]) -> Iterator[str]:
    for path in files:
        name = str(path.relative_to(root))
        if name in SHOWN or name.endswith(UNREAD):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for what, shape in SHAPES.items():
            for found in re.finditer(shape, text):
                yield f"{name}:{text[: found.start()].count(chr(10)) + 1} holds {what}"


@pytest.mark.asvs("13.3.1")
def test_no_secret_is_committed() -> None:
    refuse(secrets(ROOT, committed()))


PLANTED = {
    "a private key": "-----BEGIN EC PRIVATE KEY-----\n" + "MHcCAQEE" * 12,
    "a private JWK": '{"kty": "EC", "d": "' + "a" * 43 + '"}',
    "a signed token": "eyJ" + "a" * 20 + ".eyJ" + "b" * 20 + "." + "c" * 30,
    "a client's secret": "css_" + "a" * 43,
    "a key of Azure": "SharedAccessKey=" + "a" * 43 + "=",
    "a key of AWS": "AKIA" + "A" * 16,
    "a token of GitHub or GitLab": "ghp_" + "a" * 36,
    "a token of Slack or Stripe": "sk_live_" + "a" * 24,
    "a password in an address": "postgresql://app:" + "hunter2hunter2@db/x",
    "a sealing key": "k0a1b2c3d:" + "a" * 43,
}


@pytest.mark.parametrize("what", SHAPES)
def test_a_secret_is_seen(tmp_path: Path, what: str) -> None:
    plant(tmp_path, "docs/planted.md", PLANTED[what])

    assert next(secrets(tmp_path, [tmp_path / "docs" / "planted.md"])).endswith(f"holds {what}")
