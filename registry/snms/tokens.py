"""``/identity/token``: an application's credential becomes a token for a day.

Only programs (`idnode account add --program`) log in here, with the secret that was shown once when
the account was made; a person's password does not work. Version 1 of the call proves the secret by
a digest of it and the day in Beijing.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, assert_never

from aiohttp import web

from identifiers.coding import BEIJING
from identifiers.faults import Faults, Invalid
from identifiers.snms.envelope import WRONG_LOGIN, Envelope, done, refused
from identifiers.snms.lenient import members
from registry.access.logins import Entry, LoggedIn, Logins, TryLater, Unknown
from registry.access.programs import DatedDigest
from registry.http.reception import Reception
from registry.http.tokens import BODY_LIMIT
from registry.snms.calls import Handler, body_of, response, told

_DRIFT: Final = timedelta(minutes=10)
"""By so much the clock of a client may be wrong: about midnight two days are taken."""
_LATER: Final = "尝试次数过多，请在 {seconds} 秒后重试"


class Tokens:
    """The calls that log in."""

    def __init__(self, logins: Logins, reception: Reception) -> None:
        self._logins = logins
        self._reception = reception

    def clear(self) -> Handler:
        """POST ``/identity/token``: the secret itself."""
        return self._handler(hashed=False)

    def dated(self) -> Handler:
        """POST ``/identity/token/v1``: a digest of the secret and the day."""
        return self._handler(hashed=True)

    def _handler(self, *, hashed: bool) -> Handler:
        async def answered(request: web.Request) -> Envelope:
            entry = self._reception.entry(request)
            name, password = _read(await body_of(request, BODY_LIMIT))
            days = _days(entry)
            text = password if hashed else _digest(password, days[0])
            return _told(await self._logins.log_in(name, DatedDigest(text, days), entry))

        async def handle(request: web.Request) -> web.StreamResponse:
            return response(await told(lambda: answered(request)))

        return handle


def _read(document: object) -> tuple[str, str]:
    faults = Faults()
    sent = members(document, "", faults)
    name, password = ("", "") if sent is None else (sent.text("username"), sent.text("password"))
    if faults:
        raise Invalid(faults)
    return name, password


def _days(entry: Entry) -> tuple[str, ...]:
    now = datetime.fromtimestamp(entry.at / 1000, BEIJING)
    days = (now - _DRIFT, now, now + _DRIFT)
    return tuple(dict.fromkeys(day.strftime("%Y-%m-%d") for day in days))


def _digest(secret: str, day: str) -> str:
    once = sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
    return sha256((once + day).encode()).hexdigest()


def _told(answer: LoggedIn | Unknown | TryLater) -> Envelope:
    match answer:
        case LoggedIn(token=token):
            return done({"token": token})
        case Unknown():
            return refused(WRONG_LOGIN)
        case TryLater(seconds=seconds):
            return refused(_LATER.format(seconds=seconds))
        case _:
            assert_never(answer)
