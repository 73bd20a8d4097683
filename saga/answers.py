"""What a worker says to a command."""

from __future__ import annotations

from typing import Any

import msgspec

from domains.kernel.database import is_unreachable
from domains.kernel.errors import DomainError, Locked

Reply = dict[str, Any]


def answer(envelope: dict[str, Any], **said: Any) -> Reply:
    """A reply to a command, for the coordinator."""
    return {key: envelope[key] for key in ("cmd_id", "run_id", "seq", "phase")} | said


def technical(error: Exception) -> dict[str, Any]:
    """What is said of a failure that may pass."""
    if isinstance(error, Locked):
        return {**refusal_of(error.refusal), "locked": True}
    said = {"code": type(error).__name__, "detail": str(error)[:500]}
    return said | {"away": True} if is_unreachable(error) else said


def refusal_of(error: DomainError) -> dict[str, Any]:
    """What is said of a business no."""
    said = {"code": error.code, "detail": str(error.detail)}
    if error.detail.values:  # so that a surface can say it in the reader's language
        said |= {"text": error.detail.text, "values": msgspec.to_builtins(error.detail.values, enc_hook=str)}
    return said
