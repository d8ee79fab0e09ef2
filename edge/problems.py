"""Problem documents (RFC 9457): what a client is told when the answer is no.

A `Kind` is a sort of problem with its stable code, a `Problem` one occurrence. Rooms declare the
kinds of their own service; those that every listener shares are here, and so is the one table that
turns errors of the domain, of stores and of aiohttp into problems (`problem_of`).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, assert_never

import msgspec
from aiohttp import web

from identifiers.directory import Off
from identifiers.errors import FateUnknown, QuotaSpent, StoreUnavailable
from identifiers.faults import Fault, Invalid, Language
from identifiers.principals import (
    Allowed,
    Disabled,
    LivesElsewhere,
    LoginFirst,
    MissingPermission,
    MissingScope,
    NotAdministrator,
    NotYours,
    Verdict,
    WrongAddress,
)

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:idnode:problem:"
"""A name and no address: the same problem has the same type on every node (RFC 9457 3.1.1)."""

Headers = tuple[tuple[str, str], ...]


class Kind(msgspec.Struct, frozen=True):
    """A sort of problem: code, HTTP status, and its title in both languages."""

    code: str
    status: int
    en: str
    zh: str

    @property
    def type(self) -> str:
        """Return the type URI."""
        return TYPE_PREFIX + self.code

    def title(self, language: Language) -> str:
        """Return the sentence of this kind."""
        return self.en if language == "en" else self.zh


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One occurrence of a kind.

    `faults` name every place that is wrong, `members` extend the document, `headers` the answer.
    """

    kind: Kind
    detail: str = ""
    faults: tuple[Fault, ...] = ()
    members: Mapping[str, Any] = {}
    headers: Headers = ()

    @property
    def status(self) -> int:
        """Return the HTTP status."""
        return self.kind.status

    def document(self, language: Language, request_id: str = "") -> dict[str, Any]:
        """Return the members of the problem document; one within another has no request id."""
        document: dict[str, Any] = {
            "type": self.kind.type,
            "title": self.kind.title(language),
            "status": self.kind.status,
        }
        if self.detail:
            document["detail"] = self.detail
        document.update(self.members)
        if self.faults:
            document["errors"] = [
                {"pointer": f.pointer, "code": f.code, "detail": f.detail(language)}
                for f in self.faults
            ]
        if request_id:
            document["request_id"] = request_id
        return document

    def encoded(self, language: Language, request_id: str) -> bytes:
        """Return the problem document as JSON."""
        return msgspec.json.encode(self.document(language, request_id))


class Refusal(Exception):
    """Ends the handling of a request with a problem; for what is found deep inside a body."""

    def __init__(self, problem: Problem) -> None:
        self.problem: Final = problem
        super().__init__(problem.kind.code)


MALFORMED: Final = Kind("malformed", 400, "The body cannot be read.", "无法读取请求正文。")
BAD_REQUEST: Final = Kind("bad-request", 400, "The request is not valid HTTP.", "HTTP 请求无效。")
UNAUTHENTICATED: Final = Kind(
    "unauthenticated",
    401,
    "A valid API key is needed, as Authorization: Bearer <key>.",
    "需要有效的 API 密钥：Authorization: Bearer <密钥>。",
)
NOT_YOURS: Final = Kind(
    "not-yours",
    403,
    "This key has no right to names under this prefix.",
    "该密钥无权操作此前缀下的标识。",
)
MISSING_SCOPE: Final = Kind(
    "missing-scope", 403, "This key lacks the scope for this.", "该密钥缺少此操作所需的权限。"
)
WRONG_ADDRESS: Final = Kind(
    "wrong-address", 403, "This key may not be used from here.", "该密钥不允许从此地址使用。"
)
PREFIX_DISABLED: Final = Kind(
    "prefix-disabled",
    403,
    "The prefix is off: it was given up or switched off, or its enterprise is suspended or closed. "
    "Whoever runs the node can switch it on again, unless the enterprise is closed.",
    "该前缀已停用：已放弃或被停用，或其企业已暂停或注销。企业未注销的，可请节点管理员重新启用。",
)
PREFIX_DELEGATED: Final = Kind(
    "prefix-delegated",
    403,
    "The prefix is delegated: register at the enterprise's own node.",
    "该前缀已委派，请在企业自己的节点注册。",
)
NOT_ADMINISTRATOR: Final = Kind(
    "not-administrator",
    403,
    "No HS_ADMIN value names this identity.",
    "没有 HS_ADMIN 值授权此身份。",
)
MISSING_PERMISSION: Final = Kind(
    "missing-permission",
    403,
    "The HS_ADMIN value lacks a permission for this.",
    "HS_ADMIN 值缺少此操作所需的权限。",
)
NO_ROUTE: Final = Kind("no-route", 404, "There is nothing at this address.", "此地址不存在。")
METHOD: Final = Kind(
    "method-not-allowed", 405, "The method is not allowed here.", "此地址不支持该方法。"
)
QUOTA_SPENT: Final = Kind(
    "quota-spent",
    409,
    "The enterprise has as many identifiers as it may have; nothing was changed.",
    "该企业的标识数量已达配额，未作任何更改。",
)
SLOW: Final = Kind("too-slow", 408, "The body came too slowly.", "请求正文传输过慢。")
TOO_LARGE: Final = Kind("too-large", 413, "The body is too large.", "请求正文过大。")
MEDIA_TYPE_UNKNOWN: Final = Kind(
    "media-type", 415, "This media type is not read here.", "不支持该媒体类型。"
)
CONTENT_ENCODING: Final = Kind(
    "content-encoding", 415, "Send the body without Content-Encoding.", "请勿对正文使用内容编码。"
)
EXPECTATION: Final = Kind(
    "expectation", 417, "Only Expect: 100-continue is met.", "仅支持 Expect: 100-continue。"
)
INVALID: Final = Kind("invalid", 422, "The request has faults.", "请求内容有误。")
INTERNAL: Final = Kind(
    "internal",
    500,
    "An internal error; its request id is in the log.",
    "内部错误，日志中记有请求编号。",
)
UNAVAILABLE: Final = Kind(
    "unavailable",
    503,
    "The store is away or overloaded; nothing was changed. Try again later.",
    "存储暂不可用或过载，未作任何更改。请稍后重试。",
)
OVERLOADED: Final = Kind(
    "overloaded",
    503,
    "Too many requests are in progress; nothing was done. Try again later.",
    "正在处理的请求过多，未作任何处理。请稍后重试。",
)
FATE_UNKNOWN: Final = Kind(
    "fate-unknown",
    503,
    "It is not known whether this was done. Repeat it with the same Idempotency-Key.",
    "操作结果未知。请使用相同的 Idempotency-Key 重试。",
)
TIMED_OUT: Final = Kind(
    "timed-out",
    503,
    "This took too long; it may still be done. Repeat it with the same Idempotency-Key.",
    "处理超时，操作仍可能完成。请使用相同的 Idempotency-Key 重试。",
)
SHARED_KINDS: Final = (
    MALFORMED,
    BAD_REQUEST,
    UNAUTHENTICATED,
    NOT_YOURS,
    MISSING_SCOPE,
    WRONG_ADDRESS,
    PREFIX_DISABLED,
    PREFIX_DELEGATED,
    NOT_ADMINISTRATOR,
    MISSING_PERMISSION,
    NO_ROUTE,
    METHOD,
    QUOTA_SPENT,
    SLOW,
    TOO_LARGE,
    MEDIA_TYPE_UNKNOWN,
    CONTENT_ENCODING,
    EXPECTATION,
    INVALID,
    INTERNAL,
    UNAVAILABLE,
    OVERLOADED,
    FATE_UNKNOWN,
    TIMED_OUT,
)

CHALLENGE: Final[Headers] = (("WWW-Authenticate", 'Bearer realm="idnode"'),)
_UNREADABLE: Final = frozenset(
    {"json.syntax", "cbor.syntax", "csv.syntax", "csv.gb18030", "utf8", "gb18030"}
)
_OF_AIOHTTP: Final = {
    404: NO_ROUTE,
    405: METHOD,
    413: TOO_LARGE,
    415: MEDIA_TYPE_UNKNOWN,
    417: EXPECTATION,
}


_REFUSALS: Final[Mapping[type[Verdict], Kind]] = MappingProxyType(
    {
        NotYours: NOT_YOURS,
        WrongAddress: WRONG_ADDRESS,
        Disabled: PREFIX_DISABLED,
        LivesElsewhere: PREFIX_DELEGATED,
        NotAdministrator: NOT_ADMINISTRATOR,
        MissingPermission: MISSING_PERMISSION,
    }
)


def retry_after(kind: Kind, seconds: int) -> Problem:
    """Return a problem that says when to try again."""
    return Problem(kind=kind, headers=(("Retry-After", str(seconds)),))


def of_faults(faults: tuple[Fault, ...]) -> Problem:
    """Return the problem of an input with faults: 400 when it cannot be read at all, else 422."""
    unreadable = any(f.code in _UNREADABLE for f in faults)
    return Problem(kind=MALFORMED if unreadable else INVALID, faults=faults)


def of_denial(verdict: Verdict) -> Problem:
    """Return the problem of a refused authorisation. `Allowed` is none: TypeError."""
    match verdict:
        case LoginFirst():
            return Problem(kind=UNAUTHENTICATED, headers=CHALLENGE)
        case MissingScope():
            return Problem(kind=MISSING_SCOPE, members={"scope": verdict.scope.value})
        case Disabled(why=Off(state, reason)):
            told = {"state": state.value, "reason": reason or None}
            return Problem(kind=PREFIX_DISABLED, members=told)
        case (
            NotYours()
            | WrongAddress()
            | Disabled()
            | LivesElsewhere()
            | NotAdministrator()
            | MissingPermission()
        ):
            return Problem(kind=_REFUSALS[type(verdict)])
        case Allowed():
            raise TypeError("an allowed request has no problem")
        case _:
            assert_never(verdict)


def problem_of(error: Exception) -> Problem | None:
    """Return what a client is told of an error; None: a fault of our own, to be logged."""
    problem: Problem | None = None
    match error:
        case Refusal():
            problem = error.problem
        case Invalid():
            problem = of_faults(error.faults)
        case QuotaSpent():
            used = {"used": error.used, "allowed": error.most, "prefix": error.prefix or None}
            problem = Problem(kind=QUOTA_SPENT, members=used)
        case StoreUnavailable():
            problem = retry_after(UNAVAILABLE, 2)
        case FateUnknown():
            problem = retry_after(FATE_UNKNOWN, 1)
        case TimeoutError():
            problem = retry_after(TIMED_OUT, 1)
        case web.RequestPayloadError():
            problem = Problem(kind=BAD_REQUEST)
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            problem = Problem(kind=METHOD, headers=(("Allow", allowed),))
        case web.HTTPClientError():
            problem = Problem(kind=_OF_AIOHTTP.get(error.status, BAD_REQUEST))
        case _:
            pass
    return problem
