"""Books from chapters: every packet is copied, every chapter begins where its sound does, and players find the tags."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from voxpress.audio import audiobooks
from voxpress.audio.audiobooks import (
    Track,
    chapter_titles,
    list_others,
    name_folder,
    name_track,
    write_m4b,
    write_tracks,
)
from voxpress.audio.codec import decode, encode
from voxpress.audio.mp4 import boxes
from voxpress.audio.mp4 import packets as mp4
from voxpress.audio.mp4.writing import write_mp4
from voxpress.audio.tags import Tags, to_comments, to_id3
from voxpress.audio.waveform import Audio
from voxpress.errors import InputError, StoreError
from voxpress.files.paths import safe_path
from voxpress.speech import Output

RATE = 44_100
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 400
"""100 kB, more than a page of Ogg holds."""
PNG = b"\x89PNG\r\n\x1a\n" + bytes(2000)
TAGS = Tags(
    title="Emma & Söhne",
    subtitle="A novel",
    authors=("Jane Austen", "Homer"),
    narrators=("Amy",),
    series="Les Œuvres",
    position="2",
    published="1815-12-23",
    publisher="Vox House",
    description="One line.\nAnd “another”.",
    language="en-GB",
    isbn="9780141439587",
    rights="Public domain",
)


def chirp(count: int, start: float = 300.0, rate: int = RATE) -> Audio:
    """A tone that rises, so that a shift by one sample shows."""
    time = np.arange(count) / rate
    return Audio((0.3 * np.sin(2 * np.pi * (start * time + 400 * time**2))).astype(np.float32), rate)


def clip(audio: Audio, format: str = "m4a", bit_rate: int | None = None) -> bytes:
    return encode(audio, Output(format=format, sample_rate=audio.sample_rate, bit_rate=bit_rate, title="old"))


def packets(data: bytes) -> list[bytes]:
    with av.open(io.BytesIO(data), "r") as file:
        return [bytes(each) for each in file.demux(audio=0) if each.size]


def chapters(path: Path) -> list[tuple[float, float, str]]:
    with av.open(str(path)) as file:
        return [
            (
                float(each["start"] * (each["time_base"] or 0)),
                float(each["end"] * (each["time_base"] or 0)),
                each["metadata"]["title"],
            )
            for each in file.chapters()
        ]


LENGTHS = ([1, 44_100, 1024], [1023, 1025, 2048, 3000], [90_001, 12, 70_000], [30_000])


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
def test_a_book_is_its_chapters_packet_by_packet_and_each_begins_where_it_says(tmp_path, lengths):
    sounds = [chirp(count, 300 + 200 * number) for number, count in enumerate(lengths)]
    clips = [clip(each) for each in sounds]
    book = tmp_path / "book.m4b"
    starts = write_m4b(book, [Track(f"Chapter {n}", each) for n, each in enumerate(clips, 1)], TAGS)
    # Of a clip, FFmpeg leaves out a last packet of less than a millisecond.
    copied = b"".join(each for one in clips for each in mp4.read_packets(one).read())
    assert b"".join(packets(book.read_bytes())) == copied
    whole = decode(book.read_bytes()).samples
    places = [round(start * RATE) for start in starts]
    for place, sound, one in zip(places, sounds, clips, strict=True):
        alone = decode(one).samples[: len(sound.samples)]
        count = len(alone)
        heard = whole[place : place + count]
        if count > 10_000:
            fits = [
                np.dot(sound.samples[8 : count - 8], heard[8 + lag : count - 8 + lag]) for lag in range(-8, 9)
            ]
            assert np.argmax(fits) == 8
        # The decoder's own noise in a few bands depends on what came before.
        assert np.square(heard - alone).sum() <= 1e-6 * count
    listed = chapters(book)
    ends = [*starts[1:], starts[-1] + lengths[-1] / RATE]
    assert [title for *_, title in listed] == [f"Chapter {n}" for n in range(1, len(lengths) + 1)]
    np.testing.assert_allclose(
        [(a, b) for a, b, _ in listed], list(zip(starts, ends, strict=True)), atol=1e-6
    )
    # Between chapters is nothing but the rest of a packet and the encoder's delay.
    gaps = [after - place - count for place, after, count in zip(places, places[1:], lengths, strict=False)]
    assert all(1024 <= gap < 2048 for gap in gaps)


def test_no_click_where_loud_chapters_meet(tmp_path):
    loud = chirp(30_000)
    book = tmp_path / "book.m4b"
    _, second = write_m4b(book, [Track("1", clip(loud)), Track("2", clip(loud))], TAGS)
    whole, alone = decode(book.read_bytes()).samples, decode(clip(loud)).samples
    joint = slice(round(second * RATE), round(second * RATE) + 4096)
    np.testing.assert_allclose(whole[joint], alone[:4096], atol=0.002)


def test_time_stamps_have_no_gap_and_the_index_stands_first(tmp_path):
    book = tmp_path / "book.m4b"
    write_m4b(book, [Track(str(n), clip(chirp(20_000 + n))) for n in range(5)], TAGS)
    with av.open(str(book)) as file:
        times = [each.pts or 0 for each in file.demux(audio=0) if each.size]
        assert np.unique(np.diff(times)).tolist() == [1024]
        assert file.streams.audio[0].language == "eng"
    data = book.read_bytes()
    names = [name for name, _ in boxes.read_boxes(data)]
    assert names == [b"ftyp", b"moov", b"mdat"] and data[8:12] == b"M4B "


def test_the_same_chapters_give_the_same_bytes(tmp_path):
    tracks = [Track("1", clip(chirp(9_000)))]
    for name in ("a.m4b", "b.m4b"):
        write_m4b(tmp_path / name, tracks, TAGS)
    assert (tmp_path / "a.m4b").read_bytes() == (tmp_path / "b.m4b").read_bytes()


@pytest.mark.parametrize("number", [1, 255, 256, 1000])
def test_any_number_of_chapters(tmp_path, number):
    book = tmp_path / "book.m4b"
    one = Track("Überschrift “1”", clip(chirp(1)))
    starts = write_m4b(book, [one] * number, TAGS)
    assert [start for start, *_ in chapters(book)] == pytest.approx(starts, abs=1e-6)


def test_a_book_beyond_4_gib():
    """Offsets need 64 bits there. Nobody waits for the bytes themselves here."""
    part = mp4.read_packets(clip(chirp(RATE)))
    huge = [replace(part, sizes=part.sizes * 20_000)] * 40
    head = next(write_mp4(huge, b""))
    index = mp4._read_index(io.BytesIO(head))
    table = dict(boxes.read_boxes(boxes.find_box(index, b"trak", b"mdia", b"minf", b"stbl")))
    assert b"stco" not in table
    sizes = np.concatenate([each.sizes for each in huge])
    assert mp4._find_pieces(table, sizes) == [(len(head), int(sizes.sum(dtype=np.int64)))]


# Tags


def test_tags_of_a_book(tmp_path):
    book = tmp_path / "book.m4b"
    tags = replace(TAGS, cover=JPEG)
    write_m4b(book, [Track("One", clip(chirp(9_000)))], tags)
    with av.open(str(book)) as file:
        found = {name.lower(): value for name, value in file.metadata.items()}
        assert [bytes(each) for each in file.demux(video=0) if each.size] == [JPEG]
    expected = {
        "title": TAGS.title, "album": TAGS.title, "artist": "Jane Austen; Homer", "album_artist": "Jane Austen; Homer",
        "composer": "Amy", "subtitle": "A novel", "series": "Les Œuvres", "series-part": "2", "date": "1815",
        "publisher": "Vox House", "description": TAGS.description, "language": "en-GB", "genre": "Audiobook",
        "isbn": TAGS.isbn, "copyright": "Public domain", "media_type": "2", "major_brand": "M4B ",
    }  # fmt: skip
    assert expected.items() <= found.items()
    assert "track" not in found


@pytest.mark.parametrize("cover", [b"", JPEG, PNG], ids=["none", "jpeg", "png"])
@pytest.mark.parametrize("format", ["mp3", "m4a", "opus"])
def test_files_of_chapters_keep_their_sound_and_get_tags(tmp_path, format, cover):
    rate = 48_000 if format == "opus" else RATE
    clips = [clip(chirp(20_000 + 999 * n, rate=rate), format) for n in range(3)]
    tags = replace(TAGS, cover=cover)
    source = tmp_path / "first"
    source.write_bytes(clips[0])
    titles = ("Part One", "I: “Why?”", "Emma & Söhne")
    tracks = [Track(title, each) for title, each in zip(titles, [source, *clips[1:]], strict=True)]
    paths = write_tracks(tmp_path / "book", tracks, tags)
    assert [path.name for path in paths] == [
        f"01 - Part One.{format}", f"02 - I - “Why”.{format}", f"03 - Emma & Söhne.{format}"
    ]  # fmt: skip
    for number, (path, before) in enumerate(zip(paths, clips, strict=True), 1):
        data = path.read_bytes()
        assert packets(data) == packets(before)
        np.testing.assert_array_equal(decode(data).samples, decode(before).samples)
        with av.open(str(path)) as file:
            found = file.metadata or file.streams.audio[0].metadata
            found = {name.lower(): value for name, value in found.items()}
            pictures = [bytes(each) for each in file.demux(video=0) if each.size] if cover else []
        assert pictures == ([cover] if cover else [])
        assert found["title"] == ("Part One", "I: “Why?”", "3. Emma & Söhne")[number - 1]
        assert found["track"] in (f"{number}/3", str(number))
        assert found["album"] == TAGS.title and found["composer"] == "Amy" and found["series-part"] == "2"
        assert found.get("description", found.get("comment")) == TAGS.description
        assert found["language"] == ("eng" if format == "mp3" else "en-GB")
        assert "old" not in found.values()
    covers = [path.name for path in paths[0].parent.glob("cover.*")]
    assert covers == {b"": [], JPEG: ["cover.jpg"], PNG: ["cover.png"]}[cover]


@pytest.mark.parametrize("format", ["mp3", "m4a", "opus"])
def test_tags_can_be_written_again_in_place(tmp_path, format):
    rate = 48_000 if format == "opus" else RATE
    (path,) = write_tracks(
        tmp_path, [Track("Old", clip(chirp(9_000, rate=rate), format))], Tags(title="Old", cover=JPEG)
    )
    sound = packets(path.read_bytes())
    (again,) = write_tracks(tmp_path, [Track("Old", path)], Tags(title="New"))
    assert again == path and packets(path.read_bytes()) == sound
    assert path.stat().st_size < 60_000, "the former cover is still there"


@pytest.mark.parametrize("text", ["a\0b", "\x1b[31mred", "x\ud800y", "  spaces \r\n"])
def test_control_characters_do_not_get_into_tags(text):
    tags = Tags(title=text, authors=(text,))
    values = [*to_comments(tags).values(), to_id3(tags)[10:].decode("latin-1").rpartition("TPE1")[2]]
    assert not any(sign in value for value in values[:-1] for sign in "\0\x1b\ud800\r")


@pytest.mark.parametrize(
    ("published", "year"),
    [("1815-12-23", "1815"), ("1815", "1815"), ("2021-01-01T00Z", "2021"), ("c. 1815", ""), ("18151223", "")],
)
def test_the_year_of_a_date(published, year):
    assert Tags(title="x", published=published).year == year


def test_a_chapter_under_its_former_title_is_found(tmp_path):
    one, two = (clip(chirp(9_000 + n), "mp3") for n in range(2))
    write_tracks(tmp_path, [Track("One", one), Track("Old", two)], replace(TAGS, cover=JPEG))
    paths = write_tracks(tmp_path, [Track("One", one), Track("New", two)], replace(TAGS, cover=JPEG))
    assert [path.name for path in list_others(tmp_path, paths)] == ["02 - Old.mp3"]


def test_a_cover_in_another_format_is_refused():
    for cover in (b"GIF89a" + bytes(100), b"RIFF....WEBPVP8 ", b"<svg/>"):
        with pytest.raises(InputError, match="neither JPEG nor PNG"):
            Tags(title="x", cover=cover)


# Titles and names


@pytest.mark.parametrize(
    ("tracks", "titles"),
    [
        ([("Chapter 1", 1), ("Chapter 2", 1)], ["Chapter 1", "Chapter 2"]),
        ([("A", 1), ("1", 2), ("B", 1), ("1", 2)], ["A", "A: 1", "B", "B: 1"]),
        ([("A", 1), ("x", 2), ("1", 3), ("y", 2), ("1", 3)], ["A", "x", "A: x: 1", "y", "A: y: 1"]),
        ([("1", 2), ("1", 2)], ["1. 1", "2. 1"]),
        ([("", 1), (" ", 1)], ["1.", "2."]),
        ([("The\n Book ", 1), ("End", 1)], ["1. The Book", "End"]),
    ],
)
def test_titles_differ(tracks, titles):
    found = chapter_titles([Track(title, b"", level) for title, level in tracks], "The Book")
    assert found == titles and len(set(found)) == len(found)


ODD = [
    "CON",
    "nul.txt",
    "..",
    "a/b\\c",
    "...",
    "",
    "???",
    "日本語" * 60,
    "long " * 60,
    "\u202eevil",
    "é" * 200,
    "x.",
    "C:\\x",
]


@pytest.mark.parametrize("title", ODD)
def test_odd_titles_are_names_that_every_system_can_have(title):
    name = name_track(7, 12, title)
    assert name.startswith("07") and safe_path(f"{name}.mp3") == f"{name}.mp3"
    folder = name_folder(Tags(title=title, authors=(title,), series=title, narrators=(title,), position="1"))
    assert safe_path(f"{folder}/{name}.mp3") and folder.count("/") <= 2


@pytest.mark.parametrize(
    ("tags", "folder"),
    [
        (Tags(title="Emma"), "Emma"),
        (Tags(title="Emma", series="Works", position="1"), "Emma"),
        (Tags(title="Emma", authors=("Jane Austen",), published="1815"), "Jane Austen/1815 - Emma"),
        (
            Tags(title="It: 2", authors=("A B", "C D"), series="S", position="0.5", narrators=("Amy",)),
            "A B; C D/S/Vol 0.5 - It - 2 {Amy}",
        ),
        (Tags(title="T", authors=("A",), series="S", position="IV"), "A/S/T"),
    ],
)
def test_folders_as_audiobookshelf_reads_them(tags, folder):
    assert name_folder(tags) == folder


# What cannot be joined


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (clip(chirp(9_000, rate=24_000)), "24000 Hz"),
        (clip(chirp(9_000), "mp3"), "no MP4 file"),
        (clip(chirp(9_000), "wav"), "no MP4 file"),
        (b"", "no MP4 file"),
        (clip(chirp(90_000))[:-500], "no MP4 file, or not a whole one|cut off"),
        (Path("/nowhere/x.m4a"), "cannot be read"),
    ],
)  # fmt: skip
def test_a_chapter_that_does_not_fit_is_named_and_nothing_is_written(tmp_path, source, message):
    book = tmp_path / "book.m4b"
    book.write_bytes(b"former")
    good = Track("One", clip(chirp(9_000)))
    with pytest.raises(InputError, match=f"chapter 2, 'Two': .*({message})"):
        write_m4b(book, [good, Track("Two", source)], TAGS)
    assert book.read_bytes() == b"former" and [*tmp_path.iterdir()] == [book]


def test_a_file_that_shrinks_meanwhile_leaves_the_former_book(tmp_path, monkeypatch):
    book, source = tmp_path / "book.m4b", tmp_path / "1.m4a"
    book.write_bytes(b"former")
    source.write_bytes(clip(chirp(90_000)))
    read = mp4.read_packets

    def read_and_cut(one):
        found = read(one)
        source.write_bytes(source.read_bytes()[:2000])
        return found

    monkeypatch.setattr(audiobooks, "read_packets", read_and_cut)
    with pytest.raises(InputError, match="ends too early"):
        write_m4b(book, [Track("One", source)], TAGS)
    assert book.read_bytes() == b"former" and len([*tmp_path.iterdir()]) == 2


def test_no_chapters_and_other_formats_are_errors(tmp_path):
    for write in (write_m4b, write_tracks):
        with pytest.raises(InputError, match="at least one chapter"):
            write(tmp_path / "x", [], TAGS)
    for format in ("wav", "flac", "ogg"):
        with pytest.raises(InputError, match="chapter 1, 'One'"):
            write_tracks(tmp_path / "x", [Track("One", clip(chirp(9_000), format))], TAGS)
    with pytest.raises(StoreError, match="cannot write"):
        write_m4b(tmp_path, [Track("One", clip(chirp(9_000)))], TAGS)


def test_damaged_indexes_end_in_an_error_or_in_packets():
    """Whatever a byte of the index becomes, nothing but `InputError` is raised, and no memory is eaten."""
    good = clip(chirp(9_000))
    end = good.index(b"mdat")
    for place, value in itertools.product(range(20, end), (0, 0x7F, 0xFF)):
        data = bytearray(good)
        data[place] = value
        with contextlib.suppress(InputError):
            assert len(mp4.read_packets(bytes(data)).sizes)


@pytest.mark.parametrize("cut", [1, 100, 5000])
def test_a_damaged_opus_chapter_is_named(tmp_path, cut):
    whole = clip(chirp(90_000, rate=48_000), "opus")
    with pytest.raises(InputError, match="chapter 1, 'One': it is no whole Ogg file"):
        write_tracks(tmp_path, [Track("One", whole[:-cut])], TAGS)
    assert [*tmp_path.iterdir()] == []


def test_a_cover_of_megabytes_in_opus(tmp_path):
    """Its comments are hundreds of pages."""
    cover = JPEG * 100
    (path,) = write_tracks(
        tmp_path, [Track("1", clip(chirp(9_000, rate=48_000), "opus"))], replace(TAGS, cover=cover)
    )
    with av.open(str(path), "r") as file:
        assert [bytes(each) for each in file.demux(video=0) if each.size] == [cover]
    write_tracks(tmp_path, [Track("1", path)], TAGS)
    assert path.stat().st_size < 60_000


@pytest.mark.slow
def test_eleven_hours_in_ten_seconds(tmp_path):
    chapter = tmp_path / "chapter.m4a"
    chapter.write_bytes(clip(chirp(RATE * 600)))
    program = f"""
import resource, sys, time
from pathlib import Path
from voxpress.audio.audiobooks import Tags, Track, write_m4b
before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
write_m4b({str(tmp_path / "book.m4b")!r}, [Track(str(n), Path({str(chapter)!r})) for n in range(66)], Tags(title="x"))
print(time.monotonic() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    seconds, kilobytes = map(float, done.stdout.split())
    assert seconds < 10 and kilobytes < 150_000


@pytest.mark.clients
def test_ffprobe_reads_a_book_as_audiobookshelf_asks_it(tmp_path):
    """Audiobookshelf reads books through ``ffprobe`` alone."""
    if not shutil.which("ffprobe"):
        pytest.skip("no ffprobe: apt-get install ffmpeg")
    book = tmp_path / "book.m4b"
    tracks = [Track("One", clip(chirp(50_000))), Track("Two", clip(chirp(60_000)))]
    starts = write_m4b(book, tracks, replace(TAGS, cover=JPEG))
    run = ["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_chapters", "-show_streams", book]
    found = json.loads(subprocess.run(run, capture_output=True, check=True).stdout)
    assert [each["tags"]["title"] for each in found["chapters"]] == ["One", "Two"]
    assert [float(each["start_time"]) for each in found["chapters"]] == pytest.approx(starts, abs=1e-5)
    assert float(found["format"]["duration"]) == pytest.approx(starts[1] + 60_000 / RATE, abs=1e-5)
    assert {"SERIES": "Les Œuvres", "SERIES-PART": "2", "composer": "Amy"}.items() <= found["format"][
        "tags"
    ].items()
    assert [each["codec_name"] for each in found["streams"] if each["codec_type"] == "video"] == ["mjpeg"]
