"""Another node, as the registry sees it: the port's second implementation, in memory."""

import asyncio

from msgspec.structs import replace

from identifiers.changes import Delegated, Touched, Writes
from identifiers.directory import PrefixEntry
from identifiers.keys.errors import KeyUnfit
from identifiers.keys.responses import verify_response
from identifiers.names import Prefix
from identifiers.records import Record, State
from identifiers.routes import Routes
from identifiers.values import Value
from identifiers.wire.handle.values import encode_values
from tests.unit.registry.world import NOW

SITES = (Value(index=1, type="HS_SITE", data=b"a site", ttl=60),)
"""Nobody but who asks reads what it says."""


class FarNode:
    """Holds keys as ``index:handle``. `trouble` is what it answers with instead; `hold`: when."""

    def __init__(self) -> None:
        self.keys: dict[str, Value] = {}
        self.trouble = None
        self.hold: asyncio.Event | None = None
        self.asked: list[tuple[str, str]] = []
        self.waiting = 0

    def put(self, name: str, kind: str, data: bytes, **more) -> None:
        index = int(name.partition(":")[0])
        self.keys[name] = Value(index=index, type=kind, data=data, **more)

    async def public_keys(self, identity, holder):
        await self._ready("keys", identity)
        assert holder.sites
        if self.trouble is not None:
            return self.trouble
        if identity.index:
            return tuple(v for v in (self.keys.get(str(identity)),) if v)
        return tuple(v for n, v in self.keys.items() if n.partition(":")[2] == identity.handle)

    async def verify(self, identity, holder, signed, nonce, digest):
        await self._ready("verify", identity)
        assert holder.sites
        if self.trouble is not None:
            return self.trouble
        value = self.keys.get(str(identity))
        if value is None:
            return False
        try:
            return verify_response(value.type, value.data, identity.handle, signed, nonce, digest)
        except KeyUnfit:
            return False

    async def _ready(self, what, identity):
        self.asked.append((what, str(identity)))
        if self.hold is not None:
            self.waiting += 1
            try:
                await self.hold.wait()
            finally:
                self.waiting -= 1


def away(entry: PrefixEntry, names=SITES, derived=SITES, **more) -> PrefixEntry:
    return replace(entry, routes=Routes(names, derived), **more)


async def delegate(store, prefix: str, *sites: Value) -> None:
    """Delegate a prefix to `sites`; none take it back."""
    key = f"0.NA/{prefix}"
    values = sites or (Value(index=9, type="URL", data=b"u"),)
    store.records[key] = Record(
        key=key,
        name=key,
        version=1,
        state=State.ACTIVE,
        values=encode_values(values),
        changed_at=NOW,
    )
    mark = Delegated(Prefix.parse(prefix), away=bool(sites))
    await store.write(Touched(), lambda _: (Writes(delegated=(mark,)), None))
