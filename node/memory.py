"""How much memory this machine, or the container around us, has."""

import os
from pathlib import Path
from typing import Final

_CGROUP_LIMIT: Final = Path("/sys/fs/cgroup/memory.max")


def total(limit: Path = _CGROUP_LIMIT) -> int:
    """Return octets: those of the machine, or fewer where a control group (v2) says so."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        text = limit.read_text(encoding="ascii").strip()
    except OSError:  # another version of control groups, or none
        return machine
    return min(machine, int(text)) if text.isdigit() else machine
