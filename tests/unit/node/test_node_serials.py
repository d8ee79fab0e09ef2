"""The serial of the site record: the same for all processes, and higher whenever it changes."""

import multiprocessing

import msgspec
import pytest

from node.refusals import NotDone
from node.serials import FILE, MOST, Told, numbered
from node.site import site_record

HERE, THERE = site_record(("192.0.2.1:2641",)), site_record(("192.0.2.2:2641",))


def test_it_rises_when_the_record_becomes_another(tmp_path):
    told = [numbered(site, tmp_path).serial for site in (HERE, HERE, THERE, THERE, HERE)]
    assert told == [1, 1, 2, 2, 3]
    assert numbered(THERE, tmp_path) == msgspec.structs.replace(THERE, serial=4)


@pytest.mark.parametrize(
    "changed",
    [
        {"http": ("192.0.2.1:8000",)},
        {"https": ("192.0.2.1:8443",)},
        {"key": b"another"},
    ],
)
def test_everything_that_the_record_tells_counts(tmp_path, changed):
    assert numbered(HERE, tmp_path).serial == 1
    assert numbered(site_record(("192.0.2.1:2641",), **changed), tmp_path).serial == 2


def test_it_never_is_the_one_that_stands_for_none(tmp_path):
    last = msgspec.json.encode(Told(MOST, "of another record"))
    (tmp_path / FILE).write_bytes(last)
    assert numbered(HERE, tmp_path).serial == 1


def test_what_cannot_be_read_is_not_begun_anew(tmp_path):
    (tmp_path / FILE).write_bytes(b"{")
    with pytest.raises(NotDone, match=FILE):
        numbered(HERE, tmp_path)


def _numbered(directory):
    return numbered(HERE, directory).serial


def test_processes_that_begin_at_once_are_told_the_same(tmp_path):
    numbered(THERE, tmp_path)
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert set(pool.map(_numbered, [tmp_path] * 16)) == {2}
