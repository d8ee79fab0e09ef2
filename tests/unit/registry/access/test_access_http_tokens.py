import pytest

from registry.attempts import OF_PAIR
from tests.unit.registry.access.conftest import PASSWORD, TOKEN, bearer, entered
from tests.unit.registry.world import IDENTIFIERS, new


async def test_a_token_works_where_a_key_does(people):
    answer = await entered(people, "li")
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["expires_at"] == "2027-01-16T08:00:00Z"
    assert answer.json["caller"]["role"] == "owner"
    by = await bearer(people, "li")
    assert (await people.post(IDENTIFIERS, new(), **by)).status == 201
    assert (await people.get(f"{IDENTIFIERS}/88.300.1/A", **by)).status == 200
    assert (await people.post(IDENTIFIERS, new("88.300.10/A"), **by)).code == "not-yours"
    assert (await people.post(IDENTIFIERS, new("88.300.1.5/A"), **by)).code == "not-yours"


async def test_roles_cut_down_what_is_done(people):
    owner = await bearer(people, "li")
    await people.post(IDENTIFIERS, new(), **owner)
    for name, reads in (("re", 200), ("ad", 200), ("rev", 403)):
        by = await bearer(people, name)
        assert (await people.get(f"{IDENTIFIERS}/88.300.1/A", **by)).status == reads
        assert (await people.post(IDENTIFIERS, new("88.300.1/B"), **by)).code == "missing-scope"
        imported = await people.post("/api/v1/imports", raw=b"", media="text/csv", **by)
        assert imported.code == "missing-scope"
    other = await bearer(people, "wu")
    assert (await people.get(f"{IDENTIFIERS}/88.300.1/A", **other)).code == "not-yours"


async def test_what_is_wrong_is_not_told(people):
    told = {
        (answer.status, answer.code, answer.json["title"], answer.headers["WWW-Authenticate"])
        for answer in (
            await entered(people, "li", "wrong horse battery"),
            await entered(people, "nobody"),
            await entered(people, "李"),
        )
    }
    assert len(told) == 1
    assert next(iter(told))[:2] == (401, "login-refused")


async def test_guessing_is_told_to_wait(people):
    for _ in range(OF_PAIR):
        await entered(people, "li", "wrong horse battery")
    answer = await entered(people, "li")
    assert (answer.status, answer.code) == (429, "login-later")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("/name", "required"), ("/password", "required")]),
        ({"name": 1, "password": "x", "x": 1}, [("/name", "type"), ("/x", "unknown_key")]),
        ([], [("", "type")]),
    ],
)
async def test_every_fault_of_a_body_is_told(people, body, faults):
    answer = await people.post(TOKEN, body, key=None)
    assert (answer.status, answer.faults) == (422, faults)


async def test_who_am_i(people):
    assert (await people.get(TOKEN, key="reader")).json == {
        "kind": "key",
        "name": "reader",
        "role": None,
        "enterprise": 1,
        "scopes": ["identifiers:read"],
    }
    said = (await people.get(TOKEN, **await bearer(people, "ad"))).json
    assert (said["kind"], said["role"], said["enterprise"]) == ("account", "administrator", None)
    assert (await people.get(TOKEN, key=None)).code == "unauthenticated"


async def test_logging_out(people):
    by = await bearer(people, "li")
    assert (await people.delete(TOKEN, **by)).status == 204
    assert (await people.get(TOKEN, **by)).code == "unauthenticated"
    assert (await people.delete(TOKEN, **by)).code == "unauthenticated"
    assert (await people.delete(TOKEN, key="one")).code == "missing-role"


async def test_a_password_is_not_taken_in_the_clear(people):
    answer = await people.post(
        TOKEN, {"name": "li", "password": PASSWORD}, key=None, X_Forwarded_For="192.0.2.1"
    )
    assert answer.code == "insecure"
