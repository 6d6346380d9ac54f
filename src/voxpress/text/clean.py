"""Clean Unicode: texts without characters that a voice cannot speak."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal, NamedTuple

from voxpress.errors import InputError
from voxpress.text.lines import MARKERS, find_lines, is_comparison
from voxpress.text.normalise.keys import find_menu_keys
from voxpress.text.passage import Change, Edit, Passage

_SPACES = re.compile(r"\s+")
_BLANK_LINES = re.compile(r"\n\s*\n")
_QUOTE_SIGNS = re.compile(r"^[^\S\n]*(?:(?:>[^\S\n]?)+|#[^\S\n])", re.MULTILINE)
_LINE_ENDS = {"\r": "\n", "\u2028": "\n", "\u2029": "\n\n", "\t": " "}
_JOINERS = "\u200c\u200d"  # zero-width, yet they change how Persian and Indic words are spoken


class Paragraph(NamedTuple):
    """A paragraph, or a line of its own, such as a heading or a list item.

    Attributes:
        words: on one line.
        after: the pause before it is that after a sentence, or that after a paragraph.
        changes: the marker of a list item that nobody speaks.
    """

    words: Passage
    after: Literal["sentence", "paragraph"] = "paragraph"
    changes: tuple[Change, ...] = ()

    @property
    def text(self) -> str:
        return self.words.text


def clean(passage: Passage, *, lines: bool = True) -> list[Paragraph]:
    r"""The paragraphs of a passage, each on one line, in NFC and without characters that cannot be spoken.

    It removes control and formatting characters and turns white space of every kind into one space. A blank line ends
    a paragraph, and so does the end of a heading or of a list item (`voxpress.text.lines`).

    Args:
        lines: whether headings, list items and quotations are looked for; False for what was cleaned before.

    >>> given = Passage.of("Caf\u0065\u0301\u00a0opens\r\nat\tnine.\n\n\ufeffCome in.")
    >>> [paragraph.text for paragraph in clean(given)]
    ['Café opens at nine.', 'Come in.']

    Raises:
        InputError: the text holds half of a surrogate pair.
    """
    text = passage.text
    if text.isprintable() and unicodedata.is_normalized("NFC", text):
        if "  " not in text and text == text.strip() and not (lines and text[:1] in MARKERS):
            return [Paragraph(passage)] if text else []
    else:
        passage = passage.edit(_list_unspoken(text))
    paragraphs: list[Paragraph] = []
    at = 0
    blanks = list(_BLANK_LINES.finditer(passage.text))
    for blank in (*blanks, None):
        block = passage[at : blank.start()] if blank else passage[at:]
        if lines:
            paragraphs += _list_paragraphs(block, alone=not blanks)
        elif (flat := _flatten(block)).text:
            paragraphs.append(Paragraph(flat))
        at = blank.end() if blank else at
    return paragraphs


def _list_paragraphs(block: Passage, *, alone: bool) -> Iterator[Paragraph]:
    """A block of lines as one paragraph, or its headings and list items each as one."""
    after: Literal["sentence", "paragraph"] = "paragraph"
    signs = list(_list_quote_signs(block.text))
    quoted = tuple(block.changes(signs, "quotation"))
    block = block.edit(signs)
    for line in find_lines(block, alone=alone):
        flat = _flatten(block[line.start : line.end])
        if not flat.text:
            continue
        marked: list[Change] = []
        if line.marker:
            rule = "heading" if block.text[line.marker[0]] == "#" else "list marker"
            marked = block.changes((Edit(*line.marker, ""),), rule)
        yield Paragraph(flat, after, (*quoted, *marked))
        after, quoted = "sentence", ()


def _list_quote_signs(text: str) -> Iterator[Edit]:
    """Edits that remove the signs of a quotation or comment, which begin each line of a block."""
    lines = [line.lstrip() for line in text.split("\n") if line.strip()]
    quoted = all(line.startswith(">") for line in lines)
    if (quoted and not (len(lines) == 1 and is_comparison(lines[0]))) or (
        len(lines) > 1 and all(line.startswith("# ") for line in lines) and not find_menu_keys(lines)
    ):
        for sign in _QUOTE_SIGNS.finditer(text):
            yield Edit(sign.start(), sign.end(), "", fixed=False)


def _list_unspoken(text: str) -> Iterator[Edit]:
    """Edits that compose letters and remove what has no sound."""
    composed = {} if unicodedata.is_normalized("NFC", text) else dict(_compose(text))
    at = 0
    while at < len(text):
        end, new = composed.get(at, (at + 1, text[at]))
        kept = "" if text.startswith("\r\n", at) else "".join(map(_keep, new))
        if kept != text[at:end]:
            yield Edit(at, end, kept, fixed=False)
        at = end


def _compose(text: str) -> Iterator[tuple[int, tuple[int, str]]]:
    """Where letters begin that are not in NFC, where they end, and how they are in NFC."""
    start = 0
    for end in range(1, len(text) + 1):
        if end < len(text) and _continues_letter(text[end]):
            continue
        if (composed := unicodedata.normalize("NFC", text[start:end])) != text[start:end]:
            yield start, (end, composed)
        start = end


def _continues_letter(character: str) -> bool:
    """Whether a character may make one letter with those before it: a mark, or a vowel or final of Hangul."""
    return unicodedata.category(character)[0] == "M" or "\u1160" <= character <= "\u11ff"


def _keep(character: str) -> str:
    """What stays of a character.

    Raises:
        InputError: it is half of a surrogate pair.
    """
    if character.isprintable() or character == "\n" or character in _JOINERS:
        return character
    if character in _LINE_ENDS:
        return _LINE_ENDS[character]
    category = unicodedata.category(character)
    if category == "Cs":
        raise InputError(f"the text holds half a surrogate pair ({character!a}); save it as valid Unicode")
    return "" if category[0] == "C" else character


def _flatten(paragraph: Passage) -> Passage:
    """One line, with one space between words."""
    paragraph = paragraph.strip()
    if paragraph.text.isascii() and paragraph.text.isprintable() and "  " not in paragraph.text:
        return paragraph
    return paragraph.edit(
        Edit(space.start(), space.end(), " ", fixed=False)
        for space in _SPACES.finditer(paragraph.text)
        if space[0] != " "
    )


def has_speech(text: str) -> bool:
    """Whether a text has a letter or a digit.

    >>> has_speech("... !"), has_speech("7")
    (False, True)
    """
    return any(map(str.isalnum, text))
