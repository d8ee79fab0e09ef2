"""Request heads, looked at as octets: pure (RFC 9112).

Two questions that must not be answered wrongly: do header fields say nothing but how the answer is
liked, and did the last request of a connection end where its octets end? Both are answered for the
few shapes that common clients send. What is anything else is not decided here.
"""

import re
from typing import Final

END: Final = b"\r\n\r\n"
VERSION: Final = b" HTTP/1.1\r\n"
MOST_FIELDS: Final = 2048
"""Octets of header fields that are looked at."""
_MOST_HEAD: Final = 16 * 1024
_FIELD: Final = re.compile(r"([A-Za-z-]+): ?([!-~](?:[ -~]*[!-~])?)", re.ASCII)
_HOST: Final = re.compile(r"[A-Za-z0-9.:\[\]-]+", re.ASCII)
_HARMLESS: Final = frozenset(
    {"accept", "accept-encoding", "accept-language", "connection", "host", "user-agent"}
)
"""Whatever these say, nobody is named by them and no secret is told."""
_TYPE: Final = "content-type"
_CONTENT_LENGTH: Final = b"\r\nContent-Length: "
_MOST_DIGITS: Final = 7
_HEAD: Final = re.compile(
    rb"(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) [!-~]+ HTTP/1\.1\r\n"
    rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*\r\n)+\r\n"
)
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]{1,12}) *(?=\r\n)")
_UNCLEAR: Final = re.compile(rb"\r\n(?:content-length|transfer-encoding|upgrade|expect):")


def plain_fields(fields: bytes, body: str | None = None) -> str | None:
    """Return what the header fields of a GET say in Accept, ``""`` without one.

    `fields` begin behind `VERSION` and end with `END`. With `body`, the fields of a POST but for
    its length: Content-Type must say just that. None: a field is not among the few that are known
    not to matter, stands there twice, or is written in an uncommon way.
    """
    if len(fields) > MOST_FIELDS or not fields.isascii():
        return None
    said: dict[str, str] = {}
    for line in fields[: -len(END)].decode("ascii").split("\r\n"):
        field = _FIELD.fullmatch(line)
        if field is None:
            return None
        name = field[1].lower()
        if name in said or not (name in _HARMLESS or (name == _TYPE and body is not None)):
            return None
        said[name] = field[2]
    if said.get(_TYPE) != body or _HOST.fullmatch(said.get("host", "")) is None:
        return None
    if said.get("connection", "keep-alive").lower() != "keep-alive":
        return None
    return said.get("accept", "")


def without_length(fields: bytes) -> tuple[bytes, int]:
    """Part header fields from their Content-Length; 0 without one that is written as most do.

    `fields` begin behind `VERSION`; neither they nor what is returned have their `END`.
    """
    before, _, after = (b"\r\n" + fields).partition(_CONTENT_LENGTH)
    digits, line_end, rest = after.partition(b"\r\n")
    if not digits.isdigit() or len(digits) > _MOST_DIGITS:
        return fields, 0
    return (before + line_end + rest).removeprefix(b"\r\n"), int(digits)


class Ends:
    """Follows where the requests of one connection end, by the octets that came.

    `between` says that all octets so far are surely whole requests. Once that cannot be told for
    certain it never can again.
    """

    __slots__ = ("_body", "_head", "_known", "between")

    def __init__(self) -> None:
        self.between = True
        self._known = True
        self._head = b""
        self._body = 0

    def feed(self, data: bytes) -> None:
        """Take what came next."""
        while data and self._known:
            data = self._take_body(data) if self._body else self._take_head(data)
        self.between = self._known and not self._head and not self._body

    def lose(self) -> None:
        """Give it up."""
        self._known = self.between = False

    def _take_body(self, data: bytes) -> bytes:
        taken = min(self._body, len(data))
        self._body -= taken
        return data[taken:]

    def _take_head(self, data: bytes) -> bytes:
        head = self._head + data
        end = head.find(END) + len(END)
        if end < len(END):
            self._head = head
            self._known = len(head) <= _MOST_HEAD
            return b""
        self._head = b""
        self._begin(head[:end])
        return head[end:]

    def _begin(self, head: bytes) -> None:
        folded = head.lower()
        length = _LENGTH.search(folded)
        if _HEAD.fullmatch(head) is None or len(_UNCLEAR.findall(folded)) != (length is not None):
            self._known = False
        elif length is not None:
            self._body = int(length[1])
