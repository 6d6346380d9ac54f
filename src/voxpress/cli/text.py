"""``voxpress text``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from voxpress.cli.options import (
    Emoji,
    Lenient,
    LexiconFiles,
    ManifestFormat,
    Normalise,
    Only,
    Unspeakable,
    examples,
    name_flags,
    read_front_end,
)
from voxpress.errors import InputError, SpeechError

if TYPE_CHECKING:
    from voxpress.text import FrontEnd
    from voxpress.text.lexicon import Lexicon
    from voxpress.text.proof import Proof

app = typer.Typer()


class _Text(NamedTuple):
    """A text, and what its row says of how it is read."""

    written: str
    markup: str
    id: str = ""
    language: str | None = None
    normalise: str | None = None
    lexicon: str = ""


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
        "voxpress text prompts.csv --uncertain --format lexicon -o names.tsv",
        "voxpress text lines.txt --format tsv --language en-GB",
    )
)
def text(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|TEXT",
            help="A manifest, a text file (one text on each line), - for standard input, or one text in quotes.",
        ),
    ],
    manifest_format: ManifestFormat = None,
    only: Only = None,
    language: Annotated[
        str | None,
        typer.Option(
            "--language",
            "-l",
            metavar="TAG",
            help="Language of rows that do not name theirs; by default the project's, or en.",
        ),
    ] = None,
    markup: Annotated[
        str | None,
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
    from voxpress import languages
    from voxpress.cli.options import project_beside
    from voxpress.files import atomic

    folder = Path(source).parent if source != "-" and Path(source).is_file() else Path()
    project = project_beside(str(folder / "-"))
    language = languages.canonical(language or project.defaults.language or "en")
    shared = project.list_lexicons(project.defaults.preset)
    front_end = read_front_end([*(lexicon or ()), *shared], normalise, unspeakable, emoji, lenient)
    rows = _read(source, manifest_format, only or [], markup)
    proofs = prove_all(rows, language, front_end, folder)
    failed = False

    def chosen() -> Iterator[Proof]:
        nonlocal failed
        for proof in proofs:
            failed = failed or bool(proof.problem)
            # A lexicon must not change how the other texts are read, so it needs them all.
            if not uncertain or form == Form.LEXICON or proof.uncertain or proof.problem:
                yield proof

    title = Path(source).name if source != "-" else "proof"
    pieces = write(chosen(), form, title, uncertain=uncertain)
    if output is None:
        for piece in pieces:
            sys.stdout.write(piece)
    else:
        atomic.write(output, "".join(pieces).encode())
    raise typer.Exit(1 if failed else 0)


def _read(
    source: str, manifest_format: str | None, only: list[str], markup: str | None
) -> Iterator[_Text | SpeechError]:
    """Each text of a source."""
    from voxpress.cli.rows import Rows

    is_file = source == "-" or Path(source).is_file()
    if not is_file:
        if not source.strip():
            raise InputError("there is no text")
        yield _Text(source, markup or "plain")
    elif manifest_format is None and not _is_manifest(source):
        for line in Rows(source, None, []).lines():
            yield _Text(line.rstrip("\r\n"), markup or "plain")
    else:
        rows = Rows(source, manifest_format, only)
        for row in rows:
            if isinstance(row, SpeechError):
                yield row
            elif rows.wanted(row):
                yield _Text(row.text, markup or row.markup, row.id, row.language, row.normalise, row.lexicon)
        rows.require_all()


def _is_manifest(source: str) -> bool:
    """Whether a file is a manifest by its name; a plain text is one of lines."""
    from voxpress import manifests

    extension = Path(source).suffix.lower()
    wide = (name for name in manifests.names() if name != "text")
    return any(extension in manifests.find(name).extensions for name in wide)


def prove_all(
    texts: Iterable[_Text | SpeechError],
    language: str,
    front_end: FrontEnd,
    folder: Path,
) -> Iterator[Proof]:
    """The proof of each text.

    Args:
        folder: where the lexicons lie that texts name.
    """
    from voxpress.rendering.beside import find_lexicon
    from voxpress.text.proof import Proof, prove

    def find(file: str) -> Lexicon:
        return find_lexicon(file, str(folder))

    for given in texts:
        if isinstance(given, SpeechError):
            yield Proof(language=language, written="", problem=str(given))
            continue
        id, written, tag = given.id, given.written, given.language or language
        if not written.strip():
            yield Proof(id=id, language=tag, written=written)
            continue
        try:
            own = find(given.lexicon) if given.lexicon else None
            narrow = front_end.narrow(own, given.normalise)
            yield prove(written, tag, markup=given.markup, front_end=narrow, id=id, find_lexicon=find)
        except SpeechError as error:
            yield Proof(id=id, language=tag, written=written, problem=name_flags(str(error)))


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
    from voxpress.cli.summary import count, show_changes

    texts = changed = places = guesses = bad = 0
    for proof in proofs:
        texts += 1
        guesses += len(proof.uncertain)
        places += len(proof.changes)
        if proof.problem:
            bad += 1
            yield f"{proof.id or texts}: {proof.problem}\n"
        elif proof.changes:
            changed += 1
            yield f"{proof.id or texts}: {proof.spoken}\n"
            yield from (f"{line}\n" for line in show_changes(proof.changes))
        for note in proof.notes:
            yield f"    {note}\n"
    yield (
        f"{count(texts, 'text')}, {changed:,} changed in {count(places, 'place')}"
        + (f", {guesses:,} of them uncertain (?)" if guesses else "")
        + (f", {bad:,} that cannot be spoken" if bad else "")
        + "\n"
    )
