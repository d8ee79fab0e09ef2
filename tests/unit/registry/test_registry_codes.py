"""Code rules and the codes that they give."""

import asyncio

import msgspec
import pytest

from identifiers.coding import StoredRule, check_character
from identifiers.names import Handle, Prefix
from registry.answers import Faulty, Saved
from registry.business.asking import By
from registry.business.codes import BLOCK, Codes, Exhausted, Given, NoRule, Wanted
from registry.commands import Create
from registry.http.codes import codes_noun
from registry.prefixes import Prefixes
from storage.memory import MemoryCodes
from tests.unit.registry.world import NOW, asked, value

BY = By(actor="key:one", at=NOW * 1000, request_id="r")
PREFIX = Prefix.parse("88.300.1")
RULES = "/api/v1/code-rules"
CODES = "/api/v1/codes"


@pytest.fixture
def kept(store):
    return MemoryCodes(store)


@pytest.fixture
def codes(kept, store):
    return Codes(kept, store)


async def rule(codes, text, name="coal", **more):
    stored = await codes.keep(PREFIX, name, {"rule": text, **more}, BY)
    assert isinstance(stored, StoredRule), stored
    return stored


def wanted(count=1, name="coal", **more):
    return Wanted(prefix=PREFIX, rule=name, count=count, **more)


async def handles(codes, count=1, **more):
    given = await codes.give(wanted(count, **more), BY)
    assert isinstance(given, Given), given
    return given.handles


async def test_codes_look_as_their_rule_says(codes):
    await rule(codes, "C-{yyyy}{MM}-{seq:4}{check}", template="coal-1")
    given = await codes.give(wanted(2), BY)
    first = "C-202701-0001"
    assert given == Given(
        (
            f"88.300.1/{first}{check_character(first)}",
            f"88.300.1/C-202701-0002{check_character('C-202701-0002')}",
        ),
        "coal-1",
    )


async def test_a_series_begins_anew_with_the_time(codes):
    await rule(codes, "{yy}{MM}-{seq:2}")
    assert await handles(codes) == ("88.300.1/2701-01",)
    later = msgspec.structs.replace(BY, at=BY.at + 31 * 86_400_000)
    assert (await codes.give(wanted(), later)).handles == ("88.300.1/2702-01",)
    assert await handles(codes) == ("88.300.1/2701-02",)


async def test_many_at_once_get_what_nobody_else_gets(codes, kept, store):
    await rule(codes, "{seq:1}")
    other = Codes(kept, store)
    asking = [handles(side, count) for side in (codes, other) for count in (1, 3, 70, 200)] * 1
    asking += [handles(codes, 5) for _ in range(40)]
    given = [name for names in await asyncio.gather(*asking) for name in names]
    assert len(set(given)) == len(given) == 2 * 274 + 200


async def test_what_a_process_had_reserved_is_lost_with_it(codes, kept, store):
    await rule(codes, "{seq:3}")
    assert await handles(codes) == ("88.300.1/001",)
    assert await handles(Codes(kept, store)) == (f"88.300.1/{BLOCK + 1:03}",)


async def test_names_that_are_registered_are_not_given(codes, registry):
    await rule(codes, "{seq:3}")
    for name in ("88.300.1/002", "88.300.1/003"):
        create = Create(handle=Handle.parse(name), values=(value(1),))
        assert isinstance(await registry.create(create, asked()), Saved)
    assert await handles(codes, 3) == ("88.300.1/001", "88.300.1/004", "88.300.1/005")


async def test_chance_draws_no_name_twice(kept, store):
    octets = iter([b"\x01", b"\x01", b"\x02", b"\x03\x03", b"\x04"])
    codes = Codes(kept, store, lambda _: next(octets))
    await rule(codes, "R{random:1}")
    assert await handles(codes) == ("88.300.1/R1",)
    assert await handles(codes) == ("88.300.1/R2",)
    assert await handles(codes, 2) == ("88.300.1/R3", "88.300.1/R4")


async def test_a_rule_may_be_used_up(kept, store):
    codes = Codes(kept, store, bytes)
    await rule(codes, "R{random:1}")
    await handles(codes)
    assert await codes.give(wanted(), BY) == Exhausted()


async def test_rules_of_one_text_share_their_numbers(codes):
    await rule(codes, "{seq:2}")
    await rule(codes, "{seq:2}", name="other")
    assert await handles(codes) != await handles(codes, name="other")


async def test_a_rule_that_is_off_gives_nothing(codes, store):
    assert await codes.give(wanted(), BY) == NoRule()
    await rule(codes, "{seq:2}", enabled=False)
    assert await codes.give(wanted(), BY) == NoRule()
    await rule(codes, "{seq:2}", enabled=False)
    assert [entry.action for entry in store.audited] == ["code-rule.write"]


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"rule": "same"}, [("/rule", "rule.same")]),
        ({"rule": "{seq:99}"}, [("/rule", "rule.part"), ("/rule", "rule.same")]),
        ({"rule": "{random:32}" * 10}, [("/rule", "too_long")]),
        ({"rule": 5, "x": 1}, [("/x", "unknown_key"), ("/rule", "type")]),
        ({}, [("/rule", "required")]),
        ([], [("", "type")]),
    ],
)
async def test_what_is_wrong_with_a_rule_is_told(codes, document, found):
    answer = await codes.keep(PREFIX, "coal", document, BY)
    assert isinstance(answer, Faulty)
    assert [(fault.pointer, fault.code) for fault in answer.faults] == found
    for fault in answer.faults:
        assert fault.detail("zh")


async def test_a_rule_has_a_plain_name(codes):
    answer = await codes.keep(PREFIX, "a b", {"rule": "{seq:1}"}, BY)
    assert [(fault.pointer, fault.code) for fault in answer.faults] == [("/name", "rule.name")]


async def test_few_series_are_remembered(codes):
    await rule(codes, "{HH}{seq:2}")
    hours = [msgspec.structs.replace(BY, at=BY.at + hour * 3_600_000) for hour in range(2)]
    for _ in range(2):
        for by in hours:
            assert isinstance(await codes.give(wanted(), by), Given)
    for number in range(1100):
        await rule(codes, f"{{seq:2}}-{number}", name="many")
        await handles(codes, name="many")
    assert len(codes._blocks) == 1024


@pytest.fixture
async def api(serving, codes, kept, store):
    return await serving(nouns=(codes_noun(codes, kept, Prefixes(store)),))


async def test_codes_over_http(api):
    path = f"{RULES}/88.300.1/coal"
    body = {"rule": "C{seq:3}", "template": "coal-1"}
    kept = await api.put(path, body)
    shown = {"prefix": "88.300.1", "name": "coal", "enabled": True, **body}
    assert (kept.status, kept.json) == (200, shown)
    given = await api.post(CODES, {"prefix": "88.300.1", "rule": "coal", "count": 2})
    assert given.json == {"handles": ["88.300.1/C001", "88.300.1/C002"], "template": "coal-1"}
    (one,) = (await api.post(CODES, {"prefix": "88.300.1", "rule": "coal"})).json["handles"]
    assert one == "88.300.1/C003"
    await api.put(f"{RULES}/88.300.1/b", body)
    page = await api.get(f"{RULES}?limit=1")
    assert [rule["name"] for rule in page.json["items"]] == ["b"]
    rest = await api.get(f"{RULES}?prefix=88.300.1&after={page.json['next']}")
    assert [rule["name"] for rule in rest.json["items"]] == ["coal"]
    assert "next" not in rest.json


async def test_codes_and_rules_are_whosever_the_prefix_is(api):
    await api.put(f"{RULES}/88.300.1/coal", {"rule": "C{seq:3}"})
    asked_for = {"prefix": "88.300.1", "rule": "coal"}
    assert (await api.post(CODES, asked_for, key="two")).code == "not-yours"
    assert (await api.post(CODES, asked_for, key="reader")).code == "missing-scope"
    assert (await api.put(f"{RULES}/88.300.1/x", {"rule": "{seq:1}"}, key="two")).status == 404
    assert (await api.put(f"{RULES}/88.300.1/x", {"rule": "{seq:1}"}, key="part")).status == 404
    assert (await api.put(f"{RULES}/88.9/x", {"rule": "{seq:1}"})).status == 404
    assert (await api.put(f"{RULES}/../x", {"rule": "{seq:1}"})).status in {400, 404}
    assert (await api.get(RULES, key="two")).json == {"items": []}


async def test_what_is_wrong_with_a_request_for_codes_is_told(api):
    for body, places in (
        ({}, ["/prefix", "/rule"]),
        ({"prefix": "..", "rule": "x", "count": 0}, ["/count", "/prefix"]),
        ({"prefix": "88.300.1", "rule": "x", "count": 1001}, ["/count"]),
        ([], [""]),
    ):
        answer = await api.post(CODES, body)
        assert (answer.status, [place for place, _ in answer.faults]) == (422, places)
    assert (await api.post(CODES, {"prefix": "88.300.1", "rule": "x"})).code == "no-such-thing"
    assert (await api.put(f"{RULES}/88.300.1/x", {"rule": "x"})).faults == [("/rule", "rule.same")]


async def test_a_rule_that_is_used_up_says_so(api, codes):
    codes._chance = bytes
    await api.put(f"{RULES}/88.300.1/coal", {"rule": "{random:1}"})
    asked_for = {"prefix": "88.300.1", "rule": "coal"}
    assert (await api.post(CODES, asked_for)).status == 200
    assert (await api.post(CODES, asked_for)).code == "codes-exhausted"
