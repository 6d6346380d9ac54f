"""Render every list in a folder with beeps, and print what became of its rows.

    python tools/render_lists.py FOLDER

The lists of Asterisk, FreeSWITCH, EdgeTX and others have licences of their own and are not kept here. In Debian,
``apt-get download asterisk-core-sounds-en`` gets one; docs/manifests.md says where the others come from.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from voxpress import manifests, render
from voxpress.errors import ManifestError

COLUMNS = ("rows", "rendered", "left out", "failed")


def main(folder: Path) -> int:
    """Render the lists; 1 where a row failed."""
    print(f"| list | {' | '.join(COLUMNS)} |\n|---|{'---:|' * len(COLUMNS)}")
    failed = 0
    for file in sorted(path for path in folder.iterdir() if path.is_file()):
        counts: Counter[str] = Counter()
        with tempfile.TemporaryDirectory() as out:
            try:
                for result in render(
                    manifests.read(file), out, engine="tone", store=f"{out}/store", workers=0
                ):
                    counts["rendered" if result.files else result.status] += 1
                    if not result.files:
                        print(f"{file.name}: {result.status}: {result.error}", file=sys.stderr)
            except ManifestError as error:
                counts["failed"] += 1
                print(f"{file.name}: {error}", file=sys.stderr)
        counts["rows"] = counts.total()
        print(f"| {file.name} | {' | '.join(f'{counts[name]:,}' for name in COLUMNS)} |", flush=True)
        failed += counts["failed"]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
