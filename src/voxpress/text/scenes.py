"""A text part by part: files that it names are found, and its words are read by whoever says them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple, Protocol, TypeAlias

from voxpress.errors import InputError, show
from voxpress.text.front_end import MISREAD, Spoken, follow
from voxpress.text.lexicon import Lexicon
from voxpress.text.parts import Bookmark, Note, Part, Pause, Say, Sound

ReadWords: TypeAlias = Callable[[Say, Mapping[str, Lexicon]], Spoken]
"""Reads words, with the lexicons that the text names for them, by their files."""


class NamedFiles(Protocol):
    """Finds the files that a text names. Both raise `InputError` where one cannot be used."""

    def find_lexicon(self, file: str) -> Lexicon:
        """The lexicon in a file."""

    def find_sound(self, sound: Sound) -> object:
        """What is heard of a sound."""


class NoFiles:
    """For texts that come from nowhere, and so can name no files."""

    def find_lexicon(self, file: str) -> Lexicon:
        raise _refuse("lexicon", file)

    def find_sound(self, sound: Sound) -> object:
        raise _refuse("sound", sound.file)


def _refuse(kind: str, file: str) -> InputError:
    return InputError(f"the {kind} {show(file)}: a text can name files only where it comes from a manifest")


class Scene(NamedTuple):
    """A part of a text as it is heard.

    Attributes:
        part: as the markup gives it.
        spoken: what is spoken, where the part is words.
    """

    part: Part
    spoken: Spoken | None = None

    @property
    def is_heard(self) -> bool:
        return self.spoken is None or bool(self.spoken.parts)


def read_scenes(
    parts: Iterable[Part], read: ReadWords, files: NamedFiles, *, lenient: bool, notes: list[str]
) -> Iterator[Scene]:
    """What is heard of each part, in order.

    Words of which nothing is spoken have no pause of their own: the pauses before and after them become one, and at
    the start or the end of a text none. What stands in place of a sound is heard where its file cannot be used.

    Args:
        lenient: whether a lexicon that cannot be used is a note; otherwise it is an error.
        notes: gets what a user should know.

    Raises:
        InputError: a file that the text names cannot be used, or the voice cannot say some words.
    """
    begun = vanished = False
    held: list[Scene] = []  # a pause that may become one with the next, and what is not heard behind it
    for scene in _read_all(parts, read, files, lenient, notes):
        if isinstance(scene.part, Pause):
            if not vanished:
                yield from held
                held = [scene]
            elif held and isinstance(held[0].part, Pause):
                held[0] = max(held[0], scene, key=lambda each: each.part == Pause("paragraph"))
            elif begun:
                held.append(scene)
        elif isinstance(scene.part, Bookmark) or not scene.is_heard:
            vanished = vanished or not scene.is_heard
            if held:
                held.append(scene)
            else:
                yield scene
        else:
            yield from held
            held, begun, vanished = [], True, False
            yield scene
    yield from (each for each in held if not (vanished and isinstance(each.part, Pause)))


def _read_all(
    parts: Iterable[Part], read: ReadWords, files: NamedFiles, lenient: bool, notes: list[str]
) -> Iterator[Scene]:
    before = ""
    for part in parts:
        match part:
            case Note():
                notes.append(part.text)
            case Say():
                words = replace(part, before=before)
                yield Scene(part, read(words, _find_lexicons(part, files, lenient, notes)))
                before = follow(before, part.text)
            case Sound():
                try:
                    files.find_sound(part)
                except InputError as error:
                    if not part.instead:
                        raise
                    notes.append(f"{error.problem}: what is written in its place is heard")
                    yield from _read_all(part.instead, read, files, lenient, notes)
                else:
                    yield Scene(part)
            case _:
                yield Scene(part)


def _find_lexicons(words: Say, files: NamedFiles, lenient: bool, notes: list[str]) -> Mapping[str, Lexicon]:
    """The lexicons that a text names for some of its words, by their files."""
    found: dict[str, Lexicon] = {}
    for file in dict.fromkeys(file for lookup in words.lookups for file in lookup.files):
        try:
            found[file] = files.find_lexicon(file)
        except InputError as error:
            if not lenient:
                raise
            if str(error) not in notes:
                notes.append(str(error))
    return found


def require_heard(parts: Iterable[object], text: str, left_out: Mapping[tuple[str, str], int]) -> None:
    """See that something of a text is heard.

    Args:
        parts: what became of it.
        left_out: how often what was left out, and why.

    >>> require_heard([Bookmark("end")], "*", {})
    Traceback (most recent call last):
    voxpress.errors.InputError: nothing to speak in '*': it has no letter and no digit

    Raises:
        InputError: nothing is.
    """
    if not all(isinstance(part, Bookmark) for part in parts):
        return
    misread = any(why == MISREAD for _, why in left_out)
    besides = (
        " besides what the engine misreads" if misread else " besides what is left out" if left_out else ""
    )
    raise InputError(
        f"nothing to speak in {show(text)}: it has no letter and no digit{besides}"
        if text
        else "there is no text: write what is to be spoken, or leave the row out"
    )
