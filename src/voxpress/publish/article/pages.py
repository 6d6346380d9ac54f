"""The pages of a site: which files they are, what they are called, and what of them is read."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from voxpress import languages
from voxpress.documents import Document
from voxpress.documents.html import find_content, read_bytes, read_root
from voxpress.documents.markdown import read_front_matter, render
from voxpress.documents.pages import OPS, decode_page, is_xml, parse_html, parse_page, text_content
from voxpress.errors import InputError, LeftOut
from voxpress.files.paths import safe_path
from voxpress.publish.article.marking import PLACE, remove_marks

if TYPE_CHECKING:
    from lxml.etree import _Element

MADE = ".embed.html"
"""The end of a name that voxpress gives to what a page embeds; the article stands beside it."""
EXTENSIONS = (".html", ".htm", ".xhtml", ".md", ".markdown")
_TEMPLATE = re.compile(
    r"(?P<code>^(?P<fence>```+|~~~+).*?^(?P=fence)|(?P<ticks>`+)(?!`)[^\n]*?(?P=ticks))"
    r"|\{%.{0,2000}?%\}|\{\{.{0,2000}?\}\}|\{:.{0,200}?\}",
    re.DOTALL | re.MULTILINE,
)
"""Tags of Liquid, Nunjucks and Hugo, and attributes of kramdown; code stays as it is."""
_HIDDEN = re.compile(r"(?:^|/)\.[^/.]")


@dataclass(frozen=True, slots=True)
class PageFile:
    """A page before it is read.

    Attributes:
        name: of its files: a relative path without extension.
        key: of the page in the list of a site: its path below the site's folder.
    """

    path: Path
    name: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page that is read.

    Attributes:
        source: as HTML; of Markdown, what it becomes.
        text: the text content of that, in which sentences have their places.
        prefix: what stands before `source` in the file, such as front matter; None: the file is not HTML in UTF-8.
        is_marked: whether the file has a player already.
    """

    file: PageFile
    source: str
    text: str
    document: Document
    prefix: str | None
    is_marked: bool


def find_pages(given: Iterable[Path], base: Path | None = None, *, out: Path) -> list[PageFile]:
    """The pages in files and folders, in order, each with its name.

    Args:
        out: the folder of what is made, in which no pages are looked for.
        base: the folder below which names begin; None: the folder that was given, or the one that holds all files.

    Raises:
        InputError: a file is missing, is no page or lies outside, there is none, or two would have one name.
    """
    files: dict[str, Path] = {}
    folders: list[Path] = []
    for each in given:
        if each.is_dir():
            folders.append(each)
            files.update((os.path.abspath(path), path) for path in _list(each, out))
        elif not each.exists():
            raise InputError(f"{each}: there is no such file")
        elif each.suffix.lower() not in EXTENSIONS:
            raise InputError(f"{each}: is no page (extensions: {', '.join(EXTENSIONS)})")
        else:
            files.setdefault(os.path.abspath(each), each)
    if not files:
        where = ", ".join(map(str, folders)) or "what was given"
        raise InputError(f"there are no pages in {where} (extensions: {', '.join(EXTENSIONS)})")
    start = os.path.abspath(base) if base else _find_base(files, folders)
    places: dict[str, PageFile] = {}
    for full, path in files.items():
        key = Path(os.path.relpath(full, start)).as_posix()
        if key.startswith("../"):
            raise InputError(f"{path}: lies outside {base}, below which the names of files begin")
        name = safe_path(key.rpartition(".")[0])
        if other := places.get(name.casefold()):
            raise InputError(f"{path} and {other.path} would have the same files, {name}: rename one of them")
        if (out / f"{name}.html").resolve() == path.resolve():
            raise InputError(
                f"{path} lies where its own player would be written: give another folder for that"
            )
        places[name.casefold()] = PageFile(path, name, key)
    return list(places.values())


def _list(folder: Path, out: Path) -> Iterator[Path]:
    own = out.resolve()
    for path in sorted(folder.rglob("*")):
        shown = path.relative_to(folder).as_posix()
        if path.suffix.lower() not in EXTENSIONS or _HIDDEN.search(shown) or not path.is_file():
            continue
        if own in path.resolve().parents and own != folder.resolve():
            continue
        if not _is_made(path):
            yield path


def _is_made(path: Path) -> bool:
    """Whether a page is one that voxpress has made of an article, in this run's folder or in another."""
    return path.name.endswith(MADE) or path.with_suffix(MADE).is_file()


def _find_base(files: Iterable[str], folders: Iterable[Path]) -> str:
    tops = [os.path.abspath(each) for each in folders]
    inside = [file for file in files if not any(file.startswith(f"{top}{os.sep}") for top in tops)]
    return os.path.commonpath([*tops, *(os.path.dirname(file) for file in inside)])


def parse(source: str, path: str) -> _Element:
    """The tree of a page.

    Args:
        path: for messages.

    Raises:
        InputError: there is none.
    """
    if is_xml(source):
        # With a byte order mark it is UTF-8, whatever it says of the file that it was in.
        return parse_page(source.encode("utf-8-sig", "replace"), path).root
    return parse_html(source, path).root


def read_page(file: PageFile) -> Page:
    """Read a page.

    Raises:
        LeftOut: it does not want to be spoken, or has nothing to say.
        InputError: it cannot be read.
    """
    path = file.path
    data = read_bytes(path)
    text = decode_page(data, str(path))
    front, body = read_front_matter(text, str(path))
    if refusal := find_refusal(front):
        raise LeftOut(refusal, path=str(path))
    is_html = path.suffix.lower() not in (".md", ".markdown")
    before = text[: len(text) - len(body)]
    prefix = next(
        (each + before for each in ("", "\ufeff") if is_html and (each + text).encode() == data), None
    )
    source = remove_marks(body) if is_html else _render(body, front)
    if not source.strip():
        raise LeftOut("has no words to read", path=str(path))
    root = parse(source, str(path))
    require_spoken(root, path)
    authors = front.get("author") or front.get("authors") or ()
    named = authors if isinstance(authors, list) else [authors]
    document = read_root(
        path,
        functools.partial(parse, source, str(path)),
        title=" ".join(str(front.get("title") or "").split()),
        creators=tuple(each for each in named if isinstance(each, str)),
    )
    return Page(
        file=file,
        source=source,
        text=text_content(root),
        document=document,
        prefix=prefix,
        is_marked=is_html and source != body,
    )


def _render(text: str, front: Mapping[str, object]) -> str:
    """Markdown as a page; the title of the front matter goes before a text that has none, as templates of sites do."""
    made = render(remove_templates(text))
    language, title = front.get("lang") or front.get("language"), front.get("title")
    tag = languages.canonical(str(language).replace("_", "-")) if language else ""
    heading = (
        f"<h1>{escape(title)}</h1>\n" if isinstance(title, str) and made.strip() and "<h1" not in made else ""
    )
    return f'<html xmlns:epub="{OPS}" lang="{escape(tag)}"><body>\n{heading}{made}</body></html>'


def remove_templates(text: str) -> str:
    """Markdown without the tags of a site generator, which are no text; code keeps them.

    >>> remove_templates("Hi {% include x %}{{ name }} `{{ this }}`.")
    'Hi  `{{ this }}`.'
    """
    return _TEMPLATE.sub(lambda found: found["code"] or "", text)


def find_refusal(front: Mapping[str, object]) -> str:
    """Why a page is not to be spoken, as its front matter says; empty: it is.

    >>> find_refusal({"audio": False}), find_refusal({"title": "Hello"})
    ('its front matter says audio: false', '')
    """
    params = front.get("params")
    for each in (front, params if isinstance(params, dict) else {}):
        if each.get("audio") is False:
            return "its front matter says audio: false"
        if each.get("draft") is True or each.get("published") is False:
            return "it is a draft"
    return ""


def require_spoken(root: _Element, path: Path) -> None:
    """See that a page does not refuse to be spoken.

    Raises:
        LeftOut: it has ``data-voxpress="skip"`` on its outermost elements.
    """
    for each in (root, *root.iterchildren("body")):
        if each.get(PLACE) == "skip":
            raise LeftOut(f'has {PLACE}="skip"', path=str(path))


def require_insertable(page: Page) -> None:
    """See that a player can be put into the file of a page.

    Raises:
        InputError: it is Markdown, or not in UTF-8.
    """
    if page.prefix is None:
        raise InputError("takes no player: only HTML in UTF-8 does", place=str(page.file.path))


def find_article(root: _Element) -> _Element:
    """The element that holds the article; all of a page that does not say it."""
    found = find_content(root)
    return next(root.iter("{*}body"), root) if found is None else found
