"""Unknown names that a namespace computes: when, from what, and what happens when it cannot."""

import pytest

from identifiers.outcomes import Absent, Found, NotHomed, Unavailable, ValuesAbsent
from identifiers.records import State
from identifiers.values import Value
from identifiers.wire.handle.values import decode_values
from tests.unit.resolver.world import ask

URL = Value(index=1, type="URL", data=b"https://example.org/base")
HIDDEN = Value(index=2, type="NOTE", data=b"secret", permissions=0x0C)


def namespace(data="${data}?${extension}", delimiter="@"):
    xml = (
        f'<namespace><template delimiter="{delimiter}"><foreach>'
        '<if value="type" test="equals" expression="HS_NAMESPACE"/><else>'
        f'<if value="type" test="equals" expression="URL"><value data="{data}"/></if>'
        "<else><value/></else></else></foreach></template></namespace>"
    )
    return Value(index=9, type="HS_NAMESPACE", data=xml.encode())


@pytest.fixture
async def world(world):
    await world.put("0.NA/88.300.1", namespace())
    await world.put("88.300.1/TMPL", URL, HIDDEN)
    await world.follower.step()
    return world


def data_of(outcome):
    assert isinstance(outcome, Found)
    return [value.data for value in decode_values(outcome.values)]


async def test_an_unknown_name_is_computed_from_its_base(world):
    for _ in range(2):  # asked of the store, then from what is kept
        assert data_of(await world.look("88.300.1/TMPL@a@b")) == [b"https://example.org/base?a@b"]
    assert world.resolver.answer_now(ask("88.300.1/TMPL@a@b"), world.trusted, world.clock.now)


async def test_what_is_not_public_stays_so(world):
    assert isinstance(await world.look("88.300.1/TMPL@a", indexes=(2,)), ValuesAbsent)


async def test_filters_hold_for_what_is_computed(world):
    assert data_of(await world.look("88.300.1/TMPL@a", types=("url",)))
    assert isinstance(await world.look("88.300.1/TMPL@a", types=("EMAIL",)), ValuesAbsent)


async def test_a_registered_name_is_not_computed(world):
    await world.put("88.300.1/TMPL@a", URL)
    assert data_of(await world.look("88.300.1/TMPL@a")) == [URL.data]
    await world.put("88.300.1/TMPL@b", URL, state=State.SUSPENDED)
    assert (await world.look("88.300.1/TMPL@b")).message == "suspended"
    await world.put("88.300.1/TMPL@c", state=State.DELETED)
    assert data_of(await world.look("88.300.1/TMPL@c")) == [b"https://example.org/base?c"]


async def test_a_name_that_is_registered_later_is_answered_as_such(world):
    assert data_of(await world.look("88.300.1/TMPL@a")) == [b"https://example.org/base?a"]
    await world.put("88.300.1/TMPL@a", URL)
    await world.follower.step()
    assert data_of(await world.look("88.300.1/TMPL@a")) == [URL.data]


@pytest.mark.parametrize("handle", ["88.300.1/none@a", "88.300.1/TMPL#a", "88.300.1/@a"])
async def test_without_a_base_there_is_nothing(world, handle):
    for _ in range(2):
        assert await world.look(handle) == Absent()


async def test_only_an_active_base_counts(world):
    await world.put("88.300.1/TMPL", URL, state=State.REVOKED)
    await world.follower.step()
    assert await world.look("88.300.1/TMPL@a") == Absent()


async def test_the_bases_own_namespace_comes_first(world):
    await world.put("88.300.1/OWN", URL, namespace("own:${extension}"))
    assert data_of(await world.look("88.300.1/OWN@a")) == [b"own:a"]
    await world.put("88.300.1/OTHER", URL, namespace("own:${extension}", delimiter="!"))
    assert await world.look("88.300.1/OTHER@a") == Absent()


async def test_a_base_may_have_a_namespace_where_the_prefix_has_none(world):
    await world.put("88.300.1.2/OWN", URL, namespace("own:${extension}"))
    await world.home("88.300.1.2")
    await world.put("88.300.1.2/NONE", URL)
    await world.follower.step()
    assert data_of(await world.look("88.300.1.2/OWN@a")) == [b"own:a"]
    assert await world.look("88.300.1.2/NONE@a") == Absent()


async def test_the_prefix_says_where_names_are_split(world):
    await world.put("0.NA/88.300.1", namespace(delimiter="::"))
    await world.follower.step()
    assert data_of(await world.look("88.300.1/TMPL::a@b")) == [b"https://example.org/base?a@b"]
    assert await world.look("88.300.1/TMPL@a") == Absent()


async def test_the_name_of_a_base_is_folded_like_any_other(world):
    await world.home("88.300.4", fold_suffix=True)
    await world.put("0.NA/88.300.4", namespace("${base}|${extension}"))
    await world.put("88.300.4/TMPL", URL, key="88.300.4/TMPL")
    await world.follower.step()
    assert data_of(await world.look("88.300.4/tmpl@aB")) == [b"88.300.4/tmpl|aB"]


async def test_a_change_of_base_or_namespace_changes_what_is_computed(world):
    first = await world.look("88.300.1/TMPL@a")
    await world.put("88.300.1/TMPL", Value(index=1, type="URL", data=b"https://example.org/new"))
    await world.follower.step()
    second = await world.look("88.300.1/TMPL@a")
    assert data_of(second) == [b"https://example.org/new?a"]
    await world.put("0.NA/88.300.1", namespace("${data}/${extension}"))
    await world.follower.step()
    third = await world.look("88.300.1/TMPL@a")
    assert data_of(third) == [b"https://example.org/new/a"]
    assert len({outcome.record.version for outcome in (first, second, third)}) == 3


async def test_a_namespace_that_cannot_be_used_is_told(world):
    await world.put("0.NA/88.300.1", Value(index=1, type="HS_NAMESPACE", data=b"<oops"))
    await world.follower.step()
    told = await world.look("88.300.1/TMPL@a")
    assert isinstance(told, Absent)
    assert "prefix 88.300.1 cannot be used" in told.message
    await world.put("88.300.1/TMPL", Value(index=1, type="URL", data=b"x" * 1000))
    await world.put("0.NA/88.300.1", namespace("${data}" * 100))
    await world.follower.step()
    told = await world.look("88.300.1/TMPL@a")
    assert "88.300.1/TMPL cannot be used: the template makes more" in told.message


async def test_a_template_that_makes_nothing_leaves_the_name_unknown(world):
    empty = b'<namespace><template delimiter="@"/></namespace>'
    await world.put("0.NA/88.300.1", Value(index=1, type="HS_NAMESPACE", data=empty))
    await world.follower.step()
    assert await world.look("88.300.1/TMPL@a") == Absent()


async def test_records_of_prefixes_are_not_computed(world):
    await world.put("0.NA/88.300.1", namespace(delimiter="."))
    await world.follower.step()
    assert await world.look("0.NA/88.300.1.2") == Absent()
    assert await world.look("0.NA/88.300.99@7") == NotHomed()
    assert await world.look("0.NA/88.300.99") == Absent()


async def test_a_batch_computes_too(world):
    handles = ["88.300.1/TMPL@a", "88.300.1/TMPL", "88.300.1/none", "88.300.1/TMPL@b"]
    queries = [ask(handle) for handle in handles]
    for _ in range(2):
        first, base, none, last = await world.resolver.answer_all(
            queries, world.trusted, world.clock.now
        )
        assert data_of(first) == [b"https://example.org/base?a"]
        assert data_of(base) == [URL.data]
        assert none == Absent()
        assert data_of(last) == [b"https://example.org/base?b"]


async def test_what_is_computed_is_not_kept_finished(world):
    query = ask("88.300.1/TMPL@a")
    found = await world.look("88.300.1/TMPL@a")
    assert world.resolver.basis(query, found, world.clock()) is None


async def test_without_the_store_a_base_that_is_not_kept_is_unavailable(world):
    assert await world.look("88.300.1/none@a") == Absent()
    await world.look("88.300.1/TMPL@a")
    world.clock.now += 2.0
    world.local.supersede([("88.300.1/TMPL", 9)])
    world.store.down = True
    world.tier.down = True
    outcome = await world.look("88.300.1/TMPL@a")
    assert isinstance(outcome, Unavailable)


NESTED = "<foreach>" * 4 + "</foreach>" * 4
COSTLY = f'<namespace><template delimiter="@">{NESTED}</template></namespace>'


async def test_a_costly_template_is_not_computed_for_ever(world):
    """Neither for a stranger, nor of one prefix for anybody; others are not held up by it."""
    values = [Value(index=n, type="T", data=b"x") for n in range(1, 100)]
    base = Value(index=100, type="HS_NAMESPACE", data=COSTLY.encode())
    await world.put("88.300.1/SLOW", *values, base)
    await world.put("88.300.2/SLOW", *values, base)
    await world.home("88.300.2")
    await world.put("0.NA/88.300.2", namespace())
    await world.follower.step()

    async def computed(prefix, client, most):
        """Ask for so many names; return how many were computed, or failed to be."""
        outcomes = [await world.look(f"{prefix}/SLOW@{n}", client=client) for n in range(most)]
        assert all(isinstance(outcome, Absent | Unavailable) for outcome in outcomes)
        return sum(isinstance(outcome, Absent) for outcome in outcomes)

    assert await computed("88.300.1", world.stranger, 50) == 6
    assert data_of(await world.look("88.300.1/TMPL@a")) == [b"https://example.org/base?a"]
    assert 15 < await computed("88.300.1", world.trusted, 100) < 25
    assert isinstance(await world.look("88.300.1/TMPL@a"), Unavailable)
    assert await computed("88.300.2", world.trusted, 1) == 1
