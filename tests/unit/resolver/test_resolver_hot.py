import json

import pytest

from edge.addresses import Networks
from identifiers.directory import PrefixDirectory, PrefixEntry, PrefixKind
from identifiers.names import Prefix
from identifiers.records import State
from identifiers.values import Value
from identifiers.wire import cborform
from identifiers.wire.restform import CBOR, PLAIN, Form
from resolver.limits import Rates
from resolver.transports.admission import Admission
from resolver.transports.batch import Batches
from resolver.transports.hot import HotPages, Repeated
from resolver.turns import FEW, MANY, Turns

URL = Value(index=1, type="URL", data=b"https://example.org/1", ttl=600)
OTHER = Value(index=1, type="URL", data=b"https://example.org/2", ttl=600)
SECRET = Value(index=3, type="NOTE", data=b"for us", permissions=0x0C)


class At:
    """A world with one record, and what answers repeated requests in it."""

    def __init__(self, world, octets=1 << 20):
        self.world = world
        self.pages = HotPages(world.resolver, octets)
        self.turns = Turns()
        admission = Admission(
            clients=world.clients,
            proxies=Networks([]),
            rates=world.limits,
            counters=world.counters,
            clock=world.clock,
        )
        batches = Batches(world.resolver, self.pages, admission, world.counters, world.clock)
        self.repeated = Repeated(
            world.resolver,
            self.pages,
            clients=world.clients,
            rates=world.limits,
            counters=world.counters,
            epoch=world.clock.wall,
            turns=self.turns,
            answer_all=batches.at_once,
        )

    def answer(self, rest, client=None, form=PLAIN):
        client = client or self.world.trusted
        return self.repeated.answer(rest, form, client, self.world.clock.now)

    def batch(self, *names, client=None, form=PLAIN):
        """Ask for a batch; return its answers, None when it is left to the handler."""
        body = json.dumps({"handles": [f"88.300.1/{name}" for name in names]}).encode()
        ready = self.repeated.answer_all(
            body, form, client or self.world.trusted, self.world.clock.now
        )
        return ready and ready.data

    def values(self, rest, client=None):
        ready = self.answer(rest, client)
        return ready and [v["data"]["value"] for v in json.loads(ready.data)["values"]]

    def asked(self):
        return self.world.counters.tallying.prefixes().get("88.300.1", 0)


@pytest.fixture
async def make_at(make_world):
    async def make(**options):
        world = await make_world(**options)
        await world.put("88.300.1/A", URL, SECRET)
        await world.look("88.300.1/A")
        return At(world)

    return make


@pytest.fixture
async def at(make_at):
    return await make_at()


def test_what_is_public_is_answered(at):
    for _ in range(3):
        assert at.values(b"88.300.1/A") == ["https://example.org/1"]
    assert len(at.pages) == 1


async def test_many_are_answered_as_each_by_itself(at):
    world = at.world
    await world.put("88.300.1/two words", URL)
    await world.look("88.300.1/two words")
    for rest in (b"88.300.1/A", b"88.300.1/two%20words"):
        assert at.answer(rest)
    asked, trusted = at.asked(), world.trusted
    many = [
        (b"88.300.1/A", PLAIN, trusted),
        (b"88.300.1/two%20words", PLAIN, trusted),
        (b"88.300.1/unknown", PLAIN, trusted),
        (b"88.300.1/A", Form(CBOR), trusted),
        (b"88.300.1/A", PLAIN, trusted),
    ]
    page = at.answer(b"88.300.1/A")
    assert at.repeated.answers(many, world.clock.now) == [page, None, None, None, page]
    assert at.asked() == asked + 3
    assert at.repeated.answers([], world.clock.now) == []


def test_those_of_many_clients_are_each_told_their_own(at):
    world, name = at.world, b"88.300.1/A"
    page = at.answer(name)
    other = world.clients.of("127.0.0.2")
    many = [(name, PLAIN, one) for one in (world.trusted, world.stranger, other, world.trusted)]
    told = at.repeated.answers([*many, (b"x", PLAIN, other)], world.clock.now)
    assert told == [page, None, page, page, None]
    counted = world.counters.take().asked
    assert {one.source: one.found for one in counted} == {"127.0.0.1": 3 + 1, "127.0.0.2": 1}


async def test_news_end_a_page_for_many_too(at):
    name = b"88.300.1/A"
    assert at.answer(name)
    await at.world.put("88.300.1/A", OTHER)
    await at.world.follower.step()
    many = [(name, PLAIN, at.world.trusted)] * 2
    assert at.repeated.answers(many, at.world.clock.now) == [None, None]


def test_each_answer_counts_under_its_prefix(at):
    before = at.asked()
    for _ in range(3):
        at.answer(b"88.300.1/A")
    at.answer(b"88.300.1/unknown")
    assert at.asked() == before + 3


def test_answers_are_counted_with_their_latency(at):
    at.repeated.took += [0.01] * 5
    at.repeated.count(at.world.clock.now)
    snapshot = at.world.counters.snapshot()
    assert snapshot["events"] == {"short_cut": 5}
    found = snapshot["answers"]["http"]["found"]
    assert sum(found["buckets"]) == 5
    assert found["seconds"] == pytest.approx(0.05)


def test_misses_stand_back_while_there_are_answers(at):
    at.repeated.count(now := at.world.clock.now)
    assert at.turns.misses(now) == MANY
    at.repeated.took.append(0.01)
    at.repeated.count(now)
    assert at.turns.misses(now) == FEW


def test_the_form_is_what_accept_likes_best(at):
    assert at.repeated.form("") == at.repeated.form("text/html") == PLAIN
    cbor = at.repeated.form("application/cbor, */*;q=0.5")
    assert cbor == Form(CBOR)
    first, second = at.answer(b"88.300.1/A", form=cbor), at.answer(b"88.300.1/A")
    assert first.data != second.data
    assert b"Content-Type: application/cbor\r\n" in first.head
    assert at.answer(b"88.300.1/A", form=cbor) is first


async def test_escapes_name_the_same_handle(at):
    await at.world.put("88.300.1/煤 炭%", URL)
    await at.world.look("88.300.1/煤 炭%")
    page = at.answer(b"88.300.1/%E7%85%A4%20%e7%82%ad%25")
    assert json.loads(page.data)["handle"] == "88.300.1/煤 炭%"
    assert at.answer(b"88.300.1%2FA").data == at.answer(b"88.300.1/A").data


@pytest.mark.parametrize(
    "rest",
    [
        *(b"", b"88.300.1/A?index=1", b"88.300.1/A#x", b"88.300.1/A x", b"88.300.1/A%0A"),
        *(b"88.300.1/A%00", b"88.300.1/A%ff", b"88.300.1/A\r\nB: c", "88.300.1/Ä".encode()),
        *(b"88.300.1/A%E2%80%AE", b'88.300.1/"', b"88.300.9/A", b"nonsense"),
    ],
)
async def test_what_surely_is_no_plain_look_up_of_what_is_here(at, rest):
    for name in ("A x", "A\n", "Ä", "A\u202e", '"'):
        await at.world.put(f"88.300.1/{name}", URL)
        await at.world.look(f"88.300.1/{name}")
    before = at.asked()
    assert at.answer(rest) is None
    assert at.asked() == before


async def test_a_literal_percent_sign_is_not_what_an_escape_names(at):
    """Both are identifiers; a batch, which asks by name, has put both pages there."""
    for name in ("a%41", "aA"):
        await at.world.put(f"88.300.1/{name}", URL)
        await at.world.look(f"88.300.1/{name}")
        at.pages.page(f"88.300.1/{name}".encode(), PLAIN, at.world.trusted, at.world.clock.now)
    assert json.loads(at.answer(b"88.300.1/a%41").data)["handle"] == "88.300.1/aA"


@pytest.mark.parametrize("state", [State.SUSPENDED, State.REVOKED, State.RESERVED, State.DELETED])
async def test_what_is_not_active_is_left_to_the_handler(at, state):
    await at.world.put("88.300.1/B", URL, state=state)
    await at.world.look("88.300.1/B")
    assert at.answer(b"88.300.1/B") is None


async def test_news_end_a_page(at):
    at.answer(b"88.300.1/A")
    await at.world.put("88.300.1/A", OTHER)
    await at.world.follower.step()
    assert at.answer(b"88.300.1/A") is None
    await at.world.look("88.300.1/A")
    page = at.answer(b"88.300.1/A")
    assert b"example.org/2" in page.data
    assert b'Etag: "v2"' in page.head


async def test_without_fresh_news_nothing_is_answered(at):
    at.answer(b"88.300.1/A")
    at.world.clock.now += 4.1
    assert at.answer(b"88.300.1/A") is None
    at.world.store.down = True
    at.world.freshness.fail(at.world.clock.now)
    assert at.answer(b"88.300.1/A") is None


async def test_a_prefix_that_is_switched_off_ends_its_pages(at):
    at.answer(b"88.300.1/A")
    prefix = Prefix.parse("88.300.1")
    entry = PrefixEntry(prefix=prefix, kind=PrefixKind.ENTERPRISE, enterprise=1, enabled=False)
    at.world.resolver.use(PrefixDirectory([entry]))
    assert at.answer(b"88.300.1/A") is None


async def test_a_page_that_ages_says_how_much_is_left(at):
    until = int(at.world.clock.wall()) + 100
    await at.world.put(
        "88.300.1/B", Value(index=1, type="URL", data=b"x", ttl=until, absolute=True)
    )
    await at.world.look("88.300.1/B")
    for left in (100, 98):
        assert b"max-age=%d\r\n" % left in at.answer(b"88.300.1/B").head
        at.world.clock.now += 2.0


async def test_a_stranger_pays_once_for_each_answer(make_at):
    at = await make_at(rates=Rates(http_per_host=1.0, http_burst=3.0, buckets=1 << 12))
    stranger = at.world.stranger
    at.answer(b"88.300.1/unknown", stranger)  # paid where it is answered
    assert [at.answer(b"88.300.1/A", stranger) is None for _ in range(4)] == [False] * 3 + [True]
    assert at.answer(b"88.300.1/A") is not None
    at.world.clock.now += 1.0
    assert at.answer(b"88.300.1/A", stranger) is not None


async def test_pages_are_bounded(world):
    at = At(world, octets=10_000)
    for number in range(50):
        await world.put(f"88.300.1/{number}", URL)
        await world.look(f"88.300.1/{number}")
        assert at.answer(b"88.300.1/%d" % number) is not None
    assert 5 < len(at.pages) < 25


async def test_names_that_pass_by_do_not_push_out_what_is_asked_for_again(world):
    at = At(world, octets=10_000)
    for name in ("A", *map(str, range(200))):
        await world.put(f"88.300.1/{name}", URL)
        await world.look(f"88.300.1/{name}")
    hot = at.answer(b"88.300.1/A")
    for number in range(200):
        at.answer(b"88.300.1/%d" % number)
        assert at.answer(b"88.300.1/A") is hot


async def test_bodies_of_many_are_those_of_their_pages(at):
    names = ("B", "C", "unknown", "A", "A")
    for name in ("B", "C"):
        await at.world.put(f"88.300.1/{name}", URL)
        await at.world.look(f"88.300.1/{name}")
    handles = [f"88.300.1/{name}".encode() for name in names]
    now = at.world.clock.now
    for form in (PLAIN, Form(CBOR)):
        pages = [at.pages.page(handle, form, at.world.trusted, now) for handle in handles]
        before = at.asked()
        bodies = at.pages.bodies(handles, form, at.world.trusted, now)
        assert bodies == [page and page.data for page in pages]
        assert at.asked() == before + 4
    await at.world.put("88.300.1/B", OTHER)
    await at.world.follower.step()
    told = at.pages.bodies(handles, PLAIN, at.world.trusted, now)
    assert [body is None for body in told] == [True, False, True, False, False]
    at.world.clock.now += 4.1
    assert at.pages.bodies(handles, PLAIN, at.world.trusted, at.world.clock.now) == [None] * 5


@pytest.mark.parametrize("octet", [b"\0", b"\x7f", "\xff".encode()])
def test_no_name_of_a_batch_is_that_of_a_page_in_another_form(at, octet):
    client, now = at.world.trusted, at.world.clock.now
    assert at.pages.page(b"88.300.1/A", Form(CBOR), client, now)
    assert at.pages.bodies([octet + b"88.300.1/A"], PLAIN, client, now) == [None]


@pytest.mark.parametrize("form", [PLAIN, Form(CBOR)])
async def test_a_batch_is_its_pages(at, form):
    pages = [at.answer(b"88.300.1/A", form=form)]
    before = at.asked()
    told = at.batch("A", "A", form=form)
    assert told.count(pages[0].data) == 2
    decode = json.loads if form == PLAIN else cborform.load
    assert [r["handle"] for r in decode(told)["results"]] == ["88.300.1/A"] * 2
    assert at.asked() == before + 2


def test_batches_count_as_short_cuts_and_have_misses_stand_back(at):
    at.answer(b"88.300.1/A")
    at.repeated.took.append(0.01)
    now = at.world.clock.now
    assert at.turns.misses(now) == MANY
    assert at.batch("A", "A")
    assert at.turns.misses(now) == FEW
    snapshot = at.world.counters.snapshot()
    assert snapshot["events"] == {"short_cut": 3}
    assert sum(snapshot["answers"]["http"]["found"]["buckets"]) == 3


async def test_a_batch_of_which_one_is_not_at_hand_is_left_and_not_counted(at):
    await at.world.put("88.300.1/B", URL)
    await at.world.look("88.300.1/B")
    assert at.batch("A", "B") is None  # no page yet
    for name in ("A", "B"):
        at.answer(f"88.300.1/{name}".encode())
    assert at.batch("A", "B")
    before = at.asked()
    assert at.batch("A", "unknown") is None
    await at.world.put("88.300.1/B", OTHER)
    await at.world.follower.step()
    assert at.batch("A", "B", "A") is None  # a page, but of what was superseded
    at.world.clock.now += 4.1
    assert at.batch("A") is None  # nothing is believed
    assert at.asked() == before


async def test_batches_of_strangers_and_those_without_names_or_with_many_are_left(at):
    at.answer(b"88.300.1/A")
    assert at.batch(*["A"] * 100)
    assert at.batch(*["A"] * 101) is None
    assert at.batch() is None
    assert at.batch("A", client=at.world.stranger) is None


async def test_an_answer_of_many_octets_is_left(world):
    await world.put("88.300.1/L", Value(index=1, type="NOTE", data=b"x" * 50_000))
    await world.look("88.300.1/L")
    at = At(world)
    at.answer(b"88.300.1/L")
    before = at.asked()
    assert at.batch(*["L"] * 5)
    assert at.batch(*["L"] * 6) is None
    assert at.asked() == before + 5


async def test_bodies_are_counted_by_prefix(at):
    await at.world.home("88.300.2")
    await at.world.follower.step()
    for name in ("88.300.2/A", "88.300.2/B"):
        await at.world.put(name, URL)
        await at.world.look(name)
    handles = [b"88.300.1/A", b"88.300.2/A", b"88.300.2/B", b"88.300.1/A"]
    for _ in range(2):
        for handle in handles:
            at.pages.page(handle, PLAIN, at.world.trusted, at.world.clock.now)
        before = at.world.counters.tallying.prefixes()
        at.pages.bodies(handles, PLAIN, at.world.trusted, at.world.clock.now)
        after = at.world.counters.tallying.prefixes()
        assert {p: after[p] - before[p] for p in after} == {"88.300.1": 2, "88.300.2": 2}
