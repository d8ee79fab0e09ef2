"""Personal data (个人信息) as it is shown to those who need not know it (脱敏)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from identifiers.enterprises.fields import Document, Field, Many, Part, Personal

_HIDDEN: Final = "*"


def masked(document: Document, fields: tuple[Field, ...]) -> Document:
    """Return a document with its personal data masked; pictures are left out."""
    by_name = {field.name: field for field in fields}
    shown = ((name, _masked(value, by_name[name])) for name, value in document.items())
    return MappingProxyType({name: value for name, value in shown if value is not None})


def parted(document: Document, fields: tuple[Field, ...]) -> tuple[Document, Document]:
    """Return a document without its personal data, and that alone: one to be sealed.

    Personal data stands in no list.
    """
    open_, personal = {}, {}
    for field in fields:
        value = document.get(field.name)
        if value is None:
            continue
        if field.personal is not None:
            personal[field.name] = value
        elif isinstance(field.kind, Part):
            open_[field.name], inner = parted(value, field.kind.fields)
            if inner:
                personal[field.name] = inner
        else:
            open_[field.name] = value
    return MappingProxyType(open_), MappingProxyType(personal)


def whole(open_: Document, personal: Document) -> Document:
    """Return what `parted` took apart."""
    both = dict(open_)
    for name, value in personal.items():
        both[name] = whole(open_[name], value) if isinstance(value, Mapping) else value
    return MappingProxyType(both)


def _masked(value: Any, field: Field) -> Any:
    if field.personal is not None:
        return _MASKS[field.personal](value)
    match field.kind:
        case Part(fields):
            return masked(value, fields)
        case Many(Part(fields)):
            return tuple(masked(item, fields) for item in value)
        case _:
            return value


def _name(text: str) -> str:
    return text[:1] + _HIDDEN * (len(text) - 1)


def _number(text: str) -> str:
    return _kept(text, 3, 4)


def _phone(text: str) -> str:
    return _kept(text, 3, 4)


def _email(text: str) -> str:
    name, _, host = text.partition("@")
    return f"{name[:1]}{_HIDDEN * 3}@{host}"


def _picture(_: str) -> None:
    return None


def _kept(text: str, first: int, last: int) -> str:
    hidden = len(text) - first - last
    if hidden < first:  # too short to show any of it
        return _HIDDEN * len(text)
    return text[:first] + _HIDDEN * hidden + text[-last:]


_MASKS: Final[Mapping[Personal, Callable[[str], str | None]]] = {
    Personal.NAME: _name,
    Personal.NUMBER: _number,
    Personal.PHONE: _phone,
    Personal.EMAIL: _email,
    Personal.PICTURE: _picture,
}
