"""Secret keys: sealed wherever they come in, out of whatever goes out."""

import json

import pytest
from msgspec.structs import replace

from identifiers.faults import Invalid
from identifiers.names import Prefix
from identifiers.principals import Operator
from identifiers.submissions import Submission
from identifiers.values import Value
from identifiers.wire import jsonlines
from identifiers.wire.handle.values import decode_values
from registry.answers import Unchanged
from registry.commands import (
    AddValues,
    Create,
    Delete,
    Mode,
    ModifyValues,
    Patch,
    Put,
    RemoveValues,
    Upsert,
)
from registry.effects import merkle_root
from registry.imports.service import ImportRequest
from registry.seals import MARK, SealBroken, Seals
from registry.submissions import fit
from tests.unit.registry.handles import OWNER, admin, stored, url
from tests.unit.registry.world import IDENTIFIERS, SEALS, asked, handle, new, upserts

NAME = "88.300.1/A"
PREFIX_RECORD = "0.NA/88.300.1"
SECRET = b"correct horse battery"


def secret(data=SECRET, index=300, **more):
    return Value(index=index, type=more.pop("type", "HS_SECKEY"), data=data, **more)


def kept(store, name=NAME):
    return {v.index: v for v in decode_values(store.records[name].values)}


# the seal itself


def test_what_was_sealed_opens_in_its_place_only():
    plain = secret()
    (sealed,) = SEALS.sealed(NAME, (plain,))
    assert replace(sealed, data=SECRET) == plain
    assert sealed.data.startswith(MARK)
    assert SECRET not in sealed.data
    assert SEALS.opened(NAME, sealed) == SECRET
    for name, value in ((NAME, replace(sealed, index=301)), ("88.300.1/B", sealed)):
        with pytest.raises(SealBroken, match="moved"):
            SEALS.opened(name, value)
    with pytest.raises(SealBroken, match="another key"):
        Seals(b"t" * 32).opened(NAME, sealed)


def test_every_bit_of_a_sealed_value_counts():
    (sealed,) = SEALS.sealed(NAME, (secret(b"s"),))
    for at in range(len(MARK), len(sealed.data)):
        flipped = bytearray(sealed.data)
        flipped[at] ^= 1
        with pytest.raises(SealBroken):
            SEALS.opened(NAME, replace(sealed, data=bytes(flipped)))
    for size in range(len(MARK), len(sealed.data)):
        with pytest.raises(SealBroken):
            SEALS.opened(NAME, replace(sealed, data=sealed.data[:size]))


def test_the_same_secret_in_the_same_place_looks_the_same():
    first, again = (SEALS.sealed(NAME, (secret(),)) for _ in range(2))
    assert first == again
    others = [
        SEALS.sealed(NAME, (secret(b"other"),)),
        SEALS.sealed(NAME, (secret(index=301),)),
        SEALS.sealed("88.300.1/B", (secret(),)),
        Seals(b"t" * 32).sealed(NAME, (secret(),)),
    ]
    boxes = {values[0].data for values in (first, *others)}
    assert len(boxes) == 5
    assert len({box[len(MARK) : len(MARK) + 16] for box in boxes}) == 5  # no nonce twice


def test_a_secret_that_looks_sealed_is_sealed_too():
    (once,) = SEALS.sealed(NAME, (secret(),))
    (twice,) = SEALS.sealed(NAME, (once,))
    assert SEALS.opened(NAME, twice) == once.data


def test_what_an_earlier_version_stored_is_told_by_its_missing_mark():
    assert SEALS.opened(NAME, secret(b"old")) == b"old"


def test_other_values_are_left_alone():
    values = (url(), url(2))
    assert SEALS.sealed(NAME, values) is values
    mixed = SEALS.sealed(NAME, (url(), secret(type="hs_SecKey"), url(2)))
    assert [v.data.startswith(MARK) for v in mixed] == [False, True, False]


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_has_its_length(size):
    with pytest.raises(ValueError, match="32 octets"):
        Seals(bytes(size))


def test_an_empty_secret_is_none():
    with pytest.raises(Invalid) as refused:
        fit(Submission(NAME, (url(), secret(b""))))
    assert [(f.pointer, f.code) for f in refused.value.faults] == [("/values/1/data", "empty")]


# every way in

AT = handle(NAME)


@pytest.mark.parametrize(
    "command",
    [
        Create(handle=AT, values=(url(), secret())),
        Create(handle=AT, values=(url(), secret()), overwrite=True),
        Put(handle=AT, values=(url(), secret())),
        Upsert(handle=AT, values=(url(), secret())),
    ],
)
@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("who", [None, OWNER])
async def test_what_registers_seals(registry, store, command, there, who):
    await stored(store, PREFIX_RECORD, admin())
    if there and not (isinstance(command, Create) and not command.overwrite):
        await stored(store, NAME, url(1, b"before"))
    answer = await registry.put(command, asked(who))
    assert SEALS.opened(NAME, kept(store)[300]) == SECRET
    assert kept(store)[300].data.startswith(MARK)
    assert [v.type for v in decode_values(answer.record.values)] == ["URL"]


@pytest.mark.parametrize(
    ("method", "command"),
    [
        ("patch", Patch(handle=AT, values=(secret(b"new"),))),
        ("add_values", AddValues(handle=AT, values=(secret(b"new"),), overwrite=True)),
        ("modify_values", ModifyValues(handle=AT, values=(secret(b"new"),))),
    ],
)
@pytest.mark.parametrize("who", [None, OWNER])
async def test_what_changes_seals(registry, store, method, command, who):
    await stored(store, PREFIX_RECORD, admin())
    await registry.create(Create(handle=AT, values=(url(), secret())), asked())
    answer = await getattr(registry, method)(command, asked(who))
    assert SEALS.opened(NAME, kept(store)[300]) == b"new"
    assert kept(store)[300].data.startswith(MARK)
    assert [v.type for v in decode_values(answer.record.values)] == ["URL"]


GUESSES = (SECRET, b"wrong horse")


def keyless(answer):
    """Return what an answer says, without its time and its numbers."""
    assert "HS_SECKEY" not in repr(answer)
    return repr(answer)


@pytest.mark.parametrize("protected", [False, True])
@pytest.mark.parametrize("later", [0, 5])
@pytest.mark.parametrize(
    ("method", "command", "only"),
    [
        ("create", Create, {"overwrite": True}),
        ("put", Put, {}),
        ("patch", Patch, {}),
        ("add_values", AddValues, {"overwrite": True}),
        ("modify_values", ModifyValues, {}),
    ],
)
async def test_a_guess_is_answered_alike_right_or_wrong(
    registry, store, *, method, command, only, later, protected
):
    """Who may write a secret key may not read it."""
    key = secret(permissions=0x08 if protected else 0x0C)
    told = []
    for guess in GUESSES:
        (sealed,) = SEALS.sealed(NAME, (key,))
        store.records.pop(NAME, None)
        await stored(store, NAME, url(), sealed)
        sent = command(handle=AT, values=(url(), replace(key, data=guess)), **only)
        at = (store.records[NAME].changed_at + later) * 1000
        told.append(keyless(await getattr(registry, method)(sent, asked(at=at))))
    assert told[0] == told[1]
    assert told[0].startswith("Protected" if protected else "Saved")


@pytest.mark.parametrize("mode", [Mode.UPSERT, Mode.REPLACE])
async def test_a_dry_run_does_not_tell_a_guess(imports, store, mode):
    await stored(store, NAME, *SEALS.sealed(NAME, (secret(), url())))
    wanted = ImportRequest(key=None, mode=mode, media_type=jsonlines.MEDIA_TYPE, dry_run=True)
    for guess in GUESSES:
        value = {"index": 300, "type": "HS_SECKEY", "data": guess.decode(), "permissions": "1110"}
        line = json.dumps(new(NAME, value)).encode() + b"\n"

        async def body(line=line):
            yield line

        answer = await imports.run(wanted, body(), asked())
        assert answer.done.counts.updated == 1


async def test_secrets_that_are_not_sent_stay_as_they_are(registry, store):
    (sealed,) = SEALS.sealed(NAME, (secret(),))
    await stored(store, NAME, url(), sealed)
    before = store.records[NAME]
    same = await registry.patch(Patch(handle=AT, values=(url(),)), asked())
    assert isinstance(same, Unchanged)
    assert store.records[NAME] == before


async def test_a_batch_and_an_import_seal(registry, imports, store):
    order = upserts(Upsert(handle=AT, values=(url(), secret())))
    answer = await registry.batch(order, asked())
    assert "HS_SECKEY" not in repr(answer)
    line = new(
        "88.300.1/B",
        {"index": 1, "type": "URL", "data": "u"},
        {"index": 300, "type": "HS_SECKEY", "data": SECRET.decode(), "permissions": "1100"},
    )
    wanted = ImportRequest(
        key=None, mode=Mode.UPSERT, media_type=jsonlines.MEDIA_TYPE, dry_run=False
    )

    async def body():
        yield json.dumps(line).encode() + b"\n"

    first = await imports.run(wanted, body(), asked())
    assert first.done.counts.created == 1
    for name in (NAME, "88.300.1/B"):
        assert SEALS.opened(name, kept(store, name)[300]) == SECRET
        assert kept(store, name)[300].data.startswith(MARK)
    again = await imports.run(wanted, body(), asked())
    assert again.done.counts.updated == 1  # whether the secret was there is not told
    # The tree is over what is stored.
    written = [w for w in store.changes if w.record.key == "88.300.1/B"]
    assert len(written) == 2
    assert {merkle_root([w]) for w in written} <= {entry.root for entry in store.audited}


async def test_what_an_earlier_version_stored_is_sealed_when_it_is_written_again(registry, store):
    await stored(store, NAME, url(), secret(b"old"))
    patch = Patch(handle=AT, values=(secret(b"old"),))
    await registry.patch(patch, asked())
    assert SEALS.opened(NAME, kept(store)[300]) == b"old"
    assert kept(store)[300].data.startswith(MARK)


async def test_removing_and_deleting_need_no_seal(registry, store):
    await registry.create(Create(handle=AT, values=(url(), secret())), asked())
    await registry.remove_values(RemoveValues(handle=AT, indexes=frozenset({300})), asked())
    assert list(kept(store)) == [1]
    await registry.delete(Delete(handle=AT), asked())


# every way out


async def test_no_reader_gets_a_secret(registry, store):
    await stored(store, PREFIX_RECORD, admin())
    public = secret(permissions=0x0E)
    await registry.create(Create(handle=AT, values=(url(), public)), asked())
    await stored(store, "88.300.1/OLD", url(), public)  # as an earlier version stored it
    for name in (NAME, "88.300.1/OLD"):
        for who in (None, OWNER, Operator("root")):
            record = await registry.read(handle(name), asked(who))
            assert [v.index for v in decode_values(record.values)] == [1]
    page = await registry.page(Prefix.parse("88.300.1"), "", 10, asked())
    assert [len(decode_values(r.values)) for r in page.records] == [1, 1]


async def test_nothing_leaves_over_http(api, store):
    value = {"index": 300, "type": "HS_SECKEY", "data": SECRET.decode()}
    body = new(NAME, {"index": 1, "type": "URL", "data": "u"}, value)
    answers = [
        await api.post(IDENTIFIERS, body, Idempotency_Key="k"),
        await api.post(IDENTIFIERS, body, Idempotency_Key="k"),
        await api.put(f"{IDENTIFIERS}/{NAME}", {"values": body["values"]}),
        await api.get(f"{IDENTIFIERS}/{NAME}"),
        await api.get(f"{IDENTIFIERS}?prefix=88.300.1"),
        await api.get("/api/v1/export?prefix=88.300.1"),
        await api.get("/api/v1/export?prefix=88.300.1", Accept="application/cbor-seq"),
        await api.get("/api/v1/export?prefix=88.300.1", Accept="text/csv"),
    ]
    for answer in answers:
        assert answer.status < 300
        for trace in (SECRET, b"SECKEY", MARK, b"c2VhbGVk"):
            assert trace not in answer.body
    assert SECRET not in repr((store.records, store.audited, store.answers)).encode()
    empty = {"index": 300, "type": "HS_SECKEY", "data": ""}
    refused = await api.patch(f"{IDENTIFIERS}/{NAME}", {"values": [empty]})
    assert refused.faults == [("/values/0/data", "empty")]
