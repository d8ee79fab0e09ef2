import pytest

from loadtest.bench import wire
from loadtest.suites.framing import HandleStream, HttpStream

MESSAGES = [
    wire.resolution(name, at) for at, name in enumerate(("0.NA/1", "88.300.1/长名"), start=1)
]
RESPONSE = b"HTTP/1.1 200 OK\r\nServer: idnode\r\nContent-Length: 4\r\n\r\n"


@pytest.mark.parametrize("step", [1, 7, 20, 1000])
def test_messages_are_cut_wherever_the_octets_are_cut(step):
    stream, octets = HandleStream(), b"".join(MESSAGES)
    found = [
        placed
        for at in range(0, len(octets), step)
        for placed in stream.feed(octets[at : at + step])
    ]
    assert found == [(0, MESSAGES[0]), (1, MESSAGES[1])]


@pytest.mark.parametrize("step", [1, 5, 1000])
def test_responses_are_told_as_status_and_body(step):
    stream, octets = HttpStream(), RESPONSE + b"body" + RESPONSE.replace(b"200", b"404") + b"none"
    found = []
    for at in range(0, len(octets), step):
        found += stream.feed(octets[at : at + step])
        found += stream.feed(b"")
    assert found == [(0, b"200 body"), (0, b"404 none")]


def test_a_response_without_a_length_is_refused():
    with pytest.raises(ValueError, match="without its length"):
        HttpStream().feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
