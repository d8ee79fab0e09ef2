"""Webhooks: whom an enterprise has told of changes, how often that is tried, how signed. Pure."""

import hmac
import re
from collections.abc import Sequence
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from identifiers.faults import Fault
from identifiers.feeds import Place

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
PORTS: Final = frozenset({443, 8443})
"""Ports that are asked; others are no web server's that expects us."""
MAX_URL: Final = 2048
MAX_WEBHOOKS: Final = 20
"""Of one enterprise."""
MAX_OLDER: Final = 4
"""Secrets of a webhook that were replaced and still sign."""
FIRST_RETRY: Final = 5_000
LONGEST_RETRY: Final = 3_600_000
PARK_AFTER: Final = 24 * 3_600_000
"""All in milliseconds. What has failed for so long is parked until somebody resumes it."""
_NAT64: Final = IPv6Network("64:ff9b::/96")


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """A target that is told of changes, as far as it was told.

    `sealed` is what signs (`Secrets`). Times are epoch milliseconds. `failing_since` 0: the last
    attempt succeeded. `next_at`: not before.
    """

    enterprise: int
    name: str
    url: str
    sealed: bytes
    place: Place
    next_at: int
    created_at: int
    parked: bool = False
    attempts: int = 0
    failing_since: int = 0


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt. `status` 0: there was no answer, and `error` says why.

    The same changes that are told again have the same number.
    """

    number: UUID
    at: int
    attempt: int
    changes: int
    status: int
    error: str
    milliseconds: int

    @property
    def succeeded(self) -> bool:
        """Say whether the target took it."""
        return self.status // 100 == 2  # noqa: PLR2004 -- a class of statuses, RFC 9110 section 15


def settled(hook: Webhook, place: Place, delivery: Delivery) -> Webhook:
    """Return a webhook after an attempt to tell it of what is up to `place`."""
    if delivery.succeeded:
        return msgspec.structs.replace(
            hook, place=place, attempts=0, failing_since=0, next_at=delivery.at
        )
    attempts = hook.attempts + 1
    since = hook.failing_since or delivery.at
    pause = min(FIRST_RETRY * 2 ** min(attempts - 1, 20), LONGEST_RETRY)
    return msgspec.structs.replace(
        hook,
        attempts=attempts,
        failing_since=since,
        next_at=delivery.at + pause,
        parked=delivery.at - since >= PARK_AFTER,
    )


def resumed(hook: Webhook, now: int) -> Webhook:
    """Return a webhook that is tried anew, whatever it was."""
    return msgspec.structs.replace(hook, parked=False, attempts=0, failing_since=0, next_at=now)


def delivery_number(hook: Webhook, first: Place, last: Place) -> UUID:
    """Return the number of telling a webhook of some changes (UUIDv8, RFC 9562 section 5.8)."""
    told = f"{hook.enterprise}/{hook.name}/{hook.created_at}/{first}/{last}"
    made = bytearray(sha256(told.encode()).digest()[:16])
    made[6] = made[6] & 0x0F | 0x80
    made[8] = made[8] & 0x3F | 0x80
    return UUID(bytes=bytes(made))


class Older(msgspec.Struct, frozen=True):
    """A secret that was replaced and signs beside the new one until an epoch millisecond."""

    secret: str
    until: int


class Secrets(msgspec.Struct, frozen=True):
    """What signs for a webhook: the newest secret, and those before it for a while.

    Written ``NEWEST OLDER@UNTIL …``, the newer first; a secret is letters of base64.
    """

    newest: str
    older: tuple[Older, ...] = ()

    @classmethod
    def read(cls, text: str) -> "Secrets":
        """Read what `str` writes."""
        newest, *older = text.split(" ")
        pairs = (one.split("@") for one in older)
        return cls(newest, tuple(Older(secret, int(until)) for secret, until in pairs))

    def __str__(self) -> str:
        return " ".join([self.newest, *(f"{one.secret}@{one.until}" for one in self.older)])

    def __repr__(self) -> str:
        return f"Secrets(<secret>, older={len(self.older)})"

    def replaced(self, fresh: str, until: int, now: int) -> "Secrets | None":
        """Return these with a new one; none before it signs beyond `until`.

        Several may: whoever lost the answer asks again, and his receiver still knows the first.
        None: more than `MAX_OLDER` would, and which of them the receiver knows, nobody can tell.
        Epoch milliseconds.
        """
        before = (Older(self.newest, until), *self.older)
        kept = tuple(
            Older(one.secret, min(one.until, until))
            for one in before
            if now < min(one.until, until)
        )
        return Secrets(fresh, kept) if len(kept) <= MAX_OLDER else None

    def in_force(self, now: int) -> tuple[str, ...]:
        """Return the secrets that sign at an epoch millisecond, the newest first."""
        return (self.newest, *(one.secret for one in self.older if now < one.until))


def signature(secrets: Sequence[str], at: int, body: bytes) -> str:
    """Return the header that signs a body: HMAC-SHA256 over ``<epoch second>.<body>``.

    One signature by each secret, the newest first.
    """
    seconds = at // 1000
    said = f"{seconds}.".encode() + body
    signed = (hmac.digest(secret.encode(), said, "sha256").hex() for secret in secrets)
    return ",".join([f"t={seconds}", *(f"v1={digest}" for digest in signed)])


def url_faults(url: str, *, loopback: bool) -> list[Fault]:
    """Return what is wrong with a target: only https on usual ports of public hosts is told.

    `loopback`: http to this machine is taken too, on any port; for tests.
    """
    if len(url) > MAX_URL:
        return [Fault("too_long", "", {"size": len(url), "unit": "characters", "limit": MAX_URL})]
    code = _target_fault(url, loopback=loopback)
    return [Fault(code)] if code else []


def _target_fault(url: str, *, loopback: bool) -> str:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "webhook.url"
    plain = url.isascii() and url.isprintable() and " " not in url
    whole = plain and host and not parts.fragment and parts.username is None
    literal = literal_address(host)
    if whole and loopback and literal is not None and literal.is_loopback:
        return "" if parts.scheme in {"http", "https"} else "webhook.url"
    if not whole or parts.scheme != "https" or (port or 443) not in PORTS:
        return "webhook.url"
    return "webhook.address" if literal is not None and not is_public(literal) else ""


def literal_address(host: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a host is written as; None: it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Say whether an address is on the public internet, whatever it is wrapped in."""
    if isinstance(address, IPv6Address):
        wrapped = address.ipv4_mapped or address.sixtofour
        if wrapped is None and address in _NAT64:
            wrapped = IPv4Address(int(address) & 0xFFFF_FFFF)
        if wrapped is not None:
            return is_public(wrapped)
        if address.teredo is not None or address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved
