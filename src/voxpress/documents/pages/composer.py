"""Puts the text of a block together: SSML, and how it maps to the text content of its file."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias, TypeGuard

from voxpress.documents import Point, Run

_UNSAYABLE = "[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]"
"""Characters that XML does not have, and that repaired pages may hold."""
_ODD = re.compile(rf"[ \t\r\n\f]*[\t\r\n\f][ \t\r\n\f]*| {{2,}}|[&<>]|{_UNSAYABLE}")
"""What cannot stand as it is: white space that is shown as one space, and what XML escapes or does not have."""
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_SPACES = " \t\r\n\f"
_SENTENCE_END = tuple(".!?:;…。！？")
_CLOSED = tuple(",.;:!?…、。，；：！？–—-")
_ROMAN = re.compile(r"(?=[ivxlc])(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})", re.IGNORECASE)
_NUMBERED = re.compile(r"(?![LC][.:])([IVXLC]+)[.:]\s+(?!\w\.)\S")
"""How a heading with a number begins, and not one with initials: ``C. S. Lewis``."""
_BREAK = "<break strength='medium'/>"


class _Piece(NamedTuple):
    """Text as it stands in a block; `source` is below 0 where it is markup, or stands nowhere in the file."""

    text: str
    source: int = -1
    source_length: int = 0


class _Mark(NamedTuple):
    """A place where a chapter begins."""

    number: int


_Part: TypeAlias = _Piece | _Mark | Point


class Composed(NamedTuple):
    """A finished text.

    Attributes:
        within: chapters that begin before some of the words; those in `after` begin behind all of them.
    """

    text: str
    runs: tuple[Run, ...]
    points: tuple[Point, ...]
    within: tuple[int, ...]
    after: tuple[int, ...]


class Composer:
    """The text of one block, as far as it was read.

    Args:
        language: of the block.

    Attributes:
        has_words: something other than the description of an image was read.
        has_image: the description of an image was.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self.has_words = self.has_image = False
        self._parts: list[_Part] = []
        self._spoken = language
        """The language of the last words."""
        self._spaced = True
        self._last = ""
        self._after_mark = False
        self._pending = ""
        """A line break or the end of a cell, which counts only if something follows."""

    @property
    def has_text(self) -> bool:
        """Whether there is anything to say."""
        return self.has_words or self.has_image

    def add(self, text: str, source: int, language: str) -> None:
        """Go on with text of the file; white space is shown as one space."""
        if not text.strip(_SPACES):
            self._space(source, len(text))
            return
        if self._after_mark:
            left = text.lstrip(f"{_SPACES}.):]")
            source, text, self._after_mark = source + len(text) - len(left), left, not left
            if not text:
                return
        # Signs between words of two languages belong to neither.
        self._follow(text.lstrip(_SPACES)[:1], language if any(map(str.isalnum, text)) else self._spoken)
        self.has_words = self.has_words or not text.isspace()
        at = 0
        for odd in _ODD.finditer(text):
            self._copy(text[at : odd.start()], source + at)
            if odd[0] in _ESCAPED:
                self._put(_Piece(_ESCAPED[odd[0]], source + odd.start(), 1))
            elif odd[0][0] in _SPACES:
                self._space(source + odd.start(), len(odd[0]))
            at = odd.end()
        self._copy(text[at:], source + at)

    def add_code(self, text: str, source: int, language: str) -> None:
        """Go on with text of the file as it stands."""
        self._follow(text[:1], language)
        self.has_words = self.has_words or not text.isspace()
        at = 0
        for odd in re.finditer(f"[&<>]|{_UNSAYABLE}", text):
            if odd.start() > at:
                self._put(_Piece(text[at : odd.start()], source + at, odd.start() - at))
            if odd[0] in _ESCAPED:
                self._put(_Piece(_ESCAPED[odd[0]], source + odd.start(), 1))
            at = odd.end()
        if at < len(text):
            self._put(_Piece(text[at:], source + at, len(text) - at))

    def add_space(self) -> None:
        """Part the words by a space that is not in the text of the file."""
        self._space(-1, 1)

    def say(self, words: str, language: str, *, image: bool = False) -> None:
        """Go on with words that are not in the text of the file."""
        if words := re.sub(_UNSAYABLE, "", words):
            if image and self.has_image and not self.has_words:
                self.separate()
            self._follow(words[0], language)
            self._put(_Piece(html.escape(words, quote=False)))
            self.has_image = self.has_image or image
            self.has_words = self.has_words or not image

    def begin_after_mark(self) -> None:
        """Leave out the full stop behind a number that was left out."""
        self._after_mark = self.begins()

    def separate(self) -> None:
        """End a cell, or what stands on lines of its own within one."""
        self._pending = "cell"

    def end_line(self) -> bool:
        """End a line; False if it was the second time without words between."""
        if self._pending == "line":
            return False
        self._pending = self._pending or ("line" if self.has_text else "")
        return True

    def add_point(self, point: Point) -> None:
        """Note a reference, or a page."""
        self._parts.append(point)

    def add_mark(self, number: int) -> None:
        """Note that a chapter begins here."""
        self._parts.append(_Mark(number))

    def open(self, language: str) -> int:
        """The beginning of words that markup may stand around, for `wrap`."""
        self._follow("", language)
        self._parts.append(_Piece(""))
        return len(self._parts) - 1

    def wrap(self, start: int, name: str, attributes: Mapping[str, str]) -> bool:
        """Put an element around the words since `start`; False if there are none."""
        if not any(_is_word(part) and part.text.strip() for part in self._parts[start:]):
            return False
        said = {key: html.escape(re.sub(_UNSAYABLE, "", value)) for key, value in attributes.items()}
        given = "".join(f" {key}='{value}'" for key, value in said.items())
        self._parts[start] = _Piece(f"<{name}{given}>")
        self._parts.append(_Piece(f"</{name}>"))
        return True

    def begins(self) -> bool:
        """Whether no words were read yet."""
        return not self.has_text

    def words(self) -> str:
        """The words so far, as they stand in SSML, without markup that `wrap` put around them."""
        return "".join(part.text for part in self._parts if _is_word(part))

    def finish(self, label: str = "", *, heading: bool = False) -> Composed:
        """The text of the block.

        Args:
            label: the number of a list item, said first.
            heading: a Roman numeral alone is a number, and one at the start before a full stop or a colon.
        """
        self._close_language()
        parts = self._strip(self._parts)
        written = "".join(part.text for part in parts if isinstance(part, _Piece)).strip() if heading else ""
        if heading and (number := read_roman(written.rstrip("."))):
            parts = [_Piece(f"<sub alias='{number}'>"), *parts, _Piece("</sub>")]
        elif heading:
            parts = _read_numeral(parts)
        if label:
            parts = [_Piece(f"{label} "), *parts]
        last = max((i for i, part in enumerate(parts) if isinstance(part, _Piece) and part.text), default=-1)
        texts: list[str] = []
        runs: list[Run] = []
        points: list[Point] = []
        within: list[int] = []
        after: list[int] = []
        at = 0
        for i, part in enumerate(parts):
            if isinstance(part, Point):
                points.append(part._replace(at=at))
            elif isinstance(part, _Mark):
                (within if i < last else after).append(part.number)
            elif part.text:
                if part.source >= 0:
                    _add_run(runs, Run(at, part.source, len(part.text), part.source_length))
                texts.append(part.text)
                at += len(part.text)
        return Composed("".join(texts), tuple(runs), tuple(points), tuple(within), tuple(after))

    def _follow(self, first: str, language: str) -> None:
        """Write down what had to wait for the next words, and change the language."""
        pending, self._pending = self._pending, ""
        if pending and self.has_text:
            self._drop_space()
            if pending == "cell" and self._last not in _CLOSED:
                self._put(_Piece(","))
            elif pending == "line" and not (first.islower() and self._last not in _SENTENCE_END):
                self._parts.append(_Piece(_BREAK))
            self._put(_Piece(" "))
        if language != self._spoken:
            self._close_language()
            if language != self.language:
                self._parts.append(_Piece(f"<lang xml:lang='{html.escape(language)}'>"))
            self._spoken = language

    def _drop_space(self) -> None:
        """Take back white space at the end: something else parts the words."""
        part = self._parts[-1]
        if isinstance(part, _Piece) and part.text.endswith(" "):
            cut = part.text.rstrip(" ")
            length = 0 if not cut else part.source_length - len(part.text) + len(cut)
            self._parts[-1] = part._replace(text=cut, source_length=length)

    def _close_language(self) -> None:
        if self._spoken != self.language:
            self._parts.append(_Piece("</lang>"))
            self._spoken = self.language

    def _copy(self, text: str, source: int) -> None:
        if text.startswith(" ") and self._spaced:
            text, source = text[1:], source + 1
        if text:
            self._put(_Piece(text, source, len(text)))

    def _space(self, source: int, length: int) -> None:
        if not self._spaced and not self._pending:
            self._put(_Piece(" ", source, length))

    def _put(self, piece: _Piece) -> None:
        self._parts.append(piece)
        self._spaced = piece.text[-1] in " \n"
        if not self._spaced and not piece.text.startswith("<"):
            self._last = piece.text[-1]

    @staticmethod
    def _strip(parts: list[_Part]) -> list[_Part]:
        """The parts without white space at the end, which may stand in markup."""
        stripped = list(parts)
        for i in range(len(stripped) - 1, -1, -1):
            part = stripped[i]
            if not isinstance(part, _Piece) or part.text.startswith("</") or not part.text:
                continue
            text = part.text.rstrip()
            if text:
                cut = len(part.text) - len(text)
                stripped[i] = part._replace(text=text, source_length=max(part.source_length - cut, 0))
                break
            stripped[i] = _Piece("")
        return stripped


def _is_word(part: _Part) -> TypeGuard[_Piece]:
    """Whether it is text, and no markup."""
    return isinstance(part, _Piece) and not part.text.startswith("<")


def _read_numeral(parts: list[_Part]) -> list[_Part]:
    """Parts of a heading in which a Roman numeral at the start, as in ``IV. The Sea``, is a number."""
    at = next((i for i, part in enumerate(parts) if isinstance(part, _Piece) and part.text.strip()), -1)
    first = parts[at] if at >= 0 else None
    if not isinstance(first, _Piece) or first.source_length != len(first.text):
        return parts
    found = _NUMBERED.match(first.text)
    number = read_roman(found[1]) if found else 0
    if not found or not number:
        return parts
    end = found.end(1)
    numeral = [
        _Piece(f"<sub alias='{number}'>"),
        _Piece(first.text[:end], first.source, end),
        _Piece("</sub>"),
        _Piece(first.text[end:], first.source + end, len(first.text) - end),
    ]
    return [*parts[:at], *numeral, *parts[at + 1 :]]


def _add_run(runs: list[Run], run: Run) -> None:
    """Add a run, as a part of the last one where both go on alike."""
    last = runs[-1] if runs else None
    if (
        last
        and run.length == run.source_length
        and last.length == last.source_length
        and (last.at + last.length, last.source + last.length) == (run.at, run.source)
    ):
        runs[-1] = last._replace(length=last.length + run.length, source_length=last.length + run.length)
    else:
        runs.append(run)


def read_roman(text: str) -> int:
    """The value of a Roman numeral below 400; 0 if it is none.

    >>> read_roman("XIV"), read_roman("I"), read_roman("IVX")
    (14, 1, 0)
    """
    if not text or not _ROMAN.fullmatch(text):
        return 0
    values = [{"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}[letter] for letter in text.lower()]
    return sum(-one if one < next else one for one, next in zip(values, [*values[1:], 0], strict=True))
