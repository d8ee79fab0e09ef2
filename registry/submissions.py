"""The rules of registration that need no store: is this submission fit to become a command?"""

from identifiers.faults import Fault, Invalid
from identifiers.names import Handle, registration_faults
from identifiers.submissions import Submission
from identifiers.values import Value, values_faults
from registry.rules import server_set_faults


def fit(submission: Submission) -> Handle:
    """Return the handle of a submission that keeps all rules. Raises `Invalid` with every fault."""
    faults = fitness_faults(submission.values)
    try:
        handle = Handle.parse(submission.handle)
    except Invalid as invalid:
        raise Invalid([*_below_handle(invalid.faults), *faults]) from None
    if found := registration_faults(handle):
        faults = [*_below_handle(found), *faults]
    if faults:
        raise Invalid(faults)
    return handle


def fitness_faults(values: tuple[Value, ...]) -> list[Fault]:
    """Return every fault of submitted values; pointers are below ``/values``."""
    faults = [*values_faults(values), *server_set_faults(values)]
    return [fault.below("/values") for fault in faults]


def _below_handle(faults: tuple[Fault, ...] | list[Fault]) -> list[Fault]:
    return [fault.below("/handle") for fault in faults]
