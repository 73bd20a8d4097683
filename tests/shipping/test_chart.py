"""The chart makes valid objects, runs every process of the topology, and gives nobody more than is needed."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import cli
import gateway.__main__ as gateway
import topology
from domains import NAMES
from domains.kernel.config import Settings
from installation import SECRETS, new_secret

from .chart import (
    CHART,
    GIVEN,
    KEDA,
    KUBERNETES,
    ON_AZURE,
    SITES,
    environment,
    mounted,
    of_kind,
    programs,
    render,
    rendered,
    selects,
    validate,
    values,
)  # fmt: skip

pytestmark = pytest.mark.proof
VAR = "/var/cloudsales"  # of the Dockerfile
JOB_TIMEOUT = 120  # seconds, of saga/transports/rq.py
each_site = pytest.mark.parametrize("site", SITES)


@each_site
def test_helm_finds_nothing_to_say_against_it(site: str) -> None:
    import helm_python

    told = helm_python.lint(str(CHART), values(site), strict=True, kube_version=f"v{KUBERNETES}.0")

    assert told["errors"] == []
    assert [one["error"] for one in told["messages"] if one["severity"] > 1] == []


@each_site
@pytest.mark.parametrize("keda", [{}, KEDA], ids=["without KEDA", "with KEDA"])
def test_every_object_is_what_kubernetes_takes(site: str, keda: dict[str, object]) -> None:
    objects = rendered(site, keda=keda)

    assert len(objects) > 30
    for one in objects:
        validate(one)
    keys = [(one["kind"], one["metadata"]["name"]) for one in objects]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("kind", ["Deployment", "NetworkPolicy", "SecretProviderClass", "ScaledObject"])
def test_a_misspelt_field_is_seen(kind: str) -> None:
    wrong = deepcopy(of_kind(rendered("one web", keda=KEDA), kind)[0])
    wrong["spec"]["speling"] = "wrong"

    with pytest.raises(Exception, match="speling"):
        validate(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"gatway": {"replicas": 3}},
        {"image": {"app": {"digest": "latest"}}},
        {"settings": {"DATABASE_URL": "postgresql+psycopg://user:password@host/{domain}"}},
        {"settings": {"AUDIT_KEY": "in the open"}},
        {"keda": {"enabled": True}},
        {"keda": KEDA, "settings": {"TRANSPORT": "servicebus"}},  # it would look at the wrong queues
        {"settings": {"SERVICEBUS_URL": "Endpoint=sb://example/;SharedAccessKey=k"}},
        {"settings": {"CACHE_URL": "rediss://:password@cache.example:10000/0"}},
        {"settings": {"TELEMETRY_CONNECTION": "InstrumentationKey=k"}},
        {"secrets": {"more": ["PASSWORD"]}},
        {"documents": {"claim": ""}},
        {"gateway": {"trust": ["the ingress"]}},
    ],
)
def test_values_that_cannot_be_meant_are_refused(wrong: dict[str, object]) -> None:
    import helm_python

    with pytest.raises(helm_python.HelmError):
        render(values("one web", **wrong))


@pytest.mark.asvs("13.2.1")
@each_site
@pytest.mark.parametrize(("chosen", "more"), [({}, {"CACHE_URL"}), (ON_AZURE, {"CACHE_URL", "TELEMETRY_CONNECTION"}),
                         ({"secrets": {"more": ["SERVICEBUS_URL"]}}, {"SERVICEBUS_URL"})],
                         ids=["the example", "on Service Bus, traced", "a bus with a key"])  # fmt: skip
def test_each_process_starts_in_production_with_its_variables_and_secrets_read_from_files(
    site: str, chosen: dict[str, Any], more: set[str], tmp_path: Path
) -> None:
    objects = rendered(site, **chosen)
    made = {name.upper(): new_secret(name) for name in SECRETS}
    made |= {name: GIVEN[name] for name in {"QUEUE_URL", "SMTP_URL"} | more}
    for name, text in made.items():
        (tmp_path / name).write_text(text)

    for program in programs(objects):
        given = environment(objects, program)
        if not program.is_ours:
            assert given == {}  # all that the gateway must know is on its command line
            continue
        assert mounted(objects, program) == set(made)
        files = {
            value.replace("/mnt/secrets", str(tmp_path)) for name, value in given.items() if name.endswith("_FILE")
        }
        assert files == {str(tmp_path / name) for name in made}

        settings = Settings.from_env({n: v.replace("/mnt/secrets", str(tmp_path)) for n, v in given.items()})

        assert settings.is_production
        assert (settings.queue_url, settings.cache_url) == (made["QUEUE_URL"], made.get("CACHE_URL", ""))
        assert (settings.transport, settings.telemetry) == (
            ("servicebus", "azure") if chosen == ON_AZURE else ("rq", "off")
        )
        assert settings.gateway == ("nginx" if "ports" in program.container else "auto")
        assert {getattr(settings, name) for name in SECRETS} == {made[name.upper()] for name in SECRETS}
        assert settings.domain_names


@each_site
def test_every_process_of_the_topology_is_there(site: str, settings: Settings) -> None:
    shape = "split" if site == "split" else "one"
    webs = topology.web_addresses(replace(settings, gateway="nginx"), 26000, shape)
    parts = {part.name: part.main for part in topology.parts(settings, webs)}
    ours = {program.name: program for program in programs(rendered(site)) if program.is_ours}

    assert set(ours) == set(parts) | {"migrate"}
    for name, main in parts.items():
        if name.startswith("worker-"):
            assert commanded(ours[name].container["command"]) == main.args[1:]  # type: ignore[attr-defined]
    assert {one["queue"] for one in values_of(site) if "queue" in one} == {
        name.removeprefix("worker-") for name in parts if name.startswith("worker-")
    }
    for one in values_of(site):
        if "queue" in one:
            assert commanded(one["command"]) == (one["domains"][0], one["queue"])


def values_of(site: str) -> list[dict]:
    import yaml

    return values(site).get("processes") or yaml.safe_load((CHART / "values.yaml").read_text())["processes"]


def commanded(command: list[str]) -> tuple[str, str]:
    """Domain and queue of a worker's command."""
    given = cli.arguments().parse_args(command[1:])
    return given.domain, given.domain + (f"-{given.queue}" if given.queue else "")


@each_site
def test_every_command_is_one_of_ours(site: str) -> None:
    for program in programs(rendered(site)):
        command = program.container.get("command", [])
        if command[:1] == ["cloudsales"]:
            cli.arguments().parse_args(command[1:])
        elif program.is_ours:
            assert command == ["granian", "wsgi:application"]
        else:
            gateway.arguments().parse_args(command[3:])


@each_site
def test_documents_outlive_their_pods_and_only_who_makes_them_may_write(site: str) -> None:
    objects = rendered(site)
    kept = {}
    for program in programs(objects):
        volumes = {one["name"]: one for one in program.pod["spec"]["volumes"]}
        for mount in program.container["volumeMounts"]:
            if mount["name"] == "documents":
                claim = volumes["documents"]["persistentVolumeClaim"]
                assert (claim["claimName"], claim["readOnly"]) == ("cloud-sales-documents", mount["readOnly"])
                assert mount["mountPath"] == environment(objects, program).get("CLOUDSALES_VAR", VAR) + "/documents"
                kept[program.name] = "read" if mount["readOnly"] else "write"

    reading = ("web-billing", "web-support") if site == "split" else ("web",)
    assert kept == dict.fromkeys(reading, "read") | {"worker-billing-exchange": "write", "worker-support": "write"}


@each_site
def test_each_web_process_of_the_split_holds_one_domain(site: str) -> None:
    objects = rendered(site)
    held = [environment(objects, one)["CLOUDSALES_DOMAINS"] for one in programs(objects) if one.name.startswith("web")]

    assert sorted(held) == (sorted(NAMES) if site == "split" else ["all"])


@pytest.mark.asvs("13.2.1", "13.3.1")
@each_site
def test_no_secret_stands_in_any_object(site: str) -> None:
    objects = rendered(site, keda=KEDA)

    assert of_kind(objects, "Secret") == []
    for program in programs(objects):
        named = {name for name in environment(objects, program) if name.removeprefix("CLOUDSALES_").lower() in SECRETS}
        assert named == set()


@each_site
def test_every_pod_has_the_fewest_rights(site: str) -> None:
    for program in programs(rendered(site)):
        pod, container = program.pod["spec"], program.container
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 10000
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False, "privileged": False, "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }  # fmt: skip
        assert "@sha256:" in container["image"]
        assert set(container["resources"]) == {"requests", "limits"}


@each_site
def test_every_lasting_process_is_looked_after_and_has_time_to_end(site: str) -> None:
    for program in programs(rendered(site)):
        if program.object["kind"] == "Job":
            continue
        container, grace = program.container, program.pod["spec"]["terminationGracePeriodSeconds"]
        assert {"startupProbe", "livenessProbe"} <= set(container)
        assert ("ports" in container) == ("readinessProbe" in container) == ("lifecycle" in container)
        pause = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        assert grace - pause > (JOB_TIMEOUT if program.name.startswith("worker") else 25)


@each_site
def test_the_migration_needs_nothing_that_comes_after_it(site: str) -> None:
    objects = rendered(site)
    hooks = [one for one in objects if "helm.sh/hook" in one["metadata"].get("annotations", {})]
    weight = {
        (one["kind"], one["metadata"]["name"]): int(one["metadata"]["annotations"]["helm.sh/hook-weight"])
        for one in hooks
    }
    (job,) = (one for one in programs(objects) if one.name == "migrate")
    name = job.pod["spec"]["serviceAccountName"]

    assert all(one["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade" for one in hooks)
    assert weight[("Job", "cloud-sales-migrate")] == 0
    for kind in ("ServiceAccount", "ConfigMap", "SecretProviderClass"):
        assert weight[(kind, name)] < 0
    assert environment(objects, job)  # its ConfigMap is the hook's
    assert job.container["envFrom"] == [{"configMapRef": {"name": name}}]


@each_site
def test_nobody_reaches_anybody_but_through_a_rule(site: str) -> None:
    objects = rendered(site)
    policies = of_kind(objects, "NetworkPolicy")
    for program in programs(objects):
        labels = program.pod["metadata"]["labels"]
        mine = [one["spec"] for one in policies if selects(one["spec"]["podSelector"], labels)]
        assert any(set(one) == {"podSelector", "policyTypes"} and len(one["policyTypes"]) == 2 for one in mine)
        into = [rule for one in mine for rule in one.get("ingress", ())]
        assert len(into) == (1 if "ports" in program.container else 0)
        out = [port["port"] for one in mine for rule in one.get("egress", ()) for port in rule["ports"]]
        assert 53 in out
        assert {5671, 10000, 443, 587, 1433} <= set(out) if program.is_ours else set(out) == {53, 8080}


@each_site
def test_each_service_budget_and_scaler_finds_its_process(site: str) -> None:
    objects = rendered(site, keda=KEDA)
    deployments = {one["metadata"]["name"]: one for one in of_kind(objects, "Deployment")}
    pods = {name: one["spec"]["template"]["metadata"]["labels"] for name, one in deployments.items()}
    for one in of_kind(objects, "Service", "PodDisruptionBudget"):
        selector = one["spec"]["selector"]
        found = [name for name, labels in pods.items() if selects(selector if "matchLabels" in selector
                 else {"matchLabels": selector}, labels)]  # fmt: skip
        assert found == [one["metadata"]["name"]]
    scaled = [
        one["spec"]["scaleTargetRef"]["name"] for one in of_kind(objects, "ScaledObject", "HorizontalPodAutoscaler")
    ]
    assert len(scaled) == len(set(scaled))
    assert {name for name, one in deployments.items() if "replicas" not in one["spec"]} == set(scaled)
    assert len(of_kind(objects, "PodDisruptionBudget")) == len(deployments)


def test_a_setting_the_code_does_not_know_is_refused() -> None:
    objects = render(values("one web", settings={"QUEUE_ULR": "x"}))
    program = next(one for one in programs(objects) if one.is_ours)

    with pytest.raises(SystemExit, match="QUEUE_ULR is not a setting"):
        Settings.from_env(environment(objects, program))
