"""Every operation of the HTTP API, asked by everybody about what is his and what is not."""

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from identifiers.principals import Role, Scope
from node.commands.accounts import act, adding
from node.commands.administer import (
    adding_enterprise,
    administer,
    creating_key,
    homing_prefix,
)
from node.config import load
from tests.e2e.nodes import Node
from tests.matrix.http_rows import (
    ELSEWHERE,
    ENTERPRISES_ROLES,
    NODE_ROLES,
    ONE_BY_ONE,
    ROWS,
    SCOPES,
    SNMS_PATHS,
    WHO,
    Row,
    Target,
)

PASSWORD = "correct horse battery"
NOBODY = "00000000-0000-4000-8000-000000000000"
OWN, OTHER = "88.300.1", "88.300.10"
PREFIXES = {
    "own": OWN,
    "child": "88.300.1.2",
    "another's child": "88.300.1.5",
    "sibling": "88.300.2",
    "parent": "88.300",
    "look-alike": OTHER,
    "foreign": "99.1000.1",
}
OURS = {"own", "child"}
"""Where names are the enterprise's; a prefix of its own `child` was never allotted."""


@dataclass(frozen=True)
class Caller:
    name: str
    header: dict[str, str]
    role: str = ""
    scopes: tuple[str, ...] = ()
    enterprise: int | None = None
    known: bool = True

    @property
    def of_node(self) -> bool:
        return self.role in NODE_ROLES

    def has(self, action: str) -> bool:
        needs = WHO[action]
        if self.role:
            return self.role in needs.roles.split()
        return bool(set(self.scopes) & set(needs.scopes.split()))


class Scene:
    """A node with three enterprises, an account in each role, a key with each scope."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.settings = load(node.environment)
        self.callers: list[Caller] = [
            Caller("nobody", {}, known=False),
            Caller("a key that is none", {"Authorization": "Bearer abc.def"}, known=False),
        ]
        self.operations: dict[str, dict[str, Any]] = {}
        self.accounts: dict[str, int] = {}
        self.keys: dict[str, str] = {}

    async def furnish(self) -> None:
        """Make everything that is asked about."""
        for name in ("一", "二", "三"):
            await administer(self.settings, adding_enterprise(name))
        for prefix, owner in (("88.300.1.5", 3), (OWN, 1), ("88.300.2", 2), (OTHER, 2)):
            await administer(self.settings, homing_prefix(prefix, enterprise=owner))
        await self._keys()
        base = self.node.url("registry")
        async with aiohttp.ClientSession(base) as session:
            await self._accounts(session)
            async with session.get("/openapi.json") as answer:
                document = await answer.json()
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                said = {**operation, "path": path, "method": method.upper()}
                self.operations[operation["operationId"]] = said

    async def _keys(self) -> None:
        for name, whose, scopes in (
            *((scope, 1, (scope,)) for scope in SCOPES),
            ("every scope", 1, SCOPES),
            ("another's every scope", 2, SCOPES),
        ):
            work = creating_key(enterprise=whose, scopes=[Scope(scope) for scope in scopes])
            token = await administer(self.settings, work)
            header = {"Authorization": f"Bearer {token}"}
            self.keys[name] = token.partition(".")[0]
            self.callers.append(Caller(f"key: {name}", header, "", scopes, whose))
        far = creating_key(enterprise=1, networks=["198.51.100.0/24"])
        header = {"Authorization": f"Bearer {await administer(self.settings, far)}"}
        self.callers.append(Caller("a key of elsewhere", header, known=False))

    async def _accounts(self, session: aiohttp.ClientSession) -> None:
        for role, whose in (
            *((role, 1) for role in ENTERPRISES_ROLES),
            *((role, None) for role in NODE_ROLES),
            ("owner", 2),
        ):
            name = f"{role}-{whose or 'node'}"
            work = adding(name, role=Role(role), enterprise=whose, password=PASSWORD)
            self.accounts[name] = int(await act(self.settings, work))
            said = {"name": name, "password": PASSWORD}
            async with session.post("/api/v1/token", json=said) as answer:
                token = (await answer.json())["token"]
            header = {"Authorization": f"Bearer {token}"}
            self.callers.append(Caller(name, header, role, (), whose))


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    node = Node(tmp_path_factory.mktemp("matrix-http"), settings={"IDNODE_WORKERS": "1"})
    asyncio.run(node.start())
    try:
        found = Scene(node)
        asyncio.run(found.furnish())
        yield found
    finally:
        asyncio.run(node.stop())


def standings(row: Row, scene: Scene) -> dict[str, dict[str, str]]:
    """Return what the parts of an address are called for each standing of the target."""
    if row.target in {Target.PREFIX, Target.NAME}:
        return {
            name: {"prefix": prefix, "handle": f"{prefix}/A", "version": "1.0", "name": "r"}
            for name, prefix in PREFIXES.items()
        }
    named = {
        Target.ENTERPRISE: {"own": 1, "other": 2, "missing": 999_999},
        Target.ACCOUNT: {
            "own": scene.accounts.get("reader-1"),
            "other": scene.accounts.get("owner-2"),
            "node": scene.accounts.get("auditor-node"),
            "missing": 999_999,
        },
        Target.KEY: {
            "own": scene.keys.get("prefixes:read"),
            "other": scene.keys.get("another's every scope"),
            "missing": "nosuchkey",
        },
    }.get(row.target, {"missing": NOBODY} if row.target is Target.MISSING else {"own": NOBODY})
    return {
        name: dict.fromkeys(("id", "enterprise", "serial", "name"), str(value))
        for name, value in named.items()
    }


def allowed(caller: Caller, row: Row, standing: str) -> bool:
    """Say what the table says."""
    if row.target is Target.OPEN:
        return True
    if not caller.known or row.target is Target.CALLER:
        return caller.known
    if not caller.has(row.action):
        return False
    if row.target in {Target.MINE, Target.NODE} or caller.of_node:
        return row.target is Target.MINE or caller.of_node
    mine = {1: {"own"}, 2: {"other"}}
    if row.target is Target.PREFIX:
        mine = {1: {"own"}, 2: {"sibling", "look-alike"}}
    if row.target is Target.NAME:
        mine = {1: OURS, 2: {"sibling", "look-alike"}}
    return standing in mine[caller.enterprise or 0]


class Asking:
    """Sends one operation; what is allowed and would change something is sent unfit."""

    def __init__(self, session: aiohttp.ClientSession, operation: dict[str, Any]) -> None:
        self._session = session
        self._operation = operation

    async def ask(self, caller: Caller, words: dict[str, str], *, may: bool) -> tuple[int, str]:
        """Return the status and the problem's code."""
        operation = self._operation
        path = re.sub(r"\{(\w+)\}", lambda m: words[m[1]], operation["path"])
        query = {
            p["name"]: words.get(p["name"], p.get("example"))
            for p in operation["parameters"]
            if p["in"] == "query" and p.get("required")
        }
        method, body, media = operation["method"], None, {}
        if method != "GET":
            if may:
                query["unexpected"] = "1"
            content = operation.get("requestBody", {}).get("content", {})
            for kind, shape in content.items():
                media = {"Content-Type": kind}
                body = json.dumps(self._named(shape.get("example", {}), words)).encode()
                break
        headers = {**caller.header, **media}
        async with self._session.request(
            method, path, params=query, data=body, headers=headers
        ) as answer:
            told = await answer.read()
            if answer.content_type == "application/problem+json":
                return answer.status, json.loads(told)["type"].rpartition(":")[2]
            return answer.status, ""

    @staticmethod
    def _named(example: Any, words: dict[str, str]) -> Any:
        if isinstance(example, dict) and "handle" in example and "handle" in words:
            return {**example, "handle": words["handle"]}
        return example


def is_snms(operation: dict[str, Any]) -> bool:
    return operation["path"].startswith(SNMS_PATHS)


def test_every_operation_has_its_row(scene):
    described = {name for name, said in scene.operations.items() if not is_snms(said)}
    assert described - set(ROWS) - ELSEWHERE == set()
    assert not set(ROWS) & ELSEWHERE
    assert {row.action for row in ROWS.values()} - set(WHO) == {"open", "login", "any"}


@pytest.mark.parametrize("name", sorted(ROWS))
async def test_a_row_of_the_table(scene, name):
    row = ROWS[name]
    operation = scene.operations.get(name)
    if operation is None:
        pytest.skip("not served by this node")
    wrong = []
    async with aiohttp.ClientSession(scene.node.url("registry")) as session:
        asking = Asking(session, operation)
        for standing, words in standings(row, scene).items():
            asked = [
                (caller, row.target is Target.MISSING or allowed(caller, row, standing))
                for caller in scene.callers
                # Logging out would end what the other cells need.
                if not (name == "logOut" and caller.known)
            ]
            calls = [asking.ask(caller, words, may=may and caller.known) for caller, may in asked]
            answers = (
                [await call for call in calls]
                if name in ONE_BY_ONE
                else await asyncio.gather(*calls)
            )
            wrong += [
                (caller.name, standing, "may" if may else "may not", *answer)
                for (caller, may), answer in zip(asked, answers, strict=True)
                if not told_right(caller, row, answer[0], may=may)
            ]
    assert wrong == []


def told_right(caller: Caller, row: Row, status: int, *, may: bool) -> bool:
    """Say whether a status is what the table says."""
    if row.target is Target.OPEN:
        return status in {200, 400, 404}
    if not caller.known:
        return status in {401, 403}
    if row.target is Target.MISSING:
        return status in {400, 403, 404}
    if may:
        return status < 500 and status not in {401, 403}
    return status in {403, 404}


async def test_the_other_interface_answers_nobody(scene):
    nobody = scene.callers[0]
    async with aiohttp.ClientSession(scene.node.url("registry")) as session:
        for operation in scene.operations.values():
            if not is_snms(operation) or operation["path"].startswith("/identity/token"):
                continue
            sent = {"params": {"unexpected": "1"}, "headers": nobody.header}
            async with session.request(operation["method"], operation["path"], **sent) as answer:
                document = json.loads(await answer.read())
                assert answer.status in {200, 401}, operation["path"]
                assert document.get("status") != 1, operation["path"]
