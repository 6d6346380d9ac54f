"""The markup of a page that somebody else may have written, without anything that a browser would run or fetch."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from voxpress.documents.pages import name_of

if TYPE_CHECKING:
    from lxml.etree import _Element

_PROSE = """
a abbr address article aside b bdi bdo blockquote br caption cite code col colgroup data dd del details dfn div dl dt em
figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q rp rt ruby s samp section
small span strong sub summary sup table tbody td tfoot th thead time tr u ul var wbr
"""
_LIVE = """
applet audio base button canvas datalist embed frame frameset head iframe input link math meta noembed noframes
noscript object option plaintext script select style svg template textarea title video voxpress-player xmp
"""
_KEPT, _DROPPED = frozenset(_PROSE.split()), frozenset(_LIVE.split())
"""Elements that go with what is in them. Others that are not kept leave what is in them."""
_UNWRAPPED = {"main": "div", "article": "div", "body": "div"}
"""Landmarks that the page around them has already."""
_EMPTY = frozenset(("br", "col", "hr", "img", "wbr"))
_EVERYWHERE = frozenset(("dir", "id", "lang", "title", "data-voxpress"))
_ATTRIBUTES = {
    "a": ("href", "hreflang"),
    "bdo": ("dir",),
    "col": ("span",),
    "colgroup": ("span",),
    "data": ("value",),
    "del": ("cite", "datetime"),
    "img": ("src", "alt", "width", "height"),
    "ins": ("cite", "datetime"),
    "li": ("value",),
    "ol": ("start", "reversed", "type"),
    "td": ("colspan", "rowspan", "headers"),
    "th": ("colspan", "rowspan", "headers", "scope", "abbr"),
    "time": ("datetime",),
}
_URLS = frozenset(("href", "src", "cite"))
_SCHEMES = frozenset(("", "http", "https", "mailto", "tel"))
_ODD = re.compile(r"[\x00-\x20\x7f-\x9f]+")
"""What browsers ignore in the scheme of an address, or may."""
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def clean(root: _Element, move: Callable[[str], str] = str) -> str:
    """The inside of an element as HTML in which only known elements, attributes and addresses are left.

    >>> from lxml import html
    >>> clean(html.fromstring('<div><p onclick="x()">Hi <a href="javascript:x()">you</a><script>x()</script></div>'))
    '<p>Hi <a>you</a></p>'

    Args:
        move: makes a relative address one of the page in which the HTML is to stand.
    """
    parts: list[str] = [escape(root.text or "", quote=False)]
    # Deep pages would be too deep for a recursion.
    waiting: list[_Element | str] = list(reversed(root))
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            parts.append(each)
            continue
        waiting.append(escape(each.tail or "", quote=False))
        name = name_of(each)
        if not name or name in _DROPPED:
            continue
        name = _UNWRAPPED.get(name, name)
        if name in _KEPT:
            parts.append(f"<{name}{_write_attributes(name, each, move)}>")
            if name in _EMPTY:
                continue
            waiting.append(f"</{name}>")
        waiting += reversed(each)
        parts.append(escape(each.text or "", quote=False))
    return "".join(parts)


def _write_attributes(name: str, element: _Element, move: Callable[[str], str]) -> str:
    allowed = _EVERYWHERE.union(_ATTRIBUTES.get(name, ()))
    written = ""
    for key, value in element.attrib.items():
        if key not in allowed or not isinstance(value, str):
            continue
        if key in _URLS:
            if (moved := move_url(value, move)) is None:
                continue
            value = moved
        written += f' {key}="{escape(value)}"'
    if name == "img" and "alt" not in element.attrib:
        written += ' alt=""'
    return written


def move_url(url: str, move: Callable[[str], str]) -> str | None:
    """An address that a page may have, relative ones moved; None if it may not.

    >>> move_url("java\\nscript:alert(1)", str), move_url("a.png", lambda url: f"../{url}"), move_url("#top", str)
    (None, '../a.png', '#top')
    """
    seen = _ODD.sub("", url)
    try:
        parts = urlsplit(seen)
    except ValueError:
        return None
    if parts.scheme.lower() not in _SCHEMES:
        return None
    url = _CONTROLS.sub("", url).strip()
    relative = not parts.scheme and not parts.netloc and parts.path and not parts.path.startswith(("/", "\\"))
    return move(url) if relative else url
