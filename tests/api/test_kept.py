"""Lists that are kept in the cache: the same answers as without it, whoever writes, and whether it is there or not."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask
from sqlalchemy import Connection, Engine, event

from domains.kernel import cache, database
from domains.kernel.config import Settings
from domains.kernel.tenancy import Scope
from domains.services import commands, db
from domains.services.models import AccountRef, Subscription
from domains.services.pricing import STANDARD_NAME, Rule
from tests.conftest import Clock
from tests.factories.services import a_catalogue, a_subscription, an_account, an_offer
from tests.servers import free_port, queue_server

from .program import Program, a_caller

LISTS = ("/offers?sort=name", "/subscriptions?limit=20")
PRICED = "/offers?sort=price&limit=1"


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test does without the cache because another one has lost it."""
    monkeypatch.setattr(cache, "_away_until", 0.0)


@pytest.fixture
def account(databases: object, queue: redis.Redis, clock: Clock) -> AccountRef:
    with db.begin() as session:
        a_catalogue(session)
        return an_account(session)


@pytest.fixture
def subscription(account: AccountRef) -> Subscription:
    with db.begin() as session:
        return a_subscription(session, account)


@pytest.fixture
def program(app: Flask, subscription: Subscription) -> Program:
    return Program(app, a_caller(subscription.customer_id))


def write(work: Callable[[Any], Any]) -> None:
    with db.begin() as session:
        work(session)


def with_quantity(subscription: Subscription, quantity: int) -> Callable[[Any], None]:
    def work(session: Any) -> None:
        session.get_one(Subscription, subscription.id).quantity = quantity

    return work


def quantities(program: Program) -> list[int]:
    return [one["quantity"] for one in program.get("/subscriptions").json["items"]]


@contextmanager
def statements() -> Iterator[list[str]]:
    """What a database is asked within the `with`."""
    asked: list[str] = []

    def note(_connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield asked
    event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize("path", LISTS)
def test_a_list_that_is_kept_costs_one_small_question(program: Program, path: str) -> None:
    first = program.get(path)
    with statements() as asked:
        again = program.get(path)

    assert (again.status_code, again.data, again.headers["ETag"]) == (200, first.data, first.headers["ETag"])
    assert again.headers["Cache-Control"] == "private, no-cache"
    assert [one for one in asked if "FROM" in one] == [one for one in asked if "FROM stamp" in one]
    assert len([one for one in asked if "FROM stamp" in one]) == 1


@pytest.mark.parametrize("path", LISTS)
def test_who_has_it_already_is_not_sent_it_again_with_and_without_the_cache(
    program: Program, queue: redis.Redis, path: str
) -> None:
    tag = program.get(path).headers["ETag"]
    kept = program.get(path, If_None_Match=tag)
    queue.flushall()
    anew = program.get(path, If_None_Match=f"W/{tag}")

    assert [(one.status_code, one.data, one.headers["ETag"]) for one in (kept, anew)] == [(304, b"", tag)] * 2
    assert program.get(path, If_None_Match='"other"').status_code == 200


def test_who_writes_reads_what_was_written(program: Program, subscription: Subscription) -> None:
    assert (quantities(program), quantities(program)) == ([20], [20])

    for quantity in (21, 22):
        write(with_quantity(subscription, quantity))
        assert (quantities(program), quantities(program)) == ([quantity], [quantity])


def test_another_price_and_another_offer_are_seen_at_once(program: Program) -> None:
    price = program.get(PRICED).json["items"][0]["unit_price"]["amount"]
    doubled = [Rule("all", markup_percent=Decimal(100))]
    write(lambda session: commands.set_price_book(session, name=STANDARD_NAME, rules=doubled))
    dearer = program.get(PRICED).json
    write(lambda session: a_catalogue(session, an_offer(), an_offer("backup", name="Backup")))

    assert (price, dearer["items"][0]["unit_price"]["amount"]) == ("31.50", "50.40")
    assert (dearer["total"], program.get(PRICED).json["total"]) == (1, 2)


def test_nobody_sees_what_is_kept_for_another(app: Flask, program: Program, subscription: Subscription) -> None:
    mine = program.get("/subscriptions")
    stranger, staff = Program(app, a_caller()), Program(app, a_caller(kind="operator", scope=Scope.operator()))
    namesake = Program(app, a_caller(subscription.customer_id, "reseller"))

    assert len(mine.json["items"]) == 1
    assert stranger.get("/subscriptions").json["items"] == []
    assert stranger.get("/subscriptions", If_None_Match=mine.headers["ETag"]).status_code == 200
    assert len(staff.get("/subscriptions").json["items"]) == len(namesake.get("/subscriptions").json["items"]) == 1


def test_each_key_says_whose_list_it_holds_and_what_was_asked(
    app: Flask, program: Program, queue: redis.Redis, subscription: Subscription
) -> None:
    for path in ("/subscriptions", "/subscriptions?state=active", "/subscriptions?state=active"):
        program.get(path)
    Program(app, a_caller(kind="operator", scope=Scope.operator())).get("/subscriptions")

    keys = [key.decode() for key in queue.scan_iter()]
    assert len(keys) == 2
    assert all(key.startswith(f"cloudsales:cache:customer:{subscription.customer_id}:list_sub") for key in keys)
    assert all(0 < queue.ttl(key) <= cache.LASTS for key in keys)


def test_a_reseller_sees_at_once_what_its_customer_has_changed(app: Flask, account: AccountRef) -> None:
    reseller_id = a_caller().customer_id
    with db.begin() as session:
        held = a_subscription(session, an_account(session, reseller_id=reseller_id))
    reseller, customer = Program(app, a_caller(reseller_id, "reseller")), Program(app, a_caller(held.customer_id))
    assert quantities(reseller) == quantities(customer) == [20]

    write(with_quantity(held, 25))

    assert quantities(reseller) == quantities(customer) == [25]


def test_what_was_read_before_a_write_and_kept_after_it_is_never_served(
    program: Program, subscription: Subscription
) -> None:
    once: list[int] = []

    def between(_connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if "FROM subscription" in statement and not once:
            once.append(1)
            write(with_quantity(subscription, 99))

    event.listen(Engine, "after_cursor_execute", between)
    assert quantities(program) == [20]
    event.remove(Engine, "after_cursor_execute", between)

    assert once and quantities(program) == quantities(program) == [99]


def test_a_window_that_closes_is_another_answer_although_nothing_was_written(program: Program, clock: Clock) -> None:
    def returnable() -> int:
        return program.get("/subscriptions").json["items"][0]["returnable_quantity"]

    before = returnable()
    clock.advance(days=6, hours=23, minutes=59)
    still = returnable(), returnable()
    clock.advance(minutes=1)

    assert (before, still, returnable()) == (19, (19, 19), 0)


def test_an_offer_that_ends_is_gone_when_the_day_turns_at_the_provider(
    app: Flask, account: AccountRef, clock: Clock
) -> None:
    write(lambda session: a_catalogue(session, an_offer(valid_to="2026-03-10")))
    program = Program(app, a_caller(account.customer_id))

    def total() -> int:
        return program.get("/offers").json["total"]

    before = total()
    clock.advance(hours=14, minutes=59)  # 23:59 at the provider, whose days its sales end with; 00:59 in Amsterdam
    late = total()
    clock.advance(minutes=1)

    assert (before, late, total()) == (1, 1, 0)


@pytest.mark.parametrize("found", [b"", b"x", b"\n", b"2099-01-01\n{}", b"\xff\n{}", b"2099-01-01T00:00:00\n{}"])
def test_what_is_no_list_of_ours_is_made_anew(program: Program, queue: redis.Redis, found: bytes) -> None:
    first = program.get("/subscriptions")
    for key in queue.scan_iter():
        queue.set(key, found)

    assert program.get("/subscriptions").data == first.data


def lost(caplog: pytest.LogCaptureFixture) -> int:
    return len([record for record in caplog.records if record.name == cache.__name__])


def test_without_its_server_it_is_slower_and_never_wrong(
    app: Flask, subscription: Subscription, settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    url = f"redis://127.0.0.1:{free_port()}/0"
    database.bind(replace(settings, cache_url=url))
    program = Program(app, a_caller(subscription.customer_id))
    with queue_server(tmp_path, url) as server:
        first = program.get("/subscriptions")
        assert len(server.keys()) == 1

    gone = program.get("/subscriptions", If_None_Match=first.headers["ETag"])
    write(with_quantity(subscription, 30))
    changed = quantities(program), quantities(program)
    assert (gone.status_code, changed, lost(caplog)) == (304, ([30], [30]), 1)  # and only one has knocked

    with queue_server(tmp_path, url) as server:
        assert quantities(program) == [30] and server.keys() == []
        monkeypatch.setattr(cache, "_away_until", 0.0)
        assert quantities(program) == [30] and len(server.keys()) == 1


def test_a_server_that_says_nothing_is_waited_for_once_and_briefly(
    app: Flask, subscription: Subscription, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        database.bind(replace(settings, cache_url=f"redis://127.0.0.1:{silent.getsockname()[1]}/0"))
        program = Program(app, a_caller(subscription.customer_id))
        begun = time.monotonic()
        assert [quantities(program) for _ in range(5)] == [[20]] * 5
        assert time.monotonic() - begun < 3  # not five times as long as a client waits by itself
    assert lost(caplog) == 1
