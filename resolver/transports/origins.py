"""Where a Handle message came from, as the registry is told (`identifiers.relay.Origin`)."""

from ipaddress import ip_address

from edge.addresses import unmapped
from identifiers.relay import Channel, Origin
from resolver.clients import Client


def origin_of(
    channel: Channel,
    host: str,
    client: Client,
    connection: str = "",
    *,
    login_first: bool = False,
) -> Origin:
    """Return the origin of what came to a Handle listener; `host` as the socket gives it.

    Nothing hides what travels there: only what never left this machine was seen by nobody else.
    """
    address = unmapped(ip_address(host.partition("%")[0]))
    return Origin(
        channel=channel,
        address=address,
        trusted=client.trusted,
        secure=address.is_loopback,
        connection=connection,
        login_first=login_first,
    )
