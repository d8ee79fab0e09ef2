import pytest

from identifiers.elements import BadXml
from identifiers.locations import METHODS, Wish, choose, read_locations

EXAMPLE = b"""<locations>
 <location id="0" href="https://uk.example.com/" country="gb" weight="0" />
 <location id="1" href="https://www1.example.com/" weight="1" />
 <location id="2" href=" https://www2.example.com/ " weight="3" />
</locations>"""


def chosen(data=EXAMPLE, chance=0.0, **wish):
    place = choose(read_locations(data), Wish(**wish), chance)
    return None if place is None else place.attributes["id"]


def places(*attributes, chooseby=""):
    inner = "".join(
        f'<location id="{n}" href="https://{n}.example/" {more}/>'
        for n, more in enumerate(attributes)
    )
    return f"<locations {chooseby}>{inner}</locations>".encode()


@pytest.mark.parametrize(
    ("wish", "place"),
    [
        ({"attribute": ("id", "0")}, "0"),
        ({"attribute": ("id", "2")}, "2"),
        ({"attribute": ("country", "gb")}, "0"),
        ({"attribute": ("id", "9")}, "1"),
        ({"country": "GB"}, "0"),
        ({"country": "cn"}, "1"),
        ({}, "1"),
    ],
)
def test_the_example_of_the_handbook(wish, place):
    assert chosen(**wish) == place


def test_a_weight_is_a_share():
    assert [chosen(chance=at / 100) for at in (0, 24, 25, 99)] == ["1", "1", "2", "2"]
    assert chosen(chance=0.999999999) == "2"


def test_a_weight_of_nothing_is_for_who_asks():
    data = places('weight="0"', "")
    assert {chosen(data, at / 10) for at in range(10)} == {"1"}
    assert chosen(data, attribute=("id", "0")) == "0"
    nothing = places('weight="0"', 'weight="0"')
    assert {chosen(nothing, at) for at in (0.1, 0.9)} == {"0", "1"}


def test_what_is_no_weight_is_one():
    data = places('weight="x"', 'weight="nan"', 'weight="-3"')
    assert [place.weight for place in read_locations(data).locations] == [1.0, 1.0, 0.0]


def test_the_methods_are_applied_in_their_order():
    data = places('country="cn"', "", chooseby='chooseby="weighted,country"')
    assert chosen(data, 0.0) == "0"
    assert chosen(data, 0.6, country="cn") == "1"
    without = places('country="cn"', "", chooseby='chooseby="weighted"')
    assert chosen(without, 0.6, country="cn") == "1"
    assert chosen(without, 0.6, attribute=("id", "0")) == "1"
    assert chosen(places("", "", chooseby='chooseby="country"'), 0.6) == "1"
    assert read_locations(places("", chooseby='chooseby="magic"')).methods == METHODS


def test_a_method_that_leaves_nothing_is_passed_over():
    data = places('country="cn"', 'country="de"')
    assert chosen(data, 0.6, country="fr") == "1"


def test_rounding_leaves_nobody_out():
    data = places('weight="0.1"', 'weight="0.2"', 'weight="0"')
    assert chosen(data, 1.0) == "1"


def test_roles():
    data = places("", 'http_role="conneg"')
    assert chosen(data) == "0"
    assert chosen(data, negotiated=True) == "1"
    assert chosen(data, attribute=("id", "1")) == "1"
    assert chosen(places('http_role="conneg"')) == "0"


def test_no_locations():
    assert chosen(b"<locations/>") is None
    assert chosen(b'<locations><location id="1"/></locations>') is None


@pytest.mark.parametrize("data", [b"", b"<location/>", b"<!DOCTYPE a><locations/>"])
def test_what_is_none(data):
    with pytest.raises(BadXml):
        read_locations(data)


def test_a_location_may_have_a_template_instead_of_an_address():
    data = b"""<locations>
     <location id="0" href_template=" https://data.example/{hdl} " weight="0.5"/>
     <location id="1" href="https://a.example/{hdl}" href_template="https://b.example/{hdl}"/>
     <location id="2"/>
    </locations>"""
    found = read_locations(data).locations
    assert [(place.href, place.template, place.weight) for place in found] == [
        ("https://data.example/{hdl}", True, 0.5),
        ("https://a.example/{hdl}", False, 1.0),
    ]


@pytest.mark.parametrize(
    ("chooseby", "place"),
    [
        ('chooseby="country,locatt,weighted"', "2"),
        ('chooseby="locatt,country,weighted"', "1"),
        ('chooseby="weighted,locatt,country"', "0"),
        ('chooseby="other, locatt"', "1"),
        ('chooseby="other"', "1"),
        ("", "1"),
    ],
)
def test_methods_are_applied_in_the_order_of_the_record(chooseby, place):
    attributes = ('weight="9" country="de" a="y"', 'country="cn" a="x"', 'country="gb"')
    data = places(*attributes, chooseby=chooseby)
    assert chosen(data, attribute=("a", "x"), country="gb") == place
