"""`import` and `export` as the commands do them: whom they do not reach, what form a file has."""

import asyncio
import json
from contextlib import AsyncExitStack

import pytest

from idnode import NobodyThere, Unreachable
from node.commands.transfer import export, remedy, send, uncut
from node.forms import Form, Mode
from node.refusals import NotDone
from tests.unit.idnode.services import API_KEY, Services

ENVIRON = {"IDNODE_API_KEY": API_KEY}
ROW = {"handle": "88.300.1/A", "values": [{"index": 1, "type": "URL", "data": "https://a.example"}]}


@pytest.fixture
async def services():
    async with AsyncExitStack() as stack:
        found = Services()
        await found.start(stack)
        yield found


async def sent(services, path):
    await asyncio.to_thread(
        send,
        ENVIRON,
        path,
        form=None,
        mode=Mode.CREATE,
        server=services.registry,
        key_file=None,
        dry_run=False,
        again=False,
    )


async def exported(services, form, output):
    await asyncio.to_thread(
        export,
        ENVIRON,
        "88.300.1",
        form=form,
        output=output,
        server=services.registry,
        key_file=None,
    )


@pytest.fixture
async def stocked(services, tmp_path):
    path = tmp_path / "one.ndjson"
    path.write_text(json.dumps(ROW) + "\n", encoding="utf-8")
    await sent(services, path)
    return services


@pytest.mark.parametrize(
    ("form", "name", "begins"),
    [
        (None, "o.csv", b"handle,"),
        (Form.CSV, "o.CSV", b"handle,"),
        (None, "o.jsonl", b'{"handle"'),
        (None, "o.cbor", b"\xa2"),
        (None, "o.txt", b'{"handle"'),
        (Form.CSV, "o.txt", b"handle,"),
    ],
)
async def test_an_export_has_the_form_that_its_name_says(stocked, tmp_path, form, name, begins):
    await exported(stocked, form, tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(begins)


async def test_form_and_name_that_disagree_are_refused(services, tmp_path):
    output = tmp_path / "o.csv"
    with pytest.raises(NotDone, match=r"o\.csv would be read as csv, and --format says ndjson"):
        await exported(services, Form.NDJSON, output)
    assert not output.exists()


async def test_without_a_file_it_is_ndjson(stocked, capfdbinary):
    await exported(stocked, None, None)
    assert json.loads(capfdbinary.readouterr().out)["handle"] == "88.300.1/A"


async def raising(error):
    raise error


def test_only_what_was_begun_is_cut():
    with pytest.raises(NobodyThere):
        uncut(raising(NobodyThere("nobody answers")))
    with pytest.raises(NotDone, match=r"cut \(gone\); repeat the same command and it goes on"):
        uncut(raising(Unreachable("gone")))


@pytest.mark.parametrize(
    ("dry_run", "again", "words"),
    [
        (False, False, "repeat the same command and it goes on where it was cut"),
        (False, True, "what is committed stays, and the same command begins anew"),
        (True, False, "nothing was changed; repeat the same command"),
        (True, True, "nothing was changed; repeat the same command"),
    ],
)
def test_how_a_cut_import_goes_on_is_told(dry_run, again, words):
    with pytest.raises(NotDone) as told:
        uncut(raising(Unreachable("gone")), remedy(dry_run=dry_run, again=again))
    assert str(told.value) == f"the import was cut (gone); {words}"
