"""What figures of this machine have to be read beside."""

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1]


def facts() -> dict[str, Any]:
    """Return what the machine is, and how busy it was in the minute before."""
    cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = [line.partition(":")[2].strip() for line in cpuinfo if line.startswith("model name")]
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "processors": os.cpu_count(),
        "model": model[0] if model else platform.machine(),
        "memory_gib": round(pages / 2**30, 1),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def commit() -> str:
    """Return the commit that runs, with ``+`` when files differ from it; empty: not in a clone."""
    try:
        head = _git("rev-parse", "--short=12", "HEAD")
        return head + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def _git(*arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 -- our own clone
        ["git", "-C", str(_ROOT), *arguments],  # noqa: S607 -- wherever it is installed
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    return done.stdout.strip()
