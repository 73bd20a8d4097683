"""Addresses of static files: each carries its content's version, so browsers may keep a file for ever."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import current_app, url_for


def static_url(name: str) -> str:
    """“/static/app.css?v=<hash>” for a file under static/; a missing file is an error at once, not a silent 404."""
    folder = Path(current_app.static_folder or "static")
    return url_for("static", filename=name, v=_version(folder / name, current_app.debug))


def _version(path: Path, changing: bool) -> str:
    return _hash(path) if not changing else _hash.__wrapped__(path)


@cache
def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]
