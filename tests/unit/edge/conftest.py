import asyncio
import socket

import pytest
import uvloop

from edge.server import serve


@pytest.fixture
async def serving():
    """Serve an application on a loopback port and return the base URL; `runners` serve."""
    runners = []

    async def start(app, **options):
        bound = socket.create_server(("127.0.0.1", 0))
        runners.append(await serve(app, [bound], **options))
        return f"http://127.0.0.1:{bound.getsockname()[1]}"

    start.runners = runners
    yield start
    for runner in runners:
        await runner.cleanup()


def pytest_asyncio_loop_factories(item):
    """Run what depends on how a loop speaks TLS and Unix sockets on the loop of the node."""
    if item.path.stem in {"test_edge_relay", "test_edge_tls"}:
        return {"uvloop": uvloop.new_event_loop}
    if item.path.stem == "test_edge_endings":
        return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
    return {"asyncio": asyncio.new_event_loop}
