"""Secrets are made once and kept private; a start that cannot work is refused in one clear line."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import doctor
import installation
import topology
from domains.kernel.config import Settings

pytestmark = pytest.mark.slow


def cloudsales(*arguments: str, var: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDSALES_")}
    return subprocess.run(
        [sys.executable, Path(installation.__file__).with_name("cli.py"), *arguments],
        env=inherited | {"CLOUDSALES_VAR": str(var)} | environ,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_secrets_are_made_once_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    first = installation.with_secrets(Settings(var=str(tmp_path)))
    second = installation.with_secrets(Settings(var=str(tmp_path)))

    assert first == second
    assert len({getattr(first, name) for name in installation.SECRETS}) == len(installation.SECRETS)
    assert json.loads(first.token_key)["crv"] == "P-256"
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()} == {0o600}


def test_a_secret_that_is_given_is_not_made(tmp_path: Path) -> None:
    settings = installation.with_secrets(Settings(var=str(tmp_path), audit_key="given"))

    assert settings.audit_key == "given"
    assert not (tmp_path / "secrets" / "audit_key").exists()


@pytest.mark.slow
def test_a_new_sealing_key_comes_first_and_the_old_ones_still_open(tmp_path: Path) -> None:
    before = installation.with_secrets(Settings(var=str(tmp_path))).sealing_keys

    cloudsales("migrate", var=tmp_path)
    rotated, resealed = (cloudsales("secrets", action, var=tmp_path) for action in ("rotate", "reseal"))

    after = installation.with_secrets(Settings(var=str(tmp_path))).sealing_keys
    assert "restart every process" in rotated.stdout and after.endswith(f",{before}") and after.count(":") == 2
    assert (tmp_path / "secrets" / "sealing_keys").stat().st_mode & 0o777 == 0o600
    assert resealed.returncode == 0 and resealed.stdout.startswith("secrets: all are under the first key")


def test_sealing_keys_from_outside_are_rotated_outside(tmp_path: Path) -> None:
    refused = cloudsales(
        "secrets", "rotate", var=tmp_path, CLOUDSALES_SEALING_KEYS=installation.new_secret("sealing_keys")
    )

    assert refused.returncode == 2 and "the sealing keys come from outside" in refused.stderr


def test_settings_survive_the_way_through_the_environment(settings: Settings) -> None:
    moved = replace(settings, provider_timeout=2.5, overrides={"database_url_billing": "sqlite:///elsewhere"})

    assert Settings.from_env(topology.as_environment(moved)) == moved


def test_a_taken_port_is_one_clear_line_and_exit_status_2(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        answer = cloudsales("up", "--port", str(port), var=tmp_path)

    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    assert re.search(rf"port {port} \((gateway|web)\) is taken", answer.stderr)


def test_a_folder_in_use_is_one_clear_line_and_exit_status_2(tmp_path: Path) -> None:
    with installation.hold_folder(tmp_path):
        answer = cloudsales("up", "--port", "28500", var=tmp_path)

    assert (answer.returncode, answer.stderr.count("\n")) == (2, 1)
    assert "another `cloudsales up` runs" in answer.stderr


def test_a_misspelt_setting_is_named(tmp_path: Path) -> None:
    answer = cloudsales("flows", var=tmp_path, CLOUDSALES_QUEUE_ULR="redis://x")

    assert answer.returncode == 1
    assert answer.stderr.startswith("CLOUDSALES_QUEUE_ULR is not a setting")


@pytest.mark.parametrize("command", ["up", "migrate", "seed", "worker", "coordinator", "scheduler", "sandbox", "audit",
                                     "republish", "openapi", "flows", "doctor"])  # fmt: skip
def test_every_command_explains_itself(command: str, tmp_path: Path) -> None:
    answer = cloudsales(command, "--help", var=tmp_path)

    assert answer.returncode == 0
    assert f"cloudsales {command}" in answer.stdout or f"cli.py {command}" in answer.stdout


def test_the_doctor_names_what_is_missing_and_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    secret = tmp_path / "secrets" / "audit_key"
    secret.parent.mkdir()
    secret.write_text("open to all")
    secret.chmod(0o644)

    findings = {finding.what: finding for finding in doctor.examine(Settings(var=str(tmp_path)), 28600)}

    assert "apt-get install chromium" in str(findings["Chromium (end-to-end tests)"])
    assert str(findings["secrets are private"]).startswith("MISSING")


def test_the_doctor_tells_of_a_database_it_cannot_reach(tmp_path: Path) -> None:
    settings = Settings(var=str(tmp_path), database_url=f"postgresql+psycopg://nobody@/{{domain}}?host={tmp_path}")

    lines = [str(finding) for finding in doctor.examine(settings, 28600)]

    assert sum(line.startswith("MISSING  database") for line in lines) == 8


def test_half_a_demo_is_forgotten_before_it_is_played_again(tmp_path: Path) -> None:
    settings = Settings(var=str(tmp_path))
    made = ("db/users.sqlite3", "queue/x.aof", "sandbox.sqlite3", "sandbox.sqlite3-wal", "secrets/audit_key")
    for name in made:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    topology._forget_half_a_demo(settings, print)
    assert (tmp_path / "db/users.sqlite3").exists()

    (tmp_path / "seeding").touch()
    topology._forget_half_a_demo(settings, print)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secrets", "seeding"]


def test_half_a_demo_on_a_server_is_left_to_its_owner(tmp_path: Path) -> None:
    (tmp_path / "seeding").touch()

    with pytest.raises(topology.CannotRun, match="empty the databases"):
        topology._forget_half_a_demo(Settings(var=str(tmp_path), database_url="postgresql://x/{domain}"), print)
