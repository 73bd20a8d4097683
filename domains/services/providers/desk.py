"""The control desk of a sandbox provider: the clock and the faults of one of our tenants there. Real ones have none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from domains.kernel.errors import NotNow


@runtime_checkable
class Desk(Protocol):
    """What a sandbox provider does besides what every provider does."""

    def set_clock(self, reference: UUID, ahead: int) -> None: ...

    def set_faults(self, reference: UUID, faults: Sequence[Mapping[str, Any]]) -> None: ...


def desk_of(provider: object) -> Desk:
    """The control desk of a provider. Raises NotNow for one that has none: a person must look at the settings."""
    if not isinstance(provider, Desk):
        raise NotNow("the settings name no sandbox provider")
    return provider
