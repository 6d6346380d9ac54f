"""The report."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path

import msgspec
import pytest

from voxpress.errors import ManifestError, StoreError, UnknownVoice
from voxpress.manifests.report import Entry, Report, read
from voxpress.speech import Clip, Result, Status, Utterance

DONE = Result(
    utterance=Utterance(id="a", text="Grüße.", origin="p.csv:2"),
    status=Status.RENDERED,
    files=("out/a.wav", "out/a.mp3"),
    clips=(
        Clip(key="k", format="wav", sample_rate=8000, duration=1.5, size=24044, sha256="0"),
        Clip(key="l", format="mp3", sample_rate=44100, duration=1.6, size=9000, sha256="1"),
    ),
    engine="tone",
    voice="low",
    segments=2,
    spoken=1,
    characters=6,
    billed=12,
    cost=math.nan,
    notes=("spoke again",),
    verdict="doubtful",
    wer=1 / 3,
    heard="Gruß.",
    differences=(("grüsse", "gruss"),),
)
FAILED = Result(
    utterance=Utterance(id="b", text="B.", origin="p.csv:3"),
    status=Status.FAILED,
    exception=UnknownVoice("no voice"),
)


def test_a_report_has_a_line_for_each_result(tmp_path: Path) -> None:
    """In JSON that other tools read, with NeMo's names."""
    path = tmp_path / "report.jsonl"
    with Report(path) as report:
        report.write(DONE)
        report.write(FAILED)
    assert msgspec.json.decode(path.read_text().splitlines()[0]) == {
        "id": "a",
        "status": "rendered",
        "audio_filepath": "out/a.wav",
        "duration": 1.5,
        "text": "Grüße.",
        "markup": "plain",
        "files": ["out/a.wav", "out/a.mp3"],
        "engine": "tone",
        "model": "",
        "voice": "low",
        "language": "",
        "sample_rate": 8000,
        "segments": 2,
        "spoken": 1,
        "characters": 6,
        "billed": 12,
        "cost": None,
        "notes": ["spoke again"],
        "uncertain": 0,
        "verdict": "doubtful",
        "wer": 0.333,
        "heard": "Gruß.",
        "differences": [["grüsse", "gruss"]],
        "error": "",
        "error_type": "",
        "origin": "p.csv:2",
        "extra": {},
    }
    assert list(read(path)) == [Entry.of(DONE), Entry.of(FAILED)]
    assert [file.name for file in tmp_path.iterdir()] == ["report.jsonl"]


def test_results_may_come_in_any_order(tmp_path: Path) -> None:
    """The report has the manifest's."""
    path = tmp_path / "report.jsonl"
    numbers = [3, 0, 2, 1, 4]
    with Report(path) as report:
        for number in numbers:
            report.write(
                Result(
                    utterance=Utterance(id=str(number), text="é" * number),
                    status=Status.RENDERED,
                    number=number,
                )
            )
    assert [(entry.id, len(entry.text)) for entry in read(path)] == [(str(n), n) for n in range(5)]


def test_a_run_that_stops_leaves_what_it_did_and_the_report_before(tmp_path: Path) -> None:
    """The old report goes only when the new one is whole."""
    path = tmp_path / "report.jsonl"
    with Report(path) as report:
        report.write(FAILED)
    with contextlib.suppress(KeyboardInterrupt), Report(path) as report:
        report.write(DONE)
        raise KeyboardInterrupt
    assert list(read(f"{path}.part")) == [Entry.of(DONE)]
    assert list(read(path)) == [Entry.of(FAILED)]


def test_a_report_that_is_discarded(tmp_path: Path) -> None:
    """Nothing of it stays."""
    path = tmp_path / "report.jsonl"
    with Report(path) as report:
        report.write(FAILED)
    with Report(path) as report:
        report.write(DONE)
        report.discard()
    assert [file.name for file in tmp_path.iterdir()] == ["report.jsonl"]
    assert list(read(path)) == [Entry.of(FAILED)]


def test_what_is_not_a_report(tmp_path: Path) -> None:
    """The line is named; so is a place that cannot be written."""
    path = tmp_path / "report.jsonl"
    with Report(path) as report:
        report.write(FAILED)
    path.write_bytes(path.read_bytes() + b'{"id": "c"}\n')
    with pytest.raises(ManifestError, match=r"report\.jsonl:2: is not a line of a report: .*status"):
        list(read(path))
    with pytest.raises(ManifestError, match="cannot be read: No such file"):
        list(read(tmp_path / "none"))
    with pytest.raises(StoreError, match=r"cannot write the report .*report\.jsonl: "):
        Report(path / "report.jsonl")
