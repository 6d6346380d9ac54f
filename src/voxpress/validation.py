"""What each field of a request may hold: one test for each name.

A name means the same in Python, in a manifest, in a preset, on the command line and over HTTP. The nouns of
`voxpress.speech` run these tests on their fields; `check` runs them on other arguments.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias, get_args

from voxpress import languages
from voxpress.errors import InputError, UnsupportedOption, show, suggest
from voxpress.files.formats import format_named

__all__ = [
    "LARGEST_SEED",
    "MARKUPS",
    "TESTS",
    "Markup",
    "Problem",
    "Test",
    "check",
    "explain_cast_name",
    "explain_type",
    "path",
    "problems",
]

Problem: TypeAlias = str
"""What is wrong with a value, in words that follow the name of its field; empty if the value is right."""
Test: TypeAlias = Callable[[object], Problem]

Markup: TypeAlias = Literal["plain", "directions", "markdown", "ssml"]
"""How a text can be written."""
MARKUPS: tuple[Markup, ...] = get_args(Markup)
NORMALISERS = ("auto", "readers", "grammars", "none")
"""How numbers and abbreviations can become words; see `voxpress.text.normalise`."""
EMOJI = ("drop", "name")
"""What becomes of emoji: they are left out, or their names are read."""
UNSPEAKABLE = ("error", "skip")
"""What becomes of what a voice cannot say: it is an error, or left out."""
LARGEST_SEED = 2**63 - 1


def check(values: Mapping[str, object], *, optional: Collection[str] = ()) -> None:
    """Check values by the names of their fields.

    Args:
        optional: names of the values that may be None.

    >>> check({"speed": 1.1, "voice": None}, optional=["voice"])
    >>> check({"speed": "fast"})
    Traceback (most recent call last):
    voxpress.errors.InputError: speed: must be a number above 0, such as 1.1, not 'fast'

    Raises:
        InputError: the first wrong value, with the name of its field.
    """
    given = {name: value for name, value in values.items() if value is not None or name not in optional}
    for name, problem in problems(given):
        kind = UnsupportedOption if name == "format" else InputError
        raise kind(problem, field=name)


def problems(values: Mapping[str, object]) -> Iterator[tuple[str, Problem]]:
    """The names of the wrong values, each with its problem.

    >>> list(problems({"speed": 0, "seed": 1}))
    [('speed', 'must be a number above 0, such as 1.1, not 0')]
    """
    for name, value in values.items():
        if name == "options" and isinstance(value, Mapping):
            yield from ((f"options.{option}", problem) for option, problem in _find_wrong_options(value))
        elif problem := TESTS[name](value):
            yield name, problem


_EXPECTED = re.compile(r"Expected `([^`]+)`(.*?)(?:, got `([^`]+)`)?")
_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text in quotes",
    "bool": "true or false",
    "array": "a list in square brackets",
    "object": "a table",
}


def explain_type(error: Exception) -> Problem:
    """What a value should have been, of an error of msgspec about a value in TOML.

    >>> explain_type(ValueError("Expected `float | null`, got `str` - at `$.level`"))
    'must be a number, not a text in quotes'
    """
    problem = str(error).partition(" - at ")[0]
    if not (found := _EXPECTED.fullmatch(problem)):
        return problem
    wanted, limits, got = found.groups(default="")
    kinds = [_TYPES.get(each, each) for each in wanted.split(" | ") if each != "null"]
    return f"must be {' or '.join(kinds)}{limits}" + (f", not {_TYPES.get(got, got)}" if got else "")


def explain_cast_name(name: object) -> Problem:
    """What is wrong with a name in a cast.

    >>> explain_cast_name("Alice"), explain_cast_name(" ")
    ('', 'a speaker needs a name')
    """
    if isinstance(name, str) and not name.strip():
        return "a speaker needs a name"
    problem = _test_name(name)
    return f"a name {problem}" if problem else ""


def path(value: object, field: str) -> str:
    """A path as a string.

    >>> path("out", "folder")
    'out'

    Raises:
        InputError: `value` is no path.
    """
    found = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(found, str) or not found or "\0" in found or not _is_path(found):
        raise InputError(f"must be a path, not {show(value)}", field=field)
    return found


def _is_path(value: str) -> bool:
    try:
        os.fsencode(value)
    except UnicodeEncodeError:
        return False
    return True


def _test_text(value: object) -> Problem:
    return "" if isinstance(value, str) else f"must be a string, not {show(value)}"


def _test_name(value: object) -> Problem:
    if not isinstance(value, str):
        return _test_text(value)
    if "\0" in value:
        return "holds a NUL character"
    return (
        ""
        if _is_encodable(value)
        else f"holds half of a surrogate pair, which no encoding can carry: {show(value)}"
    )


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _test_language(value: object) -> Problem:
    if problem := _test_text(value):
        return problem
    try:
        languages.canonical(str(value))
    except InputError as error:
        return error.problem
    return ""


def _test_choice(choices: Sequence[str]) -> Test:
    known = f"{', '.join(choices[:-1])} or {choices[-1]}"

    def test(value: object) -> Problem:
        if isinstance(value, str) and value in choices:
            return ""
        return f"must be {known}, not {show(value)}{suggest(str(value), choices)}"

    return test


def _test_format(value: object) -> Problem:
    if problem := _test_text(value):
        return problem
    try:
        format_named(str(value))
    except UnsupportedOption as error:
        return error.problem
    return ""


def _test_flag(value: object) -> Problem:
    return "" if isinstance(value, bool) else f"must be true or false, not {show(value)}"


def _test_number(what: str, fits: Callable[[float], bool]) -> Test:
    def test(value: object) -> Problem:
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and _is_finite(value)
            and fits(value)
        ):
            return ""
        return f"must be {what}, not {show(value)}"

    return test


def _test_whole(what: str, lowest: int, highest: int) -> Test:
    def test(value: object) -> Problem:
        if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
            return ""
        return f"must be {what}, not {show(value)}"

    return test


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _test_options(value: object) -> Problem:
    if value == {}:
        return ""
    if not isinstance(value, Mapping):
        return f"must be names with values, such as {{noise_scale: 0.5}}, not {show(value)}"
    return next((problem for _, problem in _find_wrong_options(value)), "")


def _find_wrong_options(options: Mapping[object, object]) -> Iterator[tuple[object, Problem]]:
    for name, value in options.items():
        if not isinstance(name, str):
            yield name, f"the name of an option must be a string, not {show(name)}"
        elif not _is_option_value(value):
            yield name, f"must be a number, true, false or a string, not {show(value)}"


def _is_option_value(value: object) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return abs(value) <= LARGEST_SEED
    if isinstance(value, str):
        return _is_encodable(value)
    return isinstance(value, bool) or (isinstance(value, float) and math.isfinite(value))


def _test_cast_name(value: object) -> Problem:
    if isinstance(value, str) and value.strip() and _is_encodable(value):
        return ""
    return f"must be a name of the cast, or a Speaker, not {show(value)}"


def _test_cast(value: object) -> Problem:
    return f"must be names with a Speaker each, not {show(value)}"


_SPEED = _test_number("a number above 0, such as 1.1", lambda value: value > 0)
_DECIBELS = _test_number("a number of decibels from -90 to 0", lambda value: -90 <= value <= 0)
_PAUSE = _test_number("a number of seconds from 0 to 3600", lambda value: 0 <= value <= 3600)

TESTS: Mapping[str, Test] = {
    **dict.fromkeys(("text", "origin"), _test_text),
    **dict.fromkeys(("id", "file", "engine", "model", "voice", "title", "device", "lexicon"), _test_name),
    "speaker": _test_cast_name,
    "cast": _test_cast,
    "language": _test_language,
    "markup": _test_choice(MARKUPS),
    "normalise": _test_choice(NORMALISERS),
    "emoji": _test_choice(EMOJI),
    "unspeakable": _test_choice(UNSPEAKABLE),
    "lenient": _test_flag,
    "format": _test_format,
    "speed": _SPEED,
    "seed": _test_whole("a whole number of at most 63 bits", -LARGEST_SEED, LARGEST_SEED),
    **dict.fromkeys(("options", "extra"), _test_options),
    "sample_rate": _test_whole("a whole number of hertz from 1000 to 384000", 1000, 384_000),
    "bit_rate": _test_whole("a whole number of bits per second above 0", 1, LARGEST_SEED),
    "loudness": _test_number("a number of LUFS from -70 to 0", lambda value: -70 <= value <= 0),
    "level": _DECIBELS,
    "peak": _DECIBELS,
    "room_tone": _DECIBELS,
    "least_rms": _DECIBELS,
    "trim": _test_flag,
    "lead": _PAUSE,
    "tail": _PAUSE,
    "sentence_pause": _PAUSE,
    "paragraph_pause": _PAUSE,
    "max_duration": _test_number("a number of seconds above 0", lambda value: value > 0),
    "max_bytes": _test_whole("a whole number of bytes above 0", 1, LARGEST_SEED),
    "carrier": _test_flag,
    "continuation": _test_flag,
    "workers": _test_whole("a whole number from 0 to 1024", 0, 1024),
    "attempts": _test_whole("a whole number from 1 to 100", 1, 100),
    "timeout": _test_number("a number of seconds above 0, at most a million", lambda value: 0 < value <= 1e6),
}
"""The test of each field, by name."""
