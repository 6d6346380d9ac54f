"""Which scripts voxpress reads: ``python benchmarks/scripts.py PATH…`` prints a table of files, turns and refusals.

A path is a file, or a folder with files in any of the formats of scripts. docs/podcast.md says which collections were
read.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

from voxpress.documents import scripts
from voxpress.documents.scripts import LeftOut, Script, Turn
from voxpress.errors import InputError


def read(path: Path) -> Script | str:
    """The script at a path, or why it is refused."""
    try:
        return scripts.read(path)
    except InputError as error:
        return error.problem.split(",")[0].split(":")[0]


def main(places: list[str]) -> None:
    """Print one row for each place, and its refusals."""
    endings = {ending for name in scripts.FORMATS for ending in scripts.FORMATS.require(name).extensions}
    print(
        "| place | files | read | turns | speakers | left out | notes | s |\n|---|--:|--:|--:|--:|--:|--:|--:|"
    )
    refused: Counter[tuple[str, str]] = Counter()
    for place in places:
        root = Path(place)
        found = (
            [root] if root.is_file() else sorted(each for each in root.rglob("*") if each.suffix in endings)
        )
        begun = time.perf_counter()
        read_all = [read(path) for path in found]
        seconds = time.perf_counter() - begun
        whole = [script for script in read_all if isinstance(script, Script)]
        refused.update((root.name, why) for why in read_all if isinstance(why, str))
        turns = [item for script in whole for item in script.items if isinstance(item, Turn)]
        left_out = sum(isinstance(item, LeftOut) for script in whole for item in script.items)
        speakers = sum(
            len({item.speaker for item in script.items if isinstance(item, Turn)}) for script in whole
        )
        notes = sum(len(script.notes) for script in whole)
        print(
            f"| {root.name} | {len(found)} | {len(whole)} | {len(turns)} | {speakers} | {left_out} | {notes} |"
            f" {seconds:.1f} |"
        )
    for (name, why), count in refused.most_common():
        print(f"{count:6} {name}: {why}")


if __name__ == "__main__":
    main(sys.argv[1:])
