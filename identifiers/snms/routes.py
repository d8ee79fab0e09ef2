"""Where the names of a prefix are answered: the body of ``ent/config``."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

import msgspec

from identifiers.faults import Fault, Faults, Invalid
from identifiers.names import Prefix
from identifiers.snms.lenient import members
from identifiers.wire.members import Members

_HIGHEST: Final = 0xFFFF
_VERSIONS: Final = (4, 6)
_PORTS: Final = ("tcpPort", "udpPort", "httpPort")


class Hosted(msgspec.Struct, frozen=True):
    """This node keeps the identifiers of the prefix."""

    prefix: Prefix


class Routed(msgspec.Struct, frozen=True, kw_only=True):
    """The enterprise's own node answers; a port that is 0 is not served."""

    prefix: Prefix
    address: IPv4Address | IPv6Address
    tcp: int
    udp: int
    http: int


def read_configuration(found: object) -> Hosted | Routed:
    """Read the body. Raises `Invalid` with every fault."""
    faults = Faults()
    sent = members(found, "", faults)
    configured = sent and members(sent.any("entPrefixConfig"), "/entPrefixConfig", faults)
    if not sent or not configured:
        raise Invalid(faults)
    prefix = _prefix(configured)
    if sent.get("proxyServerId") not in (None, ""):
        if faults or prefix is None:
            raise Invalid(faults)
        return Hosted(prefix)
    configured.one_of("hdlType", ("HS_SITE",), "HS_SITE")
    address = _address(configured)
    tcp, udp, http = (
        configured.lenient_integer(name, 1, _HIGHEST)
        if configured.get(name) not in (None, "", 0, "0")
        else 0
        for name in _PORTS
    )
    if not (tcp or udp or http):
        faults.append(Fault("required", configured.place(" / ".join(_PORTS))))
    if faults or prefix is None or address is None:
        raise Invalid(faults)
    return Routed(prefix=prefix, address=address, tcp=tcp, udp=udp, http=http)


def _prefix(configured: Members) -> Prefix | None:
    text = configured.text("entPrefix")
    if not text:
        return None
    try:
        return Prefix.parse(text)
    except Invalid as invalid:
        place = configured.place("entPrefix")
        configured.faults.extend(fault.below(place) for fault in invalid.faults)
        return None


def _address(configured: Members) -> IPv4Address | IPv6Address | None:
    text = configured.text("ip")
    version = configured.lenient_integer("ipType", *_VERSIONS)
    if not text:
        return None
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        configured.note("ip", "snms.address", version=version)
        return None
    if address.version != version:
        configured.note("ip", "snms.address", version=version)
    return address
