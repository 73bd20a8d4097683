"""A customer of the provider that tests: its own time and its own faults, and everybody else beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sandbox.server import create_app

from .test_sandbox import CLIENT, PRO, Provider, a_line

DAY = 86_400


@pytest.fixture
def provider(tmp_path: Path) -> Provider:
    made = Provider(create_app(str(tmp_path / "s.sqlite3"), client=CLIENT, demo=True).test_client())
    made.control("PUT", "/clock", now="2026-08-10T09:00:00Z")
    made.put("/customers/test", name="Trial", country="NL", region="eu", email="a@b.example")
    return made


def bought(provider: Provider, customer: str) -> Any:
    lines = [a_line(f"line-{customer}", PRO, 10)]
    return provider.post("/orders", f"r-{customer}", reference=f"o-{customer}", customer=customer, currency="EUR",
                         lines=lines)  # fmt: skip


def test_time_passes_for_one_customer_and_stands_for_the_others(provider: Provider) -> None:
    ids = {who: bought(provider, who).json["lines"][0]["subscription_id"] for who in ("acc", "test")}

    moved = provider.control("PUT", "/customers/test/clock", ahead=400 * DAY)
    ends = {who: provider.get(f"/subscriptions/{id}").json["valid_to"] for who, id in ids.items()}
    may = {who: provider.get(f"/subscriptions/{id}/change-policy").json["cancel_until"] for who, id in ids.items()}

    assert moved.json["now"][:10] == "2027-09-14"
    assert ends == {"acc": "2027-08-09", "test": "2028-08-09"}
    assert (may["acc"][:10], may["test"]) == ("2026-08-17", None)
    back = provider.control("PUT", "/customers/test/clock", ahead=399 * DAY)
    assert (back.status_code, back.json["code"]) == (409, "clock_only_forward")


def test_its_time_is_known_again_when_the_provider_is_started_anew(tmp_path: Path) -> None:
    path = str(tmp_path / "s.sqlite3")
    first = Provider(create_app(path, client=CLIENT, demo=True).test_client())
    id = bought(first, "acc").json["lines"][0]["subscription_id"]
    first.control("PUT", "/customers/acc/clock", ahead=8 * DAY)

    again = Provider(create_app(path, client=CLIENT, demo=True).test_client())

    assert again.get(f"/subscriptions/{id}/change-policy").json["cancel_until"] is None


def test_faults_of_one_customer_hit_nobody_else_and_go_without_the_others(provider: Provider) -> None:
    provider.control("PUT", "/faults", faults=[{"operation": "billing", "kind": "throttle"}])
    faults = [{"operation": "change", "kind": "reject", "code": "credit_blocked"}]
    faults += [{"operation": "get_policy", "kind": "error"}]
    id = bought(provider, "test").json["lines"][0]["subscription_id"]
    beside = bought(provider, "acc").json["lines"][0]["subscription_id"]

    provider.control("PUT", "/customers/test/faults", faults=faults)
    hit = provider.change(id, "c1", kind="change_quantity", quantity=12)
    asked = [provider.get(f"/subscriptions/{one}/change-policy").status_code for one in (id, beside)]

    assert (hit.status_code, hit.json["code"]) == (422, "credit_blocked")
    assert provider.change(beside, "c2", kind="change_quantity", quantity=12).status_code == 202
    assert asked == [500, 200]
    provider.control("PUT", "/customers/test/faults", faults=[])
    assert [one["operation"] for one in provider.control("GET", "/faults").json["faults"]] == ["billing"]
    assert provider.change(id, "c3", kind="change_quantity", quantity=12).status_code == 202


def test_the_desk_is_shut_outside_of_demo_mode(tmp_path: Path) -> None:
    shut = create_app(str(tmp_path / "s.sqlite3"), client=CLIENT).test_client()

    tried = [shut.put(f"/control/customers/acc/{what}", json={"ahead": 1}) for what in ("clock", "faults")]

    assert [answer.status_code for answer in tried] == [403, 403]
