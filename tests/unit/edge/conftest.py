import socket

import pytest

from edge.server import serve


@pytest.fixture
async def serving():
    """Serve an application on a loopback port and return the base URL."""
    runners = []

    async def start(app, **options):
        bound = socket.create_server(("127.0.0.1", 0))
        runners.append(await serve(app, [bound], **options))
        return f"http://127.0.0.1:{bound.getsockname()[1]}"

    yield start
    for runner in runners:
        await runner.cleanup()
