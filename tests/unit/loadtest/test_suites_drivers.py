"""The drivers on real loopback sockets, against servers that do as a test tells them."""

import itertools
import os
import select
import socket
import threading
import time
from contextlib import ExitStack, contextmanager

import pytest

from identifiers.wire.handle.framing import split
from loadtest.bench import wire
from loadtest.suites import truth
from loadtest.suites import window as windows
from loadtest.suites.arrivals import Arrivals
from loadtest.suites.fleet import Exchange, Exhausted, Fleet
from loadtest.suites.framing import HandleStream, HttpStream
from loadtest.suites.tally import Tally
from loadtest.suites.window import Datagram, Window


def wait(fd, seconds):
    return bool(select.select([fd], [], [], seconds)[0])


@contextmanager
def background(serve):
    """Run `serve(ended)` in a thread; the file descriptor `ended` can be read when it is to end."""
    ended, end = os.pipe()
    thread = threading.Thread(target=serve, args=(ended,))
    thread.start()
    try:
        yield
    finally:
        os.write(end, b"!")
        thread.join()
        os.close(end)
        os.close(ended)


@contextmanager
def udp_server(answer):
    """Answer each datagram with the datagrams that `answer` returns for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))

        def serve(ended):
            while ended not in select.select([sock, ended], [], [])[0]:
                data, peer = sock.recvfrom(2048)
                for reply in answer(data):
                    sock.sendto(reply, peer)

        with background(serve):
            yield sock.getsockname()


@contextmanager
def tcp_server(answer):
    """Answer what each read of a connection gives with `answer` of it; None closes it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve(ended):
            links = []
            while ended not in (ready := select.select([listener, ended, *links], [], [])[0]):
                for sock in ready:
                    if sock is listener:
                        links.append(listener.accept()[0])
                    elif not _told(sock, answer):
                        links.remove(sock)
                        sock.close()
            for sock in links:
                sock.close()

        with background(serve):
            yield listener.getsockname()


def _told(sock, answer):
    """Answer once; False: the connection has ended, or is to end."""
    try:
        data = sock.recv(65_536)
        reply = answer(data) if data else None
        if reply is not None:
            sock.sendall(reply)
    except ConnectionError:  # the driver gave it up
        return False
    return reply is not None


QUESTIONS = [wire.resolution(f"88.300.1/{n}", 0) for n in range(10)]


def datagrams():
    """Each is answered by its own octets, under the id that it was asked with."""
    return [
        Datagram(payload, lambda reply, tail=payload[12:]: reply[12:] == tail)
        for payload in QUESTIONS
    ]


def until(driver, seen):
    """Drive in slices until `seen` is true of the tally; a machine may be slow."""
    tally, deadline = Tally(), time.monotonic() + 30
    while not seen(tally):
        assert time.monotonic() < deadline, "it did not come to that"
        driver.run(time.monotonic() + 0.02, time.monotonic, wait, tally)
    return tally


def driven(address, arrivals, seen, *, size=8):
    window = Window(address, datagrams(), arrivals, size)
    try:
        return until(window, seen)
    finally:
        window.close()


def test_a_window_times_and_verifies_what_comes_back():
    with udp_server(lambda data: [data]) as address:
        tally = driven(address, Arrivals(None), lambda t: t.right > 20)
    assert (tally.wrong, tally.missing, tally.stray) == (0, 0, 0)
    assert sum(tally.times.counts) == tally.right


def test_an_altered_answer_is_wrong():
    with udp_server(lambda data: [data[:-1] + b"!"]) as address:
        tally = driven(address, Arrivals(None), lambda t: t.wrong)
    assert tally.right == 0


def test_an_answer_that_comes_twice_counts_once():
    with udp_server(lambda data: [data, data]) as address:
        tally = driven(address, Arrivals(None), lambda t: t.stray and t.right)
    assert tally.wrong == 0


def test_an_answer_to_nobody_is_stray_and_too_short_a_one_is_no_matter():
    replies = itertools.cycle([b"?", bytes(40)])
    with udp_server(lambda data: [next(replies), data]) as address:
        tally = driven(address, Arrivals(None), lambda t: t.stray and t.right)
    assert tally.wrong == 0


def test_what_is_not_answered_in_time_is_missing(monkeypatch):
    monkeypatch.setattr(windows, "PATIENCE", 0.02)
    with udp_server(lambda _: []) as address:
        tally = driven(address, Arrivals(None), lambda t: t.missing >= 8)
    assert tally.right == 0


def test_an_answer_in_several_packets_is_joined():
    long = wire.resolution("88.300.1/" + "x" * 1500, 0)
    answer = lambda data: split(long[:8] + data[8:12] + long[12:])[::-1]  # noqa: E731
    question = Datagram(QUESTIONS[0], lambda reply: reply[12:] == long[12:])
    with udp_server(answer) as address:
        window = Window(address, [question], Arrivals(None), 4)
        tally = until(window, lambda t: t.right > 4)
        window.close()
    assert (tally.wrong, tally.missing) == (0, 0)


def test_a_refusing_address_answers_nothing(monkeypatch):
    monkeypatch.setattr(windows, "PATIENCE", 0.02)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        address = sock.getsockname()
    tally = driven(address, Arrivals(None), lambda t: t.missing)
    assert tally.right == 0


def test_open_load_asks_by_the_clock_and_what_finds_no_room_is_missing():
    with udp_server(lambda _: []) as address:
        tally = driven(address, Arrivals(10_000.0), lambda t: t.missing > 100, size=4)
    assert tally.right == 0


def exchanges(count=None):
    """Pipelines of two questions, answered by their own octets."""
    batch = [wire.resolution("88.300.1/A", 1), wire.resolution("88.300.1/B", 2)]
    one = Exchange(b"".join(batch), tuple(message.__eq__ for message in batch), 2, truth.refused)
    return itertools.repeat(one) if count is None else itertools.repeat(one, count)


@contextmanager
def fleet(address, arrivals, asked=None, *, count=3, stream=HandleStream):
    made = Fleet(
        address,
        asked or exchanges(),
        arrivals,
        count=count,
        weight=2,
        stream=stream,
        poller=select.epoll(),
    )
    try:
        yield made
    finally:
        made.close()


def test_a_fleet_verifies_every_answer_of_a_pipeline():
    with tcp_server(lambda data: data) as address, fleet(address, Arrivals(None)) as made:
        tally = until(made, lambda t: t.right > 20)
    assert tally.right % 2 == 0
    assert (tally.wrong, tally.missing) == (0, 0)


def test_one_altered_answer_makes_a_pipeline_wrong():
    def altered(data):
        return data[:-1] + b"!"

    with tcp_server(altered) as address, fleet(address, Arrivals(None)) as made:
        tally = until(made, lambda t: t.wrong)
    assert tally.right == 0
    assert tally.examples


def test_a_connection_that_is_closed_loses_what_was_under_way_and_is_made_anew():
    replies = itertools.cycle([True, True, False])

    def now_and_then(data):
        return data if next(replies) else None

    with tcp_server(now_and_then) as address, fleet(address, Arrivals(None)) as made:
        tally = until(made, lambda t: t.missing > 2 and t.right)
    assert tally.wrong == 0


def test_open_load_waits_for_a_free_connection_and_gives_up_after_a_while(monkeypatch):
    monkeypatch.setattr("loadtest.suites.fleet.PATIENCE", 0.02)
    with tcp_server(lambda _: b"") as address, fleet(address, Arrivals(500.0)) as made:
        tally = until(made, lambda t: t.missing > 20)
    assert tally.right == 0


def test_open_load_is_asked_by_the_clock():
    with tcp_server(lambda data: data) as address, fleet(address, Arrivals(100.0)) as made:
        began = time.monotonic()
        tally = until(made, lambda t: t.right >= 20)
        took = time.monotonic() - began
    assert tally.right <= 2 * (100 * took + 1)
    assert tally.wrong == 0


def test_http_answers_are_verified():
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
    asked = itertools.repeat(
        Exchange(b"GET / HTTP/1.1\r\n\r\n", (b"200 ok".__eq__,), 1, truth.refused_over_http)
    )
    for body, right in ((b"ok", True), (b"no", False)):
        with (
            tcp_server(lambda _, body=body: head + body) as address,
            fleet(address, Arrivals(None), asked, stream=HttpStream) as made,
        ):
            tally = until(made, lambda t: t.asked)
        assert (tally.right > 0, tally.wrong > 0) == (right, not right)


BUSY = bytes(20) + (1).to_bytes(4, "big") + (3).to_bytes(4, "big") + bytes(12)


def busy(data):
    """Answer a question by code 3, the server is too busy."""
    return data[:16] + (len(BUSY) - 20).to_bytes(4, "big") + BUSY[20:]


def test_a_datagram_that_refuses_is_neither_right_nor_wrong():
    with udp_server(lambda data: [busy(data)]) as address:
        tally = driven(address, Arrivals(None), lambda t: t.refused)
    assert (tally.right, tally.wrong) == (0, 0)


def test_a_pipeline_that_is_refused_in_part_is_refused_unless_something_is_wrong():
    first = len(wire.resolution("88.300.1/A", 1))
    for rest, seen in ((lambda data: data, "refused"), (lambda data: data[:-1] + b"!", "wrong")):

        def answer(data, rest=rest):
            return busy(data[:first]) + rest(data[first:])

        with tcp_server(answer) as address, fleet(address, Arrivals(None)) as made:
            tally = until(made, lambda t: t.asked)
        assert getattr(tally, seen) == tally.asked


def test_an_http_answer_that_refuses_is_neither_right_nor_wrong():
    head = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}"
    one = Exchange(b"GET / HTTP/1.1\r\n\r\n", (b"200 ok".__eq__,), 1, truth.refused_over_http)
    with (
        tcp_server(lambda _: head) as address,
        fleet(address, Arrivals(None), itertools.repeat(one), stream=HttpStream) as made,
    ):
        tally = until(made, lambda t: t.refused)
    assert (tally.right, tally.wrong) == (0, 0)


def test_what_no_stream_understands_is_no_answer():
    asked = itertools.repeat(
        Exchange(b"GET / HTTP/1.1\r\n\r\n", (b"200 ok".__eq__,), 1, truth.refused_over_http)
    )
    with (
        tcp_server(lambda _: b"HTTP/1.1 200 OK\r\n\r\n") as address,
        fleet(address, Arrivals(None), asked, stream=HttpStream) as made,
    ):
        tally = until(made, lambda t: t.missing)
    assert tally.right == 0


def test_a_fleet_that_has_nothing_left_to_ask_says_so():
    with (
        tcp_server(lambda data: data) as address,
        fleet(address, Arrivals(None), exchanges(5)) as made,
        pytest.raises(Exhausted),
    ):
        until(made, lambda _: False)


def test_nobody_listening_is_told():
    with ExitStack() as stack:
        with tcp_server(lambda _: None) as address:
            made = stack.enter_context(fleet(address, Arrivals(None), count=1))
            until(made, lambda t: t.missing)
        with pytest.raises(OSError, match="refused"):
            until(made, lambda _: False)
