"""Resolutions by somebody who is known, or has to be (RFC 3652 section 3.2).

Workers answer what everybody may see. Somebody must be known when the request does not restrict
itself to public values, its filter matches something, and none of that is public; when some of it
is, that is the answer, as the public SDKs leave the restriction out of ordinary look-ups.
"""

from typing import Any, Final

import msgspec

from identifiers.faults import Invalid
from identifiers.names import PREFIX_RECORDS, Handle, fold
from identifiers.outcomes import Absent
from identifiers.patterns import Budget
from identifiers.principals import HandleIdentity
from identifiers.queries import Query
from identifiers.records import Record, State
from identifiers.template_handles import computed, template_for, unknown
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import ResponseCode
from identifiers.wire.handle.translate import NOT_HOMED
from identifiers.wire.handle.values import count_values, encode_values, filter_blob
from registry.answers import Denied, Missing
from registry.commands import Asked
from registry.handle.replies import denied, state_text
from registry.handle.requests import rejected
from registry.handle.turns import PROVE_FIRST, Prove, Told, refused
from registry.ports import RegistryStore
from registry.prefixes import Place, Prefixes, place_of
from registry.service import Registry

_HIDDEN: Final = "Nothing of what was asked for is shown to this identity"
_TOLD_STATES: Final = (State.SUSPENDED, State.REVOKED)


class Lookups:
    """Answers resolutions from the store itself."""

    def __init__(self, registry: Registry, store: RegistryStore, prefixes: Prefixes) -> None:
        self._registry = registry
        self._store = store
        self._prefixes = prefixes

    async def resolve(
        self, query: Query, identity: HandleIdentity | None, asked: Asked[Any]
    ) -> Told | Prove:
        """Answer one resolution, or say that somebody must be known for it.

        `asked` is by `identity`, None: nobody is known. Raises `StoreUnavailable`.
        """
        found = await self.place(query.text)
        if isinstance(found, Told):
            return found
        handle, place = found
        if (elsewhere := referral(handle, place, do_not_refer=query.do_not_refer)) is not None:
            return elsewhere
        record = await self._store.record(place.key)
        if unknown(record):
            return await self._computed(query, place)
        if identity is not None and not query.public_only:
            return await self._shown(query, handle, record, asked)
        if (absent := _absent(record)) is not None:
            return absent
        return _public(query, record)

    async def _computed(self, query: Query, place: Place) -> Told | Prove:
        """Answer about a name that nobody registered: its base may have a template."""
        template = template_for(place.home, query)
        if isinstance(template, Absent):
            return refused(ResponseCode.HANDLE_NOT_FOUND, template.message)
        made = computed(template, await self._store.record(template.base), Budget())
        if isinstance(made, Absent):
            return refused(ResponseCode.HANDLE_NOT_FOUND, made.message)
        # Nobody has rights at a record that is not there.
        return _public(msgspec.structs.replace(query, public_only=True), made)

    async def place(self, name: str) -> tuple[Handle, Place] | Told:
        """Return where a handle is, or why nothing of it can be answered here.

        Raises `StoreUnavailable`.
        """
        try:
            handle = Handle.parse(name)
        except Invalid as invalid:
            return rejected(invalid.faults)
        place = place_of(await self._prefixes.picture(), handle)
        if place.home is None or not place.home.enabled:
            return refused(ResponseCode.SERVER_NOT_RESPONSIBLE, NOT_HOMED)
        return handle, place

    async def publicly_there(self, place: Place) -> bool:
        """Say whether anybody may know that the handle is taken. Raises `StoreUnavailable`."""
        record = await self._store.record(place.key)
        if record is None or record.state is not State.ACTIVE:
            return False
        return count_values(filter_blob(record.values, (), (), public_only=True)) > 0

    async def _shown(
        self, query: Query, handle: Handle, record: Record | None, asked: Asked[Any]
    ) -> Told:
        shown = await self._registry.read(handle, asked)
        if isinstance(shown, Missing):
            return refused(ResponseCode.HANDLE_NOT_FOUND, shown.message)
        if isinstance(shown, Record):
            blob = _matching(query, shown, public_only=False)
            if count_values(blob):
                private = blob != _matching(query, shown, public_only=True)
                return _found(query, blob, private=private)
        if (absent := _absent(record)) is not None:
            return absent
        result = _public(query, record)
        if not isinstance(result, Prove):
            return result
        if isinstance(shown, Denied):
            return denied(shown.verdict)
        return refused(ResponseCode.INSUFFICIENT_PERMISSIONS, _HIDDEN)


def _public(query: Query, record: Record | None) -> Told | Prove:
    if record is None:
        return refused(ResponseCode.HANDLE_NOT_FOUND)
    blob = _matching(query, record, public_only=True)
    if count_values(blob):
        return _found(query, blob)
    if query.public_only or not count_values(_matching(query, record, public_only=False)):
        return refused(ResponseCode.VALUES_NOT_FOUND)
    return PROVE_FIRST


def _absent(record: Record | None) -> Told | None:
    if record is not None and record.state is State.ACTIVE:
        return None
    if record is None or record.state not in _TOLD_STATES:
        return refused(ResponseCode.HANDLE_NOT_FOUND)
    return refused(ResponseCode.HANDLE_NOT_FOUND, state_text(record.state, record.reason))


def _matching(query: Query, record: Record, *, public_only: bool) -> bytes:
    return filter_blob(record.values, query.indexes, query.types, public_only=public_only)


def _found(query: Query, blob: bytes, *, private: bool = False) -> Told:
    return Told(ResponseCode.SUCCESS, bodies.Valued(query.text, blob), private=private)


def referral(handle: Handle, place: Place, *, do_not_refer: bool = False) -> Told | None:
    """Return where a name under a delegated prefix lives; None: here."""
    home, of_prefix = place.home, handle.prefix == PREFIX_RECORDS
    if home is None or home.routes is None:
        return None
    if of_prefix and fold(handle.suffix) == str(home.prefix):
        return None
    sites = home.routes.derived if of_prefix else home.routes.names
    if not sites and not of_prefix:
        return refused(ResponseCode.SERVER_NOT_RESPONSIBLE, NOT_HOMED)
    if not sites or do_not_refer:
        return refused(ResponseCode.HANDLE_NOT_FOUND)
    code = ResponseCode.PREFIX_REFERRAL if of_prefix else ResponseCode.SERVICE_REFERRAL
    return Told(code, bodies.Valued("", encode_values(sites)))
