"""``reload`` and ``restart``: orders to a node that runs on the same data directory."""

import asyncio
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from node import config
from node.control import Done, Question, ask
from node.orders import UNCHANGED
from node.refusals import NotDone
from node.workers import Kind, State


def run(environ: Mapping[str, str], order: Question) -> None:
    """Give an order, and tell what became of it. Raises `NotDone` and `BadSettings`."""
    try:
        data_dir = config.load(environ).data_dir
    except config.BadSettings as why:
        if order is not Question.RELOAD:
            raise
        # The node would refuse the same file; whoever asks wants to know what becomes of it.
        raise NotDone(f"{why}\n{UNCHANGED}") from why
    found = list(running(data_dir))
    if not found:
        raise NotDone("no node runs on this data directory: is IDNODE_DATA_DIR the same?")
    for state in found:
        done = asyncio.run(ask(state.control, order, Done, None))
        if done is None:
            raise NotDone(f"the node (pid {state.pid}) gives no answer; its log may say why")
        if not done.ok:
            raise NotDone("\n".join(done.told))
        sys.stdout.write("".join(f"{sentence}\n" for sentence in done.told))


def running(data_dir: Path) -> Iterator[State]:
    """Yield what the nodes say of themselves that run on a data directory: one, or one a role."""
    for kind in Kind:
        try:
            text = (data_dir / f"{kind}.state").read_bytes()
        except FileNotFoundError:
            continue
        yield msgspec.json.decode(text, type=State)
