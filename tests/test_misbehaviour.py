"""Engines that do what no engine should: it costs the row that met it, and nothing else."""

import os
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from voxpress import Utterance, render, say
from voxpress.audio import codec
from voxpress.cli import main
from voxpress.errors import SpeechError, SynthesisError
from voxpress.store import Store

NO_AUDIO = ("nothing", "list", "stereo", "double", "no rate", "odd marks", "exit", "raise", "nan")
TEXTS = [f"Number {n}." for n in ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight"]]


@pytest.mark.parametrize("workers", [0, 1])
def test_what_is_no_audio_is_an_error_of_its_row(tmp_path, workers):
    """The rows beside it are rendered, and the report of the render is whole."""
    rows = [Utterance(id=f"bad{i}", text=TEXTS[i], options={"fault": f}) for i, f in enumerate(NO_AUDIO)]
    rows += [Utterance(id=f"good{i}", text=TEXTS[i]) for i in range(3)]
    results = {
        r.utterance.id: r
        for r in render(rows, tmp_path / "out", engine="tone", store=tmp_path / "s", workers=workers)
    }
    assert len(results) == len(rows)
    for number, fault in enumerate(NO_AUDIO):
        result = results[f"bad{number}"]
        assert result.status == "failed" and result.error_type in {"SynthesisError", "CheckFailed"}, fault
        assert TEXTS[number] in result.error
    assert {results[f"good{i}"].status for i in range(3)} == {"rendered"}
    assert sorted(path.name for path in (tmp_path / "out").glob("*.wav")) == [
        "good0.wav",
        "good1.wav",
        "good2.wav",
    ]


def test_say_raises_and_does_not_exit():
    """`sys.exit(0)` in an engine would be a success of the whole program."""
    with pytest.raises(SynthesisError, match="SystemExit: 0"):
        say("Hello.", engine="tone", options={"fault": "exit"}, store="memory:")


def test_finishing_again_costs_only_the_row_that_fails(tmp_path, monkeypatch):
    """Takes are there, clips are not: rows are finished several in one task."""
    rows = [Utterance(id=f"r{i}", text=f"Number {i}.", title="bad" if i == 1 else "") for i in range(5)]
    list(render(rows, engine="tone", store=tmp_path, workers=0))
    encode = codec.encode
    monkeypatch.setattr(
        codec, "encode", lambda audio, output: 1 / 0 if output.title == "bad" else encode(audio, output)
    )
    results = list(render(rows, engine="tone", store=tmp_path, workers=0, format="flac"))
    assert [r.number for r in results if r.status == "failed"] == [1] and len(results) == 5
    assert "ZeroDivisionError" in next(r.error for r in results if r.number == 1)


@pytest.fixture
def command(monkeypatch, capfdbinary):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["voxpress", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        sys.stdout.flush()
        return ended.value.code, *capfdbinary.readouterr()

    return run


def test_what_an_engine_prints_is_not_in_the_audio(command, tmp_path):
    """By Python or past it: standard output is ours while it speaks."""
    arguments = ("say", "Hello there.", "-e", "tone", "--option", "fault=print", "--store", tmp_path / "s")
    status, out, err = command(*arguments, "-o", "-", "-f", "wav")
    assert status == 0 and out[:4] == b"RIFF" and b"tone speaks" not in out and err.count(b"tone speaks") == 2
    assert codec.decode(out).duration > 0.5
    status, out, _ = command(*arguments[:-1], tmp_path / "other", "--json")
    assert status == 0 and out.startswith(b"{") and b"tone speaks" not in out


def test_what_an_engine_prints_is_not_in_the_summary(command, tmp_path):
    """In this process or in a worker."""
    (tmp_path / "m.csv").write_text("id,text,option.fault\na,Hello there.,print\n")
    for workers in ("0", "1"):
        status, out, _ = command(
            "render", tmp_path / "m.csv", "-o", tmp_path / f"out{workers}", "-e", "tone", "-w", workers, "--store",
            tmp_path / f"s{workers}",
        )  # fmt: skip
        assert status == 0 and b"tone speaks" not in out and b"1 rendered" in out


def test_an_engine_that_changes_the_folder(command, tmp_path, monkeypatch):
    """Files still land where they were asked for."""
    monkeypatch.chdir(tmp_path)
    Path("m.csv").write_text("id,text,option.fault\na,Hello there.,chdir\nb,Goodbye.,chdir\n")
    status, _, _ = command(
        "say", "Hello.", "-e", "tone", "--option", "fault=chdir", "--store", "s", "-o", "x.wav"
    )
    assert status == 0 and (tmp_path / "x.wav").is_file()
    os.chdir(tmp_path)
    status, _, _ = command("render", "m.csv", "-o", "out", "-e", "tone", "-w", "0", "--store", "s")
    assert status == 0 and sorted(p.name for p in (tmp_path / "out").glob("*.wav")) == ["a.wav", "b.wav"]
    assert (tmp_path / "out" / ".voxpress" / "report.jsonl").is_file()


PLUGINS = {
    "raises": "raise RuntimeError('no licence file')",
    "exits": "raise SystemExit(0)",
    "missing": "import a_package_that_is_not_there",
    "endless": "def f():\n    f()\nf()",
    "other": "Broken = 5",
}


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Install an engine called `broken` whose module has that source."""

    def install(source):
        place = tmp_path / "plugins"
        info = place / "broken-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[voxpress.engines]\nbroken = broken_engine:Broken\n")
        (place / "broken_engine.py").write_text(source)
        monkeypatch.syspath_prepend(place)

    yield install
    sys.modules.pop("broken_engine", None)


@pytest.mark.parametrize("source", PLUGINS.values(), ids=PLUGINS)
def test_a_plugin_that_cannot_be_imported_is_listed_as_broken(plugin, command, source):
    """With the reason; everything else is listed as ever."""
    plugin(source)
    status, out, err = command("engines")
    assert status == 0 and b"tone" in out and b"broken" in out and b"broken" in err
    status, out, err = command("voices")
    assert status == 0 and b"middle" in out and b"broken" in err
    status, _, err = command("say", "Hello.", "-e", "broken")
    assert status in {1, 2} and b"broken" in err and b"Traceback" not in err
    assert say("Hello.", engine="tone", store="memory:").duration > 0


METHODS = (
    "__init__",
    "fingerprint",
    "voices",
    "speaks",
    "longest",
    "terms",
    "checked",
    "load",
    "synthesize",
    "price",
)
BASE = """
import numpy as np
from voxpress import Audio, Engine, Voice
from voxpress.engines.tone import Tone


class Broken(Tone):
    name = "broken"
"""


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("what", ["raise SystemExit(0)", "raise KeyError('x')", "return None"])
def test_whatever_method_misbehaves_the_others_are_rendered(plugin, tmp_path, method, what):
    """An engine of another package may do anything."""
    plugin(f"{BASE}    def {method}(self, *args, **more):\n        {what}\n")
    rows = [
        Utterance(id="bad", text="Hello there.", engine="broken"),
        Utterance(id="good", text="Hello there."),
    ]
    results = {
        r.utterance.id: r
        for r in render(rows, tmp_path / "out", engine="tone", store=Store("memory:"), workers=0)
    }
    assert results["good"].status == "rendered"
    assert results["bad"].status == "failed" or (what, method) in {
        ("return None", "load"), ("return None", "terms"), ("return None", "price"), ("raise SystemExit(0)", "price"),
        ("raise KeyError('x')", "price"),
    }  # fmt: skip
    failure = pytest.raises(SpeechError) if results["bad"].status == "failed" else nullcontext()
    with failure:
        say("Hello there.", engine="broken", store="memory:")
