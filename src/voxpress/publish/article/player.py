"""The HTML of an article: the player, with the transcript in it, and a page around both."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from importlib import resources
from string import Template
from typing import NamedTuple

from voxpress import languages
from voxpress.publish.article import Article, Sentence, count_letters

FILES = ("player.css", "player.js")
"""What every page with a player needs."""
_RATES = (0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3)


class AudioSource(NamedTuple):
    """A file of an article.

    Attributes:
        url: as the page writes it.
    """

    url: str
    media_type: str


@cache
def read_file(name: str) -> str:
    """One of this package's files."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


@cache
def _load_labels() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(read_file("labels.toml"))


def write_player(article: Article, audio: Sequence[AudioSource], vtt: str) -> str:
    """The player as a piece of HTML without an empty line, so that it can stand in Markdown too.

    Args:
        audio: the same in several formats, the best first.
        vtt: the address of the subtitles.
    """
    known = _load_labels()
    ui = languages.base(article.language)
    ui = ui if ui in known else "en"
    title, language = escape(article.title), escape(article.language)
    sources = "\n".join(f'<source src="{escape(each.url)}" type="{each.media_type}">' for each in audio)
    rates = "".join(
        f'<option value="{each:g}"{" selected" if each == 1 else ""}>{each:g}×</option>' for each in _RATES
    )
    filled = Template(read_file("player.html")).substitute(
        {name: escape(text) for name, text in known[ui].items()},
        lang=ui,
        dir=languages.direction(ui),
        language=language,
        text_dir=languages.direction(article.language),
        key=article.key,
        title=title,
        artist=escape(article.artist),
        duration=f"{article.duration:.3f}",
        length=show_clock(article.duration),
        sources=sources,
        vtt=escape(vtt),
        download_url=escape(audio[0].url),
        rates=rates,
        text="\n".join(_write_paragraph(each, audio[0].url) for each in article.paragraphs()),
    )
    return "\n".join(line for line in filled.splitlines() if line.strip()) + "\n"


def write_embed(player: str, css: str, js: str) -> str:
    """The player with the two files that it needs, to be put into a page.

    Args:
        css, js: their addresses.
    """
    head = f'<link rel="stylesheet" href="{escape(css)}">\n<script src="{escape(js)}" defer></script>\n'
    return head + player


def write_page(article: Article, player: str, content: str, css: str, js: str) -> str:
    """A page with the player and the article.

    Args:
        content: the article as HTML that is clean already.
    """
    return Template(read_file("page.html")).substitute(
        language=escape(article.language or "en"),
        dir=languages.direction(article.language),
        title=escape(article.title),
        css=escape(css),
        js=escape(js),
        player=player,
        content=content,
    )


def _write_paragraph(sentences: Sequence[Sentence], audio: str) -> str:
    begin = sentences[0].begin
    plain = audio.partition("#")[0]
    stamp = (
        f'<a class="voxpress-time" href="{escape(plain)}#t={begin:.2f}">'
        f'<time datetime="PT{begin:.2f}S">{show_clock(begin)}</time></a>'
    )
    return f"<p>{stamp} " + " ".join(map(_write_sentence, sentences)) + "</p>"


def _write_sentence(sentence: Sentence) -> str:
    words = " ".join(
        f"{each.first},{each.letters},{each.begin:.2f}" for each in sentence.words if each.letters
    )
    times = f'data-begin="{sentence.begin:.3f}" data-end="{sentence.end:.3f}"'
    if count_letters(sentence.page) != count_letters(sentence.text):
        times += f' data-page="{escape(sentence.page)}"'
    return f'<span {times} data-words="{words}">{escape(sentence.text, quote=False)}</span>'


def show_clock(seconds: float) -> str:
    """A time as players show it.

    >>> show_clock(7), show_clock(3725.9)
    ('0:07', '1:02:05')
    """
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
