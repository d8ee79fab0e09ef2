import json

import msgspec
import pytest

from identifiers.values import Value
from identifiers.wire.handle import bodies, message
from identifiers.wire.handle.codes import OpCode, ResponseCode
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.values import encode_values
from loadtest.corpus import Corpus
from loadtest.suites import truth

CORPUS = Corpus(enterprises=3)
ITEM = CORPUS.identifier(4)
OTHER = CORPUS.identifier(5)


def values_of(item):
    return [
        Value(index=v["index"], type=v["type"], data=v["data"]["value"].encode(), ttl=v["ttl"])
        for v in item["values"]
    ]


def reply(values, *, handle=ITEM["handle"], request_id=7, code=ResponseCode.SUCCESS, expiration=9):
    return message.encode(
        message.Message(
            request_id=request_id,
            header=Header(op_code=OpCode.RESOLUTION, response_code=code, expiration=expiration),
            body=bodies.Valued(handle, encode_values(values, 1_790_000_000)),
        )
    )


RIGHT = reply(values_of(ITEM))


def test_a_reply_is_held_against_every_value_of_the_corpus():
    right = truth.registered(ITEM)
    assert right(RIGHT)
    first, *rest = values_of(ITEM)
    assert not right(reply(rest))
    assert not right(reply([*rest, first]))
    for change in ({"data": first.data + b"!"}, {"type": "EMAIL"}, {"ttl": 1}, {"index": 3}):
        assert not right(reply([msgspec.structs.replace(first, **change), *rest]))
    assert not right(reply(values_of(ITEM), handle=OTHER["handle"]))
    assert not right(reply(values_of(OTHER), handle=OTHER["handle"]))


def test_what_is_no_reply_is_wrong():
    right = truth.registered(ITEM)
    assert not right(b"")
    assert not right(RIGHT[:-1])
    assert not right(RIGHT[:-4] + b"\xff\xff\xff\xff")
    assert not right(bytes(len(RIGHT)))


def test_later_replies_are_held_to_the_octets_of_one_found_right():
    right = truth.same(RIGHT)
    assert right(reply(values_of(ITEM), request_id=8, expiration=10))
    first, *rest = values_of(ITEM)
    changed = msgspec.structs.replace(first, data=first.data[:-1] + b"!")
    assert not right(reply([changed, *rest]))
    for at in range(len(RIGHT)):
        altered = RIGHT[:at] + bytes([RIGHT[at] ^ 1]) + RIGHT[at + 1 :]
        in_id, in_expiration = 8 <= at < 12, 36 <= at < 40
        assert right(altered) == (in_id or in_expiration)
    assert not right(RIGHT + b"\0")


def test_an_unknown_name_is_told_as_such_and_in_no_other_way():
    absent = message.encode(
        message.Message(
            request_id=3,
            header=Header(op_code=OpCode.RESOLUTION, response_code=ResponseCode.HANDLE_NOT_FOUND),
            body=bodies.Nothing(),
        )
    )
    assert truth.unknown(absent)
    assert not truth.unknown(RIGHT)
    assert not truth.unknown(b"")


def http(status, document):
    return f"{status} {json.dumps(document, ensure_ascii=False)}".encode()


def found(item):
    values = [value | {"timestamp": "2026-11-23T00:00:00Z"} for value in item["values"]]
    return {"responseCode": 1, "handle": item["handle"], "values": values}


def test_over_http_every_value_counts_too():
    right = truth.registered_over_http(ITEM)
    assert right(http(200, found(ITEM)))
    assert not right(http(203, found(ITEM)))
    assert not right(http(200, found(OTHER)))
    assert not right(http(200, found(ITEM) | {"values": found(OTHER)["values"]}))
    assert not right(http(200, found(ITEM) | {"values": found(ITEM)["values"][1:]}))
    assert not right(b"200 <html>")
    assert not right(b"200 []")
    assert truth.same_over_http(b"200 {}")(b"200 {}")
    assert not truth.same_over_http(b"200 {}")(b"200 { }")


def test_over_http_an_unknown_name_is_told_as_such():
    right = truth.unknown_over_http("88.300.1/NOBODY")
    assert right(http(404, {"responseCode": 100, "handle": "88.300.1/NOBODY"}))
    assert not right(http(404, {"responseCode": 100, "handle": "88.300.1/OTHER"}))
    assert not right(http(200, {"responseCode": 100, "handle": "88.300.1/NOBODY"}))
    assert not right(b"404 ?")


def test_a_batch_is_right_when_all_of_it_is():
    right = truth.batch_over_http([ITEM, "88.300.1/NOBODY"])
    absent = {"responseCode": 100, "handle": "88.300.1/NOBODY"}
    assert right(http(200, {"results": [found(ITEM), absent]}))
    assert not right(http(200, {"results": [absent, found(ITEM)]}))
    assert not right(http(200, {"results": [found(ITEM)]}))
    assert not right(http(200, {"results": [found(OTHER), absent]}))
    assert not right(http(200, {"results": [found(ITEM), found(ITEM)]}))
    assert not right(http(500, {"results": [found(ITEM), absent]}))


def test_a_registration_is_right_when_its_very_name_was_made():
    right = truth.created("88.300.1/A")
    assert right(http(201, {"handle": "88.300.1/A", "version": 1}))
    assert not right(http(200, {"handle": "88.300.1/A", "version": 2}))
    assert not right(http(201, {"handle": "88.300.1/B"}))
    assert not right(http(409, {"handle": "88.300.1/A"}))


def test_a_batch_of_registrations_is_right_when_all_were_made():
    right = truth.all_created(["88.300.1/A", "88.300.1/B"])
    made = [{"handle": f"88.300.1/{name}", "status": 201} for name in "AB"]
    assert right(http(200, {"items": made}))
    assert not right(http(200, {"items": made[::-1]}))
    assert not right(http(200, {"items": made[:1]}))
    assert not right(http(200, {"items": [made[0], made[1] | {"status": 409}]}))
    assert not right(http(413, {"items": made}))


@pytest.mark.parametrize("number", range(0, 60, 7))
def test_every_kind_of_item_can_be_verified(number):
    item = CORPUS.identifier(number)
    assert truth.registered(item)(reply(values_of(item), handle=item["handle"]))
    assert truth.registered_over_http(item)(http(200, found(item)))


def test_a_refusal_claims_nothing():
    for code, refused in ((3, True), (100, False), (1, False), (2, False)):
        answer = message.encode(
            message.Message(
                request_id=3,
                header=Header(op_code=OpCode.RESOLUTION, response_code=code),
                body=bodies.Nothing(),
            )
        )
        assert truth.refused(answer) is refused
    assert not truth.refused(b"")
    assert truth.refused_over_http(b"503 {}")
    assert truth.refused_over_http(b"429 {}")
    assert not truth.refused_over_http(b"500 {}")
    assert not truth.refused_over_http(b"")


def test_a_batch_refused_in_part_has_nothing_wrong_in_it():
    refused = truth.batch_refused([ITEM, "88.300.1/NOBODY"])
    absent = {"responseCode": 100, "handle": "88.300.1/NOBODY"}
    busy = {"responseCode": 3, "handle": ITEM["handle"]}
    assert refused(http(503, {}))
    assert refused(http(200, {"results": [busy, absent]}))
    assert not refused(http(200, {"results": [busy, found(ITEM)]}))
    assert not refused(http(200, {"results": [busy]}))
    assert not refused(http(500, {"results": [busy, absent]}))
    bulk = truth.bulk_refused(["88.300.1/A", "88.300.1/B"])
    made = [{"handle": "88.300.1/A", "status": 201}, {"handle": "88.300.1/B", "status": 503}]
    assert bulk(http(429, {}))
    assert bulk(http(200, {"items": made}))
    assert not bulk(http(200, {"items": made[::-1]}))
    assert not bulk(http(200, {"items": [made[0], made[1] | {"status": 409}]}))
    assert not bulk(http(500, {"items": made}))
