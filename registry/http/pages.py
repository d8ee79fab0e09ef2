"""Pages for people: made on the server, in Chinese and English, without scripts."""

from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Final

import msgspec
from aiohttp import hdrs, web

_STYLE: Final = files("registry.http").joinpath("pages.css").read_text()
"""The style sheet: within the page, which keeps its look as a file and on paper."""
_HASH: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_EXACT: Final = " class='exact'"
_HEADERS: Final = {
    hdrs.CONTENT_TYPE: "text/html; charset=utf-8",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}


class Row(msgspec.Struct, frozen=True):
    """A line of a table: its name in both languages, what is said, and whether letter by letter."""

    chinese: str
    english: str
    text: str
    exact: bool = False


def html(text: str, *, status: int = 200, private: bool = False) -> web.Response:
    """Return a page as it is sent."""
    headers = dict(_HEADERS)
    headers[hdrs.CACHE_CONTROL] = "no-store" if private else "public, max-age=5"
    return web.Response(text=text, status=status, headers=headers)


def page(title: tuple[str, str], body: str) -> str:
    """Return a whole page; `title` in Chinese and English, `body` is HTML."""
    chinese, english = map(escape, title)
    return (
        "<!doctype html><html lang='zh-CN'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{chinese} {english}</title><style>{_STYLE}</style></head>"
        f"<body><main><header><h1>{chinese}</h1><p lang='en'>{english}</p></header>{body}"
        "</main></body></html>"
    )


def table(caption: tuple[str, str], rows: Iterable[Row]) -> str:
    """Return a table of names and what is said; rows that say nothing are left out."""
    lines = "".join(
        f"<tr><th scope='row'>{escape(row.chinese)}<span lang='en'>{escape(row.english)}</span>"
        f"</th><td{_EXACT if row.exact else ''}>{escape(row.text)}</td></tr>"
        for row in rows
        if row.text
    )
    chinese, english = map(escape, caption)
    return (
        f"<section><h2>{chinese}<span lang='en'>{english}</span></h2>"
        f"<table><tbody>{lines}</tbody></table></section>"
    )
