"""What is said without waiting: delegation, what this worker keeps, the anonymous view."""

from sys import intern

from identifiers.outcomes import Absent, Found, NotHomed, Outcome, Referral
from identifiers.queries import Query
from identifiers.records import State
from identifiers.template_handles import template_for
from resolver.clients import Client
from resolver.computing import Computing
from resolver.counters import Counters
from resolver.delegation import Ours, delegate
from resolver.fetching import UNAVAILABLE
from resolver.freshness import Freshness
from resolver.retelling import Basis, Retelling
from resolver.tiers.local import Entry, LocalTier
from resolver.view import Kept, seen


class AtHand(Retelling):
    """Answers queries as far as the prefixes and one worker's cache do.

    With `walks` what lives elsewhere is asked there, for clients for whom that is done.
    """

    def __init__(
        self,
        local: LocalTier,
        freshness: Freshness,
        counters: Counters,
        computing: Computing,
        *,
        walks: bool,
    ) -> None:
        super().__init__(local, freshness, counters)
        self._computing = computing
        self._walks = walks

    def stale(self, now: float) -> float | None:
        """Return for how many seconds nothing was proven right, None while answers are fresh."""
        freshness = self._freshness
        return freshness.age(now) if freshness.shows_stale(now) else None

    def answer_now(self, query: Query, client: Client, now: float) -> Outcome | None:
        """Answer without waiting, or return None: the store must be asked (`answer`)."""
        target = self._target(query)
        if not isinstance(target, Ours):
            return None if self._walked(target, query, client) else target
        outcome = self._known(target, query, client, now)
        if outcome is not None:
            self._count(target, client, outcome)
        return outcome

    def found_now(self, query: Query, client: Client, now: float) -> tuple[Found, Basis] | None:
        """Return values that are kept here and what they stand on, and count them as asked for.

        None: `answer_now` says more, and counts it. Nothing is computed here.
        """
        target = self._target(query)
        if not isinstance(target, Ours) or not self._freshness.believed(now):
            return None
        kept = self._local.look(target.key, now)
        if query.authoritative or not isinstance(kept, Entry):
            return None
        found = seen(kept, query)
        if not isinstance(found, Found):
            return None
        self._count(target, client, found)
        return found, Basis(kept, self._generation + self._local.cleared, intern(target.prefix))

    def basis(self, query: Query, found: Found, now: float) -> Basis | None:
        """Return what `found` stands on, None when it must not serve for a repeated question.

        Only what a cache may answer does: `found` is what `answer_now` has just returned.
        """
        target = self._target(query)
        if query.authoritative or self._directory is None or not isinstance(target, Ours):
            return None
        kept = self._local.look(target.key, now)
        if not isinstance(kept, Entry) or kept.record is not found.record:
            return None  # computed: it stands on more than one record
        return Basis(kept, self._generation + self._local.cleared, intern(target.prefix))

    def _target(self, query: Query) -> Ours | Outcome:
        if self._directory is None:
            return UNAVAILABLE
        return delegate(self._directory, query)

    def _walked(self, target: Ours | Outcome, query: Query, client: Client) -> bool:
        return (
            self._walks
            and client.walked_for
            and query.recursive
            and isinstance(target, Referral | NotHomed)
        )

    def _count(self, target: Ours, client: Client, outcome: Outcome) -> None:
        if isinstance(outcome, Found):
            self._counters.found(target.prefix, client.address)
        else:
            self._counters.asked(target.prefix, client.address, found=False)

    def _known(self, target: Ours, query: Query, client: Client, now: float) -> Outcome | None:
        if past_caches(query, client):
            return None
        key = target.key
        if self._freshness.believed(now):
            kept = self._local.look(key, now)
            if kept is None:
                return None
            if isinstance(kept, Entry) and kept.record.state is not State.DELETED:
                outcome = seen(kept, query)
                if isinstance(outcome, Found):
                    self._tell(kept, outcome, target, query)
                return outcome
            return self._computed_now(target, query, client, now)
        if self._freshness.away(now) and self._freshness.stale_shown(now):
            outlived = self._local.outlived(key)
            if outlived is not None:
                return seen(outlived, query)
        return None

    def _tell(self, kept: Entry, found: Found, target: Ours, query: Query) -> None:
        """Note that whoever asks in the same way may be told the same (`retell`)."""
        picture = self._generation
        if kept.told != picture and found.values is kept.public and query.text == target.key:
            kept.told, kept.prefix = picture, intern(target.prefix)

    def _computed_now(
        self, target: Ours, query: Query, client: Client, now: float
    ) -> Outcome | None:
        template = template_for(target.entry, query)
        if isinstance(template, Absent):
            return template
        base = self._local.look(template.base, now)
        if base is None:
            return None
        record = base.record if isinstance(base, Kept) else None
        return self._computing.made(template, target, query, client, {template.base: record}, now)


def past_caches(query: Query, client: Client) -> bool:
    """Say whether the store itself is to be asked, whatever is kept."""
    # A stranger must not be able to send every question to the store. Who asks the store itself is
    # not given what is kept, also when the store is away.
    return query.authoritative and client.trusted
