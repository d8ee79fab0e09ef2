from collections import Counter

import pytest

from loadtest.corpus import Corpus
from loadtest.suites.questions import NOBODY, Kind, Question, Shares, batches, draw

CORPUS = Corpus(enterprises=5)


def drawn(count=4000, seed=1, **shares):
    return draw(CORPUS, 200, Shares(**shares), count, seed)


def test_the_same_seed_draws_the_same_and_another_seed_does_not():
    shares = {"unknown": 0.1, "scanned": 0.1}
    assert drawn(**shares) == drawn(**shares)
    assert drawn(**shares) != drawn(seed=2, **shares)


def test_popularity_is_zipf_and_the_same_names_are_popular_for_every_seed():
    first, other = (
        Counter(q.handle for q in drawn(count=20_000, seed=seed)).most_common(3) for seed in (1, 2)
    )
    assert [handle for handle, _ in first] == [handle for handle, _ in other]
    (_, most), (_, second), (_, third) = first
    # 1 : 1/2 : 1/3 of 20,000 / H(200), which is 5.878
    assert most == pytest.approx(3402, rel=0.1)
    assert second == pytest.approx(1701, rel=0.1)
    assert third == pytest.approx(1134, rel=0.15)


def test_shares_are_kept():
    kinds = Counter(q.kind for q in drawn(unknown=0.25, scanned=0.1))
    assert kinds[Kind.UNKNOWN] == pytest.approx(1000, rel=0.1)
    assert kinds[Kind.SCANNED] == pytest.approx(400, rel=0.15)
    assert kinds.total() == 4000


def test_a_scan_walks_through_everything_in_order():
    questions = drawn(count=400, scanned=1.0)
    begin = questions[0].item
    assert [q.item for q in questions] == [(begin + n) % 200 for n in range(400)]
    assert questions[7].handle == CORPUS.identifier(questions[7].item)["handle"]


def test_nobody_registered_an_unknown_name_and_none_comes_twice():
    unknown = drawn(count=500, unknown=1.0)
    known = {CORPUS.identifier(item)["handle"] for item in range(200)}
    handles = {q.handle for q in unknown}
    assert len(handles) == 500
    assert not handles & known
    assert {q.item for q in unknown} == {NOBODY}
    # They stand under prefixes that the node serves: another prefix would cost it less.
    assert {q.handle.partition("/")[0] for q in unknown} == {f"88.300.{n}" for n in range(1, 6)}


def test_a_batch_that_is_not_full_is_left_out():
    questions = [Question(Kind.POPULAR, str(n), n) for n in range(7)]
    assert [[q.item for q in batch] for batch in batches(questions, 3)] == [[0, 1, 2], [3, 4, 5]]
    assert batches(questions, 8) == []
