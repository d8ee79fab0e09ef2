import asyncio

import pytest

from edge.deadlines import Deadline


async def ends():
    await asyncio.Event().wait()


async def test_what_is_done_in_time_goes_on():
    with Deadline(60):
        pass
    assert asyncio.current_task().cancelling() == 0


async def test_what_is_not_done_in_time_ends():
    with pytest.raises(TimeoutError), Deadline(0):
        await ends()
    assert asyncio.current_task().cancelling() == 0


async def test_it_can_be_put_off_and_on_again():
    async def limited():
        with Deadline(0) as deadline:
            deadline.reschedule(None)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            deadline.reschedule(0)
            deadline.reschedule(None)
            deadline.reschedule(0)
            await ends()

    with pytest.raises(TimeoutError):
        await limited()


async def test_what_is_over_cannot_be_put_off():
    caught = []
    with Deadline(0) as deadline:
        try:
            await ends()
        except asyncio.CancelledError:
            deadline.reschedule(60)
            caught.append(True)
    assert caught == [True]
    assert asyncio.current_task().cancelling() == 0


async def test_another_error_stays_what_it_is():
    with pytest.raises(KeyError), Deadline(60):
        raise KeyError("why")


async def test_a_cancellation_from_elsewhere_stays_one():
    entered = asyncio.Event()

    async def limited(seconds):
        with Deadline(seconds):
            entered.set()
            await ends()

    alone = asyncio.create_task(limited(60))
    await entered.wait()
    alone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await alone

    async def both():
        with Deadline(0):
            # Its own comes while that from elsewhere is on its way already.
            asyncio.current_task().cancel()
            try:
                await ends()
            finally:
                await ends()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(both())


def test_it_needs_a_task():
    async def made():
        loop = asyncio.get_running_loop()
        failed = loop.create_future()

        def make():
            try:
                Deadline(1)
            except RuntimeError as why:
                failed.set_result(str(why))

        loop.call_soon(make)
        return await failed

    assert asyncio.run(made()) == "a deadline is made in a task"
