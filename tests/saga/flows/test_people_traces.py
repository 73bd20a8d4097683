"""An erased person leaves nothing where they prove who they are, come in from elsewhere, or have put files."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from domains.kernel import audit, clock, config, files, sealing
from domains.kernel.database import new_id
from domains.kernel.messages import acting
from domains.kernel.tenancy import Actor, Origin
from domains.notifications.models import TrailEntry
from domains.notifications.models import db as notifications_db
from domains.support import commands as cases
from domains.support import queries as seen
from domains.support.exchanges import FOLDER, search_waiting
from domains.support.models import Attachment, Case
from domains.support.models import db as support_db
from domains.users import db as users_db
from domains.users import personal
from domains.users.models import Identity, OneTime, Passkey, RecoveryCode, Totp
from tests.factories.trails import an_entry

from .shop import Shop
from .test_people import EMAIL, NAME, Colleague, everything
from .test_people import zoe as zoe

CANARY = "canary"
PDF = b"%PDF-1.7\nabout Zoe"


def proves_herself(zoe: Colleague) -> None:
    """Rows in every table of what somebody proves themselves with, of hers and of somebody else."""
    for user_id, word in ((zoe.id, CANARY), (new_id(), "kept")):
        with users_db.begin() as session:
            now = clock.now(session)
            session.add_all([
                Totp(user_id=user_id, seed=word, last_step=0, created_at=now),
                Passkey(id=new_id(), user_id=user_id, credential_hash=word, credential_id=word, public_key=word,
                        sign_count=0, transports=[word], backed_up=False, name=word, created_at=now),
                RecoveryCode(code_hash=word, user_id=user_id),
                OneTime(key=word, purpose="password", user_id=user_id, expires_at=now),
                Identity(id=new_id(), customer_id=zoe.shop.customer_id, user_id=user_id, key=word, created_at=now,
                         issuer="https://id.example", subject=word),
            ])  # fmt: skip


def file_of(zoe: Colleague, author: Actor, content: bytes = PDF) -> Attachment:
    """A file that somebody puts to the colleague's case."""
    with support_db.begin() as session:
        case_id = session.query(Case).one().id
        known: dict[str, Any] = {"scope": zoe.shop.scope, "case_id": case_id, "author": author}
        return cases.attach(session, **known, attachment_id=new_id(), name=f"{CANARY}.pdf", content=content)


@pytest.mark.asvs("14.2.7")
def test_nothing_is_left_of_what_they_proved_themselves_with(zoe: Colleague) -> None:
    proves_herself(zoe)
    tables = ("totp", "passkey", "recovery_code", "one_time", "identity")

    zoe.erase()

    assert [line for line in json.loads(everything()) if CANARY in line] == []
    left = [line.split(":")[0] for line in json.loads(everything()) if "'kept'" in line]
    assert set(left) == {f"users.{table}" for table in tables}  # somebody else's


def test_their_files_go_and_nobody_gets_them_from_that_moment(zoe: Colleague) -> None:
    attachment = file_of(zoe, zoe.actor)
    search_waiting()
    assert files.read(FOLDER, attachment.sha256) == PDF

    zoe.erase()
    with support_db.begin_read() as session:
        listed = seen.attachments_of(session, zoe.shop.scope, attachment.case_id)
    search_waiting()

    assert listed == []
    with pytest.raises(files.Damaged):
        files.read(FOLDER, attachment.sha256)
    with support_db.begin_read() as session:
        assert session.get(Attachment, attachment.id) is None
    assert [line for line in json.loads(everything()) if CANARY in line] == []


def test_the_same_file_of_somebody_else_stays(zoe: Colleague) -> None:
    hers, others = file_of(zoe, zoe.actor), file_of(zoe, Actor("user", str(new_id()), NAME))
    search_waiting()

    zoe.erase()
    search_waiting()

    with support_db.begin_read() as session:
        left = seen.attachments_of(session, zoe.shop.scope, hers.case_id)
    assert [one.id for one in left] == [others.id]
    assert files.read(FOLDER, others.sha256) == PDF


def copy_of(id: UUID) -> TrailEntry:
    with notifications_db.begin_read() as session:
        return session.get_one(TrailEntry, id)


def test_a_copy_that_comes_after_the_erasure_is_kept_without_what_was_erased(zoe: Colleague) -> None:
    """What others did about them, such as inviting them, and what comes late of a bus."""
    zoe.erase()
    zoe.seal()
    with users_db.begin_read() as session:
        erased = session.execute(users_db.audit_entry.select().where(users_db.audit_entry.c.action == audit.ERASED))
        values = users_db.audit_value
        (row,) = [one for one in erased if one.customer_id == zoe.shop.customer_id]
        lists = session.execute(values.select().where(values.c.entry_id == row.id)).one().after
    assert lists["values"]

    with notifications_db.begin() as session:
        session.execute(TrailEntry.__table__.delete().where(TrailEntry.id == UUID(lists["values"][0])))
    late = an_entry(zoe.shop.customer_id, id=UUID(lists["values"][0]), after={"email": EMAIL})
    about = an_entry(zoe.shop.customer_id, subject_id=zoe.id, after={"name": NAME})
    other = an_entry(zoe.shop.customer_id, after={"name": "Somebody else"})

    assert (copy_of(late).after, copy_of(about).after) == (None, None)
    assert EMAIL not in copy_of(late).words
    assert copy_of(other).after == {"name": "Somebody else"}


def test_copies_lose_what_an_erasure_names(shop: Shop) -> None:
    kept, named = an_entry(shop.customer_id, after={"a": 1}), an_entry(shop.customer_id, after={"b": CANARY})
    lists = {"origins": [str(named)], "values": [str(named)]}
    an_entry(shop.customer_id, action=audit.ERASED, subject_kind="person", after=lists)

    assert (copy_of(named).actor_name, copy_of(named).place, copy_of(named).after) == ("Erased person", "", None)
    assert CANARY not in copy_of(named).words
    assert copy_of(kept).after == {"a": 1}


def test_what_is_on_its_way_loses_their_name_and_place(zoe: Colleague) -> None:
    with acting(actor=zoe.actor, origin=Origin("198.51.100.9", "Firefox")), users_db.begin() as session:
        audit.record(session, "users.x", customer_id=zoe.shop.customer_id, subject=("x", new_id()), after={"to": EMAIL})
    sealing.seal(users_db, config.current().audit_key)  # told, but not carried to the bus yet
    whom = zoe.whom
    with users_db.begin() as session:
        personal.erase_person(session, whom=whom)

    with users_db.begin_read() as session:
        bodies = [row.body for row in session.execute(users_db.outbox.select()) if not row.published_at]
    assert bodies
    assert not [word for word in (NAME, EMAIL, "198.51.100.9") if word in json.dumps(bodies, ensure_ascii=False)]
