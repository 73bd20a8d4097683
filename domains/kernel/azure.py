"""Azure SQL: which driver is loaded, how we sign in without a password, and what its error numbers mean.

Nothing here is loaded or asked for unless a database's URL begins with `mssql`.
"""

from __future__ import annotations

import platform
import re
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, ExceptionContext, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

SCOPE = "https://database.windows.net/.default"
ACCESS_TOKEN = 1256  # SQL_COPT_SS_ACCESS_TOKEN: the driver's name for a token in place of a password
REFRESHED = 300.0  # seconds before a token ends that the next one is asked for

# It is moving, resting or too busy, by its error numbers; the driver takes these connections for good ones.
AWAY = {"615", "926", "4060", "4221", "40143", "40197", "40501", "40540", "40613", "49918", "49919", "49920"}
# The transaction was the victim of another one and has left nothing: the whole of it may be done again.
VICTIM = {"1205", "1222", "3960", "3961", "41301", "41302", "41305", "41325", "41339"}
REMEDIES = {
    "4060": "there is no such database, or this login may not open it",
    "18456": "the login is refused: look at its name, password or token, and at the user in this database",
    "40613": "the database is resting or moving: it is there again within a minute or two",
    "40615": "the server's firewall does not know this address",
    "HYT00": "nobody answered: look at the server's name, and at firewalls on the way",
    "08001": "the server cannot be reached: look at its name, its port and its certificate",
    "IM002": "there is no such driver here: see README.md, “Azure SQL”",
    "01000": "the driver cannot be loaded: apt-get install libgssapi-krb5-2",
}


class CannotConnect(OperationalError):
    """This machine cannot even try to connect; the text says what it lacks."""

    def __init__(self, why: str) -> None:
        super().__init__(None, None, Exception(why))


def make_engine(url: URL, **pool: Any) -> Engine:
    """An engine for Azure SQL. `identity=entra` in the URL signs in by the identity of this workload."""
    identity = str(url.query.get("identity", ""))
    if identity not in ("", "entra"):
        raise CannotConnect(f"identity is “{identity}” in a database's URL: use entra, or leave it out")
    if identity and (url.username or url.password):
        raise CannotConnect("identity=entra takes the place of name and password in a database's URL: drop these")
    found = url.difference_update_query(["identity"])
    if url.get_driver_name() == "pyodbc" and url.host and "driver" not in url.normalized_query:
        found = found.update_query_dict({"driver": driver(found)})
    try:
        engine = create_engine(found, connect_args={"timeout": 30}, **pool)
    except ImportError as missing:
        raise CannotConnect(f"{missing}: apt-get install libodbc2 libgssapi-krb5-2") from None
    engine.dialect.loaded_dbapi.pooling = False  # type: ignore[attr-defined]  # the driver's own would hide ours
    event.listen(engine, "handle_error", failed)
    if identity:
        event.listen(engine, "do_connect", _with_token)
    return engine


def driver(url: URL) -> str:
    """Microsoft's driver: the one within the package mssql-python, by its path, else the newest that is installed."""
    spec = find_spec("mssql_python_odbc")
    for folder in spec.submodule_search_locations or () if spec else ():
        found = sorted(Path(folder, "libs").glob(f"*/{_family()}/{_machine()}/lib/libmsodbcsql-*.so*"))
        found += sorted(Path(folder, "libs", "macos").glob(f"{_machine()}/lib/libmsodbcsql*.dylib"))
        if found:
            return str(found[-1])
    try:
        installed = url.get_dialect().import_dbapi().drivers()
    except ImportError as missing:
        raise CannotConnect(f"{missing}: apt-get install libodbc2 libgssapi-krb5-2") from None
    named = sorted(name for name in installed if re.fullmatch(r"ODBC Driver \d+ for SQL Server", name))
    if not named:
        raise CannotConnect("there is no driver for Azure SQL here: install the extra “azure” (package mssql-python)")
    return str(named[-1])


def _family() -> str:
    """The folder of this Linux within the package."""
    marks = {"alpine": "/etc/alpine-release", "debian_ubuntu": "/etc/debian_version", "suse": "/etc/SUSE-brand"}
    return next((name for name, mark in marks.items() if Path(mark).exists()), "rhel")


def _machine() -> str:
    return {"aarch64": "arm64", "AMD64": "x86_64"}.get(platform.machine(), platform.machine())


@dataclass
class Tokens:
    """The token of this process, asked for anew a few minutes before it ends. `ask` gives it and when it ends."""

    ask: Callable[[], tuple[str, float]]
    _kept: tuple[bytes, float] = (b"", 0.0)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def packed(self) -> bytes:
        """The token as the driver wants it: its length, then its letters in UTF-16."""
        with self._lock:
            told, until = self._kept
            if time.time() >= until - REFRESHED:
                token, until = self.ask()
                self._kept = told, _ = _packed(token), until
            return told


def _packed(token: str) -> bytes:
    # The driver crashes, with the whole process, on what is no token.
    if not re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){2}", token):
        raise CannotConnect("what Entra has given us is no access token")
    letters = token.encode("utf-16-le")
    return struct.pack(f"<I{len(letters)}s", len(letters), letters)


def _ask_entra() -> tuple[str, float]:
    try:
        from azure.identity import CredentialUnavailableError, DefaultAzureCredential
    except ImportError:
        raise CannotConnect("identity=entra needs the package azure-identity: install the extra “azure”") from None
    from azure.core.exceptions import ClientAuthenticationError

    try:
        given = DefaultAzureCredential(exclude_interactive_browser_credential=True).get_token(SCOPE)
    except (CredentialUnavailableError, ClientAuthenticationError) as refusal:
        line = str(refusal).splitlines()[0]
        raise CannotConnect(f"Entra gives this workload no token: {line}") from None
    return given.token, float(given.expires_on)


tokens = Tokens(_ask_entra)


def _with_token(_dialect: Any, _record: Any, told: list[Any], known: dict[str, Any]) -> None:
    told[0] = re.sub(r";Trusted_Connection=Yes", "", told[0], flags=re.IGNORECASE)
    known["attrs_before"] = {ACCESS_TOKEN: tokens.packed()}


def number_in(error: BaseException) -> str:
    """The server's number in a driver's error, else its SQLSTATE; empty when it has neither."""
    told = str(error.args[1]) if len(error.args) > 1 else str(error)
    # Microsoft's message ends with the number; what stands in front of it may quote anything.
    numbers = [number for number in re.findall(r"\((\d{2,5})\) \(SQL", told) if number != "0"]
    if numbers:
        return str(numbers[-1])
    return str(error.args[0]) if len(error.args) > 1 else ""


def failed(failure: ExceptionContext) -> None:
    """Give up connections to a database that has moved away; say “later” of what may be done again.

    The driver has its own class for these, which nobody up there would know for an error that passes.
    """
    number = number_in(failure.original_exception)
    if number in AWAY:
        failure.is_disconnect = True
    if number in AWAY | VICTIM and not isinstance(failure.sqlalchemy_exception, OperationalError):
        raise OperationalError(
            failure.statement, None, failure.original_exception, hide_parameters=True,
            connection_invalidated=failure.is_disconnect,
        ) from failure.original_exception  # fmt: skip


def is_away(error: DBAPIError) -> bool:
    """Whether the database is resting, moving or too busy, so that it is worth waiting for."""
    return error.orig is not None and number_in(error.orig) in AWAY


def is_victim(error: DBAPIError) -> bool:
    """Whether the transaction was undone for the sake of another one, so that it may be done again at once."""
    return error.orig is not None and number_in(error.orig) in VICTIM


def why(error: BaseException) -> str:
    """One line about a connection that failed, with its number and what to do about it."""
    number = number_in(error)
    told = str(error.args[1] if number else error).splitlines()[0]
    told = re.sub(r"\[[^\]]*\]|(\s*\(\d+\))?\s*\(SQL\w+\).*", "", told).strip().rstrip(".")
    said = f"{told} ({number})" if number else told
    return f"{said}: {REMEDIES[number]}" if number in REMEDIES else said
