"""What became of each cue: as a report, as subtitles with the times of the speech, and as files with a manifest."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import msgspec

from voxpress.audio import codec
from voxpress.audio.arrays import np
from voxpress.audio.mastering import Mastered
from voxpress.audio.mixing import Mix
from voxpress.audio.signals import read_blocks
from voxpress.audio.waveform import Audio
from voxpress.errors import InputError
from voxpress.files import atomic
from voxpress.marks import srt, vtt
from voxpress.marks.cues import Cue as ShownCue
from voxpress.publish.voiceover.fitting import count_excess
from voxpress.publish.voiceover.speaking import RATE
from voxpress.publish.voiceover.track import SpokenCue, Track
from voxpress.speech import Output, Seconds, dBFS

REPORTS = (".csv", ".json")
"""Extensions of reports."""
SUBTITLES = (".srt", ".vtt")
"""Extensions of subtitles that are written."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What a report says of a cue. Times in seconds, to the millisecond."""

    cue: int
    """Its number in the file."""
    line: int
    start: Seconds
    """When it is heard: the start of the cue."""
    end: Seconds
    """When its speech ends."""
    room: Seconds | None
    """From its start until it has to end; None: as long as it needs."""
    duration: Seconds
    """Of its speech, with what was cut."""
    speed: float
    """Times the usual speed."""
    pace: float
    """Characters in a second."""
    fits: bool
    missing: Seconds
    """By how much it is too long."""
    excess: int
    """How many words fewer would fit; characters where words have no spaces."""
    speaker: str
    text: str

    @classmethod
    def of(cls, spoken: SpokenCue) -> Entry:
        """The entry of a cue."""
        cue, placed, duration = spoken.cue, spoken.placed, spoken.duration
        return cls(
            cue=cue.number,
            line=cue.line,
            start=round(placed.start, 3),
            end=round(placed.end, 3),
            room=round(placed.room, 3) if placed.room < float("inf") else None,
            duration=round(duration, 3),
            speed=round(spoken.faster, 3),
            pace=round(len(cue.text) / duration, 1) if duration else 0.0,
            fits=not placed.missing,
            missing=round(placed.missing, 3),
            excess=count_excess(cue.text, duration, placed.missing),
            speaker=cue.speaker,
            text=cue.text,
        )

    @property
    def problem(self) -> str:
        """Why it does not fit; empty if it does.

        >>> fields = dict(cue=17, line=70, start=1, end=2, room=1, duration=1.8, speed=1.15, pace=20)
        >>> Entry(fits=False, missing=0.8, excess=6, speaker="", text="", **fields).problem
        'cue 17: 0.8 s too long; 6 fewer words would fit'
        """
        if self.fits:
            return ""
        if not self.room:
            return f"cue {self.cue}: there is no time for it"
        unit = "word" if len(self.text.split()) > 2 or not self.text else "character"
        return (
            f"cue {self.cue}: {max(self.missing, 0.1):.1f} s too long;"
            f" {self.excess:,} fewer {unit}{'s'[: self.excess != 1]} would fit"
        )


def write_report(path: Path, track: Track) -> None:
    """Write an entry of each cue, as CSV or JSON.

    Raises:
        StoreError: the file cannot be written.
    """
    atomic.write(path, _to_csv(track) if path.suffix.lower() == ".csv" else _to_json(track))


def _to_csv(track: Track) -> Iterator[bytes]:
    yield (",".join(Entry.__struct_fields__) + "\r\n").encode()
    for each in track.cues:
        line = io.StringIO()
        csv.writer(line).writerow(
            ["true" if value is True else "false" if value is False else value for value in _values(each)]
        )
        yield line.getvalue().encode()


def _values(spoken: SpokenCue) -> tuple[object, ...]:
    return msgspec.structs.astuple(Entry.of(spoken))


def _to_json(track: Track) -> Iterator[bytes]:
    yield b'{"cues": ['
    for number, each in enumerate(track.cues):
        yield (b",\n" if number else b"\n") + msgspec.json.encode(Entry.of(each))
    yield b"\n]}\n"


def write_subtitles(path: Path, track: Track) -> None:
    """Write the cues with the times at which they are heard.

    Raises:
        StoreError: the file cannot be written.
    """
    heard = [each for each in track.cues if each.placed.end > each.placed.start]
    times = [(round(each.placed.start * 1000), round(each.placed.end * 1000), each.cue) for each in heard]
    if path.suffix.lower() == ".srt":
        text = srt.write_cues(
            ShownCue(start, end, (f"{cue.speaker}: {cue.text}" if cue.speaker else cue.text,))
            for start, end, cue in times
        )
    else:
        text = "WEBVTT\n\n" + "".join(
            f"{vtt.write_cue(start, end, cue.text, voice=cue.speaker)}\n" for start, end, cue in times
        )
    atomic.write(path, text.encode())


class CueFile(msgspec.Struct, frozen=True, kw_only=True):
    """What the manifest of single files says of one."""

    file: str
    cue: int
    start: Seconds
    end: Seconds
    speaker: str
    text: str


def write_cues(folder: Path, track: Track, gain: float, peak: dBFS) -> int:
    """Write a file of each cue, and ``cues.json``; how many files.

    Args:
        gain: in dB, as of the whole track.

    Raises:
        StoreError: a file cannot be written.
    """
    files: list[CueFile] = []
    digits = max(4, len(str(len(track.cues))))
    for number, each in enumerate(track.cues, 1):
        layer = track.make_layer(each, at=0.0)
        if layer is None:
            continue
        sound = Mastered(Mix([layer], sample_rate=RATE, channels=1), gain, peak)
        samples = np.concatenate([block[:, 0] for block in read_blocks(sound)])
        name = f"{number:0{digits}}.wav"
        atomic.write(folder / name, codec.encode(Audio(samples, RATE), Output(format="wav24")))
        files.append(
            CueFile(
                file=name,
                cue=each.cue.number,
                start=round(each.placed.start, 3),
                end=round(each.placed.end, 3),
                speaker=each.cue.speaker,
                text=each.cue.text,
            )
        )
    atomic.write(folder / "cues.json", msgspec.json.format(msgspec.json.encode(files), indent=2) + b"\n")
    return len(files)


def check_names(report: Path | None, subtitles: Path | None) -> None:
    """See that reports and subtitles have extensions that say what they are.

    Raises:
        InputError: one has not.
    """
    for option, path, known in (("report", report, REPORTS), ("subtitles", subtitles, SUBTITLES)):
        if path is not None and path.suffix.lower() not in known:
            raise InputError(f"{path}: the extension must be {' or '.join(known)}", field=option)
