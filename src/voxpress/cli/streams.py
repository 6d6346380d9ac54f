"""The three standard streams: fit to be used, and kept for what the command itself says."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress


def prepare_streams() -> None:
    """Have three standard streams that can say anything. One that was closed takes nothing and gives nothing, so that
    no file of ours takes its number.
    """
    for descriptor, name, flags in (
        (0, "stdin", os.O_WRONLY),
        (1, "stdout", os.O_RDONLY),
        (2, "stderr", os.O_WRONLY),
    ):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, flags)
        if getattr(sys, name) is None:
            setattr(sys, name, open(descriptor, "r" if name == "stdin" else "w", closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def own_standard_output() -> Iterator[None]:
    """While engines speak in this process: what they print goes to standard error, not into our output."""
    sys.stdout.flush()
    ours = None
    with suppress(OSError):  # closed by whoever started us
        ours = os.dup(1)
        os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        if ours is not None:
            os.dup2(ours, 1)
            os.close(ours)
