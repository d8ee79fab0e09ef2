"""Run a command as root of a container with Docker's default rights and no user namespaces.

Usage: ``container.py COMMAND…``, as root.  The container is a user namespace with the same numbers
inside as outside, in which no further one may be made and the capabilities are those that Docker
leaves.
"""

import ctypes
import os
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000
PR_CAPBSET_DROP = 24
# CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE, NET_RAW,
# SYS_CHROOT, MKNOD, AUDIT_WRITE, SETFCAP
DOCKER_CAPABILITIES = {0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31}

libc = ctypes.CDLL(None, use_errno=True)


def call(result: int) -> None:
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def map_all_ids(pid: int) -> None:
    for name in ("uid_map", "gid_map"):
        Path(f"/proc/{pid}/{name}").write_text("0 0 65536\n")


def main(command: list[str]) -> None:
    # the ids of a namespace are written from outside: by a helper, so that our pid stays
    unshared = os.pipe()
    us = os.getpid()
    helper = os.fork()
    if helper == 0:
        os.read(unshared[0], 1)
        map_all_ids(us)
        os._exit(0)
    call(libc.unshare(CLONE_NEWUSER))
    os.write(unshared[1], b"!")
    assert os.waitpid(helper, 0)[1] == 0
    for descriptor in unshared:
        os.close(descriptor)
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for capability in set(range(last + 1)) - DOCKER_CAPABILITIES:
        call(libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0))
    os.execv(command[0], command)  # noqa: S606 no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
