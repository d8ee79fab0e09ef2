"""What to tell about settings: which are in force, and what can be used but is seldom meant."""

from typing import Final

from edge.addresses import LOOPBACK_AND_PRIVATE, Address
from node.config import SETTINGS, Settings
from node.readers import At, Embedded, Without, redacted

_NOTHING: Final = {"login_first": "off", "trusted_networks": "none", "request_rate": "off"}
"""What stands for an empty one where an empty text would be the default, or not as documented."""


def warnings(settings: Settings) -> list[str]:
    """Return what can be used but is seldom meant, in sentences that say what to do."""
    found = [
        f"{name} {address} can be reached from outside while private ranges are trusted: behind NAT"
        " or a load balancer everybody would be. Set IDNODE_TRUSTED_NETWORKS to your own networks."
        for name, addresses in (
            ("IDNODE_HANDLE_ADDR", settings.handle),
            ("IDNODE_HTTP_ADDR", settings.http),
            ("IDNODE_HTTPS_ADDR", settings.https),
        )
        for address in addresses
        if _public_bind(address) and settings.trusted_networks == LOOPBACK_AND_PRIVATE
    ]
    if not settings.public and all(a.ip.is_unspecified for a in settings.handle):
        found.append(
            "IDNODE_HANDLE_ADDR names no address that clients could be told:"
            " set IDNODE_PUBLIC_ADDR."
        )
    found += [
        f"IDNODE_OPS_ADDR {a} shows metrics to everybody: bind it to a private address."
        for a in settings.ops
        if _public_bind(a)
    ]
    if (settings.https or settings.registry_tls) and settings.tls_cert is None:
        found.append(
            "TLS is served with a certificate that the node signs itself: set IDNODE_TLS_CERT, or"
            " have clients trust what idnode certificate show prints."
        )
    if settings.upstream and not settings.recursion:
        found.append("IDNODE_RECURSION_UPSTREAM means nothing while IDNODE_RECURSION is off.")
    return found


def _public_bind(address: Address) -> bool:
    return address.ip.is_unspecified or address.ip not in LOOPBACK_AND_PRIVATE


def shown(settings: Settings) -> dict[str, str]:
    """Return every setting as it is in force, without secrets, and else so that it reads back."""
    return {
        s.name: _as_text(getattr(settings, s.field)) or _NOTHING.get(s.field, "") for s in SETTINGS
    }


def _as_text(value: object) -> str:  # noqa: PLR0911 -- one return for each kind
    match value:
        case Embedded():
            return ""
        case Without():
            return "none"
        case At(url=url):
            return redacted(url)
        case None:
            return ""
        case bool():
            return "on" if value else "off"
        case tuple():
            return ",".join(map(str, value))
        case _:
            return str(value)
