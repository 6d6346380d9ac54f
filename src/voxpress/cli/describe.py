"""``voxpress describe``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from voxpress.cli.books import Making, Reading
from voxpress.cli.options import examples, spread
from voxpress.cli.podcast import CastOptions
from voxpress.cli.voiceover import (
    LOUDNESS,
    PEAK,
    Codec,
    DryRun,
    Encoding,
    Loudness,
    MaxSpeed,
    ReportOption,
    Work,
)
from voxpress.errors import InputError

app = typer.Typer()
TITLE = "Audio description"


@app.command(
    epilog=examples(
        "voxpress describe film.desc.vtt --video film.mp4 --captions film.en.vtt -o film.described.mp4",
        "voxpress describe film.desc.vtt --video film.mp4 --captions film.en.vtt -o new.mp4 --extended",
        "voxpress describe film.desc.vtt --video film.mp4 -o description.wav",
    )
)
@spread
def describe(
    *,
    descriptions: Annotated[
        Path,
        typer.Argument(metavar="DESCRIPTIONS", help="WebVTT, SRT, ASS or TTML.", show_default=False),
    ],
    video: Annotated[Path, typer.Option("--video", metavar="FILE", help="MP4, MOV, MKV or WebM.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="OUT", help="A copy of the video, or WAV, MP3 … for the voice alone."
        ),
    ],
    captions: Annotated[
        Path | None,
        typer.Option("--captions", metavar="FILE", help="When somebody speaks: no description covers that."),
    ] = None,
    mode: Annotated[
        str,
        typer.Option(
            "--mode",
            metavar="mix|add",
            help="The sound with the descriptions in place of the sound, or as a second track.",
        ),
    ] = "mix",
    extended: Annotated[
        bool, typer.Option("--extended", help="Hold the picture where a description needs more time.")
    ] = False,
    moved: Annotated[
        Path | None,
        typer.Option(
            "--moved-captions",
            metavar="FILE",
            help="With --extended, the captions at their new times; by default beside OUT.",
        ),
    ] = None,
    cast: CastOptions = None,
    max_speed: MaxSpeed = 1.15,
    loudness: Loudness = LOUDNESS,
    codec: Codec = None,
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="Of the track.")] = TITLE,
    report: ReportOption = None,
    encoding: Encoding = None,
    dry_run: DryRun = False,
    reading: Reading,
    making: Making,
) -> None:
    """Speak descriptions of a video's pictures where nobody speaks in it, for people who do not see them."""
    from voxpress.audio.containers import SOUNDS
    from voxpress.audio.muxing import check_copy
    from voxpress.audio.videos import read_video
    from voxpress.cli.tables import count
    from voxpress.documents import subtitles as documents
    from voxpress.files.outputs import require_outputs
    from voxpress.publish.voiceover import captions as captioning
    from voxpress.publish.voiceover.report import check_names, write_report

    target = output.expanduser()
    alone = target.suffix.lower() in SOUNDS
    _check_options(target, mode, alone=alone, extended=extended, moved=moved, captions=captions)
    if alone and codec is not None:
        raise InputError("--codec is for the sound in a video; the name of OUT says that of a sound file")
    check_names(report, None)
    known = read_video(video)
    spoken_in = documents.read(captions) if captions else None
    moved = captioning.place_moved(spoken_in, target, moved) if extended and spoken_in else None
    outputs = {"output": target, "report": report, "moved-captions": moved}
    inputs = {
        "the video itself": video,
        "the file of the captions": captions,
        "the file of the descriptions": descriptions,
    }
    require_outputs(outputs.items(), inputs.items())
    if not alone:
        check_copy(known, target, codec=codec, instead=mode == "mix", mixed=True)
    work = Work.open(descriptions, reading, making, cast, encoding=encoding, join=False)
    if dry_run:
        raise typer.Exit(work.forecast(known.duration, 1e9 if extended else max_speed))
    from voxpress.publish.voiceover.describing import Arrangement
    from voxpress.publish.voiceover.mixing import choose_gain, make_signal
    from voxpress.publish.voiceover.speaking import RATE

    arrangement = Arrangement(work.speaking.subtitles, spoken_in, extended=extended)
    track = work.speak(known.duration, max_speed, arrangement.arrange)
    times = arrangement.times
    if extended:
        starts = arrangement.list_starts(each.placed for each in track.cues)
        track = track.move(starts, round((known.duration + times.total) * RATE))
    gain = choose_gain(track, loudness, PEAK)
    signal = make_signal(track, gain, PEAK, under=None if alone else known, holds=times.holds)
    work.write(
        signal,
        target,
        None if alone else known,
        codec=codec,
        title=title,
        instead=mode == "mix",
        describes=True,
        moved=times.move if times.holds else None,
    )
    if moved is not None and spoken_in is not None:
        captioning.write_moved(spoken_in, moved, times.move)
    if report is not None:
        write_report(report, track)
    print(target)
    if extended:
        print(f"the picture is held {count(len(times.holds), 'time')}, {times.total:,.1f} s in all")
    hint = "" if extended else "--extended holds the picture for as long as a description needs"
    raise typer.Exit(work.tell(track, hint))


def _check_options(
    target: Path, mode: str, *, alone: bool, extended: bool, moved: Path | None, captions: Path | None
) -> None:
    from voxpress.audio.containers import VIDEOS, find_kind

    if mode not in ("mix", "add"):
        raise InputError(f"--mode is mix or add, not {mode!r}")
    if not alone:
        find_kind(target, VIDEOS)
    if extended and (alone or mode == "add"):
        raise InputError(
            "--extended makes a longer video with one sound: name a video with -o, without --mode add"
        )
    if moved is not None and not (extended and captions):
        raise InputError("--moved-captions needs --extended and --captions")
