"""Carrier phrases: an engine speaks a text inside a sentence, and voxpress cuts it out.

Neural voices learn from sentences, and mumble a word that stands alone. An engine that gives the times of its words
speaks "The message says, hundred.", and voxpress cuts the audio at the pause before "hundred".

A text that goes on ("You have…") has words behind it too, so that the voice does not end there; a text that begins
within a sentence ("…new messages.") has the phrase before it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from voxpress import languages
from voxpress.audio import waveform as sound
from voxpress.audio.waveform import Audio
from voxpress.speech import Mark, Seconds, Segment

PHRASES: Mapping[str, str] = {
    "ca": "El missatge següent és,",
    "cs": "Další zpráva zní,",
    "da": "Den næste besked er,",
    "de": "Die nächste Ansage lautet,",
    "en": "The message says,",
    "es": "El siguiente mensaje es,",
    "fi": "Seuraava viesti on,",
    "fr": "Le message suivant est,",
    "hi": "अगला शब्द है,",
    "it": "Il prossimo messaggio è,",
    "nb": "Den neste meldingen er,",
    "nl": "Het volgende bericht luidt,",
    "no": "Den neste meldingen er,",
    "pl": "Następny komunikat brzmi,",
    "pt": "A próxima mensagem é,",
    "ro": "Următorul mesaj este,",
    "ru": "Следующее сообщение звучит так,",
    "sv": "Nästa meddelande är,",
    "uk": "Наступне повідомлення звучить так,",
}
"""Phrases by language. Each introduces a quotation, so that any word may follow, and ends in a pause."""

FOLLOWERS: Mapping[str, str] = {
    "ca": "tres més, avui.",
    "cs": "tři z nich, dnes.",
    "da": "ti af dem, i dag.",
    "de": "zehn davon, heute.",
    "en": "ten of them, today.",
    "es": "tres de ellos, hoy.",
    "fi": "kolme niistä, tänään.",
    "fr": "trois de plus, demain.",
    "hi": "तीन और, आज।",
    "it": "tre di questi, oggi.",
    "nb": "ti av dem, i dag.",
    "nl": "tien ervan, vandaag.",
    "no": "ti av dem, i dag.",
    "pl": "trzy z nich, dzisiaj.",
    "pt": "três deles, hoje.",
    "ro": "trei dintre ele, azi.",
    "ru": "три из них, сегодня.",
    "sv": "tio av dem, idag.",
    "uk": "три з них, сьогодні.",
}
"""Words behind a text that goes on, by language. Each begins with a stop, which is silent before it opens: a place to
cut. The sentence ends far enough behind it."""

MOST_WORDS = 2
"""Most words of a text that gets a carrier phrase, as they are spoken."""
_MOST_CHARACTERS = 60
_LEAD: Seconds = 0.02
"""Audio kept before the first word, whose first sound may begin a little before its mark."""
_FADE: Seconds = 0.01
_FADE_OUT: Seconds = 0.02
_EARLIER, _LATER = 0.01, 0.02
"""Seconds before the end of the last word and behind the start of the next one, between which audio is cut."""
_DOTS = r"(?:…|‥|⋯|\.{3,}|\.(?: \.){2,})+"
_OPENING = re.compile(rf"[\s\"'“‘«„‹(\[¿¡]*{_DOTS}\s*")
_CLOSING = re.compile(rf"[\s,;:]*{_DOTS}([\s\"'”’“»›)\]]*)$")
_END = ".,:;!?…।"


class Carrier(NamedTuple):
    """What is spoken before a text and behind it, and cut off again; None: nothing."""

    before: str | None = None
    behind: str | None = None


def begins_within(text: str) -> bool:
    """Whether an ellipsis begins `text`, so that it goes on with what is heard before it.

    >>> begins_within("...new messages."), begins_within("“… at extension”"), begins_within("Well... no.")
    (True, True, False)
    """
    return bool(_OPENING.match(text))


def goes_on(text: str) -> bool:
    """Whether an ellipsis ends `text`, so that something is heard behind it.

    >>> goes_on("You have..."), goes_on("(extension . . .)"), goes_on("您有……"), goes_on("So…?")
    (True, True, True, False)
    """
    return bool(_CLOSING.search(text))


def phrase(text: str, language: str) -> str | None:
    """The carrier phrase for `text`; None if the engine should speak the text alone.

    Only a word or two get a phrase, in letters, or in digits that are spoken as so many words. Brackets and symbols may
    be an engine's own notation, whose words cannot be counted.

    Args:
        language: BCP 47 tag; languages without a phrase in `PHRASES` give None.

    >>> phrase("Hundred.", "en-GB"), phrase("100", "en"), phrase("Thank you!", "de")
    ('The message says,', 'The message says,', 'Die nächste Ansage lautet,')
    >>> phrase("Please hold the line.", "en"), phrase("1984", "en"), phrase("[[həˈloʊ]]", "en"), phrase("百", "zh")
    (None, None, None, None)
    """
    return PHRASES.get(languages.base(language)) if is_short(text) else None


def is_short(text: str) -> bool:
    """Whether `text` is certainly spoken as a word or two."""
    return len(text) <= _MOST_CHARACTERS and 1 <= _count_words(text) <= MOST_WORDS


def continue_text(text: str, language: str, *, starts: bool, ends: bool, sign: str = "") -> Carrier:
    """The words around a text that goes on with what is heard before it or behind it.

    Args:
        language: BCP 47 tag; languages without words in `PHRASES` and `FOLLOWERS` give none.
        starts, ends: whether the text begins a prompt, or ends one. An ellipsis elsewhere is a pause.
        sign: what the engine is given between the text and the words behind it.

    >>> continue_text("...has been changed to...", "en-GB", starts=True, ends=True, sign=",")
    Carrier(before='The message says,', behind=', ten of them, today.')
    >>> continue_text("...has been changed to...", "en-GB", starts=False, ends=False)
    Carrier(before=None, behind=None)
    """
    base = languages.base(language)
    before = PHRASES.get(base) if starts and begins_within(text) else None
    behind = FOLLOWERS.get(base) if ends and goes_on(text) else None
    return Carrier(before, behind and f"{sign} {behind}")


def add_phrase(segment: Segment) -> Segment:
    """The segment for the engine: its text with the phrase before it and the words behind it, in place of ellipses.

    >>> add_phrase(Segment(text="hundred.", voice="joe", language="en", carrier="The message says,")).text
    'The message says, hundred.'
    >>> add_phrase(Segment(text="You have…", voice="joe", language="en", follower=", ten of them, today.")).text
    'You have, ten of them, today.'
    """
    if not is_carried(segment):
        return segment
    text, moved = segment.text, 0
    if segment.follower:
        text = _CLOSING.sub(r"\1", text) + segment.follower
    if segment.carrier:
        within = _OPENING.sub("", text, count=1)
        moved = len(segment.carrier) + 1 - (len(text) - len(within))
        text = f"{segment.carrier} {within}"
    return msgspec.structs.replace(
        segment,
        text=text,
        carrier=None,
        follower=None,
        phonemes=segment.phonemes and tuple(each.moved(moved) for each in segment.phonemes),
    )


def is_carried(segment: Segment) -> bool:
    """Whether words that are cut off again are spoken with the segment."""
    return bool(segment.carrier or segment.follower)


def cut(audio: Audio, segment: Segment) -> Audio | None:
    """The audio between the segment's phrase and the words behind it, with its marks.

    None if the marks are not those of all these words, so that the place to cut is unknown.
    """
    words = [mark for mark in audio.marks if mark.kind == "word"]
    before = len((segment.carrier or "").split())
    end = len(words) - sum(map(bool, map(_keep_letters, (segment.follower or "").split())))
    spoken = (words[:before], words[before:end], words[end:])
    written = (segment.carrier or "", segment.text, segment.follower or "")
    if [*map(_join_letters, spoken)] != [*map(_keep_letters, written)]:
        return None
    if segment.follower:
        audio = _cut_behind(audio, words[end - 1 : end + 1])
    if not segment.carrier:
        return audio
    start = max(words[before].start - _LEAD, words[before - 1].end)
    return sound.drop_before(audio, start, _FADE)


def _cut_behind(audio: Audio, words: Sequence[Mark]) -> Audio:
    """The audio up to the quietest place between two words."""
    last, following = words
    return sound.drop_after(
        audio, sound.find_quietest(audio, last.end - _EARLIER, following.start + _LATER), _FADE_OUT
    )


def _count_words(text: str) -> int:
    """Number of words in `text` when it is spoken; 0 if unknown."""
    count = 0
    for token in text.rstrip(_END).split():
        for word in token.removesuffix(",").split("-"):
            if not word or not all(
                c.isalnum() or c in "'’" or unicodedata.category(c)[0] == "M" for c in word
            ):
                return 0
            count += _count_number_words(word) if word.isdecimal() else 1
    return count


def _count_number_words(number: str) -> int:
    """Number of words for a number in digits: 1 for "7" and "40", 2 for "42" and "500"."""
    return max(1, len(number.rstrip("0"))) + (len(number) > 2)


def _join_letters(words: Iterable[Mark]) -> str:
    return _keep_letters("".join(word.text for word in words))


def _keep_letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
