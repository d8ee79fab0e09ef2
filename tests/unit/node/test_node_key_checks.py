"""The secrets that a database was made with, and others."""

import pytest

from node.expected import EXPECTED
from node.key_checks import CHECK_OCTETS, DEPENDED_ON, OtherKeys, check_value, compare
from node.keys import NoKey, Secret, UnfitKey, load, load_or_make
from registry.access.programs import Broken as SecretBroken
from registry.business.personal import Broken as PersonalBroken
from registry.seals import SealBroken

ONE, OTHER = bytes(32), bytes(range(32))


def made(keys_dir):
    return {secret: check_value(secret, load_or_make(keys_dir, secret)) for secret in DEPENDED_ON}


def test_a_check_value_tells_secrets_and_purposes_apart():
    values = {check_value(secret, octets) for secret in Secret for octets in (ONE, OTHER)}
    assert len(values) == 2 * len(Secret)
    assert {len(value) for value in values} == {CHECK_OCTETS}
    # HMAC-SHA-256 (RFC 2104), made with `openssl dgst -mac HMAC`: databases hold it, it stays.
    assert check_value(Secret.PEPPER, ONE).hex() == "de427de6980bb3fece4816a98e34ff14"
    assert check_value(Secret.SEAL, OTHER).hex() == "daae910db12fbf42492bc448822237e4"


def test_what_a_new_database_wants_is_told_and_not_made(tmp_path):
    assert compare(tmp_path / "keys", {}) == list(DEPENDED_ON)
    assert list(tmp_path.iterdir()) == []


def test_the_databases_own_secrets_are_right(tmp_path):
    kept = made(tmp_path)
    assert compare(tmp_path, kept) == []
    assert compare(tmp_path, {Secret.SEAL: kept[Secret.SEAL]}) == [Secret.PEPPER]


@pytest.mark.parametrize("secret", DEPENDED_ON)
def test_another_secret_is_refused_by_name(tmp_path, secret):
    kept = made(tmp_path)
    (tmp_path / secret).write_bytes(OTHER)
    with pytest.raises(OtherKeys, match=f"made with other keys .*{secret} is another one.*put the"):
        compare(tmp_path, kept)
    # Whatever else is missing: the one that is known to be wrong is told.
    with pytest.raises(OtherKeys, match=secret):
        compare(tmp_path, {secret: kept[secret]})


@pytest.mark.parametrize("secret", DEPENDED_ON)
def test_a_missing_secret_is_refused_and_not_made(tmp_path, secret):
    kept = made(tmp_path)
    (tmp_path / secret).unlink()
    with pytest.raises(OtherKeys, match=f"{secret} is missing.*IDNODE_KEYS_DIR"):
        compare(tmp_path, kept)
    assert not (tmp_path / secret).exists()


def test_what_was_in_use_before_values_were_kept_must_be_there(tmp_path):
    kept = dict.fromkeys(DEPENDED_ON)
    with pytest.raises(OtherKeys, match="is missing"):
        compare(tmp_path / "keys", kept)
    assert not (tmp_path / "keys").exists()
    made(tmp_path)
    assert compare(tmp_path, kept) == list(DEPENDED_ON)


def test_a_file_that_is_no_secret_is_told_as_that(tmp_path):
    kept = made(tmp_path)
    (tmp_path / Secret.SEAL).write_bytes(b"short")
    with pytest.raises(UnfitKey, match="5 octets instead of 32"):
        compare(tmp_path, kept)


def test_a_secret_that_is_only_read_is_not_made(tmp_path):
    with pytest.raises(NoKey, match="is missing: put it back, or set IDNODE_KEYS_DIR"):
        load(tmp_path, Secret.SEAL)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / Secret.SEAL).mkdir(mode=0o700)
    with pytest.raises(UnfitKey, match="cannot be read"):
        load(tmp_path, Secret.SEAL)


@pytest.mark.parametrize("kind", [OtherKeys, NoKey, PersonalBroken, SecretBroken, SealBroken])
def test_commands_tell_it_in_a_sentence(kind):
    assert issubclass(kind, EXPECTED)
