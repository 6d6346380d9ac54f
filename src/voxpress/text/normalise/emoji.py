"""Emoji: found in a text, and named."""

from __future__ import annotations

import importlib
import re
from functools import cache
from typing import Any, Literal

from voxpress import languages
from voxpress.errors import EngineNotInstalled, InputError

Reading = Literal["drop", "name"]
"""What happens to emoji: they are left out with a note, or read by the names that Unicode's CLDR gives them."""

_PICTURE = (
    "[\U0001f000-\U0001f0ff\U0001f18e\U0001f191-\U0001f1e5\U0001f200-\U0001faff"
    "\u231a\u231b\u23e9-\u23f3\u23f8-\u23fa\u25fd\u25fe\u2614\u2615\u2648-\u2653\u267f\u2693\u26a1\u26aa\u26ab"
    "\u26bd\u26be\u26c4\u26c5\u26ce\u26d4\u26ea\u26f2\u26f3\u26f5\u26fa\u26fd\u2705\u270a\u270b\u2728\u274c"
    "\u274e\u2753-\u2755\u2757\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c\u2b50\u2b55]"
)
_DRAWN = "[\u203c-\u3299]\ufe0f"
"""A sign that is drawn as an emoji because the selector follows it."""
_ONE = f"(?:{_DRAWN}|{_PICTURE}\ufe0f?)[\U0001f3fb-\U0001f3ff]?[\U000e0020-\U000e007f]*"
PATTERN = (
    f"(?:[\U0001f1e6-\U0001f1ff]{{2}}|{_ONE}(?:\u200d(?:{_ONE}|[\u2640\u2642\u2695\u2696\u2708])\ufe0f?)*)"
)
"""A regular expression of one emoji with all that belongs to it."""

_INSTALL = "pip install 'voxpress[emoji]'"


def name_emoji(character: str, language: str) -> str:
    """The name of an emoji; empty if it has none.

    Raises:
        EngineNotInstalled: the package with the names is missing.
        InputError: the package has no names in that language.
    """
    package = import_names()
    base = languages.base(language)
    if base not in package.LANGUAGES:
        known = ", ".join(sorted(package.LANGUAGES))
        raise InputError(
            f"no names of emoji in {language} (there are names in {known}); drop them", field="emoji"
        )
    named: str = package.demojize(character, delimiters=("\x02", "\x03"), language=base)
    return " ".join(re.findall(r"\x02([^\x03]*)\x03", named)).replace("_", " ").replace("-", " ").strip()


@cache
def import_names() -> Any:
    """The package that has the names.

    Raises:
        EngineNotInstalled: it is missing.
    """
    try:
        return importlib.import_module("emoji")
    except ImportError as error:
        raise EngineNotInstalled(f"the names of emoji need the package emoji: run  {_INSTALL}") from error
