"""The books of prefixes in tables: one row of ``prefix`` for each, applications, rules."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

from identifiers.changes import AuditEntry, Current, Touched, Writes
from identifiers.directory import PrefixKind
from identifiers.enterprises.review import Stage, Standing
from identifiers.holdings import (
    Holding,
    HoldingAbout,
    HoldingLedger,
    HoldingPostings,
    PrefixApplication,
    Sought,
)
from identifiers.labels import Allotment, read_ranges
from identifiers.names import Prefix
from identifiers.routes import record_key
from identifiers.standings import EnterpriseState, Hosting, PrefixState
from storage.postgres import directory, locks, rows, write
from storage.postgres.database import Database
from storage.postgres.pool import Connection
from storage.postgres.sql import load
from storage.postgres.wakeups import Nudge

T = TypeVar("T")

_SQL: Final = load("prefixes")
_BUSINESS: Final = load("business")
_NEWEST: Final = f"{2**63 - 1}-0"


class PostgresPrefixes:
    """PrefixStore. Every method raises `StoreUnavailable`; those that write, `FateUnknown` too."""

    def __init__(self, database: Database, nudge: Nudge) -> None:
        self._database = database
        self._nudge = nudge

    async def post(
        self, about: HoldingAbout, decide: Callable[[HoldingLedger], tuple[HoldingPostings, T]]
    ) -> T:
        """Read what a decision is about, decide, write, commit, return its result.

        Names are locked before the business is, and both before the first transaction id.
        """
        keys = tuple(map(record_key, about.prefixes))
        touched = Touched(keys=keys, requests=about.requests)
        taken = ("BEGIN", locks.statement(touched), _BUSINESS["lock"])
        opening = "; ".join(filter(None, taken))

        async def work(connection: Connection) -> T:
            books = await _books(connection, about)

            def unit(current: Current) -> tuple[Writes, tuple[HoldingPostings, T]]:
                postings, result = decide(HoldingLedger(**books, current=current))
                return postings.writes, (postings, result)

            postings, result = await write.within(connection, touched, unit)
            await _keep(connection, postings, about)
            return result

        result = await self._database.commit(work, opening=opening)
        self._nudge.news()
        return result

    async def holding(self, prefix: Prefix) -> Holding | None:
        """Return one prefix as it is kept."""
        row = await self._database.row(_SQL["holding"], str(prefix))
        return None if row is None else _holding(row)

    async def holdings(
        self, sought: Sought, after: str, limit: int, skip: int = 0
    ) -> Sequence[Holding]:
        """Return up to `limit` prefixes by their text, past `after` and `skip` more."""
        found = await self._database.rows(_SQL["sought"], *_asked(sought), after, limit, skip)
        return [_holding(row) for row in found]

    async def count_holdings(self, sought: Sought) -> int:
        """Return how many prefixes these are."""
        (row,) = await self._database.rows(_SQL["count_sought"], *_asked(sought))
        return int(row["sought"])

    async def application(self, number: UUID) -> PrefixApplication | None:
        """Return an application."""
        return _application(await self._database.row(_SQL["application"], number))

    async def applications(
        self, enterprise: int | None, after: str, limit: int, *, open_only: bool = False
    ) -> Sequence[PrefixApplication]:
        """Return up to `limit` applications by id, past the id `after`; None: of everybody."""
        past = UUID(after) if after else UUID(int=0)
        found = await self._database.rows(_SQL["applications"], enterprise, past, open_only, limit)
        return [one for row in found if (one := _application(row)) is not None]

    async def history(
        self, prefix: Prefix, after: str, limit: int
    ) -> tuple[Sequence[AuditEntry], str]:
        """Return what was done to a prefix, newest first, and where the next page begins."""
        xid, _, number = (after or _NEWEST).partition("-")
        found = await self._database.rows(_SQL["history"], str(prefix), xid, int(number), limit + 1)
        page = found[:limit]
        entries = [
            AuditEntry(**{name: row[name] for name in AuditEntry.__struct_fields__}) for row in page
        ]
        return entries, f"{page[-1]['xid']}-{page[-1]['id']}" if len(found) > limit else ""

    async def rule(self, root: Prefix) -> Allotment | None:
        """Return how labels are given below a secondary prefix; None: nobody said."""
        return _rule(await self._database.row(_SQL["rule"], str(root)))

    async def unproven(self, limit: int) -> Sequence[Prefix]:
        """Return enterprises' prefixes that are switched on and were not seen to resolve yet."""
        found = await self._database.rows(_SQL["unproven"], limit)
        return [_prefix(row["prefix"]) for row in found]

    async def prove(self, prefixes: Sequence[Prefix]) -> Sequence[Holding]:
        """Note that every worker answers for these by now; returns those noted just now."""

        async def work(connection: Connection) -> Sequence[Holding]:
            noted = await connection.fetch(_SQL["prove"], [str(prefix) for prefix in prefixes])
            found = await connection.fetch(_SQL["several"], [row["prefix"] for row in noted])
            return [_holding(row) for row in found]

        return await self._database.commit(work)


async def _books(connection: Connection, about: HoldingAbout) -> dict[str, Any]:
    """Read what a decision needs; what it does not name is not asked for."""
    asked = [str(prefix) for prefix in about.prefixes]
    found = await connection.fetch(_SQL["several"], asked) if asked else ()
    holdings = [_holding(row) for row in found]
    owners = {about.enterprise, *about.heirs, *(one.enterprise for one in holdings)} - {0}
    known = await connection.fetch(_SQL["owners"], sorted(owners)) if owners else ()
    records = list(map(record_key, about.prefixes))
    used = await connection.fetch(_SQL["used"], asked, records) if about.weigh else ()
    return {
        "directory": await directory.picture(connection),
        "holdings": {str(holding.prefix): holding for holding in holdings},
        "owners": {row["id"]: EnterpriseState(row["state"]) for row in known},
        "names": {row["id"]: row["name"] for row in known},
        "used": frozenset(row["prefix"] for row in used),
        "application": _application(
            await connection.fetchrow(_SQL["application"], about.application)
            if about.application
            else None
        ),
        "twin": _application(
            await connection.fetchrow(_SQL["twin"], about.enterprise, about.digest)
            if about.digest
            else None
        ),
        "rule": await rule_below(connection, about.root),
    }


async def _keep(connection: Connection, postings: HoldingPostings, about: HoldingAbout) -> None:
    for holding in postings.holdings:
        await connection.execute(_SQL["keep"], *_row(holding))
    for prefix in postings.removed:
        gone = await connection.fetchval(
            _SQL["remove"], str(prefix), record_key(prefix), rows.pack_news(())
        )
        if gone is None:
            raise ValueError(f"{prefix} is not there or in use")
    if postings.application is not None:
        await connection.execute(_SQL["keep_application"], *_application_row(postings.application))
    if postings.rule is not None:
        rule = postings.rule
        reserved = [f"{one.low}-{one.high}" for one in rule.reserved]
        await connection.execute(
            _SQL["keep_rule"],
            str(about.root),
            rule.first,
            rule.digits,
            reserved,
            rule.keep_vanity,
        )


def _prefix(text: str) -> Prefix:
    return Prefix(tuple(text.split(".")))


def _asked(sought: Sought) -> tuple[object, ...]:
    return (
        sought.enterprise,
        sought.state,
        sought.hosting,
        sought.text,
        sought.holder,
        sought.since,
        sought.until,
        sought.held,
    )


def _holding(row: Any) -> Holding:
    return Holding(
        prefix=_prefix(row["prefix"]),
        kind=PrefixKind(row["kind"]),
        enterprise=row["enterprise"],
        holder=row["holder"],
        state=PrefixState(row["state"]),
        hosting=Hosting(row["hosting"]),
        routed=row["delegated"],
        reason=row["reason"],
        quota=row["quota"],
        created_at=row["created_at"],
        approved_at=row["approved_at"],
        resolvable_at=row["resolvable_at"],
        version=row["revision"],
    )


def _row(holding: Holding) -> tuple[object, ...]:
    enabled = holding.state is PrefixState.ENABLED
    return (
        str(holding.prefix),
        holding.kind,
        holding.enterprise,
        enabled,
        PrefixState.DISABLED if enabled else holding.state,
        holding.hosting,
        holding.routed,
        holding.reason,
        holding.quota,
        holding.version,
        rows.pack_news(()),
    )


def _application(row: Any) -> PrefixApplication | None:
    if row is None:
        return None
    return PrefixApplication(
        id=UUID(int=row["id"].int),
        enterprise=row["enterprise"],
        prefix=_prefix(row["prefix"]),
        purpose=row["purpose"],
        hosted=row["hosted"],
        standing=Standing(Stage(row["stage"]), row["revision"]),
        reasons=tuple(row["reasons"]),
        digest=row["digest"],
        submitted_at=row["submitted_at"],
        changed_at=row["changed_at"],
        version=row["version"],
    )


def _application_row(application: PrefixApplication) -> tuple[object, ...]:
    return (
        application.id,
        application.enterprise,
        str(application.prefix),
        application.purpose,
        application.hosted,
        application.standing.stage,
        application.standing.revision,
        list(application.reasons),
        application.digest,
        application.submitted_at,
        application.changed_at,
        application.version,
    )


async def rule_below(connection: Connection, root: Prefix | None) -> Allotment | None:
    """Return how labels are given below a prefix, as a transaction at hand sees it."""
    return None if root is None else _rule(await connection.fetchrow(_SQL["rule"], str(root)))


def _rule(row: Any) -> Allotment | None:
    if row is None:
        return None
    return Allotment(
        first=row["first"],
        digits=row["digits"],
        reserved=read_ranges(row["reserved"]),
        keep_vanity=row["keep_vanity"],
    )
