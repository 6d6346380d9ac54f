"""The front end: from the words of a text to the segments that an engine speaks.

The stages are clean, letters, lexicon, addresses, numbers, signs, and split. Each takes passages and gives passages, so
that every word of the audio knows its place in the source.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from voxpress import validation
from voxpress.errors import InputError, show
from voxpress.text.clean import clean, has_speech
from voxpress.text.lexicon import Held, Kept, Lexicon, hold, speak
from voxpress.text.normalise import fingerprint as identify_normaliser
from voxpress.text.normalise import normalise
from voxpress.text.normalise.letters import fold
from voxpress.text.normalise.protected import read_protected
from voxpress.text.normalise.symbols import LEFT_OUT, read_symbols
from voxpress.text.parts import Pause, Say
from voxpress.text.passage import Change, Edit, Passage, order_changes
from voxpress.text.say_as import interpret
from voxpress.text.speakable import find_unspeakable
from voxpress.text.split import split

MISREAD = "removed: the engine misreads it"
"""The end of a note about a character that an engine declares."""


_NEAR = 80
"""Characters before a text that tell what a number in it is."""
_CHECKED = ("normalise", "emoji", "unspeakable", "lenient")
_BETWEEN, _CLOSING = frozenset(" ,;:"), frozenset(",.;:!?…)")


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Who reads a text, as far as that decides its words.

    Attributes:
        language: BCP 47 tag.
        max_chars: longest segment that the engine takes.
        engine, voice: for entries of a lexicon that hold for some only.
        misread: characters that the engine reads wrongly, and that are removed.
        find_silent: gives the characters of a text that the engine would leave out.
        takes_phonemes: whether a lexicon can give the engine sounds.
        every_language: whether the voice says letters of every script.
    """

    language: str
    max_chars: int
    engine: str = ""
    voice: str = ""
    misread: str = ""
    find_silent: Callable[[str], Sequence[str]] | None = None
    takes_phonemes: bool = True
    every_language: bool = False


_Own: TypeAlias = tuple[int, int, Sequence[Lexicon]]
"""A piece of the source, and the lexicons that the text names for it; the first wins."""


class Spoken(NamedTuple):
    """Segments with the pauses between them; what was changed; and how often what was left out, and why."""

    parts: tuple[Say | Pause, ...]
    changes: tuple[Change, ...]
    left_out: Mapping[tuple[str, str], int]


@dataclass(frozen=True)
class _Notes:
    """What the stages did to a text."""

    changes: list[Change] = field(default_factory=list)
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)


class FrontEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How texts are read: all that decides the words of a take, besides the text, its markup and who reads it.

    Attributes:
        lexicon: how words are spoken.
        normalise: how numbers and abbreviations become words, one of `voxpress.text.normalise.NAMES`.
        emoji: ``drop`` leaves emoji out, with a note; ``name`` reads their names.
        unspeakable: what a voice cannot say after all, such as a letter of a script that its language does not have,
            is an error, or left out with a note (``skip``).
        lenient: whether markup that voxpress cannot do becomes a note; otherwise it is an error.
    """

    lexicon: Lexicon = Lexicon()
    normalise: str = "auto"
    emoji: Literal["drop", "name"] = "drop"
    unspeakable: Literal["error", "skip"] = "error"
    lenient: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.lexicon, Lexicon):
            raise InputError(f"must be a Lexicon, not {show(self.lexicon)}", field="lexicon")
        validation.check({name: getattr(self, name) for name in _CHECKED})

    def narrow(self, lexicon: Lexicon | None = None, normalise: str | None = None) -> FrontEnd:
        """The same with what a row says for itself: its lexicon comes before this one's.

        >>> FrontEnd().narrow(normalise="none").normalise
        'none'
        """
        return msgspec.structs.replace(
            self,
            lexicon=lexicon.over(self.lexicon) if lexicon else self.lexicon,
            normalise=normalise or self.normalise,
        )

    def fingerprint(self, language: str) -> str:
        """What identifies the reading of texts in a language: the same one gives the same words.

        >>> FrontEnd().fingerprint("en") == FrontEnd(emoji="name").fingerprint("en")
        False
        """
        settings = self.normalise, self.emoji, self.unspeakable, self.lenient
        return f"{_identify(settings, language)} {self.lexicon.digest}"

    def read(
        self, say: Say, reader: Reader, lexicons: Mapping[str, Lexicon] = MappingProxyType({})
    ) -> Spoken:
        """The segments of some words.

        Args:
            lexicons: those that the text itself names, by their files; words are looked up there first.

        >>> FrontEnd().read(Say.of("Come in. Sit down."), Reader(language="en", max_chars=9)).parts
        (Say('Come in.'), Pause(after='sentence'), Say('Sit down.'))

        Raises:
            InputError: the voice cannot say some of it, and `unspeakable` is ``error``.
        """
        parts: list[Say | Pause] = []
        notes = _Notes(list(say.changes))
        words, interpreted = interpret(say.words, say.asked, reader.language)
        notes.changes.extend(interpreted)
        own = [
            (each.start, each.end, [lexicons[file] for file in each.files if file in lexicons])
            for each in say.lookups
        ]
        for paragraph, after in self._spell(words, reader, notes, own, say.before):
            if parts:
                parts.append(Pause(after))
            for i, segment in enumerate(_split(paragraph, reader)):
                if i:
                    parts.append(Pause("sentence"))
                parts.append(Say(segment, say.speaker, say.gain))
        return Spoken(tuple(parts), order_changes(notes.changes), notes.left_out)

    def _spell(
        self, words: Passage, reader: Reader, notes: _Notes, own: Sequence[_Own], before: str
    ) -> Iterator[tuple[Passage, Literal["sentence", "paragraph"]]]:
        """The paragraphs as they are spoken, and the pause before each."""
        for written in clean(words):
            _note_lines(written.changes, notes)
            paragraph = self._read_signs(written.words, reader, notes, own, before)
            before = follow(before, written.text)
            paragraph = self._leave_out(paragraph, reader, notes)
            for spoken in clean(_remove_misread(paragraph, reader.misread, notes), lines=False):
                if has_speech(spoken.text):
                    yield spoken.words, written.after

    def _read_signs(
        self, paragraph: Passage, reader: Reader, notes: _Notes, own: Sequence[_Own], before: str
    ) -> Passage:
        """Letters in other forms, words of the lexicon, addresses, numbers and signs, in this order."""
        language, reads = reader.language, self.normalise != "none"
        if reads:
            folded = [(edit, "tag" if _is_tag(paragraph, edit) else "letters") for edit in fold(paragraph)]
            paragraph = _apply(paragraph, folded, notes)
        held = self._hold(paragraph, reader, own)
        paragraph = held.words
        if reads:
            paragraph = _apply(paragraph, read_protected(paragraph, language, before), notes)
            paragraph, normalised = normalise(paragraph, language, name=self.normalise, before=before)
            notes.changes.extend(normalised)
            paragraph = _apply(paragraph, read_symbols(paragraph, language, emoji=self.emoji), notes)
        paragraph, named = speak(paragraph, held.kept)
        notes.changes.extend(named)
        return paragraph

    def list_written(self, say: Say, language: str) -> Iterator[Passage]:
        """The paragraphs of some words as a lexicon sees them: clean, and with letters in their usual form.

        >>> [words.text for words in FrontEnd().list_written(Say.of("Room  ②.\\n\\nCome in."), "en")]
        ['Room 2.', 'Come in.']
        """
        words, _ = interpret(say.words, say.asked, language)
        for paragraph in clean(words):
            reads = self.normalise != "none"
            yield paragraph.words.edit(fold(paragraph.words)) if reads else paragraph.words

    def _hold(self, paragraph: Passage, reader: Reader, own: Sequence[_Own]) -> Held:
        """The places of lexicons, fixed. Those of the text come before all others, where they hold."""
        pieces: list[Passage] = []
        kept: list[Kept] = []
        done = 0
        for start, end, lexicons in own:
            first = bisect_left(paragraph.starts, start, done)
            last = bisect_left(paragraph.starts, end, first)
            piece = paragraph[first:last]
            for lexicon in lexicons:
                piece, found = self._look_up(piece, lexicon, reader)
                kept += found
            pieces += [paragraph[done:first], piece]
            done = last
        paragraph = Passage.join([*pieces, paragraph[done:]]) if pieces else paragraph
        paragraph, found = self._look_up(paragraph, self.lexicon, reader)
        return Held(paragraph, (*kept, *found))

    def _look_up(self, words: Passage, lexicon: Lexicon, reader: Reader) -> Held:
        """The places of one lexicon."""
        reads = lexicon and words and self.normalise != "none"
        return hold(
            words,
            lexicon,
            language=reader.language,
            engine=reader.engine,
            voice=reader.voice,
            sounds=reader.takes_phonemes,
            whole=_find_addresses(words, reader.language) if reads else (),
        )

    def _leave_out(self, paragraph: Passage, reader: Reader, notes: _Notes) -> Passage:
        """The paragraph without what the voice cannot say."""
        text = paragraph.text
        found = [
            each
            for each in find_unspeakable(
                text,
                reader.language,
                every_script=reader.every_language,
                silent=reader.find_silent(text) if reader.find_silent else (),
            )
            if not _is_pronounced(paragraph, each[0], each[1])
        ]
        who = f"{reader.voice} of {reader.engine}" if reader.engine else f"a voice of {reader.language}"
        if found and self.unspeakable == "error":
            raise InputError(
                f"{who} cannot say {found[0][2]} in {text[:60]!r}; write it in other words, or leave it out with"
                ' unspeakable = "skip"'
            )
        for start, end, _ in found:
            notes.left_out[text[start:end], f"left out: {who} cannot say it"] += 1
        pieces = _widen(text, [(start, end) for start, end, _ in found])
        return paragraph.edit(Edit(start, end, "", fixed=False) for start, end in pieces)


def _widen(text: str, pieces: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Pieces that are left out, with what would stand alone without them: a comma behind one that begins the text or
    follows another comma, or the space before a comma.
    """
    done, last = 0, ","
    for start, end in pieces:
        last = text[done:start].rstrip()[-1:] or last
        if last in _BETWEEN:
            end = next((i for i in range(end, len(text)) if text[i] not in _BETWEEN), len(text))
        elif end < len(text) and text[end] in _CLOSING and text[start - 1] == " ":
            start -= 1
        yield start, end
        done = end


def follow(before: str, text: str) -> str:
    """What stands before the words behind a text, as far as it tells what a number there is.

    >>> follow("", "Your PIN is"), follow("The codes are 1234", "5678"), len(follow("", "go " * 90))
    ('Your PIN is', 'The codes are 1234, 5678', 77)
    """
    joint = ", " if before[-1:].isdecimal() else " " if before else ""
    whole = f"{before}{joint}{text.strip()}"
    return whole if len(whole) <= _NEAR else whole[-_NEAR:].partition(" ")[2]


def _is_tag(words: Passage, edit: Edit) -> bool:
    return not edit.spoken.strip() and words.text[edit.start] == "<"


@lru_cache(maxsize=1024)
def _identify(settings: tuple[object, ...], language: str) -> str:
    return f"{_digest_code()} {identify_normaliser(language, name=str(settings[0]))} {settings}"


@cache
def _digest_code() -> str:
    """A digest of the front end, and of what it knows of languages: another version can read a text otherwise."""
    digest = hashlib.sha256(resources.files("voxpress").joinpath("languages.py").read_bytes())
    folders = [resources.files("voxpress.text")]
    while folders:
        for each in sorted(folders.pop().iterdir(), key=lambda entry: entry.name):
            if each.is_dir():
                folders.append(each)
            elif each.name.endswith((".py", ".tsv")):
                digest.update(each.name.encode() + each.read_bytes())
    return digest.hexdigest()[:16]


def _apply(passage: Passage, edits: Sequence[tuple[Edit, str]], notes: _Notes) -> Passage:
    """The passage with these pieces replaced; notes what was changed, and what was left out."""
    for edit, rule in edits:
        notes.changes.extend(passage.changes((edit,), rule))
        if rule in LEFT_OUT and not edit.spoken.strip():
            what = passage.text[edit.start : edit.end].strip()
            notes.left_out[what, f"left out: {LEFT_OUT[rule]}"] += 1
    return passage.edit(edit for edit, _ in edits)


def _note_lines(changes: Sequence[Change], notes: _Notes) -> None:
    """Note the signs of list items, headings and quotations, which are left out."""
    notes.changes.extend(changes)
    notes.left_out.update((each.written.strip(), f"left out: {LEFT_OUT[each.by]}") for each in changes)


def _find_addresses(paragraph: Passage, language: str) -> list[tuple[int, int]]:
    """Addresses and paths, which would be read wrongly if a lexicon changed a part of them."""
    protected = read_protected(paragraph, language)
    return [(edit.start, edit.end) for edit, rule in protected if rule.endswith(("address", "path"))]


def _split(paragraph: Passage, reader: Reader) -> Iterator[Passage]:
    """The segments of a paragraph; words that are pronounced together stay together."""
    joined = _join_pronounced(paragraph)
    at = 0
    for each in split(joined, language=reader.language, max_chars=reader.max_chars):
        if has_speech(each):
            at = joined.index(each, at)
            yield paragraph[at : at + len(each)]
            at += len(each)


def _join_pronounced(paragraph: Passage) -> str:
    """The text, in which all that is pronounced together is one word."""
    pieces, done = [], 0
    for each in paragraph.phonemes:
        pieces.append(paragraph.text[done : each.start])
        pieces.append("".join(c if c.isalnum() else "_" for c in paragraph.text[each.start : each.end]))
        done = each.end
    return "".join([*pieces, paragraph.text[done:]])


def _is_pronounced(words: Passage, start: int, end: int) -> bool:
    """Whether the engine gets sounds there, and not the letters."""
    return any(each.start < end and start < each.end for each in words.phonemes)


def _remove_misread(words: Passage, characters: str, notes: _Notes) -> Passage:
    """Remove some characters, or replace them with a space between letters and digits; count them."""
    if not any(each in words.text for each in characters):
        return words
    found = re.compile(f"[{re.escape(characters)}]+")
    edits = []
    for match in found.finditer(words.text):
        if _is_pronounced(words, match.start(), match.end()):
            continue
        notes.left_out.update((character, MISREAD) for character in match[0])
        around = (
            words.text[max(0, match.start() - 1) : match.start()] + words.text[match.end() : match.end() + 1]
        )
        between = len(around) == 2 and all(c.isalnum() or c == "_" for c in around)
        edits.append(Edit(match.start(), match.end(), " " if between else "", fixed=False))
    return words.edit(edits)
