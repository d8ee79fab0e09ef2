"""Become another program, one that ends when its parent does.

Run as ``python -I -S spawn.py MODE SIGNAL PARENT NICENESS COMMAND…`` by
`process.ending_with_parent`; it stands alone, has one thread (which ``unshare`` requires) and
replaces itself by COMMAND.

MODE says as whom, since PostgreSQL refuses to run as root:

- ``plain``: as the caller.
- ``userns``: in a user namespace of its own, where the caller appears as uid 65534.  Outside
  nothing changes: files stay the caller's, the modes of directories are no obstacle.
- ``drop:UID:GID``: as that user, without supplementary groups.
- ``drop:UID:GID:reach``: the same, but keeping the right to pass directories that are closed to
  the user (``CAP_DAC_OVERRIDE``), for programs or data below a private home.

SIGNAL (``INT``, ``TERM``, ``KILL``, …) is what the kernel sends to COMMAND when the *thread* that
started this process ends, see prctl(2), ``PR_SET_PDEATHSIG``.  PARENT is the pid of the caller: if
that is no longer our parent, it ended before we could ask for the signal, and so do we.

NICENESS is added to the caller's, 0 to 19.  Other than 0 is for the leader of a session only: where
the kernel weighs sessions, it is the whole session that stands back.  Where that is forbidden, a
line on stderr says so, and COMMAND runs as it is.
"""

import ctypes
import os
import signal
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

# <sched.h>, <linux/prctl.h>, <linux/securebits.h>, <linux/capability.h>
_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1
_PR_SET_SECUREBITS = 28
_SECBIT_NO_SETUID_FIXUP = 1 << 2
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_LINUX_CAPABILITY_VERSION_3 = 0x20080522

_UID_INSIDE = 65534  # "nobody": any but 0 will do, and this one has a name everywhere

_TRIES = 10
_APART = 0.1

_libc = ctypes.CDLL(None, use_errno=True)
_libc.prctl.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)


def _call(function: Callable[..., int], *arguments: Any) -> None:
    if function(*arguments) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _enter_user_namespace() -> None:
    uid, gid = os.geteuid(), os.getegid()
    _call(_libc.unshare, _CLONE_NEWUSER)
    # "deny" first: user_namespaces(7) asks for it before an unprivileged gid_map
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{_UID_INSIDE} {uid} 1"),
        ("gid_map", f"{_UID_INSIDE} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 pathlib would double the start-up time
            file.write(line)


def _become(uid: int, gid: int, *, reach: bool) -> None:
    if reach:
        # keep capabilities over setuid(), and let access(2) count them, which PostgreSQL asks
        # about its own program
        _call(_libc.prctl, _PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if reach:
        # effective, permitted, inheritable of capabilities 0-31, then of 32-63; ambient last,
        # because only ambient capabilities outlive execve(2) for another user than root
        mask = 1 << _CAP_DAC_OVERRIDE
        header = struct.pack("=Ii", _LINUX_CAPABILITY_VERSION_3, 0)
        _call(_libc.capset, header, struct.pack("=6I", mask, mask, mask, 0, 0, 0))
        _call(_libc.prctl, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)


def _change_identity(mode: str) -> None:
    match mode.split(":"):
        case ["plain"]:
            pass
        case ["userns"]:
            _enter_user_namespace()
        case ["drop", uid, gid]:
            _become(int(uid), int(gid), reach=False)
        case ["drop", uid, gid, "reach"]:
            _become(int(uid), int(gid), reach=True)
        case _:
            raise ValueError(f"unknown mode {mode!r}")


def rank_session(process: int | str, niceness: int) -> bool:
    """Have the session of a process weigh as little as its niceness says.

    Where the kernel groups processes by session, niceness counts between those of one session
    only, and each session has a niceness of its own: sched(7), "The autogroup feature".  False: the
    kernel takes no such order now, and will in a moment.
    """
    try:
        with open(f"/proc/{process}/autogroup", "w", encoding="ascii") as file:  # noqa: PTH123 as above
            file.write(str(niceness))
    except BlockingIOError:  # one in a tenth of a second from all who are not root together
        return False
    except OSError:  # no such groups in this kernel or container, or it has ended: nothing to rank
        return True
    return True


def _stand_back(niceness: int) -> None:
    try:
        niceness = os.nice(niceness)
    except OSError as error:  # a filter of system calls forbids it: no reason not to run
        sys.stderr.write(f"niceness stays as it is: {error}\n")
        return
    for _ in range(_TRIES):
        if rank_session("self", niceness):
            return
        time.sleep(_APART)


def main(arguments: list[str]) -> None:
    """Replace this process by the command; exits with a line on stderr where that fails."""
    mode, death, parent, niceness, *command = arguments
    try:
        if int(niceness):
            _stand_back(int(niceness))
        _change_identity(mode)
        # After the change of identity: the kernel clears the setting with it.
        _call(_libc.prctl, _PR_SET_PDEATHSIG, signal.Signals[f"SIG{death}"].value, 0, 0, 0)
        if os.getppid() != int(parent):
            sys.exit("parent already ended")
        # What is ignored stays ignored over execve(2): Python ignores two signals, and a shell two
        # others for what it runs in the background.
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_DFL)
        os.execv(command[0], command)  # noqa: S606 no shell is wanted
    except OSError as error:
        sys.exit(f"cannot run {command[0]} in mode {mode}: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
