"""The audit log for programs."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import select

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.messages import acting
from domains.kernel.tenancy import Origin
from domains.notifications import commands, db
from domains.notifications.commands.trail import EXPORTS_AN_HOUR
from tests.factories.trails import an_entry, an_organisation_known

from .program import Program, a_caller


def test_entries_are_listed_newest_first_and_narrowed(app: Flask) -> None:
    customer_id = new_id()
    first = an_entry(customer_id)
    second = an_entry(customer_id, action="users.sign_in", before=None, after=None)
    program = Program(app, a_caller(customer_id))

    answer = program.get("/audit-entries").json
    narrowed = program.get(f"/audit-entries?action={quote('users.')}&since=2026-01-01T00:00:00Z").json

    assert [one["id"] for one in answer["items"]] == [str(second), str(first)]
    assert [one["id"] for one in narrowed["items"]] == [str(second)]
    assert answer["items"][1]["before"] == {"name": "Head office"}
    assert program.get(f"/audit-entries/{first}").json["after"] == {"name": "Head office, Utrecht"}


@pytest.mark.asvs("8.2.2", "8.4.1", "8.2.1")
def test_another_customers_log_is_not_there_and_nobody_reads_without_the_right(app: Flask) -> None:
    customer_id, reseller_id = new_id(), new_id()
    id = an_entry(customer_id)
    an_organisation_known(customer_id, reseller_id=reseller_id)
    stranger, reseller = Program(app, a_caller()), Program(app, a_caller(reseller_id, kind="reseller"))
    limited = Program(app, a_caller(customer_id, scopes=frozenset({"orders:read"})))

    assert stranger.get(f"/audit-entries/{id}").status_code == 404
    assert stranger.get(f"/audit-entries?customer_id={customer_id}").json["items"] == []
    assert reseller.get(f"/audit-entries/{id}").status_code == 200
    assert limited.get("/audit-entries").status_code == 403
    assert Program(app, None).get("/audit-entries").status_code == 401


@pytest.mark.asvs("2.4.1")
def test_who_exports_too_often_waits_and_is_told_how_long(app: Flask) -> None:
    program, another = Program(app, a_caller(new_id())), Program(app, a_caller(new_id()))
    asked = "/audit-entries/export?format=csv"
    for _ in range(EXPORTS_AN_HOUR):
        assert program.get(asked).status_code == 200

    late = program.get(asked)

    assert (late.status_code, late.json["code"]) == (429, "too_many_attempts")
    assert 0 < int(late.headers["Retry-After"]) <= 3600
    assert another.get(asked).status_code == 200


def test_an_export_by_staff_who_act_for_nobody_stands_in_their_own_trail(databases: Settings) -> None:
    home_id = new_id()
    with acting(origin=Origin(home_id=home_id)), db.begin() as session:
        commands.note_export(session, customer_id=None, count=3, kind="csv")

    with db.begin_read() as session:
        assert list(session.scalars(select(db.audit_entry.c.customer_id))) == [home_id]


def test_an_export_is_a_file_and_is_itself_recorded(app: Flask) -> None:
    customer_id = new_id()
    an_entry(customer_id)
    an_entry(new_id())
    program = Program(app, a_caller(customer_id))

    table, lines = (program.get(f"/audit-entries/export?format={kind}") for kind in ("csv", "jsonl"))

    assert table.headers["Content-Disposition"] == 'attachment; filename="audit-log.csv"'
    assert table.get_data(as_text=True).count("\r\n") == 2
    assert [json.loads(line)["action"] for line in lines.get_data(as_text=True).splitlines()] == ["accounts.update"]
    with db.begin_read() as session:
        entry = db.audit_entry
        assert list(session.scalars(select(entry.c.action))) == ["notifications.export_trail"] * 2
    assert program.get("/audit-entries/export").status_code == 400
