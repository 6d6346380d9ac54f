"""Directions: what stands in brackets in a script. They are done or left out, and never spoken."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePath
from typing import TypeAlias

from voxpress import languages
from voxpress.documents.scripts import BedEnd, Heading, Pause, SoundCue
from voxpress.errors import InputError, show
from voxpress.speech import Seconds
from voxpress.validation import problems

SHORT_PAUSE: Seconds = 0.5
PAUSE: Seconds = 1.0
"""Of a pause without a length."""
LONG_PAUSE: Seconds = 2.0
OVERLAP: Seconds = 0.3
"""Of an overlap without a length."""
MOST_SECONDS: Seconds = 600.0
MOST_GAIN = 60.0
"""In dB, up or down."""

_TIMES: Mapping[float, str] = {
    0.001: "ms msec millisecond milliseconds millisekunde millisekunden milliseconde millisecondes",
    1.0: "s sec secs second seconds sek sekunde sekunden seconde secondes segundo segundos secondo secondi",
    60.0: "min minute minutes minuten minuto minutos minuti",
}
_UNITS = {"": 1.0, **{word: unit for unit, words in _TIMES.items() for word in words.split()}}
_PAUSES = "pauses? silence stille schweigen pausa silencio silenzio pauze stilte wait break attente warten"
_SHORT = "short brief small kurze? courte? corta breve korte"
_LONG = "long big lange? longue larga lunga"
_OF = r"(?:(?:of|for|von|de|d[’']) ?)?"
_NUMBER = r"(?P<number>[-+−]?\d{1,9}(?:[.,]\d{1,9})?)"
_TIME = rf"{_NUMBER} ?(?P<unit>[^\W\d_]{{0,14}})"
_SOUNDS = (
    "sting sound sounds sfx fx jingle music bed sound.effect klang geräusch musik musique son bruitage play"
)
_NOISES = """
    laugh laughs laughing laughter chuckle chuckles chuckling giggle giggles giggling sigh sighs sighing gasp gasps
    gasping cough coughs coughing sniff sniffs sniffing sob sobs sobbing crying groan groans groaning yawn yawns
    yawning whispers whispering shouts shouting screams screaming snort snorts snorting sings singing hums humming
    shrugs nods smiles grins smirks winks pauses clears mumbles muttering mutters applause clapping cheering
    lacht lachen lachend seufzt seufzend hustet flüstert flüsternd weint schreit gelächter applaus räuspert
    rit rires soupir soupire tousse chuchote applaudissements ríe risas suspira tosse susurra aplausos
    笑 笑声 大笑 苦笑 叹气 拍手 掌声 웃음 박수
"""
_ALONE = "music silence beat crosstalk inaudible unintelligible musik musique música musica 音乐 音楽"
_LONGEST_ASIDE = 60
"""Characters of a direction in round brackets, or in italics."""
_AUDIO = (".wav", ".mp3", ".ogg", ".opus", ".flac", ".m4a", ".aac", ".aif", ".aiff", ".wma")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a turn is spoken, where a script says it; the fields are those of `Turn`."""

    gap: Seconds | None = None
    speed: float | None = None
    gain: float | None = None
    language: str = ""

    def over(self, other: Manner) -> Manner:
        """What is unset here comes from there.

        >>> Manner(speed=1.1).over(Manner(speed=0.9, gain=-3.0))
        Manner(gap=None, speed=1.1, gain=-3.0, language='')
        """
        return Manner(
            gap=other.gap if self.gap is None else self.gap,
            speed=other.speed if self.speed is None else self.speed,
            gain=other.gain if self.gain is None else self.gain,
            language=self.language or other.language,
        )


Direction: TypeAlias = Manner | Pause | SoundCue | BedEnd | Heading


def _any(words: str) -> str:
    return f"(?:{'|'.join(words.split())})"


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_PAUSE = _compile(rf"{_any(_PAUSES)} ?{_OF}[:=]? ?{_TIME}")
_PAUSE_AFTER = _compile(rf"{_TIME} ?{_OF}{_any(_PAUSES)}")
_PAUSE_ALONE = _compile(
    rf"(?:an? )?(?:(?P<size>{_any(_SHORT)}|{_any(_LONG)}) )?(?:{_any(_PAUSES)}|(?P<beat>beat))"
    rf"(?: (?P<size_after>{_any(_SHORT)}|{_any(_LONG)}))?"
)
_IS_LONG = _compile(_any(_LONG))
_OVERLAP = _compile(rf"(?:overlap(?:s|ping)?|überlappung|überlappend|chevauchement) ?[:=]? ?(?:{_TIME})?")
_GAP = _compile(rf"(?:gap|abstand) ?[:=]? ?{_TIME}")
_SPEED = _compile(rf"(?:speed|rate|tempo|geschwindigkeit|vitesse) ?[:=]? ?{_NUMBER} ?(?P<percent>%)?x?")
_GAIN = _compile(rf"(?:(?:gain|volume|vol|level|lautstärke) ?[:=]? ?)?{_NUMBER} ?(?P<unit>db)?")
_LANGUAGE = _compile(r"(?:language|lang|sprache|langue) ?[:=]? ?(?P<tag>[a-z]{2,3}(?:[-_][a-z\d]{2,8}){0,3})")
_CHAPTER = _compile(r"(?:chapter|kapitel|chapitre) ?: ?(?P<title>.+)")
_BED_END = _compile(
    r"(?:end|stop)(?: of)?(?: the)? bed|bed ?[:=]? ?(?:off|ends?|stops?|out|none|aus|ende)"
    r"|(?:(?:bed|music) )?fades? out"
)
_SOUND = _compile(rf"(?P<kind>{_any(_SOUNDS)}) ?[:=] ?(?P<name>.+)")
_NAME = re.compile(r"[^\W\d_][\w./-]*")
_BETWEEN = re.compile(r"\s*(?:;|,(?!\d)|\|)\s*")
_NOISE, _IS_ALONE = frozenset(_NOISES.split()), frozenset(_ALONE.split())
_WORD = re.compile(r"[^\W\d_]+")


def read_direction(words: str, sounds: Collection[str] = (), line: int = 0) -> tuple[Direction, ...]:
    """What a direction asks for; empty: voxpress does not know it.

    >>> read_direction("pause 1.5s")
    (Pause(duration=1.5, line=0),)
    >>> read_direction("speed 1.1, gain -3dB")
    (Manner(gap=None, speed=1.1, gain=-3.0, language=''),)
    >>> read_direction("bed: theme, -18 dB")
    (SoundCue(name='theme', kind='bed', gain=-18.0, overlap=0.0, line=0),)
    >>> read_direction("laughs"), read_direction("sound: a door slams")
    ((), ())

    Args:
        words: without the brackets.
        sounds: names of the script's sounds; one of them alone is a direction too.

    Raises:
        InputError: a number is out of range, or a sound has something beside it that says nothing.
    """
    words = " ".join(words.split())
    if words in sounds:
        return (SoundCue(name=words, line=line),)
    if found := _CHAPTER.fullmatch(words):
        return (Heading(title=found["title"], line=line),)
    if _BED_END.fullmatch(words):
        return (BedEnd(line=line),)
    if sound := _read_sound(words, sounds, line):
        return (sound,)
    if (duration := read_pause(words)) is not None:
        return (Pause(duration=duration, line=line),)
    manner = Manner()
    for piece in split_directions(words):
        read = _read_manner(piece)
        if read is None:
            return ()
        manner = read.over(manner)
    return (manner,)


def split_directions(words: str) -> list[str]:
    """Directions that stand in the same brackets.

    >>> split_directions("whispers, speed 1,1; gain -3 dB")
    ['whispers', 'speed 1,1', 'gain -3 dB']
    """
    return _BETWEEN.split(words.strip())


def read_pause(words: str) -> Seconds | None:
    """How long a pause is; None: the words ask for none.

    >>> read_pause("Pause: 3"), read_pause("2 seconds of silence"), read_pause("kurze Pause"), read_pause("pause it")
    (3.0, 2.0, 0.5, None)

    Raises:
        InputError: it is too long, or negative.
    """
    words = " ".join(words.split())
    if found := _PAUSE.fullmatch(words) or _PAUSE_AFTER.fullmatch(words):
        seconds = _read_seconds(found)
        return None if seconds is None else check_range("pause", seconds, 0.0, MOST_SECONDS)
    if found := _PAUSE_ALONE.fullmatch(words):
        size = found["size"] or found["size_after"]
        if size and _IS_LONG.fullmatch(size):
            return LONG_PAUSE
        return SHORT_PAUSE if size or found["beat"] else PAUSE
    return None


@contextmanager
def locate(path: str, line: int) -> Iterator[None]:
    """Give errors the line that is being read."""
    try:
        yield
    except InputError as error:
        raise error.at(f"{path}:{line}") from None


def is_noise(words: str) -> bool:
    """Whether words are those of a noise that people make, or of a way to speak.

    >>> is_noise("laughs"), is_noise("Sighs deeply"), is_noise("nervous laughter"), is_noise("music, painting")
    (True, True, True, False)
    """
    found = _WORD.findall(words.lower())
    if len(found) == 1 and found[0] in _IS_ALONE:
        return True
    return 0 < len(found) <= 4 and (found[0] in _NOISE or (len(found) <= 2 and found[-1] in _NOISE))


def is_aside(words: str) -> bool:
    """Whether words at the beginning of a line can be a direction, where brackets can also hold speech.

    >>> is_aside("to Bob, quietly"), is_aside("Laughs"), is_aside("I never said that.")
    (True, True, False)
    """
    words = words.strip()
    if is_noise(words):
        return True
    if len(words) > _LONGEST_ASIDE or words.endswith(("!", "?", ".", "…")):
        return False
    return words[:1].islower() or len(words.split()) == 1


def check_range(name: str, value: float, least: float, most: float) -> float:
    """A value that is in its range.

    Raises:
        InputError: it is not.
    """
    if not least <= value <= most:
        raise InputError(f"must be between {least:g} and {most:g}, not {value:g}", field=name)
    return value


def _read_sound(words: str, sounds: Collection[str], line: int) -> SoundCue | None:
    found = _SOUND.fullmatch(words)
    if not found:
        return None
    name, *others = _BETWEEN.split(found["name"])
    name = name.strip("\"'“”„ ")
    kind = found["kind"].lower()
    known = name in sounds or PurePath(name).suffix.lower() in _AUDIO
    if not known and (not _NAME.fullmatch(name) or kind not in ("sting", "bed", "sound", "sfx", "jingle")):
        return None
    gain, overlap = 0.0, 0.0
    for other in others:
        if level := _GAIN.fullmatch(other):
            gain = check_range("gain", _to_number(level["number"]), -MOST_GAIN, MOST_GAIN)
        elif (ahead := _OVERLAP.fullmatch(other)) and (seconds := _read_seconds(ahead)) is not None:
            overlap = check_range("overlap", seconds, 0.0, MOST_SECONDS)
        elif known:
            problem = f"{show(other)} says nothing about the sound {name!r}: write a gain such as -18 dB, or overlap 2s"
            raise InputError(problem)
        else:
            return None
    return SoundCue(
        name=name, kind="bed" if kind == "bed" else "sting", gain=gain, overlap=overlap, line=line
    )


def _read_manner(words: str) -> Manner | None:
    if found := _OVERLAP.fullmatch(words):
        seconds = _read_seconds(found)
        return None if seconds is None else Manner(gap=-check_range("overlap", seconds, 0.0, MOST_SECONDS))
    if found := _GAP.fullmatch(words):
        seconds = _read_seconds(found)
        return (
            None if seconds is None else Manner(gap=check_range("gap", seconds, -MOST_SECONDS, MOST_SECONDS))
        )
    if found := _SPEED.fullmatch(words):
        speed = _to_number(found["number"]) / (100.0 if found["percent"] else 1.0)
        for field, problem in problems({"speed": speed}):
            raise InputError(problem, field=field)
        return Manner(speed=speed)
    if (found := _GAIN.fullmatch(words)) and (found["unit"] or not words[0].isdecimal()):
        return Manner(gain=check_range("gain", _to_number(found["number"]), -MOST_GAIN, MOST_GAIN))
    if found := _LANGUAGE.fullmatch(words):
        return Manner(language=languages.canonical(found["tag"]))
    return None


def _read_seconds(found: re.Match[str]) -> Seconds | None:
    if found["number"] is None:
        return OVERLAP
    unit = _UNITS.get(found["unit"].lower())
    return None if unit is None else round(_to_number(found["number"]) * unit, 6)


def _to_number(written: str) -> float:
    return float(written.replace(",", ".").replace("−", "-"))
