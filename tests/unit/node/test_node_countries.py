"""The file with the table of countries."""

from ipaddress import ip_address

import pytest

from node.countries import read_countries
from node.refusals import NotDone


def test_a_file_is_read(tmp_path):
    file = tmp_path / "countries.csv"
    file.write_bytes(b"\xef\xbb\xbf192.0.2.0,192.0.2.255,CN\r\n# \xff\r\n")
    assert read_countries(file).of(ip_address("192.0.2.9")) == "CN"
    assert len(read_countries(None)) == 0


def test_what_cannot_be_used_is_told(tmp_path):
    with pytest.raises(NotDone, match="cannot be read"):
        read_countries(tmp_path / "none")
    file = tmp_path / "countries.csv"
    file.write_text("192.0.2.0,192.0.2.255,CHINA\n")
    with pytest.raises(NotDone, match="line 1: 'CHINA' is no country"):
        read_countries(file)
