"""SSML, W3C's Speech Synthesis Markup Language 1.0 and 1.1. docs/ssml.md says what each element does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from voxpress import languages
from voxpress.errors import InputError, MarkupError, shorten, show, suggest
from voxpress.speech import Speaker
from voxpress.text.ipa import to_ipa
from voxpress.text.markup import _xml
from voxpress.text.markup._composer import Composer, Style, on_one_line
from voxpress.text.normalise import KINDS
from voxpress.text.parts import Bookmark, Decibels, Note, Part, Pause, Silence, Sound, Wish
from voxpress.text.passage import Edit, Passage
from voxpress.text.say_as import SayAs, find_problem, shorten_format, tell_kind

NAMESPACE = "http://www.w3.org/2001/10/synthesis"
SILENT: Decibels = -120.0
"""Quieter than the quietest sample of any format."""
LOUDEST: Decibels = 60.0
MOST_NOTES = 100
MOST_LANGUAGES = 16
"""That one voice is to speak."""
MOST_LEXICONS = 16
"""That one document names: each is a pass over its words."""

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
GENDERS = ("female", "male", "neutral")
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
_UNHEARD = {("prosody", each) for each in ("pitch", "contour", "range", "duration")}
"""Attributes of elements that no engine can do."""
_TIME = re.compile(r"\+?([0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9}) ?(ms|s)", re.IGNORECASE)
_DECIBELS = re.compile(r"([+-]?[0-9]{1,4}(?:\.[0-9]{0,9})?) ?dB", re.IGNORECASE)
_RATE = re.compile(r"([+-]?)([0-9]{1,6}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})(%?)")
_CANNOT_MATTER = frozenset(
    ("id", "xml:space", "xsi:schemaLocation", "fetchtimeout", "fetchhint", "maxage", "maxstale")
)
"""Attributes that change nothing in what is heard."""
_PLAIN = re.compile(r"[^\W\d_](?:[^\W\d_]|[\s.,;:!?'’-])*")
"""An alias of words only."""
_TEXT_ONLY = ("say-as", "sub", "phoneme")
_SKIPPED = ("desc", "metadata", "meta")


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
    reader = _Reader(text, lenient)
    return reader.parse()


@dataclass
class _Element:
    """An element whose end was not read yet."""

    name: str
    style: Style
    at: int
    attributes: dict[str, str]
    namespaces: Mapping[str, str]
    words: list[Passage] | None = None
    """Where its words go, if it, or an element around it, holds only text."""
    end: int = 0
    id: str = ""
    kept: dict[str, str] = field(default_factory=dict)
    """Attributes that are needed at the end of the element."""

    def take(self, name: str, default: str = "") -> str:
        """An attribute's value. What nobody takes is unknown."""
        return self.attributes.pop(name, default).strip()


class _Reader:
    """Reads one document: what `_xml` tells of it, element by element."""

    def __init__(self, text: str, lenient: bool) -> None:
        self._text, self._lenient = text, lenient
        self._open: list[_Element] = []
        self._skipped = 0
        """Elements around this place whose content is not spoken."""
        self._inner = 0
        """Elements in one that holds only text."""
        self._composers = [Composer()]
        """The document's, and one for each <audio> that is open."""
        self._notes: dict[str, tuple[str, int]] = {}
        self._version = "1.1"
        self._has_words = False
        self._lexicons: dict[str, tuple[str, int]] = {}
        """File and place of each <lexicon>, by its name."""
        self._looked_up: set[str] = set()
        """Files of lexicons that hold for some words."""

    def parse(self) -> tuple[Part, ...]:
        begun = self._text.lstrip("\ufeff \t\r\n")
        if not begun.startswith("<"):
            raise MarkupError(f"SSML stands in <speak>: write <speak>{shorten(begun.strip()) or '…'}</speak>")
        _xml.read(self._text, self)
        for file, at in self._lexicons.values():
            if file not in self._looked_up:
                self.tell(f"the lexicon {_quote(file)} is not used: no <lookup> names it", at)
        notes = [Note(f"{told} and {more} more" if more else told) for told, more in self._notes.values()]
        return (*self._composers[0].parts(), *notes)

    def tell(self, problem: str, at: int) -> None:
        """Note something, once for all places where it is so."""
        if problem not in self._notes and len(self._notes) >= MOST_NOTES:
            problem = "other problems"
        told, more = self._notes.get(problem, ("", -1))
        self._notes[problem] = (told or f"{problem} ({_xml.locate(self._text, at)})", more + 1)

    def miss(self, problem: str, at: int, name: str = "") -> None:
        """Say what voxpress cannot do: an error, or a note.

        Args:
            name: of an element that may be misspelled.
        """
        if not self._lenient:
            known = suggest(name, _BEGIN.keys()) if 0 < len(name) < 40 else ""
            place = _xml.locate(self._text, at)
            raise MarkupError(f"{problem}{known} ({place}); leave it out with lenient = true")
        self.tell(f"left out: {problem}", at)

    # What the document has in it

    def read(self, words: Passage) -> None:
        if self._skipped:
            return
        element = self._open[-1]
        self._has_words = self._has_words or not words.text.isspace()
        if element.words is not None:
            element.words.append(on_one_line(words))
        else:
            self._composers[-1].say(on_one_line(words), element.style)

    def begin(self, name: str, attributes: dict[str, str], at: int) -> None:
        if self._skipped:
            self._skipped += 1
            return
        parent = self._open[-1] if self._open else None
        element = _Element(
            name, parent.style if parent else Style(), at, attributes, parent.namespaces if parent else {}
        )
        self.find_name(element)
        self._open.append(element)
        found = f"<{shorten(name)}>"
        if not parent and element.name != "speak":
            _xml.refuse(f"SSML stands in <speak>, not in {found}", self._text, at)
        if parent and element.name == "speak":
            _xml.refuse(f"{found} cannot stand in <{parent.name}>", self._text, at)
        if element.name in _SKIPPED:
            self._skipped = 1
        elif parent and parent.words is not None:
            self.miss(f"{found} cannot stand in <{parent.name}>, which holds only text", at)
            element.name, element.words = parent.name, parent.words
            self._inner += 1
        elif begin := _BEGIN.get(element.name):
            begin(self, element)
            for each in element.attributes:
                why = ": no engine has it" if (element.name, each) in _UNHEARD else ""
                self.miss(f"the attribute {shorten(each)} of <{element.name}> is not supported{why}", at)
        else:
            self.miss(f"{found} is unknown", at, name)

    def find_name(self, element: _Element) -> None:
        """Find the element's name in SSML's namespace, and forget attributes that cannot matter."""
        namespaces = {}
        for each in list(element.attributes):
            if each == "xmlns" or each.startswith("xmlns:"):
                namespaces[each[len("xmlns:") :]] = element.attributes.pop(each)
            elif each == "xml:id":
                element.id = element.attributes.pop(each).strip()
            elif each in _CANNOT_MATTER:
                del element.attributes[each]
        if namespaces:
            element.namespaces = {**element.namespaces, **namespaces}
        prefix, _, local = element.name.rpartition(":")
        space = element.namespaces.get(prefix, "" if prefix else NAMESPACE)
        if space == NAMESPACE:
            element.name = local
        elif not prefix and (local in _BEGIN or local in _SKIPPED):
            self.miss(f"<{local}> is in the namespace {show(space)}, not in {NAMESPACE}", element.at)

    def end(self, at: int) -> None:
        if self._skipped > 1:
            self._skipped -= 1
            return
        element = self._open.pop()
        if self._skipped:
            self._skipped = 0
        elif self._inner:
            self._inner -= 1
        elif end := _END.get(element.name):
            element.end = at
            end(self, element)

    # Elements

    def begin_speak(self, element: _Element) -> None:
        self._version = element.take("version", "1.1")
        if self._version not in ("1.0", "1.1"):
            self.miss(f"SSML {shorten(self._version)} is unknown: the version is 1.0 or 1.1", element.at)
        self.set_language(element)

    def set_language(self, element: _Element) -> None:
        tag = element.take("xml:lang")
        if not tag:
            return
        try:
            self.set_speaker(element, language=languages.canonical(tag))
        except InputError as error:
            self.miss(f"xml:lang of <{element.name}>: {error.problem}", element.at)

    def set_speaker(self, element: _Element, **fields: str) -> None:
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
        wish = self.read_wish(element)
        if name:
            try:
                self.set_speaker(element, voice=name)
                element.style = element.style._replace(wish=None)
            except InputError as error:
                self.miss(f"name of <voice>: {error.problem}", element.at)
        elif wish.gender or wish.languages:
            element.style = element.style._replace(wish=wish)
        elif not element.attributes:
            self.miss("<voice> needs a name, a gender or languages", element.at)
        self.set_language(element)

    def read_wish(self, element: _Element) -> Wish:
        """What the attributes of <voice> say of a voice without a name."""
        gender = element.take("gender").lower()
        if gender not in ("", *GENDERS):
            self.miss(f"gender of <voice>: {_quote(gender)} is not one of {', '.join(GENDERS)}", element.at)
            gender = ""
        tags = []
        for each in element.take("languages").split()[:MOST_LANGUAGES]:
            tag, _, accent = each.partition(":")
            if accent:
                self.miss(
                    f"languages of <voice>: no voice says which accent it has ({_quote(each)})", element.at
                )
            try:
                tags.append(languages.canonical(tag))
            except InputError as error:
                self.miss(f"languages of <voice>: {error.problem}", element.at)
        failure = element.take("onvoicefailure")
        if failure not in ("", "keepexisting", "priorityselect", "processorchoice"):
            self.miss(f"onvoicefailure of <voice>: {_quote(failure)} is unknown", element.at)
        return Wish(gender, tuple(tags), self._lenient or failure == "keepexisting")

    def begin_lang(self, element: _Element) -> None:
        if "xml:lang" not in element.attributes:
            self.miss("<lang> needs xml:lang", element.at)
        self.set_language(element)

    def begin_prosody(self, element: _Element) -> None:
        if rate := element.take("rate"):
            self.set_rate(element, rate)
        if volume := element.take("volume"):
            self.set_gain(element, "volume", volume)
        for name in ("pitch", "range"):
            if _NO_PITCH.fullmatch(element.attributes.get(name, "")):
                del element.attributes[name]

    def set_rate(self, element: _Element, rate: str) -> None:
        style = element.style
        if (known := RATES.get(rate.lower())) is not None:
            factor = known
        elif (found := _RATE.fullmatch(rate)) and (found[3] or not found[1]):
            number = float(found[2]) / (100 if found[3] else 1)
            factor = number if not found[1] else 1 + (number if found[1] == "+" else -number)
        else:
            factor = 0.0
        if factor <= 0:
            self.miss(
                f"rate of <prosody>: {_quote(rate)} is not one of {', '.join(RATES)} or such as 80%",
                element.at,
            )
            return
        element.style = style._replace(rate=1.0 if rate.lower() == "default" else style.rate * factor)

    def set_gain(self, element: _Element, attribute: str, volume: str) -> None:
        gain = VOLUMES.get(volume.lower()) if attribute == "volume" else None
        if gain is None and (found := _DECIBELS.fullmatch(volume)):
            gain = float(found[1])
        if gain is None or gain > LOUDEST:
            labels = f"one of {', '.join(VOLUMES)} or " if attribute == "volume" else ""
            self.miss(
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
            self.miss(
                f"strength of <break>: {_quote(strength)} is not one of {', '.join(BREAKS)}", element.at
            )
            strength = ""
        silence = BREAKS[strength or "medium"]
        if found := _TIME.fullmatch(time):
            seconds = float(found[1]) * (0.001 if found[2].lower() == "ms" else 1)
            silence = Silence(seconds) if seconds else None
        elif time:
            self.miss(f"time of <break>: {_quote(time)} is not such as 500ms or 2s", element.at)
        try:
            self._composers[-1].rest(silence)
        except MarkupError as error:
            _xml.refuse(f"<break>: {error.problem}", self._text, element.at)

    def begin_mark(self, element: _Element) -> None:
        if name := element.take("name"):
            end = _xml.find_end(self._text, element.at)
            self._composers[-1].mark(Bookmark(name, (element.at, end)))
        else:
            self.miss("<mark> needs a name", element.at)

    def begin_emphasis(self, element: _Element) -> None:
        level = element.take("level", "moderate").lower()
        if level not in ("strong", "moderate", "none", "reduced"):
            self.miss(
                f"level of <emphasis>: {_quote(level)} is not strong, moderate, none or reduced", element.at
            )
        elif level != "none":
            self.tell("<emphasis>: no engine can stress words, so they are read as the others", element.at)

    def begin_lexicon(self, element: _Element) -> None:
        """Look words up in a lexicon: all that follow, or, where it has a name, those in its <lookup>."""
        file = element.take("uri")
        element.take("type")  # what a file is, it says itself
        parent = self._open[-2] if len(self._open) > 1 else element
        if not file:
            self.miss("<lexicon> needs uri", element.at)
        elif parent.name != "speak" or self._has_words:
            self.miss("<lexicon> stands directly in <speak>, before all words", element.at)
        elif len(self._lexicons) >= MOST_LEXICONS:
            self.miss(f"a document names at most {MOST_LEXICONS} lexicons", element.at)
        else:
            name = element.id if self._version != "1.0" else ""
            self._lexicons[name or f"{len(self._lexicons)} {file}"] = file, element.at
            if not name:
                # Of several, the last one wins.
                self._looked_up.add(file)
                parent.style = parent.style._replace(lexicons=_put_first(file, parent.style.lexicons))

    def begin_lookup(self, element: _Element) -> None:
        name = element.take("ref")
        if name not in self._lexicons:
            known = ", ".join(each for each in self._lexicons if " " not in each) or "none has an xml:id"
            self.miss(f"<lookup> needs the xml:id of a <lexicon> as its ref ({known})", element.at)
            return
        file, _ = self._lexicons[name]
        self._looked_up.add(file)
        element.style = element.style._replace(lexicons=_put_first(file, element.style.lexicons))

    def begin_audio(self, element: _Element) -> None:
        source = element.take("src")
        if not source:
            self.miss("<audio> needs src", element.at)
        if level := element.take("soundLevel"):
            self.set_gain(element, "soundLevel", level)
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
        element.words = []
        known = _TEXT_ATTRIBUTES[element.name]
        element.kept = {name: element.take(name) for name in known if name in element.attributes}
        if known[0] not in element.kept:
            self.miss(f"<{element.name}> needs {known[0]}", element.at)

    def end_sub(self, element: _Element) -> None:
        if "alias" in element.kept:
            alias = element.kept["alias"]
            # Digits and signs in it are read as they are elsewhere.
            self.replace(element, Edit(0, 0, alias, fixed=_PLAIN.fullmatch(alias) is not None))
        else:
            self.speak(element)

    def end_phoneme(self, element: _Element) -> None:
        sounds = ""
        if "ph" in element.kept:
            try:
                sounds = to_ipa(element.kept["ph"], element.kept.get("alphabet", "ipa"))
            except InputError as error:
                attribute = "alphabet" if error.field == "alphabet" else "ph"
                self.miss(f"{attribute} of <phoneme>: {error.problem}", element.at)
        if sounds:
            written = Passage.join(element.words or ()).text.strip()
            self.replace(element, Edit(0, 0, written or sounds, ipa=sounds))
        else:
            self.speak(element)

    def end_say_as(self, element: _Element) -> None:
        kind = element.kept.get("interpret-as", "").lower()
        words = Passage.join(element.words or ())
        start, end = _bounds(words.text)
        if kind and kind not in _SAY_AS:
            known = ", ".join(_SAY_AS)
            self.miss(f"interpret-as of <say-as>: {_quote(kind)} is not one of {known}", element.at)
        elif kind and start < end:
            how, format = _SAY_AS[kind], element.kept.get("format", "").lower()
            if problem := find_problem(words.text[start:end], how, format):
                self.miss(f"<say-as>: {problem}", element.at)
                self.speak(element)
                return
            if note := tell_kind(words.text[start:end], how):
                self.tell(f"<say-as>: {note}", element.at)
            asked = SayAs(start, end, how, shorten_format(format) if how == "date" else format)
            self._composers[-1].say(words, element.style, asked=asked)
            return
        self.speak(element)

    def speak(self, element: _Element) -> None:
        self._composers[-1].say(Passage.join(element.words or ()), element.style)

    def replace(self, element: _Element, edit: Edit) -> None:
        """Speak something else than what is written in the element."""
        words = Passage.join(element.words or ())
        start, end = _bounds(words.text)
        if start == end:  # nothing is written: the place is that of the element
            written = self._text[element.at : element.end]
            start, end = 0, len(written)
            words = Passage(written, [element.at] * end, [element.end] * end)
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
    "lookup": _Reader.begin_lookup,
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


def _put_first(file: str, others: tuple[str, ...]) -> tuple[str, ...]:
    return (file, *(each for each in others if each != file))


def _quote(text: str) -> str:
    return repr(shorten(text))
