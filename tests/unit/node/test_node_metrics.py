import math

import msgspec

from node.metrics import (
    Family,
    added_up,
    counter,
    gauge,
    histogram,
    process_families,
    text,
)

UDP = (("transport", "udp"), ("result", "found"))


def test_the_text_is_what_prometheus_reads():
    families = [
        counter("idnode_resolve_requests_total", "Answers.", {UDP: 3, (): 0.5}),
        gauge("idnode_cache_entries", 'A "help"\nwith \\ in it.', {(("tier", 'a"\\\nb'),): 1e16}),
    ]
    assert text(families) == (
        "# HELP idnode_resolve_requests_total Answers.\n"
        "# TYPE idnode_resolve_requests_total counter\n"
        'idnode_resolve_requests_total{transport="udp",result="found"} 3\n'
        "idnode_resolve_requests_total 0.5\n"
        '# HELP idnode_cache_entries A "help"\\nwith \\\\ in it.\n'
        "# TYPE idnode_cache_entries gauge\n"
        'idnode_cache_entries{tier="a\\"\\\\\\nb"} 10000000000000000\n'
    )


def test_a_histogram_is_cumulative_and_ends_in_infinity():
    found = histogram("h_seconds", "Times.", [0.1, 1.0], {(("t", "udp"),): ([2, 1, 4], 9.25)})
    assert text([found]).splitlines()[2:] == [
        'h_seconds_bucket{t="udp",le="0.1"} 2',
        'h_seconds_bucket{t="udp",le="1"} 3',
        'h_seconds_bucket{t="udp",le="+Inf"} 7',
        'h_seconds_sum{t="udp"} 9.25',
        'h_seconds_count{t="udp"} 7',
    ]


def test_samples_of_several_processes_are_added_by_their_labels():
    one = [counter("b_total", "B.", {UDP: 1, (): 1}), gauge("a", "A.", {(): 2})]
    two = [counter("b_total", "B.", {UDP: 2, (("x", "y"),): 7})]
    a, b = added_up([*one, *two])
    assert (a.name, b.name) == ("a", "b_total")
    assert {s.labels: s.value for s in b.samples} == {UDP: 3, (): 1, (("x", "y"),): 7}


def test_histograms_add_up_bucket_by_bucket():
    one = histogram("h", "H.", [1.0], {(): ([1, 0], 0.5)})
    two = histogram("h", "H.", [1.0], {(): ([0, 2], 9.0)})
    (both,) = added_up([one, two])
    assert [s.value for s in both.samples] == [1, 3, 9.5, 3]


def test_families_survive_the_journey_between_processes():
    families = [histogram("h", "H.", [1.0], {UDP: ([1, 0], 0.5)})]
    travelled = msgspec.json.decode(msgspec.json.encode(families), type=list[Family])
    assert travelled == families


def test_infinities_are_written_as_prometheus_does():
    assert text([gauge("g", "G.", {(): math.inf})]).endswith("g +Inf\n")
    assert text([gauge("g", "G.", {(): -math.inf})]).endswith("g -Inf\n")


def test_a_process_tells_of_itself():
    found = {f.name: f.samples[0] for f in process_families("worker-0", started=1.5)}
    assert all(sample.labels == (("process", "worker-0"),) for sample in found.values())
    assert found["process_cpu_seconds_total"].value > 0
    assert found["process_resident_memory_bytes"].value > 1 << 20
    assert found["process_open_fds"].value >= 3
    assert found["process_start_time_seconds"].value == 1.5
