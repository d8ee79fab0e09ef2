"""The rules of registration that need no store: is this submission fit to become a command?"""

from collections.abc import Iterable

from identifiers.faults import Fault, Invalid
from identifiers.names import Handle, registration_faults
from identifiers.submissions import Submission
from identifiers.values import Value, is_secret, values_faults
from registry.rules import server_set_faults


def fit(submission: Submission) -> Handle:
    """Return the handle of a submission that keeps all rules. Raises `Invalid` with every fault."""
    faults = fitness_faults(submission.values)
    try:
        handle = Handle.parse(submission.handle)
    except Invalid as invalid:
        raise Invalid([*_below("/handle", invalid.faults), *faults]) from None
    if found := registration_faults(handle):
        faults = [*_below("/handle", found), *faults]
    if faults:
        raise Invalid(faults)
    return handle


def fitness_faults(values: tuple[Value, ...]) -> list[Fault]:
    """Return every fault of submitted values; pointers are below ``/values``."""
    faults = values_faults(values)
    faults += server_set_faults(values)
    faults += _secret_faults(values)
    return _below("/values", faults) if faults else faults


def _secret_faults(values: tuple[Value, ...]) -> list[Fault]:
    """Return a fault for each secret key that everybody knows: the empty one."""
    for value in values:
        if not value.data:
            break
    else:
        return []
    return [
        Fault("empty", f"/{at}/data")
        for at, value in enumerate(values)
        if not value.data and is_secret(value.type)
    ]


def _below(place: str, faults: Iterable[Fault]) -> list[Fault]:
    return [fault.below(place) for fault in faults]
