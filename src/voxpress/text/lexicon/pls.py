"""W3C's Pronunciation Lexicon Specification 1.0, in and out, and what DAISY's Pipeline adds to it.

PLS has one language for a file. It has no conditions for engines and voices, no flags for case and parts of words, and
no patterns. DAISY's dialect has patterns (``regex="true"``) and what must follow a word (``positive-lookahead``);
voxpress reads these, and does not write them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from voxpress import languages
from voxpress.errors import InputError, show
from voxpress.text.ipa import to_ipa
from voxpress.text.lexicon import Entry, Lexicon, identify

if TYPE_CHECKING:
    from xml.sax.xmlreader import AttributesNSImpl

NAMESPACE = "http://www.w3.org/2005/01/pronunciation-lexicon"
UNDETERMINED = "und"
"""The language of a lexicon that holds for every language."""

_XML = "http://www.w3.org/XML/1998/namespace"
_DEEPEST = 32
_GROUP = re.compile(r"\\(?!\$)|\$(\d)")
_TRUE, _FALSE = ("true", "1"), ("", "false", "0")
_LEFT_ALONE = ("meta", "metadata", "example")


class _Form(NamedTuple):
    """A grapheme, phoneme or alias."""

    text: str
    line: int
    attributes: Mapping[str, str]


class _Lexeme:
    """What stands in a lexeme, as far as it was read."""

    def __init__(self, line: int, attributes: Mapping[str, str]) -> None:
        self.line, self.attributes = line, attributes
        self.graphemes: list[_Form] = []
        self.readings: list[tuple[str, _Form]] = []


def read_pls(data: bytes, name: str) -> tuple[list[Entry], list[str]]:
    """The entries of a lexicon in PLS, and notes about readings that do not count.

    A lexeme with several graphemes gives an entry for each. Of several readings, the first that is preferred counts,
    else the first. An alias and a phoneme, of which none is preferred, become both forms of an entry. Of two lexemes
    for one word, the first counts: roles are not told apart.

    >>> document = f'''<lexicon version="1.0" alphabet="ipa" xml:lang="en" xmlns="{NAMESPACE}">
    ...   <lexeme><grapheme>SQL</grapheme><alias>sequel</alias></lexeme>
    ... </lexicon>'''
    >>> read_pls(document.encode(), "en.pls")
    ([Entry('SQL', 'sequel', language='en')], [])

    Args:
        name: of the file, for messages.

    Raises:
        InputError: it is not PLS, or an entry is wrong; it has file and line.
    """
    from io import BytesIO
    from xml.sax import SAXException, SAXParseException

    from defusedxml.common import DefusedXmlException

    parser, reader = _make_parser(name)
    try:
        parser.parse(BytesIO(data))
    except DefusedXmlException:
        problem = "declares a document type or entities, which are not read"
        raise InputError(problem, place=f"{name}:{parser.getLineNumber()}") from None
    except SAXParseException as error:
        raise InputError(
            f"is not XML: {error.getMessage()}", place=f"{name}:{error.getLineNumber()}"
        ) from None
    except InputError:
        raise
    except (SAXException, ValueError, LookupError) as error:
        raise InputError(f"is not XML: {error}", place=name) from None
    return list(reader.entries.values()), reader.notes


def _make_parser(name: str) -> tuple[Any, Any]:
    """A parser, and the reader that it tells what stands in the file."""
    from xml.sax.handler import ContentHandler, feature_namespaces

    from defusedxml.sax import make_parser

    class Reader(_Reader, ContentHandler):
        def startElementNS(
            self, name: tuple[str | None, str], qname: str | None, attrs: AttributesNSImpl
        ) -> None:
            given = {
                f"xml:{local}" if space == _XML else local: value
                for (space, local), value in attrs.items()
                if space in (None, _XML)
            }
            self.open_element(*name, given, parser.getLineNumber())

        def endElementNS(self, name: tuple[str | None, str], qname: str | None) -> None:
            self.close_element(name[1])

        def characters(self, content: str) -> None:
            self.add_text(content)

    parser = make_parser()
    parser.forbid_dtd = True
    parser.setFeature(feature_namespaces, True)
    reader = Reader(name)
    parser.setContentHandler(reader)
    return parser, reader


class _Reader:
    """Makes entries of the elements of a file."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.entries: dict[tuple[object, ...], Entry] = {}
        self.notes: list[str] = []
        self.language = self.alphabet = ""
        self._open: list[str] = []
        self._lexeme: _Lexeme | None = None
        self._form: tuple[int, Mapping[str, str]] | None = None
        self._text: list[str] = []

    def open_element(self, space: str | None, tag: str, given: Mapping[str, str], line: int) -> None:
        """Begin an element; what is of another vocabulary is left alone."""
        parent = self._open[-1] if self._open else ""
        own = space in (NAMESPACE, None) and "?" not in self._open
        self._open.append(tag if own and tag not in _LEFT_ALONE else "?")
        if len(self._open) > _DEEPEST:
            raise self._error("is nested too deeply", line)
        match parent, self._open[-1]:
            case "", "lexicon":
                self._begin(given, line)
            case "", _:
                raise self._error(f"is <{tag}>, and no <lexicon>", line)
            case "lexicon", "lexeme":
                self._lexeme = _Lexeme(line, given)
            case "lexeme", "grapheme" | "phoneme" | "alias":
                self._form, self._text = (line, given), []
            case _, "?":
                pass
            case _:
                raise self._error(f"<{tag}> is out of place in <{parent}>", line)

    def add_text(self, content: str) -> None:
        """Go on with the text of a form."""
        if self._form and self._open[-1] != "?":
            self._text.append(content)

    def close_element(self, tag: str) -> None:
        """End an element."""
        kind = self._open.pop()
        if kind == "lexeme" and self._lexeme:
            for entry in self._list_entries(self._lexeme):
                first = self.entries.setdefault(identify(entry), entry)
                if (first.spoken, first.ipa) != (entry.spoken, entry.ipa):
                    self.notes.append(
                        f"{entry.origin}: {show(entry.written)} is spoken as {first.origin} says, because that comes"
                        " first"
                    )
            self._lexeme = None
        elif kind in ("grapheme", "phoneme", "alias") and self._form and self._lexeme:
            line, given = self._form
            form = _Form(" ".join("".join(self._text).split()), line, given)
            self._form = None
            if not form.text:
                raise self._error(f"<{tag}> is empty", line)
            if kind == "grapheme":
                self._lexeme.graphemes.append(form)
            else:
                self._lexeme.readings.append((kind, form))

    def _begin(self, given: Mapping[str, str], line: int) -> None:
        language = given.get("xml:lang", "")
        self.alphabet = given.get("alphabet", "")
        if (version := given.get("version", "1.0")) != "1.0":
            raise self._error(f"is PLS {show(version)}, and voxpress reads 1.0", line)
        try:
            self.language = "" if language in ("", UNDETERMINED) else languages.canonical(language)
        except InputError as error:
            raise self._error(error.problem, line) from None

    def _list_entries(self, lexeme: _Lexeme) -> Iterator[Entry]:
        if not lexeme.graphemes:
            raise self._error("a <lexeme> has no <grapheme>", lexeme.line)
        if not lexeme.readings:
            raise self._error(
                f"{show(lexeme.graphemes[0].text)} has no <phoneme> and no <alias>", lexeme.line
            )
        regex = self._flag(lexeme.attributes, "regex", lexeme.line)
        preferred = [one for one in lexeme.readings if self._flag(one[1].attributes, "prefer", one[1].line)]
        counts = dict(reversed(preferred[:1] or lexeme.readings))  # the first of each kind
        for grapheme in lexeme.graphemes:
            yield self._make_entry(grapheme, counts.get("alias"), counts.get("phoneme"), regex=regex)

    def _make_entry(self, grapheme: _Form, spoken: _Form | None, ipa: _Form | None, *, regex: bool) -> Entry:
        line = grapheme.line
        try:
            sounds = ""
            if ipa:
                line = ipa.line
                sounds = to_ipa(ipa.text, ipa.attributes.get("alphabet", self.alphabet or "ipa"))
                line = grapheme.line
            said = spoken.text if spoken else ""
            return Entry(
                grapheme.text,
                _GROUP.sub(lambda group: f"\\{group[1]}" if group[1] else "\\\\", said) if regex else said,
                sounds,
                part=regex,
                regex=regex,
                followed_by=grapheme.attributes.get("positive-lookahead", ""),
                language=self.language,
                origin=f"{self.name}:{line}",
            )
        except InputError as error:
            raise error.at(f"{self.name}:{line}") from None

    def _flag(self, attributes: Mapping[str, str], name: str, line: int) -> bool:
        value = attributes.get(name, "").strip()
        if value not in (*_TRUE, *_FALSE):
            raise self._error(f"{name} must be true or false, not {show(value)}", line)
        return value in _TRUE

    def _error(self, problem: str, line: int) -> InputError:
        return InputError(problem, place=f"{self.name}:{line}")


def write_pls(lexicon: Lexicon) -> str:
    r"""A lexicon in PLS 1.0.

    >>> print(write_pls(Lexicon([Entry("SQL", "sequel", language="en")])), end="")
    <?xml version="1.0" encoding="UTF-8"?>
    <lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon" alphabet="ipa" xml:lang="en">
      <lexeme>
        <grapheme>SQL</grapheme>
        <alias>sequel</alias>
      </lexeme>
    </lexicon>

    Raises:
        InputError: an entry says what PLS cannot, or the entries have several languages.
    """
    tags = sorted({entry.language for entry in lexicon.entries})
    if len(tags) > 1:
        named = ", ".join(tag or "no language" for tag in tags)
        raise InputError(
            f"PLS has one language for a file, and these entries have several ({named}):"
            " leave out the entries of the others"
        )
    language = quoteattr("".join(tags) or UNDETERMINED)
    root = f'<lexicon version="1.0" xmlns="{NAMESPACE}" alphabet="ipa" xml:lang={language}>'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', root]
    for entry in lexicon.entries:
        if unsaid := list_unsaid(entry):
            raise InputError(
                f"{show(entry.written)}: PLS 1.0 cannot say {' and '.join(unsaid)}", place=entry.origin
            )
        lines += ["  <lexeme>", f"    <grapheme>{escape(entry.written)}</grapheme>"]
        lines += [f"    <alias>{escape(entry.spoken)}</alias>"] if entry.spoken else []
        lines += [f"    <phoneme>{escape(entry.ipa)}</phoneme>"] if entry.ipa else []
        lines.append("  </lexeme>")
    return "\n".join([*lines, "</lexicon>", ""])


def list_unsaid(entry: Entry) -> list[str]:
    """What PLS 1.0 cannot say of an entry.

    >>> list_unsaid(Entry("SQL", "sequel", engine="piper", case="any"))
    ['an engine', 'a case']
    """
    said = {
        "an engine": entry.engine,
        "a voice": entry.voice,
        "a case": entry.case != "smart",
        "a part of a word": entry.part,
        "a pattern": entry.regex,
        "what follows": entry.followed_by,
    }
    return [what for what, given in said.items() if given]
