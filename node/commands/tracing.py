"""``history`` and ``relations``: what became of an identifier, and what it is to others."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from idnode.registry import RegistryClient
from idnode.tracing import Direction, Trace, Version
from node.commands.ask import shown
from node.commands.transfer import api_key, registry_base


def tell_history(
    environ: Mapping[str, str],
    handle: str,
    *,
    most: int,
    as_json: bool,
    server: str | None,
    key_file: Path | None,
) -> None:
    """Print up to `most` versions, newest first. Raises `NotDone`, and what clients raise."""
    key, base = api_key(environ, key_file), registry_base(environ, server)
    asyncio.run(_history(base, key, handle, most=most, as_json=as_json))


async def _history(base: str, key: str, handle: str, *, most: int, as_json: bool) -> None:
    told = 0
    async with RegistryClient(base, key) as client:
        async for version in client.tracings.history(handle):
            if told == most:
                sys.stdout.flush()
                sys.stderr.write(f"there are more; --limit shows more than {most}\n")
                return
            told += 1
            sys.stdout.write(history_lines(version, as_json=as_json))


def tell_relations(
    environ: Mapping[str, str],
    handle: str,
    *,
    direction: Direction,
    depth: int,
    relation: str,
    as_json: bool,
    server: str | None,
    key_file: Path | None,
) -> None:
    """Print relations, the nearest first. Raises `NotDone`, and what clients raise."""
    key, base = api_key(environ, key_file), registry_base(environ, server)

    async def ask() -> Trace:
        async with RegistryClient(base, key) as client:
            return await client.tracings.relations(
                handle, direction, depth=depth, relation=relation
            )

    trace = asyncio.run(ask())
    sys.stdout.write(relation_lines(trace, as_json=as_json))
    if trace.truncated:
        sys.stdout.flush()
        sys.stderr.write("there is more than is told at once\n")


def history_lines(version: Version, *, as_json: bool) -> str:
    """Return a version: a line and one for each changed value, or a JSON document."""
    if as_json:
        return msgspec.json.encode(version).decode() + "\n"
    state = f"{version.was} → {version.state}" if version.was else version.state
    words = (f"v{version.version}", version.at, state, version.actor or "?", version.action or "")
    lines = ["  ".join(words).rstrip() + (f"  ({version.reason})" if version.reason else "")]
    lines += [f"  {c.index}  {_said(c.old)} → {_said(c.new)}" for c in version.changed or ()]
    return "".join(shown(line) + "\n" for line in lines)


def relation_lines(trace: Trace, *, as_json: bool) -> str:
    """Return what was met: a line for each relation, or a JSON document."""
    if as_json:
        return msgspec.json.encode(trace).decode() + "\n"
    remarks = {
        node.handle: "another's" if node.foreign else "missing" if node.missing else node.state
        for node in trace.nodes
    }
    lines = []
    for edge in trace.edges:
        met = edge.target if trace.direction == "up" else edge.source
        remark = f"  ({remarks[met]})" if remarks.get(met, "active") != "active" else ""
        lines.append(shown(f"{edge.source}  {edge.relation}  {edge.target}{remark}") + "\n")
    return "".join(lines)


def _said(value: dict[str, Any] | None) -> str:
    if value is None:
        return "-"
    data = value.get("data")
    text = data.get("value") if isinstance(data, dict) else data
    if isinstance(text, dict | list):
        text = msgspec.json.encode(text).decode()
    return f"{value.get('type', '')} " + ("(secret)" if value.get("secret") else str(text))
