"""What a child process runs: ``python -m node.child NAME LINE``, started by the supervisor.

Everything is imported before the line is read, so that importing runs beside the start of the
servers.
"""

import sys
from collections.abc import Sequence

import structlog
import uvloop

from edge.tls import UnfitTls
from identifiers.errors import StoreUnavailable
from node import config, lifecycle, log, wiring
from node.assignment import ChildEnd, Failed, Prepared, Ready
from node.keys import UnfitKey
from node.refusals import NotDone
from node.roots import CannotHome
from storage.postgres import Unsuitable

_log = structlog.get_logger(__name__)


def main(arguments: Sequence[str]) -> int:
    """Do what the supervisor assigns, until SIGTERM. Returns the exit status."""
    name, line = arguments[0], ChildEnd(int(arguments[1]))
    assignment = line.wait()
    if assignment is None:
        return 0
    settings = config.load(assignment.settings)
    log.configure(settings.log_level, name)
    try:
        uvloop.run(
            lifecycle.live(
                assignment,
                settings,
                wiring.ROLES[assignment.role],
                prepared=lambda: line.report(Prepared()),
                ready=lambda credentials: line.report(Ready(credentials)),
                counted=line.offer,
            )
        )
    except (StoreUnavailable, Unsuitable, UnfitKey, UnfitTls, CannotHome, NotDone) as why:
        line.report(Failed(str(why)))
        return 1
    except Exception:  # noqa: BLE001 -- the supervisor starts another; the reason is in the log
        _log.exception("child failed")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
