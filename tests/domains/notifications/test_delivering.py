"""Sending: to a real mail server or the local mailbox, again when it fails, under the same Message-ID."""

from __future__ import annotations

import email
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domains.kernel import clock as kernel_clock
from domains.kernel import database
from domains.kernel.config import Settings
from domains.notifications import commands, db, queries
from domains.notifications.exchanges import deliver_due
from tests.conftest import Clock
from tests.domains.notifications.conftest import MailServer
from tests.factories.notifications import BEA, delivery, tell
from tests.servers import free_port
from topology import as_environment


def test_what_is_due_lies_in_the_local_mailbox(databases: Settings, clock: Clock) -> None:
    ids = [tell(), tell(recipient=replace(BEA, language="ja"))]
    assert (deliver_due(), deliver_due()) == (2, 0)

    letters = {letter.id: letter for letter in queries.mailbox()}
    assert set(letters) == {str(one) for one in ids}
    assert letters[str(ids[0])].recipient == "bea@northwind.example"
    assert letters[str(ids[0])].subject == "The account Head office is open"
    assert "開設" in letters[str(ids[1])].subject and "開設" in letters[str(ids[1])].body
    assert {(delivery(one).state, delivery(one).sent_at, delivery(one).next_at) for one in ids} == {
        ("sent", clock.now, None),
    }  # fmt: skip


def test_a_code_that_lets_its_reader_in_is_kept_no_longer_than_needed(databases: Settings, clock: Clock) -> None:
    link = "https://portal.example/login/password?code=Abc-_123"
    told = tell(template="password_link", facts={"link": link})
    assert link in delivery(told).body

    assert deliver_due() == 1

    assert (link in queries.mailbox()[0].body, "Abc-_123" in delivery(told).body) == (True, False)


def test_an_empty_mailbox_is_empty_and_shows_no_more_than_asked(databases: Settings) -> None:
    assert queries.mailbox() == []
    for _ in range(3):
        tell()
    deliver_due()
    assert len(queries.mailbox(limit=2)) == 2


def test_a_mail_server_gets_the_e_mail_once(mail_server: MailServer, clock: Clock) -> None:
    told = tell(recipient=replace(BEA, name="Jürgen Größe", language="de"))
    assert (deliver_due(), deliver_due()) == (1, 0)

    (message,) = mail_server.arrived
    subject = email.header.make_header(email.header.decode_header(message["Subject"]))
    assert str(subject) == "Das Konto Head office ist eröffnet"
    assert (message["To"], message["From"]) == (
        "bea@northwind.example", "Cloud Sales System <no-reply@cloudsales.example>",
    )  # fmt: skip
    assert message["Message-ID"] == f"<{told}@cloudsales.example>"
    assert "Guten Tag Jürgen Größe" in message.get_payload(decode=True).decode()
    assert mail_server.recipients == [["bea@northwind.example"]]


def test_a_failed_attempt_is_made_again_later_and_later(mail_server: MailServer, clock: Clock) -> None:
    mail_server.answers = ["451 come back later"] * 3
    told, waits = tell(), []
    for _ in range(3):
        assert deliver_due() == 0
        failed = delivery(told)
        assert failed.state == "queued" and "come back later" in (failed.last_error or "")
        assert failed.next_at is not None
        waits.append((failed.next_at - clock.now).total_seconds())
        clock.advance(seconds=waits[-1] - 1)
        assert deliver_due() == 0
        clock.advance(seconds=1)
    assert deliver_due() == 1

    assert (waits, delivery(told).attempts, delivery(told).state) == ([10, 20, 40], 4, "sent")
    assert [message["Message-ID"] for message in mail_server.arrived] == [f"<{told}@cloudsales.example>"]


def test_it_is_given_up_in_the_end(databases: Settings, clock: Clock) -> None:
    database.bind(replace(databases, smtp_url=f"smtp://127.0.0.1:{free_port()}"))  # nobody listens there
    told = tell()
    for attempt in range(1, commands.GIVE_UP + 1):
        assert delivery(told).state == "queued"
        deliver_due()
        assert delivery(told).attempts == attempt
        clock.advance(hours=2)
    deliver_due()

    assert (delivery(told).state, delivery(told).next_at, delivery(told).attempts) == ("failed", None, 12)


@pytest.mark.parametrize("address", ["bea@[x.example", "bea@x.example, eve@y.example", "Bea <bea@x.example", "@", ";"])
def test_an_odd_address_reaches_no_stranger_and_holds_up_nobody(
    mail_server: MailServer, clock: Clock, address: str
) -> None:
    odd, good = tell(recipient=replace(BEA, email=address)), tell()
    assert (deliver_due(), deliver_due()) == (1, 0)

    assert (delivery(odd).state, delivery(odd).attempts, delivery(good).state) == ("queued", 1, "sent")
    assert delivery(odd).next_at == clock.now + timedelta(seconds=10)
    assert mail_server.recipients == [["bea@northwind.example"]]


def test_an_address_with_other_letters_is_an_address(mail_server: MailServer, clock: Clock) -> None:
    tell(recipient=replace(BEA, email="jürgen@größe.example"))
    assert deliver_due() == 1

    assert mail_server.recipients == [["jürgen@größe.example"]]


def test_an_e_mail_that_the_server_refuses_holds_up_nobody(mail_server: MailServer, clock: Clock) -> None:
    refused, good = tell(), tell()
    mail_server.answers = ["550 no such person"]
    assert deliver_due() == 1

    assert [(delivery(one).state, delivery(one).attempts) for one in (refused, good)] == [("queued", 1), ("sent", 1)]
    assert "no such person" in (delivery(refused).last_error or "")


@pytest.mark.parametrize("url", ["smtp://127.0.0.1:none", "smtp://127.0.0.1:70000"])
def test_a_setting_that_names_no_server_is_a_failed_attempt_too(databases: Settings, clock: Clock, url: str) -> None:
    database.bind(replace(databases, smtp_url=url))
    told = tell()
    assert deliver_due() == 0

    assert (delivery(told).state, delivery(told).next_at) == ("queued", clock.now + timedelta(seconds=10))
    assert "ort" in (delivery(told).last_error or "")


def test_an_attempt_that_fails_late_does_not_send_again(databases: Settings, clock: Clock) -> None:
    told = tell()
    with db.begin() as session:  # a first worker hangs, its claim runs out, a second one sends
        commands.claim_due(session)
    clock.advance(seconds=61)
    assert deliver_due() == 1
    with db.begin() as session:
        commands.mark_failed(session, delivery_id=told, error="timed out")

    assert (delivery(told).state, delivery(told).next_at, delivery(told).last_error) == ("sent", None, None)


def test_two_workers_take_different_e_mails(databases: Settings, clock: Clock) -> None:
    ids = {tell() for _ in range(4)}
    taken = []
    for _ in range(2):
        with db.begin() as session:
            taken += [one.id for one in commands.claim_due(session, limit=2)]

    assert set(taken) == ids and len(taken) == 4


WORKER = """
from domains.kernel.config import Settings
from domains.kernel.database import bind
from domains.kernel.tenancy import Scope, work_as
from domains.notifications.exchanges import deliver_due
bind(Settings.from_env())
work_as(Scope.system("a worker"))
deliver_due()
"""


@pytest.mark.slow
def test_a_crash_after_sending_sends_again_under_the_same_message_id(mail_server: MailServer) -> None:
    told = tell()
    settings = replace(database.config.current(), failpoint="notifications.deliver.sent:1")
    outside = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDSALES_")}
    died = subprocess.run([sys.executable, "-c", WORKER], env=outside | as_environment(settings), check=False)

    assert (died.returncode, len(mail_server.arrived)) == (-signal.SIGKILL, 1)
    assert (delivery(told).state, deliver_due()) == ("queued", 0)
    with kernel_clock.frozen_at(datetime.now(UTC) + timedelta(seconds=90)):
        assert deliver_due() == 1
    assert [message["Message-ID"] for message in mail_server.arrived] == [f"<{told}@cloudsales.example>"] * 2
    assert (delivery(told).state, delivery(told).attempts) == ("sent", 2)


def test_sending_again_to_the_local_mailbox_leaves_one_letter(databases: Settings, clock: Clock) -> None:
    told = tell()
    deliver_due()
    with db.begin() as session:
        row = session.merge(delivery(told))
        row.state, row.next_at = "queued", clock.now
    deliver_due()

    assert [file.name for file in (Path(databases.var) / "mailbox").iterdir()] == [f"{told}.eml"]
