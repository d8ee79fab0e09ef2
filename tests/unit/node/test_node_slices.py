import os
import subprocess
import sys

import pytest
import structlog.testing

from node import slices

# What the kernel says of a thread once it asked; niceness first, for it is set by the same call.
TOLD = """
import ctypes, os, platform, struct
from node import slices
os.nice(3)
slices.shorten()
told = ctypes.create_string_buffer(48)
number = slices._CALLS[platform.machine()] + 1
assert not ctypes.CDLL(None).syscall(number, 0, told, 48, 0)
_, policy, _, niceness, _, runtime, _, _ = struct.unpack("=IIQiIQQQ", told)
print(policy, niceness - os.getpriority(os.PRIO_PROCESS, 0), niceness >= 3, runtime)
"""


def test_the_kernel_gives_short_slices_and_leaves_niceness_as_it_is():
    told = subprocess.run(
        [sys.executable, "-c", TOLD], check=True, capture_output=True, text=True
    ).stdout.split()
    assert told[:3] == [str(os.SCHED_OTHER), "0", "True"]
    release = tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])
    if release >= (6, 12):
        assert int(told[3]) == slices.SHORT


def test_where_it_is_forbidden_that_is_said_and_no_more():
    def forbidden(_):
        raise PermissionError("not permitted")

    with structlog.testing.capture_logs() as logs:
        slices.shorten(forbidden)
    assert [(line["event"], line["why"]) for line in logs] == [("no short slices", "not permitted")]


def test_a_machine_whose_call_is_not_known(monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "pdp11")
    with pytest.raises(OSError, match="pdp11"):
        slices.set_attributes(b"")
