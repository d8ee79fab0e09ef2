import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from loadtest.bench import profile

WORK = """
import signal, sys, time
def work():
    until = time.thread_time() + 0.2
    while time.thread_time() < until:
        sum(range(2000))
def rest():
    time.sleep(0.2)
sys.stdin.readline()
work()
rest()
print("done", flush=True)
sys.stdin.readline()
"""


def test_a_worker_tells_where_it_worked(tmp_path):
    sampled = profile.Profile(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", WORK, "worker-0"],
        env=sampled.environment({}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        try:
            while signal.SIGRTMIN not in caught(process.pid):
                time.sleep(0.01)
            with sampled.of(process.pid) as seen:
                process.stdin.write("go\n")
                assert process.stdout.readline() == "done\n"
        finally:
            process.kill()
    worked = Counter()
    for (_, function, _), nanoseconds in seen.items():
        worked[function] += nanoseconds
    assert worked["work"] > 0.8 * sum(worked.values())
    assert list(tmp_path.iterdir()) == []


def caught(pid):
    """Return the signals that a process handles."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (mask,) = (int(line.split()[1], 16) for line in lines if line.startswith("SigCgt"))
    return {number for number in range(1, 65) if mask >> (number - 1) & 1}


def test_the_table_tells_shares_and_what_they_are_of_an_answer():
    here = profile.__file__
    seen = Counter({(here, "table", 5): 300, ("/lib/python3.11/json/decoder.py", "decode", 7): 100})
    first, second = profile.table(seen, 8.0)
    assert first == {
        "where": "loadtest/bench/profile.py:5 table",
        "share": 0.75,
        "microseconds": 6.0,
    }
    assert second["where"] == "json/decoder.py:7 decode"
    assert profile.table(seen, None)[0]["microseconds"] is None
    assert profile.table({}, 8.0) == []
