from identifiers.wire.handle import bodies
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message, encode
from identifiers.wire.handle.resolution import decode_query, encode_found, handle_of
from identifiers.wire.handle.shapes import (
    ASKED_AT,
    END,
    HEAD,
    HEADED,
    LEAST,
    REPLY,
    Shapes,
    body_of,
    name_of,
)
from identifiers.wire.handle.translate import Site

VALUES = bytes.fromhex("00000000")


def asking(handle, request_id=1, *, session_id=0, indexes=(), **fields):
    header = Header(op_code=1, **({"flags": 0x1900_0000} | fields))
    body = bodies.Asked(handle, indexes)
    return encode(Message(request_id=request_id, session_id=session_id, header=header, body=body))


def answered(request, values=VALUES):
    to, query = decode_query(request)
    return encode_found(to, query.handle, values, Site(7), 1_780_000_000)


def found(shapes, request):
    start, _, length, status = HEAD.unpack_from(request)
    assert length == len(request) - 20
    return shapes.find((start, status))


def test_a_reply_is_put_together_for_another_name():
    shapes = Shapes()
    first, second = asking("88.300.1/A"), asking("88.300.1/标识", 2, expiration=5)
    shapes.learn(first, answered(first))
    shape = found(shapes, second)
    values = b"\0\0\0\1" + bytes(40)
    asked = second[ASKED_AT:]
    assert name_of(asked) == "88.300.1/标识"
    body = body_of(asked, values)
    head = REPLY.pack(shape.start, second[8:12], HEADED + len(body), shape.status, 1_780_000_000)
    assert len(head) == len(second) - len(asked)
    assert head + body == answered(second, values)


def test_what_differs_in_more_than_what_is_asked_for_is_of_another_shape():
    shapes = Shapes()
    first = asking("88.300.1/A")
    shapes.learn(first, answered(first))
    assert found(shapes, asking("88.300.1/AB")) is found(shapes, first) is not None
    for other in (
        asking("88.300.1/A", flags=0),
        asking("88.300.1/A", recursion_count=1),
        asking("88.300.1/A", site_serial=1),
        asking("88.300.1/A", session_id=1),
        b"\3" + first[1:],
    ):
        assert found(shapes, other) is None


def test_a_name_is_read_of_a_question_for_nothing_else():
    whole = asking("88.300.1/A")[ASKED_AT:]
    assert name_of(whole) == name_of(whole.removesuffix(END)) == "88.300.1/A"
    for size in range(len(whole)):
        if size != len(whole) - len(END):
            assert name_of(whole[:size]) is None
    assert name_of(asking("88.300.1/A", indexes=(1,))[ASKED_AT:]) is None
    assert name_of(whole + b"\0") is None
    assert name_of(whole[:-1] + b"\1") is None
    assert name_of(whole.replace(b"A", b"\xff")) is None
    longer = (int.from_bytes(whole[:4]) + 1).to_bytes(4)
    assert name_of(longer + whole[4:]) is None


def test_the_shortest_question_has_no_name():
    shortest = asking("")
    assert len(shortest) == LEAST + len(END)
    assert name_of(shortest[ASKED_AT:LEAST]) == ""


def test_what_may_not_be_shared_or_has_filters_teaches_nothing():
    shapes = Shapes()
    for request in (asking("88.300.1/A", session_id=1), asking("88.300.1/A", indexes=(1,))):
        shapes.learn(request, answered(request))
    assert len(shapes) == 0


def test_what_a_question_ends_with_beyond_need_is_not_kept():
    shapes = Shapes()
    plain = asking("88.300.1/A")
    filters = ASKED_AT + 8 + len("88.300.1/A")
    length, body = (int.from_bytes(plain[at : at + 4], "big") for at in (16, 40))
    longer = b"".join(
        (
            plain[:16],
            (length + 60_000).to_bytes(4, "big"),
            plain[20:40],
            (body + 60_000).to_bytes(4, "big"),
            plain[44 : filters + 8],
            bytes(60_000),
            END,
        )
    )
    assert decode_query(longer) == decode_query(plain)
    shapes.learn(longer, answered(longer))
    assert len(shapes) == 0


def test_the_number_of_shapes_is_bounded():
    shapes = Shapes()
    for serial in range(3000):
        request = asking("88.300.1/A", site_serial=serial)
        shapes.learn(request, answered(request))
        shapes.learn(request, answered(request))
        assert found(shapes, request) is not None
        assert len(shapes) <= 1024


def test_the_handle_of_a_resolution():
    for handle in ("88.300.1/A", "88.300.1/标识"):
        request = asking(handle)
        assert handle_of(request) == decode_query(request)[1].handle
