"""Markdown, with front matter and footnotes.

It is read as the HTML that `render` makes of it, so `Run.source` and `Place.element` are about that page.
"""

from __future__ import annotations

import datetime as dt
import functools
import html
import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from voxpress.documents import Document, Format
from voxpress.documents.html import read_bytes, read_root
from voxpress.documents.pages import OPS, parse_html
from voxpress.documents.pages.context import find_language
from voxpress.errors import InputError
from voxpress.text.lexicon import decode

if TYPE_CHECKING:
    from lxml.etree import _Element

_FRONT = re.compile(
    r"\ufeff?(?:(?P<yaml>---)|\+\+\+)[ \t]*\r?\n(?P<fields>(?:.{0,65536}?\r?\n)?)"
    r"(?(yaml)(?:---|\.\.\.)|\+\+\+)[ \t]*(?:\r?\n|\Z)",
    re.DOTALL,
)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_DEFINITION = re.compile(r" {0,3}\[\^([^\]\s]{1,60})\]:[ \t]*(.*)")
_REFERENCE = re.compile(r"\[\^([^\]\s]{1,60})\]")
_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)


def read(path: Path) -> Document:
    """A file of Markdown. Its headings begin chapters.

    Raises:
        InputError: it is no text, its front matter cannot be read, or there is nothing to read.
    """
    fields, text = read_front_matter(read_text(path), str(path))
    authors = next((fields[name] for name in ("author", "authors", "creator") if fields.get(name)), ())
    tag = find_language(_join(fields.get("language") or fields.get("lang")))
    page = f'<html xmlns:epub="{OPS}" lang="{html.escape(tag)}"><body>\n{render(text)}</body></html>'
    return read_root(
        path,
        functools.partial(parse_root, page, str(path)),
        title=_join(fields.get("title")),
        subtitle=_join(fields.get("subtitle")),
        creators=_list(authors),
        publisher=_join(fields.get("publisher")),
        published=_join(fields.get("date")),
        description=_join(fields.get("description") or fields.get("summary")),
        rights=_join(fields.get("rights")),
        series=_join(fields.get("series")),
    )


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        InputError: it cannot be read, or is no UTF-8.
    """
    return decode(read_bytes(path), str(path))


def read_front_matter(text: str, name: str) -> tuple[Mapping[str, object], str]:
    """What a text says of itself before it begins, and the text: YAML between lines of ``---``, or TOML between lines
    of ``+++``. What is neither, such as words between two rules, is text.

    >>> read_front_matter("---\\ntitle: Salt\\n---\\nSea.", "salt.md")
    ({'title': 'Salt'}, 'Sea.')
    >>> read_front_matter('+++\\ntitle = "Salt"\\n+++\\nSea.', "salt.md")
    ({'title': 'Salt'}, 'Sea.')

    Args:
        name: of the file, for messages.

    Raises:
        InputError: it cannot be read.
    """
    import yaml

    found = _FRONT.match(text)
    if not found:
        return {}, text
    written, is_yaml = found["fields"], found["yaml"]
    try:
        fields = yaml.safe_load(written) if is_yaml else tomllib.loads(written)
    except (tomllib.TOMLDecodeError, yaml.YAMLError, ValueError, RecursionError) as error:
        problem = " ".join(str(error).split())
        raise InputError(
            f"the front matter cannot be read: {problem} (if it is text, put an empty line before it)",
            place=name,
        ) from None
    if fields is None:
        fields = {}
    elif not isinstance(fields, dict):
        return {}, text
    return {str(key): value for key, value in fields.items()}, text[found.end() :]


def render(text: str) -> str:
    """The page of HTML that a text of Markdown, without front matter, is. Footnotes have the numbers of their first
    references.

    >>> print(render("# Salt\\n\\nSea[^1].\\n\\n[^1]: Or lake."), end="")
    <h1>Salt</h1>
    <p>Sea<sup><a epub:type="noteref" href="#note-1" id="noteref-1">1</a></sup>.</p>
    <aside epub:type="footnote" id="note-1">
    <p><a href="#noteref-1">1.</a> Or lake.</p>
    </aside>
    """
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    body, notes = _take_notes(text)
    page = str(markdown.render(body))
    for number, (name, note) in enumerate(notes.items(), start=1):
        name, words = html.escape(name), str(markdown.render(note))
        back = f'<p><a href="#noteref-{name}">{number}.</a> '
        words = back + words.removeprefix("<p>") if words.startswith("<p>") else f"{back}</p>\n{words}"
        page += f'<aside epub:type="footnote" id="note-{name}">\n{words}</aside>\n'
    return page


def _take_notes(text: str) -> tuple[str, dict[str, str]]:
    """A text with links to its footnotes, and these in the order of their first references."""
    lines: list[str] = []
    notes: dict[str, list[str]] = {}
    fence = current = ""
    for line in text.splitlines(keepends=True):
        if mark := _FENCE.match(line):
            if not fence:
                fence = mark[1]
            elif mark[1].startswith(fence):
                fence = ""
        if not fence and (found := _DEFINITION.match(line)):
            current = found[1]
            notes[current] = [found[2] + "\n"]
        elif current and (line.startswith(("    ", "\t")) or not line.strip()):
            notes[current].append(line[1:] if line.startswith("\t") else line[4:] or "\n")
        else:
            current = ""
            lines.append(line)
    if not notes:
        return "".join(lines), {}
    body, named = _link("".join(lines), notes)
    return body, {name: "".join(notes[name]) for name in dict.fromkeys((*named, *notes))}


def _link(text: str, notes: Collection[str]) -> tuple[str, Collection[str]]:
    """A text with links in place of references to footnotes, and the names of these; code stays as it is."""
    numbers: dict[str, int] = {}

    def link(found: re.Match[str]) -> str:
        if found[1] not in notes:
            return found[0]
        name = html.escape(found[1])
        identity = "" if found[1] in numbers else f' id="noteref-{name}"'
        number = numbers.setdefault(found[1], len(numbers) + 1)
        return f'<sup><a epub:type="noteref" href="#note-{name}"{identity}>{number}</a></sup>'

    pieces, at = [], 0
    for code in _CODE.finditer(text):
        pieces += [_REFERENCE.sub(link, text[at : code.start()]), code[0]]
        at = code.end()
    return "".join([*pieces, _REFERENCE.sub(link, text[at:])]), numbers


def parse_root(page: str, name: str) -> _Element:
    """The tree of a page that was made of something else."""
    return parse_html(page, name).root


def _list(value: object) -> tuple[str, ...]:
    """Texts that a field of the front matter holds."""
    values = value if isinstance(value, list | tuple) else [value]
    named = (each.get("name") if isinstance(each, dict) else each for each in values[:100])
    return tuple(
        " ".join(str(each).split()) for each in named if isinstance(each, str | int | float | dt.date)
    )


def _join(value: object) -> str:
    return ", ".join(_list(value))


FORMAT = Format(
    description="Markdown",
    extensions=(".md", ".markdown"),
    recognise=lambda head: False,
    read=read,
)
