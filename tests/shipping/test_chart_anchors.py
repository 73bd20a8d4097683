"""In the chart, whoever seals audit trails writes anchors onto a volume that outlives its pods; nobody else does."""

from __future__ import annotations

import pytest

from .chart import SITES, environment, programs, render, rendered, values

pytestmark = pytest.mark.proof


@pytest.mark.parametrize("site", SITES)
def test_anchors_outlive_their_pods_and_only_who_seals_may_write_them(site: str) -> None:
    objects, keeping, sealing = rendered(site), set(), set()
    for program in programs(objects):
        volumes = {one["name"]: one for one in program.pod["spec"]["volumes"]}
        command = program.container.get("command", [])
        if command[1:2] == ["coordinator"] or (command[1:2] == ["worker"] and "--queue" not in command):
            sealing.add(program.name)
        for mount in program.container["volumeMounts"]:
            if mount["name"] == "audit":
                assert volumes["audit"]["persistentVolumeClaim"] == {"claimName": "cloud-sales-audit"}
                assert "CLOUDSALES_AUDIT_ANCHORS" not in environment(objects, program)
                assert mount == {"name": "audit", "mountPath": "/var/cloudsales/anchors"}
                keeping.add(program.name)

    assert keeping == sealing
    assert len(keeping) == 8


def test_a_site_without_a_place_for_anchors_is_refused() -> None:
    import helm_python

    with pytest.raises(helm_python.HelmError):
        render(values("one web", audit={"claim": ""}))
