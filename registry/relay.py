"""What the registry process serves to the workers of its node, on a Unix socket of its own.

Handle messages come in as workers took them (`edge.relay`), with a header that tells from where. To
be served on that socket only: whoever can write the header may say who he is.
"""

from typing import Final

from aiohttp import web

from edge.relay import MEDIA_TYPE, MESSAGE_PATH, origin_of
from edge.streams import stream
from identifiers.wire.handle import envelope
from identifiers.wire.handle.codes import MAX_MESSAGE_BYTES
from registry.handle.service import HandleAdministration

_MAX_REQUEST: Final = envelope.SIZE + MAX_MESSAGE_BYTES


def relay_app(administration: HandleAdministration) -> web.Application:
    """Return the application; the REST form adds its routes to it."""

    async def message(request: web.Request) -> web.StreamResponse:
        origin = origin_of(request)
        answer = administration.message(await request.read(), origin)
        return await stream(request, MEDIA_TYPE, answer)

    app = web.Application(client_max_size=_MAX_REQUEST)
    app.router.add_post(MESSAGE_PATH, message)
    return app
