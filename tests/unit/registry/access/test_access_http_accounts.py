import pytest

from tests.unit.registry.access.conftest import PASSWORD, PEOPLE, bearer, entered

ACCOUNTS = "/api/v1/accounts"
NUMBERS = {name: number for number, (name, _, _) in enumerate(PEOPLE, 1)}


def new(name="zhao", role="operator", **more):
    return {"name": name, "role": role, "password": PASSWORD, **more}


def at(name):
    return f"{ACCOUNTS}/{NUMBERS[name]}"


async def test_an_owner_makes_an_account_that_logs_in(people):
    owner = await bearer(people, "li")
    made = await people.post(ACCOUNTS, new(), **owner)
    assert (made.status, made.json["enterprise"], made.json["kind"]) == (201, 1, "person")
    assert "secret" not in made.json
    assert (await people.get(made.headers["Location"], **owner)).json == made.json
    assert (await entered(people, "zhao")).status == 200
    assert (await people.post(ACCOUNTS, new(), **owner)).code == "name-taken"


async def test_a_program_is_told_its_secret_once(people):
    owner = await bearer(people, "li")
    made = await people.post(ACCOUNTS, {"name": "mes", "role": "operator"}, **owner)
    secret, where = made.json["secret"], made.headers["Location"]
    assert (await entered(people, "mes", secret)).status == 200
    assert "secret" not in (await people.get(where, **owner)).json
    again = await people.put(f"{where}/password", {}, **owner)
    assert again.json["secret"] != secret
    assert (await entered(people, "mes", secret)).status == 401


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("/name", "required"), ("/role", "required")]),
        (new(name="赵"), [("/name", "account.name")]),
        (new(role="king"), [("/role", "one_of")]),
        (new(role="administrator"), [("/role", "account.role")]),
        (new(password="short"), [("/password", "account.short")]),
        (new(enterprise="1"), [("/enterprise", "type")]),
        ([], [("", "type")]),
    ],
)
async def test_every_fault_is_told(people, body, faults):
    answer = await people.post(ACCOUNTS, body, **await bearer(people, "li"))
    assert (answer.status, answer.faults) == (422, faults)


async def test_another_enterprises_accounts_are_not_there(people):
    other = await bearer(people, "wu")
    answers = [
        await people.post(ACCOUNTS, new(enterprise=1), **other),
        await people.get(f"{ACCOUNTS}?enterprise=1", **other),
        await people.get(at("li"), **other),
        await people.get(f"{ACCOUNTS}/999", **other),
        await people.get(f"{ACCOUNTS}/99999999999", **other),
        await people.patch(at("li"), {"state": "disabled"}, **other),
        await people.patch(at("ad"), {"state": "disabled"}, **other),
        await people.put(f"{at('li')}/password", {"password": PASSWORD}, **other),
    ]
    assert {(a.status, a.code) for a in answers} == {(404, "no-such-thing")}


@pytest.mark.parametrize("name", ["re", "op", "rev"])
async def test_who_has_not_the_role_is_told_so(people, name):
    who = await bearer(people, name)
    mine = at("re")
    answers = [
        await people.get(ACCOUNTS, **who),
        await people.post(ACCOUNTS, new(enterprise=1), **who),
        await people.get(mine, **who),
        await people.patch(mine, {"role": "owner"}, **who),
    ]
    assert {a.code for a in answers} == {"missing-role"}


async def test_an_api_key_has_no_accounts(people):
    assert (await people.get(ACCOUNTS, key="one")).code == "missing-role"


async def test_the_administrator_makes_accounts_of_all(people):
    administrator = await bearer(people, "ad")
    of_one = await people.post(ACCOUNTS, new(enterprise=1), **administrator)
    assert of_one.json["enterprise"] == 1
    nodes = await people.post(ACCOUNTS, new("sun", "auditor"), **administrator)
    assert nodes.json["enterprise"] is None
    none = await people.post(ACCOUNTS, new("qian", enterprise=99), **administrator)
    assert none.code == "no-such-thing"
    page = (await people.get(f"{ACCOUNTS}?limit=3", **administrator)).json
    assert [a["id"] for a in page["items"]] == [1, 2, 3]
    rest = (await people.get(f"{ACCOUNTS}?after={page['next']}", **administrator)).json
    assert [a["id"] for a in rest["items"]] == list(range(4, len(PEOPLE) + 3))


async def test_changing_and_disabling(people):
    owner, operator = await bearer(people, "li"), await bearer(people, "op")
    changed = await people.patch(at("op"), {"role": "reader"}, **owner)
    assert changed.json["role"] == "reader"
    assert (await people.get("/api/v1/token", **operator)).code == "unauthenticated"
    assert (await people.patch(at("op"), {}, **owner)).json["role"] == "reader"
    assert (await people.patch(at("op"), {"state": "disabled"}, **owner)).status == 200
    assert (await entered(people, "op")).code == "login-refused"
    assert (await people.patch(at("li"), {"role": "reader"}, **owner)).code == "yourself"
    assert (await people.patch(at("op"), {"role": 1}, **owner)).faults == [("/role", "type")]


async def test_a_program_gets_another_secret_for_the_old_one_not_for_a_token(people):
    made = await people.post(
        ACCOUNTS, {"name": "mes", "role": "operator"}, **await bearer(people, "li")
    )
    secret, path = made.json["secret"], f"{made.headers['Location']}/password"
    program = await bearer(people, "mes", secret)
    assert (await people.put(path, {}, **program)).faults == [("/old", "required")]
    assert (await people.put(path, {"old": "x"}, **program)).faults == [("/old", "account.old")]
    assert (await entered(people, "mes", secret)).status == 200
    again = (await people.put(path, {"old": secret}, **program)).json["secret"]
    assert (await entered(people, "mes", again)).status == 200
    assert (await entered(people, "mes", secret)).status == 401


async def test_whoever_changes_his_own_password_tells_the_old_one(people):
    reader, path = await bearer(people, "re"), f"{at('re')}/password"
    other = "another long password"
    assert (await people.put(path, {"password": other}, **reader)).faults == [("/old", "required")]
    wrong = {"password": other, "old": "wrong"}
    assert (await people.put(path, wrong, **reader)).faults == [("/old", "account.old")]
    right = {"password": other, "old": PASSWORD}
    assert (await people.put(path, right, **reader)).status == 200
    assert (await entered(people, "re")).status == 401
    assert (await entered(people, "re", other)).status == 200


async def test_an_owner_sets_anothers_password(people):
    owner = await bearer(people, "li")
    path = f"{at('re')}/password"
    assert (await people.put(path, {"password": "another long one"}, **owner)).status == 200
    short = await people.put(path, {"password": "short"}, **owner)
    assert short.faults == [("/password", "account.short")]
