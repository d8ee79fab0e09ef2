"""A table of countries says what looking through all its lines would say."""

from ipaddress import IPv4Address, IPv6Address

from hypothesis import given
from hypothesis import strategies as st

from resolver.countries import Countries

_CODES = st.sampled_from(["CN", "DE", "SG"])


@given(
    st.sampled_from([IPv4Address, IPv6Address]),
    st.lists(st.integers(0, 255), unique=True, max_size=12).map(sorted),
    st.lists(_CODES, min_size=6, max_size=6),
    st.lists(st.integers(0, 255), max_size=20),
    st.randoms(use_true_random=False),
)
def test_bisection_finds_what_looking_through_finds(kind, edges, codes, asked, order):
    base = int(kind("192.0.2.0" if kind is IPv4Address else "2001:db8::"))
    ranges = list(zip(edges[::2], edges[1::2], codes, strict=False))
    lines = [f"{kind(base + low)},{kind(base + high)},{code}" for low, high, code in ranges]
    order.shuffle(lines)
    table = Countries(lines)
    assert len(table) == len(ranges)
    for number in (*asked, *edges):
        expected = next((code for low, high, code in ranges if low <= number <= high), "")
        assert table.of(kind(base + number)) == expected
