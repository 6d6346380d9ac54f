"""Transcripts, chapters, show notes and covers of episodes."""

from __future__ import annotations

import io
import re
import struct
from pathlib import Path

import av
import msgspec
import numpy as np
import pytest
from lxml import html
from markdown_it import MarkdownIt

from voxpress.audio.tags import Chapter
from voxpress.audio.waveform import tone
from voxpress.documents.scripts import Script, Turn
from voxpress.marks import locate, time_text, time_words
from voxpress.marks.script import Script as Spoken
from voxpress.marks.script import TimedText
from voxpress.publish.podcast import notes
from voxpress.publish.podcast.chapters import write_chapters
from voxpress.publish.podcast.cover import doubt_cover, is_whole, measure_picture
from voxpress.publish.podcast.head import NamedSound, Person
from voxpress.publish.podcast.notes import Notes, find_links
from voxpress.publish.podcast.transcripts import FORMATS, Said, Transcript
from voxpress.rendering.library import run
from voxpress.rendering.plan import Plan
from voxpress.rendering.planner import Planner
from voxpress.speech import Seconds, Speaker, Utterance
from voxpress.store import Store

LONG = "In today's episode, you'll learn whether or not you should have a podcast trailer, and what it says. Ready?"


def say(speaker: str, text: str, at: Seconds, duration: Seconds, language: str = "") -> Said:
    spoken = Spoken.of([text])
    marks = locate(time_words(tone([440], duration, 8000), text), spoken)
    return Said(
        speaker, TimedText(text=text, shown=spoken.show(), duration=duration, marks=marks), at, language
    )


TALK = Transcript(
    title="Salt & <Sea>",
    language="en",
    said=[
        say("Sarah", LONG, 0.5, 8.0),
        say("Ann <b> & Co", "Hi --> you & <i>me</i>.", 9.0, 2.0),
        say("Ann <b> & Co", "Yes.", 11.5, 0.5),
        say("Bob", "No!", 11.75, 0.5, language="ar"),
        say("", "The end.", 14.0, 1.0),
    ],
    chapters=[Chapter("One", 0.0), Chapter("Two <2>", 9.0)],
)


def read_cues(text: str) -> list[tuple[str, str, list[str]]]:
    found = [block.split("\n") for block in text.strip().split("\n\n")]
    lines = [
        block[next(n for n, line in enumerate(block) if " --> " in line) :]
        for block in found
        if len(block) > 1
    ]
    return [(*line[0].split(" --> "), line[1:]) for line in lines]  # type: ignore[misc]


def test_webvtt_says_who_speaks_in_each_cue() -> None:
    text = FORMATS["vtt"].write(TALK)
    cues = read_cues(text)
    assert text.startswith("WEBVTT\n\n")
    assert [re.sub(r"<v ([^>]*)>.*", r"\1", cue[2][0]) for cue in cues[-4:]] == [
        "Ann &lt;b&gt; &amp; Co",
        "Ann &lt;b&gt; &amp; Co",
        "Bob",
        "The end.",
    ]
    assert all(len(cue[2]) == 1 and len(re.sub("<v [^>]*>", "", cue[2][0])) <= 65 for cue in cues)
    assert "--> you" not in text
    assert [cue[0] for cue in cues] == sorted(cue[0] for cue in cues)
    assert cues[-2][0] == "00:00:11.750"


def test_subrip_names_who_begins_to_speak() -> None:
    cues = read_cues(FORMATS["srt"].write(TALK))
    assert all(len(cue[2]) <= 2 and max(map(len, cue[2])) <= 32 for cue in cues)
    said = [" ".join(cue[2]) for cue in cues]
    assert said[0].startswith("Sarah: In today's episode")
    assert [each for each in said if each.startswith("Sarah:")] == said[:1]
    assert said[-4:] == ["Ann <b> & Co: Hi -- > you & <i>me</i>.", "Yes.", "Bob: No!", "The end."]
    assert " ".join(said[:-4]).removeprefix("Sarah: ") == LONG


def test_subrip_breaks_a_long_name_between_its_words() -> None:
    told = Transcript(title="Hats", said=[say("The Man with the Very Big Hat Indeed", "I am here.", 0, 2.0)])
    [cue] = read_cues(FORMATS["srt"].write(told))
    assert cue[2] == ["The Man with the Very Big", "Hat Indeed: I am here."]


def test_json_has_a_segment_for_each_sentence() -> None:
    told = msgspec.json.decode(FORMATS["json"].write(TALK))
    assert told["version"] == "1.0.0"
    segments = told["segments"]
    assert [each["body"] for each in segments[1:4]] == ["Ready?", "Hi --> you & <i>me</i>.", "Yes."]
    assert [each.get("speaker") for each in segments] == [
        "Sarah",
        "Sarah",
        *["Ann <b> & Co"] * 2,
        "Bob",
        None,
    ]
    assert segments[2]["startTime"] == 9.0
    assert segments[2]["endTime"] == 11.0


def test_html_is_a_page_with_speakers_and_times() -> None:
    page = html.document_fromstring(FORMATS["html"].write(TALK).encode())
    assert (page.get("lang"), page.get("dir")) == ("en", "ltr")
    assert page.findtext(".//h1") == page.findtext(".//title") == "Salt & <Sea>"
    assert [each.text for each in page.iter("h2")] == ["One", "Two <2>"]
    assert [each.text for each in page.iter("cite")] == ["Sarah:", "Ann <b> & Co:", "Ann <b> & Co:", "Bob:"]
    assert [each.text for each in page.iter("time")] == ["0:00", "0:09", "0:11", "0:11", "0:14"]
    paragraphs = list(page.iter("p"))
    assert [each.text for each in paragraphs][1:3] == ["Hi --> you & <i>me</i>.", "Yes."]
    assert (paragraphs[3].get("lang"), paragraphs[3].get("dir")) == ("ar", "rtl")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Welcome to the show. Today we talk of salt.", "Welcome to the show. Today we talk of salt."),
        ("One is here.\n\nTwo is there.", "One is here. Two is there."),
        ("你好，世界。我们谈谈海。", "你好，世界。我们谈谈海。"),
        ("<speak>One is <emphasis>here</emphasis>. <break time='1s'/>Yes.</speak>", "One is here. Yes."),
    ],
)
def test_sentences_of_a_turn_are_apart_on_the_page(text: str, line: str) -> None:
    utterance = Utterance(text=text, markup="ssml" if "<" in text else "plain")
    plan = Planner(Speaker(engine="tone")).plan(utterance, filed=False)
    assert isinstance(plan, Plan)
    (result,) = run([plan], store=Store("memory:"), folder=None, workers=0)
    timed = time_text(result.clips[0], plan.recipe.script)
    page = html.document_fromstring(
        FORMATS["html"].write(Transcript(title="Talk", said=[Said("Ann", timed, 0.0)])).encode()
    )
    assert page.findtext(".//p") == line


@pytest.mark.parametrize("name", FORMATS)
def test_an_episode_without_words_has_empty_transcripts(name: str) -> None:
    assert FORMATS[name].write(Transcript(title="Music", said=[])) is not None


@pytest.mark.parametrize(
    "text", ["你好。今天天气很好，我们出去走走吧。", "สวัสดีครับ", "Straße – naïve…", "A\u200eB \u05d0"]
)
def test_all_scripts_keep_their_letters(text: str) -> None:
    talk = Transcript(title="T", said=[say("名前", text, 0, 3)])
    page = html.document_fromstring(FORMATS["html"].write(talk).encode())
    assert page.findtext(".//p") == text
    joined = "".join("".join(cue[2]) for cue in read_cues(FORMATS["srt"].write(talk))).removeprefix("名前:")
    assert joined.replace(" ", "") == text.replace(" ", "")


def test_chapters_are_in_order_and_say_their_pages() -> None:
    told = msgspec.json.decode(
        write_chapters(
            [Chapter("B", 61.23456, url="https://b.example/"), Chapter("A", 0.0)], show="Salt", file="a.mp3"
        )
    )
    assert told == {
        "version": "1.2.0",
        "podcastName": "Salt",
        "fileName": "a.mp3",
        "chapters": [
            {"startTime": 0.0, "title": "A"},
            {"startTime": 61.235, "title": "B", "url": "https://b.example/"},
        ],
    }


NOTES = Notes(
    description="Salt & <sea>.\nTwo lines.\n\nAnother *paragraph*.",
    language="de-AT",
    chapters=[Chapter("[1] Start", 0.0, url="https://example.org/1"), Chapter("End", 3723.0)],
    people={"Ann": Person(link='https://example.org/"a"'), "Bob": Person(role="guest")},
    sounds={
        "sea": NamedSound(file="sea.wav", credit="Eve", licence="CC BY 4.0"),
        "own": NamedSound(file="own.wav"),
    },
    links={"https://example.org/?a=1&b=2": "the map", "https://example.org/": ""},
)


def test_notes_are_html_that_says_everything() -> None:
    page = html.fragment_fromstring(notes.write_html(NOTES), create_parent="div")
    assert [each.text for each in page.iter("strong")] == ["Kapitel", "Mitwirkende", "Klänge", "Links"]
    assert [each.text_content() for each in page.iter("li")] == [
        "0:00 [1] Start",
        "1:02:03 End",
        "Ann",
        "Bob (guest)",
        "sea: Eve, CC BY 4.0",
        "the map",
        "https://example.org/",
    ]
    assert [each.get("href") for each in page.iter("a")] == [
        "https://example.org/1",
        'https://example.org/"a"',
        "https://example.org/?a=1&b=2",
        "https://example.org/",
    ]
    assert {each.tag for each in page.iter()} == {"div", "p", "br", "strong", "ul", "li", "a"}


def test_markdown_notes_say_the_same() -> None:
    written = MarkdownIt().render(notes.write_markdown(NOTES))
    page = html.fragment_fromstring(written, create_parent="div")
    same = html.fragment_fromstring(notes.write_html(NOTES), create_parent="div")
    assert [each.text_content() for each in page.iter("li")] == [
        each.text_content() for each in same.iter("li")
    ]
    assert [each.text_content() for each in page.iter("p")][1] == "Another *paragraph*."
    assert notes.write_markdown(Notes()) == notes.write_html(Notes()) == ""


@pytest.mark.parametrize(
    ("text", "links"),
    [
        (
            "See https://example.org/a_(b), or (https://example.org/c).",
            ["https://example.org/a_(b)", "https://example.org/c"],
        ),
        (
            "[Map](<https://example.org/m>) [x](https://example.org/x 'X')",
            ["https://example.org/m", "https://example.org/x"],
        ),
        ("https://example.org/?q=1&r=2#s! ftp://example.org http://", ["https://example.org/?q=1&r=2#s"]),
        (
            "**https://example.org/** „https://example.org/ä“",
            ["https://example.org/", "https://example.org/ä"],
        ),
        ('<a href="https://example.org/z">z</a>', ["https://example.org/z"]),
        ("[a](https://example.org/wiki/Salt_(sea)) b", ["https://example.org/wiki/Salt_(sea)"]),
    ],
)
def test_links_of_a_script(text: str, links: list[str]) -> None:
    script = Script(path=Path("one.md"), items=(Turn(speaker="Ann", text=text),))
    assert list(find_links(script)) == links


def make_jpeg(width: int, height: int) -> bytes:
    frame = struct.pack(">BBHBHHB", 0xFF, 0xC2, 11, 8, height, width, 1)
    return b"\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xdb\x00\x04cd" + frame


@pytest.mark.parametrize(
    ("picture", "size", "doubt"),
    [
        (make_jpeg(1400, 1400), (1400, 1400), ""),
        (make_jpeg(3000, 2000), (3000, 2000), "3000 x 2000"),
        (make_jpeg(4000, 4000), (4000, 4000), "4000 x 4000"),
        (b"\xff\xd8\xff", None, "cannot be read"),
        (b"\xff\xd8" + b"\xff" * 9, None, "cannot be read"),
        (b"\x89PNG\r\n\x1a\n\0\0", None, "cannot be read"),
        (b"GIF89a", None, "cannot be read"),
    ],
)
def test_covers_are_measured(picture: bytes, size: tuple[int, int] | None, doubt: str) -> None:
    assert measure_picture(picture) == size
    assert doubt in doubt_cover(picture) if doubt else not doubt_cover(picture)


def draw(codec: str, format: str) -> bytes:
    picture = av.VideoFrame.from_ndarray(
        np.arange(48 * 64 * 3, dtype=np.uint8).reshape(48, 64, 3), format="rgb24"
    )
    with av.open(file := io.BytesIO(), "w", format="image2pipe") as container:
        stream = container.add_stream(codec)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, format
        container.mux(stream.encode(picture.reformat(format=format)))
        container.mux(stream.encode())
    return file.getvalue()


@pytest.mark.parametrize(("codec", "format"), [("png", "rgb24"), ("mjpeg", "yuvj420p")])
def test_a_picture_without_its_end_is_damaged(codec: str, format: str) -> None:
    picture = draw(codec, format)
    assert measure_picture(picture) == (64, 48)
    assert is_whole(picture) and is_whole(picture + b"\0\0")
    assert not any(is_whole(picture[:size]) for size in range(len(picture) - 1))
    if codec == "png":
        assert not is_whole(picture.replace(b"IDAT", b"IDAT\0", 1))
        assert not is_whole(picture[:60] + bytes([picture[60] ^ 1]) + picture[61:])
