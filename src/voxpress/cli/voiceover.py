"""``voxpress voiceover``."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voxpress.cli.books import Making, Reading
from voxpress.cli.options import examples, project_of, spread, store_at
from voxpress.cli.podcast import CastOptions
from voxpress.errors import InputError, SpeechError

if TYPE_CHECKING:
    from voxpress.audio.muxing import TimeMap
    from voxpress.audio.signals import Signal
    from voxpress.audio.videos import Video
    from voxpress.documents.subtitles import Subtitles
    from voxpress.publish.narration import Narration
    from voxpress.publish.recording import Recording
    from voxpress.publish.voiceover.speaking import Speaking
    from voxpress.publish.voiceover.track import Arrange, Track
    from voxpress.quality.asr import Recogniser
    from voxpress.rendering.plan import Planned
    from voxpress.rendering.projects import Project
    from voxpress.speech import Speaker
    from voxpress.store import Store

app = typer.Typer()
_MOST_NAMED = 20
_WINDOW = 64
"""Passages that are on their way at once."""
PEAK = -1.0
LOUDNESS = -16.0

VideoFile = Annotated[
    Path | None,
    typer.Option(
        "--video", metavar="FILE", help="MP4, MOV, MKV or WebM. OUT is a copy of it with the voice."
    ),
]
Codec = Annotated[
    str | None,
    typer.Option("--codec", metavar="NAME", help="Of the sound in a video: aac, opus or flac."),
]
Loudness = Annotated[float, typer.Option("--loudness", metavar="LUFS", min=-70, max=0, help="Of the voice.")]
Encoding = Annotated[
    str | None,
    typer.Option("--encoding", metavar="NAME", help="Of the subtitles, if they are no UTF-8: cp1252 …"),
]
MaxSpeed = Annotated[
    float,
    typer.Option(
        "--max-speed",
        metavar="FACTOR",
        min=1.0,
        max=2.0,
        help="How much faster than usual a cue may be spoken.",
    ),
]
ReportOption = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE.csv|json", help="What became of each cue."),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", "-n", help="Say what would be spoken, what it costs and what will hardly fit."),
]


@app.command(
    epilog=examples(
        "voxpress voiceover talk.en.srt -o talk.wav",
        "voxpress voiceover talk.vtt --video talk.mp4 -o talk.dubbed.mp4 --report talk.csv",
        "voxpress voiceover talk.srt --video talk.mkv -o new.mkv --mode mix --cast Ann=kokoro:af_heart",
    )
)
@spread
def voiceover(
    *,
    subtitles: Annotated[
        Path, typer.Argument(metavar="SUBTITLES", help="SRT, WebVTT, ASS or TTML.", show_default=False)
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="OUT", help="WAV, FLAC, MP3, M4A, Opus …; with --video, a video."
        ),
    ],
    video: VideoFile = None,
    mode: Annotated[
        str,
        typer.Option(
            "--mode", metavar="add|mix", help="The voice as a track of its own, or over the softer sound."
        ),
    ] = "add",
    cast: CastOptions = None,
    max_speed: MaxSpeed = 1.15,
    join: Annotated[
        bool, typer.Option("--join/--no-join", help="Speak sentences over several cues in one go.")
    ] = True,
    loudness: Loudness = LOUDNESS,
    codec: Codec = None,
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="Of the track.")] = "Voice-over",
    cues: Annotated[
        Path | None, typer.Option("--cues", metavar="DIR", help="Also a file of each cue, and cues.json.")
    ] = None,
    spoken: Annotated[
        Path | None,
        typer.Option(
            "--subtitles", metavar="FILE.srt|vtt", help="Also subtitles with the times of the speech."
        ),
    ] = None,
    report: ReportOption = None,
    encoding: Encoding = None,
    dry_run: DryRun = False,
    reading: Reading,
    making: Making,
) -> None:
    """Speak subtitles, each cue at its time: a sound track, or a video with it.

    No cue is ever moved. What is too long is spoken faster, within a limit; what is still too long is cut and named.
    """
    from voxpress.audio.containers import SOUNDS, VIDEOS, find_kind
    from voxpress.audio.muxing import check_copy
    from voxpress.audio.videos import read_video
    from voxpress.files.outputs import require_outputs
    from voxpress.publish.voiceover.report import check_names

    if mode not in ("add", "mix"):
        raise InputError(f"--mode is add or mix, not {mode!r}")
    target = output.expanduser()
    if video is None and target.suffix.lower() in VIDEOS:
        raise InputError(f"{target}: is a copy of a video: say of which with --video", field="output")
    find_kind(target, SOUNDS if video is None else VIDEOS)
    if video is None and codec is not None:
        raise InputError("--codec is for the sound in a video; without --video, the name of OUT says it")
    check_names(report, spoken)
    outputs = {"output": target, "report": report, "subtitles": spoken, "cues": cues and cues / "cues.json"}
    inputs = {"the file of the subtitles": subtitles, "the video itself": video}
    require_outputs(outputs.items(), inputs.items())
    known = read_video(video) if video else None
    if mode == "mix" and (known is None or known.sound is None):
        what = "--mode mix needs --video" if known is None else f"{video}: has no sound to mix with"
        raise InputError(f"{what}: leave --mode mix out")
    if known is not None:
        check_copy(known, target, codec=codec, instead=mode == "mix")
    work = Work.open(subtitles, reading, making, cast, encoding=encoding, join=join)
    if dry_run:
        raise typer.Exit(work.forecast(known.duration if known else None, max_speed))
    track = work.speak(known.duration if known else None, max_speed)
    from voxpress.publish.voiceover.mixing import choose_gain, make_signal
    from voxpress.publish.voiceover.report import write_cues, write_report, write_subtitles

    gain = choose_gain(track, loudness, PEAK)
    signal = make_signal(track, gain, PEAK, under=known if mode == "mix" else None)
    work.write(signal, target, known, codec=codec, title=title, instead=mode == "mix")
    if cues is not None:
        write_cues(cues, track, gain, PEAK)
    if spoken is not None:
        write_subtitles(spoken, track)
    if report is not None:
        write_report(report, track)
    print(target)
    raise typer.Exit(work.tell(track))


@dataclass
class Work:
    """Subtitles, and what speaks them.

    Attributes:
        language: that is spoken first, as a BCP 47 tag.
        doubtful: what was not heard as written.
        counts: segments, and those that were spoken.
    """

    speaking: Speaking
    store: Store
    project: Project
    making: Making
    listener: Recogniser | None
    language: str = ""
    doubtful: list[Recording] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)

    @classmethod
    def open(
        cls,
        path: Path,
        reading: Reading,
        making: Making,
        cast: Sequence[str] | None,
        *,
        encoding: str | None = None,
        join: bool = True,
        subtitles: Subtitles | None = None,
    ) -> Work:
        """Read subtitles, and see that all of them can be spoken.

        Raises:
            InputError: they cannot.
        """
        from voxpress.documents import subtitles as documents
        from voxpress.publish.casting import join_casts, read_cast_options, require_present
        from voxpress.publish.voiceover.speaking import prepare

        project = project_of(path.parent)
        given = read_cast_options(cast or ())
        found = subtitles or documents.read(path, encoding=encoding, names=[*project.cast, *given])
        own = project.defaults
        for note in found.notes:
            typer.echo(f"note: {path}: {note}", err=True)
        require_present(given, (cue.speaker for cue in found.cues), path)
        speaking = prepare(
            found,
            join_casts(project.cast, given),
            speaker=reading.speaker.over(_language_of(found)).over(own.speaker),
            front_end=reading.front_end(project),
            device=reading.device or own.device or "auto",
            join=join,
        )
        store = store_at(reading.store or own.store)
        return cls(speaking, store, project, making, making.listener)

    def speak(self, end: float | None, most: float, arrange: Arrange | None = None) -> Track:
        """Speak all cues, showing progress.

        Args:
            arrange: as for `make_track`.

        Raises:
            SpeechError: something could not be spoken; the rest is in the store.
        """
        from voxpress.publish.voiceover.fitting import limit
        from voxpress.publish.voiceover.track import make_track

        return make_track(
            self.speaking, self._record, self.store, arrange=arrange or limit, end=end, most=most
        )

    def _record(
        self, planned: Iterable[tuple[Narration, Planned]], lengths: Mapping[str, int]
    ) -> Iterator[Recording]:
        from voxpress.cli.progress import reading
        from voxpress.cli.streams import own_standard_output
        from voxpress.publish.recording import record_plans

        failed: SpeechError | None = None
        with (
            self.making.open_executor(self.project) as cluster,
            reading(lengths, "cues") as tell,
            own_standard_output(),
        ):
            for each in record_plans(
                planned,
                self.store,
                workers=self.making.count_workers(self.project),
                executor=cluster,
                recogniser=self.listener,
                window=_WINDOW,
                watch=tell,
            ):
                tell(each.narration.utterance.id, -1)
                self.counts["segments"] += each.result.segments
                self.counts["spoken"] += each.result.spoken
                if each.result.exception:
                    failed = failed or each.result.exception
                    continue
                self.language = self.language or each.result.language
                if each.result.verdict == "doubtful":
                    self.doubtful.append(each)
                yield each
        if failed:
            raise failed

    def forecast(self, end: float | None, most: float) -> int:
        """Print what would be spoken, what it costs, and which cues will hardly fit; the exit status."""
        from voxpress.cli.summary import Bill
        from voxpress.cli.tables import count
        from voxpress.publish.voiceover.fitting import find_unlikely
        from voxpress.rendering.dry_run import forecast

        passages = self.speaking.passages
        plans = (plan for _, plan in self.speaking.plan(dict.fromkeys(range(len(passages)), 1.0)))
        bill, characters, segments = Bill(), 0, 0
        for row in forecast(plans, store=self.store, folder=None):
            bill.add(row)
            characters, segments = characters + row.characters, segments + row.segments
        cues = [cue for passage in passages for cue in passage.cues]
        whole = count(len({cue.number for cue in cues}), "cue")
        print(f"{whole}: {count(segments, 'segment')} to speak ({count(characters, 'character')})")
        bill.show()
        unlikely = find_unlikely([(cue.start, cue.text) for cue in cues], end, most)
        for number in unlikely[:_MOST_NAMED]:
            print(f"cue {cues[number].number}: will hardly fit: {cues[number].text}")
        if len(unlikely) > _MOST_NAMED:
            print(f"… and {len(unlikely) - _MOST_NAMED:,} more will hardly fit")
        return 0

    def write(
        self,
        signal: Signal,
        target: Path,
        video: Video | None,
        *,
        codec: str | None = None,
        title: str,
        instead: bool = False,
        describes: bool = False,
        moved: TimeMap | None = None,
    ) -> None:
        """Write the sound, alone or in a copy of the video."""
        from voxpress.audio.muxing import add_sound
        from voxpress.audio.soundtracks import write_sound

        language = self.language
        if video is None:
            write_sound(target, signal, language=language, title=title)
            return
        for note in add_sound(
            video,
            target,
            signal,
            codec=codec,
            language=language,
            title=title,
            instead=instead,
            describes=describes,
            moved=moved,
        ):
            typer.echo(f"note: {video.path}: {note}", err=True)

    def tell(self, track: Track, hint: str = "") -> int:
        """Print how the cues fit; the exit status.

        Args:
            hint: what helps those that do not.
        """
        from voxpress.cli.exits import SOME_FAILED
        from voxpress.cli.summary import differing
        from voxpress.cli.tables import count
        from voxpress.publish.voiceover.report import Entry

        entries = [Entry.of(each) for each in track.cues]
        problems = [each.problem for each in entries if not each.fits]
        whole = len({each.cue for each in entries})
        cut = len({each.cue for each in entries if not each.fits})
        faster = {each.cue: each.speed for each in entries if each.speed > 1}
        print(
            f"{count(whole, 'cue')}: {whole - cut:,} fit"
            + (f", {len(faster):,} spoken faster, by {max(faster.values()):.2f} at most" if faster else "")
            + f"; {self.counts['spoken']:,} of {count(self.counts['segments'], 'segment')} spoken in"
            f" {time.monotonic() - self.began:,.1f} s"
        )
        if silent := self.speaking.silent:
            print(f"{count(len(silent), 'cue')} without speech left out")
        for problem in problems[:_MOST_NAMED]:
            print(problem)
        if len(problems) > _MOST_NAMED:
            print(f"… and {len(problems) - _MOST_NAMED:,} more do not fit: see --report")
        if problems and hint:
            print(hint)
        for each in self.doubtful:
            result = each.result
            print(f"doubtful: {result.utterance.origin}: {differing(result.differences)}")
        return SOME_FAILED if problems or self.doubtful else 0


def _language_of(subtitles: Subtitles) -> Speaker:
    from voxpress.speech import Speaker

    return Speaker(language=subtitles.language or None)
