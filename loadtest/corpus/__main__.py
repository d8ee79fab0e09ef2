"""Write sample identifiers to standard output: ``python -m loadtest.corpus --help``."""

import argparse
import signal
import sys
from collections.abc import Sequence
from itertools import islice

from loadtest.corpus import forms
from loadtest.corpus.stream import Corpus

_FORMATS = {"ndjson": forms.ndjson, "csv": forms.csv_rows, "cbor": forms.cbor}
_PIECES = 1000  # to a write


def main(words: Sequence[str] | None = None) -> None:
    """Read the arguments, by default those of the process, and write the stream."""
    arguments = _parser().parse_args(words)
    corpus = Corpus(arguments.seed, arguments.prefix, arguments.enterprises)
    start, stop = arguments.start, arguments.start + arguments.identifiers
    if arguments.enterprise is None:
        items = corpus.items(start, stop)
    else:
        items = corpus.items_of(arguments.enterprise, start, stop)
    pieces = _FORMATS[arguments.format](items)
    while block := b"".join(islice(pieces, _PIECES)):
        sys.stdout.buffer.write(block)
    sys.stdout.buffer.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.corpus",
        description="Write invented identifiers of coal and road-freight enterprises.",
    )
    parser.add_argument("--enterprises", type=int, default=514, help="how many there are (514)")
    parser.add_argument("--identifiers", type=int, default=300_000, help="how many to write")
    parser.add_argument("--seed", type=int, default=1, help="equal seeds give equal bytes")
    parser.add_argument("--prefix", default="88.300", help="secondary prefix of them all (88.300)")
    parser.add_argument("--start", type=int, default=0, help="first item, counted from 0")
    parser.add_argument("--enterprise", type=int, help="only items of this one, counted from 1")
    parser.add_argument("--format", choices=sorted(_FORMATS), default="ndjson")
    return parser


if __name__ == "__main__":
    # A reader that leaves early (head) ends this command as it ends cat: silently.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    main()
