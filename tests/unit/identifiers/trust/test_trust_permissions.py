"""What a permission is over, label by label."""

import pytest

from identifiers.names import Handle
from identifiers.trust.permissions import Over, Permission, covers

HANDLES = [
    "88.300/A", "88.300/a", "88.300.1/A", "88.300.10/A", "88.300.1.2/A", "88.3001/A", "88/A",
    "0.NA/88.300", "0.na/88.300.1", "0.NA/88.300.1.2", "0.NA/88.3001", "0.NA/88", "0.NA/?",
]  # fmt: skip
PREFIX = "0.NA/88.300"
COVERED = {
    Permission(Over.EVERYTHING): HANDLES,
    Permission(Over.DERIVED_PREFIXES, PREFIX): [
        "88.300.1/A", "88.300.10/A", "88.300.1.2/A", "0.na/88.300.1", "0.NA/88.300.1.2",
    ],
    Permission(Over.HANDLES_UNDER_THIS_PREFIX, PREFIX): ["88.300/A", "88.300/a"],
    Permission(Over.HANDLES_UNDER_THIS_PREFIX, "0.NA/88.300.1"): ["88.300.1/A"],
    Permission(Over.THIS_HANDLE, PREFIX): ["88.300/A", "88.300/a", "0.NA/88.300"],
    Permission(Over.THIS_HANDLE, "88.300/A"): ["88.300/A"],
    Permission(Over.THIS_HANDLE, "0.NA/88"): ["88/A", "0.NA/88"],
    Permission(Over.DERIVED_PREFIXES, "88.300/A"): [],
    Permission(Over.DERIVED_PREFIXES, "0.NA/88.300."): [],
    Permission(Over.HANDLES_UNDER_THIS_PREFIX, ""): [],
    Permission(Over.THIS_HANDLE, ""): [],
    Permission(Over.THIS_HANDLE, "?/A"): [],
    Permission("anything", PREFIX): [],
}  # fmt: skip


@pytest.mark.parametrize("permission", COVERED, ids=lambda p: f"{p.over}-{p.handle}")
def test_what_is_covered(permission):
    assert [h for h in HANDLES if covers(permission, Handle.parse(h))] == COVERED[permission]


@pytest.mark.parametrize("over", Over)
def test_the_plain_prefix_means_its_record(over):
    for handle in map(Handle.parse, HANDLES):
        plain, full = Permission(over, "88.300"), Permission(over, "0.na/88.300")
        assert covers(plain, handle) == covers(full, handle)
