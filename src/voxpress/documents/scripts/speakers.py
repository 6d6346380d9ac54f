"""Which lines of a script begin with the name of a speaker.

``Note: it rains.`` looks like a turn and is none. The cast in the head decides; without one, a name that comes again
is a speaker, and so is a name in bold.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from voxpress.documents.scripts.directions import is_noise, read_direction
from voxpress.documents.text import find_heading

_LONGEST_ALONE = 80
_WEAK = ("alone", "tight", "bracketed")
"""Forms of names that also other lines have."""
MOST_WORDS = 5

_NAME = r"[^\W_](?:[^:：*\[\]()（）<>{}\"“”„!?;\n]{0,38}[^\s:：*\[\]()（）<>{}\"“”„!?;,])?"
_ASIDES = r"(?P<{}>(?:[ \t]*[\[(（][^()\[\]（）\n]{{0,120}}[\])）]){{0,3}})"
_ASIDE = re.compile(r"[\[(（]([^()\[\]（）]*)")
_CLOCK = r"\\?[\[(]?(?P<time>\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?)\\?[\])]?[ \t]*"
_TIME = rf"(?:{_CLOCK}[-–—]?[ \t]*)?"
_PROSE_WORDS = """
    is are was were be been have has had do does did would can could should this that these those here there
    what why how when where which it its i we you they he she my our your their says said asks asked not so but
    because if then also yes ok it's that's here's there's let's what's i'm we're you're ist sind haben wird das
    dass wir ich ihr nicht aber weil wenn also ja nein est sont était c'est qui que voici voilà mais donc oui
    non pero porque sí
"""
_NO_FIRST_WORDS = """
    and or with for from in on at to by as und oder mit für et ou avec pour y o con para
"""
_NO_NAMES_WORDS = """
    note notes nb ps pps warning caution attention tip hint example remember important update edit source
    sources link links reference references see tldr summary title subtitle episode date time duration length
    topic topics subject setting location hosts guests speakers cast characters intro outro fact fun+fact
    pro+tip side+note for+example definition disclaimer sponsor sponsors aside related transcript http https ftp
    mailto url www format draft version author authors language chapter part section segment scene act number
    hinweis anmerkung achtung wichtig beispiel quelle titel folge dauer thema ort szene zusammenfassung datum
    remarque exemple titre durée résumé lieu date nota ejemplo título resumen duración tema
"""
_TITLES_WORDS = "dr mr mrs ms prof st sgt lt capt col gen rev hon fr hr mme mlle sr sra jr no nr"
_DIRECTIONS_WORDS = """
    sfx fx sound sounds sound+effect sound+effects music audio cue bgm jingle sting bed pause musik geräusch
    geräusche musique bruitage música sonido
"""

_TITLES = frozenset(_TITLES_WORDS.split())
_PROSE = frozenset(_PROSE_WORDS.split())
_NO_FIRST = frozenset(_NO_FIRST_WORDS.split())
_NO_NAMES = frozenset(_NO_NAMES_WORDS.split())
_DIRECTIONS = frozenset(_DIRECTIONS_WORDS.split())


class Cue(NamedTuple):
    """What looks like the beginning of a turn.

    Attributes:
        directions: what stands in brackets beside the name.
        rest: the text after the colon.
        form: how the name is written; ``tight``: no space follows the colon; ``alone``: in capitals, or bold, on a line
            of its own; ``bracketed``: as ``[Ann] Hello.``
        starts: it begins a paragraph, or follows another cue.
    """

    line: int
    name: str
    directions: tuple[str, ...]
    rest: str
    form: Literal["bold", "tagged", "plain", "tight", "alone", "bracketed"]
    time: str
    starts: bool = True

    @property
    def key(self) -> str:
        """What is the same for all spellings of a name."""
        return fold(self.name)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who speaks in a script.

    Attributes:
        speakers: keys of cues, each with the name.
        directions: keys of cues whose lines are directions, such as ``SFX``.
        notes: what is doubtful.
    """

    speakers: dict[str, str]
    directions: frozenset[str]
    notes: list[str]

    def __contains__(self, key: object) -> bool:
        return key in self.speakers or key in self.directions


def fold(name: str) -> str:
    """A name as it is compared.

    >>> fold("  ANN   Lee ")
    'ann lee'
    """
    return " ".join(name.casefold().split())


class _Patterns(NamedTuple):
    """What cues look like.

    Attributes:
        alone: a name in capitals or in bold on a line of its own, as screenplays have it.
        timed: a name and a time on a line of their own, as transcripts have them.
    """

    cue: re.Pattern[str]
    alone: re.Pattern[str]
    timed: re.Pattern[str]


@functools.lru_cache(maxsize=8)
def _compile(unusual: tuple[str, ...]) -> _Patterns:
    """The patterns of cues where also these are names."""
    escaped = (
        r"[ \t]+".join(map(re.escape, each.split())) for each in sorted(unusual, key=len, reverse=True)
    )
    name = "(?:" + "|".join([*(f"(?i:{each})" for each in escaped), _NAME]) + ")"
    return _Patterns(
        cue=re.compile(
            rf"[ \t]*(?:[-+>][ \t]+|\*[ \t]+|\d{{1,4}}[.)][ \t]+)?{_TIME}"
            rf"(?:(?P<em>\*{{1,3}}|__?)(?P<bold>{name}){_ASIDES.format('a1')}[ \t]*"
            rf"(?:[:：][ \t]*(?P=em)|(?P=em){_ASIDES.format('a2')}[ \t]*[:：])"
            rf"|\[(?P<tagged>{name})\](?:[ \t]*(?P<colon>[:：])|[ \t]+(?=[^\s(\[{{]))"
            rf"|(?P<plain>{name}){_ASIDES.format('a3')}[ \t]*(?:：|:(?![:/\\])))"
            r"[ \t]*(?P<rest>.*)"
        ),
        alone=re.compile(
            rf"[ \t]*(?P<em>\*\*|__|)(?P<name>{name}){_ASIDES.format('a1')}[ \t]*(?P=em){_ASIDES.format('a2')}[ \t]*"
        ),
        timed=re.compile(
            rf"[ \t]*(?P<em>\*\*|__|)(?P<name>{name})(?P=em)(?:[ \t]+[-–—|]?[ \t]*|(?=[\[(])){_CLOCK}"
        ),
    )


def find_unusual(cast: Iterable[str]) -> tuple[str, ...]:
    """The names that are found only if they are known, because names are seldom written so.

    >>> find_unusual(["Ann", "🎤 Bob", "Wer? Wie!", "The Man with the Very Big Hat"])
    ('🎤 Bob', 'Wer? Wie!', 'The Man with the Very Big Hat')
    """
    return tuple(
        each for each in cast if each.strip() and not (re.fullmatch(_NAME, each) and _is_usual(each))
    )


def _is_usual(name: str) -> bool:
    return len(name.split()) <= MOST_WORDS and not name.replace(".", "").replace(" ", "").isdecimal()


def find_cue(text: str, line: int, *, starts: bool = True, unusual: tuple[str, ...] = ()) -> Cue | None:
    """The cue that a line of a script begins with.

    >>> find_cue("**Ann (quietly):** Hello.", 1)[1:5]
    ('Ann', ('quietly',), 'Hello.', 'bold')
    >>> find_cue("10:30 is a time.", 1)

    Args:
        unusual: as `find_unusual` gives them for the cast.
    """
    patterns = _compile(unusual)
    if text[:1] != "[" and ":" not in text[:200] and "：" not in text[:200]:
        found = patterns.alone.fullmatch(text) if starts and len(text) <= _LONGEST_ALONE else None
        if not found or not (found["em"] or found["name"] == found["name"].upper() != found["name"].lower()):
            return None
        return Cue(line, found["name"], _split_asides(found["a1"] + found["a2"]), "", "alone", "")
    if starts and len(text) <= _LONGEST_ALONE and (timed := patterns.timed.fullmatch(text)):
        name = timed["name"].rstrip(" \t-–—|")
        return Cue(line, name, (), "", "bold" if timed["em"] else "plain", timed["time"]) if name else None
    found = patterns.cue.match(text)
    if not found:
        return None
    name = found["bold"] or found["tagged"] or found["plain"]
    if not _is_usual(name) and fold(name) not in map(fold, unusual):
        return None
    tight = found["plain"] and found["rest"] and text[found.start("rest") - 1] == ":"
    form: Literal["bold", "tagged", "plain", "tight", "bracketed"] = (
        "bold"
        if found["bold"]
        else "tagged"
        if found["colon"]
        else "bracketed"
        if found["tagged"]
        else "tight"
        if tight
        else "plain"
    )
    asides = _split_asides("".join(each for each in found.group("a1", "a2", "a3") if each))
    return Cue(line, name, asides, found["rest"], form, found["time"] or "", starts)


def _split_asides(written: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in _ASIDE.findall(written))


def find_speakers(cues: Sequence[Cue], cast: Collection[str], paragraphs: int) -> Verdict:
    """Which cues begin turns.

    Args:
        cast: the names that are known.
        paragraphs: how many the script has.
    """
    named = {fold(name): name for name in cast}
    by_key: dict[str, list[Cue]] = {}
    for cue in cues:
        by_key.setdefault(cue.key, []).append(cue)
    repeated = {key for key, found in by_key.items() if _count(found) > 1 and _can_be_name(found[0].name)}
    repeated |= _find_bracketed(by_key)
    bold = 2 * sum(cue.form == "bold" for cue in cues) >= len(cues)
    # Without a name that comes again, a script of short turns shows itself by its many cues.
    dense = 2 * len(cues) >= paragraphs
    verdict = Verdict(
        {}, frozenset(key for key in by_key if key not in named and _strip(key) in _DIRECTIONS), []
    )
    for key, found in by_key.items():
        first = found[0]
        doubt = ""
        speaks = key in named or key in repeated
        if key in verdict.directions:
            continue
        if key in repeated and named and key not in named:
            doubt = "speaks, and is not in the cast"
        elif not speaks and first.form not in _WEAK and _can_be_name(first.name):
            once = bool(repeated) or bool(named) or dense
            # A name that nobody has fails before anything is spoken; a name within a text would be heard.
            speaks = (bold and first.form == "bold") or _is_close(key, named)
            if not speaks and once and not bold and first.starts and _is_title(first.name):
                speaks, doubt = True, "is taken for a speaker, who speaks once" if repeated or named else ""
        if speaks:
            verdict.speakers[key] = named.get(key, first.name)
        elif first.form not in _WEAK and find_heading(f"{first.name}: x") is None:
            doubt = "is taken for text, and not for a speaker"
        if doubt:
            verdict.notes.append(f"line {first.line}: {first.name!r} {doubt}")
    return verdict


def _count(cues: Sequence[Cue]) -> int:
    return sum(cue.form not in ("tight", "bracketed") for cue in cues)


def _find_bracketed(by_key: Mapping[str, Sequence[Cue]]) -> set[str]:
    """Keys of names as in ``[Ann] Hello.``, where two of them come again and no other name looks like one."""
    found = {
        key
        for key, cues in by_key.items()
        if len(cues) > 1
        and all(cue.form == "bracketed" for cue in cues)
        and not (is_noise(cues[0].name) or read_direction(cues[0].name) or cues[0].name[0].islower())
    }
    others = any(cue.form in ("plain", "bold", "tagged") for cues in by_key.values() for cue in cues)
    return found if len(found) > 1 and not others else set()


def _can_be_name(name: str) -> bool:
    words = fold(name).replace("’", "'").split()
    if _strip(fold(name)) in _NO_NAMES or words[0] in _NO_FIRST:
        return False
    if any(word.endswith(".") and len(word) > 2 and word[:-1] not in _TITLES for word in words[:-1]):
        return False  # a sentence ends in it
    return not any(word.strip(",.'") in _PROSE for word in words) and find_heading(f"{name}: x") is None


def _strip(key: str) -> str:
    """A key without dots and without a number at its end: ``P.S.`` and ``Note 3`` are in the lists too."""
    return "+".join(re.sub(r"[\s#\d]+$", "", key.replace(".", "")).split())


def _is_title(name: str) -> bool:
    words = [word for word in name.split() if word[0].isalpha()]
    return bool(words) and not any(word[0].islower() for word in words if len(word) > 3 or len(words) == 1)


def _is_close(key: str, named: Collection[str]) -> bool:
    return bool(difflib.get_close_matches(key, named, n=1, cutoff=0.75))
