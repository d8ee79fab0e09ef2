"""Processes of a server that begin sessions of their own stand back as far as the server does.

PostgreSQL makes each of its processes the leader of a session.  Niceness is inherited, the rank of
a session is not (`spawn.rank_session`).
"""

from pathlib import Path

from storage.embedded.spawn import rank_session


def rank_children(server: int) -> None:
    """Give the session of each child the niceness that the child has; what is left waits."""
    for child in _children(server):
        niceness = _niceness(child)
        if niceness is None or _rank(child) in {None, niceness}:
            continue
        if not rank_session(child, niceness):
            return  # the next look goes on


def _children(process: int) -> list[int]:
    try:
        found = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    except OSError:  # it has ended, or the kernel has no such list
        return []
    return [int(child) for child in found.split()]


def _niceness(process: int) -> int | None:
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2]
    except OSError:  # it has ended
        return None
    return int(fields.split()[16])  # proc_pid_stat(5): the 19th; two stand before


def _rank(process: int) -> int | None:
    """Return the niceness of a process's session; None: the kernel does not weigh sessions."""
    try:
        told = Path(f"/proc/{process}/autogroup").read_text(encoding="ascii")
    except OSError:  # as above, or it has ended
        return None
    rank = told.rpartition(" nice ")[2].strip()
    return int(rank) if rank else None
