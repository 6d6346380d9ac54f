"""Carrier phrases: a word or two are spoken at the end of a sentence, and cut out of it.

Neural voices learned from sentences, and mumble a word that stands alone. Where an engine knows when each of its words
is heard, it is given "The message says, hundred.", and what comes before "hundred" is cut off at the pause.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

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
"""By language: what leads to a quotation, so that any word may follow; it ends in a pause."""

MOST_WORDS = 2
"""As they are spoken: a longer text is a phrase of its own."""
_MOST_CHARACTERS = 60
_LEAD: Seconds = 0.02
"""Kept before the first word: its first sound may begin a little before the model says so."""
_FADE: Seconds = 0.01
_END = ".,:;!?…।"


def phrase(text: str, language: str) -> str | None:
    """What `text` is to be spoken after; None where it is spoken as it is.

    Only a word or two of letters, or digits that are spoken as so many: brackets and symbols may be an engine's own
    notation, and nobody knows how many words they are.

    Args:
        language: BCP 47 tag; None is the answer for those that have no phrase in `PHRASES`.

    >>> phrase("Hundred.", "en-GB"), phrase("100", "en"), phrase("Thank you!", "de")
    ('The message says,', 'The message says,', 'Die nächste Ansage lautet,')
    >>> phrase("Please hold the line.", "en"), phrase("1984", "en"), phrase("[[həˈloʊ]]", "en"), phrase("百", "zh")
    (None, None, None, None)
    """
    return PHRASES.get(languages.base(language)) if is_short(text) else None


def is_short(text: str) -> bool:
    """Whether `text` is known to be a word or two when it is spoken."""
    return len(text) <= _MOST_CHARACTERS and 1 <= _count_words(text) <= MOST_WORDS


def add_phrase(segment: Segment) -> Segment:
    """The segment as an engine is given it: phrase and text, and no phrase beside it.

    >>> add_phrase(Segment(text="hundred.", voice="joe", language="en", carrier="The message says,")).text
    'The message says, hundred.'
    """
    if segment.carrier is None:
        return segment
    return msgspec.structs.replace(segment, text=f"{segment.carrier} {segment.text}", carrier=None)


def cut(audio: Audio, segment: Segment) -> Audio | None:
    """What was said after the segment's phrase, with its marks.

    None where the marks are not those of the words of phrase and text, so that nobody knows where to cut.
    """
    words = [mark for mark in audio.marks if mark.kind == "word"]
    before = len((segment.carrier or "").split())
    if [_join_letters(words[:before]), _join_letters(words[before:])] != [
        _keep_letters(segment.carrier or ""),
        _keep_letters(segment.text),
    ]:
        return None
    start = words[before].start - _LEAD
    return sound.drop_before(audio, max(start, words[before - 1].end) if before else start, _FADE)


def _count_words(text: str) -> int:
    """How many words `text` has when it is spoken; 0 where that cannot be known."""
    count = 0
    for token in text.rstrip(_END).split():
        for word in token.removesuffix(",").split("-"):
            if not word or not all(map(_is_spoken, word)):
                return 0
            count += _count_number_words(word) if word.isdecimal() else 1
    return count


def _count_number_words(number: str) -> int:
    """Words of a number in digits: "7" and "40" are one, "42" and "500" are two."""
    return max(1, len(number.rstrip("0"))) + (len(number) > 2)


def _is_spoken(character: str) -> bool:
    return character.isalnum() or character in "'’" or unicodedata.category(character)[0] == "M"


def _join_letters(words: Iterable[Mark]) -> str:
    return _keep_letters("".join(word.text for word in words))


def _keep_letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
