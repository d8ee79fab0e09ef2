"""Applications of enterprises, and what is told of enterprises: the tables under SNMS's names."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from identifiers.enterprises.fields import Field, Many, Part
from identifiers.enterprises.tables import FIELDS, SITES
from identifiers.faults import Fault, Faults, Invalid
from identifiers.snms.lenient import members, mended
from identifiers.wire.members import Members

_SITES: Final = "entInfoSyses"
_NUMBERS: Final = {name: number for number, name in SITES.items()}
_NAME: Final = 50
_PREFIX: Final = 64
_LENGTHS: Final = {"userName": _NAME, "mobile": 50, "email": 50, "password": 64}
"""Characters of what tells of an account; all of it is required."""


class Applicant(msgspec.Struct, frozen=True):
    """Who is to work for the enterprise: a new account, or the name of one that is there."""

    name: str
    mobile: str = ""
    email: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"Applicant(name={self.name!r})"


class Sent(msgspec.Struct, frozen=True):
    """An application: who sent it, what it tells, the prefix that is wanted.

    `faults` are of what stands around the particulars; a prefix that is at fault is left out.
    """

    applicant: Applicant
    particulars: dict[str, Any]
    prefix: str
    faults: tuple[Fault, ...] = ()

    def __repr__(self) -> str:
        return f"Sent(applicant={self.applicant!r}, prefix={self.prefix!r})"


def read_application(found: object) -> Sent:
    """Read the body of ``ent/apply`` or ``ent/upgrade-apply``; particulars are judged elsewhere.

    Raises `Invalid` for what is no object.
    """
    faults = Faults()
    sent = members(found, "", faults)
    if sent is None or not isinstance(found, dict):
        raise Invalid(faults)
    known = "username" in sent
    applicant = Applicant(_text(sent, "username", _NAME)) if known else _applicant(sent)
    basic = members(sent.any("entBasicInfo"), "/entBasicInfo", faults)
    prefix = "" if basic is None else basic.text("entPrefix", "")
    if basic is not None and len(_short(basic, "entPrefix", prefix, _PREFIX)) > _PREFIX:
        prefix = ""
    return Sent(applicant, _ours(found, FIELDS), prefix, tuple(faults))


def theirs(fault: Fault) -> Fault:
    """Return a fault of particulars at the place where a client wrote it."""
    return Fault(fault.code, _their_place(fault.pointer), fault.params)


def told_particulars(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return particulars as ``ent/detail`` tells them; nothing is unmasked here."""
    return _theirs(document, FIELDS)


def _applicant(sent: Members) -> Applicant:
    user = members(sent.any("sysUser"), "/sysUser", sent.faults)
    if user is None:
        return Applicant("")
    name, mobile, email, password = (_text(user, *length) for length in _LENGTHS.items())
    return Applicant(name=name, mobile=mobile, email=email, password=password)


def _text(sent: Members, name: str, most: int) -> str:
    """Return a text that is required, of one to so many characters."""
    text = sent.text(name)
    if isinstance(sent.get(name), str) and not text.strip():
        sent.note(name, "required")
    return _short(sent, name, text, most)


def _short(sent: Members, name: str, text: str, most: int) -> str:
    if len(text) > most:
        sent.note(name, "too_long", size=len(text), unit="characters", limit=most)
    return text


def _ours(found: dict[str, Any], fields: tuple[Field, ...]) -> dict[str, Any]:
    document = mended(found)
    ours = {
        field.name: _our_value(document[field.snms], field)
        for field in fields
        if field.snms and document.get(field.snms) is not None
    }
    for site in _listed(document.get(_SITES)):
        name = SITES.get(_number(site.get("sysType")), "")
        of = next((field for field in fields if field.name == name), None)
        if of is not None:
            ours[name] = _our_value(site, of)
    return ours


def _our_value(found: object, field: Field) -> object:
    match field.kind:
        case Part(fields=fields):
            return _ours(found, fields) if isinstance(found, dict) else found
        case Many(of=Part(fields=fields)) if isinstance(found, list):
            return [_ours(item, fields) if isinstance(item, dict) else item for item in found]
        case _:
            return found


def _listed(found: object) -> list[dict[str, Any]]:
    return [site for site in found if isinstance(site, dict)] if isinstance(found, list) else []


def _number(found: object) -> int:
    text = str(found)
    return int(text) if text.isascii() and text.isdigit() and len(text) == 1 else 0


def _theirs(document: Mapping[str, Any], fields: tuple[Field, ...]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for field in fields:
        value = document.get(field.name)
        if value is None:
            continue
        if field.name in _NUMBERS and isinstance(field.kind, Part):
            site = {"sysType": _NUMBERS[field.name], **_theirs(value, field.kind.fields)}
            told.setdefault(_SITES, []).append(site)
        elif field.snms:
            told[field.snms] = _their_value(value, field)
    return told


def _their_value(value: Any, field: Field) -> object:
    match field.kind:
        case Part(fields=fields):
            return _theirs(value, fields)
        case Many(of=Part(fields=fields)):
            return [_theirs(item, fields) for item in value]
        case _:
            return value


def _their_place(pointer: str) -> str:
    place, fields = "", FIELDS
    for name in pointer.split("/")[1:]:
        field = next((field for field in fields if field.name == name), None)
        if field is None:
            place += f"/{name}"
            continue
        if field.name in _NUMBERS:
            place += f"/{_SITES}[sysType={_NUMBERS[field.name]}]"
        else:
            place += f"/{field.snms or field.name}"
        kind = field.kind.of if isinstance(field.kind, Many) else field.kind
        fields = kind.fields if isinstance(kind, Part) else fields
    return place
