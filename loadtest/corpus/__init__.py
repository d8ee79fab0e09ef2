"""Deterministic, realistic sample data of any size, with nothing real in it.

The same seed makes the same bytes on every Python from 3.11 on: everything is hashing and integer
arithmetic, never `random` or the order of a set. Item n is made without making items 0 … n-1, so a
stream of any length needs constant memory.

All people, places and enterprises are invented: provinces 示北, 示南, 示东 and 示西 (from 示例,
"example") with division codes 96 … 99, which GB/T 2260 has not assigned; organisation codes from
the private-use range; telephone and resident numbers that cannot exist; addresses under
``.example``. In reading order:

* ``draws``         numbers from a hash, the only source of variety
* ``names``         places, brands and people
* ``enterprises``   trades with their GB/T 4754 classes, and the enterprises in them
* ``shares``        who owns item n: a few large enterprises, many small ones
* ``kinds``         what an identifier can stand for; they are in ``coal``, ``freight`` and
                  ``manufacturing``
* ``products``      which kinds an enterprise of each trade registers, and how many of each
* ``forms``         an item written down: JSON lines, CSV, CBOR
* ``stream``        `Corpus`: the items one by one or as a stream
* ``__main__``      the command ``python -m loadtest.corpus``
"""

from loadtest.corpus.enterprises import Enterprise, Sector
from loadtest.corpus.stream import Corpus

__all__ = ["Corpus", "Enterprise", "Sector"]
