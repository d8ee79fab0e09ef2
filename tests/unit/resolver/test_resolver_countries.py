"""The table of addresses and countries."""

from ipaddress import ip_address

import pytest

from resolver.countries import NOWHERE, BadTable, Countries

TABLE = """# first, last, country
192.0.2.0,192.0.2.127,cn
"192.0.2.128","192.0.2.255","SG","further","columns"

198.51.100.0/24,DE
2001:db8::,2001:db8:0:ffff:ffff:ffff:ffff:ffff,FR
2001:db9::/32, JP
0.0.0.0/32,US
255.255.255.255,255.255.255.255,AU
""".splitlines()


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("192.0.2.0", "CN"),
        ("192.0.2.127", "CN"),
        ("192.0.2.128", "SG"),
        ("192.0.3.0", ""),
        ("192.0.1.255", ""),
        ("198.51.100.77", "DE"),
        ("2001:db8::1", "FR"),
        ("2001:db8:1::", ""),
        ("2001:db9:ffff::1", "JP"),
        ("::1", ""),
        ("0.0.0.0", "US"),  # noqa: S104 -- looked up, not listened on
        ("255.255.255.255", "AU"),
    ],
)
def test_an_address_is_in_a_country(address, country):
    assert Countries(TABLE).of(ip_address(address)) == country


def test_without_a_table_no_country_is_known():
    assert NOWHERE.of(ip_address("192.0.2.1")) == NOWHERE.of(ip_address("::1")) == ""
    assert (len(NOWHERE), len(Countries(TABLE))) == (0, 7)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("192.0.2.0", "line 2: first and last"),
        ("192.0.2.0,192.0.2.1", "line 2: first and last"),
        ("192.0.2.0/24", "line 2: first and last"),
        ("192.0.2.0,192.0.2.1,CHN", "no country"),
        ("192.0.2.0,192.0.2.1,中国", "no country"),
        ("192.0.2.0,192.0.2.1,1A", "no country"),
        ("192.0.2.9,192.0.2.1,CN", "comes before"),
        ("192.0.2.0,::1,CN", "comes before"),
        ("192.0.2.1/24,CN", "no range"),
        ("300.0.2.0,300.0.2.1,CN", "no range"),
        ("a.example,b.example,CN", "no range"),
        ("192.0.2.0\0,192.0.2.1,CN", "no range"),
        ("203.0.113.200,203.0.113.255,CN", "overlaps line 1"),
        ("203.0.113.0/26,CN", "overlaps line 2"),
    ],
)
def test_what_is_no_table(line, why):
    with pytest.raises(BadTable, match=why):
        Countries(["203.0.113.0,203.0.113.200,US", line])


def test_many_ranges_take_little_room():
    rows = [f"10.{n >> 8}.{n & 255}.0/24,{'CN' if n % 2 else 'DE'}" for n in range(65536)]
    table = Countries(rows)
    assert table.of(ip_address("10.1.2.3")) == "DE"
    assert table.of(ip_address("10.255.255.255")) == "CN"
