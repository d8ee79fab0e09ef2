"""Bulk import: bodies of any length at constant memory, committed chunk by chunk.

In reading order: ``trail`` (how far a body is read), ``intake`` (judged rows in, chunks of them
out), ``chunks`` (what a chunk does to what is stored), ``results`` (the fate of every row),
``trying`` (what a dry run knows of the rows before),
``ahead`` (one chunk is committed, one decided, one read), ``committing`` (one chunk after another,
each decided before it is its turn), ``service`` (one import from its first octet to its end, also
over several requests). All but the last three are pure.

While one chunk is committed the next is decided and the one after it is read; there is never more
than one of each. Deciding is done in steps, between which others go on. A chunk commits its rows
together with how far the import has come: the number of octets and the SHA-256 of just these. So
the same body sent again goes on where the first was cut, and another body is noticed.
"""
