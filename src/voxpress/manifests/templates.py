"""Rows with placeholders, such as ``Platform {platform}: the train to {city}.``, and the rows that they become."""

from __future__ import annotations

import html
import itertools
import math
import re
import string
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

import msgspec

from voxpress.errors import InputError, ManifestError, suggest
from voxpress.files.paths import safe_name
from voxpress.manifests.columns import FIELDS, OPTION, field_of, find_mistyped, fold, literal, number
from voxpress.manifests.values import Combination, Values
from voxpress.speech import Utterance

FILLED = ("id", "file", "text", "title", "voice", "model", "speaker", "lexicon")
"""Fields that can hold placeholders."""
BROUGHT = FIELDS - {"id", "text", "file"}
"""Fields of a row that a value of that name, or of another name of the field, sets. Options are set too."""

_ZEROS = re.compile(r"0\d{1,2}")
_PLACES = re.compile(r"\.\d{1,2}f")
_SHAPES = "03: zeros before a number; .2f: decimal places; slug: small letters, digits and hyphens"


@lru_cache(maxsize=1024)
def find_field(name: str) -> str:
    """The field of a row that a value of this name sets; empty: none.

    >>> find_field("voice"), find_field("stimme"), find_field("option.noise"), find_field("name"), find_field("city")
    ('voice', 'voice', 'option.noise', '', '')
    """
    field = field_of(name) or ""
    return field if field in BROUGHT or field.startswith(OPTION) else ""


class Placeholder(NamedTuple):
    """A place for a value.

    >>> Placeholder("n", "03").fill({"n": "7"}), Placeholder("city", "slug").fill({"city": "São Paulo/Centro"})
    ('007', 'sao-paulo-centro')

    Attributes:
        name: as `fold` writes it.
        shape: how the value is written; empty: as it stands.
    """

    name: str
    shape: str

    def fill(self, values: Mapping[str, str]) -> str:
        """The value, in its shape.

        Raises:
            InputError: the value cannot have that shape.
        """
        value = values[self.name]
        if not self.shape:
            return value
        if self.shape == "slug":
            apart = unicodedata.normalize("NFKD", value.casefold())
            return "-".join(re.findall(r"[^\W_]+", "".join(c for c in apart if not unicodedata.combining(c))))
        number: float = math.nan
        with suppress(ValueError):
            number = int(value) if self.shape[0] == "0" else float(value)
        if not math.isfinite(number):
            raise InputError(f"{{{self.name}:{self.shape}}} needs a number, and the value is {value!r}")
        return f"{number:{self.shape}}"


class Template:
    """A text with placeholders.

    >>> Template("{City}: {{{n:02}}}", ["city", "n"]).fill({"city": "Oslo", "n": "7"}, str)
    'Oslo: {07}'

    Args:
        known: the names of the values that there are.

    Raises:
        InputError: it has braces without a name, or a name that is not known.
    """

    def __init__(self, text: str, known: Sequence[str]) -> None:
        try:
            parts = list(string.Formatter().parse(text))
        except ValueError as error:
            raise InputError(f"{error}; write {{{{ and }}}} for braces that are read as they stand") from None
        self._parts: list[str | Placeholder] = []
        folded = set(map(fold, known))
        for words, name, shape, conversion in parts:
            if words:
                self._parts.append(words)
            if name is None:
                continue
            if fold(name) not in folded:
                raise InputError(
                    f"no value is called {{{name}}}{suggest(name, known)} (values: {', '.join(known)}); write {{{{ and"
                    " }} for braces that are read as they stand"
                )
            if conversion or (shape and not _is_shape(shape)):
                raise InputError(f"{{{name}:{conversion or shape}}} has no shape that is known ({_SHAPES})")
            self._parts.append(Placeholder(fold(name), shape or ""))

    @property
    def names(self) -> set[str]:
        """Of the values that it needs."""
        return {part.name for part in self._parts if isinstance(part, Placeholder)}

    def fill(self, values: Mapping[str, str], write: Callable[[str], str]) -> str:
        """The text with these values.

        Args:
            write: how a value is written here.

        Raises:
            InputError: a value cannot be written so.
        """
        text = ""
        for part in self._parts:
            piece = part if isinstance(part, str) else write(part.fill(values))
            # "to {city} {via}." without a value for via
            text = text + piece if piece else text.rstrip(" ")
        return text.strip()


def _is_shape(shape: str) -> bool:
    return shape == "slug" or bool(_ZEROS.fullmatch(shape) or _PLACES.fullmatch(shape))


class Expansion:
    """Makes rows of rows with placeholders.

    >>> rows = Expansion((Values.parse("n=1..2"),))
    >>> [row.text for row in rows.expand(Utterance(id="gate{n}", text="Gate {n}."))]
    ['Gate 1.', 'Gate 2.']

    Args:
        values: those that come first vary least.
    """

    def __init__(self, values: Sequence[Values]) -> None:
        self._values = values
        self._names = [name for each in values for name in each.names]
        self._mistyped = {
            name: near for name in self._names if not find_field(name) and (near := find_mistyped(name))
        }

    def expand(self, row: Utterance) -> Iterator[Utterance | ManifestError]:
        """A row for each combination of the values that it names; itself if it names none."""
        templates: dict[str, Template] = {}
        for field in FILLED:
            text = getattr(row, field)
            if isinstance(text, str) and ("{" in text or "}" in text):
                try:
                    templates[field] = Template(text, self._names)
                except InputError as error:
                    yield _place(row, error.problem, field)
                    return
        names = set().union(*(each.names for each in templates.values()))
        values = [each for each in self._values if each.folded & names]
        used = {name for each in values for name in each.names}
        for name, near in self._mistyped.items():
            if name in used and fold(name) not in names:
                yield _place(row, f"the value {name!r} has no use; did you mean {near!r}?", "values")
                return
        named = templates["id"].names if "id" in templates else set()
        for each in values:
            if not each.folded & named:
                lacks = " or ".join(f"{{{name}}}" for name in each.names)
                yield _place(row, f"must name {lacks}, or the files of all its values have one name", "id")
                return
        try:
            for combination in _combine(values):
                yield _fill(row, templates, combination)
        except ManifestError:
            raise
        except InputError as error:
            yield _place(row, error.problem, error.field or "")


def _combine(values: Sequence[Values]) -> Iterator[Combination]:
    """Every combination. Only the first values are read as they are needed, the others are in memory."""
    if not values:
        yield {}
        return
    rest = [each.remember() for each in values[1:]]
    for first in values[0]:
        for others in itertools.product(*rest):
            yield (
                first.copy()
                if not others
                else dict(itertools.chain(first.items(), *(o.items() for o in others)))
            )


def _fill(
    row: Utterance, templates: Mapping[str, Template], values: Combination
) -> Utterance | ManifestError:
    """The row with these values."""
    names = templates["id"].names if "id" in templates else ()
    origin = f"{row.origin} ({', '.join(f'{name} {values[name]}' for name in sorted(names))})"
    changes: dict[str, object] = {"origin": origin} if values else {}
    options: dict[str, object] = {}
    for name, value in values.items():
        brought = find_field(name)
        if brought.startswith(OPTION) and value:
            options[brought.removeprefix(OPTION)] = literal(value)
        elif brought and value:
            changes[brought] = number(brought, value) if brought in ("speed", "seed") else value
    if options:
        changes["options"] = {**row.options, **options}
    field = ""
    try:
        for field, template in templates.items():
            write = safe_name if field in ("id", "file") else _WRITERS.get((field, row.markup), str)
            changes[field] = template.fill(values, write)
        field = ""
        found = msgspec.structs.replace(row, **changes)
    except InputError as error:
        return ManifestError(
            error.problem, path=str(changes.get("origin", row.origin)), field=field or error.field, id=row.id
        )
    if found.text.isspace() or not found.text:
        return _place(found, "is empty with these values", "text")
    return found


_WRITERS = {("text", "ssml"): html.escape}


def explain_placeholder(error: ManifestError) -> ManifestError:
    """The error of a row, with what to do where it may come from a placeholder in a field that can have none.

    >>> print(explain_placeholder(ManifestError("must be a number, not '{pace}'", path="p.csv", line=2, field="speed")))
    p.csv:2: speed: must be a number, not '{pace}'; placeholders do not work here, but a value called speed sets it
    """
    if error.field not in BROUGHT - {*FILLED} or "{" not in error.problem:
        return error
    problem = f"{error.problem}; placeholders do not work here, but a value called {error.field} sets it"
    return ManifestError(problem, path=error.path, line=error.line, field=error.field, id=error.id)


def _place(row: Utterance, problem: str, field: str) -> ManifestError:
    return ManifestError(problem, path=row.origin, field=field, id=row.id)
