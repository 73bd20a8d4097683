"""What a machine needs before the system can start on it: secrets, free ports, and the programs it leans on.

Secrets are made at the first start and kept in files that only their owner can read; in production they come from
outside instead (domains/kernel/config.py).
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from dataclasses import fields, replace
from pathlib import Path
from typing import IO, Any

from domains import NAMES
from domains.kernel.config import Settings
from domains.kernel.crypto import token

SPLIT = 10  # how far behind the first port those of the split topology begin, one for each domain
SECRETS = tuple(f.name for f in fields(Settings) if f.metadata.get("secret"))


class CannotStart(Exception):
    """This machine cannot run the system as it is; the text says why and how to mend it."""


def new_secret(name: str) -> str:
    """A new value for one of the settings that are secret."""
    if name == "sealing_keys":
        from domains.kernel.envelope import new_key

        return new_key()
    if name != "token_key":
        return token()
    from joserfc.jwk import ECKey  # only at the first start, so that later ones do not wait for it

    key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
    return json.dumps(key.as_dict(private=True))


def with_secrets(settings: Settings) -> Settings:
    """Settings whose missing secrets are filled from `var/secrets`, made there when absent. Not in production."""
    if settings.is_production:
        return settings
    missing = [name for name in SECRETS if not getattr(settings, name)]
    kept: dict[str, Any] = {name: _kept_secret(Path(settings.var) / "secrets" / name) for name in missing}
    return replace(settings, **kept)


def _kept_secret(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with open(path, "x", opener=_owners_only) as file:
            _write_for_good(file, new_secret(path.name))
        _keep_entries(path.parent)
    except FileExistsError:
        pass
    return path.read_text()


def raise_sealing_key(settings: Settings) -> Path:
    """Put a new key before those in `var/secrets`; gives the file. Refused where secrets come from outside.

    Processes that run then cannot open what others seal afterwards: they are to be stopped first.
    """
    path = Path(settings.var) / "secrets" / "sealing_keys"
    if settings.is_production or not path.exists() or path.read_text().strip() != settings.sealing_keys:
        made = "python -c 'import installation; print(installation.new_secret(\"sealing_keys\"))'"
        told = "append a comma and a new one, and move it to the front when every process has it"
        raise CannotStart(f"the sealing keys come from outside: {told} ({made})")
    new = path.with_suffix(".new")
    with open(new, "w", opener=_owners_only) as file:
        _write_for_good(file, f"{new_secret('sealing_keys')},{settings.sealing_keys}")
    moved = new.replace(path)
    _keep_entries(path.parent)
    return moved


def _owners_only(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def _write_for_good(file: IO[str], text: str) -> None:
    """Write what must not be lost with the power: without its key, nothing opens that it has sealed."""
    file.write(text)
    file.flush()
    os.fsync(file.fileno())


def _keep_entries(folder: Path) -> None:
    """Have the disk keep which files are in a folder."""
    entries = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(entries)
    finally:
        os.close(entries)


def hold_folder(folder: Path) -> IO[str]:
    """Make sure that no other `cloudsales up` uses this folder; the answer must be kept as long as that shall hold."""
    folder.mkdir(parents=True, exist_ok=True)
    file = open(folder / "up.lock", "a+")  # noqa: SIM115
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise CannotStart(f"another `cloudsales up` runs in {folder}/: stop it first") from None
    return file


def ports(first: int, nginx: bool = False, topology: str = "one") -> dict[int, str]:
    """The ports of one machine's installation, and what listens there (decision 24)."""
    taken = {first: "gateway" if nginx else "web", first + 1: "sandbox", first + 3: "queue"}
    if topology == "split":
        return taken | {first + SPLIT + number: f"web of {name}" for number, name in enumerate(NAMES)}
    return taken | ({first + 2: "web"} if nginx else {})


def check_ports_free(first: int, nginx: bool, topology: str) -> None:
    """Refuse to start when somebody else listens on a port that the installation needs."""
    for number, what in ports(first, nginx, topology).items():
        check_port_free(number, what)


def check_port_free(port: int, what: str) -> None:
    """Refuse to start when somebody else listens on a port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as why:
            text = f"port {port} ({what}) is taken ({why.strerror}): stop what uses it, or choose others with PORT=…"
            raise CannotStart(text) from None
