"""Digests cannot be made to agree by moving letters about, and secrets cannot be guessed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domains.kernel.crypto import canonical, digest, keyed_digest, token

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_the_same_value_gives_the_same_bytes_after_a_way_through_json(value: Any) -> None:
    assert canonical(json.loads(canonical(value))) == canonical(value)


@given(st.dictionaries(words, st.integers(), min_size=2))
def test_the_order_of_keys_does_not_matter(value: dict[str, int]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


@given(values, values)
def test_other_values_give_other_bytes(one: Any, other: Any) -> None:
    assume(json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True))

    assert canonical(one) != canonical(other)


@given(st.lists(words, max_size=4), st.lists(words, max_size=4))
def test_parts_are_kept_apart(one: list[str], other: list[str]) -> None:
    assert (digest(*one) == digest(*other)) == (one == other)


def test_letters_do_not_wander_from_one_part_into_the_next() -> None:
    assert len({digest("ab", "c"), digest("a", "bc"), digest("abc"), digest("abc", ""), digest("", "abc")}) == 5
    assert digest("é") == digest("é".encode())
    assert len(digest()) == 64


@given(words, words, words)
def test_who_does_not_have_the_key_cannot_make_the_digest(key: str, other: str, text: str) -> None:
    assert (keyed_digest(key, text) == keyed_digest(other, text)) == (key.rstrip("\x00") == other.rstrip("\x00"))
    assert keyed_digest(key, text) != digest(text)


@pytest.mark.asvs("7.2.3", "11.5.1")
def test_a_secret_is_long_and_new_and_fits_into_a_url() -> None:
    made = {token() for _ in range(1000)}

    assert len(made) == 1000
    assert {len(one) for one in made} == {43}  # 256 bits
    assert all(one.replace("-", "").replace("_", "").isalnum() for one in made)
    assert len(token(128)) == 22
