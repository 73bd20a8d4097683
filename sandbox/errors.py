"""The provider's way of saying no."""

from __future__ import annotations

from typing import Any


class No(Exception):
    """A refusal with its HTTP status, stable code, words, and data that a program can act on."""

    def __init__(self, status: int, code: str, message: str, *, retry_after: int | None = None, **data: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.data, self.retry_after = status, code, message, data, retry_after
