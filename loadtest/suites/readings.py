"""What a node says of itself at two moments, and what happened in between."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from loadtest.suites.histogram import quantile

_SAMPLE: Final = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE | re.ASCII)
_LABEL: Final = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"', re.ASCII)
_TIMES: Final = {
    "idnode_resolve_duration_seconds_bucket": "transport",
    "idnode_registry_request_duration_seconds_bucket": "route",
}

Buckets = Mapping[float, float]
"""Cumulative counts by upper bound in seconds."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One look at ``/metrics``. `cpu`: seconds by process; `memory`: octets resident by process.

    `times`: buckets by transport, or by route of the registry.
    """

    cpu: Mapping[str, float]
    memory: Mapping[str, float]
    times: Mapping[str, Buckets]
    cached: float
    cached_octets: float
    lag: float
    """Seconds by which the slowest projection is behind."""


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One moment. Seconds of CPU: of the driver, of the node's stores, of the whole machine."""

    at: float
    node: Reading
    driver: float
    stores: float
    machine: float


class Latency(msgspec.Struct, frozen=True):
    """What the server's own histogram says; bounds of buckets in seconds, None: unbounded."""

    count: int
    p50: float | None
    p99: float | None


def read(text: str) -> Reading:
    """Read the Prometheus text format as the node writes it."""
    cpu: dict[str, float] = {}
    memory: dict[str, float] = {}
    times: dict[str, dict[float, float]] = {}
    cached = cached_octets = lag = 0.0
    for name, braced, number in _SAMPLE.findall(text):
        labels, value = dict(_LABEL.findall(braced)), float(number)
        if name == "process_cpu_seconds_total":
            cpu[labels["process"]] = value
        elif name == "process_resident_memory_bytes":
            memory[labels["process"]] = value
        elif name in _TIMES:
            buckets = times.setdefault(labels[_TIMES[name]], {})
            bound = float(labels["le"])
            buckets[bound] = buckets.get(bound, 0.0) + value
        elif name == "idnode_cache_entries":
            cached += value
        elif name == "idnode_cache_bytes":
            cached_octets += value
        elif name == "idnode_projection_lag_seconds":
            lag = max(lag, value)
    return Reading(
        cpu=cpu, memory=memory, times=times, cached=cached, cached_octets=cached_octets, lag=lag
    )


def spent(before: Reading, after: Reading) -> dict[str, float]:
    """Return the CPU seconds of each process in between; a process made anew counts from 0."""
    return {
        process: used - (before.cpu.get(process, 0.0) if used >= before.cpu.get(process, 0) else 0)
        for process, used in after.cpu.items()
    }


def latencies(before: Reading, after: Reading) -> dict[str, Latency]:
    """Return what the server measured in between, where it answered anything."""
    found = {}
    for what, buckets in after.times.items():
        bounds = sorted(buckets)
        earlier = before.times.get(what, {})
        cumulative = [buckets[bound] - earlier.get(bound, 0.0) for bound in bounds]
        counts = [
            int(upper - lower) for lower, upper in zip([0.0, *cumulative], cumulative, strict=False)
        ]
        if total := sum(counts):
            found[what] = Latency(
                total,
                _bounded(quantile(bounds[:-1], counts, 0.5)),
                _bounded(quantile(bounds[:-1], counts, 0.99)),
            )
    return found


def _bounded(seconds: float | None) -> float | None:
    return None if seconds is None or seconds == float("inf") else seconds
