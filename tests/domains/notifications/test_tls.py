"""On the way to the mail server: encrypted where it can be, and a password only to a server that proves who it is."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from domains.kernel import database
from domains.kernel.config import Settings
from domains.notifications.exchanges import deliver_due
from tests.factories.notifications import delivery, tell
from tests.servers import free_port


def a_certificate(folder: Path) -> ssl.SSLContext:
    """What anybody can make: a certificate for 127.0.0.1 that no authority has signed."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    signed = made.add_extension(host, critical=False).sign(key, hashes.SHA256())
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "mail.pem").write_bytes(
        key.private_bytes(pem, form, serialization.NoEncryption()) + signed.public_bytes(pem)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "mail.pem")
    return context


class Encrypted:
    """Notes of each e-mail whether it came encrypted, and every password it is told."""

    def __init__(self) -> None:
        self.encrypted: list[bool] = []
        self.passwords: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.encrypted.append(session.ssl is not None)
        return "250 taken"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.passwords.append(data.password)
        return AuthResult(success=True)


Start = Callable[..., Encrypted]


@pytest.fixture
def start(databases: Settings) -> Iterator[Start]:
    with ExitStack() as stack:

        def start(login: str = "", **options: Any) -> Encrypted:
            """Start a mail server and make it the settings' own, with a login if one is given."""
            handler, port = Encrypted(), free_port()
            options |= {"authenticator": handler.authenticate, "auth_require_tls": False}
            controller = Controller(handler, hostname="127.0.0.1", port=port, **options)
            controller.start()
            stack.callback(controller.stop)
            database.bind(replace(databases, smtp_url=f"smtp://{login}127.0.0.1:{port}"))
            return handler

        yield start


def test_an_e_mail_travels_encrypted_when_the_server_can(start: Start, tmp_path: Path) -> None:
    server = start(tls_context=a_certificate(tmp_path))
    tell()
    assert deliver_due() == 1

    assert server.encrypted == [True]


def test_without_encryption_on_offer_it_travels_as_it_can(start: Start) -> None:
    server = start()
    tell()
    assert deliver_due() == 1

    assert server.encrypted == [False]


@pytest.mark.parametrize("certificate", [True, False])
def test_a_password_is_not_told_to_a_server_that_cannot_prove_itself(
    start: Start, tmp_path: Path, certificate: bool
) -> None:
    server = start(login="us:secret@", **({"tls_context": a_certificate(tmp_path)} if certificate else {}))
    told = tell()
    assert deliver_due() == 0

    assert (server.passwords, server.encrypted, delivery(told).state) == ([], [], "queued")
    assert ("CERTIFICATE_VERIFY_FAILED" if certificate else "STARTTLS") in (delivery(told).last_error or "")


def test_a_password_is_told_to_a_server_that_proves_itself(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start(login="us:s%40cret@", tls_context=a_certificate(tmp_path))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "mail.pem"))  # the machine trusts it now
    tell()
    assert deliver_due() == 1

    assert (server.passwords, server.encrypted) == ([b"s@cret"], [True])
