"""``make fuzz-api``: schemathesis against a running node, once for each role.

Each role gets a node of its own, so that what one does is no other's trouble: requests that the
description of the API allows, and others, in the name of an account in that role (or of an
enterprise's key, or of nobody). Fails on a server error, and on every answer that is not as it is
described: status, media type, schema, headers.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import aiohttp

from identifiers.principals import Role
from node.commands.accounts import act, adding
from node.commands.administer import (
    adding_enterprise,
    administer,
    creating_key,
    homing_prefix,
)
from node.config import load
from tests.e2e.nodes import Node

KEY: Final = "key"
NOBODY: Final = "nobody"
WHO: Final = (*(role.value for role in Role), KEY, NOBODY)
SECONDS: Final = 300
WORKERS: Final = "4"
"""Operations that are asked at the same time; each answers in milliseconds."""
CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
"""Whether unfit requests are refused and secrets needed is the business of the tables of rights."""
LEFT_OUT: Final = ("logOut", "changeAccount", "renewPassword", "import", "export")
"""What ends the caller himself; and streams of other forms, which have targets in `make fuzz`."""
_PASSWORD: Final = "correct horse battery"


async def bearer(node: Node, who: str) -> str:
    """Return the token or key of somebody new at a node."""
    settings = load(node.environment)
    await administer(settings, adding_enterprise("示例煤业"))
    await administer(settings, homing_prefix("88.300.1", enterprise=1))
    if who == KEY:
        return await administer(settings, creating_key(enterprise=1))
    role = Role(who)
    whose = None if role.of_node else 1
    await act(settings, adding("fuzz", role=role, enterprise=whose, password=_PASSWORD))
    said = {"name": "fuzz", "password": _PASSWORD}
    async with (
        aiohttp.ClientSession(node.url("registry")) as session,
        session.post("/api/v1/token", json=said) as answer,
    ):
        return str((await answer.json())["token"])


def command(node: Node, seconds: int, token: str | None, seed: int | None) -> Sequence[str]:
    """Return the command line that asks a node."""
    url = node.url("registry")
    words = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", "--url", url),
        *("--checks", ",".join(CHECKS), "--max-time", str(seconds)),
        *("--phases", "examples,fuzzing", "--workers", WORKERS),
        *("--continue-on-failure", "--no-color"),
        *("--warnings", "off", "--suppress-health-check", "all", "--request-timeout", "30"),
        *("--generation-database", "none"),
    ]
    for name in LEFT_OUT:
        words += ["--exclude-operation-id", name]
    if token is not None:
        words += ["--header", f"Authorization: Bearer {token}"]
    if seed is not None:
        words += ["--seed", str(seed)]
    return words


async def fuzz(who: str, seconds: int, seed: int | None) -> bool:
    """Ask a node of its own in somebody's name; say whether all went well."""
    with tempfile.TemporaryDirectory(prefix="idnode-fuzz-") as place:
        node = Node(Path(place), settings={"IDNODE_WORKERS": "1", "IDNODE_REQUEST_RATE": "off"})
        await node.start()
        try:
            token = None if who == NOBODY else await bearer(node, who)
            words = command(node, seconds, token, seed)
            done = await asyncio.to_thread(subprocess.run, words, cwd=place, check=False)
        finally:
            await node.stop()
    print(f"{who}: {'well' if done.returncode == 0 else 'NOT well'}", flush=True)  # noqa: T201 -- told to whoever waits
    return done.returncode == 0


def main() -> int:
    """Do as the command line says."""
    parser = argparse.ArgumentParser(prog="make fuzz-api", description=__doc__)
    parser.add_argument("--seconds", type=int, default=SECONDS, help="for each role")
    parser.add_argument("--role", choices=WHO, action="append", help="only this; repeatable")
    parser.add_argument("--seed", type=int, help="the one that a failure told")
    said = parser.parse_args()
    results = [asyncio.run(fuzz(who, said.seconds, said.seed)) for who in said.role or WHO]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
