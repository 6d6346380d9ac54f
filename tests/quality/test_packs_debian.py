"""The sets that people recorded for Asterisk, as Debian has them: their known faults, and nothing else."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from voxpress import manifests
from voxpress.quality import packs
from voxpress.quality.announcements import GENDERS, announce

pytestmark = pytest.mark.slow

UNPACKED = Path(__file__).parents[2] / "build/debian"
SHARE = UNPACKED / "usr/share" if (UNPACKED / "usr").is_dir() else Path("/usr/share")
SOUNDS, LISTS = SHARE / "asterisk/sounds", SHARE / "doc"


def read_list(language):
    name = f"asterisk-core-sounds-{language}"
    listed = LISTS / name / f"core-sounds-{language}.txt.gz"
    if not listed.is_file():
        pytest.skip(f"{name} is not there (Debian; make test-all fetches it)")
    return list(manifests.read_stream(io.BytesIO(gzip.decompress(listed.read_bytes())), "asterisk"))


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
    if not (SOUNDS / folder).is_dir():
        pytest.skip(f"asterisk-core-sounds-{language}-wav is not there (Debian; make test-all fetches it)")
    references = packs.from_rows(read_list(language))
    _, findings = packs.check(packs.survey(SOUNDS / folder), references)
    assert [each.prompt for each in findings if each.kind == "missing"] == missing
    assert sum(each.kind == "extra" for each in findings) == extra
    rest = [(each.kind, each.prompt) for each in findings if each.kind not in ("missing", "extra")]
    assert list(dict.fromkeys(rest)) == others


@pytest.mark.parametrize(
    ("language", "unlisted"),
    [
        ("en", "and cent cents dollars letters/dollar_"),
        ("es", "10 100 1F 1M"),
        ("fr", "1F et"),
        ("it", "millions"),
        (
            "ru",
            "100 1f 1m 200 2f 2m 300 400 500 600 700 800 900 million-a millions thousands thousands-i",
        ),
    ],
)
def test_what_is_announced_is_listed(language, unlisted):
    """Numbers, and in English amounts, dates and times, but for what the lists are known to lack."""
    listed = {row.id for row in read_list(language)}
    values = [str(each) for each in (*range(1000), *range(1000, 10**6, 997), *range(10**6, 10**9, 7_654_321))]
    said = [("number", value, gender) for value in values for gender in (None, *GENDERS)]
    if language == "en":
        said += [("money", each, None) for each in ("$0.01", "$1.01", "$21.50")]
        said += [("ordinal", value, None) for value in values]
        said += [
            ("datetime", f"2026-{month:02}-{month:02} {month * 2 - 2}:0{month % 5}", None)
            for month in range(1, 13)
        ]
    played = {
        prompt
        for kind, value, gender in said
        for prompt in announce("asterisk", language, value, kind, gender)
    }
    assert " ".join(sorted(each.removeprefix("digits/") for each in played - listed)) == unlisted
