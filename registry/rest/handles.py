"""One identifier: ``/api/handles/{handle}``."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from identifiers.changes import ChangeKind
from identifiers.faults import Invalid
from identifiers.names import Handle
from identifiers.principals import Anonymous, HandleIdentity
from identifiers.queries import Query
from identifiers.submissions import Submission
from identifiers.values import Value
from identifiers.wire import jsonform
from identifiers.wire.handle.codes import ResponseCode
from identifiers.wire.restform import Unreadable, handle_in
from registry.answers import Answer, Faulty, Saved
from registry.commands import AddValues, Asked, Create, Delete, RemoveValues, change_ids, minted
from registry.handle.lookups import Lookups
from registry.handle.replies import told
from registry.handle.turns import Prove
from registry.rest.asks import VARIOUS, Ask
from registry.rest.authentication import Authentication
from registry.rest.replies import BAD_REQUEST, CREATED, Reply, of_faults, refusal, reply_of
from registry.service import Registry
from registry.submissions import fit, fitness_faults

MOUNT: Final = "/api/handles/"
_MINT_OCTETS: Final = 16


def asked_by(
    ask: Ask, identity: HandleIdentity | None, chance: Callable[[int], bytes]
) -> Asked[Any]:
    """Return who asks the registry for one thing, and when."""
    return Asked(
        principal=Anonymous() if identity is None else identity,
        address=ask.origin.address,
        request_id=ask.request_id,
        at=ask.at,
        changes=change_ids(ask.at, chance, 1),
    )


class Handles:
    """GET, HEAD, PUT and DELETE. `chance` gives random octets."""

    def __init__(
        self,
        registry: Registry,
        lookups: Lookups,
        authentication: Authentication,
        chance: Callable[[int], bytes],
    ) -> None:
        self._registry = registry
        self._lookups = lookups
        self._authentication = authentication
        self._chance = chance

    async def get(self, ask: Ask) -> Reply:
        """Look one identifier up; POST with parameters in a JSON body is the same."""
        ask = ask.with_body()
        form, handle = ask.form(), handle_in(ask.target, MOUNT)
        known = await self._authentication.who(ask)
        if isinstance(known, Reply):
            return msgspec.structs.replace(known, form=form)
        query = Query(
            handle=handle,
            indexes=ask.indexes(),
            types=ask.types(),
            public_only=ask.flag("publicOnly", default=known.identity is None),
            authoritative=True,
            do_not_refer=ask.flag("doNotRefer", default=False),
        )
        asked = asked_by(ask, known.identity, self._chance)
        found = await self._lookups.resolve(query, known.identity, asked)
        if isinstance(found, Prove):
            demand = self._authentication.challenge(ask, session_id=known.session_id)
            return msgspec.structs.replace(demand, form=form)
        return reply_of(found, query.text, writing=False, form=form)

    async def put(self, ask: Ask) -> Reply:
        """Register or replace an identifier; with `index` only values of it."""
        name = handle_in(ask.target, MOUNT).decode()
        known = await self._authentication.required(ask)
        if isinstance(known, Reply):
            return known
        asked = asked_by(ask, known.identity, self._chance)
        try:
            values = _values(ask)
            overwrite = ask.flag("overwrite", default=True)
            if ask.all("index"):
                return await self._put_values(ask, name, values, asked, overwrite=overwrite)
            if ask.flag("mintNewSuffix", default=False):
                name = minted(name, self._chance(_MINT_OCTETS)).given
            handle = fit(Submission(name, values))
        except Invalid as invalid:
            return of_faults(invalid.faults, name)
        command = Create(handle=handle, values=values, overwrite=overwrite)
        return _written(await self._registry.create(command, asked), name)

    async def _put_values(
        self, ask: Ask, name: str, values: tuple[Value, ...], asked: Asked[Any], *, overwrite: bool
    ) -> Reply:
        handle = Handle.parse(name)
        if faults := fitness_faults(values):
            raise Invalid(faults)
        if VARIOUS not in ask.all("index"):
            wanted, given = set(ask.indexes()), {value.index for value in values}
            if wanted != given:
                text = "The parameters index and the values of the body are not the same indexes"
                reply = refusal(ResponseCode.PROTOCOL_ERROR, text, name)
                return msgspec.structs.replace(reply, status=BAD_REQUEST)
        command = AddValues(handle=handle, values=values, overwrite=overwrite)
        return _written(await self._registry.add_values(command, asked), name)

    async def delete(self, ask: Ask) -> Reply:
        """Delete an identifier; with `index` only values of it."""
        name = handle_in(ask.target, MOUNT).decode()
        known = await self._authentication.required(ask)
        if isinstance(known, Reply):
            return known
        asked = asked_by(ask, known.identity, self._chance)
        try:
            handle = Handle.parse(name)
        except Invalid as invalid:
            return of_faults(invalid.faults, name)
        if indexes := ask.indexes():
            removal = RemoveValues(handle=handle, indexes=frozenset(indexes))
            return _written(await self._registry.remove_values(removal, asked), name)
        return _written(await self._registry.delete(Delete(handle=handle), asked), name)


def _values(ask: Ask) -> tuple[Value, ...]:
    document = ask.document()
    if isinstance(document, dict):
        if "values" not in document:
            raise Unreadable('the body must be an array of values, or {"values": […]}')
        return jsonform.read_values(document["values"], "/values")
    return jsonform.read_values(document, "/values")


def _written(answer: Answer, name: str) -> Reply:
    if isinstance(answer, Faulty):
        return of_faults(answer.faults, name)
    reply = reply_of(told(answer), name, writing=True)
    if isinstance(answer, Saved) and answer.kind is ChangeKind.CREATED:
        return msgspec.structs.replace(reply, status=CREATED)
    return reply
