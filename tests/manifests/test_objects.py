"""JSON lines and YAML."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from voxpress.errors import ManifestError
from voxpress.manifests import Row
from voxpress.manifests.columns import Columns
from voxpress.manifests.reading import Reading
from voxpress.speech import Utterance

Rows = Callable[..., list[Row]]
Good = Callable[..., list[Utterance]]
Bad = Callable[..., list[str]]

KNOWN = (
    "(columns: engine, file, format, id, language, lexicon, markup, model, normalise, seed, speaker, speed, text,"
    " title, voice, option.NAME; a name that begins with # or x- is left alone)"
)


def test_json_lines(good: Good) -> None:
    """Types are JSON's; null and "" are as good as nothing; blank lines count but are no rows."""
    assert good(
        '{"id": "a", "text": "A.", "speed": 1, "options": {"noise": 0.5, "n": 3, "on": true, "s": "3"}}\n'
        "\n"
        '{"audio_filepath": "x/b.wav", "text": "B.", "voice": null, "lang": "de", "x-1": []}\r\n',
        "p.jsonl",
    ) == [
        Utterance(
            id="a",
            text="A.",
            speed=1.0,
            options={"noise": 0.5, "n": 3, "on": True, "s": "3"},
            origin="p.jsonl:1",
        ),
        Utterance(id="x/b", file="x/b.wav", text="B.", language="de", origin="p.jsonl:3"),
    ]


def test_json_lines_report_all_that_is_wrong(bad: Bad) -> None:
    """Malformed lines do not stop the reading."""
    assert bad(
        '{"id": "a", "text": "A.", "voise": "amy", "mood": 1}\n'
        '{"id": "a"\n'
        '{"id": 1, "text": ["A."]}\n'
        '"A."\n'
        '{"id": "a", "text": "A.", "options": {"deep": {}, "big": 99999999999999999999}, "speed": true}\n'
        '{"key": "a", "utterance_id": "b", "text": "\\u0000"}\n'
        '{"id": "a", "text": "\\ud800"}\n'
        '{"id": "a", "text": "A.", "options": 3, "option.noise": 3, "origin": "x"}\n',
        "p.jsonl",
    ) == [
        f"p.jsonl:1: voise: unknown column; did you mean 'voice'? {KNOWN}",
        "p.jsonl:2: is not JSON: Input data was truncated",
        "p.jsonl:3: id: must be a string, not 1",
        "p.jsonl:3: text: must be a string, not ['A.']",
        'p.jsonl:4: is not an object such as {"id": "a", "text": "A."}',
        "p.jsonl:5: options.deep: must be a number, true, false or a string, not {}",
        "p.jsonl:5: options.big: must be a number, true, false or a string, not 99999999999999999999",
        "p.jsonl:5: speed: must be a number above 0, such as 1.1, not True",
        "p.jsonl:6: id: is given twice: 'utterance_id' means it too",
        "p.jsonl:6: text: holds a NUL character",
        "p.jsonl:7: is not JSON: Input data was truncated",
        "p.jsonl:8: option.noise: is for tables; write options: {NAME: VALUE}",
        "p.jsonl:8: options: must be names with values, such as {noise_scale: 0.5}, not 3",
    ]


@pytest.mark.parametrize("data", ['[{"id": "a"}]', '[\n {"id": "a"}]', '{\n "id": "a"}'])
def test_json_that_is_not_lines_is_named_as_such(rows: Rows, data: str) -> None:
    """One message, not one for each line."""
    with pytest.raises(ManifestError, match=r"p\.jsonl:1: is .*; write one object in each line, or n"):
        rows(data, "p.jsonl")


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (
            '[\n {"id": "a", "text": "A."},\n {"file": "b.wav", "text": "B."}\n]\n',
            [("a", "A.", 2), ("b", "B.", 3)],
        ),
        ('[{"id": "a", "text": "A."}, {"id": "b", "text": "B."}]', [("a", "A.", 1), ("b", "B.", 1)]),
        ('["A.",\n "B."]', [("p-0001", "A.", 1), ("p-0002", "B.", 2)]),
        ('{"a": "A.",\n "b/c": "B."}', [("a", "A.", 1), ("b/c", "B.", 2)]),
        ('{"a": "A.", "b/c": "B."}\n', [("a", "A.", 1), ("b/c", "B.", 1)]),
        ('{\n"a": {"text": "A.", "speed": 0.9},\n"b": {"text": "B."}}', [("a", "A.", 2), ("b", "B.", 3)]),
        ('{\n"id": "a",\n"text": "A."\n}\n{\n"id": "b", "text": "B."}\n', [("a", "A.", 1), ("b", "B.", 5)]),
        ('{"id": "a", "text": "A."}\n{"id": "b", "text": "B."}\n', [("a", "A.", 1), ("b", "B.", 2)]),
        ('{"id": "a", "text": "A."}', [("a", "A.", 1)]),
        ("[]", []),
        ("{}", []),
    ],
)
def test_json_in_its_shapes(good: Good, data: str, wanted: list[tuple[str, str, int]]) -> None:
    """Lists, maps, lines and objects over several lines, each row with the line where it begins."""
    found = [(row.id, row.text, int(row.origin.rpartition(":")[2])) for row in good(data, "p.json")]
    assert found == wanted


def test_json_reports_bad_rows(bad: Bad) -> None:
    """And goes on."""
    assert bad(
        '[\n{"id": "a", "text": "A.", "id": "b"},\n3,\n{"id": "c"},\n{"id": "d", "text": "\\ud800"},\n'
        '{"id": "e", "text": "E.", "options": {"deep": {"x": 1, "x": 2}}}]',
        "p.json",
    ) == [
        "p.json:2: id: is given twice",
        'p.json:3: is neither a text nor a row such as {"id": "a", "text": "A."}',
        "p.json:4: text: is missing or empty",
        "p.json:5: is not JSON: Input data was truncated",
        "p.json:6: x: is given twice",
    ]
    assert bad('{"a": "A.",\n"a": "B."}', "p.json") == ["p.json:2: a: is given twice"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("[" * 50_000, "p.json:1: is nested too deeply"),
        ('[\n{"id": "a"}\n{"id": "b"}]', "p.json:3: is not JSON: , or ] is missing before '{'"),
        ('[{"id": "a"},\n', "p.json:2: is not JSON"),
        ('{\n"a" "A."}', "p.json:2: is not JSON: : is missing before"),
        ("{\na: 1}", "p.json:2: is not JSON"),
        ('["A."] 3', "p.json:1: is neither a list nor a map"),
    ],
)
def test_what_is_no_json(rows: Rows, data: str, message: str) -> None:
    """One line, with the place."""
    with pytest.raises(ManifestError) as caught:
        rows(data, "p.json")
    assert message in str(caught.value)


def test_a_json_that_does_not_end(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be in memory as a whole."""
    monkeypatch.setattr("voxpress.manifests.MAX_DOCUMENT", 1000)
    with pytest.raises(
        ManifestError, match=r"p\.json: is longer than 1,000 characters; write CSV or JSON lines"
    ):
        rows("[\n" + '"One.",\n' * 200, "p.json")


def test_a_key_twice_or_too_deep_is_an_error_of_its_row(rows: Rows) -> None:
    """A parser would take the last, or run out of stack."""
    found = rows(
        '{"id": "a", "text": "A.", "text": "B."}\n'
        '{"id": "b", "text": ' + "[" * 50_000 + "\n"
        '{"id": "c", "text": "At 10:30: {now}: yes."}\n'
        '{"id": "d", "text": "D.", "options": {"x": 1, "x": 2}}\n',
        "p.jsonl",
    )
    assert [str(row) if isinstance(row, ManifestError) else row.id for row in found] == [
        "p.jsonl:1: text: is given twice",
        "p.jsonl:2: is nested too deeply for a row",
        "c",
        "p.jsonl:4: x: is given twice",
    ]


def test_yaml_rows_with_defaults(good: Good) -> None:
    """Words stay words (no, 0001, 10); only speed, seed and options without quotes are numbers.

    What is empty is missing.
    """
    assert good(
        "# prompts\n"
        "defaults: {language: en, speed: 0.9, options: {noise: 0.5}}\n"
        "prompts:\n"
        "  - {id: 0001, text: no}\n"
        "  - id: b\n"
        "    text: >\n"
        "      One\n"
        "      two.\n"
        "    speed: 1.5\n"
        "    language:\n"
        "    options: {on: true, n: 3, s: '3'}\n",
        "p.yaml",
    ) == [
        Utterance(id="0001", text="no", language="en", speed=0.9, options={"noise": 0.5}, origin="p.yaml:4"),
        Utterance(
            id="b",
            text="One two.\n",
            language="en",
            speed=1.5,
            options={"on": True, "n": 3, "s": "3"},
            origin="p.yaml:5",
        ),
    ]


@pytest.mark.parametrize(
    "data",
    [
        "menu/a: A.\nb: {text: B., voice: amy}\n",
        "- {id: menu/a, text: A.}\n- {id: b, text: B., voice: amy}\n",
        "prompts:\n  menu/a: A.\n  b: {text: B., voice: amy}\n",
        '{"menu/a": "A.", "b": {"text": "B.", "voice": "amy"}}',
    ],
)
def test_yaml_in_its_shapes(good: Good, data: str) -> None:
    """A list of rows, pairs, and either of them under prompts."""
    assert [(row.id, row.text, row.voice) for row in good(data, "p.yml")] == [
        ("menu/a", "A.", None),
        ("b", "B.", "amy"),
    ]


def test_a_prompt_called_prompts_is_a_prompt(good: Good) -> None:
    """Only a list or pairs below it make it the list of rows."""
    assert [(row.id, row.text) for row in good("prompts: Prompts.\ndefaults: Defaults.\n", "p.yaml")] == [
        ("prompts", "Prompts."),
        ("defaults", "Defaults."),
    ]


def test_an_empty_yaml_has_no_rows(good: Good) -> None:
    """Nor has one with comments only."""
    assert good("# nothing yet\n", "p.yaml") == []


def test_yaml_reports_values_in_their_lines(bad: Bad) -> None:
    """What is wrong in the defaults is said once, where it is."""
    assert bad(
        "defaults:\n"
        "  speed: fast\n"
        "prompts:\n"
        "  - id: a\n"
        "    text: A.\n"
        "  - id: b\n"
        "    text:\n"
        "    seed: x\n"
        "  - hello\n"
        "  - id: [a]\n"
        "    text: C.\n"
        "    options:\n"
        "      noise: {}\n",
        "p.yaml",
    ) == [
        "p.yaml:2: speed: must be a number above 0, such as 1.1, not 'fast'",
        "p.yaml:7: text: is missing or empty",
        "p.yaml:8: seed: must be a whole number of at most 63 bits, not 'x'",
        "p.yaml:9: is not a row such as {id: hello, text: Hello.}",
        "p.yaml:10: id: must be a string, not ['a']",
        "p.yaml:12: options.noise: must be a number, true, false or a string, not {}",
    ]


BOMB = "a: &a {text: x}\n" + "".join(
    f"{b}: &{b} {{t: [*{a}, *{a}]}}\n" for a, b in zip("abcde", "bcdef", strict=True)
)


@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (BOMB, "p.yaml:2: aliases such as *a are not read: write out what they stand for"),
        ("- &a [*a]\n", "p.yaml:1: aliases such as *a are not read"),
        ("[" * 1000, "p.yaml:1: is nested too deeply"),
        ("- " * 1000, "p.yaml:1: is nested too deeply"),
        ("{a: " * 1000, "p.yaml:1: is nested too deeply"),
        ("a: A.\na: B.\n", "p.yaml:2: a: is given twice"),
        ("- id: a\n  text: 'A.\n", "p.yaml:3: is not YAML: "),
        ("a: A.\n---\nb: B.\n", "p.yaml:3: begins a second document"),
        ("Hello.\n", "p.yaml:1: is neither a list of rows nor 'id: text' pairs"),
        ("? [a]\n: A.\n", "p.yaml:1: a list or mapping cannot be a name"),
        ("defaults: 3\nprompts: []\n", "p.yaml:1: defaults: must be 'field: value' pairs"),
        ("a: !!python/object/apply:os.system [ls]\n", ""),
        ("a: \x01\n", "p.yaml: is not YAML: "),
    ],
    ids=range(13),
)
def test_hostile_yaml(
    rows: Rows, bad: Bad, monkeypatch: pytest.MonkeyPatch, loader: str, data: str, message: str
) -> None:
    """With libyaml and without it."""
    if loader == "SafeLoader":
        monkeypatch.delattr(yaml, "CSafeLoader")
    if not message:
        assert bad(data, "p.yaml") == ["p.yaml:1: is not a row such as {id: hello, text: Hello.}"]
        return
    with pytest.raises(ManifestError) as caught:
        rows(data, "p.yaml")
    assert message in str(caught.value)


def test_a_yaml_that_does_not_end(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be in memory as a whole."""
    monkeypatch.setattr("voxpress.manifests.MAX_DOCUMENT", 1000)
    with pytest.raises(
        ManifestError, match=r"p\.yaml: is longer than 1,000 characters; write CSV or JSON lines"
    ):
        rows("- {id: a, text: A.}\n" * 60, "p.yaml")


def test_reading_csv_does_not_import_the_parsers_of_the_others() -> None:
    """They are slow to import."""
    program = (
        "import sys; from voxpress.manifests import read; list(read('examples/prompts.csv'));"
        "assert not {'yaml', 'defusedxml', 'xml.sax'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])


def test_lines_of_piper(good: Good) -> None:
    """``piper --json-input``: rows without names, speakers by number, files."""
    found = good(
        '{"text": "First.", "speaker_id": 0}\n{"text": "Second.", "speaker": "p239", "output_file": "b/two.wav"}\n',
        "-",
        "jsonl",
    )
    assert [(row.id, row.file, row.speaker) for row in found] == [
        ("0001", "", "0"),
        ("b/two", "b/two.wav", "p239"),
    ]


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ('{"text": "A."}\n\n{"text": "B."}\n', "p.jsonl"),
        ('[{"text": "A."}, {"id": "p-0003", "text": "B."}]', "p.json"),
        ("- text: A.\n- {text: B., id: p-0003}\n", "p.yaml"),
    ],
)
def test_rows_without_names(good: Good, data: str, path: str) -> None:
    """They are named by their numbers if the first row has no name."""
    assert [row.id for row in good(data, path)] == ["p-0001", "p-0003"]


def test_a_row_without_a_name_among_rows_with_names(bad: Bad) -> None:
    assert bad('{"id": "a", "text": "A."}\n{"text": "B."}\n', "p.jsonl") == [
        "p.jsonl:2: id: is missing: a row needs an id or a file"
    ]


@pytest.mark.parametrize("path", ["p.jsonl", "p.json", "p.yaml"])
def test_what_is_not_used_is_kept(good: Good, path: str) -> None:
    """Parts of it as JSON."""
    reading = Reading(path)
    rows = '[{"id": "a", "text": "A.", "mood": "calm", "tags": ["x", 1]}]'
    [row] = good(rows[1:-1] if path == "p.jsonl" else rows, path, None, reading)
    assert row.extra == {"mood": "calm", "tags": '["x",1]' if path != "p.yaml" else '["x","1"]'}
    assert list(reading.notes()) == ["columns 'mood', 'tags' are not used"]


def test_columns_are_named_in_objects_too(good: Good) -> None:
    columns = Columns.parse("text=german,id=nr")
    [row] = good(
        '{"nr": "a", "text": "A.", "german": "Eins."}\n', "p.jsonl", None, Reading("p.jsonl", columns)
    )
    assert (row.id, row.text, row.extra) == ("a", "Eins.", {"text": "A."})
    reading = Reading("p.jsonl", Columns.parse("voice=stem"))
    good('{"id": "a", "text": "A."}\n', "p.jsonl", None, reading)
    assert list(reading.notes()) == ["no row has 'stem', which columns names"]
