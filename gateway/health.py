"""Whether this process is alive, and whether it can serve."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from domains.kernel.config import Settings
from domains.kernel.database import Database
from domains.kernel.redis import client
from saga.tables import db as saga

from . import demo

REMEMBERED = 1.0  # seconds that an answer holds, so that probes cost nothing
_last: tuple[float, dict[str, str]] = (0.0, {})


def answer(path: str, settings: Settings, start_response: Any) -> Iterable[bytes]:
    """Answer /healthz (alive) or /readyz (200 when it can serve, else 503 with what is missing)."""
    missing = _missing(settings) if path == "/readyz" else {}
    blocking = {name: why for name, why in missing.items() if name != "queue"}
    body = json.dumps({"status": "unavailable" if blocking else "ok", "missing": missing}).encode()
    status = "503 Service Unavailable" if blocking else "200 OK"
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")]
    start_response(status, headers)
    return [body]


def _missing(settings: Settings) -> dict[str, str]:
    global _last
    if time.monotonic() - _last[0] > REMEMBERED:
        names = [*settings.domain_names, "saga"]
        found = {name: why for name in names if (why := _fault(_database(name)))}
        if over := demo.fault(settings):
            found["users"] = over
        _last = (time.monotonic(), found | _queue())
    return _last[1]


def _database(name: str) -> Database:
    return saga if name == "saga" else import_module(f"domains.{name}.models").db


def _fault(database: Database) -> str | None:
    """Why a database cannot serve; None when it can."""
    newest = max(path.name[:4] for path in Path("migrations", database.name).glob("[0-9]*.py"))
    try:
        with database.begin_read() as session:
            found = session.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except SQLAlchemyError as error:
        return type(error).__name__
    return None if found is not None and found >= newest else f"at revision {found}, needs {newest}"


def _queue() -> dict[str, str]:
    """The queue may be away for a while: orders wait, pages do not."""
    try:
        client().ping()
    except RedisError as error:
        return {"queue": type(error).__name__}
    return {}
