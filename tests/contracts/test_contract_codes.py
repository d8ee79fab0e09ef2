"""Codes: rules are kept, numbers are reserved once, what chance drew is drawn once."""

import asyncio

import pytest

from identifiers.changes import AuditEntry
from identifiers.coding import Series, StoredRule
from storage.memory import MemoryCodes, MemoryStore
from storage.postgres import Database, PostgresCodes

AUDIT = AuditEntry(at=1, actor="a", action="code-rule.write", subject="s", request="r")
RULE = StoredRule(prefix="88.300.1", name="coal", rule="C{seq:3}", template="coal-1")


@pytest.fixture
def memory_codes():
    return MemoryCodes(MemoryStore())


@pytest.fixture
async def postgres_codes(dsn):
    async with Database(dsn, connections=4) as database:
        yield PostgresCodes(database)


@pytest.fixture(params=["memory_codes", "postgres_codes"])
def codes(request):
    return request.getfixturevalue(request.param)


async def test_rules_are_kept_by_name(codes):
    assert await codes.rule("88.300.1", "coal") is None
    await codes.keep_rule(RULE, AUDIT)
    assert await codes.rule("88.300.1", "coal") == RULE
    other = StoredRule(prefix="88.300.1", name="coal", rule="D{seq:3}", enabled=False)
    await codes.keep_rule(other, AUDIT)
    assert await codes.rule("88.300.1", "coal") == other


async def test_rules_are_listed_by_name(codes):
    for prefix, name in (("88.300.1", "b"), ("88.300.1", "a"), ("88.300.2", "a"), ("88.3", "z")):
        rule = StoredRule(prefix=prefix, name=name, rule="C{seq:3}")
        await codes.keep_rule(rule, AUDIT)
    prefixes = ("88.300.1", "88.300.2")

    async def page(after, limit):
        return [(r.prefix, r.name) for r in await codes.rules(prefixes, after, limit)]

    assert await page(("", ""), 2) == [("88.300.1", "a"), ("88.300.1", "b")]
    assert await page(("88.300.1", "b"), 2) == [("88.300.2", "a")]


async def test_no_number_is_reserved_twice(codes):
    series = Series("88.300.1", "C{seq:3}", "")
    assert await codes.reserve(series, 10) == 1
    assert await codes.reserve(series, 1) == 11
    assert await codes.reserve(Series("88.300.1", "C{seq:3}", "2026"), 1) == 1
    assert await codes.reserve(Series("88.300.2", "C{seq:3}", ""), 1) == 1
    firsts = await asyncio.gather(*(codes.reserve(series, 7) for _ in range(12)))
    assert sorted(firsts) == list(range(12, 12 + 7 * 12, 7))


async def test_no_name_is_drawn_twice(codes):
    assert await codes.draw(["a", "b"]) == {"a", "b"}
    assert await codes.draw(["b", "c"]) == {"c"}
    names = [f"n{number:02}" for number in range(20)]
    drawn = await asyncio.gather(*(codes.draw(names) for _ in range(6)))
    assert sorted(name for new in drawn for name in new) == names
