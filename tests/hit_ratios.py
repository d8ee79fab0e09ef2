"""``python -m tests.hit_ratios``: S3-FIFO against least recently used, on the sample corpus.

Names of the corpus are asked for with Zipf 1.0 popularity; what is missing is put. As many askings
as there are names warm a map up, as many are counted. Beside a scan every second asking is for
another name of the corpus that comes once; it is not counted, so what it costs is to be seen.
The same arguments write the same table: `docs/decisions/0009`.
"""

import argparse
import sys
from collections import OrderedDict
from hashlib import blake2b
from itertools import chain, islice

import msgspec

from loadtest.bench.wire import zipf
from loadtest.corpus import Corpus
from resolver.tiers.s3fifo import S3Fifo

HUNDREDTHS = (1, 10, 30)
"""How many of the names a map holds."""
UNBOUNDED = 1 << 60


class Entry(msgspec.Struct):
    uses: int = 0
    octets: int = 1


class LeastRecentlyUsed:
    """The customary rule; keeps up to `entries`."""

    def __init__(self, entries):
        self.entries, self.kept = entries, OrderedDict()

    def find(self, key):
        if key in self.kept:
            self.kept.move_to_end(key)
        return self.kept.get(key)

    def put(self, key, entry):
        self.kept[key] = entry
        if len(self.kept) > self.entries:
            self.kept.popitem(last=False)


def s3fifo(entries):
    return S3Fifo(entries, UNBOUNDED, _fingerprint)


def _fingerprint(key):
    # Python's own hash of a text is another one in each process.
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big")


def ask(kept, trace, scan=()):
    """Return the part of a trace that was answered from a map.

    After each asking follows one of `scan`, for as long as there are any.
    """
    found, cold = 0, iter(scan)
    for name in trace:
        if kept.find(name) is None:
            kept.put(name, Entry())
        else:
            found += 1
        once = next(cold, None)
        if once is not None and kept.find(once) is None:
            kept.put(once, Entry())
    return found / len(trace)


def ratios(names, seed):
    """Yield for each size hundredths, then LRU and S3-FIFO alone, LRU and S3-FIFO beside a scan."""
    items = (item.handle for item in Corpus(seed).items(0, 3 * names))
    known = list(islice(items, names))
    scan = list(items)
    # Ranks have nothing to do with the order in which the corpus makes names.
    known.sort(key=_fingerprint)
    trace = zipf(known, 2 * names, seed)
    warm, counted = trace[:names], trace[names:]
    for hundredths in HUNDREDTHS:
        row = []
        for cold in ((), scan):
            for made in (LeastRecentlyUsed, s3fifo):
                kept = made(names * hundredths // 100)
                ask(kept, warm, cold[:names])
                row.append(ask(kept, counted, cold[names:]))
        yield hundredths, *row


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.hit_ratios", description=__doc__)
    parser.add_argument("--names", type=int, default=100_000, help="a million takes two minutes")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    head = ("Map holds", "LRU", "S3-FIFO", "LRU beside a scan", "S3-FIFO beside a scan")
    sys.stdout.write(f"| {' | '.join(head)} |\n|{'---|' * len(head)}\n")
    for hundredths, *row in ratios(arguments.names, arguments.seed):
        cells = chain([f"{hundredths} % of the names"], (f"{ratio:.3f}" for ratio in row))
        sys.stdout.write(f"| {' | '.join(cells)} |\n")


if __name__ == "__main__":
    main()
