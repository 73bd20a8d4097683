"""docker-compose.yml runs every process of the topology, with settings that the code knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import cli
import topology
from domains import NAMES
from domains.kernel.config import DATABASES, Settings
from gateway.__main__ import arguments, processes
from installation import SECRETS, new_secret
from tests.architecture.reading import ROOT

OTHERS = {"database", "queue", "migrate", "seed", "sandbox"}
VAR = "/var/cloudsales"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def is_ours(service: dict[str, Any]) -> bool:
    return service["image"] == "cloud-sales-system"


def test_every_process_of_the_topology_is_there(compose: dict[str, Any], settings: Settings) -> None:
    parts = {part.name for part in topology.parts(settings, topology.web_addresses(settings, 26000, "one"))}

    assert set(compose["services"]) == parts | OTHERS | {"gateway"}
    for name, service in compose["services"].items():
        if is_ours(service) and service["command"][0] == "cloudsales":
            given = cli.arguments().parse_args(service["command"][1:])
            if name.startswith("worker-"):
                assert given.domain + (f"-{given.queue}" if given.queue else "") == name.removeprefix("worker-")


def test_each_variable_is_a_setting_and_each_secret_a_file(compose: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    for name in SECRETS:
        (tmp_path / "secrets" / name).write_text(new_secret(name))

    for name, service in compose["services"].items():
        if not is_ours(service) or name == "migrate":
            continue
        given = {variable: text.replace(VAR, str(tmp_path)) for variable, text in service["environment"].items()}
        settings = Settings.from_env(given)
        assert all(getattr(settings, secret) for secret in SECRETS)
        assert not {f"CLOUDSALES_{secret.upper()}" for secret in SECRETS} & set(given)


def test_only_the_migration_may_write_secrets(compose: dict[str, Any]) -> None:
    ours = {name: one for name, one in compose["services"].items() if is_ours(one)}
    writers = {name for name, one in ours.items() if f"secrets:{VAR}/secrets" in one["volumes"]}
    readers = {name for name, one in ours.items() if f"secrets:{VAR}/secrets:ro" in one["volumes"]}

    assert (writers, readers) == ({"migrate"}, set(ours) - {"migrate"})
    Settings.from_env(ours["migrate"]["environment"])


def test_no_process_starts_before_its_tables_and_its_demo_are_there(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        if is_ours(service) and name not in OTHERS:
            awaited = {one: how["condition"] for one, how in service["depends_on"].items()}
            assert awaited["migrate"] == awaited["seed"] == "service_completed_successfully"


def test_there_is_a_database_for_each_domain_and_the_queue_forgets_nothing(compose: dict[str, Any]) -> None:
    made = compose["configs"]["databases"]["content"].split("CREATE DATABASE ")[1:]
    command = compose["services"]["queue"]["command"]

    assert {one.split()[0] for one in made} == set(DATABASES) >= set(NAMES)
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"


def test_only_the_gateway_is_reached_from_outside_and_the_web_knows_that_it_stands_in_front(
    compose: dict[str, Any],
) -> None:
    gateway, web = compose["services"]["gateway"], compose["services"]["web"]
    given = arguments().parse_args(gateway["command"][3:])

    assert gateway["command"][:3] == ["python", "-m", "gateway"]
    assert processes(given.processes) == dict.fromkeys(NAMES, "web:8080")
    assert given.mode == Settings.from_env(_without_files(web["environment"])).mode == "demo"
    assert web["environment"]["CLOUDSALES_GATEWAY"] == "nginx"
    assert "ports" not in web and web["networks"] == ["inside"] and not gateway.get("environment")
    assert gateway["build"]["target"] == "gateway"


def _without_files(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.endswith("_FILE")}


def test_documents_are_in_a_volume_that_who_makes_and_who_gives_them_share(compose: dict[str, Any]) -> None:
    for name in ("web", "worker-billing-exchange", "worker-support"):
        assert f"state:{VAR}" in compose["services"][name]["volumes"]


def test_our_containers_can_change_nothing_but_their_volumes(compose: dict[str, Any]) -> None:
    for service in (*filter(is_ours, compose["services"].values()), compose["services"]["gateway"]):
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
    published = [port for one in compose["services"].values() for port in one.get("ports", ())]
    assert published and all(port.startswith("127.0.0.1:") for port in published)
