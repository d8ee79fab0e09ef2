r"""Template handles: values of unknown handles, computed from those of a base (HS_NAMESPACE).

``88.300.1/BATCH@7`` is not registered, ``88.300.1/BATCH`` is, and the prefix (or the base itself)
has a namespace whose template has the delimiter ``@``: then the template makes the values, with
``extension`` ``7``. The form is that of the Handle.Net technical manual::

    <namespace>
      <template delimiter="@">
        <foreach>
          <if value="type" test="equals" expression="URL">
            <if value="extension" test="matches" expression="box\((\d+),(\d+)\)" parameter="x">
              <value data="${data}?left=${x[1]}&amp;top=${x[2]}"/>
            </if>
            <else><value data="${data}?${extension}"/></else>
          </if>
          <else><value/></else>
        </foreach>
      </template>
    </namespace>

``foreach`` goes through the base's values; ``value`` makes one, within ``foreach`` like the one at
hand but for what its attributes (index, type, data) say. ``if`` looks at a variable (handle, base,
extension; within ``foreach`` index, type, data; parameters): ``equals`` exactly, types without
regard to case; ``matches`` the whole of it, by ``identifiers.patterns``; ``parameter`` then names
what was matched and its groups. ``def`` gives a text a name.

Pure, and bounded: in the size of the XML, of patterns and of what comes out.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, assert_never

import msgspec

from identifiers.elements import BadXml, Element, parse
from identifiers.names import fold
from identifiers.pattern_syntax import BadPattern
from identifiers.patterns import Budget, Pattern, TooMuchWork, compiled, match
from identifiers.values import (
    MAX_DATA_BYTES,
    MAX_INDEX,
    MAX_RECORD_BYTES,
    MAX_TYPE_BYTES,
    MAX_VALUES,
    Value,
)

DEFAULT_DELIMITER: Final = "@"
"""Of bases that have a namespace under a prefix that has none."""
_MAX_DELIMITER: Final = 16
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]{0,31})(?:\[([0-9]{1,2})\])?\}", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,31}", re.ASCII)
MAX_PATTERNS: Final = 1024
"""Nodes of all patterns of a namespace, their counted repetitions written out."""
_CHARACTERS_PER_STEP: Final = 64
_PARTS_PER_STEP: Final = 4
_SECRET: Final = "HS_SECKEY"  # noqa: S105 -- a type's name


class BadNamespace(ValueError):
    """A namespace that cannot be used; the message says why."""


class Split(msgspec.Struct, frozen=True):
    """A handle at its first delimiter. All three as asked."""

    handle: str
    base: str
    extension: str


class _Variable(msgspec.Struct, frozen=True):
    name: str
    number: int | None


_Text = tuple[str | _Variable, ...]


class _ForEach(msgspec.Struct, frozen=True):
    body: tuple["_Order", ...]


class _If(msgspec.Struct, frozen=True):
    variable: _Variable
    expression: str | Pattern
    parameter: str
    then: tuple["_Order", ...]
    otherwise: tuple["_Order", ...]


class _Make(msgspec.Struct, frozen=True):
    index: _Text | None
    kind: _Text | None
    data: _Text | None


class _Define(msgspec.Struct, frozen=True):
    parameter: str
    text: _Text


_Order = _ForEach | _If | _Make | _Define


class Namespace(msgspec.Struct, frozen=True):
    """A namespace that was read. `delimiter` is empty when it has no template."""

    delimiter: str = ""
    orders: tuple[_Order, ...] = ()


@lru_cache(maxsize=512)
def read_namespace(data: bytes) -> Namespace:
    """Read HS_NAMESPACE data. Raises `BadNamespace`."""
    try:
        root = parse(data)
        if root.name != "namespace":
            raise BadNamespace(f"<namespace> was expected, not <{root.name}>")
        template = next((child for child in root.children if child.name == "template"), None)
        if template is None:
            return Namespace()
        delimiter = template.attributes.get("delimiter", "")
        if not 1 <= len(delimiter) <= _MAX_DELIMITER:
            raise BadNamespace(f"a template has a delimiter of 1 to {_MAX_DELIMITER} characters")
        return Namespace(delimiter, _read_orders(template.children, Budget(MAX_PATTERNS)))
    except (BadXml, BadPattern, TooMuchWork) as why:
        raise BadNamespace(str(why)) from None


def split(handle: str, delimiter: str) -> Split | None:
    """Split a handle at the first delimiter in its suffix; None: there is none, or no base."""
    slash = handle.find("/")
    at = handle.find(delimiter, slash + 2)
    if slash < 0 or at < 0:
        return None
    return Split(handle, handle[:at], handle[at + len(delimiter) :])


def evaluate(
    namespace: Namespace, parts: Split, values: Iterable[Value], budget: Budget
) -> tuple[Value, ...]:
    """Compute the values of `parts.handle` from those of its base. Raises `BadNamespace`.

    What that takes is taken off `budget`; each of its steps is about as long as any other.

    A value that is made within ``foreach`` has the permissions, TTL and timestamp of the one at
    hand, and of those around it no permission that one of them lacks: what is not public does not
    become so. Secret keys take no part.
    """
    given = tuple(value for value in values if fold(value.type) != _SECRET)
    known = {"handle": parts.handle, "base": parts.base, "extension": parts.extension}
    run = _Run(given, budget)
    try:
        run.follow(namespace.orders, {name: (text,) for name, text in known.items()}, None)
    except TooMuchWork as why:
        raise BadNamespace(str(why)) from None
    return tuple(run.made)


# --- reading


def _read_orders(elements: Sequence[Element], room: Budget) -> tuple[_Order, ...]:
    orders: list[_Order] = []
    for element in elements:
        if element.name == "else":
            # An else belongs to the if right before it.
            before = orders.pop() if orders else None
            if not isinstance(before, _If) or before.otherwise:
                raise BadNamespace("an <else> without its <if>")
            otherwise = _read_orders(element.children, room)
            orders.append(msgspec.structs.replace(before, otherwise=otherwise))
        else:
            orders.append(_read_order(element, room))
    return tuple(orders)


def _read_order(element: Element, room: Budget) -> _Order:
    match element.name:
        case "foreach":
            return _ForEach(_read_orders(element.children, room))
        case "if":
            return _read_if(element, room)
        case "value":
            attributes = element.attributes
            return _Make(
                *(
                    _read_text(attributes[name]) if name in attributes else None
                    for name in ("index", "type", "data")
                )
            )
        case "def":
            parameter, text = _required(element, "parameter"), _required(element, "expression")
            return _Define(_read_name(parameter), _read_text(text))
        case _:
            raise BadNamespace(f"<{element.name}> is not understood")


def _read_if(element: Element, room: Budget) -> _If:
    test, expression = _required(element, "test"), _required(element, "expression")
    if test not in {"equals", "matches"}:
        raise BadNamespace(f"the test {test!r} is not understood")
    parameter = element.attributes.get("parameter", "")
    return _If(
        _read_variable(_required(element, "value")),
        expression if test == "equals" else _read_pattern(expression, room),
        _read_name(parameter) if parameter else "",
        _read_orders(element.children, room),
        (),
    )


def _read_pattern(text: str, room: Budget) -> Pattern:
    pattern = compiled(text)
    room.spend(pattern.size)
    return pattern


def _required(element: Element, name: str) -> str:
    try:
        return element.attributes[name]
    except KeyError:
        raise BadNamespace(f"<{element.name}> needs the attribute {name}") from None


def _read_name(text: str) -> str:
    if _NAME.fullmatch(text) is None:
        raise BadNamespace(f"{text!r} is no name of a parameter")
    return text


def _read_variable(text: str) -> _Variable:
    form = _VARIABLE.fullmatch(f"${{{text}}}")
    if form is None:
        raise BadNamespace(f"{text!r} is no variable")
    return _variable(form)


def _variable(form: re.Match[str]) -> _Variable:
    return _Variable(form[1], None if form[2] is None else int(form[2]))


def _read_text(text: str) -> _Text:
    parts: list[str | _Variable] = []
    end = 0
    for form in _VARIABLE.finditer(text):
        parts += (text[end : form.start()], _variable(form))
        end = form.end()
    return (*parts, text[end:])


# --- running


_Known = Mapping[str, tuple[str, ...]]
"""A variable's text, and behind it the groups that were matched in it."""


class _Run:
    """One evaluation: what it made, and the work it has left."""

    def __init__(self, values: Sequence[Value], budget: Budget) -> None:
        self._values = tuple((value, _of_value(value)) for value in values)
        self._budget = budget
        self._matched: dict[tuple[int, str], tuple[str, ...] | None] = {}
        self._octets = 0
        self.made: list[Value] = []

    def follow(self, orders: Iterable[_Order], known: _Known, at: Value | None) -> None:
        for order in orders:
            self._budget.spend(1)
            match order:
                case _ForEach(body):
                    for value, own in self._values:
                        self._name(known)
                        self.follow(body, {**known, **own}, _within(at, value))
                case _If():
                    self._decide(order, known, at)
                case _Make():
                    self._make(order, known, at)
                case _Define(parameter, text):
                    self._name(known)
                    known = {**known, parameter: (self._fill(text, known),)}
                case _:
                    assert_never(order)

    def _name(self, known: _Known) -> None:
        """Pay for a copy of what is known, with a name more."""
        self._budget.spend(1 + len(known) // _PARTS_PER_STEP)

    def _decide(self, order: _If, known: _Known, at: Value | None) -> None:
        text = _looked_up(order.variable, known)
        if isinstance(order.expression, str):
            self._budget.spend((len(text) + len(order.expression)) // _CHARACTERS_PER_STEP)
            of_type = order.variable.name == "type"
            expected = fold(order.expression) if of_type else order.expression
            found: tuple[str, ...] | None = (
                (text,) if (fold(text) if of_type else text) == expected else None
            )
        else:
            found = self._match(order.expression, text)
        if order.parameter:
            # Without a match the parameter is what was looked at, with no groups.
            self._name(known)
            known = {**known, order.parameter: (text,) if found is None else found}
        self.follow(order.otherwise if found is None else order.then, known, at)

    def _match(self, pattern: Pattern, text: str) -> tuple[str, ...] | None:
        # The extension is the same for every value of the base: it is matched once.
        key = (id(pattern), text)
        if key not in self._matched:
            self._matched[key] = match(pattern, text, self._budget)
        return self._matched[key]

    def _fill(self, text: _Text, known: _Known) -> str:
        self._budget.spend(len(text) // _PARTS_PER_STEP)
        filled: list[str] = []
        size = 0
        for part in text:
            filled.append(part if isinstance(part, str) else _looked_up(part, known))
            size += len(filled[-1])
            if size > MAX_DATA_BYTES:
                raise BadNamespace("the template makes more than a value may hold")
        self._budget.spend(size // _CHARACTERS_PER_STEP)
        return "".join(filled)

    def _make(self, order: _Make, known: _Known, at: Value | None) -> None:
        value = at or Value(index=1, type="URL", data=b"")
        if order.index is not None:
            value = msgspec.structs.replace(value, index=_index(self._fill(order.index, known)))
        if order.kind is not None:
            value = msgspec.structs.replace(value, type=_type(self._fill(order.kind, known)))
        if order.data is not None:
            data = self._fill(order.data, known).encode("utf-8", "surrogateescape")
            value = msgspec.structs.replace(value, data=data)
        self._octets += len(value.data) + len(value.type)
        if len(self.made) >= MAX_VALUES or self._octets > MAX_RECORD_BYTES:
            raise BadNamespace("the template makes more than a record may hold")
        self.made.append(value)


def _within(outer: Value | None, value: Value) -> Value:
    """Return the value at hand, which may carry what is known of the one around it, if any."""
    if outer is None or outer.permissions & value.permissions == value.permissions:
        return value
    return msgspec.structs.replace(value, permissions=outer.permissions & value.permissions)


def _of_value(value: Value) -> dict[str, tuple[str, ...]]:
    return {
        "index": (str(value.index),),
        "type": (value.type,),
        "data": (value.data.decode("utf-8", "surrogateescape"),),
    }


def _looked_up(variable: _Variable, known: _Known) -> str:
    texts = known.get(variable.name, ())
    number = variable.number or 0
    return texts[number] if number < len(texts) else ""


def _index(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= len(str(MAX_INDEX)):
        index = int(text)
        if 1 <= index <= MAX_INDEX:
            return index
    raise BadNamespace(f"an index is a number from 1 to {MAX_INDEX}")


def _type(text: str) -> str:
    if not text or "\0" in text or len(text.encode("utf-8", "surrogateescape")) > MAX_TYPE_BYTES:
        raise BadNamespace(f"a type has 1 to {MAX_TYPE_BYTES} octets")
    return text
