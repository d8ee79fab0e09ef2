"""``demo``, ``serve``, ``resolver`` and ``registry``: they serve until they are stopped."""

import asyncio
import sys
from collections.abc import Mapping
from typing import Final

import msgspec

from node import config, log, named_files
from node.advice import warnings
from node.workers import Kind, Supervisor

DEMO_PREFIX: Final = "88.300"


def run(kind: Kind, environ: Mapping[str, str], *, demo: bool = False) -> None:
    """Run until SIGTERM or SIGINT. stdout carries the ready line and nothing else.

    Raises `BadSettings`, `CannotStart`, `CannotListen` and `AlreadyRunning`.
    """
    if demo and not config.given(environ).get("IDNODE_PREFIX"):
        environ = {**environ, "IDNODE_PREFIX": DEMO_PREFIX}
    settings = named_files.load(environ)
    if kind is not Kind.NODE:
        settings = config.standalone(settings)
    log.configure(settings.log_level, "supervisor", again=True)
    tell(environ, settings)
    asyncio.run(_supervise(kind, settings, environ, demo=demo))


def tell(environ: Mapping[str, str], settings: config.Settings) -> None:
    """Write warnings about the settings to stderr."""
    told = [f"{name} is no setting: is it misspelt?" for name in config.unknown(environ)]
    for sentence in told + warnings(settings):
        sys.stderr.write(f"idnode: {sentence}\n")


async def _supervise(
    kind: Kind, settings: config.Settings, environ: Mapping[str, str], *, demo: bool
) -> None:
    await Supervisor(kind, settings, environ, announce=announce, demo=demo).run()


def announce(addresses: Mapping[str, str | None], credentials: str | None) -> None:
    """Write the ready line."""
    line = {"ready": True, **addresses, "credentials": credentials}
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()
