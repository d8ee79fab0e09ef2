"""Records as values of the shared tier: versioned, dated by their lease, sealed.

``V<version:16><grant:16><mac:16 octets><record>``, numbers in decimal so that scripts compare
them; the record is an array in msgpack, without the handle, which is the key. The seal is keyed
BLAKE2b over the handle and everything else: what another program wrote, what was moved from another
key and what lost a bit is a miss, never an answer.
"""

from collections.abc import Sequence
from hashlib import blake2b
from hmac import compare_digest
from typing import Final

import msgspec

from identifiers.records import Record, State

KEY_BYTES: Final = 32
_MAC_BYTES: Final = 16
DIGITS: Final = 16
_HEAD: Final = 1 + 2 * DIGITS
_PERSON: Final = b"idnode-cache-1"
_LARGEST: Final = 10**DIGITS - 1


class _Stored(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A record but for its key. `name` None: it is the key."""

    name: str | None
    version: int
    state: State
    values: bytes
    changed_at: int
    reason: str
    template: str | None


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_Stored).decode


def number(value: int) -> str:
    """Return a version or grant as scripts read it. Raises `ValueError` for one of 17 digits."""
    if not 0 <= value <= _LARGEST:
        raise ValueError(f"{value} does not fit in {DIGITS} digits")
    return f"{value:0{DIGITS}d}"


def grant_of(token: str) -> int:
    """Return the grant that a lease's token begins with; 0 for the empty token."""
    return int(token.partition("-")[0] or 0)


def seal(record: Record, grant: int, mac_key: bytes) -> bytes:
    """Return the value that holds `record`, read under the lease of `grant`."""
    head = f"V{number(record.version)}{number(grant)}".encode()
    body = _encode(
        _Stored(
            None if record.name == record.key else record.name,
            record.version,
            record.state,
            record.values,
            record.changed_at,
            record.reason,
            record.template,
        )
    )
    return head + _mac(record.key, (head, body), mac_key) + body


def unseal(key: str, value: bytes, mac_key: bytes) -> Record | None:
    """Return the record in a value found at `key`, or None: not ours, or not for this key."""
    head, mac, body = value[:_HEAD], value[_HEAD : _HEAD + _MAC_BYTES], value[_HEAD + _MAC_BYTES :]
    if not compare_digest(mac, _mac(key, (head, body), mac_key)):
        return None
    stored = _decode(body)
    return Record(
        key=key,
        name=stored.name or key,
        version=stored.version,
        state=stored.state,
        values=stored.values,
        changed_at=stored.changed_at,
        reason=stored.reason,
        template=stored.template,
    )


def _mac(key: str, parts: Sequence[bytes], mac_key: bytes) -> bytes:
    # 0xFF is in no handle's UTF-8: nothing slides from part to part.
    sealed = b"\xff".join((key.encode(), *parts))
    return blake2b(sealed, digest_size=_MAC_BYTES, key=mac_key, person=_PERSON).digest()
