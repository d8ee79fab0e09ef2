import errno
import socket

import pytest

from edge.addresses import Address
from node.listeners import (
    CannotListen,
    as_text,
    bound,
    inherited,
    listen_handle,
    listen_tcp,
    listen_udp,
    listen_unix,
)

ANY = Address("127.0.0.1", 0)
ANY6 = Address("::1", 0)


def test_handle_sockets_share_one_port():
    for address in (ANY, ANY6):
        pair = listen_handle(address)
        with pair.udp, pair.tcp:
            assert bound(pair.udp) == bound(pair.tcp)
            assert bound(pair.udp).port != 0


def test_a_free_port_is_drawn_again_while_its_other_half_is_taken(monkeypatch):
    drawn = []
    real = listen_udp

    def first_two_taken(address):
        drawn.append(address.port)
        if len(drawn) <= 2:
            raise CannotListen(errno.EADDRINUSE, "taken")
        return real(address)

    monkeypatch.setattr("node.listeners.listen_udp", first_two_taken)
    pair = listen_handle(ANY)
    with pair.udp, pair.tcp:
        assert len(drawn) == 3


def test_a_named_port_is_not_drawn_again():
    with listen_udp(ANY) as taken, pytest.raises(CannotListen, match=r"\(UDP\)"):
        listen_handle(bound(taken))


def test_both_families_share_a_port():
    with listen_tcp(ANY6) as six, listen_tcp(Address("127.0.0.1", bound(six).port)) as four:
        assert as_text([four, six]) == f"127.0.0.1:{bound(six).port},[::1]:{bound(six).port}"


@pytest.mark.parametrize(
    ("address", "advice"),
    [
        (Address("192.0.2.1", 5000), "no such address"),
        (Address("2001:db8::1", 5000), "no such address"),
    ],
)
def test_what_cannot_be_listened_on_says_why(address, advice):
    with pytest.raises(CannotListen, match=advice):
        listen_tcp(address)


def test_a_port_in_use_is_named_with_what_to_do():
    with listen_tcp(ANY) as taken, pytest.raises(CannotListen, match="stop it or choose another"):
        listen_tcp(bound(taken))


def test_a_unix_socket_replaces_a_left_over_one_and_is_private(tmp_path):
    path = tmp_path / "x.sock"
    listen_unix(path).close()
    with listen_unix(path) as listener:
        assert path.stat().st_mode & 0o777 == 0o600
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            copy = inherited(listener.detach())
            with copy, copy.accept()[0]:
                pass
