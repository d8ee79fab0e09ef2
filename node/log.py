"""Logs: one JSON object a line on stderr, the same form for our events and for libraries' messages.

Lines are bounded: strings are cut, what could fool a terminal is escaped, and one class of event
(its level and its words) fills at most `BURST` lines a second; the next line that gets through
says how many did not (`assurance` F27).
"""

import json
import logging
import sys
import time
from collections.abc import Callable, MutableMapping
from typing import Any, Final, TextIO

import structlog

from node.readers import LogLevel

BURST: Final = 10
"""Lines of one class in one second."""
LONGEST: Final = 4096
"""Characters of one string."""
_CLASSES: Final = 1024
_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
# JSON escapes C0 itself. DEL and C1, line and paragraph separators, bidirectional controls:
_ESCAPED: Final = {
    code: f"\\u{code:04x}"
    for code in (
        *range(0x7F, 0xA0),
        *(0x061C, 0x200E, 0x200F, 0x2028, 0x2029, 0xFEFF),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        *range(0xD800, 0xE000),
    )
}
Event = MutableMapping[str, Any]


class RateBound:
    """A structlog processor that drops what is too much of one class."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, str], tuple[int, int]] = {}
        """By class: the second, and the lines that came in it."""

    def __call__(self, _logger: Any, level: str, event: Event) -> Event:
        """Pass the event on, or raise `DropEvent`."""
        now = int(self._clock())
        kind = (level, event.pop("kind", event["event"]))
        second, count = self._seen.get(kind, (now, 0))
        dropped = max(count - BURST, 0) if second != now else 0
        count = 1 if second != now else count + 1
        if len(self._seen) >= _CLASSES and kind not in self._seen:
            self._seen.clear()
        self._seen[kind] = (now, count)
        if count > BURST:
            raise structlog.DropEvent
        if dropped:
            event["dropped"] = dropped
        return event


def render(_logger: Any, _level: str, event: Event) -> str:
    """Write an event as one line of JSON."""
    bounded = {key: _bounded(value) for key, value in event.items()}
    return json.dumps(bounded, ensure_ascii=False, default=repr).translate(_ESCAPED)


def _bounded(value: object) -> object:
    return f"{value[:LONGEST]}…" if isinstance(value, str) and len(value) > LONGEST else value


class _Forward(logging.Handler):
    """Hands messages of the standard library's loggers to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log one message."""
        structlog.get_logger().log(
            record.levelno,
            record.getMessage(),
            logger=record.name,
            kind=str(record.msg),
            exc_info=record.exc_info or None,
        )


def configure(
    level: LogLevel,
    process: str,
    *,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
    again: bool = False,
) -> None:
    """Send all logs of this process to `stream` (stderr), each line naming the process.

    With `again` it may be called once more, for another level; each line then costs more.
    """
    number = _LEVELS[level]

    def name_process(_logger: Any, _level: str, event: Event) -> Event:
        return {"time": None, "level": None, "process": process, **event}

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            RateBound(clock),
            name_process,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=stream or sys.stderr),
        cache_logger_on_first_use=not again,
    )
    logging.basicConfig(handlers=[_Forward()], level=max(number, logging.WARNING), force=True)
