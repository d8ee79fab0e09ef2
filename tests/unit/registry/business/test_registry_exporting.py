import json
from uuid import UUID

import pytest

from identifiers.changes import AuditEntry, Enterprise, StoredKey, Touched, Writes
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.enterprises.review import Approval, Reviewer
from identifiers.names import Prefix
from identifiers.records import State
from identifiers.values import Value
from identifiers.wire.handle.values import encode_values
from registry.business.exporting import Belongings, Exporting
from registry.business.personal import Sealer
from storage.memory import MemoryBusiness, MemoryHistory, MemoryStore, MemoryTemplates
from tests.contracts.units import delete, put
from tests.unit.registry.business.conftest import by, particulars, submitted

NOW = 1_800_000_000
NUMBER = UUID(int=1)
FILES = ["enterprise", "prefixes", "templates", "identifiers", "history", "audit"]


def entry(actor="operator:root", action="test", subject="s", **detail):
    return AuditEntry(
        at=NOW * 1000,
        actor=actor,
        action=action,
        subject=subject,
        request="r",
        detail=json.dumps(detail).encode(),
    )


def values(*data):
    url = Value(index=1, type="URL", data=data[0].encode())
    secret = Value(index=300, type="HS_SECKEY", data=b"s3cret")
    return encode_values((url, secret))


@pytest.fixture
async def furnished():
    memory = MemoryStore()
    for name in ("示例煤业", "示例物流"):
        await memory.add_enterprise(Enterprise(id=0, name=name, credit_code="C1"), entry())
    for prefix, owner in (("88.300.1", 1), ("88.300.1.5", 2), ("88.300.10", 2)):
        await memory.home_prefix(
            PrefixEntry(prefix=Prefix.parse(prefix), kind=PrefixKind.ENTERPRISE, enterprise=owner),
            entry(subject=prefix, action="prefix.home"),
        )
    await memory.add_key(
        StoredKey(
            id="k1",
            enterprise=1,
            hashed=b"",
            scopes=frozenset(),
            prefixes=(),
            networks=(),
            label="",
            created_at=1,
            expires_at=2,
        ),
        entry(),
    )
    return memory


async def exported(store, business=None, **more):
    belongings = Belongings(
        enterprise=(await store.enterprises())[0],
        directory=await store.directory(),
        actors=frozenset({"key:k1"}),
    )
    exporting = Exporting(
        belongings,
        records=store,
        business=business or MemoryBusiness(store),
        templates=MemoryTemplates(store),
        archive=MemoryHistory(store),
        sealer=Sealer(bytes(32)),
        **more,
    )
    files = {}
    for name, read in exporting.files.items():
        octets = b"".join([piece async for piece in read()])
        lines = name.endswith(".ndjson")
        told = [json.loads(line) for line in octets.splitlines()] if lines else json.loads(octets)
        files[name.partition(".")[0]] = told
    return files


async def test_everything_of_an_enterprise_and_nothing_of_others(furnished):
    store = furnished
    for name in ("88.300.1/A", "88.300.1.2/B", "88.300.1.5/THEIRS", "88.300.10/THEIRS"):
        await put(store, name, values("old"))
        await put(store, name, values("new"), state=State.SUSPENDED, reason="核查")
    await put(store, "88.300.1/GONE", values("x"))
    await delete(store, "88.300.1/GONE")
    for prefix in ("88.300.1", "88.300.10"):
        await put(store, f"0.NA/{prefix}", values(prefix))
    files = await exported(store)
    assert list(files) == FILES
    assert files["enterprise"]["name"] == "示例煤业"
    assert [p["prefix"] for p in files["prefixes"]] == ["88.300.1"]
    (value,) = files["prefixes"][0]["record"]["values"]
    assert (value["type"], value["data"]["value"]) == ("URL", "88.300.1")
    assert files["templates"] == []
    assert [line["handle"] for line in files["identifiers"]] == ["88.300.1/A", "88.300.1.2/B"]
    assert {line["state"] for line in files["identifiers"]} == {"suspended"}
    assert [(line["handle"], line["version"]) for line in files["history"]] == [
        ("88.300.1/A", 1),
        ("88.300.1/GONE", 1),
        ("88.300.1.2/B", 1),
    ]
    assert "s3cret" not in json.dumps(files)
    assert "HS_SECKEY" not in json.dumps(files)


async def test_a_prefix_without_a_record_tells_none(furnished):
    assert [p["record"] for p in (await exported(furnished))["prefixes"]] == [None]
    await put(furnished, "0.NA/88.300.1", values("x"))
    await delete(furnished, "0.NA/88.300.1")
    assert [p["record"] for p in (await exported(furnished))["prefixes"]] == [None]


async def test_the_audit_log_has_what_it_did_and_what_was_done_to_it(furnished):
    store = furnished
    told = (
        entry("key:k1", "identifier.batch", "2 identifiers"),
        entry("key:k9", "identifier.create", "88.300.1/A"),
        entry("operator:root", "prefix.sign", "88.300.1", signed=True),
        entry("operator:root", "prefix.delegate", "0.NA/88.300.1"),
        entry("operator:root", "enterprise.export", "示例煤业"),
        entry("key:k9", "identifier.create", "88.300.10/A"),
        entry("key:k9", "import.finish", "4f1c2d3e"),
        entry("operator:root", "prefix.sign", "88.300.10"),
    )
    await store.write(Touched(), lambda _: (Writes(audit=told), None))
    files = await exported(store)
    found = [(line["actor"], line["subject"]) for line in files["audit"]]
    assert found[-5:] == [(one.actor, one.subject) for one in told[:5]]
    assert files["audit"][-3]["detail"] == {"signed": True}
    assert ("operator:root", "88.300.10") not in found


@pytest.mark.parametrize("whole", [False, True])
async def test_personal_data_is_masked_unless_it_is_wanted(store, business, admit, whole):
    node = admit()
    await node.apply(NUMBER, submitted(), by())
    await node.decide(NUMBER, Approval(Reviewer.NODE), by("reviewer"))
    sent = particulars()["basic"]
    files = await exported(store, business, whole=whole)
    told = files["enterprise"]["particulars"]["basic"]
    assert told["org_cert_no"] == sent["org_cert_no"]
    personal = [
        name for name in sent if isinstance(sent[name], str) and told.get(name) != sent[name]
    ]
    assert (personal == []) is whole
