"""The numbers of the Handle protocol.

RFC 3652 where a section is named; *HDL* marks what the reference implementation added since, *CN*
the dialect of the Chinese SDKs. Numbers that are in no table here survive a round trip: messages
carry plain integers, and these enumerations only name them.
"""

from enum import IntEnum, IntFlag
from typing import Final


class OpCode(IntEnum):
    """What a message is about (RFC 3652 section 2.2.2.1)."""

    RESERVED = 0
    RESOLUTION = 1  # section 3.2
    GET_SITE_INFO = 2  # section 3.1
    CREATE_HANDLE = 100  # section 3.6.4
    DELETE_HANDLE = 101  # section 3.6.5
    ADD_VALUE = 102  # section 3.6.1
    REMOVE_VALUE = 103  # section 3.6.2
    MODIFY_VALUE = 104  # section 3.6.3
    LIST_HANDLES = 105  # section 3.7.1
    CHALLENGE_RESPONSE = 200  # section 3.5.2
    VERIFY_RESPONSE = 201  # section 3.5.3
    HOME_NA = 300
    UNHOME_NA = 301
    LIST_HOMED_NAS = 302  # section 3.7.2
    SESSION_SETUP = 400  # section 3.8.1
    SESSION_TERMINATE = 401  # section 3.8.4
    SESSION_EXCHANGE_KEY = 402  # section 3.8.3
    META_CREATE = 606  # CN
    META_REMOVE = 607  # CN
    META_MODIFY = 608  # CN
    META_QUERY = 609  # CN
    GET_NEXT_TXN_ID = 1000  # HDL
    RETRIEVE_TXN_LOG = 1001  # HDL; CN: incremental update
    DUMP_HANDLES = 1002  # HDL; CN: full update
    BACKUP_SERVER = 1003  # HDL
    UPDATE_NOTIFY = 1004  # CN
    PASSWORD_LOGIN = 2000  # CN
    LOGIN_ID_SYSTEM = 2001  # CN


class ResponseCode(IntEnum):
    """How a request ended (RFC 3652 section 2.2.2.2)."""

    REQUEST = 0
    """Not a response at all."""
    SUCCESS = 1
    ERROR = 2
    SERVER_BUSY = 3
    PROTOCOL_ERROR = 4
    OPERATION_NOT_SUPPORTED = 5
    RECURSION_COUNT_TOO_HIGH = 6
    SERVER_BACKUP = 7  # HDL
    HANDLE_NOT_FOUND = 100
    HANDLE_ALREADY_EXISTS = 101
    INVALID_HANDLE = 102
    VALUES_NOT_FOUND = 200
    VALUE_ALREADY_EXISTS = 201
    INVALID_VALUE = 202
    OUT_OF_DATE_SITE_INFO = 300
    SERVER_NOT_RESPONSIBLE = 301
    SERVICE_REFERRAL = 302
    PREFIX_REFERRAL = 303
    INVALID_ADMIN = 400
    INSUFFICIENT_PERMISSIONS = 401
    AUTHENTICATION_NEEDED = 402
    AUTHENTICATION_FAILED = 403
    INVALID_CREDENTIAL = 404
    AUTHENTICATION_TIMEOUT = 405
    AUTHENTICATION_ERROR = 406
    RELOGIN = 407  # CN
    LOGIN_FIRST = 408  # CN
    SESSION_TIMEOUT = 500
    SESSION_FAILED = 501
    INVALID_SESSION_KEY = 502
    NEED_RSA_KEY = 503
    INVALID_SESSION_SETUP = 504
    SESSION_MESSAGE_REJECTED = 505
    CLIENT_REJECTED = 601  # CN
    CLIENT_BLOCKED = 602  # CN
    DAILY_LIMIT = 603  # CN
    REGISTRATION_LIMIT = 604  # CN
    PREFIX_LIMIT = 605  # CN
    CREDENTIAL_VERIFICATION_FAILED = 3001  # CN


class OpFlag(IntFlag):
    """How a request wants to be treated (RFC 3652 section 2.2.2.3)."""

    AUTHORITATIVE = 0x8000_0000
    CERTIFY = 0x4000_0000
    ENCRYPT = 0x2000_0000
    RECURSIVE = 0x1000_0000
    CACHE_CERTIFY = 0x0800_0000
    CONTINUES = 0x0400_0000
    KEEP_ALIVE = 0x0200_0000
    PUBLIC_ONLY = 0x0100_0000
    REQUEST_DIGEST = 0x0080_0000
    OVERWRITE = 0x0040_0000  # HDL
    MINT_SUFFIX = 0x0020_0000  # HDL
    DO_NOT_REFER = 0x0010_0000  # HDL
    RECURSIVE_AUTHENTICATION = 0x0000_0004  # CN
    TRUSTED_RESOLUTION = 0x0000_0002  # CN
    TRUST_RESULT = 0x0000_0001  # CN


class EnvelopeFlag(IntFlag):
    """Flags of one packet (RFC 3652 section 2.2.1); the low two bits are a version number."""

    COMPRESSED = 0x80
    ENCRYPTED = 0x40
    TRUNCATED = 0x20


class DigestAlgorithm(IntEnum):
    """Which hash a request digest was made with (RFC 3652 section 2.2.3)."""

    UNLABELLED_MD5 = 0
    """Before version 2.1: no algorithm byte on the wire."""
    MD5 = 1
    SHA1 = 2
    SHA256 = 3


DEFAULT_REQUEST_FLAGS: Final = OpFlag.RECURSIVE | OpFlag.CACHE_CERTIFY | OpFlag.PUBLIC_ONLY
"""What the reference client asks with, and what replies to unreadable requests carry."""
UNKNOWN_SITE_SERIAL: Final = 0xFFFF
MAX_RECURSION: Final = 10
MAX_HANDLE_BYTES: Final = 2048
MAX_LIST: Final = 2048
"""Most values, indexes or types in one message."""
MAX_MESSAGE_BYTES: Final = 262_144
"""Longest message after the envelope."""
