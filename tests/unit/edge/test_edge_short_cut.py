import asyncio
import re
import time

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from edge import protocol
from edge.server import Limits, serve
from edge.short_cut import ShortCut, head_of

GET = b"GET /at/%s HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


class Ready:
    def __init__(self, data):
        self.head = head_of([("Content-Type", "text/plain")], len(data))
        self.data = data


class Here:
    """Answers `known` addresses; `asked` are those it was asked for."""

    mount = "/at/"
    batch = "/many"

    def __init__(self, **known):
        self.known = {name.encode(): Ready(data) for name, data in known.items()}
        self.asked = []
        self.together = []
        self.took = []
        self.counted = []

    def client(self, host):
        return host

    def form(self, accept):
        return accept if accept != "no/thing" else None

    def answer(self, rest, form, client, now):
        self.asked.append((rest, form, client, now))
        if rest == b"bug":
            raise KeyError("a bug")
        return self.known.get(rest)

    def answers(self, asked, now):
        self.together.append([rest for rest, *_ in asked])
        return [None if one[0] == b"singly" else self.answer(*one, now) for one in asked]

    def answer_all(self, body, form, client, now):
        return self.answer(body, form, client, now)

    def count(self, now):
        self.counted.append((now, self.took.copy()))
        self.took.clear()


class At(ShortCut):
    """Is asked at the time of a clock; an answer takes a quarter of a second."""

    def __init__(self, here, clock, epoch):
        super().__init__(here, epoch, lambda: clock() + 0.25)
        self.clock = clock

    def take(self, data, client):
        now = self.clock()
        self.begin(now)
        taken = super().take(data, client, now)
        self.end(now)
        return taken


def short_cut(here, now=1000.0):
    """Return a short cut whose every call takes place at `now`."""
    return At(here, lambda: now, lambda: 1_800_000_000.5)


def test_an_answer_is_a_whole_response():
    here = Here(a=b"hello")
    answer, taken = short_cut(here).take(GET % b"a", "client")
    assert taken == len(GET % b"a")
    assert re.fullmatch(
        rb"HTTP/1\.1 200 OK\r\n"
        rb"Content-Type: text/plain\r\n"
        rb"Content-Length: 5\r\n"
        rb"Server: idnode\r\n"
        rb"X-Content-Type-Options: nosniff\r\n"
        rb"X-Request-Id: [0-9a-f]{16}\r\n"
        rb"Date: Fri, 15 Jan 2027 08:00:00 GMT\r\n"
        rb"\r\nhello",
        answer,
    )
    assert here.asked == [(b"a", "*/*", "client", 1000.0)]
    assert here.took == [0.25]


def test_several_are_answered_in_order_up_to_one_that_is_not():
    here = Here(a=b"1", b=b"2")
    first = GET % b"a" + GET % b"b"
    answers, taken = short_cut(here).take(first + GET % b"c" + GET % b"a", "client")
    assert taken == len(first)
    assert re.findall(rb"\r\n\r\n(.)", answers) == [b"1", b"2"]
    assert here.took == [0.25, 0.25]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        GET[:-1] % b"a",
        GET.replace(b"GET", b"HEAD") % b"a",
        GET.replace(b"/at/", b"/of/") % b"a",
        GET.replace(b"1.1", b"1.0") % b"a",
        GET.replace(b"Host: a", b"Host: a\r\nCookie: a") % b"a",
        GET.replace(b"*/*", b"no/thing") % b"a",
        b"GET /at/a HTTP/1.1\r\n\r\n",
        b"\r\n" + GET % b"a",
        GET % b"bug",
        GET % b"bug" + GET % b"a",
        GET % b"unknown",
    ],
)
def test_what_is_not_recognised_is_left(data):
    here = Here(a=b"1")
    assert short_cut(here).take(data, "client") == (b"", 0)
    assert here.took == []


def test_a_turn_ends_after_so_many_requests_and_octets():
    here = Here(a=b"1", large=b"x" * 40_000)
    short = short_cut(here)
    assert short.take(GET % b"a" * 100, "client")[1] == len(GET % b"a" * 64)
    assert short.take(GET % b"large" * 3, "client")[1] == len(GET % b"large" * 2)


def test_ids_do_not_come_twice():
    answers, _ = short_cut(here := Here(a=b"1")).take(GET % b"a" * 60, "client")
    short = short_cut(here)
    for _ in range(10):
        answers += short.take(GET % b"a" * 60, "client")[0]
    ids = re.findall(rb"X-Request-Id: (\w+)", answers)
    assert len(set(ids)) == len(ids) == 660


def test_the_date_is_that_of_now():
    now = [10.0]
    short = At(Here(a=b"1"), lambda: now[0], lambda: 1_800_000_000.4 + now[0])

    def date():
        return re.search(rb"Date: .*:(\d\d) GMT", short.take(GET % b"a", "client")[0])[1]

    assert date() == b"10"
    now[0] = 10.59
    assert date() == b"10"
    now[0] = 10.61
    assert date() == b"11"


def test_answers_are_counted_together_and_by_the_second():
    now = [10.0]
    here = Here(a=b"1")
    short = At(here, lambda: now[0], lambda: 1_800_000_000.4 + now[0])
    for now[0] in (10.0, 10.004, 10.006, 10.598, 10.599, 10.601):
        short.take(GET % b"a", "client")
    assert here.counted == [
        (10.0, []),
        (10.006, [0.25] * 2),
        (10.598, [0.25]),
        (10.601, [0.25] * 2),
    ]
    assert here.took == [0.25]


def test_kinds_of_fields_are_remembered_boundedly():
    short = short_cut(Here(a=b"1"))
    for number in range(1500):
        request = GET.replace(b"*/*", b"a/%d" % number) % b"a"
        assert short.take(request, "client")[1] == len(request)
    assert len(short._forms) == 1024


POST = b"POST /many HTTP/1.1\r\nHost: a\r\nContent-Type: %b\r\nContent-Length: %d\r\n%b\r\n%b"


def post(body, kind=b"application/json", length=None, more=b""):
    return POST % (kind, len(body) if length is None else length, more, body)


def test_a_batch_is_answered_whole():
    here = Here(names=b"all of them")
    short = short_cut(here)
    for more in (b"Accept: a/b\r\n", b"", b"Accept: a/b\r\n"):
        request = post(b"names", more=more)
        answer, taken = short.take(request, "client")
        assert taken == len(request)
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert answer.endswith(b"\r\n\r\nall of them")
    assert [asked[1] for asked in here.asked] == ["a/b", "", "a/b"]
    assert not here.took  # whoever answers a batch counts it


@pytest.mark.parametrize(
    "request_",
    [
        *(post(b"others"), post(b"bug"), post(b""), post(b"names", kind=b"text/plain")),
        *(post(b"names", length=4), post(b"names", length=6), post(b"names", length=0)),
        *(post(b"names") + LAST, post(b"names")[:-5], post(b"names")[:40]),
        *(post(b"names", more=b"Content-Length: 5\r\n"), post(b"names", more=b"Cookie: a=b\r\n")),
        *(post(b"names", more=b"Accept: no/thing\r\n"), post(b"names").replace(b"any", b"uch")),
        *(
            post(b"names").replace(b"-Length: 5", b"-Length: +5"),
            post(b"names").replace(b"1.1", b"1.0"),
        ),
        post(b"names").replace(b"-Type: application/json\r\nContent", b""),
    ],
)
def test_what_is_no_whole_batch_of_a_known_kind_is_left(request_):
    assert short_cut(Here(names=b"all of them")).take(request_, "client") == (b"", 0)


@pytest.fixture
async def at(serving):
    """Serve `/at/…`, the address as the body; `/at/slow` waits between two events."""

    async def start(here, **options):
        begun, go = asyncio.Event(), asyncio.Event()

        async def handle(request):
            if "slow" in request.path:
                begun.set()
                await go.wait()
            body = await request.read()
            return web.Response(body=body or b"usual " + request.path.encode())

        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", handle)
        base = await serving(app, at_once=here, **options)
        port = int(base.rpartition(":")[2])
        return await asyncio.open_connection("127.0.0.1", port), begun, go

    return start


async def read(reader):
    """Return the body of the next answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    return await reader.readexactly(int(re.search(rb"Content-Length: (\d+)", head)[1]))


async def talk(at, *requests, **known):
    """Send one request after the other; return the bodies of the answers."""
    (reader, writer), *_ = await at(Here(**known))
    bodies = []
    for request in requests:
        writer.write(request)
        bodies.append(await read(reader))
    writer.close()
    return bodies


async def test_a_bug_is_left_to_the_usual_way_once_the_fields_are_known(at):
    bodies = await talk(at, GET % b"a", GET % b"a", GET % b"bug", GET % b"a", a=b"short")
    assert bodies[1:] == [b"short", b"usual /at/bug", b"short"]


async def test_known_ones_are_answered_the_short_way(at):
    bodies = await talk(at, GET % b"a", GET % b"a", GET % b"b", GET % b"a", a=b"short")
    assert bodies[1:] == [b"short", b"usual /at/b", b"short"]


async def test_a_body_in_between_is_read_over(at):
    post = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b"
    hidden = GET % b"a"
    bodies = await talk(at, post % (len(hidden), hidden), GET % b"a", a=b"short")
    assert bodies == [hidden, b"short"]


async def test_no_answer_overtakes_another(at):
    (reader, writer), begun, go = await at(Here(a=b"short"))
    writer.write(LAST.replace(b"close", b"keep-alive"))
    await read(reader)
    writer.write(GET % b"slow")
    await begun.wait()
    writer.write(GET % b"a")
    writer.write(GET % b"a" + LAST)
    await asyncio.sleep(0.01)  # nothing to await: that nothing comes
    go.set()
    assert [await read(reader) for _ in range(4)] == [
        b"usual /at/slow",
        b"usual /at/a",
        b"usual /at/a",
        b"usual /last",
    ]
    assert await reader.read() == b""
    writer.close()


async def test_pieces_of_requests_are_put_together_in_order(at):
    (reader, writer), *_ = await at(Here(a=b"short"))
    stream = GET % b"a" + GET % b"b" + GET % b"a" + LAST
    for octet in range(len(stream)):
        writer.write(stream[octet : octet + 1])
        await asyncio.sleep(0)
    assert await read(reader) in (b"short", b"usual /at/a")
    assert await read(reader) == b"usual /at/b"
    assert await read(reader) in (b"short", b"usual /at/a")
    assert await read(reader) == b"usual /last"
    writer.close()


async def test_who_does_not_read_is_not_written_for(at):
    (reader, writer), *_ = await at(here := Here(a=b"x" * 60_000))
    writer.write(LAST.replace(b"close", b"keep-alive"))
    await read(reader)
    for _ in range(2000):
        writer.write(GET % b"a")
        await asyncio.sleep(0)
    given = len(here.asked)
    assert given < 1000
    writer.close()


async def test_idle_time_begins_anew(at):
    (reader, writer), *_ = await at(Here(a=b"short"), limits=Limits(idle=0.3))
    ends = time.monotonic() + 0.9
    while time.monotonic() < ends:
        writer.write(GET % b"a")
        await read(reader)
        await asyncio.sleep(0.05)
    assert await reader.read() == b""
    writer.close()


async def test_requests_that_are_to_be_logged_go_the_usual_way(at):
    with capture_logs() as logs:
        (reader, writer), *_ = await at(here := Here(a=b"short"), log_requests=True)
        for _ in range(2):
            writer.write(GET % b"a")
            assert await read(reader) == b"usual /at/a"
        writer.close()
    assert here.asked == []
    assert [log["path"] for log in logs if log["event"] == "request"] == ["/at/a"] * 2


async def test_another_aiohttp_than_is_known(at, monkeypatch):
    monkeypatch.setattr(protocol, "_INSIDE", frozenset({"_something_new"}))
    with capture_logs() as logs:
        (reader, writer), *_ = await at(here := Here(a=b"short"))
        writer.write(GET % b"a")
        assert await read(reader) == b"usual /at/a"
        writer.close()
    assert here.asked == []
    assert "no short cut" in logs[0]["event"]


class Wire(asyncio.Transport):
    """Keeps what is written; `broken` says that writing fails, `cut` that it was aborted."""

    def __init__(self, *, broken=False, closing=False):
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.written, self.broken, self.closing, self.cut = [], broken, closing, False
        self.wrote = asyncio.Event()

    def write(self, data):
        if self.broken:
            raise RuntimeError("broken")
        self.written.append(data[-5:])
        self.wrote.set()

    def is_closing(self):
        return self.closing

    def close(self):
        self.closing = True

    def abort(self):
        self.cut = True


@pytest.fixture
async def turn():
    """Give what makes connections of one listener, each with a wire of its own, that wait."""
    app = web.Application()
    here = Here(a=b"short", singly=b"alone")
    runner = await serve(app, [], at_once=here)

    async def connect(**wire):
        connection, transport = runner.server(), Wire(**wire)
        connection.connection_made(transport)
        await asyncio.sleep(0)
        return connection, transport

    connect.here = here
    yield connect
    await runner.cleanup()


async def test_what_comes_in_one_turn_is_answered_at_its_end(turn):
    (one, to_one), (other, to_other) = await turn(), await turn()
    one.data_received(GET % b"a")
    other.data_received(GET % b"a" * 2)
    assert to_one.written == to_other.written == []
    await asyncio.sleep(0)
    assert to_one.written == to_other.written == [b"short"]


async def test_what_follows_in_the_same_turn_comes_after_it(turn):
    connection, transport = await turn()
    whole = GET % b"a"
    connection.data_received(whole)
    connection.data_received(whole[:9])
    assert transport.written == [b"short"]
    connection.data_received(whole[9:])
    transport.wrote.clear()
    await transport.wrote.wait()  # that nothing is at this address, says aiohttp


async def test_what_came_before_the_end_of_a_connection_is_answered(turn):
    connection, transport = await turn()
    connection.data_received(GET % b"a")
    connection.eof_received()
    assert transport.written == [b"short"]


async def test_what_is_lost_is_not_answered(turn):
    connection, transport = await turn()
    connection.data_received(GET % b"a")
    connection.connection_lost(None)
    await asyncio.sleep(0)
    assert transport.written == []


async def test_a_connection_that_fails_is_cut_and_the_others_are_answered(turn):
    (bad, cut), (gone, closed), (good, whole) = (
        await turn(broken=True),
        await turn(broken=True, closing=True),
        await turn(),
    )
    with capture_logs() as logs:
        for connection in (bad, gone, good):
            connection.data_received(GET % b"a")
        await asyncio.sleep(0)
    assert (cut.cut, closed.cut, whole.written) == (True, False, [b"short"])
    assert [log["event"] for log in logs] == ["connection cut"]


async def known(turn):
    """Have the listener know the kind of header fields."""
    connection, transport = await turn()
    connection.data_received(GET % b"a")
    await asyncio.sleep(0)
    assert transport.written == [b"short"]
    turn.here.together.clear()


async def sent(turn, *requests):
    """Send each on a connection of its own in one turn; return what is written in that."""
    wires = [await turn() for _ in requests]
    for (connection, _), request in zip(wires, requests, strict=True):
        connection.data_received(request)
    await asyncio.sleep(0)
    return [transport.written for _, transport in wires]


async def test_of_many_connections_the_usual_requests_are_answered_together(turn):
    await known(turn)
    one, two, other = GET % b"a", GET % b"a" * 2, POST % (b"text/plain", 0, b"", b"")
    new = GET.replace(b"*/*", b"a/b") % b"a"
    written = await sent(turn, one, two, other, GET % b"x", GET % b"singly", new, one)
    assert written == [[b"short"], [b"short"], [], [], [b"alone"], [b"short"], [b"short"]]
    assert turn.here.together == [[b"a", b"x", b"singly", b"a"]]


async def test_of_more_connections_some_are_answered_at_a_time(turn):
    await known(turn)
    assert await sent(turn, *[GET % b"a"] * 150) == [[b"short"]] * 150
    assert [*map(len, turn.here.together)] == [64, 64, 22]


async def test_a_bug_in_one_of_them_leaves_the_others_answered(turn):
    await known(turn)
    written = await sent(turn, GET % b"a", GET % b"bug", GET % b"a")
    assert written == [[b"short"], [], [b"short"]]


async def test_one_of_them_that_fails_is_cut(turn):
    await known(turn)
    (bad, cut), (good, whole) = await turn(broken=True), await turn()
    with capture_logs() as logs:
        for connection in (bad, good):
            connection.data_received(GET % b"a")
        await asyncio.sleep(0)
    assert (cut.cut, whole.written) == (True, [b"short"])
    assert [log["event"] for log in logs] == ["connection cut"]


async def test_nobody_waits_for_a_turn_that_fails_as_a_whole(turn):
    await known(turn)

    def counts(_now):
        raise KeyError("a bug")

    turn.here.count = counts
    (one, to_one), (other, to_other) = await turn(), await turn()
    one._short_cut._look_again = 0.0  # a second is over: what was asked is counted
    with capture_logs() as logs:
        for connection in (one, other):
            connection.data_received(GET % b"a")
        await asyncio.sleep(0)
    assert (to_one.cut, to_other.cut) == (True, True)
    assert [log["event"] for log in logs] == ["connection cut"] * 2


async def test_who_asks_on_is_not_told_that_the_connection_ends(turn):
    connection, _ = await turn()
    connection._farewell.begun = True
    assert connection.ends
    connection.data_received(GET % b"a")
    assert not connection.ends
