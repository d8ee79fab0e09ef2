"""Parameters that operations on different things share."""

from typing import Final

import msgspec

from registry.http import examples
from registry.http.identifiers import DEFAULT_PAGE
from registry.http.operations import Parameter
from registry.service import PAGE_LIMIT

_STRING: Final = {"type": "string"}
HANDLE: Final = Parameter(
    name="handle",
    place="path",
    required=True,
    schema=_STRING,
    example=examples.HANDLE,
    description="The rest of the path: slashes may stand raw or percent-encoded.",
)
ONCE: Final = Parameter(
    name="Idempotency-Key",
    place="header",
    schema={"type": "string", "pattern": "^[\\x21-\\x7e]{1,255}$"},
    example="order-4711-line-3",
    description="Makes the request safe to repeat for at least 72 hours: it has one effect, and "
    "its first answer is given again with `Idempotency-Replayed: true`. Use a new one for each "
    "new request.",
)
ONCE_DONE: Final = msgspec.structs.replace(
    ONCE,
    description=f"{ONCE.description} A refusal changes nothing and is not kept: the same "
    "request is judged anew.",
)
IF_MATCH: Final = Parameter(
    name="If-Match",
    place="header",
    schema=_STRING,
    example='"v3"',
    description="Do it only to this version (an ETag that was read), or `*`: only if it is there.",
)
IF_NONE_MATCH: Final = Parameter(
    name="If-None-Match",
    place="header",
    schema=_STRING,
    example="*",
    description="`*`: do it only if there is no such identifier. When reading: ETags known.",
)
LANGUAGE: Final = Parameter(
    name="Accept-Language",
    place="header",
    schema=_STRING,
    example="zh-CN",
    description="Problems are told in Chinese or English.",
)
LIMIT: Final = Parameter(
    name="limit",
    place="query",
    schema={"type": "integer", "minimum": 1, "maximum": PAGE_LIMIT, "default": DEFAULT_PAGE},
    description="How many at most. Pages of large identifiers are shorter; `next` says if there is "
    "more.",
)
AFTER: Final = Parameter(
    name="after",
    place="query",
    schema=_STRING,
    description="`next` of the page before. Opaque.",
)
ALL: Final = Parameter(
    name="all",
    place="query",
    schema={"enum": ["0", "1", "true", "false"], "default": "0"},
    description="Every row, not only the rejected ones.",
)
