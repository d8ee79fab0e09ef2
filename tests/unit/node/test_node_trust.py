"""The site record of the node above, and whether other nodes are asked for keys at all."""

import pytest

from identifiers.keys.public import STRICT
from identifiers.wire.handle.site import Site, encode_site
from node.config import load
from node.refusals import NotDone
from node.registrar import remote_keys
from node.site import site_record
from node.trust import read_roots, read_site
from registry.elsewhere import Elsewhere


@pytest.fixture
def file(tmp_path):
    def write(data):
        path = tmp_path / "site.bin"
        path.write_bytes(data)
        return path

    return write


def record(key=b"a key"):
    return encode_site(site_record(("192.0.2.7:2641",), key=key))


def test_a_site_record_is_read(file):
    (value,) = read_site(file(record()))
    assert (value.type, value.data) == ("HS_SITE", record())
    assert read_site(None) == ()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"{}", "binary form"),
        (record() + b"\0", "binary form"),
        (record(b""), "no public key"),
        (encode_site(Site(serial=1, servers=())), "no public key"),
    ],
)
def test_what_is_no_site_record(file, data, why):
    with pytest.raises(NotDone, match=why):
        read_site(file(data))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"-----BEGIN PUBLIC KEY-----", "must be a JSON object"),
        (b"\xff", "must be a JSON object"),
        (b"[]", "must be a JSON object"),
        (b" " * (1 << 20) + b"{}", "bytes"),
        (b'{"300:0.NA/88.300": 1}', "neither a JWK nor PEM"),
    ],
)
def test_what_is_no_list_of_trust_roots(file, data, why):
    with pytest.raises(NotDone, match=why) as refused:
        read_roots(file(data))
    assert "token" not in str(refused.value)


def test_a_site_record_that_is_not_there(tmp_path):
    with pytest.raises(NotDone, match="cannot be read"):
        read_site(tmp_path / "none")


def test_who_is_asked_is_the_operators_to_say(file):
    def made(**environ):
        return remote_keys(load(environ), STRICT)

    assert isinstance(made(), Elsewhere)
    assert made(IDNODE_REMOTE_KEYS="none") is None
    above = made(IDNODE_REMOTE_KEYS="none", IDNODE_UPSTREAM_SITE=str(file(record())))
    assert above.above[0].data == record()
