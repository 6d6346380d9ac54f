"""Hooks of the site: what docs/ leaves to whoever shows it.

A code host follows links from docs/ to the rest of the repository; the site has only docs/, so they lead to the
repository. A mark such as ``<!-- docstring: voxpress.say -->`` becomes that docstring, which a code host cannot show.
"""

from __future__ import annotations

import re
from typing import Any

_OUTSIDE = re.compile(r"\]\(\.\./([^)\s]+)\)")
_DOCSTRING = re.compile(r"<!-- docstring: (\S+) -->")


def on_page_markdown(markdown: str, *, config: Any, **_: Any) -> str:
    """The page as the site needs it."""
    return _DOCSTRING.sub(r"::: \1", _OUTSIDE.sub(rf"]({config.repo_url}/blob/main/\1)", markdown))
