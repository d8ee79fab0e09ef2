"""``/snms/api/v3/ent`` and ``/snms/api/file``: for administrators of the node.

The account that an application names is not made here: whoever runs the node makes it once the
enterprise is admitted (`idnode account add`), with a secret of its own; a password that is sent is
not kept.
"""

from collections.abc import Sequence
from typing import Any, Final

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from edge.problems import TOO_LARGE, Problem, Refusal
from identifiers.access import Action
from identifiers.enterprises.fields import Document
from identifiers.enterprises.files import LARGEST, TooLarge, TooMuchWaits, UnknownForm
from identifiers.enterprises.ledger import Application, Listed, Member
from identifiers.enterprises.masking import masked
from identifiers.enterprises.review import NotNow
from identifiers.enterprises.tables import FIELDS
from identifiers.faults import Fault, Faults, Invalid
from identifiers.names import Prefix
from identifiers.snms.applications import read_application, theirs, told_particulars
from identifiers.snms.envelope import Envelope, done, refused, sentence
from identifiers.snms.lenient import members
from registry.answers import Faulty
from registry.business.admissions import Applied, Submitted
from registry.business.asking import By
from registry.business.office import Office
from registry.business.placing import root_fault
from registry.business.refusals import AlreadyMember, Pending
from registry.http.business import by_of
from registry.http.lists import MOST_ENTERPRISES
from registry.http.permission import permit
from registry.http.reception import Reception
from registry.snms.calls import Call, Handler, response, told
from registry.snms.pages import moment, paged, read_page

_MILLI: Final = 1000
_PARTS: Final = 16
_AROUND: Final = 64 * 1024
"""Parts of a form that are looked at, and octets of it besides the file."""
_NONE: Final = "企业不存在"
_THERE: Final = "单位已存在"
_PENDING: Final = "该单位已有申请正在审核"
_NOT_NOW: Final = "当前状态不允许此操作"
_TOO_LARGE: Final = "文件过大：图片不超过 1 MB，PDF 不超过 5 MB"
_NO_FORM: Final = "文件格式不支持：请上传 JPEG、PNG 图片或 PDF"
_TOO_MUCH_WAITS: Final = "待引用的附件已达上限：请在申请中引用，或等待一天后自动清除"
_NO_FILE: Final = Fault("required", "/file")
_PREFIX: Final = "/entBasicInfo/entPrefix"


class EnterpriseCalls:
    """The calls on enterprises and files."""

    def __init__(self, office: Office, reception: Reception) -> None:
        self._office = office
        self._reception = reception

    async def apply(self, call: Call) -> Envelope:
        """POST ``apply`` or ``upgrade-apply``: an application, or a rejected one mended."""
        permit(call.caller, Action.APPLICATION_WRITE, None)
        sent = read_application(call.document)
        wanted, unfit = await self._label(sent.prefix)
        submitted = Submitted(particulars=sent.particulars, wanted=wanted)
        by = by_of(call.caller)
        if around := (*sent.faults, *unfit):
            within = await self._office.admissions.faults(submitted, by)
            raise Invalid(_together(around, within))
        (number,) = self._reception.changes(call.caller, 1)
        answer = await self._office.admissions.apply(number, submitted, by)
        if isinstance(answer, Pending):
            answer = await self._mended(answer, submitted, by)
        return _applied(answer)

    async def page(self, call: Call) -> Envelope:
        """GET ``page``: enterprises, some at a time."""
        permit(call.caller, Action.ENTERPRISE_READ, None)
        asked = read_page(call.parameters, "orgName")
        since, until = asked.times()
        wanted = Listed(name=call.parameters.get("orgName", ""), since=since, until=until)
        store = self._office.store
        found = await store.listed(wanted, asked.skip, asked.size)
        changed = await store.changed_at([member.id for member in found])
        rows = [self._row(member, changed[member.id]) for member in found]
        return done(paged(rows, await store.count_listed(wanted), asked))

    async def detail(self, call: Call) -> Envelope:
        """GET ``detail?id=``: the three parts of an enterprise, personal data masked."""
        permit(call.caller, Action.ENTERPRISE_READ, None)
        member = await self._office.store.member(_number(dict(call.parameters)))
        if member is None:
            return refused(_NONE)
        return done(told_particulars(masked(self._opened(member), FIELDS)))

    def upload(self) -> Handler:
        """POST ``file/upload``: a picture or a PDF, to be named in an application."""

        async def handle(request: web.Request) -> web.StreamResponse:
            return response(await told(lambda: self._uploaded(request)))

        return handle

    async def _uploaded(self, request: web.Request) -> Envelope:
        caller = await self._reception.caller(request)
        permit(caller, Action.DOCUMENT_WRITE, caller.enterprise)
        octets = await _file(request)
        if len(octets) > LARGEST:
            return refused(_TOO_LARGE)
        (number,) = self._reception.changes(caller, 1)
        kept = await self._office.documents.upload(number, octets, by_of(caller))
        match kept:
            case TooLarge():
                return refused(_TOO_LARGE)
            case UnknownForm():
                return refused(_NO_FORM)
            case TooMuchWaits():
                return refused(_TOO_MUCH_WAITS)
            case _:
                return done({"id": str(kept.id), "path": f"/api/v1/documents/{kept.id}"})

    async def _mended(self, pending: Pending, submitted: Submitted, by: By) -> Applied:
        """Take an application anew that was rejected: clients have no other call for that."""
        mended = await self._office.admissions.resubmit(pending.application, submitted, by)
        return pending if isinstance(mended, NotNow) else mended

    async def _label(self, wanted: str) -> tuple[str, Sequence[Fault]]:
        """Return the label of a prefix that is wanted below the node's own, or why it is none."""
        if not wanted:
            return "", ()
        try:
            *above, label = Prefix.parse(wanted).labels
        except Invalid as invalid:
            return "", [fault.below(_PREFIX) for fault in invalid.faults]
        if not above:
            return label, ()
        fault = root_fault(await self._office.records.directory(), Prefix(tuple(above)))
        if fault is not None:
            return "", [Fault(fault.code, _PREFIX, fault.params)]
        return label, ()

    def _row(self, member: Member, changed_at: int) -> dict[str, Any]:
        basic = self._opened(member).get("basic", {})
        return {
            "id": member.id,
            "createDate": moment(member.approved_at),
            "updateDate": moment(changed_at // _MILLI),
            "orgName": member.name,
            "orgNature": basic.get("org_nature"),
            "orgCrtType": member.identity.type,
            "orgCrtCode": member.identity.number,
            "orgDesc": basic.get("org_intro", ""),
            "website": basic.get("website", ""),
            "entGeneralId": member.filing,
            "openIds": [],
        }

    def _opened(self, member: Member) -> Document:
        return self._office.sealer.open(member.told, member.identity)


async def _file(request: web.Request) -> bytes:
    """Return the part ``file`` of a form, up to an octet more than the largest may have.

    Raises `Invalid`, and `Refusal` for what is larger than any file with what is around it.
    """
    if not request.content_type.startswith("multipart/"):
        raise Invalid([_NO_FILE])
    limit = LARGEST + _AROUND
    if (request.content_length or 0) > limit:
        raise Refusal(Problem(kind=TOO_LARGE, members={"limit": limit}))
    try:
        form = await request.multipart()
        for _ in range(_PARTS):  # each costs as much as any request does, however small it is
            part = await form.next()
            if not isinstance(part, BodyPartReader):
                break  # the end, or a form within the form, which has parts without end
            if part.name == "file":
                return await _octets(part)
    except (ValueError, HttpProcessingError):  # no boundary, or what is none of the form
        raise Invalid([_NO_FILE]) from None
    raise Invalid([_NO_FILE])


async def _octets(part: BodyPartReader) -> bytes:
    octets = bytearray()
    while len(octets) <= LARGEST and (piece := await part.read_chunk()):
        octets += piece
    return bytes(octets)


def _number(parameters: dict[str, str]) -> int:
    faults = Faults()
    sent = members(parameters, "", faults)
    number = 0 if sent is None else sent.lenient_integer("id", 1, MOST_ENTERPRISES)
    if faults:
        raise Invalid(faults)
    return number


def _placed(fault: Fault) -> Fault:
    if fault.pointer == "/wanted":
        return Fault(fault.code, _PREFIX, fault.params)
    return theirs(fault)


def _together(around: Sequence[Fault], within: Sequence[Fault]) -> list[Fault]:
    """Return faults of an application and of its particulars; a part that is amiss is told once."""
    wrong = {fault.pointer for fault in around}
    return [*around, *(one for one in map(_placed, within) if one.pointer not in wrong)]


def _applied(answer: Applied) -> Envelope:
    match answer:
        case Application():
            return done()
        case Faulty(faults=faults):
            return refused(sentence(map(_placed, faults)))
        case AlreadyMember():
            return refused(_THERE)
        case Pending():
            return refused(_PENDING)
        case _:
            return refused(_NOT_NOW)
