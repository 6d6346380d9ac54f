"""``voxpress lexicon``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voxpress.cli.options import Json, LexiconFiles, examples, project_of
from voxpress.cli.tables import print_json, print_table
from voxpress.errors import InputError

if TYPE_CHECKING:
    from voxpress.text.lexicon import Entry, Lexicon

app = typer.Typer(
    help="Lexicons: how words are spoken that a voice reads wrongly.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command(epilog=examples("voxpress lexicon check names.tsv", "voxpress lexicon check lexicon/*.pls"))
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Tables with tabs, or W3C PLS.")],
    json: Json = False,
) -> None:
    """Read lexicons, and say what is in them and what is wrong.

    The exit status is 2 when one cannot be used.
    """
    from voxpress import engines
    from voxpress.text.lexicon import read

    found, wrong = [], False
    for file in files:
        facts: dict[str, object] = {"file": str(file)}
        try:
            lexicon = read(file.expanduser())
        except InputError as error:
            wrong = True
            facts["problem"] = str(error)
        else:
            facts |= {
                "entries": len(lexicon),
                "sounds": sum(bool(entry.ipa) for entry in lexicon.entries),
                "patterns": sum(entry.regex for entry in lexicon.entries),
                "languages": sorted({entry.language for entry in lexicon.entries if entry.language}),
                "notes": [*lexicon.notes, *_find_unknown_engines(lexicon, engines.names())],
            }
        found.append(facts)
    if json:
        print_json(found)
    else:
        print_table(found, ["file", "entries", "sounds", "patterns", "languages"])
        for facts in found:
            notes = facts.get("notes") or [facts["problem"]] if "problem" in facts else facts.get("notes")
            for note in notes if isinstance(notes, list) else ():
                typer.echo(f"voxpress: {note}", err=True)
    raise typer.Exit(2 if wrong else 0)


def _find_unknown_engines(lexicon: Lexicon, known: list[str]) -> Iterator[str]:
    from voxpress.errors import suggest

    for entry in lexicon.entries:
        if entry.engine and entry.engine not in known:
            yield f"{entry.origin}: no engine {entry.engine!r} here{suggest(entry.engine, known)}"


@app.command(
    epilog=examples(
        "voxpress lexicon convert names.tsv names.pls", "voxpress lexicon convert book.pls book.tsv"
    )
)
def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A table with tabs, or W3C PLS.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="A file .tsv or .pls.")],
    language: Annotated[
        str | None,
        typer.Option(
            "--language",
            "-l",
            metavar="TAG",
            help="Only entries that hold for this language as a whole, and those that name none.",
        ),
    ] = None,
    lenient: Annotated[
        bool, typer.Option("--lenient", help="Leave out what PLS cannot say, and name it.")
    ] = False,
) -> None:
    """Turn a lexicon into the other form. What the form cannot say is an error."""
    from voxpress.cli.tables import count
    from voxpress.files import atomic
    from voxpress.text.lexicon import read
    from voxpress.text.lexicon.pls import write_pls
    from voxpress.text.lexicon.tsv import write_tsv

    atomic.require_place(target.expanduser(), "target")
    lexicon = read(source.expanduser())
    if language is not None:
        lexicon = _choose_language(lexicon, language)
    match target.suffix.lower():
        case ".tsv":
            text = write_tsv(lexicon)
        case ".pls" | ".xml":
            lexicon = _leave_out(lexicon) if lenient else lexicon
            text = write_pls(lexicon)
        case _:
            raise InputError(f"{target}: the name must end in .tsv or .pls")
    for note in lexicon.notes:
        typer.echo(f"voxpress: {note}", err=True)
    atomic.write(target.expanduser(), text.encode())
    typer.echo(f"{target}: {count(len(lexicon), 'entry', 'entries')}")


def _choose_language(lexicon: Lexicon, language: str) -> Lexicon:
    """The entries that hold for a whole language, all of which then name it."""
    import msgspec

    from voxpress import languages
    from voxpress.text.lexicon import Lexicon, identify

    tag = languages.canonical(language)
    chosen: dict[object, Entry] = {}
    for entry in lexicon.entries:  # those that win come first
        if entry.language in ("", tag) or tag.startswith(f"{entry.language}-"):
            named = msgspec.structs.replace(entry, language=tag)
            chosen.setdefault(identify(named), named)
        elif entry.language.startswith(f"{tag}-"):
            typer.echo(
                f"voxpress: {entry.origin}: {entry.written!r} is left out: it holds only for {entry.language}",
                err=True,
            )
    return Lexicon(chosen.values(), lexicon.notes)


def _leave_out(lexicon: Lexicon) -> Lexicon:
    """The entries that PLS can say."""
    from voxpress.text.lexicon import Lexicon
    from voxpress.text.lexicon.pls import list_unsaid

    kept = []
    for entry in lexicon.entries:
        if unsaid := list_unsaid(entry):
            typer.echo(
                f"voxpress: {entry.origin}: {entry.written!r} is left out: PLS cannot say {' and '.join(unsaid)}",
                err=True,
            )
        else:
            kept.append(entry)
    return Lexicon(kept, lexicon.notes)


@app.command(
    name="try",
    epilog=examples(
        "voxpress lexicon try Nguyen", "voxpress lexicon try 'Ask Dr. Nguyen.' --lexicon names.tsv -e piper"
    ),
)
def try_(
    word: Annotated[str, typer.Argument(metavar="WORD", help="A word, or a text.")],
    lexicon: LexiconFiles = None,
    language: Annotated[str, typer.Option("--language", "-l", metavar="TAG", help="Of the text.")] = "en",
    engine: Annotated[str, typer.Option("--engine", "-e", metavar="NAME", help="Who would speak it.")] = "",
    voice: Annotated[str, typer.Option("--voice", "-v", metavar="NAME", help="Who would speak it.")] = "",
    json: Json = False,
) -> None:
    """Show what a lexicon makes of a word: which entry wins, which do not and why, and what is spoken.

    Numbers are read afterwards; 'voxpress text' shows that. The lexicons of a voxpress.toml in the current folder
    count too. The exit status is 1 when no entry fits.
    """
    from voxpress import engines
    from voxpress.text.clean import clean
    from voxpress.text.lexicon import apply, gather
    from voxpress.text.passage import Passage

    project = project_of(Path())
    known = gather([*(lexicon or ()), *project.list_lexicons(project.defaults.preset)])
    if not known:
        raise InputError("there is no lexicon: name one with --lexicon, or in voxpress.toml")
    texts = clean(Passage.of(word))
    if not texts:
        raise InputError("there is no text")
    text = Passage.join(paragraph.words for paragraph in texts)
    sounds = engines.find(engine).takes_phonemes if engine else True
    spoken, _ = apply(text, known, language=language, engine=engine, voice=voice, sounds=sounds)
    hits = known.find(text.text, language, engine, voice)
    silent = "" if sounds else f", but is an error: {engine} takes no sounds, so give a spelled form"
    rows = [
        {
            "entry": _show(hit.entry),
            "from": hit.entry.origin,
            "why": f"wins: {hit.spoken!r}"
            if hit.entry.spoken and not (hit.entry.ipa and sounds)
            else f"wins{silent}",
        }
        for hit in hits
    ]
    winners = {hit.entry for hit in hits}
    rows += [
        {"entry": _show(entry), "from": entry.origin, "why": reason}
        for entry in known.entries
        if entry not in winners and (reason := explain(entry, text.text, language, engine, voice))
    ]
    said = _show_sounds(spoken)
    if json:
        print_json({"spoken": said, "entries": rows})
    else:
        typer.echo(said)
        if rows:
            print_table(rows, ["entry", "from", "why"])
        else:
            typer.echo(f"voxpress: no entry fits {word!r}", err=True)
    raise typer.Exit(0 if hits else 1)


def explain(entry: Entry, text: str, language: str, engine: str, voice: str) -> str:
    """Why an entry does not win whose letters stand in a text; empty if they do not.

    >>> from voxpress.text.lexicon import Entry
    >>> explain(Entry("SQL", "sequel", engine="piper"), "SQL", "en", "kokoro", "")
    'only for engine piper'
    """
    import msgspec

    from voxpress.text.lexicon import Lexicon

    anywhere = msgspec.structs.replace(entry, language="", engine="", voice="")
    loose = (
        anywhere if entry.regex else msgspec.structs.replace(anywhere, part=True, case="any", followed_by="")
    )
    if not Lexicon([loose]).find(text):
        return ""
    if not Lexicon([anywhere]).find(text):
        return "not a whole word, or in another case"
    wanted = (("language", entry.language), ("engine", entry.engine), ("voice", entry.voice))
    if not entry.holds(language, engine, voice):
        return "only for " + ", ".join(f"{name} {value}" for name, value in wanted if value)
    return "another entry is longer, or comes first"


def _show(entry: Entry) -> str:
    reading = " ".join(filter(None, (entry.spoken, entry.ipa and f"/{entry.ipa}/")))
    return f"{entry.written} → {reading}"


def _show_sounds(spoken: object) -> str:
    """What is spoken, with sounds in the short form ``[word](/sounds/)``."""
    from voxpress.text.passage import Passage

    assert isinstance(spoken, Passage)
    said, done = "", 0
    for each in spoken.phonemes:
        said += f"{spoken.text[done : each.start]}[{spoken.text[each.start : each.end]}](/{each.ipa}/)"
        done = each.end
    return said + spoken.text[done:]
