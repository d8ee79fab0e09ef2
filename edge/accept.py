"""What a client prefers, by fields with quality values (RFC 9110 section 12.4.2)."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

_LONGEST: Final = 1024


@lru_cache(maxsize=256)
def preferences(field: str) -> tuple[tuple[str, float], ...]:
    """Return the items of an Accept or Accept-Language field in lower case with their weights.

    What cannot be read has weight 0, and so has what stands behind the first 1,024 characters.
    """
    found = []
    for item in field[:_LONGEST].split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        weight = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                weight = _weight(value.strip())
        if name:
            found.append((name, weight))
    return tuple(found)


def _weight(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0


def best_media_type(field: str, offered: Sequence[str]) -> str | None:
    """Return the one of `offered` that an Accept field likes best, None when it takes none.

    Without a field, and among equals, the first offered wins.
    """
    if not field.strip():
        return offered[0]
    liked = preferences(field)
    weights = [_weight_of(offer, liked) for offer in offered]
    highest = max(weights)
    return offered[weights.index(highest)] if highest > 0 else None


def _weight_of(offer: str, liked: Sequence[tuple[str, float]]) -> float:
    # The most specific range that fits decides (RFC 9110 section 12.5.1).
    main = offer.partition("/")[0]
    for wanted in (offer, f"{main}/*", "*/*"):
        for name, weight in liked:
            if name == wanted:
                return weight
    return 0.0
