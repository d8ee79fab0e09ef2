"""Enterprises, prefixes and API keys; DirectorySource."""

from ipaddress import IPv4Network, IPv6Network

import msgspec
import pytest

from identifiers.changes import Enterprise, StoredKey
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.names import Prefix
from identifiers.principals import Scope
from tests.contracts.backends import Backend
from tests.contracts.units import AUDIT

ROOT = PrefixEntry(prefix=Prefix.parse("88.300"), kind=PrefixKind.SECONDARY, enterprise=0)


def entry(prefix: str, enterprise: int, **more: bool) -> PrefixEntry:
    return PrefixEntry(
        prefix=Prefix.parse(prefix), kind=PrefixKind.ENTERPRISE, enterprise=enterprise, **more
    )


def key_of(enterprise: int, key_id: str = "k1") -> StoredKey:
    return StoredKey(
        id=key_id,
        enterprise=enterprise,
        hashed=bytes(range(32)),
        scopes=frozenset({Scope.READ, Scope.WRITE}),
        prefixes=(Prefix.parse("88.300.1"), Prefix.parse("88.300.1.A-B")),
        networks=(IPv4Network("10.0.0.0/8"), IPv6Network("fd00::/8")),
        label="产线 3",
        created_at=100,
        expires_at=2**40,
    )


async def test_enterprises_get_rising_ids(backend: Backend) -> None:
    given = [
        Enterprise(id=0, name="示例煤业", credit_code="91140000MA0KXXXXXX", industry="B0610"),
        Enterprise(id=0, name="示例物流"),
    ]
    ids = [await backend.store.add_enterprise(e, AUDIT) for e in given]
    assert ids[0] >= 1
    assert ids[1] > ids[0]
    assert list(await backend.store.enterprises()) == [
        msgspec.structs.replace(e, id=i) for e, i in zip(given, ids, strict=True)
    ]
    assert await backend.past.audited() == [AUDIT, AUDIT]


async def test_the_directory_holds_what_was_allotted(backend: Backend) -> None:
    assert (await backend.directory.directory()).entries == ()
    number = await backend.store.add_enterprise(Enterprise(id=0, name="示例煤业"), AUDIT)
    folding = entry("88.300.2", number, fold_suffix=True, enabled=False)
    for given in (entry("88.300.10", number), folding, ROOT):
        assert await backend.store.home_prefix(given, AUDIT)
    expected = (ROOT, entry("88.300.10", number), folding)
    assert (await backend.directory.directory()).entries == expected
    assert (await backend.store.directory()).entries == expected


async def test_a_prefix_is_allotted_once(backend: Backend) -> None:
    first = await backend.store.add_enterprise(Enterprise(id=0, name="甲"), AUDIT)
    second = await backend.store.add_enterprise(Enterprise(id=0, name="乙"), AUDIT)
    assert await backend.store.home_prefix(entry("88.300.1", first), AUDIT)
    assert not await backend.store.home_prefix(entry("88.300.1", second), AUDIT)
    assert not await backend.store.home_prefix(entry("88.300.1", first), AUDIT)
    assert (await backend.directory.directory()).entries == (entry("88.300.1", first),)
    assert len(await backend.past.audited()) == 3


async def test_unknown_enterprises_are_refused(backend: Backend) -> None:
    with pytest.raises(ValueError, match="no enterprise 7"):
        await backend.store.home_prefix(entry("88.300.1", 7), AUDIT)
    with pytest.raises(ValueError, match="no enterprise 7"):
        await backend.store.add_key(key_of(7), AUDIT)
    assert await backend.past.audited() == []


async def test_a_key_is_read_back_as_it_was(backend: Backend) -> None:
    number = await backend.store.add_enterprise(Enterprise(id=0, name="甲"), AUDIT)
    bare = msgspec.structs.replace(key_of(number, "k2"), prefixes=(), networks=())
    await backend.store.add_key(key_of(number), AUDIT)
    await backend.store.add_key(bare, AUDIT)
    assert await backend.store.key("k1") == key_of(number)
    assert await backend.store.key("k2") == bare
    assert await backend.store.key("k3") is None
    with pytest.raises(ValueError, match="a key k1 already"):
        await backend.store.add_key(key_of(number), AUDIT)


async def test_a_key_ends_once(backend: Backend) -> None:
    number = await backend.store.add_enterprise(Enterprise(id=0, name="甲"), AUDIT)
    await backend.store.add_key(key_of(number), AUDIT)
    before = len(await backend.past.audited())
    assert await backend.store.revoke_key("k1", 500, AUDIT)
    assert not await backend.store.revoke_key("k1", 600, AUDIT)
    assert not await backend.store.revoke_key("k2", 600, AUDIT)
    revoked = await backend.store.key("k1")
    assert revoked == msgspec.structs.replace(key_of(number), revoked_at=500)
    assert len(await backend.past.audited()) == before + 1
