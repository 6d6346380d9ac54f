"""``voxpress text``: what is written beside what will be spoken."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import TypeAlias

import pytest

Run: TypeAlias = Callable[..., tuple[int, str, str]]

OWES = "Dr. Patel owes $49.95 since 4/5/2026."


@pytest.fixture
def text(tmp_path: Path) -> Run:
    def run(*arguments: str, given: str | bytes = "") -> tuple[int, str, str]:
        sent = given.encode() if isinstance(given, str) else given
        command = [sys.executable, "-m", "voxpress", "text", *arguments]
        done = subprocess.run(command, input=sent, capture_output=True, cwd=tmp_path, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    return run


def test_a_text_shows_each_changed_place(text: Run) -> None:
    """In the order of the text; a guess has a question mark."""
    status, out, err = text(OWES)
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "1: Doctor Patel owes forty-nine dollars and ninety-five cents since April fifth twenty twenty-six.",
        "    'Dr.' → Doctor  [abbreviation]",
        "    '$49.95' → forty-nine dollars and ninety-five cents  [money]",
        "    '4/5/2026' → April fifth twenty twenty-six  [written date]  ?",
        "1 text, 1 changed in 3 places, 1 of them uncertain (?)",
    ]


def test_a_region_decides(text: Run) -> None:
    assert "the fourth of May twenty twenty-six  [written date]\n" in text(OWES, "--language", "en-GB")[1]


def test_a_line_for_each_line(text: Run) -> None:
    """As programs that compare readings want it: blank lines stay."""
    status, out, _ = text("-", "--format", "tsv", "-l", "en-US", given="Press 1.\n\nRoom 12B\tis free.\n")
    assert status == 0
    assert out == "Press 1.\tPress one.\n\nRoom 12B is free.\tRoom twelve B is free.\n"


def test_a_manifest_in_its_languages(text: Run, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("id,text,language\na,Am 3. Mai.,de\nb,World War II,en\nc,Fine.,en\n")
    status, out, _ = text("m.csv", "--format", "json")
    proofs = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert [(proof["id"], proof["language"], proof["spoken"]) for proof in proofs] == [
        ("a", "de", "Am dritten Mai."),
        ("b", "en", "World War two"),
        ("c", "en", "Fine."),
    ]


def test_what_cannot_be_spoken(text: Run) -> None:
    """It is named, and the exit status says so; the option leaves it out."""
    status, out, _ = text("-", given="Fine.\nНет, thanks.\n")
    assert status == 1
    assert "2: a voice of en cannot say the Cyrillic letters Нет" in out
    status, out, _ = text("Нет, thanks.", "--unspeakable", "skip")
    assert status == 0
    assert "1: thanks.\n    1 × 'Нет' left out: a voice of en cannot say it" in out
    assert out.endswith("1 text, 0 changed in 0 places, 1 with notes\n")


def test_approved_readings_become_a_lexicon(text: Run, tmp_path: Path) -> None:
    """In one step: the readings are written, somebody mends one, and it is certain."""
    status, out, _ = text(OWES, "--uncertain", "--format", "lexicon", "-o", "names.tsv")
    assert (status, out) == (0, "")
    lexicon = tmp_path / "names.tsv"
    spoken = "owes forty-nine dollars and ninety-five cents since April fifth twenty twenty-six."
    line = f"owes $49.95 since 4/5/2026.\t{spoken}\ten\tcase\n"
    assert lexicon.read_text() == f"word\tspoken\tlanguage\tflags\n{line}"
    status, _, error = text(OWES, "--uncertain", "--format", "lexicon", "-o", "names.tsv")
    assert status == 2 and "names.tsv exists, and may hold entries of yours" in error
    lexicon.write_text(lexicon.read_text().replace("April fifth", "the fourth of May"))
    _, out, _ = text(OWES, "--lexicon", "names.tsv")
    assert "since the fourth of May twenty twenty-six" in out
    assert "uncertain" not in out


class _Places(HTMLParser):
    """The places of a page that can be mended, and all its tags."""

    def __init__(self) -> None:
        super().__init__()
        self.places: list[tuple[str, str]] = []
        self.tags: list[str] = []
        self._spoken: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        self._spoken = found.get("data-spoken")

    def handle_data(self, data: str) -> None:
        if self._spoken is not None:
            self.places.append((data, self._spoken))
            self._spoken = None


def test_a_page_for_a_proof_reader(text: Run, tmp_path: Path) -> None:
    """Nothing that a text says becomes a tag of the page."""
    hostile = 'Call "5" & <script>alert(1)</script> </td> now.'
    status, _, err = text("-", "--format", "html", "-o", "proof.html", given=f"{OWES}\n{hostile}\n")
    assert (status, err) == (0, "")
    page = _Places()
    page.feed((tmp_path / "proof.html").read_text(encoding="utf-8"))
    assert ("$49.95", "forty-nine dollars and ninety-five cents") in page.places
    assert page.tags.count("script") == 1
    assert page.tags.count("tr") == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("Hello.", "--normalise", "nemo"), "normalise: must be auto, readers, grammars or none, not 'nemo'"),
        (("Hello.", "--unspeakable", "drop"), "unspeakable: must be error or skip, not 'drop'"),
        (("Hello.", "--emoji", "read"), "emoji: must be drop or name, not 'read'"),
        (("   ",), "there is no text"),
        (("Hello.", "--language", "not a tag"), "'not a tag'"),
        (("-",), "byte 0xff is not UTF-8"),
    ],
)
def test_wrong_use(text: Run, arguments: tuple[str, ...], said: str) -> None:
    status, _, err = text(*arguments, given=b"a\xff\n")
    assert status == 2
    assert said in err
    assert err.count("\n") == 1


def test_a_dry_run_shows_it_too(text: Run, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("id,text\na,Gate 12.\nb,Fine.\n")
    command = ["render", "m.csv", "-o", "out", "-e", "tone", "--dry-run", "--text"]
    done = subprocess.run(
        [sys.executable, "-m", "voxpress", *command],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0
    assert "    '12' → twelve  [number]\n" in done.stdout
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", [("say", "Hello 😀.", "-e", "tone"), ("text", "Hello 😀.")])
def test_notes_name_options_of_the_command_line(tmp_path: Path, command: tuple[str, ...]) -> None:
    """They say what to type, not what an argument in Python is called."""
    done = subprocess.run(
        [sys.executable, "-m", "voxpress", *command], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert "left out: an emoji; --emoji name reads its name\n" in done.stdout + done.stderr


def test_a_render_tells_of_notes_and_guesses(tmp_path: Path) -> None:
    """Once, for the rows that it read."""
    (tmp_path / "my prompts.csv").write_text("id,text\na,Hello ☎️ on 3/4.\nb,Bye now 😀.\nc,All good.\n")

    def render() -> str:
        command = [sys.executable, "-m", "voxpress", "render", "my prompts.csv", "-o", "out", "-e", "tone"]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True).stdout

    first, second = render(), render()
    assert "left out: an emoji; --emoji name reads its name" in first and "notes on 2 rows" in first
    assert "1 reading may not be meant; this shows them:  voxpress text 'my prompts.csv' --uncertain" in first
    assert "3 up to date" in second and "note:" not in second and "may not be meant" not in second


def test_a_document_in_ssml_may_begin_some_lines_below(text: Run, tmp_path: Path) -> None:
    """Its file is one text; a list whose first line only looks like markup is a list."""
    document = tmp_path / "menu.ssml"
    document.write_text(
        '<?xml version="1.0"?>\n<!-- a menu -->\n<speak>\nPress 5.\n</speak>\n', encoding="utf-8"
    )
    status, out, _ = text(str(document))
    assert (status, "five" in out, "xml" in out) == (0, True, False)
    status, out, _ = text("-", given="<speaker> says 5\nand 6\n")
    assert (status, "2 texts" in out) == (0, True)
