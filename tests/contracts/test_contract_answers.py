"""Stored first answers (Idempotency-Key)."""

import asyncio

import pytest

from identifiers.changes import Current, RequestKey, StoredAnswer, Touched, Writes
from tests.contracts.backends import Backend
from tests.contracts.units import answer_to, record, written

REQUEST = RequestKey("key:k1", "9f3c")
KEY = "88.300.1/A"


async def test_an_answer_is_read_back_as_it_was(backend: Backend) -> None:
    given = answer_to(REQUEST, bytes(range(256)), status=422)
    await backend.store.write(
        Touched(requests=(REQUEST,)), lambda _: (Writes(answers=(given,)), None)
    )
    assert await backend.store.answer(REQUEST) == given
    assert await backend.store.answer(RequestKey("key:k2", "9f3c")) is None
    seen: list[Current] = []

    def decide(current: Current) -> tuple[Writes, None]:
        seen.append(current)
        return Writes(), None

    touched = Touched(requests=(RequestKey("key:k1", "other"), REQUEST))
    await backend.store.write(touched, decide)
    assert seen == [Current({}, {REQUEST: given})]


async def test_concurrent_repetitions_have_one_effect_and_one_answer(backend: Backend) -> None:
    def attempt(number: int) -> asyncio.Task[StoredAnswer]:
        mine = answer_to(REQUEST, b"%d" % number)

        def decide(current: Current) -> tuple[Writes, StoredAnswer]:
            if (first := current.answers.get(REQUEST)) is not None:
                return Writes(), first
            version = 1 if (old := current.records.get(KEY)) is None else old.version + 1
            return Writes(records=(written(record(KEY, version)),), answers=(mine,)), mine

        touched = Touched(keys=(KEY,), requests=(REQUEST,))
        return asyncio.create_task(backend.store.write(touched, decide))

    answers = await asyncio.gather(*(attempt(number) for number in range(12)))
    assert len({answer.body for answer in answers}) == 1
    stored = await backend.store.record(KEY)
    assert stored is not None
    assert stored.version == 1


async def test_an_answer_and_its_record_come_together_or_not_at_all(backend: Backend) -> None:
    def decide(_: Current) -> tuple[Writes, None]:
        wrong = written(record("88.300.1/UNTOUCHED"))
        return Writes(records=(wrong,), answers=(answer_to(REQUEST),)), None

    with pytest.raises(ValueError, match="UNTOUCHED"):
        await backend.store.write(Touched(keys=(KEY,), requests=(REQUEST,)), decide)
    assert await backend.store.answer(REQUEST) is None


@pytest.mark.parametrize("touched", [(), (REQUEST,)], ids=["untouched", "answered"])
async def test_a_second_answer_is_refused(
    backend: Backend, touched: tuple[RequestKey, ...]
) -> None:
    first = answer_to(REQUEST, b"first")
    await backend.store.write(
        Touched(requests=(REQUEST,)), lambda _: (Writes(answers=(first,)), None)
    )
    with pytest.raises(ValueError, match="9f3c"):
        await backend.store.write(
            Touched(requests=touched),
            lambda _: (Writes(answers=(answer_to(REQUEST, b"second"),)), None),
        )
    assert await backend.store.answer(REQUEST) == first


async def test_many_requests_travel_together(backend: Backend) -> None:
    requests = tuple(RequestKey("key:k1", f"r{n}") for n in range(64))
    keys = tuple(f"88.300.1/N{n}" for n in range(64))
    writes = Writes(
        records=tuple(written(record(key)) for key in keys),
        answers=tuple(answer_to(request) for request in requests),
    )
    await backend.store.write(Touched(keys=keys, requests=requests), lambda _: (writes, None))
    assert [await backend.store.answer(r) for r in requests] == list(writes.answers)
