"""Records as values of the shared tier: versioned, dated by their lease, sealed.

``V<version:16><grant:16><record><mac:16 octets>``, numbers in decimal so that scripts compare
them; the record is an array in msgpack, without the handle, which is the key. The seal is keyed
BLAKE2b over the handle and everything before it: what another program wrote, what was moved from
another key and what lost a bit is a miss, never an answer.
"""

from functools import lru_cache
from hashlib import blake2b
from hmac import compare_digest
from typing import Final

import msgspec

from identifiers.records import PublicRecord, Record, State

KEY_BYTES: Final = 32
_MAC_BYTES: Final = 16
DIGITS: Final = 16
_HEAD: Final = 1 + 2 * DIGITS
_PERSON: Final = b"idnode-cache-1"
_LARGEST: Final = 10**DIGITS - 1


class _Stored(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A record but for its key. `name` None: it is the key. `public`: it is a `PublicRecord`."""

    name: str | None
    version: int
    state: State
    values: bytes
    changed_at: int
    reason: str
    template: str | None
    public: bool


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_Stored).decode


@lru_cache(maxsize=1024)  # nearly all records have low versions, and all of a look one grant
def number(value: int) -> str:
    """Return a version or grant as scripts read it. Raises `ValueError` for one of 17 digits."""
    if not 0 <= value <= _LARGEST:
        raise ValueError(f"{value} does not fit in {DIGITS} digits")
    return f"{value:016d}"


def grant_of(token: str) -> int:
    """Return the grant that a lease's token begins with; 0 for the empty token."""
    return int(token.partition("-")[0] or 0)


class Seals:
    """Seals with one secret key of `KEY_BYTES` octets. Raises `ValueError` for another length."""

    def __init__(self, mac_key: bytes) -> None:
        if len(mac_key) != KEY_BYTES:
            raise ValueError(f"the key of the seals has {len(mac_key)} octets, not {KEY_BYTES}")
        # To be copied: that takes less than to begin anew with the key.
        self._begun = blake2b(digest_size=_MAC_BYTES, key=mac_key, person=_PERSON)

    def seal(self, record: Record, grant: int) -> bytes:
        """Return the value that holds `record`, read under the lease of `grant`."""
        body = _encode(
            _Stored(
                None if record.name == record.key else record.name,
                record.version,
                record.state,
                record.values,
                record.changed_at,
                record.reason,
                record.template,
                isinstance(record, PublicRecord),
            )
        )
        sealed = f"V{number(record.version)}{number(grant)}".encode() + body
        return sealed + self._mac(record.key, sealed)

    def unseal(self, key: str, value: bytes) -> Record | None:
        """Return the record in a value found at `key`, or None: not ours, or not for this key."""
        sealed = value[:-_MAC_BYTES]
        if not compare_digest(value[-_MAC_BYTES:], self._mac(key, sealed)):
            return None
        stored = _decode(sealed[_HEAD:])
        kind = PublicRecord if stored.public else Record
        return kind(
            key=key,
            name=stored.name or key,
            version=stored.version,
            state=stored.state,
            values=stored.values,
            changed_at=stored.changed_at,
            reason=stored.reason,
            template=stored.template,
        )

    def _mac(self, key: str, sealed: bytes) -> bytes:
        mac = self._begun.copy()
        # 0xFF is in no handle's UTF-8: nothing slides from one to the other.
        mac.update(key.encode() + b"\xff" + sealed)
        return mac.digest()
