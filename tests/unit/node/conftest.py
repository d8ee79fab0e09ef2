"""Tiny real children for the supervisor: they speak its protocol and do nothing else."""

import os
from pathlib import Path

import pytest

CHILD = """import sys
import os, signal, time
from pathlib import Path
from node.assignment import ChildEnd, Failed, Prepared, Ready

name, line = sys.argv[1], ChildEnd(int(sys.argv[2]))
here = Path(os.environ["CREW_DIR"])
behaviour = (here / "behaviour").read_text() if (here / "behaviour").exists() else ""
told = line.wait()
if told is None:
    sys.exit(0)
if behaviour == "refuse":
    line.report(Failed(f"{name} has no keys: make some"))
    sys.exit(1)
if behaviour == "crash":
    sys.exit(3)
if behaviour == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
with (here / f"{name}.told").open("a") as file:
    file.write(f"{os.getpid()} {told.restarts} {told.database} {told.sockets.ops} "
               f"{'IDNODE_DATABASE_URL' in os.environ}\\n")
line.report(Prepared())
line.report(Ready("/credentials" if name == "registry" else None))
while True:
    time.sleep(60)
"""


@pytest.fixture
def crew_dir(tmp_path) -> Path:
    """A directory in which the children of module `tiny_child` leave what they were told."""
    (tmp_path / "tiny_child.py").write_text(CHILD)
    return tmp_path


@pytest.fixture
def crew_environ(crew_dir) -> dict[str, str]:
    root = Path(__file__).parents[3]
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(crew_dir), str(root)]),
        "CREW_DIR": str(crew_dir),
        "PYTHONDONTWRITEBYTECODE": "1",
        "IDNODE_DATA_DIR": str(crew_dir / "var"),
        "IDNODE_DATABASE_URL": "postgresql://n:secret@127.0.0.1:1/none",
        "IDNODE_REDIS_URL": "none",
        "IDNODE_HANDLE_ADDR": "127.0.0.1:0",
        "IDNODE_HTTP_ADDR": "127.0.0.1:0",
        "IDNODE_REGISTRY_ADDR": "127.0.0.1:0",
        "IDNODE_OPS_ADDR": "127.0.0.1:0",
        "IDNODE_WORKERS": "2",
    }
