"""Articles for the web: audio, subtitles, times, and a player that works without a server.

`pages` finds the pages, `marking` puts elements around the sentences of a page, `cleaning` makes another page's markup
safe, `player` writes the HTML, and `site` does it for many pages and keeps the list of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from voxpress.documents import Block
from voxpress.marks.vtt import write_cue
from voxpress.publish.narration import Phrase
from voxpress.publish.recording import Recording
from voxpress.speech import Seconds


class Word(NamedTuple):
    """A word that is heard.

    Attributes:
        first, letters: which of the letters and digits of `Sentence.page` it has; other characters differ from page to
            page. None has no place.
        place: where it stands in the text content of the page; None: nowhere, as the number of a list item.
    """

    text: str
    begin: Seconds
    end: Seconds
    first: int
    letters: int
    place: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that is heard.

    Attributes:
        id: of its element in the page, and of its subtitle.
        block: which of the article's blocks it is in.
        text: as written, on one line.
        page: as it stands in the text content of the page: without the number of a list item or the description of an
            image.
        place: where that is; None: nowhere.
    """

    id: str
    block: int
    text: str
    begin: Seconds
    end: Seconds
    page: str = ""
    place: tuple[int, int] | None = None
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A page that was spoken.

    Attributes:
        key: what the ids of its sentences begin with: the same for one name, and another for each.
        estimated: whether the times of words are a guess.
    """

    name: str
    title: str
    language: str
    duration: Seconds
    sentences: tuple[Sentence, ...]
    artist: str = ""
    estimated: bool = False

    @property
    def key(self) -> str:
        return make_key(self.name)

    def paragraphs(self) -> Iterator[Sequence[Sentence]]:
        """Its sentences, those of one block together."""
        start = 0
        for number in range(1, len(self.sentences) + 1):
            if number == len(self.sentences) or self.sentences[number].block != self.sentences[start].block:
                yield self.sentences[start:number]
                start = number


def make_key(name: str) -> str:
    """A short name for ids, the same each time.

    >>> make_key("posts/hello")
    'vp-47e3ef'
    """
    return f"vp-{hashlib.sha256(name.encode(errors='replace')).hexdigest()[:6]}"


def make_article(
    name: str, recording: Recording, content: str, *, title: str, language: str, artist: str = ""
) -> Article:
    """What was heard of a page.

    Args:
        content: the text content of the page.

    Raises:
        SpeechError: it could not be spoken.
    """
    clip, blocks, key = recording.clip, recording.narration.blocks, make_key(name)
    words = list(recording.words())
    sentences: list[Sentence] = []
    at = 0
    for phrase in recording.sentences():
        block = blocks[phrase.block]
        place = block.find_source(phrase.start, phrase.end)
        mine: list[Word] = []
        while at < len(words) and (words[at].block, words[at].start) < (phrase.block, phrase.end):
            if (words[at].block, words[at].start) >= (phrase.block, phrase.start):
                _add_word(mine, words[at], block, content, place)
            at += 1
        sentences.append(
            Sentence(
                f"{key}-{len(sentences) + 1}",
                phrase.block,
                join_lines(block.show(phrase.start, phrase.end)),
                phrase.begin,
                phrase.stop,
                join_lines(content[slice(*place)]) if place else "",
                place,
                tuple(mine),
            )
        )
    return Article(
        name=name,
        title=title,
        language=language,
        duration=clip.duration,
        sentences=tuple(sentences),
        artist=artist,
        estimated=any(mark.estimated for mark in clip.marks),
    )


def _add_word(
    words: list[Word], word: Phrase, block: Block, content: str, sentence: tuple[int, int] | None
) -> None:
    """Add a word to those of its sentence, unless it is a part of what is written as one with the word before."""
    place = block.find_source(word.start, word.end)
    first = letters = 0
    if sentence and place:
        first = count_letters(content[sentence[0] : place[0]])
        letters = count_letters(content[slice(*place)])
    if words and place and words[-1].place == place:
        words[-1] = words[-1]._replace(end=word.stop)
    else:
        words.append(
            Word(join_lines(block.show(word.start, word.end)), word.begin, word.stop, first, letters, place)
        )


def join_lines(text: str) -> str:
    """A text on one line, with one space where there was white space."""
    return " ".join(text.split())


def count_letters(text: str) -> int:
    """How many letters and digits a text has.

    >>> count_letters("It's 5 o'clock.")
    10
    """
    return sum(map(str.isalnum, text))


def write_vtt(article: Article) -> str:
    r"""WebVTT with a cue for each sentence, whose id is that of its element in the page.

    >>> hi = Sentence("vp-1", 0, "A & B.", 0.0, 1.5)
    >>> write_vtt(Article(name="a", title="A", language="en", duration=1.5, sentences=(hi,)))
    'WEBVTT\n\nvp-1\n00:00:00.000 --> 00:00:01.500\nA &amp; B.\n'
    """
    cues = []
    for each in article.sentences:
        start, end = (round(time * 1000) for time in (each.begin, each.end))
        cues.append(write_cue(start, max(end, start + 1), each.text, each.id))
    return "\n".join(["WEBVTT\n", *cues])


def write_json(article: Article) -> bytes:
    """The times of sentences and words, for other programs. Places count characters of the page's
    text content.
    """
    told = {
        "title": article.title,
        "language": article.language,
        "duration": article.duration,
        "estimated": article.estimated,
        "sentences": [
            {
                "id": each.id,
                "begin": each.begin,
                "end": each.end,
                "text": each.text,
                "place": each.place,
                "words": [
                    {"begin": word.begin, "end": word.end, "text": word.text, "place": word.place}
                    for word in each.words
                ],
            }
            for each in article.sentences
        ],
    }
    return msgspec.json.encode(told) + b"\n"
