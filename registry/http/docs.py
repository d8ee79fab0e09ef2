"""``/docs``: the description of the API as one page, made on the server, without scripts."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any, Final

from edge.problems import Kind
from registry.http.operations import Json

CSP: Final = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
STYLE_PATH: Final = "/docs/style.css"
_WIDTH: Final = 88
"""Columns of an example."""
_CODE: Final = re.compile(r"`([^`]+)`")
_BOLD: Final = re.compile(r"\*\*([^*]+)\*\*")
_FIRST_HANDLE: Final = "88.300.1/FIRST-0001"
_FIRST: Final = """\
curl -X POST {base}/api/v1/identifiers \\
  -H "Authorization: Bearer $KEY" \\
  -H "Content-Type: application/json" \\
  -H "Idempotency-Key: first-try" \\
  -d '{body}'"""


def style() -> bytes:
    """Return the style sheet, which is part of the package."""
    return files("registry.http").joinpath("docs.css").read_bytes()


def page(document: Json, kinds: Sequence[Kind]) -> str:
    """Return the page that shows an OpenAPI document, and the problems it knows."""
    info = document["info"]
    operations = [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    tags = dict.fromkeys(operation["tags"][0] for _, _, operation in operations)
    schemas = document["components"]["schemas"]
    sections = "".join(
        f"<h2 id='{_slug(tag)}'>{escape(tag)}</h2>"
        + "".join(_operation(m, p, o) for m, p, o in operations if o["tags"][0] == tag)
        for tag in tags
    )
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(info['title'])}</title>"
        f"<link rel='stylesheet' href='{STYLE_PATH}'></head><body>"
        f"{_navigation(info, tags, operations, schemas)}<main>"
        f"<h1>{escape(info['title'])}</h1>"
        f"<p class='lead'>Version {escape(info['version'])} · "
        "<a href='/openapi.json'>openapi.json</a></p>"
        f"{_prose(info['description'])}{_first_steps(document)}{sections}"
        "<h2 id='schemas'>Schemas</h2>"
        + "".join(_schema(name, schema) for name, schema in schemas.items())
        + f"<h2 id='problems'>Problems</h2>{_problems(kinds)}</main></body></html>"
    )


def _navigation(
    info: Json, tags: Iterable[str], operations: Sequence[tuple[str, str, Json]], schemas: Json
) -> str:
    groups = "".join(
        f"<h2>{escape(tag)}</h2><ul>"
        + "".join(
            f"<li><a href='#{o['operationId']}'>{_method(m)}<span>{escape(o['summary'])}</span></a>"
            for m, _, o in operations
            if o["tags"][0] == tag
        )
        + "</ul>"
        for tag in tags
    )
    names = "".join(f"<li><a href='#schema-{name}'>{name}</a>" for name in schemas)
    return (
        f"<nav><p class='title'>{escape(info['title'])}</p>"
        f"<p class='version'>{escape(info['version'])}</p>"
        "<ul><li><a href='#first-steps'>First steps</a>"
        "<li><a href='#problems'>Problems</a></ul>"
        f"{groups}<div class='schemas'><h2>Schemas</h2><ul>{names}</ul></div></nav>"
    )


def _first_steps(document: Json) -> str:
    content = document["paths"]["/api/v1/identifiers"]["post"]["requestBody"]["content"]
    example = content["application/json"]["example"]
    # Not the handle of the other examples, which a node with sample data holds already.
    example = {**example, "handle": _FIRST_HANDLE}
    body = _json(example).replace("\n", "\n      ")
    command = _FIRST.format(base="http://127.0.0.1:8080", body=body)
    return (
        "<h2 id='first-steps'>First steps</h2>"
        "<p>Register an identifier; <code>KEY</code> is the API key of the enterprise:</p>"
        f"<pre><code>{escape(command)}</code></pre>"
        f"<p>Resolve it, for example with <code>idnode resolve {escape(example['handle'])}</code>, "
        "or over HTTP at <code>/api/handles/…</code> of the resolution address.</p>"
    )


def _operation(method: str, path: str, operation: Json) -> str:
    parts = [
        (
            f"<section class='operation' id='{operation['operationId']}'>"
            f"<h3>{escape(operation['summary'])}</h3>"
            f"<p class='endpoint'>{_method(method)}<span>{escape(path)}</span></p>"
            f"{_prose(operation['description'])}"
        )
    ]
    if operation["parameters"]:
        parts.append(f"<h4>Parameters</h4>{_parameters(operation['parameters'])}")
    if "requestBody" in operation:
        parts.append(f"<h4>Body</h4>{_content(operation['requestBody']['content'])}")
    answers = "".join(_response(s, r) for s, r in operation["responses"].items())
    parts.append(f"<h4>Answers</h4>{answers}</section>")
    return "".join(parts)


def _parameters(parameters: Sequence[Json]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(p['name'])}</code>{_required(p.get('required', False))}"
        f"<br><span class='kind'>{escape(p['in'])}</span></td>"
        f"<td>{_inline(p['description'])}{_example(p)}</td></tr>"
        for p in parameters
    )
    return f"<table><tbody>{rows}</tbody></table>"


def _example(parameter: Json) -> str:
    if "example" not in parameter:
        return ""
    return f"<br><span class='kind'>e.g. <code>{escape(str(parameter['example']))}</code></span>"


def _response(status: str, response: Json) -> str:
    good = status < "4"
    content = response.get("content", {})
    inner = _content(content) if good else _cases(content)
    headers = "".join(
        f"<li><code>{escape(name)}</code>: {_inline(header['description'])}"
        for name, header in response.get("headers", {}).items()
    )
    return (
        f"<details{' open' if good else ''}><summary>"
        f"<span class='status {'good' if good else 'bad'}'>{status}</span>"
        f"{_inline(response['description'])}</summary>"
        f"{f'<ul>{headers}</ul>' if headers else ''}{inner}</details>"
    )


def _cases(content: Json) -> str:
    (media,) = content.values()
    cases = "".join(
        f"<li><code>{escape(case['value']['type'])}</code><br>{escape(case['value']['title'])} "
        f"<span lang='zh'>{escape(case['summary'])}</span>"
        for case in media.get("examples", {}).values()
    )
    return f"<ul>{cases}</ul>"


def _content(content: Mapping[str, Json]) -> str:
    return "".join(
        f"<p class='media'>{escape(media_type)}{_link(media['schema'])}</p>"
        + (f"<pre><code>{escape(_json(media['example']))}</code></pre>" if _shown(media) else "")
        for media_type, media in content.items()
    )


def _shown(media: Json) -> bool:
    return "example" in media


def _schema(name: str, schema: Json) -> str:
    required = schema.get("required", ())
    rows = "".join(
        f"<tr><td><code>{escape(member)}</code>{_required(member in required)}"
        f"<br><span class='kind'>{_kind(described)}</span></td>"
        f"<td>{_inline(described.get('description', ''))}</td></tr>"
        for member, described in schema.get("properties", {}).items()
    )
    return (
        f"<section class='schema' id='schema-{name}'><h3>{name}</h3>"
        f"{_prose(schema.get('description', ''))}"
        + (f"<table><tbody>{rows}</tbody></table>" if rows else f"<p>{_kind(schema)}</p>")
        + "</section>"
    )


def _kind(schema: Json) -> str:
    """Return in a few words what a schema takes, as HTML."""
    if "$ref" in schema:
        return _link(schema, arrow="")
    if "oneOf" in schema:
        return " or ".join(_kind(option) for option in schema["oneOf"])
    if "enum" in schema:
        return " | ".join(escape(str(choice)) for choice in schema["enum"])
    kind = schema.get("type", "any")
    text = escape(" or ".join(kind) if isinstance(kind, list) else kind)
    if kind == "array":
        return f"array of {_kind(schema['items'])}"
    return f"{text}, {escape(schema['format'])}" if "format" in schema else text


def _problems(kinds: Sequence[Kind]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(kind.type)}</code></td><td>{kind.status}</td>"
        f"<td>{escape(kind.en)}<br><span lang='zh'>{escape(kind.zh)}</span></td></tr>"
        for kind in sorted(kinds, key=lambda kind: (kind.status, kind.code))
    )
    head = "<thead><tr><th>Type</th><th>Status</th><th>Title</th></tr></thead>"
    return f"<table>{head}<tbody>{rows}</tbody></table>"


def _link(schema: Json, arrow: str = " → ") -> str:
    if "$ref" not in schema:
        return ""
    name = schema["$ref"].rpartition("/")[2]
    return f"{arrow}<a href='#schema-{name}'>{name}</a>"


def _method(method: str) -> str:
    return f"<span class='method {method}'>{method.upper()}</span>"


def _required(required: bool) -> str:  # noqa: FBT001 -- a schema's own word
    return "<span class='required'>required</span>" if required else ""


def _slug(tag: str) -> str:
    return re.sub(r"[^a-z]+", "-", tag.lower())


def _json(example: Any) -> str:
    return example if isinstance(example, str) else _laid_out(example, "")


def _laid_out(document: Any, indent: str) -> str:
    """Write a document with whatever fits into a line on one line."""
    compact = json.dumps(document, ensure_ascii=False)
    if len(compact) + len(indent) <= _WIDTH or not isinstance(document, dict | list):
        return compact
    within = indent + "  "
    if isinstance(document, dict):
        members = [
            f"{json.dumps(name)}: {_laid_out(member, within)}" for name, member in document.items()
        ]
    else:
        members = [_laid_out(member, within) for member in document]
    opening, closing = "{}" if isinstance(document, dict) else "[]"
    return f",\n{within}".join((f"{opening}\n{within}{members[0]}", *members[1:])) + (
        f"\n{indent}{closing}"
    )


def _prose(text: str) -> str:
    """Return paragraphs and lists of the little Markdown that descriptions use, as HTML."""
    return "".join(_block(block) for block in text.strip().split("\n\n") if block)


def _block(block: str) -> str:
    if not block.startswith("* "):
        return f"<p>{_inline(block)}</p>"
    items = block.removeprefix("* ").split("\n* ")
    return "<ul>" + "".join(f"<li>{_inline(item)}" for item in items) + "</ul>"


def _inline(text: str) -> str:
    return _BOLD.sub(r"<strong>\1</strong>", _CODE.sub(r"<code>\1</code>", escape(text)))
