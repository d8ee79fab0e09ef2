"""Enterprise certificates over HTTP: ``/api/v1/certificates`` and the public page."""

import re
import time
from collections.abc import Callable
from typing import Any, Final

from aiohttp import hdrs, web

from edge.problems import Problem, Refusal
from identifiers.access import Action
from identifiers.enterprises.certificates import DEFAULT_DAYS, MAX_DAYS, Validity
from identifiers.enterprises.ledger import Certificate
from registry.business import shown
from registry.business.certificates import Checked, Issued, NoCertificate, Wish
from registry.business.office import Office
from registry.commands import Asked
from registry.http import requests
from registry.http.business import (
    NO_STORE,
    by_of,
    done,
    judged,
    members,
    members_in,
    missing,
    reason,
    sent,
)
from registry.http.certificate_page import certificate_page, no_certificate_page
from registry.http.identifiers import DEFAULT_PAGE, NO_PARAMETERS
from registry.http.lists import LIST_PARAMETERS, MOST_ENTERPRISES, wanted_enterprise
from registry.http.pages import html
from registry.http.permission import permit
from registry.http.problems import NO_SUCH
from registry.http.reception import Caller, Reception
from registry.http.repeats import Repeats
from registry.http.replies import Reply, json_reply
from registry.service import PAGE_LIMIT

PATH: Final = "/api/v1/certificates"
PAGE: Final = "/certificates"
_SERIAL: Final = re.compile(r"[0-9A-F]{16}", re.ASCII)
_SHORTLY: Final = (hdrs.CACHE_CONTROL, "public, max-age=5")
"""Whoever asks again and again is told of a revocation within this time."""


class CertificateRoutes:
    """The handlers of certificates."""

    def __init__(
        self, office: Office, reception: Reception, clock: Callable[[], float] = time.time
    ) -> None:
        self._office = office
        self._reception = reception
        self._repeats = Repeats(reception)
        self._clock = clock

    async def issue(self, request: web.Request) -> web.Response:
        """POST: issue a certificate."""
        known = ("enterprise", "days", "prefix", "replaces")
        caller, body = await sent(self._reception, request)
        found = members_in(body, known)
        wish = Wish(
            enterprise=found.integer("enterprise", 1, MOST_ENTERPRISES),
            days=found.integer("days", 1, MAX_DAYS, DEFAULT_DAYS),
            prefix=found.text("prefix", ""),
            replaces=found.text("replaces", ""),
        )
        judged(found)
        permit(caller, Action.CERTIFICATE_MANAGE, wish.enterprise)
        certificates, by = self._office.certificates, by_of(caller)

        async def issue(asked: Asked[Any]) -> Issued:
            return await certificates.issue(wish, by, asked.once)

        def reply(answer: Issued) -> Reply:
            made = done(answer)
            where = (hdrs.LOCATION, f"{PATH}/{made.serial}")
            found = Checked(made, Validity.VALID)
            return json_reply(shown.certificate(found), 201, NO_STORE, where)

        async def finish() -> None:
            await certificates.finish(wish.enterprise, by)

        return await self._repeats.once(request, body, caller, issue, reply, finish=finish)

    async def revoke(self, request: web.Request) -> web.Response:
        """POST: revoke one."""
        caller, found = await members(self._reception, request, ("reason",))
        there = await self._permitted(request, caller, Action.CERTIFICATE_MANAGE)
        why = reason(found)
        judged(found)
        done(await self._office.certificates.revoke(there.serial, why, by_of(caller)))
        return await self._told(there.serial, 200, NO_STORE)

    async def page(self, request: web.Request) -> web.Response:
        """GET: certificates, some at a time, by serial number."""
        parameters = requests.query(request, LIST_PARAMETERS)
        limit = requests.number(parameters, "limit", DEFAULT_PAGE, PAGE_LIMIT)
        after = parameters.get("after", "")
        if after and _SERIAL.fullmatch(after) is None:
            raise requests.bad_parameter("after", "cursor")
        caller = await self._reception.caller(request)
        whose = wanted_enterprise(parameters, caller)
        permit(caller, Action.ENTERPRISE_READ, whose)
        found = await self._office.certificates.issued(whose or 0, after, limit)
        items = [await self._checked(one.serial) for one in found]
        document: dict[str, Any] = {
            "items": [shown.certificate(one) for one in items if one is not None]
        }
        if len(found) == limit:
            document["next"] = found[-1].serial
        return json_reply(document, 200, NO_STORE).response()

    async def read(self, request: web.Request) -> web.Response:
        """GET of one: whether it holds, and for whom. Anybody may ask."""
        requests.query(request, NO_PARAMETERS)
        return await self._told(_serial(request), 200, _SHORTLY)

    async def show(self, request: web.Request) -> web.Response:
        """GET of its page: the same for people."""
        found = await self._checked(_serial(request))
        if found is None:
            return html(no_certificate_page(), status=404)
        return html(certificate_page(found, int(self._clock())))

    async def _permitted(self, request: web.Request, caller: Caller, action: Action) -> Certificate:
        found = await self._checked(_serial(request))
        if found is None:
            raise missing(caller, action)
        permit(caller, action, found.certificate.enterprise)
        return found.certificate

    async def _told(self, serial: str, status: int, *headers: tuple[str, str]) -> web.Response:
        found = await self._checked(serial)
        if found is None:
            raise Refusal(Problem(kind=NO_SUCH))
        return json_reply(shown.certificate(found), status, *headers).response()

    async def _checked(self, serial: str) -> Checked | None:
        if _SERIAL.fullmatch(serial) is None:
            return None
        found = await self._office.certificates.check(serial, int(self._clock()))
        return None if isinstance(found, NoCertificate) else found


def _serial(request: web.Request) -> str:
    return request.match_info["serial"].upper()
