"""Small languages of other people: XML, patterns, batch files and dumps of Handle.Net."""

import contextlib
import json

from identifiers.elements import BadXml
from identifiers.locations import Wish, choose, read_locations
from identifiers.namespaces import BadNamespace, evaluate, read_namespace, split
from identifiers.pattern_syntax import BadPattern
from identifiers.patterns import Budget, TooMuchWork, compiled, match
from identifiers.values import Value
from identifiers.wire.handlenet.batch import BatchReader, Spoiled
from identifiers.wire.handlenet.dump import DumpReader
from identifiers.wire.handlenet.valuelines import BadLine
from identifiers.wire.rows import FramingLost
from tests.fuzz.target import Target

VALUES = (
    Value(index=1, type="URL", data=b"https://example.org/data/abc"),
    Value(index=2, type="EMAIL", data=b"contact@example.org"),
    Value(index=3, type="RAW", data=b"\x00\xff", permissions=0x0C),
)
NAMESPACE = rb"""<namespace><template delimiter="@"><foreach>
<if value="type" test="equals" expression="url">
<if value="extension" test="matches" expression="box\(([^,]*),([^,]*)\)" parameter="x">
<value data="${data}?wh=${x[2]}&amp;ww=${x[1]}"/></if><else><value data="${data}?${x}"/></else></if>
<else><value/></else></foreach><def parameter="y" expression="${x}"/>
<value index="4" type="T" data="${y}"/></template></namespace>"""
LOCATIONS = b"""<locations chooseby="locatt,country,weighted">
<location id="0" href="https://uk.example.com/" country="gb" weight="0" />
<location id="1" href="https://www1.example.com/" weight="1" http_role="conneg"/></locations>"""
PATTERNS = [
    b"a*b|[^c-e]{2,3}?(x)\\1",
    rb"box\(([^,]*),(\d+)\)",
    b"(a+)+$",
    b"(?:a|b)*?\\w\\.",
    b"^$",
]
BATCH = b"""AUTHENTICATE SECKEY:300:99.1/ADMIN
not-a-real-secret

CREATE 99.1/COAL
100 HS_ADMIN 86400 1110 ADMIN 200:110011111110:0.NA/99.1
1 URL 86400 1110 UTF8 https://example.org/coal/1
2 HS_VLIST 86400 1110 LIST 300:99.1/ADMIN;200:0.NA/99.1;
3 X 1 1110 FILE key.bin

MODIFY 99.1/COAL
1 URL 3600 1110 UTF8 https://example.org/

REMOVE 2,3:99.1/COAL
DELETE 99.1/COAL
HOME 127.0.0.1:2641:tcp
0.NA/99.1
"""
DUMP = json.dumps(
    {
        "homedPrefixes": ["0.NA/99.1", "0.NA/\u4e59"],
        "note": {"a": ["b"]},
        "handleRecords": {
            "99.1/A": {
                "handle": "99.1/A",
                "values": [{"index": 1, "type": "URL", "data": {"format": "string", "value": "{"}}],
            },
            "99.1/乙": {"handle": "99.1/乙", "values": []},
        },
    }
).encode()


def read_template(data: bytes) -> bool:
    try:
        namespace = read_namespace(data)
    except BadNamespace:
        return False
    for extension in ("box(1,2)", "", "x" * 300):
        parts = split(f"88.1/abc@{extension}", namespace.delimiter or "@")
        if parts is not None:
            with contextlib.suppress(BadNamespace):
                evaluate(namespace, parts, VALUES, Budget())
    return True


def read_places(data: bytes) -> bool:
    try:
        places = read_locations(data)
    except BadXml:
        return False
    for wish in (Wish(), Wish(country="gb"), Wish(attribute=("id", "1"))):
        choose(places, wish, 0.5)
    return True


def read_pattern(data: bytes) -> bool:
    try:
        pattern = compiled(data.decode(errors="replace"))
    except BadPattern:
        return False
    for subject in ("", "box(1,2)", "a" * 200 + "b", "煤" * 50):
        with contextlib.suppress(TooMuchWork):
            match(pattern, subject, Budget(5_000))
    return True


def read_batch(data: bytes) -> bool:
    at_once = _operations(data, len(data) or 1)
    assert _operations(data, 1 + len(data) % 97) == at_once
    return any(not isinstance(found.content, Spoiled) for found in at_once)


def _operations(data: bytes, size: int) -> list:
    def missing(name: str) -> bytes:
        raise BadLine(f"{name} is not there")

    reader = BatchReader(missing)
    found = []
    for at in range(0, len(data), size):
        found += reader.feed(data[at : at + size])
    return [*found, *reader.finish()]


def read_dump(data: bytes) -> bool:
    at_once = _items(data, len(data) or 1)
    pieces = _items(data, 1 + len(data) % 97)
    # Where the dump is broken, what was whole before is told in both.
    assert (pieces == at_once) or (None in at_once and None in pieces)
    return None not in at_once


def _items(data: bytes, size: int) -> list:
    reader, found = DumpReader(), []
    try:
        for at in range(0, len(data), size):
            found += reader.feed(data[at : at + size])
        found += reader.finish()
    except FramingLost:
        found.append(None)
    return found


_XML = (b"<", b"/>", b"]]>", b"<![CDATA[", b"&amp;", b"&#0;", b"&lt", b"<!DOCTYPE x>", b"<else/>")

TARGETS = (
    Target(
        name="namespaces",
        check=read_template,
        seeds=[NAMESPACE],
        modules=("namespaces.py", "elements.py"),
        tokens=(*_XML, b"${", b"${x[9]}", b"<foreach>", b"(.*)*"),
        # What a template may cost is bounded by its budget, not by its length.
        steps=200_000,
        octets=2_000_000,
        weight=1,
    ),
    Target(
        name="locations",
        check=read_places,
        seeds=[LOCATIONS],
        modules=("locations.py", "elements.py"),
        tokens=(*_XML, b'weight="1e999"', b'weight="nan"'),
        weight=1,
    ),
    Target(
        name="patterns",
        check=read_pattern,
        seeds=PATTERNS,
        modules=("patterns.py", "pattern_syntax.py"),
        tokens=(
            b"(",
            b")",
            b"{9,}",
            b"{99999}",
            b"[",
            b"]",
            b"\\",
            b"*?",
            b"+",
            b"|",
            b"(?:",
            b"^",
        ),
        steps=100_000,
        octets=2_000_000,
        octets_each=20_000,
        weight=1,
    ),
    Target(
        name="batch-files",
        check=read_batch,
        seeds=[BATCH],
        modules=("wire/handlenet/batch.py", "wire/handlenet/valuelines.py"),
        tokens=(b"\n", b"\n\n", b"CREATE ", b"1 URL 86400 1110 UTF8 x", b":", b";"),
        weight=1,
    ),
    Target(
        name="dumps",
        check=read_dump,
        seeds=[DUMP],
        modules=("wire/handlenet/dump.py",),
        tokens=(b'"', b"\\", b"{", b"}", b"[", b"]", b",", b'"handleRecords":{'),
        weight=1,
    ),
)
