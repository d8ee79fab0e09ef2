from hashlib import sha256

from identifiers.changes import ImportCounts, RequestKey, StoredAnswer
from identifiers.errors import AnsweredBefore, FateUnknown, StoreError, StoreUnavailable
from identifiers.merkle import EMPTY_ROOT, leaf, root


def test_counts_add_up():
    one, other = ImportCounts(1, 2, 3, 4), ImportCounts(10, 20, 30, 40)
    assert one + other == ImportCounts(11, 22, 33, 44)
    assert (one + other).rows == 110


def test_what_a_store_raises_is_a_store_error():
    assert issubclass(StoreUnavailable, StoreError)
    assert issubclass(FateUnknown, StoreError)
    assert not issubclass(FateUnknown, StoreUnavailable)


def test_the_tree_of_three_leaves():
    one, two, three = (leaf(bytes((n,))) for n in range(3))
    assert one == sha256(b"\0\0").digest()
    pair = sha256(b"\1" + one + two).digest()
    assert root([]) == EMPTY_ROOT == sha256(b"").digest()
    assert root([one]) == one
    assert root([one, two]) == pair
    assert root([one, two, three]) == sha256(b"\1" + pair + three).digest()


def test_what_was_answered_before_is_no_fault_of_the_store():
    answer = StoredAnswer(request=RequestKey("key:one", "k"), digest=b"d", status=201)
    before = AnsweredBefore(answer)
    assert before.answer is answer
    assert not isinstance(before, StoreError)
