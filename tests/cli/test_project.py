"""What a voxpress.toml says counts for all commands that speak or read texts."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.beeps import Beeps
from voxpress.cli import main
from voxpress.cli.executors import open_executor, read_cluster
from voxpress.errors import InputError, ManifestError
from voxpress.quality import asr
from voxpress.rendering.projects import load_project

PROJECT = """
[defaults]
engine = "tone"
voice = "low"
lexicons = ["names.tsv"]
preset = "office"
format = "flac"
store = "own-store"

[cast]
Alice = {engine = "tone", voice = "high", speed = 1.5}

[presets.office]
lexicons = ["office.tsv"]
files = [{path = "{id}.wav"}]
"""
SSML = "<speak><lexicon uri='own.pls'/>Ask <voice name='Alice'>Nguyen</voice>.</speak>"
PLS = """<lexicon version="1.0" alphabet="ipa" xml:lang="en"
 xmlns="http://www.w3.org/2005/01/pronunciation-lexicon">
 <lexeme><grapheme>Nguyen</grapheme><alias>win</alias></lexeme>
</lexicon>"""


@dataclass
class Done:
    said: str
    warned: str


Run = Callable[..., Done]


@pytest.fixture
def voxpress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: Any) -> Run:
    """Runs ``voxpress …`` in the folder of a project."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VOXPRESS_STORE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "voxpress.toml").write_text(PROJECT)
    (tmp_path / "names.tsv").write_text("SQL\tsequel\nGIF\tproject\n")
    (tmp_path / "office.tsv").write_text("GIF\toffice\n")
    (tmp_path / "own.pls").write_text(PLS)

    def run(*arguments: object, status: int = 0, stdin: str = "") -> Done:
        monkeypatch.setattr(sys, "argv", ["voxpress", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        with pytest.raises(SystemExit) as ended:
            main()
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        assert ended.value.code == status, err.decode()
        return Done(out.decode(), err.decode())

    return run


def words(clip: str) -> list[str]:
    return [mark["text"] for mark in json.loads(clip)["marks"] if mark["kind"] == "word"]


def test_say_speaks_as_render_does(voxpress: Run, tmp_path: Path) -> None:
    """The same words of the same voice: what a render has spoken, say takes from the store."""
    (tmp_path / "rows.csv").write_text("id,text,speaker\none,Ask the SQL GIF.,\ntwo,Ask the SQL GIF.,Alice\n")
    voxpress("render", "rows.csv", "-o", "out", "-w", "0")
    for more in ((), ("--speaker", "Alice")):
        clip = voxpress("say", "Ask the SQL GIF.", "-f", "wav", "--json", *more).said
        assert words(clip) == ["Ask", "the", "sequel", "office."]
        assert json.loads(clip)["hit"]
    assert (tmp_path / "own-store").is_dir()


@pytest.mark.parametrize(
    ("more", "path", "format"),
    [((), "", "flac"), (("-o", "a.mp3"), "a.mp3", "mp3"), (("-f", "wav"), "", "wav")],
)
def test_the_format(voxpress: Run, more: tuple[str, ...], path: str, format: str) -> None:
    clip = json.loads(voxpress("say", "Hello.", "--json", *more).said)
    assert clip["format"] == format
    assert clip["path"].endswith(path or f".{format}")


def test_the_command_line_wins(voxpress: Run, tmp_path: Path) -> None:
    keys = [
        json.loads(voxpress("say", "Hello.", "-f", "wav", "--json", *more).said)["key"]
        for more in (
            ("--speaker", "Alice", "-v", "middle"),
            ("-v", "middle", "-s", "1.5"),
            ("--speaker", "Alice"),
            ("-v", "high", "-s", "1.5"),
            ("--speaker", "Alice", "-s", "1.0"),
            ("-v", "high"),
            (),
            ("-v", "low"),
        )
    ]
    assert keys[0::2] == keys[1::2]
    assert len(set(keys)) == 4
    (tmp_path / "mine.tsv").write_text("GIF\tmine\n")
    clip = voxpress("say", "SQL GIF", "--lexicon", "mine.tsv", "--json").said
    assert words(clip) == ["sequel", "mine"]
    voxpress("say", "Hello.", "--store", "other-store")
    assert (tmp_path / "other-store").is_dir()


def test_the_cast_and_the_lexicon_of_a_text(voxpress: Run) -> None:
    clip = voxpress("say", SSML, "--markup", "ssml", "--json").said
    assert words(clip) == ["Ask", "win."]
    assert "Ask win" in voxpress("text", SSML, "--markup", "ssml", "--format", "tsv").said


@pytest.mark.parametrize(
    ("arguments", "status", "problem"),
    [
        (("--speaker", "Alicia"), 2, "speaker: no 'Alicia' in the cast; did you mean 'Alice'? (cast: Alice)"),
        (("--speaker", ""), 2, "speaker: must be a name of the cast"),
    ],
)
def test_nobody_of_that_name(voxpress: Run, arguments: tuple[str, ...], status: int, problem: str) -> None:
    assert problem in voxpress("say", "Hello.", *arguments, status=status).warned


@pytest.mark.parametrize(
    "toml", ["[defaults", "[defaults]\nvoise = 'low'\n", "[defaults]\nlexicons = ['no.tsv']\n"]
)
def test_a_project_that_is_wrong(voxpress: Run, tmp_path: Path, toml: str) -> None:
    (tmp_path / "voxpress.toml").write_text(toml)
    for command in ("say", "text"):
        assert voxpress(command, "Hello.", status=2).warned.startswith(
            ("voxpress: voxpress.toml", "voxpress: no.tsv")
        )


def test_without_a_project_no_file_is_read_for_it(tmp_path: Path) -> None:
    program = (
        "import sys; sys.argv = ['voxpress', 'say', 'Hello.', '-e', 'tone', '--store', 'store']\n"
        "from voxpress.cli import main\n"
        "try:\n main()\nexcept SystemExit:\n print({'tomllib'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "set()"


def test_a_word_is_tried_as_it_is_said(voxpress: Run) -> None:
    assert voxpress("lexicon", "try", "SQL GIF").said.startswith("sequel office\n")


def test_text_reads_rows_as_render_does(voxpress: Run, tmp_path: Path) -> None:
    """With the row's lexicon and normalisation, and those of the project."""
    (tmp_path / "row.tsv").write_text("SQL\trow\n")
    (tmp_path / "rows.csv").write_text(
        "id,text,lexicon,normalise\na,SQL GIF 5,row.tsv,\nb,SQL GIF 5,,none\nc,SQL,../no.tsv,\n"
    )
    done = voxpress("text", "rows.csv", "--format", "tsv", status=1).said.splitlines()
    assert [line.split("\t")[1] for line in done][:2] == ["row office five", "sequel office 5"]
    assert "the lexicon '../no.tsv' is no relative path" in done[2]
    assert "sequel" in voxpress("text", "-", "--format", "tsv", stdin="SQL").said


@pytest.mark.parametrize("command", ["say", "text", "render", "dry run", "skip bad"])
def test_an_error_names_the_option(voxpress: Run, tmp_path: Path, command: str) -> None:
    (tmp_path / "voxpress.toml").unlink()
    (tmp_path / "rows.csv").write_text("id,text\na,Visit Москва.\n")
    render = ("render", "rows.csv", "-o", "out", "-w", "0", "-e", "piper", "-l", "en")
    done = {
        "say": lambda: voxpress("say", "Visit Москва.", "-e", "piper", status=2),
        "text": lambda: voxpress("text", "Visit Москва.", status=1),
        "render": lambda: voxpress(*render, status=2),
        "dry run": lambda: voxpress(*render, "--dry-run", status=2),
        "skip bad": lambda: voxpress(*render, "--skip-bad", status=1),
    }[command]()
    assert "leave it out with --unspeakable skip" in done.said + done.warned
    assert "unspeakable =" not in done.said + done.warned


def test_check_reads_texts_as_render_does(
    voxpress: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the lexicons of the project, rows and texts, and what a lenient render leaves out; and no text unheard."""
    (tmp_path / "names.tsv").write_text("SQL\tyellow\n")
    (tmp_path / "row.tsv").write_text("SQL\tmagenta\n")
    (tmp_path / "own.pls").write_text(PLS.replace("win", "blue"))
    rows = [
        {"id": "a", "text": "Red SQL"},
        {
            "id": "b",
            "text": SSML.replace("Ask", "Red").replace("Alice", "low").replace(".</speak", "</speak"),
            "markup": "ssml",
        },
        {"id": "c", "text": "<speak>Red <foo pitch='high'>green</foo></speak>", "markup": "ssml"},
        {"id": "d", "text": "<speak>Red green</speak>", "markup": "ssml"},
        {"id": "e", "text": "Red SQL", "lexicon": "row.tsv"},
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    voxpress("render", "rows.jsonl", "-o", "out", "-w", "0", "--lenient")
    changed = (tmp_path / "rows.jsonl").read_text().replace("Red green<", "Red <b>green<")
    (tmp_path / "rows.jsonl").write_text(changed)
    monkeypatch.setattr(asr, "Recogniser", lambda model=None: Beeps())
    report = tmp_path / "heard.jsonl"
    more = ("--language", "en", "-w", "0", "--report", report)
    voxpress("check", "out", "--manifest", "rows.jsonl", *more, status=1)
    found = {row["id"]: row for row in map(json.loads, report.read_text().splitlines())}
    assert {id: (row["verdict"], row["heard"], row.get("wer")) for id, row in found.items()} == {
        "a": ("good", "red yellow", 0.0),
        "b": ("good", "red blue", 0.0),
        "c": ("good", "red green", 0.0),
        "d": ("doubtful", "", None),
        "e": ("good", "red magenta", 0.0),
    }
    assert found["d"]["problem"].startswith("the text: this is not the end of <b>, which is open")


def test_how_texts_are_read_is_the_projects(tmp_path: Path) -> None:
    """For each command alike; an option comes first."""
    (tmp_path / "voxpress.toml").write_text(
        '[defaults]\nunspeakable = "skip"\nnormalise = "none"\nengine = "tone"\n'
    )
    (tmp_path / "p.csv").write_text("id,text\na,Visit Москва at 5.\n")

    def run(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "voxpress", *command],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
        )
        return done.stdout + done.stderr

    assert "Visit at 5." in run("text", "p.csv", "--format", "tsv").split("\t")[1]
    assert "Visit at five." in run("text", "p.csv", "--format", "tsv", "--normalise", "auto").split("\t")[1]
    assert "0 failed" in run("render", "p.csv", "-o", "out")
    assert "cannot say the Cyrillic letters" in run("text", "p.csv", "--unspeakable", "error")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('emoji = "read"', "defaults.emoji: must be drop or name, not 'read'"),
        (
            'unspeakable = "skp"',
            "defaults.unspeakable: must be error or skip, not 'skp'; did you mean 'skip'?",
        ),
        ('normalise = "nemo"', "defaults.normalise: must be auto, readers, grammars or none, not 'nemo'"),
        ("lenient = 1", "defaults.lenient: "),
    ],
)
def test_a_wrong_way_to_read_texts(tmp_path: Path, line: str, problem: str) -> None:
    (tmp_path / "voxpress.toml").write_text(f"[defaults]\n{line}\n")
    with pytest.raises(ManifestError) as error:
        load_project(tmp_path / "voxpress.toml")
    assert problem in str(error.value)


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("engines = 3", "cluster.engines: must be a table, not a whole number"),
        ("engines = {tone = 3}", "cluster.engines.tone: must be a table, not a whole number"),
        ("engines = {tone = {cpux = 3}}", "cluster.engines.tone.cpux: no such field; did you mean 'cpus'?"),
        ("engines = {tons = {cpus = 3}}", "cluster.engines.tons: no such engine; did you mean 'tone'?"),
        ("listening = true", "cluster.listening: must be a table, not"),
        ("listening = {actors = 0}", "cluster.listening.actors: must be a whole number >= 1"),
        ("listening = 3\nworkers = 2", "cluster.workers: no such field"),
    ],
)
def test_what_is_wrong_in_the_table_of_a_cluster_is_named(table: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "voxpress.toml"
    path.write_text(f"[cluster]\n{table}\n")
    with pytest.raises(ManifestError, match=re.escape(problem)):
        read_cluster(load_project(path))


def test_this_process_is_no_cluster() -> None:
    project = load_project(None)
    with (
        pytest.raises(InputError, match="workers: 0 is this process, and --executor is elsewhere"),
        open_executor("ray", project, workers=0),
    ):
        pass
