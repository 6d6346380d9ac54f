"""Paths of the interface that more than one module needs."""

from __future__ import annotations

from voxpress.files import formats
from voxpress.marks import FORMATS
from voxpress.speech import Clip

SPEECH = "/v1/audio/speech"
CLIPS = "/v1/audio/clips/"
VOICES = "/v1/audio/voices"
FILES = "/v1/files"
BATCHES = "/v1/batches"
OPEN = frozenset({"/healthz", "/readyz"})
"""Paths that need no key."""


def clip_path(key: str, format: str) -> str:
    """Where the server has a clip."""
    return f"{CLIPS}{key}.{formats.FORMATS[format].extension}"


def sidecar_path(key: str, format: str) -> str:
    """Where the server has a file with marks.

    Args:
        key: the digest of what it says.
        format: a name of `voxpress.marks.FORMATS`.
    """
    return f"{CLIPS}{key}.{FORMATS[format].extension}"


def clip_url(base: str, clip: Clip) -> str:
    """A clip's address.

    Args:
        base: what comes before ``/v1``.
    """
    return base.rstrip("/") + clip_path(clip.key, clip.format)
