"""``register …``: load what codes are looked up in."""

import sys
from collections.abc import Mapping

from node import config
from node.registers import Register, load


def loading(environ: Mapping[str, str], name: str, text: bytes) -> None:
    """Keep a register of this node, and write how many codes it has. Raises `NotDone`."""
    settings = config.load(environ)
    sys.stdout.write(f"{load(settings.data_dir, Register(name), text)}\n")
