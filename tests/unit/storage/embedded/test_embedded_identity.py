"""As whom a server runs: the choice, and handing files over."""

import os
import pwd
from pathlib import Path

import pytest

from storage.embedded.identity import (
    Account,
    Identity,
    Plain,
    UserNamespace,
    candidates,
    closed_to_others,
    hand_over,
    mode,
    owner_of,
    service_account,
)


@pytest.mark.parametrize(
    ("identity", "word"),
    [
        (Plain(), "plain"),
        (UserNamespace(), "userns"),
        (Account(uid=1, gid=2), "drop:1:2"),
        (Account(uid=1, gid=2, reach=True), "drop:1:2:reach"),
    ],
)
def test_mode(identity: Identity, word: str) -> None:
    assert mode(identity) == word


@pytest.mark.parametrize("owner", [None, (0, 0), (1000, 1000)])
def test_an_ordinary_user_has_no_choice(owner: tuple[int, int] | None) -> None:
    assert candidates(euid=1000, owner=owner, account=(9, 9), closed=True) == (Plain(),)


@pytest.mark.parametrize("owner", [None, (0, 0)])
@pytest.mark.parametrize("closed", [False, True])
def test_root_tries_a_user_namespace_and_then_the_account(
    owner: tuple[int, int] | None,
    closed: bool,  # noqa: FBT001 a parameter of the table
) -> None:
    expected = (UserNamespace(), Account(uid=9, gid=8, reach=closed))
    assert candidates(euid=0, owner=owner, account=(9, 8), closed=closed) == expected


def test_root_works_on_a_users_data_as_that_user() -> None:
    # in a user namespace that user would be a stranger
    expected = (Account(uid=1000, gid=100, reach=True),)
    assert candidates(euid=0, owner=(1000, 100), account=(9, 9), closed=True) == expected


def test_the_service_account_exists_and_is_not_root() -> None:
    uid, gid = service_account()
    assert uid != 0
    assert pwd.getpwuid(uid).pw_gid == gid


def test_a_closed_directory_above_is_seen_and_one_that_is_missing_is_none(home: Path) -> None:
    inside = home / "a" / "b" / "file"
    assert not closed_to_others([inside])
    inside.parent.mkdir(parents=True)
    assert not closed_to_others([home / "other", inside])
    (home / "a").chmod(0o700)
    assert closed_to_others([home / "other", inside])


def test_owner(tmp_path: Path) -> None:
    assert owner_of(tmp_path) == (os.geteuid(), os.getegid())
    assert owner_of(tmp_path / "none") is None


@pytest.mark.usefixtures("root")
def test_handing_over_takes_all_within_and_nothing_behind_links(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (data := tmp_path / "data").mkdir()
    (data / "base").mkdir()
    (data / "base" / "1").touch()
    outside.mkdir()
    (data / "link").symlink_to(outside)
    hand_over(data, Account(uid=12345, gid=54321))
    for path in (data, data / "base", data / "base" / "1"):
        assert owner_of(path) == (12345, 54321)
    assert owner_of(outside) == (0, 0)


@pytest.mark.parametrize("identity", [Plain(), UserNamespace()])
def test_others_need_no_handing_over(tmp_path: Path, identity: Identity) -> None:
    before = owner_of(tmp_path)
    hand_over(tmp_path, identity)
    assert owner_of(tmp_path) == before
