"""REST answers with values as finished pages: body, entity tag, and how long they may be kept."""

from functools import lru_cache
from typing import Final

import msgspec
from aiohttp import hdrs

from edge.accept import best_media_type
from edge.short_cut import head_of
from identifiers.outcomes import Found, ValuesAbsent
from identifiers.wire.restform import CBOR, JSON, PLAIN, written
from resolver.retelling import Basis
from resolver.transports import rest
from resolver.transports.rest import FOR_EVER, Life, LookUp

ANYBODY: Final = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "ETag, Retry-After, X-Request-Id"),
)
"""Scripts of any origin may read what anybody may read."""
LITERAL: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/"
"""What stands for itself in a path (RFC 3986 section 3.3)."""
LEAST_OCTETS: Final = 600
"""What a page takes beside its data; measured on CPython 3.11."""
_OFFERED: Final = (JSON, CBOR)

Headers = list[tuple[str, str]]


class Page(msgspec.Struct, gc=False):
    """A finished answer."""

    data: bytes
    media_type: str
    tag: str
    life: Life


class KeptPage(Page, kw_only=True, gc=False):
    """One that serves again; it never changes but for its `uses` (`s3fifo.Counted`).

    `head` is what an answer with it begins with (`edge.short_cut.Ready`), empty where that changes
    with time. `literal`: it is in JSON, it has its `head`, and each octet of its handle stands for
    itself in a path.
    """

    basis: Basis
    head: bytes
    literal: bool
    uses: int = 0

    @property
    def octets(self) -> int:
        """About how much memory it takes. The record that it is of has its place in the tier."""
        return LEAST_OCTETS + len(self.data)


def media_type_of(accept: str) -> str:
    """Return the media type that an Accept field likes best, JSON if it likes none."""
    return JSON if accept in {"", "*/*"} else best_media_type(accept, _OFFERED) or JSON


def page_of(asked: LookUp, outcome: Found | ValuesAbsent) -> Page:
    """Write the answer to a look-up that found the identifier."""
    media_type = asked.form.media_type
    tag = rest.entity_tag(outcome.record.version, asked)
    if asked.form == PLAIN and isinstance(outcome, Found):
        plain = rest.tell_plain(outcome.values, asked.query.text)
        if plain is not None:
            return Page(plain[0], media_type, tag, plain[1])
    told = rest.tell(outcome, asked.query.text, binary=media_type == CBOR)
    return Page(written(told.document, asked.form), media_type, tag, told.life)


def kept_page_of(asked: LookUp, found: Found, basis: Basis) -> KeptPage:
    """Write it so that it serves again for as long as its `basis` holds."""
    page = page_of(asked, found)
    data, media_type, tag, life = page.data, page.media_type, page.tag, page.life
    head = _head(tag, life.seconds, media_type, len(data)) if life.until == FOR_EVER else b""
    literal = bool(head) and media_type == JSON and not asked.query.handle.translate(None, LITERAL)
    return KeptPage(data, media_type, tag, life, basis=basis, head=head, literal=literal)


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
