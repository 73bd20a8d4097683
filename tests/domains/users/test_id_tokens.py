"""What a provider says of a person is believed only when it has signed it, for us, now, in answer to our question."""

from __future__ import annotations

import hmac
import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from domains.kernel import database
from domains.kernel.config import Settings
from domains.users.oidc.failures import SignOnFailed
from domains.users.oidc.signing_on import Connection, identified

OURS, OTHER = (ECKey.generate_key("P-256", {"use": "sig"}, auto_kid=True) for _ in range(2))
NONCE, US = "the nonce that we sent", "cloud-sales"


@dataclass
class Desk:
    """A provider that answers what a test tells it."""

    at: str
    token: str = ""
    keys: dict[str, Any] = field(default_factory=lambda: dict(KeySet([OURS]).as_dict(private=False)))

    def claims(self, **but: Any) -> dict[str, Any]:
        now = int(time.time())
        made = {
            "iss": self.at,
            "sub": "nils",
            "aud": US,
            "nonce": NONCE,
            "iat": now,
            "exp": now + 300,
            "email": "n@x.y",
        }
        return {name: value for name, value in (made | but).items() if value is not None}

    def signed(self, claims: dict[str, Any], key: Any = OURS, **header: Any) -> str:
        algorithms = ["RS256", "HS256", "ES256"]
        return jwt.encode({"alg": "ES256", "kid": OURS.kid} | header, claims, key, algorithms=algorithms)

    def says(self, token: str) -> str:
        """Who that is to us."""
        self.token = token
        provider = {"token_endpoint": f"{self.at}/token", "jwks_uri": f"{self.at}/jwks", "names_itself": False,
                    "token_endpoint_auth_method": "client_secret_basic"}  # fmt: skip
        connection = Connection(
            self.at, US, "a secret of the provider", provider, "https://sales.example/login/sso/callback"
        )
        return identified(connection, {"code": "c"}, nonce=NONCE, verifier="v" * 43).subject


@pytest.fixture
def desk(settings: Settings) -> Iterator[Desk]:
    class Answers(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            token = {"access_token": "a", "token_type": "Bearer", "id_token": made.token}
            body = json.dumps(token if self.path == "/token" else made.keys).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        made = Desk(f"http://127.0.0.1:{server.server_port}")
        database.bind(replace(settings, outbound_allow=f"127.0.0.1:{server.server_port}"))
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield made
        server.shutdown()


def test_what_the_provider_has_signed_for_us_is_believed(desk: Desk) -> None:
    assert desk.says(desk.signed(desk.claims())) == "nils"


@pytest.mark.asvs("6.8.2", "9.1.1", "9.2.1", "9.2.3")
@pytest.mark.parametrize("but", [
    {"iss": "https://evil.example"}, {"iss": None}, {"aud": "another-program"}, {"aud": None}, {"nonce": "another"},
    {"nonce": None}, {"exp": 1}, {"sub": None}, {"aud": [US, "another-program"], "azp": "another-program"},
])  # fmt: skip
def test_what_was_said_of_another_to_another_or_long_ago_is_not_believed(desk: Desk, but: dict[str, Any]) -> None:
    with pytest.raises(SignOnFailed) as no:
        desk.says(desk.signed(desk.claims(**but)))

    assert no.value.code == "not_proven"


def by_secret(claims: dict[str, Any], secret: bytes) -> str:
    """A token under a shared secret, made by hand: libraries refuse a public key there."""
    parts = [urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in ({"alg": "HS256"}, claims)]
    made = urlsafe_b64encode(hmac.digest(secret, b".".join(parts), "sha256")).rstrip(b"=")
    return b".".join((*parts, made)).decode()


FORGED = {
    "by another key under the same id": lambda desk: desk.signed(desk.claims(), OTHER),
    "by a key that it names itself": lambda desk: desk.signed(desk.claims(), OTHER, jwk=OTHER.as_dict(private=False)),
    "by the public key as a secret": lambda desk: by_secret(desk.claims(), OURS.as_pem(private=False)),
    "by our client secret": lambda desk: by_secret(desk.claims(), b"a secret of the provider"),
    "by a key of another kind": lambda desk: desk.signed(desk.claims(), RSAKey.generate_key(2048), alg="RS256"),
    "by nobody": lambda desk: jws.serialize_compact(
        {"alg": "none"}, json.dumps(desk.claims()).encode(), None, algorithms=["none"]
    ),
    "changed": lambda desk: desk.signed(desk.claims()).replace(".", ".e", 1),
    "no token": lambda _: "x",
}  # fmt: skip


@pytest.mark.asvs("6.8.2", "9.1.1", "9.1.2", "9.1.3")
@pytest.mark.parametrize("how", FORGED)
@pytest.mark.filterwarnings("ignore:.*")  # the library warns whoever makes such tokens
def test_what_the_provider_has_not_signed_is_not_believed(desk: Desk, how: str) -> None:
    token = FORGED[how](desk)

    with pytest.raises(SignOnFailed) as no:
        desk.says(token)

    assert no.value.code == "not_proven"
