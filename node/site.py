"""What this node tells of itself: its HS_SITE record. Its serial is given by ``serials``."""

from collections.abc import Sequence
from typing import Final

from edge.addresses import Address, parse_address
from identifiers.wire.handle.site import Interface, Server, Site, Transport, Usage

SERIAL: Final = 1
_BOTH: Final = Usage.ADMIN | Usage.QUERY


def site_record(
    public: Sequence[str], *, key: bytes = b"", http: Sequence[str] = (), https: Sequence[str] = ()
) -> Site:
    """Return the record for the addresses at which clients reach the Handle listeners.

    The first one counts: a client picks the server of a site by the hash of the name, so two
    servers would split the names between two addresses of one node; and one Chinese SDK takes only
    records of one server whose first interface is TCP for everything. UDP is for queries:
    strangers are challenged over TCP only. `key` is the site's, as HS_PUBKEY data. `http` and
    `https` are where these listen; they are told if it is at the same address.
    """
    addresses = [address for text in public for address in parse_address(text)]
    servers = tuple(
        Server(
            id=1,
            address=address.ip,
            public_key=key,
            interfaces=(
                Interface(_BOTH, Transport.TCP, address.port),
                Interface(Usage.QUERY, Transport.UDP, address.port),
                *_interface(Transport.HTTP, address, http),
                *_interface(Transport.HTTPS, address, https),
            ),
        )
        for address in addresses[:1]
    )
    return Site(serial=SERIAL, servers=servers)


def _interface(
    transport: Transport, server: Address, listening: Sequence[str]
) -> tuple[Interface, ...]:
    """Return how a server is reached by another transport, if it is."""
    for text in listening:
        for address in parse_address(text):
            if address.ip == server.ip or (
                address.ip.is_unspecified and address.ip.version == server.ip.version
            ):
                return (Interface(_BOTH, transport, address.port),)
    return ()
