"""Defaults and a cast, which a manifest in JSON or in JSON lines names once for all its rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from voxpress.errors import ManifestError
from voxpress.manifests import Row, read
from voxpress.speech import Speaker, Utterance

Rows = Callable[..., list[Row]]
Good = Callable[..., list[Utterance]]
Bad = Callable[..., list[str]]

ALICE = Speaker(engine="tone", voice="high")
CAST = '"cast": {"Alice": {"engine": "tone", "voice": "high"}, "Bob": {"voice": "low", "speed": 1.2}}'
DEFAULTS = '"defaults": {"language": "en", "speed": 0.9, "speaker": "Alice"}'
LINES = '{"id": "a", "text": "A."}\n{"id": "b", "text": "B.", "speaker": "Bob", "speed": 2}\n'
LIST = '[{"id": "a", "text": "A."},\n {"id": "b", "text": "B.", "speaker": "Bob", "speed": 2}]'
MAP = '{"a": "A.", "b": {"text": "B.", "speaker": "Bob", "speed": 2}}'


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (f"{{{CAST}, {DEFAULTS}}}\n{LINES}", "p.jsonl"),
        (f"\n{{{CAST}, {DEFAULTS}}}\n\n{LINES}", "p.jsonl"),
        (f"{{{CAST}, {DEFAULTS}}}\n{LINES}", "p.json"),
        (f"{{{CAST}, {DEFAULTS}}}\n{LINES}", "-"),
        (f'{{{CAST},\n{DEFAULTS},\n"prompts": {LIST}}}', "p.json"),
        (f'{{{CAST}, {DEFAULTS}, "prompts": {MAP}}}', "p.json"),
        (f'{{\n"prompts": {MAP}, {DEFAULTS}, {CAST}}}', "p.json"),
        (f'{{\n"prompts": {MAP}, {DEFAULTS}, {CAST}}}', "-"),
    ],
)
def test_a_cast_and_defaults(good: Good, data: str, path: str) -> None:
    first, second = good(data, path)
    assert first.cast == second.cast == {"Alice": ALICE, "Bob": Speaker(voice="low", speed=1.2)}
    assert (first.id, first.text, first.speaker, first.language, first.speed) == (
        "a",
        "A.",
        "Alice",
        "en",
        0.9,
    )
    assert (second.speaker, second.language, second.speed) == ("Bob", "en", 2.0)


def test_it_means_what_it_means_in_yaml(good: Good) -> None:
    yaml = good(f"{{{CAST}, {DEFAULTS}, prompts: {LIST}}}", "p.yaml")
    json = good(f'{{{CAST}, {DEFAULTS}, "prompts": {LIST}}}', "p.json")
    assert [str(row) for row in yaml] == [str(row).replace("p.json", "p.yaml") for row in json]


def test_lines_of_rows_are_their_own(good: Good) -> None:
    rows = good(f'{{\n{CAST},\n"prompts":\n [\n{{"id": "a", "text": "A."}},\n"B."]\n}}', "p.json")
    assert [(row.id, row.origin) for row in rows] == [("a", "p.json:5"), ("p-0002", "p.json:6")]
    rows = good(f"{{{CAST}}}\n\n{LINES}", "p.jsonl")
    assert [row.origin for row in rows] == ["p.jsonl:3", "p.jsonl:4"]


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ('{"prompts": "A.", "cast": "B.", "defaults": "C."}', ["prompts", "cast", "defaults"]),
        ('{"prompts": {"text": "A."}}', ["prompts"]),
        ('{"prompts": {"text": "A."}, "other": "B."}', ["prompts", "other"]),
        ('{"cast": "A."}', ["cast"]),
        ('{"cast": {"text": "A."}}', ["cast"]),
        ('{"prompts": ["A.", "B."]}', ["p-0001", "p-0002"]),
        ('{"prompts": []}', []),
        ('{"prompts": {}, "cast": {}}', []),
    ],
)
def test_ids_that_are_called_so(good: Good, data: str, wanted: list[str]) -> None:
    assert [row.id for row in good(data, "p.json", "json")] == wanted


@pytest.mark.parametrize(
    ("data", "path", "problem"),
    [
        ('{"cast": 3}\n', "p.jsonl", "p.jsonl:1: cast: must be an object of names and values"),
        ('{"cast": {"": {"voice": "low"}}}\n', "p.jsonl", "p.jsonl:1: cast: a speaker needs a name"),
        (
            '{\n"cast": {" ": {}},\n"prompts": []}',
            "p.json",
            "p.json:2: cast: a speaker needs a name",
        ),
        ("cast:\n  '': {voice: low}\nprompts: {a: A.}", "p.yaml", "p.yaml:2: cast: a speaker needs a name"),
        ('{"cast": {"Al": "tone"}}\n', "p.jsonl", "p.jsonl:1: cast.Al: must be a speaker such as"),
        (
            '{"cast": {"Bob": {"voise": 1}}}\n',
            "p.jsonl",
            "p.jsonl:1: cast.Bob.voise: no such field; did you mean",
        ),
        ('{"defaults": []}\n', "p.jsonl", "p.jsonl:1: defaults: must be"),
        ('{\n"cast": 3,\n"prompts": []}', "p.json", "p.json:2: cast: must be"),
        ('{\n"cast": {"a": {}, "a": {}},\n"prompts": []}', "p.json", "p.json:2: a: is given twice"),
        ('{"cast": {},\n"cast": {},\n"prompts": []}', "p.json", "p.json:1: cast: is given twice"),
        ('{\n"prompts": ["A."', "p.json", "is not JSON"),
        (
            '{\n"prompts": ["A."],\n"defualts": {}}',
            "p.json",
            "p.json:3: defualts: means nothing beside prompts; did you mean 'defaults'?",
        ),
        (
            "prompts: [{id: a, text: A.}]\nvalue: {}\n",
            "p.yaml",
            "p.yaml:2: value: means nothing beside prompts; did you mean 'values'? (known: cast, defaults, extends,",
        ),
    ],
)
def test_what_is_wrong_for_all_rows(rows: Rows, data: str, path: str, problem: str) -> None:
    with pytest.raises(ManifestError) as error:
        rows(data, path)
    assert problem in str(error.value)


def test_a_wrong_value_that_is_shared_is_reported_once(bad: Bad) -> None:
    assert bad('{"defaults": {"speed": "fast"}}\n' + LINES.replace(', "speed": 2', ""), "p.jsonl") == [
        "p.jsonl:1: speed: must be a number above 0, such as 1.1, not 'fast'"
    ]
    found = bad('{"cast": {"a": {}, "a": {}}}\n' + LINES, "p.jsonl")
    assert found == ["p.jsonl:1: a: is given twice"]


def test_only_the_first_line_is_for_all(bad: Bad) -> None:
    (problem, *_) = bad(LINES + f"{{{CAST}}}\n", "p.jsonl")
    assert problem.startswith("p.jsonl:3: cast: belongs into the first line")


def test_an_example(tmp_path: Path) -> None:
    (tmp_path / "scene.json").write_text(
        f'{{{CAST}, "prompts": [{{"id": "q", "text": "Hm?", "speaker": "Alice"}}]}}'
    )
    (row,) = read(tmp_path / "scene.json")
    assert isinstance(row, Utterance)
    assert (row.speaker, row.cast["Alice"]) == ("Alice", ALICE)


@pytest.mark.parametrize("empty", ['""', "null"])
@pytest.mark.parametrize("path", ["p.jsonl", "p.yaml"])
def test_an_empty_value_takes_the_default(good: Good, path: str, empty: str) -> None:
    row = f'{{"id": "a", "text": "A.", "speaker": {empty}, "language": {empty}, "speed": {empty}}}'
    data = (
        f"{{{CAST}, {DEFAULTS}}}\n{row}\n"
        if path == "p.jsonl"
        else f"{{{CAST}, {DEFAULTS}, prompts: [{row}]}}"
    )
    (found,) = good(data, path)
    assert (found.speaker, found.language, found.speed) == ("Alice", "en", 0.9)
