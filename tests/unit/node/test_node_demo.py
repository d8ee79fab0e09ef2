"""The sample, the secondary prefixes and the operator's work, on the store in memory."""

import json

import pytest

from identifiers.changes import Enterprise
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.names import Prefix
from identifiers.principals import Operator
from identifiers.wire.handle.values import decode_values
from node.demo import CREDENTIALS, ENTERPRISES, Furnisher, _Credentials, _Login
from node.roots import CannotHome, home_roots
from registry.administration import Administration, Ordered
from registry.commit import GroupCommit
from registry.keys import KeyRing
from registry.prefixes import Prefixes
from registry.seals import Seals
from registry.service import Registry
from storage.memory import MemoryStore

ROOT = Prefix.parse("88.300")
ORDERED = Ordered(operator=Operator("test"), at=1_780_000_000_000, request_id="r")
PEPPER = bytes(32)
SEALS = Seals(bytes(32))


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Sixty identifiers are enough of the sample."""
    monkeypatch.setattr("node.demo.IDENTIFIERS", 60)
    monkeypatch.setattr("node.demo.BATCH_LIMIT", 7)


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def administration(store):
    return Administration(store, PEPPER)


@pytest.fixture
async def furnisher(store, administration):
    commit = GroupCommit(store)
    yield Furnisher(
        registry=Registry(
            store,
            commit,
            Prefixes(store, clock=iter(range(10**6)).__next__),
            SEALS,
        ),
        administration=administration,
        store=store,
        keys=KeyRing(store, PEPPER),
        seals=SEALS,
        ordered=ORDERED,
    )
    await commit.close()


async def furnished(furnisher, administration, tmp_path):
    await home_roots(administration, [ROOT], ORDERED)
    return await furnisher.furnish(ROOT, tmp_path)


async def test_the_sample_is_made_once(store, furnisher, administration, tmp_path):
    path = await furnished(furnisher, administration, tmp_path)
    assert len(store.records) == 60 + 1  # and the prefix record of the first enterprise
    directory = await store.directory()
    assert len(directory.entries) == ENTERPRISES + 1
    assert path == tmp_path / CREDENTIALS
    assert path.stat().st_mode & 0o777 == 0o600
    credentials = json.loads(path.read_text())
    assert credentials["enterprise"]["prefix"] == "88.300.1"
    assert credentials["console"] == []
    token = credentials["enterprise"]["api_key"]
    principal = await KeyRing(store, PEPPER).principal(token, now=1_780_000_000, monotonic=0)
    assert principal.enterprise == directory.exact("88.300.1").enterprise
    assert credentials["enterprise"]["identity"] == "300:0.NA/88.300.1"
    values = decode_values(store.records["0.NA/88.300.1"].values)
    assert [(v.index, v.type) for v in values] == [(100, "HS_ADMIN"), (300, "HS_SECKEY")]
    secret = SEALS.opened("0.NA/88.300.1", values[1])
    assert secret.decode() == credentials["enterprise"]["secret"]

    changes = len(store.changes)
    assert await furnisher.furnish(ROOT, tmp_path) == path
    assert len(store.changes) == changes
    assert json.loads(path.read_text()) == credentials


async def test_an_interrupted_start_is_finished_by_the_next(
    store, furnisher, administration, tmp_path
):
    path = await furnished(furnisher, administration, tmp_path)
    (tmp_path / CREDENTIALS).unlink()  # it is written last
    changes = len(store.changes)
    assert await furnisher.furnish(ROOT, tmp_path) == path
    # Every identifier was there; only the administrator's secret key is a new one.
    assert [w.record.key for w in store.changes[changes:]] == ["0.NA/88.300.1"]
    assert len(await store.enterprises()) == ENTERPRISES
    assert path.exists()


@pytest.mark.parametrize("content", ["", "[]", '{"enterprise": {}}'])
async def test_a_broken_credentials_file_is_written_anew(
    furnisher, administration, tmp_path, content
):
    (tmp_path / CREDENTIALS).write_text(content)
    path = await furnished(furnisher, administration, tmp_path)
    assert json.loads(path.read_text())["enterprise"]["api_key"]


async def test_credentials_of_another_database_are_replaced(furnisher, administration, tmp_path):
    stale = {"enterprise": {"prefix": "88.300.1", "api_key": "gone.secret"}, "console": []}
    (tmp_path / CREDENTIALS).write_text(json.dumps(stale))
    path = await furnished(furnisher, administration, tmp_path)
    assert json.loads(path.read_text()) != stale


async def test_a_prefix_of_the_sample_that_is_somebody_elses(furnisher, administration, tmp_path):
    await home_roots(administration, [ROOT], ORDERED)
    number = await administration.add_enterprise(Enterprise(id=0, name="其他"), ORDERED)
    entry = PrefixEntry(
        prefix=Prefix.parse("88.300.3"), kind=PrefixKind.ENTERPRISE, enterprise=number
    )
    await administration.home_prefix(entry, ORDERED)
    with pytest.raises(RuntimeError, match=r"the sample needs 88\.300\.3"):
        await furnisher.furnish(ROOT, tmp_path)
    assert not (tmp_path / CREDENTIALS).exists()


async def test_roots_are_homed_once(store, administration):
    for _ in range(2):
        await home_roots(administration, [ROOT, Prefix.parse("88.301")], ORDERED)
    assert [str(e.prefix) for e in (await store.directory()).entries] == ["88.300", "88.301"]
    assert len(store.audited) == 2


async def test_a_root_that_cannot_be_homed_says_why(administration):
    await home_roots(administration, [ROOT], ORDERED)
    number = await administration.add_enterprise(Enterprise(id=0, name="其他"), ORDERED)
    below = Prefix.parse("88.300.1")
    entry = PrefixEntry(prefix=below, kind=PrefixKind.ENTERPRISE, enterprise=number)
    await administration.home_prefix(entry, ORDERED)
    with pytest.raises(CannotHome, match="belongs to an enterprise"):
        await home_roots(administration, [below], ORDERED)
    with pytest.raises(CannotHome, match="characters"):
        await home_roots(administration, [Prefix(("88", "3" * 100))], ORDERED)


def test_secrets_are_in_no_repr():
    login = _Login("88.300.1", "id.geheim", "300:0.NA/88.300.1", "geheim")
    shown = repr(_Credentials(login))
    assert "88.300.1" in shown
    assert "geheim" not in shown
