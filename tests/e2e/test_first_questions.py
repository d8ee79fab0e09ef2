"""A worker has what it asks the store with before the first client asks it."""

from pathlib import Path

from node import connections
from node.commands.orders import running
from node.control import Question, ask
from node.metrics import Family


async def test_connections_are_made_before_a_worker_serves(make_node):
    node = await make_node()  # nobody asks it anything
    (state,) = running(node.data_dir)
    workers = sorted(Path(state.control).parent.glob("worker-*.sock"))
    assert workers
    for worker in workers:
        families = await ask(str(worker), Question.METRICS, list[Family], 10)
        (pool,) = (one for one in families if one.name == "idnode_db_pool_connections")
        made = {dict(sample.labels)["state"]: sample.value for sample in pool.samples}
        assert made["idle"] + made["used"] >= connections.QUESTIONS
