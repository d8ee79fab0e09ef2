"""Which command of the registry a message is. Pure but for the chance that mints a suffix."""

from collections.abc import Callable
from typing import Final

from identifiers.faults import Fault, Invalid
from identifiers.names import PREFIX_RECORDS, Handle, Prefix
from identifiers.submissions import Submission
from identifiers.values import Value
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode, OpFlag, ResponseCode
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message
from identifiers.wire.handle.values import decode_values
from registry.commands import AddValues, Create, Delete, ModifyValues, RemoveValues, minted
from registry.handle.turns import Told, refused
from registry.submissions import fit, fitness_faults

WireCommand = Create | Delete | AddValues | ModifyValues | RemoveValues
UNSUPPORTED: Final = ResponseCode.OPERATION_NOT_SUPPORTED
_MINT_OCTETS: Final = 16
_MOST_TOLD: Final = 3
"""Faults that are told; over the API all are."""


def command_of(message: Message, chance: Callable[[int], bytes]) -> WireCommand | Told:
    """Return what a request asks of the registry, or why it asks nothing.

    `message` is one that carries an operation on a single handle: CREATE_HANDLE to MODIFY_VALUE.
    """
    header, body = message.header, message.body
    try:
        match header.op_code, body:
            case OpCode.CREATE_HANDLE, bodies.Valued(handle=name, values=blob):
                return _create(header, name, decode_values(blob), chance)
            case OpCode.DELETE_HANDLE, bodies.Named(handle=name):
                return Delete(handle=Handle.parse(name))
            case OpCode.ADD_VALUE, bodies.Valued(handle=name, values=blob):
                values = _fit(decode_values(blob))
                overwrite = bool(header.flags & OpFlag.OVERWRITE)
                return AddValues(handle=Handle.parse(name), values=values, overwrite=overwrite)
            case OpCode.MODIFY_VALUE, bodies.Valued(handle=name, values=blob):
                return ModifyValues(handle=Handle.parse(name), values=_fit(decode_values(blob)))
            case OpCode.REMOVE_VALUE, bodies.Removal(handle=name, indexes=indexes):
                return RemoveValues(handle=Handle.parse(name), indexes=frozenset(indexes))
            case _:
                raise ProtocolError("Not an operation on a handle", UNSUPPORTED)
    except Invalid as invalid:
        return rejected(invalid.faults)


def _create(
    header: Header, name: str, values: tuple[Value, ...], chance: Callable[[int], bytes]
) -> Create:
    if header.flags & OpFlag.MINT_SUFFIX:
        name = minted(name, chance(_MINT_OCTETS)).given
    handle = fit(Submission(name, values))
    return Create(handle=handle, values=values, overwrite=bool(header.flags & OpFlag.OVERWRITE))


def _fit(values: tuple[Value, ...]) -> tuple[Value, ...]:
    if faults := fitness_faults(values):
        raise Invalid(faults)
    return values


def prefix_named(name: str) -> Prefix | Told:
    """Return the prefix whose record ``0.NA/<prefix>`` is named, or why there is none."""
    try:
        handle = Handle.parse(name)
        if handle.prefix == PREFIX_RECORDS:
            return Prefix.parse(handle.suffix)
    except Invalid as invalid:
        return rejected(invalid.faults)
    return refused(ResponseCode.INVALID_HANDLE, f"A prefix is named {PREFIX_RECORDS}/<prefix>")


def rejected(faults: list[Fault] | tuple[Fault, ...]) -> Told:
    """Return what is told of faults: those of the name are code 102, those of values 202."""
    of_name = not any(fault.pointer.startswith("/values") for fault in faults)
    code = ResponseCode.INVALID_HANDLE if of_name else ResponseCode.INVALID_VALUE
    texts = [f"{fault.pointer} {fault.detail()}".strip() for fault in faults[:_MOST_TOLD]]
    return refused(code, "; ".join(texts))
