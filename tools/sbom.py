"""Writes the list of all that an image holds (CycloneDX, JSON): Python packages by the lock, and vendored files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = "requirements-azure.lock"  # what the image installs
NAMED = re.compile(r"(?P<name>[a-z-]+)-(?P<version>\d[\d.]*?\d)(\.min)?\.(js|css|woff2)")


def sbom(root: Path = ROOT) -> dict[str, object]:
    """The document; the same tree gives the same one."""
    program = Path(sys.executable).with_name("cyclonedx-py")
    command = [program, "requirements", "--output-reproducible", "--of", "JSON", "--sv", "1.6", root / LOCK]
    made = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    name = "cloud-sales-system"
    made["metadata"]["component"] = {"type": "application", "name": name, "version": version(name), "bom-ref": name}
    made["components"] += [vendored(path) for path in sorted((root / "static" / "vendor").glob("*.*"))
                           if NAMED.fullmatch(path.name)]  # fmt: skip
    return made


def vendored(path: Path) -> dict[str, object]:
    """A file that others wrote and that we carry along, by the name and version it bears."""
    found = NAMED.fullmatch(path.name)
    assert found is not None
    content = sha256(path.read_bytes()).hexdigest()
    return {"type": "library", "name": found["name"], "version": found["version"], "bom-ref": path.name,
            "hashes": [{"alg": "SHA-256", "content": content}]}  # fmt: skip


if __name__ == "__main__":
    (ROOT / "var").mkdir(exist_ok=True)
    made = sbom()
    (ROOT / "var" / "sbom.json").write_text(json.dumps(made, indent=1), encoding="utf-8")
    print(f"sbom: {len(made['components'])} components in var/sbom.json")  # type: ignore[arg-type]  # noqa: T201
