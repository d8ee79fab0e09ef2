"""``/snms/api/prefix`` and ``/snms/api/ent/config``: for administrators of the node."""

from typing import Any, Final

from identifiers.access import Action
from identifiers.faults import Fault, Faults, Invalid
from identifiers.holdings import Holding, Sought
from identifiers.names import Prefix
from identifiers.routing import Endpoint, read_endpoints
from identifiers.snms.envelope import Envelope, done, refused, sentence
from identifiers.snms.lenient import members
from identifiers.snms.routes import Hosted, Routed, read_configuration
from identifiers.standings import Hosting, PrefixState
from registry.answers import Faulty, Stale
from registry.business.hosting import Routed as Answer
from registry.business.office import Office
from registry.business.prefixes import NoPrefix, NotActive, NotFrom
from registry.http.business import by_of
from registry.http.permission import permit
from registry.http.prefixes import Desk
from registry.snms.calls import Call
from registry.snms.pages import moment, paged, read_page

_MILLI: Final = 1000
_ADDRESS: Final = "/entPrefixConfig/ip"
_NONE: Final = "前缀不存在"
_OVERTAKEN: Final = "前缀刚被更改，请重试"
_NOT_ACTIVE: Final = "企业不存在或未启用"
_STATES: Final = {
    PrefixState.DISABLED: "停用",
    PrefixState.ENABLED: "启用",
    PrefixState.TO_BE_DELETED: "待删除",
    PrefixState.REJECTED: "被驳回",
    PrefixState.WAITING: "待审核",
    PrefixState.IN_REVIEW: "审核中",
    Hosting.NOT_HOSTED: "未托管",
    Hosting.APPLIED: "申请中",
    Hosting.REJECTED: "被驳回",
    Hosting.HOSTED: "已托管",
}


class PrefixCalls:
    """The calls on prefixes."""

    def __init__(self, desk: Desk, office: Office) -> None:
        self._desk = desk
        self._office = office

    async def query(self, call: Call) -> Envelope:
        """GET ``query?prefix=``: a prefix, and what may be told of who holds it."""
        permit(call.caller, Action.PREFIX_READ, None)
        holding = await self._desk.store.holding(_prefix(dict(call.parameters)))
        if holding is None:
            return refused(_NONE)
        return done(await self._told(holding))

    async def page(self, call: Call) -> Envelope:
        """GET ``page``: prefixes of enterprises by name, some at a time."""
        permit(call.caller, Action.PREFIX_READ, None)
        asked = read_page(call.parameters, "entPrefix", "entName")
        since, until = asked.times(_MILLI)
        sought = Sought(
            text=call.parameters.get("entPrefix", ""),
            holder=call.parameters.get("entName", ""),
            held=True,
            since=since,
            until=until,
        )
        store = self._desk.store
        found = await store.holdings(sought, "", asked.size, asked.skip)
        total = await store.count_holdings(sought)
        return done(paged(list(map(_row, found)), total, asked))

    async def configure(self, call: Call) -> Envelope:
        """POST ``ent/config``: the names of a prefix live here, or at the enterprise's node."""
        permit(call.caller, Action.PREFIX_MANAGE, None)
        wanted, by = read_configuration(call.document), by_of(call.caller)
        match wanted:
            case Hosted(prefix=prefix):
                return await self._hosted(call, prefix)
            case Routed(prefix=prefix):
                endpoints = self._endpoints(wanted)
                return _answered(await self._desk.hostings.route(prefix, endpoints, by))

    def _endpoints(self, wanted: Routed) -> tuple[Endpoint, ...]:
        """Return where clients are referred to. Raises `Invalid`."""
        try:
            return read_endpoints([_endpoint(wanted)], self._desk.reachable)
        except Invalid as invalid:
            raise Invalid([Fault(f.code, _ADDRESS, f.params) for f in invalid.faults]) from None

    async def _hosted(self, call: Call, prefix: Prefix) -> Envelope:
        hostings, by = self._desk.hostings, by_of(call.caller)
        there = await self._desk.store.holding(prefix)
        if there is not None and there.hosting in {Hosting.NOT_HOSTED, Hosting.REJECTED}:
            applied = await hostings.host(prefix, Hosting.APPLIED, "", by)
            if not isinstance(applied, Holding):
                return _answered(applied)
        return _answered(await hostings.host(prefix, Hosting.HOSTED, "", by))

    async def _told(self, holding: Holding) -> dict[str, Any]:
        member = await self._office.store.member(holding.enterprise)
        basic = {}
        if member is not None:
            basic = self._office.sealer.open(member.told, member.identity).get("basic", {})
        return {
            "prefix": str(holding.prefix),
            "createDate": moment(holding.created_at // _MILLI),
            "ghrName": str(holding.prefix),
            "status": holding.state.value,
            "entNameCn": holding.holder,
            "entWebSite": basic.get("website", ""),
            "entIndustry": basic.get("industry_category", "") + basic.get("industry_division", ""),
            "entAddrCn": basic.get("org_address", ""),
            "entDesc": basic.get("org_intro", ""),
        }


def _row(holding: Holding) -> dict[str, object]:
    created = moment(holding.created_at // _MILLI)
    return {
        "id": str(holding.prefix),
        "createDate": created,
        "updateDate": moment(max(holding.approved_at, holding.created_at) // _MILLI),
        "entPrefix": str(holding.prefix),
        "entId": holding.enterprise,
        "state": holding.state.value,
        "entName": holding.holder,
        "proxyState": holding.hosting.value,
    }


def _endpoint(wanted: Routed) -> dict[str, object]:
    ports = {"tcp": wanted.tcp, "udp": wanted.udp, "http": wanted.http}
    return {"address": str(wanted.address)} | {name: port for name, port in ports.items() if port}


def _prefix(parameters: dict[str, str]) -> Prefix:
    faults = Faults()
    sent = members(parameters, "", faults)
    text = "" if sent is None else sent.text("prefix")
    if faults:
        raise Invalid(faults)
    try:
        return Prefix.parse(text)
    except Invalid as invalid:
        raise Invalid([fault.below("/prefix") for fault in invalid.faults]) from None


def _answered(answer: Answer) -> Envelope:
    match answer:
        case Holding():
            return done()
        case NoPrefix():
            return refused(_NONE)
        case NotActive():
            return refused(_NOT_ACTIVE)
        case NotFrom(now=now, then=then):
            return refused(f"当前状态为“{_STATES[now]}”，不能变更为“{_STATES[then]}”")
        case Stale():
            return refused(_OVERTAKEN)
        case Faulty(faults=faults):
            return refused(sentence(faults))
