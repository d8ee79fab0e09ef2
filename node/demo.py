"""The demo's sample: enterprises of coal and road freight, their identifiers, one's credentials.

Everything goes through the registry as an enterprise's own request would. What is there already is
left as it is, so a start that was interrupted is simply finished by the next one.
"""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec
import structlog

from identifiers.changes import Enterprise
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.names import Prefix
from identifiers.principals import ApiKey, HandleIdentity, Scope
from identifiers.wire.jsonform import read_identifier
from identifiers.wire.rows import Row
from loadtest.corpus import Corpus
from node.commands.appoint import new_secret
from node.refusals import NotDone
from registry.administration import Administration, KeyTerms, Ordered
from registry.allotment import Homed, Taken
from registry.answers import Batch, BatchAnswer, Saved, Unchanged
from registry.appointment import Appointment
from registry.batches import BatchOrder
from registry.commands import Asked, Mode, change_ids
from registry.keys import ID_BYTES, SECRET_BYTES, KeyRing, NewKey
from registry.ports import RegistryStore
from registry.reading.judging import JudgedRow, judged
from registry.reading.rows import BATCH_LIMIT
from registry.seals import Seals
from registry.service import Registry
from storage.embedded.place import write_private

ENTERPRISES: Final = 40
IDENTIFIERS: Final = 5000
CREDENTIALS: Final = "credentials.json"
_KEY_LIFE: Final = 365 * 86400
_log = structlog.get_logger(__name__)


class _Login(msgspec.Struct, frozen=True):
    """What the demo's user registers with: an API key, or an identity and its secret key."""

    prefix: str
    api_key: str
    identity: str
    secret: str

    def __repr__(self) -> str:
        return f"_Login(prefix={self.prefix!r}, identity={self.identity!r}, <secrets>)"


class _Credentials(msgspec.Struct, frozen=True):
    """The credentials file (mode 0600)."""

    enterprise: _Login
    console: tuple[Mapping[str, str], ...] = ()


class Furnisher:
    """Makes the sample. `chance` gives random octets."""

    def __init__(
        self,
        *,
        registry: Registry,
        administration: Administration,
        store: RegistryStore,
        keys: KeyRing,
        seals: Seals,
        ordered: Ordered,
        chance: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._registry = registry
        self._administration = administration
        self._store = store
        self._keys = keys
        self._seals = seals
        self._ordered = ordered
        self._chance = chance

    async def furnish(self, root: Prefix, data_dir: Path) -> Path:
        """Make the sample below `root` unless it is there; return the credentials file.

        Raises what a store raises, and `NotDone` when the database holds something else.
        """
        path = data_dir / CREDENTIALS
        if await self._in_force(path):
            return path
        corpus = Corpus(prefix=str(root), enterprises=ENTERPRISES)
        numbers = await self._enterprises(corpus)
        rows = 0
        for number, enterprise in numbers.items():
            rows += await self._identifiers(corpus, number, enterprise)
        first = corpus.enterprise(1)
        wanted = Appointment(prefix=Prefix.parse(first.prefix), secret=new_secret(self._chance))
        login = _Login(
            prefix=first.prefix,
            api_key=(await self._key(numbers[1])).token,
            identity=await self._appoint(wanted),
            secret=wanted.secret.decode(),
        )
        write_private(path, msgspec.json.encode(_Credentials(login)).decode() + "\n")
        _log.info("sample made", enterprises=len(numbers), identifiers=rows)
        return path

    async def _in_force(self, path: Path) -> bool:
        try:
            known = msgspec.json.decode(path.read_bytes(), type=_Credentials)  # noqa: ASYNC240 -- once
        except (FileNotFoundError, msgspec.DecodeError):
            return False
        return (
            await self._keys.principal(
                known.enterprise.api_key,
                now=self._ordered.at // 1000,
                monotonic=time.monotonic(),
            )
            is not None
        )

    async def _enterprises(self, corpus: Corpus) -> dict[int, int]:
        """Store and home what is missing; return the stored number of each of the corpus."""
        known = {e.credit_code: e.id for e in await self._store.enterprises()}
        numbers = {}
        for number in range(1, ENTERPRISES + 1):
            made = corpus.enterprise(number)
            stored = known.get(made.credit_code) or await self._add(
                Enterprise(
                    id=0,
                    name=made.name,
                    credit_code=made.credit_code,
                    industry=made.class_code,
                )
            )
            entry = PrefixEntry(
                prefix=Prefix.parse(made.prefix), kind=PrefixKind.ENTERPRISE, enterprise=stored
            )
            answer = await self._administration.home_prefix(entry, self._ordered)
            if not isinstance(answer, Homed) and answer != Taken(same=True):
                raise NotDone(
                    f"the sample needs {made.prefix}, which belongs to somebody else here:"
                    " start the demo with an IDNODE_DATA_DIR of its own"
                )
            numbers[number] = stored
        return numbers

    async def _add(self, enterprise: Enterprise) -> int:
        answer = await self._administration.add_enterprise(enterprise, self._ordered)
        if not isinstance(answer, int):
            raise RuntimeError(f"the sample's enterprise {enterprise.name} is refused: {answer}")  # noqa: TRY004 -- no type is wrong
        return answer

    async def _identifiers(self, corpus: Corpus, number: int, enterprise: int) -> int:
        principal = ApiKey(id="demo", enterprise=enterprise, scopes=frozenset(Scope))
        count = corpus.count_of(number, IDENTIFIERS)
        for start in range(0, count, BATCH_LIMIT):
            rows = [
                self._row(corpus.identifier_of(number, at), at - start + 1)
                for at in range(start, min(start + BATCH_LIMIT, count))
            ]
            order = BatchOrder(Mode.UPSERT, rows)
            answer = await self._registry.batch(order, self._asked(principal, len(rows)))
            _expect_all(answer)
        return count

    def _row(self, document: Mapping[str, object], number: int) -> JudgedRow:
        return judged(Row(number, 0, read_identifier(document)), self._ordered.at // 1000)

    def _asked(self, principal: ApiKey, count: int) -> Asked[BatchAnswer]:
        at = self._ordered.at
        return Asked(
            principal=principal,
            address=None,
            request_id=self._ordered.request_id,
            at=at,
            changes=change_ids(at, self._chance, count),
        )

    async def _appoint(self, wanted: Appointment) -> str:
        (change,) = change_ids(self._ordered.at, self._chance, 1)
        made = await self._administration.appoint(wanted, self._seals, change, self._ordered)
        if not isinstance(made, HandleIdentity):
            raise RuntimeError(f"the sample's administrator is refused: {made}")  # noqa: TRY004 -- as above
        return str(made)

    async def _key(self, enterprise: int) -> NewKey:
        terms = KeyTerms(
            enterprise=enterprise, scopes=frozenset(Scope), life=_KEY_LIFE, label="demo"
        )
        made = await self._administration.create_key(
            terms, self._chance(ID_BYTES + SECRET_BYTES), self._ordered
        )
        if not isinstance(made, NewKey):
            raise RuntimeError(f"the sample's key is refused: {made}")  # noqa: TRY004 -- as above
        return made


def _expect_all(answer: BatchAnswer) -> None:
    items = answer.items if isinstance(answer, Batch) else ()
    refused = [i for i in items if not isinstance(i.fate, Saved | Unchanged)]
    if not items or refused:
        raise RuntimeError(f"the sample is refused: {refused[0] if refused else answer}")
