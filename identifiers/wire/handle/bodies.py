"""The typed bodies of messages: a closed union, one shape however many opcodes share it.

Handles, texts and type names are strict UTF-8. Which opcode carries which body stands in
``requests`` and ``responses``.
"""

from enum import IntEnum

import msgspec


class KeyExchange(IntEnum):
    """How a session's key is agreed (RFC 3652 section 3.8.1)."""

    CLIENT_RSA = 1
    SERVER_KEY = 2
    KEY_IN_HANDLE = 3
    DIFFIE_HELLMAN = 4


class Digest(msgspec.Struct, frozen=True):
    """The hash of a request's header and body; `algorithm` is a `DigestAlgorithm`."""

    algorithm: int
    value: bytes


class Raw(msgspec.Struct, frozen=True):
    """A body of unknown shape, kept as it is."""

    data: bytes


class Nothing(msgspec.Struct, frozen=True):
    """An empty body."""


class Asked(msgspec.Struct, frozen=True):
    """RESOLUTION request: a handle and two filters that form a union.

    The Chinese PASSWORD_LOGIN has the same form and the password as its first type. `extra` is
    what stands behind the filters: one SDK sends four zero bytes there.
    """

    handle: str
    indexes: tuple[int, ...] = ()
    types: tuple[str, ...] = ()
    extra: bytes = b""


class Named(msgspec.Struct, frozen=True):
    """Just a handle: DELETE, the lists, site information (``/``), homing, the minted handle."""

    handle: str


class Valued(msgspec.Struct, frozen=True):
    """A handle and a blob of values (`handle.values`): CREATE, ADD, MODIFY, found, referrals."""

    handle: str
    values: bytes


class Removal(msgspec.Struct, frozen=True):
    """REMOVE_VALUE request."""

    handle: str
    indexes: tuple[int, ...]


class Answer(msgspec.Struct, frozen=True):
    """CHALLENGE_RESPONSE request (RFC 3652 section 3.5.2)."""

    kind: str
    handle: str
    index: int
    signed: bytes


class Verification(msgspec.Struct, frozen=True):
    """VERIFY_RESPONSE request (RFC 3652 section 3.5.3)."""

    handle: str
    index: int
    nonce: bytes
    digest: Digest
    signed: bytes


class Identity(msgspec.Struct, frozen=True):
    """LOGIN_ID_SYSTEM request of the Chinese SDKs: whose key will answer the challenge."""

    handle: str
    index: int


class SessionSetup(msgspec.Struct, frozen=True, kw_only=True):
    """SESSION_SETUP request; `timeout` in seconds.

    `key` goes with CLIENT_RSA and DIFFIE_HELLMAN, the reference to a key value with KEY_IN_HANDLE.
    """

    mode: int
    timeout: int
    handle: str
    index: int
    key: bytes = b""
    key_handle: str = ""
    key_index: int = 0


class ExchangeKey(msgspec.Struct, frozen=True):
    """SESSION_EXCHANGE_KEY request."""

    encrypted: bytes


class RetrieveLog(msgspec.Struct, frozen=True, kw_only=True):
    """RETRIEVE_TXN_LOG request: where the mirror stands, by JSON state or by last transaction.

    With `state` (versions from 2.9) the two `last_` fields do not travel.
    """

    state: bytes | None = None
    last_id: int = 0
    last_date: int = 0
    hash_type: int
    servers: int
    server: int


class Dump(msgspec.Struct, frozen=True, kw_only=True):
    """DUMP_HANDLES request; `start` resumes behind a handle."""

    hash_type: int
    servers: int
    server: int
    start: bytes | None = None
    start_type: int = 0


class ErrorText(msgspec.Struct, frozen=True):
    """The text of an error response, of any encoding; often empty."""

    data: bytes

    @property
    def text(self) -> str:
        """The text for people, undecodable bytes replaced."""
        return self.data.decode(errors="replace")


class Challenge(msgspec.Struct, frozen=True):
    """The nonce of an AUTHENTICATION_NEEDED response; its digest is the packet's."""

    nonce: bytes


class SiteInfo(msgspec.Struct, frozen=True):
    """GET_SITE_INFO response: an HS_SITE record (`handle.data.decode_site`)."""

    record: bytes


class Handles(msgspec.Struct, frozen=True):
    """One message of a LIST_HANDLES or LIST_HOMED_NAS response."""

    handles: tuple[str, ...]


class Verified(msgspec.Struct, frozen=True):
    """VERIFY_RESPONSE response; bit 0 says yes."""

    flags: int

    @property
    def valid(self) -> bool:
        """Say whether the answer to the challenge was right."""
        return bool(self.flags & 1)


class SessionKey(msgspec.Struct, frozen=True):
    """SESSION_SETUP response: the server's half of the exchange."""

    mode: int
    data: bytes


class TransactionId(msgspec.Struct, frozen=True):
    """GET_NEXT_TXN_ID response."""

    number: int


class KeepAlive(msgspec.Struct, frozen=True):
    """RETRIEVE_TXN_LOG response; a stream follows the message."""

    flags: int


Request = (
    Asked
    | Named
    | Valued
    | Removal
    | Answer
    | Verification
    | Identity
    | SessionSetup
    | ExchangeKey
    | RetrieveLog
    | Dump
    | Raw
)
Response = (
    Nothing
    | Named
    | Valued
    | ErrorText
    | Challenge
    | SiteInfo
    | Handles
    | Verified
    | SessionKey
    | TransactionId
    | KeepAlive
    | Raw
)
Body = Request | Response
