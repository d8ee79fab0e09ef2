"""Where a worker's processor time goes on each path: samples of the node that is measured.

The workers themselves look where they are (``sampling/sitecustomize.py``); that takes a few per
cent, so figures of record are taken without.
"""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

_ROOT: Final = Path(__file__).parents[2]
_SAMPLING: Final = Path(__file__).parent / "sampling"
_ROWS: Final = 25
_PATIENCE: Final = 5.0
_LOOK: Final = 0.02


class Profile:
    """The samples of a node's workers, which lie in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return what a node is to be started with, so that its workers are sampled."""
        path = os.pathsep.join(filter(None, (str(_SAMPLING), given.get("PYTHONPATH"))))
        return {"BENCH_SAMPLES": str(self._folder), "PYTHONPATH": path}

    @contextmanager
    def of(self, worker: int) -> Iterator[Counter[tuple[str, str, int]]]:
        """Give what fills with the places where a worker is seen until the block ends."""
        self._told(worker)
        seen: Counter[tuple[str, str, int]] = Counter()
        yield seen
        seen.update(self._told(worker))

    def _told(self, worker: int) -> Counter[tuple[str, str, int]]:
        """Have a worker tell what it saw since it was asked last. Raises `TimeoutError`."""
        file = self._folder / f"{worker}.json"
        os.kill(worker, signal.SIGRTMIN)
        asked = time.monotonic()
        while not file.exists():
            if time.monotonic() - asked > _PATIENCE:
                raise TimeoutError(f"worker {worker} tells no samples")
            time.sleep(_LOOK)
        rows = json.loads(file.read_text())
        file.unlink()
        return Counter({(name, function, line): count for name, function, line, count in rows})


def table(
    seen: Mapping[tuple[str, str, int], int], microseconds: float | None
) -> list[dict[str, Any]]:
    """Return the places that took most, with their part of the time and of an answer's."""
    whole = sum(seen.values())
    most = sorted(seen.items(), key=lambda item: -item[1])[:_ROWS]
    return [
        {
            "where": f"{_short(name)}:{line} {function}",
            "share": round(count / whole, 4),
            "microseconds": None
            if microseconds is None
            else round(microseconds * count / whole, 2),
        }
        for (name, function, line), count in most
    ]


def _short(name: str) -> str:
    """Return a file's name from the project on, or from the library that it belongs to."""
    path = Path(name)
    if path.is_relative_to(_ROOT) and "site-packages" not in path.parts:
        return str(path.relative_to(_ROOT))
    return "/".join(path.parts[-2:])
