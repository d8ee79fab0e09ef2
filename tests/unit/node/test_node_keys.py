from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from identifiers.keys.public import parse_public_key, verify
from node.keys import OCTETS, Secret, UnfitKey, load_or_make, site_signer


def test_a_secret_is_made_once_and_is_private(tmp_path):
    keys = tmp_path / "keys"
    first = load_or_make(keys, Secret.PEPPER)
    assert len(first) == OCTETS
    assert load_or_make(keys, Secret.PEPPER) == first
    assert load_or_make(keys, Secret.CACHE) != first
    assert (keys / "api-key-pepper").stat().st_mode & 0o777 == 0o600
    assert keys.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in keys.iterdir()) == ["api-key-pepper", "shared-tier-mac"]


def test_of_several_processes_that_make_it_one_wins(tmp_path, monkeypatch):
    pids = iter(range(100, 200))
    monkeypatch.setattr("node.keys.os.getpid", lambda: next(pids))
    with ThreadPoolExecutor(16) as pool:
        made = set(pool.map(lambda _: load_or_make(tmp_path, Secret.PEPPER), range(64)))
    assert len(made) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["api-key-pepper"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_secret_that_others_may_read_is_refused(tmp_path, mode):
    load_or_make(tmp_path, Secret.PEPPER)
    (tmp_path / "api-key-pepper").chmod(mode)
    with pytest.raises(UnfitKey, match="chmod 600"):
        load_or_make(tmp_path, Secret.PEPPER)


def test_a_broken_secret_is_refused(tmp_path):
    load_or_make(tmp_path, Secret.PEPPER)
    (tmp_path / "api-key-pepper").write_bytes(b"short")
    with pytest.raises(UnfitKey, match="5 octets instead of 32"):
        load_or_make(tmp_path, Secret.PEPPER)


def test_the_sites_key_is_made_once_and_signs(tmp_path):
    first, second = site_signer(tmp_path / "keys"), site_signer(tmp_path / "keys")
    assert first.public == second.public
    assert (tmp_path / "keys" / "site-key").stat().st_mode & 0o777 == 0o600
    key = parse_public_key(first.public)
    assert verify(key, first.algorithm, second.sign(b"data"), b"data")


def test_a_site_key_that_is_none_is_refused(tmp_path):
    other = ec.generate_private_key(ec.SECP256R1())
    for octets in (
        b"nonsense",
        other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    ):
        (tmp_path / "site-key").write_bytes(octets)
        (tmp_path / "site-key").chmod(0o600)
        with pytest.raises(UnfitKey, match="no key for a site"):
            site_signer(tmp_path)
    (tmp_path / "site-key").chmod(0o644)
    with pytest.raises(UnfitKey, match="chmod 600"):
        site_signer(tmp_path)
