"""Writes those pages and tables that come from the program: ``make docs``. The tests compare them.

A generated part of a page stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import ast
import html
import importlib
import inspect
import itertools
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import typer

import voxpress
from voxpress import cli, engines
from voxpress.engines import Engine
from voxpress.errors import SpeechError
from voxpress.files import formats
from voxpress.files.formats import Format
from voxpress.rendering import presets
from voxpress.server.errors import STATUS
from voxpress.server.settings import Settings
from voxpress.speech import Output

ROOT = Path(__file__).parent.parent
MEASURED = ROOT / "benchmarks" / "results" / "engines.json"
OWN = sorted(path.stem for path in (ROOT / "src" / "voxpress" / "engines").glob("[a-z]*.py"))
PUBLIC = {
    "voxpress": ("say", "render", *(name for name in voxpress.__all__ if name not in {"say", "render"})),
    "voxpress.files.formats": ("Format", "format_named", "format_for"),
    "voxpress.manifests": ("read", "read_stream"),
    "voxpress.rendering.presets": ("load", "preset_named", "Preset"),
    "voxpress.quality.asr": ("Recogniser",),
    "voxpress.documents": ("read", "Document", "Chapter", "Block", "Point", "Run", "Place", "Cover"),
    "voxpress.publish.outline": ("Outline", "ChapterPlan", "Pauses", "load", "save"),
    "voxpress.publish.proposal": ("propose", "survey"),
    "voxpress.publish.narration": ("Narration", "Phrase", "narrate"),
    "voxpress.publish.recording": ("make_planner", "record", "Recording"),
    "voxpress.publish.audiobook": ("narrate_audiobook", "write_audiobook"),
    "voxpress.publish.readalong": ("make_readalong",),
    "voxpress.publish.daisy": ("narrate_book", "write_daisy"),
    "voxpress.testing": ("EngineContract",),
}
"""What users and authors of engines import, by module."""
_PART = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def pages() -> dict[Path, str]:
    """Each page with a generated part, as it should be."""
    parts = {
        "cli": _cli(),
        "presets": _presets(),
        "formats": _formats(),
        "format_names": _format_names(),
        "engines": _engines(),
        "server_models": _server_models(),
        "server_voices": _server_voices(),
        "server_errors": _server_errors(),
        "server_settings": _server_settings(),
        "reference": _reference(),
    }
    made = {}
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        old = path.read_text(encoding="utf-8")
        new = _PART.sub(lambda part: f"{part[1]}{parts.get(part[2], '')}{part[3]}", old)
        if _PART.search(old):
            made[path] = new
    return made


def _cli() -> str:
    return "".join(_commands(typer.main.get_command(cli.app), "voxpress"))


def _commands(command: Any, name: str) -> Iterator[str]:
    inner = getattr(command, "commands", {})
    if not inner:
        yield from _command(command, name)
    for each in inner.values():
        yield from _commands(each, f"{name} {each.name}")


def _command(command: Any, name: str) -> Iterator[str]:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option" and not each.hidden]
    needed = [f"{each.opts[-1]} {each.metavar}" for each in options if each.required]
    usage = " ".join([name, *map(_argument, arguments), *needed, *(["[OPTIONS]"] if options else [])])
    yield f"## {name}\n\n{command.help}\n\n```text\n{usage}\n```\n\n"
    rows = [(f"`{_argument(each)}`", each.help or "") for each in arguments]
    rows += [(f"`{_option(each)}`", _help(each)) for each in options]
    if rows:
        yield _table(("argument or option", "what it does"), rows) + "\n"
    if command.epilog:
        examples = command.epilog.partition("Examples:\n")[2].splitlines()
        yield "```text\n" + "\n".join(line.strip() for line in examples) + "\n```\n\n"


def _argument(argument: Any) -> str:
    name = (argument.metavar or argument.name.upper()).strip("[]{}")
    return name if argument.required else f"[{name}]"


def _option(option: Any) -> str:
    names = sorted([*option.opts, *option.secondary_opts], key=len)
    value = option.metavar or "|".join(getattr(option.type, "choices", ())) or option.type.name.upper()
    return ", ".join(names) + ("" if option.is_flag else f" {value}")


def _help(option: Any) -> str:
    facts = []
    if option.required:
        facts.append("required")
    if isinstance(option.default, int | float | str) and not option.is_flag:
        facts.append(f"default: {option.default}")
    if option.envvar:
        facts.append(f"environment: `{option.envvar}`")
    return str(option.help) + (f" ({'; '.join(facts)})" if facts else "")


def _presets() -> str:
    rows = []
    for preset in presets.load().values():
        files = [f"`{path}`: {_output(output)}" for path, output in preset.files]
        rows.append(
            (
                f"`{preset.name}`",
                html.escape(preset.description),
                "<br>".join(files),
                _finish(preset.files[0][1]),
            )
        )
    return _table(("preset", "for", "files of each row", "finish"), rows)


def _output(output: Output) -> str:
    kind = formats.FORMATS[output.format]
    rate = output.sample_rate or (kind.sample_rates[0] if len(kind.sample_rates) == 1 else kind.sample_rate)
    facts = [f"`{output.format}`", f"{rate / 1000:g} kHz" if rate else ""]
    if output.bit_rate:
        facts.append(f"{output.bit_rate / 1000:g} kbit/s")
    return ", ".join(filter(None, facts))


def _finish(output: Output) -> str:
    usual = Output()
    facts = []
    if output.loudness is not None:
        facts.append(f"{output.loudness:g} LUFS")
    if output.level is not None:
        facts.append(f"active speech at {output.level:g} dBFS")
    if output.peak is not None:
        facts.append(f"peak {output.peak:g} dBFS")
    if output.least_rms is not None:
        facts.append(f"RMS at least {output.least_rms:g} dBFS")
    if output.room_tone is not None:
        facts.append(f"room tone {output.room_tone:g} dBFS")
    facts.append(f"{output.lead:g} s before, {output.tail:g} s after")
    facts += [
        f"{field.replace('_', ' ')} {getattr(output, field):g} s"
        for field in ("sentence_pause", "paragraph_pause")
        if getattr(output, field) != getattr(usual, field)
    ]
    if output.max_duration is not None:
        facts.append(f"at most {output.max_duration:g} s")
    if output.max_bytes is not None:
        facts.append(f"at most {output.max_bytes:,} bytes")
    return "; ".join(facts)


def _engines() -> str:
    """What the engines declare, and what `benchmarks/results/engines.json` says was measured of them."""
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))
    rows = []
    for name in OWN:
        kind = engines.find(name)
        languages = "any, by voice" if kind.languages == ("*",) else ", ".join(kind.languages)
        slowest, fastest = kind.speeds
        rows.append(
            (
                f"[{name}](#{name})",
                languages,
                "yes" if kind.clones else "no",
                "yes" if kind.takes_phonemes else "no",
                _batch(kind),
                f"{kind.max_chars} characters",
                "its own" if slowest == fastest else f"{slowest:g} to {fastest:g}",
                kind.repeatable,
                html.escape(f"{kind.licence}; weights: {kind.weights_licence}", quote=False),
                _speed(measured.get(name, {})),
                measured.get(name, {}).get("memory", "not measured"),
            )
        )
    columns = (
        "engine",
        "languages",
        "clones",
        "sounds",
        "batch",
        "segment",
        "speed",
        "repeatable",
        "licence",
    )
    return _table((*columns, "× real time, two cores", "memory of a worker"), rows)


def _speed(figures: Mapping[str, str]) -> str:
    speed = figures.get("speed", "not measured")
    return f"{speed} (random weights)" if figures.get("weights") == "random" else speed


def _batch(kind: type[Engine]) -> str:
    size = kind.max_batch
    return (
        str(size)
        if isinstance(size, int) and size > 1
        else "by device"
        if not isinstance(size, int)
        else "no"
    )


def _formats() -> str:
    rows = []
    for each in formats.FORMATS.values():
        extensions = ", ".join(f"`.{extension}`" for extension in each.extensions)
        bit_rate = f"{each.bit_rate / 1000:g} kbit/s" if each.bit_rate else ""
        tags = "title, language" if each.tags else ""
        rows.append((f"`{each.name}`", each.description, extensions, _rates(each), bit_rate, tags))
    return _table(("format", "what it is", "extensions", "sample rates", "usual bit rate", "tags"), rows)


def _rates(kind: Format) -> str:
    rates = ", ".join(f"{rate / 1000:g}" for rate in kind.sample_rates)
    usual = f"{kind.sample_rate / 1000:g} kHz unless asked otherwise" if kind.sample_rate else ""
    return f"{rates} kHz" if rates else usual or "any"


def _format_names() -> str:
    return ", ".join(f"`{name}`" for name in formats.FORMATS) + "\n"


def _names() -> dict[str, Any]:
    return tomllib.loads((ROOT / "src/voxpress/server/aliases.toml").read_text(encoding="utf-8"))


def _server_models() -> str:
    rows = [
        (f"`{name}`", ", ".join(f"`{each}`" for each in meant)) for name, meant in _names()["models"].items()
    ]
    return _table(("`model`", "the first of these that can speak"), rows)


def _server_voices() -> str:
    """Names of voices by engine, one column for each engine of the table."""
    voices = _names()["voices"]
    names = sorted({name for meant in voices.values() for name in meant})
    rows = [(f"`{name}`", *(f"`{meant[name]}`" for meant in voices.values())) for name in names]
    return _table(("`voice`", *voices), rows)


_EXCEPTIONS = {400: "BadRequestError", 404: "NotFoundError"}
"""Of OpenAI's client, by status; from 500 on it is InternalServerError."""


def _server_errors() -> str:
    rows = [
        (
            f"`{kind.__name__}`",
            "Anything else" if kind is SpeechError else _sentence(str(kind.__doc__)),
            str(status),
            f"`{name}`",
            f"`{code}`",
            f"`{_EXCEPTIONS.get(status, 'InternalServerError')}`",
        )
        for kind, (status, name, code) in STATUS.items()
    ]
    return _table(
        ("error of voxpress", "what happened", "status", "type", "code", "in OpenAI's client"), rows
    )


def _sentence(doc: str) -> str:
    """The first of a docstring, without its full stop."""
    return re.sub(r"\s+", " ", re.split(r"\.(?:\s|$)", doc, maxsplit=1)[0])


def _server_settings() -> str:
    told = _docstrings(Settings)
    rows = [
        (
            f"`{field.encode_name}`",
            f"`{_default(field)}`",
            told[field.name].replace("``", "`").replace("None:", "none:"),
        )
        for field in msgspec.structs.fields(Settings)
    ]
    return _table(("field", "by default", "what it is"), rows)


def _reference() -> str:
    """A table of the public names of each module, and a mark for each where the site puts its docstring."""
    sections = []
    for module, names in PUBLIC.items():
        home = importlib.import_module(module)
        rows = [
            (f"`{name}`", _sentence(inspect.getdoc(getattr(home, name)) or "").replace("``", "`"))
            for name in names
        ]
        marks = "".join(f"<!-- docstring: {module}.{name} -->\n\n" for name in names)
        sections.append(f"## {module}\n\n{_table(('name', 'what it is'), rows)}\n{marks}")
    return "".join(sections)


def _docstrings(kind: type) -> dict[str, str]:
    """The string after each field of a class."""
    definition: Any = ast.parse(inspect.getsource(kind)).body[0]
    told = {}
    for pair in itertools.pairwise(definition.body):
        match pair:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(doc))):
                told[name] = inspect.cleandoc(doc)
    return told


def _default(field: Any) -> str:
    """A field's default as TOML would have it; TOML has no word for None."""
    value = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    return "none" if value is None else json.dumps(value)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def main() -> None:
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
