"""The lists of the trade, whole: each row is in the report, as rendered or as left out.

They have licences of their own and are not kept here. ``make test-all`` fetches Debian's; ``VOXPRESS_LISTS`` names a
folder with more of them; docs/manifests.md says where they come from.
"""

from __future__ import annotations

import gzip
import os
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from voxpress.cli import main
from voxpress.manifests.report import read as read_report

pytestmark = pytest.mark.slow
FOLDER = os.environ.get("VOXPRESS_LISTS", "")
DEBIAN = Path(__file__).parents[2] / "build/debian/usr/share/doc"
LISTS = [
    *sorted(path for path in Path(FOLDER or "nowhere").glob("*") if path.suffix in (".txt", ".xml")),
    *sorted(DEBIAN.glob("*/core-sounds-*.txt.gz")),
]


def _count_rows(path: Path) -> int:
    if path.suffix == ".xml":
        return sum(1 for _ in ET.parse(path).iter("prompt"))
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    return sum(1 for line in lines if re.match(r"[^;\s]", line.strip()))


@pytest.mark.skipif(not LISTS, reason="no lists: make test-all fetches Debian's")
@pytest.mark.parametrize("path", LISTS, ids=[path.name for path in LISTS])
def test_a_list_renders_whole(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if path.suffix == ".gz":
        unpacked = tmp_path / path.stem
        unpacked.write_bytes(gzip.decompress(path.read_bytes()))
        path = unpacked
    out = tmp_path / "out"
    options = ["-e", "tone", "--workers", "0", "--store", str(tmp_path / "store")]
    monkeypatch.setattr("sys.argv", ["voxpress", "render", str(path), "-o", str(out), *options])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    entries = list(read_report(out / ".voxpress" / "report.jsonl"))
    assert len(entries) == _count_rows(path)
    assert {entry.status for entry in entries} <= {"rendered", "from store", "left out"}
    assert all((out / file).is_file() for entry in entries for file in entry.files)
