"""``voxpress text``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from enum import StrEnum
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voxpress.cli.options import (
    ColumnNames,
    Emoji,
    Lenient,
    LexiconFiles,
    ManifestFormat,
    Normalise,
    Only,
    Unspeakable,
    ValueLists,
    examples,
    name_flags,
    read_front_end,
)
from voxpress.errors import EngineError, InputError, ManifestError, SpeechError, UnknownVoice
from voxpress.validation import Markup

if TYPE_CHECKING:
    from voxpress.rendering.casting import Casting
    from voxpress.speech import Speaker, Utterance
    from voxpress.text import FrontEnd
    from voxpress.text.proof import Proof

app = typer.Typer()
_PROLOGUE = 20
"""Lines before the first element of a document."""


class Form(StrEnum):
    """How a proof is written."""

    TABLE = "table"
    TSV = "tsv"
    HTML = "html"
    JSON = "json"
    LEXICON = "lexicon"


@app.command(
    epilog=examples(
        "voxpress text 'Dr. Patel owes you $49.95.'",
        "voxpress text prompts.csv --uncertain",
        "voxpress text prompts.csv --format html -o proof.html",
        "voxpress text prompts.csv --uncertain --format lexicon -o readings.tsv",
        "voxpress text lines.txt --format tsv --language en-GB",
    )
)
def text(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|TEXT",
            help="A manifest, a text file, - for standard input, or one text in quotes. Each line of a text file is a"
            " text; SSML and Markdown are one.",
        ),
    ],
    manifest_format: ManifestFormat = None,
    columns: ColumnNames = None,
    values: ValueLists = None,
    only: Only = None,
    language: Annotated[
        str | None,
        typer.Option(
            "--language",
            "-l",
            metavar="TAG",
            help="Language of rows that do not name theirs; by default that of the voice, or en.",
        ),
    ] = None,
    markup: Annotated[
        Markup | None,
        typer.Option(
            "--markup", metavar="NAME", help="As for 'voxpress say'; by default, the row's own, or plain."
        ),
    ] = None,
    lexicon: LexiconFiles = None,
    normalise: Normalise = None,
    unspeakable: Unspeakable = None,
    emoji: Emoji = None,
    lenient: Lenient = False,
    form: Annotated[Form, typer.Option("--format", "-f", help="How the result is written.")] = Form.TABLE,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="By default, standard output.")
    ] = None,
    uncertain: Annotated[
        bool, typer.Option("--uncertain", help="Only texts with an uncertain reading.")
    ] = False,
) -> None:
    """Show the words that the engine gets for each text.

    `?` marks an uncertain reading. The exit status is 1 if a text cannot be spoken.
    """
    from voxpress.cli.options import project_of
    from voxpress.files import atomic
    from voxpress.rendering.casting import Casting
    from voxpress.speech import Speaker

    folder = Path(source).parent if source != "-" and Path(source).is_file() else Path()
    project = project_of(folder)
    shared = project.list_lexicons(project.defaults.preset)
    files = [*(lexicon or ()), *shared]
    front_end = read_front_end(files, normalise, unspeakable, emoji, lenient, project.defaults)
    casting = Casting(Speaker(language=language).over(project.defaults.speaker), cast=project.cast)
    rows = _read(source, manifest_format, columns, values, only or [], markup)
    proofs = prove_all(rows, casting, front_end, folder)
    failed = False

    def chosen() -> Iterator[Proof]:
        nonlocal failed
        for proof in proofs:
            failed = failed or bool(proof.problem)
            # A lexicon must not change how the other texts are read, so it needs them all.
            if not uncertain or form == Form.LEXICON or proof.uncertain or proof.problem:
                yield proof

    if form == Form.LEXICON and output is not None and output.exists():
        raise InputError(f"{output} exists, and may hold entries of yours: name another file with -o")
    if output is not None:
        atomic.require_place(output, "output")
    title = Path(source).name if source != "-" else "proof"
    pieces = write(chosen(), form, title, uncertain=uncertain)
    if output is None:
        for piece in pieces:
            sys.stdout.write(piece)
    else:
        atomic.write(output, "".join(pieces).encode())
    raise typer.Exit(1 if failed else 0)


def _read(
    source: str,
    manifest_format: str | None,
    columns: str | None,
    values: list[str] | None,
    only: list[str],
    markup: Markup | None,
) -> Iterator[Utterance | SpeechError]:
    """Each text of a source.

    Raises:
        InputError: it is no text, and no file that is there.
    """
    import msgspec

    from voxpress.cli.rows import Rows
    from voxpress.speech import Utterance
    from voxpress.text.markup import guess

    if source != "-" and not Path(source).is_file():
        _require_text(source)
        yield Utterance(text=source, markup=markup or guess(source))
    elif not (manifest_format or columns or values or _is_manifest(source)):
        lines = (line.rstrip("\r\n") for line in Rows(source, None, []).lines())
        head = [next(lines, "")]
        if "<" in head[0]:  # the first element of a document can be some lines below
            head += islice(lines, _PROLOGUE)
        kind = markup or guess("\n".join(head))
        if kind in ("ssml", "markdown"):
            yield Utterance(text="\n".join((*head, *lines)), markup=kind)
        else:
            yield from (Utterance(text=line, markup=kind) for line in chain(head, lines))
    else:
        rows = Rows(source, manifest_format, only, columns=columns, values=values)
        for row in rows:
            if isinstance(row, SpeechError):
                yield row
            elif rows.wanted(row):
                yield msgspec.structs.replace(row, markup=markup) if markup else row
        rows.require_all()


def _require_text(source: str) -> None:
    if not source.strip():
        raise InputError("there is no text")
    name = Path(source)
    known = {*_list_extensions(), ".txt", ".md", ".ssml", ".xml"}
    if not any(map(str.isspace, source)) and name.suffix.lower() in known:
        raise InputError(f"no file {source!r}: to read these words as a text, add a space or a full stop")


def _is_manifest(source: str) -> bool:
    """Whether a file is a manifest by its name; a plain text is one of lines."""
    return Path(source).suffix.lower() in _list_extensions()


def _list_extensions() -> set[str]:
    """Of manifests that are more than lines of text."""
    from voxpress import manifests

    wide = (manifests.FORMATS.require(name) for name in manifests.FORMATS if name != "text")
    return {extension for format in wide for extension in format.extensions}


def prove_all(
    rows: Iterable[Utterance | SpeechError],
    casting: Casting,
    front_end: FrontEnd,
    folder: Path,
) -> Iterator[Proof]:
    """The proof of each text.

    Args:
        casting: knows who reads them, and so in which language.
        folder: where the files lie that texts name.
    """
    from voxpress.rendering.beside import FilesBeside
    from voxpress.rendering.plan import place_error
    from voxpress.text.proof import Proof, prove

    files = FilesBeside(str(folder))
    for row in rows:
        if isinstance(row, SpeechError):
            id = row.id if isinstance(row, ManifestError) else ""
            yield Proof(id=id, language="", written="", problem=str(row))
            continue
        tag = ""
        try:
            find_language = partial(_find_language, casting, row, front_end.lenient)
            tag = find_language()
            if not row.text.strip():
                yield Proof(id=row.id, language=tag, written=row.text)
                continue
            own = files.find_lexicon(row.lexicon) if row.lexicon else None
            yield prove(
                row.text,
                tag,
                markup=row.markup,
                front_end=front_end.narrow(own, row.normalise),
                id=row.id,
                files=files,
                find_language=find_language,
            )
        except SpeechError as error:
            problem = name_flags(str(place_error(error, row)))
            yield Proof(id=row.id, language=tag, written=row.text, problem=problem)


def _find_language(casting: Casting, row: Utterance, lenient: bool, speaker: Speaker | None = None) -> str:
    """The language in which a row is read, or a part of it that another speaker says.

    A proof needs no engine. So it asks for the language of a voice only where a voice is named, and no language is;
    where that engine is not there, it takes English.

    Args:
        lenient: whether a voice within the row may be unknown.
    """
    from voxpress.rendering import DEFAULT_ENGINE

    asked = casting.merge(row, speaker)
    if asked.language:
        return asked.language
    if asked.voice or asked.model or asked.engine != DEFAULT_ENGINE:
        with suppress(EngineError):
            try:
                return casting.find(row, speaker).language
            except UnknownVoice:
                if not (lenient and speaker):
                    raise
                return _find_language(casting, row, lenient)
    return "en"


def write(proofs: Iterable[Proof], form: Form, title: str, *, uncertain: bool = False) -> Iterator[str]:
    """A proof in pieces.

    Args:
        uncertain: whether a lexicon has only uncertain places.
    """
    from voxpress.text.proof.lexicon import make_lexicon
    from voxpress.text.proof.page import make_page

    match form:
        case Form.TABLE:
            yield from _write_table(proofs)
        case Form.TSV:
            for proof in proofs:
                spoken = f"error: {proof.problem}" if proof.problem else proof.spoken
                yield (
                    "\t".join(" ".join(each.split()) for each in (proof.written, spoken)).rstrip("\t") + "\n"
                )
        case Form.JSON:
            import msgspec

            for proof in proofs:
                shown = {
                    name: getattr(proof, name) for name in proof.__struct_fields__ if name != "paragraphs"
                }
                yield msgspec.json.encode(shown).decode() + "\n"
        case Form.LEXICON:
            yield make_lexicon(proofs, uncertain=uncertain)
        case Form.HTML:
            yield from make_page(proofs, title)


def _write_table(proofs: Iterable[Proof]) -> Iterator[str]:
    from voxpress.cli.summary import show_changes
    from voxpress.cli.tables import count

    texts = changed = noted = places = guesses = bad = 0
    for proof in proofs:
        texts += 1
        guesses += len(proof.uncertain)
        places += len(proof.changes)
        if proof.problem:
            bad += 1
            yield f"{proof.id or texts}: {proof.problem}\n"
        elif proof.changes or proof.notes:
            changed += bool(proof.changes)
            noted += bool(proof.notes)
            yield f"{proof.id or texts}: {proof.spoken}\n"
            yield from (f"{line}\n" for line in show_changes(proof.changes))
        for note in proof.notes:
            yield f"    {name_flags(note)}\n"
    yield (
        f"{count(texts, 'text')}, {changed:,} changed in {count(places, 'place')}"
        + (f", {guesses:,} of them uncertain (?)" if guesses else "")
        + (f", {noted:,} with notes" if noted else "")
        + (f", {bad:,} that cannot be spoken" if bad else "")
        + "\n"
    )
