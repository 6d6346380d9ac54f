"""HTML in plain text: entities and tags that came with a text from the web."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from html.entities import html5

from voxpress.text.passage import Edit
from voxpress.text.patterns import lazily

_TAGS = (
    "a abbr b blockquote br code div em font h1 h2 h3 h4 h5 h6 hr i img li ol p pre small span strong sub sup"
    " table td th tr u ul"
)
_HTML = lazily(
    r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
    rf"|</?(?:{'|'.join(sorted(_TAGS.split(), key=len, reverse=True))})(?:\s+[\w-]{{1,40}}=[^<>]{{0,500}})?\s?/?>",
    re.IGNORECASE,
)
_INLINE = lazily(r"</?(?:a|abbr|b|code|em|font|i|img|small|span|strong|sub|sup|u)\b", re.IGNORECASE)
"""Tags within a word or a sentence; others keep the words around them apart."""


def find_html(text: str) -> Iterator[Edit]:
    """Edits that put characters in the place of entities, and nothing in the place of tags.

    >>> [(edit.start, edit.spoken) for edit in find_html("Tom &amp; <b>Ann</b> &hi; 3 < 4")]
    [(4, '&'), (10, ''), (16, '')]
    """
    if "&" not in text and "<" not in text:
        return
    for match in _HTML.finditer(text):
        written = match[0]
        if written[0] == "<":
            yield Edit(match.start(), match.end(), "" if _INLINE.match(written) else " ", fixed=False)
        elif written[1] == "#" or written[1:] in html5:
            character = unescape(written)
            yield Edit(match.start(), match.end(), character if character.isprintable() else " ", fixed=False)
