import contextlib
import errno
import socket

import pytest

from edge.addresses import Address
from node.commands.settings import check
from node.listeners import (
    RECEIVE_BUFFER,
    CannotListen,
    as_text,
    bound,
    inherited,
    listen_handle,
    listen_tcp,
    listen_udp,
    listen_unix,
    receive_buffer,
)

ANY = Address("127.0.0.1", 0)
ANY6 = Address("::1", 0)


def test_handle_sockets_share_one_port():
    for address in (ANY, ANY6):
        pair = listen_handle(address)
        with pair.udp, pair.tcp:
            assert bound(pair.udp) == bound(pair.tcp)
            assert bound(pair.udp).port != 0


def test_what_is_granted_of_the_receive_buffer_is_what_a_listener_gets():
    with listen_udp(ANY) as opened:
        granted = opened.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2
    assert receive_buffer() == granted <= RECEIVE_BUFFER


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


@contextlib.contextmanager
def udp_taken():
    """Give a port whose UDP half is taken, and whose TCP half nobody but this test can take.

    Bound and not listening, with SO_REUSEADDR, as a listener binds: a listener that names the port
    may have it, and nobody who asks for a free port gets it.
    """
    while True:
        with socket.socket() as reserved:
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            reserved.bind(("127.0.0.1", 0))
            try:
                taken = listen_udp(bound(reserved))
            except CannotListen:
                continue
            with taken:
                yield bound(taken)
                return


def test_a_named_port_is_not_drawn_again():
    with udp_taken() as address:
        with pytest.raises(CannotListen, match=r"\(UDP\)"):
            listen_handle(address)
        listen_tcp(address).close()  # as it would have, had the UDP half been free


def both_families():
    """Draw a port of IPv6 until no other program has it on IPv4."""
    while True:
        six = listen_tcp(ANY6)
        try:
            return listen_tcp(Address("127.0.0.1", bound(six).port)), six
        except CannotListen as why:
            six.close()
            if why.errno != errno.EADDRINUSE:
                raise


def test_both_families_share_a_port():
    four, six = both_families()
    with four, six:
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


@pytest.mark.parametrize("granted", [212_992, RECEIVE_BUFFER])
def test_check_config_tells_when_the_system_grants_a_smaller_buffer(monkeypatch, capsys, granted):
    monkeypatch.setattr("node.commands.settings.receive_buffer", lambda: granted)
    check({})
    told = capsys.readouterr().out
    assert ("net.core.rmem_max" in told) == (granted < RECEIVE_BUFFER)
