"""Pages for people: the values of an identifier as a table, and why there is nothing to show.

Pure. Without scripts and without anything from elsewhere; `POLICY` says so to the browser, and
names the one style sheet by its hash (Content Security Policy Level 3). All text of records is
escaped and isolated in its direction, so that it cannot pass for the page's own.
"""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from html import escape
from types import MappingProxyType
from typing import Final

import msgspec

from edge.moments import moment
from identifiers.faults import Language
from identifiers.values import Value
from identifiers.wire.dataform import plain_text, structured_document
from resolver.redirects import address_of

STYLE: Final = """
:root{color-scheme:light dark;--ink:#1b2430;--soft:#5b6777;--line:#dfe4ea;--ground:#f5f7f9;
--sheet:#fff;--accent:#0b5cad}
@media(prefers-color-scheme:dark){:root{--ink:#e8ecf1;--soft:#9aa7b6;--line:#303b48;
--ground:#12171d;--sheet:#1a212a;--accent:#6db3ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);line-height:1.55;
font-family:system-ui,-apple-system,"Segoe UI","PingFang SC","Microsoft YaHei","Noto Sans CJK SC",
sans-serif}
main{max-width:64rem;margin:0 auto;padding:2.5rem 1.25rem 1.5rem}
h1{font-size:1.05rem;font-weight:600;color:var(--soft);margin:0 0 .35rem}
.name{font-size:1.5rem;font-weight:650;overflow-wrap:anywhere;margin:0 0 1.5rem}
.sheet{background:var(--sheet);border:1px solid var(--line);border-radius:.6rem;overflow:hidden}
.says{padding:1.25rem 1.5rem}
.says p{margin:.4rem 0}
table{width:100%;border-collapse:collapse;font-size:.95rem}
th,td{text-align:start;vertical-align:top;padding:.7rem 1rem;border-top:1px solid var(--line)}
thead th{border-top:0;font-size:.8rem;font-weight:600;color:var(--soft);white-space:nowrap}
td.data{overflow-wrap:anywhere;white-space:pre-wrap;width:60%}
td.code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.85rem}
td.small{color:var(--soft);white-space:nowrap;font-variant-numeric:tabular-nums}
a{color:var(--accent)}
footer{color:var(--soft);font-size:.85rem;margin-top:1.25rem}
@media(max-width:40rem){thead{display:none}tr{display:block;border-top:1px solid var(--line);
padding:.6rem 0}td{display:block;border:0;padding:.15rem 1rem}td.data{width:auto}
td[data-label]::before{content:attr(data-label) " ";color:var(--soft);font-size:.8rem}}
"""
_HASH: Final = b64encode(sha256(STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)

TEXTS: Final = MappingProxyType(
    {
        "identifier": ("Identifier", "标识"),
        "index": ("Index", "索引"),
        "type": ("Type", "类型"),
        "data": ("Data", "数据"),
        "ttl": ("Time to live", "生存时间"),
        "changed": ("Changed", "更新时间"),
        "seconds": ("{ttl} s", "{ttl} 秒"),
        "until": ("until {at}", "至 {at}"),
        "value": ("1 public value", "共 1 个公开标识值"),
        "values": ("{count} public values", "共 {count} 个公开标识值"),
        "nowhere": ("Nothing at this address", "此地址不存在"),
        "nowhere.why": (
            "Identifiers are looked up by prefix and suffix, as in /88.300.1/A.",
            "请按前缀和后缀查询标识，例如 /88.300.1/A。",
        ),
        "not-found": ("Identifier not found", "标识不存在"),
        "not-found.why": (
            "No such identifier is registered here.",
            "本节点没有登记该标识。",
        ),
        "no-values": ("Nothing to show", "没有可显示的标识值"),
        "no-values.why": (
            "The identifier exists, but none of its public values is what was asked for.",
            "标识存在，但没有符合所查条件的公开标识值。",
        ),
        "suspended": ("Identifier suspended", "标识已暂停"),
        "suspended.why": ("It is suspended since {at}.", "自 {at} 起暂停。"),
        "revoked": ("Identifier revoked", "标识已吊销"),
        "revoked.why": (
            "It was revoked on {at} and is not given out again.",
            "已于 {at} 吊销，不再重新分配。",
        ),
        "reason": ("Reason: {reason}", "原因：{reason}"),
        "detail": ("{message}", "{message}"),
        "elsewhere": ("Not on this node", "不属于本节点"),
        "elsewhere.why": (
            "This node does not answer for the prefix.",
            "本节点不负责解析该前缀。",
        ),
        "referred": ("Served by another node", "由其他节点解析"),
        "referred.why": (
            "The enterprise's own node answers for this prefix: {servers}",
            "该前缀由企业自己的节点解析：{servers}",
        ),
        "invalid": ("Not a valid address", "地址无效"),
        "invalid.why": ("{message}", "地址中有无法读取的内容：{message}"),
        "invalid.ip": (
            "ip must be an IPv4 or IPv6 address",
            "参数 ip 应为 IPv4 或 IPv6 地址",
        ),
        "append": ("Not a valid address", "地址无效"),
        "append.why": (
            "What is to be appended would lead to another host than the registered one.",
            "附加的内容会指向登记地址以外的主机。",
        ),
        "circle": ("Leads nowhere", "无法解析"),
        "passed-on.why": (
            "The question was passed on from node to node for too long.",
            "查询在节点之间转发次数过多。",
        ),
        "circle.why": (
            "The aliases of this identifier lead in a circle, or on for too long.",
            "该标识的别名循环引用或层级过多。",
        ),
        "unavailable": ("Please try again", "请稍后重试"),
        "unavailable.why": (
            "The identifier cannot be looked up at the moment.",
            "暂时无法查询该标识。",
        ),
    }
)


class Line(msgspec.Struct, frozen=True):
    """A sentence of a page: which one, and what it names."""

    code: str
    names: tuple[tuple[str, str], ...] = ()


def values_page(handle: str, values: Sequence[Value], language: Language) -> bytes:
    """Write the table of an identifier's values."""
    heads = "".join(
        f"<th scope=col>{_say(name, language)}</th>"
        for name in ("index", "type", "data", "ttl", "changed")
    )
    rows = "".join(_row(value, language) for value in values)
    many = "value" if len(values) == 1 else "values"
    count = _say(many, language, count=str(len(values)))
    body = (
        f"<div class=sheet><table><thead><tr>{heads}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
        f"<footer>{count}</footer>"
    )
    return _page(_say("identifier", language), handle, body, language)


def message_page(handle: str, title: str, lines: Sequence[Line], language: Language) -> bytes:
    """Write a page that says something; `title` is one of `TEXTS`."""
    said = "".join(f"<p>{_say(line.code, language, **dict(line.names))}</p>" for line in lines)
    body = f'<div class="sheet says" role=alert>{said}</div>'
    return _page(_say(title, language), handle, body, language)


def _page(title: str, handle: str, body: str, language: Language) -> bytes:
    lang = "zh-CN" if language == "zh" else "en"
    name = f"<bdi>{_shown(handle)}</bdi>"
    return (
        f"<!DOCTYPE html><html lang={lang}><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width,initial-scale=1">'
        f"<title>{title} {_shown(handle)}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{title}</h1><p class=name>{name}</p>{body}</main></body></html>"
    ).encode()


def _row(value: Value, language: Language) -> str:
    text, is_text = _data(value)
    shown = f"<bdi>{_shown(text)}</bdi>"
    address = address_of(text) if is_text else None
    if address is not None:
        shown = f'<a href="{escape(address)}" rel="nofollow noopener noreferrer">{shown}</a>'
    kind = "data" if is_text else "data code"
    ttl = (
        _say("until", language, at=moment(value.ttl))
        if value.absolute
        else _say("seconds", language, ttl=str(value.ttl))
    )
    return (
        f'<tr><td class=small data-label="{_say("index", language)}">{value.index}</td>'
        f"<td><bdi>{_shown(value.type)}</bdi></td>"
        f'<td class="{kind}">{shown}</td>'
        f'<td class=small data-label="{_say("ttl", language)}">{ttl}</td>'
        f'<td class=small data-label="{_say("changed", language)}">{moment(value.timestamp)}</td>'
        "</tr>"
    )


def _data(value: Value) -> tuple[str, bool]:
    """Return data as it is shown, and whether that is the text that was registered."""
    document = structured_document(value.type, value.data)
    if document is not None:
        return msgspec.json.format(msgspec.json.encode(document["value"]), indent=2).decode(), False
    plain = plain_text(value.data)
    return (f"0x{value.data.hex()}", False) if plain is None else (plain, True)


def _say(code: str, language: Language, **names: str) -> str:
    english, chinese = TEXTS[code]
    text = chinese if language == "zh" else english
    return escape(text).format(**{name: _shown(said) for name, said in names.items()})


def _shown(text: str) -> str:
    """Escape; what is neither printable nor white space is shown as its code point."""
    visible = text
    if not text.isprintable():
        visible = "".join(
            c if c.isprintable() or c in "\n\t" else f"\\u{{{ord(c):x}}}" for c in text
        )
    return escape(visible)
