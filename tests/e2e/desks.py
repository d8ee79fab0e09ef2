"""Who works with a node over HTTP: people and programs, of the node and of enterprises.

A node that is too busy says so soon: they try again, as clients do.
"""

import io
import json
from collections.abc import Awaitable
from hashlib import sha256
from typing import Any

import aiohttp

from identifiers.principals import Role
from identifiers.snms.envelope import Status
from node.commands.accounts import act, adding
from node.config import load
from tests.e2e.nodes import Node, until

PASSWORD = "correct horse battery staple"
PNG = b"\x89PNG\r\n\x1a\n"
NOT_NOW = 503


class Desk:
    """Somebody at the registration API; `token` is a log-in's or an API key, or nothing."""

    def __init__(self, node: Node, session: aiohttp.ClientSession, token: str = "") -> None:
        self.node = node
        self.token = token
        self._session = session
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def __call__(
        self, method: str, path: str, body: Any = None, status: int = 200, **headers: str
    ) -> Any:
        """Send JSON or octets to the API, and return the JSON that is answered with `status`."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        return json.loads(
            await self.text(method, f"/api/v1/{path}", data, status=status, **headers)
        )

    async def text(
        self, method: str, path: str, data: bytes | None = None, *, status: int = 200, **headers
    ) -> str:
        """Send octets and return the text that is answered with `status`."""
        sent = {"Content-Type": "application/json"} | self._headers | headers
        url = self.node.url("registry") + path

        async def answered() -> tuple[int, str] | None:
            body = None if data is None else io.BytesIO(data)
            async with self._session.request(method, url, data=body, headers=sent) as answer:
                text = await answer.text()
            return None if answer.status == NOT_NOW != status else (answer.status, text)

        told, text = await until(answered)
        assert told == status, text
        return text


class Application:
    """A program at the SNMS-style interface, logged in or not."""

    def __init__(self, node: Node, session: aiohttp.ClientSession, token: str = "") -> None:
        self._base = node.url("registry")
        self._session = session
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, str, Any]:
        """Return status, message and data of the envelope."""
        return await until(lambda: self._sent(method, path, json=body))

    async def __call__(self, method: str, path: str, body: Any = None) -> Any:
        """Return the data of a call that has to succeed."""
        status, message, data = await self.call(method, path, body)
        assert status == 1, (path, status, message)
        return data

    async def upload(self, octets: bytes) -> str:
        """Upload a picture; return its number."""

        def sent() -> Awaitable[tuple[int, str, Any] | None]:
            form = aiohttp.FormData()
            form.add_field("file", octets, filename="a.png", content_type="image/png")
            return self._sent("POST", "/snms/api/file/upload", data=form)

        status, message, data = await until(sent)
        assert status == 1, message
        return data["id"]

    async def _sent(self, method: str, path: str, **body: Any) -> tuple[int, str, Any] | None:
        """Return status, message and data of the envelope; None: not now."""
        async with self._session.request(
            method, self._base + path, headers=self._headers, **body
        ) as answer:
            status, message, data = _opened(answer.status, await answer.json())
        return None if status == Status.FAILED else (status, message, data)


def _opened(status: int, envelope: dict[str, Any]) -> tuple[int, str, Any]:
    assert status == 200, envelope
    return envelope["status"], envelope["message"], envelope["data"]


class People:
    """Makes accounts at a node as its operator does, and logs in with them."""

    def __init__(self, node: Node, session: aiohttp.ClientSession) -> None:
        self._node = node
        self._session = session

    async def person(self, name: str, role: Role, enterprise: int | None = None) -> Desk:
        """Return somebody new at the registration API."""
        await self._added(name, role, enterprise, PASSWORD)
        return await self.log_in(name)

    async def log_in(self, name: str) -> Desk:
        """Return somebody who has an account at the registration API."""
        nobody = Desk(self._node, self._session)
        told = await nobody("POST", "token", {"name": name, "password": PASSWORD})
        return Desk(self._node, self._session, told["token"])

    async def program(self, name: str, role: Role, enterprise: int | None = None) -> Application:
        """Return a new program at the SNMS-style interface."""
        return await self.enter(name, await self._added(name, role, enterprise, None))

    async def enter(self, name: str, secret: str, day: str = "") -> Application:
        """Return a program that logged in with its secret, or with the digest of it and a day."""
        path, sent = "/identity/token", secret
        if day:
            path, sent = f"{path}/v1", _digest(_digest(secret) + day)
        nobody = Application(self._node, self._session)
        told = await nobody("POST", path, {"username": name, "password": sent})
        return Application(self._node, self._session, told["token"])

    async def _added(
        self, name: str, role: Role, enterprise: int | None, password: str | None
    ) -> str:
        work = adding(name, role=role, enterprise=enterprise, password=password)
        return await act(load(self._node.environment), work)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
