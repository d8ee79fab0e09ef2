from loadtest.suites import readings
from loadtest.suites.histogram import Histogram
from loadtest.suites.measured import measure
from loadtest.suites.profiles import Kind, Limits, Part, Suite
from loadtest.suites.readings import Look
from loadtest.suites.report import page, step_document, suite_document
from loadtest.suites.tally import Outcome, Tally
from loadtest.suites.verdict import judge
from node import gauges, metrics


def text(*, cpu, udp, entries=10, memory=50e6):
    """The node's own words: written by the module that writes them."""
    labels = (("process", "worker-0"),)
    families = [
        metrics.counter("process_cpu_seconds_total", "CPU", {labels: cpu}),
        metrics.gauge("process_resident_memory_bytes", "RAM", {labels: memory}),
        *gauges.cache_families(entries=entries, octets=1000 * entries, shared_usable=True),
        metrics.histogram(
            "idnode_resolve_duration_seconds",
            "Seconds",
            (0.001, 0.01),
            {(("transport", "udp"),): (udp, 1.0), (("transport", "tcp"),): ((5, 0, 0), 1.0)},
        ),
        metrics.histogram(
            "idnode_registry_request_duration_seconds",
            "Seconds",
            (0.001, 0.01),
            {
                (("method", method), ("route", "/api/v1/identifiers")): ((0, count, 0), 1.0)
                for method, count in (("GET", 2), ("POST", 3))
            },
        ),
    ]
    return metrics.text(families)


BEFORE = readings.read(text(cpu=10.0, udp=(100, 0, 0)))
AFTER = readings.read(text(cpu=13.5, udp=(150, 49, 1), entries=40, memory=80e6))


def test_a_node_is_read_as_it_writes():
    assert BEFORE.cpu == {"worker-0": 10.0}
    assert BEFORE.memory == {"worker-0": 50e6}
    assert BEFORE.times["udp"] == {0.001: 100.0, 0.01: 100.0, float("inf"): 100.0}
    assert (BEFORE.cached, BEFORE.cached_octets) == (10.0, 10_000.0)
    # One route, whatever the method.
    assert BEFORE.times["/api/v1/identifiers"][float("inf")] == 5.0


def test_what_happened_in_between():
    assert readings.spent(BEFORE, AFTER) == {"worker-0": 3.5}
    told = readings.latencies(BEFORE, AFTER)
    assert set(told) == {"udp"}  # nobody asked over anything else
    assert (told["udp"].count, told["udp"].p50, told["udp"].p99) == (100, 0.001, 0.01)


def test_a_process_that_was_replaced_counts_from_its_beginning():
    anew = readings.read(text(cpu=0.5, udp=(0, 0, 0)))
    assert readings.spent(BEFORE, anew) == {"worker-0": 0.5}


def test_the_slowest_bucket_has_no_bound():
    slow = readings.read(text(cpu=11.0, udp=(100, 0, 7)))
    assert readings.latencies(BEFORE, slow)["udp"].p99 is None


SUITE = Suite(title="half <open>", parts=(Part(kind=Kind.UDP, rate=100.0),), limits=Limits())


def measured(*, driver=1.0, wrong=0):
    tally = Tally()
    for _ in range(1000):
        tally.answered(Outcome.RIGHT, seconds=0.002, answer=b"x")
    for _ in range(wrong):
        tally.answered(Outcome.WRONG, seconds=0.002, answer=b"\xff\x00")
    looks = (
        Look(at=0.0, node=BEFORE, driver=0.0, stores=1.0, machine=100.0),
        Look(at=10.0, node=AFTER, driver=driver, stores=2.0, machine=112.0),
    )
    users = {"Handle UDP": tally}
    return measure(SUITE, 1, users, looks, seconds=10.0, cores=1.0, errors=0)


def test_a_step_tells_who_used_the_processors():
    one = measured()
    assert one.step.driver == 0.1
    assert one.step.server == 0.45
    assert one.cpu == {"worker-0": 0.35, "stores": 0.1, "others": 0.65}
    assert one.step.rate == 100.0


def test_a_document_tells_the_drivers_times_only_where_they_are_worth_it():
    told = step_document(measured())
    assert 1.9 <= told["times_ms"]["Handle UDP"]["p50"] <= 2.2
    assert told["server_times_ms"]["udp"] == {"count": 100, "p50": 1.0, "p99": 10.0}
    assert told["cached"] == {"entries": 40.0, "more": 30.0}
    assert told["worker_memory"] == {"octets": 80e6, "more": 30e6}
    assert step_document(measured(driver=5.0))["times_ms"] is None


def test_a_document_tells_what_an_answer_costs():
    # 35 and 10 % of a core for 100 answers a second.
    told = step_document(measured())["cpu_us_per_answer"]
    assert told == {"worker-0": 3500.0, "stores": 1000.0}


def test_a_suite_and_its_page():
    steps = [measured(), measured(wrong=2)]
    judged = judge([one.step for one in steps], SUITE.limits)
    document = suite_document("half", SUITE, steps, ["a user <failed>"], judged)
    assert document["verdict"] == "FAIL"
    assert document["borne"] == {"offered": 100.0, "rate": 100}
    assert document["knee_found"]
    assert document["steps"][1]["wrong_answers"] == ["ff00", "ff00"]
    shown = page(
        {
            "verdict": "FAIL",
            "machine": {"model": "a <processor>"},
            "run": {"commit": "abc"},
            "suites": [document],
        }
    )
    for words in ("a &lt;processor&gt;", "half &lt;open&gt;", "a user &lt;failed&gt;", "half.html"):
        assert words in shown
    assert "2 wrong answers" in shown
    assert "<class" not in shown


def test_nothing_measured_is_a_document_too():
    document = suite_document("half", SUITE, [], [], judge([], SUITE.limits))
    assert (document["verdict"], document["borne"], document["knee_found"]) == (
        "INVALID", None, False,
    )  # fmt: skip
    assert "INVALID" in page({"verdict": "INVALID", "machine": {}, "run": {}, "suites": [document]})


def test_a_time_without_a_bound_is_told_as_none():
    one = measured()
    one.users["Handle UDP"].times = Histogram()
    one.users["Handle UDP"].times.add(99.0)
    assert step_document(one)["times_ms"]["Handle UDP"] == {"p50": None, "p99": None}
