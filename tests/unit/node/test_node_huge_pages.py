import asyncio
import ctypes
import itertools
import mmap

import pytest

from node import huge_pages

MIB = 1 << 20
MAPS = """\
555500000000-555500300000 r-xp 00000000 08:01 12 /usr/bin/python3.11
555500300000-555500900000 rw-p 00300000 08:01 12 /usr/bin/python3.11
555501000000-555501500000 rw-p 00000000 00:00 0                          [heap]
7f0000100000-7f0000600000 rw-p 00000000 00:00 0 
7f0000700000-7f0000900000 rw-p 00000000 00:00 0
7f0001000000-7f0001400000 ---p 00000000 00:00 0
7f0002000000-7f0002400000 rw-s 00000000 00:01 99 /dev/zero (deleted)
7ffc00000000-7ffc00800000 rw-p 00000000 00:00 0                          [stack]
"""  # noqa: W291 -- as the kernel writes it


def test_places_are_where_a_whole_page_of_our_own_fits():
    assert [hex(place) for place in huge_pages.places(MAPS, 2 * MIB)] == [
        *("0x555501000000", "0x555501200000", "0x7f0000200000", "0x7f0000400000")
    ]


@pytest.mark.parametrize(
    ("octets", "enabled", "size"),
    [
        ("2097152\n", "always [madvise] never\n", 2 * MIB),
        ("2097152\n", "[always] madvise never\n", 2 * MIB),
        ("2097152\n", "always madvise [never]\n", None),
        ("536870912\n", "[always] madvise never\n", None),
    ],
)
def test_the_size_is_the_kernels_where_they_are_wanted(tmp_path, octets, enabled, size):
    (tmp_path / "hpage_pmd_size").write_text(octets)
    (tmp_path / "enabled").write_text(enabled)
    assert huge_pages.size(tmp_path) == size


def test_a_kernel_without_them(tmp_path):
    assert huge_pages.size(tmp_path) is None


@pytest.fixture
def memory():
    """Eight MiB of our own, in use."""
    with mmap.mmap(-1, 8 * MIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as made:
        made.write(b"x" * len(made))
        start = ctypes.addressof(first := ctypes.c_char.from_buffer(made))
        yield range(start, start + len(made))
        del first


class Kernel:
    def __init__(self, answers):
        self.answers = answers
        self.told = []

    def __call__(self, address, _, advice):
        self.told.append((address, advice))
        return self.answers


def test_each_place_is_told_of(memory):
    kernel = Kernel(answers=True)
    assert huge_pages.make(2 * MIB, lambda _: False, kernel)
    ours = [advice for address, advice in kernel.told if address in memory]
    assert ours[:2] == [14, 25]
    assert len(ours) >= 6


@pytest.mark.usefixtures("memory")
def test_a_kernel_that_makes_none_is_asked_no_more():
    assert not huge_pages.make(2 * MIB, lambda _: False, Kernel(answers=False))


def test_what_it_holds_stays_as_it_was(memory):
    for place in range(-(-memory[0] // (2 * MIB)) * 2 * MIB, memory[-1] - 2 * MIB, 2 * MIB):
        for advice in (14, 25):
            huge_pages.advise(place, 2 * MIB, advice)
    assert ctypes.string_at(memory[0], len(memory)) == b"x" * len(memory)


@pytest.mark.usefixtures("memory")
def test_after_each_that_was_made_it_pauses_and_may_be_stopped():
    waited = []

    def pause(seconds):
        waited.append(seconds)
        return len(waited) == 2

    kernel, clock = Kernel(answers=True), itertools.count().__next__
    assert huge_pages.make(2 * MIB, pause, kernel, clock)
    assert waited == [huge_pages.PAUSE] * 2
    assert len(kernel.told) == 4


@pytest.mark.parametrize("octets", [None, "", "plenty\n", "0\n"])
def test_a_kernel_that_tells_something_else_has_none(tmp_path, octets):
    (tmp_path / "enabled").write_text("[always] madvise never\n")
    if octets is not None:
        (tmp_path / "hpage_pmd_size").write_text(octets)
    assert huge_pages.size(tmp_path) is None


def test_files_have_any_octets_in_their_names(memory, tmp_path):
    (maps := tmp_path / "maps").write_bytes(
        b"7f0000000000-7f0000001000 r--p 00000000 08:01 12 /opt/\xb1\xea\xca\xb6/lib.so\n"
        + f"{memory[0]:x}-{memory[-1] + 1:x} rw-p 00000000 00:00 0 \n".encode()
    )
    kernel = Kernel(answers=True)
    assert huge_pages.make(2 * MIB, lambda _: False, kernel, maps=maps)
    assert len(kernel.told) >= 6


async def test_who_may_not_see_its_own_memory_works_on_without(monkeypatch, tmp_path):
    monkeypatch.setattr(huge_pages, "LOOK", 0.0)
    monkeypatch.setattr(huge_pages, "size", lambda: 2 * MIB)
    await huge_pages.keep(tmp_path / "hidden")


async def test_it_ends_where_there_are_none_and_can_be_cancelled(monkeypatch):
    monkeypatch.setattr(huge_pages, "size", lambda: None)
    await huge_pages.keep()
    monkeypatch.undo()
    monkeypatch.setattr(huge_pages, "LOOK", 0.0)
    keeping = asyncio.create_task(huge_pages.keep())
    await asyncio.sleep(0)
    keeping.cancel()
    await asyncio.wait([keeping])
    assert keeping.done()
