import msgspec
import pytest

from identifiers.records import PublicRecord, Record, State
from storage.redis.sealed import Seals, grant_of, number

SEALS = Seals(bytes(range(32)))
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
    assert SEALS.unseal(RECORD.key, SEALS.seal(RECORD, 42)) == RECORD


def test_that_everybody_may_read_all_comes_back() -> None:
    public = PublicRecord(**msgspec.structs.asdict(RECORD))
    assert SEALS.unseal(RECORD.key, SEALS.seal(public, 42)) == public
    assert type(SEALS.unseal(RECORD.key, SEALS.seal(RECORD, 42))) is Record


def test_the_head_is_what_scripts_read() -> None:
    assert SEALS.seal(RECORD, 42)[:33] == b"V00000000000000070000000000000042"


def test_every_bit_is_sealed() -> None:
    good = SEALS.seal(RECORD, 42)
    for at in range(len(good)):
        bad = good[:at] + bytes([good[at] ^ 0x10]) + good[at + 1 :]
        assert SEALS.unseal(RECORD.key, bad) is None


def test_every_cut_is_noticed() -> None:
    good = SEALS.seal(RECORD, 42)
    assert all(SEALS.unseal(RECORD.key, good[:size]) is None for size in range(len(good)))
    assert SEALS.unseal(RECORD.key, good + b"\0") is None


def test_a_seal_is_of_one_key_and_one_name() -> None:
    good = SEALS.seal(RECORD, 42)
    assert SEALS.unseal("88.300.1/B", good) is None
    assert Seals(bytes(32)).unseal(RECORD.key, good) is None


@pytest.mark.parametrize("size", [0, 31, 33])
def test_the_key_has_32_octets(size: int) -> None:
    with pytest.raises(ValueError, match=f"{size} octets"):
        Seals(bytes(size))


@pytest.mark.parametrize("wrong", [-1, 10**16])
def test_numbers_have_16_digits(wrong: int) -> None:
    with pytest.raises(ValueError, match="16 digits"):
        number(wrong)


def test_the_grant_of_a_token() -> None:
    assert grant_of("1795373647649200-ed54732b5ef7f4cb") == 1795373647649200
    assert grant_of("") == 0
