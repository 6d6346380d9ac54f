"""Audio from outside, decoded in a process of its own, so that a malicious file can harm only that process.

The process has little environment, no descriptors but the file and its socket, and limits of memory, time and answer.
`decode_untrusted` is for one file, a `Decoder` for many: its process stays until a file fails.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal, Self, cast

from voxpress.audio.arrays import Samples, np
from voxpress.audio.decoding import Bounds, open_sound
from voxpress.audio.waveform import Audio
from voxpress.booting import boot
from voxpress.errors import InputError, WorkerLost
from voxpress.files.scratch import open_scratch
from voxpress.speech import Hertz, Seconds

MOST_SAMPLES = 2**30
"""The default limit of samples: 12 hours at 24 kHz, 4 GiB."""

_PATIENCE: Seconds = 20.0
"""Time for a file, plus a second for each 2 MB of it."""
_BYTES_A_SECOND = 2_000_000
_STARTING: Seconds = 60.0
_MEMORY = 512 * 2**20
"""Bytes of address space, besides those of the libraries."""
_DESCRIPTORS = 24
_LONGEST_MESSAGE = 2**22
_LOUDEST = 2.0**32
"""Largest sample, in full scales: some files hold whole numbers of 32 bits as floats."""
_SURROUNDINGS = ("PATH", "HOME", "PYTHONHOME", "LD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "LC_ALL")
"""Environment variables that Python needs to find its packages. Others may hold keys of services."""


def decode_untrusted(data: bytes, format: str | None = None, *, bounds: Bounds | None = None) -> Audio:
    """Like `voxpress.audio.codec.decode`, for bytes from outside.

    Args:
        bounds: limits of the file; None: `MOST_SAMPLES`.

    Raises:
        InputError: the bytes are no audio in a known format, or exceed the bounds.
        WorkerLost: the process could not be started.
    """
    with Decoder() as decoder:
        return decoder.decode(data, format, bounds=bounds)


class Decoder:
    """Decodes files one after the other in a process. After a file that fails, a new process takes its place.

    >>> with Decoder() as decoder:
    ...     decoder.decode(bytes(4800), "pcm").duration
    0.1
    """

    def __init__(self) -> None:
        self._process: _Process | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def decode(self, data: bytes, format: str | None = None, *, bounds: Bounds | None = None) -> Audio:
        """See `decode_untrusted`."""
        with open_scratch() as file:
            file.write(data)
            file.flush()
            return _join(_to_audio(self._read(file, len(data), format, bounds, 1)))

    def decode_file(
        self, path: str | os.PathLike[str], format: str | None = None, *, bounds: Bounds | None = None
    ) -> Audio:
        """Like `decode`, for a file on disk, which is not read into memory.

        Raises:
            InputError: as for `decode`, or the file cannot be read.
        """
        return _join(self.read_file(path, format, bounds=bounds))

    def read_file(
        self, path: str | os.PathLike[str], format: str | None = None, *, bounds: Bounds | None = None
    ) -> Iterator[Audio]:
        """Like `decode_file`, a piece at a time, for long files. There is one piece at least.

        Raises:
            InputError: as for `decode_file`, also while iterating.
        """
        return _to_audio(self.read_channels(path, 1, format, bounds=bounds))

    def read_channels(
        self,
        path: str | os.PathLike[str],
        channels: int,
        format: str | None = None,
        *,
        bounds: Bounds | None = None,
    ) -> Iterator[tuple[Hertz, Samples]]:
        """Like `read_file`, with the sample rate and the samples of each piece, of shape (n, channels).

        Args:
            channels: 1 or 2, as in `voxpress.audio.decoding.open_sound`.

        Raises:
            InputError: as for `read_file`.
        """
        try:
            if os.path.exists(path) and not os.path.isfile(path):
                raise InputError("not a file")  # opening a pipe would block
            with Path(path).open("rb") as file:
                yield from self._read(file, os.fstat(file.fileno()).st_size, format, bounds, channels)
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}") from error

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.end()
        self._process = None

    def _read(
        self, file: BinaryIO, size: int, format: str | None, bounds: Bounds | None, channels: int
    ) -> Iterator[tuple[Hertz, Samples]]:
        with self._lock, contextlib.ExitStack() as failed:
            failed.callback(self.close)
            process = self._process = self._process or _Process()
            yield from process.decode(file, size, format, bounds or Bounds(samples=MOST_SAMPLES), channels)
            failed.pop_all()


def _to_audio(parts: Iterator[tuple[Hertz, Samples]]) -> Iterator[Audio]:
    return (Audio(samples[:, 0], sample_rate) for sample_rate, samples in parts)


def _join(parts: Iterator[Audio]) -> Audio:
    # Concatenating arrays would need the memory twice.
    samples, sample_rate = bytearray(), 0
    for part in parts:
        samples += part.samples.data
        sample_rate = part.sample_rate
    return Audio(np.frombuffer(samples, np.float32), sample_rate)


@functools.cache
def own_decoder() -> Decoder:
    """One for all files that this process reads: starting another for each takes longer than decoding it."""
    return Decoder()


def _check_samples(samples: Samples) -> Samples:
    """Check that samples are finite and not too large to compute with, and return them.

    Raises:
        InputError: a sample is not a number, or above `_LOUDEST`.
    """
    highest = max(float(samples.max(initial=0.0)), -float(samples.min(initial=0.0)))
    if not highest <= _LOUDEST:  # nor does NaN
        raise InputError(
            f"it has samples of {highest:g} times full scale"
            if np.isfinite(highest)
            else "it has samples that are not numbers"
        )
    return samples


class _Process:
    """A decoding process, seen from its parent."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", *boot("voxpress.audio.sandbox"), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={
                    **{name: os.environ[name] for name in _SURROUNDINGS if name in os.environ},
                    "PYTHONPATH": os.pathsep.join(os.path.abspath(place) for place in sys.path if place),
                    "OPENBLAS_NUM_THREADS": "1",
                    "OMP_NUM_THREADS": "1",
                },
                cwd="/",
                start_new_session=True,  # Ctrl-C ends only the parent, which then ends this process
            )
        self._socket = ours
        try:
            self._deadline = time.monotonic() + _STARTING
            if self._receive_message()[0] != b"H":
                raise EOFError
        except (OSError, EOFError):
            self.end()
            raise WorkerLost("the process that decodes audio could not be started") from None

    def decode(
        self, file: BinaryIO, size: int, format: str | None, bounds: Bounds, channels: int
    ) -> Iterator[tuple[Hertz, Samples]]:
        patience = _PATIENCE + size / _BYTES_A_SECOND
        self._deadline = time.monotonic() + patience
        asked = {
            "format": format,
            "seconds": patience,
            "samples": bounds.samples,
            "longest": bounds.longest,
            "channels": bounds.channels,
            "kept": channels,
            "lowest_rate": bounds.lowest_rate,
            "highest_rate": bounds.highest_rate,
        }
        try:
            socket.send_fds(self._socket, [json.dumps(asked).encode() + b"\n"], [file.fileno()])
            yield from self._receive_audio(bounds, channels)
        except InputError:
            raise
        except TimeoutError:
            raise InputError(f"it could not be decoded within {patience:.0f} s") from None
        except (OSError, EOFError, ValueError):
            # The system kills a process without an answer when it exceeds its memory or time.
            raise InputError("it cannot be decoded with the memory and the time that there are") from None

    def _receive_audio(self, bounds: Bounds, channels: int) -> Iterator[tuple[Hertz, Samples]]:
        """The audio that the process sends. A malicious file may control the process, so everything is checked."""
        sample_rate = count = 0
        while True:
            kind, content = self._receive_message()
            if kind == b"R" and not sample_rate:
                sample_rate = int(content)
                bounds.check(sample_rate, 1)
            elif kind == b"S" and sample_rate:
                samples = _check_samples(np.frombuffer(content, np.float32).reshape(-1, channels))
                count += len(samples)
                bounds.check_length(count, sample_rate)
                yield sample_rate, samples
            elif kind == b"E":
                raise InputError(content.decode(errors="replace")[:1000])
            elif kind == b"D" and sample_rate:
                if not count:
                    yield sample_rate, np.zeros((0, channels), np.float32)
                return
            else:
                raise EOFError

    def _receive_message(self) -> tuple[bytes, bytes]:
        head = self._receive_bytes(5)
        size = int.from_bytes(head[1:], "big")
        if size > _LONGEST_MESSAGE:
            raise EOFError
        return head[:1], self._receive_bytes(size)

    def _receive_bytes(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            self._socket.settimeout(max(0.001, self._deadline - time.monotonic()))
            part = self._socket.recv(size - len(data))
            if not part:
                raise EOFError
            data += part
        return bytes(data)

    def end(self) -> None:
        self._socket.close()
        self._process.kill()
        self._process.wait()


# Code that runs in the decoding process


def main() -> None:
    """Decode files from a socket until it closes. Its descriptor is the program's argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    here = socket.socket(fileno=int(sys.argv[1]))
    import av  # noqa: F401 - before there is less memory
    import soundfile  # type: ignore[import-untyped]  # noqa: F401

    _limit(resource.RLIMIT_AS, _address_space() + _MEMORY)
    _limit(resource.RLIMIT_NOFILE, _DESCRIPTORS)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _send(here, b"H")
    for asked, file in _receive_requests(here):
        with file:
            _serve(here, asked, file)


def _limit(what: int, most: int) -> None:
    with contextlib.suppress(OSError, ValueError):  # not every system has every limit
        resource.setrlimit(what, (most, most))


def _address_space() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return 2**32


def _receive_requests(here: socket.socket) -> Iterator[tuple[dict[str, object], BinaryIO]]:
    while True:
        data, descriptors, _, _ = socket.recv_fds(here, 4096, 1)
        if not data:
            return
        yield json.loads(data), os.fdopen(descriptors[0], "rb")


def _serve(here: socket.socket, asked: dict[str, object], file: BinaryIO) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + cast("float", asked.pop("seconds"))) + 2
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
    format = cast("str | None", asked.pop("format"))
    channels = cast("Literal[1, 2]", asked.pop("kept"))
    try:
        sample_rate, blocks = open_sound(file, format, Bounds(**asked), channels)  # type: ignore[arg-type]
        _send(here, b"R", str(sample_rate).encode())
        for block in blocks:
            for start in range(0, len(block), _LONGEST_MESSAGE // 8):
                part = block[start : start + _LONGEST_MESSAGE // 8]
                _send(here, b"S", np.ascontiguousarray(part, np.float32).tobytes())
    except InputError as error:
        _send(here, b"E", str(error).encode())
    except MemoryError:
        _send(here, b"E", b"it takes more memory to decode than it may")
    else:
        _send(here, b"D")


def _send(here: socket.socket, kind: bytes, content: bytes = b"") -> None:
    here.sendall(kind + len(content).to_bytes(4, "big") + content)
