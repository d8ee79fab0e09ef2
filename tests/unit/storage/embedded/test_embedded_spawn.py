"""The shim: what a command sees that was started through it, and when it is ended."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from storage.embedded import spawn
from storage.embedded.identity import Account, Plain, UserNamespace
from storage.embedded.process import ending_with_parent, output_of

SHIM = spawn.__file__


def run(
    mode: str, *command: str, parent: int | None = None, niceness: int = 0
) -> subprocess.CompletedProcess[str]:
    own = os.getpid() if parent is None else parent
    shim = [sys.executable, "-I", "-S", SHIM, mode, "KILL", str(own), str(niceness), *command]
    return subprocess.run(shim, capture_output=True, text=True, check=False, start_new_session=True)


async def test_plain_changes_nothing_but_the_death_signal() -> None:
    status, said = await output_of(["/usr/bin/id", "-u"], identity=Plain())
    assert (status, said) == (0, str(os.geteuid()))


@pytest.mark.usefixtures("root")
async def test_in_a_user_namespace_the_command_is_not_root() -> None:
    status, said = await output_of(["/usr/bin/id", "-u"], identity=UserNamespace())
    assert (status, said) == (0, "65534")


@pytest.mark.usefixtures("root")
async def test_files_made_in_a_user_namespace_stay_ours(tmp_path: Path) -> None:
    made = tmp_path / "made"
    await output_of(["/usr/bin/touch", str(made)], identity=UserNamespace())
    assert made.stat().st_uid == os.geteuid()


@pytest.mark.usefixtures("root")
async def test_an_account_has_its_ids_and_no_other_groups() -> None:
    status, said = await output_of(["/usr/bin/id"], identity=Account(uid=65534, gid=12345))
    assert status == 0
    assert said.startswith("uid=65534")
    assert said.endswith("groups=12345")


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(("reach", "expected"), [(False, 1), (True, 0)])
async def test_reach_is_the_right_to_pass_closed_directories(
    tmp_path: Path,
    reach: bool,  # noqa: FBT001 a parameter of the table
    expected: int,
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "file").touch(mode=0o600)
    account = Account(uid=65534, gid=65534, reach=reach)
    status, _ = await output_of(["/usr/bin/test", "-r", str(closed / "file")], identity=account)
    assert status == expected


async def test_the_command_sees_signals_as_a_shell_would_start_it() -> None:
    command = ["/bin/grep", "-E", "Sig(Ign|Blk)", "/proc/self/status"]
    # As a background job of a shell has it, and so does a node that was started in one.
    before = signal.signal(signal.SIGQUIT, signal.SIG_IGN)
    try:
        _, said = await output_of(command, identity=Plain())
    finally:
        signal.signal(signal.SIGQUIT, before)
    # Signals that are the C library's own cannot be set by anybody.
    known = sum(1 << (number - 1) for number in signal.valid_signals())
    assert [int(line.split()[1], 16) & known for line in said.splitlines()] == [0, 0]


async def test_the_signal_is_the_one_asked_for() -> None:
    script = (
        "import ctypes; v = ctypes.c_int(); ctypes.CDLL(None).prctl(2, ctypes.byref(v), 0, 0, 0)"
    )
    command = [sys.executable, "-c", f"{script}; print(v.value)"]
    shim = ending_with_parent(command, death_signal=signal.SIGINT, identity=Plain())
    process = await asyncio.create_subprocess_exec(*shim, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    assert int(said) == signal.SIGINT


def test_it_ends_when_the_parent_is_already_gone() -> None:
    done = run("plain", "/bin/echo", "still here", parent=1 if os.getpid() != 1 else 2)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "parent already ended\n")


def test_a_command_that_does_not_exist_is_told_in_one_line() -> None:
    done = run("plain", "/nonexistent/server")
    assert done.returncode == 1
    assert done.stderr.startswith("cannot run /nonexistent/server in mode plain: [Errno 2]")
    assert done.stderr.count("\n") == 1


def test_niceness_is_that_of_the_command_and_of_its_session() -> None:
    told = run("plain", "/bin/cat", "/proc/self/stat", niceness=7).stdout
    expected = min(os.nice(0) + 7, 19)
    assert int(told.rpartition(")")[2].split()[16]) == expected
    session = run("plain", "/bin/cat", "/proc/self/autogroup", niceness=7)
    # A kernel without groups of sessions has no such file, or nothing in it.
    assert not session.stdout or session.stdout.endswith(f" nice {expected}\n")


def test_where_nobody_may_be_niced_it_runs_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A filter of system calls may forbid it, as ``SystemCallFilter=~@resources`` of systemd."""

    def forbidden(_: int) -> int:
        raise PermissionError(1, "Operation not permitted")

    ran: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(os, "nice", forbidden)
    monkeypatch.setattr(os, "execv", lambda path, command: ran.append((path, command)))
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(spawn, "_call", lambda *_: None)
    spawn.main(["plain", "KILL", str(os.getppid()), "5", "/bin/true"])
    assert ran == [("/bin/true", ["/bin/true"])]


def test_without_niceness_nothing_stands_back() -> None:
    told = run("plain", "/bin/cat", "/proc/self/stat").stdout
    assert int(told.rpartition(")")[2].split()[16]) == os.nice(0)


def test_an_unknown_mode_is_a_fault_of_the_caller() -> None:
    done = run("wheel", "/bin/true")
    assert "unknown mode 'wheel'" in done.stderr
    assert done.returncode != 0
