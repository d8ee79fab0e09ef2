"""Real nodes for whole-system tests.

``node`` is a running `idnode serve` with an enterprise, the prefix ``88.300.1`` and its key;
``make_node`` starts others: ``await make_node("demo")``, ``await make_node(IDNODE_WORKERS="1")``.
Whatever they leave running or lying about fails the test.
"""

import asyncio

import pytest

from tests.e2e.nodes import Node


@pytest.fixture
async def make_node(tmp_path):
    """Start nodes; each is stopped at the end and must leave no process behind.

    ``await make_node(command="serve", *, enrolled=False, start=True, directory=None, **settings)``
    """
    made: list[Node] = []

    async def make(command="serve", *, enrolled=False, start=True, directory=None, **settings):
        where = directory or tmp_path / f"node{len(made)}"
        where.mkdir(exist_ok=True)
        node = Node(where, command, settings)
        made.append(node)
        if start:
            await node.start()
        if enrolled:
            await node.enrol()
        return node

    yield make
    async with asyncio.timeout(60):
        for node in made:
            if node.running:
                await node.stop()


@pytest.fixture
async def node(make_node):
    """A running node with an enterprise that owns ``node.prefix`` and has ``node.api_key``."""
    return await make_node(enrolled=True)
