"""ACX's rules for audiobooks, measured on the files as they are delivered.

They are those of ACX's audio submission requirements. Nobody can measure the rest: that credits and the title of each
chapter are spoken, that a sample for the shop is there, and whether ACX takes a synthetic voice.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from voxpress.audio.decoding import Bounds, recognise
from voxpress.audio.mpeg import read_frames
from voxpress.audio.sandbox import Decoder
from voxpress.errors import InputError
from voxpress.quality.packs.findings import Kind, Severity
from voxpress.speech import Hertz, Seconds, dBFS

SAMPLE_RATE: Hertz = 44100
LOWEST_BIT_RATE = 192_000
SOFTEST: dBFS = -23.0
LOUDEST: dBFS = -18.0
"""Root mean square of the whole file."""
HIGHEST_PEAK: dBFS = -3.0
HIGHEST_FLOOR: dBFS = -60.0
SHORTEST_HEAD: Seconds = 0.5
LONGEST_HEAD: Seconds = 1.0
SHORTEST_TAIL: Seconds = 1.0
LONGEST_TAIL: Seconds = 5.0
LONGEST: Seconds = 120 * 60.0

_HEARD: dBFS = -50.0
"""Of 10 ms from which on something is spoken: above room tone, below the softest consonants."""
_NO_TONE: dBFS = -90.0
"""No room is as quiet."""
_QUIETEST: Seconds = 0.5
"""The noise floor is that of the quietest half second, as in Audacity's ACX Check."""
_FAULT, _WARNING = Severity.FAULT, Severity.WARNING

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "broken": Kind(_FAULT, "The file cannot be read, or ends too early.", "make it again"),
        "format": Kind(_FAULT, "The file is no MP3.", "render with the preset acx"),
        "bit-rate": Kind(
            _FAULT,
            "The bit rate is below 192 kbit/s, or not constant.",
            "render with the preset acx",
        ),
        "rate": Kind(_FAULT, "The sample rate is not 44.1 kHz.", "render with the preset acx"),
        "channels": Kind(
            _FAULT, "Some files have one channel and some have two.", "make all with one channel"
        ),
        "too-long": Kind(_FAULT, "The file lasts longer than 120 minutes.", "make two parts of the chapter"),
        "silent": Kind(_FAULT, "Nothing is heard.", "make it again"),
        "rms": Kind(
            _FAULT,
            "The RMS level is not from -23 to -18 dBFS.",
            "render with the preset acx, which makes short files louder",
        ),
        "peak": Kind(_FAULT, "The highest sample is above -3 dBFS.", "render with the preset acx"),
        "floor": Kind(_FAULT, "The quietest half second is above -60 dBFS RMS.", "remove the noise"),
        "head": Kind(
            _FAULT, "The speech does not begin after 0.5 to 1 s of room tone.", "set lead in the preset"
        ),
        "tail": Kind(
            _FAULT, "The speech does not end 1 to 5 s before the end of the file.", "set tail in the preset"
        ),
        "no-room-tone": Kind(
            _WARNING,
            "The ends are digital silence, and ACX asks for the sound of a quiet room.",
            "set room_tone in the preset",
        ),
    }
)
"""All kinds of problems. Their names stay from release to release."""


class Problem(NamedTuple):
    """A rule that a file breaks.

    Attributes:
        kind: a name of `KINDS`.
        found: what was measured; empty: the kind says all.
    """

    kind: str
    found: str = ""


class Report(msgspec.Struct, kw_only=True):
    """What was measured in one file. What could not be measured is None.

    Attributes:
        bit_rate: the lowest one in the file.
        rms: of the whole file.
        peak: highest sample.
        floor: RMS of the quietest half second; -120 for digital silence.
        head, tail: time before the first and after the last sound.
    """

    file: str
    duration: Seconds | None = None
    sample_rate: Hertz | None = None
    channels: int | None = None
    bit_rate: int | None = None
    rms: dBFS | None = None
    peak: dBFS | None = None
    floor: dBFS | None = None
    head: Seconds | None = None
    tail: Seconds | None = None
    problems: list[Problem] = []

    @property
    def passed(self) -> bool:
        """Whether ACX would take the file, as far as that can be measured."""
        return not any(KINDS[problem.kind].severity is Severity.FAULT for problem in self.problems)


def check_acx(files: Iterable[str | os.PathLike[str]]) -> Iterator[Report]:
    """Measure the files of a book one after the other. Each is decoded in a process of its own, a piece at a time."""
    channels = None
    with Decoder() as decoder:
        for path in files:
            # A name may hold bytes that are no text, and JSON cannot.
            report = Report(file=os.fspath(path).encode(errors="replace").decode(), problems=[])
            try:
                _read_format(Path(path), report)
                # Nobody needs the levels of what lasts twice as long as it may.
                if (report.duration or 0) <= 2 * LONGEST:
                    _listen(decoder, Path(path), report)
                if (report.duration or 0) > LONGEST:
                    report.problems.append(Problem("too-long", f"{(report.duration or 0) / 60:.1f} min"))
            except InputError as error:
                report.problems.append(Problem("broken", str(error)))
            channels = channels or report.channels
            if report.channels != channels and report.channels:
                report.problems.append(
                    Problem("channels", f"{report.channels}, and the first file has {channels}")
                )
            yield report


def _read_format(path: Path, report: Report) -> None:
    try:
        with path.open("rb") as file:
            container = recognise(file).name
            if container != "mp3":
                report.problems.append(Problem("format", f"it is {container}"))
                return
            frames = Counter(frame._replace(size=0) for frame in read_frames(file))
    except OSError as error:
        raise InputError(f"it cannot be read: {error.strerror}") from error
    if not frames:
        raise InputError("it holds no sound")
    report.duration = round(sum(frame.duration * many for frame, many in frames.items()), 3)
    rates = sorted({frame.sample_rate for frame in frames})
    bit_rates = sorted({frame.bit_rate for frame in frames})
    report.sample_rate, report.bit_rate = rates[0], bit_rates[0]
    report.channels = max(frame.channels for frame in frames)
    if rates != [SAMPLE_RATE]:
        report.problems.append(Problem("rate", f"{rates[0]:,} Hz"))
    if len(bit_rates) > 1:
        report.problems.append(
            Problem("bit-rate", f"from {bit_rates[0] // 1000} to {bit_rates[-1] // 1000} kbit/s")
        )
    elif bit_rates[0] < LOWEST_BIT_RATE:
        report.problems.append(Problem("bit-rate", f"{bit_rates[0] // 1000} kbit/s"))


def _listen(decoder: Decoder, path: Path, report: Report) -> None:
    powers: list[npt.NDArray[np.float64]] = []
    peak, count, rest, sample_rate = 0.0, 0, np.zeros(0, np.float32), 0
    for part in decoder.read_file(path, bounds=Bounds(samples=2**62)):
        sample_rate = part.sample_rate
        peak = max(peak, float(part.samples.max(initial=0.0)), -float(part.samples.min(initial=0.0)))
        count += len(part.samples)
        samples = np.concatenate([rest, part.samples])
        frames = samples[: len(samples) // (sample_rate // 100) * (sample_rate // 100)].reshape(
            -1, sample_rate // 100
        )
        powers.append(np.einsum("ij,ij->i", frames, frames).astype(np.float64) / frames.shape[1])
        rest = samples[frames.size :]
    total = sum(float(each.sum()) for each in powers) * (sample_rate // 100) + float(rest @ rest)
    report.duration = round(count / sample_rate, 3)
    report.problems += _judge(np.concatenate(powers), total / max(1, count), peak, report)


def _judge(powers: npt.NDArray[np.float64], mean: float, peak: float, report: Report) -> Iterator[Problem]:
    """Compare levels with the rules.

    Args:
        powers: mean square of every 10 ms.
        mean: mean square of the file.
    """
    (heard,) = np.nonzero(powers > 10 ** (_HEARD / 10))
    if not len(heard):
        yield Problem("silent")
        return
    report.rms, report.peak = _decibels(mean), _decibels(peak**2)
    if not SOFTEST <= report.rms <= LOUDEST:
        yield Problem("rms", f"{report.rms:.1f} dBFS")
    if report.peak > HIGHEST_PEAK:
        yield Problem("peak", f"{report.peak:.1f} dBFS")
    length = min(len(powers), round(_QUIETEST * 100))
    sums = np.concatenate([[0.0], np.cumsum(powers)])
    report.floor = _decibels(max(0.0, float((sums[length:] - sums[:-length]).min())) / length)
    if report.floor > HIGHEST_FLOOR:
        yield Problem("floor", f"{report.floor:.1f} dBFS")
    report.head = round(float(heard[0]) / 100, 2)
    report.tail = round(float(len(powers) - 1 - heard[-1]) / 100, 2)
    if not SHORTEST_HEAD <= report.head <= LONGEST_HEAD:
        yield Problem("head", f"{report.head:.2f} s")
    if not SHORTEST_TAIL <= report.tail <= LONGEST_TAIL:
        yield Problem("tail", f"{report.tail:.2f} s")
    ends = [part for part in (powers[: heard[0]], powers[heard[-1] + 1 :]) if len(part)]
    if any(_decibels(float(np.median(part))) < _NO_TONE for part in ends):
        yield Problem("no-room-tone")


def _decibels(power: float) -> dBFS:
    return round(10 * float(np.log10(max(power, 1e-12))), 2)
