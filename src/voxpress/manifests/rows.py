"""The fields of a row, and the way from a row's values to an utterance. All formats share this."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

import msgspec

from voxpress import validation
from voxpress.errors import LeftOut, ManifestError, suggest
from voxpress.manifests import Row
from voxpress.manifests.columns import EXTRA, FIELDS, OPTION
from voxpress.manifests.reading import Reading
from voxpress.speech import OptionValue, Speaker, Utterance


def row(fields: dict[str, object], path: str, line: int) -> Iterable[Row]:
    r"""One row: its utterance, or an error for each field that is wrong.

    >>> [utterance] = row({"file": "digits/1.wav", "text": "One."}, "p.csv", 2)
    >>> utterance.id, utterance.origin
    ('digits/1', 'p.csv:2')
    >>> print(*row({"id": "one", "speed": "fast"}, "p.csv", 3), sep="\n")
    p.csv:3: text: is missing or empty
    p.csv:3: speed: must be a number above 0, such as 1.1, not 'fast'

    Args:
        fields: values by names of `FIELDS`, and ``options``; this function changes the dictionary.
        path: name of the manifest.
        line: first line of the row.
    """
    if "id" not in fields and isinstance(file := fields.get("file"), str):
        fields["id"], extension = posixpath.splitext(file)
        if not extension:  # a column of file names without extensions is one of ids
            del fields["file"]
    fields["origin"] = f"{path}:{line}"
    try:
        utterance = msgspec.convert(fields, Utterance)
    except msgspec.ValidationError:
        return _find_problems(fields, path, line)
    if not utterance.id or not utterance.text or utterance.text.isspace() or "\0" in utterance.text:
        return _find_problems(fields, path, line)
    return (utterance,)


def named_row(named: Mapping[str, object], reading: Reading, line: int, count: int = 0) -> Iterable[Row]:
    """Like `row`, for a row with the names that its author gave the fields (an object of JSON, say).

    Args:
        count: the row's number, which names it where rows have no names; 0: that of its line.

    >>> [utterance] = named_row({"audio_filepath": "one.wav", "text": "One.", "mood": 3}, Reading("p.jsonl"), 1)
    >>> utterance.file, utterance.extra
    ('one.wav', {'mood': 3})
    """
    path, values = reading.path, named.values()
    if named.keys() <= FIELDS and reading.takes_own_names and None not in values and "" not in values:
        fields = dict(named)
        reading.name_row(fields, count or line)
        return row(fields, path, line)
    fields = {}
    extra: dict[str, object] = {}
    problems: list[ManifestError] = []
    givers: dict[str, str] = {}
    for name, value in named.items():
        try:
            field = name if name == "options" else reading.columns.find(name)
            if field in givers:
                field = _choose_giver(field, givers[field], name, fields, extra, reading)
        except ManifestError as error:
            problems.append(ManifestError(error.problem, path=path, line=line, field=error.field))
            continue
        if not field or value is None or value == "":
            continue
        if field.startswith(OPTION):
            problems.append(
                ManifestError("is for tables; write options: {NAME: VALUE}", path=path, line=line, field=name)
            )
        elif field.startswith(EXTRA):
            extra[field.removeprefix(EXTRA)] = value
        else:
            givers[field] = name
            fields[field] = str(value) if field == "speaker" and type(value) is int else value
    if extra:
        fields["extra"] = {name: _flatten(value) for name, value in extra.items()}
    reading.name_row(fields, count or line)
    rows = row(fields, path, line)
    if not problems:
        return rows
    return [*problems, *(one for one in rows if isinstance(one, ManifestError))]


def _choose_giver(
    field: str, former: str, name: str, fields: dict[str, object], extra: dict[str, object], reading: Reading
) -> str:
    """Which field a second value for a field has, by the rank of the names.

    Raises:
        ManifestError: neither comes first; it has neither path nor line.
    """
    columns = reading.columns
    if columns.rank(former) == columns.rank(name):
        raise ManifestError(
            "is given twice" if former == name else f"is given twice: {name!r} means it too", field=field
        )
    if columns.rank(former) < columns.rank(name):
        return columns.leave(name)
    extra[columns.leave(former).removeprefix(EXTRA)] = fields.pop(field)
    return field


def _flatten(value: object) -> OptionValue:
    """A value of JSON, as one value of a report."""
    if isinstance(value, str | bool | float) or (
        isinstance(value, int) and abs(value) <= validation.LARGEST_SEED
    ):
        return value
    return msgspec.json.encode(value).decode()


SHARED = frozenset(("defaults", "cast", "values", "extends"))
"""What a manifest that is no table says once for all its rows, by the names of its fields."""


def require_head(name: str, path: str, line: int) -> None:
    """Check that a document may have that name beside its ``prompts``.

    Raises:
        ManifestError: it may not.
    """
    known = (*sorted(SHARED), "prompts")
    if name not in known:
        problem = f"means nothing beside prompts{suggest(name, known)} (known: {', '.join(known)})"
        raise ManifestError(problem, path=path, line=line, field=name)


class Shared:
    """What a manifest says for all its rows: values of fields that a row leaves out, and speakers by their names.

    >>> shared = Shared({"cast": {"Alice": {"voice": "high"}}}, Reading("p.json"), 1)
    >>> [row] = shared.read_row({"id": "a", "text": "A.", "speaker": "Alice"}, 2)
    >>> row.cast
    {'Alice': Speaker(voice='high')}

    Args:
        document: has the fields of `SHARED`, or some.
        line: where it says so.

    Raises:
        ManifestError: one of them cannot be so.
    """

    def __init__(self, document: Mapping[str, object], reading: Reading, line: int) -> None:
        self._reading, self._line = reading, line
        reading.declare(document, lambda name: line)
        own = self._read(document, "defaults", reading.path)
        cast = dict(read_cast(self._read(document, "cast", reading.path), reading.path, lambda name: line))
        self._defaults, self._cast = reading.share(own, cast)
        self._reported: set[str] = set()

    def _read(self, document: Mapping[str, object], name: str, path: str) -> dict[str, object]:
        found = document.get(name)
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise ManifestError(
                "must be an object of names and values", path=path, line=self._line, field=name
            )
        return found

    def read_row(self, named: Mapping[str, object], line: int, count: int = 0) -> Iterator[Row]:
        """`named_row`, with what is shared. What is wrong there is reported once, with its own line."""
        own = {name for name, value in named.items() if value is not None and value != ""}
        kept = {name: value for name, value in named.items() if name in own or name not in self._defaults}
        values = {**self._defaults, **kept}
        for row in give_cast(named_row(values, self._reading, line, count), self._cast):
            field = row.field if isinstance(row, ManifestError) else None
            if isinstance(row, ManifestError) and field and field.partition(".")[0] in values.keys() - own:
                row = ManifestError(row.problem, path=self._reading.path, line=self._line, field=field)
                if str(row) in self._reported:
                    continue
                self._reported.add(str(row))
            yield row


def read_cast(
    given: Mapping[str, object], path: str, line_of: Callable[[str], int]
) -> Iterator[tuple[str, Speaker]]:
    """The speakers that a manifest names.

    >>> dict(read_cast({"Alice": {"voice": "high"}}, "p.json", lambda name: 1))
    {'Alice': Speaker(voice='high')}

    Raises:
        ManifestError: one of them is none.
    """
    for name, speaker in given.items():
        if problem := validation.explain_cast_name(name):
            raise ManifestError(problem, path=path, line=line_of(name), field="cast")
        if not isinstance(speaker, Mapping):
            problem = 'must be a speaker such as {"engine": "piper", "voice": "joe"}'
            raise ManifestError(problem, path=path, line=line_of(name), field=f"cast.{name}")
        for error in _find_wrong_speaker(speaker, path, line_of(name), f"cast.{name}"):
            raise error
        yield name, msgspec.convert(speaker, Speaker)


def give_cast(rows: Iterable[Row], cast: Mapping[str, Speaker]) -> Iterable[Row]:
    """Rows that know the speakers whom their manifest names."""
    if not cast:
        return rows
    return (msgspec.structs.replace(row, cast=cast) if isinstance(row, Utterance) else row for row in rows)


def leave_out_unspeakable(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows of a prompt list, with `LeftOut` for rows that cannot be spoken and for further rows of a file."""
    seen: dict[str, tuple[str, str]] = {}
    for one in rows:
        if isinstance(one, ManifestError):
            yield one
            continue
        place, _, line = one.origin.rpartition(":")
        first, text = seen.setdefault(one.id.lower(), (line, one.text))
        if not any(map(str.isalnum, one.text)) and one.markup == "plain":
            problem = f"{one.id}: nothing to speak in {one.text!r}"
        elif first == line:
            yield one
            continue
        else:
            other = "the same text" if text == one.text else "another text"
            problem = f"{one.id} stands in line {first} already, with {other}"
        yield LeftOut(problem, path=place, line=int(line))


def _find_problems(fields: Mapping[str, object], path: str, line: int) -> Iterator[ManifestError]:
    id = fields.get("id")
    wrong = partial(ManifestError, path=path, line=line, id=id if isinstance(id, str) else "")
    if not id:
        yield wrong("is missing: a row needs an id or a file", field="id")
    if not str(fields.get("text", "")).strip():
        yield wrong("is missing or empty", field="text")
    if "\0" in str(fields.get("text", "")):
        yield wrong("holds a NUL character", field="text")
    speaker = fields.get("speaker")
    if isinstance(speaker, Mapping):
        yield from (
            wrong(each.problem, field=each.field) for each in _find_wrong_speaker(speaker, path, line)
        )
        fields = {name: value for name, value in fields.items() if name != "speaker"}
    for field, problem in validation.problems(fields):
        yield wrong(problem, field=field)


def _find_wrong_speaker(
    speaker: Mapping[str, object], path: str, line: int, place: str = "speaker"
) -> Iterator[ManifestError]:
    known = Speaker.__struct_fields__
    for name in speaker.keys() - set(known):
        problem = f"no such field{suggest(name, known)} (fields: {', '.join(known)})"
        yield ManifestError(problem, path=path, line=line, field=f"{place}.{name}")
    for name, problem in validation.problems({name: speaker[name] for name in known if name in speaker}):
        yield ManifestError(problem, path=path, line=line, field=f"{place}.{name}")
