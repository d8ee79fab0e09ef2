"""Which language a client reads best: Chinese or English (RFC 9110 section 12.5.4)."""

from functools import lru_cache

from identifiers.faults import Language


@lru_cache(maxsize=256)
def preferred(accept_language: str) -> Language:
    """Choose by an Accept-Language field value; English when it names neither or is unreadable."""
    best: Language = "en"
    highest = 0.0
    for item in accept_language[:256].split(","):
        tag, _, parameters = item.strip().partition(";")
        language = tag.strip().partition("-")[0].lower()
        quality = _quality(parameters)
        if language == "zh" and quality > highest:
            best, highest = "zh", quality
        elif language in {"en", "*"} and quality > highest:
            best, highest = "en", quality
    return best


def _quality(parameters: str) -> float:
    name, _, number = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(max(float(number), 0.0), 1.0)
    except ValueError:
        return 0.0
