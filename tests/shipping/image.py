"""The files of the images laid out by hand, and the chart's processes started on them with nobody's rights.

No image is built here, which would need a container engine and a registry. This does what the Dockerfile says after its
packages are there; who is started may write nothing in it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from installation import SECRETS, new_secret
from tests.architecture.reading import committed

from .chart import ROOT, environment, program_of, rendered

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


@dataclass
class Image:
    """The files of an image, laid out in a folder that its processes cannot write to."""

    app: Path
    var: Path

    def environment(self, process: str) -> dict[str, str]:
        """The image's variables and the chart's, on this machine."""
        objects = rendered("one web")
        given = variables("runtime", "app") | environment(objects, program_of(objects, process))
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
        command = program_of(rendered("one web"), process).container["command"]
        with self.started(process, command, self.environment(process) | more, signal.SIGTERM) as started:
            yield started

    @contextmanager
    def started(
        self, name: str, command: list[str], environ: dict[str, str], stop: signal.Signals
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A command that runs on these files, and ends well when it is told to."""
        with open(self.log(name), "w") as log:
            started = subprocess.Popen([*UNPRIVILEGED, *command], cwd=self.app, env=environ, stdout=log, stderr=log)
        try:
            yield started
            started.send_signal(stop)
            assert started.wait(30) == 0, self.log(name).read_text()
        finally:
            started.kill()
            started.wait()

    def log(self, name: str) -> Path:
        return self.var / f"{name}.log"


@contextmanager
def laid_out(app: Path, var: Path) -> Iterator[Image]:
    """The files of the image in `app`, and in `var` what Kubernetes would mount, within the `with`."""
    for path in contents():
        (app / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, app / path.relative_to(ROOT))
    subprocess.run([sys.executable, "tools/translations.py", "compile"], cwd=app, check=True)
    subprocess.run([sys.executable, "-m", "compileall", "-q", app], check=True)
    (var / "given").mkdir()
    away = {
        "QUEUE_URL": "rediss://127.0.0.1:1/0",
        "CACHE_URL": "rediss://127.0.0.1:2/0",
        "SMTP_URL": "smtp://127.0.0.1:1",
    }
    for name, text in ({name.upper(): new_secret(name) for name in SECRETS} | away).items():
        (var / "given" / name).write_text(text)
    subprocess.run(["chmod", "-R", "a-w", app], check=True)
    yield Image(app, var)
    subprocess.run(["chmod", "-R", "u+w", app], check=True)


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)
