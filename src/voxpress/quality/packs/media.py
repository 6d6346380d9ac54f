"""One file of a pack: what its header says, and what is heard in it. This runs in worker processes."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from voxpress.audio import sandbox, waveform
from voxpress.audio.arrays import Samples
from voxpress.audio.decoding import lacks_length, recognise
from voxpress.audio.waveform import Audio
from voxpress.errors import InputError
from voxpress.files.formats import FORMATS, Format
from voxpress.quality import signal, telephony
from voxpress.speech import LUFS, Hertz, Seconds, dBFS

_INAUDIBLE: dBFS = -55.0
_QUIET = 10 ** (-40 / 10)
"""Power below that of the loudest 10 ms from which on nothing is heard: breath and the hiss of a room."""
LATEST: Seconds = 1.0
LONGEST_TAIL: Seconds = 2.0
_ABRUPT: dBFS = -30.0
"""Of the first or last 2 ms: speech that is cut there clicks."""
_ABRUPT_BELOW_PEAK = 20.0
_MOST_DC = 0.01
_CLICK = 0.03
"""A step from one sample to the next: -30 dBFS."""
_STANDS_OUT = 10.0
"""A click is that many times as high as every step around it."""
_AROUND, _NARROW = 60, 3
"""Samples on each side that are quiet, and those that belong to the click."""


class Measures(msgspec.Struct, kw_only=True):
    """What was found in one file.

    Attributes:
        size: bytes.
        format: by content, where the header shows it; else by name.
        level: of active speech; None: nothing is heard.
        loudness: integrated; None: nothing is heard.
        problems: kinds of findings, each with a figure.
    """

    size: int
    format: str = ""
    sample_rate: Hertz | None = None
    channels: int = 1
    duration: Seconds | None = None
    level: dBFS | None = None
    loudness: LUFS | None = None
    peak: dBFS | None = None
    problems: list[tuple[str, str]] = []


def inspect(path: str, extension: str) -> Measures:
    """Look at a file, and listen to it.

    Args:
        extension: as the file has it.
    """
    try:
        size = os.stat(path).st_size
        found = Measures(size=size, problems=[])
        if not size:
            found.problems.append(("broken", "it is empty"))
            return found
        named = _format_of(extension)
        header = read_header(path)
    except OSError as error:
        return Measures(size=0, problems=[("broken", f"cannot be read: {error.strerror}")])
    found.format = header.format or (named.name if named else "")
    if named and found.format == "wav" and named.codec == FORMATS["wav"].codec and named.container == "WAV":
        found.format = named.name  # .wav16 is .wav at another rate
    found.channels = header.channels or 1
    if header.chunks:
        found.problems.append(("chunks", f"it holds {', '.join(header.chunks)}"))
    if (length := header.unknown_length) is not None:
        found.problems.append(("no-length", f"its header says {length:,} bytes of samples"))
    if problem := find_mismatch(header, extension, size):
        found.problems.append(("unlike-name", problem))
    if found.channels > 1:
        found.problems.append(("channels", f"it has {found.channels}"))
    if not found.format:
        found.problems.append(("unknown-format", f".{extension}"))
        return found
    try:
        audio = sandbox.own_decoder().decode_file(path, found.format if not header.format else None)
    except InputError as error:
        found.problems.append(("broken", str(error)))
        return found
    found.sample_rate, found.duration = audio.sample_rate, round(audio.duration, 3)
    found.problems.extend(_listen(audio, found))
    return found


def _format_of(extension: str) -> Format | None:
    """The format that Asterisk and others read under this extension, letters in capitals included."""
    if extension == "WAV":
        return FORMATS["wav49"]
    plain = extension.lower()
    return next((each for each in FORMATS.values() if plain in each.extensions), None)


# Headers


class Header(msgspec.Struct, kw_only=True, frozen=True):
    """What the first bytes of a file say.

    Attributes:
        format: a name of `FORMATS`, or of a container that voxpress reads; empty: the file has no header.
        channels: None: not known from here.
        chunks: names of chunks in a WAV file besides format and samples.
        unknown_length: bytes of samples that a WAV file says it has which was written before its length was known;
            None: it has the right length.
    """

    format: str = ""
    container: str = ""
    channels: int | None = None
    chunks: tuple[str, ...] = ()
    unknown_length: int | None = None


_WAV_CODECS = {1: "wav", 6: "wav-alaw", 7: "wav-ulaw", 0x31: "wav49"}
_CONTAINERS = {
    "wav": "wav",
    "flac": "flac",
    "aiff": "aiff",
    "ogg": "ogg",
    "mov": "m4a",
    "mp3": "mp3",
    "aac": "aac",
}
_NEEDED = (b"fmt ", b"fact", b"data")
_MOST_CHUNKS = 100


def read_header(path: str) -> Header:
    """Read the header of a file; of a file without one, nothing.

    Raises:
        OSError: the file cannot be read.
    """
    with Path(path).open("rb") as file:
        try:
            container = recognise(file).name
        except InputError:
            return Header()
        if container in ("mp3", "aac"):
            # Two bytes are little proof: G.711 and G.722 may begin so too.
            file.seek(0)
            if file.read(3) != b"ID3" and os.path.splitext(path)[1][1:].lower() not in ("mp3", "aac"):
                return Header()
        if container != "wav":
            return Header(format=_CONTAINERS.get(container, container), container=container)
        whole = file.seek(0, os.SEEK_END)
        file.seek(4)
        total = struct.unpack("<I", file.read(4))[0]
        file.seek(12)
        format, channels, chunks, unknown = "wav", None, [], None
        for _ in range(_MOST_CHUNKS):
            head = file.read(8)
            if len(head) < 8:
                break
            name, size = struct.unpack("<4sI", head)
            if name == b"fmt " and size >= 16:
                content = file.read(16)
                if len(content) < 16:
                    break
                codec, channels, _, _, _, bits = struct.unpack("<HHIIHH", content)
                format = "wav24" if (codec, bits) == (1, 24) else _WAV_CODECS.get(codec, "wav")
                file.seek(size - 16, os.SEEK_CUR)
            elif name == b"data":
                if lacks_length(size, total, whole):
                    unknown = size
                    break  # all that follows are samples
                file.seek(size, os.SEEK_CUR)
            else:
                if not all(32 <= byte < 127 for byte in name):
                    chunks.append("bytes that are no chunk")
                    break
                if name not in _NEEDED:
                    chunks.append(name.decode("latin-1").strip())
                file.seek(size, os.SEEK_CUR)
            if size % 2:
                file.seek(1, os.SEEK_CUR)
        return Header(
            format=format,
            container="wav",
            channels=channels,
            chunks=tuple(dict.fromkeys(chunks)),
            unknown_length=unknown,
        )


def find_mismatch(header: Header, extension: str, size: int) -> str:
    """How the content differs from the name; empty if it does not."""
    named = _format_of(extension)
    if named is None:
        return ""
    if not header.format:
        if named.container != "RAW" and named.name != "g722":
            return f"it is called .{extension}, and its content has no such header"
        if named.name == "gsm" and size % 33:
            return f"its {size:,} bytes are no whole number of GSM frames, which have 33"
        if named.codec == "PCM_16" and size % 2:
            return f"its {size:,} bytes are no whole number of samples, which have 2"
        return ""
    if named.container == "RAW" or named.name == "g722":
        return f"it is called .{extension}, which has no header, and it is {header.container.upper()} inside"
    same = [each.name for each in FORMATS.values() if each.extensions == named.extensions]
    if header.format in same or (
        header.container == "wav" and named.name == "wav16" and header.format == "wav"
    ):
        return ""
    if header.container == "ogg" and named.container.lower() == "ogg":
        return ""
    return f"it is called .{extension}, and it is {header.format} inside"


# Sound


def _listen(audio: Audio, found: Measures) -> Iterator[tuple[str, str]]:
    samples = audio.samples
    if not len(samples):
        yield "broken", "it holds no samples"
        return
    peak = waveform.peak(audio)
    found.peak = round(peak, 1) if np.isfinite(peak) else None
    if peak < _INAUDIBLE:
        yield "silent", f"peak {peak:.0f} dBFS"
        return
    signals = telephony.find_signals(audio)
    for heard in signals:
        kind = "dtmf" if heard.name.startswith("DTMF") else "signal"
        yield kind, f"{heard.name} at {heard.start:.2f} s, for {heard.end - heard.start:.2f} s"
    found.level, found.loudness = round(waveform.active_level(audio), 1), round(waveform.loudness(audio), 1)
    if (share := signal.measure_clipping(samples)) > signal.CLIPPED:
        yield "clipped", f"{share:.1%} of it at full scale"
    if abs(offset := float(samples.mean(dtype=np.float64))) > _MOST_DC:
        yield "dc", f"{offset:+.1%} of full scale"
    yield from _find_ends(audio, peak)
    if click := _find_click(samples):
        yield "click", f"at {click / audio.sample_rate:.2f} s"


def _find_ends(audio: Audio, peak: dBFS) -> Iterator[tuple[str, str]]:
    energies = waveform.powers(audio)
    (loud,) = np.nonzero(energies >= energies.max() * _QUIET)
    lead, tail = (loud[0] - 1) * 0.01, audio.duration - loud[-1] * 0.01
    if lead > LATEST:
        yield "late", f"{lead:.1f} s"
    if tail > LONGEST_TAIL:
        yield "long-tail", f"{tail:.1f} s"
    edge = max(1, audio.sample_rate // 500)
    bar = max(_ABRUPT, peak - _ABRUPT_BELOW_PEAK)
    for kind, part in (("cut-start", audio.samples[:edge]), ("cut-end", audio.samples[-edge:])):
        height = waveform.peak(Audio(part, audio.sample_rate))
        if height > bar:
            yield kind, f"{height:.0f} dBFS in {'the first' if kind == 'cut-start' else 'the last'} 2 ms"


def _find_click(samples: Samples) -> int:
    """Where a sample stands out of quiet surroundings; 0: nowhere."""
    steps = np.pad(np.abs(np.diff(samples)), _AROUND)
    (places,) = np.nonzero(steps > _CLICK)
    near = np.concatenate([np.arange(-_AROUND, -_NARROW), np.arange(_NARROW + 1, _AROUND + 1)])
    for start in range(0, len(places), 2**14):
        some = places[start : start + 2**14]
        (alone,) = np.nonzero(steps[some[:, None] + near].max(axis=1) * _STANDS_OUT < steps[some])
        if len(alone):
            return int(some[alone[0]]) - _AROUND
    return 0
