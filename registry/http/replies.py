"""Answers as HTTP: status, headers, body, as a value that can be kept and repeated."""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import msgspec
from aiohttp import web

from edge import problems as edge_problems
from edge.problems import Problem
from identifiers.changes import ChangeKind, RequestKey, StoredAnswer
from identifiers.faults import Language
from identifiers.metadata.book import NO_TEMPLATES, Book
from identifiers.metadata.layouts import version_of
from identifiers.records import Record
from identifiers.wire.jsonform import identifier_document, instant
from registry.answers import (
    Answer,
    BatchAnswer,
    Done,
    Item,
    KeyReused,
    Replayed,
    Saved,
    Unchanged,
)
from registry.http.problems import problem_of_answer

IDENTIFIERS: Final = "/api/v1/identifiers"
JSON: Final = "application/json"
_CREATED, _OK = 201, 200
_STATUS_WORDS: Final = {
    ChangeKind.CREATED: "created",
    ChangeKind.UPDATED: "updated",
    ChangeKind.STATE: "updated",
    ChangeKind.DELETED: "deleted",
}
"""What a receipt calls each kind of change."""


class Reply(msgspec.Struct, frozen=True):
    """A whole answer. Headers are those that belong to it, not those of one transmission."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def response(self, *more: tuple[str, str]) -> web.Response:
        """Return what aiohttp sends."""
        response = web.Response(status=self.status, body=self.body or None)
        # One by one: to have a list of pairs made into a table of fields takes three times as long.
        for name, value in (*self.headers, *more):
            response.headers.add(name, value)
        return response


class Told(msgspec.Struct, frozen=True):
    """To whom answers are told: which language, under which request id."""

    language: Language
    request_id: str

    def problem(self, problem: Problem) -> Reply:
        """Return a problem document."""
        return Reply(
            problem.status,
            (*problem.headers, ("Content-Type", edge_problems.MEDIA_TYPE)),
            problem.encoded(self.language, self.request_id),
        )


def json_reply(document: object, status: int = _OK, *headers: tuple[str, str]) -> Reply:
    """Return a JSON document."""
    return Reply(status, (*headers, ("Content-Type", JSON)), msgspec.json.encode(document))


def etag(version: int) -> str:
    """Return the entity tag of a version (RFC 9110 section 8.8.3)."""
    return f'"v{version}"'


def address_of(handle: str) -> str:
    """Return the path of an identifier."""
    return f"{IDENTIFIERS}/{quote(handle, safe='/!$&()*+,;=:@')}"


def identifier(record: Record, book: Book = NO_TEMPLATES) -> dict[str, Any]:
    """Return an identifier as its owner sees it, with the attributes that its values are."""
    document: dict[str, Any] = identifier_document(record.name, record.values)
    document["state"] = record.state.name.lower()
    if record.reason:
        document["reason"] = record.reason
    document["version"] = record.version
    document["changed_at"] = instant(record.changed_at)
    if record.template is not None:
        document["template"], document["template_revision"] = version_of(record.template)
        layout = book.of(record.template)
        document["attributes"] = {} if layout is None else layout.attributes(record.values)
    return document


def receipt(answer: Done, change: UUID) -> dict[str, Any]:
    """Return what an acknowledged write is told by; `change` is the id that a change has."""
    record = answer.record
    saved = isinstance(answer, Saved)
    return {
        "handle": record.name,
        "status": _STATUS_WORDS[answer.kind] if isinstance(answer, Saved) else "unchanged",
        "state": record.state.name.lower(),
        "version": record.version,
        "changed_at": instant(record.changed_at),
        "change": change if saved else None,
    }


def status_of(answer: Done) -> int:
    """Return 201 for what was registered, 200 for every other success."""
    return _CREATED if isinstance(answer, Saved) and answer.kind is ChangeKind.CREATED else _OK


def reply_to(answer: Answer, told: Told, change: UUID) -> Reply:
    """Return the reply to a single command."""
    if isinstance(answer, Replayed):
        return repeated(answer.answer)
    if not isinstance(answer, Saved | Unchanged):
        return told.problem(problem_of_answer(answer))
    status = status_of(answer)
    headers = [("ETag", etag(answer.record.version))]
    if status == _CREATED:
        headers.append(("Location", address_of(answer.record.name)))
    return json_reply(receipt(answer, change), status, *headers)


def reply_to_batch(answer: BatchAnswer, told: Told, changes: Sequence[UUID]) -> Reply:
    """Return the reply to a batch: 200, whatever became of its items."""
    if isinstance(answer, Replayed):
        return repeated(answer.answer)
    if isinstance(answer, KeyReused):
        return told.problem(problem_of_answer(answer))
    items = [_item(item, told, change) for item, change in zip(answer.items, changes, strict=True)]
    return json_reply({"items": items})


def _item(item: Item, told: Told, change: UUID) -> dict[str, Any]:
    if isinstance(item.fate, Saved | Unchanged):
        record = item.fate.record
        return {
            "handle": item.handle,
            "status": status_of(item.fate),
            "version": record.version,
            "change": change if isinstance(item.fate, Saved) else None,
        }
    problem = problem_of_answer(item.fate)
    document = problem.document(told.language)
    return {"handle": item.handle, "status": problem.status, "problem": document}


def repeated(stored: StoredAnswer) -> Reply:
    """Return a first answer once more, byte for byte."""
    return again(Reply(stored.status, stored.headers, stored.body))


def again(reply: Reply) -> Reply:
    """Return a reply marked as one that was given before."""
    return msgspec.structs.replace(
        reply, headers=(*reply.headers, ("Idempotency-Replayed", "true"))
    )


def kept(request: RequestKey, digest: bytes, reply: Reply) -> StoredAnswer:
    """Return a reply as it is kept for repetitions."""
    return StoredAnswer(
        request=request,
        digest=digest,
        status=reply.status,
        # aiohttp's names of fields are no plain strings, and a store takes nothing else.
        headers=tuple((str.__str__(name), value) for name, value in reply.headers),
        body=reply.body,
    )
