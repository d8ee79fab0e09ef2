"""``account …``: the operator's commands around accounts.

Each writes just its result: a number, a secret (this once), or a list.
"""

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, assert_never

from identifiers.accounts import AccountState, StoredAccount
from identifiers.principals import Role
from node import config
from node.commands import access
from node.commands.administer import sentence
from node.commands.listing import Listed, written
from node.refusals import NotDone
from registry.access.accounts import (
    Accounts,
    LastOne,
    Made,
    NameTaken,
    NewAccount,
    NoAccount,
    NoEnterprise,
    Overtaken,
)
from registry.answers import Faulty
from registry.commands import Asked

_PAGE: Final = 500
Work = Callable[[Accounts, Asked[Any]], Awaitable[str]]


class ListedAccount(Listed, frozen=True, kw_only=True):
    """An account. `enterprise` None: the node's."""

    number: int
    enterprise: int | None
    role: Role
    kind: str
    state: str
    failed: int
    created_at: datetime
    name: str


def run(environ: Mapping[str, str], work: Work) -> None:
    """Do one piece of work on this node and write its result."""
    found = asyncio.run(act(config.load(environ), work))
    sys.stdout.write(found + "\n" if found else "")


async def act(settings: config.Settings, work: Work) -> str:
    """Do one piece of work on the node with these settings, whether it runs or not."""
    return await access.act(settings, lambda there, asked: work(there.accounts, asked))


def adding(name: str, *, role: Role, enterprise: int | None, password: str | None) -> Work:
    """Make an account; the result is its number, a program's secret."""
    new = NewAccount(name=name, role=role, enterprise=enterprise, password=password)

    async def work(accounts: Accounts, asked: Asked[Any]) -> str:
        return _result(await accounts.add(new, asked))

    return work


def renewing(name: str, password: str | None) -> Work:
    """Give an account another password, or a program another secret, which is the result."""

    async def work(accounts: Accounts, asked: Asked[Any]) -> str:
        number = await _number(accounts, name)
        answer = await accounts.renew(number, password, asked)
        return answer.secret or "" if isinstance(answer, Made) else _result(answer)

    return work


def switching(name: str, *, on: bool) -> Work:
    """Disable an account, or let it in again; its log-ins end."""
    state = AccountState.ACTIVE if on else AccountState.DISABLED

    async def work(accounts: Accounts, asked: Asked[Any]) -> str:
        number = await _number(accounts, name)
        return _result(await accounts.change(number, asked, state=state))

    return work


def listing(*, enterprise: int | None, as_json: bool) -> Work:
    """List accounts, of one enterprise or of all."""

    async def work(accounts: Accounts, _asked: Asked[Any]) -> str:
        found: list[ListedAccount] = []
        after = 0
        while page := await accounts.page(enterprise, after, _PAGE):
            found.extend(map(_listed, page))
            after = page[-1].id
        return written(ListedAccount, found, as_json=as_json)

    return work


def asked_password() -> str:
    """Return a password that is typed twice, or a line of what is piped in. Raises `NotDone`."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("password: ")
    if getpass.getpass("once more: ") != password:
        raise NotDone("these are two passwords")
    return password


async def _number(accounts: Accounts, name: str) -> int:
    found = await accounts.named(name)
    if isinstance(found, NoAccount):
        raise NotDone("there is no such account: idnode account list")
    return found.id


def _listed(account: StoredAccount) -> ListedAccount:
    return ListedAccount(
        number=account.id,
        enterprise=account.enterprise,
        role=account.role,
        kind=account.kind.value,
        state=account.state.value,
        failed=account.failed,
        created_at=datetime.fromtimestamp(account.created_at, UTC),
        name=account.name,
    )


def _result(
    answer: Made
    | StoredAccount
    | NameTaken
    | NoEnterprise
    | NoAccount
    | Overtaken
    | LastOne
    | Faulty,
) -> str:
    match answer:
        case Made():
            return answer.secret or str(answer.account.id)
        case StoredAccount():
            return answer.name
        case NameTaken():
            raise NotDone("there is an account of that name already: idnode account list")
        case NoEnterprise():
            raise NotDone("there is no such enterprise: idnode enterprise list")
        case NoAccount():
            raise NotDone("there is no such account: idnode account list")
        case Overtaken():
            raise NotDone("somebody else changed the account at the same time: look again")
        case LastOne():
            raise NotDone("nobody does that to himself")
        case Faulty():
            raise NotDone(sentence(answer.faults))
        case _:
            assert_never(answer)
