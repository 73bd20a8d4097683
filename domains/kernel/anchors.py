"""Anchors: the head of each audit chain as it was, kept outside the database, where its owner cannot change it.

A chain that was cut off together with its head looks whole from within; against its anchors it is too short. They go
into the log, which leaves the machine, and into append-only files, one for each month. On Azure the folder is a volume
of a container whose blobs are immutable (docs/audit.md).
"""

from __future__ import annotations

import json
import logging
import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from . import config

log = logging.getLogger(__name__)
LONGEST = 4096  # bytes of a line that the system appends as one


@dataclass(frozen=True)
class Head:
    """A chain's newest entry, and how many were sealed with it."""

    chain: str  # “accounts:<customer>”
    seq: int
    hash: str
    at: datetime
    count: int


def folder() -> Path:
    """Where the anchors lie."""
    settings = config.current()
    return Path(settings.audit_anchors) if settings.audit_anchors else Path(settings.var) / "anchors"


def cast(heads: list[Head]) -> None:
    """Let heads leave the database. One that cannot be written is in the log even so; the next one covers it."""
    for head in heads:
        log.info("audit head", extra={"chain": head.chain, "seq": head.seq, "hash": head.hash})
    if not heads:
        return
    lines = [
        json.dumps({"chain": head.chain, "seq": head.seq, "hash": head.hash, "at": head.at.isoformat()}) + "\n"
        for head in heads
    ]
    try:
        folder().mkdir(parents=True, exist_ok=True)
        name = folder() / f"{heads[0].chain.partition(':')[0]}-{heads[0].at:%Y-%m}.jsonl"
        _append(name, lines)
    except OSError:
        log.exception("audit anchors could not be written for now")


def _append(name: Path, lines: list[str]) -> None:
    """Append whole lines: others may be writing at the same moment, and one may have died in the midst of one."""
    file = os.open(name, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        size = os.fstat(file).st_size
        start = "\n" if size and os.pread(file, 1, size - 1) != b"\n" else ""
        for line in lines:
            said = (start + line).encode()[:LONGEST]
            if os.write(file, said) < len(said):
                raise OSError(f"only a part of a line went into {name}")
            start = ""
    finally:
        os.close(file)


@dataclass(frozen=True)
class Known:
    """What the anchors of a domain tell: of each chain its hashes by their places; and the lines nobody can read."""

    chains: Mapping[str, Mapping[int, str]]
    unreadable: tuple[str, ...]


def known(database: str) -> Known:
    """Read the anchors of a domain's chains."""
    chains: dict[str, dict[int, str]] = defaultdict(dict)
    unreadable = []
    for file in sorted(folder().glob(f"{database}-*.jsonl")):
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").split("\n"), start=1):
            try:
                one = json.loads(line or "null")
                if one is not None:
                    UUID(one["chain"].partition(":")[2])
                    # the first one told holds: a chain that was cut off and went on comes to the same places again
                    chains[one["chain"]].setdefault(int(one["seq"]), str(one["hash"]))
            except (ValueError, TypeError, KeyError, AttributeError):
                unreadable.append(f"{file.name}, line {number}")
    return Known(chains, tuple(unreadable))
