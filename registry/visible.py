"""What of a record may leave the registry, and to whom: never a secret key. Pure."""

from typing import TypeVar

import msgspec

from identifiers.records import Record, State
from identifiers.values import Permission, Value, is_secret
from identifiers.wire.handle.values import decode_values, encode_values, without_secrets
from registry.answers import Decision, Missing, Saved, Unchanged

D = TypeVar("D", bound=Decision)


def seen_by_owner(record: Record) -> Record:
    """Return a record as the owner of its prefix sees it."""
    values = without_secrets(record.values)
    return record if values is record.values else msgspec.structs.replace(record, values=values)


def told(decision: D) -> D:
    """Return a decision as it is told to whoever asked."""
    if isinstance(decision, Saved | Unchanged):
        shown = seen_by_owner(decision.record)
        if shown is not decision.record:
            return msgspec.structs.replace(decision, record=shown)
    return decision


def seen_by_administrator(record: Record | None, *, may_read: bool) -> Record | Missing:
    """Return what an identity sees: public values, and with `may_read` those for administrators.

    An identifier that is not active is shown to nobody over the Handle protocol, as the resolver
    has it (`resolver.view`).
    """
    if record is None or record.state in {State.RESERVED, State.DELETED}:
        return Missing()
    if record.state is not State.ACTIVE:
        state = record.state.name.lower()
        return Missing(f"{state}: {record.reason}" if record.reason else state)
    values = decode_values(record.values)
    shown = [value for value in values if _shown(value, may_read=may_read)]
    if len(shown) == len(values):
        return record
    return msgspec.structs.replace(record, values=encode_values(shown))


def _shown(value: Value, *, may_read: bool) -> bool:
    if is_secret(value.type):
        return False
    return value.public or (may_read and bool(value.permissions & Permission.ADMIN_READ))
