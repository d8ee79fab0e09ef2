"""``audit``: the whole log, in order, for people and as JSON lines."""

import json

import pytest

from identifiers.changes import AuditEntry, Enterprise
from node.commands import auditing
from node.commands.auditing import begin_of, tell
from node.refusals import NotDone
from storage.memory import MemoryHistory, MemoryStore

FIRST = 1_700_000_000


@pytest.fixture
async def archive():
    store = MemoryStore()
    for number in range(3):
        entry = AuditEntry(
            at=(FIRST + number) * 1000 + 5,
            actor="operator:root",
            action="enterprise.add",
            subject=f"企业\x1b{number}",
            request=f"r{number}",
            detail=b'{"industry":"0610"}',
        )
        await store.add_enterprise(Enterprise(id=0, name="n"), entry)
    return MemoryHistory(store)


async def told(archive, since=0, *, as_json=False):
    lines = []
    await tell(archive, lines.append, since, as_json=as_json)
    return lines


async def test_every_entry_is_a_line_in_order(archive, monkeypatch):
    monkeypatch.setattr(auditing, "_PAGE", 2)
    lines = await told(archive)
    assert len(lines) == 3
    assert lines[0] == (
        '2023-11-14T22:13:20Z operator:root enterprise.add 企业\\x1b0 {"industry":"0610"}\n'
    )
    found = [json.loads(line) for line in await told(archive, as_json=True)]
    assert [one["request"] for one in found] == ["r0", "r1", "r2"]
    assert found[0]["detail"] == {"industry": "0610"}
    assert found[0]["subject"] == "企业\x1b0"


async def test_it_begins_where_that_is_said(archive):
    assert [line[:20] for line in await told(archive, FIRST + 1)] == [
        "2023-11-14T22:13:21Z",
        "2023-11-14T22:13:22Z",
    ]
    assert await told(archive, FIRST + 3) == []


def test_a_day_or_an_instant_begins_it():
    assert begin_of("") == 0
    assert begin_of("1970-01-02") == 86400
    assert begin_of("1970-01-02T01:00:00+01:00") == 86400
    for text in ("yesterday", "1970-13-01", "2024-1-1"):
        with pytest.raises(NotDone, match="2024-01-31 or 2024-01-31T08:00:00Z"):
            begin_of(text)
