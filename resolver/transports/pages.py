"""REST answers with values as finished pages: body, entity tag, and how long they may be kept."""

from functools import lru_cache
from typing import Final

import msgspec
from aiohttp import hdrs

from edge.accept import best_media_type
from edge.short_cut import head_of
from identifiers.outcomes import Found, ValuesAbsent
from identifiers.wire.restform import CBOR, JSON, written
from resolver.service import Basis
from resolver.transports import rest
from resolver.transports.rest import FOR_EVER, Life, LookUp

ANYBODY: Final = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "ETag, Retry-After, X-Request-Id"),
)
"""Scripts of any origin may read what anybody may read."""
LITERAL: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/"
"""What stands for itself in a path (RFC 3986 section 3.3)."""
_OFFERED: Final = (JSON, CBOR)

Headers = list[tuple[str, str]]


class Page(msgspec.Struct, frozen=True, gc=False):
    """A finished answer (`finished.Finished`); without a basis it serves once.

    `head` is what an answer with it begins with (`edge.short_cut.Ready`), empty where that changes
    with time. `literal`: it is in JSON, it has its `head`, and each octet of its handle stands for
    itself in a path.
    """

    data: bytes
    basis: Basis | None
    media_type: str
    tag: str
    life: Life
    head: bytes = b""
    literal: bool = False


def media_type_of(accept: str) -> str:
    """Return the media type that an Accept field likes best, JSON if it likes none."""
    return JSON if accept in {"", "*/*"} else best_media_type(accept, _OFFERED) or JSON


def page_of(asked: LookUp, outcome: Found | ValuesAbsent, basis: Basis | None) -> Page:
    """Write the answer to a look-up that found the identifier."""
    media_type = asked.form.media_type
    told = rest.tell(outcome, asked.query.text, binary=media_type == CBOR)
    tag, life = rest.entity_tag(outcome.record.version, asked), told.life
    data = written(told.document, asked.form)
    head = b""
    if basis is not None and life.until == FOR_EVER:
        head = _head(tag, life.seconds, media_type, len(data))
    literal = bool(head) and media_type == JSON and not asked.query.handle.translate(None, LITERAL)
    return Page(data, basis, media_type, tag, life, head, literal)


def headers_of(page: Page, epoch: int, stale: float | None) -> Headers:
    """Return the headers of a page, without those of its body.

    `epoch` is the wall clock's second; `stale` says for how many seconds nothing was proven right.
    """
    seconds = page.life.left(epoch)
    return _headers(page.tag, seconds, stale)


@lru_cache(maxsize=4096)
def _head(tag: str, seconds: int, media_type: str, length: int) -> bytes:
    # Many pages share theirs: version, life and length are all that differs.
    return head_of([*_headers(tag, seconds, None), (hdrs.CONTENT_TYPE, media_type)], length)


def _headers(tag: str, seconds: int, stale: float | None) -> Headers:
    headers: Headers = [*ANYBODY, (hdrs.VARY, hdrs.ACCEPT), (hdrs.ETAG, tag)]
    if stale is not None:
        seconds = min(seconds, rest.STALE_SECONDS)
        headers.append(("Cache-Status", f"idnode; hit; ttl=-{int(stale)}"))  # RFC 9211 2.4
    control = f"public, max-age={seconds}" if seconds else "no-cache"
    headers.append((hdrs.CACHE_CONTROL, control))
    return headers
