"""``voxpress lexicon``, and lexicons that say, render and text are given."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from voxpress import render, say
from voxpress.cli import main
from voxpress.errors import InputError
from voxpress.speech import Utterance
from voxpress.text.lexicon import Entry, Lexicon, read


@dataclass
class Done:
    said: str
    warned: str


@pytest.fixture
def voxpress(tmp_path, monkeypatch, capfdbinary):
    """Runs ``voxpress …`` in a folder of its own, with a store of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOXPRESS_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments, status=0):
        monkeypatch.setattr(sys, "argv", ["voxpress", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
        with pytest.raises(SystemExit) as ended:
            main()
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        assert ended.value.code == status, err.decode()
        return Done(out.decode(), err.decode())

    return run


@pytest.fixture
def names(tmp_path):
    path = tmp_path / "names.tsv"
    path.write_text("Nguyen\t/nwɪn/\nDr. Nguyen\tdoctor Nguyen\nSQL\tsequel\t\tpiper\n")
    return path


def test_check(voxpress, names, tmp_path):
    (found,) = json.loads(voxpress("lexicon", "check", names, "--json").said)
    assert (found["entries"], found["sounds"], found["languages"], found["notes"]) == (3, 1, [], [])
    (tmp_path / "bad.tsv").write_text("a\tb\nc\n")
    done = voxpress("lexicon", "check", names, "bad.tsv", status=2)
    assert done.warned == "voxpress: bad.tsv:2: has no tab between the word and what is spoken\n"
    assert str(names) in done.said


def test_check_knows_engines(voxpress, tmp_path):
    (tmp_path / "a.tsv").write_text("a\tb\t\tpipper\n")
    assert voxpress("lexicon", "check", "a.tsv").warned == (
        "voxpress: a.tsv:1: no engine 'pipper' here; did you mean 'piper'?\n"
    )


def test_convert(voxpress, names, tmp_path):
    done = voxpress("lexicon", "convert", "names.tsv", "names.pls", status=2)
    assert done.warned == "voxpress: names.tsv:3: 'SQL': PLS 1.0 cannot say an engine\n"
    assert not (tmp_path / "names.pls").exists()
    done = voxpress("lexicon", "convert", "names.tsv", "names.pls", "--lenient", "--language", "en")
    assert done.warned == "voxpress: names.tsv:3: 'SQL' is left out: PLS cannot say an engine\n"
    voxpress("lexicon", "convert", "names.pls", "back.tsv")
    assert (tmp_path / "back.tsv").read_text() == (
        "word\tspoken\tlanguage\nDr. Nguyen\tdoctor Nguyen\ten\nNguyen\t/nwɪn/\ten\n"
    )
    assert "must end in .tsv or .pls" in voxpress("lexicon", "convert", names, "names.csv", status=2).warned


WORDS = (
    "schedule\tskedule\ten\nschedule\tshedule\ten-GB\n"
    "tomato\ttomayto\nherb\therb\ten-GB\nlieutenant\tleftenant\ten-AU\nhallo\thallo\tde\n"
)


@pytest.mark.parametrize(
    ("language", "entries", "left_out"),
    [
        ("en-GB", {"schedule": "shedule", "tomato": "tomayto", "herb": "herb"}, []),
        ("EN-gb", {"schedule": "shedule", "tomato": "tomayto", "herb": "herb"}, []),
        ("en-US", {"schedule": "skedule", "tomato": "tomayto"}, []),
        ("en", {"schedule": "skedule", "tomato": "tomayto"}, ["herb", "lieutenant", "schedule"]),
        ("de", {"hallo": "hallo", "tomato": "tomayto"}, []),
    ],
)
def test_convert_takes_what_holds_for_a_language(voxpress, tmp_path, language, entries, left_out):
    """The narrower entry wins; what holds only for a region is named, and left out of the whole language."""
    (tmp_path / "words.tsv").write_text(WORDS)
    done = voxpress("lexicon", "convert", "words.tsv", "one.pls", "-l", language)
    assert sorted(line.split("'")[1] for line in done.warned.splitlines()) == left_out
    assert all("it holds only for en-" in line for line in done.warned.splitlines())
    made = read(tmp_path / "one.pls")
    assert {entry.written: entry.spoken for entry in made.entries} == entries
    assert {entry.language for entry in made.entries} == {"en-GB" if language == "EN-gb" else language}


def test_try(voxpress, names, tmp_path):
    assert "there is no lexicon" in voxpress("lexicon", "try", "SQL", status=2).warned
    done = voxpress("lexicon", "try", "Ask Dr. Nguyen about SQL.", "--lexicon", "names.tsv", "--json")
    assert json.loads(done.said) == {
        "spoken": "Ask doctor [Nguyen](/nwɪn/) about SQL.",
        "entries": [
            {"entry": "Dr. Nguyen → doctor Nguyen", "from": "names.tsv:2", "why": "wins: 'doctor Nguyen'"},
            {"entry": "SQL → sequel", "from": "names.tsv:3", "why": "only for engine piper"},
            {
                "entry": "Nguyen → /nwɪn/",
                "from": "names.tsv:1",
                "why": "another entry is longer, or comes first",
            },
        ],
    }
    (tmp_path / "voxpress.toml").write_text('[defaults]\nlexicons = ["names.tsv"]\n')
    assert voxpress("lexicon", "try", "SQL", "-e", "piper").said.startswith("sequel\n")
    assert voxpress("lexicon", "try", "SQL", "-e", "tone", status=1).said.startswith("SQL\n")
    assert "not a whole word, or in another case" in voxpress("lexicon", "try", "nguyen", status=1).said


@pytest.mark.parametrize("engine", ["openai", "xtts", "bark", "f5"])
def test_try_knows_engines_that_take_no_sounds(voxpress, tmp_path, engine):
    """There, a render refuses the entry, or takes its spelled form."""
    (tmp_path / "n.tsv").write_text("word\tspoken\tipa\nNguyen\t/nwɪn/\t\nSQL\tsequel\tˈsiːkwəl\n")
    found = json.loads(
        voxpress("lexicon", "try", "Nguyen, SQL", "--lexicon", "n.tsv", "-e", engine, "--json").said
    )
    assert [entry["why"] for entry in found["entries"]] == [
        f"wins, but is an error: {engine} takes no sounds, so give a spelled form",
        "wins: 'sequel'",
    ]
    assert found["spoken"].endswith(", sequel")


def test_try_says_that_nothing_fits(voxpress, names):
    done = voxpress("lexicon", "try", "hello", "--lexicon", "names.tsv", status=1)
    assert (done.said, done.warned) == ("hello\n", "voxpress: no entry fits 'hello'\n")
    done = voxpress("lexicon", "try", "SQL", "--lexicon", "names.tsv", "-e", "pipper", status=2)
    assert "no engine 'pipper'; did you mean 'piper'?" in done.warned


def test_convert_counts_what_it_writes(voxpress, names, tmp_path):
    done = voxpress("lexicon", "convert", "names.tsv", "names.pls", "--lenient")
    assert done.said == "names.pls: 2 entries\n"
    names.write_text("SQL\tsequel\t\tpiper\nlift\televator\n")
    assert voxpress("lexicon", "convert", names, "names.pls", "--lenient").said == "names.pls: 1 entry\n"
    names.write_text("SQL\tsequel\t\tpiper\n")
    assert voxpress("lexicon", "convert", names, "names.pls", "--lenient").said == "names.pls: 0 entries\n"
    names.write_text("lift\televator\ten-US\nSQL\tsequel\ten\n")
    warned = voxpress("lexicon", "convert", names, "names.pls", "--lenient", status=2).warned
    assert "several (en, en-US): choose one with --language TAG" in warned


def test_say_and_text(voxpress, names):
    clip = json.loads(voxpress("say", "Dr. Nguyen.", "-e", "tone", "--lexicon", "names.tsv", "--json").said)
    assert [mark["text"] for mark in clip["marks"] if mark["kind"] == "word"] == ["doctor", "Nguyen."]
    done = voxpress("text", "Dr. Nguyen.", "--lexicon", "names.tsv", "--format", "tsv")
    assert "doctor Nguyen." in done.said
    assert (
        "none.tsv: the lexicon cannot be read"
        in voxpress("say", "x", "--lexicon", "none.tsv", status=2).warned
    )


def read_report(folder: Path) -> dict[str, dict[str, Any]]:
    lines = (folder / ".voxpress" / "report.jsonl").read_text().splitlines()
    return {row["id"]: row for row in map(json.loads, lines) if "id" in row}


def test_only_sentences_with_a_changed_word_are_spoken_again(voxpress, tmp_path):
    """Of a project's lexicon, whose paths are relative to the project."""
    (tmp_path / "voxpress.toml").write_text('[defaults]\nengine = "tone"\nlexicons = ["names.tsv"]\n')
    (tmp_path / "prompts.csv").write_text(
        "id,text\none,We are very glad to see you here. Ask for Nguyen at the front desk.\n"
        "two,Please wait here until someone comes to you.\n"
    )
    lexicon = tmp_path / "names.tsv"
    for reading, spoken in (("/nwɪn/", (2, 1)), ("/nwɪn/", (0, 0)), ("/ŋʊjɛn/", (1, 0)), ("win", (1, 0))):
        lexicon.write_text(f"Nguyen\t{reading}\nunused\t/{'a' if reading == 'win' else 'b'}/\n")
        voxpress("render", "prompts.csv", "-o", "out", "-w", "0")
        rows = read_report(tmp_path / "out")
        assert (rows["one"].get("spoken", 0), rows["two"].get("spoken", 0)) == spoken


def test_narrower_lexicons_win(voxpress, tmp_path):
    """A row's before the command's, the command's before the preset's, and that before the project's."""
    (tmp_path / "p").mkdir()
    for name, words in (("project", "abcd"), ("preset", "abc"), ("command", "ab"), ("row", "a")):
        place = tmp_path if name == "command" else tmp_path / "p"
        (place / f"{name}.tsv").write_text("".join(f"w{each}\t{name}\n" for each in words))
    (tmp_path / "p" / "voxpress.toml").write_text(
        '[defaults]\nengine = "tone"\nlexicons = ["project.tsv"]\n'
        '[presets.web]\nlexicons = ["preset.tsv"]\nfiles = [{path = "{id}.wav", format = "wav"}]\n'
    )
    (tmp_path / "p" / "rows.csv").write_text("id,text,lexicon\none,wa wb wc wd,row.tsv\ntwo,wa wb wc wd,\n")
    options = ("--preset", "web", "--lexicon", "command.tsv", "-w", "0", "--dry-run", "--text")
    said = voxpress("render", "p/rows.csv", "-o", "out", *options).said
    assert [line.split(" → ")[1].split()[0] for line in said.splitlines() if " → " in line] == [
        *("row", "command", "preset", "project"),
        *("command", "command", "preset", "project"),
    ]


@pytest.mark.parametrize(
    ("lexicon", "problem"),
    [
        ("../names.tsv", "'../names.tsv'"),
        ("/etc/passwd", "'/etc/passwd' is no relative path"),
        ("none.tsv", "the lexicon 'none.tsv' cannot be read"),
    ],
)
def test_a_row_reads_no_file_elsewhere(voxpress, tmp_path, lexicon, problem):
    (tmp_path / "rows.csv").write_text(f"id,text,lexicon\none,Hello there.,{lexicon}\n")
    assert problem in voxpress("render", "rows.csv", "-o", "out", "-e", "tone", status=2).warned


def test_the_library(names):
    lexicon = Lexicon([Entry("SQL", "sequel")])
    first = say("SQL.", engine="tone", store="memory:", lexicon=lexicon)
    assert [mark.text for mark in first.marks if mark.kind == "word"] == ["sequel."]
    rows = [Utterance(id="a", text="SQL, Dr. Nguyen.")]
    (result,) = render(rows, engine="tone", store="memory:", workers=0, lexicon=[lexicon, names])
    assert [mark.text for mark in result.clips[0].marks if mark.kind == "word"] == [
        "sequel,",
        "doctor",
        "Nguyen.",
    ]
    with pytest.raises(InputError, match="lexicon: must be a Lexicon, a path, or a list of them, not 3"):
        say("SQL.", engine="tone", store="memory:", lexicon=3)  # type: ignore[arg-type]
    row = Utterance(id="a", text="SQL", lexicon="names.tsv")
    (result,) = render([row], engine="tone", store="memory:", workers=0)
    assert result.error == "a: lexicon: lies beside a manifest, and there is none"


@pytest.mark.parametrize(
    ("toml", "problem"),
    [
        ('[defaults]\nlexicons = "a.tsv"\n', "defaults.lexicons"),
        (
            "[presets.web]\nlexicons = [3]\nfiles = [{path = '{id}.wav'}]\n",
            "presets.web.lexicons: must be a list",
        ),
        ('[defaults]\nlexicons = ["none.tsv"]\n', "voxpress.toml: defaults.lexicons: no file 'none.tsv'"),
        (
            '[defaults]\npreset = "web"\n[presets.web]\nlexicons = ["x/no.pls"]\nfiles = [{path = "{id}.wav"}]\n',
            "voxpress.toml: presets.web.lexicons: no file 'x/no.pls'",
        ),
    ],
)
def test_a_project_that_is_wrong(voxpress, tmp_path, toml, problem):
    (tmp_path / "voxpress.toml").write_text(toml)
    (tmp_path / "rows.csv").write_text("id,text\none,Hello there.\n")
    assert problem in voxpress("render", "rows.csv", "-o", "out", "-e", "tone", status=2).warned
