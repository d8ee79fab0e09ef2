"""The commands of docs/administration.md, from nothing to a change by a key of another node."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs/administration.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("### From nothing, on one machine")[2].partition("\n## ")[0]
BLOCKS = re.findall(r"^```sh\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL)
PORTS = ("2641", "8000", "8080", "9641", "2741", "8100", "8180", "9741")


def free_ports(count):
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [str(each.getsockname()[1]) for each in taken]


def script():
    """Return the commands of the page with free ports in place of its own."""
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    text = "\n".join(BLOCKS)
    return re.sub(rf"\b({'|'.join(PORTS)})\b", lambda found: ports[found[0]], text)


async def test_the_walk_through_of_two_nodes(tmp_path):
    assert len(BLOCKS) == 4
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("IDNODE_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{inherited['PATH']}"
    process = subprocess.Popen(  # noqa: ASYNC220 -- returns at once
        ["/bin/bash", "-euo", "pipefail", "-c", script()],
        cwd=tmp_path,
        env=inherited | {"PATH": path, "IDNODE_WORKERS": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # what a failed command leaves running is ended with it
    )
    try:
        out, err = await asyncio.to_thread(process.communicate, timeout=120)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    finally:
        if process.returncode:
            with suppress(ProcessLookupError):  # nothing was left
                os.killpg(process.pid, signal.SIGTERM)
    assert process.returncode == 0, err
    lines = out.splitlines()
    assert lines[0] == "300:88.300.7/ADMIN"
    assert lines[1:5] == ["1", "88.300.7", "88.300.7", "2"]
    assert "https://after.example/" in lines[-2]
    assert "HS_ADMIN" in lines[-1]
