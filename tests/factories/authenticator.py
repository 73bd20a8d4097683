"""A security key of software, after WebAuthn level 3: it makes passkeys with ES256 and signs what it is asked to."""

from __future__ import annotations

import hashlib
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, BACKED_UP, KEY_INSIDE = 0x01, 0x04, 0x18, 0x40


def told(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def untold(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Authenticator:
    """One key of one person. `count` is how often it has signed; 0 for good in keys that do not count."""

    def __init__(self, origin: str = "http://localhost:8000", *, counts: bool = True, verifies: bool = True) -> None:
        self.origin, self.counts, self.verifies = origin, counts, verifies
        self.key, self.id, self.count = ec.generate_private_key(ec.SECP256R1()), os.urandom(32), 0
        self.handle = ""

    def make(self, options: str) -> str:
        """Answer `navigator.credentials.create`."""
        asked = json.loads(options)
        self.handle = asked["user"]["id"]
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        inside = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor2.dumps(public)
        data = self._data(asked["rp"]["id"], KEY_INSIDE) + inside
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        parts = {"clientDataJSON": self._client("webauthn.create", asked), "attestationObject": told(attested)}
        return self._answer({**parts, "transports": ["internal"]})

    def sign(self, options: str, **but: Any) -> str:
        """Answer `navigator.credentials.get`; `but` replaces parts of the answer."""
        asked = json.loads(options)
        self.count += self.counts
        data, client = self._data(asked["rpId"]), self._client("webauthn.get", asked)
        signature = self.key.sign(data + hashlib.sha256(untold(client)).digest(), ec.ECDSA(hashes.SHA256()))
        parts = {"clientDataJSON": client, "authenticatorData": told(data), "signature": told(signature)}
        return self._answer({**parts, "userHandle": self.handle} | but)

    def _data(self, party: str, more: int = 0) -> bytes:
        flags = PRESENT | (VERIFIED if self.verifies else 0) | more
        return hashlib.sha256(party.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, asked: dict[str, Any]) -> str:
        return told(json.dumps({"type": kind, "challenge": asked["challenge"], "origin": self.origin}).encode())

    def _answer(self, parts: dict[str, Any]) -> str:
        return json.dumps({"id": told(self.id), "rawId": told(self.id), "type": "public-key", "response": parts})
