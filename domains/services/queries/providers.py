"""How the providers are: what their gates have seen, and when their catalogues came in. For operators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domains.kernel.tenancy import Scope

from ..models import Provider, ProviderHint
from ..providers import provider
from ..providers.capabilities import Capabilities
from ..providers.gate import Standing
from ..providers.registry import endpoint_of, gate_of, keys


@dataclass(frozen=True)
class ProviderHealth:
    """One provider: its protocol, how its gate stands, its last catalogue, and hints that nobody has taken."""

    key: str
    adapter: str
    gate: Standing
    able: Capabilities
    synced_at: datetime | None
    open_hints: int


def list_providers(session: Session, scope: Scope) -> list[ProviderHealth]:
    """All providers of this installation, the default one first. Nothing for whoever does not see everything."""
    if not scope.is_wide:
        return []
    synced = {row.key: row.synced_at for row in session.scalars(select(Provider))}
    waiting = select(ProviderHint.provider, func.count()).where(ProviderHint.taken_at.is_(None))
    hints = {row[0]: row[1] for row in session.execute(waiting.group_by(ProviderHint.provider))}
    return [
        ProviderHealth(
            key, endpoint_of(key).adapter, gate_of(key).standing(), provider(key).capabilities(), synced.get(key),
            hints.get(key, 0),
        )
        for key in keys()
    ]  # fmt: skip
