"""The tables belong to a role that the migration alone connects as."""

from __future__ import annotations

import pytest
import yaml

from domains.kernel.config import DATABASES
from tests.architecture.reading import ROOT

from .chart import SITES, environment, programs, render, rendered, values


@pytest.mark.proof
@pytest.mark.parametrize("site", SITES)
def test_in_the_chart_the_migration_alone_knows_the_owner_of_the_tables(site: str) -> None:
    objects = rendered(site)
    for program in programs(objects):
        owner = {
            name: text
            for name, text in environment(objects, program).items()
            if name in ("CLOUDSALES_DATABASE_OWNER_URL", "CLOUDSALES_DATABASE_ROLE")
        }
        url = environment(objects, program).get("CLOUDSALES_DATABASE_URL", "")
        role = {"CLOUDSALES_DATABASE_ROLE": "example-cloud-sales-app", "CLOUDSALES_DATABASE_OWNER_URL": url}
        assert owner == (role if program.name == "migrate" else {})


@pytest.mark.proof
@pytest.mark.parametrize("wrong", [
    {"migrate": {"role": ""}}, {"settings": {"DATABASE_OWNER_URL": "mssql+pyodbc://owner@sql.example/{domain}"}},
])  # fmt: skip
def test_values_by_which_the_processes_would_be_the_owner_are_refused(wrong: dict[str, object]) -> None:
    import helm_python

    with pytest.raises(helm_python.HelmError):
        render(values("one web", **wrong))


def test_in_compose_the_migration_alone_knows_the_owner_of_the_tables() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    made, own = compose["configs"]["databases"]["content"], compose["services"]["database"]["environment"]
    assert "POSTGRES_USER" not in own  # the superuser is nobody of ours
    assert made.count("OWNER cloudsales_owner;") == len(DATABASES)
    for name, service in compose["services"].items():
        given = service.get("environment", {}) if service["image"] == "cloud-sales-system" else {}
        urls = {key: text.partition("//")[2].partition("@")[0] for key, text in given.items() if "DATABASE" in key}
        owner = {"CLOUDSALES_DATABASE_OWNER_URL": "cloudsales_owner"} if name == "migrate" else {}
        assert urls == ({"CLOUDSALES_DATABASE_URL": "cloudsales_app"} | owner if given else {})
