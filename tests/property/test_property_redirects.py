"""Whatever is registered or appended: a browser goes to a web address, of the host registered."""

from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr

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


_NAMES = st.lists(_PIECES | st.just("{hdl}"), max_size=6).map("".join) | st.text(max_size=20)


@given(st.lists(_PIECES | st.just("{hdl}"), max_size=6).map("".join), _NAMES)
def test_a_name_in_a_template_changes_no_host(template, name):
    """Whoever asks chooses the name, where names are computed from a base."""
    data = f"<locations><location href_template={quoteattr(template)}/></locations>"
    value = Value(index=1, type="10320/LOC", data=data.encode("utf-8", "replace"))
    target = decide([value], Wanted(handle=f"88.300.1/{name}"), 0.0)
    if target is None:
        return
    assert isinstance(target, Target)
    assert address_of(target.address) == target.address
    before = urlsplit(address_of(template.strip().replace("{hdl}", "")) or "")
    after = urlsplit(target.address)
    assert (after.scheme, after.netloc) == (before.scheme, before.netloc)
