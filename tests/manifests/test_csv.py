"""CSV and TSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxpress.errors import InputError, ManifestError
from voxpress.manifests import Row, read_stream
from voxpress.manifests.columns import Columns
from voxpress.manifests.reading import Reading
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
        "p.csv:4: markup: must be plain, directions, markdown or ssml, not 'direction'; did you mean 'directions'?",
        "p.csv:5: speed: must be a number above 0, such as 1.1, not inf",
        "p.csv:5: seed: must be a whole number of at most 63 bits, not 99999999999999999999",
        "p.csv:6: has 2 cells where the header has 5",
        "p.csv:7: has 6 cells where the header has 5; quote a cell that holds the delimiter",
        "p.csv:8: text: holds a NUL character",
    ]


def test_a_wrong_header_is_one_error_however_many_rows_follow(rows: Rows, good: Good) -> None:
    """It names all that is wrong; with `strict`, also what is not used. What begins with # or x- is the user's own."""
    with pytest.raises(ManifestError) as caught:
        rows(
            "id,text,voise,x-who,#,foo\n" + "a,,amy,me,1,2\n" * 120,
            "p.csv",
            None,
            Reading("p.csv", Columns(strict=True)),
        )
    assert str(caught.value).startswith(
        "p.csv:1: unknown column 'voise'; did you mean 'voice'?; unknown column 'foo' (columns: engine, file,"
    )
    [row] = good("id,text,x-who,#\na,A.,me,1\n", "p.csv")
    assert row.text == "A."


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("id,tetx,voice", "unknown column 'tetx'; did you mean 'text'?; no column is called text"),
        ("id", "no column is called text; the first line must name the columns, and has 'id'"),
        ("nimi;lause", "unknown column 'lause'; did you mean 'language'?; no column is called text"),
        ("numero,archivo,en,es", 'say which one has the texts with columns = "text=NAME"'),
    ],
)
def test_a_header_that_lacks_a_column(rows: Rows, header: str, problem: str) -> None:
    """The message lists what there is and what there could be."""
    row = header.replace("tetx", "One two").replace("lause", "Uno due")
    with pytest.raises(ManifestError) as caught:
        rows(header + "\n" + (row + "\n") * 120, "p.csv")
    assert problem in str(caught.value)
    assert "a name that begins with # or x- is left alone" in str(caught.value)


@pytest.mark.parametrize(
    ("header", "row", "wanted"),
    [
        ("Filename,Transcript", "a/b.wav,One.", ("a/b", "a/b.wav", "One.")),
        ("name;Sentence;notes", "a;One.;mine", ("a", "", "One.")),
        ("file name,prompt text,Comment", "a.wav,One.,x", ("a", "a.wav", "One.")),
        ("Key|Phrase", "a|One.", ("a", "", "One.")),
        ("wav_filename,wav_filesize,transcript", "a.wav,1000,One.", ("a", "a.wav", "One.")),
        ("file,text", "welcome,One.", ("welcome", "", "One.")),
        ("utterance-id\tmessage\tcategory", "a\tOne.\tx", ("a", "", "One.")),
        ("Prompt Name,Wording", "a,One.", ("a", "", "One.")),
        ("Dateiname;Ansagetext", "a.wav;Eins.", ("a", "a.wav", "Eins.")),
        ("archivo,texto", "a.wav,Uno.", ("a", "a.wav", "Uno.")),
        ("id;fichier;texte à dire", "x;a.mp3;Un.", ("x", "a.mp3", "Un.")),
        ("SCRIPT,FILENAME", "One.,a", ("a", "", "One.")),
        ("Name,Text (EN)", "a,One.", ("a", "", "One.")),
        ("\ufeffsep=;\nID;Announcement", "a;One.", ("a", "", "One.")),
        (
            "audio_path,audio_filename,text_for_tts".replace("audio_path,", ""),
            "a.wav,One.",
            ("a", "a.wav", "One."),
        ),
    ],
)
def test_names_that_people_use(good: Good, header: str, row: str, wanted: tuple[str, str, str]) -> None:
    """And what changes nothing in the file is left alone."""
    [found] = good(f"{header}\n{row}\n", "p.csv")
    assert (found.id, found.file, found.text) == wanted


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ('"7.ogg","Start cleaning."\n"8.ogg","Stop"\n', [("7.ogg", "Start cleaning."), ("8.ogg", "Stop")]),
        ("digits/1;one\ndigits/2;two\n", [("digits/1", "one"), ("digits/2", "two")]),
        ("hello,Hello.\n", [("hello", "Hello.")]),
        ("Start cleaning.\t7.ogg\nStop it.\t8.ogg\n", [("7.ogg", "Start cleaning."), ("8.ogg", "Stop it.")]),
        (
            'LJ1-1|"Hello," he said|"Hello," he said\nLJ1-2|In 1905.|In nineteen oh five.\n',
            [("LJ1-1", '"Hello," he said'), ("LJ1-2", "In nineteen oh five.")],
        ),
        ("LJ1-1|One, two.\nLJ1-2|Three.\n", [("LJ1-1", "One, two."), ("LJ1-2", "Three.")]),
    ],
)
def test_two_columns_without_a_header(good: Good, data: str, wanted: list[tuple[str, str]]) -> None:
    """Files and texts, in either order, as Valetudo and LJSpeech have them."""
    assert [(row.file or row.id, row.text) for row in good(data, "p.csv")] == wanted


@pytest.mark.parametrize(
    "data",
    ["nimi;lause\na;Ciao bello\nb;Addio\n", "A1,B2,C3\na,b c,d\n", "a b,One.\nc d,Two.\n", "Hello there.\n"],
    ids=["header in another language", "three columns", "two texts", "one column"],
)
def test_what_may_be_a_header_is_not_spoken(rows: Rows, data: str) -> None:
    """Nothing is guessed: the message says what to write above."""
    with pytest.raises(ManifestError, match="the first line must name the columns, and has"):
        rows(data, "p.csv")


def test_a_column_twice(bad: Bad) -> None:
    """By its own name or by another tool's."""
    with pytest.raises(ManifestError) as caught:
        bad("id,text,lang,locale\na,A.,en,de\n", "p.csv")
    assert str(caught.value) == (
        "p.csv:1: language: is the name of two columns, 'lang' and 'locale'; begin one of them with #, or choose with"
        ' columns = "language=locale"'
    )
    with pytest.raises(ManifestError, match="is the name of two columns, 'text' and 'Text'; begin one"):
        bad("id,text,Text\na,A.,B.\n", "p.csv")


def test_a_fields_own_name_comes_before_others(good: Good) -> None:
    """Wherever it stands; the other column is not used."""
    for header in ("name,id,text,phrase", "id,name,phrase,text"):
        reading = Reading("p.csv")
        cells = {"id": "a", "name": "Anna", "text": "A.", "phrase": "B."}
        [row] = good(
            f"{header}\n{','.join(cells[name] for name in header.split(','))}\n", "p.csv", None, reading
        )
        assert (row.id, row.text, row.extra) == ("a", "A.", {"name": "Anna", "phrase": "B."})
        assert sorted(reading.columns.unused) == ["name", "phrase"]


def test_columns_that_are_not_used_are_kept_and_told(good: Good) -> None:
    reading = Reading("p.csv")
    first, second = good("id,text,Department,Floor\na,A.,Sales,3\nb,B.,,\n", "p.csv", None, reading)
    assert (first.extra, second.extra) == ({"Department": "Sales", "Floor": "3"}, {})
    assert list(reading.notes()) == ["columns 'Department', 'Floor' are not used"]


@pytest.mark.parametrize(
    "slip", ["langauge", "langage", "languages", "lanuage", "Spede", "voicw", "tittle", "engien"]
)
def test_a_slip_is_an_error_and_not_a_column_without_use(rows: Rows, slip: str) -> None:
    with pytest.raises(ManifestError, match=f"unknown column {slip!r}; did you mean"):
        rows(f"id,text,{slip}\na,A.,x\n", "p.csv")


@pytest.mark.parametrize(
    "name", ["mode", "game", "status", "phase", "department", "role", "line", "page", "ID2", "n"]
)
def test_other_words_are_no_slips(good: Good, name: str) -> None:
    [row] = good(f"id,text,{name}\na,A.,x\n", "p.csv")
    assert row.extra == {name: "x"}


def test_rows_without_names_are_named_by_their_lines(good: Good, bad: Bad) -> None:
    """If the table has no names at all."""
    reading = Reading("tea.csv")
    found = good("text,voice\nA.,\nB.,amy\n", "tea.csv", None, reading)
    assert [(row.id, row.text) for row in found] == [("tea-0002", "A."), ("tea-0003", "B.")]
    assert list(reading.notes()) == ["no column names the files, so their numbers do (tea-0002 …)"]
    assert bad("id,text\na,A.\n,B.\n", "p.csv") == ["p.csv:3: id: is missing: a row needs an id or a file"]


@pytest.mark.parametrize(
    ("columns", "data", "wanted"),
    [
        ("id,text", "hello,Hello\nbye,Bye\n", [("hello", "Hello"), ("bye", "Bye")]),
        ("text,id", "Hello there;hello\n", [("hello", "Hello there")]),
        ("id,,text", 'a|one, "two"|ONE\n', [("a", "ONE")]),
        ("text", "Hello, there.\nBye.\n", [("p-0001", "Hello, there."), ("p-0002", "Bye.")]),
        ("file,text", "say\\a\tOne\n".replace("say\\", ""), [("a", "One")]),
        ("text=Wording EN,id=No.", "No.,Wording EN,Text\n1,Hello,x\n", [("1", "Hello")]),
        ("=speaker", "id,text,speaker\nhello,Hello,7\n", [("hello", "Hello")]),
        ('text="Wording, EN",id=No.', 'No.,"Wording, EN"\n1,Hello\n', [("1", "Hello")]),
        ('"text=Wording, EN" , id="No."', "No.;Wording, EN\n1;Hello\n", [("1", "Hello")]),
        (
            'text="The ""new"", long one",="Text"',
            'id,"The ""new"", long one",Text\na,Hello,x\n',
            [("a", "Hello")],
        ),
        ('text=Size 5" tape', 'id;Size 5" tape\na;Hello\n', [("a", "Hello")]),
        ("text=es", "numero,archivo,en,es\n1,0001.mp3,Who?,¿Quién?\n", [("0001", "¿Quién?")]),
    ],
)
def test_columns_that_somebody_names(
    good: Good, columns: str, data: str, wanted: list[tuple[str, str]]
) -> None:
    """By their places, or by the names that they have."""
    found = good(data, "p.csv", None, Reading("p.csv", Columns.parse(columns)))
    assert [(row.id, row.text) for row in found] == wanted


@pytest.mark.parametrize(
    ("columns", "data", "problem"),
    [
        ("id,txet", "", "columns: no field is called 'txet'; did you mean 'text'?"),
        ("id,voice", "", "columns: 'id,voice' names no column text"),
        ("id,text=Wording", "", "not both"),
        ('text="Wording, EN', "", "columns: 'text=\"Wording, EN' has a quote that is not closed"),
        ('text="Wording" EN', "", "has a quote that is not closed, or words behind one"),
        ("id,text", "a,b,c\n", "p.csv:1: has 3 cells, and columns names 2 (id,text)"),
        ("id,text", "ID,Text\na,A.\n", "p.csv:1: names the columns itself (ID, Text)"),
        ("=text", "id,text\na,A.\n", "no column is called text"),
        (
            "text=Wordng",
            "id,Wording\na,A.\n",
            "no column is called 'Wordng'; did you mean 'Wording'?",
        ),
    ],
)
def test_columns_that_cannot_be_so(rows: Rows, columns: str, data: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        rows(data, "p.csv", None, Reading("p.csv", Columns.parse(columns)))
    assert problem in str(caught.value)


def test_an_option_nested_too_deeply_is_a_text(good: Good) -> None:
    """Only the engine can say what is wrong with it."""
    [row] = good("id,text,option.mode\na,A.," + "[" * 50_000 + "\n", "p.csv")
    assert row.options == {"mode": "[" * 50_000}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "p.csv: is empty; its first line must name the columns"),
        ('id,text\na,A.\nb,"B.\nc,C.\n', "p.csv:3: a quote that opens in this row is not closed"),
        ('id,text\na,A.\nb,"' + "B.\n" * 100_000, "p.csv:3: a quote that opens in this row is not closed"),
    ],
    ids=["empty", "open quote", "open quote far from the end"],
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


@settings(max_examples=30)
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


def test_columns_in_an_order_make_a_table(good: Good, rows: Rows) -> None:
    """Whatever the file is called; other formats have no order."""
    reading = Reading("p.txt", Columns.parse("id,text"))
    assert [(row.id, row.text) for row in good("a|Hello, you\n", "p.txt", None, reading)] == [
        ("a", "Hello, you")
    ]
    with pytest.raises(ManifestError, match="columns: jsonl has no columns in an order"):
        rows('{"id": "a", "text": "A."}\n', "p.jsonl", "jsonl", reading)
