import itertools

import pytest

from edge.heads import END, Ends, plain_fields, without_length

HOST = b"Host: node.example:8000\r\n"


def fields(*lines, host=HOST):
    return host + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


@pytest.mark.parametrize(
    ("lines", "accept"),
    [
        ((), ""),
        ((b"Accept: */*",), "*/*"),
        ((b"accept:application/cbor", b"USER-AGENT: a (b; c) d/1.0"), "application/cbor"),
        ((b"Connection: Keep-Alive", b"Accept-Encoding: gzip, deflate"), ""),
        ((b"Accept-Language: zh-CN,zh;q=0.9", b"Accept: a/b, */*;q=0.1"), "a/b, */*;q=0.1"),
    ],
)
def test_fields_that_change_nothing_but_the_form(lines, accept):
    assert plain_fields(fields(*lines)) == accept


@pytest.mark.parametrize(
    "line",
    [
        *(b"Authorization: Bearer k", b"Cookie: a=b", b"X-Forwarded-For: 192.0.2.1"),
        *(b"Forwarded: for=192.0.2.1", b"X-Forwarded-Proto: https", b"X-Request-Id: 7"),
        *(b'If-None-Match: "v1"', b"Range: bytes=0-1", b"Content-Length: 0", b"Expect: x"),
        *(b"Transfer-Encoding: chunked", b"Upgrade: h2c", b"Connection: close", b"X-Unknown: 1"),
        *(b"Connection: keep-alive, X-Unknown", b"Host: again", b"Accept:", b"Accept:  a/b"),
        *(b"Accept: a/b ", b"Accept : a/b", b" Accept: a/b", b"Accept: \xe4", b"Accept: a\x7fb"),
        *(b"Accept: a\tb", b"Accept", b": a", b"Accept: a\nCookie: b", b"Accept: a\rb"),
    ],
)
def test_what_says_more_or_is_written_otherwise_is_left_to_the_parser(line):
    assert plain_fields(fields(line)) is None


def test_the_same_field_twice():
    assert plain_fields(fields(b"Accept: a/b", b"accept: a/b")) is None


@pytest.mark.parametrize("host", [b"", b"Host: a b\r\n", b"Host: a@b\r\n"])
def test_a_host_that_is_missing_or_odd(host):
    assert plain_fields(fields(host=host)) is None


@pytest.mark.parametrize(
    ("line", "accept"),
    [
        (b"Content-Type: application/json", ""),
        (b"content-type:application/json", ""),
        (b"Content-Type: application/json; charset=utf-8", None),
        (b"Content-Type: text/csv", None),
        (b"Content-Length: 5", None),
        (b"Accept: a/b", None),
    ],
)
def test_what_is_posted_has_one_type(line, accept):
    assert plain_fields(fields(line), "application/json") == accept
    if line != b"Accept: a/b":
        assert plain_fields(fields(line)) is None


@pytest.mark.parametrize(
    ("lines", "parted"),
    [
        (b"Content-Length: 12", (b"", 12)),
        (b"Host: a\r\nContent-Length: 12\r\nAccept: */*", (b"Host: a\r\nAccept: */*", 12)),
        (b"Content-Length: 7\r\nHost: a", (b"Host: a", 7)),
        (b"Host: a\r\nContent-Length: 0", (b"Host: a", 0)),
    ],
)
def test_a_length_is_parted_from_the_rest(lines, parted):
    assert without_length(lines) == parted


@pytest.mark.parametrize(
    "lines",
    [
        *(b"", b"Host: a", b"Host: Content-Length: 5", b"content-length: 5", b"Content-Length:5"),
        *(b"Content-Length: ", b"Content-Length: -5", b"Content-Length: 5 ", b"Content-Length: 5x"),
        *(b"Content-Length: 12345678", b"Content-Length: \xb2"),
    ],
)
def test_what_tells_no_length_as_most_do_is_left_as_it_is(lines):
    assert without_length(lines) == (lines, 0)


def test_of_two_lengths_one_is_left_and_no_plain_field():
    rest, length = without_length(b"Host: a\r\nContent-Length: 5\r\nContent-Length: 5")
    assert length == 5
    assert plain_fields(rest + END, None) is None


def test_long_fields():
    assert plain_fields(fields(b"User-Agent: " + b"x" * 1900)) == ""
    assert plain_fields(fields(b"User-Agent: " + b"x" * 2020)) is None


GET = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: a\r\ncontent-LENGTH:  5\r\n\r\nhello"


def test_every_way_of_cutting_requests_up():
    stream = GET + POST + GET
    ends = {len(GET), len(GET + POST), len(stream)}
    for first, second in itertools.combinations(range(1, len(stream)), 2):
        follower = Ends()
        for start, end in ((0, first), (first, second), (second, len(stream))):
            follower.feed(stream[start:end])
            assert follower.between == (end in ends)


@pytest.mark.parametrize(
    "request_",
    [
        GET.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        GET.replace(b"\r\n\r\n", b"\r\nUpgrade: h2c\r\n\r\n"),
        GET.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"),
        POST.replace(b"  5", b" 5\r\nContent-Length: 5"),
        POST.replace(b"  5", b" +5"),
        POST.replace(b"  5", b""),
        GET.replace(b"1.1", b"1.0"),
        GET.replace(b"GET", b"CONNECT"),
        GET.replace(b"Host: a", b"Host: a\nCookie: b"),
        GET.replace(b"Host: a", b"Host: a\r\n folded"),
        GET.replace(b"Host: a", b"Host : a"),
        b"GET /a HTTP/1.1\r\n\r\n",
        b"\r\n" + GET,
        b"x" * 20_000,
    ],
)
def test_what_cannot_be_told_for_certain_is_never_told_again(request_):
    follower = Ends()
    follower.feed(request_)
    assert not follower.between
    follower.feed(GET)
    assert not follower.between


def test_a_follower_that_is_given_up():
    follower = Ends()
    follower.lose()
    follower.feed(GET)
    assert not follower.between


def test_nothing_came():
    follower = Ends()
    follower.feed(b"")
    assert follower.between
