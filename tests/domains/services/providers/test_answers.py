"""Every class of answers is one of the three kinds that a saga goes by, and the port knows no others."""

from __future__ import annotations

import pytest

from domains.kernel.errors import DomainError, NotNow, Pending
from domains.services.providers.answers import CLASSES, CLEAR_NOES, meaning


@pytest.mark.parametrize("kind", CLASSES)
def test_every_class_can_be_said_and_is_of_one_kind(kind: type[Exception]) -> None:
    said = meaning(kind, "some_code", "The moon is full (%(phase)s).", 7.0)

    assert type(said) is kind
    assert [isinstance(said, one) for one in (DomainError, NotNow, Pending)].count(True) == 1
    assert getattr(said, "code", None) == "some_code" or getattr(said, "retry_after", None) == 7.0


def test_a_clear_no_keeps_the_providers_words() -> None:
    for kind in CLEAR_NOES:
        assert "The moon is full." in str(meaning(kind, "some_code", "The moon is full."))


def test_what_is_no_class_of_answers_cannot_be_said() -> None:
    with pytest.raises(TypeError):
        meaning(KeyError, "some_code")
