"""What is read within a block: abbreviations, sounds, images, references to notes, pages, line breaks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from voxpress.documents import Block, Point
from voxpress.documents.pages import attribute, name_of, words_of
from voxpress.documents.pages.composer import read_roman
from voxpress.documents.pages.context import Context, Markup
from voxpress.documents.pages.vocabulary import CONTAINERS, find_title, is_short_mark, looks_like_reference
from voxpress.errors import InputError
from voxpress.text.ipa import to_ipa

if TYPE_CHECKING:
    from lxml.etree import _Element

    from voxpress.documents.pages.elements import Walker

_KANA = re.compile("[\u3040-\u30ff\u31f0-\u31ff・ー\\s]+")
_PAGE = re.compile(r"(?:^|\b)(\d+|[ivxlcdm]+)\W*$", re.IGNORECASE)
_LONGEST_PAGE = 40
"""Characters of the words for a page number."""
_CAPITAL = re.compile(r"[A-ZÀ-ÖØ-Þ][\w'’.-]*\s+$")


def read_inline(walker: Walker, element: _Element, context: Context, types: list[str]) -> None:
    """Read an element within a block that has just begun: put SSML around its words, or leave it out."""
    link = context.name == "a"
    if "noteref" in types or (link and _refers(walker, element)):
        at = element if link else next(element.iter("{*}a"), element)
        walker.composer.add_point(Point(0, "note", _find_target(walker, at), walker.here))
        walker.leave()
    elif "backlink" in types or (link and _leads_back(walker, element, context)):
        walker.composer.begin_after_mark()
        walker.leave()
    elif "z3998:persona" in types:
        walker.speaker = words_of(element)
        if context.row:
            walker.owner.kind = "paragraph"
        walker.leave()
    elif not context.text_only and (markup := _find_markup(walker, element, context, types)):
        name, attributes = markup
        start = walker.composer.open(context.language)
        context.markup = Markup(walker.composer, start, name, attributes)
        context.text_only = True


def begin_page(walker: Walker, element: _Element, types: list[str], identity: str) -> None:
    """A page of the printed book begins."""
    label = walker.reading.pages.get(identity) or element.get("title") or element.get("aria-label") or ""
    label = label or (words_of(element) if is_page_number(element, types) else "")
    found = _PAGE.search(label.strip())
    walker.composer.add_point(Point(0, "page", found[1] if found else " ".join(label.split()), walker.here))
    if walker.owner.name in CONTAINERS and not walker.composer.has_text:
        walker.flush()


def is_page_number(element: _Element, types: list[str]) -> bool:
    """Whether an element only says that a page begins. Some books put all words of the page into it."""
    return "pagebreak" in types and len(words_of(element)) <= _LONGEST_PAGE


def _find_markup(
    walker: Walker, element: _Element, context: Context, types: list[str]
) -> tuple[str, dict[str, str]] | None:
    """The element of SSML around the words of an element, and its attributes."""
    sounds = " ".join(attribute(element, "ssml:ph").split())
    if sounds and _can_sound(sounds, context.alphabet):
        return "phoneme", {"alphabet": context.alphabet or "ipa", "ph": sounds}
    if context.name in ("abbr", "acronym") and (title := find_title(element)):
        return "sub", {"alias": title}
    # Behind a name, the front end knows that a Roman numeral is an ordinal.
    if "z3998:roman" in types and not _CAPITAL.search(walker.composer.words()):
        number = read_roman(words_of(element))
        return ("sub", {"alias": str(number)}) if number else None
    if "z3998:grapheme" in types and len(words_of(element)) == 1:
        return "say-as", {"interpret-as": "characters"}
    return None


def _can_sound(sounds: str, alphabet: str) -> bool:
    try:
        return bool(to_ipa(sounds, alphabet or "ipa"))
    except InputError:
        return False


# Notes


def _refers(walker: Walker, link: _Element) -> bool:
    """Whether a link is a reference to a note, though it does not say so."""
    return _find_target(walker, link) in walker.reading.notes and looks_like_reference(link)


def _leads_back(walker: Walker, link: _Element, context: Context) -> bool:
    """Whether a link in a note leads back to its reference."""
    if not (context.note or walker.note):
        return False
    target = _find_target(walker, link)
    return bool(target) and target not in walker.reading.notes and is_short_mark(words_of(link))


def _find_target(walker: Walker, link: _Element) -> str:
    href = link.get("href") or attribute(link, "xlink:href")
    return walker.reading.resolve(href) if "#" in href else ""


# Elements by their names


def begin_break(walker: Walker, element: _Element, context: Context) -> None:
    """A line ends; two ends of lines are the end of a paragraph."""
    outer = walker.stack[-2]
    if outer.code:
        walker.composer.add_code("\n", -1, context.language)
    elif outer.text_only:
        walker.composer.add_space()
    elif outer.row:
        walker.composer.separate()
    elif (walker.owner.verse and walker.composer.has_text) or not walker.composer.end_line():
        walker.flush()


def begin_rule(walker: Walker, element: _Element, context: Context) -> None:
    """A line across the page."""
    walker.flush()
    walker.blocks.append(Block(kind="break", place=walker.here))


def begin_image(walker: Walker, element: _Element, context: Context) -> None:
    """An image has the words of its description; an empty one says that it only decorates."""
    words = "" if element.get("role") in ("presentation", "none") else element.get("alt")
    if words is None:
        words = element.get("aria-label") or ""
    walker.composer.say(" ".join(words.split()), context.language, image=True)


def begin_drawing(walker: Walker, element: _Element, context: Context) -> None:
    """An SVG is read by its title. Where it has none, or is a page of its own, the words in it are read."""
    title = next((words_of(each) for each in element if name_of(each) == "title"), "")
    title = title or element.get("aria-label") or ""
    if title and element.getparent() is not None:
        walker.composer.say(title, context.language, image=True)
        walker.leave()


def begin_formula(walker: Walker, element: _Element, context: Context) -> None:
    """A formula has the words of its description."""
    words = element.get("alttext") or element.get("aria-label") or ""
    walker.composer.say(" ".join(words.split()), context.language)
    walker.leave()


def begin_quotation(walker: Walker, element: _Element, context: Context) -> None:
    """Browsers put quotation marks around it."""
    nested = any(each.name == "q" for each in walker.stack[:-1])
    walker.composer.say("‘" if nested else "“", context.language)
    context.after = "’" if nested else "”"


def begin_ruby(walker: Walker, element: _Element, context: Context) -> None:
    """Words with their reading beside them."""
    if not context.text_only:
        context.text_only = True
        context.markup = Markup(walker.composer, walker.composer.open(context.language))


def begin_ruby_text(walker: Walker, element: _Element, context: Context) -> None:
    """Kana beside words say how they are read; anything else is left out."""
    ruby = next((each for each in reversed(walker.stack[:-1]) if each.name == "ruby"), None)
    if ruby and ruby.markup and ruby.markup.composer is walker.composer:
        reading = words_of(element)
        if _KANA.fullmatch(reading):
            walker.composer.wrap(ruby.markup.start, "sub", {"alias": "".join(reading.split())})
        ruby.markup = Markup(walker.composer, walker.composer.open(context.language))
    walker.leave()


SPECIAL: Mapping[str, Callable[[Walker, _Element, Context], None]] = {
    "br": begin_break,
    "hr": begin_rule,
    "img": begin_image,
    "image": begin_image,
    "svg": begin_drawing,
    "math": begin_formula,
    "q": begin_quotation,
    "ruby": begin_ruby,
    "rt": begin_ruby_text,
}
