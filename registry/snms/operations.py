"""Every call of the SNMS-style interface, once: served from here and described from here."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from registry.access.logins import Logins
from registry.business.office import Office
from registry.business.templates import Templates, TemplateStore
from registry.http.operations import Body, Handler, Json, Operation, Parameter, Result
from registry.http.prefixes import Desk
from registry.http.reception import Reception
from registry.http.replies import JSON
from registry.prefixes import Prefixes
from registry.service import Registry
from registry.snms.calls import known
from registry.snms.data import Data
from registry.snms.enterprises import EnterpriseCalls
from registry.snms.prefixes import PrefixCalls
from registry.snms.templates import TemplateCalls
from registry.snms.tokens import Tokens

TAG: Final = "SNMS"
_ENVELOPE: Final[Json] = {
    "type": "object",
    "required": ["message", "status", "data"],
    "additionalProperties": False,
    "properties": {
        "message": {"type": "string"},
        "status": {
            "enum": [1, -1, -2, -3, -4],
            "description": "1 done, -1 log in first, -2 refused: the message says why, "
            "-3 forbidden, -4 trouble of the node: repeat.",
        },
        "data": {"description": "What was asked for, `true`, or null where it was not done."},
    },
}
_ALL: Final = (
    "Answers 200 with the envelope `{message, status, data}`, whatever becomes of it. "
    "There is no Idempotency-Key: to repeat is safe, since what is there already is told."
)
_FORM: Final = "multipart/form-data"
_FILE: Final[Json] = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary"}},
}
_PAGE: Final = ("startDate", "endDate", "currentPage", "pageSize")
_TOKEN: Final = {"token": "login.AbCdEfGhIjKlMnOp.<43 characters>"}
_VALUE: Final = {
    "index": 2000,
    "type": "BATCH_NO",
    "data": {"format": "string", "value": "2026-0001"},
}
_OBJECT: Final = {"handle": "88.300.1/A", "templateVersion": "coal-1", "value": [_VALUE]}
_DETAIL: Final = {"code": "200", "prefix": "88.300.1", **_OBJECT}
_FATES: Final = [{"handle": "88.300.1/A", "code": 1, "msg": "success"}]
_NAMED: Final = {"prefix": "88.300.1", "version": "coal-1"}
_ITEM: Final = {
    "name": "批次号",
    "idType": "BATCH_NO",
    "idIndex": 2000,
    "required": True,
    "metadata": {"type": "string", "minLength": 1, "maxLength": 64},
}
_TEMPLATE: Final = {
    **_NAMED,
    "industryCategory": "B",
    "industrySpecific": "06",
    "industryTrade": "061",
    "industrySubclass": "0610",
    "type": 2,
    "description": "",
    "items": [_ITEM],
}


class _Call(msgspec.Struct, frozen=True, kw_only=True):
    """A call: how it is reached, what it is for, and an example of what is sent and told."""

    method: str
    path: str
    id: str
    does: str
    handler: Handler
    sent: Any = None
    told: Any = True
    query: tuple[str, ...] = ()
    open: bool = False
    form: bool = False


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What the interface translates to."""

    registry: Registry
    logins: Logins
    templates: Templates
    template_store: TemplateStore
    prefixes: Prefixes
    desk: Desk
    office: Office


def snms_operations(parts: Parts, reception: Reception) -> Sequence[Operation]:
    """Return the operations of the interface."""
    templates = TemplateCalls(parts.templates, parts.template_store, parts.prefixes)
    calls = (
        *_tokens(Tokens(parts.logins, reception)),
        *_data(Data(parts.registry, reception), reception),
        *_templates(templates, reception),
        *_prefixes(PrefixCalls(parts.desk, parts.office), reception),
        *_enterprises(EnterpriseCalls(parts.office, reception), reception),
    )
    return tuple(map(_operation, calls))


def _tokens(tokens: Tokens) -> Iterable[_Call]:
    sent = {"username": "mine-app", "password": "<secret>"}
    yield _Call(
        method="POST",
        path="/identity/token",
        id="snmsToken",
        does="An application's secret becomes a token for 24 hours; a person's password does not.",
        handler=tokens.clear(),
        sent=sent,
        told=_TOKEN,
        open=True,
    )
    yield _Call(
        method="POST",
        path="/identity/token/v1",
        id="snmsTokenDated",
        does="As without v1; `password` is sha256hex(sha256hex(secret) + yyyy-MM-dd), in Beijing.",
        handler=tokens.dated(),
        sent=sent | {"password": "<64 hexadecimal digits>"},
        told=_TOKEN,
        open=True,
    )


def _data(data: Data, reception: Reception) -> Iterable[_Call]:
    path, handle = "/identityv2/data", {"handle": "88.300.1/A"}
    yield _Call(
        method="GET",
        path=f"{path}/detail",
        id="snmsDetail",
        does="Reads an identifier, with its template at index 1001.",
        handler=known(reception, data.detail),
        told=_DETAIL,
        query=("handle",),
    )
    yield _Call(
        method="POST",
        path=path,
        id="snmsCreate",
        does="Registers an identifier.",
        handler=known(reception, data.create),
        sent=_OBJECT,
    )
    yield _Call(
        method="PUT",
        path=path,
        id="snmsUpdate",
        does="Makes the values from index 2000 on just those that are sent.",
        handler=known(reception, data.update),
        sent=_OBJECT,
    )
    yield _Call(
        method="DELETE",
        path=path,
        id="snmsDelete",
        does="Deletes an identifier.",
        handler=known(reception, data.delete),
        sent=handle,
    )
    yield _Call(
        method="POST",
        path=f"{path}/batchCreate",
        id="snmsCreateMany",
        does="Registers up to 2,000 identifiers, each for itself.",
        handler=known(reception, data.create_many),
        sent=[_OBJECT],
        told=_FATES,
    )
    yield _Call(
        method="PUT",
        path=f"{path}/batchUpdate",
        id="snmsUpdateMany",
        does="Changes up to 2,000 identifiers, each for itself.",
        handler=known(reception, data.update_many),
        sent=[_OBJECT],
        told=_FATES,
    )
    yield _Call(
        method="DELETE",
        path=f"{path}/batchDelete",
        id="snmsDeleteMany",
        does="Deletes up to 2,000 identifiers, each for itself.",
        handler=known(reception, data.delete_many),
        sent=["88.300.1/A"],
        told=_FATES,
    )


def _templates(calls: TemplateCalls, reception: Reception) -> Iterable[_Call]:
    for edition in ("v3", "v5"):
        path = f"/snms/api/{edition}/template"
        yield _Call(
            method="GET",
            path=path,
            id=f"snmsTemplate{edition}",
            does="Reads a metadata template.",
            handler=known(reception, calls.query),
            told={"id": "88.300.1/coal-1", "handle": "88.300.1/coal-1", **_TEMPLATE},
            query=("prefix", "version"),
        )
        yield _Call(
            method="POST",
            path=path,
            id=f"snmsCreateTemplate{edition}",
            does="Creates a metadata template; it is in force at once.",
            handler=known(reception, calls.create),
            sent=_TEMPLATE,
        )
        yield _Call(
            method="DELETE",
            path=path,
            id=f"snmsDeleteTemplate{edition}",
            does="Withdraws a template: what is registered with it stays, nothing new comes.",
            handler=known(reception, calls.delete),
            sent=_NAMED,
        )
    yield _Call(
        method="PUT",
        path="/snms/api/v5/template",
        id="snmsUpdateTemplatev5",
        does="Adds items to a template, or changes and disables such as are there.",
        handler=known(reception, calls.update),
        sent={**_NAMED, "items": [{**_ITEM, "state": 1}]},
    )


def _prefixes(calls: PrefixCalls, reception: Reception) -> Iterable[_Call]:
    prefix = {"entPrefix": "88.300.1", "state": 1, "proxyState": 4, "entName": "示例煤业有限公司"}
    yield _Call(
        method="GET",
        path="/snms/api/prefix/query",
        id="snmsPrefix",
        does="Reads a prefix; for administrators of the node.",
        handler=known(reception, calls.query),
        told={"prefix": "88.300.1", "status": 1, "entNameCn": "示例煤业有限公司"},
        query=("prefix",),
    )
    yield _Call(
        method="GET",
        path="/snms/api/prefix/page",
        id="snmsPrefixes",
        does="Lists prefixes of enterprises; for administrators of the node.",
        handler=known(reception, calls.page),
        told={"content": [prefix], "number": 0, "size": 10, "totalElements": 1, "totalPages": 1},
        query=("entName", "entPrefix", *_PAGE),
    )
    yield _Call(
        method="POST",
        path="/snms/api/ent/config",
        id="snmsConfigure",
        does="Says where the names of a prefix live; for administrators of the node.",
        handler=known(reception, calls.configure),
        sent={
            "entPrefixConfig": {
                "entPrefix": "88.300.1",
                "hdlType": "HS_SITE",
                "ipType": "4",
                "ip": "192.0.2.7",
                "tcpPort": 2641,
                "udpPort": 2641,
            }
        },
    )


def _enterprises(calls: EnterpriseCalls, reception: Reception) -> Iterable[_Call]:
    for name, who in (
        ("apply", {"sysUser": {"userName": "mine", "mobile": "…", "email": "…", "password": "…"}}),
        ("upgrade-apply", {"username": "mine"}),
    ):
        yield _Call(
            method="POST",
            path=f"/snms/api/v3/ent/{name}",
            id=f"snmsApply{name.partition('-')[0].title()}",
            does="Applies for the admission of an enterprise; for administrators of the node.",
            handler=known(reception, calls.apply),
            sent={**who, "entBasicInfo": {"orgName": "…"}, "entRegisterManageInfo": {}},
        )
    yield _Call(
        method="GET",
        path="/snms/api/v3/ent/page",
        id="snmsEnterprises",
        does="Lists enterprises; for administrators of the node.",
        handler=known(reception, calls.page),
        told={"content": [], "number": 0, "size": 10, "totalElements": 0, "totalPages": 0},
        query=("orgName", *_PAGE),
    )
    yield _Call(
        method="GET",
        path="/snms/api/v3/ent/detail",
        id="snmsEnterprise",
        does="Reads an enterprise, personal data masked; for administrators of the node.",
        handler=known(reception, calls.detail),
        told={"entBasicInfo": {"orgName": "示例煤业有限公司"}},
        query=("id",),
    )
    yield _Call(
        method="POST",
        path="/snms/api/file/upload",
        id="snmsUpload",
        does="Uploads a picture (1 MB) or a PDF (5 MB), to be named in an application.",
        handler=calls.upload(),
        told={"id": "…", "path": "/api/v1/documents/…"},
        form=True,
    )


def _operation(call: _Call) -> Operation:
    example = {"message": "success", "status": 1, "data": call.told}
    return Operation(
        method=call.method,
        path=call.path,
        id=call.id,
        tag=TAG,
        summary=call.does.partition(";")[0].partition(":")[0].rstrip("."),
        description=f"{call.does} {_ALL}",
        handler=call.handler,
        parameters=tuple(
            Parameter(name=name, place="query", description="", schema={"type": "string"})
            for name in call.query
        ),
        body=_body(call),
        results={200: Result(description="The envelope.", content={JSON: (_ENVELOPE, example)})},
        open=call.open,
    )


def _body(call: _Call) -> Body | None:
    if call.form:
        return Body(description="A form with the file.", content={_FORM: (_FILE, None)})
    if call.sent is None:
        return None
    return Body(description="As SNMS has it.", content={JSON: ({}, call.sent)})
