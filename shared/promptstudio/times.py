"""Moments as people and programs read them."""

from datetime import UTC, datetime


def rfc3339(now: float) -> str:
    """Seconds since 1970 as RFC 3339 in UTC, to the millisecond: it sorts as text."""
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds(text: str) -> float:
    """Seconds since 1970 of a moment in RFC 3339; raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        message = f"{text} does not say its time zone"
        raise ValueError(message)
    return moment.timestamp()
