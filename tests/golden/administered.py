"""The registry process of a node that holds what the recorded server held."""

from collections import deque
from ipaddress import ip_address

from identifiers.changes import Enterprise
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.names import Prefix
from identifiers.principals import HandleIdentity
from identifiers.records import Record, State
from identifiers.relay import Channel, Origin
from identifiers.values import Reference, Value
from identifiers.wire.handle import bodies, data
from identifiers.wire.handle.message import decode
from identifiers.wire.handle.site import decode_site
from identifiers.wire.handle.translate import REPLY_LIFETIME
from identifiers.wire.handle.values import decode_values, encode_values
from registry.administration import Administration
from registry.commit import GroupCommit
from registry.handle.service import HandleAdministration
from registry.identities import Identities
from registry.prefixes import Prefixes
from registry.seals import KEY_OCTETS, Seals
from registry.service import Registry
from storage.memory import MemoryStore
from tests.golden.vectors import ADMIN_KEY, whole

NOW = 1_700_000_000
HOME = "20.500.123"
ADMIN = HandleIdentity(f"{HOME}/ADMIN", 300)
SEALS = Seals(b"k" * KEY_OCTETS)
NEVER = 0x7FFF_FFFF


class Script:
    """Chance and time as they were when the recording was made."""

    def __init__(self):
        self.nonces = deque()
        self.ids = deque()
        self.expiration = NOW + REPLY_LIFETIME
        self.drawn = 0

    def chance(self, count):
        if count == 16 and self.nonces:
            return self.nonces.popleft()
        if count == 4 and self.ids:
            return self.ids.popleft().to_bytes(4)
        self.drawn += 1
        return self.drawn.to_bytes(count)

    def clock(self):
        return (self.expiration - REPLY_LIFETIME) * 1_000_000_000

    def follow(self, recorded):
        told = decode(recorded)
        if told.header.expiration != NEVER:
            self.expiration = told.header.expiration
        if isinstance(told.body, bodies.Challenge):
            self.nonces.append(told.body.nonce)
            self.ids.append(told.session_id)


def admin(index=100, handle=f"0.NA/{HOME}", at=200, permissions=data.ALL_PERMISSIONS):
    return Value(
        index=index,
        type="HS_ADMIN",
        data=data.encode_admin(data.Admin(permissions, handle, at)),
        timestamp=NOW,
    )


def values_of(name):
    return decode_values(decode(whole(name, "resp")[-1]).body.values)


class Node:
    def __init__(self, store):
        self.store = store
        self.script = Script()
        prefixes = Prefixes(store)
        registry = Registry(store, GroupCommit(store), prefixes, SEALS, (ADMIN,))
        site = decode_site(decode(whole("get_site_info", "resp")[0]).body.record)
        self.handle = HandleAdministration(
            registry=registry,
            administration=Administration(store, b"p" * 32),
            store=store,
            prefixes=prefixes,
            identities=Identities(store, prefixes, SEALS),
            site=site,
            clock=self.script.clock,
            steady=lambda: 0.0,
            chance=self.script.chance,
        )

    def keep(self, name, *values):
        self.store.records[name] = Record(
            key=name,
            name=name,
            version=1,
            state=State.ACTIVE,
            values=encode_values(values),
            changed_at=NOW,
        )

    async def ask(self, request, channel=Channel.TCP, connection=""):
        origin = Origin(
            channel=channel,
            address=ip_address("127.0.0.1"),
            trusted=True,
            secure=True,
            connection=connection,
        )
        return [reply async for reply in self.handle.message(request, origin)]

    async def replay(self, name):
        """Ask what was asked; return replies and what they were, message by message."""
        got = []
        recorded = deque(whole(name, "resp"))
        for number, request in enumerate(whole(name, "req")):
            self.script.follow(recorded[len(got)])
            got += await self.ask(request, connection=f"{name}-{number}")
        return list(zip(got, recorded, strict=True))

    def value(self, name, index):
        record = self.store.records[name]
        return next((v for v in decode_values(record.values) if v.index == index), None)


async def made_node():
    """Make the node, its records and its administrators."""
    store = MemoryStore()
    await store.add_enterprise(Enterprise(id=0, name="示例"), None)
    for text in ("0.NA", HOME, "88.118.1"):
        entry = PrefixEntry(
            prefix=Prefix.parse(text), kind=PrefixKind.ENTERPRISE, enterprise=1, fold_suffix=True
        )
        await store.home_prefix(entry, None)
    made = Node(store)
    group = (Reference(f"{HOME}/ADMIN", 300), Reference(f"0.NA/{HOME}", 300))
    key = Value(index=300, type="HS_PUBKEY", data=ADMIN_KEY)
    members = Value(index=200, type="HS_VLIST", data=data.encode_vlist(group))
    made.keep(f"0.NA/{HOME}", admin(), members, key)
    made.keep("0.NA/88.118.1", admin())
    secret = Value(index=300, type="HS_SECKEY", data=b"password123", permissions=0x0C)
    made.keep(f"{HOME}/ADMIN", admin(), *SEALS.sealed(f"{HOME}/ADMIN", (secret,)))
    (hidden,) = values_of("private_read_seckey_challenge")
    public = values_of("resolve_udp_public")
    made.keep(f"{HOME}/MULTI", *sorted([*public, hidden], key=lambda v: v.index))
    for number in range(120):
        made.keep(f"88.118.1/L{number:03}", admin())
    return made
