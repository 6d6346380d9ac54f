"""Who speaks: what rows and texts ask for becomes an engine with a voice, found and checked once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from msgspec.structs import replace

from voxpress import engines, languages, validation
from voxpress.engines import Engine
from voxpress.errors import (
    InputError,
    LicenceNotAccepted,
    UnknownVoice,
    UnsupportedOption,
    show,
    suggest,
)
from voxpress.models import catalogue
from voxpress.rendering import DEFAULT_ENGINE, offers
from voxpress.speech import OptionValue, Output, Seconds, Segment, Speaker, Utterance, Voice
from voxpress.store.keys import request_key
from voxpress.text import FrontEnd, Say, carrier, duration
from voxpress.text.carrier import Carrier
from voxpress.text.front_end import Reader
from voxpress.text.parts import Wish
from voxpress.voices import references

SLOWEST, FASTEST = 0.25, 4.0
"""Speeds, with every engine: OpenAI's range."""
_SHORT: Seconds = 0.7
"""Words that can be read in less time at 1.0, which takes two seconds as a rule, are spoken at 1.0."""

_DEFAULTS = Speaker(engine=DEFAULT_ENGINE, speed=1.0, seed=0)
_MOST_FOUND = 1024


class _Chosen(NamedTuple):
    """An engine with a voice and options: what most rows share."""

    engine: Engine
    voice: Voice
    options: Mapping[str, OptionValue]
    """What differs from the engine's defaults."""
    fingerprint: str


class Narrator(NamedTuple):
    """Who reads words, and how: all that a speaker says, found and checked."""

    engine: Engine
    voice: Voice
    options: Mapping[str, OptionValue]
    fingerprint: str
    language: str
    speed: float
    seed: int
    longest: int
    carried: bool
    continued: bool
    """Whether texts that begin or end with an ellipsis are spoken as parts of a sentence."""
    identity: str
    """All of it in words, for digests."""

    def identify(
        self, row: Utterance, front_end: FrontEnd, output: Output, around: Sequence[str] = ()
    ) -> str:
        """A digest of all that decides a file: a row with the same one need not be read again.

        Args:
            around: what identifies what is heard before and after the text.
        """
        asked = (self.identity, front_end.fingerprint(self.language), row.markup, row.text, *around)
        return request_key(asked, output)

    @property
    def reader(self) -> Reader:
        """What the front end has to know."""
        engine = self.engine

        def find_silent(words: str) -> Sequence[str]:
            with engines.Guard(engine.name):
                return engine.unspeakable(words, self.voice, self.language)

        return Reader(
            language=self.language,
            max_chars=self.longest,
            engine=engine.name,
            voice=self.voice.name,
            misread=engine.misread,
            find_silent=find_silent,
            takes_phonemes=engine.takes_phonemes,
            every_language="*" in engine.speaks(self.voice),
        )

    def segment(self, words: Say, *, starts: bool = False, ends: bool = False) -> Segment:
        """What the engine is to speak.

        Args:
            starts, ends: whether the words begin a prompt, or end it.

        Raises:
            UnsupportedOption: sounds are given that the voice cannot speak.
        """
        phonemes = words.words.phonemes or None
        for each in phonemes or ():
            self._check_sounds(each.ipa, words.text[each.start : each.end])
        around = Carrier()
        if self.continued and self.engine.timed:
            sign = self.engine.lifted_by
            around = carrier.continue_text(words.text, self.language, starts=starts, ends=ends, sign=sign)
        if self.carried and not phonemes and not around.before:
            around = around._replace(before=carrier.phrase(words.text, self.language))
        return Segment(
            text=words.text,
            voice=self.voice.key,
            language=self.language,
            speed=_choose_own_speed(self.engine, words.text, self.speed),
            seed=self.seed,
            options=self.options,
            carrier=around.before,
            follower=around.behind,
            phonemes=phonemes,
        )

    def _check_sounds(self, ipa: str, word: str) -> None:
        if not self.engine.takes_phonemes:
            raise UnsupportedOption(
                f"{self.engine.name} takes no sounds: give {word!r} a spelled form in place of /{ipa}/"
            )
        with engines.Guard(self.engine.name):
            missing = self.engine.unspeakable_sounds(ipa, self.voice, self.language)
        if missing:
            raise UnsupportedOption(
                f"the voice {self.voice.name!r} of {self.engine.name} has no sound {', '.join(map(repr, missing))}:"
                f" /{ipa}/ for {word!r} needs another one in its place"
            )


class Choice(NamedTuple):
    """All that is asked of a speaker, with engine and voice found."""

    asked: Speaker
    chosen: _Chosen


class Casting:
    """Finds who speaks.

    Args:
        default: holds for what rows leave open.
        cast: speakers by the names that rows and texts give them.
        device, carrier: as for `voxpress.render`.
        continuation: as in `voxpress.say`; None: in the languages in which the engine gains from it.

    >>> Casting(Speaker(engine="tone")).find(Utterance(text="Hello.", voice="high")).voice.name
    'high'

    Raises:
        InputError: the cast is none.
    """

    def __init__(
        self,
        default: Speaker,
        *,
        cast: Mapping[str, Speaker] | None = None,
        device: str = "auto",
        carrier: bool | None = None,
        continuation: bool | None = False,
    ) -> None:
        self._default = default.over(_DEFAULTS)
        self._cast = check_cast({} if cast is None else cast)
        self._device, self._carrier, self._continuation = device, carrier, continuation
        self._found: dict[tuple[object, ...], Narrator] = {}
        self._wished: dict[tuple[object, ...], Voice | None] = {}
        self._unknown: dict[tuple[object, ...], str] = {}

    def choose(self, row: Utterance, speaker: Speaker | None = None) -> Choice:
        """Engine and voice of a row, or of a part of it that another speaker says.

        Where no voice is named, it is the engine's own choice, unless only others have the language.

        Raises:
            InputError, EngineError: they are not there.
        """
        asked = self.merge(row, speaker)
        try:
            chosen = self._choose(asked, asked.voice)
        except UnknownVoice as error:
            own = {**self._cast, **row.cast}
            if speaker is None or not speaker.voice or speaker.voice in own:
                raise
            problem = f"{error.problem}, and there is {_say_absent(speaker.voice, own)}"
            raise UnknownVoice(problem, place=error.place, field=error.field) from error
        if (
            asked.voice is None
            and asked.language
            and not languages.covers(chosen.voice.languages, asked.language)
        ):
            native = _find_native(asked.language, chosen.engine, chosen.voice)
            chosen = self._choose(asked, native.name) if native else chosen
        return Choice(asked, chosen)

    def _choose(self, asked: Speaker, voice: str | None) -> _Chosen:
        assert asked.engine
        identity = (asked.engine, asked.model, voice, _typed(asked.options), self._device)
        chosen = _choose(*identity)
        if not _stands(chosen.voice):
            _choose.cache_clear()
            chosen = _choose(*identity)
        return chosen

    def find(self, row: Utterance, speaker: Speaker | None = None, choice: Choice | None = None) -> Narrator:
        """Who reads a row, or a part of it that another speaker says.

        Args:
            choice: engine and voice, where they are chosen already.

        Raises:
            InputError, EngineError: they are not there, or the engine cannot do what is asked.
        """
        if known := self.known(row, speaker):
            return known
        asked, chosen = choice or self.choose(row, speaker)
        assert asked.speed is not None
        assert asked.seed is not None
        engine = chosen.engine
        with engines.Guard(engine.name):
            language = _choose_language(engine, chosen.voice, asked.language)
            longest = engine.longest(chosen.voice, language)
        wanted = engine.carried if self._carrier is None else self._carrier
        continued = self._continuation
        if continued is None:
            continued = languages.base(language) in engine.continued_in
        found = Narrator(
            *chosen,
            language=language,
            speed=_check_speed(asked.speed),
            seed=asked.seed,
            longest=longest,
            carried=wanted and engine.timed,
            continued=continued,
            identity=repr(
                (
                    chosen.fingerprint,
                    chosen.voice.key,
                    language,
                    dict(chosen.options),
                    asked.speed,
                    asked.seed,
                    longest,
                    wanted and engine.timed,
                    # Without it, what was asked for before it existed is still known.
                    *(["continued"] if continued else []),
                )
            ),
        )
        if len(self._found) >= _MOST_FOUND:
            self._found.clear()
        self._found[_identify(row), speaker and _identify(speaker)] = found
        return found

    def name_speaker(
        self, row: Utterance, words: Say, notes: list[str], *, lenient: bool = False
    ) -> Speaker | None:
        """Who says some words of a row, where that is not who reads the row.

        Args:
            notes: gets what a user should know.
            lenient: whether a voice that nobody knows is a note, and the voice stays; otherwise it is an error.

        Raises:
            InputError, EngineError: the words want a voice that is not there.
        """
        speaker = words.speaker
        if lenient and speaker and speaker.voice and (problem := self._find_unknown(row, speaker)):
            if (note := f"{problem}: the voice stays as it is") not in notes:
                notes.append(note)
            speaker = replace(speaker, voice=None)
        if words.wish:
            speaker = self._fulfil(words.wish, row, speaker, notes)
        if words.rate == 1:
            return speaker
        speed = self.merge(row, speaker).speed
        assert speed is not None
        return replace(speaker or Speaker(), speed=speed * words.rate)

    def _find_unknown(self, row: Utterance, speaker: Speaker) -> str:
        """Why the voice of a speaker within a row is not known; empty where it is."""
        asked = self.merge(row, speaker)
        identity = asked.engine, asked.model, asked.voice
        if identity not in self._unknown:
            if len(self._unknown) >= _MOST_FOUND:
                self._unknown.clear()
            try:
                self.choose(row, speaker)
                self._unknown[identity] = ""
            except UnknownVoice as error:
                self._unknown[identity] = error.problem
        return self._unknown[identity]

    def _fulfil(
        self, wish: Wish, row: Utterance, speaker: Speaker | None, notes: list[str]
    ) -> Speaker | None:
        """A speaker with a voice as it is wanted: that of `speaker`, or the first of the engine that is so."""
        asked, chosen = self.choose(row, speaker)
        engine = chosen.engine
        with engines.Guard(engine.name):
            tags = wish.languages or (asked.language or _choose_language(engine, chosen.voice, None),)
        identity = engine.name, asked.model, chosen.voice, wish, tags
        if identity not in self._wished:
            if len(self._wished) >= _MOST_FOUND:
                self._wished.clear()
            self._wished[identity] = _find_voice_like(wish, tags, engine, chosen.voice)
        found = self._wished[identity]
        if found == chosen.voice:
            return speaker
        if found is not None:
            return replace(speaker or Speaker(), engine=engine.name, voice=found.name)
        kind = f"{wish.gender} voice" if wish.gender else "voice"
        problem = f"{engine.name} knows no {kind} that speaks {' and '.join(tags)}"
        if not wish.optional:
            raise UnsupportedOption(f'{problem}: name the voice in <voice name="…">')
        if (note := f"{problem}: {chosen.voice.name} speaks on") not in notes:
            notes.append(note)
        return speaker

    def known(self, row: Utterance, speaker: Speaker | None = None) -> Narrator | None:
        """Who was found for such a row before; None: nobody, or their voice is another one now."""
        known = self._found.get((_identify(row), speaker and _identify(speaker)))
        return known if known and _stands(known.voice) else None

    def merge(self, row: Utterance, speaker: Speaker | None = None) -> Speaker:
        """All that is asked of who reads a row, or a part of it that another speaker says; no engine is looked for.

        >>> Casting(Speaker(engine="tone"), cast={"Al": Speaker(language="de")}).merge(
        ...     Utterance(text="Ja.", speaker="Al")
        ... ).language
        'de'

        Raises:
            InputError: nobody is called so.
        """
        asked = Speaker.of(row)
        if row.speaker is not None:
            asked = asked.over(self._find_member(row.speaker, row.cast))
        if speaker is not None:
            asked = self._find_voice(speaker, row.cast).over(asked)
        return asked.over(self._default)

    def _find_member(self, speaker: str | Speaker, own: Mapping[str, Speaker]) -> Speaker:
        """A member of the row's own cast, or of the render's."""
        if isinstance(speaker, Speaker):
            return speaker
        if found := own.get(speaker) or self._cast.get(speaker):
            return found
        raise InputError(_say_absent(speaker, {**own, **self._cast}), field="speaker")

    def _find_voice(self, speaker: Speaker, own: Mapping[str, Speaker]) -> Speaker:
        """A speaker within a text, whose voice may be a name of the cast."""
        member = own.get(speaker.voice or "") or self._cast.get(speaker.voice or "")
        if speaker.engine or member is None:
            return speaker
        return replace(speaker, voice=None).over(member)


def check_cast(cast: object) -> dict[str, Speaker]:
    """A cast that was given as a mapping, checked.

    >>> check_cast({"Alice": Speaker(engine="tone", voice="high")})
    {'Alice': Speaker(engine='tone', voice='high')}

    Raises:
        InputError: it maps anything but names to speakers.
    """
    if not isinstance(cast, Mapping):
        raise InputError(f"must be names with a Speaker each, not {show(cast)}", field="cast")
    for name, speaker in cast.items():
        if problem := validation.explain_cast_name(name):
            raise InputError(problem, field="cast")
        if not isinstance(speaker, Speaker):
            raise InputError(f"must be a Speaker, not {show(speaker)}", field=f"cast.{name}")
    return dict(cast)


def _say_absent(name: str, cast: Mapping[str, Speaker]) -> str:
    """That a cast lacks a name, and which it has."""
    problem = f"no {name!r} in the cast{suggest(name, cast)}"
    if not cast:
        return f"{problem}: a [cast] table names speakers, and there is none"
    return f"{problem} (cast: {', '.join(cast)})"


def _identify(row: Utterance | Speaker) -> tuple[object, ...]:
    """What a row says of its speaker. Options as text: 1, 1.0 and true are not the same option."""
    options = repr(row.options) if row.options else ""
    if isinstance(row, Utterance):
        given = row.cast.get(row.speaker, row.speaker) if isinstance(row.speaker, str) else row.speaker
        who = _identify(given) if isinstance(given, Speaker) else given, repr(row.cast) if row.cast else ""
    else:
        who = None
    return who, row.engine, row.model, row.voice, row.language, row.speed, row.seed, options


def _find_voice_like(wish: Wish, tags: Sequence[str], engine: Engine, current: Voice) -> Voice | None:
    """The first voice that is as a text wants it: of those that have the language as their own, else of those that
    speak it too; `current` comes before the others. A cloned voice speaks only where it is named.
    """
    with engines.Guard(engine.name):
        fitting = [
            voice
            for voice in (current, *engine.voices())
            if wish.gender in ("", voice.gender)
            and (voice is current or not voice.reference)
            and all(languages.covers(engine.speaks(voice), tag) for tag in tags)
        ]

    def is_far(voice: Voice) -> tuple[bool, bool]:
        own = voice.languages[:1]
        return own != (tags[0],), not languages.covers(own, tags[0])

    return min(fitting, key=is_far, default=None)


def _find_native(tag: str, engine: Engine, current: Voice) -> Voice | None:
    """The first voice of an engine that has a language as its own; None: there is none."""
    found = _find_voice_like(Wish(), (tag,), engine, current)
    return found if found and languages.covers(found.languages, tag) else None


def _typed(options: Mapping[str, OptionValue]) -> tuple[tuple[str, OptionValue, type], ...]:
    """Options as a key of a cache, in which 1, 1.0 and true differ."""
    return tuple((name, value, type(value)) for name, value in options.items())


@lru_cache(maxsize=256)
def _choose(
    engine: str,
    model: str | None,
    voice: str | None,
    options: tuple[tuple[str, OptionValue, type], ...],
    device: str,
) -> _Chosen:
    # Weights are looked at once in a process: finding them again costs ten times as much as serving a clip.
    kind = engines.find(engine)
    with engines.Guard(engine):
        given = {name: value for name, value, _ in options}
        return _with_voice(kind(model, device=device), engine, voice, given)


def _with_voice(
    chosen: Engine, engine: str, voice: str | None, options: Mapping[str, OptionValue]
) -> _Chosen:
    engines.require(chosen)
    if (terms := chosen.terms()) and not catalogue.is_accepted(terms):
        raise LicenceNotAccepted(
            f"the weights of {engine!r} are under {terms}: read it, then run  voxpress models accept {engine}"
        )
    try:
        speaking = chosen.voice(voice)
    except UnknownVoice as error:
        elsewhere = offers.of_voice(voice) if voice else ""
        raise UnknownVoice(error.problem + elsewhere, place=error.place, field=error.field) from error
    checked = chosen.checked(options)
    changed = {name: value for name, value in checked.items() if value != chosen.options[name].default}
    return _Chosen(chosen, speaking, changed, chosen.fingerprint(speaking.key))


def _stands(voice: Voice) -> bool:
    """Whether a cloned voice is still what it was when it was found."""
    return not voice.reference or references.stands(voice)


def _choose_language(engine: Engine, voice: Voice, wanted: str | None) -> str:
    """The canonical tag to speak in."""
    spoken = engine.speaks(voice)
    if wanted is None:
        own = [tag for tag in voice.languages if languages.covers(spoken, tag)]
        first = next(iter((*own, *spoken)), "*")
        return "en" if first == "*" else first
    if not languages.covers(spoken, wanted):
        who = f"engine {engine.name!r}"
        if spoken != engine.languages:
            who = f"voice {voice.name!r} of {who}"
        problem = f"{who} does not speak {wanted!r} (languages: {', '.join(spoken)})"
        raise UnsupportedOption(problem + offers.of_language(wanted, engine.name))
    return wanted


def _choose_own_speed(engine: Engine, words: str, wanted: float) -> float:
    """The speed at which the engine itself speaks some words: the nearest at which it speaks well. Stretching does the
    rest.

    A voice that is told to be faster starts and ends a little earlier or later than it should. In one word, that is
    heard: so the engine speaks short words at 1.0.

    >>> from voxpress.engines.tone import Tone
    >>> [_choose_own_speed(Tone(), words, 2.0) for words in ("Yes.", "Please hold the line, your call is important.")]
    [1.0, 2.0]
    """
    if wanted == 1.0 or duration.bounds(words)[0] < _SHORT:
        return 1.0
    slowest, fastest = engine.speeds
    return min(max(wanted, slowest), fastest)


def _check_speed(wanted: float) -> float:
    if not SLOWEST <= wanted <= FASTEST:
        raise UnsupportedOption(
            f"speed {wanted:g} is out of range: voxpress speaks at {SLOWEST:g} to {FASTEST:g}"
        )
    return wanted
