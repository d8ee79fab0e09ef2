import pytest

from identifiers.records import Record, State
from storage.redis.sealed import grant_of, number, seal, unseal

KEY = bytes(range(32))
RECORD = Record(
    key="88.300.1/A",
    name="88.300.1/a",
    version=7,
    state=State.SUSPENDED,
    values=bytes(range(256)),
    changed_at=1_700_000_000,
    reason="暂停",
)


def test_a_sealed_record_comes_back() -> None:
    assert unseal(RECORD.key, seal(RECORD, 42, KEY), KEY) == RECORD


def test_the_head_is_what_scripts_read() -> None:
    assert seal(RECORD, 42, KEY)[:33] == b"V00000000000000070000000000000042"


def test_every_bit_is_sealed() -> None:
    good = seal(RECORD, 42, KEY)
    for at in range(len(good)):
        bad = good[:at] + bytes([good[at] ^ 0x10]) + good[at + 1 :]
        assert unseal(RECORD.key, bad, KEY) is None


def test_every_cut_is_noticed() -> None:
    good = seal(RECORD, 42, KEY)
    assert all(unseal(RECORD.key, good[:size], KEY) is None for size in range(len(good)))
    assert unseal(RECORD.key, good + b"\0", KEY) is None


def test_a_seal_is_of_one_key_and_one_name() -> None:
    good = seal(RECORD, 42, KEY)
    assert unseal("88.300.1/B", good, KEY) is None
    assert unseal(RECORD.key, good, bytes(32)) is None


@pytest.mark.parametrize("wrong", [-1, 10**16])
def test_numbers_have_16_digits(wrong: int) -> None:
    with pytest.raises(ValueError, match="16 digits"):
        number(wrong)


def test_the_grant_of_a_token() -> None:
    assert grant_of("1795373647649200-ed54732b5ef7f4cb") == 1795373647649200
    assert grant_of("") == 0
