"""What every store checks of a unit of work before it writes anything.

These are mistakes of the caller, not of its user: a store that took them would break the numbering
of versions (`assurance` I5) or write what it holds no lock for.
"""

from identifiers.changes import Current, Touched, Writes


def check(touched: Touched, current: Current, writes: Writes) -> None:
    """Raise `ValueError` unless `writes` follows from what was locked and read.

    Each record must be touched, written once and carry the version after the stored one; each
    answer must be to a touched request that has none yet.
    """
    locked = set(touched.keys)
    versions = {key: record.version for key, record in current.records.items()}
    for written in writes.records:
        record = written.record
        if record.key not in locked:
            raise ValueError(f"{record.key!r} is written but was not touched, or is written twice")
        locked.discard(record.key)
        if record.version != versions.get(record.key, 0) + 1:
            raise ValueError(
                f"{record.key!r} is written as version {record.version} "
                f"after version {versions.get(record.key, 0)}"
            )
    unanswered = set(touched.requests).difference(current.answers)
    for answer in writes.answers:
        if answer.request not in unanswered:
            raise ValueError(f"{answer.request!r} was not touched or is answered already")
        unanswered.discard(answer.request)
    written_keys = {written.record.key for written in writes.records}
    for held in writes.held:
        if held.holder not in written_keys:
            raise ValueError(f"{held.holder!r} is to hold something and is not written")
        for claim in held.claims:
            if claim not in touched.claims:
                raise ValueError(f"{held.holder!r} is to hold what was not touched")
