"""A real node reads its settings again under load: they hold everywhere, or nothing changes."""

import asyncio
import json
import os
import signal

import pytest

from tests.e2e.drivers import under_load
from tests.e2e.nodes import until

WORKERS = {"worker-0", "worker-1"}
CONNECTIONS = 12
"""New connections spread over the workers; so many to meet each of them."""
PAUSE = 0.05
"""Seconds: it is about whether answers are lost, and processes begin sooner beside less load."""
BROKEN = "IDNODE_LOG_LEVEL=loud\nIDNODE_LOGLEVEL=debug\n"


@pytest.fixture
async def file(tmp_path):
    path = tmp_path / "settings.env"
    path.write_text("IDNODE_LOG_LEVEL=warning\n")
    return path


@pytest.fixture
async def node(make_node, file):
    return await make_node(enrolled=True, IDNODE_SETTINGS_FILE=str(file))


def logged(node, event, since=0):
    """Return the lines of the log that tell an event, from an octet on; whole ones only."""
    lines, _, _ = node.log.read_bytes()[since:].rpartition(b"\n")
    return [line for line in map(json.loads, lines.splitlines()) if line["event"] == event]


async def provoke(node):
    """Send what is no HTTP, which workers log at the level `info`; return who did.

    Some may keep silent: they write so many lines of a kind in a second and no more.
    """
    since = node.log.stat().st_size
    for _ in range(CONNECTIONS):
        reader, writer = await asyncio.open_connection(*node.address("http"))
        writer.write(b"no HTTP\r\n\r\n")
        await reader.read()  # logged before it is answered
        writer.close()
        await writer.wait_closed()
    return {line["process"] for line in logged(node, "not HTTP", since)}


async def refused(node, file, how):
    """Have a broken file read again, and return what is said to that."""
    before, text, since = await node.pids(), file.read_text(), node.log.stat().st_size
    file.write_text(BROKEN)
    if how == "command":
        done = await node.command("reload", check=False)
        assert (done.returncode, done.stdout) == (1, "")
        told = done.stderr
    else:
        os.kill(node.pid, signal.SIGHUP)
        (line,) = await until(lambda: logged(node, "reload", since))
        assert line["level"] == "error"
        told = "\n".join(line["told"])
    assert await node.pids() == before
    file.write_text(text)
    return told


@pytest.mark.timeout(180)
async def test_settings_hold_in_every_process_and_no_answer_is_lost_or_wrong(node, file):
    async with under_load(node, PAUSE) as load:
        before = await node.pids()
        told = await refused(node, file, "command")
        assert "IDNODE_SETTINGS_FILE: line 2: IDNODE_LOGLEVEL is no setting" in told
        assert "the settings in force stay as they are" in told
        assert await provoke(node) == set()

        file.write_text("IDNODE_LOG_LEVEL=info\n")
        done = await node.command("reload")
        assert done.stdout == (
            "IDNODE_LOG_LEVEL is applied\nreplaced: worker-0, worker-1, registry\n"
        )
        found = set()
        while found < WORKERS:
            found |= await provoke(node)
        after = await node.pids()
        assert not {before[name] for name in (*WORKERS, "registry")} & set(after.values())

        counts = load.answered
        await until(lambda: all(now > was for now, was in zip(load.answered, counts, strict=True)))
        assert "line 2: IDNODE_LOGLEVEL is no setting" in await refused(node, file, "signal")
        await until(lambda: provoke(node))  # still at the level `info`
        await load.finish()
    load.assert_nothing_is_lost_or_wrong()
