"""Production serves as a role that the policies hold, or not at all: an owner could take them away."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.exc import SQLAlchemyError

from . import policies
from .config import Settings, SettingsError
from .database import make_engine


def refuse_owner(settings: Settings, names: Iterable[str]) -> None:
    """Refuse to start in production as the owner of the databases of these domains, or as a superuser.

    A database that is away is asked when it is back: each connection is (`policies.watch`).
    """
    if not settings.is_production:
        return
    for name in names:
        engine = make_engine(settings.database_url_of(name))
        policies.watch(engine)
        try:
            engine.connect().close()
        except policies.Loose as why:
            raise SettingsError(f"{why}: make a role of its own, and give the owner to `migrate`") from None
        except SQLAlchemyError:
            return  # most likely all are, and a start waits for none
        finally:
            engine.dispose()
