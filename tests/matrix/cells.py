"""Who gets which answer to what: every opcode, asked by everybody, with the code that is expected.

One administrator asks, ``300:0.NA/88.300.1``, who has every permission on the record of 88.300.1
and on nothing else; or nobody is known. What is asked for lies under a prefix that stands to
88.300.1 in one of many ways (`Standing`). `CELLS` has a cell for every question and standing, and a
test holds that no opcode is left out.

The table says nothing of transports: a code is the same over UDP (from trusted networks), TCP and
the HTTP tunnel, and the REST form, where it has one, tells it by `http_status`. Questions that
REST has no form for say so.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from identifiers.wire.handle.codes import OpCode, ResponseCode

OWN_PREFIX: Final = "88.300.1"
IDENTITY_HANDLE: Final = f"0.NA/{OWN_PREFIX}"
IDENTITY_INDEX: Final = 300
SECRET: Final = b"correct horse battery"


class Standing(StrEnum):
    """How what is asked for stands to whoever asks."""

    NOBODY = "nobody is known; the prefix is 88.300.1"
    OWN = "the identity's own prefix"
    CHILD = "a prefix below it that was allotted to another"
    SIBLING = "another's prefix beside it"
    PARENT = "the node's own prefix, above it"
    LOOKALIKE = "another's prefix that begins with the same characters"
    LETTER = "another's prefix that a letter tells from it"
    DERIVED = "a prefix below it that was allotted to nobody"
    ELSEWHERE = "a prefix that is no matter of this node"


PREFIXES: Final[Mapping[Standing, str]] = MappingProxyType(
    {
        Standing.NOBODY: OWN_PREFIX,
        Standing.OWN: OWN_PREFIX,
        Standing.CHILD: "88.300.1.5",
        Standing.SIBLING: "88.300.2",
        Standing.PARENT: "88.300",
        Standing.LOOKALIKE: "88.300.10",
        Standing.LETTER: "88.300.1X",
        Standing.DERIVED: "88.300.1.6",
        Standing.ELSEWHERE: "99.1000.1",
    }
)
UNALLOTTED: Final = frozenset({Standing.DERIVED, Standing.ELSEWHERE})
"""Each other has a record ``0.NA/<prefix>`` that its own administrator administers, and a handle
``<prefix>/THERE`` with a public URL at 1 and a value for administrators at 5."""
ALLOTTED: Final = tuple(
    dict.fromkeys(prefix for one, prefix in PREFIXES.items() if one not in UNALLOTTED)
)


class Rest(NamedTuple):
    """A question in the REST form: ``{prefix}`` stands for the prefix. `body` is JSON."""

    method: str
    target: str
    body: str = ""


class Question(NamedTuple):
    """A question, and the codes for: nobody, own, another's; and where these differ."""

    name: str
    op_code: OpCode
    codes: tuple[int, int, int]
    rest: Rest | None = None
    parent: int = 0
    derived: int = 0
    elsewhere: int = 0

    def code(self, standing: Standing) -> int:
        """Return the code for a standing; 0 stands for that of what is another's."""
        nobody, own, anothers = self.codes
        by_standing = {
            Standing.NOBODY: nobody,
            Standing.OWN: own,
            Standing.PARENT: self.parent,
            Standing.DERIVED: self.derived,
            Standing.ELSEWHERE: self.elsewhere,
        }
        return by_standing.get(standing, 0) or anothers


class Cell(NamedTuple):
    """One question with one standing."""

    question: Question
    standing: Standing
    code: ResponseCode

    @property
    def name(self) -> str:
        return f"{self.question.name}, {self.standing.name.lower()}"


_URL: Final = '{"index": 1, "type": "URL", "data": {"format": "string", "value": "urn:x"}}'
_NINE: Final = _URL.replace("1", "9", 1)
_EVERYBODY: Final = (1, 1, 1)
_OWNER: Final = (402, 1, 400)
_NOT_OFFERED: Final = (5, 5, 5)

QUESTIONS: Final = (
    Question("nonsense", OpCode.RESERVED, (4, 4, 4)),
    Question(
        "resolve",
        OpCode.RESOLUTION,
        _EVERYBODY,
        Rest("GET", "/api/handles/{prefix}/THERE?publicOnly"),
        derived=100,
        elsewhere=301,
    ),
    Question(
        "resolve what is hidden",
        OpCode.RESOLUTION,
        (402, 1, 401),
        Rest("GET", "/api/handles/{prefix}/THERE?index=5&publicOnly=false"),
        derived=100,
        elsewhere=301,
    ),
    Question("site", OpCode.GET_SITE_INFO, _EVERYBODY, Rest("GET", "/api/site")),
    Question(
        "create",
        OpCode.CREATE_HANDLE,
        _OWNER,
        Rest("PUT", "/api/handles/{prefix}/NEW?overwrite=false", f"[{_URL}]"),
        elsewhere=301,
    ),
    Question(
        "create what is there", OpCode.CREATE_HANDLE, (101, 101, 101), derived=400, elsewhere=301
    ),
    Question(
        "create over what is there",
        OpCode.CREATE_HANDLE,
        _OWNER,
        Rest("PUT", "/api/handles/{prefix}/THERE", f"[{_URL}]"),
        elsewhere=301,
    ),
    Question(
        "create a derived prefix",
        OpCode.CREATE_HANDLE,
        _OWNER,
        Rest("PUT", "/api/handles/0.NA/{prefix}.77?overwrite=false", f"[{_URL}]"),
        parent=301,
        elsewhere=301,
    ),
    Question(
        "delete",
        OpCode.DELETE_HANDLE,
        _OWNER,
        Rest("DELETE", "/api/handles/{prefix}/THERE"),
        elsewhere=301,
    ),
    Question(
        "delete what is not there",
        OpCode.DELETE_HANDLE,
        (402, 100, 400),
        Rest("DELETE", "/api/handles/{prefix}/NOWHERE"),
        elsewhere=301,
    ),
    Question(
        "delete the prefix record",
        OpCode.DELETE_HANDLE,
        (402, 400, 400),
        Rest("DELETE", "/api/handles/0.NA/{prefix}"),
        derived=100,
        elsewhere=301,
    ),
    Question(
        "add",
        OpCode.ADD_VALUE,
        _OWNER,
        Rest("PUT", "/api/handles/{prefix}/THERE?index=9&overwrite=false", f"[{_NINE}]"),
        elsewhere=301,
    ),
    Question(
        "add to the prefix record",
        OpCode.ADD_VALUE,
        _OWNER,
        Rest("PUT", "/api/handles/0.NA/{prefix}?index=9&overwrite=false", f"[{_NINE}]"),
        derived=100,
        elsewhere=301,
    ),
    Question(
        "remove",
        OpCode.REMOVE_VALUE,
        _OWNER,
        Rest("DELETE", "/api/handles/{prefix}/THERE?index=5"),
        elsewhere=301,
    ),
    Question(
        "modify",
        OpCode.MODIFY_VALUE,
        _OWNER,
        Rest("PUT", "/api/handles/{prefix}/THERE?index=1", f"[{_URL}]"),
        elsewhere=301,
    ),
    Question(
        "list",
        OpCode.LIST_HANDLES,
        _OWNER,
        Rest("GET", "/api/handles?prefix={prefix}"),
        derived=1,
        elsewhere=301,
    ),
    Question(
        "list a derived prefix that was not allotted",
        OpCode.LIST_HANDLES,
        _OWNER,
        Rest("GET", "/api/handles?prefix={prefix}.88"),
        parent=301,
        elsewhere=301,
    ),
    Question("answer nothing", OpCode.CHALLENGE_RESPONSE, (405, 405, 405)),
    Question("verify", OpCode.VERIFY_RESPONSE, _EVERYBODY, elsewhere=403),
    Question(
        "home",
        OpCode.HOME_NA,
        (402, 400, 400),
        Rest("POST", "/api/prefixes/{prefix}"),
    ),
    Question(
        "unhome",
        OpCode.UNHOME_NA,
        (402, 400, 400),
        Rest("DELETE", "/api/prefixes/{prefix}"),
    ),
    Question(
        "list prefixes",
        OpCode.LIST_HOMED_NAS,
        (402, 400, 400),
        Rest("GET", "/api/prefixes"),
    ),
    Question("set a session up", OpCode.SESSION_SETUP, _EVERYBODY),
    Question("end no session", OpCode.SESSION_TERMINATE, (501, 501, 501)),
    Question("change no key", OpCode.SESSION_EXCHANGE_KEY, (501, 501, 501)),
    Question("make a template", OpCode.META_CREATE, _NOT_OFFERED),
    Question("remove a template", OpCode.META_REMOVE, _NOT_OFFERED),
    Question("modify a template", OpCode.META_MODIFY, _NOT_OFFERED),
    Question("ask for a template", OpCode.META_QUERY, _NOT_OFFERED),
    Question("next transaction", OpCode.GET_NEXT_TXN_ID, _NOT_OFFERED),
    Question("transactions", OpCode.RETRIEVE_TXN_LOG, _NOT_OFFERED),
    Question("dump", OpCode.DUMP_HANDLES, _NOT_OFFERED),
    Question("back up", OpCode.BACKUP_SERVER, _NOT_OFFERED),
    Question("notify", OpCode.UPDATE_NOTIFY, _NOT_OFFERED),
    Question("log in by password", OpCode.PASSWORD_LOGIN, _NOT_OFFERED),
    Question("log in", OpCode.LOGIN_ID_SYSTEM, (402, 1, 1)),
)

CELLS: Final = tuple(
    Cell(question, standing, ResponseCode(question.code(standing)))
    for question in QUESTIONS
    for standing in Standing
)


def cells_of(question: Question) -> tuple[Cell, ...]:
    """Return the cells of a question; nobody asks first, before the own prefix is changed."""
    return tuple(cell for cell in CELLS if cell.question is question)


_HTTP: Final[Mapping[int, int]] = MappingProxyType(
    {
        1: 200,
        5: 501,
        100: 404,
        101: 409,
        102: 400,
        200: 200,
        201: 409,
        202: 400,
        301: 400,
        400: 403,
        401: 403,
        402: 401,
        403: 403,
    }
)


def http_status(code: int, *, secure: bool = True, created: bool = False) -> int:
    """Return the HTTP status by which the REST form tells a code (over TLS or not)."""
    if code == ResponseCode.AUTHENTICATION_NEEDED and not secure:
        return 403
    if code == ResponseCode.SUCCESS and created:
        return 201
    return _HTTP[code]
