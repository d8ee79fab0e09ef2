"""Tiny real children for the supervisor: they speak its protocol and do nothing else."""

import os
from pathlib import Path

import pytest

CHILD = """import sys
import os, signal, time
from pathlib import Path
from node.assignment import ChildEnd, Counted, Failed, Prepared, Ready
from node.metrics import counter, gauge

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
    file.write(f"{os.getpid()} {told.settings.get('IDNODE_LOG_LEVEL')} {told.database} "
               f"{told.sockets.ops} {'IDNODE_DATABASE_URL' in os.environ}\\n")
if behaviour == f"slow {told.settings.get('IDNODE_LOG_LEVEL')}":
    time.sleep(60)
role = name.partition("-")[0]
if behaviour == f"refuse {told.settings.get('IDNODE_LOG_LEVEL')} {role}":
    line.report(Failed(f"{name} does not like that"))
    sys.exit(1)
def leave(*_):
    with (here / f"{name}.left").open("a") as file:
        file.write(f"{os.getpid()}\\n")
    sys.exit(0)
signal.signal(signal.SIGUSR2, leave)
def work(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass
line.report(Prepared())
if behaviour == "never ready":
    while True:
        line.offer(Counted(()))
        time.sleep(0.1)
line.report(Ready("/credentials" if name == "registry" else None))
answers = counter("answers_total", "", {(): 5})
while True:
    line.offer(Counted((answers, gauge("connections", "", {(): 1}))))
    time.sleep(0.1)
    if behaviour == f"works {name}":
        work(0.1)
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
