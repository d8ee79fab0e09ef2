"""Paths, socket directories, private files, the lock and the log."""

import asyncio
import os
from pathlib import Path

import pytest

from storage.embedded.errors import AlreadyRunningError, DataDirectoryError
from storage.embedded.identity import Account, Plain
from storage.embedded.lock import exclusive, note_holder, try_lock
from storage.embedded.log import BoundedLog
from storage.embedded.place import (
    SOCKET_PATH_MAX,
    Place,
    prepare_socket_directory,
    release_socket_directory,
    write_private,
)


def test_a_socket_lies_beside_the_data_up_to_the_last_byte_that_fits() -> None:
    socket = "s.sock"
    room = SOCKET_PATH_MAX - len("/.run/") - len(socket)
    fits = Path("/" + "d" * room)
    assert Place(fits).socket_directory(socket, 0) == Path(f"{fits}.run")
    longer = Place(Path(f"{fits}d")).socket_directory(socket, 0)
    assert longer.parent == Path("/tmp")  # noqa: S108 what is asked


def test_bytes_count_and_not_characters() -> None:
    place = Place(Path("/srv/二级节点/" + "煤" * 30))
    assert place.socket_directory("s.sock", 0).parent == Path("/tmp")  # noqa: S108 what is asked


@pytest.mark.parametrize("character", [" ", ",", '"', ":", "%", "\\", "\n"])
def test_what_an_address_or_a_configuration_cannot_take_is_kept_out_of_it(character: str) -> None:
    place = Place(Path(f"/srv/a{character}b/s"))
    assert place.socket_directory("s.sock", 0).parent == Path("/tmp")  # noqa: S108 what is asked
    assert Place(Path("/srv/煤_1.b+c-d/s")).socket_directory("s.sock", 0).parent == Path(
        "/srv/煤_1.b+c-d"
    )


def test_a_short_directory_is_one_per_place_and_user() -> None:
    long = Path("/srv") / ("d" * 120)
    one, other = Place(long / "a"), Place(long / "b")
    directories = {place.socket_directory("s", uid) for place in (one, other) for uid in (0, 1000)}
    assert len(directories) == 4
    assert one.socket_directory("s", 0) == one.socket_directory("s", 0)


def test_a_socket_directory_is_made_private_and_taken_again(tmp_path: Path) -> None:
    directory = tmp_path / "run"
    for _ in range(2):
        prepare_socket_directory(directory, Plain())
    assert directory.stat().st_mode & 0o777 == 0o700


def test_an_open_socket_directory_is_refused(tmp_path: Path) -> None:
    directory = tmp_path / "run"
    directory.mkdir()
    directory.chmod(0o750)
    with pytest.raises(DataDirectoryError, match="mode 0700"):
        prepare_socket_directory(directory, Plain())


def test_a_link_is_no_socket_directory(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "run").symlink_to("elsewhere")
    with pytest.raises(DataDirectoryError):
        prepare_socket_directory(tmp_path / "run", Plain())


@pytest.mark.usefixtures("root")
def test_somebody_elses_socket_directory_is_refused(tmp_path: Path) -> None:
    directory = tmp_path / "run"
    directory.mkdir(mode=0o700)
    os.chown(directory, 12345, 12345)
    with pytest.raises(DataDirectoryError):
        prepare_socket_directory(directory, Plain())


@pytest.mark.usefixtures("root")
def test_a_socket_directory_is_handed_to_the_account(tmp_path: Path) -> None:
    account = Account(uid=12345, gid=12345)
    for _ in range(2):
        prepare_socket_directory(tmp_path / "run", account)
    assert (tmp_path / "run").stat().st_uid == 12345


def test_an_empty_socket_directory_goes_unless_the_next_server_is_at_it(tmp_path: Path) -> None:
    place, directory = Place(tmp_path / "s"), tmp_path / "run"
    release_socket_directory(place, directory)  # nothing there
    directory.mkdir()
    lock = try_lock(place.lock)
    assert lock is not None
    release_socket_directory(place, directory)
    assert directory.exists()
    os.close(lock)
    (directory / "socket").touch()
    release_socket_directory(place, directory)
    assert directory.exists()
    (directory / "socket").unlink()
    release_socket_directory(place, directory)
    assert not directory.exists()


def test_a_private_file_is_private_and_replaces_a_cut_short_draft(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.with_name("password.new").write_text("half")
    write_private(path, "whole")
    assert path.read_text() == "whole"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


async def test_a_lock_is_held_as_long_as_any_heir_lives(tmp_path: Path) -> None:
    path = tmp_path / "s.lock"
    async with exclusive(path, what="s", patience=0) as lock:
        heir = await asyncio.create_subprocess_exec(
            "/bin/cat", stdin=asyncio.subprocess.PIPE, pass_fds=(lock,)
        )
        note_holder(lock, heir.pid)
    with pytest.raises(
        AlreadyRunningError, match=f"s is already running .pid {heir.pid}."
    ) as error:
        async with exclusive(path, what="s", patience=0):
            pass
    assert error.value.pid == heir.pid
    waiting = asyncio.create_task(_take(path))
    await asyncio.sleep(0)
    assert heir.stdin is not None
    heir.stdin.close()
    await waiting
    await heir.wait()


async def _take(path: Path) -> None:
    async with exclusive(path, what="s", patience=30):
        pass


async def test_a_start_under_way_has_no_pid_yet(tmp_path: Path) -> None:
    path = tmp_path / "s.lock"
    async with exclusive(path, what="s", patience=0):
        with pytest.raises(AlreadyRunningError, match="another start is under way"):
            await _fail(path)


async def _fail(path: Path) -> None:
    async with exclusive(path, what="s", patience=0):
        pass


async def test_a_stranger_is_waited_for(tmp_path: Path) -> None:
    strangers = iter([7, 7, None])
    path = tmp_path / "s.lock"
    async with exclusive(path, what="s", patience=30, stranger=lambda: next(strangers)):
        assert try_lock(path) is None
    with pytest.raises(AlreadyRunningError, match="pid 7"):
        async with exclusive(path, what="s", patience=0, stranger=lambda: 7):
            pass


def append(log: BoundedLog, text: str) -> None:
    descriptor = log.open()
    os.write(descriptor, text.encode())
    os.close(descriptor)


def test_the_tail_is_of_this_start_only(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "s.log")
    append(log, "first start\n")
    append(log, "second start\n")
    assert log.tail() == "second start"
    append(log, "x" * 10_000 + "the end")
    assert log.tail().endswith("xthe end")
    assert len(log.tail()) == 4096


def test_a_log_moves_on_under_a_writer_that_keeps_it_open(tmp_path: Path) -> None:
    path = tmp_path / "s.log"
    log = BoundedLog(path, limit=100)
    log.trim()  # nothing there yet
    descriptor = log.open()
    os.write(descriptor, b"a" * 99)
    log.trim()
    assert path.stat().st_size == 99
    os.write(descriptor, b"b")
    log.trim()
    os.write(descriptor, b"after")
    os.close(descriptor)
    assert path.read_bytes() == b"after"
    assert (tmp_path / "s.log.1").read_bytes() == b"a" * 99 + b"b"
    assert (tmp_path / "s.log.1").stat().st_mode & 0o777 == 0o600
    assert log.tail() == "after"
