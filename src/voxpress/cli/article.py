"""``voxpress article``."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voxpress.cli.books import OutlineFile, Reading
from voxpress.cli.options import (
    Workers,
    examples,
    format_names,
    project_of,
    spread,
    store_at,
)
from voxpress.errors import InputError, LeftOut, SpeechError

if TYPE_CHECKING:
    from voxpress.publish.article.pages import PageFile
    from voxpress.publish.article.site import Ready, Site, Told
    from voxpress.publish.outline import Outline
    from voxpress.rendering.presets import Project
    from voxpress.speech import Output, Speaker
    from voxpress.store import Store
    from voxpress.text import FrontEnd

app = typer.Typer()

LOUDNESS = -16.0
"""LUFS: what players on phones and in browsers are made for."""


@app.command(
    epilog=examples(
        "voxpress article hello.html -o listen",
        "voxpress article content -o static/audio --url /audio/",
        "voxpress article public -o public/audio --insert --prune",
    ),
)
@spread
def article(
    *,
    pages: Annotated[
        list[Path],
        typer.Argument(
            metavar="PAGE...",
            help="Pages in HTML or Markdown, or folders of them.",
            show_default=False,
        ),
    ],
    folder: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Where audio, player and list go.")
    ],
    format: Annotated[
        str,
        typer.Option("--format", "-f", metavar="NAMES", help="mp3, m4a, opus, or several, the best first."),
    ] = "mp3",
    url: Annotated[
        str,
        typer.Option(
            "--url",
            metavar="PREFIX",
            help="Where DIR will be on the site, such as /audio/; by default, addresses are relative.",
        ),
    ] = "",
    base: Annotated[
        Path | None,
        typer.Option(
            "--base",
            metavar="DIR",
            help="The folder below which the names of files begin; by default the one that holds all pages.",
        ),
    ] = None,
    insert: Annotated[
        bool,
        typer.Option("--insert", help="Put the player into the HTML pages themselves, such as a built site."),
    ] = False,
    prune: Annotated[
        bool,
        typer.Option(
            "--prune", help="Delete the files of articles whose pages are not among these any more."
        ),
    ] = False,
    embed: Annotated[
        bool, typer.Option("--embed", help="Print the player of the page as HTML, to be put into another.")
    ] = False,
    outline: OutlineFile = None,
    reading: Reading,
    workers: Workers = None,
) -> None:
    """Speak web pages, and make a player for each in which the text lights up as it is heard.

    Only what changed is spoken. A page says audio: false in its front matter, or has data-voxpress="skip", to be left
    out.
    """
    from voxpress.publish.article.pages import find_pages
    from voxpress.publish.article.site import Site

    files = find_pages(pages, base, out=folder.expanduser())
    if len(files) > 1 and (outline or embed):
        raise InputError(
            f"{'--outline' if outline else '--embed'} is for one page, and there are {len(files):,}"
        )
    project = project_of(Path() if len(files) > 1 else files[0].path.parent)
    own = project.defaults
    site = Site.open(folder.expanduser(), url=url, inserts=insert)
    reader = Reader(
        outputs=_outputs(format),
        speaker=reading.speaker.over(own.speaker),
        front_end=reading.front_end(project),
        project=project,
        outline=outline,
        device=reading.device or own.device or "auto",
        inserts=insert,
    )
    ready = reader.read(files)
    told = [
        *reader.refused,
        *_speak(
            site, ready, store_at(reading.store or own.store), workers if workers is not None else own.workers
        ),
    ]
    left_out = {each.file.key for each in told if each.status == "left out"}
    gone = site.prune(file for file in files if file.key not in left_out) if prune else []
    _report(told, gone, site, embed=embed)


class Reader:
    """Reads pages, and keeps why some cannot be spoken."""

    def __init__(
        self,
        *,
        outputs: Sequence[Output],
        speaker: Speaker,
        front_end: FrontEnd,
        project: Project,
        outline: Path | None,
        device: str,
        inserts: bool,
    ) -> None:
        self._outputs, self._speaker, self._front_end = outputs, speaker, front_end
        self._project, self._outline, self._device = project, outline, device
        self._inserts = inserts
        self.refused: list[Told] = []

    def read(self, files: Iterable[PageFile]) -> list[Ready]:
        """The pages that can be spoken."""
        from voxpress.publish.article.site import Told

        ready = []
        for file in files:
            try:
                ready.append(self._read(file))
            except LeftOut as error:
                self.refused.append(Told(file, "left out", detail=error.problem))
            except SpeechError as error:
                self.refused.append(Told(file, "failed", detail=str(error)))
        return ready

    def _read(self, file: PageFile) -> Ready:
        from msgspec.structs import replace

        from voxpress.publish.article.pages import read_page, require_insertable
        from voxpress.publish.article.site import Ready
        from voxpress.publish.narration import narrate
        from voxpress.publish.recording import make_planner

        page = read_page(file)
        if self._inserts:
            require_insertable(page)
        outline = self._find_outline(file)
        outline = replace(outline, cast={**self._project.cast, **outline.cast})
        blocks = [block for chapter, _ in outline.choose(page.document) for block in chapter.load()]
        narration = narrate(file.name, blocks, outline, title=outline.title or page.document.title)
        if narration.is_silent:
            raise LeftOut("has no words to read", path=str(file.path))
        output, *also = self._outputs
        planner = make_planner(
            page.document,
            outline,
            output,
            speaker=self._speaker,
            front_end=self._front_end,
            device=self._device,
            also=also,
        )
        return Ready(page, narration, planner)

    def _find_outline(self, file: PageFile) -> Outline:
        from voxpress.cli.books import default_outline
        from voxpress.publish import outline as outlines

        path = self._outline or default_outline(file.path)
        return outlines.load(path) if self._outline or path.is_file() else outlines.Outline()


def _outputs(names: str) -> list[Output]:
    from voxpress.publish.article.site import PLAYABLE
    from voxpress.speech import Output

    formats = format_names(names)
    for name in formats:
        if name not in PLAYABLE:
            raise InputError(f"--format {name}: not every browser plays it (formats: {', '.join(PLAYABLE)})")
    return [Output(format=name, loudness=LOUDNESS) for name in formats]


def _speak(site: Site, ready: Sequence[Ready], store: Store, workers: int | None) -> list[Told]:
    """Speak them, showing progress."""
    from contextlib import ExitStack

    from voxpress.cli.progress import reading
    from voxpress.cli.streams import own_standard_output

    told = []
    with ExitStack() as stack:
        stack.enter_context(own_standard_output())
        tell = None

        def begin(lengths: Mapping[str, int]) -> None:
            nonlocal tell
            if lengths:
                tell = stack.enter_context(reading(lengths, "articles"))

        def watch(id: str, characters: int) -> None:
            if tell:
                tell(id, characters)

        for each in site.speak(ready, store, workers=workers, watch=watch, begin=begin):
            if each.status != "unchanged":
                watch(each.file.name, -1)
            told.append(each)
    return told


def _report(told: Sequence[Told], gone: Sequence[str], site: Site, *, embed: bool) -> None:
    """Print what became of each page, and end with the status that this stands for."""
    from voxpress.cli.tables import count
    from voxpress.publish.article.player import show_clock
    from voxpress.publish.article.site import LIST

    out = sys.stderr if embed else sys.stdout
    width = max(len(each.file.name) for each in told)
    for each in sorted(told, key=lambda each: each.file.key):
        if each.status not in ("left out", "failed"):
            print(f"{each.status:<10}  {each.file.name:<{width}}  {show_clock(each.duration):>8}", file=out)
    for status in ("left out", "failed"):
        for each in told:
            if each.status == status:
                print(
                    f"{status:<10}  {each.file.path}: {each.detail.removeprefix(f'{each.file.path}: ')}",
                    file=sys.stderr,
                )
    for key in gone:
        print(f"deleted     {key}", file=out)
    counts = Counter(each.status for each in told)
    done = [each for each in told if each.entry]
    minutes = sum(each.duration for each in done) / 60
    summary = ", ".join(f"{number:,} {status}" for status, number in counts.items())
    print(f"{count(len(told), 'page')}: {summary}; {minutes:,.1f} min of audio", file=out)
    if not done and not counts["failed"]:
        raise InputError("there is no page to speak")
    if embed and done and done[0].entry:
        print((site.folder / done[0].entry.embed).read_text("utf-8"), end="")
    elif len(told) == 1 and done and done[0].entry:
        entry = done[0].entry
        print(
            f"\nlook at {site.folder / entry.files[-2]}; for another page, paste {site.folder / entry.embed}",
            file=out,
        )
    elif done:
        print(f"the list of articles: {site.folder / LIST}", file=out)
    if counts["failed"]:
        raise typer.Exit(1)
