"""Reads SSML documents of others, and says which are refused and why: ``python tools/try_ssml.py FOLDER…``.

Every file counts: one that begins with ``<`` is a document, and in programs each ``<speak>…</speak>`` is one. None is
kept here: suites have licences of their own. docs/decisions.md names those that were tried.
"""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from voxpress.errors import MarkupError
from voxpress.text.markup import ssml

_DOCUMENT = re.compile(r"(?:<\?xml[^>]*>\s*)?<speak.*?</speak>", re.DOTALL)
_PROGRAMS = (".ts", ".js", ".rs", ".py", ".md")


def find_documents(folders: list[str]) -> Iterator[tuple[Path, str]]:
    """The documents in some folders, each with its file."""
    for folder in folders:
        for path in sorted(each for each in Path(folder).rglob("*") if each.is_file()):
            text = path.read_bytes().decode(errors="replace")
            if path.suffix in _PROGRAMS:
                yield from ((path, each) for each in dict.fromkeys(_DOCUMENT.findall(text)))
            elif text.lstrip().startswith("<"):
                yield path, text


def main(folders: list[str]) -> None:
    """Print a table of problems, strict and lenient."""
    for lenient in (False, True):
        problems: Counter[str] = Counter()
        count, slowest = 0, 0.0
        for path, text in find_documents(folders):
            started = time.perf_counter()
            try:
                ssml.parse(text, lenient=lenient)
            except MarkupError as error:
                problems[f"{re.sub(r' [(]line .*', '', error.problem)[:100]}  {path.name}"] += 1
            count += 1
            slowest = max(slowest, time.perf_counter() - started)
        how = "lenient" if lenient else "strict"
        print(f"{how}: {count - problems.total()} of {count} read; the slowest took {slowest:.3f} s")
        for problem, times in problems.most_common():
            print(f"  {times:4}  {problem}")


if __name__ == "__main__":
    main(sys.argv[1:])
