"""Each column that can hold words says what it holds of people, and the page says what the registers say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domains.users import personal
from migrations import personal_data

from .reading import ROOT, refuse


def test_every_column_that_can_hold_words_has_a_class() -> None:
    refuse(personal_data.unclassified())


def test_a_column_without_a_class_and_a_class_without_a_column_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    planted = replace(
        personal.PERSONAL["user_"], contact="email", none="status language formats time_zone theme drift_mail shoe_size"
    )
    monkeypatch.setitem(personal.PERSONAL, "user_", planted)  # type: ignore[arg-type]

    assert list(personal_data.unclassified()) == [
        "users.user_.email_key has no class", "users.user_ has no column shoe_size",
    ]  # fmt: skip


def test_the_committed_page_is_the_registers() -> None:
    assert (ROOT / "docs" / "personal-data.md").read_text(encoding="utf-8") == personal_data.document(), (
        "make personal-data"
    )
