"""Files on a disk that processes share, each under the SHA-256 of its content: the name is ours, and tells of harm."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from . import config
from .crypto import fingerprint


class Damaged(Exception):
    """A file is not what was put there, or is gone; nobody gets it."""


def keep(folder: str, content: bytes) -> str:
    """Put a file into a folder of the document store; gives its name. It is there as a whole or not at all."""
    name = fingerprint(content)
    path = _path(folder, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False, buffering=0) as file:
        file.write(content)
        os.fsync(file.fileno())
    os.replace(file.name, path)
    return name


def read(folder: str, name: str) -> bytes:
    """A file of the store, checked against its name. Raises Damaged."""
    try:
        content = _path(folder, name).read_bytes()
    except FileNotFoundError:
        raise Damaged(f"the file {name} is not there") from None
    if fingerprint(content) != name:
        raise Damaged(f"the file {name} was changed")
    return content


def remove(folder: str, name: str) -> None:
    """Take a file out of the store; it is no error when it is not there (any more)."""
    _path(folder, name).unlink(missing_ok=True)


def _path(folder: str, name: str) -> Path:
    if not re.fullmatch("[0-9a-f]{64}", name):
        raise ValueError("this is no name of ours")
    return Path(config.current().var) / "documents" / folder / name[:2] / name
