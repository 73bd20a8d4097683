"""The machine it was measured on, and a yardstick for comparing it with another."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import subprocess
import time
from pathlib import Path
from typing import Any

from gateway import nginx


def facts() -> dict[str, Any]:
    """What the figures depend on. No names of hosts."""
    information = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*:\s*(.+)", information)
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    return {
        "cores": len(os.sched_getaffinity(0)), "processor": model[1] if model else platform.machine(),
        "memory_gb": round(int(memory[1]) / 1e6, 1) if memory else None, "python": platform.python_version(),
        "gateway": nginx_version() or "none", "hashes_per_cpu_s": hashes(),
    }  # fmt: skip


def nginx_version() -> str:
    program = nginx.installed()
    if program is None:
        return ""
    return subprocess.run([program, "-v"], capture_output=True, text=True, check=True).stderr.strip().rpartition(" ")[2]


def hashes(seconds: float = 0.5) -> int:
    """How many SHA-256 digests of 1 KB a bare loop makes in a second of CPU: other work beside it hardly changes it."""
    block, made, start = b"x" * 1000, 0, time.process_time()
    while (spent := time.process_time() - start) < seconds:
        for _ in range(100):
            hashlib.sha256(block).digest()
        made += 100
    return round(made / spent)
