"""Batch files of Handle.Net: what is observed of the reference tool, line by line."""

from ipaddress import ip_address

import pytest

from identifiers.values import Reference, Value
from identifiers.wire.dataform import key_or_binary
from identifiers.wire.handle.data import Admin, encode_admin, encode_vlist
from identifiers.wire.handle.site import Interface, Server, Site, Transport, Usage, encode_site
from identifiers.wire.handlenet.batch import (
    MAX_LINE_BYTES,
    Add,
    BatchReader,
    Create,
    Credentials,
    Delete,
    Home,
    Modify,
    Operation,
    Remove,
    Spoiled,
    write_create,
)
from identifiers.wire.handlenet.valuelines import BadLine, read_value, write_value
from identifiers.wire.jsonform import write_json
from identifiers.wire.siteform import site_document

FIRST = b"""\
AUTHENTICATE SECKEY:300:99.1000.1/ADMIN
not-a-real-secret

CREATE 99.1000.1/COAL-0001
100 HS_ADMIN 86400 1110 ADMIN 200:110011111110:0.NA/99.1000.1
1 URL 86400 1110 UTF8 https://example.org/coal/1
2 HS_VLIST 86400 1110 LIST 300:99.1000.1/ADMIN;200:0.NA/99.1000.1;

"""
SECOND = b"""\
MODIFY 99.1000.1/COAL-0001
1 URL 3600 1110 UTF8 https://example.org/coal/1?v=2

REMOVE 2:99.1000.1/COAL-0001
DELETE 99.1000.1/COAL-0001
"""
SITE = encode_site(
    Site(
        serial=3,
        servers=(
            Server(
                id=1,
                address=ip_address("192.0.2.7"),
                public_key=b"",
                interfaces=(Interface(Usage.QUERY, Transport.TCP, 2641),),
            ),
        ),
    )
)
FILES = {
    "key.bin": b"\0\x01binary",
    "site.bin": SITE,
    "site.json": write_json(site_document(SITE, key_or_binary)),
    "bad.json": b'{"version": 2}',
    "no.json": b"{",
}
URL = Value(index=1, type="URL", data=b"https://example.org/")


def read_file(name: str) -> bytes:
    if name not in FILES:
        raise BadLine(f"{name} cannot be read")
    return FILES[name]


def read(data: bytes, piece: int = 1 << 20) -> list[Operation]:
    reader = BatchReader(read_file)
    found: list[Operation] = []
    for start in range(0, len(data), piece):
        found += reader.feed(data[start : start + piece])
    return [*found, *reader.finish()]


def contents(data: bytes) -> list[object]:
    return [operation.content for operation in read(data)]


@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_the_sample_is_read_whole(piece: int, line_end: bytes) -> None:
    admin = encode_admin(Admin(0b011111110011, "0.NA/99.1000.1", 200))
    group = encode_vlist((Reference("99.1000.1/ADMIN", 300), Reference("0.NA/99.1000.1", 200)))
    handle = "99.1000.1/COAL-0001"
    assert read((FIRST + SECOND).replace(b"\n", line_end), piece) == [
        Operation(1, Credentials("AUTHENTICATE")),
        Operation(
            4,
            Create(
                handle,
                (
                    Value(index=100, type="HS_ADMIN", data=admin),
                    Value(index=1, type="URL", data=b"https://example.org/coal/1"),
                    Value(index=2, type="HS_VLIST", data=group),
                ),
            ),
        ),
        Operation(
            9,
            Modify(
                handle,
                (Value(index=1, type="URL", data=b"https://example.org/coal/1?v=2", ttl=3600),),
            ),
        ),
        Operation(12, Remove(handle, (2,))),
        Operation(13, Delete(handle)),
    ]


def test_keywords_ignore_case_and_a_byte_order_mark_is_passed_over() -> None:
    assert contents(b"\xef\xbb\xbfdelete 1/A\n  Remove 1, 2 : 1/B  \n") == [
        Delete("1/A"),
        Remove("1/B", (1, 2)),
    ]


def test_add_needs_no_blank_line_at_the_end_of_the_file() -> None:
    assert contents(b"ADD 1/A\n1 URL 86400 1110 UTF8 https://example.org/") == [Add("1/A", (URL,))]


def test_homing_and_sessions() -> None:
    data = (
        b"HOME 192.0.2.1:2641:TCP\n0.NA/99.1\n0.NA/99.2\n\n"
        b"UNHOME 192.0.2.1:2641:TCP\n0.NA/99.3\n\n"
        b"SESSIONSETUP\nUSESESSION:1\nTIMEOUT:24\n\n"
        b"AUTHENTICATE PUBKEY:300:1/A\nkey|passphrase\nDELETE 1/A\n"
    )
    assert contents(data) == [
        Home(("0.NA/99.1", "0.NA/99.2"), end=False),
        Home(("0.NA/99.3",), end=True),
        Credentials("SESSIONSETUP"),
        Credentials("AUTHENTICATE"),
        Delete("1/A"),
    ]


def test_a_bad_value_line_spoils_its_block_and_reading_goes_on() -> None:
    found = read(b"CREATE 1/A\n1 URL x 1110 UTF8 a\n2 URL 1 1110 UTF8 b\n\nDELETE 1/B\n")
    assert [operation.line for operation in found] == [1, 5]
    assert found[0].content == Spoiled("line 2: the ttl x is no number from 0 to 2147483647", "1/A")
    assert found[1].content == Delete("1/B")


def test_a_command_in_the_place_of_a_value_is_not_carried_out() -> None:
    found = contents(b"CREATE 1/A\n1 URL 1 1110 UTF8 a\nDELETE 1/B\nDELETE 1/C\n")
    spoiled, then = found
    assert isinstance(spoiled, Spoiled)
    assert "DELETE needs a blank line before it" in spoiled.why
    assert then == Delete("1/C")


def test_what_is_no_command_is_told_without_its_words() -> None:
    (found,) = contents(b"hunter2 secret\n")
    assert isinstance(found, Spoiled)
    assert "hunter2" not in found.why


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"DELETE", "DELETE of what?"),
        (b"CREATE 1/A", "CREATE without values"),
        (b"REMOVE 1/A", "REMOVE is REMOVE <index>[,<index>…]:<handle>"),
        (b"REMOVE 9999999999:1/A", "indexes go up to 4294967295"),
        (b"DELETE \xff", "not UTF-8 at octet 7 of the line"),
        (b"x" * (2 * MAX_LINE_BYTES), f"the line has more than {MAX_LINE_BYTES} octets"),
    ],
)
def test_single_lines_that_cannot_be_read(line: bytes, why: str) -> None:
    for piece in (1 << 16, 1 << 22):
        (found,) = [operation.content for operation in read(line + b"\n", piece)]
        assert isinstance(found, Spoiled)
        assert found.why == why


def test_bytes_that_are_no_text_inside_of_blocks() -> None:
    found = contents(
        b"CREATE 1/A\n\xff\n\xff\n\nHOME h\n\xff\n\nAUTHENTICATE SECKEY:1:1/A\n\xff\nDELETE 1/B\n"
    )
    assert found == [
        Spoiled("line 2: not UTF-8 at octet 0 of the line", "1/A"),
        Spoiled("line 6: not UTF-8 at octet 0 of the line", "h"),
        Credentials("AUTHENTICATE"),
        Delete("1/B"),
    ]


def test_a_block_has_a_bound() -> None:
    lines = b"".join(b"%d URL 1 1110 UTF8 a\n" % index for index in range(1, 2051))
    assert contents(b"CREATE 1/A\n" + lines) == [Spoiled("more than 2048 values", "1/A")]


def test_spaces_and_permissions() -> None:
    line = "  1   URL  60  rw1-  UTF8   a  b  "
    assert read_value(line, read_file) == Value(
        index=1, type="URL", data=b"a  b", ttl=60, permissions=0b0010
    )


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("1 URL 60 1110", "a value is"),
        ("1 URL 60 1110 BASE64 aa==", "the form BASE64 is none of"),
        ("1 URL 60 1110 UTF8", "a value needs data"),
        ("1 URL 60 111 UTF8 a", "permissions are four"),
        ("0 URL 60 1110 UTF8 a", "the index 0"),
        ("1 HS_ADMIN 60 1110 ADMIN 200:11:0.NA/1", "an administrator is"),
        ("1 HS_VLIST 60 1110 LIST 1/A", "a list is"),
        ("1 HS_PUBKEY 60 1110 FILE gone.bin", "gone.bin cannot be read"),
        ("1 HS_SITE 60 1110 FILE bad.json", "bad.json is no site"),
        ("1 HS_SITE 60 1110 FILE no.json", "no.json"),
    ],
)
def test_value_lines_that_cannot_be_read(line: str, why: str) -> None:
    with pytest.raises(BadLine, match=why):
        read_value(line, read_file)


@pytest.mark.parametrize(
    ("line", "data"),
    [
        ("3 HS_PUBKEY 60 1110 FILE key.bin", FILES["key.bin"]),
        ("3 HS_SITE 60 1110 FILE site.bin", SITE),
        ("3 HS_SITE 60 1110 FILE site.json", SITE),
        ("3 HS_VLIST 60 1110 LIST ;", encode_vlist(())),
        (
            "3 HS_VLIST 60 1110 LIST 1:1/A; 2:1/B",
            encode_vlist((Reference("1/A", 1), Reference("1/B", 2))),
        ),
    ],
)
def test_value_lines_with_a_structure(line: str, data: bytes) -> None:
    assert read_value(line, read_file).data == data


def test_what_is_written_reads_back_the_same() -> None:
    values = (
        Value(index=1, type="URL", data="https://example.org/煤".encode(), permissions=0b1100),
        Value(index=2, type="HS_ADMIN", data=encode_admin(Admin(0x0F3, "0.NA/1", 300))),
        Value(index=3, type="HS_VLIST", data=encode_vlist((Reference("1/A", 1),))),
        Value(index=4, type="HS_VLIST", data=encode_vlist(())),
        Value(index=5, type="HS_PUBKEY", data=b"\0\x01", ttl=5),
        Value(index=6, type="HS_SITE", data=SITE),
    )
    names = iter(["a.bin", "b.bin", "c.bin", "d.bin", "e.bin", "f.bin"])
    written = write_create("1/A", values, lambda: next(names))
    assert written.left_out == ()
    files = dict(written.files)
    reader = BatchReader(files.__getitem__)
    operations = [*reader.feed(written.text.encode()), *reader.finish()]
    assert [operation.content for operation in operations] == [Create("1/A", values)]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (Value(index=1, type="URL", data=b"a", absolute=True), "instant"),
        (Value(index=1, type="URL", data=b"a", references=(Reference("1/A", 1),)), "references"),
        (Value(index=1, type="A B", data=b"a"), "type"),
        (Value(index=1, type="URL", data=b"\xff"), "no text"),
        (Value(index=1, type="URL", data=b" a"), "begins or ends"),
        (Value(index=1, type="URL", data=b"a\nb"), "several lines"),
        (Value(index=1, type="URL", data=b""), "empty"),
        (Value(index=1, type="HS_ADMIN", data=b"a"), "no HS_ADMIN"),
    ],
)
def test_what_a_batch_file_cannot_say_is_told(value: Value, why: str) -> None:
    with pytest.raises(BadLine, match=why):
        write_value(value, "file")
    written = write_create("1/A", (URL, msgspec_copy(value)), lambda: "file")
    assert written.text == "CREATE 1/A\n1 URL 86400 1110 UTF8 https://example.org/\n\n"
    assert [left.index for left in written.left_out] == [7]


def msgspec_copy(value: Value) -> Value:
    return Value(
        index=7,
        type=value.type,
        data=value.data,
        absolute=value.absolute,
        references=value.references,
    )


def test_a_handle_of_which_nothing_can_be_written_is_told() -> None:
    bad = Value(index=1, type="URL", data=b"\xff")
    assert [left.index for left in write_create("1/A", (bad,), lambda: "f").left_out] == [1, 0]
    assert write_create("1/A\n", (URL,), lambda: "f").text == ""
