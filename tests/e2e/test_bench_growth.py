"""What size costs, at a small size; and that nothing is left behind when it is interrupted."""

import asyncio
import os
import signal
import subprocess
import sys

from loadtest.bench import growth


async def test_two_nodes_are_asked_by_turns():
    told = await asyncio.to_thread(growth.measure, (300, 900), cold=200, warming=50)
    small, large = told["growth"]
    assert (small["identifiers"], large["identifiers"]) == (300, 900)
    assert small["wrong"] == large["wrong"] == 0
    assert min(small["cold_p50_ms"], large["cold_p50_ms"]) > 0
    assert told["reached"] == (told["cold_p50_last_to_first"] <= growth.BAR)


async def test_it_cleans_up_behind_itself(tmp_path):
    process = subprocess.Popen(  # noqa: ASYNC220 -- returns at once
        [sys.executable, "-m", "loadtest.bench.growth", "30000", "300000"],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        start_new_session=True,
    )
    while not list(tmp_path.glob("*/node.state")):  # the first node serves
        assert process.poll() is None
        await asyncio.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    assert await asyncio.to_thread(process.wait, 90) == 130
    assert list(tmp_path.iterdir()) == []
