"""How manifests are found, decoded and told from one another."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from voxpress import manifests
from voxpress.errors import ManifestError
from voxpress.manifests import Row, read, read_stream
from voxpress.speech import Utterance

Rows = Callable[..., list[Row]]
Good = Callable[..., list[Utterance]]

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("name", "format", "ids"),
    [
        ("prompts.csv", "csv", ["welcome", "menu/main", "menu/hours", "menu/invalid"]),
        ("manifests/prompts.jsonl", "jsonl", ["welcome", "menu/main"]),
        ("manifests/prompts.yaml", "yaml", ["welcome", "menu/main"]),
        ("manifests/lines.txt", "text", ["lines-0001", "lines-0003"]),
        (
            "manifests/core-sounds.txt",
            "asterisk",
            ["greeting", "beep", "error", "vm-intro", "digits/1", "letters/at", "silence/2"],
        ),
        (
            "manifests/phrases.xml",
            "freeswitch",
            ["digits/1", "conference/conf-alone", "conference/conf-enter"],
        ),
        ("manifests/radio.csv", "edgetx", ["SYSTEM/0000", "gearup", "lq"]),
    ],
)
def test_each_example_is_recognised_and_read(name: str, format: str, ids: list[str]) -> None:
    """Extension and content say which format a file is; naming it gives the same rows."""
    path = EXAMPLES / name
    assert manifests.recognise(str(path), path.read_text()) == format
    found = list(read(path))
    assert [row.id for row in found if isinstance(row, Utterance)] == ids
    assert list(read(path, format)) == found
    assert all(isinstance(row, Utterance) and row.origin.startswith(f"{path}:") for row in found)


@pytest.mark.parametrize(
    ("head", "format"),
    [
        ('{"id": "a", "text": "A."}\n', "jsonl"),
        ('["A.", "B."]\n', "json"),
        ('{"a": "A."}\n', "json"),
        ("id\ttext\na\tA.\n", "csv"),
        ("# mine\n- id: a\n  text: A.\n", "yaml"),
        ("<?xml version='1.0'?>\n<language>\n", "freeswitch"),
    ],
)
def test_content_alone_says_the_format_of_standard_input(head: str, format: str) -> None:
    """A stream has no extension; what begins like a format is of it."""
    assert manifests.recognise("-", head) == format


@pytest.mark.parametrize("head", ["Hello.\n", "", "Alice: Hello.\n"])
def test_prose_on_standard_input_is_not_guessed(head: str) -> None:
    """Nothing tells prose from a mistake, so the format must be named."""
    with pytest.raises(ManifestError, match=r"name it with --from \(asterisk, csv,"):
        manifests.recognise("-", head)


def test_a_play_is_plain_text_and_not_a_prompt_list() -> None:
    """`Alice: Hello.` has the form of Asterisk's list but neither comment nor folder."""
    assert manifests.recognise("play.txt", "Alice: Hello.\nBob: Hi.\n") == "text"


def test_an_unknown_format_is_an_error_with_a_suggestion(rows: Rows) -> None:
    """`--from` with a typing error."""
    with pytest.raises(ManifestError, match="no manifest format 'jsonlines'; did you mean 'jsonl'"):
        rows("x", format="jsonlines")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(good: Good, encoding: str, end: str) -> None:
    """What spreadsheets on three systems write reads the same."""
    data = end.join(["id,text", "a,Grüße", "b,你好", ""]).encode(encoding)
    assert [(row.id, row.text, row.origin) for row in good(data, "p.csv")] == [
        ("a", "Grüße", "p.csv:2"),
        ("b", "你好", "p.csv:3"),
    ]


def test_mixed_line_ends(good: Good) -> None:
    """A file edited on several systems counts its lines as an editor does."""
    assert [row.origin for row in good("A.\r\nB.\rC.\nD.", "p.txt")] == [f"p.txt:{n}" for n in (1, 2, 3, 4)]


@pytest.mark.parametrize("line", [1, 2, 3, 5000])
def test_bytes_that_are_not_utf8_are_placed(rows: Rows, line: int) -> None:
    """Latin-1 is refused with its line, however far into the file."""
    data = b"id,text\n" + b"a,Hello.\n" * (line - 2) + b"b,Gr\xfc\xdfe\n" + b"c,Hello.\n" * 3000
    data = data if line > 1 else b"id,Gr\xfc\xdfe\n"
    with pytest.raises(ManifestError, match="byte 0xfc is not UTF-8; save the manifest as UTF-8") as caught:
        rows(data, "p.csv")
    assert (caught.value.path, caught.value.line) == ("p.csv", line)


def test_utf16_without_a_mark_is_named(rows: Rows) -> None:
    """It decodes as UTF-8, but to NULs."""
    with pytest.raises(ManifestError, match="NUL characters"):
        rows("id,text\n".encode("utf-16-le"), "p.csv")


@pytest.mark.parametrize("path", ["p.csv", "p.jsonl", "p.txt", "p.yaml", "p.xml"])
def test_a_line_of_ten_megabytes_is_refused(rows: Rows, path: str) -> None:
    """No format reads on and on for the end of a line."""
    with pytest.raises(ManifestError, match="longer than 1,048,576 characters") as caught:
        rows(b"\n" + b"x" * 10_000_000, path)
    assert caught.value.line == 2


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    """The message has the path and the reason of the operating system."""
    with pytest.raises(ManifestError, match=r"none\.csv: cannot be read: No such file"):
        list(read(tmp_path / "none.csv"))
    with pytest.raises(ManifestError, match="cannot be read: Is a directory"):
        list(read(tmp_path))


def test_the_stream_stays_open_and_rows_come_as_they_are_asked_for() -> None:
    """Reading standard input does not close it, nor does it wait for its end."""
    stream = io.BytesIO(b"id,text\n" + b"a,A.\n" * 100_000)
    found = read_stream(stream, path="p.csv")
    assert isinstance(next(found), Utterance)
    assert 0 < stream.tell() < 100_000
    found.close()  # type: ignore[attr-defined]
    assert not stream.closed


@pytest.mark.filterwarnings("error")
def test_a_file_is_closed_after_an_error(tmp_path: Path) -> None:
    """Nothing is left for the garbage collector to complain about."""
    path = tmp_path / "p.csv"
    path.write_text("id,nothing\n")
    with pytest.raises(ManifestError):
        list(read(path))
    path.unlink()
