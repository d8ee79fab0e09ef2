import select
import socket
import threading
from contextlib import ExitStack

import pytest

from loadtest import mmsg
from loadtest.bench import datagrams


@pytest.fixture
def pair():
    """Two UDP sockets that are connected to each other."""
    with ExitStack() as stack:
        ends = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in "ab"]
        for end in ends:
            end.bind(("127.0.0.1", 0))
        for end, other in zip(ends, reversed(ends), strict=True):
            end.connect(other.getsockname())
        yield ends


def test_many_datagrams_go_and_come_in_one_call(pair):
    one, other = pair
    out, back = mmsg.Vector(4, 64), mmsg.Vector(4, 64)
    words = [b"first", b"", b"third, longer", b"x" * 64]
    for at, word in enumerate(words):
        out.put(at, word)
    mmsg.send(one.fileno(), out, 3)  # the fourth is not sent
    select.select([other], [], [], 5)
    assert mmsg.receive(other.fileno(), back, 4) == 3
    assert [back.octets(at, 0, back.size(at)) for at in range(3)] == words[:3]
    assert back.octets(2, 3, 4) == b"rd, "


def test_nothing_there_is_told_and_not_waited_for(pair):
    with pytest.raises(BlockingIOError):
        mmsg.receive(pair[0].fileno(), mmsg.Vector(1, 64), 1)


def test_a_refusing_address_is_told(pair):
    one, other = pair
    other.close()
    out = mmsg.Vector(1, 64)
    out.put(0, b"?")
    mmsg.send(one.fileno(), out, 1)
    with pytest.raises(ConnectionRefusedError):
        mmsg.send(one.fileno(), out, 1)


def test_the_bench_drives_with_it_and_counts_what_is_wrong():
    questions = [bytes(8) + at.to_bytes(4, "big") + b"?" for at in range(8)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        stopped = threading.Event()

        def echo():
            server.settimeout(0.05)
            while not stopped.is_set():
                try:
                    data, peer = server.recvfrom(64)
                except TimeoutError:
                    continue
                server.sendto(data + b"!" * (data[11] == 3), peer)

        thread = threading.Thread(target=echo)
        thread.start()
        try:
            told = datagrams.drive(server.getsockname(), questions, [13] * 8, seconds=0.2, window=4)
        finally:
            stopped.set()
            thread.join()
    assert told.answered > 8
    assert told.lost == 0
    assert 0 < told.wrong < told.answered
