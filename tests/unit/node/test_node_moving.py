"""Moving in from a Handle.Net server and out again, as the commands do it."""

import asyncio
import json
from contextlib import AsyncExitStack

import pytest

from idnode import RegistryClient
from node.commands.moving import move_batch, move_dump
from node.commands.moving_out import export_batch
from node.commands.transfer import send
from node.forms import Mode
from node.refusals import NotDone
from tests.unit.idnode.services import API_KEY, Services

ENVIRON = {"IDNODE_API_KEY": API_KEY}
BATCH = """\
AUTHENTICATE SECKEY:300:0.NA/88.300.1
hunter2

CREATE 88.300.1/A
1 URL 86400 1110 UTF8 https://x.example/a
100 HS_ADMIN 86400 1110 ADMIN 300:111111111111:0.NA/88.300.1
300 HS_PUBKEY 86400 1110 FILE key.bin

CREATE 88.300.1/B
1 URL 86400 1110 BASE64 aaaa

DELETE 88.300.1/NONE
"""
RECORD = {
    "handle": "88.300.1/D",
    "values": [
        {
            "index": 1,
            "type": "URL",
            "data": {"format": "string", "value": "https://x.example/d"},
            "ttl": 60,
            "timestamp": "2024-01-01T00:00:00Z",
        }
    ],
}
KEY = b"\0\0\0\x0bRSA_PUB_KEY\0\0\0\0\0\x03\x01\0\x01\0\0\0\x02\0\xff\0\0\0\0"


@pytest.fixture
async def services():
    async with AsyncExitStack() as stack:
        found = Services()
        await found.start(stack)
        yield found


async def batch(services, path, **options):
    given = {"dry_run": False, "again": False, "report": None, "key_file": None} | options
    await asyncio.to_thread(move_batch, ENVIRON, path, server=services.registry, **given)


async def dump(services, path, **options):
    given = {
        "mode": Mode.REPLACE,
        "dry_run": False,
        "again": False,
        "report": None,
        "key_file": None,
    } | options
    await asyncio.to_thread(move_dump, ENVIRON, path, server=services.registry, **given)


async def export(services, output, report=None):
    await asyncio.to_thread(
        export_batch,
        ENVIRON,
        "88.300.1",
        output=output,
        report=report,
        server=services.registry,
        key_file=None,
    )


async def found(services, name):
    async with RegistryClient(services.registry, API_KEY) as client:
        return await client.get(name)


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def batch_file(tmp_path):
    (tmp_path / "key.bin").write_bytes(KEY)
    path = tmp_path / "batch.txt"
    path.write_text(BATCH, encoding="utf-8")
    return path


async def test_a_batch_file_is_taken_over_and_the_rest_reported(
    services, batch_file, tmp_path, capsys
):
    report = tmp_path / "report.ndjson"
    with pytest.raises(NotDone, match=f"2 not taken over, all of them in {report}"):
        await batch(services, batch_file, report=report)
    told = capsys.readouterr()
    assert told.out == "4 commands: 1 passed over, 1 created, 2 not taken over\n"
    assert "line 9 88.300.1/B: line 10: the form BASE64" in told.err
    assert [(left["line"], left["handle"]) for left in lines(report)] == [
        (9, "88.300.1/B"),
        (12, "88.300.1/NONE"),
    ]
    assert "hunter2" not in told.err + report.read_text(encoding="utf-8")
    assert [v.data for v in (await found(services, "88.300.1/A")).values][2] == KEY


async def test_a_dry_run_of_a_batch_file_only_reads_it(services, batch_file, capsys):
    with pytest.raises(NotDone, match="1 not taken over"):
        await batch(services, batch_file, dry_run=True)
    told = capsys.readouterr()
    assert "dry run: nothing was changed" in told.out
    assert [line.split(":")[0] for line in told.err.splitlines()] == [
        "  line 1 AUTHENTICATE",
        "  line 9 88.300.1/B",
    ]
    assert await found(services, "88.300.1/A") is None


async def test_a_line_that_names_no_handle_is_told_by_its_number(services, tmp_path, capsys):
    path = tmp_path / "batch.txt"
    path.write_text("FROBNICATE 88.300.1/A\n", encoding="utf-8")
    with pytest.raises(NotDone):
        await batch(services, path, dry_run=True)
    assert capsys.readouterr().err.startswith("  line 1: no command")


@pytest.mark.parametrize("name", ["../secret.txt", "/etc/hostname", "missing.bin", "big.bin"])
async def test_a_batch_file_reads_only_small_files_beside_it(services, tmp_path, name, capsys):
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    (home / "big.bin").write_bytes(bytes((1 << 20) + 1))
    path = home / "batch.txt"
    path.write_text(f"CREATE 88.300.1/A\n1 URL 60 1110 FILE {name}\n", encoding="utf-8")
    with pytest.raises(NotDone):
        await batch(services, path)
    assert name in capsys.readouterr().err
    assert await found(services, "88.300.1/A") is None


async def test_more_than_is_shown_is_counted(services, tmp_path, capsys):
    path = tmp_path / "batch.txt"
    path.write_text("nonsense\n" * 30, encoding="utf-8")
    with pytest.raises(NotDone, match="30 not taken over: --report FILE writes all"):
        await batch(services, path)
    assert len(capsys.readouterr().err.splitlines()) == 20
    path.write_text("", encoding="utf-8")
    await batch(services, path, again=True)
    assert capsys.readouterr().out == "no command in this file\n"


async def test_a_dump_replaces_records_whole(services, tmp_path, capsys):
    path = tmp_path / "dump.json"
    records = {"88.300.1/D": RECORD, "99.1/X": {**RECORD, "handle": "99.1/X"}}
    document = {"homedPrefixes": ["0.NA/88.300.1"], "handleRecords": records, "more": {}}
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
    report = tmp_path / "report.ndjson"
    with pytest.raises(NotDone, match="2 not taken over"):
        await dump(services, path, report=report)
    told = capsys.readouterr()
    assert told.out.startswith("2 rows: 1 created, 0 updated, 0 unchanged, 1 rejected")
    assert "its prefix is allotted at the node: 88.300.1" in told.err
    assert [left["handle"] for left in lines(report)] == ["more", "99.1/X"]
    (value,) = (await found(services, "88.300.1/D")).values
    assert (value.data, value.ttl) == (b"https://x.example/d", 60)
    # The same file again gives the first answer, and `again` finds nothing to change.
    for options in ({}, {"again": True}):
        with pytest.raises(NotDone, match="2 not taken over"):
            await dump(services, path, **options)
    assert (await found(services, "88.300.1/D")).version == 1


async def test_a_long_record_and_many_records(services, tmp_path, capsys):
    long = {**RECORD, "handle": "88.300.1/L", "note": "x" * (1 << 20)}
    many = {f"88.300.1/{n}": {**RECORD, "handle": f"88.300.1/{n}"} for n in range(2000)}
    path = tmp_path / "dump.json"
    path.write_text(json.dumps({"handleRecords": {"88.300.1/L": long, **many}}), encoding="utf-8")
    with pytest.raises(NotDone, match="1 not taken over"):
        await dump(services, path)
    told = capsys.readouterr()
    assert told.out.startswith("2000 rows: 2000 created")
    assert "88.300.1/L: a record of " in told.err


@pytest.mark.parametrize("text", ["PK", '{"handleRecords": {'])
async def test_what_is_no_dump_is_refused_before_anything_is_sent(services, tmp_path, text):
    path = tmp_path / "dump.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NotDone, match=r"dump\.json"):
        await dump(services, path)


async def test_a_missing_file_is_told(services, tmp_path):
    with pytest.raises(NotDone, match="is no file"):
        await batch(services, tmp_path / "none")
    with pytest.raises(NotDone, match="is no file"):
        await dump(services, tmp_path / "none")


async def test_what_is_exported_can_be_moved_in_again(services, tmp_path, capsys):
    text = BATCH.partition("CREATE 88.300.1/B")[0].partition("\n\n")[2]
    (tmp_path / "key.bin").write_bytes(KEY)
    path = tmp_path / "batch.txt"
    path.write_text(text, encoding="utf-8")
    await batch(services, path)
    async with RegistryClient(services.registry, API_KEY) as client:
        before = await client.get("88.300.1/A")
        reserved = {**RECORD, "handle": "88.300.1/R", "state": "reserved"}
        await client.create(reserved)
        data = {"format": "base64", "value": "/w=="}
        await client.create({"handle": "88.300.1/Z", "values": [{**RECORD["values"][0]}]})
        await client.patch("88.300.1/Z", values=[{"index": 2, "type": "BIN", "data": data}])
    output, report = tmp_path / "out.txt", tmp_path / "report.ndjson"
    with pytest.raises(NotDone, match="2 not taken over"):
        await export(services, output, report)
    assert [(left["handle"], left["why"]) for left in lines(report)] == [
        ("88.300.1/R", "it is reserved: a batch file would publish it"),
        ("88.300.1/Z", "index 2: its data is no text"),
    ]
    async with RegistryClient(services.registry, API_KEY) as client:
        await client.delete("88.300.1/A")
        await client.delete("88.300.1/Z")
    capsys.readouterr()
    await batch(services, output)
    assert capsys.readouterr().out == "2 commands: 2 created\n"
    after = await found(services, "88.300.1/A")
    assert [(v.index, v.type, v.data, v.ttl) for v in after.values] == [
        (v.index, v.type, v.data, v.ttl) for v in before.values
    ]


async def test_files_beside_an_export_that_cannot_be_written_are_told(services, tmp_path):
    (tmp_path / "key.bin").write_bytes(KEY)
    path = tmp_path / "batch.txt"
    text = "CREATE 88.300.1/A\n300 HS_PUBKEY 86400 1110 FILE key.bin\n"
    path.write_text(text, encoding="utf-8")
    await batch(services, path)
    (tmp_path / "out.txt.files").write_text("in the way", encoding="utf-8")
    with pytest.raises(NotDone, match="cannot be written"):
        await export(services, tmp_path / "out.txt")
    assert not (tmp_path / "out.txt").exists()


async def test_one_command_is_one(services, tmp_path, capsys):
    path = tmp_path / "batch.txt"
    path.write_text("HOME h:2641:TCP\n\n", encoding="utf-8")
    with pytest.raises(NotDone, match="1 not taken over"):
        await batch(services, path)
    told = capsys.readouterr()
    assert told.out == "1 command: 1 not taken over\n"
    assert "line 1: it names no prefix" in told.err


async def test_after_twenty_rejected_rows_it_is_said_how_to_get_all(services, tmp_path, capsys):
    path = tmp_path / "rows.ndjson"
    path.write_text('{"handle": "88.300.1/A", "values": []}\n' * 23, encoding="utf-8")
    given = {"form": None, "mode": Mode.CREATE, "again": False, "key_file": None}
    with pytest.raises(NotDone, match="23 rows were rejected"):
        await asyncio.to_thread(
            send, ENVIRON, path, dry_run=True, server=services.registry, **given
        )
    *rows, last = (line for line in capsys.readouterr().err.splitlines() if line[:2] == "  ")
    assert len(rows) == 20
    assert last.startswith(
        '  … and 3 more; all of them: curl -H "Authorization: Bearer $IDNODE_API_KEY"'
        f" {services.registry}/api/v1/imports/"
    )
