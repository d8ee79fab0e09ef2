"""Reading bodies, here and in the reader process: the same rows, however the octets come."""

import asyncio
import json
import socket
from contextlib import aclosing, asynccontextmanager

import cbor2
import pytest

from identifiers.errors import StoreUnavailable
from identifiers.wire.handle.values import decode_values
from registry.reading import reader as reading
from registry.reading.judging import Bad, Good
from registry.reading.process import serve_reading
from registry.reading.reader import FRAME, WINDOW, HereReader, Piece, ReaderProcess
from registry.reading.rows import Rows
from tests.unit.registry.world import NOW, new

NDJSON, CSV, CBOR = "application/x-ndjson", "text/csv", "application/cbor-seq"
BATCH = "application/json"


def documents(count):
    return [
        new(f"88.300.1/{n}", {"index": 1, "type": "URL", "data": f"d{n}"}) for n in range(count)
    ]


BODIES = {
    NDJSON: b"".join(json.dumps(d).encode() + b"\n" for d in documents(9)) + b"{broken\n",
    CSV: b"handle,1:URL\n" + b"".join(b"88.300.1/%d,d%d\n" % (n, n) for n in range(9)) + b"x,\n",
    CBOR: b"".join(cbor2.dumps(d) for d in documents(9)) + cbor2.dumps({"handle": 1}),
}


@pytest.fixture
async def place(tmp_path):
    """The path of a socket at which bodies are read, by a server in this process."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "reading.sock"))
    listener.listen()
    async with await serve_reading(listener):
        yield listener.getsockname()
        await others_ended()


async def others_ended():
    """Wait until the server's ends of all connections are closed too."""
    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})


@pytest.fixture(params=["here", "process"])
def reader(request):
    """Both who can be asked."""
    here = request.param == "here"
    return HereReader() if here else ReaderProcess(request.getfixturevalue("place"))


async def pieces(body, size, at=NOW):
    for start in range(0, len(body), size):
        yield Piece(body[start : start + size], at)


async def rows_of(reader, form, body, size, done=0):
    async with aclosing(reader.read(form, done, pieces(body, size))) as blocks:
        return [row async for block in blocks for row in block.rows]


@pytest.mark.parametrize("form", BODIES)
@pytest.mark.parametrize("size", [1, 7, 10**6])
async def test_rows_are_the_same_wherever_and_in_whatever_pieces_they_are_read(reader, form, size):
    body = BODIES[form]
    rows = Rows(form, 0)
    expected = [*rows.feed(body, NOW).rows, *rows.finish(NOW).rows]
    assert await rows_of(reader, form, body, size) == expected
    assert [type(row) for row in expected] == [Good] * 9 + [Bad]
    behind = await rows_of(reader, form, body, size, done=expected[4].end)
    assert behind == expected[5:]


def test_a_good_row_has_its_handle_and_its_values_as_of_its_time():
    (row,) = Rows(NDJSON, 0).feed(BODIES[NDJSON].partition(b"\n")[0] + b"\n", NOW).rows
    assert (row.handle().given, row.handle().prefix, row.handle().suffix) == (
        *("88.300.1/0", "88.300.1", "0"),
    )
    (value,) = decode_values(row.values)
    assert (value.data, value.timestamp, row.at, row.plain) == (b"d0", NOW, NOW, True)


@pytest.mark.parametrize("kind", ["HS_SECKEY", "hs_seckey", "HS_SIGNATURE", "Hs_Signature"])
def test_a_row_with_a_secret_key_or_a_signature_is_not_plain(kind):
    document = new("88.300.1/S", {"index": 1, "type": "URL", "data": "x"})
    document["values"].append({"index": 2, "type": kind, "data": "open sesame"})
    (row,) = Rows(NDJSON, 0).feed(json.dumps(document).encode() + b"\n", NOW).rows
    assert not row.plain


async def test_a_batch_is_read_whole(reader):
    items = [*documents(2), {"handle": 1}, *documents(1)]
    rows = await rows_of(reader, BATCH, json.dumps({"items": items}).encode(), 10)
    assert [type(row) for row in rows] == [Good, Good, Bad, Good]
    (whole,) = await rows_of(reader, BATCH, b"{}", 10)
    assert (type(whole), whole.number) == (Bad, 0)


async def test_behind_a_row_that_does_not_end_nothing_is_a_row(reader):
    body = BODIES[CBOR][:-1] + b"\xff" + BODIES[CBOR] * 3
    async with aclosing(reader.read(CBOR, 0, pieces(body, 100))) as blocks:
        found = [block async for block in blocks]
    told = [row for block in found for row in block.rows]
    assert [type(row) for row in told] == [Good] * 9 + [Bad]
    assert found[-1].lost
    assert found[-1].fed == len(body)


async def test_a_long_body_is_read_with_a_bounded_number_of_pieces_on_their_way(place):
    """No more than a window and a frame of octets is taken ahead of the rows."""
    line = BODIES[NDJSON].partition(b"\n")[0] + b"\n"
    taken = 0

    async def body():
        nonlocal taken
        for _ in range(3 * WINDOW):
            yield Piece(line * (FRAME // len(line) + 1), NOW)
            taken += 1

    given, ahead = 0, 0
    async with aclosing(ReaderProcess(place).read(NDJSON, 0, body())) as blocks:
        async for block in blocks:
            given += len(block.rows)
            ahead = max(ahead, taken * (FRAME // len(line) + 1) - given)
    assert given == 3 * WINDOW * (FRAME // len(line) + 1)
    assert ahead <= (WINDOW + 1) * (FRAME // len(line) + 1)


async def test_what_is_wrong_with_the_body_is_told_as_it_is(reader):
    async def cut():
        yield Piece(BODIES[NDJSON], NOW)
        raise ConnectionResetError("gone")

    async with aclosing(reader.read(NDJSON, 0, cut())) as blocks:
        with pytest.raises(ConnectionResetError, match="gone"):
            [block async for block in blocks]


@asynccontextmanager
async def impostor(path, answer):
    async with await asyncio.start_unix_server(answer, path):
        yield str(path)
        await others_ended()


async def test_a_reader_that_goes_away_is_unavailable(tmp_path):
    async def leave(stream, writer):
        await stream.read(1)
        writer.close()

    async with impostor(tmp_path / "gone.sock", leave) as path:
        with pytest.raises(StoreUnavailable):
            await rows_of(ReaderProcess(path), NDJSON, BODIES[NDJSON], 100)


async def test_a_reader_that_is_not_there_is_unavailable(tmp_path):
    with pytest.raises(StoreUnavailable):
        await rows_of(ReaderProcess(str(tmp_path / "none.sock")), NDJSON, b"", 1)


async def test_a_reader_that_says_nothing_is_given_up(tmp_path):
    async def keep_silent(stream, writer):
        await stream.read()
        writer.close()

    async with impostor(tmp_path / "silent.sock", keep_silent) as path:
        with pytest.raises(StoreUnavailable):
            await rows_of(ReaderProcess(path, silence=0.01), NDJSON, BODIES[NDJSON], 100)


def test_a_reader_is_patient_with_what_takes_a_while():
    assert reading.SILENCE >= 30
