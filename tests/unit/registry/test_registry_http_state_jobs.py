import json
from itertools import count

import pytest

from identifiers.errors import StoreUnavailable
from identifiers.jobs import JobState
from registry.business.job_running import JobRunner
from registry.business.jobs import Jobs
from registry.business.owners import KeptOwners
from registry.http.state_job_operations import jobs_noun
from registry.prefixes import Prefixes
from storage.memory import MemoryAccounts, MemoryJobs
from tests.unit.registry.world import IDENTIFIERS, audit, entry, new, now_ns, stored_key

JOBS = "/api/v1/jobs"
SUSPEND = {"action": "suspend", "reason": "核查"}
WHERE = "88.300.1"


class Place:
    """The API, and who does jobs: only when he is told to."""

    def __init__(self, api, runner, jobs, store):
        self.api, self.runner, self.jobs, self.store = api, runner, jobs, store

    async def register(self, *names, **more):
        items = [new(f"{WHERE}/{name}", **more) for name in names]
        await self.api.post(f"{IDENTIFIERS}/batch", {"items": items})

    async def open(self, body, status=202, **more):
        answer = await self.api.post(JOBS, body, **more)
        assert answer.status == status, answer.body
        return answer

    async def done(self, body, **more):
        opened = await self.open(body, **more)
        while await self.runner.turn():
            pass
        return (await self.api.get(opened.headers["Location"])).json

    async def rows(self, job, every="?all=1"):
        return (await self.api.get(job["results"] + every)).lines

    def states(self):
        return {k.partition("/")[2]: r.state.name.lower() for k, r in self.store.records.items()}


@pytest.fixture
async def place(serving, store, registry):
    jobs = MemoryJobs(store)
    owners = KeptOwners(store, MemoryAccounts(store))
    runner = JobRunner(jobs, store, registry, owners, clock=now_ns, chunk=3)
    noun = jobs_noun(Jobs(jobs, store, Prefixes(store)))
    ticks = count()
    api = await serving(nouns=(noun,), clock=lambda: now_ns() + next(ticks) * 1_000_000)
    return Place(api, runner, jobs, store)


async def test_named_handles_are_suspended_each_for_itself(place):
    await place.register("A", "B")
    await place.register("R", state="reserved")
    names = [f"{WHERE}/{n}" for n in ("A", "NONE", "R", "B")] + ["88.300.10/X"]
    job = await place.done({**SUSPEND, "handles": names})
    counts = (job["total"], job["rows"], job["changed"], job["rejected"])
    assert (job["state"], counts) == ("done", (5, 5, 2, 3))
    assert (job["reason"], job["finished_at"]) == ("核查", "2027-01-15T08:00:00Z")
    rows = await place.rows(job)
    assert [(r["row"], r["handle"], r["status"]) for r in rows] == [
        (1, names[0], "changed"),
        (2, names[1], "rejected"),
        (3, names[2], "rejected"),
        (4, names[3], "changed"),
        (5, names[4], "rejected"),
    ]
    codes = [r["problem"]["type"].rpartition(":")[2] for r in rows if "problem" in r]
    assert codes == ["not-found", "state-impossible", "not-yours"]
    assert await place.rows(job, "") == [r for r in rows if r["status"] == "rejected"]
    assert place.states() == {"A": "suspended", "B": "suspended", "R": "reserved"}
    last = place.store.audited[-1]
    assert (last.actor, last.action, last.subject) == ("key:one", "job.chunk", job["id"])
    assert json.loads(last.detail)["changed"] == 2
    assert last.root


async def test_done_again_nothing_changes(place):
    await place.register("A")
    body = {**SUSPEND, "handles": [f"{WHERE}/A"]}
    await place.done(body)
    job = await place.done(body)
    assert (job["changed"], job["unchanged"]) == (0, 1)
    assert place.store.records[f"{WHERE}/A"].version == 2


async def test_a_handle_that_is_named_twice_is_done_once(place):
    await place.register("A")
    job = await place.done({**SUSPEND, "handles": [f"{WHERE}/A"] * 2})
    assert (job["changed"], job["rejected"]) == (1, 1)


async def test_a_prefix_with_a_filter_page_by_page(place):
    await place.register(*(f"COAL-{n}" for n in range(7)), "OTHER-1")
    await place.register("COAL-R", state="reserved")
    body = {
        "action": "revoke",
        "reason": "报废",
        "prefix": WHERE,
        "filter": {"begins": "COAL-", "state": "active", "changed_before": "2030-01-01T00:00:00Z"},
    }
    job = await place.done(body)
    assert (job["state"], job["rows"], job["changed"], job["prefix"]) == ("done", 7, 7, WHERE)
    states = place.states()
    assert {states[f"COAL-{n}"] for n in range(7)} == {"revoked"}
    assert (states["OTHER-1"], states["COAL-R"]) == ("active", "reserved")
    assert len(await place.rows(job)) == 7


async def test_where_a_job_is_is_told_until_it_is_done(place):
    """What is told is a name that is there; a job that is done was not cut at one."""
    await place.register(*(f"COAL-{n}" for n in range(4)), "OTHER-1")
    opened = await place.open({**SUSPEND, "prefix": WHERE, "filter": {"begins": "COAL-"}})
    where = opened.headers["Location"]
    assert "reached" not in opened.json
    await place.runner.turn()
    assert (await place.api.get(where)).json["reached"] == f"{WHERE}/COAL-2"
    await place.runner.turn()
    done = (await place.api.get(where)).json
    assert (done["state"], done["rows"]) == ("done", 4)
    assert "reached" not in done
    none = await place.done({**SUSPEND, "prefix": WHERE, "filter": {"begins": "ZINC-"}})
    assert (none["state"], none["rows"]) == ("done", 0)
    assert "reached" not in none
    (empty,) = [job for job in place.store.jobs.values() if str(job.id) == none["id"]]
    assert not empty.cursor


async def test_a_whole_prefix_is_deleted_and_stays_so(place):
    await place.register(*"ABCDEFG")
    job = await place.done({"action": "delete", "prefix": WHERE})
    assert (job["rows"], job["changed"], job["total"]) == (7, 7, 7)
    assert set(place.states().values()) == {"deleted"}


async def test_a_filter_on_folded_names(place):
    api = place.api
    await api.post(IDENTIFIERS, new("88.300.2/Coal-1"), key="two")
    body = {**SUSPEND, "prefix": "88.300.2", "filter": {"begins": "coal"}}
    opened = await place.open(body, key="two")
    while await place.runner.turn():
        pass
    job = (await api.get(opened.headers["Location"], key="two")).json
    assert job["changed"] == 1


async def test_a_job_goes_on_where_it_was(place):
    """Each turn of another runner, as after a restart; one chunk's answer is lost."""
    await place.register(*"ABCDEFGH")
    opened = await place.open({**SUSPEND, "prefix": WHERE})
    await place.runner.turn()
    place.store.lose_next_answer = True
    with pytest.raises(Exception, match="the test wanted"):
        await place.runner.turn()
    place.store.down = True
    with pytest.raises(StoreUnavailable):
        await place.runner.turn()
    place.store.down = False
    while await place.runner.turn():
        pass
    job = (await place.api.get(opened.headers["Location"])).json
    assert (job["state"], job["rows"], job["changed"]) == ("done", 8, 8)
    assert {r.version for r in place.store.records.values()} == {2}
    assert [row["row"] for row in await place.rows(job)] == list(range(1, 9))


async def test_what_is_called_off_is_left_as_it_is(place):
    await place.register(*"ABCDEFGH")
    opened = await place.open({**SUSPEND, "prefix": WHERE})
    where = opened.headers["Location"]
    await place.runner.turn()
    cancelled = await place.api.delete(where)
    assert (cancelled.status, cancelled.json["state"], cancelled.json["rows"]) == (
        200,
        "cancelled",
        3,
    )
    assert not await place.runner.turn()
    assert (await place.api.delete(where)).json == cancelled.json
    assert list(place.states().values()).count("suspended") == 3
    assert place.store.audited[-1].action == "job.cancel"
    finished = await place.done({"action": "activate", "prefix": WHERE})
    late = await place.api.delete(f"{JOBS}/{finished['id']}")
    assert (late.status, late.code, late.json["state"]) == (409, "job-ended", "done")


async def test_a_job_of_a_key_that_is_revoked_stops(place):
    await place.register(*"ABCDEFGH")
    opened = await place.open({**SUSPEND, "prefix": WHERE})
    await place.runner.turn()
    await place.store.revoke_key("one", 5, audit())
    while await place.runner.turn():
        pass
    await place.store.add_key(stored_key("fresh", 1), audit())
    job = (await place.api.get(opened.headers["Location"], key="fresh")).json
    assert (job["state"], job["why"], job["rows"]) == ("stopped", "unauthenticated", 3)


async def test_a_job_that_cannot_be_done_stops_alone(place, caplog):
    await place.register("A")
    opened = await place.open({**SUSPEND, "prefix": WHERE})
    place.store.records[f"{WHERE}/A"] = None
    while await place.runner.turn():
        pass
    job = (await place.api.get(opened.headers["Location"])).json
    assert (job["state"], job["why"]) == ("stopped", "internal")
    assert "is stopped" in caplog.text


async def test_a_key_to_some_prefixes_sees_what_it_asked_for_itself(place):
    opened = await place.open({**SUSPEND, "handles": [f"{WHERE}/A"]})
    where, part = opened.headers["Location"], {"key": "part"}  # of 88.300.1.2
    answers = [
        await place.api.get(where, **part),
        await place.api.get(f"{where}/results?all=1", **part),
        await place.api.delete(where, **part),
    ]
    assert {(a.status, a.code) for a in answers} == {(404, "no-job")}
    assert (await place.api.get(JOBS, **part)).json == {"items": []}
    own = await place.open({**SUSPEND, "handles": [f"{WHERE}.2/A"]}, **part)
    assert [job["id"] for job in (await place.api.get(JOBS, **part)).json["items"]] == [
        own.json["id"]
    ]
    assert (await place.api.get(own.headers["Location"], **part)).status == 200


async def test_jobs_of_an_enterprise_are_done_one_after_the_other(place):
    await place.register(*"ABCDEF")
    await place.open({**SUSPEND, "prefix": WHERE})
    second = await place.open({"action": "activate", "prefix": WHERE})
    theirs = await place.open({"action": "delete", "prefix": "88.300.10"}, key="two")
    await place.runner.turn()
    assert (await place.api.get(second.headers["Location"])).json["rows"] == 0
    told = (await place.api.get(theirs.headers["Location"], key="two")).json
    assert told["state"] == "done"
    while await place.runner.turn():
        pass
    assert set(place.states().values()) == {"active"}


async def test_the_same_request_is_the_same_job(place):
    await place.register("A")
    body = {**SUSPEND, "prefix": WHERE}
    first = await place.open(body, Idempotency_Key="k")
    again = await place.open(body, Idempotency_Key="k", X_Request_Id="another")
    assert again.json["id"] == first.json["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await place.open({**body, "reason": "b"}, 422, Idempotency_Key="k")
    assert other.code == "idempotency-key-reused"
    free = await place.open(body)
    assert free.json["id"] != first.json["id"]


async def test_too_many_at_once_wait(place):
    for _ in range(20):
        await place.open({**SUSPEND, "prefix": WHERE})
    refused = await place.open({**SUSPEND, "prefix": WHERE}, 429)
    assert (refused.code, refused.headers["Retry-After"]) == ("too-many-open-jobs", "30")


async def test_jobs_are_the_enterprises(place):
    opened = await place.open({**SUSPEND, "prefix": WHERE})
    where = opened.headers["Location"]
    for path in (where, f"{where}/results", f"{JOBS}/nothing", f"{JOBS}/{'0' * 32}"):
        refused = await place.api.get(path, key="two" if path.startswith(where) else "one")
        assert (refused.status, refused.code) == (404, "no-job")
    assert (await place.api.delete(where, key="two")).code == "no-job"
    assert (await place.api.delete(where, key="reader")).code == "missing-scope"
    assert (await place.api.get(JOBS, key="two")).json == {"items": []}
    assert [j["id"] for j in (await place.api.get(JOBS)).json["items"]] == [opened.json["id"]]


async def test_who_may_not_is_told_at_once(place):
    assert (await place.open({**SUSPEND, "prefix": "88.300.10"}, 403)).code == "not-yours"
    assert (await place.open({**SUSPEND, "prefix": WHERE}, 403, key="writer")).json["scope"] == (
        "identifiers:state"
    )
    assert (await place.open({**SUSPEND, "prefix": WHERE}, 401, key=None)).code


async def test_under_a_prefix_that_keeps_its_names(place):
    await place.store.home_prefix(entry("88.300.12", 1, keeps=True), audit())
    await place.api.post(IDENTIFIERS, new("88.300.12/A"))
    job = await place.done({"action": "delete", "prefix": "88.300.12"})
    (row,) = await place.rows(job)
    assert row["problem"]["type"].endswith(":published")


async def test_pages_of_jobs_follow_each_other(place):
    for _ in range(3):
        await place.open({**SUSPEND, "prefix": WHERE})
    first = (await place.api.get(f"{JOBS}?limit=2")).json
    rest = (await place.api.get(f"{JOBS}?limit=2&after={first['next']}")).json
    assert len({j["id"] for j in first["items"] + rest["items"]}) == 3
    assert (await place.api.get(f"{JOBS}?after=x")).status == 400


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("/action", "required"), ("/prefix", "required")]),
        ({"action": "end", "prefix": WHERE}, [("/action", "one_of")]),
        ({"action": "suspend", "prefix": WHERE}, [("/reason", "required")]),
        ({"action": "delete", "reason": "r", "prefix": WHERE}, [("/reason", "state.reason")]),
        ({"action": "delete", "handles": []}, [("/handles", "empty")]),
        (
            {"action": "delete", "handles": ["x", 7]},
            [("/handles/0", "name.no_slash"), ("/handles/1", "type")],
        ),
        ({"action": "delete", "handles": ["88.1/x"], "prefix": WHERE}, [("/prefix", "job.either")]),
        ({"action": "delete", "prefix": ""}, [("/prefix", "empty")]),
        ({"action": "delete", "prefix": "8..8"}, [("/prefix", "name.prefix")]),
        (
            {"action": "delete", "prefix": "88.300.a", "filter": {"begins": "88.300.A/x"}},
            [("/filter/begins", "job.begins")],
        ),
        (
            {
                "action": "delete",
                "prefix": WHERE,
                "filter": {"state": "x", "more": 1, "begins": 7},
            },
            [
                ("/filter/begins", "type"),
                ("/filter/more", "unknown_key"),
                ("/filter/state", "one_of"),
            ],
        ),
        (
            {
                "action": "delete",
                "prefix": WHERE,
                "filter": {"changed_since": "now", "changed_before": 7},
            },
            [("/filter/changed_before", "type"), ("/filter/changed_since", "value.instant")],
        ),
        ({"action": "delete", "prefix": WHERE, "filter": []}, [("/filter", "type")]),
    ],
)
async def test_every_fault_of_a_body(place, body, faults):
    answer = await place.open(body, 422)
    assert answer.faults == faults


async def test_ends_of_jobs_are_counted(place):
    await place.register(*"ABCD")
    await place.done({**SUSPEND, "prefix": WHERE})
    assert place.runner.rows == 4
    assert [j.state for j in place.store.jobs.values()] == [JobState.DONE]
