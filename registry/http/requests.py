"""What a request says, read strictly: who asks, for which handle, on which conditions, once or not.

Everything here raises `edge.problems.Refusal` or `identifiers.faults.Invalid`.
"""

import re
from hashlib import sha256
from typing import Final
from urllib.parse import unquote_to_bytes

from aiohttp import hdrs, web

from edge.problems import CHALLENGE, MEDIA_TYPE_UNKNOWN, UNAUTHENTICATED, Problem, Refusal
from identifiers.faults import Fault, Invalid
from identifiers.names import Handle
from registry.commands import Precondition
from registry.http.problems import KEY_SYNTAX, PARAMETER

_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
# Commas cannot stand in a tag of ours; splitting one of another's makes two that match nothing.
_TAG: Final = re.compile(r'(W/)?"v([1-9][0-9]{0,18})"', re.ASCII)
# Another precondition is another request; so is the same body in another form.
_ASKING: Final = (hdrs.IF_MATCH, hdrs.IF_NONE_MATCH, hdrs.CONTENT_TYPE)
_CHARSETS: Final = frozenset({"utf-8", "utf8", "us-ascii"})
NO_VERSION: Final = 0
"""Stands for an entity tag that is none of ours: no record has this version."""


def bearer(request: web.Request) -> str:
    """Return the key in ``Authorization: Bearer``."""
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refusal(Problem(kind=UNAUTHENTICATED, headers=CHALLENGE))
    return token.strip()


def idempotency_key(request: web.Request) -> str | None:
    """Return the Idempotency-Key, None when there is none."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and _KEY.fullmatch(key) is None:
        raise Refusal(Problem(kind=KEY_SYNTAX))
    return key


def request_digest(request: web.Request, body: bytes) -> bytes:
    """Return the SHA-256 of what is asked: method, target, the fields that say how, and body."""
    asked = (request.method, request.raw_path, *(_field(request, name) or "" for name in _ASKING))
    head = "\0".join(asked).encode("utf-8", "surrogateescape")
    return sha256(head + b"\0" + body).digest()


def path_handle(request: web.Request, mount: str) -> Handle:
    """Return the handle that is the rest of the path behind `mount`, raw or percent-encoded."""
    path = request.raw_path.partition("?")[0].partition("#")[0]
    octets = unquote_to_bytes(path.partition(mount + "/")[2].encode("utf-8", "surrogateescape"))
    try:
        return Handle.parse(octets.decode())
    except UnicodeDecodeError as error:
        raise bad_parameter("handle", "utf8", at=error.start) from None
    except Invalid as invalid:
        faults = tuple(fault.below("/handle") for fault in invalid.faults)
        raise Refusal(Problem(kind=PARAMETER, faults=faults)) from None


def bad_parameter(name: str, code: str, **params: str | int) -> Refusal:
    """Return the refusal of a part of the address: a path segment or a query parameter."""
    return Refusal(Problem(kind=PARAMETER, faults=(Fault(code, f"/{name}", params),)))


def query(request: web.Request, known: frozenset[str]) -> dict[str, str]:
    """Return the query parameters; an unknown or repeated one is refused."""
    found: dict[str, str] = {}
    faults = []
    for name, value in request.query.items():
        if name not in known:
            faults.append(Fault("unknown_key", f"/{name}"))
        elif name in found:
            faults.append(Fault("json.duplicate_key", f"/{name}", {"key": name}))
        found[name] = value
    if faults:
        raise Refusal(Problem(kind=PARAMETER, faults=tuple(faults)))
    return found


def flag(parameters: dict[str, str], name: str) -> bool:
    """Return a yes-or-no parameter; a missing one means no."""
    value = parameters.get(name, "0")
    if value not in {"0", "1", "true", "false"}:
        raise bad_parameter(name, "one_of", choices="0, 1, true, false")
    return value in {"1", "true"}


def number(parameters: dict[str, str], name: str, default: int, high: int) -> int:
    """Return a parameter from 1 to `high`."""
    value = parameters.get(name)
    if value is None:
        return default
    if not (value.isascii() and value.isdigit() and len(value) <= len(str(high))) or not (
        1 <= int(value) <= high
    ):
        raise bad_parameter(name, "range", low=1, high=high)
    return int(value)


def needs_media_type(request: web.Request, *accepted: str) -> None:
    """Refuse a body of another media type than `accepted`, or in another charset than UTF-8."""
    charset = (request.charset or "utf-8").lower()
    if (
        request.content_type not in accepted
        or hdrs.CONTENT_TYPE not in request.headers
        or charset not in _CHARSETS
    ):
        members = {"accepted": list(accepted), "charset": "utf-8"}
        raise Refusal(Problem(kind=MEDIA_TYPE_UNKNOWN, members=members))


def precondition(request: web.Request) -> Precondition:
    """Read If-Match and If-None-Match (RFC 9110 sections 13.1.1 and 13.1.2)."""
    match, none_match = _field(request, hdrs.IF_MATCH), _field(request, hdrs.IF_NONE_MATCH)
    exists: bool | None = None
    if match == "*":
        exists = True
    if none_match == "*":
        exists = False
    return Precondition(
        exists=exists,
        # If-Match compares strongly, so a weak tag matches nothing.
        one_of=_versions(match, weak=False) if match not in {None, "*"} else None,
        none_of=_versions(none_match, weak=True) if none_match not in {None, "*"} else None,
    )


def not_modified(request: web.Request, version: int) -> bool:
    """Say whether a reader has this version already (RFC 9110 section 13.1.2)."""
    known = _field(request, hdrs.IF_NONE_MATCH)
    return known is not None and (known == "*" or version in _versions(known, weak=True))


def _field(request: web.Request, name: str) -> str | None:
    """Return a field whole: lines of the same name are one list (RFC 9110 section 5.3)."""
    lines = request.headers.getall(name, ())
    return ",".join(lines) if lines else None


def _versions(field: str | None, *, weak: bool) -> frozenset[int]:
    versions = set()
    for item in (field or "").split(","):
        tag = _TAG.fullmatch(item.strip())
        usable = tag is not None and (weak or not tag[1])
        versions.add(int(tag[2]) if tag is not None and usable else NO_VERSION)
    return frozenset(versions)
