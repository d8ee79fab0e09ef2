import json
from ipaddress import ip_network

import pytest

from identifiers.keys.bounds import UNBOUNDED, Bounds
from identifiers.principals import ApiKey, Operator, Scope
from identifiers.records import Record, State
from identifiers.values import Value
from identifiers.wire.handle.values import encode_values
from node.commands import key_pairs as commands
from node.commands.key_pairs import bounding, listing, read_bounds
from node.refusals import NotDone
from registry.access.bounds import BoundsBook
from registry.access.key_pairs import KeyPairs
from registry.prefixes import Prefixes
from storage.memory import MemoryKeyBounds, MemoryStore
from tests.unit.registry.world import NOW, asked, audit, entry

RECORD = "0.NA/88.300.1"
ROOT = Operator("root")
PAST = "2000-01-01T00:00:00Z"


@pytest.fixture
async def do():
    """Return what does a piece of work on two keys in memory."""
    store = MemoryStore()
    await store.home_prefix(entry("88.300", 0), audit())
    await store.home_prefix(entry("88.300.1", 0), audit())
    for name in ("0.NA/88.300", RECORD):
        store.records[name] = Record(
            key=name,
            name=name,
            version=1,
            state=State.ACTIVE,
            values=encode_values([Value(index=301, type="HS_PUBKEY", data=b"k")]),
            changed_at=NOW,
        )
    bounds = MemoryKeyBounds(store)
    pairs = KeyPairs(store, bounds, Prefixes(store), BoundsBook(bounds))
    return lambda work, by=ROOT: work(pairs, asked(by, changes=0))


async def test_a_key_is_bounded_listed_and_unbounded(do, monkeypatch):
    monkeypatch.setattr(commands, "_PAGE", 1)
    bounds = read_bounds(PAST, ("10.0.0.0/8", "2001:db8::/32"))
    assert await do(bounding(f"301:{RECORD}", bounds)) == f"301:{RECORD}"
    node, own = json.loads(await do(listing(enterprise=None, as_json=True)))
    assert (node["handle"], node["expired"], node["expires_at"]) == ("0.NA/88.300", False, None)
    assert (own["index"], own["type"], own["expired"]) == (301, "HS_PUBKEY", True)
    assert own["networks"] == ["10.0.0.0/8", "2001:db8::/32"]
    lines = (await do(listing(enterprise=None, as_json=False))).splitlines()
    assert len(lines) == 3
    await do(bounding(f"301:{RECORD}", UNBOUNDED))
    assert json.loads(await do(listing(enterprise=None, as_json=True)))[1]["networks"] == []
    assert json.loads(await do(listing(enterprise=9, as_json=True))) == []


def test_bounds_are_read():
    assert read_bounds(PAST, ()) == Bounds(946_684_800)
    assert read_bounds("", ("::1/128",)) == Bounds(None, (ip_network("::1/128"),))


@pytest.mark.parametrize(
    ("until", "networks", "why"),
    [
        ("tomorrow", (), "tomorrow is no instant"),
        ("", ("10.0.0.1/8",), "host bits"),
        ("", ("fe80::%eth0/64",), "scope id"),
        ("", (), "--until or --network"),
    ],
)
def test_what_are_no_bounds_is_said(until, networks, why):
    with pytest.raises(NotDone, match=why):
        read_bounds(until, networks)


async def test_what_is_not_done_is_said(do, monkeypatch):
    with pytest.raises(NotDone, match="no key stands at 300:"):
        await do(bounding(f"300:{RECORD}", Bounds(1)))
    with pytest.raises(NotDone, match="identity"):
        bounding(RECORD, Bounds(1))
    gone = Bounds(1)

    async def outrun(_, bounds, entry, *, was):
        assert (bounds.bounds, entry.action, was) == (gone, "key_pair.bound", 0)
        return False

    with monkeypatch.context() as patched:
        patched.setattr(MemoryKeyBounds, "keep_key_bounds", outrun)
        with pytest.raises(NotDone, match="look again"):
            await do(bounding(f"301:{RECORD}", gone))
    key = ApiKey(
        id="k", enterprise=0, scopes=frozenset({Scope.KEYS}), networks=(ip_network("10.0.0.0/8"),)
    )
    await do(bounding(f"301:{RECORD}", Bounds(None, (ip_network("11.0.0.0/8"),))), key)
    with pytest.raises(NotDone, match="must be within"):
        await do(bounding(f"301:{RECORD}", UNBOUNDED), key)
