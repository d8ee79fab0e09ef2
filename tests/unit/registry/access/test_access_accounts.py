import pytest

from identifiers.accounts import AccountState
from identifiers.principals import Role
from registry.access.accounts import (
    LastOne,
    Made,
    NameTaken,
    NewAccount,
    NoAccount,
    NoEnterprise,
    Overtaken,
)
from registry.access.programs import Password
from registry.answers import Faulty
from tests.unit.registry.access.conftest import PASSWORD, entry
from tests.unit.registry.world import asked


def new(**more):
    said = {"name": "li", "role": Role.OWNER, "enterprise": 1, "password": PASSWORD, **more}
    return NewAccount(**said)


async def test_an_account_is_made_once_and_audited_without_its_password(desk):
    made = await desk.accounts.add(new(name="Li"), desk.asked)
    assert (made.account.id, made.account.name, made.secret) == (1, "li", None)
    assert await desk.accounts.add(new(), desk.asked) == NameTaken()
    (said,) = desk.store.audited
    assert (said.action, said.subject) == ("account.add", "li")
    assert PASSWORD not in repr(made) + repr(new()) + said.detail.decode()
    assert PASSWORD.encode() not in made.account.proof


@pytest.mark.parametrize(
    ("more", "faults"),
    [
        ({"name": "l"}, ["account.name"]),
        ({"name": "-li"}, ["account.name"]),
        ({"name": "l" * 51}, ["account.name"]),
        ({"name": "李"}, ["account.name"]),
        ({"role": Role.AUDITOR}, ["account.role"]),
        ({"enterprise": None}, ["account.role"]),
        ({"password": "short"}, ["account.short"]),
        ({"password": "x" * 257}, ["too_long"]),
        (
            {"name": "", "password": "", "enterprise": None},
            [
                "account.name",
                "account.role",
                "account.short",
            ],
        ),
    ],
)
async def test_every_fault_is_told(desk, more, faults):
    answer = await desk.accounts.add(new(**more), desk.asked)
    assert isinstance(answer, Faulty)
    assert sorted(f.code for f in answer.faults) == sorted(faults)
    assert desk.store.audited == []


async def test_an_account_of_no_enterprise(desk):
    assert await desk.accounts.add(new(enterprise=9), desk.asked) == NoEnterprise()


async def test_a_program_gets_a_random_secret_that_is_told_once(desk):
    made = await desk.program()
    assert len(made.secret) == 43
    assert made.secret not in repr(made)
    assert made.secret.encode() not in made.account.proof
    again = await desk.accounts.renew(made.account.id, None, desk.asked)
    assert again.secret != made.secret


async def test_a_new_password_ends_what_the_old_one_began(desk):
    account = await desk.person()
    token = (await desk.logins.log_in("li", Password(PASSWORD), entry())).token
    answer = await desk.accounts.renew(account.id, "another long one", desk.asked)
    assert isinstance(answer, Made)
    assert await desk.logins.account(token, now=0, monotonic=10) is None


async def test_whose_account_it_is_counts(desk):
    account = await desk.person()
    accounts, by = desk.accounts, desk.asked
    assert await accounts.find(account.id, 1) == account
    assert await accounts.find(account.id, 2) == NoAccount()
    assert await accounts.find(account.id, None) == NoAccount()
    assert await accounts.find(99) == NoAccount()
    assert await accounts.renew(account.id, PASSWORD, by, 2) == NoAccount()
    assert await accounts.change(account.id, by, whose=2, role=Role.READER) == NoAccount()
    assert await accounts.named("LI") == account
    assert await accounts.named("wang") == NoAccount()


async def test_passwords_are_for_persons_and_secrets_for_programs(desk):
    person, program = await desk.person(), (await desk.program()).account
    for number, password in ((person.id, None), (program.id, PASSWORD)):
        answer = await desk.accounts.renew(number, password, desk.asked)
        assert [f.code for f in answer.faults] == ["account.kind"]
    answer = await desk.accounts.renew(person.id, "short", desk.asked)
    assert [f.code for f in answer.faults] == ["account.short"]


async def test_role_and_state_change_with_old_and_new_in_the_audit_log(desk):
    account = await desk.person()
    disabled = AccountState.DISABLED
    changed = await desk.accounts.change(account.id, desk.asked, role=Role.READER, state=disabled)
    assert (changed.role, changed.state, changed.version) == (Role.READER, disabled, 2)
    assert b'"role":"owner"' in desk.store.audited[-1].detail
    count = len(desk.store.audited)
    assert await desk.accounts.change(account.id, desk.asked, state=disabled) == changed
    assert len(desk.store.audited) == count
    wrong = await desk.accounts.change(account.id, desk.asked, role=Role.AUDITOR)
    assert [f.code for f in wrong.faults] == ["account.role"]


async def test_nobody_shuts_himself_out(desk):
    account = await desk.person()
    himself = asked(account.principal)
    answer = await desk.accounts.change(account.id, himself, state=AccountState.DISABLED)
    assert answer == LastOne()


async def test_of_two_at_once_one_is_told(desk, monkeypatch):
    account = await desk.person()

    async def stale(_):
        return account

    await desk.accounts.change(account.id, desk.asked, role=Role.READER)
    monkeypatch.setattr(desk.kept, "account", stale)
    assert await desk.accounts.change(account.id, desk.asked, role=Role.OPERATOR) == Overtaken()
    assert await desk.accounts.renew(account.id, PASSWORD, desk.asked) == Overtaken()


async def test_pages_are_of_one_enterprise_or_of_all(desk):
    for name, whose in (("a1", 1), ("b1", 2), ("a2", 1)):
        await desk.person(name, enterprise=whose)
    accounts = desk.accounts
    assert [a.name for a in await accounts.page(1, 0, 9)] == ["a1", "a2"]
    assert [a.name for a in await accounts.page(None, 1, 9)] == ["b1", "a2"]
