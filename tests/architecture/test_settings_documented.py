"""`.env.example` lists every setting with its default and one line that says what it is for, and nothing else."""

from __future__ import annotations

import sys
from dataclasses import fields

from domains.kernel.config import DATABASES, PREFIX, Settings

from .reading import ROOT

HEAD = """\
# Every setting, with its default. Copy what you change into the environment; an unknown CLOUDSALES_ name is refused.
# A setting may be given as a file instead: CLOUDSALES_X_FILE names it. Secrets have no default: outside production they
# are made at the first start, in var/secrets. PORT (8000) is the first of the ports that `make run` listens on.
"""


def documented() -> str:
    lines = [HEAD]
    for one in fields(Settings):
        if one.name == "overrides":
            continue
        note = f"{one.metadata['help']} (secret)" if one.metadata["secret"] else one.metadata["help"]
        lines.append(f"# {note}\n#{PREFIX}{one.name.upper()}={one.default}\n")
    override = "# the {} database, instead of CLOUDSALES_DATABASE_URL\n#{}DATABASE_URL_{}=\n"
    return "\n".join([*lines, *(override.format(name, PREFIX, name.upper()) for name in DATABASES)])


def test_every_setting_is_documented() -> None:
    written = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert written == documented(), f"write it anew: python -m {__name__} > .env.example"


def test_every_setting_says_what_it_is_for() -> None:
    assert [one.name for one in fields(Settings) if not one.metadata.get("help")] == []


if __name__ == "__main__":
    sys.stdout.write(documented())
