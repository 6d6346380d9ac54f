"""CSV and TSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxpress.errors import ManifestError
from voxpress.manifests import Row, read_stream
from voxpress.speech import Utterance

Rows = Callable[..., list[Row]]
Good = Callable[..., list[Utterance]]
Bad = Callable[..., list[str]]


def test_every_column(good: Good) -> None:
    """A row may name its own file, engine, voice and the rest."""
    [row] = good(
        "id,text,file,engine,model,voice,language,speed,seed,format,markup,title,option.noise,option.fast,option.mode\n"
        "a,A [beep].,x/a.mp3,piper,low,amy,en-GB,1.1,7,mp3,directions,Title,0.5,true,slow\n",
        "p.csv",
    )
    assert row == Utterance(
        id="a",
        text="A [beep].",
        file="x/a.mp3",
        engine="piper",
        model="low",
        voice="amy",
        language="en-GB",
        speed=1.1,
        seed=7,
        format="mp3",
        markup="directions",
        title="Title",
        options={"noise": 0.5, "fast": True, "mode": "slow"},
        origin="p.csv:2",
    )


def test_empty_cells_leave_the_default_and_empty_rows_are_left_out(good: Good) -> None:
    """As spreadsheets leave them, with spaces or without."""
    first, second = good("id,text,voice,speed,option.noise\na,A.,,,\n,,,,\n\n b , B. ,amy, ,\n", "p.csv")
    assert first == Utterance(id="a", text="A.", origin="p.csv:2")
    assert second == Utterance(id="b", text="B.", voice="amy", origin="p.csv:5")


def test_only_a_file(good: Good) -> None:
    """The id of a row that names its file is the file without its extension."""
    [row] = good("audio_filepath,Text,lang\nx/a.mp3,A.,de\n", "p.csv")
    assert (row.id, row.file, row.language) == ("x/a", "x/a.mp3", "de")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_header_says_the_delimiter(good: Good, delimiter: str) -> None:
    """Texts full of other delimiters do not mislead it."""
    header, cells = (
        delimiter.join(["id", "text", "voice"]),
        delimiter.join(["a", '"One, two; three|four"', "amy"]),
    )
    assert [row.text for row in good(f"{header}\n{cells}\n", "p.csv")] == ["One, two; three|four"]


def test_quoted_newlines_keep_the_line_where_the_row_begins(rows: Rows) -> None:
    """Good and bad rows alike."""
    found = rows('\nid,text,speed\na,"One\ntwo\r\nthree",1\nb,"One\ntwo",fast\nc,C.,1\n', "p.csv")
    first, second, third = found
    assert isinstance(first, Utterance)
    assert (first.text, first.origin) == ("One\ntwo\r\nthree", "p.csv:3")
    assert str(second) == "p.csv:6: speed: must be a number above 0, such as 1.1, not 'fast'"
    assert isinstance(third, Utterance)
    assert third.origin == "p.csv:8"


def test_all_bad_rows_are_reported_and_all_that_is_wrong_with_them(bad: Bad) -> None:
    """In order, each with path, line and field."""
    assert bad(
        "id,text,speed,seed,markup\n"
        "a,,1,1,\n"
        ',B.,"1,1",x,\n'
        "c,C.,0,1.5,direction\n"
        "d,D.,inf,99999999999999999999,\n"
        "e,E.\n"
        "f,F.,1,1,,more\n"
        "g,\0,,,\n",
        "p.csv",
    ) == [
        "p.csv:2: text: is missing or empty",
        "p.csv:3: id: is missing: a row needs an id or a file",
        "p.csv:3: speed: must be a number above 0, such as 1.1, not '1,1'",
        "p.csv:3: seed: must be a whole number of at most 63 bits, not 'x'",
        "p.csv:4: speed: must be a number above 0, such as 1.1, not 0.0",
        "p.csv:4: seed: must be a whole number of at most 63 bits, not '1.5'",
        "p.csv:4: markup: must be plain or directions, not 'direction'; did you mean 'directions'?",
        "p.csv:5: speed: must be a number above 0, such as 1.1, not inf",
        "p.csv:5: seed: must be a whole number of at most 63 bits, not 99999999999999999999",
        "p.csv:6: has 2 cells where the header has 5",
        "p.csv:7: has 6 cells where the header has 5; quote a cell that holds the delimiter",
        "p.csv:8: text: holds a NUL character",
    ]


def test_an_unknown_column_is_an_error_and_the_rows_are_still_checked(rows: Rows) -> None:
    """Columns that begin with # or x- are the user's own."""
    found = rows("id,text,voise,x-who,#\na,A.,amy,me,1\nb,,amy,me,2\n", "p.csv")
    assert [type(row).__name__ for row in found] == ["ManifestError", "Utterance", "ManifestError"]
    assert str(found[0]).startswith(
        "p.csv:1: voise: unknown column; did you mean 'voice'? (columns: engine, file,"
    )


def test_a_column_twice(bad: Bad) -> None:
    """By its own name or by another tool's."""
    assert bad("id,text,lang,language,text\na,A.,en,de,B.\n", "p.csv") == [
        "p.csv:1: language: is the name of two columns",
        "p.csv:1: text: is the name of two columns",
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "p.csv: is empty; its first line must name the columns"),
        ("hello,Hello.\n", "p.csv:1: text: no column has this name"),
        ('id,text\na,A.\nb,"B.\nc,C.\n', "p.csv:3: a quote that opens in this row is not closed"),
        ('id,text\na,A.\nb,"' + "B.\n" * 100_000, "p.csv:3: a quote that opens in this row is not closed"),
    ],
    ids=["empty", "no header", "open quote", "open quote far from the end"],
)
def test_what_spoils_the_whole_table(rows: Rows, data: str, message: str) -> None:
    """These are raised: no row can be told after them, or none before."""
    with pytest.raises(ManifestError) as caught:
        rows(data, "p.csv")
    assert message in str(caught.value)


def test_a_quote_within_quotes_spoils_its_row_only(rows: Rows) -> None:
    """A lenient reader would drop the quotes and say nothing."""
    first, second, third = rows(
        'id,text\na,"He said "no" to it."\nb,"He said ""no"" to it."\nc,5" pipe\n', "p.csv"
    )
    assert str(first).startswith(
        "p.csv:2: cannot be read: ',' expected after '\"'; a quote inside a quoted cell"
    )
    assert isinstance(second, Utterance)
    assert second.text == 'He said "no" to it.'
    assert isinstance(third, Utterance)
    assert third.text == '5" pipe'


cells = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
names = st.from_regex(r"[a-z0-9_/-]{1,12}", fullmatch=True)


@settings(max_examples=30, deadline=None)
@given(
    table=st.lists(st.tuples(names, cells.filter(str.strip), cells), min_size=1, max_size=5),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_a_csv_writer_writes_is_read(
    table: list[tuple[str, str, str]], delimiter: str, end: str, encoding: str
) -> None:
    """Whatever the text: quotes, delimiters, line ends of every kind inside the cells."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("id", "text", "title"), *table])
    found = list(read_stream(io.BytesIO(out.getvalue().encode(encoding)), path="p.csv"))
    assert [(row.id, row.text, row.title) for row in found if isinstance(row, Utterance)] == [
        (id, text.strip(), title.strip()) for id, text, title in table
    ]
