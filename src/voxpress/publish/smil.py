"""SMIL, which says what is heard when in DAISY books and in EPUBs."""

from __future__ import annotations

from voxpress.speech import Seconds


def clock(seconds: Seconds, *, exact: bool = False) -> str:
    """A duration as the files have it.

    >>> clock(3725.4), clock(3725.4, exact=True)
    ('1:02:05', '1:02:05.400')
    """
    millis = round(seconds * 1000) if exact else round(seconds) * 1000
    minutes, millis = divmod(millis, 60_000)
    whole, rest = divmod(millis, 1000)
    text = f"{minutes // 60}:{minutes % 60:02}:{whole:02}"
    return f"{text}.{rest:03}" if exact else text
