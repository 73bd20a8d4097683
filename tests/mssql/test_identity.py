"""Signing in to Azure SQL by the identity of the workload: the token as the driver wants it, and its renewal."""

from __future__ import annotations

import struct
import time
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import make_url

from domains.kernel import azure

URL = "mssql+pyodbc://sql.invalid/sales_billing?driver=x&Encrypt=yes&identity=entra"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJkYiJ9.c2lnbmVk-_0"


def an_issuer(*lasting: float, token: str = TOKEN) -> tuple[azure.Tokens, list[float]]:
    """Tokens that last so many seconds each, and the times at which one was asked for."""
    asked: list[float] = []

    def ask() -> tuple[str, float]:
        asked.append(time.time())
        return token, asked[-1] + lasting[len(asked) - 1]

    return azure.Tokens(ask), asked


def test_a_token_is_packed_as_its_length_and_its_letters() -> None:
    tokens, _ = an_issuer(3600)

    told = tokens.packed()

    (length,) = struct.unpack_from("<I", told)
    assert length == len(told) - 4 == 2 * len(TOKEN)
    assert told[4:].decode("utf-16-le") == TOKEN


def test_a_token_is_asked_for_once_until_five_minutes_before_it_ends() -> None:
    tokens, asked = an_issuer(3600)
    late, asked_again = an_issuer(299, 3600)

    assert {tokens.packed() for _ in range(3)} == {late.packed() for _ in range(3)}
    assert (len(asked), len(asked_again)) == (1, 2)


@pytest.mark.parametrize("token", ["", "x", "a.b", "a.b.c.d", "a b.c.d", "a.b.c\n", "ä.b.c"])
def test_what_is_no_token_never_reaches_the_driver(token: str) -> None:
    tokens, _ = an_issuer(3600, token=token)

    with pytest.raises(azure.CannotConnect, match="no access token"):
        tokens.packed()


def test_a_connection_carries_the_token_and_neither_name_nor_password(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyodbc", reason="unixODBC is not installed: apt-get install libodbc2", exc_type=ImportError)
    tokens, _ = an_issuer(3600)
    monkeypatch.setattr(azure, "tokens", tokens)
    engine, seen = azure.make_engine(make_url(URL)), []

    @event.listens_for(engine, "do_connect")
    def note(_dialect: Any, _record: Any, told: list[str], known: dict[str, Any]) -> None:
        seen.append((told[0], known))
        raise ConnectionError

    with pytest.raises(ConnectionError):
        engine.connect()
    ((told, known),) = seen
    assert known["attrs_before"] == {1256: tokens.packed()}
    assert not any(word in told for word in ("Trusted_Connection", "UID", "PWD", "identity"))


@pytest.mark.parametrize(("url", "why"), [
    (URL.replace("//", "//app:secret@"), "takes the place of name and password"), (URL + "s", "use entra"),
])  # fmt: skip
def test_an_identity_that_cannot_be_is_told_without_the_password(url: str, why: str) -> None:
    with pytest.raises(azure.CannotConnect, match=why) as refusal:
        azure.make_engine(make_url(url))

    assert "secret" not in azure.why(refusal.value.orig)


def test_the_driver_of_the_package_is_found_by_its_path(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    library = tmp_path / "mssql_python_odbc/libs/linux" / azure._family() / azure._machine() / "lib"
    library.mkdir(parents=True)
    (library / "libmsodbcsql-18.6.so.2.1").touch()
    (tmp_path / "mssql_python_odbc/__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)

    assert azure.driver(make_url(URL)) == str(library / "libmsodbcsql-18.6.so.2.1")
