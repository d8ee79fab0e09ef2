"""Names that no row has, computed by the template that stands in the record of their prefix."""

from collections.abc import Mapping

from identifiers.outcomes import Absent, Outcome
from identifiers.patterns import Budget
from identifiers.queries import Query
from identifiers.records import Record
from identifiers.template_handles import Template, computed
from resolver.clients import Client
from resolver.delegation import Ours
from resolver.fetching import UNAVAILABLE
from resolver.limits import Limits
from resolver.view import keep, seen


class Computing:
    """Computes names; `limits` bound the work that they take."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits

    def made(  # noqa: PLR0917 -- who asks for what, and what there is
        self,
        template: Template | Absent,
        target: Ours,
        query: Query,
        client: Client,
        records: Mapping[str, Record | None],
        now: float,
    ) -> Outcome:
        """Compute a name, as far as its prefix and the client may have work done for it."""
        if isinstance(template, Absent):
            return template
        if template.base not in records:
            return UNAVAILABLE
        prefix = None if target.entry is None else target.entry.prefix
        limits, budget = self._limits, Budget()
        if limits is not None and not limits.computes(client, prefix, now):
            return UNAVAILABLE
        record = computed(template, records[template.base], budget)
        if limits is not None:
            limits.computed(client, prefix, budget.spent, now)
        return record if isinstance(record, Absent) else seen(keep(record), query)
