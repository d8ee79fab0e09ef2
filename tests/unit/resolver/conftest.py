import pytest
import uvloop

from identifiers.directory import PrefixKind
from tests.unit.resolver.world import World


@pytest.fixture
async def make_world():
    """Make a world with the prefixes 88.300 and 88.300.1 at home, whose directory is in use."""

    async def make(**options):
        made = World(**options)
        await made.home("88.300", PrefixKind.SECONDARY)
        await made.home("88.300.1")
        assert await made.follower.step()
        return made

    return make


@pytest.fixture
async def world(make_world):
    return await make_world()


def pytest_asyncio_loop_factories():
    """Run on the loop that the node runs on."""
    return {"uvloop": uvloop.new_event_loop}
