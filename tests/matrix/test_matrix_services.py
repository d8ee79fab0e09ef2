"""The matrix at the services of the registry process: every cell, no transport.

A test for each row: what is wrong in its cells is told at once.
"""

import socket
from base64 import b64encode
from ipaddress import ip_address
from uuid import UUID

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from edge.relay import ORIGIN, SERVER_LIMITS, written
from edge.server import serve
from identifiers.changes import AuditEntry, Enterprise
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.names import Prefix
from identifiers.principals import Anonymous
from identifiers.records import Record, State
from identifiers.relay import Channel, Origin
from identifiers.wire.handle.codes import OpCode, ResponseCode
from identifiers.wire.handle.values import encode_values
from node.site import site_record
from registry.administration import Administration
from registry.answers import Denied
from registry.commands import Asked
from registry.commit import GroupCommit
from registry.handle.homing import Homing
from registry.handle.replies import denied, told
from registry.handle.requests import command_of
from registry.handle.service import HandleAdministration
from registry.identities import Identities
from registry.prefixes import Prefixes
from registry.rest.app import RestForm, add_rest
from registry.seals import Seals
from registry.service import Registry
from storage.memory import MemoryReverse, MemoryStore
from tests.matrix.cells import (
    ALLOTTED,
    CELLS,
    PREFIXES,
    QUESTIONS,
    SECRET,
    Standing,
    cells_of,
    http_status,
)
from tests.matrix.messages import IDENTITY, message, records
from tests.unit.registry.handle.wire import SITE_KEY, Caller, answer

NOW = 1_800_000_000
SEALS = Seals(b"s" * 32)
AUDIT = AuditEntry(at=NOW, actor="t", action="t", subject="t", request="t")
COMMANDS = {
    OpCode.CREATE_HANDLE,
    OpCode.DELETE_HANDLE,
    OpCode.ADD_VALUE,
    OpCode.REMOVE_VALUE,
    OpCode.MODIFY_VALUE,
}


def named(questions):
    return [pytest.param(question, id=question.name) for question in questions]


def test_no_opcode_and_no_standing_is_left_out():
    assert {cell.question.op_code for cell in CELLS} == set(OpCode)
    assert len(CELLS) == len(QUESTIONS) * len(Standing)
    assert len({cell.name for cell in CELLS}) == len(CELLS)


@pytest.fixture
async def store():
    memory = MemoryStore()
    for name in ("first", "second", "third"):
        await memory.add_enterprise(Enterprise(id=0, name=name), AUDIT)
    owners = {"88.300": 0, "88.300.1": 1, "88.300.1.5": 3, "88.300.2": 2, "88.300.10": 2}
    owners["88.300.1X"] = 2
    assert set(ALLOTTED) <= owners.keys()
    for prefix, owner in owners.items():
        kind = PrefixKind.ENTERPRISE if owner else PrefixKind.SECONDARY
        entry = PrefixEntry(prefix=Prefix.parse(prefix), kind=kind, enterprise=owner)
        await memory.home_prefix(entry, AUDIT)
    for key, values in records().items():
        memory.records[key] = Record(
            key=key,
            name=key,
            version=1,
            state=State.ACTIVE,
            values=encode_values(SEALS.sealed(key, values)),
            changed_at=NOW,
        )
    return memory


@pytest.fixture
def prefixes(store):
    return Prefixes(store)


@pytest.fixture
def registry(store, prefixes):
    return Registry(store, GroupCommit(store), prefixes, SEALS)


# the commands themselves


def asked(cell):
    return Asked(
        principal=Anonymous() if cell.standing is Standing.NOBODY else IDENTITY,
        address=None,
        request_id="r",
        at=NOW * 1000,
        changes=(UUID(int=1),),
    )


async def commanded(registry, cell):
    command = command_of(message(cell), bytes)
    method = {
        OpCode.CREATE_HANDLE: registry.create,
        OpCode.DELETE_HANDLE: registry.delete,
        OpCode.ADD_VALUE: registry.add_values,
        OpCode.REMOVE_VALUE: registry.remove_values,
        OpCode.MODIFY_VALUE: registry.modify_values,
    }[cell.question.op_code]
    return told(await method(command, asked(cell))).code


@pytest.mark.parametrize("question", named(q for q in QUESTIONS if q.op_code in COMMANDS))
async def test_commands(registry, store, question):
    told, changed = {}, {}
    for cell in cells_of(question):
        before = dict(store.records)
        told[cell.standing] = await commanded(registry, cell)
        changed[cell.standing] = store.records != before
    assert told == {cell.standing: decided(cell) for cell in cells_of(question)}
    assert changed == {one: code == ResponseCode.SUCCESS for one, code in told.items()}


def decided(cell):
    """Return the code of the command itself; its caller tells some before it is asked."""
    there = cell.code == ResponseCode.HANDLE_ALREADY_EXISTS
    if there and cell.standing is not Standing.OWN:
        # Its caller tells what everybody may see anyway; the registry decides on rights first.
        nobody = cell.standing is Standing.NOBODY
        return ResponseCode.LOGIN_FIRST if nobody else ResponseCode.INVALID_ADMIN
    # The registry wants somebody to be known; who is not, is challenged by its caller.
    known = {ResponseCode.AUTHENTICATION_NEEDED: ResponseCode.LOGIN_FIRST}
    return known.get(cell.code, cell.code)


@pytest.mark.parametrize("question", named(q for q in QUESTIONS if q.name == "list"))
async def test_lists(registry, question):
    told = {}
    for cell in cells_of(question):
        answered = await registry.list_handles(
            Prefix.parse(PREFIXES[cell.standing]), "", 10, asked(cell)
        )
        denied_so = isinstance(answered, Denied)
        told[cell.standing] = denied(answered.verdict).code if denied_so else answered.names
    assert told == {cell.standing: decided(cell) for cell in cells_of(question)} | {
        Standing.OWN: ("88.300.1/THERE",),
        Standing.DERIVED: (),
    }


# messages


@pytest.fixture
def caller(registry, store, prefixes):
    handle = HandleAdministration(
        registry=registry,
        administration=Administration(store, b"p" * 32),
        store=store,
        prefixes=prefixes,
        identities=Identities(store, prefixes, SEALS),
        site=site_record(("127.0.0.1:2641",)),
        signer=SITE_KEY,
    )
    return Caller(handle, connection="c1")


@pytest.mark.parametrize("question", named(QUESTIONS))
async def test_messages(caller, store, question):
    told, changed = {}, {}
    for cell in cells_of(question):
        before = dict(store.records)
        (reply,) = await caller.all(message(cell))
        if cell.standing is not Standing.NOBODY and reply.header.response_code == 402:
            (reply,) = await caller.all(answer(reply, IDENTITY, secret=SECRET))
        told[cell.standing] = reply.header.response_code
        changed[cell.standing] = store.records != before
    assert told == {cell.standing: cell.code for cell in cells_of(question)}
    assert changed == {
        one: code == ResponseCode.SUCCESS and question.op_code in COMMANDS
        for one, code in told.items()
    }


# the REST form

TLS = Origin(channel=Channel.HTTP, address=ip_address("127.0.0.1"), trusted=True, secure=True)
NOT_HERE = "site"
"""What workers answer by themselves, over REST too."""


@pytest.fixture
async def rest(registry, store, prefixes):
    """Serve the REST form on a loopback port; gives its address."""
    app = web.Application()
    form = RestForm(
        registry=registry,
        store=store,
        prefixes=prefixes,
        identities=Identities(store, prefixes, SEALS),
        homing=Homing(registry, Administration(store, b"p" * 32), prefixes),
        reverse=MemoryReverse(store),
    )
    add_rest(app, form)
    bound = socket.create_server(("127.0.0.1", 0))
    runner = await serve(app, [bound], limits=SERVER_LIMITS)
    yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    await runner.cleanup()


@pytest.mark.parametrize(
    "question", named(q for q in QUESTIONS if q.rest is not None and q.name != NOT_HERE)
)
async def test_the_rest_form(rest, store, question):
    created = question.name in {"create", "create a derived prefix"}
    told, changed = {}, {}
    async with aiohttp.ClientSession() as session:
        for cell in cells_of(question):
            before = dict(store.records)
            told[cell.standing] = await called(session, rest, cell)
            changed[cell.standing] = store.records != before
    assert told == {
        cell.standing: (http_status(cell.code, created=created), cell.code)
        for cell in cells_of(question)
    }
    assert changed == {
        one: code == ResponseCode.SUCCESS and question.op_code in COMMANDS
        for one, (_, code) in told.items()
    }


async def called(session, rest, cell):
    """Return the status and the code of a call."""
    question = cell.question.rest
    headers = {ORIGIN: written(TLS)}
    if cell.standing is not Standing.NOBODY:
        known = f"{IDENTITY.index}%3A{IDENTITY.handle}".encode() + b":" + SECRET
        headers["Authorization"] = f"Basic {b64encode(known).decode()}"
    if question.body:
        headers["Content-Type"] = "application/json"
    target = URL(rest + question.target.format(prefix=PREFIXES[cell.standing]), encoded=True)
    async with session.request(
        question.method, target, data=question.body.encode() or None, headers=headers
    ) as answered:
        return answered.status, (await answered.json())["responseCode"]
