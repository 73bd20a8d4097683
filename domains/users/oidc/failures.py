"""Why nobody was signed on: one word, for which each surface has a sentence."""

from __future__ import annotations


class SignOnFailed(Exception):
    """A provider's answer proves nothing, or says no. `code` is ours; `said` is the provider's own error word."""

    def __init__(self, code: str, said: str = "") -> None:
        super().__init__(f"{code} {said}".strip())
        self.code, self.said = code, said
