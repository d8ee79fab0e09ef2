"""The rules of registration that need no store: is this submission fit to become a command?"""

from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Final

from identifiers.faults import Fault, Invalid
from identifiers.names import Handle, fold, registration_faults
from identifiers.relations import BY_TYPE, relation_faults
from identifiers.submissions import Submission
from identifiers.trust.claims import SIGNATURE
from identifiers.values import (
    SEALED_TYPE,
    TEMPLATE_INDEX,
    TEMPLATE_TYPE,
    Value,
    is_secret,
    type_fits,
    values_faults,
    within_limits,
)

_DEALT_WITH: Final = frozenset({SEALED_TYPE, SIGNATURE, TEMPLATE_TYPE, *BY_TYPE})


def fit(submission: Submission) -> Handle:
    """Return the handle of a submission that keeps all rules. Raises `Invalid` with every fault."""
    return fitted(submission)[0]


def fitted(submission: Submission) -> tuple[Handle, bool]:
    """Do as `fit` does, and say whether the values are plain."""
    values = submission.values
    # With a template its entries may be all there is; whether they are is for it to say.
    plain = are_plain(values) or (not values and submission.template is not None)
    faults = [] if plain else fitness_faults(values, template=submission.template)
    if submission.attributes and submission.template is None:
        faults = [*faults, Fault("template.alone", "/attributes")]
    try:
        handle = Handle.parse(submission.handle)
    except Invalid as invalid:
        raise Invalid([*_below("/handle", invalid.faults), *faults]) from None
    if found := registration_faults(handle):
        faults = [*_below("/handle", found), *faults]
    if faults:
        raise Invalid(faults)
    return handle, plain


def are_plain(values: Collection[Value]) -> bool:
    """Say quickly whether values keep all rules, and none is of a type that the node deals with.

    It may say no to what keeps the rules, never yes to what does not.
    """
    if not within_limits(values, _is_plain):
        return False
    return TEMPLATE_INDEX not in [value.index for value in values]


@lru_cache(maxsize=4096)
def _is_plain(kind: str) -> bool:
    return type_fits(kind) and fold(kind) not in _DEALT_WITH


def server_set_faults(values: Iterable[Value], *, marked: bool = False) -> list[Fault]:
    """Return a fault for each value that only the server sets; `marked`: but for that in place."""
    return [
        Fault("value.server_set", f"/{at}", {"type": value.type, "index": value.index})
        for at, value in enumerate(values)
        if (
            value.index == TEMPLATE_INDEX
            or (len(value.type) == len(TEMPLATE_TYPE) and value.type.upper() == TEMPLATE_TYPE)
        )
        and not (marked and (value.index, value.type) == (TEMPLATE_INDEX, TEMPLATE_TYPE))
    ]


def fitness_faults(values: tuple[Value, ...], template: str | None = None) -> list[Fault]:
    """Return every fault of submitted values; pointers are below ``/values``.

    Beside the name of a template its value may stand as it was read; the template judges it.
    """
    faults = values_faults(values)
    faults += server_set_faults(values, marked=template is not None)
    faults += _secret_faults(values)
    faults += relation_faults(values)
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
