"""What goes into the image is enough to run every process, with the rights and variables that the chart gives it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from configparser import ConfigParser
from pathlib import Path

import pytest
import requests

from tests.servers import free_port

from .chart import ROOT, program_of, rendered
from .image import BIN, DOCKERFILE, Image, contents, let_in, until


def pins(lock: str) -> set[str]:
    """The exact versions of a lock."""
    return set(re.findall(r"^[a-z0-9._-]+==\S+", (ROOT / lock).read_text(), flags=re.MULTILINE))


def test_every_package_and_module_of_ours_goes_into_the_image() -> None:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    packages = setup["options.packages.find"]["include"].split()
    modules = setup["options"]["py_modules"].split()

    assert {f"{one.rstrip('*')}/" for one in packages} | {f"{one}.py" for one in modules} <= set(let_in())


def test_nothing_is_let_in_that_is_not_there_or_not_ours_to_ship() -> None:
    assert [name for name in let_in() if not (ROOT / name).exists()] == []
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"
    assert {path.relative_to(ROOT).parts[0] for path in contents()}.isdisjoint({"tests", "var", ".git", "e2e", "docs"})


def test_each_image_runs_as_nobody_in_particular() -> None:
    for target in ("app", "gateway"):
        stage = next(one for one in DOCKERFILE.split("\nFROM ") if one.splitlines()[0].endswith(f"AS {target}"))
        assert re.findall(r"^USER (\d+):(\d+)$", stage, flags=re.MULTILINE)[-1] >= ("10001", "10001")


def test_the_image_has_the_packages_that_are_tested_and_those_for_azure() -> None:
    more = {one.partition("==")[0] for one in pins("requirements-azure.lock") - pins("requirements.lock")}

    assert pins("requirements-azure.lock") > pins("requirements.lock")
    assert more >= {"azure-identity", "mssql-python", "azure-monitor-opentelemetry-exporter"}
    (installed,) = re.findall(r"^RUN pip install .* -r (\S+)$", DOCKERFILE, flags=re.MULTILINE)
    assert installed == "requirements-azure.lock"


@pytest.mark.proof
def test_hadolint_finds_nothing_to_say_against_the_dockerfile(tmp_path: Path) -> None:
    def told(text: str) -> str:
        (tmp_path / "Dockerfile").write_text(text)
        return subprocess.run([BIN / "hadolint", tmp_path / "Dockerfile"], capture_output=True, text=True).stdout

    assert told(DOCKERFILE) == ""
    assert "DL3007" in told("FROM debian:latest\n")


@pytest.mark.proof
def test_the_web_process_of_the_chart_serves_and_is_not_ready_without_its_databases(image: Image) -> None:
    port = free_port()
    with image.running("web", GRANIAN_PORT=str(port)):
        # both of its workers: one that is told to stop while it starts is killed after its 25 seconds
        until(lambda: image.log("web").read_text().count("Started worker") == 2)
        assert requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).ok
        answer = requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5)
        assert answer.status_code == 503
        assert set(answer.json()["missing"]) >= {"billing", "saga", "queue"}
    lines = image.log("web").read_text().splitlines()
    assert lines and all(json.loads(line) for line in lines)


@pytest.mark.proof
@pytest.mark.parametrize("process", ["worker-billing", "worker-billing-exchange", "coordinator", "scheduler"])
def test_a_process_without_an_address_is_seen_to_go_round_without_database_and_queue(
    image: Image, process: str
) -> None:
    probe = program_of(rendered("one web"), process).container["livenessProbe"]["exec"]["command"]
    command = [word.replace("/var/cloudsales", str(image.var)) for word in probe]
    shutil.rmtree(image.var / "heartbeat", ignore_errors=True)

    def well() -> bool:
        return subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0

    assert not well()
    with image.running(process):
        until(well)
    (beat,) = (image.var / "heartbeat").iterdir()
    assert beat.name == process
    os.utime(beat, (time.time() - 400,) * 2)
    assert not well()
