"""Probes and metrics of the whole node, answered by one of its processes."""

from collections.abc import Mapping
from typing import Final

import msgspec
from aiohttp import web

from node.assignment import Role
from node.control import PATIENCE, Health, Question, State, ask, ask_all
from node.metrics import CONTENT_TYPE, Family, added_up, gauge, text


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """What ``/readyz?verbose`` tells; `missing` are processes that gave no answer."""

    ready: bool
    processes: tuple[State, ...]
    missing: tuple[str, ...]


def readiness(answers: Mapping[str, State | None]) -> Readiness:
    """Judge the node by its processes: it serves while each role has a process that does.

    Checks do not count: a node whose database is away still answers from its caches, and sending
    its clients elsewhere would only move them to the next node without a database.
    """
    there = tuple(state for state in answers.values() if state is not None)
    roles = {_role_of(name) for name in answers}
    return Readiness(
        ready=all(any(s.role is role and s.ready for s in there) for role in roles),
        processes=there,
        missing=tuple(name for name, state in answers.items() if state is None),
    )


def _role_of(name: str) -> Role:
    return Role(name.partition("-")[0])


class Operations:
    """The routes of the ops address. `supervisor` is the control socket of that."""

    def __init__(
        self, health: Health, siblings: Mapping[str, str], supervisor: str, version: str
    ) -> None:
        self._health: Final = health
        self._siblings: Final = siblings
        self._supervisor: Final = supervisor
        self._version: Final = version

    def app(self) -> web.Application:
        """Return the application."""
        app = web.Application()
        app.router.add_get("/livez", self.livez)
        app.router.add_get("/healthz", self.livez)
        app.router.add_get("/readyz", self.readyz)
        app.router.add_get("/metrics", self.metrics)
        return app

    async def livez(self, _request: web.Request) -> web.Response:
        """Answer: this process turns its loop."""
        return web.Response(text="ok\n")

    async def readyz(self, request: web.Request) -> web.Response:
        """Answer 200 while the node should get traffic, else 503; ``?verbose`` says why."""
        found = readiness(await ask_all(self._siblings, Question.STATE, State))
        # This process may have begun to drain while it asked.
        if self._health.draining:
            found = msgspec.structs.replace(found, ready=False)
        status = 200 if found.ready else 503
        if "verbose" in request.query:
            return web.Response(
                status=status, body=msgspec.json.encode(found), content_type="application/json"
            )
        return web.Response(status=status, text="ready\n" if found.ready else "not ready\n")

    async def metrics(self, _request: web.Request) -> web.Response:
        """Answer with the metrics of all processes, added up, those that have ended too.

        Whoever would be left out makes no smaller sum: then there is none (503).
        """
        families = await ask(self._supervisor, Question.METRICS, list[Family], 2 * PATIENCE)
        if families is None:
            return web.Response(status=503, text="the supervisor gives no answer\n")
        families.append(
            gauge("idnode_build_info", "The version.", {(("version", self._version),): 1})
        )
        return web.Response(
            body=text(added_up(families)).encode(), headers={"Content-Type": CONTENT_TYPE}
        )
