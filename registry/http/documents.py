"""Documents over HTTP: the handlers below ``/api/v1/documents``."""

from typing import Any, Final

from aiohttp import hdrs, web

from edge.bodies import read_body
from identifiers.access import Action
from identifiers.enterprises.files import LARGEST, Media
from identifiers.enterprises.ledger import Attachment
from registry.business import shown
from registry.business.documents import Uploaded
from registry.business.office import Office
from registry.commands import Asked
from registry.http import requests
from registry.http.business import NO_STORE, by_of, done, missing, path_uuid
from registry.http.identifiers import NO_PARAMETERS
from registry.http.permission import permit
from registry.http.reception import Reception
from registry.http.repeats import Repeats
from registry.http.replies import Reply, json_reply

PATH: Final = "/api/v1/documents"
BINARY: Final = "application/octet-stream"
ACCEPTED: Final = (*Media, BINARY)
"""What a sender may call it; its first octets decide."""
_OWNER: Final = "enterprise:"
_SHUT: Final = "default-src 'none'; sandbox"


class DocumentRoutes:
    """The handlers of documents."""

    def __init__(self, office: Office, reception: Reception) -> None:
        self._office = office
        self._reception = reception
        self._repeats = Repeats(reception)

    async def upload(self, request: web.Request) -> web.Response:
        """POST: keep a document, to be named in an application."""
        requests.query(request, NO_PARAMETERS)
        caller = await self._reception.caller(request)
        permit(caller, Action.DOCUMENT_WRITE, caller.enterprise)
        requests.needs_media_type(request, *ACCEPTED)
        body = await read_body(request, LARGEST)
        (number,) = self._reception.changes(caller, 1)

        async def upload(asked: Asked[Any]) -> Uploaded:
            return await self._office.documents.upload(number, body, by_of(caller), asked.once)

        def reply(answer: Uploaded) -> Reply:
            kept = done(answer)
            status = 201 if kept.id == number else 200
            where = (hdrs.LOCATION, f"{PATH}/{kept.id}")
            return json_reply(shown.document(kept), status, NO_STORE, where)

        return await self._repeats.once(request, body, caller, upload, reply)

    async def read(self, request: web.Request) -> web.Response:
        """GET of one: what is in it; that it was read is noted."""
        requests.query(request, NO_PARAMETERS)
        caller = await self._reception.caller(request)
        number = path_uuid(request)
        known = None if number is None else await self._office.documents.find(number)
        if known is None:
            raise missing(caller, Action.DOCUMENT_READ)
        permit(caller, Action.DOCUMENT_READ, await self._whose(known))
        read = await self._office.documents.read(known.id, by_of(caller))
        if read is None:  # it was purged meanwhile
            raise missing(caller, Action.DOCUMENT_READ)
        headers = {
            hdrs.CONTENT_TYPE: known.media,
            hdrs.CACHE_CONTROL: "no-store",
            hdrs.CONTENT_DISPOSITION: f'attachment; filename="{known.id}"',
            "Content-Security-Policy": _SHUT,
        }
        return web.Response(body=read[1], headers=headers)

    async def _whose(self, known: Attachment) -> int | None:
        if known.application is not None:
            application = await self._office.store.application(known.application)
            if application is not None and application.enterprise:
                return application.enterprise
        own = known.owner.removeprefix(_OWNER)
        return int(own) if own != known.owner else None
