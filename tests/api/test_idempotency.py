"""The same request sent twice at once, and keys of different callers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from flask import Flask
from sqlalchemy import func, select

from domains.accounts import db
from domains.accounts.models import Account
from domains.kernel.database import new_id
from domains.kernel.tenancy import Actor
from saga import tables
from saga.transports.inline import Transport

from .program import Program, a_caller
from .test_accounts import a_customer, an_account


def version_of(account_id: UUID) -> int:
    with db.begin_read() as session:
        return session.get_one(Account, account_id).version


def test_twins_change_once_and_get_the_same_answer(app: Flask) -> None:
    customer_id = a_customer()
    account_id, key = an_account(customer_id), str(new_id())
    before = version_of(account_id)
    tag = f'"{account_id}-{before}"'

    def change(_: int) -> tuple[int, str, str]:
        program = Program(app, a_caller(customer_id))
        answer = program.patch(f"/accounts/{account_id}", {"name": "HQ"}, If_Match=tag, Idempotency_Key=key)
        return answer.status_code, answer.text, answer.headers["ETag"]

    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(change, range(8)))

    assert len(answers) == 1
    assert version_of(account_id) == before + 1


def test_twins_start_one_saga(app: Flask, transport: Transport) -> None:
    customer_id, key = a_customer(), str(new_id())

    def open_account(_: int) -> tuple[int, str]:
        answer = Program(app, a_caller(customer_id)).post("/accounts", {"name": "Branch"}, Idempotency_Key=key)
        return answer.status_code, answer.json["id"]

    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(open_account, range(8)))

    assert len(answers) == 1
    with tables.db.begin_read() as session:
        assert session.scalar(select(func.count()).select_from(tables.run)) == 1


def test_a_key_belongs_to_its_caller_and_its_operation(app: Flask, transport: Transport) -> None:
    customer_id, key = a_customer(), str(new_id())
    account_id = an_account(customer_id)
    erp, crm = a_caller(customer_id), a_caller(customer_id, actor=Actor("client", "eu-crm", "CRM"))
    tag = f'"{account_id}-{version_of(account_id)}"'

    opened = Program(app, erp).post("/accounts", {"name": "Branch"}, Idempotency_Key=key)
    changed = Program(app, erp).patch(f"/accounts/{account_id}", {"name": "HQ"}, If_Match=tag, Idempotency_Key=key)
    others = Program(app, crm).post("/accounts", {"name": "Branch 2"}, Idempotency_Key=key)

    assert (opened.status_code, changed.status_code, others.status_code) == (202, 200, 202)
    assert opened.json["id"] != others.json["id"]
