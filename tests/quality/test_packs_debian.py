"""The sets that people recorded for Asterisk, as Debian has them: their known faults, and nothing else."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from voxpress import manifests
from voxpress.quality import packs

pytestmark = pytest.mark.slow

UNPACKED = Path(__file__).parents[2] / "build/debian"
SHARE = UNPACKED / "usr/share" if (UNPACKED / "usr").is_dir() else Path("/usr/share")
SOUNDS, LISTS = SHARE / "asterisk/sounds", SHARE / "doc"


@pytest.mark.parametrize(
    ("language", "folder", "missing", "extra", "others"),
    [
        (
            "en",
            "en_US_f_Allison",
            ["pls-try-call-later"],
            0,
            [("level", "second"), ("late", "demo-moreinfo")],
        ),
        (
            "fr",
            "fr_CA_f_June",
            [
                "confbridge-lock-out-0",
                "dollars",
                "is",
                "num-was-successfully",
                "number",
                "number-not-answering",
                "pls-try-call-later",
            ],
            47,
            [],
        ),
        (
            "es",
            "es_MX_f_Allison",
            ["confbridge-lock-out-0", "digits/1f", "digits/1m", "digits/21-and"],
            44,
            [],
        ),
    ],
)
def test_a_recorded_set(language, folder, missing, extra, others):
    name = f"asterisk-core-sounds-{language}"
    listed = LISTS / name / f"core-sounds-{language}.txt.gz"
    if not (SOUNDS / folder).is_dir() or not listed.is_file():
        pytest.skip(f"{name}-wav is not there (Debian; make test-all fetches it)")
    lines = io.BytesIO(gzip.decompress(listed.read_bytes()))
    references = packs.from_rows(manifests.read_stream(lines, "asterisk"))
    _, findings = packs.check(packs.survey(SOUNDS / folder), references)
    assert [each.prompt for each in findings if each.kind == "missing"] == missing
    assert sum(each.kind == "extra" for each in findings) == extra
    rest = [(each.kind, each.prompt) for each in findings if each.kind not in ("missing", "extra")]
    assert list(dict.fromkeys(rest)) == others
