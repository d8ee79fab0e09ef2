"""Writers that remember what was acknowledged, and the comparison with what is stored.

An acknowledged write must be there, whole; one whose answer never came is repeated under its
Idempotency-Key until it is answered, so that at the end nothing is unknown. Answers to repetitions
must be the first answer.
"""

import asyncio
import itertools
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp

RETRIED = frozenset({500, 502, 503, 504})
LOST = (aiohttp.ClientError, ConnectionError, asyncio.TimeoutError)
PATIENCE = aiohttp.ClientTimeout(total=10)


def values(text: str) -> list[dict[str, object]]:
    """Two values that must be written together or not at all."""
    return [
        {
            "index": 1,
            "type": "URL",
            "data": {"format": "string", "value": f"https://x.example/{text}"},
        },
        {"index": 2000, "type": "TEXT", "data": {"format": "string", "value": text}},
    ]


@dataclass
class Journal:
    """What one run of writers was told."""

    acknowledged: dict[str, tuple[int, str]] = field(default_factory=dict)
    """handle -> the version and the text of the last acknowledged write"""
    repeated: int = 0
    unanswered: int = 0
    refused: list[str] = field(default_factory=list)

    @property
    def writes(self) -> int:
        return sum(version for version, _ in self.acknowledged.values())


class Writer:
    """Creates handles and updates them, one request after another, until it is told to stop."""

    def __init__(
        self, number: int, prefix: str, key: str, url: Callable[[], str], journal: Journal
    ):
        self.number, self.prefix, self.url, self.journal = number, prefix, url, journal
        self.headers = {"Authorization": f"Bearer {key}"}
        self.random = random.Random(number)

    async def run(self, stop: asyncio.Event) -> None:
        for turn in itertools.count():
            if stop.is_set():
                return
            handle = f"{self.prefix}/W{self.number}-{turn // 3}"
            text = f"{self.number}/{turn}"
            if turn % 3 == 0:
                body = {"handle": handle, "values": values(text)}
                await self._write("POST", "/api/v1/identifiers", handle, 1, text, body)
            else:
                body = {"values": values(text)}
                path = f"/api/v1/identifiers/{handle}"
                await self._write("PUT", path, handle, 1 + turn % 3, text, body)

    async def _write(  # noqa: PLR0917 -- one write, told in full
        self, method: str, path: str, handle: str, version: int, text: str, body: object
    ) -> None:
        headers = self.headers | {"Idempotency-Key": str(uuid.uuid4())}
        first = await self._until_answered(method, path, headers, body)
        if first[0] not in {200, 201}:
            self.journal.refused.append(f"{method} {handle} {text}: {first}")
            return
        self.journal.acknowledged[handle] = (version, text)
        if self.random.random() < 0.2:
            again = await self._until_answered(method, path, headers, body)
            self.journal.repeated += 1
            if again != first:
                self.journal.refused.append(f"repeated {method} {handle}: {first} then {again}")

    async def _until_answered(
        self, method: str, path: str, headers: dict[str, str], body: object
    ) -> tuple[int, bytes, str | None]:
        while True:
            try:
                # A new connection each time: a killed server leaves half-open ones behind.
                async with (
                    aiohttp.ClientSession(timeout=PATIENCE) as session,
                    session.request(method, self.url() + path, json=body, headers=headers) as got,
                ):
                    content = await got.read()
                    if got.status not in RETRIED:
                        return got.status, content, got.headers.get("ETag")
                    if got.status != 503 or "Retry-After" not in got.headers:
                        self.journal.refused.append(f"{method} {path}: {got.status} {content!r}")
            except LOST:
                pass
            self.journal.unanswered += 1
            await asyncio.sleep(0.02)  # what a polite client does between two tries


async def compare(journal: Journal, url: str, key: str) -> list[str]:
    """Return every way in which what is stored differs from what was acknowledged."""
    wrong = list(journal.refused)
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(timeout=PATIENCE, headers=headers) as session:
        for handle, (version, text) in journal.acknowledged.items():
            async with session.get(f"{url}/api/v1/identifiers/{handle}") as got:
                if got.status != 200:
                    wrong.append(f"{handle}: acknowledged, now {got.status}")
                    continue
                stored = await got.json()
                told = [v["data"]["value"] for v in stored["values"]]
                if told != [f"https://x.example/{text}", text]:
                    wrong.append(f"{handle}: {told} where {text} was acknowledged")
                if got.headers["ETag"] != f'"v{version}"':
                    wrong.append(f"{handle}: {got.headers['ETag']} where v{version} was due")
    return wrong
