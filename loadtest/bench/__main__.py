"""Measure and print one JSON document: figures, the bars they have to reach, the machine.

Each wire's rate is taken beside bare references that are asked the same and answer the same, in
turn, three rounds; the ratio of the medians is what counts, the machine's speed drifts. One worker
on one processor; driver, registry and stores on the other; for what writes, all on both. Exits with
1 when an answer was wrong or lost; a bar that is not reached is told and no fault.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from loadtest import machine
from loadtest.bench import bars, importing, nodes, parts, population
from loadtest.bench.profile import Profile


def main() -> int:
    """Run what is wanted and print the document."""
    sizes, wanted, profiled = _arguments()
    nodes.unwind_on_signals()
    try:
        result = _document(sizes, wanted, profiled=profiled)
    except KeyboardInterrupt:
        return 130
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    return int(amiss(result))


def _document(sizes: parts.Sizes, wanted: frozenset[str], *, profiled: bool) -> dict[str, Any]:
    began = time.monotonic()
    result: dict[str, Any] = {
        "machine": machine.facts() | {"commit": machine.commit()},
        "sizes": msgspec.to_builtins(sizes),
    }
    for name, told in _measure(sizes, wanted, profiled=profiled):
        result[name] = told
        _say(f"{time.monotonic() - began:6.1f} s  {name}")
    return result | {"seconds": round(time.monotonic() - began, 1), "bars": bars.table(result)}


def _measure(
    sizes: parts.Sizes, wanted: frozenset[str], *, profiled: bool
) -> Iterator[tuple[str, Any]]:
    corpus = population.corpus()
    if wanted - set(parts.OF_TWO):
        with tempfile.TemporaryDirectory(prefix="idnode-bench-") as folder:
            writing = population.Writing(Path(folder), sizes.identifiers, os.cpu_count() or 1)
            profile = Profile(Path(folder)) if profiled else None
            extra = profile.environment(os.environ) if profile else None
            # The node starts while the population is written.
            with closing(writing), nodes.node(extra=extra) as node:
                key = importing.enrol(node, corpus, parts.PREFIX)
                written = writing.done()
                yield "import", importing.measure(node, key, written)
                stage = parts.Stage(
                    node=node, key=key, sizes=sizes, names=written.names, profile=profile
                )
                yield from parts.measure(stage, wanted)
    if wanted & set(parts.OF_TWO):
        with nodes.node(workers=2) as node:
            key = importing.enrol(node, corpus, parts.PREFIX)
            yield from parts.measure_two(node, key, sizes, wanted)


def amiss(told: dict[str, Any]) -> bool:
    """Say whether an answer was wrong or lost, on any path or in any part of one."""
    within = any(amiss(part) for part in told.values() if isinstance(part, dict))
    return within or any(told.get(word) for word in ("wrong", "lost", "reference_wrong"))


def _arguments() -> tuple[parts.Sizes, frozenset[str], bool]:
    parser = argparse.ArgumentParser(prog="idnode bench", description=__doc__)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="small sizes and no second node, half a minute: no figures of record",
    )
    parser.add_argument(
        "--only", help=f"parts to measure besides the import, by comma: {', '.join(parts.NAMES)}"
    )
    parser.add_argument(
        "--profile",
        action="store_true",
        help="tell where the worker's time goes on each path; slows it by some per cent",
    )
    for field in msgspec.structs.fields(parts.Sizes):
        kind = float if field.type is float else int
        parser.add_argument(f"--{field.name}", type=kind, help=f"instead of {field.default:,}")
    given = vars(parser.parse_args())
    every = parts.QUICKLY if given["quick"] else parts.NAMES
    wanted = frozenset(every if given["only"] is None else given["only"].split(","))
    if strange := wanted - set(parts.NAMES):
        parser.error(f"no such part: {', '.join(sorted(strange))}")
    sizes = parts.QUICK if given["quick"] else parts.Sizes()
    own = {
        field: given[field] for field in parts.Sizes.__struct_fields__ if given[field] is not None
    }
    return msgspec.structs.replace(sizes, **own), wanted, given["profile"]


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
