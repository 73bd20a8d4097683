"""The nginx in front, as a container runs it: writes its configuration and becomes it.

    python -m gateway --mode production --listen 8080 --folder /tmp/gateway all=web:8080

It is given no settings and no secrets: all it must know is on its command line.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import NoReturn

from domains import NAMES
from domains.kernel.config import CHOICES, Settings

from . import nginx


def arguments() -> argparse.ArgumentParser:
    """The command line's grammar."""
    parser = argparse.ArgumentParser(prog="python -m gateway", description="Run the nginx in front.")
    parser.add_argument("--mode", required=True, choices=CHOICES["mode"], help="CLOUDSALES_MODE of the web processes")
    parser.add_argument("--listen", required=True, help="port, or address:port")
    parser.add_argument("--folder", required=True, type=Path, help="where nginx may write")
    parser.add_argument("--trust", action="append", default=[], metavar="NETWORK",
                        help="whose word on the client's address is believed: who ends TLS in front of us")  # fmt: skip
    about = "where each domain's web process is; `all` for every domain that is not named"
    parser.add_argument("processes", nargs="+", metavar="DOMAIN=HOST:PORT", help=about)
    return parser


def processes(given: list[str]) -> dict[str, str]:
    """Where the web process of each domain is. Raises ValueError when one is missing, unknown or named twice."""
    told: dict[str, str] = {}
    for one in given:
        name, _, address = one.partition("=")
        if name not in (*NAMES, "all") or not address:
            raise ValueError(f"{one}: use DOMAIN=HOST:PORT with one of {', '.join(NAMES)}, or all")
        if name in told:
            raise ValueError(f"{name} is named twice")
        told[name] = address
    rest = told.pop("all", None)
    found = {name: told.get(name) or rest for name in NAMES}
    missing = [name for name, address in found.items() if address is None]
    if missing:
        raise ValueError(f"no web process holds {', '.join(missing)}")
    return {name: address for name, address in found.items() if address}


def main() -> NoReturn:
    """Write the configuration and become nginx, which ends in good order on SIGQUIT."""
    parser = arguments()
    given = parser.parse_args()
    try:
        webs = processes(given.processes)
    except ValueError as wrong:
        parser.error(str(wrong))
    program = nginx.installed() or parser.error("nginx is not installed: apt-get install nginx")
    written = nginx.write(given.folder, Settings(mode=given.mode), given.listen, webs, trusted=given.trust)
    os.execv(program, [program, "-e", "stderr", "-p", str(given.folder), "-c", str(written)])


if __name__ == "__main__":
    main()
