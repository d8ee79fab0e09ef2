"""The problems of prefixes: their states, their hosting, what enterprises apply for."""

from typing import Final

from edge.problems import Kind

PREFIX_STATE: Final = Kind(
    "prefix-state",
    409,
    "The prefix, its hosting or its application is in a state where this cannot be done.",
    "前缀、托管或申请处于当前状态，不能执行此操作。",
)
PREFIX_IN_USE: Final = Kind(
    "prefix-in-use",
    409,
    "Something is stored under the prefix or in its record.",
    "该前缀下或前缀记录中仍有数据。",
)
PREFIXES_BELOW: Final = Kind(
    "prefixes-below",
    409,
    "Other prefixes stand on this one.",
    "其他前缀依赖于该前缀。",
)
PREFIX_BELOW: Final = Kind(
    "prefix-below",
    409,
    "The prefix is below another enterprise's.",
    "该前缀位于其他企业的前缀之下。",
)
HOLDER_NOT_ACTIVE: Final = Kind(
    "enterprise-not-active",
    409,
    "There is no such enterprise, or it is suspended or closed.",
    "该企业不存在，或已暂停、注销。",
)
TOO_MANY_OPEN: Final = Kind(
    "too-many-applications",
    409,
    "The enterprise has as many open applications for prefixes as it may.",
    "该企业待处理的前缀申请已达上限。",
)
PREFIX_MOVING: Final = Kind(
    "prefixes-change",
    409,
    "Prefixes below this one were allotted meanwhile. Try again.",
    "其下的前缀同时发生变化，请重试。",
)
PREFIX_KINDS: Final = (
    PREFIX_STATE,
    PREFIX_IN_USE,
    PREFIXES_BELOW,
    PREFIX_BELOW,
    HOLDER_NOT_ACTIVE,
    TOO_MANY_OPEN,
    PREFIX_MOVING,
)
