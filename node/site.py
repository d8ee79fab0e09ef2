"""What this node tells of itself: its HS_SITE record."""

from collections.abc import Sequence
from typing import Final

from edge.addresses import parse_address
from identifiers.wire.handle.site import Interface, Server, Site, Transport, Usage

SERIAL: Final = 1


def site_record(public: Sequence[str]) -> Site:
    """Return the record for the addresses at which clients reach the Handle listeners.

    The first one counts: a client picks the server of a site by the hash of the name, so two
    servers would split the names between two addresses of one node. Both protocols are offered for
    queries, TCP first; administration over the wire is not.
    """
    addresses = [address for text in public for address in parse_address(text)]
    servers = tuple(
        Server(
            id=1,
            address=address.ip,
            public_key=b"",
            interfaces=(
                Interface(Usage.QUERY, Transport.TCP, address.port),
                Interface(Usage.QUERY, Transport.UDP, address.port),
            ),
        )
        for address in addresses[:1]
    )
    return Site(serial=SERIAL, servers=servers)
