"""SSML, W3C's Speech Synthesis Markup Language 1.0 and 1.1. docs/ssml.md says what each element does.

expat reads the XML and says at which byte each piece stands, so every word knows its place in the source. voxpress
declares no entity and opens no file for it: a document type may only name a public DTD, and nothing fetches that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

import msgspec

from voxpress import languages
from voxpress.errors import InputError, MarkupError, show, suggest
from voxpress.speech import Speaker
from voxpress.text import x_sampa
from voxpress.text.markup._composer import Composer, Style, on_one_line
from voxpress.text.parts import Decibels, Note, Part, Pause, Silence, Sound
from voxpress.text.passage import Edit, Passage
from voxpress.text.say_as import KINDS, SayAs

NAMESPACE = "http://www.w3.org/2001/10/synthesis"
SILENT: Decibels = -120.0
"""Quieter than the quietest sample of any format."""
LOUDEST: Decibels = 60.0
DEEPEST = 100
"""Elements that may stand in each other."""

RATES = {"x-slow": 0.5, "slow": 0.64, "medium": 1.0, "fast": 1.55, "x-fast": 2.0, "default": 1.0}
VOLUMES = {
    "silent": SILENT,
    "x-soft": -12.0,
    "soft": -6.0,
    "medium": 0.0,
    "loud": 6.0,
    "x-loud": 12.0,
    "default": 0.0,
}
BREAKS: Mapping[str, Silence | Pause | None] = {
    "none": None,
    "x-weak": Silence(0.1),
    "weak": Silence(0.15),
    "medium": Silence(0.25),
    "strong": Pause("sentence"),
    "x-strong": Pause("paragraph"),
}
_SAY_AS = {
    **{kind: kind for kind in KINDS},
    "spell-out": "characters",
    "verbatim": "characters",
    "number": "cardinal",
}
_NO_PITCH = re.compile(r"medium|default|[+-]?0+(?:\.0+)?(?:%|st|Hz)", re.IGNORECASE)
_TIME = re.compile(r"\+?([0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9}) ?(ms|s)", re.IGNORECASE)
_DECIBELS = re.compile(r"([+-]?[0-9]{1,4}(?:\.[0-9]{0,9})?) ?dB", re.IGNORECASE)
_RATE = re.compile(r"([+-]?)([0-9]{1,6}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})(%?)")
_CANNOT_MATTER = frozenset(
    ("xml:id", "id", "xml:space", "xsi:schemaLocation", "fetchtimeout", "fetchhint", "maxage", "maxstale")
)
"""Attributes that change nothing in what is heard."""
_TEXT_ONLY = ("say-as", "sub", "phoneme")
_SKIPPED = ("desc", "metadata", "meta")
_ENTITY = re.compile(r"&#?\w*;?")


def parse(text: str, *, lenient: bool = False) -> tuple[Part, ...]:
    """The parts of an SSML document.

    Args:
        lenient: what voxpress does not know or cannot do becomes a note; the words in it are spoken. Otherwise it is an
            error. What is no XML is always an error.

    >>> parse("<speak>One. <break time='500ms'/> Two.</speak>")
    (Say('One.'), Silence(duration=0.5), Say('Two.'))

    Raises:
        MarkupError: the text is not SSML, or, unless `lenient`, has something in it that voxpress cannot do.
    """
    return _Reader(text, lenient).parse()


@dataclass
class _Element:
    """An element whose end was not read yet."""

    name: str
    style: Style
    at: int
    attributes: dict[str, str]
    namespaces: Mapping[str, str]
    words: list[Passage] = field(default_factory=list)
    """Of an element that holds only text."""
    kept: dict[str, str] = field(default_factory=dict)
    """Attributes that are needed at the end of the element."""

    def take(self, name: str, default: str = "") -> str:
        """An attribute's value. What nobody takes is unknown."""
        return self.attributes.pop(name, default).strip()


class _Reader:
    """Reads one document."""

    def __init__(self, text: str, lenient: bool) -> None:
        self._text, self._lenient = text, lenient
        self._data = b""
        self._expat = expat.ParserCreate("utf-8")
        self._byte = self._character = 0
        self._stack: list[_Element] = []
        self._skipped = 0
        self._in_cdata = False
        self._composers = [Composer()]
        self._notes: dict[str, tuple[str, int]] = {}

    def parse(self) -> tuple[Part, ...]:
        self._character = len(self._text) - len(self._text.lstrip("\ufeff \t\r\n"))
        if not self._text.startswith("<", self._character):
            raise MarkupError(
                f"SSML stands in <speak>: write <speak>{_shorten(self._text.strip()) or '…'}</speak>"
            )
        try:
            self._data = self._text[self._character :].encode()
        except UnicodeEncodeError as error:
            self._refuse("half of a surrogate pair: save it as valid Unicode", self._character + error.start)
        reader = self._expat
        reader.StartDoctypeDeclHandler = self._check_doctype
        reader.EntityDeclHandler = self._refuse_entity
        reader.SkippedEntityHandler = self._refuse_skipped
        reader.StartElementHandler = self._open
        reader.EndElementHandler = self._close
        reader.CharacterDataHandler = self._read_text
        reader.StartCdataSectionHandler = lambda: self._set_cdata(True)
        reader.EndCdataSectionHandler = lambda: self._set_cdata(False)
        try:
            reader.Parse(self._data, True)
        except expat.ExpatError as error:
            at = self._character + len(
                self._data[self._byte : max(0, reader.ErrorByteIndex)].decode(errors="replace")
            )
            self._refuse(self._explain(error, at), at)
        notes = [f"{problem}{f' and {more} more' if more else ''}" for problem, more in self._notes.values()]
        return (*self._composers[0].parts(), *map(Note, notes))

    # Places and problems

    def _place(self) -> int:
        """Where in the text the parser is. It only moves on."""
        byte = self._expat.CurrentByteIndex
        self._character += len(self._data[self._byte : byte].decode())
        self._byte = byte
        return self._character

    def _say_where(self, at: int) -> str:
        line = self._text.count("\n", 0, at) + 1
        return f"line {line}, column {at - self._text.rfind(chr(10), 0, at)}"

    def _refuse(self, problem: str, at: int) -> NoReturn:
        raise MarkupError(f"{problem} ({self._say_where(at)})")

    def _tell(self, problem: str, at: int) -> None:
        """Note something, once for all places where it is so."""
        first, more = self._notes.get(problem, (None, 0))
        if first is None and len(self._notes) < 100:
            self._notes[problem] = f"{problem} ({self._say_where(at)})", 0
        elif first is not None:
            self._notes[problem] = first, more + 1

    def _miss(self, problem: str, at: int) -> None:
        """Say what voxpress cannot do: an error, or a note."""
        if not self._lenient:
            self._refuse(problem, at)
        self._tell(problem, at)

    def _explain(self, error: expat.ExpatError, at: int) -> str:
        problem = expat.ErrorString(error.code)
        if entity := _ENTITY.match(self._text, at):
            return f"{_shorten(entity[0])} is no entity of XML: write the character itself, or &amp; for &"
        if error.code == 4:
            return "not well-formed: write & as &amp; and < as &lt;"
        if error.code == 3 or "unclosed" in problem:
            last = f": <{_shorten(self._stack[-1].name)}> has no end" if self._stack else ""
            return f"the text ends too early{last}"
        if "mismatched" in problem and self._stack:
            return f"this is not the end of <{_shorten(self._stack[-1].name)}>, which is open"
        return problem

    def _check_doctype(self, name: str, system: str | None, public: str | None, internal: bool) -> None:
        if internal:
            self._refuse("a document type with declarations is not allowed: leave it out", self._place())

    def _refuse_entity(self, name: str, *declaration: object) -> None:
        self._refuse(f"the declaration of the entity {show(name)} is not allowed", self._place())

    def _refuse_skipped(self, name: str, is_parameter: bool) -> None:
        self._refuse(f"&{_shorten(name)}; is no entity of XML: write the character itself", self._place())

    # Text

    def _set_cdata(self, inside: bool) -> None:
        self._in_cdata = inside

    def _read_text(self, text: str) -> None:
        if self._skipped:
            return
        words = on_one_line(self._find(text))
        element = self._stack[-1]
        if element.name in _TEXT_ONLY:
            element.words.append(words)
        else:
            self._composers[-1].say(words, element.style)

    def _find(self, text: str) -> Passage:
        """The text that expat gave, and where it stands."""
        at = self._place()
        if self._text[at] == "&" and not self._in_cdata:
            end = self._text.index(";", at) + 1
        elif self._text[at] == "\r":
            end = at + len("\r\n") if self._text.startswith("\r\n", at) else at + 1
        else:
            return Passage.of(text, at)
        return Passage(text, [at] * len(text), [end] * len(text))

    # Elements

    def _open(self, name: str, attributes: dict[str, str]) -> None:
        if self._skipped:
            self._skipped += 1
            return
        at = self._place()
        parent = self._stack[-1] if self._stack else None
        if len(self._stack) == DEEPEST:
            self._refuse(f"more than {DEEPEST} elements stand in each other", at)
        element = _Element(
            name, parent.style if parent else Style(), at, attributes, parent.namespaces if parent else {}
        )
        self._name(element)
        if (element.name == "speak") == bool(parent):
            found = f"<{_shorten(name)}>"
            self._refuse(
                f"{found} stands in another element" if parent else f"SSML stands in <speak>, not in {found}",
                at,
            )
        if parent and parent.name in _TEXT_ONLY:
            self._refuse(f"<{_shorten(name)}> stands in <{parent.name}>, which holds only text", at)
        self._stack.append(element)
        if element.name in _SKIPPED:
            self._skipped = 1
            return
        if begin := _BEGIN.get(element.name):
            begin(self, element)
            for each in element.attributes:
                self._miss(f"the attribute {_shorten(each)} of <{element.name}> is not supported", at)
        else:
            known = suggest(element.name, _BEGIN.keys()) if len(name) < 40 else ""
            self._miss(f"<{_shorten(name)}> is unknown{known}", at)

    def _name(self, element: _Element) -> None:
        """Find the element's name in SSML's namespace, and forget attributes that cannot matter."""
        namespaces = {}
        for each in list(element.attributes):
            if each == "xmlns" or each.startswith("xmlns:"):
                namespaces[each[6:]] = element.attributes.pop(each)
            elif each in _CANNOT_MATTER:
                del element.attributes[each]
        if namespaces:
            element.namespaces = {**element.namespaces, **namespaces}
        prefix, colon, local = element.name.rpartition(":")
        if colon and element.namespaces.get(prefix) == NAMESPACE:
            element.name = local
        elif not colon and (element.namespaces.get("") or NAMESPACE) != NAMESPACE:
            other = element.namespaces[""]
            if element.name in _BEGIN or element.name in _SKIPPED:
                self._miss(
                    f"<{element.name}> is in the namespace {show(other)}, not in {NAMESPACE}", element.at
                )

    def _close(self, name: str) -> None:
        if self._skipped > 1:
            self._skipped -= 1
            return
        element = self._stack.pop()
        if self._skipped:
            self._skipped = 0
        elif end := _END.get(element.name):
            end(self, element)

    def begin_speak(self, element: _Element) -> None:
        if (version := element.take("version", "1.1")) not in ("1.0", "1.1"):
            self._miss(f"SSML {_shorten(version)} is unknown: the version is 1.0 or 1.1", element.at)
        self.set_language(element)

    def set_language(self, element: _Element) -> None:
        tag = element.take("xml:lang")
        if not tag:
            return
        try:
            self._set_speaker(element, language=languages.canonical(tag))
        except InputError as error:
            self._miss(f"xml:lang of <{element.name}>: {error.problem}", element.at)

    def _set_speaker(self, element: _Element, **fields: str) -> None:
        speaker = msgspec.structs.replace(element.style.speaker or Speaker(), **fields)
        element.style = element.style._replace(speaker=speaker)

    def begin_paragraph(self, element: _Element) -> None:
        self.set_language(element)
        self._composers[-1].pause("paragraph")

    def end_paragraph(self, element: _Element) -> None:
        self._composers[-1].pause("paragraph")

    def begin_sentence(self, element: _Element) -> None:
        self.set_language(element)
        self._composers[-1].pause("sentence")

    def end_sentence(self, element: _Element) -> None:
        self._composers[-1].pause("sentence")

    def begin_voice(self, element: _Element) -> None:
        name = element.take("name")
        if name:
            try:
                self._set_speaker(element, voice=name)
            except InputError as error:
                self._miss(f"name of <voice>: {error.problem}", element.at)
        elif not element.attributes:
            self._miss("<voice> needs a name", element.at)
        self.set_language(element)

    def begin_lang(self, element: _Element) -> None:
        if "xml:lang" not in element.attributes:
            self._miss("<lang> needs xml:lang", element.at)
        self.set_language(element)

    def begin_prosody(self, element: _Element) -> None:
        if rate := element.take("rate"):
            self._set_rate(element, rate)
        if volume := element.take("volume"):
            self._set_gain(element, "volume", volume)
        for name in ("pitch", "range"):
            if _NO_PITCH.fullmatch(element.attributes.get(name, "")):
                del element.attributes[name]

    def _set_rate(self, element: _Element, rate: str) -> None:
        style = element.style
        if (known := RATES.get(rate.lower())) is not None:
            factor = known
        elif (found := _RATE.fullmatch(rate)) and (found[3] or not found[1]):
            number = float(found[2]) / (100 if found[3] else 1)
            factor = number if not found[1] else 1 + (number if found[1] == "+" else -number)
        else:
            factor = 0.0
        if factor <= 0:
            self._miss(
                f"rate of <prosody>: {_quote(rate)} is not one of {', '.join(RATES)} or such as 80%",
                element.at,
            )
            return
        element.style = style._replace(rate=1.0 if rate.lower() == "default" else style.rate * factor)

    def _set_gain(self, element: _Element, attribute: str, volume: str) -> None:
        gain = VOLUMES.get(volume.lower()) if attribute == "volume" else None
        if gain is None and (found := _DECIBELS.fullmatch(volume)):
            gain = float(found[1])
        if gain is None or gain > LOUDEST:
            labels = f"one of {', '.join(VOLUMES)} or " if attribute == "volume" else ""
            self._miss(
                f"{attribute} of <{element.name}>: {_quote(volume)} is not {labels}such as +6dB,"
                f" at most {LOUDEST:g} dB",
                element.at,
            )
            return
        total = 0.0 if volume.lower() == "default" else element.style.gain + gain
        element.style = element.style._replace(gain=min(LOUDEST, max(SILENT, total)))

    def begin_break(self, element: _Element) -> None:
        strength, time = element.take("strength").lower(), element.take("time")
        if strength and strength not in BREAKS:
            self._miss(
                f"strength of <break>: {_quote(strength)} is not one of {', '.join(BREAKS)}", element.at
            )
            strength = ""
        silence = BREAKS[strength or "medium"]
        if found := _TIME.fullmatch(time):
            seconds = float(found[1]) * (0.001 if found[2].lower() == "ms" else 1)
            silence = Silence(seconds) if seconds else None
        elif time:
            self._miss(f"time of <break>: {_quote(time)} is not such as 500ms or 2s", element.at)
        try:
            self._composers[-1].rest(silence)
        except MarkupError as error:
            self._refuse(f"<break>: {error.problem}", element.at)

    def begin_mark(self, element: _Element) -> None:
        if name := element.take("name"):
            self._composers[-1].bookmark(name, element.at)
        else:
            self._miss("<mark> needs a name", element.at)

    def begin_emphasis(self, element: _Element) -> None:
        level = element.take("level", "moderate").lower()
        if level not in ("strong", "moderate", "none", "reduced"):
            self._miss(
                f"level of <emphasis>: {_quote(level)} is not strong, moderate, none or reduced", element.at
            )
        elif level != "none":
            self._tell("<emphasis>: no engine can stress words, so they are read as the others", element.at)

    def begin_lexicon(self, element: _Element) -> None:
        element.attributes.clear()
        self._miss("<lexicon> is not read: name the lexicon in the manifest or in voxpress.toml", element.at)

    def begin_audio(self, element: _Element) -> None:
        source = element.take("src")
        if not source:
            self._miss("<audio> needs src", element.at)
        if level := element.take("soundLevel"):
            self._set_gain(element, "soundLevel", level)
        element.kept["src"] = source
        self._composers.append(Composer())

    def end_audio(self, element: _Element) -> None:
        instead = self._composers.pop().parts()
        source = element.kept["src"]
        if source or instead:
            self._composers[-1].sound(Sound(source, element.style.gain, instead))

    # Elements that hold only text

    def begin_text(self, element: _Element) -> None:
        """Keep the element's attributes for its end."""
        known = _TEXT_ATTRIBUTES[element.name]
        element.kept = {name: element.take(name) for name in known if name in element.attributes}
        if known[0] not in element.kept:
            self._miss(f"<{element.name}> needs {known[0]}", element.at)

    def end_sub(self, element: _Element) -> None:
        if "alias" in element.kept:
            alias = element.kept["alias"]
            # Digits in it are read as digits elsewhere are.
            self._replace(element, Edit(0, 0, alias, fixed=not any(map(str.isdigit, alias))))
        else:
            self._speak(element)

    def end_phoneme(self, element: _Element) -> None:
        alphabet, sounds = element.kept.get("alphabet", "ipa").lower(), element.kept.get("ph", "")
        if alphabet in x_sampa.NAMES:
            try:
                sounds = x_sampa.to_ipa(sounds)
            except InputError as error:
                self._miss(f"ph of <phoneme>: {error.problem}", element.at)
                sounds = ""
        elif alphabet != "ipa":
            self._miss(f"alphabet of <phoneme>: {_quote(alphabet)} is not ipa or x-sampa", element.at)
            sounds = ""
        if sounds:
            written = Passage.join(element.words).text.strip()
            self._replace(element, Edit(0, 0, written or sounds, ipa=sounds))
        else:
            self._speak(element)

    def end_say_as(self, element: _Element) -> None:
        kind = element.kept.get("interpret-as", "").lower()
        words = Passage.join(element.words)
        start, end = _bounds(words.text)
        if kind and kind not in _SAY_AS:
            known = ", ".join(_SAY_AS)
            self._miss(f"interpret-as of <say-as>: {_quote(kind)} is not one of {known}", element.at)
        elif kind and start < end:
            asked = SayAs(start, end, _SAY_AS[kind], element.kept.get("format", ""))
            self._composers[-1].say(words, element.style, asked=asked)
            return
        self._speak(element)

    def _speak(self, element: _Element) -> None:
        self._composers[-1].say(Passage.join(element.words), element.style)

    def _replace(self, element: _Element, edit: Edit) -> None:
        """Speak something else than what is written in the element."""
        words = Passage.join(element.words)
        start, end = _bounds(words.text)
        if start == end:  # nothing is written: the place is that of the element
            words, start, end = Passage(" ", [element.at], [self._place()]), 0, 1
        edits = [msgspec.structs.replace(edit, start=start, end=end)]
        changes = words.changes(edits, element.name)
        self._composers[-1].say(words.edit(edits), element.style, changes=changes)


_TEXT_ATTRIBUTES = {
    "sub": ("alias",),
    "phoneme": ("ph", "alphabet"),
    "say-as": ("interpret-as", "format"),
}
_BEGIN: Mapping[str, Callable[[_Reader, _Element], None]] = {
    "speak": _Reader.begin_speak,
    "p": _Reader.begin_paragraph,
    "s": _Reader.begin_sentence,
    "voice": _Reader.begin_voice,
    "lang": _Reader.begin_lang,
    "prosody": _Reader.begin_prosody,
    "break": _Reader.begin_break,
    "mark": _Reader.begin_mark,
    "emphasis": _Reader.begin_emphasis,
    "lexicon": _Reader.begin_lexicon,
    "audio": _Reader.begin_audio,
    "say-as": _Reader.begin_text,
    "sub": _Reader.begin_text,
    "phoneme": _Reader.begin_text,
    "token": _Reader.set_language,
    "w": _Reader.set_language,
}
_END: Mapping[str, Callable[[_Reader, _Element], None]] = {
    "p": _Reader.end_paragraph,
    "s": _Reader.end_sentence,
    "audio": _Reader.end_audio,
    "say-as": _Reader.end_say_as,
    "sub": _Reader.end_sub,
    "phoneme": _Reader.end_phoneme,
}


def _bounds(text: str) -> tuple[int, int]:
    """Where a text begins and ends, without the white space around it."""
    return (len(text) - len(text.lstrip()), len(text.rstrip())) if text.strip() else (0, 0)


def _quote(text: str) -> str:
    return repr(_shorten(text))


def _shorten(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
