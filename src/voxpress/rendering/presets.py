"""Presets: the files that a target system wants of each row.

Presets are data: `presets.toml` holds those that come with voxpress, ``[presets.NAME]`` tables of a
project's file have the same shape::

    [presets.office]
    extends = "asterisk"
    level = -18.0

A preset's own fields (those of `voxpress.speech.Output`) hold for all its files, a file's fields override
them. Without a format, the extension of a file's path decides. With ``extends`` a preset starts from another: its
fields replace that one's, and its files too if it has any; files that are taken over keep what they say themselves.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from voxpress import marks
from voxpress.errors import InputError, ManifestError, UnsupportedOption, suggest
from voxpress.files.formats import FORMATS, format_for
from voxpress.files.names import NameRule
from voxpress.files.paths import audio_extension, require_extension, safe_path
from voxpress.rendering import templates
from voxpress.rendering.chimes import Chime
from voxpress.rendering.tables import Table, read_toml, require_table
from voxpress.rendering.wrong_fields import find_wrong_field
from voxpress.speech import Output

if TYPE_CHECKING:
    pass

_OWN_FIELDS = (
    "extends", "description", "files", "lexicons", "marks", "names", "before", "after", "map", "continuation",
)  # fmt: skip
_FIELDS = (*_OWN_FIELDS, *Output.__struct_fields__)
_GAINS = ("level", "loudness")
_DEEPEST = 20
"""Presets that may extend each other in a row."""


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """The files to make of each row.

    >>> load()["twilio"].files[0][1].sample_rate
    8000
    """

    name: str
    description: str = ""
    files: tuple[tuple[str, Output], ...]
    """Templates of paths in the output folder, and what lies there."""
    lexicons: tuple[str, ...] = ()
    """Files that say how words are spoken; the first wins."""
    marks: tuple[str, ...] = ()
    """Formats of the files with marks that lie beside them, names of `voxpress.marks.FORMATS`."""
    names: tuple[NameRule, ...] = ()
    """What the receiving system demands of the names of files."""
    before: Chime | None = None
    after: Chime | None = None
    """What is heard around each text."""
    map: str = ""
    """Where `voxpress render` writes which file each id has: a path in the output folder; empty: nowhere."""
    continuation: bool = False
    """Whether texts with an ellipsis at an end are spoken as parts of a sentence, where the engine gains from it."""


def load(project_file: Path | None = None) -> Mapping[str, Preset]:
    """The presets of voxpress and those of `project_file` by name; the project's win.

    Raises:
        ManifestError: the project's file cannot be read or is wrong, with file, table and field.

    >>> list(load())
    ['asterisk', 'freeswitch', 'twilio', 'amazon-connect', 'podcast', 'audiobook', 'acx', 'video', \
'ha-voice-pe', 'sonos', 'cast', 'alexa', 'edgetx', 'valetudo']
    """
    if project_file is None:
        return _BuiltIn()
    return read_presets(read_toml(project_file), str(project_file))


def read_presets(document: Table, path: str) -> Mapping[str, Preset]:
    """The presets of voxpress and those of a project's file as it was read; the project's win.

    Raises:
        ManifestError: as `load`.
    """
    own = _Presets(require_table(document, "presets", path), path).all()
    return MappingProxyType({**_BuiltIn(), **own})


def preset_named(name: str, presets: Mapping[str, Preset]) -> Preset:
    """The preset called `name`.

    Raises:
        UnsupportedOption: naming those that exist.

    >>> preset_named("asterisk", load()).files[2][0]
    '{id}.ulaw'
    """
    if name in presets:
        return presets[name]
    raise UnsupportedOption(f"no preset {name!r}{suggest(name, presets)} (presets: {', '.join(presets)})")


def choose_marks(preset: Preset | None, asked: Sequence[str] | None) -> Sequence[str]:
    """The formats of marks that are asked for; None: those of the preset, if there is one.

    >>> film = Preset(name="film", files=(), marks=("srt",))
    >>> choose_marks(film, None), choose_marks(film, ["vtt"]), choose_marks(film, []), choose_marks(None, None)
    (('srt',), ['vtt'], [], ())
    """
    if asked is not None:
        return asked
    return preset.marks if preset else ()


def choose_continuation(preset: Preset | None, asked: bool | None) -> bool | None:
    """Whether texts with an ellipsis at an end are spoken as parts of a sentence; None: where the engine gains from it.

    Args:
        asked: None: as the preset says, which has it where the engine gains, or not at all.

    >>> choose_continuation(load()["asterisk"], None), choose_continuation(None, None)
    (None, False)
    """
    if asked is None and preset and preset.continuation:
        return None
    return bool(asked)


class _Presets:
    """Preset tables of one file, and those they extend."""

    def __init__(self, tables: Table, path: str) -> None:
        self.tables, self.path = tables, path

    def all(self) -> dict[str, Preset]:
        if not all(map(str.strip, self.tables)):
            raise ManifestError("a preset needs a name", path=self.path, field="presets")
        return {name: self._preset(name) for name in self.tables}

    def _preset(self, name: str) -> Preset:
        table = self._resolve(name, ())
        for field in table:
            if field not in _FIELDS:
                problem = f"no such field{suggest(field, _FIELDS)} (fields: {', '.join(_FIELDS)})"
                raise self._error(name, field, problem)
        if "files" not in table:
            example = 'files = [{ path = "{id}.opus" }]'
            raise self._error(
                name, "files", f"is missing: name the files, such as {example}, or a preset in extends"
            )
        files = table["files"]
        if not isinstance(files, list) or not files or not all(isinstance(file, dict) for file in files):
            raise self._error(name, "files", "must be a list of tables with a path each")
        shared = {key: value for key, value in table.items() if key not in _OWN_FIELDS}
        made: dict[str, Output] = {}
        for number, file in enumerate(files):
            place = f"files[{number}]"
            own = {key: value for key, value in file.items() if key != "path"}
            template = file.get("path")
            if not isinstance(template, str):
                raise self._error(name, f"{place}.path", "is missing, or not a text")
            if "format" not in shared and "format" not in own and audio_extension(template):
                own["format"] = format_for(template).name
            output = self._output(name, place, shared, own)
            try:
                template = templates.resolve(template, output)
                require_extension(template, FORMATS[output.format])
            except InputError as error:
                raise self._error(name, f"{place}.path", error.problem) from error
            if template in made:
                raise self._error(name, f"{place}.path", f"another file has the path {template!r}")
            made[template] = output
        description = table.get("description", "")
        if not isinstance(description, str):
            raise self._error(name, "description", "must be a text")
        try:
            formats = marks.check_formats(table.get("marks", ()))
        except InputError as error:
            raise self._error(name, "marks", error.problem) from error
        return Preset(
            name=name,
            description=description,
            files=tuple(made.items()),
            lexicons=self._lexicons(name, table.get("lexicons", [])),
            marks=formats,
            names=self._names(name, table.get("names", [])),
            map=self._map(name, table.get("map", "")),
            before=self._chime(name, "before", table),
            after=self._chime(name, "after", table),
            continuation=self._continuation(name, table.get("continuation", False)),
        )

    def _map(self, name: str, given: object) -> str:
        if not isinstance(given, str):
            raise self._error(name, "map", "must be the path of a JSON file in the output folder")
        try:
            return safe_path(given) if given else ""
        except InputError as error:
            raise self._error(name, "map", error.problem) from error

    def _chime(self, name: str, side: str, table: Table) -> Chime | None:
        if side not in table:
            return None
        try:
            return read_chime(table[side], self.path)
        except InputError as error:
            raise self._error(name, f"{side}.{error.field}".removesuffix(".None"), error.problem) from error

    def _names(self, name: str, given: object) -> tuple[NameRule, ...]:
        if not isinstance(given, list) or not all(isinstance(rule, dict) for rule in given):
            raise self._error(name, "names", "must be a list of tables, such as [{ longest = 8 }]")
        rules = []
        for number, rule in enumerate(given):
            try:
                rules.append(msgspec.convert(rule, NameRule))
            except msgspec.ValidationError as error:
                field, problem = find_wrong_field(error, rule, NameRule)
                raise self._error(name, f"names[{number}].{field}".rstrip("."), problem) from error
        return tuple(rules)

    def _continuation(self, name: str, given: object) -> bool:
        if not isinstance(given, bool):
            raise self._error(name, "continuation", "must be true or false")
        return given

    def _lexicons(self, name: str, given: object) -> tuple[str, ...]:
        if not isinstance(given, list) or not all(isinstance(path, str) and path for path in given):
            raise self._error(name, "lexicons", "must be a list of files")
        return place_lexicons(given, self.path)

    def _resolve(self, name: str, below: tuple[str, ...]) -> Table:
        own = require_table(self.tables, name, self.path, "presets.")
        base = own.get("extends")
        if base is None:
            return own
        # A project's preset may extend the built-in one whose name it takes.
        inner = isinstance(base, str) and base != name and base in self.tables
        if len(below) > _DEEPEST:
            raise self._error(name, "extends", f"is more than {_DEEPEST} presets deep")
        if inner and base in (*below, name):
            raise self._error(name, "extends", f"goes round in circles: {' → '.join((*below, name, base))}")
        if not isinstance(base, str) or not (inner or base in _tables()):
            if base == name:
                raise self._error(
                    name, "extends", f"a preset cannot extend itself, and {name!r} is not built in"
                )
            known = list(dict.fromkeys([*_tables(), *self.tables]))
            hint = suggest(str(base), known)
            raise self._error(name, "extends", f"no preset {base!r}{hint} (presets: {', '.join(known)})")
        taken = self._resolve(base, (*below, name)) if inner else _tables()[base]
        return _put_over({key: value for key, value in own.items() if key != "extends"}, taken)

    def _output(self, name: str, place: str, shared: Table, own: Table) -> Output:
        fields = _put_over(own, shared)
        try:
            return msgspec.convert(fields, Output)
        except msgspec.ValidationError as error:
            field, problem = find_wrong_field(error, fields, Output)
            where = f"{place}." if field in own or field not in shared else ""
            raise self._error(name, f"{where}{field}", problem) from error

    def _error(self, name: str, field: str, problem: str) -> ManifestError:
        return ManifestError(problem, path=self.path, field=f"presets.{name}.{field}")


def _put_over(own: Table, base: Table) -> dict[str, Any]:
    """Fields that override others. Of a level and a loudness, which both set the gain, the own one counts."""
    gained = any(each in own for each in _GAINS)
    return {**{key: value for key, value in base.items() if not (gained and key in _GAINS)}, **own}


def read_chime(given: object, project: str) -> Chime:
    """A chime as it stands in a project's file: a table, or just its sound. Files lie beside the project's file.

    Raises:
        InputError: it cannot be so.
    """
    table = {"sound": given} if isinstance(given, str) else given
    if not isinstance(table, dict):
        raise InputError(
            'must be a sound such as "chime:gong", or a table such as { sound = "ding.wav", gap = 0.5 }'
        )
    try:
        return msgspec.convert(table, Chime).beside(Path(project).parent)
    except msgspec.ValidationError as error:
        field, problem = find_wrong_field(error, table, Chime)
        raise InputError(problem, field=field) from error


def place_lexicons(given: Iterable[str], project: str) -> tuple[str, ...]:
    """The paths of files that lie beside a project's file."""
    return tuple(str(Path(project).parent / Path(path).expanduser()) for path in given)


@functools.cache
def _tables() -> Table:
    import tomllib
    from importlib import resources

    return tomllib.loads(resources.files(__package__).joinpath("presets.toml").read_text(encoding="utf-8"))


@functools.cache
def _load_built_in() -> Mapping[str, Preset]:
    return _Presets(_tables(), "presets.toml").all()


class _BuiltIn(Mapping[str, Preset]):
    """The presets of voxpress. They are read when the first one is asked for, because `say` asks for none."""

    def __getitem__(self, name: str) -> Preset:
        return _load_built_in()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_load_built_in())

    def __len__(self) -> int:
        return len(_load_built_in())
