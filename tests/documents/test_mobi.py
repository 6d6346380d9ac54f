"""MOBI and AZW3: what is read of them, and what happens where they cannot be unpacked."""

from __future__ import annotations

import importlib.util
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from voxpress import documents
from voxpress.documents import mobi
from voxpress.errors import InputError

DATA = Path(__file__).parent.parent / "data"
Unpack = Callable[[str], None]


@pytest.fixture
def extra() -> None:
    if importlib.util.find_spec("mobi") is None:
        pytest.skip(f"MOBI needs KindleUnpack: {mobi.INSTALL}")


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files; nothing is left in it."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def unpack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Unpack:
    """Put lines of Python in KindleUnpack's place."""

    def replace(lines: str) -> None:
        (tmp_path / "mobi.py").write_text(f"import os, tempfile\ndef extract(book):\n    {lines}\n")
        monkeypatch.syspath_prepend(tmp_path)

    return replace


def write_mobi(path: Path, *, kind: bytes = b"BOOKMOBI", encryption: int = 0) -> Path:
    """A file with the header of a MOBI, and a record."""
    head = b"Salt".ljust(60, b"\0") + kind + bytes(8) + struct.pack(">HLLH", 1, 88, 0, 0)
    path.write_bytes(head + struct.pack(">HHLHHHH", 1, 0, 0, 0, 4096, encryption, 0))
    return path


def read_or_refuse(path: Path) -> str:
    """The path of a book that can be read, or the message."""
    try:
        return str(documents.read(path).path)
    except InputError as error:
        return str(error)


@pytest.mark.parametrize(
    ("name", "chapters", "cover"),
    [
        (
            "salt.mobi",
            [
                ("The Sea", ["paragraph: The Sea", "paragraph: Salt & water. She said “café”."]),
                (
                    "The Land",
                    [
                        "paragraph: The Land",
                        "paragraph: Dry sand.",
                        "item: One.",
                        "item: Two.",
                        "paragraph: 1 A lake.",
                    ],
                ),
            ],
            "image/jpeg",
        ),
        (
            "salt.azw3",
            [
                ("The Sea", ["heading: The Sea", "paragraph: Salt & water. She said “café”."]),
                (
                    "The Land",
                    [
                        "heading: The Land",
                        "paragraph: Dry sand.",
                        "item: One.",
                        "item: Two.",
                        "note: A lake.",
                    ],
                ),
            ],
            "image/png",
        ),
    ],
)
@pytest.mark.usefixtures("extra")
def test_a_book_for_kindle(
    name: str, chapters: list[tuple[str, list[str]]], cover: str, scratch: Path
) -> None:
    book = documents.read(DATA / name)
    assert not list(scratch.iterdir())
    assert (book.title, book.creators, book.language) == ("Salt & Sand", ("Ann Sea",), "en")
    assert (book.publisher, book.published[:10], book.path) == ("Shore Press", "2020-02-03", DATA / name)
    assert (book.cover and book.cover.media_type, book.notes) == (cover, ())
    found = [
        (each.title, [f"{block.kind}: {block.plain}" for block in each.load()]) for each in book.chapters
    ]
    assert found == chapters
    assert [point.kind for point in book.chapters[0].load()[1].points] == ["note"]


@pytest.mark.parametrize("name", ["salt.mobi", "salt.azw3"])
@pytest.mark.parametrize("part", [0.01, 0.3, 0.6, 0.95])
@pytest.mark.usefixtures("extra")
def test_a_book_that_is_cut_off_is_refused_or_read(
    name: str, part: float, tmp_path: Path, scratch: Path
) -> None:
    data = (DATA / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(data[: int(len(data) * part)])
    assert str(path) in read_or_refuse(path)
    assert not list(scratch.iterdir())


@pytest.mark.usefixtures("extra")
def test_records_that_overlap_do_not_fill_the_disk(
    tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mobi, "LARGEST_TOTAL", 1 << 22)
    data = bytearray((DATA / "salt.mobi").read_bytes())
    (count,) = struct.unpack_from(">H", data, 76)
    picture = data.index(b"\xff\xd8\xff")
    data += bytes(1 << 20)
    for number in range(count):
        (at,) = struct.unpack_from(">L", data, 78 + 8 * number)
        if at > picture and number % 2:
            struct.pack_into(">L", data, 78 + 8 * number, picture)
    path = tmp_path / "book.mobi"
    path.write_bytes(data)
    assert str(path) in read_or_refuse(path)
    assert not list(scratch.iterdir())


def test_without_the_extra_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for name in ("book.mobi", "book.azw3", "book.zip"):
        with pytest.raises(InputError) as caught:
            documents.read(write_mobi(tmp_path / name))
        assert "pip install 'voxpress[mobi]'" in str(caught.value) and "Calibre" in str(caught.value)
        assert str(tmp_path / name) in str(caught.value)


@pytest.mark.parametrize("encryption", [1, 2, 256])
def test_a_protected_book_is_refused(tmp_path: Path, encryption: int) -> None:
    with pytest.raises(InputError, match=r"book\.azw: is protected \(DRM\)"):
        documents.read(write_mobi(tmp_path / "book.azw", encryption=encryption))


@pytest.mark.parametrize("data", [b"", b"x" * 50, b"\xff" * 200, b"PK\3\4" + bytes(100)])
def test_what_is_no_book_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "book.mobi").write_bytes(data)
    with pytest.raises(InputError, match=r"book\.mobi: is no MOBI"):
        documents.read(tmp_path / "book.mobi")


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("raise ValueError", "is damaged"),
        ("os.abort()", "is damaged"),
        ("bytearray(1 << 40)", "is damaged"),
        ("while True: pass", "could not be unpacked within 1 s"),
        ("import time; time.sleep(99)", "could not be unpacked within 1 s"),
        ("while True: open(tempfile.mkstemp()[1], 'wb').write(bytes(1 << 18))", "unpacks to more than"),
        ("[tempfile.mkstemp() for _ in range(200)]; import time; time.sleep(99)", "unpacks to more than"),
        ("open(tempfile.mkstemp()[1], 'wb').write(bytes(1 << 24))", "is damaged|unpacks to more than"),
        ("pass", "holds no book"),
        ("open(tempfile.mkdtemp() + '/book.001.pdf', 'wb').close()", "pictures of pages"),
        ("os.makedirs(os.path.join(tempfile.mkdtemp(), 'mobi8/book.epub'))", "holds no book|zip archive"),
    ],
)
def test_a_process_that_fails_or_takes_too_much(
    unpack: Unpack, tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch, lines: str, problem: str
) -> None:
    monkeypatch.setattr(mobi, "LARGEST_TOTAL", 1 << 22)
    monkeypatch.setattr(mobi, "MOST_FILES", 100)
    monkeypatch.setattr(mobi, "_PATIENCE", 1.0)
    unpack(lines)
    path = write_mobi(tmp_path / "book.mobi")
    with pytest.raises(InputError, match=problem) as caught:
        documents.read(path)
    assert str(path) in str(caught.value)
    assert not list(scratch.iterdir())


def test_keys_of_services_are_not_seen_by_the_process(
    unpack: Unpack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    unpack(f"open({str(tmp_path / 'seen')!r}, 'w').write(str(sorted(os.environ)))")
    with pytest.raises(InputError):
        documents.read(write_mobi(tmp_path / "book.mobi"))
    assert "OPENAI" not in (tmp_path / "seen").read_text()
