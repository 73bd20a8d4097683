"""AMQP 1.0's types as bytes and back (part 1 of the OASIS standard), as far as Service Bus uses them."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple


class Symbol(str):
    """A word of the protocol's own."""


class Typed(NamedTuple):
    """A number of an exact type, by the type's code."""

    code: int
    value: int


class Described(NamedTuple):
    """A value with the number that says what its fields mean."""

    code: Any
    value: Any


UBYTE, SMALL_ULONG, USHORT, UINT, ULONG, LONG, TIMESTAMP = 0x50, 0x53, 0x60, 0x70, 0x80, 0x81, 0x83
FIXED = {
    UBYTE: ">B", 0x51: ">b", USHORT: ">H", 0x61: ">h", UINT: ">I", 0x71: ">i", 0x72: ">f", ULONG: ">Q", LONG: ">q",
    0x82: ">d", TIMESTAMP: ">q", 0x52: ">B", SMALL_ULONG: ">B", 0x54: ">b", 0x55: ">b",
}  # fmt: skip
CONSTANT: dict[int, Any] = {0x40: None, 0x41: True, 0x42: False, 0x43: 0, 0x44: 0, 0x45: []}


def _text(raw: bytes) -> str:
    return raw.decode()


VARIABLE: dict[int, Callable[[bytes], Any]] = {
    0xA0: bytes, 0xA1: _text, 0xA3: lambda raw: Symbol(raw.decode()),
    0xB0: bytes, 0xB1: _text, 0xB3: lambda raw: Symbol(raw.decode()),
}  # fmt: skip


def decode(raw: bytes, at: int = 0) -> tuple[Any, int]:
    """The value that stands at a place, and the place behind it."""
    code = raw[at]
    if code == 0:
        descriptor, at = decode(raw, at + 1)
        value, at = decode(raw, at)
        return Described(descriptor, value), at
    return _decode(code, raw, at + 1)


def _decode(code: int, raw: bytes, at: int) -> tuple[Any, int]:
    if code in CONSTANT:
        value = CONSTANT[code]
        return (list(value) if isinstance(value, list) else value), at
    if code == 0x56:
        return bool(raw[at]), at + 1
    if code == 0x98:
        return uuid.UUID(bytes=bytes(raw[at : at + 16])), at + 16
    if code in FIXED:
        form = FIXED[code]
        return struct.unpack_from(form, raw, at)[0], at + struct.calcsize(form)
    form = ">I" if code & 0x10 else ">B"
    (size,) = struct.unpack_from(form, raw, at)
    start = at + struct.calcsize(form)
    if code in VARIABLE:
        return VARIABLE[code](bytes(raw[start : start + size])), start + size
    return _compound(code, raw, start, form), start + size


def _compound(code: int, raw: bytes, at: int, form: str) -> Any:
    (count,) = struct.unpack_from(form, raw, at)
    at += struct.calcsize(form)
    if code in (0xE0, 0xF0):
        return _array(raw, at, count)
    values = []
    for _ in range(count):
        value, at = decode(raw, at)
        values.append(value)
    if code in (0xC0, 0xD0):
        return values
    if code in (0xC1, 0xD1):
        return dict(zip(values[::2], values[1::2], strict=True))
    raise ValueError(f"no AMQP type has the code {code:#x}")


def _array(raw: bytes, at: int, count: int) -> list[Any]:
    code, values, at = raw[at], [], at + 1
    for _ in range(count):
        value, at = _decode(code, raw, at)
        values.append(value)
    return values


def encode(value: Any) -> bytes:
    """A value as bytes; a plain whole number is an unsigned one of 32 bits."""
    if value is None or value is True or value is False:
        return {None: b"\x40", True: b"\x41", False: b"\x42"}[value]
    if isinstance(value, Described):
        return b"\x00" + encode(Typed(SMALL_ULONG, value.code)) + encode(value.value)  # as all clients expect it
    if isinstance(value, Typed):
        return bytes([value.code]) + struct.pack(FIXED[value.code], value.value)
    if isinstance(value, int):
        return encode(Typed(UINT, value))
    if isinstance(value, uuid.UUID):
        return b"\x98" + value.bytes
    return _encode_sized(value)


def _encode_sized(value: Any) -> bytes:
    if isinstance(value, Symbol):
        return _sized(b"\xb3", value.encode())
    if isinstance(value, str):
        return _sized(b"\xb1", value.encode())
    if isinstance(value, bytes):
        return _sized(b"\xb0", value)
    if isinstance(value, dict):
        pairs = [part for pair in value.items() for part in pair]
        return _sized(b"\xd1", struct.pack(">I", len(pairs)) + b"".join(map(encode, pairs)))
    if isinstance(value, Symbols):
        return _symbols(value)
    if isinstance(value, list):
        return _sized(b"\xd0", struct.pack(">I", len(value)) + b"".join(map(encode, value)))
    raise TypeError(f"{type(value).__name__} has no AMQP type here")


class Symbols(tuple[str, ...]):
    """Several words, which AMQP sends as an array."""

    __slots__ = ()


def _symbols(words: Symbols) -> bytes:
    parts = b"".join(struct.pack(">I", len(word)) + word.encode() for word in words)
    return _sized(b"\xf0", struct.pack(">I", len(words)) + b"\xb3" + parts)


def _sized(code: bytes, content: bytes) -> bytes:
    return code + struct.pack(">I", len(content)) + content
