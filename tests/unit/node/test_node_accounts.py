import io
import json

import pytest

from identifiers.changes import Enterprise
from identifiers.principals import Role
from node.commands import accounts as commands
from node.commands.accounts import adding, asked_password, listing, renewing, switching
from node.refusals import NotDone
from registry.access.accounts import Accounts
from registry.access.passwords import Cost, Passwords
from registry.access.programs import Safe
from storage.memory import MemoryAccounts, MemoryStore
from tests.unit.registry.world import asked, audit

PASSWORD = "correct horse battery"


@pytest.fixture
async def do():
    """Return what does a piece of work on accounts in memory."""
    store = MemoryStore()
    await store.add_enterprise(Enterprise(id=0, name="一"), audit())
    passwords = Passwords(Cost(16, 1, 1))
    accounts = Accounts(MemoryAccounts(store), store, passwords, Safe(b"k" * 32))
    return lambda work: work(accounts, asked(changes=0))


def person(name="li", role=Role.OWNER, enterprise=1, password=PASSWORD):
    return adding(name, role=role, enterprise=enterprise, password=password)


async def test_what_commands_print(do):
    assert await do(person()) == "1"
    secret = await do(person("mes", Role.OPERATOR, password=None))
    assert len(secret) == 43
    assert await do(person("wang", Role.AUDITOR, None)) == "3"
    assert await do(renewing("li", PASSWORD)) == ""
    assert len(await do(renewing("mes", None))) == 43
    assert await do(switching("li", on=False)) == "li"
    assert await do(switching("LI", on=True)) == "li"


async def test_the_list(do):
    await do(person())
    await do(person("wang", Role.AUDITOR, None))
    await do(switching("li", on=False))
    listed = json.loads(await do(listing(enterprise=None, as_json=True)))
    assert [(a["name"], a["state"], a["enterprise"]) for a in listed] == [
        ("li", "disabled", 1),
        ("wang", "active", None),
    ]
    lines = (await do(listing(enterprise=1, as_json=False))).splitlines()
    assert len(lines) == 2
    assert lines[1].split()[-1] == "li"


@pytest.mark.parametrize(
    ("work", "why"),
    [
        (person(), "of that name already"),
        (person("zhao", enterprise=9), "no such enterprise"),
        (person("zhao", password="short"), "12 characters or more"),
        (renewing("nobody", PASSWORD), "no such account"),
        (renewing("li", None), "a person has a password"),
    ],
)
async def test_what_is_not_done_is_said(do, work, why):
    await do(person())
    with pytest.raises(NotDone, match=why):
        await do(work)


def test_a_password_is_piped_in_or_typed_twice(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\nmore\n"))
    assert asked_password() == PASSWORD
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    typed = iter([PASSWORD, PASSWORD, PASSWORD, "another"])
    monkeypatch.setattr(commands.getpass, "getpass", lambda _: next(typed))
    assert asked_password() == PASSWORD
    with pytest.raises(NotDone, match="two passwords"):
        asked_password()
