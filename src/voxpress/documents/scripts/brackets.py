"""What stands in brackets, in italics or in tags in a script: a direction, or speech."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple, TypeAlias

from voxpress.documents.scripts import LeftOut, Pause, SoundCue
from voxpress.documents.scripts.directions import (
    Direction,
    is_aside,
    is_noise,
    locate,
    read_direction,
    read_pause,
)
from voxpress.text.markup.directions import generate

Piece: TypeAlias = str | Direction | LeftOut

_PIECE = re.compile(
    r"(?P<code>`[^`\n]{1,400}`|https?://\S+)"
    r"|(?P<image>!\[[^][\n]{0,400}\]\([^()\s]{0,2000}\))"
    r"|(?P<square>(?P<em1>[*_]{0,3})(?:\\?\[(?P<in1>(?:[^][]|\[[^][]{0,200}\]){0,400}?)\\?\]|【(?P<in2>[^【】]{0,400})】)(?P=em1))"
    r"|(?P<round>(?P<em2>[*_]{0,3})(?:\((?P<in3>[^()]{1,200})\)|（(?P<in4>[^（）]{1,200})）)(?P=em2))"
    r"|(?P<italics>(?<![*\w])\*(?P<in5>[^*\n]{1,200})\*(?![*\w])|(?<![_\w])_(?P<in6>[^_\n]{1,200})_(?![_\w]))"
    r"|(?P<tag><(?P<in7>/?[^\W\d_][^<>@:]{0,200})>)"
)
_KINDS = ("code", "image", "square", "round", "italics", "tag")
_INSIDES = ("in1", "in2", "in3", "in4", "in5", "in6", "in7")
_HTML = re.compile(r"/?(?:a|b|i|u|s|em|strong|small|sub|sup|span|br|p|div|cite|q|mark|abbr)\b", re.IGNORECASE)
_TAG_BREAK = re.compile(r"break\b[^>]*?\btime\s*=\s*[\"']?(?P<time>[^\"'\s/]+)[^>]*", re.IGNORECASE)
_ADDRESS = re.compile(r"\((?P<address>(?:[^()\s]|\([^()\s]{0,200}\)){1,2000})(?:\s+\"[^\"\n]{0,400}\")?\)")
_SPAN = re.compile(r"\{[^{}\n]{1,200}\}")
_SPACES = re.compile(r"[ \t]*\n?")
_WORD = re.compile(r"\w")
_SIDES = " \t*_\"'“”„«»>"
"""What may stand between a direction and the beginning of its line."""
_ENDS = f"{_SIDES}.,;:!?…"
_JOINED = ".,;:!?…)\"'”’»。，！？；："
"""What follows a word without a space."""
_FAR = 80
"""Characters around a direction that are looked at."""


def has_words(text: str) -> bool:
    """Whether something in a text can be spoken.

    >>> has_words("Yes."), has_words("…"), has_words("[beep]")
    (True, False, True)
    """
    return _WORD.search(text) is not None


def read_pieces(
    paragraph: str, line: int, sounds: Collection[str] = (), *, first: bool = True, path: str = ""
) -> Iterator[tuple[int, Piece]]:
    """The pieces of a paragraph, each with its line: text that is spoken, directions, and what is left out.

    >>> [piece for _, piece in read_pieces("Well [laughs], I (of all people) know.", 1)]
    ['Well', LeftOut(text='[laughs]', line=1), ', I (of all people) know.']

    Args:
        line: on which the paragraph begins.
        sounds: names of the script's sounds.
        first: the paragraph begins a turn.
        path: for messages.

    Raises:
        InputError: a direction cannot be so.
    """
    end = counted = 0
    spoken_line = line
    for match in _PIECE.finditer(paragraph):
        if match.start() < end:
            continue
        line += paragraph.count("\n", counted, match.start())
        counted = match.start()
        found = _Found.of(match, line, first)
        with locate(path, line):
            pieces, after = found.read(sounds)
        if pieces is None:
            continue
        before, end = paragraph[end : match.start()], after
        if not any(isinstance(piece, str) for piece in pieces):
            following = paragraph[end : end + 1]
            if not following.strip() or following in _JOINED:
                before = before.rstrip(" \t")
            if (found.begins or found.before == "\n") and (spaces := _SPACES.match(paragraph, end)):
                end = spaces.end()
        if before:
            yield spoken_line, before
        yield from ((line, piece) for piece in pieces)
        spoken_line = line + paragraph.count("\n", counted, end)
    if paragraph[end:].strip():
        yield spoken_line, paragraph[end:]


class _Found(NamedTuple):
    """What looks like a direction.

    Attributes:
        words: between the brackets.
        first: it begins a turn.
        begins: it begins a paragraph.
        alone: it stands on a line of its own.
        whole: it is the whole paragraph.
        before, after: the characters beside it, without white space and emphasis.
    """

    match: re.Match[str]
    words: str
    line: int
    first: bool
    begins: bool
    alone: bool
    whole: bool
    before: str
    after: str

    @classmethod
    def of(cls, match: re.Match[str], line: int, first: bool) -> _Found:
        text, start, end = match.string, match.start(), match.end()
        before = text[max(0, start - _FAR) : start].rstrip(_SIDES)
        after = text[end : end + _FAR]
        begins = not before and start <= _FAR
        following = after.lstrip(_ENDS)[:1]
        return cls(
            match,
            next((each for each in match.group(*_INSIDES) if each is not None), "").strip(),
            line,
            first and begins,
            begins,
            (begins or before.endswith("\n")) and following in ("", "\n"),
            begins and not following,
            before[-1:],
            after.lstrip(_SIDES),
        )

    @property
    def left_out(self) -> LeftOut:
        return LeftOut(text=" ".join(self.match[0].split()), line=self.line)

    def read(self, sounds: Collection[str]) -> tuple[list[Piece] | None, int]:
        """What it becomes, and where it ends; None: it is speech, and stays as it is."""
        kind = next(kind for kind in _KINDS if self.match[kind] is not None)
        end = self.match.end()
        if kind == "square":
            return self._read_square(sounds)
        if kind == "image":
            return [self.left_out], end
        if kind == "tag":
            return self._read_tag(), end
        if kind != "code" and self._is_direction(kind, sounds):
            return self._do(self.words, sounds), end
        return None, end

    def _read_square(self, sounds: Collection[str]) -> tuple[list[Piece] | None, int]:
        text, words, end = self.match.string, self.words, self.match.end()
        if words.startswith("^") or (words in ("", "x", "X") and self.before in ("-", "+")):
            return None, end
        if link := _ADDRESS.match(text, end):
            if not link["address"].startswith("#"):
                return None, end
            return self._read_anchor(link["address"][1:], sounds), link.end()
        if span := _SPAN.match(text, end):
            return [words, LeftOut(text=span[0], line=self.line)], span.end()
        if not words:
            return [], end
        if read_pause(words) is None and generate(f"[{words}]"):
            return [f"[{words}]"], end
        return self._do(words, sounds), end

    def _read_anchor(self, name: str, sounds: Collection[str]) -> list[Piece]:
        """A link to a sound: alone with a length it is played, on words it is left out, and they are spoken."""
        if not self.alone or (length := read_pause(f"pause {self.words}")) is None:
            return [self.words, LeftOut(text=f"(#{name})", line=self.line)]
        if name == "silence":
            return [Pause(duration=length, line=self.line)]
        return [SoundCue(name=name, line=self.line)] if name in sounds else [self.left_out]

    def _read_tag(self) -> list[Piece] | None:
        if found := _TAG_BREAK.fullmatch(self.words.rstrip("/ ")):
            return self._do(f"pause {found['time']}", ())
        if _HTML.match(self.words):
            return None
        return [] if self.words.startswith("/") else [self.left_out]

    def _is_direction(self, kind: str, sounds: Collection[str]) -> bool:
        """Whether it is one, where what looks the same can also be speech."""
        if not self.first and (self.whole if kind == "italics" else self.alone):
            return True
        noise = is_noise(self.words)
        if kind == "italics":
            sentence = self.begins or self.before in ".!?…"
            follows = not self.after or self.after[0] == "\n" or self.after[0].isupper()
            low = self.begins and self.words[:1].islower() and not self.after.startswith("I ")
            return sentence and follows and (noise or low)
        if self.begins:
            return is_aside(self.words) or bool(read_direction(self.words, sounds))
        return noise or read_pause(self.words) is not None

    def _do(self, words: str, sounds: Collection[str]) -> list[Piece]:
        found = read_direction(words, sounds, self.line)
        if not found:
            return [self.left_out]
        within = not self.begins and self.before != "\n" and self.after and self.after[0] != "\n"
        if within and isinstance(pause := found[0], Pause):
            return [f"[{pause.duration:g} seconds of silence]"]
        return list(found)
