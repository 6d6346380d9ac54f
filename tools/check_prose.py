"""Looks for sentences that are hard to read: ``make lint``.

In all pages, outside of code: turns of phrase that have a plainer one, and sentences that are
too long. Generated parts are left out; they come from docstrings.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LONGEST = 35
"""Words of a sentence. Style guides for technical writing say 25 to 30; what the pages hold now sets this limit."""
PLAINER = {
    r"(?:what|how|which|that|who|where) (?:\w+ )?(?:is|are|was|were) to be": "say who does it: what voxpress speaks",
    r"(?:is|are|was|were) to be \w+ed\b": "use must: must be checked, or say who checks",
    r"(?:is|was) to (?:say|hear|speak)\b": "use should, or will",
    r"there is no such thing": "say what does not exist",
    r"that is to say": "leave it out",
    r"it (?:is|should be) noted that": "leave it out",
    r"in order to": "to",
    r"whosoever|whomever|thereof|therein|wherein|whereby|hitherto|heretofore": "use the plain word",
    r"by (?:its|their) own word": "say where it comes from",
    r"utili[sz]e": "use",
    r"due to the fact that": "because",
    r"at this point in time": "now",
    r"for the purpose of": "for, or to",
    r"of one's own": "of your own",
    r"simply|obviously|of course": "leave it out",
}
"""Phrases that readers stumble over, each with what to write."""
_HIDDEN = re.compile(
    r"<!-- generated: \w+ -->.*?<!-- end -->|<!--.*?-->|^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL
)
_CODE = re.compile(r"`[^`\n]+`")
_LINK = re.compile(r"\]\([^)]*\)")
_END = re.compile(r"(?<=[.!?:;])[)\"*]*\s+|\n\s*\n|\n(?=\s*(?:[-*#|]|\d+\.) )|\n(?=\|)| \| ")
_WORD = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*")


def main() -> None:
    """Print what is found, and fail if there is anything."""
    problems = [problem for page in PAGES for problem in check(page.read_text(encoding="utf-8"), page)]
    print(*problems, sep="\n", end="\n" if problems else "")
    sys.exit(1 if problems else 0)


def check(text: str, page: Path) -> Iterator[str]:
    """Each problem of a page, with the line where its sentence begins."""
    text = _HIDDEN.sub(lambda hidden: "\n" * hidden[0].count("\n"), text)
    text = _LINK.sub("]", _CODE.sub("code", text))
    for start, sentence in _sentences(text):
        place = f"{page.relative_to(ROOT)}:{text.count(chr(10), 0, start) + 1}"
        plain = " ".join(sentence.split())
        for phrase, advice in PLAINER.items():
            if found := re.search(rf"\b(?:{phrase})\b", plain, re.IGNORECASE):
                yield f"{place}: {found[0]!r}: {advice}"
        if (words := len(_WORD.findall(plain))) > LONGEST:
            yield f"{place}: {words} words before a full stop, colon or semicolon (at most {LONGEST}): {plain[:60]} …"


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for end in [*_END.finditer(text), None]:
        sentence = text[start : end.start() if end else len(text)]
        yield start + len(sentence) - len(sentence.lstrip()), sentence
        start = end.end() if end else len(text)


if __name__ == "__main__":
    main()
