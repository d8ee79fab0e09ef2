"""One measured step: what users saw, beside what the node says of itself. Pure."""

import msgspec

from loadtest.suites import readings
from loadtest.suites.profiles import Suite
from loadtest.suites.readings import Latency, Look
from loadtest.suites.tally import Tally
from loadtest.suites.verdict import Step


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One step with everything that is reported beside what is judged. Times in seconds."""

    step: Step
    users: dict[str, Tally]
    cpu: dict[str, float]
    """Shares of a core by process of the server, ``stores`` and ``others`` of the machine."""
    server_times: dict[str, Latency]
    cached: tuple[float, float]
    """Entries of the workers' caches before and after."""
    memory: tuple[dict[str, float], dict[str, float]]
    """Octets resident by process, before and after."""


def measure(
    suite: Suite,
    scale: int,
    users: dict[str, Tally],
    looks: tuple[Look, Look],
    *,
    seconds: float,
    cores: float,
    errors: int,
) -> Measured:
    """Put together what one step came to; `looks` were taken before and after.

    `cores`: how many the server was given. `errors`: users that ended on one.
    """
    before, after = looks
    total = Tally()
    for tally in users.values():
        total.merge(tally)
    wall = after.at - before.at
    spent = readings.spent(before.node, after.node) | {"stores": after.stores - before.stores}
    driver = after.driver - before.driver
    others = after.machine - before.machine - driver - sum(spent.values())
    p99 = total.times.quantile(0.99)
    step = Step(
        scale=scale,
        seconds=seconds,
        offered=suite.offered(scale),
        asked=total.asked,
        right=total.right,
        wrong=total.wrong,
        refused=total.refused,
        missing=total.missing,
        late=total.late,
        p99=p99,
        driver=driver / wall,
        server=sum(spent.values()) / wall / cores,
        others=max(0.0, others / wall),
        errors=errors,
    )
    return Measured(
        step=step,
        users=users,
        cpu={name: used / wall for name, used in spent.items()} | {"others": others / wall},
        server_times=readings.latencies(before.node, after.node),
        cached=(before.node.cached, after.node.cached),
        memory=(dict(before.node.memory), dict(after.node.memory)),
    )
