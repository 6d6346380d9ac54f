"""Where the files of this user are: what must be kept, and what can be made again.

The environment (``XDG_DATA_HOME`` and ``XDG_CACHE_HOME``) is read each time, never at import.
"""

from __future__ import annotations

from pathlib import Path

import platformdirs


def data(*parts: str) -> Path:
    """A path in the folder of what must be kept: models, cloned voices, accepted terms.

    >>> data("models").parts[-2:]
    ('voxpress', 'models')
    """
    return Path(platformdirs.user_data_dir("voxpress"), *parts)


def cache(*parts: str) -> Path:
    """A path in the folder of what voxpress can make again: the store, prepared models.

    >>> cache("store").name
    'store'
    """
    return Path(platformdirs.user_cache_dir("voxpress"), *parts)
