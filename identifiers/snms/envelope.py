"""What every answer of the SNMS-style interface is wrapped in: ``{"message", "status", "data"}``.

The HTTP status says nothing there. Clients compare some of the sentences, so these never change.
"""

from collections.abc import Iterable
from enum import IntEnum
from typing import Final

import msgspec

from identifiers.faults import Fault

SUCCESS: Final = "success"
WRONG_LOGIN: Final = "用户名/密码错误！"
LOG_IN: Final = "未登录或登录已过期，请重新登录"
FORBIDDEN: Final = "没有权限"
EXISTS: Final = "标识已存在"
NO_RECORD: Final = "没有找到标识"
"""When one identifier is read, changed or deleted."""
NO_IDENTIFIER: Final = "标识不存在"
"""In a list, and of identifiers that are suspended or revoked."""
BUSY: Final = "系统繁忙"
_MISSING: Final = "缺少必要的请求参数: "
_SAYS_WHERE: Final = frozenset({"template.no_item", "template.missing"})
"""Sentences that clients compare, or that name the place themselves."""


class Status(IntEnum):
    """How a call ended."""

    DONE = 1
    LOG_IN = -1
    REFUSED = -2
    """The reason is in the message."""
    FORBIDDEN = -3
    FAILED = -4
    """Trouble of the node: repeat. Whether a write was done may be unknown."""


class Envelope(msgspec.Struct, frozen=True):
    """An answer."""

    message: str
    status: Status
    data: object = None


def done(data: object = True) -> Envelope:  # noqa: FBT002 -- `true` is what most calls answer
    """Return the answer to a call that succeeded."""
    return Envelope(SUCCESS, Status.DONE, data)


def refused(message: str) -> Envelope:
    """Return the answer to a call that failed for a reason."""
    return Envelope(message, Status.REFUSED)


def sentence(faults: Iterable[Fault]) -> str:
    """Return all faults as one sentence; first what is missing, as clients know it."""
    found = tuple(faults)
    missing = [_name(fault.pointer) for fault in found if fault.code == "required"]
    sentences = [_MISSING + ", ".join(missing)] if missing else []
    sentences += [_told(fault) for fault in found if fault.code != "required"]
    return "；".join(sentences)


def _told(fault: Fault) -> str:
    name, detail = _name(fault.pointer), fault.detail("zh")
    return f"{name}: {detail}" if name and fault.code not in _SAYS_WHERE else detail


def _name(pointer: str) -> str:
    return pointer.strip("/").replace("/", ".").replace("~1", "/").replace("~0", "~")
