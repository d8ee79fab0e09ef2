"""Templates over HTTP: the handlers below ``/api/v1/templates``."""

import re
from typing import Any, Final, assert_never

from aiohttp import web

from edge.bodies import read_body
from edge.problems import Problem, Refusal, of_faults
from identifiers.access import Action
from identifiers.directory import PrefixDirectory, PrefixEntry
from identifiers.faults import Faults, Invalid
from identifiers.metadata.templates import Stage, Template, is_version, told_template
from identifiers.names import Prefix
from identifiers.wire.jsonload import load
from identifiers.wire.members import Members, members_of
from registry.answers import Faulty
from registry.business.asking import By
from registry.business.templates import (
    EVERY_STAGE,
    NoTemplate,
    Taken,
    Templates,
    TemplateStore,
    WrongStage,
    misnamed,
)
from registry.http import requests
from registry.http.business import missing
from registry.http.cursors import read_cursor, write_cursor
from registry.http.identifiers import DEFAULT_PAGE, NO_PARAMETERS
from registry.http.permission import permit
from registry.http.problems import NO_SUCH, TEMPLATE_STAGE, TEMPLATE_TAKEN
from registry.http.reception import Caller, Reception
from registry.http.replies import JSON, json_reply
from registry.prefixes import Prefixes
from registry.service import PAGE_LIMIT

PATH: Final = "/api/v1/templates"
LIST_PARAMETERS: Final = frozenset({"prefix", "stage", "after", "limit"})
READ_PARAMETERS: Final = frozenset({"revision"})
MOST_REVISIONS: Final = 2**31 - 1
BODY_LIMIT: Final = 1024 * 1024
_PLACE: Final = re.compile(r"([0-9A-Za-z.-]{1,255})/([^/\s\0]{1,128})")


class TemplateRoutes:
    """The handlers. Templates stand under allotted prefixes, and are whosever those are."""

    def __init__(
        self,
        templates: Templates,
        store: TemplateStore,
        prefixes: Prefixes,
        reception: Reception,
    ) -> None:
        self._templates = templates
        self._store = store
        self._prefixes = prefixes
        self._reception = reception

    async def create(self, request: web.Request) -> web.Response:
        """POST: write a draft."""
        caller, document = await self._received(request)
        return await self._written(document, caller)

    async def replace(self, request: web.Request) -> web.Response:
        """PUT of one: write it anew while it is a draft."""
        caller, document = await self._received(request)
        prefix, version = await self._named(request, caller, Action.TEMPLATE_WRITE)
        read = self._templates.read(document)
        if isinstance(read, Template) and (fault := misnamed(read, prefix, version)) is not None:
            raise Invalid([fault])
        return await self._written(document, caller)

    async def page(self, request: web.Request) -> web.Response:
        """GET: the templates that the caller may see, some at a time."""
        parameters = requests.query(request, LIST_PARAMETERS)
        limit = requests.number(parameters, "limit", DEFAULT_PAGE, PAGE_LIMIT)
        stages = _stages(parameters)
        place = read_cursor(parameters, _PLACE)
        after = ("", "") if place is None else (place[1], place[2])
        caller = await self._reception.caller(request)
        permit(caller, Action.TEMPLATE_READ, caller.enterprise)
        directory = await self._prefixes.picture()
        entries = _shown_to(caller, directory, parameters.get("prefix"))
        named = [str(entry.prefix) for entry in entries]
        found = await self._store.templates(named, stages, after, limit)
        owners = {str(entry.prefix): entry.enterprise for entry in entries}
        shown = [
            template
            for template in found
            if template.stage is not Stage.DRAFT
            or caller.enterprise in {None, owners[template.prefix]}
        ]
        document: dict[str, Any] = {"items": [told_template(template) for template in shown]}
        if len(found) == limit:
            document["next"] = write_cursor(f"{found[-1].prefix}/{found[-1].version}")
        return json_reply(document).response()

    async def read(self, request: web.Request) -> web.Response:
        """GET of one: its newest revision, or another."""
        parameters = requests.query(request, READ_PARAMETERS)
        revision = 0
        if "revision" in parameters:
            revision = requests.number(parameters, "revision", 1, MOST_REVISIONS)
        caller = await self._reception.caller(request)
        prefix, version = await self._named(request, caller, Action.TEMPLATE_READ)
        template = await self._store.template(prefix, version, revision)
        return _reply(NoTemplate() if template is None else template)

    async def revise(self, request: web.Request) -> web.Response:
        """PATCH: add entries, change or disable some."""
        caller, document = await self._received(request)
        prefix, version = await self._named(request, caller, Action.TEMPLATE_WRITE)
        members = _members(document, "items")
        by, items = _by(caller), members.get("items")
        return _reply(await self._templates.revise(prefix, version, items, by))

    async def publish(self, request: web.Request) -> web.Response:
        """POST to …/publish: put it in force."""
        requests.query(request, NO_PARAMETERS)
        caller = await self._reception.caller(request)
        prefix, version = await self._named(request, caller, Action.TEMPLATE_PUBLISH)
        return _reply(await self._templates.publish(prefix, version, _by(caller)))

    async def withdraw(self, request: web.Request) -> web.Response:
        """POST to …/withdraw: nothing new is registered with it."""
        requests.query(request, NO_PARAMETERS)
        caller = await self._reception.caller(request)
        prefix, version = await self._named(request, caller, Action.TEMPLATE_PUBLISH)
        return _reply(await self._templates.withdraw(prefix, version, _by(caller)))

    async def demand(self, request: web.Request) -> web.Response:
        """PUT of a prefix: whether identifiers under it need a template."""
        caller, document = await self._received(request)
        prefix = _path_prefix(request)
        await self._permit(caller, Action.TEMPLATE_PUBLISH, str(prefix))
        members = _members(document, "required")
        demanded = members.boolean("required")
        if "required" not in members:
            members.note("required", "required")
        if members.faults:
            raise Invalid(members.faults)
        await self._templates.demand(prefix, _by(caller), demanded=demanded)
        return json_reply({"prefix": str(prefix), "required": demanded}).response()

    async def _written(self, document: object, caller: Caller) -> web.Response:
        read = self._templates.read(document)
        if isinstance(read, Faulty):
            raise Invalid(read.faults)
        await self._permit(caller, Action.TEMPLATE_WRITE, read.prefix)
        return _reply(await self._templates.write(document, _by(caller)))

    async def _received(self, request: web.Request) -> tuple[Caller, object]:
        requests.query(request, NO_PARAMETERS)
        caller = await self._reception.caller(request)
        requests.needs_media_type(request, JSON)
        return caller, load(await read_body(request, BODY_LIMIT))

    async def _named(self, request: web.Request, caller: Caller, action: Action) -> tuple[str, str]:
        """Return which template is meant; raises `Refusal` for what the caller may not."""
        prefix, version = str(_path_prefix(request)), request.match_info["version"]
        await self._permit(caller, action, prefix)
        if not is_version(version):
            raise Refusal(Problem(kind=NO_SUCH))
        return prefix, version

    async def _permit(self, caller: Caller, action: Action, prefix: str) -> None:
        entry = (await self._prefixes.picture()).exact(prefix)
        if entry is None:
            raise missing(caller, action)
        # What names under it are described by may be read with a key to a prefix below it.
        under = None if action is Action.TEMPLATE_READ else entry.prefix
        permit(caller, action, entry.enterprise or None, under=under)


def _shown_to(caller: Caller, directory: PrefixDirectory, below: str | None) -> list[PrefixEntry]:
    """Return the prefixes whose templates a caller sees: his own and the node's."""
    mine = {0, caller.enterprise}
    try:
        under = None if below is None else Prefix.parse(below)
    except Invalid as invalid:
        (fault,) = invalid.faults
        raise requests.bad_parameter("prefix", fault.code, **fault.params) from None
    return [
        entry
        for entry in directory.entries
        if (caller.enterprise is None or entry.enterprise in mine)
        and (under is None or entry.prefix.covers(under))
    ]


def _stages(parameters: dict[str, str]) -> tuple[Stage, ...]:
    stage = parameters.get("stage")
    if stage is None:
        return EVERY_STAGE
    if stage not in EVERY_STAGE:
        raise requests.bad_parameter("stage", "one_of", choices=", ".join(EVERY_STAGE))
    return (Stage(stage),)


def _path_prefix(request: web.Request) -> Prefix:
    try:
        return Prefix.parse(request.match_info["prefix"])
    except Invalid as invalid:
        faults = tuple(fault.below("/prefix") for fault in invalid.faults)
        raise requests.bad_parameter("prefix", faults[0].code, **faults[0].params) from None


def _members(document: object, known: str) -> Members:
    faults = Faults()
    members = members_of(document, "", faults, (known,))
    if members is None or faults:
        raise Invalid(faults)
    return members


def _by(caller: Caller) -> By:
    return By(actor=caller.name, at=caller.at, request_id=caller.told.request_id)


def _reply(answer: Template | Faulty | Taken | NoTemplate | WrongStage) -> web.Response:
    match answer:
        case Template():
            return json_reply(told_template(answer)).response()
        case Faulty():
            raise Refusal(of_faults(answer.faults))
        case Taken():
            problem = Problem(kind=TEMPLATE_TAKEN, members={"stage": answer.stage.value})
        case WrongStage():
            problem = Problem(kind=TEMPLATE_STAGE, members={"stage": answer.stage.value})
        case NoTemplate():
            problem = Problem(kind=NO_SUCH)
        case _:
            assert_never(answer)
    raise Refusal(problem)
