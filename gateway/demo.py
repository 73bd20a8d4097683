"""Production lets nobody of a demo in: their passwords lie about in files and shells."""

from __future__ import annotations

from functools import cache

from sqlalchemy.exc import SQLAlchemyError

from domains.kernel.config import Settings, SettingsError
from domains.users import db, queries

WHY = "the users database holds people of a demo (addresses in .example, with passwords): use a clean one"


def refuse_demo(settings: Settings) -> None:
    """Refuse to start in production over a demo. While the database is away, /readyz refuses instead."""
    if fault(settings) == WHY:
        raise SettingsError(f"CLOUDSALES_MODE is production, but {WHY}")


def fault(settings: Settings) -> str | None:
    """Why nobody may be let in; None when they may."""
    try:
        return WHY if settings.is_production and _holds_demo(settings.database_url_of("users")) else None
    except SQLAlchemyError as error:
        return type(error).__name__


@cache
def _holds_demo(_database: str) -> bool:
    """Whether somebody of a demo could sign in; asked once, as production makes no demo."""
    with db.begin_read() as session:
        return queries.has_demo_people(session)
