"""Carrier phrases: an engine speaks a word or two at the end of a sentence, and voxpress cuts them out.

Neural voices learn from sentences, and mumble a word that stands alone. An engine that gives the times of its words
speaks "The message says, hundred.", and voxpress cuts the audio at the pause before "hundred".
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
"""Phrases by language. Each introduces a quotation, so that any word may follow, and ends in a pause."""

MOST_WORDS = 2
"""Most words of a text that gets a carrier phrase, as they are spoken."""
_MOST_CHARACTERS = 60
_LEAD: Seconds = 0.02
"""Audio kept before the first word, whose first sound may begin a little before its mark."""
_FADE: Seconds = 0.01
_END = ".,:;!?…।"


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


def add_phrase(segment: Segment) -> Segment:
    """The segment for the engine: its text begins with the phrase.

    >>> add_phrase(Segment(text="hundred.", voice="joe", language="en", carrier="The message says,")).text
    'The message says, hundred.'
    """
    if segment.carrier is None:
        return segment
    before = len(segment.carrier) + 1
    return msgspec.structs.replace(
        segment,
        text=f"{segment.carrier} {segment.text}",
        carrier=None,
        phonemes=segment.phonemes and tuple(each.moved(before) for each in segment.phonemes),
    )


def cut(audio: Audio, segment: Segment) -> Audio | None:
    """The audio after the segment's phrase, with its marks.

    None if the marks are not those of the words of phrase and text, so that the place to cut is unknown.
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
