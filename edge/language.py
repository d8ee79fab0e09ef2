"""Which language a client reads best: Chinese or English (RFC 9110 section 12.5.4)."""

from functools import lru_cache

from edge.accept import preferences
from identifiers.faults import Language


@lru_cache(maxsize=256)
def preferred(accept_language: str) -> Language:
    """Choose by an Accept-Language field value; English when it names neither or is unreadable."""
    best: Language = "en"
    highest = 0.0
    for tag, weight in preferences(accept_language):
        language = tag.partition("-")[0]
        if language in {"zh", "en", "*"} and weight > highest:
            best, highest = ("zh" if language == "zh" else "en"), weight
    return best
