"""What the registry's tests share: principals, values, requests."""

import io
import itertools
import json
from uuid import UUID

from yarl import URL

from identifiers.changes import AuditEntry, RequestKey, StoredAnswer, StoredKey
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.names import Handle, Prefix
from identifiers.principals import ApiKey, Scope
from identifiers.submissions import Submission
from identifiers.values import Value
from identifiers.wire.rows import Row
from registry.batches import BatchOrder
from registry.commands import Asked, Mode, Once
from registry.keys import hashed
from registry.reading.judging import judged
from registry.seals import Seals

NOW = 1_800_000_000
"""An epoch second; the time of every test."""
PEPPER = b"p" * 32
SEALS = Seals(b"s" * 32)
EVERYTHING = frozenset(Scope)


def audit(action="test"):
    return AuditEntry(at=NOW * 1000, actor="operator:t", action=action, subject="s", request="r")


async def say(bounds, one):
    """Make the bounds of a key just these, whatever they were."""
    known = [
        kept.set_at
        for kept in await bounds.key_bounds(one.identity.handle)
        if kept.identity == one.identity
    ]
    assert await bounds.keep_key_bounds(one, audit(), was=sum(known))


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


def upserts(*commands):
    """A batch that says what some upserts say."""
    sent = (Submission(c.handle.given, c.values, c.state) for c in commands)
    return BatchOrder(Mode.UPSERT, [judged(Row(n, 0, s), NOW) for n, s in enumerate(sent, 1)])


def api_key(enterprise=1, scopes=EVERYTHING, **more):
    return ApiKey(id=more.pop("id", "one"), enterprise=enterprise, scopes=scopes, **more)


def now_ns():
    return NOW * 1_000_000_000


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


class Answer:
    """An HTTP answer, read whole."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def lines(self):
        return [json.loads(line) for line in self.body.splitlines()]

    @property
    def code(self):
        """The code of the problem that the answer is."""
        assert self.headers["Content-Type"] == "application/problem+json", self.body
        assert self.json["status"] == self.status
        return self.json["type"].removeprefix("urn:idnode:problem:")

    @property
    def faults(self):
        return sorted((e["pointer"], e["code"]) for e in self.json["errors"])


class Api:
    """A client of the API; `key` is the id of the API key that is used, None: none."""

    def __init__(self, session, base):
        self._session = session
        self.base = base

    async def call(self, method, path, *, key="one", body=None, raw=None, media=None, **headers):
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            sent["Authorization"] = f"Bearer {token(key)}"
        data = raw
        if body is not None:
            data, media = json.dumps(body, ensure_ascii=False).encode(), media or "application/json"
        if media is not None:
            sent["Content-Type"] = media
        if isinstance(data, bytes) and len(data) > 1024 * 1024:
            data = io.BytesIO(data)
        url = URL(self.base + path, encoded=True)
        async with self._session.request(method, url, data=data, headers=sent) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def get(self, path, **more):
        return await self.call("GET", path, **more)

    async def post(self, path, body=None, **more):
        return await self.call("POST", path, body=body, **more)

    async def put(self, path, body=None, **more):
        return await self.call("PUT", path, body=body, **more)

    async def patch(self, path, body=None, **more):
        return await self.call("PATCH", path, body=body, **more)

    async def delete(self, path, **more):
        return await self.call("DELETE", path, **more)


IDENTIFIERS = "/api/v1/identifiers"


def new(name="88.300.1/A", *values, **more):
    """The body that registers an identifier."""
    given = values or ({"index": 1, "type": "URL", "data": "https://a.example"},)
    return {"handle": name, "values": list(given), **more}
