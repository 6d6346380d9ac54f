"""Templates of paths in an output folder, such as ``{folder}{rate}/{name}.{extension}``."""

from __future__ import annotations

import string

from voxpress.errors import InputError, suggest
from voxpress.files.formats import FORMATS
from voxpress.speech import Output

PLACES = ("id", "folder", "name", "extension", "rate", "hash")
"""What a template can hold; `folder` ends with its slash, and `hash` may have a length: ``{hash:8}``."""
SHORTEST, USUAL, LONGEST = 4, 12, 64
"""Digits of a hash."""


class Digits(str):
    """A key, of which a template takes as many digits as it asks for.

    >>> "{hash:4} {hash}".format(hash=Digits("3dd11629e57ed704"))
    '3dd1 3dd11629e57e'
    """

    __slots__ = ()

    def __format__(self, length: str) -> str:
        return self[: int(length or USUAL)]


def resolve(template: str, output: Output) -> str:
    """`template` with its extension and rate in place: what does not depend on the row.

    >>> resolve("{folder}{rate}/{name}.{extension}", Output(sample_rate=8000))
    '{folder}8000/{name}.wav'

    Raises:
        InputError: it is no template, holds what is no place, or gives all rows the same file.
    """
    if not isinstance(template, str):
        raise InputError(f"must be a string such as '{{id}}.{{extension}}', not {template!r}", field="files")
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise InputError(f"{template!r} is not a template: {error}", field="files") from error
    for _, place, form, conversion in parts:
        if place is None:
            continue
        if place not in PLACES:
            raise InputError(
                f"{template!r} holds {{{place}}}{suggest(place, PLACES)} (known: {', '.join(PLACES)})",
                field="files",
            )
        if place == "hash" and form and not conversion:
            if not (form.isascii() and form.isdigit() and SHORTEST <= int(form) <= LONGEST):
                raise InputError(
                    f"{template!r} holds {{hash:{form}}}: a hash has {SHORTEST} to {LONGEST} digits",
                    field="files",
                )
        elif form or conversion:
            raise InputError(f"{template!r} holds more than a name in {{{place}}}", field="files")
    places = {place for _, place, _, _ in parts}
    if not places & {"id", "name"}:
        raise InputError(
            f"{template!r} holds neither {{id}} nor {{name}}: all rows would have the same file",
            field="files",
        )
    format = FORMATS[output.format]
    rate = output.sample_rate or (
        format.sample_rates[0] if len(format.sample_rates) == 1 else format.sample_rate
    )
    if "rate" in places and rate is None:
        raise InputError(f"{template!r} holds {{rate}}, so the file needs a sample_rate", field="files")
    known = {"extension": format.extension, "rate": str(rate)}
    return "".join(
        escape(words) + ("" if place is None else known.get(place, f"{{{place}{form and ':'}{form}}}"))
        for words, place, form, _ in parts
    )


def names_hash(template: str) -> bool:
    """Whether paths depend on what is in the files.

    >>> names_hash("{id}.{hash}.mp3"), names_hash("{{hash}}/{id}.mp3")
    (True, False)
    """
    return any(place == "hash" for _, place, _, _ in string.Formatter().parse(template))


def escape(path: str) -> str:
    """A template that says just `path`."""
    return path.replace("{", "{{").replace("}", "}}")
