"""Whatever is registered or appended: a browser goes to a web address, of the host registered."""

from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st

from identifiers.values import Value
from resolver.redirects import Refused, Target, Wanted, address_of, decide

_PIECES = st.sampled_from(
    [
        *("http://", "https://", "HTTPS:", "//", "/", "\\", "@", ":", "?", "#", "%", ".", "99999"),
        *("a.example", "[::1]", "evil.example", "煤", " ", "\r\n", "\t", "\0", "'", '"'),
        *("javascript:", "data:"),
    ]
)
_TEXTS = st.lists(_PIECES, max_size=8).map("".join) | st.text(max_size=30)


@given(_TEXTS)
def test_an_address_is_one_of_the_web_and_printable(text):
    address = address_of(text)
    if address is None:
        return
    assert address.isascii()
    assert address.isprintable()
    assert not set(address) & set(' "<>\\^`{|}')
    parts = urlsplit(address)
    assert parts.scheme in {"http", "https"}
    assert parts.hostname
    assert address_of(address) == address


@given(_TEXTS, _TEXTS)
def test_what_is_appended_changes_no_host(url, more):
    value = Value(index=1, type="URL", data=url.encode())
    plain = decide([value], Wanted(), 0.0)
    longer = decide([value], Wanted(append=more), 0.0)
    if not isinstance(plain, Target):
        assert longer is None
        return
    if isinstance(longer, Refused):
        assert more
        return
    before, after = urlsplit(plain.address), urlsplit(longer.address)
    assert (before.scheme, before.netloc) == (after.scheme, after.netloc)
