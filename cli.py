"""`cloudsales`: every command an operator or a container runs. Each one calls one function elsewhere.

Imports stand inside the commands, so that a worker loads no web framework and `--help` loads nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from domains.kernel.config import Settings, SettingsError

Command = Callable[[Settings, argparse.Namespace], int | None]


def up(settings: Settings, given: argparse.Namespace) -> int | None:
    """Run everything on this machine: queue, sandbox, web, workers, coordinator, scheduler, gateway."""
    import topology

    return topology.up(settings, given.port, given.topology)


def migrate(settings: Settings, given: argparse.Namespace) -> int | None:
    """Bring the databases of this process's domains to the newest revision."""
    from migrations import migrate

    migrate(settings, (*settings.domain_names, "saga"), sql=given.sql)
    return 0


def seed(settings: Settings, given: argparse.Namespace) -> int | None:
    """Fill empty databases with the demo. Refused in production: its people have a password that everybody knows."""
    from demo.seed import run

    if settings.is_production:
        raise SettingsError("CLOUDSALES_MODE is production: the demo's people have a password that everybody knows")
    run(settings)
    return 0


def code(settings: Settings, given: argparse.Namespace) -> int | None:
    """Print the code that the authenticator app of one of the demo's people shows now."""
    from demo.codes import shown

    found = shown(settings.var, given.email)
    print(found or f"{given.email} has no authenticator app in {settings.var}/demo.json")
    return 0 if found else 1


def worker(settings: Settings, given: argparse.Namespace) -> int | None:
    """Perform the commands of one domain's queue."""
    from saga import worker

    worker.run(settings, given.domain, given.domain + (f"-{given.queue}" if given.queue else ""))
    return 0


def coordinator(settings: Settings, given: argparse.Namespace) -> int | None:
    """Drive the runs of all sagas."""
    from saga import coordinator

    coordinator.run(settings)
    return 0


def scheduler(settings: Settings, given: argparse.Namespace) -> int | None:
    """Start what must happen by the clock."""
    from saga import scheduler

    scheduler.run(settings)
    return 0


def sandbox(settings: Settings, given: argparse.Namespace) -> int | None:
    """Run the sandbox provider alone."""
    database = Path(settings.var) / "sandbox.sqlite3"
    secrets = {
        "SANDBOX_CLIENT_ID": settings.provider_client_id,
        "SANDBOX_CLIENT_SECRET": settings.provider_client_secret,
    }
    command = [sys.executable, "-m", "sandbox", "--host", given.host, "--port", str(given.port + 1)]
    command += ["--database", str(database)]
    if not settings.is_production:
        command.append("--demo")
    os.execve(sys.executable, command, {**os.environ, **secrets})


def audit(settings: Settings, given: argparse.Namespace) -> int | None:
    """Verify the audit chains: prints one line per fault, exit status 1 when there is one.

    `anchor` instead lets heads leave the database that no anchor knows, after somebody has looked into it.
    """
    from importlib import import_module

    from domains.kernel.database import bind
    from domains.kernel.sealing import anchor, verify

    bind(settings)
    databases = [import_module(f"domains.{name}.models").db for name in settings.domain_names]
    databases.append(import_module("saga.tables").db)
    if given.action == "anchor":
        print(f"audit trail: {sum(map(anchor, databases))} heads that no anchor knew have left their databases")
        return 0
    faults = [fault for database in databases for fault in verify(database, settings.audit_key)]
    if "notifications" in settings.domain_names:
        copies = import_module("domains.notifications.queries")
        faults += [fault for database in databases for fault in copies.copy_faults(database)]
    print("\n".join(faults) or f"audit trail: no fault in {', '.join(database.name for database in databases)}")
    return 1 if faults else 0


def secrets(settings: Settings, given: argparse.Namespace) -> int | None:
    """Rotate the key that seals kept secrets; reseal: move what is kept under it (exit status 1 when one stays)."""
    from importlib import import_module

    import installation
    from domains.kernel.database import bind
    from domains.kernel.resealing import reseal

    if given.action == "rotate":
        path = installation.raise_sealing_key(settings)
        print(f"{path} begins with a new key: restart every process, then run `cloudsales secrets reseal`")
        return 0
    bind(settings)
    faults = [f for name in settings.domain_names for f in reseal(import_module(f"domains.{name}.models").db)]
    print("\n".join(faults) or "secrets: all are under the first key; the others can be dropped")
    return 1 if faults else 0


def republish(settings: Settings, given: argparse.Namespace) -> int | None:
    """Have the events of this process's domains sent again; whoever has reacted to one before leaves it aside."""
    from importlib import import_module

    from domains.kernel.database import bind
    from saga import relay

    bind(settings)
    for name in settings.domain_names:
        count = relay.republish(import_module(f"domains.{name}.models").db, since=given.since)
        print(f"{name}: {count} events are sent again by its worker")
    return 0


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def openapi(settings: Settings, given: argparse.Namespace) -> int | None:
    """Print the API's description, or write it to a file."""
    import json

    from api import openapi_document

    text = json.dumps(openapi_document(settings), indent=2, ensure_ascii=False) + "\n"
    if given.output:
        Path(given.output).write_text(text, encoding="utf-8")
    else:
        print(text, end="")
    return 0


def flows(settings: Settings, given: argparse.Namespace) -> int | None:
    """Print each saga's flow as a table."""
    from saga.flows import describe

    print(describe())
    return 0


def doctor(settings: Settings, given: argparse.Namespace) -> int | None:
    """Say what this machine lacks and how to get it; exit status 1 when the system cannot run."""
    import doctor

    findings = list(doctor.examine(settings, given.port))
    print("\n".join(map(str, findings)))
    return 1 if any(finding.needed and not finding.found for finding in findings) else 0


def arguments() -> argparse.ArgumentParser:
    """The command line's grammar."""
    parser = argparse.ArgumentParser(prog="cloudsales", description=__doc__.split(".")[0] + ".")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(command: Command) -> argparse.ArgumentParser:
        made = commands.add_parser(command.__name__, help=command.__doc__, description=command.__doc__)
        made.set_defaults(run=command)
        return made

    for command in (up, sandbox, doctor):
        port = os.environ.get("PORT") or "8000"  # a text, so that argparse checks it as it checks an argument
        made = add(command)
        made.add_argument("--port", type=int, default=port, help="first port (default: PORT or 8000)")
        if command is up:
            made.add_argument("--topology", choices=["one", "split"], default="one", help="one web process, or several")
        if command is sandbox:
            made.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    add(migrate).add_argument("--sql", action="store_true", help="print the statements, change nothing")
    chosen = add(worker)
    chosen.add_argument("--domain", required=True)
    chosen.add_argument("--queue", choices=["exchange"], help="the queue of exchanges with the outside")
    add(audit).add_argument("action", choices=["verify", "anchor"])
    add(secrets).add_argument("action", choices=["rotate", "reseal"])
    since = "only those put on the bus since then, as 2026-11-24T10:00 (UTC unless a zone is given); default: all"
    add(republish).add_argument("--since", type=_moment, metavar="TIME", help=since)
    for command, name in ((openapi, "--output"), (code, "email")):
        add(command).add_argument(name)
    for command in (seed, coordinator, scheduler, flows):
        add(command)
    return parser


def main() -> None:
    """Run the command that the command line names; one clear line instead of a traceback when it cannot."""
    import installation
    from domains.kernel.tenancy import Scope, work_as

    given = arguments().parse_args()
    try:
        settings = installation.with_secrets(Settings.from_env())
        work_as(Scope.system(given.command))
        sys.exit(given.run(settings, given))
    except installation.CannotStart as refusal:
        print(f"cloudsales: {refusal}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
