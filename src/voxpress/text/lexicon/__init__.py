"""Lexicons: how words are spoken that a voice reads wrongly.

`apply` is a stage of the front end. It runs before normalisation, so that the user's lexicon always wins. `read` takes
the two kinds of files: W3C's PLS 1.0 (`pls`) and tables that people write by hand (`tsv`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import unicodedata
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import PurePath
from typing import Literal, NamedTuple, TypeAlias, get_args

import msgspec

from voxpress import languages
from voxpress.errors import InputError, SpeechError, show
from voxpress.text import ipa as alphabet
from voxpress.text.lexicon.matching import Match, Matcher, fold, plain, touches
from voxpress.text.lexicon.patterns import check_pattern, check_template
from voxpress.text.passage import Change, Edit, Passage

__all__ = [
    "Entry",
    "Held",
    "Hit",
    "Kept",
    "Lexicon",
    "apply",
    "decode",
    "gather",
    "hold",
    "identify",
    "parse",
    "read",
    "speak",
]

LONGEST_WRITTEN = 200
LONGEST_SPOKEN = 2000
"""Characters of an entry's two forms."""
MOST_ENTRIES = 250_000
LARGEST_FILE = 1 << 25
"""Bytes; 100,000 entries in PLS have 12 million."""

Case: TypeAlias = Literal["smart", "exact", "any"]
Source: TypeAlias = "Lexicon | Entry | str | os.PathLike[str]"
"""What somebody gives as a lexicon: one, an entry, or the path of a file."""

_SPACES = re.compile(r"\s+")
_UNSEEN = ("Cc", "Cf", "Cs")


class Entry(msgspec.Struct, frozen=True):
    """How one word, or a few, are spoken.

    >>> Entry("SQL", "sequel"), Entry("Nguyen", ipa="nwɪn", language="en")
    (Entry('SQL', 'sequel'), Entry('Nguyen', ipa='nwɪn', language='en'))

    Attributes:
        written: as it stands in texts.
        spoken: what is said in its place; empty where `ipa` says it.
        ipa: how it is pronounced, in the International Phonetic Alphabet. Where there is a spoken form too, that one is
            for engines that take no sounds.
        case: ``smart``: a written form without capitals is found in any case, and one with capitals only as written.
        part: whether it is found within words too.
        regex: whether `written` is a regular expression, whose groups `spoken` names as ``\\1``.
        followed_by: what must follow, as a regular expression.
        language, engine, voice: where it holds; a language also for its regions; empty: everywhere.
        origin: where it was read, such as ``names.tsv:3``.

    Raises:
        InputError: a field cannot be so.
    """

    written: str
    spoken: str = ""
    ipa: str = ""
    case: Case = "smart"
    part: bool = False
    regex: bool = False
    followed_by: str = ""
    language: str = ""
    engine: str = ""
    voice: str = ""
    origin: str = ""

    def __post_init__(self) -> None:
        for name in ("ipa", "followed_by", "language", "engine", "voice", "origin"):
            _check_text(getattr(self, name), name)
        for name in ("part", "regex"):
            if not isinstance(getattr(self, name), bool):
                raise InputError(f"must be true or false, not {show(getattr(self, name))}", field=name)
        if self.case not in get_args(Case):
            raise InputError(
                f"must be {', '.join(get_args(Case)[:-1])} or {get_args(Case)[-1]}, not {show(self.case)}",
                field="case",
            )
        tidy = {
            "written": _tidy(self.written, "written", LONGEST_WRITTEN, keep=self.regex),
            "spoken": _tidy(self.spoken, "spoken", LONGEST_SPOKEN),
            "ipa": alphabet.check_ipa(self.ipa) if self.ipa else "",
            "language": languages.canonical(self.language) if self.language else "",
        }
        if not tidy["written"]:
            raise InputError("is empty", field="written")
        if len(tidy["ipa"]) > LONGEST_SPOKEN:
            raise InputError(f"is longer than {LONGEST_SPOKEN:,} characters", field="ipa")
        if not any(map(str.isalnum, tidy["spoken"])) and (tidy["spoken"] or not tidy["ipa"]):
            raise InputError(f"has nothing to say for {show(self.written)}", field="spoken")
        if self.regex or self.followed_by:
            groups = check_pattern(tidy["written"] if self.regex else "", self.followed_by, self.case)
            if self.regex:
                check_template(tidy["spoken"], groups)
        for name, value in tidy.items():
            msgspec.structs.force_setattr(self, name, value)

    @property
    def ignores_case(self) -> bool:
        """Whether it is found in capitals and small letters alike."""
        if self.case == "smart":
            return not self.regex and self.written == self.written.lower()
        return self.case == "any"

    @property
    def conditions(self) -> tuple[str, str, str]:
        """Its language, engine and voice."""
        return self.language, self.engine, self.voice

    def holds(self, language: str, engine: str = "", voice: str = "") -> bool:
        """Whether it holds for a language, an engine and a voice.

        >>> Entry("SQL", "sequel", language="en").holds("en-GB"), Entry("SQL", "sequel", engine="piper").holds("en")
        (True, False)
        """
        return _is_meant(self.conditions, language, engine, voice)

    def __repr__(self) -> str:
        given = [repr(self.written), *([repr(self.spoken)] if self.spoken else [])]
        values = ((field, getattr(self, field.name)) for field in msgspec.structs.fields(self)[2:-1])
        given += [f"{field.name}={value!r}" for field, value in values if value != field.default]
        return f"Entry({', '.join(given)})"


def _is_meant(conditions: tuple[str, str, str], language: str, engine: str, voice: str) -> bool:
    """Whether conditions of an entry name a language, an engine and a voice, or leave them open."""
    tag, for_engine, for_voice = conditions
    return _is_same_language(tag, language) and for_engine in ("", engine) and for_voice in ("", voice)


def _is_same_language(wanted: str, tag: str) -> bool:
    """Whether one tag is the other, or its beginning: ``en`` holds for en-GB, and en-GB for a text in en."""
    one, other = (part.lower().split("-") for part in (wanted, tag))
    shortest = min(len(one), len(other))
    return not wanted or one[:shortest] == other[:shortest]


def _check_text(text: object, field: str) -> str:
    """A string that can be written down.

    Raises:
        InputError: it is none, or holds half of a surrogate pair.
    """
    if not isinstance(text, str):
        raise InputError(f"must be a string, not {show(text)}", field=field)
    if not text.isascii() and (half := next((c for c in text if "\ud800" <= c <= "\udfff"), "")):
        raise InputError(f"holds a character that cannot be seen: U+{ord(half):04X}", field=field)
    return text


def _tidy(text: object, field: str, longest: int, *, keep: bool = False) -> str:
    """A form as clean texts have it: NFC, single spaces, nothing unseen; a pattern keeps its spaces."""
    text = _check_text(text, field)
    if len(text) > longest:
        raise InputError(f"is longer than {longest:,} characters", field=field)
    if text.isascii() and text.isprintable():
        return text if keep else " ".join(text.split())
    spaced = text if keep else _SPACES.sub(" ", text).strip()
    for character in spaced:
        if unicodedata.category(character) in _UNSEEN and character not in "\u200c\u200d\ufeff\u00ad":
            raise InputError(f"holds a character that cannot be seen: U+{ord(character):04X}", field=field)
    return unicodedata.normalize("NFC", spaced.replace("\ufeff", "").replace("\u00ad", ""))


class Hit(NamedTuple):
    """A place of a text, and the entry that says how it is spoken."""

    start: int
    end: int
    entry: Entry
    spoken: str


class Lexicon:
    """Entries in their order of precedence. It cannot be changed, and compares by value.

    Where several entries fit a place, the one that begins first wins, then the longest, then the narrower lexicon, then
    the one with the narrower conditions (voice, engine, language), then the one that is written as the text is.

    >>> project = Lexicon([Entry("SQL", "sequel"), Entry("SQL Server", "sequel server")])
    >>> [hit.spoken for hit in Lexicon([Entry("SQL", "S Q L")]).over(project).find("SQL, or SQL Server.")]
    ['S Q L', 'sequel server']

    Args:
        notes: what a user should know of how it was read.

    Raises:
        InputError: two entries for one place say different things, or there are too many.
    """

    def __init__(self, entries: Iterable[Entry] = (), notes: Iterable[str] = ()) -> None:
        for name, given in (("entries", entries), ("notes", notes)):
            if not isinstance(given, Iterable) or isinstance(given, str | bytes):
                kind = "entries" if name == "entries" else "strings"
                raise InputError(f"must be a list of {kind}, not {show(given)}", field=name)
        self.notes = tuple(_check_text(note, "notes") for note in notes)
        self._entries = tuple(sorted(_check_entries(entries), key=_sort_key))

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Those that win come first."""
        return self._entries

    @cached_property
    def digest(self) -> str:
        """What the lexicon says, as 64 hexadecimal digits."""
        said = [msgspec.structs.astuple(entry)[:-1] for entry in self.entries]
        return hashlib.sha256(msgspec.json.encode(said)).hexdigest()

    def over(self, other: Lexicon) -> Lexicon:
        """Both lexicons; where they say different things, this one wins.

        >>> Lexicon([Entry("a.m.", "in the morning")]).over(Lexicon([Entry("a.m.", "A M")])).entries
        (Entry('a.m.', 'in the morning'), Entry('a.m.', 'A M'))
        """
        if not (self.entries and other.entries):
            return self if self.entries else other
        both = Lexicon()
        both.notes = (*self.notes, *other.notes)
        both._entries = tuple(dict.fromkeys((*self.entries, *other.entries)))
        return both

    def find(self, text: str, language: str = "", engine: str = "", voice: str = "") -> list[Hit]:
        """What the lexicon says of a text, place by place.

        >>> Lexicon([Entry("tomato", ipa="təˈmeɪtoʊ", language="en-US")]).find("One Tomato.", "en-US")
        [Hit(start=4, end=10, entry=Entry('tomato', ipa='təˈmeɪtoʊ', language='en-US'), spoken='Tomato')]
        """
        matcher = self._matcher(language, engine, voice)
        return [_hit(match) for match in _choose(matcher.find(text))] if matcher else []

    def _matcher(self, language: str, engine: str, voice: str) -> Matcher[Entry] | None:
        """Of the entries that hold; None: there is none."""
        if not self.entries:
            return None
        holding = frozenset(
            number
            for number, conditions in enumerate(self._conditions)
            if _is_meant(conditions, language, engine, voice)
        )
        return _make_matcher(self, holding) if holding else None

    @cached_property
    def _conditions(self) -> tuple[tuple[str, str, str], ...]:
        """All conditions, each once."""
        return tuple(dict.fromkeys(entry.conditions for entry in self.entries))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lexicon) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __len__(self) -> int:
        return len(self.entries)

    def __repr__(self) -> str:
        return f"<Lexicon of {len(self.entries):,} entries>"


@lru_cache(maxsize=64)
def _make_matcher(lexicon: Lexicon, holding: frozenset[int]) -> Matcher[Entry] | None:
    conditions = {lexicon._conditions[number] for number in holding}  # noqa: SLF001 - its own module
    return Matcher([entry for entry in lexicon.entries if entry.conditions in conditions])


def _check_entries(entries: Iterable[Entry]) -> Iterable[Entry]:
    """The entries, each once.

    Raises:
        InputError: two contradict each other, or there are too many.
    """
    seen: dict[tuple[object, ...], Entry] = {}
    for entry in entries:
        if not isinstance(entry, Entry):
            raise InputError(f"must be entries, not {show(entry)}", field="entries")
        same = seen.setdefault(identify(entry), entry)
        if (same.spoken, same.ipa) != (entry.spoken, entry.ipa):
            where = f" in {same.origin}" if same.origin else ""
            raise InputError(
                f"{show(entry.written)} is {_reading(entry)} here and {_reading(same)}{where}: keep one of them, or"
                " give them different conditions",
                place=entry.origin,
                field="written",
            )
        if len(seen) > MOST_ENTRIES:
            raise InputError(f"has more than {MOST_ENTRIES:,} entries", place=entry.origin)
    return seen.values()


def identify(entry: Entry) -> tuple[object, ...]:
    """What two entries share that are for the same places.

    >>> identify(Entry("sql", "sequel")) == identify(Entry("sql", "S Q L"))
    True
    """
    written = plain(entry.written)
    if entry.ignores_case and not entry.regex:
        written = fold(written)
    return written, entry.ignores_case, entry.part, entry.regex, entry.followed_by, entry.conditions


def _sort_key(entry: Entry) -> tuple[object, ...]:
    """The order of entries of one lexicon; patterns keep theirs, behind words."""
    narrow = (not entry.followed_by, not entry.voice, not entry.engine, -entry.language.count("-"))
    order = (not entry.language, entry.ignores_case, entry.part)
    return entry.regex, *narrow, *order, "" if entry.regex else entry.written, entry.conditions


def _reading(entry: Entry) -> str:
    return f"/{entry.ipa}/" if entry.ipa and not entry.spoken else show(entry.spoken)


def _choose(matches: Iterable[Match[Entry]]) -> list[Match[Entry]]:
    """Matches that do not overlap: those that begin first, the longest of them."""
    chosen: list[Match[Entry]] = []
    for match in sorted(matches, key=lambda match: (match.start, -match.end, match.rank)):
        if not chosen or match.start >= chosen[-1].end:
            chosen.append(match)
    return chosen


def _hit(match: Match[Entry]) -> Hit:
    return Hit(match.start, match.end, match.entry, match.spoken or match.text)


def apply(
    passage: Passage,
    lexicon: Lexicon,
    *,
    language: str,
    engine: str = "",
    voice: str = "",
    sounds: bool = True,
    whole: Sequence[tuple[int, int]] = (),
) -> tuple[Passage, list[Change]]:
    """The passage with the words of a lexicon as they are spoken, and what was changed.

    Spoken forms take the place of what is written. A word whose pronunciation is given stays, and the passage says how
    it is pronounced. So does a word within a spoken form. What is fixed already stays as it is.

    >>> names = Lexicon([Entry("Dr. Nguyen", "doctor Nguyen"), Entry("Nguyen", ipa="nwɪn")])
    >>> passage, changes = apply(Passage.of("Ask Dr. Nguyen."), names, language="en")
    >>> passage.text, passage.phonemes
    ('Ask doctor Nguyen.', (Phonemes(start=11, end=17, ipa='nwɪn'),))

    Args:
        sounds: whether the engine takes sounds; if not, an entry that has both forms is spoken as spelled.
        whole: pieces such as addresses, in order, of which an entry for a part does not win.
    """
    held, kept = hold(
        passage, lexicon, language=language, engine=engine, voice=voice, sounds=sounds, whole=whole
    )
    return speak(held, kept)


class Kept(NamedTuple):
    """A place whose words the lexicon has, and which stays as written until they are spoken.

    Attributes:
        source: its place in the source.
        written: as it stands in the text.
        within: pronunciations of words of the spoken form, as edits of that form.
    """

    source: tuple[int, int]
    written: str
    spoken: str
    ipa: str
    within: tuple[Edit, ...]


class Held(NamedTuple):
    """Words whose places of a lexicon are fixed, and these places."""

    words: Passage
    kept: tuple[Kept, ...]


def hold(
    passage: Passage,
    lexicon: Lexicon,
    *,
    language: str,
    engine: str = "",
    voice: str = "",
    sounds: bool = True,
    whole: Sequence[tuple[int, int]] = (),
) -> Held:
    """The first half of `apply`: the places of a lexicon are fixed, and still as written.

    So whoever reads the numbers between them sees the words that say what a number is. `speak` is the other half.
    Where a spoken form would touch a letter or a digit, a space comes between.

    >>> held, kept = hold(Passage.of("10%"), Lexicon([Entry("%", "per cent")]), language="en")
    >>> held.text, held.fixed, speak(held, kept)[0].text
    ('10 %', ((3, 4),), '10 per cent')
    """
    matcher = lexicon._matcher(language, engine, voice) if lexicon.entries else None  # noqa: SLF001
    if matcher is None:
        return Held(passage, ())
    spaces: list[Edit] = []
    fixed: list[tuple[int, int]] = []
    kept: list[Kept] = []
    done = 0
    for match in _choose(
        m
        for m in matcher.find(passage.text)
        if not passage.is_fixed(m.start, m.end) and not _is_part(m.start, m.end, whole)
    ):
        ipa = match.entry.ipa if sounds or not match.entry.spoken else ""
        said = match.spoken or match.text
        before = passage.text[max(0, match.start - 1) : match.start]
        if kept and match.start == done:
            before = kept[-1].spoken[-1]
        if touches(before, match.text[0], said[0]):
            spaces.append(Edit(match.start, match.start, " ", fixed=False))
        fixed.append((match.start + len(spaces), match.end + len(spaces)))
        if touches(passage.text[match.end : match.end + 1], match.text[-1], said[-1]):
            spaces.append(Edit(match.end, match.end, " ", fixed=False))
        done = match.end
        within = () if ipa else tuple(_pronounce(matcher, said))
        kept.append(Kept(passage.source(match.start, match.end), match.text, said, ipa, within))
    spaced = passage.edit(spaces)
    return Held(dataclasses.replace(spaced, fixed=tuple(sorted((*spaced.fixed, *fixed)))), tuple(kept))


def speak(passage: Passage, kept: Iterable[Kept]) -> tuple[Passage, list[Change]]:
    """The second half of `apply`: what `hold` fixed is spoken, and what that changed."""
    waiting: dict[tuple[tuple[int, int], str], deque[Kept]] = {}
    for each in kept:
        waiting.setdefault((each.source, each.written), deque()).append(each)
    edits: list[Edit] = []
    again: list[Edit] = []
    moved = 0
    for start, end in passage.fixed:
        if not (here := waiting.get((passage.source(start, end), passage.text[start:end]))):
            continue
        place = here.popleft()
        at = start + moved
        again += [msgspec.structs.replace(e, start=at + e.start, end=at + e.end) for e in place.within]
        moved += len(place.spoken) - (end - start)
        edits.append(_narrow(Edit(start, end, place.spoken, ipa=place.ipa), place.written))
    spoken = passage.edit(edits)
    return spoken.edit(again), [*passage.changes(edits, "lexicon"), *spoken.changes(again, "lexicon")]


def _narrow(edit: Edit, written: str) -> Edit:
    """An edit without the words at both ends that are spoken as written, so that each keeps its place."""
    said, spoken = written.split(" "), edit.spoken.split(" ")
    most = min(len(said), len(spoken)) - 1
    if edit.ipa or most < 1:
        return edit
    first = next((n for n in range(most) if said[n] != spoken[n]), most)
    rest = most - first
    last = next((n for n in range(rest) if said[-1 - n] != spoken[-1 - n]), rest)
    before = sum(len(word) + 1 for word in said[:first])
    after = sum(len(word) + 1 for word in said[len(said) - last :])
    return Edit(
        edit.start + before, edit.end - after, edit.spoken[before : len(edit.spoken) - after], edit.ipa
    )


def _is_part(start: int, end: int, whole: Sequence[tuple[int, int]]) -> bool:
    """Whether a piece lies in another of these, and is not all of it."""
    at = bisect_right(whole, (start, end)) - 1
    pieces = (whole[i] for i in (at, at + 1) if 0 <= i < len(whole))
    return any(first <= start and end <= last and (first, last) != (start, end) for first, last in pieces)


def _pronounce(matcher: Matcher[Entry], spoken: str) -> Iterator[Edit]:
    """Edits for words within a spoken form whose pronunciation is given."""
    within = (m for m in matcher.find(spoken) if m.entry.ipa and not m.entry.spoken)
    return (Edit(m.start, m.end, spoken[m.start : m.end], m.entry.ipa) for m in _choose(within))


# Files


def read(path: str | os.PathLike[str]) -> Lexicon:
    """The lexicon in a file: PLS where it is XML, else a table.

    >>> _ = open("read.tsv", "w").write("SQL\\tsequel")
    >>> read("read.tsv").entries
    (Entry('SQL', 'sequel'),)

    Raises:
        InputError: it cannot be read, or is wrong, with file and line.
    """
    # A file's name may hold half of a surrogate pair, which messages cannot.
    name = os.fspath(path).encode(errors="replace").decode()
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"the lexicon cannot be read: {reason}", place=name) from error
    return parse(data, name)


def parse(data: bytes, name: str) -> Lexicon:
    r"""The lexicon in the bytes of a file.

    >>> parse(b"SQL\tsequel\n", "names.tsv").entries
    (Entry('SQL', 'sequel'),)

    Args:
        name: of the file, for messages.

    Raises:
        InputError: as `read`.
    """
    from voxpress.text.lexicon import pls, tsv

    if len(data) > LARGEST_FILE:
        raise InputError(f"is larger than {LARGEST_FILE:,} bytes", place=name)
    is_xml = PurePath(name).suffix.lower() in (".pls", ".xml") or b"<lexicon" in data[:4096].replace(
        b"\0", b""
    )
    try:
        return (
            Lexicon(*pls.read_pls(data, name)) if is_xml else Lexicon(tsv.read_tsv(decode(data, name), name))
        )
    except SpeechError as error:
        raise error.at(name) from None


def decode(data: bytes, name: str) -> str:
    r"""Text in UTF-8, or in UTF-16 with a byte order mark.

    >>> decode(b"\xff\xfea\0", "names.tsv")
    'a'

    Raises:
        InputError: it is neither.
    """
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        wanted = encoding.upper().removesuffix("-SIG")
        raise InputError(f"is not {wanted}: save it as UTF-8", place=f"{name}:{line}") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise InputError(
            "holds a NUL character: not text, or UTF-16 without a byte order mark", place=f"{name}:{line}"
        )
    return text


def gather(source: Source | Iterable[Source] | None) -> Lexicon:
    """One lexicon of what somebody gives: a lexicon, a path, or several, the first of which wins.

    >>> gather([Entry("SQL", "sequel"), Lexicon()])
    <Lexicon of 1 entries>

    Raises:
        InputError: it is something else, or a file cannot be read.
    """
    match source:
        case None:
            return Lexicon()
        case Lexicon():
            return source
        case Entry():
            return Lexicon([source])
        case str() | os.PathLike():
            return read(os.path.expanduser(source))
        case Iterable():
            found = Lexicon()
            for each in source:
                found = found.over(gather(each))
            return found
    raise InputError(f"must be a Lexicon, a path, or a list of them, not {show(source)}", field="lexicon")
