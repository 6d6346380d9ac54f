"""An extension of mkdocstrings: the examples in docstrings are blocks of code on the site.

They stand in docstrings as ``>>>`` without a heading, which Markdown takes for quotations.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

_EXAMPLE = re.compile(r"^>>> .*(?:\n(?! *$).*)*", re.MULTILINE)


class Examples(griffe.Extension):  # type: ignore[misc]  # griffe is only where the site is built
    """Fences around examples."""

    def on_object(self, *, obj: Any, **_: Any) -> None:
        if obj.docstring:
            obj.docstring.value = _EXAMPLE.sub(r"```python\n\g<0>\n```", obj.docstring.value)
