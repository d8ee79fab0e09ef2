import json
from ipaddress import ip_network
from uuid import UUID

import pytest

from identifiers.access import Role
from identifiers.accounts import AccountKind, StoredAccount
from identifiers.changes import AuditEntry, Enterprise, StoredKey, Touched, Writes
from identifiers.coding import StoredRule
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.enterprises.review import Approval, Reviewer
from identifiers.feeds import BEGINNING
from identifiers.keys.bounds import Bounds, KeyBounds
from identifiers.limits import Limits, Rate
from identifiers.names import Prefix
from identifiers.principals import HandleIdentity, Scope
from identifiers.records import State
from identifiers.values import Value
from identifiers.webhooks import Webhook
from identifiers.wire.handle.values import encode_values
from registry.access.bounds import BoundsBook
from registry.access.key_pairs import KeyPairs
from registry.business.exporting import Belongings, Exporting
from registry.business.personal import Sealer
from registry.business.possessions import Possessions, Sources
from registry.prefixes import Prefixes
from storage.memory import (
    MemoryAccounts,
    MemoryBusiness,
    MemoryCodes,
    MemoryHistory,
    MemoryKeyBounds,
    MemoryLimits,
    MemoryStore,
    MemoryTemplates,
    MemoryWebhooks,
)
from tests.contracts.units import delete, put
from tests.unit.registry.business.conftest import PICTURES, by, particulars, picture, submitted

NOW = 1_800_000_000
NUMBER = UUID(int=1)
FILES = [
    "enterprise",
    "prefixes",
    "templates",
    *("codes", "webhooks", "keys", "key-pairs", "accounts", "quotas", "documents"),
    "identifiers",
    "history",
    "audit",
]


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


def possessions_of(store, belongings, business, *, whole=False, **sources):
    bounds = sources.pop("bounds", None) or MemoryKeyBounds(store)
    given = {
        "codes": MemoryCodes(store),
        "webhooks": MemoryWebhooks(store),
        "accounts": MemoryAccounts(store),
        "limits": MemoryLimits(store),
    } | sources
    of = Sources(
        keys=store,
        pairs=KeyPairs(store, bounds, Prefixes(store), BoundsBook(bounds)),
        business=business,
        documents=business.documents,
        sealer=Sealer(bytes(32)),
        **given,
    )
    return Possessions(belongings.enterprise.id, belongings.directory, of, whole=whole)


async def exported(store, business=None, sources=None, *, whole=False):
    belongings = Belongings(
        enterprise=(await store.enterprises())[0],
        directory=await store.directory(),
        actors=frozenset({"key:k1"}),
    )
    business = business or MemoryBusiness(store)
    possessions = possessions_of(store, belongings, business, whole=whole, **(sources or {}))
    exporting = Exporting(
        belongings,
        records=store,
        business=business,
        templates=MemoryTemplates(store),
        archive=MemoryHistory(store),
        possessions=possessions,
        sealer=Sealer(bytes(32)),
        whole=whole,
    )
    files = {}
    for name, read in exporting.files.items():
        octets = b"".join([piece async for piece in read()])
        lines = name.endswith(".ndjson")
        told = [json.loads(line) for line in octets.splitlines()] if lines else json.loads(octets)
        files[name.partition(".")[0]] = told
    files["contents"] = {name: octets async for name, octets in possessions.contents()}
    return files


async def sent(business):
    """Have the pictures of the first organisation hold something."""
    for at in (1, 2, 3):
        one, _ = await business.documents.document(picture(1, at))
        octets = Sealer(bytes(32)).seal_file(f"picture {at}".encode(), one.id, bytes(12))
        business.documents._kept[one.id] = (one, octets)


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
    assert list(files) == [*FILES, "contents"]
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
    (listed,) = files.pop("key-pairs")
    assert (listed["identity"], listed["type"]) == ("300:0.NA/88.300.1", "HS_SECKEY")
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
    await sent(business)
    await node.apply(NUMBER, submitted(), by())
    await node.decide(NUMBER, Approval(Reviewer.NODE), by("reviewer"))
    given = particulars()["basic"]
    files = await exported(store, business, whole=whole)
    told = files["enterprise"]["particulars"]["basic"]
    assert told["org_cert_no"] == given["org_cert_no"]
    personal = [
        name for name in given if isinstance(given[name], str) and told.get(name) != given[name]
    ]
    assert (personal == []) is whole


async def test_who_has_nothing_more_tells_so(furnished):
    files = await exported(furnished)
    assert [
        files[name] for name in ("codes", "webhooks", "key-pairs", "accounts", "documents")
    ] == [
        [],
        [],
        [],
        [],
        [],
    ]
    assert files["quotas"] == {"requests": None, "identifiers": []}
    assert [key["id"] for key in files["keys"]] == ["k1"]


async def test_code_rules_and_webhooks_are_told_without_what_signs(furnished):
    store, codes, webhooks = furnished, MemoryCodes(furnished), MemoryWebhooks(furnished)
    for prefix in ("88.300.1", "88.300.10"):
        rule = StoredRule(prefix=prefix, name="coal", rule="C{n:6}", template="coal-1")
        await codes.keep_rule(rule, entry())
    for number in (1, 2):
        hook = Webhook(
            enterprise=number,
            name="erp",
            url=f"https://erp-{number}.example/",
            sealed=b"s3cret",
            place=BEGINNING,
            next_at=0,
            created_at=NOW * 1000,
        )
        await webhooks.add(hook, 9, entry())
    files = await exported(store, sources={"codes": codes, "webhooks": webhooks})
    assert files["codes"] == [
        {
            "prefix": "88.300.1",
            "name": "coal",
            "rule": "C{n:6}",
            "template": "coal-1",
            "enabled": True,
        }
    ]
    assert files["webhooks"] == [
        {
            "name": "erp",
            "url": "https://erp-1.example/",
            "parked": False,
            "created_at": "2027-01-15T08:00:00Z",
        }
    ]


async def test_keys_and_accounts_are_told_without_what_proves_them(furnished):
    store, accounts, bounds = furnished, MemoryAccounts(furnished), MemoryKeyBounds(furnished)
    for number in (1, 2):
        await store.add_key(
            StoredKey(
                id=f"new{number}",
                enterprise=number,
                hashed=b"h4shed",
                scopes=frozenset({Scope.WRITE, Scope.READ}),
                prefixes=(Prefix.parse(f"88.300.{number}"),),
                networks=(ip_network("10.0.0.0/8"),),
                label="ERP",
                created_at=NOW,
                expires_at=NOW + 60,
                replaces="k1",
            ),
            entry(),
        )
        account = StoredAccount(
            id=0,
            name=f"owner-{number}",
            role=Role.OWNER,
            enterprise=number,
            kind=AccountKind.PERSON,
            proof=b"pr00f",
            created_at=NOW,
            changed_at=NOW,
        )
        await accounts.add_account(account, entry())
    key = Value(index=300, type="HS_PUBKEY", data=b"key")
    for prefix in ("88.300.1", "88.300.10"):
        await put(store, f"0.NA/{prefix}", encode_values((key,)))
    bound = Bounds(NOW + 60, (ip_network("10.1.0.0/16"),))
    identity = HandleIdentity("0.NA/88.300.1", 300)
    assert await bounds.keep_key_bounds(
        KeyBounds(identity, bound, "account:owner-1", NOW * 1000), entry(), was=0
    )
    files = await exported(store, sources={"accounts": accounts, "bounds": bounds})
    assert files["keys"][1] == {
        "id": "new1",
        "label": "ERP",
        "scopes": ["identifiers:read", "identifiers:write"],
        "prefixes": ["88.300.1"],
        "networks": ["10.0.0.0/8"],
        "created_at": "2027-01-15T08:00:00Z",
        "expires_at": "2027-01-15T08:01:00Z",
        "revoked_at": None,
        "replaces": "k1",
    }
    assert [one["id"] for one in files["keys"]] == ["k1", "new1"]
    assert files["accounts"] == [
        {
            "id": 1,
            "name": "owner-1",
            "role": "owner",
            "kind": "person",
            "state": "active",
            "created_at": "2027-01-15T08:00:00Z",
            "changed_at": "2027-01-15T08:00:00Z",
        }
    ]
    assert files["key-pairs"] == [
        {
            "identity": "300:0.NA/88.300.1",
            "type": "HS_PUBKEY",
            "expires_at": "2027-01-15T08:01:00Z",
            "networks": ["10.1.0.0/16"],
            "set_by": "account:owner-1",
            "set_at": "2027-01-15T08:00:00Z",
        }
    ]
    told = json.dumps([files[name] for name in ("keys", "accounts", "key-pairs")])
    assert "h4shed" not in told
    assert "pr00f" not in told


async def test_quotas_are_told(furnished):
    limits = MemoryLimits(furnished)
    await limits.keep_limits(1, Limits(Rate(600, 60), 9000, {"88.300.1": 50}), entry())
    await limits.keep_limits(2, Limits(None, 1), entry())
    files = await exported(furnished, sources={"limits": limits})
    assert files["quotas"] == {
        "requests": "600/60",
        "identifiers": [{"prefix": None, "most": 9000}, {"prefix": "88.300.1", "most": 50}],
    }


@pytest.mark.parametrize("whole", [False, True])
async def test_documents_are_told_and_what_is_in_them_if_it_is_wanted(
    store, business, admit, whole
):
    node = admit()
    await sent(business)
    await node.apply(NUMBER, submitted(), by())
    await node.decide(NUMBER, Approval(Reviewer.NODE), by("reviewer"))
    files = await exported(store, business, whole=whole)
    names = [f"documents/{picture(1, at)}" for at in (1, 2, 3)]
    assert [one["file"] for one in files["documents"]] == (names if whole else [None] * 3)
    told = files["documents"][0]
    assert (told["field"], told["media_type"], told["application"]) == (
        f"/basic/{PICTURES[0]}",
        "image/png",
        str(NUMBER),
    )
    assert told["api"] == f"/api/v1/documents/{told['id']}"
    wanted = {name: f"picture {at}".encode() for at, name in enumerate(names, 1)}
    assert files["contents"] == (wanted if whole else {})


async def test_a_document_that_is_gone_is_left_out(store, business, admit):
    node = admit()
    await node.apply(NUMBER, submitted(), by())
    await node.decide(NUMBER, Approval(Reviewer.NODE), by("reviewer"))
    business.documents.purge(NUMBER, ())
    files = await exported(store, business, whole=True)
    assert (files["documents"], files["contents"]) == ([], {})
