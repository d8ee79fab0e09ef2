"""Times as pages for people tell them: Beijing's, with the offset.

Interfaces tell times of RFC 3339 in UTC (`identifiers.wire.jsonform.instant`).
"""

from datetime import datetime

from identifiers.coding import BEIJING


def day(seconds: int) -> str:
    """Return an epoch second as a day in Beijing: ``2026-01-01``."""
    return f"{datetime.fromtimestamp(seconds, BEIJING):%Y-%m-%d}"


def moment(seconds: int) -> str:
    """Return an epoch second as it is in Beijing: ``2026-01-01 08:00:00 UTC+8``."""
    return f"{datetime.fromtimestamp(seconds, BEIJING):%Y-%m-%d %H:%M:%S} UTC+8"
