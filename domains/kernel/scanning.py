"""Whether a file is malware: ClamAV says so where it is named; else only the harmless test file is known."""

from __future__ import annotations

import socket
import struct
from contextlib import closing

from . import config

WITHIN = 60.0  # seconds for each word from the daemon
CHUNK = 64 * 1024
# The industry's harmless test file, told in halves so that no scanner takes this file for one.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class CannotSearch(Exception):
    """Nobody can say for now whether the file is malware: it stays in quarantine."""


def finding_in(content: bytes) -> str | None:
    """The name of what was found in a file, None where nothing was. Raises CannotSearch.

    Without CLOUDSALES_CLAMD only the EICAR test file is known, plain or as it stands in an archive without compression:
    for development and tests. Production takes no files then.
    """
    place = config.current().clamd
    return _asked(place, content) if place else _built_in(content)


def _built_in(content: bytes) -> str | None:
    return "EICAR-Test-File (built-in)" if EICAR in content else None


def _asked(place: str, content: bytes) -> str | None:
    """Ask clamd by INSTREAM, which takes the content over the connection and no path."""
    try:
        with closing(_connected(place)) as daemon:
            daemon.sendall(b"zINSTREAM\0")
            for at in range(0, len(content), CHUNK):
                part = content[at : at + CHUNK]
                daemon.sendall(struct.pack("!I", len(part)) + part)
            daemon.sendall(struct.pack("!I", 0))
            told = b"".join(iter(lambda: daemon.recv(4096), b"")).decode("ascii", "replace").strip("\0\n ")
    except OSError as error:
        raise CannotSearch(f"clamd: {error}") from None
    if told == "stream: OK":
        return None
    if told.startswith("stream: ") and told.endswith(" FOUND"):
        return told.removeprefix("stream: ").removesuffix(" FOUND")[:200]
    raise CannotSearch(f"clamd: {told[:100] or 'no answer'}")


def _connected(place: str) -> socket.socket:
    if not place.startswith("/"):
        host, _, port = place.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), timeout=WITHIN)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(WITHIN)
    try:
        connection.connect(place)
    except OSError:
        connection.close()
        raise
    return connection
