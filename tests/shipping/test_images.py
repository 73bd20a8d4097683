"""What goes into the image is enough to run every process, with the rights and the variables that the chart gives it.

No image is built here, which would need a container engine and a registry. These tests do by hand what the Dockerfile
says after its packages are there, and start the processes on the result as somebody who may write nothing in it.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from installation import SECRETS, new_secret
from tests.architecture.reading import committed
from tests.servers import free_port

from .chart import CHART, ROOT, environment, programs, rendered

DOCKERFILE = (ROOT / "Dockerfile").read_text()
BIN = Path(sys.executable).parent
# Root may write everywhere: as in the chart, its processes have none of its powers.
UNPRIVILEGED = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] if os.geteuid() == 0 else []


def let_in() -> list[str]:
    """The files and folders that .dockerignore lets into the image."""
    return [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]


def contents() -> list[Path]:
    names = let_in()
    found = [
        path for path in committed() if any(f"{path.relative_to(ROOT)}/".startswith(f"{n.rstrip('/')}/") for n in names)
    ]
    return [path for path in found if path.suffix != ".mo"]


def variables(*targets: str) -> dict[str, str]:
    """What the ENV instructions of some targets set."""
    found: dict[str, str] = {}
    for stage in DOCKERFILE.split("\nFROM ")[1:]:
        if stage.splitlines()[0].split()[-1] in targets:
            for instruction in re.findall(r"^ENV ((?:.*\\\n)*.*)", stage, flags=re.MULTILINE):
                found |= dict(re.findall(r"([A-Z_]+)=(\S+)", instruction))
    return found


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


def test_the_gateways_template_that_is_shipped_is_the_one_that_is_tested() -> None:
    source, copy = ROOT / "gateway" / "nginx.conf.template", CHART / "files" / "nginx.conf.template"

    if source.exists():  # until then the chart's own is the only one
        assert copy.read_text() == source.read_text(), f"cp {source} {copy}"


@pytest.mark.proof
def test_hadolint_finds_nothing_to_say_against_the_dockerfile(tmp_path: Path) -> None:
    def told(text: str) -> str:
        (tmp_path / "Dockerfile").write_text(text)
        return subprocess.run([BIN / "hadolint", tmp_path / "Dockerfile"], capture_output=True, text=True).stdout

    assert told(DOCKERFILE) == ""
    assert "DL3007" in told("FROM debian:latest\n")


@dataclass
class Image:
    """The files of an image, laid out in a folder that its processes cannot write to."""

    app: Path
    var: Path

    def environment(self, process: str) -> dict[str, str]:
        """The image's variables and the chart's, on this machine."""
        objects = rendered("one web")
        program = next(one for one in programs(objects) if one.name == process)
        given = variables("runtime", "app") | environment(objects, program)
        given |= {
            "PATH": f"{BIN}:/usr/bin:/bin", "PYTHONPATH": str(self.app), "GRANIAN_HOST": "127.0.0.1",
            "CLOUDSALES_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/{domain}?sslmode=verify-full",
        }  # fmt: skip
        places = {"/mnt/secrets": self.var / "given", "/var/cloudsales": self.var, "/app/": f"{self.app}/"}
        for here, there in places.items():
            given = {name: value.replace(here, str(there)) for name, value in given.items()}
        return given

    @contextmanager
    def running(self, process: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
        """A process of the chart, started as it says and stopped as Kubernetes would."""
        program = next(one for one in programs(rendered("one web")) if one.name == process)
        command = [*UNPRIVILEGED, *program.container["command"]]
        with open(self.var / "log", "w") as log:
            started = subprocess.Popen(
                command, cwd=self.app, env=self.environment(process) | more, stdout=log, stderr=log
            )
        try:
            yield started
            started.send_signal(signal.SIGTERM)
            assert started.wait(30) == 0, (self.var / "log").read_text()
        finally:
            started.kill()
            started.wait()


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    app, var = tmp_path_factory.mktemp("image") / "app", tmp_path_factory.mktemp("var")
    for path in contents():
        (app / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, app / path.relative_to(ROOT))
    subprocess.run([sys.executable, "tools/translations.py", "compile"], cwd=app, check=True)
    subprocess.run([sys.executable, "-m", "compileall", "-q", app], check=True)
    (var / "given").mkdir()
    made = {name.upper(): new_secret(name) for name in SECRETS}
    made |= {"QUEUE_URL": "rediss://127.0.0.1:1/0", "SMTP_URL": "smtp://127.0.0.1:1"}
    for name, text in made.items():
        (var / "given" / name).write_text(text)
    subprocess.run(["chmod", "-R", "a-w", app], check=True)
    yield Image(app, var)
    subprocess.run(["chmod", "-R", "u+w", app], check=True)


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


def answered(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except OSError:
        return 0, b""
    finally:
        connection.close()


@pytest.mark.proof
def test_the_web_process_of_the_chart_serves_and_is_not_ready_without_its_databases(image: Image) -> None:
    port = free_port()
    with image.running("web", GRANIAN_PORT=str(port)):
        # both of its workers: one that is told to stop while it starts is killed after its 25 seconds
        until(lambda: (image.var / "log").read_text().count("Started worker") == 2)
        assert answered(port, "/healthz")[0] == 200
        status, body = answered(port, "/readyz")
        assert status == 503
        assert set(json.loads(body)["missing"]) >= {"billing", "saga", "queue"}
    lines = (image.var / "log").read_text().splitlines()
    assert lines and all(json.loads(line) for line in lines)


@pytest.mark.proof
@pytest.mark.parametrize("process", ["worker-billing", "worker-services-exchange", "coordinator", "scheduler"])
def test_a_process_without_an_address_is_seen_to_go_round_without_database_and_queue(
    image: Image, process: str
) -> None:
    program = next(one for one in programs(rendered("one web")) if one.name == process)
    command = [
        word.replace("/var/cloudsales", str(image.var))
        for word in program.container["livenessProbe"]["exec"]["command"]
    ]
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
