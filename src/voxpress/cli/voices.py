"""``voxpress voices``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voxpress.cli.options import (
    Json,
    Listing,
    Model,
    examples,
    recogniser_named,
)
from voxpress.cli.tables import cell, print_json, print_table
from voxpress.errors import EngineError, InputError

if TYPE_CHECKING:
    from voxpress.quality.asr import Recogniser

_TAG = re.compile(r"[a-z]{2,3}([-_][A-Za-z]{2})?")
"""A language, where an engine's name is expected."""

app = typer.Typer(cls=Listing, help="Voices: those of engines, and your own.", rich_markup_mode=None)


@app.command(
    name="list",
    epilog=examples("voxpress voices kokoro", "voxpress voices piper --model en_GB-alba-medium.onnx"),
)
def voices(
    engine: Annotated[
        str | None, typer.Argument(metavar="[ENGINE]", help="By default all engines that are installed.")
    ] = None,
    model: Model = None,
    language: Annotated[
        str | None,
        typer.Option(
            "--language",
            "-l",
            metavar="TAG",
            help="Only voices that speak it, those of models that can be pulled among them.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """List voices: those of engines, and your own under each engine that speaks with them."""
    from voxpress import engines

    if engine and engine not in engines.names() and _TAG.fullmatch(engine):
        raise InputError(f"no engine {engine!r}; for a language: voxpress voices --language {engine}")
    found: list[dict[str, object]] = []
    for name in [engine] if engine else engines.names():
        try:
            found += _list_voices(name, model, installed=engine is None)
        except EngineError as error:
            if engine and language is None:
                raise
            if language is None:  # with one, the voices to be pulled are listed too
                typer.echo(f"voxpress: {name}: {error}", err=True)
    if engine is None:
        found += _list_unspoken(found)
    columns = ["engine", "name", "languages", "gender", "description"]
    if language is not None:
        found = _speaking(found, language, engine)
        columns = ["engine", "model", *columns[1:], "get it with"]
        if not found:
            who = f"no voice of {engine}" if engine else "no voice"
            raise InputError(f"{who} speaks {language!r}, and no model of the catalogue does")
    if json:
        print_json(found)
    else:
        print_table(found, columns)


def _list_voices(name: str, model: str | None, *, installed: bool) -> list[dict[str, object]]:
    """The voices of an engine.

    Args:
        installed: give none of an engine whose packages are missing.

    Raises:
        EngineError: the engine cannot list them.
    """
    import msgspec

    from voxpress import engines

    with engines.Guard(name):
        kind = engines.find(name)
        if installed and engines.missing_packages(kind):
            return []
        return [{"engine": name, **msgspec.to_builtins(voice)} for voice in kind(model).voices()]


def _list_unspoken(found: list[dict[str, object]]) -> list[dict[str, object]]:
    """Cloned voices that no engine here speaks with. Those that cannot be read are named on standard error."""
    import msgspec

    from voxpress.voices import references

    for problem in references.broken():
        typer.echo(f"voxpress: {problem}", err=True)
    spoken = {voice.get("reference") for voice in found}
    return [
        {"engine": "", **msgspec.to_builtins(references.voice(reference))}
        for reference in references.listed()
        if reference.digest not in spoken
    ]


def _languages(voice: dict[str, object]) -> list[str]:
    """What a voice speaks: where it does not say, what its engine does."""
    import msgspec

    from voxpress import engines

    engine = str(voice["engine"])
    own = voice.get("languages") or (engines.find(engine).languages if engine else ())
    return msgspec.convert(own, list[str])


def _speaking(here: list[dict[str, object]], language: str, engine: str | None) -> list[dict[str, object]]:
    """Those of the voices here that speak a language, and those that can be had."""
    import msgspec

    from voxpress import languages
    from voxpress.rendering import offers

    found = [one for one in here if languages.covers(_languages(one), language)]
    for offer in offers.listed():
        if (engine and offer.engine != engine) or not offer.speaks(language):
            continue
        entry = {"engine": offer.engine, "model": offer.model, "get it with": " && ".join(offer.get)}
        voices = [voice for voice in offer.voices if languages.covers(voice.languages, language)]
        found += [entry | msgspec.to_builtins(voice) for voice in voices]
        if not offer.voices:
            found.append(entry | {"name": "", "languages": offer.languages})
    return found


@app.command(
    name="add",
    epilog=examples(
        "voxpress voices add anna --reference anna.wav --speaker 'Anna Smith' --consent 'release of 1 March 2026'"
    ),
)
def voices_add(
    name: Annotated[str, typer.Argument(help="Name of the voice: letters, digits, '-', '_' and '.'.")],
    reference: Annotated[
        Path,
        typer.Option("--reference", metavar="FILE", help="3 s of speech or more; 6 to 12 s are best."),
    ],
    transcript: Annotated[
        str | None,
        typer.Option(
            "--transcript",
            "-t",
            metavar="TEXT",
            help="The words of the sample; by default, what the recogniser hears.",
        ),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            "--language",
            "-l",
            metavar="TAG",
            help="Language of the sample; by default, what the recogniser hears.",
        ),
    ] = None,
    speaker: Annotated[
        str | None,
        typer.Option("--speaker", metavar="WHO", help="The person whose voice it is (required)."),
    ] = None,
    consent: Annotated[
        str | None,
        typer.Option("--consent", metavar="TEXT", help="What that person agreed to, and how (required)."),
    ] = None,
    engine: Annotated[
        list[str] | None,
        typer.Option(
            "--engine",
            "-e",
            metavar="NAME",
            help="An engine that gets the voice; by default all that clone; may be repeated.",
        ),
    ] = None,
    recogniser: Annotated[
        str | None,
        typer.Option(
            "--asr-model",
            metavar="MODEL",
            help="The recogniser, or 'none'; by default whisper-base where it is installed.",
        ),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a voice of that name.")] = False,
    json: Json = False,
) -> None:
    """Add a cloned voice: a sample of somebody who agreed to it, for every engine that clones.

    The sample is checked, cut to what engines take, and brought to a usual level.
    """
    from voxpress import engines
    from voxpress.quality import mos
    from voxpress.voices import editing

    engines.check_clone(name, engine or [])
    added = editing.add(
        name,
        reference,
        transcript=transcript,
        language=language,
        speaker=speaker or "",
        consent=consent or "",
        engines=engine or (),
        recogniser=_recogniser_if_there(recogniser),
        checks=[mos.one_voice],
        replace=replace,
    )
    for warning in added.warnings:
        typer.echo(f"voxpress: warning: {warning}", err=True)
    if json:
        print_json(_ask_for_owner(name))
    else:
        typer.echo(
            f"{name} is added: {added.duration:.1f} s of {added.speaker}, who says {added.transcript!r}"
        )


@app.command(name="show", epilog=examples("voxpress voices show anna"))
def voices_show(name: Annotated[str, typer.Argument(help="One of yours.")], json: Json = False) -> None:
    """Say what is known of a cloned voice: whose it is, what they agreed to, and how good its sample is."""
    facts = _ask_for_owner(name)
    if json:
        print_json(facts)
        return
    facts["sample"] = (
        f"{facts['duration']:.1f} s at {facts['sample_rate']} Hz, noise {facts['noise']:.0f} dB below"
    )
    for fact in (
        "name",
        "speaker",
        "consent",
        "added",
        "language",
        "transcript",
        "sample",
        "engines",
        "key",
        "folder",
    ):
        typer.echo(f"{fact:<12}{cell(facts[fact]) or 'all that clone'}")
    for warning in facts["warnings"]:
        typer.echo(f"{'warning':<12}{warning}")


@app.command(name="rename", epilog=examples("voxpress voices rename anna welcome"))
def voices_rename(
    name: Annotated[str, typer.Argument(help="One of yours.")],
    new: Annotated[str, typer.Argument(help="The new name.")],
) -> None:
    """Rename a cloned voice; nothing is spoken again."""
    from voxpress import engines
    from voxpress.voices import editing, references

    engines.check_clone(new, references.find(name).engines)
    editing.rename(name, new)
    typer.echo(f"{name} is now called {new}")


@app.command(name="remove", epilog=examples("voxpress voices remove anna"))
def voices_remove(name: Annotated[str, typer.Argument(help="One of yours.")]) -> None:
    """Delete a cloned voice, and what engines computed from its sample. What was spoken with it stays."""
    from voxpress.voices import editing

    editing.remove(name)
    typer.echo(f"{name} is removed; what was spoken with it stays in the store and where it was rendered to")


def _ask_for_owner(name: str) -> dict[str, Any]:
    import msgspec

    from voxpress.voices import recordings, references

    reference = references.find(name)
    sample = references.audio(reference)
    quality = recordings.measure(sample)
    return {
        **msgspec.structs.asdict(reference),
        "key": references.voice(reference).key,
        "folder": str(references.default_folder() / name),
        "sample_rate": sample.sample_rate,
        "speech": quality.speech,
        "noise": quality.noise,
        "level": quality.level,
    }


def _recogniser_if_there(wanted: str | None) -> Recogniser | None:
    """What is named, or what there is."""
    if wanted == "none":
        return None
    recogniser = recogniser_named(wanted)
    try:
        recogniser.require()
    except EngineError:
        if wanted:
            raise
        return None
    return recogniser
