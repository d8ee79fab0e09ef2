"""The table itself: how callers stand to what is asked about, and which answer is right.

A cell is a row, a caller and a standing. `wrong_cells` asks and returns what was answered otherwise
than the table says.
"""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from identifiers.snms.envelope import FORBIDDEN as NO_RIGHT
from tests.matrix.http_rows import ROWS, WEBHOOK
from tests.matrix.http_scene import MARKS, OWNERS, Caller, Scene
from tests.matrix.http_words import PLACES, Place, filled
from tests.matrix.rights import WHO, Row, Target
from tests.matrix.snms_rows import FORBIDDEN, LOG_IN, REFUSED, SNMS_ROWS

EVERY_ROW: Final = ROWS | SNMS_ROWS
ENTERPRISES: Final = {"own": "1", "other": "2", "missing": "999999"}
REFUSALS: Final = frozenset(
    {"unauthenticated", "wrong-address", "missing-role", "missing-scope", "not-yours"}
)
_OF_PREFIXES: Final = frozenset(
    {Target.PREFIX, Target.RULE, Target.REGISTER, Target.NAME, Target.FILTER}
)
_UNFIT: Final = ("invalid", "invalid-parameter")
_PROBLEM: Final = "urn:idnode:problem:"
_TOGETHER: Final = 16


Cell = tuple[Caller, str, dict[str, str]]
"""Who asks, how he stands to what is asked about, and what stands in the request."""
Known = tuple[Cell, frozenset[str]]
"""A cell, and what may be answered."""


class Wrong(NamedTuple):
    """A cell that is not as the table says."""

    caller: str
    standing: str
    told: str
    right: str

    def __str__(self) -> str:
        return f"{self.caller}, {self.standing}: {self.told}, not {self.right}"


def operation_of(name: str) -> str:
    """Return the id of a row's operation."""
    return name.partition(" (")[0]


def standings(name: str, scene: Scene) -> dict[str, dict[str, str]]:
    """Return what stands in the requests of a row for each standing."""
    row = EVERY_ROW[name]
    if row.target in _OF_PREFIXES:
        return {standing: _at(place, row) for standing, place in PLACES.items()}
    if row.target is Target.ENTERPRISE:
        found: Mapping[str, str] = ENTERPRISES
    elif row.thing or row.target is Target.IMPORT:
        found = scene.things[row.thing or "import"]
    else:
        found = {"own": ""}
    return {
        standing: {
            **dict.fromkeys(("id", "enterprise", "serial", "name"), value),
            "mark": MARKS.get(OWNERS.get(standing, 0), ""),
        }
        for standing, value in found.items()
    }


def _at(place: Place, row: Row) -> dict[str, str]:
    return {
        "prefix": place.prefix,
        "handle": f"{place.prefix}/THERE",
        "version": "old-1" if row.action == "templates:publish" else "coal-1",
        "name": "coal",
        "mark": MARKS.get(place.owner or 0, ""),
    }


def right(name: str, caller: Caller, standing: str) -> frozenset[str]:
    """Return what the table says: problems of the native API, codes of the SNMS envelope."""
    row = EVERY_ROW[name]
    found = frozenset(_right(row, caller, standing))
    if name in ROWS:
        return found
    codes = dict.fromkeys(REFUSALS, FORBIDDEN) | dict.fromkeys(_UNFIT, REFUSED)
    codes["unauthenticated"] = LOG_IN
    return frozenset(codes.get(one, one) for one in found)


def _right(row: Row, caller: Caller, standing: str) -> tuple[str, ...]:
    """Return what is told; it hangs on who asks, on what he may at all, on how he stands to it."""
    fit, absent = _told(row)
    if row.target is Target.OPEN:
        return absent if standing == "missing" else fit
    unfit = row.target in _OF_PREFIXES and not PLACES[standing].fit
    lacking = () if not caller.known else _lacking(row, caller)
    if not caller.known:
        return (caller.refusal, *(_UNFIT if unfit else ()))
    if unfit:
        # That it is no prefix may be said first or last: it tells nothing of anybody.
        return (*_UNFIT, *lacking, row.none, *(fit if row.target is Target.FILTER else absent))
    if row.target is Target.NAME:
        return _of_name(row, caller, PLACES[standing], lacking)
    return lacking or _TOLD_OF[row.target](row, caller, standing)


def _told(row: Row) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what is told to whoever may: of what is there, and where there is nothing."""
    return tuple(row.fit.split()), (row.absent or row.none,)


def _of_himself(row: Row, caller: Caller, _: str) -> tuple[str, ...]:
    return (row.keys,) if row.keys and not caller.role else tuple(row.fit.split())


def _of_all(row: Row, _: Caller, __: str) -> tuple[str, ...]:
    return tuple(row.fit.split())


def _of_the_node(row: Row, caller: Caller, _: str) -> tuple[str, ...]:
    return tuple(row.fit.split()) if caller.of_node else (row.none,)


def _of_import(row: Row, caller: Caller, standing: str) -> tuple[str, ...]:
    sent = caller.name == f"owner-{OWNERS.get(standing)}"
    return tuple(row.fit.split()) if sent else (row.none,)


def _lacking(row: Row, caller: Caller) -> tuple[str, ...]:
    """Return what is told to whoever lacks the role or scope; nothing: he has it."""
    for action in filter(None, (row.also, row.action)):
        if not caller.has(action):
            scoped = action.startswith("names:") or (not caller.role and WHO[action].scopes)
            return ("missing-scope" if scoped else "missing-role",)
    return ()


def _of_thing(row: Row, caller: Caller, standing: str) -> tuple[str, ...]:
    fit = tuple(row.fit.split())
    if caller.of_node:
        if row.enterprises:
            return (row.none,)
        # What is sent unfit to an enterprise that is not there is told as either.
        return (*fit, row.none) if standing == "missing" else fit
    mine = OWNERS.get(standing) == caller.enterprise and not (row.cut and caller.part)
    return fit if mine else (row.none,)


def _of_place(row: Row, caller: Caller, standing: str) -> tuple[str, ...]:
    place, (fit, absent) = PLACES[standing], _told(row)
    if row.target is Target.RULE and place.owner != 0:
        return (row.none,)
    if caller.of_node:
        return absent if place.owner is None else fit
    if row.target is Target.REGISTER:
        return (row.none,)
    whose = (place.names or 0) if row.nearest else place.owner
    shared = whose == 0 and row.action == "templates:read"
    reached = not (row.cut and caller.part) or (row.nearest and caller.part == place.prefix)
    if not shared and not (whose == caller.enterprise and reached):
        return (row.none,)
    return absent if place.owner is None else fit


def _of_name(row: Row, caller: Caller, place: Place, lacking: tuple[str, ...]) -> tuple[str, ...]:
    fit = tuple(row.fit.split())
    if row.first and lacking:
        return lacking
    if caller.of_node:
        seen = (row.gone,) if row.also and caller.has(row.also) else ()
        return (*lacking, *seen) if lacking else (*fit, row.gone)
    reached = not caller.part or place.prefix == caller.part
    if place.names != caller.enterprise or not reached:
        return ("not-yours",)
    if place.owner is None and row.absent:
        return lacking or (row.absent,)
    return lacking or fit


_TOLD_OF: Final = MappingProxyType(
    {
        Target.CALLER: _of_himself,
        Target.MINE: _of_all,
        Target.FILTER: _of_all,
        Target.NODE: _of_the_node,
        Target.IMPORT: _of_import,
        Target.ENTERPRISE: _of_thing,
        Target.THING: _of_thing,
        Target.PREFIX: _of_place,
        Target.RULE: _of_place,
        Target.REGISTER: _of_place,
    }
)


class Asking:
    """Asks the cells of a row."""

    def __init__(self, scene: Scene, name: str) -> None:
        self._scene = scene
        self._name, self._row = name, EVERY_ROW[name]
        self._operation = scene.operations[operation_of(name)]
        self._turns = asyncio.Semaphore(1 if self._row.alone else _TOGETHER)

    def cells(self) -> list[Known]:
        """Return all cells of the row, with what the table says."""
        return [
            ((caller, standing, words), right(self._name, caller, standing))
            for standing, words in standings(self._name, self._scene).items()
            for caller in self._scene.callers
        ]

    def sample(self, turn: int) -> list[Known]:
        """Return one cell for each standing and answer; it is another caller's every `turn`."""
        found: dict[tuple[str, frozenset[str]], list[Known]] = {}
        for cell in self.cells():
            found.setdefault((cell[0][1], cell[1]), []).append(cell)
        return [alike[turn % len(alike)] for alike in found.values()]

    async def wrong_cells(self, wanted: Sequence[Known]) -> list[Wrong]:
        """Ask some; return those that were answered otherwise than the table says."""
        fit = set(self._row.fit.split())
        refused = [(cell, wants) for cell, wants in wanted if fit.isdisjoint(wants)]
        allowed = [(cell, wants) for cell, wants in wanted if not fit.isdisjoint(wants)]
        before = self._scene.written()
        wrong = await self._wrong(refused)
        if self._scene.written() != before and not self._row.noted:
            wrong.append(Wrong("somebody who may not", "any", "something was written", "nothing"))
        return wrong + await self._wrong(allowed)

    async def _wrong(self, cells: Sequence[Known]) -> list[Wrong]:
        told = await asyncio.gather(*(self._ask(*cell) for cell, _ in cells))
        return [
            Wrong(cell[0].name, cell[1], answer, " or ".join(sorted(wants)))
            for (cell, wants), answer in zip(cells, told, strict=True)
            if answer not in wants
        ]

    async def _ask(self, caller: Caller, standing: str, words: dict[str, str]) -> str:
        """Return the problem's code, ``done``, or the code of the envelope."""
        async with self._turns:
            header = caller.header
            if operation_of(self._name) == "logOut" and caller.role:
                header = await self._scene.logged_in(caller.name)
            told = await self._sent(caller, header, words)
            if self._row.again and told == self._row.fit:
                await self._made_anew(OWNERS[standing])
            return told

    async def _sent(self, caller: Caller, header: Mapping[str, str], words: dict[str, str]) -> str:
        row, operation = self._row, self._operation
        if row.target is Target.CALLER:
            words = {**words, "id": caller.account}
        path = re.sub(r"\{(\w+)\}", lambda hole: words[hole[1]], operation["path"])
        headers = dict(header)
        if row.match:
            headers["If-Match"] = f'"{row.match}"'
        data = None
        if row.body is not None:
            document = filled(row.body, words)
            data = document if isinstance(document, str) else json.dumps(document)
            headers["Content-Type"] = row.media
        query = {name: str(value) for name, value in filled(row.query, words).items()}
        async with self._scene.session.request(
            operation["method"], path, params=query, data=data, headers=headers
        ) as answer:
            text = (await answer.read()).decode(errors="replace")
            found = await self._outcome(answer.status, answer.content_type, text, header)
        asked = f"{path} {query} {data}"
        others = (mark for number, mark in MARKS.items() if number != caller.enterprise)
        if not caller.of_node and row.target is not Target.OPEN:
            told = [mark for mark in others if mark in text and mark not in asked]
            return f"{found}, with what has {told[0]}" if told else found
        return found

    async def _outcome(self, status: int, media: str, text: str, header: Mapping[str, str]) -> str:
        if media == "application/problem+json":
            return _code(json.loads(text))
        if self._name in SNMS_ROWS:
            return self._of_envelope(json.loads(text))
        if status >= 400:
            return f"HTTP-{status}"
        if self._name == "batch":
            problem = json.loads(text)["items"][1].get("problem")
            return _code(problem) if problem else "done"
        if self._name == "import":
            results = json.loads(text)["results"]
            async with self._scene.session.get(results, headers=header) as answer:
                lines = (await answer.text()).splitlines()
            return _code(json.loads(lines[0])["problem"]) if lines else "done"
        return "done"

    def _of_envelope(self, document: dict[str, Any]) -> str:
        status, message = document["status"], document["message"]
        if status == 1 and self._name.endswith("Many"):
            fate = document["data"][1]
            status, message = fate["code"], fate["msg"]
            if message.startswith(NO_RIGHT):
                return FORBIDDEN
        known = f"{self._row.fit} {self._row.absent} {self._row.gone}".split()
        return message if message in known else str(status)

    async def _made_anew(self, number: int) -> None:
        header = self._scene.caller(f"owner-{number}").header
        body = filled(WEBHOOK, {"name": MARKS[number]})
        async with self._scene.session.post(
            "/api/v1/webhooks", json=body, headers=header
        ) as answer:
            assert answer.status == 201


def _code(problem: dict[str, Any]) -> str:
    return problem["type"].removeprefix(_PROBLEM)
