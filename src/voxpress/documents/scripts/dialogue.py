"""Scripts as data, in YAML or JSON: a list of turns, alone or beside the head, and MulmoScript.

A turn is ``{speaker: Ann, text: Hello.}``. docs/podcast.md lists the names that its fields may have.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from voxpress.documents.scripts import BedEnd, Format, Heading, LeftOut, Names, Script, SoundCue
from voxpress.documents.scripts.brackets import has_words
from voxpress.documents.scripts.composer import Composer
from voxpress.documents.scripts.directions import (
    MOST_GAIN,
    MOST_SECONDS,
    Manner,
    check_range,
    locate,
    read_direction,
)
from voxpress.documents.scripts.source import Head, read_text, to_values
from voxpress.errors import InputError, show
from voxpress.languages import canonical
from voxpress.manifests.json import Item, Walk
from voxpress.manifests.jsonl import find_duplicates
from voxpress.manifests.nodes import List, Map, read_document
from voxpress.speech import Seconds
from voxpress.validation import problems

LISTS = (
    "dialogue",
    "dialog",
    "turns",
    "beats",
    "script",
    "conversation",
    "transcript",
    "segments",
    "lines",
    "messages",
)
"""Names that the list of turns has beside the head."""
_TEXTS = ("text", "line", "content", "dialogue", "utterance", "body", "message", "sentence")
_SPEAKERS = ("speaker", "character", "speaker_name", "role", "person", "host", "name")
_LANGUAGES = ("language", "lang")
_SOUNDS = ("sting", "sound", "sfx", "bed")
_HEADINGS = ("chapter", "heading")
_GAPS: Mapping[str, float] = {"gap": 1.0, "pause": 1.0, "overlap": -1.0, "gap_ms": 0.001}
"""Fields with the silence before a turn, each with its unit in seconds."""
_NEXT_GAPS = ("nextGapMilisecs", "nextGapMillisecs", "next_gap_ms")
"""Fields with the silence after a turn, in ms; the first is how a podcast space of Kokoro writes it."""
_PARAGRAPHS = re.compile(r"\n[ \t]*\n\s*")
_JSON = re.compile(r'\s*(?:\{\s*(?:"|$)|\[\s*(?:[{"\[]|$))')
_JSON_ENDINGS = (".json", ".jsonl")
_YAML = re.compile(
    rf"(?:---[ \t]*\n)?(?:[ \t]*(?:#.*)?\n)*(?:- (?:{'|'.join(_SPEAKERS + _TEXTS)}):|(?:{'|'.join(LISTS)}):[ \t]*\n)"
)


class _Turn(NamedTuple):
    line: int
    value: object


def _recognise(head: str) -> bool:
    return bool(_JSON.match(head) or _YAML.match(head))


def read(path: Path, known: Names) -> Script:
    """A script in YAML or JSON.

    Raises:
        InputError: it is neither, has no list of turns, a turn cannot be so, or nothing in it is spoken.
    """
    text = read_text(path)
    values, turns = (_read_json if _JSON.match(text) or path.suffix.lower() in _JSON_ENDINGS else _read_yaml)(
        text, path
    )
    composer = Composer(path, Head(values, 1), known)
    unused: dict[str, None] = {}
    narrator = _find_default(values)
    for number, turn in enumerate(turns, 1):
        with locate(str(path), turn.line):
            fields = _to_fields(turn.value, number)
            _TurnReader(composer, fields, turn.line, number, narrator).read(unused)
    if unused:
        names = ", ".join(sorted(unused)[:20])
        composer.notes.append(f"of the turns, {names} {'is' if len(unused) == 1 else 'are'} not used")
    return composer.finish("write turns such as {speaker: Ann, text: Hello.}")


class _TurnReader:
    """Reads the fields of one turn."""

    def __init__(
        self, composer: Composer, fields: Mapping[str, object], line: int, number: int, narrator: str
    ) -> None:
        self._composer, self._fields, self._line, self._number = composer, fields, line, number
        self._narrator = narrator
        self._used: set[str] = set()

    def read(self, unused: dict[str, None]) -> None:
        """Add what the turn says to the composer, and the names of the other fields to `unused`."""
        text = self._find_text(_TEXTS)
        speaker = self._find_text(_SPEAKERS) or self._narrator
        manner = self._read_manner()
        others = [*self._list_headings(), *self._list_sounds()]
        for item in others:
            self._composer.put(item)
        if has_words(text):
            self._composer.begin(speaker, self._line, manner=manner)
            for paragraph in _PARAGRAPHS.split(text):
                self._composer.add(paragraph, self._line)
        elif not others:
            self._composer.put(LeftOut(text=f"turn {self._number} has no text", line=self._line))
        for name in _NEXT_GAPS:
            if (gap := self._number_of(name)) is not None:
                self._composer.put(Manner(gap=check_range("gap", gap / 1000, -MOST_SECONDS, MOST_SECONDS)))
        unused.update(dict.fromkeys(self._fields.keys() - self._used))

    def _find_text(self, names: Sequence[str]) -> str:
        for name in names:
            value = self._fields.get(name)
            if value is None:
                continue
            self._used.add(name)
            if not isinstance(value, str | int | float):
                raise InputError(f"must be a text, not {show(value)}", field=name)
            return str(value).strip()
        return ""

    def _number_of(self, name: str, within: object = None) -> float | None:
        value = within if within is not None else self._fields.get(name)
        if value is None:
            return None
        self._used.add(name)
        try:
            number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number):
            raise InputError(f"must be a number, not {show(value)}", field=name)
        return number

    def _read_manner(self) -> Manner:
        gap: Seconds | None = None
        said = ""
        for name, unit in _GAPS.items():
            if (number := self._number_of(name)) is not None:
                if said:
                    raise InputError(f"says what {said} says too: leave one of them out", field=name)
                said, gap = name, check_range(name, number * unit, -MOST_SECONDS, MOST_SECONDS)
        options = self._fields.get("speechOptions")
        speed = self._number_of("speed", options.get("speed") if isinstance(options, Mapping) else None)
        for field, problem in problems({"speed": speed} if speed is not None else {}):
            raise InputError(problem, field=field)
        gain = self._number_of("gain")
        language = self._find_text(_LANGUAGES)
        return Manner(
            gap=gap,
            speed=speed,
            gain=None if gain is None else check_range("gain", gain, -MOST_GAIN, MOST_GAIN),
            language=canonical(language) if language else "",
        )

    def _list_headings(self) -> Iterator[Heading]:
        if title := self._find_text(_HEADINGS):
            yield Heading(title=title, line=self._line)

    def _list_sounds(self) -> Iterator[SoundCue | BedEnd | LeftOut]:
        for name in _SOUNDS:
            value = self._fields.get(name)
            if value is None:
                continue
            self._used.add(name)
            options = ""
            if isinstance(value, Mapping):
                options = "".join(
                    f", {option} {value[option]}" for option in ("gain", "overlap") if option in value
                )
                value = value.get("name") or value.get("file")
            if not isinstance(value, str | bool):
                raise InputError(
                    f"needs a name, such as {{name: door.wav, gain: -6}}, not {show(value)}", field=name
                )
            if name == "bed" and str(value).lower() in ("off", "false", "no"):
                yield BedEnd(line=self._line)
                continue
            found = read_direction(f"{name}: {value}{options}", self._composer.sounds, self._line)
            yield from (each for each in found if isinstance(each, SoundCue))
            if not found:
                yield LeftOut(text=f"{name}: {value}", line=self._line)
        audio = self._fields.get("audio")
        source = audio.get("source") if isinstance(audio, Mapping) else None
        if isinstance(source, Mapping):
            self._used.add("audio")
            if source.get("kind") == "path" and source.get("path"):
                yield SoundCue(name=str(source["path"]), line=self._line)
            else:
                yield LeftOut(text=f"audio: {source.get('url') or show(source)}", line=self._line)


def _to_fields(value: object, number: int) -> Mapping[str, object]:
    """The fields of a turn, which can also be ``{Ann: Hello.}`` or ``[Ann, Hello.]``."""
    known = {
        *_TEXTS,
        *_SPEAKERS,
        *_LANGUAGES,
        *_SOUNDS,
        *_HEADINGS,
        *_GAPS,
        *_NEXT_GAPS,
        "audio",
        "speed",
        "gain",
    }
    if isinstance(value, Mapping) and len(value) == 1 and not known & value.keys():
        (speaker, text), *_ = value.items()
        if isinstance(text, str):
            return {"speaker": speaker, "text": text}
    if isinstance(value, Mapping):
        return value
    if isinstance(value, list) and len(value) == 2 and all(isinstance(each, str) for each in value):
        return {"speaker": value[0], "text": value[1]}
    problem = f"turn {number} is {show(value)}: write a turn such as {{speaker: Ann, text: Hello.}}"
    if isinstance(value, str):
        problem += ", or save lines such as 'Ann: Hello.' as a file of text"
    raise InputError(problem)


def _find_default(head: Mapping[str, object]) -> str:
    """Who speaks a beat of a MulmoScript that names nobody; empty: the narrator."""
    params = head.get("speechParams")
    speakers = params.get("speakers") if isinstance(params, Mapping) else None
    if not isinstance(speakers, Mapping) or not speakers:
        return ""
    default = (
        name for name, given in speakers.items() if isinstance(given, Mapping) and given.get("isDefault")
    )
    return str(next(default, next(iter(speakers))))


def _find_list(names: Sequence[str], path: Path, lists: Mapping[str, bool]) -> str:
    """Which field holds the turns.

    Raises:
        InputError: none does.
    """
    found = next((name for name in LISTS if lists.get(name)), None)
    if found is None:
        has = f", and has {', '.join(map(repr, names[:10]))}" if names else ""
        raise InputError(f"has no list of turns under one of {', '.join(LISTS)}{has}", place=str(path))
    return found


def _read_yaml(text: str, path: Path) -> tuple[Mapping[str, object], list[_Turn]]:
    document = read_document(iter(text.splitlines(keepends=True)), str(path))
    values: dict[str, object] = {}
    if isinstance(document, Map):
        lists = {name: isinstance(value, List) for name, value in document.values.items()}
        found = _find_list(list(document.values), path, lists)
        values = {name: to_values(value) for name, value in document.values.items() if name != found}
        document = document.values[found]
    if not isinstance(document, List):
        raise InputError("holds no list of turns such as {speaker: Ann, text: Hello.}", place=str(path))
    return values, [_Turn(line, to_values(item)) for line, item in document.items]


def _read_json(text: str, path: Path) -> tuple[Mapping[str, object], list[_Turn]]:
    walk = Walk(text, str(path))
    if not walk.skip_space() or text[walk.at] not in "[{":
        raise walk.error("is not JSON: it begins with neither [ nor {", walk.at)
    if text[walk.at] == "[":
        turns = [_Turn(item.line, _decode(item, path)) for item in walk.read_values("]")]
        _require_end(walk)
        return {}, turns
    items = {item.name or "": item for item in walk.read_values("}")}
    if walk.skip_space() and text[walk.at] == "{":  # JSON lines: one turn on each
        return {}, list(_read_lines(text, path))
    _require_end(walk)
    if not items.keys() & {*LISTS} and items.keys() & {*_TEXTS}:
        return {}, list(_read_lines(text, path))
    found = _find_list(list(items), path, {name: item.json[:1] == "[" for name, item in items.items()})
    walk.at = items[found].start
    turns = [_Turn(item.line, _decode(item, path)) for item in walk.read_values("]")]
    return {name: _decode(item, path) for name, item in items.items() if name != found}, turns


def _read_lines(text: str, path: Path) -> Iterator[_Turn]:
    walk = Walk(text, str(path))
    while walk.skip_space():
        start = walk.at
        list(walk.read_values("}"))
        yield _Turn(
            walk.line_of(start), _decode(Item(walk.line_of(start), None, text[start : walk.at]), path)
        )


def _require_end(walk: Walk) -> None:
    if walk.skip_space():
        raise walk.error("is not JSON: something follows its end", walk.at)


def _decode(item: Item, path: Path) -> object:
    place = f"{path}:{item.line}"
    try:
        value = msgspec.json.decode(item.json)
        again = find_duplicates(item.json) if isinstance(value, dict) else []
    except RecursionError:
        raise InputError("is nested too deeply", place=place) from None
    except msgspec.DecodeError as error:
        raise InputError(f"is not JSON: {error}", place=place) from None
    if again:
        raise InputError("is given twice", place=place, field=again[0])
    return value


FORMAT = Format(
    description="YAML or JSON: a list of turns, or MulmoScript",
    extensions=(".yaml", ".yml", ".json", ".jsonl"),
    recognise=_recognise,
    read=read,
    own_head=False,
)
