"""JSON, CBOR, tables and names: identifiers, or faults that can be told."""

import contextlib
import json
import random

from identifiers.faults import Invalid
from identifiers.names import Handle, Prefix, registration_faults
from identifiers.submissions import Submission
from identifiers.wire import cborform, jsonfast, jsonform
from identifiers.wire.cborform import CborRows
from identifiers.wire.csvform import CsvRows
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle.values import decode_values, encode_values
from identifiers.wire.jsonlines import JsonLines
from identifiers.wire.jsonload import load
from identifiers.wire.rows import FramingLost
from tests.fuzz import generation
from tests.fuzz.target import Target

DOCUMENT = {
    "handle": "88.300.1/煤-1",
    "values": [
        {"index": 1, "type": "URL", "data": {"format": "string", "value": "https://e.example/1"}},
        {"index": 2, "type": "T", "data": "text", "ttl": "2030-01-01T00:00:00Z"},
        {"index": 3, "type": "B", "data": {"format": "base64", "value": "AAEC"}},
        {"index": 4, "type": "X", "data": {"format": "hex", "value": "00ff"}, "ttl": 60},
        {
            "index": 100,
            "type": "HS_ADMIN",
            "data": {
                "format": "admin",
                "value": {"handle": "0.NA/88.300.1", "index": 200, "permissions": "111"},
            },
        },
        {
            "index": 5,
            "type": "HS_VLIST",
            "data": {"format": "vlist", "value": [{"handle": "a/b", "index": 1}]},
            "permissions": "1100",
            "timestamp": "2024-01-01T00:00:00Z",
            "references": [{"handle": "a/b", "index": 1}],
        },
        {
            "index": 6,
            "type": "HS_PUBKEY",
            "data": {"format": "key", "value": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}},
        },
        {
            "index": 7,
            "type": "HS_SITE",
            "data": {
                "format": "site",
                "value": {
                    "version": 1,
                    "protocolVersion": "2.11",
                    "serialNumber": 1,
                    "primarySite": True,
                    "multiPrimary": False,
                    "attributes": [{"name": "desc", "value": "x"}],
                    "servers": [
                        {
                            "serverId": 1,
                            "address": "::1",
                            "publicKey": {"format": "base64", "value": ""},
                            "interfaces": [
                                {"query": True, "admin": False, "protocol": "TCP", "port": 2641}
                            ],
                        }
                    ],
                },
            },
        },
    ],
    "state": "reserved",
}
SIMPLE = {"handle": "88.1/a", "values": [{"index": 1, "type": "URL", "data": "u"}]}
JSON_SEEDS = [
    json.dumps(DOCUMENT).encode(),
    json.dumps(DOCUMENT, ensure_ascii=False, separators=(",", ":")).encode(),
    json.dumps(SIMPLE).encode(),
]
JSON_TOKENS = [
    b"1e400", b"NaN", b"-Infinity", b"null", b"true", b"{}", b"[]", b'"index":1,', b"\\ud800",
    b"\\u0000", b'"handle":"x/y",', b"99999999999999999999", b"1.5", b"-1", b'""', b"\xef\xbb\xbf",
    b"[[[[[[[[[[[[[[[[[[", b'"data":"z",', b'"\\u0064ata":"z",', b'{"a":',
]  # fmt: skip
HOSTILE_JSON = {
    "1e400": (b"[1e400]", "json.number"),
    "NaN": (b"[NaN]", "json.number"),
    "infinity": (b'{"a":-Infinity}', "json.number"),
    "5000 digits": (b"1" * 5000, "json.integer"),
    "beyond int64": (b"9223372036854775808", "json.integer"),
    "depth 10^5": (b"[" * 100_000 + b"]" * 100_000, "json.too_deep"),
    "depth 10^5, never closed": (b"[" * 100_000, "json.too_deep"),
    "depth 17": (b'{"a":' * 17 + b"1" + b"}" * 17, "json.too_deep"),
    "a lone surrogate": (b'"\\ud800"', "surrogate"),
    "a surrogate as a key": (b'{"\\udfff":1}', "surrogate"),
    "U+0000": (b'"\\u0000"', "nul"),
    "duplicates": (b'{"a":1,"a":2}', "json.duplicate_key"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "json.syntax"),
    "two documents": (b"1 2", "json.syntax"),
    "closed too often": (b"]" * 30, "json.syntax"),
    "UTF-8 cut": (b'"\xe7\x85', "utf8"),
    "nothing": (b"", "json.syntax"),
}
COLLIDING = 2**61 - 1
HOSTILE_CBOR = {
    "depth 10^6": b"\x81" * 1_000_000 + b"\x01",
    "depth 17": b"\x81" * 17 + b"\x01",
    "a string of 2^62": bytes.fromhex("7b4000000000000000"),
    "an array of 2^62": bytes.fromhex("9b4000000000000000"),
    "a map of 2^63": bytes.fromhex("bb8000000000000000"),
    "an indefinite string": bytes.fromhex("7f6161ff"),
    "an indefinite array": bytes.fromhex("9fff"),
    "a break": b"\xff",
    "a reserved head": b"\x1c",
    "colliding keys": b"\xb9\x27\x10"
    + b"".join(b"\x1b" + (k * COLLIDING).to_bytes(8) + b"\0" for k in range(4)) * 2_500,
    "a byte string as a key": bytes.fromhex("a1416101"),
    "duplicate keys": bytes.fromhex("a2616101616102"),
    "a tag": bytes.fromhex("c074323031332d30332d32315432303a30343a30305a"),
    "a shared reference": bytes.fromhex("d81c81d81d00"),
    "a regular expression": bytes.fromhex("d823612e"),
    "a bignum": b"\xc2\x5a\x00\x0f\xff\xf0" + b"\xff" * 0xFFFF0,
    "NaN": bytes.fromhex("f97e00"),
    "infinity": bytes.fromhex("fb7ff0000000000000"),
    "not the shortest": bytes.fromhex("1817"),
    "beyond int64": bytes.fromhex("1b8000000000000000"),
    "beyond negative int64": bytes.fromhex("3b8000000000000000"),
    "undefined": b"\xf7",
    "a simple value": bytes.fromhex("f8ff"),
    "bytes left over": b"\x01\x02",
    "cut": bytes.fromhex("19"),
    "cut text": bytes.fromhex("6261"),
    "no UTF-8": bytes.fromhex("61ff"),
    "U+0000": bytes.fromhex("6100"),
    "too many items": b"\x99\x27\x11" + b"\x01" * 10_001,
    "nothing": b"",
}
CBOR_SEEDS = [cborform.write(DOCUMENT), cborform.write(SIMPLE), cborform.write({"a": [1, b"x"]})]
CBOR_SEEDS *= 10
CBOR_SEEDS += [item for item in HOSTILE_CBOR.values() if len(item) < 100]
CSV_SEEDS = [
    'handle,ttl,template,URL,2000:产品\n88.1/a,60,,u,"a ""b""\r\nc"\n88.1/b,,,v,w\n'.encode(),
    b'\xef\xbb\xbfhandle,URL\r\n"x/y",z\r\n',
]
NAMES = ["88.300.1/A", "0.NA/88.300", "88.100.1２/x", "88.100.1\u200b/x", "88.100.1./x", "%2e/x"]
NAMES += ["88.1/\u202eabc", "88.1/e\u0301", "/", "88.1/", "88..1/x", "88.1/a/b", "88.1/\ud800"]
FORMS = ("values", "members", "dataform", "siteform")
_ROWS = {JsonLines: "jsonlines", CsvRows: "csvform", CborRows: "cborform"}


def told(invalid: Invalid) -> None:
    """Every fault has a sentence in both languages, and goes into an answer as UTF-8."""
    assert invalid.faults
    for fault in invalid.faults:
        for language in ("en", "zh"):
            (fault.pointer + fault.detail(language)).encode()


def read_json(line: bytes) -> bool:
    """The fast reader reads as the thorough one does."""
    try:
        submission = jsonfast.read_line(line)
    except Invalid as invalid:
        told(invalid)
        return False
    assert isinstance(submission, Submission)
    assert submission == jsonform.read_identifier(load(line))
    with contextlib.suppress(ProtocolError):  # text that is no UTF-8 cannot be stored
        blob = encode_values(submission.values)
        written = jsonform.write_record(submission.handle, blob)
        assert jsonfast.read_line(written).values == submission.values
    return True


def read_cbor(item: bytes) -> bool:
    try:
        document = cborform.load(item)
    except Invalid as invalid:
        told(invalid)
        return False
    assert cborform.load(cborform.write(document)) == document
    return True


def read_name(raw: bytes) -> bool:
    text = raw.decode("utf-8", "surrogateescape")
    with contextlib.suppress(Invalid):
        Prefix.parse(text)
    try:
        handle = Handle.parse(text)
    except Invalid as invalid:
        told(invalid)
        return False
    assert Handle.parse(handle.key()).key() == handle.key()
    for fault in registration_faults(handle):
        assert fault.detail("zh").encode()
    return True


def rows_of(reader, stream: bytes, size: int):
    rows, it = [], reader()
    try:
        for at in range(0, len(stream), size):
            rows.extend(it.feed(stream[at : at + size]))
        rows.extend(it.finish())
    except FramingLost as lost:
        return rows, lost.faults, lost.number, lost.end_offset
    return rows


def rows_alike(reader, stream: bytes) -> bool:
    """A stream has the same rows in one piece and in many."""
    at_once = rows_of(reader, stream, len(stream) or 1)
    assert rows_of(reader, stream, 1 + len(stream) % 97) == at_once
    rows = at_once[0] if isinstance(at_once, tuple) else at_once
    return any(isinstance(row.content, Submission) for row in rows)


def document(rng: random.Random) -> bytes:
    """An identifier of random values in the JSON form, at times with what the form leaves out."""
    name = rng.choice(("88.300.1/A", "88.1/煤", "88.1/"))
    made = jsonform.write_record(name, generation.blob(rng))
    return made if rng.random() < 0.8 else json.dumps(json.loads(made), indent=1).encode()


def item(rng: random.Random) -> bytes:
    values = [jsonform.value_document(v) for v in decode_values(generation.blob(rng))]
    return cborform.write({"handle": "88.1/a", "values": values})


TARGETS = (
    Target(
        name="json",
        check=read_json,
        seeds=JSON_SEEDS,
        modules=(
            *(f"wire/{name}.py" for name in ("jsonfast", "jsonload", "jsonform")),
            *(f"wire/{name}.py" for name in FORMS[1:]),
        ),
        tokens=JSON_TOKENS,
        generate=document,
    ),
    Target(
        name="cbor",
        check=read_cbor,
        seeds=CBOR_SEEDS,
        modules=("wire/cborform.py", "wire/cborscan.py"),
        generate=item,
        steps_each=40,
    ),
    Target(
        name="json-lines",
        check=lambda stream: rows_alike(JsonLines, stream),
        seeds=[b"\n".join(JSON_SEEDS), b"\r\n\n".join(JSON_SEEDS)],
        modules=("wire/jsonlines.py",),
        weight=1,
        tokens=(b"\r\n", b"\n\n"),
    ),
    Target(
        name="csv",
        check=lambda stream: rows_alike(CsvRows, stream),
        seeds=CSV_SEEDS,
        modules=("wire/csvform.py",),
        weight=1,
        tokens=(b'"', b",", b'""', b"\r\n"),
        steps_each=40,
    ),
    Target(
        name="cbor-sequence",
        check=lambda stream: rows_alike(CborRows, stream),
        seeds=[b"".join(CBOR_SEEDS[:2] * 3), b"".join(CBOR_SEEDS[1:2] * 5)],
        modules=("wire/cborform.py", "wire/cborscan.py"),
        weight=1,
        steps_each=60,
    ),
    Target(
        name="names",
        check=read_name,
        seeds=[name.encode("utf-8", "surrogatepass") for name in NAMES],
        modules=("names.py",),
        tokens=("\u200b".encode(), "é".encode(), b".", b"/"),
    ),
)
