"""What the rooms count, as metric families. Pure: numbers in, families out."""

from collections.abc import Mapping
from typing import Any

import msgspec

from identifiers.changes import ImportCounts
from node.metrics import Family, Labels, counter, gauge, histogram
from resolver.freshness import Freshness
from storage.postgres import Census


def resolver_families(snapshot: Mapping[str, Any]) -> list[Family]:
    """Return the metrics of `resolver.counters.Counters.snapshot`."""
    answers: dict[Labels, float] = {}
    times: dict[Labels, tuple[list[int], float]] = {}
    for transport, by_result in snapshot["answers"].items():
        buckets = [0] * (len(snapshot["bounds"]) + 1)
        seconds = 0.0
        for result, series in by_result.items():
            labels = (("transport", transport), ("result", result))
            answers[labels] = sum(series["buckets"])
            buckets = [a + b for a, b in zip(buckets, series["buckets"], strict=True)]
            seconds += series["seconds"]
        times[(("transport", transport),)] = (buckets, seconds)
    events: dict[Labels, float] = {
        (("event", name),): count for name, count in snapshot["events"].items()
    }
    return [
        counter("idnode_resolve_requests_total", "Answers by transport and result.", answers),
        histogram(
            "idnode_resolve_duration_seconds",
            "Seconds from a question's arrival to its answer's departure.",
            snapshot["bounds"],
            times,
        ),
        counter("idnode_resolve_events_total", "What happened beside answers.", events),
    ]


def cache_families(*, entries: int, octets: int, shared_usable: bool | None) -> list[Family]:
    """Return the metrics of the cache tiers; `shared_usable` None: there is no shared tier."""
    found = [
        gauge("idnode_cache_entries", "Records kept.", {(("tier", "local"),): entries}),
        gauge(
            "idnode_cache_bytes", "Memory that they take, about.", {(("tier", "local"),): octets}
        ),
    ]
    if shared_usable is not None:
        found.append(
            gauge(
                "idnode_shared_tier_usable",
                "Processes that ask the shared tier at present.",
                {(): shared_usable},
            )
        )
    return found


def tier_families(*, questions: int, names: int, hits: int | None, misses: int) -> list[Family]:
    """Return what went beyond a worker's own memory; `hits` None: there is no shared tier."""
    found = [
        counter("idnode_store_questions_total", "Queries for records.", {(): questions}),
        counter("idnode_store_names_total", "Names in these queries.", {(): names}),
    ]
    if hits is not None:
        found.append(
            counter(
                "idnode_shared_tier_names_total",
                "Names that the shared tier was asked for.",
                {(("result", "hit"),): hits, (("result", "miss"),): misses},
            )
        )
    return found


def freshness_families(age: float, *, believed: bool) -> list[Family]:
    """Return how far the caches may be believed; `age` in seconds since the last proof."""
    return [
        gauge("idnode_cache_believed", "Processes whose caches are proven right.", {(): believed}),
        gauge(
            "idnode_freshness_proofs_missing",
            "Processes that never had a proof.",
            {(): age == float("inf")},
        ),
    ]


def relay_families(under_way: int) -> list[Family]:
    """Return the metrics of a worker's way to the registry."""
    text = "Requests that workers handed on to the registry and that are not answered yet."
    return [gauge("idnode_relay_requests", text, {(): under_way})]


def tls_families(refused: int) -> list[Family]:
    """Return the metrics of TLS listeners."""
    text = "TLS handshakes that were one too many."
    return [counter("idnode_tls_handshakes_refused_total", text, {(): refused})]


def connection_families(open_: int) -> list[Family]:
    """Return the open TCP connections of the Handle listeners."""
    return [gauge("idnode_handle_connections", "Open TCP connections.", {(): open_})]


def administration_families(known: Mapping[str, int], answered: Mapping[int, int]) -> list[Family]:
    """Return who is known over the Handle protocol, by kind, and messages by response code."""
    return [
        gauge(
            "idnode_handle_known",
            "Challenges that wait, sessions and logins.",
            {(("kind", kind),): count for kind, count in known.items()},
        ),
        counter(
            "idnode_handle_administration_total",
            "Messages of the registry process by response code.",
            {(("code", str(int(code))),): count for code, count in answered.items()},
        ),
    ]


def remote_key_families(asked: Mapping[str, int]) -> list[Family]:
    """Return the questions to other nodes about keys, by what came of them."""
    return [
        counter(
            "idnode_remote_keys_total",
            "Questions to other nodes about keys by result.",
            {(("result", result.lower()),): count for result, count in asked.items()},
        )
    ]


def database_families(census: Census) -> list[Family]:
    """Return the connections to PostgreSQL by what they do."""
    return [
        gauge(
            "idnode_db_pool_connections",
            "Connections of the pools to PostgreSQL.",
            {(("state", state),): count for state, count in msgspec.structs.asdict(census).items()},
        )
    ]


def bulk_families(rows: ImportCounts) -> list[Family]:
    """Return the rows of imports by their fate."""
    return [
        counter(
            "idnode_bulk_rows_total",
            "Rows of imports by what became of them, without dry runs.",
            {(("result", fate),): count for fate, count in msgspec.structs.asdict(rows).items()},
        )
    ]


def freshness_check(freshness: Freshness, now: float) -> str:
    """Return ``ok``, or for how long the caches have not been proven right."""
    if freshness.believed(now):
        return "ok"
    age = freshness.age(now)
    return "never proven" if age == float("inf") else f"not proven for {age:.0f} s"
