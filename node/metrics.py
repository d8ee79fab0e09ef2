"""Metrics: what a process counts, as values that add up, and their Prometheus text.

A `Family` travels as JSON from each child to the one that answers ``/metrics``; equal samples of
several processes are added. Names follow the Prometheus habits: base units, ``_total``, product
prefix. No label ever names an enterprise, a prefix or an identifier.
"""

import math
import os
import resource
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_HELP_ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n"})

Labels = tuple[tuple[str, str], ...]


class Type(StrEnum):
    """The sort of a metric."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Sample(msgspec.Struct, frozen=True):
    """One number. `suffix` is that of a histogram's part: ``_bucket``, ``_sum``, ``_count``."""

    labels: Labels
    value: float
    suffix: str = ""


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """A metric with all its samples."""

    name: str
    type: Type
    help: str
    samples: tuple[Sample, ...]


def counter(name: str, help_: str, samples: Mapping[Labels, float]) -> Family:
    """Make a family that only rises; its name ends ``_total``."""
    return _plain(name, Type.COUNTER, help_, samples)


def gauge(name: str, help_: str, samples: Mapping[Labels, float]) -> Family:
    """Make a family that goes up and down."""
    return _plain(name, Type.GAUGE, help_, samples)


def _plain(name: str, type_: Type, help_: str, samples: Mapping[Labels, float]) -> Family:
    found = tuple(Sample(labels, float(value)) for labels, value in samples.items())
    return Family(name=name, type=type_, help=help_, samples=found)


def histogram(
    name: str,
    help_: str,
    bounds: Sequence[float],
    series: Mapping[Labels, tuple[Sequence[int], float]],
) -> Family:
    """Make a histogram of counts by bucket (one more than bounds, not cumulative) and sums."""
    samples = []
    for labels, (buckets, total) in series.items():
        below = 0
        for bound, count in zip((*bounds, math.inf), buckets, strict=True):
            below += count
            samples.append(Sample((*labels, ("le", _number(bound))), below, "_bucket"))
        samples += [Sample(labels, total, "_sum"), Sample(labels, below, "_count")]
    return Family(name=name, type=Type.HISTOGRAM, help=help_, samples=tuple(samples))


def added_up(families: Iterable[Family]) -> list[Family]:
    """Join the families of several processes by name; samples with equal labels are added."""
    named: dict[str, Family] = {}
    sums: dict[str, dict[tuple[str, Labels], float]] = {}
    for family in families:
        named.setdefault(family.name, family)
        into = sums.setdefault(family.name, {})
        for sample in family.samples:
            place = (sample.suffix, sample.labels)
            into[place] = into.get(place, 0) + sample.value
    return [
        msgspec.structs.replace(
            family,
            samples=tuple(Sample(labels, v, suffix) for (suffix, labels), v in sums[name].items()),
        )
        for name, family in sorted(named.items())
    ]


def lasting(families: Iterable[Family]) -> list[Family]:
    """Return what stays true when the process that counted has ended: all but gauges."""
    return [family for family in families if family.type is not Type.GAUGE]


def text(families: Iterable[Family]) -> str:
    """Write families in the Prometheus text format, version 0.0.4."""
    lines = []
    for family in families:
        lines.append(f"# HELP {family.name} {family.help.translate(_HELP_ESCAPES)}")
        lines.append(f"# TYPE {family.name} {family.type.value}")
        lines += [_line(family.name, sample) for sample in family.samples]
    return "".join(f"{line}\n" for line in lines)


def _line(name: str, sample: Sample) -> str:
    labels = ",".join(f'{key}="{value.translate(_ESCAPES)}"' for key, value in sample.labels)
    braced = f"{{{labels}}}" if labels else ""
    return f"{name}{sample.suffix}{braced} {_number(sample.value)}"


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) else repr(float(value))


def process_families(name: str, *, started: float) -> list[Family]:
    """Return what the kernel says of this process; `started` is an epoch second."""
    labels: Labels = (("process", name),)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return [
        counter(
            "process_cpu_seconds_total",
            "CPU time of the process.",
            {labels: usage.ru_utime + usage.ru_stime},
        ),
        gauge(
            "process_resident_memory_bytes",
            "Memory of the process in RAM.",
            {labels: pages * resource.getpagesize()},
        ),
        gauge(
            "process_open_fds",
            "Open file descriptors.",
            {labels: len(os.listdir("/proc/self/fd"))},  # noqa: PTH208 -- pathlib is no help here
        ),
        gauge("process_start_time_seconds", "When the process began.", {labels: started}),
    ]
