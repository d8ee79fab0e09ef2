"""Every operation of the REST form, by everybody, on every kind of name: no cell is missing."""

import itertools

import pytest

from identifiers.principals import HandleIdentity
from identifiers.values import Value
from tests.unit.registry.handles import admin, stored, url
from tests.unit.registry.rest.conftest import OPEN, OWNER, basic, seckey

# Prefixes as the owner of 88.300.1 sees them.
NAMES = {
    "own": "88.300.1",
    "child": "88.300.1.2",
    "allotted child": "88.300.1.5",
    "foreign": "88.300.2",
    "look-alike": "88.300.10",
    "not here": "99.1",
}
ASKERS = {
    "nobody": {},
    "nobody in the open": {"origin": OPEN},
    "owner": {"who": basic()},
    "owner in the open": {"who": basic(), "origin": OPEN},
    "wrong password": {"who": basic(secret=b"wrong")},
}
VALUE = [{"index": 9, "type": "NOTE", "data": "new"}]
OPERATIONS = {
    "read": ("GET", "/api/handles/{}/A?index=2&publicOnly=false", None),
    "create": ("PUT", "/api/handles/{}/NEW?overwrite=false", VALUE),
    "replace": ("PUT", "/api/handles/{}/A", VALUE),
    "mint": ("PUT", "/api/handles/{}/M?mintNewSuffix=true", VALUE),
    "add": ("PUT", "/api/handles/{}/A?index=9&overwrite=false", VALUE),
    "modify": ("PUT", "/api/handles/{}/A?index=9", VALUE),
    "remove": ("DELETE", "/api/handles/{}/A?index=1", None),
    "delete": ("DELETE", "/api/handles/{}/A", None),
    "delete what is not there": ("DELETE", "/api/handles/{}/NONE", None),
    "list": ("GET", "/api/handles?prefix={}", None),
    "list prefixes": ("GET", "/api/prefixes", None),
    "home": ("POST", "/api/prefixes/{}.77", None),
    "unhome": ("DELETE", "/api/prefixes/{}", None),
    "search": ("GET", "/hrls/handles/{}?URL=*", None),
}
FOR_SERVERS = {"list prefixes", "home", "unhome"}
CREATED = {"create", "mint"}
NO_ADMIN = (403, 400)
NOT_HERE = (400, 301)


def expected(operation, asker, name):
    """Status and response code; what is not listed is denied."""
    if asker.startswith("nobody") and operation == "read" and name == "not here":
        return NOT_HERE  # where nothing lives there is nothing to prove oneself for
    if asker.endswith("in the open"):
        return 403, 402
    if asker == "nobody":
        return 401, 402
    if asker == "wrong password":
        return 401, 403
    return expected_of_owner(operation, name)


def expected_of_owner(operation, name):
    if operation in FOR_SERVERS:
        return NO_ADMIN
    if operation == "search":
        return 200, None
    if name == "not here":
        return NOT_HERE
    if name == "own":
        missing = operation == "delete what is not there"
        return (404, 100) if missing else (201 if operation in CREATED else 200, 1)
    if (operation, name) == ("list", "child"):
        return 200, 1  # a derived prefix without a record is administered like the one above
    # HS_ADMIN of another, or none at all: of the record, or of the prefix's for what is new.
    return (403, 401) if operation == "read" else NO_ADMIN


@pytest.fixture
async def everywhere(records):
    for prefix in NAMES.values():
        who = HandleIdentity(f"0.NA/{prefix}", 300)
        if prefix != "88.300.1.2":  # derived, and nobody made its record
            await stored(records, f"0.NA/{prefix}", admin(who), seckey(f"0.NA/{prefix}"))
        private = Value(index=2, type="NOTE", data=b"private", permissions=0x0C)
        await stored(records, f"{prefix}/A", admin(who), url(1), private)
    return records


@pytest.mark.parametrize(
    ("operation", "asker", "name"), list(itertools.product(OPERATIONS, ASKERS, NAMES))
)
async def test_a_cell(rest, everywhere, operation, asker, name):
    method, path, body = OPERATIONS[operation]
    before = dict(everywhere.records)
    answer = await rest.call(method, path.format(NAMES[name]), body, **ASKERS[asker])
    status, code = expected(operation, asker, name)
    told = answer.json.get("responseCode") if isinstance(answer.json, dict) else None
    assert (answer.status, told) == (status, code), answer.body
    if status >= 400:
        assert everywhere.records == before


def test_the_owner_is_the_one_of_the_names():
    assert f"0.NA/{NAMES['own']}" == OWNER.handle
