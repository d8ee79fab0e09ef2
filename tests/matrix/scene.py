"""A running node with the prefixes and records of the matrix, and how it is asked."""

import aiohttp
from yarl import URL

from identifiers.errors import StoreUnavailable
from identifiers.wire.handle import message as wire
from identifiers.wire.handle.codes import OpCode
from idnode import HandleClient, SecretKey
from idnode.administration import Administrator
from idnode.conversations import Question
from idnode.questions import read_reply
from node.commands.administer import Work, adding_enterprise, administer, homing_prefix
from node.commands.appoint import sealing
from node.config import load
from tests.e2e.nodes import Node, until
from tests.matrix.cells import ALLOTTED, OWN_PREFIX, PREFIXES, SECRET, Cell, Standing
from tests.matrix.channels import TRANSPORTS, Channel, basic, call_of
from tests.matrix.messages import IDENTITY, message, records
from tests.unit.registry.handles import stored

ME = SecretKey(IDENTITY.handle, IDENTITY.index, SECRET)
THERE = f"{OWN_PREFIX}/THERE"
MADE = (f"{OWN_PREFIX}/NEW", f"0.NA/{OWN_PREFIX}.77")
_UNREAD = 0xFFFF_FFFF


class Scene:
    """The node. Whoever asks may change things of 88.300.1 only, which `restore` undoes."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.known: dict[str, int] | None = None
        """The versions that were read last; None: something was changed since."""

    async def furnish(self) -> None:
        seals = sealing(self.node.environment)
        # What lies below another's prefix is allotted before that prefix, or not at all.
        prefixes = sorted(set(ALLOTTED) - {PREFIXES[Standing.PARENT]}, key=len, reverse=True)

        async def allot(administration, ordered) -> str:
            for prefix in prefixes:
                number = int(await adding_enterprise(f"企业 {prefix}")(administration, ordered))
                await homing_prefix(prefix, enterprise=number)(administration, ordered)
            return ""

        await administer(load(self.node.environment), allot)

        async def work(administration, _ordered) -> str:
            for key, values in records().items():
                await stored(administration._store, key, *seals.sealed(key, values))
            return ""

        await self._at_the_store(work)

    async def versions(self) -> dict[str, int]:
        """Return the versions of all records that the matrix asks about."""
        keys = [*records(), *(f"{p}/NEW" for p in PREFIXES.values())]
        keys += [f"0.NA/{p}.77" for p in PREFIXES.values()]
        found: dict[str, int] = {}

        async def work(administration, _ordered) -> str:
            for key, record in zip(keys, await administration._store.fetch(keys), strict=True):
                if record is not None:
                    found[key] = record.version
            return ""

        await self._at_the_store(work)
        self.known = found
        return found

    async def _at_the_store(self, work: Work) -> None:
        """Work on the store itself, once it has time: what is tested here is not its patience."""

        async def done() -> bool:
            try:
                await administer(load(self.node.environment), work)
            except StoreUnavailable:
                return False
            return True

        await until(done)

    async def restore(self) -> None:
        """Make 88.300.1 what it was at first."""
        self.known = None
        async with self.client() as client:
            admin = client.administrator(ME)
            await admin.create(THERE, records()[THERE], overwrite=True)
            for name in MADE:
                if (await client.resolve(name, authoritative=True)).code != 100:
                    await admin.delete(name)
            await self._without_extra(admin)

    async def _without_extra(self, admin: Administrator) -> None:
        record = await admin.resolve(IDENTITY.handle)
        if any(value.index == 9 for value in record.values):
            await admin.remove(IDENTITY.handle, [9])

    def client(self) -> HandleClient:
        return HandleClient(*self.node.address("handle"), http=self.node.url("http") + "/")

    async def ask(self, cell: Cell, channel: Channel) -> tuple[int, int]:
        """Ask a question; whoever is known answers the challenge. Returns status and code."""
        if channel is Channel.REST:
            return await self._call(cell)
        asked = message(cell)
        if asked.header.op_code == OpCode.RESERVED:
            return 0, await self._nonsense(cell, channel)
        question = Question(
            op_code=asked.header.op_code,
            body=asked.body,
            flags=asked.header.flags,
            transport=TRANSPORTS[channel],
            changes=True,
            credentials=None if cell.standing is Standing.NOBODY else ME,
        )
        async with self.client() as client:
            reply = await client._following.conversations.ask(client._following.home, question)
        return 0, reply.header.response_code

    async def _nonsense(self, cell: Cell, channel: Channel) -> int:
        # What cannot be read has no id that a reply could repeat, so the client has to know it.
        data = wire.encode(message(cell, request_id=_UNREAD))
        async with self.client() as client:
            peer = client._following.home
            reply = await peer._ask(data, _UNREAD, TRANSPORTS[channel], repeatable=False)
        return read_reply(reply).header.response_code

    async def _call(self, cell: Cell) -> tuple[int, int]:
        call = call_of(cell)
        assert call is not None
        headers = {} if cell.standing is Standing.NOBODY else {"Authorization": basic()}
        if call.body:
            headers["Content-Type"] = "application/json"
        target = call.target.format(prefix=PREFIXES[cell.standing])
        url = URL(self.node.url("http") + target, encoded=True)
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                call.method, url, data=call.body.encode() or None, headers=headers
            ) as answer,
        ):
            document = await answer.json()
            return answer.status, document.get("responseCode", 0)
