"""How subtitles are read: each file of a suite is read, or refused with a reason; WebVTT's tests as their names say.

python benchmarks/subtitles.py ttconv/src/test/resources pysrt/tests/static imsc-tests ableplayer/media --details

A suite is a folder; docs/voiceover.md says where they come from. Files in a folder `wpt-tests` are those of the Web
Platform Tests: what a file about times calls invalid must be dropped, and nothing else; every other cue must be read.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from voxpress.documents import subtitles
from voxpress.documents.subtitles import sentences, vtt
from voxpress.errors import InputError

_EXTENSIONS = frozenset(
    extension for name in subtitles.FORMATS for extension in subtitles.FORMATS.require(name).extensions
)
_NAMED = re.compile(r"\W*(?:text|valid)\W?\d*")
_MARKUP = re.compile(r"</?[a-z]+[ .>]|\{\\|\\N|&(?:amp|lt|gt|nbsp);")


class Outcome(NamedTuple):
    """What became of a file."""

    name: str
    refused: str = ""
    cues: int = 0
    named: int = 0
    left_out: int = 0
    passages: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    markup: str = ""


def try_file(name: str, path: Path, encoding: str | None) -> Outcome:
    """Read a file as a voice-over does."""
    began = time.perf_counter()
    try:
        found = subtitles.read(path, encoding=encoding)
    except InputError as error:
        return Outcome(name, refused=error.problem, seconds=time.perf_counter() - began)
    passages = sentences.merge_sentences(found.cues, found.language)
    return Outcome(
        name,
        "",
        len(found.cues),
        sum(bool(cue.speaker) for cue in found.cues),
        sum(bool(cue.left_out) for cue in found.cues),
        len(passages),
        time.perf_counter() - began,
        found.notes,
        next((cue.text for cue in found.cues if _MARKUP.search(cue.text)), ""),
    )


def reads_as_named(path: Path) -> bool:
    """Whether the cues of a file of the Web Platform Tests are those that its name and its texts announce."""
    text = (
        path.read_bytes()
        .decode("utf-8-sig")
        .replace("\r\n", "\n")
        .replace("\r", "\n")
        .replace("\0", "\ufffd")
    )
    cues = [
        "".join(piece.text for piece in cue.pieces).strip() for cue in vtt.read(path.read_bytes(), None).cues
    ]
    if path.parent.name == "rendering":
        return len(cues) == len(re.findall(r"^[ \d:.]+-->", text, re.MULTILINE))
    if path.name.startswith("signature"):
        return not cues
    looks = path.name.startswith(("settings", "regions"))
    announced = [line.strip() for line in text.split("\n") if _NAMED.fullmatch(line.strip())]
    return [cue for cue in cues if _NAMED.fullmatch(cue)] == announced and (
        looks or "invalid" not in " ".join(cues)
    )


def print_suite(name: str, outcomes: list[Outcome], *, details: bool) -> None:
    """One line for a suite; with `details`, one for each file."""
    read = [outcome for outcome in outcomes if not outcome.refused]
    print(
        f"| {name} | {len(outcomes)} | {len(read)} | {len(outcomes) - len(read)} | {sum(o.cues for o in read):,} "
        f"| {sum(o.named for o in read):,} | {sum(o.left_out for o in read):,} "
        f"| {sum(o.passages for o in read):,} | {sum(o.seconds for o in outcomes):.1f} |"
    )
    for outcome in outcomes if details else ():
        print(f"    {outcome.name}: {outcome.refused or (outcome.cues, outcome.named, outcome.left_out)}")
        for note in outcome.notes:
            print(f"        {note}")


def main() -> int:
    """Read suites of subtitles; 1 if something was read wrongly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="+", type=Path)
    parser.add_argument("--encoding", help="of all files")
    parser.add_argument("--details", action="store_true", help="a line for each file, and what was noted")
    arguments = parser.parse_args()
    wrong: list[str] = []
    reasons: Counter[str] = Counter()
    platform: list[Path] = []
    print("| suite | files | read | refused | cues | with a speaker | with sounds | passages | seconds |")
    print("|---|---|---|---|---|---|---|---|---|")
    for suite in arguments.suites:
        paths = [
            path for path in sorted(suite.rglob("*")) if path.suffix.lower() in _EXTENSIONS and path.is_file()
        ]
        outcomes = [try_file(str(path.relative_to(suite)), path, arguments.encoding) for path in paths]
        print_suite(str(suite), outcomes, details=arguments.details)
        platform += [path for path in paths if path.parent.parent.name == "wpt-tests"]
        wrong += [
            f"{suite}/{outcome.name}: markup in {outcome.markup!r}" for outcome in outcomes if outcome.markup
        ]
        reasons.update(re.sub(r"'[^']*'|[\d.,]+|; .*", "…", o.refused) for o in outcomes if o.refused)
    misread = [path for path in platform if not reads_as_named(path)]
    if platform:
        print(
            f"\nWeb Platform Tests: {len(platform) - len(misread)} of {len(platform)} read as their names say"
        )
    wrong += [f"{path}: not read as its name says" for path in misread]
    print("\nrefused:", *(f"{count} × {reason}" for reason, count in reasons.most_common()), sep="\n  ")
    print("\nwrong:", *(wrong or ["nothing"]), sep="\n  ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
