"""Stage directions: ``[beep]``, ``<error beep>``, ``(2 seconds of silence)`` in a text to be spoken.

Prompt lists such as Asterisk's mix words with descriptions of sounds. `parse` separates them:

- Silence: ``N UNIT of silence``, ``silence N UNIT``, and the same with ``pause``.
- Tones: ``beep`` or ``tone``, with one of ``error``, ``double``, ``ascending``, ``descending`` before or
  after it, and words such as *this is a simple … sound* around it. `_sounds` has the words of each language.
- Pronunciations: ``[word](/IPA/)`` says the word so.
- Explanations, which are dropped: a symbol beside a word (``dollar [$]``), empty brackets, and text that begins with
  ``note:``.
- Other text in square or angle brackets is an error, `LeftOut`, because it can be neither spoken nor generated. Round
  brackets are prose unless they hold one of the above. A sound without a tone and a silence without a length
  (``(sound of rain)``, ``(music plays)``, ``(pause)``) are `LeftOut` in every kind of bracket.

An angle bracket counts only where a letter follows it: ``3 < 4`` is text.
"""

from __future__ import annotations

import re
from bisect import bisect
from contextlib import suppress
from unicodedata import normalize

from voxpress.errors import InputError, LeftOut, MarkupError, shorten
from voxpress.text.ipa import to_ipa
from voxpress.text.markup._composer import MAX_SILENCE, MIN_SILENCE, PUNCTUATION, Composer
from voxpress.text.markup._sounds import SOUND, describe
from voxpress.text.parts import Part, Say, Silence, Tone
from voxpress.text.passage import Change, Edit, Passage
from voxpress.text.patterns import lazily

_GAP = Silence(0.1)
_BEEP = Tone((1000.0,), 0.25)
# 480 and 620 Hz together are the busy and error tone of North American exchanges (the Precise Tone Plan).
_ERROR = Tone((480.0, 620.0), 0.25)
# A fifth apart: heard as up or down through any telephone, and no frequency of a touch tone.
_LOW, _HIGH = Tone((600.0,), 0.2), Tone((900.0,), 0.2)

TONES: dict[str, tuple[Tone | Silence, ...]] = {
    "beep": (_BEEP,),
    "double beep": (_BEEP, _GAP, _BEEP),
    "error beep": (_ERROR, _GAP, _ERROR),
    "ascending tones": (_LOW, _HIGH),
    "descending tones": (_HIGH, _LOW),
}
"""The sounds of each tone direction."""

_SYMBOL = lazily(r"[^\w]|_")
_DIRECTION = lazily(r"\[([^][]*)\]|<([A-Za-z][^<>]*)>|\(([^()]*)\)")
_WORDS = lazily(r"[^][<>()]*")
_PRONUNCIATION = lazily(r"\[([^][]+)\]\(/([^()/]+)/\)")


def parse(text: str, *, lenient: bool = False) -> tuple[Part, ...]:  # noqa: ARG001 - as all markups
    """The words, tones and silences of a text, in order. A text without directions is one `Say`.

    Args:
        lenient: changes nothing here: a direction that cannot be generated is left out with its row.

    >>> parse("Leave a message. [beep]")
    (Say('Leave a message.'), Tone(frequencies=(1000.0,), duration=0.25))
    >>> parse("(2 seconds of silence)"), parse("dollar [$]")
    ((Silence(duration=2.0),), (Say('dollar'),))

    Raises:
        LeftOut: a direction of another kind.
        MarkupError: a square bracket without its partner; or a silence, or all together, are too long.
    """
    source, changes = pronounce(Passage.of(text))
    text = source.text
    composer = Composer()
    said: list[Passage] = []
    end = 0
    for match in _DIRECTION.finditer(text):
        said.append(source[end : match.start()])
        end = match.end()
        following = _WORDS.match(text, end)
        words = [*(piece.text for piece in said[-2:]), following[0] if following else ""]
        inside = _interpret(match, explains=any(piece.strip(PUNCTUATION) for piece in words))
        if inside is None:
            said.append(source[match.start() : match.end()])
        elif inside:
            _say(said, changes, composer)
            composer.play(inside)
            said = []
    said.append(source[end:])
    _say(said, changes, composer)
    return composer.parts() or (Say(source),)


def pronounce(words: Passage) -> tuple[Passage, list[Change]]:
    """Words with ``[word](/IPA/)`` as the word and its pronunciation, and those changes.

    Raises:
        MarkupError: what stands there is not IPA.

    >>> pronounce(Passage.of("A [tomato](/təˈmɑːtəʊ/)."))[0].phonemes
    (Phonemes(start=2, end=8, ipa='təˈmɑːtəʊ'),)
    """
    found = [match for match in _PRONUNCIATION.finditer(words.text) if match[2].strip()]
    whole = [Edit(match.start(), match.end(), match[1], ipa=_read_sounds(match)) for match in found]
    # The word itself stands at its own place, so that subtitles show it without its sounds.
    apart = [
        edit
        for match, each in zip(found, whole, strict=True)
        for edit in (
            Edit(match.start(), match.start(1), "", fixed=False),
            Edit(*match.span(1), each.spoken, ipa=each.ipa),
            Edit(match.end(1), match.end(), "", fixed=False),
        )
    ]
    return words.edit(apart), words.changes(whole, "IPA")


def _read_sounds(match: re.Match[str]) -> str:
    try:
        return to_ipa(match[2], "ipa")
    except InputError as error:
        raise MarkupError(f"{shorten(match[0])}: {error.problem}") from None


def _say(pieces: list[Passage], changes: list[Change], composer: Composer) -> None:
    """Collect some words. `changes` are those of these words and of all that follow."""
    words = Passage.join(pieces)
    if stray := re.search(r"[][]", words.text):
        raise MarkupError(
            f"{stray[0]!r} has no partner in {shorten(words.text.strip())}; set the row's markup to plain to have"
            " it read"
        )
    count = bisect(changes, words.source(0, len(words))[1], key=lambda change: change.start)
    composer.say(words, changes=changes[:count])
    del changes[:count]


def _interpret(match: re.Match[str], *, explains: bool) -> tuple[Tone | Silence, ...] | None:
    """The sounds that the brackets describe; empty for an explanation, None for prose."""
    whole, content = match[0], match[match.lastindex or 1]
    words = " ".join(normalize("NFC", content).casefold().split()).rstrip(".!").strip()
    sound = describe(words)
    if isinstance(sound, str) and sound:
        return TONES[sound]
    if isinstance(sound, float):
        if not MIN_SILENCE <= sound <= MAX_SILENCE:
            raise MarkupError(
                f"{shorten(whole)}: silence lasts at least {MIN_SILENCE:g} and at most {MAX_SILENCE:g} seconds"
            )
        return (Silence(sound),)
    if explains and (
        words.startswith("note:") or (whole[0] != "(" and _SYMBOL.fullmatch(content.strip() or " "))
    ):
        return ()
    if whole[0] == "(" and sound is None and not SOUND.fullmatch(words):
        return None
    raise LeftOut(
        f"{shorten(whole)} is not a direction that can be generated ({', '.join(TONES)}, silence 2 s):"
        " record it by hand, or set the row's markup to plain to have it read aloud"
    )


def generate(direction: str) -> tuple[Tone | Silence, ...]:
    """The sounds that a direction stands for; none if it stands for no sound.

    >>> generate("[pause 2s]"), generate("[sic]")
    ((Silence(duration=2.0),), ())

    Raises:
        MarkupError: it stands for a silence that is too long.
    """
    match = _DIRECTION.fullmatch(direction)
    with suppress(LeftOut):
        return (match and _interpret(match, explains=True)) or ()
    return ()


def find_direction(text: str) -> str:
    """The first direction of `text` in square or angle brackets that stands for a sound; empty if there is none.

    >>> find_direction("One moment. [pause 2s] Thank you."), find_direction("[sic] One (beep).")
    ('[pause 2s]', '')
    """
    for match in _DIRECTION.finditer(text):
        with suppress(MarkupError):
            if match[0][0] != "(" and _interpret(match, explains=True):
                return match[0]
    return ""
