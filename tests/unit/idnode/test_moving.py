"""A batch file of a Handle.Net server against a real registry."""

import pytest

from identifiers.wire.handlenet.batch import BatchReader
from idnode import Refused, RegistryClient
from idnode.moving import Fate, Mover, What
from tests.unit.idnode.services import API_KEY

CREATE = "CREATE 88.300.1/{name}\n1 URL 86400 1110 UTF8 https://x.example/{name}\n\n"


@pytest.fixture
async def client(services):
    async with RegistryClient(services.registry, API_KEY) as found:
        yield found


async def run(client, text, key="file"):
    reader = BatchReader({}.__getitem__)
    operations = [*reader.feed(text.encode()), *reader.finish()]
    return [fate async for fate in Mover(client, key).move(operations)]


def told(fates):
    return [(fate.line, fate.what) for fate in fates]


async def test_every_command_has_its_fate_in_order(client):
    text = (
        CREATE.format(name="A")
        + CREATE.format(name="B")
        + "ADD 88.300.1/A\n2 EMAIL 60 1100 UTF8 a@x.example\n\n"
        + "MODIFY 88.300.1/A\n1 URL 60 1110 UTF8 https://x.example/new\n\n"
        + "REMOVE 2:88.300.1/A\n"
        + "DELETE 88.300.1/B\n"
    )
    assert told(await run(client, text)) == [
        (1, What.CREATED),
        (4, What.CREATED),
        (7, What.CHANGED),
        (10, What.CHANGED),
        (13, What.CHANGED),
        (14, What.DELETED),
    ]
    found = await client.get("88.300.1/A")
    assert [(v.index, v.data, v.ttl) for v in found.values] == [(1, b"https://x.example/new", 60)]
    assert await client.get("88.300.1/B") is None


async def test_the_same_file_again_changes_nothing(client):
    text = CREATE.format(name="A") + "ADD 88.300.1/A\n2 EMAIL 60 1100 UTF8 a@x.example\n\n"
    first = await run(client, text)
    version = (await client.get("88.300.1/A")).version
    again = await run(client, text)
    assert told(first) == [(1, What.CREATED), (4, What.CHANGED)]
    assert told(again) == [(1, What.CREATED), (4, What.UNCHANGED)]
    assert (await client.get("88.300.1/A")).version == version
    modify = "MODIFY 88.300.1/A\n2 EMAIL 60 1100 UTF8 a@x.example\n\n"
    assert told(await run(client, modify)) == [(1, What.UNCHANGED)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ADD 88.300.1/A\n1 URL 60 1110 UTF8 b\n\n", "other values at index 1 already"),
        ("MODIFY 88.300.1/A\n7 URL 60 1110 UTF8 b\n\n", "no values at index 7"),
        ("REMOVE 7:88.300.1/A\n", "no values at index 7"),
        ("REMOVE 1:88.300.1/A\n", "must not be empty"),
        ("MODIFY 88.300.1/NONE\n1 URL 60 1110 UTF8 b\n\n", "no such identifier"),
        ("DELETE 88.300.1/NONE\n", "There is no such identifier"),
        ("DELETE 99.1/X\n", "no right"),
        (CREATE.format(name="A"), "already"),
        ("CREATE 99.1/X\n1 URL 60 1110 UTF8 b\n", "no right"),
        ("CREATE noslash\n1 URL 60 1110 UTF8 b\n", "prefix/suffix"),
        ("HOME h:2641:TCP\n0.NA/88.300.9\n\n", "idnode prefix home 88.300.9"),
        ("HOME h:2641:TCP\n\n", "it names no prefix"),
        ("UNHOME h:2641:TCP\n0.NA/88.300.9\n\n", "ask its administrators"),
        ("nonsense\n", "no command"),
    ],
)
async def test_what_cannot_be_taken_over_says_why(client, text, why):
    await run(client, CREATE.format(name="A"), key="before")
    (fate,) = await run(client, text)
    assert fate.what is What.LEFT
    assert why in fate.why
    assert "hunter2" not in str(fate)


async def test_who_runs_a_file_is_passed_over_and_no_fault(client):
    (fate,) = await run(client, "AUTHENTICATE SECKEY:300:0.NA/88.300.1\nhunter2\n")
    assert fate.what is What.PASSED
    assert "API key" in fate.why
    assert "hunter2" not in str(fate)


async def test_a_handle_twice_in_a_row_is_two_commands(client):
    fates = await run(client, CREATE.format(name="A") + CREATE.format(name="a") * 2)
    assert told(fates) == [(1, What.CREATED), (4, What.CREATED), (7, What.LEFT)]


async def test_many_new_handles_travel_together(client):
    text = "".join(CREATE.format(name=f"N{number}") for number in range(1200))
    fates = await run(client, text)
    assert fates[-1] == Fate(3598, "88.300.1/N1199", What.CREATED)
    assert {fate.what for fate in fates} == {What.CREATED}
    assert len(fates) == 1200


@pytest.mark.parametrize(
    "text",
    [
        CREATE.format(name="A"),
        "ADD 88.300.1/A\n2 EMAIL 60 1100 UTF8 a@x.example\n\n",
        "DELETE 88.300.1/A\n",
    ],
)
async def test_a_key_that_the_node_does_not_know_ends_the_run(services, text):
    async with RegistryClient(services.registry, "nobody.knows-this-key") as stranger:
        with pytest.raises(Refused, match="401"):
            await run(stranger, text)
