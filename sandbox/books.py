"""What the provider keeps: documents by kind and id in one SQLite file, each request one transaction."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS document (
    position INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, reference TEXT,
    owner TEXT, status TEXT, body TEXT NOT NULL, UNIQUE (kind, id));
CREATE INDEX IF NOT EXISTS document_reference ON document (kind, reference);
CREATE INDEX IF NOT EXISTS document_owner ON document (kind, owner, position);
CREATE INDEX IF NOT EXISTS document_status ON document (kind, status);
CREATE INDEX IF NOT EXISTS running_billed ON document (json_extract(body, '$.billed_to'))
    WHERE kind = 'subscription' AND status IN ('active', 'suspended') AND json_extract(body, '$.term') <> 'one_time';
CREATE INDEX IF NOT EXISTS running_ends ON document (json_extract(body, '$.valid_to'))
    WHERE kind = 'subscription' AND status IN ('active', 'suspended') AND json_extract(body, '$.term') <> 'one_time';
"""
# Each reading catches up with the clock first. What is bought once needs it never, the others on few days.
OVERDUE = """
SELECT body FROM document WHERE position IN (
    SELECT position FROM document INDEXED BY running_billed WHERE json_extract(body, '$.billed_to') <= :day
        AND kind = 'subscription' AND status IN ('active', 'suspended') AND json_extract(body, '$.term') <> 'one_time'
    UNION SELECT position FROM document INDEXED BY running_ends WHERE json_extract(body, '$.valid_to') < :day
        AND kind = 'subscription' AND status IN ('active', 'suspended') AND json_extract(body, '$.term') <> 'one_time'
) ORDER BY position
"""
Document = dict[str, Any]


class Books:
    """The provider's documents. Threads have a connection each; writers wait for one another."""

    def __init__(self, path: str) -> None:
        self._path, self._local = path, threading.local()
        with self.open() as pages:
            pages.connection.executescript(SCHEMA)

    @contextmanager
    def open(self) -> Iterator[Pages]:
        """Read and write documents in one transaction, kept when the `with` ends well."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._path, timeout=10, isolation_level=None)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            self._local.connection = connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield Pages(connection)
        except BaseException:
            connection.rollback()
            raise
        connection.commit()


class Pages:
    """The documents within one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def put(self, kind: str, document: Document, *, owner: str | None = None) -> Document:
        """Keep a document under its `id`; one with the same id is replaced."""
        values = (kind, document["id"], document.get("reference"), owner, document.get("status"), json.dumps(document))
        self.connection.execute(
            "INSERT INTO document (kind, id, reference, owner, status, body) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (kind, id) DO UPDATE SET reference = excluded.reference, status = excluded.status, "
            "owner = coalesce(excluded.owner, owner), body = excluded.body",
            values,
        )
        return document

    def get(self, kind: str, id: str) -> Document | None:
        """One document by its id."""
        row = self.connection.execute("SELECT body FROM document WHERE kind = ? AND id = ?", (kind, id)).fetchone()
        return json.loads(row[0]) if row else None

    def find(self, kind: str, **equal: str) -> list[Document]:  # the names are ours
        """Documents of a kind whose reference, owner or status is as given, oldest first."""
        columns = "".join(f" AND {name} = ?" for name in equal)
        query = f"SELECT body FROM document WHERE kind = ?{columns} ORDER BY position"  # noqa: S608  # nosec B608
        return [json.loads(row[0]) for row in self.connection.execute(query, (kind, *equal.values()))]

    def page(self, kind: str, after: int, limit: int, owner: str | None = None) -> tuple[list[Document], int | None]:
        """Documents after a position, and the position to go on from (None at the end)."""
        owned = "AND owner = ?" if owner is not None else ""
        query = f"SELECT position, body FROM document WHERE kind = ? AND position > ? {owned} ORDER BY position LIMIT ?"  # noqa: S608  # nosec B608
        values = (kind, after, *([owner] if owner is not None else []), limit + 1)
        rows = self.connection.execute(query, values).fetchall()
        documents = [json.loads(body) for _, body in rows[:limit]]
        return documents, rows[limit - 1][0] if len(rows) > limit else None

    def overdue(self, day: str) -> list[Document]:
        """The running subscriptions that are not billed for a day, or whose term was over before it, oldest first."""
        return [json.loads(row[0]) for row in self.connection.execute(OVERDUE, {"day": day})]

    def position(self, kind: str, id: str) -> int:
        """Where a document stands among all, to page on from; 0 for one that is not there."""
        query = "SELECT position FROM document WHERE kind = ? AND id = ?"
        row = self.connection.execute(query, (kind, id)).fetchone()
        return int(row[0]) if row else 0

    def last(self, kind: str) -> int:
        """Where the newest document of a kind stands; 0 when there is none."""
        return int(
            self.connection.execute(
                "SELECT coalesce(max(position), 0) FROM document WHERE kind = ?", (kind,)
            ).fetchone()[0]
        )

    def number(self, series: str) -> int:
        """The next number of a series."""
        document = self.get("series", series) or {"id": series, "last": 0}
        document["last"] += 1
        self.put("series", document)
        return int(document["last"])

    def count(self, kind: str) -> int:
        """How many documents of a kind there are."""
        return int(self.connection.execute("SELECT count(*) FROM document WHERE kind = ?", (kind,)).fetchone()[0])

    def wipe(self, kind: str) -> None:
        """Forget all documents of a kind."""
        self.connection.execute("DELETE FROM document WHERE kind = ?", (kind,))
