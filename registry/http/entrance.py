"""What stands at the registry's ``/``: where everything is, for people and for programs."""

from collections.abc import Sequence
from html import escape
from typing import Final

from aiohttp import hdrs, web

from edge.accept import best_media_type
from registry.http.operations import Handler, Json
from registry.http.pages import html, page
from registry.http.replies import JSON, json_reply

_HTML: Final = "text/html"
_TITLE: Final = ("标识注册接口", "Registration of identifiers")
_CACHE: Final = (hdrs.CACHE_CONTROL, "public, max-age=300")
_PLACES: Final = (
    ("documentation", "/docs", "接口文档", "Documentation of the API"),
    ("openapi", "/openapi.json", "OpenAPI 描述", "The same for programs"),
    ("api", "/api/v1", "注册接口", "Where the API begins"),
    ("certificate", "/certificates/{serial}", "证书查验", "To check an enterprise's certificate"),
)
_ELSEWHERE: Final = (
    ("health", "/livez, /readyz, /metrics", "IDNODE_OPS_ADDR", "运行状态", "Whether it is well"),
    ("resolution", "/api/handles/{handle}", "IDNODE_HTTP_ADDR", "标识解析", "Resolution"),
)
"""What this node tells at other addresses: what, path, setting of the address, names."""


def entrance(version: str) -> Handler:
    """Return what answers at ``/``: JSON, or a page to whoever would rather have one."""
    document: Json = {
        "name": "idnode registry",
        "version": version,
        **{name: path for name, path, *_ in _PLACES},
        "elsewhere": {
            name: {"path": path, "address": f"as {setting} says"}
            for name, path, setting, *_ in _ELSEWHERE
        },
    }
    shown = page(_TITLE, _body(version))

    async def answer(request: web.Request) -> web.Response:
        liked = best_media_type(request.headers.get(hdrs.ACCEPT, ""), (JSON, _HTML))
        vary = (hdrs.VARY, hdrs.ACCEPT)
        if liked != _HTML:
            return json_reply(document, 200, _CACHE, vary).response()
        reply = html(shown)
        reply.headers.extend([vary])
        return reply

    return answer


def _body(version: str) -> str:
    here = [
        (chinese, english, path if "{" in path or path == "/api/v1" else _link(path))
        for _, path, chinese, english in _PLACES
    ]
    elsewhere = [
        (chinese, english, f"{path} <span>{setting}</span>")
        for _, path, setting, chinese, english in _ELSEWHERE
    ]
    return (
        f"<p class='note'>idnode {escape(version)}</p>"
        + _table("此地址", "At this address", here)
        + _table("本节点其他地址", "At other addresses of this node", elsewhere)
    )


def _link(path: str) -> str:
    return f"<a href='{path}'>{path}</a>"


def _table(chinese: str, english: str, rows: Sequence[tuple[str, str, str]]) -> str:
    lines = "".join(
        f"<tr><th scope='row'>{zh}<span lang='en'>{en}</span></th><td>{said}</td></tr>"
        for zh, en, said in rows
    )
    return (
        f"<section><h2>{chinese}<span lang='en'>{english}</span></h2>"
        f"<table><tbody>{lines}</tbody></table></section>"
    )
