"""What one run of Locust is told: which node, which corpus, which suite."""

import json
from pathlib import Path
from typing import Any

import msgspec

from loadtest.corpus import Corpus

Address = tuple[str, int]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A node as its ready line tells of it, what it holds, and the keys of its enterprises.

    registered: so many items of the corpus are there. fresh: the first item of the stream that
    nobody has tried to register. cores: what the node may use. pid: of its supervisor when it runs
    on this machine, so that its stores are counted; 0: elsewhere. udp: where to ask over UDP if not
    at `handle`.
    """

    handle: str
    http: str
    registry: str
    ops: str
    enterprises: int
    registered: int
    fresh: int
    keys: dict[str, str]
    cores: float = 1.0
    pid: int = 0
    seed: int = 1
    prefix: str = "88.300"
    udp: str = ""

    def __repr__(self) -> str:
        return f"Target(handle={self.handle!r}, registered={self.registered}, <keys>)"

    def corpus(self) -> Corpus:
        """Return the corpus that the node holds the beginning of."""
        return Corpus(self.seed, self.prefix, self.enterprises)


def read_target(path: Path) -> Target:
    """Read what `write_target` wrote. Raises `msgspec.ValidationError`, `OSError`."""
    return msgspec.json.decode(path.read_bytes(), type=Target)


def write_target(path: Path, target: Target) -> None:
    """Write a target where only its owner reads it: it holds keys."""
    path.touch(mode=0o600)
    path.write_bytes(msgspec.json.encode(target))


def address(text: str) -> Address:
    """Return host and port of ``host:port``, ``[v6]:port`` or a URL; the first of several."""
    host, _, port = text.partition(",")[0].rpartition("://")[2].rpartition(":")
    return host.strip("[]"), int(port)


def write_json(path: Path, document: Any) -> None:
    """Write a document for people and programs."""
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
