"""One request of the REST form, its body read, and how its parameters are read."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from identifiers.relay import Origin
from identifiers.wire import jsonform
from identifiers.wire.handle.codes import MAX_LIST
from identifiers.wire.restform import (
    JAVASCRIPT,
    JSON,
    Form,
    Unreadable,
    read_callback,
    read_flag,
    read_index,
)

VARIOUS: Final = "various"
_LONGEST_NUMBER: Final = 10


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A request. `target` is path and query as sent, `place` what the route left of the path.

    `authorization` are the fields of that name. `at` in epoch milliseconds, `now` in steady
    seconds.
    """

    method: str
    target: str
    place: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    authorization: tuple[str, ...] = ()
    content_type: str = ""
    body: bytes = b""
    origin: Origin
    request_id: str
    at: int
    now: float

    def all(self, name: str) -> Sequence[str]:
        """Return every value of a parameter."""
        return [value for known, value in self.parameters if known == name]

    def last(self, name: str) -> str | None:
        """Return the last value of a parameter; None: it is not there."""
        found = self.all(name)
        return found[-1] if found else None

    def flag(self, name: str, *, default: bool) -> bool:
        """Read a boolean parameter."""
        value = self.last(name)
        return default if value is None else read_flag(value)

    def number(self, name: str) -> int | None:
        """Read a whole number, None: it is not there. Raises `Unreadable`."""
        value = self.last(name)
        if value is None:
            return None
        digits = value.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_NUMBER):
            raise Unreadable(f"{name} must be a whole number")
        return int(value)

    def indexes(self) -> tuple[int, ...]:
        """Read the parameters `index`. Raises `Unreadable`."""
        return tuple(map(read_index, self._list("index")))

    def types(self) -> tuple[str, ...]:
        """Read the parameters `type`. Raises `Unreadable`."""
        return tuple(self._list("type"))

    def _list(self, name: str) -> Sequence[str]:
        found = self.all(name)
        if len(found) > MAX_LIST:
            raise Unreadable(f"at most {MAX_LIST} parameters {name} are read")
        return found

    def form(self) -> Form:
        """Return how the answer is to be written; only what is read may be a script.

        Raises `Unreadable`.
        """
        pretty = self.flag("pretty", default=False)
        callback = self.last("callback")
        if callback is None or self.method != "GET":
            return Form(pretty=pretty)
        return Form(JAVASCRIPT, pretty, read_callback(callback))

    def document(self) -> object:
        """Read the body as JSON. Raises `Unreadable` for another type, and `Invalid`."""
        if self.content_type != JSON:
            # 400 and not 415: what existing clients know.
            raise Unreadable(f"Content-Type must be {JSON}")
        return jsonform.load(self.body)

    def with_body(self) -> "Ask":
        """Return the same with the members of a JSON body as further parameters.

        Raises `Unreadable` and `Invalid`.
        """
        if not self.body:
            return self
        document = self.document()
        if not isinstance(document, dict):
            raise Unreadable("the body must be an object with parameters")
        more = tuple(_parameters(document.items()))
        return msgspec.structs.replace(self, parameters=self.parameters + more, body=b"")


def _parameters(members: Iterable[tuple[str, object]]) -> Iterable[tuple[str, str]]:
    for name, value in members:
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, bool):
                yield name, "true" if item else "false"
            elif isinstance(item, str | int):
                yield name, str(item)
            else:
                raise Unreadable(f"{name} must be a text, a number or a list of these")
