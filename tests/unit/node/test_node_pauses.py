import gc

from node.gauges import tier_families
from node.metrics import text
from node.pauses import watched


def test_stops_of_the_collector_are_timed_while_they_are_watched():
    serving = False
    with watched(lambda: serving) as pauses:
        gc.collect()
        assert pauses.families("worker-0")[0].samples[0].value == 0
        serving = True
        gc.collect()
        gc.collect(0)
        total, longest = (family.samples[0].value for family in pauses.families("worker-0"))
        assert total > longest > 0
    gc.collect()
    assert pauses.families("worker-0")[0].samples[0].value == total
    assert 'process_gc_pause_longest_seconds{process="worker-0"}' in text(
        pauses.families("worker-0")
    )


def test_what_goes_beyond_a_worker_is_told():
    lines = text(tier_families(questions=2, names=9, hits=4, misses=5)).splitlines()
    assert "idnode_store_questions_total 2" in lines
    assert "idnode_store_names_total 9" in lines
    assert 'idnode_shared_tier_names_total{result="hit"} 4' in lines
    assert 'idnode_shared_tier_names_total{result="miss"} 5' in lines
    assert "shared" not in text(tier_families(questions=2, names=9, hits=None, misses=0))
