"""Texts in a table for a spreadsheet, in which no cell is taken for a formula."""

from __future__ import annotations


def harmless(text: str) -> str:
    """A text that a spreadsheet shows as it is: one that begins like a formula gets an apostrophe before it."""
    return f"'{text}" if text.lstrip()[:1] in tuple("=+-@|%＝＋－＠") or text[:1] in ("\t", "\r", "\n") else text
