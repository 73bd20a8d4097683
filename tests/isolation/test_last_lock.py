"""The product on PostgreSQL under a role that owns nothing: with every filter of ours gone, the database holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

import api
import portal
from domains.kernel import database
from domains.kernel.config import Settings
from domains.services.exchanges import sync_catalogue
from saga import transports
from saga.transports import inline
from tests.sandboxes import SECRET, Sandbox
from tests.servers import binaries

from .cases import Case
from .servers import installation_of_two_roles
from .test_matrix import all_cases, of_users, run, told, used_by_the_victim, without_the_scope
from .world import World

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(binaries() is None, reason="PostgreSQL is not installed"),
]


@pytest.fixture
def world(settings: Settings, running_sandbox: Sandbox, tmp_path: Path) -> Iterator[World]:
    """All tenants, made by the real flows, through the role's connections."""
    provider = {"provider_url": running_sandbox.url, "provider_client_id": "tests", "provider_client_secret": SECRET}
    running_sandbox.control("PUT", "settings", order_seconds=0, change_seconds=0)
    with installation_of_two_roles(replace(settings, **provider)) as installed:
        database.bind(installed)
        for name in ("accounts", "billing", "services", "support", "users"):
            import_module(f"domains.{name}.reactions")
        sync_catalogue()
        transport = inline.Transport()
        pages = portal.create_app(installed)
        pages.config["WTF_CSRF_ENABLED"] = False
        with transports.using(transport):
            yield World(api.create_app(installed), pages, transport).open()


def fresh(world: World, cases: list[Case]) -> list[Case]:
    """Without what would be answered as it was the first time, and without the domain that has no policies."""
    but, again = of_users(world), ("header Idempotency-Key", "form token")
    return [case for case in cases if case.place not in again and (case.door, case.route) not in but]


def test_with_every_filter_of_ours_gone_the_database_still_holds(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done, leaks = [], []
    for mine, theirs in (("A", "B"), ("R", "F")):
        me, victim = world.standing_for(mine), world.tenants[theirs]
        used_by_the_victim(world, victim)
        cases, found = run(world, all_cases(world, me, victim, every_field=False), me, victim)
        assert found == [], "as the product is"
        with without_the_scope(monkeypatch, _narrowed=lambda statement, *_: statement):
            cases, found = run(world, fresh(world, all_cases(world, me, victim, every_field=False)), me, victim)
        done, leaks = done + cases, leaks + found
    with capsys.disabled():
        print(told(done, leaks), "without any filter of ours")  # noqa: T201 the figure is asked for
    assert not leaks, "\n".join(leaks[:40])
