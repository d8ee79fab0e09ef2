"""Where answers end in a stream of octets: Handle messages, HTTP responses. No input or output."""

from typing import Final, Protocol

from identifiers.wire.handle.envelope import SIZE as ENVELOPE

Placed = tuple[int, bytes]
"""Which of the questions under way is answered, from 0, and the answer."""

_LENGTH: Final = b"\r\ncontent-length:"
_STATUS: Final = slice(9, 12)


class Stream(Protocol):
    """Cuts one connection's octets into answers."""

    def feed(self, data: bytes) -> list[Placed]:
        """Take what has come; return the answers that are whole now. Raises `ValueError`."""
        ...


class HandleStream:
    """Messages of the Handle protocol, placed by their request id, which counts from 1."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Placed]:
        """Take what has come; return the messages that are whole now."""
        data = self._rest + data if self._rest else data
        found, at = [], 0
        while len(data) - at >= ENVELOPE:
            end = at + ENVELOPE + int.from_bytes(data[at + 16 : at + 20], "big")
            if end > len(data):
                break
            found.append((int.from_bytes(data[at + 8 : at + 12], "big") - 1, data[at:end]))
            at = end
        self._rest = data[at:]
        return found


class HttpStream:
    """Responses of HTTP/1.1 with a Content-Length, one request under way at a time.

    An answer is told as its status, a space and its body.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Placed]:
        """Take what has come; return the response if it is whole now.

        Raises `ValueError` when a head tells no length.
        """
        data = self._rest = self._rest + data
        head, ended, body = data.partition(b"\r\n\r\n")
        if not ended or len(body) < _length(head):
            return []
        length = _length(head)
        self._rest = body[length:]
        return [(0, head[_STATUS] + b" " + body[:length])]


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(_LENGTH)
    if not found:
        raise ValueError(f"a response without its length: {head[:200]!r}")
    return int(rest.partition(b"\r\n")[0])
