"""The node signs what is written under marked prefixes, and nobody has to know of it."""

import asyncio

import pytest
from msgspec.structs import replace

from identifiers.keys.signers import Sm2Signer
from identifiers.principals import HandleIdentity
from identifiers.trust.signing import sign_values, signature_value
from identifiers.trust.verification import Terms, Verdict, begin
from identifiers.wire.handle.data import Admin, AdminPermission, encode_admin
from identifiers.wire.handle.values import decode_values, encode_values
from registry.answers import Batch, Denied, Exists, Faulty, Missing, Saved, Unchanged, ValuesMissing
from registry.commands import AddValues, Create, Delete, Patch, Put, RemoveValues, Upsert
from registry.commit import GroupCommit
from registry.prefixes import Prefixes
from registry.service import Registry
from registry.signatures import mark_of
from registry.signing import Signatures
from tests.contracts.units import put as put_record
from tests.unit.registry.signed import NODE, ROOTS, SIGNER, signatures_of, verdict_of
from tests.unit.registry.world import (
    NOW,
    SEALS,
    api_key,
    asked,
    audit,
    entry,
    handle,
    upserts,
    value,
)

NAME = "88.300.1/A"
ADMIN = HandleIdentity("0.NA/88.300.1", 200)


@pytest.fixture
async def marked(store):
    for prefix in ("88.300", "88.300.1", "88.300.2"):
        await store.sign_prefix(entry(prefix, 0).prefix, audit(), signed=True)
    store.audited.clear()
    return store


@pytest.fixture
def signing(marked, commit):
    return Registry(marked, commit, Prefixes(marked), SEALS, signatures=Signatures(SIGNER))


def saved(answer):
    assert isinstance(answer, Saved), answer
    return answer.record


async def test_what_is_created_is_signed(signing, store):
    record = saved(await signing.create(Create(handle=handle(NAME), values=(value(1),)), asked()))
    (signature,) = signatures_of(record)
    assert (signature.index, signature.timestamp) == (400, NOW)
    assert verdict_of(record) is Verdict.TRUSTED
    assert store.records[NAME] == record
    assert len(store.changes) == len(store.audited) == 1


async def test_without_a_mark_nothing_is_signed(signing, store):
    await store.sign_prefix(entry("88.300.1", 0).prefix, audit(), signed=False)
    record = saved(await signing.create(Create(handle=handle(NAME), values=(value(1),)), asked()))
    assert not signatures_of(record)


async def test_a_registry_without_signatures_signs_nothing(registry, marked):
    assert marked
    record = saved(await registry.create(Create(handle=handle(NAME), values=(value(1),)), asked()))
    assert not signatures_of(record)


async def test_private_values_are_not_told_by_their_digests(signing):
    values = (value(1), value(2, b"13800000000", permissions=0x0C))
    record = saved(await signing.create(Create(handle=handle(NAME), values=values), asked()))
    assert verdict_of(record) is Verdict.TRUSTED
    report = begin(NAME, decode_values(record.values), Terms(now=NOW, roots=ROOTS))
    assert (report.verified, report.unsigned) == ((1,), (2,))


async def test_every_change_is_signed_anew(signing):
    one = saved(await signing.create(Create(handle=handle(NAME), values=(value(1),)), asked()))
    for command, ask in (
        (Patch(handle=handle(NAME), values=(value(2),)), signing.patch),
        (AddValues(handle=handle(NAME), values=(value(3),)), signing.add_values),
        (RemoveValues(handle=handle(NAME), indexes=frozenset({1})), signing.remove_values),
        (Put(handle=handle(NAME), values=(value(7, b"new"),)), signing.put),
    ):
        record = saved(await ask(command, asked()))
        assert len(signatures_of(record)) == 1
        assert verdict_of(record) is Verdict.TRUSTED
        assert record.version > one.version
        one = record


async def test_what_changes_nothing_is_not_signed_anew(signing, store):
    values = (value(1), value(2))
    first = saved(await signing.create(Create(handle=handle(NAME), values=values), asked()))
    later = (NOW + 5) * 1000
    for sent in (values, decode_values(first.values)):
        answer = await signing.put(Put(handle=handle(NAME), values=sent), asked(at=later))
        assert answer == Unchanged(first)
    assert store.records[NAME] == first


async def test_a_record_is_sent_back_with_its_old_signature(signing):
    first = saved(await signing.create(Create(handle=handle(NAME), values=(value(1),)), asked()))
    old = decode_values(first.values)
    record = saved(
        await signing.put(Put(handle=handle(NAME), values=(value(1, b"new"), *old[1:])), asked())
    )
    assert len(signatures_of(record)) == 1
    assert verdict_of(record) is Verdict.TRUSTED


async def test_the_nodes_signature_cannot_be_removed_alone(signing):
    await signing.create(Create(handle=handle(NAME), values=(value(1),)), asked())
    command = RemoveValues(handle=handle(NAME), indexes=frozenset({400}))
    assert await signing.remove_values(command, asked()) == ValuesMissing((400,))


async def test_signatures_of_others_stay(signing):
    mine = Sm2Signer(5, bytes)
    token = sign_values(
        NAME, (value(1),), mine, HandleIdentity("0.NA/88.300.1", 300), now=NOW, until=NOW + 9
    )
    others = (signature_value(token), replace(signature_value(b"rubbish"), index=401))
    record = saved(
        await signing.create(Create(handle=handle(NAME), values=(value(1), *others)), asked())
    )
    assert [v.index for v in signatures_of(record)] == [400, 401, 402]
    assert verdict_of(record) is Verdict.TRUSTED


async def test_deleting_needs_no_signature(signing, store):
    await signing.create(Create(handle=handle(NAME), values=(value(1),)), asked())
    assert saved(await signing.delete(Delete(handle=handle(NAME)), asked())).version == 2
    assert isinstance(await signing.delete(Delete(handle=handle(NAME)), asked()), Missing)
    again = saved(await signing.create(Create(handle=handle(NAME), values=(value(1),)), asked()))
    assert (again.version, verdict_of(again)) == (3, Verdict.TRUSTED)
    assert isinstance(
        await signing.create(Create(handle=handle(NAME), values=(value(1),)), asked()), Exists
    )
    assert store.records[NAME] == again


async def test_a_mark_taken_off_takes_the_signature_off_with_the_next_change(
    signing, store, commit
):
    first = saved(await signing.create(Create(handle=handle(NAME), values=(value(1),)), asked()))
    await store.sign_prefix(entry("88.300.1", 0).prefix, audit(), signed=False)
    plain = Registry(store, commit, Prefixes(store), SEALS, signatures=Signatures(SIGNER))
    same = await plain.put(Put(handle=handle(NAME), values=(value(1),)), asked())
    assert same == Unchanged(first)
    record = saved(await plain.patch(Patch(handle=handle(NAME), values=(value(2),)), asked()))
    assert not signatures_of(record)


async def test_names_are_signed_in_canonical_form(signing):
    command = Create(handle=handle("88.300.2/abc"), values=(value(1),))
    record = saved(await signing.create(command, asked(api_key(2))))
    assert record.key == "88.300.2/ABC"
    terms = Terms(now=NOW, roots=ROOTS)
    report = begin(record.key, decode_values(record.values), terms)
    assert report.verdict is Verdict.TRUSTED


async def test_a_batch_is_signed(signing):
    names = [f"88.300.1/B{n}" for n in range(5)]
    order = upserts(*(Upsert(handle=handle(n), values=(value(1),)) for n in names))
    answer = await signing.batch(order, asked(changes=5))
    assert isinstance(answer, Batch)
    assert all(verdict_of(saved(item.fate)) is Verdict.TRUSTED for item in answer.items)


async def test_a_signature_counts_for_the_size_of_a_record(signing):
    values = tuple(value(n) for n in range(1, 257))
    answer = await signing.create(Create(handle=handle(NAME), values=values), asked())
    assert isinstance(answer, Faulty)
    assert [fault.code for fault in answer.faults] == ["too_many"]


async def test_an_identity_registers_signed(signing, store):
    admin = value(200, encode_admin(Admin(0xFFF, ADMIN.handle, 200)), type="HS_ADMIN")
    await put_record(store, "0.NA/88.300.1", encode_values((admin,)))
    command = Create(handle=handle(NAME), values=(value(1), admin))
    record = saved(await signing.create(command, asked(ADMIN)))
    assert verdict_of(record) is Verdict.TRUSTED
    changed = Patch(handle=handle(NAME), values=(value(2),))
    assert verdict_of(saved(await signing.patch(changed, asked(ADMIN)))) is Verdict.TRUSTED


class Restless:
    """A store in which somebody else writes between the look and the transaction."""

    def __init__(self, store, meddle, times):
        self._store = store
        self._meddle = meddle
        self._times = times

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def fetch(self, keys):
        found = await self._store.fetch(keys)
        if self._times:
            self._times -= 1
            await self._meddle()
        return found


@pytest.mark.parametrize("batch", [False, True])
async def test_what_changed_meanwhile_is_signed_as_it_is(marked, commit, signing, batch):
    await signing.create(Create(handle=handle(NAME), values=(value(1),)), asked())
    numbers = iter(range(10, 20))

    async def meddle():
        await signing.patch(Patch(handle=handle(NAME), values=(value(next(numbers)),)), asked())

    for times, done in ((2, True), (5, False)):
        restless = Restless(marked, meddle, times)
        slow = Registry(restless, commit, Prefixes(restless), SEALS, signatures=Signatures(SIGNER))
        item = Upsert(handle=handle(NAME), values=(value(2, str(times).encode()),))
        patch = Patch(handle=handle(NAME), values=item.values)
        if not done:
            with pytest.raises(Exception, match="changes all the time"):
                await (slow.batch(upserts(item), asked()) if batch else slow.patch(patch, asked()))
            continue
        if batch:
            await slow.batch(upserts(item), asked())
        else:
            await slow.patch(patch, asked())
        record = marked.records[NAME]
        assert {v.index for v in decode_values(record.values)} >= {1, 2, 10, 11}
        assert verdict_of(record) is Verdict.TRUSTED


async def test_prefix_records_are_not_signed(marked):
    directory = await marked.directory()
    assert mark_of(directory, "0.NA") is None
    assert mark_of(directory, "88.999") is None
    assert mark_of(directory, "88.300.1.7").issuer == NODE
    assert mark_of(directory, "88.300.10").signed is False


async def test_groups_are_signed_each_for_itself(marked):
    commit = GroupCommit(marked)
    busy = Registry(marked, commit, Prefixes(marked), SEALS, signatures=Signatures(SIGNER))
    answers = await asyncio.gather(
        *(
            busy.create(Create(handle=handle(f"88.300.1/G{n}"), values=(value(1),)), asked())
            for n in range(20)
        )
    )
    assert all(verdict_of(saved(answer)) is Verdict.TRUSTED for answer in answers)


async def test_no_right_is_needed_for_the_nodes_own_signature(signing, store):
    """Who replaces a record does not send it back, and removes nothing by that."""
    everything_but = 0xFFF & ~int(AdminPermission.REMOVE_VALUE | AdminPermission.ADD_VALUE)
    admin = value(200, encode_admin(Admin(everything_but, ADMIN.handle, 200)), type="HS_ADMIN")
    await put_record(store, "0.NA/88.300.1", encode_values((admin,)))
    first = (value(1), admin)
    await signing.create(Create(handle=handle(NAME), values=first), asked(ADMIN))
    for values in ((value(1, b"new"), admin), decode_values(store.records[NAME].values)):
        command = Create(handle=handle(NAME), values=values, overwrite=True)
        answer = await signing.create(command, asked(ADMIN))
        assert isinstance(answer, Saved | Unchanged)
        assert verdict_of(store.records[NAME]) is Verdict.TRUSTED
    more = Create(handle=handle(NAME), values=(*first, value(2)), overwrite=True)
    assert isinstance(await signing.create(more, asked(ADMIN)), Denied)
