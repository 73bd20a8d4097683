"""Envelope encryption: secrets that we must be able to read again are kept sealed (ADR 0034).

A value is encrypted under a data key of its own; the data key is wrapped by a key-encryption key from the settings,
named in the blob by its id. The first key of `CLOUDSALES_SEALING_KEYS` seals, all of them open: a new one is appended,
and raised to the front when every process has it;
`rewrapped` moves what is kept under it without touching what is encrypted. Purpose and owner are authenticated, so
that a sealed value which is copied to another row, or another column, does not open there.

    v1.<key id>.<wrapped data key>.<nonce and ciphertext>
"""

from __future__ import annotations

import os
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from . import config
from .crypto import sealing_keys

VERSION = "v1"
KEY_BYTES = 32
NONCE_BYTES = 12
MARK = {"sealed": True}  # a column's `info` where its text is sealed: `cloudsales secrets reseal` finds it by that
_PURPOSE = re.compile(r"[a-z0-9_.-]{1,64}")


class CannotOpen(Exception):
    """A sealed value does not open: its key is gone, it was tampered with, or it belongs to another row or purpose."""


class _Blob(NamedTuple):
    key_id: str
    wrapped: bytes
    nonce: bytes
    ciphertext: bytes


def seal(text: str, *, purpose: str, owner: UUID | str) -> str:
    """Encrypt a text for one purpose ("users.totp") of one owner (the row's id).

    It takes 118 characters, and 4 for each 3 bytes of the text. The column has `info=envelope.MARK`.
    """
    key_id, key = next(iter(_keys().items()))
    data_key, nonce = os.urandom(KEY_BYTES), os.urandom(NONCE_BYTES)
    ciphertext = AESGCM(data_key).encrypt(nonce, text.encode(), _bound_to(purpose, owner))
    return ".".join((VERSION, key_id, _told(aes_key_wrap(key, data_key)), _told(nonce + ciphertext)))


def opened(sealed: str, *, purpose: str, owner: UUID | str) -> str:
    """The text that was sealed for this purpose and owner. Raises CannotOpen."""
    blob = _read(sealed)
    try:
        raw = AESGCM(_data_key(blob)).decrypt(blob.nonce, blob.ciphertext, _bound_to(purpose, owner))
    except InvalidTag:
        raise CannotOpen(f"a value sealed for {purpose} was changed, or belongs elsewhere") from None
    return raw.decode()


def key_id_of(sealed: str) -> str:
    """The id of the key that wraps a sealed value's data key."""
    return _read(sealed).key_id


def rewrapped(sealed: str) -> str:
    """The same sealed value under the first key; unchanged when it is already. Raises CannotOpen."""
    blob, (key_id, key) = _read(sealed), next(iter(_keys().items()))
    if blob.key_id == key_id:
        return sealed
    wrapped = aes_key_wrap(key, _data_key(blob))
    return ".".join((VERSION, key_id, _told(wrapped), _told(blob.nonce + blob.ciphertext)))


def new_key() -> str:
    """A new key as the settings take it: `id:base64`."""
    return f"k{os.urandom(4).hex()}:{_told(os.urandom(KEY_BYTES))}"


def _keys() -> dict[str, bytes]:
    keys = sealing_keys(config.current().sealing_keys)
    if not keys:
        raise RuntimeError("CLOUDSALES_SEALING_KEYS is empty: nothing can be sealed")
    return keys


def _data_key(blob: _Blob) -> bytes:
    key = _keys().get(blob.key_id)
    if key is None:
        raise CannotOpen(f"a value is sealed with the key “{blob.key_id}”, which CLOUDSALES_SEALING_KEYS lacks")
    try:
        return aes_key_unwrap(key, blob.wrapped)
    except (InvalidUnwrap, ValueError):
        raise CannotOpen(f"a value's data key was changed, or “{blob.key_id}” is another key now") from None


def _read(sealed: str) -> _Blob:
    try:
        version, key_id, wrapped, rest = sealed.split(".")
        raw = _untold(rest)
        if version == VERSION and len(raw) > NONCE_BYTES:
            return _Blob(key_id, _untold(wrapped), raw[:NONCE_BYTES], raw[NONCE_BYTES:])
    except ValueError:
        pass
    raise CannotOpen("this is no sealed value")


def _bound_to(purpose: str, owner: UUID | str) -> bytes:
    if not _PURPOSE.fullmatch(purpose) or not str(owner):
        raise ValueError("a purpose is made of small letters, digits, dots; an owner is an id")
    return f"{purpose}|{owner}".encode()


def _told(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _untold(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
