"""The bench's drivers, compiled and not, against servers that are right, wrong or silent."""

import socket
import threading
from contextlib import contextmanager, suppress

import pytest

from identifiers.wire.handle import bodies, message
from identifiers.wire.handle.codes import OpCode, ResponseCode
from identifiers.wire.handle.header import Header
from loadtest.bench import asking, wire, workload
from loadtest.bench.workload import Exchange, Workload

NAMES = [f"88.300.1/{letter * (at + 1)}" for at, letter in enumerate("ABCDEFGH")]


compiled_only = pytest.mark.parametrize("driver", ["compiled"], indirect=True)


@pytest.fixture(params=["compiled", "python"])
def driver(request, monkeypatch):
    if request.param == "python":
        monkeypatch.setattr("shutil.which", lambda _: None)


@contextmanager
def serving(sock, serve):
    """Let `serve` answer what comes on a socket, until the block ends."""
    stopped = threading.Event()
    sock.settimeout(0.05)

    def run():
        while not stopped.is_set():
            try:
                serve(sock)
            except TimeoutError:
                continue

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield sock.getsockname()[1]
    finally:
        stopped.set()
        thread.join()
        sock.close()


def over_udp(answer):
    """Serve UDP with `answer(question) -> octets or None`."""

    def serve(sock):
        data, peer = sock.recvfrom(2048)
        told = answer(data)
        if told is not None:
            sock.sendto(told, peer)

    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    return serving(sock, serve)


def stamped(question, octets):
    """Return the octets with the question's id, as the answer to it."""
    return octets[:8] + question[wire.ID] + octets[12:]


ANSWERS = {wire.resolution(name, 0): b"%044d" % len(name) + name.encode() for name in NAMES}
PLAN = Workload([Exchange(q, a, (36, 40)) for q, a in ANSWERS.items()], [0, 1, 0, 2, 3, 4, 5, 6, 7])
BY_TAIL = {question[12:]: answer for question, answer in ANSWERS.items()}


def right(question):
    return stamped(question, BY_TAIL[question[12:]])


@pytest.mark.usefixtures("driver")
def test_right_answers_are_counted():
    with over_udp(right) as port, asking.over_udp(PLAN) as ask:
        told = ask(port, seconds=0.2, window=4, start=3)
    assert told.answered > 9
    assert (told.lost, told.wrong) == (0, 0)
    assert told.rate > 0
    assert told.cpu > 0


@pytest.mark.usefixtures("driver")
def test_an_answer_of_another_length_is_wrong():
    longer = next(iter(BY_TAIL))

    def answer(question):
        return right(question) + b"!" * (question[12:] == longer)

    with over_udp(answer) as port, asking.over_udp(PLAN) as ask:
        told = ask(port, seconds=0.2, window=4)
    assert 0 < told.wrong < told.answered


@compiled_only
@pytest.mark.usefixtures("driver")
def test_octets_are_compared_but_for_those_that_time_changes():
    def later(question):
        told = bytearray(right(question))
        told[36:40] = b"time"
        return bytes(told)

    def other(question):
        told = bytearray(right(question))
        told[40] ^= 1
        return bytes(told)

    with asking.over_udp(PLAN) as ask:
        with over_udp(later) as port:
            assert ask(port, seconds=0.1).wrong == 0
        with over_udp(other) as port:
            told = ask(port, seconds=0.1)
            assert told.wrong == told.answered > 0


@pytest.mark.usefixtures("driver")
def test_open_load_asks_so_many_a_second_and_times_what_it_should():
    exchanges = [Exchange(q, a, timed=not at) for at, (q, a) in enumerate(ANSWERS.items())]
    with over_udp(right) as port, asking.over_udp(Workload(exchanges, [0, 1])) as ask:
        told = ask(port, seconds=0.5, rate=200)
    assert told.answered == told.asked <= 101
    assert told.timed == told.timed_asked == (told.asked + 1) // 2
    assert 0 < told.p50 <= told.p99 < 1


@compiled_only
@pytest.mark.usefixtures("driver")
def test_what_is_never_answered_is_lost():
    silent = wire.resolution(NAMES[7], 0)[12:]

    def answer(question):
        return None if question[12:] == silent else right(question)

    with over_udp(answer) as port, asking.over_udp(PLAN) as ask:
        told = ask(port)
    assert (told.asked, told.answered, told.lost, told.wrong) == (9, 8, 1, 0)


@pytest.mark.usefixtures("driver")
def test_asked_once_any_success_with_the_name_is_right():
    def told(question, code, name):
        header = Header(op_code=OpCode.RESOLUTION, response_code=code)
        body = bodies.Valued(name, b"\0\0\0\0") if code == 1 else bodies.ErrorText(b"no")
        number = int.from_bytes(question[wire.ID], "big")
        return message.encode(message.Message(request_id=number, header=header, body=body))

    def answer(question):
        name = message.decode(question).body.handle
        return told(question, 100 if name == NAMES[3] else 1, name)

    questions = workload.once([wire.resolution(name, 0) for name in NAMES])
    with over_udp(answer) as port, asking.over_udp(questions) as ask:
        found = ask(port, window=4)
    assert (found.asked, found.answered, found.lost, found.wrong) == (8, 8, 0, 1)


@contextmanager
def over_tcp(answer, connections):
    """Serve TCP connections; `answer(octets)` returns what they are answered with."""
    listening = socket.create_server(("127.0.0.1", 0))
    threads = []

    def serve(sock):
        with sock, suppress(ConnectionError):  # the driver leaves with answers on their way
            while data := sock.recv(65_536):
                sock.sendall(answer(data))

    def accept():
        for _ in range(connections):
            thread = threading.Thread(target=serve, args=(listening.accept()[0],))
            threads.append(thread)
            thread.start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield listening.getsockname()[1]
    finally:
        accepting.join()
        for thread in threads:
            thread.join()
        listening.close()


STREAM = Workload([Exchange(b"ab", b"AB12", (2, 4)), Exchange(b"cde", b"CDE")], [0, 1, 1])


def loud(data):
    return data.upper().replace(b"AB", b"AB34")


@pytest.mark.usefixtures("driver")
def test_streams_of_right_answers_are_counted():
    with over_tcp(loud, 2) as port, asking.over_tcp(STREAM) as ask:
        told = ask(port, seconds=0.1, connections=2, per_batch=3)
    assert told.answered > 6
    assert (told.wrong, told.lost) == (0, 0)


@compiled_only
@pytest.mark.usefixtures("driver")
def test_streams_are_compared_octet_by_octet():
    def faulty(data):
        return loud(data).replace(b"D", b"d")

    with over_tcp(faulty, 1) as port, asking.over_tcp(STREAM) as ask:
        told = ask(port, seconds=0.1, connections=1, per_batch=3, start=1)
    assert 0 < told.wrong < told.answered


@pytest.mark.usefixtures("driver")
def test_a_server_that_hangs_up_is_no_figure():
    listening = socket.create_server(("127.0.0.1", 0))

    def hang_up():
        listening.accept()[0].close()

    thread = threading.Thread(target=hang_up)
    thread.start()
    port = listening.getsockname()[1]
    try:
        with asking.over_tcp(STREAM) as ask, pytest.raises(ConnectionError):
            ask(port, seconds=1, connections=1)
    finally:
        thread.join()
        listening.close()


@compiled_only
@pytest.mark.usefixtures("driver")
def test_a_busy_server_has_not_answered_and_is_not_wrong():
    busy = message.encode(
        message.Message(
            request_id=0,
            header=Header(op_code=OpCode.RESOLUTION, response_code=ResponseCode.SERVER_BUSY),
            body=bodies.ErrorText(b""),
        )
    )
    often = wire.resolution(NAMES[0], 0)[12:]

    def answer(question):
        return stamped(question, busy) if question[12:] == often else right(question)

    with over_udp(answer) as port, asking.over_udp(PLAN) as ask:
        told = ask(port)
    assert (told.asked, told.answered, told.busy, told.lost, told.wrong) == (9, 7, 2, 0, 0)
