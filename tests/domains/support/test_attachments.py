"""Files of a case: nobody gets one before it was searched, and nobody the one that harms, or another tenant's."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from domains.kernel import database, files, scanning
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import Conflict, NotFound, Refused
from domains.kernel.tenancy import Scope, within
from domains.support import commands, db, queries
from domains.support.exchanges import content_of, search_waiting
from domains.support.models import Attachment, Case
from tests.conftest import Clock
from tests.factories.support import BEA, a_case

PDF = b"%PDF-1.7\nhello"


def put(session: Session, case: Case, **but: Any) -> Attachment:
    known: dict[str, Any] = {
        "scope": Scope.customer(case.customer_id), "attachment_id": new_id(), "case_id": case.id, "name": "a.pdf",
        "content": PDF, "author": BEA,
    }  # fmt: skip
    return commands.attach(session, **(known | but))


def opened(**but: Any) -> tuple[Case, Attachment]:
    with db.begin() as session:
        case = a_case(session)
        return case, put(session, case, **but)


def fetched(case: Case, attachment: Attachment, scope: Scope | None = None) -> Attachment:
    with db.begin() as session:
        return commands.note_download(
            session, scope=scope or Scope.customer(case.customer_id), case_id=case.id, attachment_id=attachment.id
        )


def kept(attachment: Attachment) -> Attachment:
    with db.begin_read() as session:
        query = select(Attachment).where(Attachment.id == attachment.id).options(undefer(Attachment.content))
        return session.scalars(query).one()


@pytest.mark.asvs("5.4.3", "5.3.2")
def test_a_file_is_given_only_when_it_was_searched_and_lies_under_a_name_of_ours(databases: Settings) -> None:
    case, attachment = opened(name="../evil.pdf")
    with pytest.raises(NotFound) as early:
        fetched(case, attachment)

    assert search_waiting() == 1

    found = kept(attachment)
    assert early.value.code == "attachment_not_ready"
    assert (found.state, found.content, found.search_at) == ("clean", None, None)
    assert content_of(fetched(case, attachment)) == PDF
    stored = [path for path in Path(databases.var).rglob("*") if path.is_file() and path.read_bytes() == PDF]
    assert [path.name for path in stored] == [found.sha256]
    with db.begin_read() as session:
        actions = list(session.scalars(select(db.audit_entry.c.action).order_by(db.audit_entry.c.id)))
    assert actions[1:] == ["support.attach", "support.search_attachment", "support.download_attachment"]


@pytest.mark.asvs("5.4.3")
def test_malware_is_never_given_to_anybody_and_its_content_is_dropped(databases: Settings) -> None:
    case, attachment = opened(name="a.txt", content=b"hello " + scanning.EICAR)

    search_waiting()

    found = kept(attachment)
    assert (found.state, found.content, found.finding) == ("infected", None, "EICAR-Test-File (built-in)")
    for scope in (Scope.customer(case.customer_id), Scope.operator()):
        with pytest.raises(NotFound, match="Malware was found"):
            fetched(case, attachment, scope)
    assert not list((Path(databases.var) / "documents").rglob("*"))


def test_another_tenants_file_is_not_there_and_none_can_be_put_to_its_case(databases: Settings) -> None:
    case, attachment = opened()
    own, _ = opened()
    search_waiting()
    stranger = Scope.customer(own.customer_id)

    for asked in (case, own):  # nor by way of a case of one's own
        with pytest.raises(NotFound):
            fetched(asked, attachment, stranger)
    with db.begin() as session, pytest.raises(NotFound):
        put(session, case, scope=stranger)
    with db.begin_read() as session, pytest.raises(NotFound):
        queries.attachments_of(session, stranger, case.id)


def test_the_same_file_sent_twice_is_one_and_another_under_its_id_is_refused(databases: Settings) -> None:
    case, attachment = opened()
    with db.begin() as session:
        assert put(session, case, attachment_id=attachment.id).id == attachment.id
        with pytest.raises(Conflict):
            put(session, case, attachment_id=attachment.id, content=PDF + b"!")
        assert len(queries.attachments_of(session, Scope.operator(), case.id)) == 1


def test_a_case_takes_so_many_files_and_a_closed_one_none(databases: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands.attachments, "MOST", 1)
    case, _ = opened()
    with db.begin() as session, pytest.raises(Refused) as many:
        put(session, case)
    with db.begin() as session:
        session.get_one(Case, case.id).status = "closed"
    with db.begin() as session, pytest.raises(Refused) as closed:
        put(session, case)
    assert (many.value.code, closed.value.code) == ("too_many_attachments", "case_closed")


def test_production_takes_no_files_that_it_cannot_search(databases: Settings, database_url: str) -> None:
    if database_url:
        pytest.skip("tests connect as a superuser, whom production refuses (tests/isolation/test_rights.py)")
    database.bind(replace(databases, mode="production"))
    with db.begin() as session:
        case = a_case(session)
        with pytest.raises(Refused) as off:
            put(session, case)
    assert off.value.code == "attachments_off"


def test_a_file_that_was_changed_on_the_disk_is_given_to_nobody(databases: Settings) -> None:
    case, attachment = opened()
    search_waiting()
    next((Path(databases.var) / "documents").rglob(attachment.sha256)).write_bytes(b"%PDF-evil")

    with pytest.raises(files.Damaged):
        content_of(fetched(case, attachment))


@contextmanager
def clamd(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A daemon that speaks clamd's INSTREAM to one client, as its manual says."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection, connection.makefile("rb") as reading:
                assert reading.read(10) == b"zINSTREAM\0"
                while size := struct.unpack("!I", reading.read(4))[0]:
                    heard.append(reading.read(size))
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}", heard
        thread.join(5)


@pytest.mark.parametrize(("answer", "state", "finding"), [
    (b"stream: OK\0", "clean", None), (b"stream: Win.Test.EICAR_HDB-1 FOUND\0", "infected", "Win.Test.EICAR_HDB-1"),
    (b"INSTREAM size limit exceeded. ERROR\0", "quarantined", None), (b"", "quarantined", None),
])  # fmt: skip
def test_a_daemon_is_asked_and_only_its_yes_lets_a_file_out(
    databases: Settings, answer: bytes, state: str, finding: str | None
) -> None:
    _, attachment = opened(content=PDF + b"x" * 100_000)
    with clamd(answer) as (place, heard):
        database.bind(replace(databases, clamd=place))
        search_waiting(most=1)

    found = kept(attachment)
    assert (found.state, found.finding) == (state, finding)
    assert b"".join(heard) == PDF + b"x" * 100_000


@pytest.mark.asvs("16.5.3")
def test_without_its_daemon_a_file_stays_in_quarantine_and_is_searched_later(databases: Settings, clock: Clock) -> None:
    database.bind(replace(databases, clamd="/nowhere/clamd.sock"))
    case, attachment = opened()
    assert (search_waiting(), search_waiting()) == (0, 0)
    with pytest.raises(NotFound, match="being searched"):
        fetched(case, attachment)

    database.bind(databases)
    clock.advance(minutes=3)
    assert search_waiting() == 1
    assert kept(attachment).state == "clean"


def test_under_the_id_of_another_tenants_file_none_can_be_put_and_it_tells_no_more(databases: Settings) -> None:
    theirs, (mine, _) = opened()[1], opened()

    with pytest.raises(NotFound, match="no such file"), within(Scope.customer(mine.customer_id)), db.begin() as session:
        put(session, mine, attachment_id=theirs.id)
    assert kept(theirs).case_id == theirs.case_id != mine.id
