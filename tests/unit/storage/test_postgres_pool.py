"""The pool on connections that are made when the test says so."""

import asyncio

import pytest

from storage.postgres.pool import Census, Pool

AT_ONCE = 0.01
LONG = 30.0


class Line:
    """A connection."""

    def __init__(self) -> None:
        self.closed = False

    def is_closed(self) -> bool:
        return self.closed

    async def close(self, *, timeout: float) -> None:  # noqa: ASYNC109 -- as asyncpg has it
        assert timeout > 0
        self.closed = True


class Server:
    """Makes connections: `made` tells how many were begun, `now` ends the oldest of them."""

    def __init__(self) -> None:
        self.begun: list[asyncio.Future[Line]] = []

    async def connect(self) -> Line:
        self.begun.append(asyncio.get_running_loop().create_future())
        return await self.begun[-1]

    async def now(self, number: int, outcome: Line | Exception) -> None:
        while len(self.begun) <= number:  # noqa: ASYNC110 -- its task begins in a turn or two
            await asyncio.sleep(0)
        if isinstance(outcome, Exception):
            self.begun[number].set_exception(outcome)
        else:
            self.begun[number].set_result(outcome)
        for _ in range(3):  # the task ends, its callback runs, who waits is woken
            await asyncio.sleep(0)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def pool(server: Server) -> Pool:
    return Pool(server.connect, 2)


async def test_a_connection_that_comes_too_late_is_there_for_the_next(
    server: Server, pool: Pool
) -> None:
    with pytest.raises(TimeoutError, match=r"no connection within 0\.01 s$"):
        await pool.acquire(AT_ONCE)
    line = Line()
    await server.now(0, line)
    assert pool.census() == Census(used=0, idle=1, connecting=0)
    assert await pool.acquire(AT_ONCE) is line
    assert len(server.begun) == 1


async def test_impatient_callers_do_not_begin_more_connections_than_may_be(pool: Pool) -> None:
    for _ in range(5):
        with pytest.raises(TimeoutError):
            await pool.acquire(AT_ONCE)
    assert pool.census() == Census(used=0, idle=0, connecting=1)


async def test_who_waits_for_a_new_connection_takes_one_that_is_given_back(
    server: Server, pool: Pool
) -> None:
    first = asyncio.create_task(pool.acquire(LONG))
    line = Line()
    await server.now(0, line)
    assert await first is line
    second = asyncio.create_task(pool.acquire(LONG))
    while len(server.begun) < 2:  # noqa: ASYNC110 -- its task begins in a turn or two
        await asyncio.sleep(0)
    pool.release(line)
    assert await second is line
    another = Line()
    await server.now(1, another)
    assert pool.census() == Census(used=1, idle=1, connecting=0)


async def test_no_more_than_the_most(server: Server, pool: Pool) -> None:
    callers = [asyncio.create_task(pool.acquire(LONG)) for _ in range(5)]
    lines = [Line(), Line()]
    await server.now(0, lines[0])
    await server.now(1, lines[1])
    assert pool.census() == Census(used=2, idle=0, connecting=0)
    assert [await callers[0], await callers[1]] == lines
    pool.release(lines[0])
    assert await callers[2] is lines[0]
    lines[1].closed = True
    pool.release(lines[1])
    third = Line()
    await server.now(2, third)
    assert await callers[3] is third
    pool.release(third)
    assert await callers[4] is third
    assert len(server.begun) == 3


async def test_a_failure_is_told_at_once_to_one_who_waits_and_the_others_go_on(
    server: Server, pool: Pool
) -> None:
    callers = [asyncio.create_task(pool.acquire(LONG)) for _ in range(3)]
    await server.now(0, ConnectionRefusedError("nobody there"))
    with pytest.raises(ConnectionRefusedError):
        await callers[0]
    line = Line()
    await server.now(1, line)
    assert await callers[1] is line
    pool.release(line)
    assert await callers[2] is line


async def test_connections_are_made_ahead(server: Server, pool: Pool) -> None:
    filling = asyncio.create_task(pool.fill(5, LONG))
    await server.now(0, Line())
    await server.now(1, Line())
    await filling
    assert pool.census() == Census(used=0, idle=2, connecting=0)
    await pool.acquire(AT_ONCE)
    assert len(server.begun) == 2


async def test_what_cannot_be_made_ahead_is_told_and_the_rest_is_kept(
    server: Server, pool: Pool
) -> None:
    filling = asyncio.create_task(pool.fill(2, LONG))
    await server.now(0, ConnectionRefusedError("nobody there"))
    await server.now(1, Line())
    with pytest.raises(ConnectionRefusedError):
        await filling
    assert pool.census() == Census(used=0, idle=1, connecting=0)


async def test_who_waited_in_vain_is_told_what_went_wrong_last(server: Server, pool: Pool) -> None:
    for number in range(2):
        with pytest.raises(TimeoutError):
            await pool.acquire(AT_ONCE)
        if number == 0:
            await server.now(0, ConnectionRefusedError("nobody there"))
    with pytest.raises(TimeoutError, match=r"could not be made: .*nobody there"):
        await pool.acquire(AT_ONCE)


async def test_connections_that_broke_while_idle_are_passed_over(
    server: Server, pool: Pool
) -> None:
    lines = [Line(), Line()]
    callers = [asyncio.create_task(pool.acquire(LONG)) for _ in lines]
    for number, line in enumerate(lines):
        await server.now(number, line)
        await callers[number]
    for line in lines:
        pool.release(line)
    lines[1].closed = True
    assert pool.census() == Census(used=0, idle=1, connecting=0)
    assert await pool.acquire(AT_ONCE) is lines[0]


async def test_closing_closes_what_is_idle_and_gives_up_what_is_being_made(
    server: Server, pool: Pool
) -> None:
    line = Line()
    caller = asyncio.create_task(pool.acquire(LONG))
    await server.now(0, line)
    await caller
    with pytest.raises(TimeoutError):
        await pool.acquire(AT_ONCE)
    pool.release(line)
    await pool.close()
    assert line.closed
    assert server.begun[1].cancelled()
    assert pool.census() == Census(used=0, idle=0, connecting=0)
