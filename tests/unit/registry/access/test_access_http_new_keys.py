"""An owner has a public key administer a prefix, over HTTP."""

import base64
import json

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from identifiers.keys.signers import RsaSigner
from identifiers.principals import Scope
from identifiers.records import Record, State
from identifiers.values import MAX_VALUES, Value
from identifiers.wire.handle.data import ALL_PERMISSIONS, Admin, decode_admin
from identifiers.wire.handle.values import decode_values, encode_values
from tests.unit.registry.access.conftest import bearer
from tests.unit.registry.world import NOW, audit, entry, stored_key

PAIRS = "/api/v1/key-pairs"
MINE = "0.NA/88.300.1"
ONE = f"{PAIRS}/301:{MINE}"
URL = Value(index=7, type="URL", data=b"x")


def made(bits=2048):
    # Short ones are refused, which is tested.
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode(), RsaSigner(key).public


PEM, DATA = made()
BODY = {"public_key": PEM}
OTHER = {"public_key": made()[0]}


@pytest.fixture
async def owner(people):
    return await bearer(people, "li")


@pytest.fixture
def keep(store):
    def keep(*values, name=MINE, state=State.ACTIVE):
        store.records[name] = Record(
            key=name,
            name=name,
            version=4,
            state=state,
            values=encode_values(list(values)),
            changed_at=NOW,
        )

    return keep


def values(store, name=MINE):
    return {value.index: value for value in decode_values(store.records[name].values)}


async def test_an_owner_adds_a_key(people, owner, store):
    noted = len(store.audited)
    added = await people.post(ONE, BODY, **owner)
    assert (added.status, added.json["id"], added.json["type"]) == (201, f"301:{MINE}", "HS_PUBKEY")
    assert added.headers["Cache-Control"] == "no-store"
    kept = values(store)
    assert (kept[301].type, kept[301].data) == ("HS_PUBKEY", DATA)
    assert decode_admin(kept[100].data) == Admin(ALL_PERMISSIONS, MINE, 301)
    (told,) = store.audited[noted:]
    assert (told.actor, told.action, told.subject) == ("account:li", "key_pair.add", f"301:{MINE}")
    assert json.loads(told.detail) == {"key": "HS_PUBKEY"}
    found = await people.get(ONE, **owner)
    assert (found.json, found.headers["ETag"]) == (added.json, added.headers["ETag"])
    # The same again changes nothing, however the key is written.
    der = "".join(PEM.splitlines()[1:-1])
    for text in (PEM, der, base64.b64encode(DATA).decode()):
        again = await people.post(ONE, {"public_key": text}, **owner)
        assert (again.status, again.json) == (200, added.json)
    assert values(store) == kept
    assert len(store.audited) == noted + 1


async def test_what_else_is_in_the_record_stays(people, owner, store, keep):
    keep(URL, Value(index=301, type="hs_pubkey", data=DATA))
    assert (await people.post(ONE, BODY, **owner)).status == 201  # it was there, without rights
    second = await people.post(f"{PAIRS}/302:0.na/88.300.1", OTHER, **owner)
    assert (second.status, second.json["id"]) == (201, f"302:{MINE}")
    kept = values(store)
    assert sorted(kept) == [7, 100, 101, 301, 302]
    assert (kept[7], kept[301].type) == (URL, "hs_pubkey")
    named = {decode_admin(kept[index].data).index for index in (100, 101)}
    assert named == {301, 302}


async def test_no_value_is_written_over(people, owner, store, keep):
    keep(URL, Value(index=300, type="HS_SECKEY", data=DATA))
    await people.post(ONE, BODY, **owner)
    before = values(store)
    for place, body in ((f"7:{MINE}", BODY), (f"300:{MINE}", BODY), (f"301:{MINE}", OTHER)):
        refused = await people.post(f"{PAIRS}/{place}", body, **owner)
        assert (refused.status, refused.code) == (409, "values-exist")
        assert refused.json["indexes"] == [int(place.partition(":")[0])]
    assert values(store) == before


async def test_a_record_that_cannot_take_it(people, owner, keep):
    keep(*(msgspec.structs.replace(URL, index=one) for one in range(1001, 1000 + MAX_VALUES)))
    full = await people.post(ONE, BODY, **owner)
    assert (full.status, full.faults) == (422, [("/values", "too_many")])
    keep(URL, state=State.SUSPENDED)
    assert (await people.post(ONE, BODY, **owner)).code == "locked"
    keep(URL, state=State.DELETED)
    assert (await people.post(ONE, BODY, **owner)).status == 201


async def test_bounds_of_the_place_are_the_keys(people, owner, keep):
    keep(Value(index=301, type="HS_PUBKEY", data=b"k"))
    said = {"expires_at": "2000-01-01T00:00:00Z", "networks": ["10.0.0.0/8"]}
    assert (await people.put(ONE, said, **owner)).status == 200
    keep(URL)
    added = await people.post(ONE, BODY, **owner)
    assert (added.status, added.json["expired"], added.json["networks"]) == (
        201,
        True,
        said["networks"],
    )


async def test_prefixes_below_ones_own_have_keys_too(people, owner, store):
    below = f"{MINE}.7"
    assert (await people.post(f"{PAIRS}/301:{below}", BODY, **owner)).status == 201
    assert decode_admin(values(store, below)[100].data).handle == below


async def test_it_is_the_record_of_a_prefix_of_ones_own(people, owner, store):
    for place in (
        "301:88.300.1/KEY",
        f"0:{MINE}",
        "301:0.NA/88.300",
        "301:0.NA/88.300.10",
        "301:0.NA/88.999",
        "301:0.NA/88.300.1.",
    ):
        assert (await people.post(f"{PAIRS}/{place}", BODY, **owner)).code == "no-such-thing", place
    await store.enable_prefix(entry("88.300.1", 1).prefix, audit(), enabled=False)
    assert (await people.post(ONE, BODY, **owner)).code == "no-such-thing"
    assert MINE not in store.records


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("/public_key", "required")]),
        ({"public_key": 7}, [("/public_key", "type")]),
        ({"public_key": ""}, [("/public_key", "route.key")]),
        ({"public_key": "密钥"}, [("/public_key", "route.key")]),
        ({"public_key": PEM.replace("PUBLIC", "PRIVATE")}, [("/public_key", "route.key")]),
        ({"public_key": made(1024)[0]}, [("/public_key", "key.weak")]),
        ({**BODY, "days": 3}, [("/days", "unknown_key")]),
        ([], [("", "type")]),
    ],
)
async def test_every_fault_is_told(people, owner, store, body, faults):
    answer = await people.post(ONE, body, **owner)
    assert (answer.status, answer.faults) == (422, faults)
    assert MINE not in store.records


async def test_nobody_but_an_owner_adds_one(people, store):
    for name in ("op", "re", "rev", "au", "ad"):
        answer = await people.post(ONE, BODY, **await bearer(people, name))
        assert answer.code == "missing-role", name
    await store.add_key(stored_key("every", 1, frozenset(Scope)), audit())
    assert (await people.post(ONE, BODY, key="every")).code == "missing-role"
    assert (await people.post(ONE, BODY, **await bearer(people, "wu"))).code == "no-such-thing"
    assert MINE not in store.records
