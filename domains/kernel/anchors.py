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
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

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
    """Append whole lines: other sealers may be writing at the same moment."""
    file = os.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        for line in lines:
            os.write(file, line.encode()[:LONGEST])
    finally:
        os.close(file)


def known(database: str) -> dict[str, dict[int, str]]:
    """The anchors of a domain's chains: of each its hashes by their places."""
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for file in sorted(folder().glob(f"{database}-*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            one = json.loads(line)
            found[one["chain"]][one["seq"]] = one["hash"]
    return found
