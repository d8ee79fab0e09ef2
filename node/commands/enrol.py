"""``enterprise load``: many enterprises at once, each with its prefixes and a key."""

from codecs import BOM_UTF8

import msgspec

from node.commands.administer import Work, adding_enterprise, creating_key, homing_prefix
from node.refusals import NotDone
from registry.administration import Administration, Ordered


class Enrolment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the file. Lines without a credit code add an enterprise each time."""

    name: str
    prefixes: tuple[str, ...]
    credit_code: str = ""
    industry: str = ""


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the result."""

    enterprise: int
    name: str
    prefixes: tuple[str, ...]
    api_key: str

    def __repr__(self) -> str:
        return f"Enrolled(enterprise={self.enterprise}, prefixes={self.prefixes})"


def loading_enterprises(lines: bytes) -> Work:
    """Enrol everybody in `lines`; the result is a line for each. Raises `NotDone`.

    Every line is read before the first is acted upon, so that a file with a fault changes nothing.
    """
    enrolments = _read(lines)

    async def work(administration: Administration, ordered: Ordered) -> str:
        done = [await _enrol(one, administration, ordered) for one in enrolments]
        return "\n".join(msgspec.json.encode(one).decode() for one in done)

    return work


def _read(lines: bytes) -> list[Enrolment]:
    enrolments, faults = [], []
    for number, line in enumerate(lines.removeprefix(BOM_UTF8).splitlines(), 1):
        if not line.strip():
            continue
        try:
            enrolments.append(msgspec.json.decode(line, type=Enrolment))
        except (msgspec.DecodeError, UnicodeDecodeError) as why:
            faults.append(f"line {number}: {why}")
    if faults:
        raise NotDone("\n".join(faults))
    if not enrolments:
        raise NotDone("the file names no enterprise")
    return enrolments


async def _enrol(one: Enrolment, administration: Administration, ordered: Ordered) -> Enrolled:
    known = await administration.enterprise_of(one.credit_code) if one.credit_code else None
    number = known or int(
        await adding_enterprise(one.name, credit_code=one.credit_code, industry=one.industry)(
            administration, ordered
        )
    )
    homed = [
        await homing_prefix(prefix, enterprise=number)(administration, ordered)
        for prefix in one.prefixes
    ]
    key = await creating_key(enterprise=number, label="enterprise load")(administration, ordered)
    return Enrolled(enterprise=number, name=one.name, prefixes=tuple(homed), api_key=key)
