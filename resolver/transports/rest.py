"""The REST form of a look-up, pure: what an address asks, how an outcome is told.

``GET /api/handles/{handle}`` as Handle.Net has it since version 9, with strong entity tags and CBOR
beside. Statuses by response code: 1 and 200 (values not found) 200, 4, 102 and 301 400, 100 404,
302 and 303 300, 3 503. What needs a login is 503 with code 5 until a registry takes it over.
"""

from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from typing import Final, assert_never

import msgspec

from identifiers import outcomes
from identifiers.faults import Faults, Invalid
from identifiers.outcomes import Outcome
from identifiers.queries import Query
from identifiers.values import MAX_TTL, Value
from identifiers.wire import jsonform
from identifiers.wire.handle.codes import MAX_LIST, ResponseCode
from identifiers.wire.handle.translate import NOT_HOMED
from identifiers.wire.handle.values import decode_values
from identifiers.wire.members import members_of, type_fault
from identifiers.wire.plainvalues import plain_values
from identifiers.wire.restform import (
    JAVASCRIPT,
    JSON,
    PLAIN,
    Document,
    Form,
    Unreadable,
    document,
    read_callback,
    read_flag,
    read_index,
)

STALE_SECONDS: Final = 30
"""How long an answer may be kept that was given while the store was away (RFC 8767 section 5)."""
FOR_EVER: Final = 1 << 63
NO_LOGIN: Final = (
    "this needs a login, which is not offered here yet; for public values send no credentials"
)


class LookUp(msgspec.Struct, frozen=True):
    """One look-up by address. `wants_private`: what only administrators read is asked for."""

    query: Query
    form: Form
    wants_private: bool = False


class Life(msgspec.Struct, frozen=True, gc=False):
    """For how long values may be kept: `seconds`, and not past the epoch second `until`."""

    seconds: int = 0
    until: int = FOR_EVER

    def left(self, epoch: int) -> int:
        """Return how many seconds are left at `epoch`."""
        return min(self.seconds, max(self.until - epoch, 0))


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An outcome in the REST form; `retry_after` in seconds."""

    status: int
    document: Document
    life: Life = Life()
    retry_after: int | None = None


class _Names(msgspec.Struct, forbid_unknown_fields=True):
    handles: list[str]


_NAMES: Final = msgspec.json.Decoder(_Names)


def read_look_up(
    handle: bytes, parameters: Iterable[tuple[str, str]], media_type: str = JSON
) -> LookUp:
    """Read the parameters of a look-up. Raises `Unreadable`; unknown ones are passed over."""
    indexes: list[int] = []
    types: list[str] = []
    flags: dict[str, bool] = {}
    callback = ""
    for name, value in parameters:
        if name == "index":
            indexes.append(read_index(value))
        elif name == "type":
            types.append(value)
        elif name == "callback":
            callback = read_callback(value)
        else:
            flags[name] = read_flag(value)
    if max(len(indexes), len(types)) > MAX_LIST:
        raise Unreadable(f"at most {MAX_LIST} indexes and types may be asked for")
    public_only = flags.get("publicOnly", True)
    return LookUp(
        Query(
            handle=handle,
            indexes=tuple(indexes),
            types=tuple(types),
            public_only=public_only,
            authoritative=flags.get("auth", False),
            certified=flags.get("cert", False),
            do_not_refer=flags.get("doNotRefer", False),
        ),
        Form(JAVASCRIPT if callback else media_type, flags.get("pretty", False), callback),
        not public_only,
    )


def read_batch(body: bytes, most: int) -> list[str]:
    """Read ``{"handles": [text…]}``; one more than `most` stands for all that are too many.

    Raises `Invalid` with every fault there is.
    """
    if b"\\" not in body:
        with suppress(msgspec.MsgspecError, UnicodeDecodeError):
            handles = _NAMES.decode(body).handles
            # Two quotes for each text and for the member: nothing was there twice and dropped.
            if len(handles) <= most and body.count(b'"') == 2 * (len(handles) + 1):
                return handles
    faults = Faults()
    members = members_of(jsonform.load(body), "", faults, ("handles",))
    items = [] if members is None else members.items("handles")[: most + 1]
    for at, item in enumerate(items):
        if not isinstance(item, str):
            faults.append(type_fault(item, "string", f"/handles/{at}"))
    if faults:
        raise Invalid(faults)
    return [str(item) for item in items]


def tell(outcome: Outcome, handle: str, *, binary: bool = False) -> Told:
    """Tell an outcome about `handle` as asked; `binary` (CBOR) keeps bytes as bytes."""
    match outcome:
        case outcomes.Found(values=blob):
            values = decode_values(blob)
            documents = [jsonform.value_document(value, binary=binary) for value in values]
            return Told(
                status=200,
                document=document(ResponseCode.SUCCESS, handle, values=documents),
                life=shortest_life(values),
            )
        case outcomes.ValuesAbsent():
            return Told(
                status=200, document=document(ResponseCode.VALUES_NOT_FOUND, handle, values=[])
            )
        case outcomes.Referral(values=referred, of_prefix=of_prefix):
            code = ResponseCode.PREFIX_REFERRAL if of_prefix else ResponseCode.SERVICE_REFERRAL
            documents = [jsonform.value_document(value, binary=binary) for value in referred]
            return Told(status=300, document=document(code, handle, values=documents))
        case outcomes.Unavailable(retry_after=seconds):
            busy = document(ResponseCode.SERVER_BUSY, handle)
            return Told(status=503, document=busy, retry_after=seconds)
        case _:
            return _refusal(outcome, handle)


def tell_plain(blob: bytes, handle: str) -> tuple[bytes, Life] | None:
    """Write what `tell` tells of values that were found, and for how long these may be kept.

    None: they are not all plain (`identifiers.wire.plainvalues`).
    """
    plain = plain_values(blob)
    if plain is None:
        return None
    values, seconds = plain
    told = b'{"responseCode":%d,"handle":%b,"values":%b}'
    return told % (ResponseCode.SUCCESS, jsonform.write_json(handle), values), _life(seconds)


def _refusal(
    outcome: outcomes.Absent
    | outcomes.NotHomed
    | outcomes.NeedsAuthentication
    | outcomes.InvalidName
    | outcomes.PassedOnTooOften,
    handle: str,
) -> Told:
    match outcome:
        case outcomes.Absent(message=message):
            status, code = 404, ResponseCode.HANDLE_NOT_FOUND
        case outcomes.NotHomed():
            status, code, message = 400, ResponseCode.SERVER_NOT_RESPONSIBLE, NOT_HOMED
        case outcomes.NeedsAuthentication():
            status, code, message = 503, ResponseCode.OPERATION_NOT_SUPPORTED, NO_LOGIN
        case outcomes.InvalidName(message=message):
            status, code = 400, ResponseCode.INVALID_HANDLE
        case outcomes.PassedOnTooOften():
            status, code, message = 500, ResponseCode.RECURSION_COUNT_TOO_HIGH, ""
        case _:
            assert_never(outcome)
    return Told(status=status, document=document(code, handle, message=message))


def shortest_life(values: Iterable[Value]) -> Life:
    """Return for how long all of some values may be kept."""
    seconds, until = MAX_TTL, FOR_EVER
    for value in values:
        if value.absolute:
            until = min(until, value.ttl)
        else:
            seconds = min(seconds, value.ttl)
    return Life(seconds, until)


def entity_tag(version: int, look_up: LookUp) -> str:
    """Return the strong tag of a representation: ``"v7"``, and more for any but the plain whole."""
    query, form = look_up.query, look_up.form
    if form == PLAIN and not query.indexes and not query.types:
        return _plain_tag(version)
    parts = (form.media_type, form.pretty, form.callback, query.indexes, query.types)
    return f'"v{version}-{blake2b(repr(parts).encode(), digest_size=6).hexdigest()}"'


# What many pages have in common they hold in common.


@lru_cache(maxsize=1024)
def _life(seconds: int) -> Life:
    return Life(seconds)


@lru_cache(maxsize=1024)
def _plain_tag(version: int) -> str:
    return f'"v{version}"'


def tag_matches(field: str, tag: str) -> bool:
    """Say whether an If-None-Match field names the tag (weak comparison, RFC 9110 13.1.2)."""
    if field == tag or field.strip() == "*":
        return True
    return any(item.strip().removeprefix("W/") == tag for item in field.split(","))
