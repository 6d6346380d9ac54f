"""What engines compute from the samples of cloned voices, made once and kept."""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from voxpress.errors import StoreError
from voxpress.files import atomic, home, locks
from voxpress.voices.references import Reference

Arrays = Mapping[str, npt.NDArray[np.float32]]


def default_folder() -> Path:
    """A folder in the user's cache directory."""
    return home.cache("latents")


def compute(
    reference: Reference, model: str, make: Callable[[], Arrays], directory: Path | None = None
) -> Arrays:
    """What an engine computes from a sample, made once and kept; others that ask meanwhile wait for it.

    Args:
        model: what else decides the result, such as the digest of the weights.
        make: computes it.

    Raises:
        StoreError: it cannot be kept.
    """
    folder = (directory or default_folder()) / reference.digest
    path = folder / f"{hashlib.sha256(model.encode()).hexdigest()[:32]}.npz"
    if (kept := _load(path)) is not None:
        return kept
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locks.hold(path.with_suffix(".lock")):
            if (kept := _load(path)) is not None:
                return kept
            made = make()
            packed = io.BytesIO()
            np.savez(packed, **made)  # type: ignore[arg-type]
            atomic.write(path, packed.getvalue())
    except OSError as error:
        raise StoreError(
            f"cannot keep what was computed from {reference.name!r} in {folder}: {error}"
        ) from error
    return made


def _load(path: Path) -> Arrays | None:
    try:
        with np.load(path) as kept:
            return dict(kept)
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error):
        return None  # not there, or broken: it is computed
