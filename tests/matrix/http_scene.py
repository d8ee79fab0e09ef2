"""A registry with three enterprises and somebody in each role, furnished over its own API."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import aiohttp

from tests.matrix.http_rows import TEMPLATE, WEBHOOK
from tests.matrix.http_words import filled
from tests.matrix.rights import ENTERPRISES_ROLES, NODE_ROLES, SCOPES, WHO
from tests.unit.registry.business.conftest import PICTURES, particulars

NUMBERLESS: Final = "00000000-0000-4000-8000-000000000000"
PNG: Final = b"\x89PNG\r\n\x1a\n"
PART: Final = "88.300.1.2"
"""All that is reached by a key that was cut down; it was never allotted."""
BESIDE: Final = "88.300.1.20"
MARKS: Final = MappingProxyType({1: "mark-of-first", 2: "mark-of-second", 3: "mark-of-third"})
"""Stands in what is each enterprise's own, so that it is seen when others are told of it."""
LABELS: Final = MappingProxyType({1: "MINE", 2: "ROAD", 3: "IRON"})
ALLOTTED: Final = MappingProxyType(
    {"88.300.1.5": 3, "88.300.1": 1, "88.300.2": 2, "88.300.10": 2, "88.300.1X": 2}
)
"""In this order: what lies below another's prefix is allotted before that prefix."""


@dataclass(frozen=True)
class Caller:
    """Who asks; `refusal` is what somebody is told whose key or token is none."""

    name: str
    header: Mapping[str, str]
    role: str = ""
    scopes: tuple[str, ...] = ()
    enterprise: int | None = None
    part: str = ""
    account: str = "999999"
    refusal: str = ""

    @property
    def known(self) -> bool:
        return not self.refusal

    @property
    def of_node(self) -> bool:
        return self.role in NODE_ROLES

    def has(self, action: str) -> bool:
        """Say whether the role, or a scope, gives an action."""
        needs = WHO[action]
        if self.role:
            return self.role in needs.roles.split()
        return bool(set(self.scopes) & set(needs.scopes.split()))


class Scene:
    """What is asked about, and who asks.

    `written` tells whether something was written: it returns something else then.
    """

    def __init__(
        self, session: aiohttp.ClientSession, written: Callable[[], object] = lambda: None
    ) -> None:
        self.session = session
        self.written = written
        self.callers: list[Caller] = [
            Caller("nobody", {}, refusal="unauthenticated"),
            Caller("a key that is none", bearer("abc.def"), refusal="unauthenticated"),
            Caller("a token that is none", bearer("login.abc"), refusal="unauthenticated"),
        ]
        self.operations: dict[str, dict[str, Any]] = {}
        self.things: dict[str, dict[str, str]] = {}
        """By sort: what stands for ``own`` (the first enterprise's), ``other``, ``node``."""
        self.secrets: dict[str, str] = {}

    def caller(self, name: str) -> Caller:
        return next(one for one in self.callers if one.name == name)

    async def furnish(self, first: str) -> None:
        """Make everything that is asked about, with the secret of an administrator's program."""
        self.secrets["first"] = first
        admin = await self.logged_in("first")
        async with self.session.get("/openapi.json") as answer:
            document = await answer.json()
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                said = {**operation, "path": path, "method": method.upper()}
                self.operations[operation["operationId"]] = said
        for number in MARKS:
            await self._admit(admin, number)
        for prefix, number in ALLOTTED.items():
            await self.do(admin, "POST", "prefixes", {"prefix": prefix, "enterprise": number})
        await self._people(admin)
        await self._keys()
        await self._templates(admin)
        await self._names()
        await self._things(admin)

    async def do(
        self, header: Mapping[str, str], method: str, path: str, body: Any = None, media: str = ""
    ) -> Any:
        """Do what has to succeed; return what is told."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {**header, "Content-Type": media or "application/json"}
        url = f"/api/v1/{path}"
        async with self.session.request(
            method, url, data=None if body is None else data, headers=headers
        ) as answer:
            told = await answer.read()
            assert answer.ok, (method, path, told)
            return json.loads(told) if answer.content_type == "application/json" else told

    async def logged_in(self, name: str) -> dict[str, str]:
        """Return the header of a program that logs in."""
        said = {"username": name, "password": self.secrets[name]}
        async with self.session.post("/identity/token", json=said) as answer:
            return bearer((await answer.json())["data"]["token"])

    async def _admit(self, admin: Mapping[str, str], number: int) -> None:
        files = {}
        for at, name in enumerate(PICTURES):
            octets = PNG + bytes([number, at])
            files[name] = (await self.do(admin, "POST", "documents", octets, "image/png"))["id"]
        told = particulars(number, **files, org_intro=MARKS[number])
        body = {"particulars": told, "wanted": LABELS[number]}
        made = await self.do(admin, "POST", "applications", body)
        await self.do(admin, "POST", f"applications/{made['id']}/approval")

    async def _people(self, admin: Mapping[str, str]) -> None:
        people = [
            *((role, 1) for role in ENTERPRISES_ROLES),
            *((role, None) for role in NODE_ROLES),
            ("owner", 2),
            ("owner", 3),
        ]
        for role, whose in people:
            name = f"{role}-{whose or 'node'}"
            number = await self._account(admin, name, role, whose)
            header = await self.logged_in(name)
            self.callers.append(Caller(name, header, role, (), whose, account=number))
        # Whoever is changed and renewed here asks for nothing.
        self.things["account"] = {
            "own": await self._account(admin, f"spare-{MARKS[1]}", "reader", 1),
            "other": await self._account(admin, f"spare-{MARKS[2]}", "reader", 2),
            "node": await self._account(admin, "spare-node", "auditor", None),
            "missing": "999999",
        }

    async def _account(
        self, admin: Mapping[str, str], name: str, role: str, whose: int | None
    ) -> str:
        body = {"name": name, "role": role} | ({} if whose is None else {"enterprise": whose})
        made = await self.do(admin, "POST", "accounts", body)
        self.secrets[name] = made["secret"]
        return str(made["id"])

    async def _keys(self) -> None:
        every = tuple(SCOPES)
        for name, whose, scopes, more in (
            *((scope, 1, (scope,), {}) for scope in SCOPES),
            ("every scope", 1, every, {}),
            ("every scope, of a part", 1, every, {"prefixes": [PART]}),
            ("another's every scope", 2, every, {}),
            ("of elsewhere", 1, every, {"networks": ["198.51.100.0/24"]}),
        ):
            made = await self._key(whose, list(scopes), **more)
            far = "networks" in more
            self.callers.append(
                Caller(
                    f"key: {name}",
                    bearer(made["key"]),
                    scopes=scopes,
                    enterprise=whose,
                    part=PART if "prefixes" in more else "",
                    refusal="wrong-address" if far else "",
                )
            )
        self.things["key"] = {
            "own": (await self._key(1, ["identifiers:read"], label=MARKS[1]))["id"],
            "other": (await self._key(2, ["identifiers:read"], label=MARKS[2]))["id"],
            "missing": "nosuchkey",
        }

    async def _key(self, whose: int, scopes: list[str], **more: Any) -> Any:
        header = self.caller(f"owner-{whose}").header
        return await self.do(header, "POST", "keys", {"scopes": scopes, **more})

    def _allotted(self) -> dict[str, int]:
        return {**ALLOTTED, **{f"88.300.{label}": who for who, label in LABELS.items()}}

    async def _templates(self, admin: Mapping[str, str]) -> None:
        for prefix, whose in {**self._allotted(), "88.300": 0}.items():
            words = {"prefix": prefix, "mark": MARKS.get(whose, "")}
            for version in ("coal-1", "old-1"):
                document = filled(TEMPLATE, words) | {"version": version}
                await self.do(admin, "POST", "templates", document)
                await self.do(admin, "POST", f"templates/{prefix}/{version}/publish")

    async def _names(self) -> None:
        for prefix, whose in {**self._allotted(), PART: 1, BESIDE: 1}.items():
            owner = self.caller(f"owner-{whose}").header
            value = {"index": 1, "type": "URL", "data": f"urn:x:{MARKS[whose]}"}
            body = {"handle": f"{prefix}/THERE", "values": [value]}
            await self.do(owner, "POST", "identifiers", body)
        for prefix, whose in self._allotted().items():
            owner = self.caller(f"owner-{whose}").header
            rule = {"rule": "C-{seq:6}", "template": MARKS[whose]}
            await self.do(owner, "PUT", f"code-rules/{prefix}/coal", rule)
        named = {standing: f"88.300.{LABELS[number]}/KEY" for standing, number in OWNERS.items()}
        for standing, name in named.items():
            owner = self.caller(f"owner-{OWNERS[standing]}").header
            value = {"index": 300, "type": "HS_SECKEY", "data": "a secret key"}
            await self.do(owner, "POST", "identifiers", {"handle": name, "values": [value]})
        self.things["key pair"] = {standing: f"300:{name}" for standing, name in named.items()}
        self.things["key pair"]["missing"] = "300:88.300.99/KEY"

    async def _things(self, admin: Mapping[str, str]) -> None:
        found = {standing: await self._of(admin, number) for standing, number in OWNERS.items()}
        for sort in found["own"]:
            named = {standing: things[sort] for standing, things in found.items()}
            self.things[sort] = named | {"missing": NUMBERLESS}

    async def _of(self, admin: Mapping[str, str], number: int) -> dict[str, str]:
        owner = self.caller(f"owner-{number}").header
        files = {}
        for at, name in enumerate(PICTURES):
            octets = PNG + bytes([number, at, 9])
            files[name] = (await self.do(owner, "POST", "documents", octets, "image/png"))["id"]
        loose = await self.do(owner, "POST", "documents", PNG + bytes([number, 99]), "image/png")
        told = particulars(number, **files, org_intro=f"{MARKS[number]} 2")
        change = await self.do(owner, "POST", "changes", {"particulars": told})
        asked = await self.do(owner, "POST", "prefix-applications", {"purpose": MARKS[number]})
        under = {"prefix": f"88.300.{LABELS[number]}", "filter": {"begins": "NONE"}}
        job = {"action": "suspend", "reason": MARKS[number], **under}
        await self.do(owner, "POST", "webhooks", filled(WEBHOOK, {"name": MARKS[number]}))
        row = {"handle": f"88.300.{LABELS[number]}/ROW", "values": []}
        line = json.dumps(row | {"values": [{"index": 1, "type": "URL", "data": "urn:x"}]})
        path = "imports?dry_run=1"
        sent = await self.do(owner, "POST", path, line.encode(), "application/x-ndjson")
        passed = {"outcome": "passed", "method": "registers"}
        await self.do(admin, "POST", f"enterprises/{number}/verification", passed)
        certified = await self.do(admin, "POST", "certificates", {"enterprise": number})
        return {
            "application": change["id"],
            "prefix application": asked["id"],
            "job": (await self.do(owner, "POST", "jobs", job))["id"],
            "webhook": MARKS[number],
            "import": sent["id"],
            "document": loose["id"],
            "certificate": certified["serial"],
        }


OWNERS: Final = MappingProxyType({"own": 1, "other": 2})


def bearer(token: str) -> dict[str, str]:
    """Return the header that a key or token is sent in."""
    return {"Authorization": f"Bearer {token}"}
