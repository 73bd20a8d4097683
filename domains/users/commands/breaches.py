"""Passwords that were stolen elsewhere: a file that the operator gets from whoever collects them.

Its lines are SHA-1 digests in hex, in order, each perhaps with `:` and a count behind it, as haveibeenpwned.com's
downloader writes them. SHA-1 protects nothing here: it is the file's index.
"""

from __future__ import annotations

import hashlib
from pathlib import Path


def holds(file: str, password: str) -> bool:
    """Whether a password's digest is in the file; never without a file. Looks at some forty lines of any size of it."""
    if not file:
        return False
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    with Path(file).open("rb") as lines:
        low, high = 0, lines.seek(0, 2)
        while low < high:  # the first line that begins at or behind `low` and is not less than what is wanted
            middle = (low + high) // 2
            lines.seek(middle)
            if middle:
                lines.seek(middle - 1)
                lines.readline()  # to the beginning of a line
            line = lines.readline()
            if line and line[:40].upper() < wanted:
                low = lines.tell()
            else:
                high = middle
        lines.seek(max(low - 1, 0))
        if low:
            lines.readline()
        return lines.readline()[:40].upper() == wanted
