"""Children that lead sessions of their own stand back as far as the server that they belong to."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.embedded.ranks import rank_children
from storage.embedded.spawn import rank_session

SERVER = """
import os, subprocess, sys
os.nice(5)
told = "import os; os.setsid(); print(os.getpid(), flush=True); input()"
subprocess.Popen([sys.executable, "-c", told]).wait()
"""


@pytest.fixture
def server() -> Iterator[tuple[int, int]]:
    """The ids of a niced process and of its child, which leads a session of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.pid, int(process.stdout.readline())
        process.stdin.write("\n")
        process.stdin.close()


def rank(process: int) -> str:
    """What the kernel tells of the session of a process; empty where it weighs none."""
    try:
        return Path(f"/proc/{process}/autogroup").read_text(encoding="ascii")
    except FileNotFoundError:
        return ""


def test_the_session_of_a_child_has_its_niceness(server: tuple[int, int]) -> None:
    parent, child = server
    expected = f" nice {os.nice(0) + 5}\n"
    for _ in range(2):  # the second time there is nothing left to do
        rank_children(parent)
        told = rank(child)
        assert not told or told.endswith(expected)


def test_who_has_ended_has_no_children_and_no_rank() -> None:
    with subprocess.Popen(["/bin/true"]) as ended:
        pass
    rank_children(ended.pid)
    assert rank_session(ended.pid, 5)
