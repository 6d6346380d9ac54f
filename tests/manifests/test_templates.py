"""Rows with placeholders, and values for them."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from voxpress.errors import InputError, ManifestError
from voxpress.manifests import Row, read, read_stream
from voxpress.manifests.reading import Reading
from voxpress.manifests.values import Values
from voxpress.speech import Utterance

Rows = Callable[..., list[Row]]
Good = Callable[..., list[Utterance]]
Bad = Callable[..., list[str]]

TRAINS = "number;city;language\nICE 71;São Paulo/Centro;\nRE 5;Berlin & Bonn;de\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a table of two trains."""
    (tmp_path / "trains.csv").write_text(TRAINS)
    return tmp_path


def _texts(rows: Iterable[Row]) -> list[tuple[str, str]]:
    return [(row.id, row.text) if isinstance(row, Utterance) else ("", str(row)) for row in rows]


ROW = '{"id": "p{platform}/{city}", "text": "Platform {platform}: the train to {city}."}'
WANTED = [
    ("p1/Oslo", "Platform 1: the train to Oslo."),
    ("p1/Rome", "Platform 1: the train to Rome."),
    ("p2/Oslo", "Platform 2: the train to Oslo."),
    ("p2/Rome", "Platform 2: the train to Rome."),
]


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (f"values: {{platform: 1..2, city: [Oslo, Rome]}}\nprompts: [{ROW}]\n", "p.yaml"),
        (f"prompts: [{ROW}]\nvalues:\n  platform: [1, 2]\n  city:\n  - Oslo\n  - Rome\n", "p.yaml"),
        (f'{{"values": {{"platform": "1..2", "city": ["Oslo", "Rome"]}}, "prompts": [{ROW}]}}', "p.json"),
        (f'{{"values": {{"platform": [1, 2], "city": ["Oslo", "Rome"]}}}}\n{ROW}\n', "p.jsonl"),
        (
            f'{{"values": {{"platform": [1, 2], "": [{{"City": "Oslo"}}, {{"City": "Rome"}}]}}}}\n{ROW}\n',
            "p.jsonl",
        ),
    ],
)
def test_each_combination(good: Good, data: str, path: str) -> None:
    assert _texts(good(data, path)) == WANTED


def test_values_from_outside(good: Good, folder: Path) -> None:
    """For a table, which has no place for them; the first vary least."""
    reading = Reading("p.csv", values=[Values.parse("platform=1..2"), Values.parse("city=Oslo,Rome")])
    table = 'id,text\np{platform}/{city},"Platform {platform}: the train to {city}."\n'
    assert _texts(good(table, "p.csv", None, reading)) == WANTED
    reading = Reading("p.txt", values=[Values.read(str(folder / "trains.csv"))])
    found = good("t/{number} = The {number} to {city}.\n", "p.txt", None, reading)
    assert _texts(found) == [
        ("t/ICE 71", "The ICE 71 to São Paulo/Centro."),
        ("t/RE 5", "The RE 5 to Berlin & Bonn."),
    ]
    assert [row.language for row in found] == [None, "de"]


def test_a_row_takes_only_the_values_that_it_names(folder: Path) -> None:
    """A row without placeholders is one row."""
    (folder / "p.yaml").write_text(
        "defaults: {language: en}\nvalues: {platform: 08..10, train: trains.csv}\nprompts:\n"
        "  plain: Mind the gap.\n"
        "  g{platform}: Platform {platform}.\n"
        "  '{number:slug}': '{{{city}}}'\n"
    )
    found = list(read(folder / "p.yaml"))
    assert _texts(found) == [
        ("plain", "Mind the gap."),
        ("g08", "Platform 08."),
        ("g09", "Platform 09."),
        ("g10", "Platform 10."),
        ("ice-71", "{São Paulo/Centro}"),
        ("re-5", "{Berlin & Bonn}"),
    ]
    assert [row.language for row in found if isinstance(row, Utterance)] == ["en"] * 5 + ["de"]
    assert [row.origin.partition(".yaml")[2] for row in found if isinstance(row, Utterance)][3:5] == [
        ":5 (platform 10)",
        ":6 (number ICE 71)",
    ]


def test_values_that_bring_fields(good: Good) -> None:
    """Under the field's own name: they come before the defaults."""
    values = "[{n: 1, voice: amy, speed: 0.9, speaker: Al}, {n: 2, voice: '', seed: 7}]"
    first, second = good(
        f"defaults: {{voice: joe}}\nvalues: {values}\nprompts: [{{id: 'a{{n}}', text: Hello}}]", "p.yaml"
    )
    assert (first.voice, first.speed, first.speaker, first.seed) == ("amy", 0.9, "Al", None)
    assert (second.voice, second.speed, second.speaker, second.seed) == ("joe", None, None, 7)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("ssml", "<speak>To <sub alias='x'>A &amp; B &lt;C&gt;</sub>.</speak>"),
        ("plain", "<speak>To <sub alias='x'>A & B <C></sub>.</speak>"),
    ],
)
def test_values_in_markup(good: Good, markup: str, text: str) -> None:
    row = (
        f'{{"id": "{{c}}", "markup": "{markup}", "text": "<speak>To <sub alias=\'x\'>{{c}}</sub>.</speak>"}}'
    )
    [found] = good(f'{{"values": {{"c": ["A & B <C>"]}}}}\n{row}\n', "p.jsonl")
    assert (found.text, found.id) == (text, "A & B -C-")


@pytest.mark.parametrize(
    ("shape", "value", "wanted"),
    [
        ("{n}", "7", "7"),
        ("{n:03}", "7", "007"),
        ("{n:03}", "1234", "1234"),
        ("{n:.2f}", "3.5", "3.50"),
        ("{n:slug}", "Ærø, Straße & Łódź (Nord)", "ærø-strasse-łodz-nord"),
        ("{n:slug}", "Москва", "москва"),
        ("to {n}.", "", "to."),
        ("{n} to you", "", "to you"),
    ],
)
def test_shapes(good: Good, shape: str, value: str, wanted: str) -> None:
    [row] = good(
        f'{{"values": [{{"key": "a", "n": "{value}"}}]}}\n{{"id": "{{key}}", "text": "{shape}"}}\n', "p.jsonl"
    )
    assert row.text == wanted


@pytest.mark.parametrize("text", ["Press {1}.", "a { b", "}{", "{{city}}", "{city}", "{'a': 1}"])
def test_braces_without_values_are_braces(good: Good, text: str) -> None:
    [row] = good(f'{{"id": "a", "text": "{text}"}}\n', "p.jsonl")
    assert row.text == text


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (
            '{"id": "{city}", "text": "To {citty}."}',
            "p.jsonl:2: text: no value is called {citty}; did you mean 'city'? (values: city, track); write {{ and }}",
        ),
        (
            '{"id": "a", "text": "To {city}."}',
            "p.jsonl:2: id: must name {city}, or the files of all its values",
        ),
        ('{"id": "{city}", "text": "{track}"}', "p.jsonl:2: id: must name {track}"),
        (
            '{"id": "{city}", "text": "A } b"}',
            "p.jsonl:2: text: Single '}' encountered in format string; write {{",
        ),
        (
            '{"id": "{city}", "text": "{city:>9}"}',
            "p.jsonl:2: text: {city:>9} has no shape that is known (03:",
        ),
        ('{"id": "{city}", "text": "{city!r}"}', "p.jsonl:2: text: {city:r} has no shape that is known"),
        (
            '{"id": "{city:03}", "text": "x"}',
            "p.jsonl:2 (city Oslo): id: {city:03} needs a number, and the value is 'Oslo'",
        ),
        (
            '{"id": "a", "text": "x", "language": "{city}"}',
            "p.jsonl:2: language: '{city}' is no language tag such as en or en-GB; placeholders do not work here, but",
        ),
        ('{"id": "{}", "text": "x"}', "p.jsonl:2: id: no value is called {}"),
        ('{"id": "{city.upper}", "text": "x"}', "p.jsonl:2: id: no value is called {city.upper}"),
        ('{"id": "{city[0]}", "text": "x"}', "p.jsonl:2: id: no value is called {city[0]}"),
    ],
)
def test_what_a_template_cannot_be(bad: Bad, row: str, problem: str) -> None:
    """Once for the row, where it is wrong for all values."""
    [found] = bad(f'{{"values": {{"city": ["Oslo"], "track": "1..2"}}}}\n{row}\n', "p.jsonl")
    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (
            "3",
            "p.jsonl:1: values: must be a list, a range such as 1..24, or a table such as trains.csv, not 3",
        ),
        ('{"a": []}', "p.jsonl:1: values.a: must be a list, a range"),
        ('{"a": "Oslo"}', "p.jsonl:1: values.a: must be a list, a range"),
        ('{"a": "-3..3"}', "p.jsonl:1: values.a: '-3..3' is no range: it goes from a whole number"),
        ('{"a": [1, "1..99999999999"]}', "p.jsonl:1: values.a: '1..99999999999' is no range"),
        ('"trains.json"', "p.jsonl:1: values: 'trains.json': a table of values is CSV or TSV"),
        ('{"a": "t/trains.yaml"}', "p.jsonl:1: values.a: 't/trains.yaml': a table of values is CSV or TSV"),
        ('{"a": ["x", {"b": 1}]}', "p.jsonl:1: values.a: must be a list of values, or one of rows"),
        ('["Oslo"]', "p.jsonl:1: values: must have names, such as {city: [Oslo, Rome]}"),
        ('{"a": ["x"], "b": [{"A": "y"}]}', "p.jsonl:1: values: 'a' is given twice"),
        ('{"a": [{"b": ["x"]}]}', "p.jsonl:1: values.a: a value must be a text or a number, not ['x']"),
        ('"nothere.csv"', "p.jsonl:1: values: there is no table 'nothere.csv'"),
        (
            '"../../etc/passwd.csv"',
            "p.jsonl:1: values: '../../etc/passwd.csv' is no relative path to a table",
        ),
        ('{"a": "/etc/trains.csv"}', "p.jsonl:1: values.a: '/etc/trains.csv' is no relative path to a table"),
    ],
)
def test_what_values_cannot_be(rows: Rows, values: str, problem: str) -> None:
    with pytest.raises(ManifestError) as caught:
        rows(f'{{"values": {values}}}\n{{"id": "a", "text": "A."}}\n', "p.jsonl")
    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("n=1..3,5", ["1", "2", "3", "5"]),
        ("n=lobby, 09..11,08..07", ["lobby", "09", "10", "11", "08", "07"]),
        ('n=Oslo,"Washington, DC"', ["Oslo", "Washington, DC"]),
        ('n="say ""yes"", please",5"', ['say "yes", please', '5"']),
        ("n=3...2...1,a..c", ["3...2...1", "a..c"]),
    ],
)
def test_lists_of_values(given: str, wanted: list[str]) -> None:
    """With ranges among them, and commas within quotes."""
    assert [each["n"] for each in Values.parse(given)] == wanted


def test_ranges_in_the_list_of_a_manifest(good: Good) -> None:
    data = '{"values": {"n": ["1..2", 7, "9..9"]}}\n{"id": "n{n}", "text": "{n}."}\n'
    assert [row.text for row in good(data, "p.jsonl")] == ["1.", "2.", "7.", "9."]


@pytest.mark.parametrize("value", ["nan", "inf", "-Infinity", "1e400"])
def test_a_number_has_an_end(bad: Bad, value: str) -> None:
    data = f'{{"values": {{"n": ["{value}"]}}}}\n{{"id": "{{n}}", "text": "{{n:.2f}} euros."}}\n'
    assert f"{{n:.2f}} needs a number, and the value is {value!r}" in bad(data, "p.jsonl")[0]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (
            "n=-3..3",
            "values.n: '-3..3' is no range: it goes from a whole number of at most nine digits to another",
        ),
        ("n=1..9999999999", "'1..9999999999' is no range"),
        ("n=5,1.5..3", "'1.5..3' is no range"),
        ("n=1...3", "'1...3' is no range"),
        ("trains.json", "'trains.json': a table of values is CSV or TSV, such as trains.csv"),
        ("trains.XLSX", "'trains.XLSX': a table of values is CSV or TSV"),
        ('n="Oslo', "has a quote that is not closed"),
        ("n=,", "'n=,' is no table (FILE.csv), and no NAME=VALUE,VALUE"),
    ],
)
def test_what_is_wrong_with_values_from_outside(given: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        Values.parse(given)
    assert problem in str(caught.value)


@pytest.mark.parametrize("given", ["Oslo", "city=", "trains", "=1..3"])
def test_what_values_from_outside_cannot_be(given: str) -> None:
    with pytest.raises(InputError, match=r"values|must"):
        Reading("p.csv", values=[Values.parse(given)])


def test_a_table_with_a_fault(folder: Path) -> None:
    """Its own line is named."""
    (folder / "p.yaml").write_text("values: trains.csv\nprompts: {'{a}': A.}\n")
    for table, problem in (
        ("a,b\n1\n", ":2: has 1 cells"),
        ("", ": is empty"),
        ("a,A\n1,2\n", ":1: must name each"),
    ):
        (folder / "trains.csv").write_text(table)
        with pytest.raises(ManifestError, match=f"trains.csv{problem}"):
            list(read(folder / "p.yaml"))


def test_a_value_for_a_name_that_is_empty_or_leads_elsewhere(good: Good, bad: Bad) -> None:
    data = '{{"values": {{"c": ["{}"]}}}}\n{{"id": "{{c}}", "text": "A {{c}}."}}\n'
    assert "cannot be a part of a file's name: it is empty" in bad(data.format("  "), "p.jsonl")[0]
    assert [good(data.format(value), "p.jsonl")[0].id for value in ("../../x", "a:b|c", "a. ")] == [
        "..-..-x",
        "a-b-c",
        "a",
    ]


def test_too_many_values_that_are_not_the_first(bad: Bad) -> None:
    data = '{"values": {"a": [1], "b": "1..999999999"}}\n{"id": "{a}{b}", "text": "A."}\n'
    assert "put them before the others" in bad(data, "p.jsonl")[0]


def test_the_first_values_are_read_as_they_are_needed() -> None:
    reading = Reading("p.csv", values=[Values.parse("n=1..999999999")])
    rows = read_stream(io.BytesIO(b"id,text\nn{n},Number {n}.\n"), path="p.csv", reading=reading)
    assert next(rows) == Utterance(id="n1", text="Number 1.", origin="p.csv:2 (n 1)")


@pytest.mark.slow
def test_a_million_combinations_take_no_memory(tmp_path: Path) -> None:
    """All of them come, and the process stays small."""
    (tmp_path / "p.yaml").write_text(
        "values: {a: 1..1000, b: 1..1000}\nprompts: [{id: 'p{a}/{b}', text: 'Platform {a}, track {b}.'}]\n"
    )
    script = (
        "from voxpress.manifests import read\n"
        f"n = sum(row.text.endswith('.') for row in read({str(tmp_path / 'p.yaml')!r}))\n"
        # ru_maxrss would be that of these tests, if they were larger before they began this process.
        "print(n, next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    count, peak = map(int, told.split())
    assert count == 1_000_000
    assert peak < 150_000  # kilobytes


def test_columns_of_a_table_set_what_those_of_a_manifest_set(
    good: Good, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other names of a field, and options of the engine; `name` is only a placeholder."""
    monkeypatch.chdir(tmp_path)
    Path("n.csv").write_text("name,Sprache,stimme,option.noise,speaker_id\nAda,de,Joe,0.5,Butler\n")
    (row,) = good("values: n.csv\nprompts: [{id: 'a/{name}', text: 'Hello, {name}.'}]\n", "p.yaml")
    assert (row.id, row.language, row.voice, row.speaker) == ("a/Ada", "de", "Joe", "Butler")
    assert row.options == {"noise": 0.5}


@pytest.mark.parametrize(
    ("column", "field"), [("langauge", "language"), ("voise", "voice"), ("spede", "speed")]
)
def test_a_slip_in_a_column_of_a_table(
    bad: Bad, column: str, field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("n.csv").write_text(f"city,{column}\nOslo,1\n")
    (problem,) = bad("values: n.csv\nprompts: [{id: 'a/{city}', text: 'Hello, {city}.'}]\n", "p.yaml")
    assert f"the value {column!r} has no use; did you mean {field!r}?" in problem


def test_a_value_that_is_named_may_be_called_as_it_likes(good: Good) -> None:
    rows = good(
        "values: {models: [Golf, Polo]}\nprompts: [{id: '{models}', text: 'The {models}.'}]\n", "p.yaml"
    )
    assert [row.text for row in rows] == ["The Golf.", "The Polo."]
