"""Who may import whom: the contracts of setup.cfg hold, and each of them sees a planted violation."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from .reading import PACKAGES, ROOT

# A module, the import planted into it, and the contract that must see it. No domain holds reactions and exchanges both
# for certain, so these two plants bring their module along.
VIOLATIONS = (
    ("notifications.commands", "domains.billing.queries", "A domain never imports another"),
    ("kernel.money", "domains.accounts.queries", "the kernel knows none of them"),
    ("accounts.models", "domains.accounts.commands", "Inside a domain every import points down"),
    ("accounts.queries", "domains.accounts.commands", "Inside a domain every import points down"),
    ("support.commands", "flask", "Domains and sagas know nothing of the web"),
    ("users.commands", "saga.store", "Surfaces call sagas"),
)
SURFACES = (
    ("api/accounts.py", "portal.htmx", "Surfaces call sagas"),
    ("portal/accounts.py", "domains.billing.models", "Only a domain touches its own tables"),
    ("saga/flows/open_account.py", "domains.accounts.queries", "A saga flow reaches a domain through its commands"),
    ("saga/flows/open_account.py", "marshmallow", "Domains and sagas know nothing of the web"),
    ("portal/services.py", "sandbox.__main__", "We meet the sandbox over HTTP only"),
    ("sandbox/__init__.py", "domains.kernel.money", "it knows nothing of ours"),
)


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), folder / "setup.cfg", "--no-cache"]
    environ = os.environ | {"PYTHONPATH": str(folder)}
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)


def copied(folder: Path) -> Path:
    shutil.copy(ROOT / "setup.cfg", folder)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def module_file(folder: Path, module: str) -> Path:
    """The file of a domain's module, be it a file or a package by now."""
    path = folder / "domains" / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def test_the_contracts_are_kept() -> None:
    answer = lint(ROOT)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_each_contract_sees_a_planted_violation(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    plants = [(module_file(folder, module), name, contract) for module, name, contract in VIOLATIONS]
    plants += [(folder / path, name, contract) for path, name, contract in SURFACES]
    for path, name, _ in plants:
        with open(path, "a") as file:
            file.write(f"\nimport {name}\n")

    report = lint(folder).stdout

    kept = {line.strip() for line in report.splitlines() if line.endswith("KEPT")}
    assert not kept, f"these saw nothing: {kept}"
    for path, name, contract in plants:
        assert contract in report
        module = str(path.relative_to(folder)).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        target = name.removesuffix(".__main__")
        assert any(module in line and target in line for line in report.splitlines()), f"{module} -> {name}"


def test_a_stray_domain_or_file_is_seen(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    for path in ("domains/extra/__init__.py", "domains/accounts/policies.py"):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).touch()

    answer = lint(folder)

    assert answer.returncode != 0
    assert "domains.extra" in answer.stdout
    assert "domains.accounts.policies" in answer.stdout
