"""Sounds of one or two channels that are read from anywhere, a piece at a time.

An `Audio` is held in memory, which suits a sentence. A bed of an hour in stereo would take 1.3 GB.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from typing import Literal, Protocol, TypeAlias

from voxpress.audio import sandbox
from voxpress.audio.arrays import Samples, np
from voxpress.audio.decoding import Bounds
from voxpress.audio.waveform import Audio, resample
from voxpress.errors import InputError, StoreError
from voxpress.files import atomic
from voxpress.speech import Hertz

Channels: TypeAlias = Literal[1, 2]

LONGEST = Bounds(samples=4 * 3600 * 48_000, longest=4 * 3600.0)
"""Bounds of a sound in a file."""
BLOCK = 2**15
"""Samples that are read at once."""


class Signal(Protocol):
    """Sound that can be read from anywhere.

    Attributes:
        length: samples of each channel.
    """

    sample_rate: Hertz
    channels: Channels
    length: int

    def read(self, start: int, stop: int) -> Samples:
        """Samples of shape (stop - start, channels); silence before the beginning and after the end."""


def read_blocks(signal: Signal, start: int = 0, stop: int | None = None) -> Iterator[Samples]:
    """The samples from `start` to `stop` or the end, in blocks of `BLOCK`, the last one shorter.

    >>> [len(block) for block in read_blocks(Held(Audio(np.zeros(40_000, np.float32), 44_100)))]
    [32768, 7232]
    """
    stop = signal.length if stop is None else stop
    for at in range(start, stop, BLOCK):
        yield signal.read(at, min(stop, at + BLOCK))


class Held:
    """A signal in memory.

    >>> Held(Audio(np.ones(2, np.float32), 8000)).read(1, 3)
    array([[1.],
           [0.]], dtype=float32)
    """

    channels: Channels = 1

    def __init__(self, audio: Audio) -> None:
        self.sample_rate, self.length = audio.sample_rate, len(audio.samples)
        self._samples = audio.samples[:, None]

    def read(self, start: int, stop: int) -> Samples:
        """See `Signal.read`."""
        return surround(self._samples[max(0, start) : max(0, stop)], start, stop)


def surround(samples: Samples, start: int, stop: int) -> Samples:
    """What a signal has from `start` to `stop`, with the silence that lies outside it."""
    if len(samples) == stop - start:
        return samples
    whole = np.zeros((stop - start, samples.shape[1]), np.float32)
    first = min(len(whole), max(0, -start))
    whole[first : first + len(samples)] = samples
    return whole


def hold(audio: Audio, sample_rate: Hertz) -> Held:
    """The audio as a signal of this sample rate."""
    return Held(resample(audio, sample_rate))


class Decoded:
    """The sound of a file, decoded once into a file without a name.

    It is decoded in a process of its own, since the file may be malicious.

    Args:
        channels: of the signal: a file with one gives the same to both, one with two their mean.
        bounds: limits of the file.
        folder: where the file without a name lies: it takes 4 bytes for each sample; None: the usual one.

    Raises:
        InputError: the file is no audio, or exceeds the bounds.
        StoreError: there is no room for the samples.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        sample_rate: Hertz,
        channels: Channels,
        *,
        bounds: Bounds = LONGEST,
        folder: str | os.PathLike[str] | None = None,
    ) -> None:
        self.sample_rate, self.channels, self.length = sample_rate, channels, 0
        try:
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed with the signal
            for block in self._decode(path, bounds):
                self._file.write(np.ascontiguousarray(block, np.float32).data)
                self.length += len(block)
            self._file.flush()
        except InputError as error:
            raise InputError(f"the sound {os.fspath(path)!r}: {error.problem}") from error
        except OSError as error:
            raise StoreError(
                f"there is no room to decode the sound {os.fspath(path)!r}: {error.strerror}"
            ) from error

    def _decode(self, path: str | os.PathLike[str], bounds: Bounds) -> Iterator[Samples]:
        import soxr  # type: ignore[import-untyped]  # it has no type hints

        stream = None
        for rate, block in sandbox.own_decoder().read_channels(path, self.channels, bounds=bounds):
            if rate == self.sample_rate:
                yield block
                continue
            stream = stream or soxr.ResampleStream(rate, self.sample_rate, self.channels, quality="HQ")
            yield stream.resample_chunk(block).reshape(-1, self.channels)
        if stream:
            last = np.zeros((0, self.channels), np.float32)
            yield stream.resample_chunk(last, last=True).reshape(-1, self.channels)

    def read(self, start: int, stop: int) -> Samples:
        """See `Signal.read`."""
        first, last = max(0, start), min(self.length, stop)
        # Without a place in the file that several threads would move.
        data = os.pread(
            self._file.fileno(), max(0, last - first) * 4 * self.channels, first * 4 * self.channels
        )
        return surround(np.frombuffer(data, np.float32).reshape(-1, self.channels), start, stop)


def write_flac(path: str | os.PathLike[str], signal: Signal) -> None:
    """Write a signal as FLAC with 16 bits, whole or not at all. Samples above full scale are cut off.

    Raises:
        StoreError: the file cannot be written.
    """
    import soundfile  # type: ignore[import-untyped]  # it has no type hints

    try:
        with tempfile.TemporaryFile() as file:
            with soundfile.SoundFile(
                file, "w", signal.sample_rate, signal.channels, "PCM_16", format="FLAC"
            ) as track:
                for block in read_blocks(signal):
                    track.write(np.clip(block, -1.0, 1.0))
            file.seek(0)
            atomic.write(path, iter(lambda: file.read(2**20), b""))
    except OSError as error:
        raise StoreError(f"{os.fspath(path)!r} cannot be written: {error.strerror}") from error
