"""Reverse look-up as B2HANDLE-HRLS answers it: ``GET /hrls/handles?URL=…``.

Every parameter that is none of the special ones is a test: a type, and a text with ``*`` for any
characters; all must hold. Whoever asks must be somebody, as the identity of any key of this node.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from identifiers.directory import PrefixDirectory
from identifiers.faults import Invalid
from identifiers.names import Handle, fold
from identifiers.records import Record, State
from identifiers.reverse import MAX_TESTS, REACH, Match, Pattern, Search, Test, TooBroad
from identifiers.wire.dataform import binary_document, plain_text
from identifiers.wire.handle.codes import ResponseCode
from identifiers.wire.handle.values import decode_values
from identifiers.wire.restform import Unreadable
from registry.ports import RegistryStore, ReverseLookup
from registry.prefixes import Prefixes
from registry.rest.asks import Ask
from registry.rest.authentication import Authentication
from registry.rest.replies import NOT_FOUND, OK, Reply, refusal

LIMIT: Final = 1000
RECORD_LIMIT: Final = 1000
RECORD_OCTETS: Final = 8 * 1024 * 1024
"""Of values in one answer with records."""
_LONGEST_PATTERN: Final = 1024
_MOST_WILDCARDS: Final = 8
_SPECIAL: Final = frozenset({"limit", "page", "retrieverecords"})
_PREFIX: Final = re.compile(r"\d{2}[0-9A-Za-z.]*", re.ASCII)
_SECRET: Final = "HS_SECKEY"  # noqa: S105 -- the name of a value type


class Reverse:
    """The handlers."""

    def __init__(
        self,
        lookup: ReverseLookup,
        store: RegistryStore,
        prefixes: Prefixes,
        authentication: Authentication,
    ) -> None:
        self._lookup = lookup
        self._store = store
        self._prefixes = prefixes
        self._authentication = authentication

    async def search(self, ask: Ask) -> Reply:
        """Answer with an array of handles, or with their values too."""
        known = await self._authentication.required(ask)
        if isinstance(known, Reply):
            return known
        begins = ask.place.strip("/")
        if begins and _PREFIX.fullmatch(begins) is None:
            reply = refusal(ResponseCode.PROTOCOL_ERROR, "This is no prefix")
            return msgspec.structs.replace(reply, status=NOT_FOUND)
        tests = read_tests(ask.parameters)
        records = ask.flag("retrieverecords", default=False)
        if records and len(tests) > 1:
            raise Unreadable("Records are retrieved by one key only")
        if not tests:
            return Reply(status=OK, document={} if records else [])
        limit, offset = _page(ask, most=RECORD_LIMIT if records else REACH)
        search = Search(tests=tests, begins=fold(begins), limit=limit, offset=offset)
        found = await self._lookup.search(search) if limit else ()
        if isinstance(found, TooBroad):
            raise Unreadable(
                f"More than {found.most} identifiers would have to be looked at: "
                "let the text begin with something else than *, or add to it"
            )
        directory = await self._prefixes.picture()
        shown = [match for match in found if _lives_here(directory, match)]
        if not records:
            return Reply(status=OK, document=[match.name for match in shown])
        return await self._records(shown)

    async def _records(self, found: Sequence[Match]) -> Reply:
        document: dict[str, object] = {}
        octets = 0
        for record in await self._store.fetch([match.key for match in found]):
            if record is None or record.state is not State.ACTIVE:
                continue  # deleted or suspended since it was found
            octets += len(record.values)
            if octets > RECORD_OCTETS:
                raise Unreadable(f"The records have more than {RECORD_OCTETS} octets: set a limit")
            document[record.name] = _values(record)
        return Reply(status=OK, document=document)


def read_tests(parameters: Sequence[tuple[str, str]]) -> tuple[Test, ...]:
    """Read the parameters that are tests. Raises `Unreadable`."""
    asked = [(name, value) for name, value in parameters if name not in _SPECIAL]
    if len(asked) > MAX_TESTS:
        raise Unreadable(f"at most {MAX_TESTS} keys are searched for at once")
    return tuple(_test(name, value) for name, value in asked)


def _test(name: str, value: str) -> Test:
    if fold(name) == _SECRET:
        raise Unreadable(f"{_SECRET} is not searched for")
    if len(value) > _LONGEST_PATTERN or "\0" in name + value:
        raise Unreadable(f"a text to search for has at most {_LONGEST_PATTERN} characters")
    try:
        (name + value).encode()
    except UnicodeEncodeError:
        raise Unreadable("keys and texts are UTF-8") from None
    pattern = Pattern.parse(value)
    if len(pattern.pieces) - 1 > _MOST_WILDCARDS:
        raise Unreadable(f"at most {_MOST_WILDCARDS} wildcards")
    return Test(name, pattern)


def _page(ask: Ask, *, most: int) -> tuple[int, int]:
    limit, page = ask.number("limit"), ask.number("page")
    size = min(LIMIT if limit is None else max(limit, 0), most)
    offset = size * max(page or 0, 0)
    if offset + size > REACH:
        raise Unreadable(f"pages reach {REACH} handles: search for less")
    return size, offset


def _lives_here(directory: PrefixDirectory, match: Match) -> bool:
    try:
        home = directory.home_of(Handle.parse(match.name))
    except Invalid:
        return False
    return home is not None and home.enabled


def _values(record: Record) -> list[dict[str, object]]:
    values = []
    for value in decode_values(record.values):
        if value.public and fold(value.type) != _SECRET:
            text = plain_text(value.data)
            told = binary_document(value.data)["value"] if text is None else text
            values.append({"type": value.type, "value": told})
    return values
