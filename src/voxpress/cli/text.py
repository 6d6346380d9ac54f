"""``voxpress text``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    read_front_end,
)
from voxpress.errors import InputError, SpeechError

if TYPE_CHECKING:
    from voxpress.text import FrontEnd
    from voxpress.text.proof import Proof

app = typer.Typer()


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
        str,
        typer.Option("--language", "-l", metavar="TAG", help="Language of rows that do not name theirs."),
    ] = "en",
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
    import msgspec

    from voxpress import languages
    from voxpress.cli.options import project_beside
    from voxpress.files import atomic

    language = languages.canonical(language)
    is_file = source != "-" and Path(source).is_file()
    shared = project_beside(source).list_lexicons() if is_file else ()
    front_end = read_front_end([*(lexicon or ()), *shared], normalise, unspeakable, emoji, lenient)
    proofs = prove_all(_read(source, manifest_format, only or [], markup), language, front_end)
    failed = False

    def chosen() -> Iterator[Proof]:
        nonlocal failed
        for proof in proofs:
            failed = failed or bool(proof.problem)
            if not uncertain:
                yield proof
            elif proof.uncertain or proof.problem:
                shown = proof.uncertain if form == Form.LEXICON else proof.changes
                yield msgspec.structs.replace(proof, changes=shown)

    title = Path(source).name if source != "-" else "proof"
    pieces = write(chosen(), form, title)
    if output is None:
        for piece in pieces:
            sys.stdout.write(piece)
    else:
        atomic.write(output, "".join(pieces).encode())
    raise typer.Exit(1 if failed else 0)


def _read(
    source: str, manifest_format: str | None, only: list[str], markup: str | None
) -> Iterator[tuple[str, str, str, str] | SpeechError]:
    """Id, text, markup and language of each text; the language is empty where the row names none."""
    from voxpress.cli.rows import Rows

    is_file = source == "-" or Path(source).is_file()
    if not is_file:
        if not source.strip():
            raise InputError("there is no text")
        yield "", source, markup or "plain", ""
    elif manifest_format is None and not _is_manifest(source):
        for line in Rows(source, None, []).lines():
            yield "", line.rstrip("\r\n"), markup or "plain", ""
    else:
        rows = Rows(source, manifest_format, only)
        for row in rows:
            if isinstance(row, SpeechError):
                yield row
            elif rows.wanted(row):
                yield row.id, row.text, row.markup if markup is None else markup, row.language or ""
        rows.require_all()


def _is_manifest(source: str) -> bool:
    """Whether a file is a manifest by its name; a plain text is one of lines."""
    from voxpress import manifests

    extension = Path(source).suffix.lower()
    wide = (name for name in manifests.names() if name != "text")
    return any(extension in manifests.find(name).extensions for name in wide)


def prove_all(
    texts: Iterable[tuple[str, str, str, str] | SpeechError], language: str, front_end: FrontEnd
) -> Iterator[Proof]:
    """The proof of each text."""
    from voxpress.text.proof import Proof, prove

    for given in texts:
        if isinstance(given, SpeechError):
            yield Proof(language=language, written="", problem=str(given))
            continue
        id, written, markup, own = given
        tag = own or language
        if not written.strip():
            yield Proof(id=id, language=tag, written=written)
            continue
        try:
            yield prove(written, tag, markup=markup, front_end=front_end, id=id)
        except SpeechError as error:
            yield Proof(id=id, language=tag, written=written, problem=str(error))


def write(proofs: Iterable[Proof], form: Form, title: str) -> Iterator[str]:
    """A proof in pieces."""
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
                yield msgspec.json.encode(proof).decode() + "\n"
        case Form.LEXICON:
            yield make_lexicon(proofs)
        case Form.HTML:
            yield from make_page(proofs, title)


def make_lexicon(proofs: Iterable[Proof]) -> str:
    """The readings of all changed places as a lexicon: people mend it, and name it in voxpress.toml."""
    from voxpress.text.lexicon import Entry, Lexicon
    from voxpress.text.lexicon.tsv import write_tsv

    entries: dict[tuple[str, str], Entry] = {}
    for proof in proofs:
        for change in proof.changes:
            if change.spoken.strip() or change.ipa:
                entry = Entry(
                    change.written, change.spoken, change.ipa, case="exact", language=proof.language
                )
                entries.setdefault((change.written, proof.language), entry)
    return write_tsv(Lexicon(entries.values()))


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
