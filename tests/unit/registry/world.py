"""What the registry's tests share: principals, values, requests."""

import itertools
from uuid import UUID

from identifiers.changes import AuditEntry, RequestKey, StoredAnswer, StoredKey
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.names import Handle, Prefix
from identifiers.principals import ApiKey, Scope
from identifiers.values import Value
from registry.commands import Asked, Once
from registry.keys import hashed

NOW = 1_800_000_000
"""An epoch second; the time of every test."""
PEPPER = b"p" * 32
EVERYTHING = frozenset(Scope)


def audit(action="test"):
    return AuditEntry(at=NOW * 1000, actor="operator:t", action=action, subject="s", request="r")


def entry(prefix, enterprise, **more):
    kind = PrefixKind.ENTERPRISE if enterprise else PrefixKind.SECONDARY
    return PrefixEntry(prefix=Prefix.parse(prefix), kind=kind, enterprise=enterprise, **more)


def token(key_id):
    return f"{key_id}.secret-of-{key_id}"


def stored_key(key_id, enterprise, scopes=EVERYTHING, **more):
    return StoredKey(
        id=key_id,
        enterprise=enterprise,
        hashed=hashed(token(key_id), PEPPER),
        scopes=scopes,
        prefixes=more.pop("prefixes", ()),
        networks=more.pop("networks", ()),
        label="",
        created_at=NOW - 1000,
        expires_at=more.pop("expires_at", NOW + 1000),
        **more,
    )


def value(index, data=b"x", **more):
    kind = more.pop("type", "URL")
    return Value(index=index, type=kind, data=data, **more)


def api_key(enterprise=1, scopes=EVERYTHING, **more):
    return ApiKey(id=more.pop("id", "one"), enterprise=enterprise, scopes=scopes, **more)


_change = itertools.count(1)


def asked(principal=None, *, once=None, changes=1, at=NOW * 1000, address=None):
    return Asked(
        principal=principal or api_key(),
        address=address,
        request_id="req-1",
        at=at,
        changes=tuple(UUID(int=next(_change)) for _ in range(changes)),
        once=once,
    )


def once(key="k1", digest=b"d" * 32, principal="key:one"):
    request = RequestKey(principal, key)

    def render(answer):
        return StoredAnswer(request=request, digest=digest, status=299, body=repr(answer).encode())

    return Once(request, digest, render)


def handle(text):
    return Handle.parse(text)
