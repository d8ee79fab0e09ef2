"""REST answers with values as finished pages: body, entity tag, and how long they may be kept."""

from typing import Final

import msgspec
from aiohttp import hdrs

from identifiers.outcomes import Found, ValuesAbsent
from identifiers.wire.restform import CBOR, written
from resolver.service import Basis
from resolver.transports import rest
from resolver.transports.rest import Life, LookUp

ANYBODY: Final = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "ETag, Retry-After, X-Request-Id"),
)
"""Scripts of any origin may read what anybody may read."""

Headers = list[tuple[str, str]]


class Page(msgspec.Struct, frozen=True, gc=False):
    """A finished answer (`finished.Finished`); without a basis it serves once."""

    data: bytes
    basis: Basis | None
    media_type: str
    tag: str
    life: Life


def page_of(asked: LookUp, outcome: Found | ValuesAbsent, basis: Basis | None) -> Page:
    """Write the answer to a look-up that found the identifier."""
    media_type = asked.form.media_type
    told = rest.tell(outcome, asked.query.text, binary=media_type == CBOR)
    return Page(
        written(told.document, asked.form),
        basis,
        media_type,
        rest.entity_tag(outcome.record.version, asked),
        told.life,
    )


def headers_of(page: Page, epoch: int, stale: float | None) -> Headers:
    """Return the headers of a page, without those of its body.

    `epoch` is the wall clock's second; `stale` says for how many seconds nothing was proven right.
    """
    headers: Headers = [*ANYBODY, (hdrs.VARY, hdrs.ACCEPT), (hdrs.ETAG, page.tag)]
    seconds = page.life.left(epoch)
    if stale is not None:
        seconds = min(seconds, rest.STALE_SECONDS)
        headers.append(("Cache-Status", f"idnode; hit; ttl=-{int(stale)}"))  # RFC 9211 2.4
    control = f"public, max-age={seconds}" if seconds else "no-cache"
    headers.append((hdrs.CACHE_CONTROL, control))
    return headers
