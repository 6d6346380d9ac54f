"""Files beside another one, with its name and another extension."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

from voxpress.errors import InputError
from voxpress.files import atomic

_BEGINNING = 6
"""Bytes in which files of one format, such as subtitles, are alike, and differ from others."""


def write(place: str, sidecars: Mapping[str, bytes]) -> None:
    """Write files beside the one at `place`, each whole or not at all, or none of them.

    Args:
        sidecars: their bytes, by extension.

    >>> write("hold.wav", {"vtt": b"WEBVTT\\n"})
    >>> open("hold.vtt").read()
    'WEBVTT\\n'

    Raises:
        InputError: a file is there that does not begin as the new one does. So it was written for something else.
        StoreError: one cannot be written.
    """
    stem = os.path.splitext(place)[0]
    files = {f"{stem}.{extension}": data for extension, data in sidecars.items()}
    for path, data in files.items():
        with suppress(OSError), open(path, "rb") as file:
            found = file.read(_BEGINNING)
            if found and found != data[:_BEGINNING]:
                name = os.path.basename(path)
                raise InputError(
                    f"cannot write marks to {name}: a file of another kind is there; move it away, or choose"
                    " another name",
                    field="marks",
                )
    for path, data in files.items():
        atomic.write(path, data, durable=True)
