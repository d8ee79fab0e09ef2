"""Whatever is called a batch file or a dump: commands and records, or the one declared error."""

import contextlib
import json

import pytest

from identifiers.wire.handlenet.batch import BatchReader, Operation
from identifiers.wire.handlenet.dump import DumpReader
from identifiers.wire.handlenet.valuelines import BadLine
from identifiers.wire.rows import FramingLost
from tests.fuzz.mutation import mutants

ENOUGH = 4_000
BATCH = b"""\
AUTHENTICATE SECKEY:300:99.1000.1/ADMIN
not-a-real-secret
CREATE 99.1000.1/COAL-0001
100 HS_ADMIN 86400 1110 ADMIN 200:110011111110:0.NA/99.1000.1
1 URL 86400 1110 UTF8 https://example.org/coal/1
2 HS_VLIST 86400 1110 LIST 300:99.1000.1/ADMIN;200:0.NA/99.1000.1;
3 HS_SITE 86400 1110 FILE site.json

ADD 99.1000.1/COAL-0001
4 EMAIL 3600 1100 UTF8 a@example.org

REMOVE 2,4:99.1000.1/COAL-0001
HOME 192.0.2.1:2641:TCP
0.NA/99.1000.1

SESSIONSETUP
USESESSION:1

DELETE 99.1000.1/COAL-0001
"""
WORDS = (b"CREATE ", b"\n\n", b"\r\n", b" UTF8 ", b" ADMIN ", b" LIST ", b" FILE ", b":", b";")
RECORD = {"handle": "99.1/A", "values": [{"index": 1, "type": "URL", "data": 'a"b\\{['}]}
DUMP = json.dumps({"homedPrefixes": ["0.NA/99.1"], "handleRecords": {"99.1/A": RECORD}}).encode()
BRACKETS = (b"{", b"}", b"[", b"]", b'"', b'\\"', b"\\", b'"handleRecords": {')


def read_file(name: str) -> bytes:
    if name != "site.json":
        raise BadLine(f"{name} cannot be read")
    return b'{"version": 1, "servers": []}'


@pytest.mark.parametrize("part", range(4))
def test_batch_files(part):
    for data in mutants([BATCH], ENOUGH // 4, part, tokens=WORDS):
        reader = BatchReader(read_file)
        found = [*reader.feed(data[:99]), *reader.feed(data[99:]), *reader.finish()]
        assert all(isinstance(operation, Operation) for operation in found)
        assert len(found) <= data.count(b"\n") + 1
        told = [operation.line for operation in found]
        assert told == sorted(told)


@pytest.mark.parametrize("part", range(4))
def test_dumps(part):
    for data in mutants([DUMP], ENOUGH // 4, part, tokens=BRACKETS):
        whole, pieces = DumpReader(), DumpReader()
        one, other = [], []
        with contextlib.suppress(FramingLost):
            one += whole.feed(data)
            one += whole.finish()
        with contextlib.suppress(FramingLost):
            for at in range(0, len(data), 7):
                other += pieces.feed(data[at : at + 7])
            other += pieces.finish()
        # What is given does not depend on how the dump was cut; a whole one may be refused sooner.
        shorter = min(len(one), len(other))
        assert one[:shorter] == other[:shorter]
