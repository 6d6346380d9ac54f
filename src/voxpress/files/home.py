"""Where the files of this user are: what must be kept, and what can be made again.

The environment (``XDG_DATA_HOME`` and ``XDG_CACHE_HOME``) is read each time, never at import.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import platformdirs


def data(*parts: str) -> Path:
    """A path in the folder of what must be kept: models, cloned voices, accepted terms.

    >>> data("models").parts[-2:]
    ('voxpress', 'models')
    """
    return _find("user_data_dir", os.environ.get("XDG_DATA_HOME"), os.environ.get("HOME"), parts)


def cache(*parts: str) -> Path:
    """A path in the folder of what voxpress can make again: the store, prepared models.

    >>> cache("store").name
    'store'
    """
    return _find("user_cache_dir", os.environ.get("XDG_CACHE_HOME"), os.environ.get("HOME"), parts)


@lru_cache(maxsize=64)
def _find(kind: str, _named: str | None, _home: str | None, parts: tuple[str, ...]) -> Path:
    """A path in a folder, found again where the environment is another one."""
    return Path(getattr(platformdirs, kind)("voxpress"), *parts)
