"""XML read safely, with the place of everything in it.

expat says at which byte each piece stands, so every word knows its place in the source. No entity is declared and no
file is opened: a document type may only name a public DTD, and nothing fetches that.
"""

from __future__ import annotations

import re
from typing import NoReturn, Protocol
from xml.parsers import expat

from voxpress.errors import MarkupError, shorten, show
from voxpress.text.passage import Passage

DEEPEST = 100
"""Elements that may stand in each other."""

_BEFORE = "\ufeff \t\r\n"
_TAG = re.compile(r"<(?:[^>'\"]|'[^']*'|\"[^\"]*\")*>")
_ENTITY = re.compile(r"&#?\w{0,100};?")


class Handler(Protocol):
    """What gets the elements and words of a document, in order. `at` is a place in the text."""

    def begin(self, name: str, attributes: dict[str, str], at: int) -> None:
        """An element begins. Names have their prefixes."""

    def end(self, at: int) -> None:
        """The last element that began and did not end yet, ends."""

    def read(self, words: Passage) -> None:
        """Words come."""


def read(text: str, handler: Handler) -> None:
    """Tell `handler` what is in a document.

    Raises:
        MarkupError: the text is not well-formed, declares entities, or is nested too deep; and what `handler` raises.
    """
    _Reader(text, handler).read()


def refuse(problem: str, text: str, at: int) -> NoReturn:
    """Raise a `MarkupError` that names the place."""
    raise MarkupError(f"{problem} ({locate(text, at)})")


def find_end(text: str, at: int) -> int:
    """Where the tag ends that begins at a place.

    >>> find_end("a <mark name='>'/> b", 2)
    18
    """
    tag = _TAG.match(text, at)
    return tag.end() if tag else at


def locate(text: str, at: int) -> str:
    r"""A place in a text, as people count.

    >>> locate("one\ntwo", 5)
    'line 2, column 2'
    """
    return f"line {text.count(chr(10), 0, at) + 1}, column {at - text.rfind(chr(10), 0, at)}"


class _Reader:
    def __init__(self, text: str, handler: Handler) -> None:
        self._text, self._handler = text, handler
        self._parser = expat.ParserCreate("utf-8")
        self._data = b""
        self._byte = 0
        self._at = len(text) - len(text.lstrip(_BEFORE))
        """The place of the byte `_byte`."""
        self._open: list[str] = []
        self._in_cdata = False

    def read(self) -> None:
        try:
            self._data = self._text[self._at :].encode()
        except UnicodeEncodeError as error:
            self._refuse("half of a surrogate pair: save it as valid Unicode", self._at + error.start)
        parser = self._parser
        parser.StartDoctypeDeclHandler = self._check_doctype
        parser.EntityDeclHandler = self._refuse_declaration
        parser.SkippedEntityHandler = self._refuse_entity
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._read_words
        parser.StartCdataSectionHandler = self._begin_cdata
        parser.EndCdataSectionHandler = self._end_cdata
        try:
            parser.Parse(self._data, True)
        except expat.ExpatError as error:
            at = self._move(max(self._byte, parser.ErrorByteIndex))
            self._refuse(self._explain(error, at), at)

    def _move(self, byte: int) -> int:
        """The place of a byte, which comes after those that were asked for before."""
        self._at += len(self._data[self._byte : byte].decode(errors="replace"))
        self._byte = byte
        return self._at

    def _refuse(self, problem: str, at: int) -> NoReturn:
        refuse(problem, self._text, at)

    def _explain(self, error: expat.ExpatError, at: int) -> str:
        problem = expat.ErrorString(error.code)
        inner = f"<{shorten(self._open[-1])}>" if self._open else ""
        if problem == "undefined entity" and (entity := _ENTITY.match(self._text, at)):
            return f"{shorten(entity[0])} is no entity of XML: write the character itself, or &amp; for &"
        if "invalid token" in problem:
            return "not well-formed: write & as &amp; and < as &lt;"
        if problem in ("no element found", "unclosed token", "unclosed CDATA section"):
            return f"the text ends too early{f': {inner} has no end' if inner else ''}"
        if problem == "mismatched tag" and inner:
            return f"this is not the end of {inner}, which is open"
        return problem

    def _check_doctype(self, name: str, system: str | None, public: str | None, internal: bool) -> None:
        if internal:
            self._refuse("a document type with declarations is not allowed: leave it out", self._place())

    def _refuse_declaration(self, name: str, *declaration: object) -> None:
        self._refuse(f"the declaration of the entity {show(name)} is not allowed", self._place())

    def _refuse_entity(self, name: str, is_parameter: bool) -> None:
        self._refuse(f"&{shorten(name)}; is no entity of XML: write the character itself", self._place())

    def _place(self) -> int:
        return self._move(self._parser.CurrentByteIndex)

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        at = self._place()
        if len(self._open) == DEEPEST:
            self._refuse(f"more than {DEEPEST} elements stand in each other", at)
        self._open.append(name)
        self._handler.begin(name, attributes, at)

    def _end(self, name: str) -> None:
        self._open.pop()
        self._handler.end(self._place())

    def _begin_cdata(self) -> None:
        self._in_cdata = True

    def _end_cdata(self) -> None:
        self._in_cdata = False

    def _read_words(self, words: str) -> None:
        at = self._place()
        if self._text[at] == "&" and not self._in_cdata:
            end = self._text.index(";", at) + 1
        elif self._text[at] == "\r":
            end = at + len("\r\n") if self._text.startswith("\r\n", at) else at + 1
        else:
            self._handler.read(Passage.of(words, at))
            return
        self._handler.read(Passage(words, [at] * len(words), [end] * len(words)))
