"""Where the redirecting form goes, and where it never goes."""

import pytest

from identifiers.locations import Wish
from identifiers.values import Value
from resolver.redirects import Alias, Refused, Target, Wanted, address_of, decide


def value(kind, data, index=1):
    return Value(index=index, type=kind, data=data if isinstance(data, bytes) else data.encode())


FIRST = value("url", "https://example.org/a")
SECOND = value("URL", "https://example.org/b", 2)
ALIAS = value("HS_ALIAS", "88.300.1/other", 3)
LOC = value(
    "10320/loc",
    '<locations><location id="a" href="https://a.example/"/>'
    '<location id="b" href="https://b.example/" country="cn"/>'
    '<location id="c" href="javascript:alert(1)"/></locations>',
    4,
)


def go(*values, chance=0.0, **wanted):
    return decide(values, Wanted(**wanted), chance)


def test_the_first_url_counts():
    assert go(value("EMAIL", "a@b"), FIRST, SECOND) == Target("https://example.org/a", FIRST)


def test_an_alias_comes_first_unless_it_is_to_be_ignored():
    assert go(FIRST, ALIAS) == Alias("88.300.1/other", ALIAS)
    assert go(FIRST, ALIAS, ignore_aliases=True) == Target("https://example.org/a", FIRST)
    assert go(value("HS_ALIAS", b"\xff"), FIRST) == Target("https://example.org/a", FIRST)


def test_locations_come_before_urls():
    assert go(FIRST, LOC) == Target("https://a.example/", LOC, personal=True)
    wish = Wish(country="cn")
    assert go(FIRST, LOC, wish=wish) == Target("https://b.example/", LOC, personal=True)


def test_a_location_that_is_no_web_address_is_not_there():
    script = Wish(attribute=("id", "c"))
    assert go(LOC, wish=script) == Target("https://a.example/", LOC, personal=True)
    only = value("10320/LOC", '<locations><location href="ftp://a.example/"/></locations>')
    assert go(only, FIRST) == Target("https://example.org/a", FIRST)
    assert go(value("10320/loc", "<oops"), FIRST) == Target("https://example.org/a", FIRST)


def test_nowhere_to_go():
    assert go() is None
    assert go(value("EMAIL", "a@b")) is None
    assert go(value("URL", b"\xff"), value("URL", "javascript:alert(1)")) is None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" http://example.org ", "http://example.org"),
        ("HTTPS://example.org/煤?q=二#f", "HTTPS://example.org/%E7%85%A4?q=%E4%BA%8C#f"),
        ("https://example.org/a%20b c", "https://example.org/a%20b%20c"),
        ("https://[2001:db8::1]:8443/x", "https://[2001:db8::1]:8443/x"),
        ("https://煤炭.example:8443/二?q", "https://xn--rpx3o.example:8443/%E4%BA%8C?q"),
        ('https://example.org/"<>\\', "https://example.org/%22%3C%3E%5C"),
    ],
)
def test_addresses_are_written_in_ascii(text, address):
    assert address_of(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.org",
        "//example.org/x",
        "javascript:alert(1)",
        "data:text/html,x",
        "mailto:a@example.org",
        "ftp://example.org/",
        "https:///path",
        "https://[::1/x",
        "https://example.org:99999/",
        "https://example.org\r\nSet-Cookie: a=b",
        "https://example.org/\x7f",
        "https://good.example\\@evil.example/",
        "https://example.org/" + "x" * 8192,
        "https://a@煤.example/",
        "https://" + "煤" * 64 + ".example/",
        "https://煤..example/",
    ],
)
def test_what_is_no_address_to_go_to(text):
    assert address_of(text) is None


@pytest.mark.parametrize(
    ("url", "more", "address"),
    [
        ("https://example.org/a", "?x=1", "https://example.org/a?x=1"),
        ("https://example.org/a", "/../b 二", "https://example.org/a/../b%20%E4%BA%8C"),
        ("https://example.org", "/x", "https://example.org/x"),
        ("https://example.org", "?x", "https://example.org?x"),
        ("https://example.org/a", "@evil.example/", "https://example.org/a@evil.example/"),
        ("https://example.org/a", "//evil.example/", "https://example.org/a//evil.example/"),
    ],
)
def test_what_is_appended(url, more, address):
    registered = value("URL", url)
    assert go(registered, append=more) == Target(address, registered)


@pytest.mark.parametrize(
    "more",
    [".evil.example", "@evil.example", ":81/", ":x", "\\@evil.example", "\r\nX: y", "x" * 9000],
)
def test_what_is_appended_leads_to_no_other_host(more):
    assert go(value("URL", "https://example.org"), append=more) == Refused()


def test_appending_to_nothing_goes_nowhere():
    assert go(append="/x") is None


def test_a_host_that_is_not_ascii_is_written_without_its_port():
    assert address_of("http://煤炭.example:8080/a") == "http://xn--rpx3o.example:8080/a"
    assert address_of("http://煤炭.example:/a") == "http://xn--rpx3o.example/a"
    assert address_of("http://煤http://") == "http://xn--http-u71j//"
    assert address_of("http://煤@evil.example/") is None


@pytest.mark.parametrize(
    ("template", "name", "address"),
    [
        ("https://data.example/{hdl}", "88.300.1/A", "https://data.example/88.300.1/A"),
        ("https://data.example/?h={hdl}&x={hdl}", "1/a", "https://data.example/?h=1/a&x=1/a"),
        ("https://data.example/{hdl}#{other}", "1/a", "https://data.example/1/a#%7Bother%7D"),
        (
            "https://data.example/{hdl}",
            "1/煤 ?#&%",
            "https://data.example/1/%E7%85%A4%20%3F%23&%25",
        ),
        ("https://data.example/fixed", "1/a", "https://data.example/fixed"),
        ("https://{hdl}", "evil.example/a", None),
        ("https://{hdl}.data.example/", "1/a", None),
        ("https://data.example{hdl}", "88.300/a", None),
        ("https://data.example:{hdl}", "80/a", None),
        ("{hdl}://data.example/", "http/a", None),
        ("https:{hdl}", "//evil.example/a", None),
    ],
)
def test_a_template_is_filled_with_the_name(template, name, address):
    written = template.replace("&", "&amp;")
    data = f'<locations><location href_template="{written}"/></locations>'
    places = value("10320/loc", data)
    target = go(places, handle=name)
    assert target == (None if address is None else Target(address, places))
