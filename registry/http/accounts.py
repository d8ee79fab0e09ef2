"""Accounts over HTTP: the handlers below ``/api/v1/accounts``."""

from typing import Any, Final, assert_never

from aiohttp import hdrs, web

from edge.problems import Problem, Refusal, of_faults
from identifiers.access import Action
from identifiers.accounts import AccountState, StoredAccount
from identifiers.faults import Fault, Faults, Invalid
from identifiers.principals import Account, Role
from identifiers.wire.jsonload import load
from identifiers.wire.members import Members, members_of
from registry.access.accounts import (
    EVERYBODYS,
    Accounts,
    LastOne,
    Made,
    NameTaken,
    NewAccount,
    NoAccount,
    NoEnterprise,
    Overtaken,
)
from registry.access.logins import LoggedIn, Logins
from registry.access.programs import Password
from registry.answers import Faulty
from registry.commands import Asked
from registry.http import requests
from registry.http.identifiers import DEFAULT_PAGE, NO_PARAMETERS
from registry.http.lists import (
    LIST_PARAMETERS,
    MOST_ENTERPRISES,
    received,
    wanted_enterprise,
)
from registry.http.permission import permit
from registry.http.problems import ACCOUNT_CHANGED, NAME_TAKEN, NO_SUCH, YOURSELF
from registry.http.reception import Caller, Reception
from registry.http.repeats import Repeats
from registry.http.replies import Reply, json_reply
from registry.http.tokens import NO_STORE, instant_of
from registry.service import PAGE_LIMIT

PATH: Final = "/api/v1/accounts"
MOST_ACCOUNTS: Final = 2**31 - 1
_DIGITS: Final = 10
_CREATED: Final = 201
_OK: Final = 200


_Answer = Made | StoredAccount | NameTaken | NoEnterprise | NoAccount | Overtaken | LastOne | Faulty


class AccountRoutes:
    """The handlers; `logins` checks the old password of whoever changes his own."""

    def __init__(self, accounts: Accounts, logins: Logins, reception: Reception) -> None:
        self._accounts = accounts
        self._logins = logins
        self._reception = reception
        self._repeats = Repeats(reception)

    async def create(self, request: web.Request) -> web.Response:
        """POST: make an account."""
        caller, body = await received(self._reception, request)
        new = _new(body, caller)
        permit(caller, Action.ACCOUNT_WRITE, new.enterprise)

        async def add(asked: Asked[Any]) -> _Answer:
            return await self._accounts.add(new, asked)

        return await self._repeats.once(
            request, body, caller, add, lambda answer: _made(answer, _CREATED)
        )

    async def page(self, request: web.Request) -> web.Response:
        """GET: accounts, some at a time."""
        parameters = requests.query(request, LIST_PARAMETERS)
        limit = requests.number(parameters, "limit", DEFAULT_PAGE, PAGE_LIMIT)
        after = 0
        if "after" in parameters:
            after = requests.number(parameters, "after", 1, MOST_ACCOUNTS)
        caller = await self._reception.caller(request)
        whose = wanted_enterprise(parameters, caller)
        permit(caller, Action.ACCOUNT_READ, whose)
        found = await self._accounts.page(whose, after, limit)
        document: dict[str, Any] = {"items": [_shown(account) for account in found]}
        if len(found) == limit:
            document["next"] = str(found[-1].id)
        return json_reply(document, 200, NO_STORE).response()

    async def read(self, request: web.Request) -> web.Response:
        """GET of one."""
        requests.query(request, NO_PARAMETERS)
        caller = await self._reception.caller(request)
        account = await self._account(request, caller, Action.ACCOUNT_READ)
        return json_reply(_shown(account), 200, NO_STORE).response()

    async def change(self, request: web.Request) -> web.Response:
        """PATCH: another role, another state."""
        caller, body = await received(self._reception, request)
        account = await self._account(request, caller, Action.ACCOUNT_WRITE)
        members, faults = _members(body, ("role", "state"))
        role = members.one_of("role", tuple(Role), account.role)
        state = members.one_of("state", tuple(AccountState), account.state)
        if faults:
            raise Invalid(faults)
        answer = await self._accounts.change(
            account.id, self._asked(caller), role=Role(role), state=AccountState(state)
        )
        return _made(answer, _OK).response()

    async def renew(self, request: web.Request) -> web.Response:
        """PUT of the password: another one; of a program: another secret."""
        caller, body = await received(self._reception, request)
        own = isinstance(caller.principal, Account) and caller.principal.id == _number(request)
        account = await self._account(request, caller, None if own else Action.ACCOUNT_WRITE)
        members, faults = _members(body, ("password", "old"))
        password = members.text("password") if "password" in members else None
        # A token alone, which ends within a day, is not enough for what lasts: of programs neither.
        old = members.text("old") if own else ""
        if faults:
            raise Invalid(faults)

        async def renew(asked: Asked[Any]) -> _Answer:
            if own:
                entry = self._reception.entry(request)
                proved = await self._logins.log_in(account.name, Password(old), entry)
                if not isinstance(proved, LoggedIn):
                    raise Invalid([Fault("account.old", "/old")])
            return await self._accounts.renew(account.id, password, asked)

        return await self._repeats.once(
            request, body, caller, renew, lambda answer: _made(answer, _OK)
        )

    async def _account(
        self, request: web.Request, caller: Caller, action: Action | None
    ) -> StoredAccount:
        """Return the account of the path; `action` None: it is the caller's own."""
        found = await self._accounts.find(_number(request), EVERYBODYS)
        if action is not None:
            whose = caller.enterprise if isinstance(found, NoAccount) else found.enterprise
            permit(caller, action, whose)
        if isinstance(found, NoAccount):
            raise Refusal(Problem(kind=NO_SUCH))
        return found

    def _asked(self, caller: Caller) -> Asked[Any]:
        return self._reception.asked(caller)


def _number(request: web.Request) -> int:
    text = request.match_info["id"]
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        return 0
    return min(int(text), MOST_ACCOUNTS)


def _members(body: bytes, known: tuple[str, ...]) -> tuple[Members, Faults]:
    faults = Faults()
    members = members_of(load(body), "", faults, known)
    if members is None:
        raise Invalid(faults)
    return members, faults


def _new(body: bytes, caller: Caller) -> NewAccount:
    members, faults = _members(body, ("name", "role", "enterprise", "password"))
    role = members.one_of("role", tuple(Role))
    whose = caller.enterprise
    if members.get("enterprise") is not None:
        whose = members.integer("enterprise", 1, MOST_ENTERPRISES)
    name = members.text("name")
    password = members.text("password") if "password" in members else None
    if faults:
        raise Invalid(faults)
    return NewAccount(name=name, role=Role(role), enterprise=whose, password=password)


def _shown(account: StoredAccount) -> dict[str, Any]:
    return {
        "id": account.id,
        "name": account.name,
        "role": account.role.value,
        "enterprise": account.enterprise,
        "kind": account.kind.value,
        "state": account.state.value,
        "failed": account.failed,
        "created_at": instant_of(account.created_at),
        "changed_at": instant_of(account.changed_at),
    }


def _made(answer: _Answer, status: int) -> Reply:
    match answer:
        case Made():
            document = _shown(answer.account)
            if answer.secret is not None:
                document["secret"] = answer.secret
            where = ((hdrs.LOCATION, f"{PATH}/{answer.account.id}"),) if status == _CREATED else ()
            return json_reply(document, status, NO_STORE, *where)
        case StoredAccount():
            return json_reply(_shown(answer), status, NO_STORE)
        case NameTaken():
            problem = Problem(kind=NAME_TAKEN)
        case NoEnterprise() | NoAccount():
            problem = Problem(kind=NO_SUCH)
        case Overtaken():
            problem = Problem(kind=ACCOUNT_CHANGED)
        case LastOne():
            problem = Problem(kind=YOURSELF)
        case Faulty():
            problem = of_faults(answer.faults)
        case _:
            assert_never(answer)
    raise Refusal(problem)
