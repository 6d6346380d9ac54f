"""``voxpress store warm``: which phrases a list has, and what of its rows counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Run

CAST = '[cast]\nButler = {engine = "tone", voice = "high"}\n'


def _is_there(voxpress: Run, phrase: str, *speaker: str) -> bool:
    return "1 were there" in voxpress("store", "warm", "-", *speaker, stdin=f"{phrase}\n").said


@pytest.mark.parametrize(
    ("phrases", "clips"),
    [
        ("The front door is open.\nThe oven is hot.\n", 2),
        ("[Ding] The front door is open.\n", 1),
        ('["Ding"] The front door is open.\n', 1),
        ('["Ding", "Dong"] The oven is hot.\n["Ding"] Dinner is ready.\n', 2),
        ("[] 3 buses are late.\n", 1),
        ("[1] Press one for sales.\n[2] Press two.\n", 2),
        ("{name} is at the door.\n", 1),
        ("Alice: Hello.\n", 1),
        ("--- Attention ---\nThe door is open.\n", 2),
        ("---\n- id: a\n  text: One.\n", 1),
        ("--- # mine\na: One.\nb: Two.\n", 2),
        ("# Kitchen\nThe oven is hot.\n\n; later\n  # more\nDinner is ready.\n", 2),
        ('["One.", "Two."]', 2),
        ('[\n"One.",\n"Two."]', 2),
        ('["One.",\n"Two."]', 2),
        ('["One."]\n["Two."]', 2),
        ('{"a": "One."}', 1),
        ('{"id": "a", "text": "One."}\n{"id": "b", "text": "Two."}\n', 2),
        ("id,text\na,One.\nb,Two.\nc,Three.\n", 3),
    ],
)
def test_lines_of_standard_input_are_phrases_unless_they_are_a_list(
    voxpress: Run, phrases: str, clips: int
) -> None:
    said = voxpress("store", "warm", "-", stdin=phrases).said
    assert said.startswith(f"{clips} clip{'s' * (clips > 1)}: {clips} made")


@pytest.mark.parametrize("name", ["phrases", "phrases.txt", "phrases.lst"])
def test_comments_are_no_phrases_whatever_the_file_is_called(
    voxpress: Run, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("# The kitchen\nThe oven is hot.\n")
    assert voxpress("store", "warm", name).said.startswith("1 clip: 1 made")
    assert _is_there(voxpress, "The oven is hot.")


@pytest.mark.parametrize("phrases", ["", "\n\n", "# nothing yet\n"])
def test_a_list_without_phrases_is_an_error(voxpress: Run, phrases: str) -> None:
    assert "- has no phrases" in voxpress("store", "warm", "-", stdin=phrases, status=2).warned


@pytest.mark.parametrize("line", ['{"cast": {"Al": {"voice": "high"}}}', '{"defaults": {"voice": "high"}}'])
def test_a_list_says_who_speaks(voxpress: Run, line: str) -> None:
    row = '{"id": "a", "text": "One.", "speaker": "Al"}' if "cast" in line else '{"id": "a", "text": "One."}'
    voxpress("store", "warm", "-", stdin=f"{line}\n{row}\n")
    assert _is_there(voxpress, "One.", "-v", "high")


@pytest.mark.parametrize("who", ['"speaker": {"voice": "high"}', '"speaker": "Butler"', '"voice": "high"'])
def test_a_row_says_who_speaks(voxpress: Run, tmp_path: Path, who: str) -> None:
    (tmp_path / "voxpress.toml").write_text(CAST)
    voxpress("store", "warm", "-", "-v", "low", stdin=f'{{"id": "a", "text": "One.", {who}}}\n')
    assert _is_there(voxpress, "One.", "-v", "high")


def test_a_model_without_an_engine_is_one_of_the_usual_engine(voxpress: Run, tmp_path: Path) -> None:
    (tmp_path / "voxpress.toml").write_text('[defaults]\nengine = "tone"\n')
    row = '{"id": "a", "text": "One.", "model": "large"}\n'
    assert "no model 'tone/large'" in voxpress("store", "warm", "-", stdin=row, status=2).warned


def test_what_has_no_effect_is_told_once(voxpress: Run) -> None:
    rows = "id,text,lexicon,normalise,format,title,mood\n"
    rows += "".join(f"{n},Number {n}.,names.tsv,none,mp3,Title,good\n" for n in range(3))
    assert voxpress("store", "warm", "-", stdin=rows).warned.splitlines() == [
        "note: -: column 'mood' is not used",
        "note: -: the formats of rows are not used: -f names those of the clips",
        "note: -: not used, as no request has it: lexicon, normalise, title",
    ]


def test_nothing_is_told_of_a_list_that_counts_as_a_whole(voxpress: Run) -> None:
    rows = "id,text,voice,speed,seed,language\na,One.,high,1.2,3,en\nb,Two.,,,,\n"
    assert voxpress("store", "warm", "-", stdin=rows).warned == ""
