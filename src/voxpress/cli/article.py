"""``voxpress article``."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from voxpress.cli.books import Making, OutlineFile, Reading, review_command
from voxpress.cli.options import (
    examples,
    format_names,
    project_of,
    spread,
    store_at,
)
from voxpress.errors import InputError, LeftOut, SpeechError

if TYPE_CHECKING:
    from voxpress.publish.article.pages import PageFile
    from voxpress.publish.article.site import Pending, Ready, Site, Told
    from voxpress.publish.outline import Outline
    from voxpress.quality.asr import Recogniser
    from voxpress.rendering.projects import Project
    from voxpress.speech import Output, Speaker
    from voxpress.store import Store
    from voxpress.text import FrontEnd

app = typer.Typer()

_MOST_DOUBTS = 10
"""Sentences of a page that are printed."""
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
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", "-n", help="Show what would be done and what it costs; write nothing."),
    ] = False,
    reading: Reading,
    making: Making,
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
    if embed and dry_run:
        raise InputError("--embed prints a player that --dry-run does not make: leave one of them out")
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
    store, listener = store_at(reading.store or own.store), making.listener
    told, pending = site.plan(reader.read(files), listener)
    told = [*reader.refused, *told]
    left_out = {each.file.key for each in told if each.status == "left out"}
    kept = [file for file in files if file.key not in left_out]
    if dry_run:
        raise typer.Exit(_forecast(told, pending, store, listener, site.find_gone(kept) if prune else []))
    told += _speak(site, pending, store, making, project)
    gone = site.prune(kept) if prune else []
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
        from voxpress.publish.proposal import update
        from voxpress.publish.recording import make_planner

        page = read_page(file)
        if self._inserts:
            require_insertable(page)
        outline = update(self._find_outline(file), page.document)
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
        return Ready(page, outline, narration, planner)

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


def _forecast(
    told: Sequence[Told],
    pending: Sequence[Pending],
    store: Store,
    listener: Recogniser | None,
    gone: Sequence[str],
) -> int:
    """Print what would be done for each page, and what it would cost; the exit status."""
    from voxpress.cli.exits import SOME_FAILED
    from voxpress.cli.summary import Bill, show_row
    from voxpress.cli.tables import count
    from voxpress.rendering.dry_run import forecast

    rows = list(forecast((each.plan for each in pending), store=store, folder=None, recogniser=listener))
    bill = Bill()
    for row in rows:
        show_row(row)
        bill.add(row)
    _show_pages(told, sys.stdout)
    for key in gone:
        print(f"delete      {key}")
    counts = Counter(each.status for each in told)
    spoken = sum(bool(row.segments) for row in rows)
    print(
        f"{count(len(told) + len(rows), 'page')}: {spoken:,} to speak"
        f" ({count(sum(row.segments for row in rows), 'segment')},"
        f" {count(sum(row.characters for row in rows), 'character')}), {len(rows) - spoken:,} from store"
        + "".join(f", {number:,} {status}" for status, number in counts.items())
    )
    bill.show()
    return SOME_FAILED if counts["failed"] else 0


def _speak(
    site: Site, pending: Sequence[Pending], store: Store, making: Making, project: Project
) -> list[Told]:
    """Speak them, showing progress."""
    from voxpress.cli.progress import reading
    from voxpress.cli.streams import own_standard_output

    if not pending:
        return []
    told = []
    texts = (each.ready.narration.utterance for each in pending)
    with (
        making.open_executor(project) as cluster,
        own_standard_output(),
        reading({each.id: len(each.text) for each in texts}, "articles") as tell,
    ):
        for each in site.speak(
            pending,
            store,
            workers=making.count_workers(project),
            executor=cluster,
            recogniser=making.listener,
            watch=tell,
        ):
            tell(each.file.name, -1)
            told.append(each)
    return told


def _report(told: Sequence[Told], gone: Sequence[str], site: Site, *, embed: bool) -> None:
    """Print what became of each page, and end with the status that this stands for."""
    from voxpress.cli.exits import SOME_FAILED
    from voxpress.cli.tables import count
    from voxpress.publish.article.site import LIST

    out = sys.stderr if embed else sys.stdout
    _show_pages(told, out)
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
    doubtful = [each for each in told if each.doubts]
    for each in doubtful:
        _show_doubts(each, out)
    if counts["failed"] or doubtful:
        raise typer.Exit(SOME_FAILED)


def _show_pages(told: Sequence[Told], out: TextIO) -> None:
    """Print what became of pages; why some are not spoken goes to standard error."""
    from voxpress.publish.article.player import show_clock

    width = max((len(each.file.name) for each in told), default=0)
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


def _show_doubts(told: Told, out: TextIO) -> None:
    """Print the sentences of a page that were not heard as written, and what shows them."""
    from voxpress.cli.summary import differing
    from voxpress.cli.tables import count

    for each in told.doubts[:_MOST_DOUBTS]:
        print(f"doubtful    {told.file.name}: {each.spoken!r}: {differing(each.differences)}", file=out)
    print(
        f"{count(len(told.doubts), 'sentence')} of {told.file.name} not heard as written; look at them: "
        f" {review_command(told.file.path)}",
        file=out,
    )
