"""What a client asks for at an entity's `$management`: to renew a lock, or to settle where its own link is gone."""

from __future__ import annotations

import uuid
from typing import Any

from .codec import TIMESTAMP, Described, Typed, encode
from .entities import APPLICATION, PROPERTIES, VALUE, Entity, Message

RENEW, SETTLE = "com.microsoft:renew-lock", "com.microsoft:update-disposition"
SUFFIX = "/$management"


def managed(entity: Entity, request: Message) -> bytes:
    """Do what is asked; gives the answer, which is `gone` when a lock is lost."""
    operation, asked = _text(request.part(APPLICATION)["operation"]), request.part(VALUE) or {}
    told = {_text(key): value for key, value in asked.items()}
    tokens = [uuid.UUID(str(one)).bytes_le for one in told.get("lock-tokens", [])]
    if operation == RENEW:
        until = [entity.renew(token) for token in tokens]
        good = all(until)
        body: Any = {"expirations": [Typed(TIMESTAMP, int((one or 0.0) * 1000)) for one in until]}
    elif operation == SETTLE:
        good, body = sum(_settled(entity, token, told) for token in tokens) == len(tokens), {}
    else:
        raise ValueError(f"{operation} is not known to this broker")
    return response(request, 200 if good else 410, body, "" if good else "com.microsoft:message-lock-lost")


def _settled(entity: Entity, token: bytes, told: dict[str, Any]) -> bool:
    how = _text(told["disposition-status"])
    if how == "completed":
        return entity.complete(token)
    if how == "abandoned":
        return entity.give_back(token, failed=True)
    return entity.bury(token, _text(told.get("deadletter-reason", "")))


def response(request: Message, status: int, body: Any, condition: str) -> bytes:
    """An answer that the client can tell which question it belongs to."""
    facts = {"statusCode": Typed(0x71, status), "statusDescription": "OK" if status == 200 else "No"}
    facts |= {"errorCondition": condition} if condition else {}
    properties = [None, None, None, None, None, request.message_id]
    parts = ((PROPERTIES, properties), (APPLICATION, facts), (VALUE, body))
    return b"".join(encode(Described(code, value)) for code, value in parts)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
