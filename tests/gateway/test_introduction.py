"""Who introduces a caller: nginx where one stands in front, else the process itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from werkzeug.test import Client, EnvironBuilder
from werkzeug.wrappers import Request, Response

import topology
from domains.kernel import database
from domains.kernel.config import Settings, SettingsError
from domains.kernel.tenancy import Actor, Caller, Scope
from domains.users import tokens
from domains.users.models import ApiClient
from gateway import introduction
from gateway.hardening import HEADERS
from gateway.middleware import Gateway
from gateway.routes import API
from installation import CannotStart

ONE, OTHER = UUID(int=1), UUID(int=2)
CALLER = Caller(
    actor=Actor("client", "c", "Program"), scope=Scope.customer(ONE), customer_id=ONE, customer_kind="direct",
    customer_name="One", roles=("client",), scopes=frozenset({"offers:read"}), login_id="c",
)  # fmt: skip


def seen(settings: Settings, **headers: str) -> dict[str, Any]:
    """What reaches the surfaces."""
    reached: dict[str, Any] = {}

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        reached.update(environ)
        return Response("ok")(environ, start_response)

    Client(Gateway(app, settings)).get("/orders", headers={name.replace("_", "-"): v for name, v in headers.items()})
    return reached


def test_behind_nginx_its_assertion_and_the_clients_address_are_believed(settings: Settings) -> None:
    behind = replace(settings, gateway="nginx", public_url="https://sales.example")

    environ = seen(behind, X_CloudSales_Assertion="told", X_Forwarded_For="192.0.2.7", X_Forwarded_Host="forged")

    assert environ["HTTP_X_CLOUDSALES_ASSERTION"] == "told"
    assert (Request(environ).remote_addr, environ["wsgi.url_scheme"]) == ("192.0.2.7", "https")
    assert "HTTP_X_FORWARDED_HOST" not in environ


@pytest.mark.asvs("4.1.3", "15.3.4")
def test_without_nginx_neither_is(settings: Settings) -> None:
    environ = seen(settings, X_CloudSales_Assertion="forged", X_Forwarded_For="192.0.2.7")

    assert "HTTP_X_CLOUDSALES_ASSERTION" not in environ
    assert environ.get("REMOTE_ADDR") != "192.0.2.7"


@pytest.mark.parametrize(
    ("gateway", "domains", "status"), [("nginx", "users", 204), ("nginx", "support", 200), ("none", "all", 200)]
)
def test_only_the_process_that_holds_users_tells_nginx_who_calls(
    gateway: str, domains: str, status: int, settings: Settings
) -> None:
    surfaces = Gateway(Response("a surface's own answer"), replace(settings, gateway=gateway, domains=domains))

    assert Client(surfaces).get("/_auth").status_code == status


def test_a_database_that_is_away_is_told_as_an_outage(settings: Settings) -> None:
    environ = EnvironBuilder(headers={"Cookie": "cloudsales_login=x"}).get_environ()  # its users database is empty
    statuses: list[str] = []

    introduction.answer(environ, settings, lambda status, _headers: statuses.append(status))

    assert statuses == ["503 Service Unavailable"]


@pytest.fixture
def users_away(settings: Settings, tmp_path: Path) -> Iterator[Client]:
    """A web process without nginx, which cannot reach the database of users."""
    away = replace(settings, database_url=f"sqlite:///{tmp_path}/nowhere.sqlite3", gateway="none")
    database.bind(away)
    yield Client(Gateway(Response("ok"), away))
    database.bind(settings)


@pytest.mark.asvs("3.4.3", "16.5.2", "16.5.3")
@pytest.mark.parametrize(("path", "kind", "says"), [
    ("/orders", "text/html", "Dieser Teil"), (f"{API}/orders", "application/problem+json", "temporarily_unavailable"),
    ("/oauth2/revoke", "application/problem+json", "temporarily_unavailable"),
])  # fmt: skip
def test_without_nginx_and_with_the_users_away_everybody_is_told_to_come_again(
    users_away: Client, path: str, kind: str, says: str
) -> None:
    users_away.set_cookie("cloudsales_login", "a" * 43)
    given = tokens.issue_access_token(ApiClient(id="eu_erp", epoch=0), [])["access_token"]

    headers = {"Authorization": f"Bearer {given}", "Accept-Language": "de-DE,de"}
    answer = users_away.get(path, headers=headers)

    assert (answer.status_code, answer.headers["Retry-After"], answer.headers["Cache-Control"]) == (
        503,
        "2",
        "no-store",
    )
    assert answer.headers["Content-Type"].startswith(kind)
    assert says in answer.text and answer.headers["X-Request-Id"] in answer.text
    assert HEADERS.items() <= dict(answer.headers).items()


def test_kept_answers_are_shared_only_by_those_who_see_and_may_do_the_same() -> None:
    same = replace(CALLER, actor=Actor("client", "d", "Another program"), login_id="d")
    others = [
        replace(CALLER, scope=Scope.customer(OTHER)), replace(CALLER, customer_id=OTHER),
        replace(CALLER, scope=Scope.reseller(ONE)), replace(CALLER, scopes=frozenset({"orders:read"})),
        replace(CALLER, reseller_id=OTHER), replace(CALLER, roles=("owner",)),
    ]  # fmt: skip

    words = [introduction.tenant_of(one) for one in (CALLER, same, *others)]

    assert words[0] == words[1]
    assert len(set(words)) == 1 + len(others)


def test_a_machine_without_nginx_serves_from_the_web_process_on_the_first_port(settings: Settings) -> None:
    alone = replace(settings, gateway=topology.in_front("auto", "one", installed=False))

    assert alone.gateway == "none"
    assert set(topology.web_addresses(alone, 8000, "one").values()) == {8000}
    for wanted, shape in (("nginx", "one"), ("auto", "split")):
        with pytest.raises(CannotStart, match="apt-get install nginx"):
            topology.in_front(wanted, shape, installed=False)


def test_an_unknown_gateway_is_refused() -> None:
    with pytest.raises(SettingsError, match="GATEWAY is “apache”"):
        Settings(gateway="apache").check()
