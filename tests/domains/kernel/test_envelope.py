"""What is sealed opens only with its key, for its purpose and its owner; a new key takes over without a new secret."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Table, select

from domains.kernel import database, envelope
from domains.kernel.columns import Id, Text, new_id
from domains.kernel.config import Settings, SettingsError
from domains.kernel.database import Database
from domains.kernel.envelope import CannotOpen, key_id_of, new_key, opened, rewrapped, seal
from domains.kernel.resealing import columns, reseal

pytestmark = pytest.mark.asvs("11.3.2", "11.3.3")
OWNER = uuid4()


@pytest.fixture(autouse=True)
def keys(settings: Settings) -> Settings:
    return settings


def with_keys(settings: Settings, *keys: str) -> None:
    database.bind(replace(settings, sealing_keys=",".join(keys)))


def test_what_is_sealed_opens_again_and_no_two_look_alike() -> None:
    first, second = (seal("JBSWY3DP", purpose="users.totp", owner=OWNER) for _ in range(2))

    assert "JBSWY3DP" not in first and first.split(".")[2:] != second.split(".")[2:]
    assert [opened(one, purpose="users.totp", owner=OWNER) for one in (first, second)] == ["JBSWY3DP"] * 2
    assert len(seal("x" * 30, purpose="p", owner="1")) <= 118 + 40


def test_any_text_comes_back_as_it_was(settings: Settings) -> None:
    @given(st.text(max_size=300))
    def holds(text: str) -> None:
        assert opened(seal(text, purpose="p", owner="o"), purpose="p", owner="o") == text

    holds()


@pytest.mark.parametrize(("purpose", "owner"), [("users.recovery", OWNER), ("users.totp", uuid4())])
def test_a_sealed_value_that_was_moved_to_another_row_or_purpose_does_not_open(purpose: str, owner: object) -> None:
    sealed = seal("secret", purpose="users.totp", owner=OWNER)

    with pytest.raises(CannotOpen, match="changed, or belongs elsewhere"):
        opened(sealed, purpose=purpose, owner=owner)  # type: ignore[arg-type]
    assert opened(sealed, purpose="users.totp", owner=OWNER) == "secret"


def test_while_processes_are_replaced_each_opens_what_another_seals(settings: Settings) -> None:
    """The steps of docs/security.md: appended first, raised when all have it. At each, old and new run side by side."""
    old, new = new_key(), new_key()
    for before, after in pairwise([(old,), (old, new), (new, old)]):
        for seals, opens in ((before, after), (after, before)):
            with_keys(settings, *seals)
            sealed = seal("secret", purpose="p", owner="o")
            with_keys(settings, *opens)
            assert opened(sealed, purpose="p", owner="o") == "secret"
    with_keys(settings, new, old)
    moved = rewrapped(sealed)
    with_keys(settings, new)
    assert opened(moved, purpose="p", owner="o") == "secret"


def test_one_changed_character_anywhere_is_noticed() -> None:
    sealed = seal("a secret", purpose="p", owner="o")
    for at, sign in enumerate(sealed):
        changed = sealed[:at] + ("A" if sign != "A" else "B") + sealed[at + 1 :]
        if at in (len(sealed) - 1, sealed.rindex(".") - 1):
            continue  # the last sign of base64 holds bits that say nothing
        with pytest.raises(CannotOpen):
            opened(changed, purpose="p", owner="o")


@pytest.mark.parametrize("text", ["", "plain", "v1.a.b", "v1....", "v2.k.AAAA.AAAA", "v1.k.é.AAAAAAAAAAAAAAAAAAAAAAAA"])
def test_what_was_never_sealed_is_told_from_what_was(text: str) -> None:
    with pytest.raises(CannotOpen, match="no sealed value"):
        opened(text, purpose="p", owner="o")


@pytest.mark.parametrize(("purpose", "owner"), [("", "o"), ("a|b", "o"), ("p", "")])
def test_purpose_and_owner_cannot_run_into_each_other(purpose: str, owner: str) -> None:
    with pytest.raises(ValueError, match="a purpose is made of"):
        seal("x", purpose=purpose, owner=owner)


def test_the_first_key_seals_and_all_open_until_one_is_dropped(settings: Settings) -> None:
    old, new = new_key(), new_key()
    with_keys(settings, old)
    sealed = seal("secret", purpose="p", owner="o")

    with_keys(settings, new, old)
    moved = rewrapped(sealed)
    assert opened(sealed, purpose="p", owner="o") == "secret"
    assert (key_id_of(sealed), key_id_of(moved)) == (old[:9], new[:9])
    assert moved.split(".")[3] == sealed.split(".")[3] and rewrapped(moved) == moved

    with_keys(settings, new)
    assert opened(moved, purpose="p", owner="o") == "secret"
    with pytest.raises(CannotOpen, match=f"the key “{old[:9]}”, which CLOUDSALES_SEALING_KEYS lacks"):
        opened(sealed, purpose="p", owner="o")


def test_another_key_under_an_old_id_does_not_open(settings: Settings) -> None:
    sealed = seal("secret", purpose="p", owner="o")
    with_keys(settings, f"{key_id_of(sealed)}:{new_key().partition(':')[2]}")

    with pytest.raises(CannotOpen, match="is another key now"):
        opened(sealed, purpose="p", owner="o")


@pytest.mark.parametrize(("keys", "told"), [("a:AAAA", "has 3 bytes"), ("nokey", "needs an id"),
                                            ("A:x", "needs an id"), (f"{new_key()}," * 2, "key")])  # fmt: skip
def test_keys_that_cannot_be_are_refused_at_the_start_without_being_told(keys: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told) as refusal:
        Settings.from_env({"CLOUDSALES_SEALING_KEYS": f"{new_key()},{keys}"})
    assert "AAAA" not in str(refusal.value)


@pytest.fixture
def vault(settings: Settings, keys: Settings) -> Database:
    """A database of its own with one sealed column."""
    database.bind(replace(settings, database_url=""))
    made = Database("vault", domain=False, audited=False)
    Table("secret", made.metadata, Column("id", Id, primary_key=True), Column("plain", Text(9)),
          Column("text", Text(400), info=envelope.MARK))  # fmt: skip
    made.metadata.create_all(made.engine)
    return made


def test_everything_kept_is_moved_under_a_new_key_and_what_cannot_be_is_named(
    vault: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domains.kernel.resealing.BATCH", 2)
    (table, column), old, new = next(columns(vault)), new_key(), new_key()
    local = replace(settings, database_url="")
    with_keys(local, old)
    ids = [new_id() for _ in range(5)]
    rows = [{"id": one, "text": seal(str(one), purpose="p", owner=one)} for one in ids]
    stranger = new_id()
    with_keys(local, lost := new_key())
    rows += [{"id": stranger, "text": seal("x", purpose="p", owner=stranger)}, {"id": new_id(), "text": None}]
    with vault.begin() as session:
        session.execute(table.insert(), rows)

    with_keys(local, new, old)
    for _ in range(2):  # again: nothing more happens
        assert list(reseal(vault)) == [
            f"vault: secret.text of {stranger}: a value is sealed with the key “{lost[:9]}”, "
            "which CLOUDSALES_SEALING_KEYS lacks"
        ]
    with_keys(local, new)
    with vault.begin_read() as session:
        kept = {row.id: row.text for row in session.execute(select(table.c.id, column))}
    assert [opened(kept[one] or "", purpose="p", owner=one) for one in ids] == [str(one) for one in ids]
