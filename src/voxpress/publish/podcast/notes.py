"""Show notes: what an episode is about, its chapters, who is in it, which sounds and links it has."""

from __future__ import annotations

import html
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from voxpress import languages
from voxpress.audio.tags import Chapter
from voxpress.documents.scripts import Script, Turn
from voxpress.publish.podcast.head import NamedSound, Person
from voxpress.speech import Seconds

_ADDRESS = re.compile(
    r"\[([^\][]{1,300})\]\(<?(https?://(?:[^\s<>()]|\([^\s<>()]{0,200}\)){1,2000})>?(?:\s+[\"'][^\"']{0,300}[\"'])?\)"
    r"|(https?://[^\s<>\"]{1,2000})"
)
_TRAILING = ".,;:!?…'\"»“”’*_]}"
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What show notes say.

    Attributes:
        language: BCP 47 tag.
        people: by name.
        sounds: by name; those without a credit or a licence are left out.
        links: addresses with their words; without words: the address itself.
    """

    description: str = ""
    language: str = ""
    chapters: Sequence[Chapter] = ()
    people: Mapping[str, Person] = field(default_factory=dict)
    sounds: Mapping[str, NamedSound] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


def find_links(script: Script) -> dict[str, str]:
    """The addresses of the web that stand in what is said, each with its words.

    >>> from pathlib import Path
    >>> turn = Turn(speaker="Ann", text="See [the map](https://example.org/map), or https://example.org/.")
    >>> find_links(Script(path=Path("one.md"), items=(turn,)))
    {'https://example.org/map': 'the map', 'https://example.org/': ''}
    """
    links: dict[str, str] = {}
    for turn in script.items:
        if isinstance(turn, Turn):
            for words, linked, bare in _ADDRESS.findall(turn.text):
                address = linked or _trim(bare)
                links[address] = links.get(address) or " ".join(words.split())
    return links


def _trim(address: str) -> str:
    """An address in a text, without the punctuation that belongs to the text."""
    while True:
        shorter = address.rstrip(_TRAILING)
        if shorter.endswith(")") and shorter.count(")") > shorter.count("("):
            shorter = shorter[:-1]
        if shorter == address:
            return address
        address = shorter


def write_html(notes: Notes) -> str:
    """The notes as HTML, of the few elements that podcast apps show: Apple's have no headings.

    >>> print(write_html(Notes(description="Salt & Sea", chapters=[Chapter("One", 0.0), Chapter("Two", 61.0)])))
    <p>Salt &amp; Sea</p>
    <p><strong>Chapters</strong></p>
    <ul>
    <li>0:00 One</li>
    <li>1:01 Two</li>
    </ul>
    """
    lines = [f"<p>{_break_lines(each)}</p>" for each in _split(notes.description)]
    for heading, entries in _list_parts(notes):
        lines += [f"<p><strong>{html.escape(heading)}</strong></p>", "<ul>"]
        for before, words, address, after in entries:
            shown = html.escape(words, quote=False)
            linked = f'<a href="{html.escape(address)}">{shown}</a>' if address else shown
            lines.append(
                f"<li>{html.escape(before, quote=False)}{linked}{html.escape(after, quote=False)}</li>"
            )
        lines.append("</ul>")
    return "\n".join(lines)


def write_markdown(notes: Notes) -> str:
    """The notes as Markdown.

    >>> print(write_markdown(Notes(links={"https://example.org/": "The *map*"})), end="")
    ## Links
    <BLANKLINE>
    - [The \\*map\\*](<https://example.org/>)
    """
    blocks = [_escape(each) for each in _split(notes.description)]
    for heading, entries in _list_parts(notes):
        items = []
        for before, words, address, after in entries:
            linked = f"[{_escape(words)}](<{address}>)" if address else _escape(words)
            items.append(f"- {_escape(before)}{linked}{_escape(after)}")
        blocks += [f"## {_escape(heading)}", "\n".join(items)]
    return "\n\n".join(blocks) + "\n" if blocks else ""


def write_paragraphs(text: str) -> str:
    """A text as HTML; several paragraphs are elements.

    >>> write_paragraphs("Salt & Sea"), write_paragraphs("One\\n\\nTwo")
    ('Salt &amp; Sea', '<p>One</p><p>Two</p>')
    """
    paragraphs = [_break_lines(each) for each in _split(text)]
    return paragraphs[0] if len(paragraphs) == 1 else "".join(f"<p>{each}</p>" for each in paragraphs)


def show_time(at: Seconds) -> str:
    """A time as people write it.

    >>> show_time(9.7), show_time(3723)
    ('0:09', '1:02:03')
    """
    minutes, seconds = divmod(int(at), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _list_parts(notes: Notes) -> Iterator[tuple[str, list[tuple[str, str, str, str]]]]:
    """Headings, and entries: what stands before, the words, the address that they link to, what stands after."""
    labels = _load_labels()
    words = labels.get(languages.base(notes.language), labels["en"]) if notes.language else labels["en"]
    parts = {
        "chapters": [(f"{show_time(each.start)} ", each.title, each.url, "") for each in notes.chapters],
        "people": [
            ("", name, each.link, "" if each.role == "host" else f" ({each.role})")
            for name, each in notes.people.items()
        ],
        "sounds": [
            ("", name, "", ": " + ", ".join(filter(None, (each.credit, each.licence))))
            for name, each in notes.sounds.items()
            if each.credit or each.licence
        ],
        "links": [("", said or address, address, "") for address, said in notes.links.items()],
    }
    yield from ((words[name], entries) for name, entries in parts.items() if entries)


@cache
def _load_labels() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(resources.files(__package__).joinpath("labels.toml").read_text("utf-8"))


def _split(text: str) -> list[str]:
    return [each.strip() for each in re.split(r"\n\s*\n", text.strip()) if each.strip()]


def _break_lines(paragraph: str) -> str:
    return "<br>".join(html.escape(" ".join(line.split()), quote=False) for line in paragraph.splitlines())


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
