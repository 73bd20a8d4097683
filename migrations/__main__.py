"""`make revision domain=billing m="add due date"`: writes the next migration step of one database."""

from __future__ import annotations

import sys

from domains.kernel.config import DATABASES, Settings

from . import revise

if __name__ == "__main__":
    name, message = sys.argv[1], sys.argv[2].strip()
    if name not in DATABASES or not message:
        sys.exit(f'use: make revision domain=<{"|".join(DATABASES)}> m="what changes"')
    print(revise(Settings.from_env(), name, message))
