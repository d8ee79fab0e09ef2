"""Enterprises, prefixes and API keys; DirectorySource."""

from ipaddress import IPv4Network, IPv6Network

import msgspec
import pytest

from identifiers.changes import Current, Delegated, Enterprise, StoredKey, Touched, Writes
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.names import Prefix
from identifiers.principals import Scope
from identifiers.routes import Routes
from identifiers.values import Value
from identifiers.wire.handle.values import encode_values
from registry.access.ports import KeyStore
from tests.contracts.backends import Backend
from tests.contracts.units import AUDIT, delete, put, record, written

ROOT = PrefixEntry(prefix=Prefix.parse("88.300"), kind=PrefixKind.SECONDARY, enterprise=0)


def entry(prefix: str, enterprise: int, **more: bool) -> PrefixEntry:
    return PrefixEntry(
        prefix=Prefix.parse(prefix), kind=PrefixKind.ENTERPRISE, enterprise=enterprise, **more
    )


ENTERPRISE = Enterprise(id=0, name="示例煤业")


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


async def test_an_own_prefix_is_handed_over_once_and_only_unused(backend: Backend) -> None:
    number = await backend.store.add_enterprise(Enterprise(id=0, name="甲"), AUDIT)
    own = msgspec.structs.replace(ROOT, prefix=Prefix.parse("88.300.2"), enabled=False)
    assert await backend.store.home_prefix(own, AUDIT)
    given = entry("88.300.2", number, fold_suffix=True)
    audited = len(await backend.past.audited())
    cursor = await backend.feed.start()
    with pytest.raises(ValueError, match=f"no enterprise {number + 7}"):
        await backend.store.hand_over(entry("88.300.2", number + 7), AUDIT)
    for handle in ("88.300.2/A", "0.NA/88.300.2"):
        await put(backend.store, handle, encode_values((OTHER,)))
        assert not await backend.store.hand_over(given, AUDIT)
        await delete(backend.store, handle)
    assert not await backend.store.hand_over(entry("88.300.9", number), AUDIT)
    assert (await backend.directory.directory()).entries == (own,)
    assert not (await backend.feed.poll(cursor)).directory
    assert await backend.store.hand_over(given, AUDIT)
    assert (await backend.directory.directory()).entries == (given,)
    assert (await backend.feed.poll(cursor)).directory
    assert not await backend.store.hand_over(given, AUDIT)
    assert len(await backend.past.audited()) == audited + 1


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


async def test_keys_are_listed_by_enterprise_and_age(backend: Backend) -> None:
    first, second = [
        await backend.store.add_enterprise(Enterprise(id=0, name=name), AUDIT) for name in "甲乙"
    ]
    assert list(await backend.store.api_keys()) == []
    given = [
        key_of(first, "b"),
        key_of(first, "c"),
        msgspec.structs.replace(key_of(first, "a"), created_at=200),
        key_of(second, "B"),
    ]
    for key in reversed(given):
        await backend.store.add_key(key, AUDIT)
    await backend.store.revoke_key("b", 500, AUDIT)
    given[0] = msgspec.structs.replace(given[0], revoked_at=500)
    assert list(await backend.store.api_keys()) == given


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


SITE = Value(index=1, type="HS_SITE", data=b"here")
OF_PREFIX = Value(index=2, type="HS_SITE.PREFIX", data=b"there")
NAMESPACE = Value(index=3, type="HS_NAMESPACE", data=b"<namespace/>")
OTHER = Value(index=4, type="EMAIL", data=b"HS_NAMESPACE")
RECORD = "0.NA/88.300.1"


async def allotted(backend: Backend) -> PrefixEntry:
    number = await backend.store.add_enterprise(Enterprise(id=0, name="甲"), AUDIT)
    given = entry("88.300.1", number)
    assert await backend.store.home_prefix(given, AUDIT)
    return given


async def delegate(backend: Backend, prefix: str = "88.300.1", *, away: bool = True) -> None:
    """Mark a prefix alone."""
    moved = Writes(delegated=(Delegated(Prefix.parse(prefix), away=away),))
    await backend.store.write(Touched(keys=(RECORD,)), lambda _: (moved, None))


async def test_a_delegated_prefix_has_the_routes_of_its_record(backend: Backend) -> None:
    given = await allotted(backend)
    await put(backend.store, RECORD, encode_values((SITE, OF_PREFIX, OTHER)))
    assert (await backend.directory.directory()).entries == (given,)
    await delegate(backend)
    routes = Routes((SITE,), (OF_PREFIX,))
    away = msgspec.structs.replace(given, routes=routes)
    assert (await backend.directory.directory()).entries == (away,)
    await delegate(backend, away=False)
    assert (await backend.store.directory()).entries == (given,)


async def test_mark_and_routes_are_written_together(backend: Backend) -> None:
    given = await allotted(backend)
    cursor = await backend.feed.start()

    def decide(_: Current) -> tuple[Writes, None]:
        return Writes(
            records=(written(record(RECORD, 1, encode_values((SITE,)))),),
            audit=(AUDIT,),
            delegated=(Delegated(given.prefix, away=True),),
        ), None

    await backend.store.write(Touched(keys=(RECORD,)), decide)
    away = msgspec.structs.replace(given, routes=Routes((SITE,)))
    assert (await backend.directory.directory()).entries == (away,)
    page = await backend.feed.poll(cursor)
    assert page.directory
    assert page.superseded == ((RECORD, 1),)


async def test_a_prefix_that_was_never_allotted_is_not_delegated(backend: Backend) -> None:
    def decide(_: Current) -> tuple[Writes, None]:
        moved = Delegated(Prefix.parse("88.300.1"), away=True)
        return Writes(records=(written(record(RECORD)),), delegated=(moved,)), None

    with pytest.raises(ValueError, match=r"88\.300\.1 was never allotted"):
        await backend.store.write(Touched(keys=(RECORD,)), decide)
    assert await backend.store.record(RECORD) is None


async def test_a_record_without_routes_leads_nowhere(backend: Backend) -> None:
    given = await allotted(backend)
    await delegate(backend)
    nowhere = msgspec.structs.replace(given, routes=Routes())
    assert (await backend.directory.directory()).entries == (nowhere,)
    await put(backend.store, RECORD, encode_values((SITE,)))
    await delete(backend.store, RECORD)
    assert (await backend.directory.directory()).entries == (nowhere,)


async def test_a_prefix_has_the_namespace_of_its_record(backend: Backend) -> None:
    given = await allotted(backend)
    await put(backend.store, RECORD, encode_values((OTHER, NAMESPACE, SITE)))
    with_one = msgspec.structs.replace(given, namespace=b"<namespace/>")
    assert (await backend.directory.directory()).entries == (with_one,)
    await put(backend.store, RECORD, encode_values((OTHER, SITE)))
    assert (await backend.directory.directory()).entries == (given,)


async def test_a_prefix_is_switched_off_and_on_with_all_that_is_known_of_it(
    backend: Backend,
) -> None:
    given = await allotted(backend)
    await delegate(backend)
    before = (await backend.directory.directory()).entries
    audited = len(await backend.past.audited())
    for enabled, changed in ((True, False), (False, True), (False, False), (True, True)):
        cursor = await backend.feed.start()
        switched = await backend.store.enable_prefix(given.prefix, AUDIT, enabled=enabled)
        assert switched is changed
        assert (await backend.feed.poll(cursor)).directory is changed
        (found,) = (await backend.directory.directory()).entries
        assert found == msgspec.structs.replace(before[0], enabled=enabled)
    assert not await backend.store.enable_prefix(Prefix.parse("88.300.9"), AUDIT, enabled=True)
    assert len(await backend.past.audited()) == audited + 2


async def test_a_prefix_is_signed_until_it_is_not(backend: Backend) -> None:
    await backend.store.home_prefix(ROOT, AUDIT)
    for signed in (True, True, False):
        cursor = await backend.feed.start()
        assert await backend.store.sign_prefix(ROOT.prefix, AUDIT, signed=signed)
        assert (await backend.feed.poll(cursor)).directory
        (found,) = (await backend.directory.directory()).entries
        assert found.signed is signed
    assert not await backend.store.sign_prefix(Prefix.parse("88.301"), AUDIT, signed=True)
    assert len(await backend.past.audited()) == 4


async def test_a_prefix_may_keep_its_names(backend: Backend) -> None:
    entry = PrefixEntry(prefix=Prefix.parse("88.301"), kind=PrefixKind.SECONDARY, enterprise=0)
    await backend.store.home_prefix(entry, AUDIT)
    assert await backend.store.keep_names(entry.prefix, AUDIT, keeps=True)
    found = (await backend.directory.directory()).exact("88.301")
    assert found is not None
    assert found.keeps
    assert not await backend.store.keep_names(Prefix.parse("88.399"), AUDIT, keeps=True)


async def test_pages_of_keys_are_of_one_enterprise_or_of_all(backend: Backend) -> None:
    numbers = [await backend.store.add_enterprise(ENTERPRISE, AUDIT) for _ in range(2)]
    for owner, key_id in ((0, "k1"), (1, "k2"), (0, "k3")):
        await backend.store.add_key(key_of(numbers[owner], key_id), AUDIT)
    store: KeyStore = backend.store
    assert [k.id for k in await store.keys_page(numbers[0], "", 9)] == ["k1", "k3"]
    assert [k.id for k in await store.keys_page(numbers[0], "k1", 9)] == ["k3"]
    assert [k.id for k in await store.keys_page(None, "", 2)] == ["k1", "k2"]


async def test_a_key_that_is_replaced_ends_sooner_and_never_later(backend: Backend) -> None:
    number = await backend.store.add_enterprise(ENTERPRISE, AUDIT)
    store: KeyStore = backend.store
    old = key_of(number)
    await store.add_key(old, AUDIT)
    ends = old.expires_at - 5
    new, newer = (
        msgspec.structs.replace(key_of(number, name), replaces="k1") for name in ("k2", "k3")
    )
    assert await store.rotate_key(new, ends, AUDIT)
    assert await store.key("k1") == msgspec.structs.replace(old, expires_at=ends)
    assert await store.key("k2") == new
    assert await store.rotate_key(newer, ends + 99, AUDIT)
    assert await store.key("k1") == msgspec.structs.replace(old, expires_at=ends)
    await store.revoke_key("k1", 7, AUDIT)
    assert not await store.rotate_key(key_of(number, "k4"), ends, AUDIT)
    assert await store.key("k4") is None
