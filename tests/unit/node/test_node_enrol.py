import pytest
from msgspec import json

from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.names import Prefix
from identifiers.principals import Operator
from node.commands.enrol import Enrolled, loading_enterprises
from node.refusals import NotDone
from registry.administration import Administration, Ordered
from storage.memory import MemoryStore

ORDERED = Ordered(operator=Operator("tester"), at=1_800_000_000_000, request_id="r1")
MINE = {
    "name": "示例煤业",
    "credit_code": "91969696MA0000001F",
    "industry": "0610",
    "prefixes": ["88.300.1"],
}
HAUL = {
    "name": "示例运输",
    "credit_code": "91969696MA0000002J",
    "prefixes": ["88.300.2", "88.300.3"],
}


@pytest.fixture
async def administration():
    administration = Administration(MemoryStore(), b"pepper")
    root = PrefixEntry(prefix=Prefix.parse("88.300"), kind=PrefixKind.SECONDARY, enterprise=0)
    await administration.home_prefix(root, ORDERED)
    return administration


async def enrol(administration, *lines):
    file = b"\n".join(json.encode(line) for line in lines)
    told = await loading_enterprises(file)(administration, ORDERED)
    return [json.decode(line, type=Enrolled) for line in told.splitlines()]


async def test_everybody_gets_a_number_prefixes_and_a_key(administration):
    mine, haul = await enrol(administration, MINE, HAUL)
    assert mine.prefixes == ("88.300.1",)
    assert haul.prefixes == ("88.300.2", "88.300.3")
    assert mine.enterprise != haul.enterprise
    assert mine.api_key != haul.api_key
    assert mine.api_key not in repr(mine)


async def test_the_same_file_again_adds_nobody(administration):
    first = await enrol(administration, MINE)
    again = await enrol(administration, MINE, HAUL)
    assert again[0].enterprise == first[0].enterprise
    assert again[0].prefixes == first[0].prefixes
    assert again[1].enterprise != first[0].enterprise


async def test_a_prefix_of_another_is_refused(administration):
    await enrol(administration, MINE)
    with pytest.raises(NotDone, match="belongs to enterprise 1"):
        await enrol(administration, HAUL | {"prefixes": ["88.300.1"]})


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (b'{"name": "A"}\n\nnonsense', "line 1: .*prefixes.*\nline 3: "),
        (b'{"name": "A", "prefixes": [], "colour": 1}', "line 1: .*colour"),
        (b'{"name": "\xff", "prefixes": []}', "line 1: "),
        (b"\n", "names no enterprise"),
    ],
)
def test_every_faulty_line_is_told_before_anything_is_done(file, told):
    with pytest.raises(NotDone, match=told):
        loading_enterprises(file)
