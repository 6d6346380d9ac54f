"""Subtitles: which cues a file has, what of them is spoken, and who says it."""

import codecs
import itertools
import time

import pytest

from voxpress.documents import subtitles
from voxpress.documents.subtitles import find_language_in_name, read
from voxpress.errors import InputError


def write(tmp_path, text, name="a.srt", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def read_texts(tmp_path, *texts, name="a.srt"):
    """Who says what in cues with these texts."""
    cues = [f"{n}\n00:00:{n:02},000 --> 00:00:{n + 1:02},000\n{text}\n" for n, text in enumerate(texts, 1)]
    found = read(write(tmp_path, "\n".join(cues), name))
    return [(cue.speaker, cue.text) for cue in found.cues]


def say(tmp_path, text):
    return [text for _, text in read_texts(tmp_path, text)]


ONE = "1\n00:00:01,000 --> 00:00:02,500\nHello.\n"


def test_what_a_cue_is(tmp_path):
    [cue] = read(write(tmp_path, ONE)).cues
    assert (cue.number, cue.line, cue.start, cue.end, cue.name, cue.text) == (1, 2, 1.0, 2.5, "1", "Hello.")


@pytest.mark.parametrize(
    "times",
    [
        "00:00:01,000 --> 00:00:02,500",
        "00:00:01.000 --> 00:00:02.500",
        "0:0:1,0 --> 0:0:2,5",
        "00:01 --> 00:02,5",
        "00:00:01,000-->00:00:02,500",
        " 00 : 00 : 01,000 --> 00 : 00 : 02,500 X1:1 X2:2",
        "00:00:01:000 -> 00:00:02:500",
    ],
)
def test_times_as_people_write_them(tmp_path, times):
    [cue] = read(write(tmp_path, f"1\n{times}\nHello.\n")).cues
    assert (cue.start, cue.end) == (1.0, 2.5)


@pytest.mark.parametrize(
    ("text", "cues"),
    [
        ("00:01,000 --> 00:02,000\nOne\n\n00:02,000 --> 00:03,000\nTwo", ["One", "Two"]),
        ("1\n00:01,000 --> 00:02,000\nOne\n2\n00:02,000 --> 00:03,000\nTwo", ["One", "Two"]),
        ("1\n00:01,000 --> 00:02,000\nIn\n\n1992\n\n2\n00:02,000 --> 00:03,000\nTwo", ["In 1992", "Two"]),
        ("00:01,000 --> 00:02,000\nIn\n1992\n00:02,000 --> 00:03,000\nTwo", ["In 1992", "Two"]),
        ("1\n00:01,000 --> 00:02,000\n\n\n2\n00:02,000 --> 00:03,000\nTwo", ["", "Two"]),
        ("1\n00:01,000 --> 00:02,000\nA --> B\n", ["A --> B"]),
    ],
)
def test_where_cues_of_subrip_end(tmp_path, text, cues):
    assert [cue.text for cue in read(write(tmp_path, text)).cues] == cues


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<i>Hello,</i>\n<font color=red>Ann</font>.", "Hello, Ann."),
        ("{\\an8}Salt &amp; pepper", "Salt & pepper"),
        ("2 <3,5> 1", "2 <3,5> 1"),
        ("One\\NTwo\\hthree", "One Two three"),
        ("日本\n語です", "日本語です"),
        ("[music]\nHello.", "Hello."),
        ("(door slams) Who is it?", "Who is it?"),
        ("Hello.\n(door slams)", "Hello."),
        ("The fee (about $5) is low.", "The fee (about $5) is low."),
        ("The fee\n(about $5) is low.", "The fee (about $5) is low."),
        ("He left. (It was late.)", "He left. (It was late.)"),
        ("He said [inaudible], then left.", "He said, then left."),
        ("【門聲】誰？", "誰？"),
        ("（門聲）誰？", "誰？"),
        ("*sighs* I know.", "I know."),
        ("I *really* know.", "I really know."),
        ("♪ la la\nla ♪", ""),
        ("♪ la la ♪ Stop it!", "Stop it!"),
        ("# la la la #", ""),
        ("Press # and 1.", "Press # and 1."),
        ("...", ""),
        ("-5 degrees", "-5 degrees"),
    ],
)
def test_what_is_spoken(tmp_path, text, said):
    assert say(tmp_path, text) == [said]


def test_what_is_left_out_is_named_in_its_order(tmp_path):
    [cue] = read(write(tmp_path, "00:01 --> 00:02\n(door)\nHi [laughs]\n♪ la ♪")).cues
    assert (cue.text, cue.left_out) == ("Hi", ("(door)", "[laughs]", "♪ la ♪"))


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["ANN: Hello."], [("ANN", "Hello.")]),
        (["DR. SMITH (on phone): Hello."], [("DR. SMITH", "Hello.")]),
        (["MAN 2:\nHello."], [("MAN 2", "Hello.")]),
        (["[JOHN]: Hello."], [("JOHN", "Hello.")]),
        (["Note: this is late."], [("", "Note: this is late.")]),
        (["WARNING: hot."], [("", "WARNING: hot.")]),
        (["He said: go.", "He said: no."], [("", "He said: go."), ("", "He said: no.")]),
        (["At 10:30 we go."], [("", "At 10:30 we go.")]),
        (["PART ONE: THE SEA", "Hello."], [("", "PART ONE: THE SEA"), ("", "Hello.")]),
        (
            ["Ann: Hi.", "Bob: Hi.", "Ann: So.", "Bob: So."],
            [("Ann", "Hi."), ("Bob", "Hi."), ("Ann", "So."), ("Bob", "So.")],
        ),
        (["- Who?\n- Me."], [("", "Who?"), ("", "Me.")]),
        (["Who?\n- Me."], [("", "Who?"), ("", "Me.")]),
        (["- ANN: Who\nis it?\n- BOB: Me."], [("ANN", "Who is it?"), ("BOB", "Me.")]),
        (["I went\n– and then left."], [("", "I went – and then left.")]),
        (["&gt;&gt; ANN: Hi."], [("ANN", "Hi.")]),
        ([">> Hi."], [("", "Hi.")]),
        (
            ["小明：你好", "小红：你好", "小明：走", "小红：走"],
            [("小明", "你好"), ("小红", "你好"), ("小明", "走"), ("小红", "走")],
        ),
    ],
)
def test_who_speaks(tmp_path, texts, said):
    assert read_texts(tmp_path, *texts) == said


def test_two_who_speak_in_one_cue_share_its_times(tmp_path):
    cues = read(write(tmp_path, "00:01 --> 00:02\n- Who?\n- Me.")).cues
    assert [(cue.number, cue.start, cue.end, cue.begins_turn) for cue in cues] == [(1, 1.0, 2.0, True)] * 2


def test_a_name_that_stands_once_is_noted(tmp_path):
    texts = ["ANN: Hi.", "Gillian: Hi."]
    cues = [f"00:0{n} --> 00:0{n + 1}\n{text}\n" for n, text in enumerate(texts, 1)]
    found = read(write(tmp_path, "\n".join(cues)))
    assert found.cues[1].text == "Gillian: Hi."
    assert "cue 2 (line 4): 'Gillian' is read as text: no other cue begins with this name" in found.notes


def test_transcripts_name_a_speaker_once(tmp_path):
    texts = ["ANN: When you", "start.", "BOB: I see.", "- No."]
    assert [speaker for speaker, _ in read_texts(tmp_path, *texts)] == ["ANN", "ANN", "BOB", ""]


@pytest.mark.parametrize(
    "texts",
    [
        ["Hello.", "ANN: Hi.", "Where?"],  # captions name those who are not seen
        ["ANN: One.", "ANN: Two.", "Three."],  # every cue has a name
    ],
)
def test_speakers_are_not_carried_on_where_names_mean_something_else(tmp_path, texts):
    assert read_texts(tmp_path, *texts)[-1][0] == ""


VTT = (
    "WEBVTT\nLanguage: de\n\nNOTE no cue\n\nSTYLE\n::cue {}\n\nhi\n00:01.000 --> 00:02.000 align:start\n{}\n"
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<v Ann>x" * 9000, [("Ann", "x" * 9000)]),
        ("<v Ann>Hello</v>", [("Ann", "Hello")]),
        ("<v.loud.far Ann Lee>Hello", [("Ann Lee", "Hello")]),
        ("<v Ann>Who?\n<v Bob>Me.", [("Ann", "Who?"), ("Bob", "Me.")]),
        ("<00:01.500><c.x>Hel</c>lo &amp; all", [("", "Hello & all")]),
        ("<ruby>漢<rt>kan</rt>字<rt>ji</ruby>です", [("", "漢字です")]),
        ("<v Ann>Hi <i>there</v> you", [("Ann", "Hi there you")]),
    ],
)
def test_webvtt(tmp_path, text, said):
    found = read(
        write(tmp_path, VTT.replace("{}\n", text + "\n", 2).replace(f"::cue {text}", "::cue {}"), "a.vtt")
    )
    assert [(cue.speaker, cue.text) for cue in found.cues] == said
    assert (found.format, found.language, found.cues[0].name) == ("vtt", "de", "hi")


def test_languages_of_cues(tmp_path):
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\n<lang fr-ca>Bonjour</lang>\n"
    text += "\n00:02.000 --> 00:03.000\nA <lang fr>b</lang>\n"
    found = read(write(tmp_path, text, "a.vtt"))
    assert [cue.language for cue in found.cues] == ["fr-CA", ""]
    assert found.notes == ("cue 2 (line 6): is in several languages: read as one",)


def test_what_players_drop_is_dropped_with_a_note(tmp_path):
    text = "WEBVTT\n\n00:60.000 --> 00:61.000\nno\n\nalone\n"
    text += "\n00:01.000 --> 00:01.000\nhidden\n\n00:01.000 --> 00:02.000\nyes\n"
    found = read(write(tmp_path, text, "a.vtt"))
    assert [cue.text for cue in found.cues] == ["yes"]
    assert found.notes == (
        "cue 1 (line 3): dropped, as players do: its times cannot be read",
        "line 6: dropped, as players do: no times stand before it",
        "cue 2 (line 8): dropped, as players do: ends when it begins",
    )


ASS = """[Script Info]
Language: en
[V4+ Styles]
Format: Name, Fontname
Style: Default,Arial
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:01.00,Default,Ann,0,0,0,,to do
Dialogue: 0,0:00:01.00,0:00:02.50,Default,Ann,0,0,0,,{\\k20}One {\\i1}day,{\\i0}\\Nshe left.
Dialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,{\\p1}m 0 0 l 9 9{\\p0}
Dialogue: 0,0:00:05.00,0:00:06.00,Default,,0,0,0,,And then?
"""


def test_ass(tmp_path):
    found = read(write(tmp_path, ASS, "a.ass"))
    assert [(cue.start, cue.end, cue.speaker, cue.text) for cue in found.cues] == [
        (1.0, 2.5, "Ann", "One day, she left."),
        (5.0, 6.0, "", "And then?"),
    ]
    assert found.notes == ("1 comment is left out", "line 10: left out: a drawing, or nothing")
    assert (
        read(write(tmp_path, ASS.replace("Layer", "Marked").replace(": 0,", ": Marked=0,"), "a.ssa")).cues
        == found.cues
    )


TTML = """<?xml version="1.0"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttm="http://www.w3.org/ns/ttml#metadata" xml:lang="en"
 xmlns:ttp="http://www.w3.org/ns/ttml#parameter" xmlns:tts="http://www.w3.org/ns/ttml#styling" ttp:frameRate="25">
<head><ttm:agent xml:id="a" type="character"><ttm:name type="alias">Ann</ttm:name></ttm:agent></head>
<body><div begin="10s">{}</div></body></tt>"""


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ('<p begin="1s" end="2.5s">One<br/>two</p>', (11.0, 12.5, "", "One two", "")),
        ('<p begin="00:00:01:05" dur="500ms">One</p>', (11.2, 11.7, "", "One", "")),
        ('<p begin="00:00:01.25" end="50f" ttm:agent="a">One</p>', (11.25, 12.0, "Ann", "One", "")),
        ('<p begin="1s" end="2s" xml:lang="fr">Un</p>', (11.0, 12.0, "", "Un", "fr")),
        (
            '<p><span begin="1s" end="2s">One</span> <span begin="2s" end="3s">two</span></p>',
            (11.0, 13.0, "", "One two", ""),
        ),
        (
            '<p begin="1s" end="2s"><span tts:ruby="base">漢</span><span tts:ruby="text">kan</span></p>',
            (11.0, 12.0, "", "漢", ""),
        ),
        ('<p begin="1s" end="2s"><span ttm:role="sound">Bang</span> Oh!</p>', (11.0, 12.0, "", "Oh!", "")),
    ],
)
def test_ttml(tmp_path, text, cue):
    found = read(write(tmp_path, TTML.format(text), "a.ttml"))
    assert [(c.start, c.end, c.speaker, c.text, c.language) for c in found.cues] == [cue]
    assert (found.format, found.language) == ("ttml", "en")


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("film.en.vtt", "en"),
        ("film.pt-BR.srt", "pt-BR"),
        ("film.ger.forced.srt", "de"),
        ("film.en.hi.srt", "en"),
        ("film.srt", ""),
        ("en.srt", ""),
        ("part.one.srt", ""),
        ("film.2019.srt", ""),
    ],
)
def test_languages_of_files(name, language):
    assert find_language_in_name(name) == language


@pytest.mark.parametrize(
    "data",
    [
        codecs.BOM_UTF8 + "1\n00:01 --> 00:02\nGrüße 漢\n".encode(),
        codecs.BOM_UTF16_LE + "1\n00:01 --> 00:02\nGrüße 漢\n".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "1\n00:01 --> 00:02\nGrüße 漢\n".encode("utf-16-be"),
        "1\n00:01 --> 00:02\nGrüße 漢\n".encode("utf-16-le"),
        codecs.BOM_UTF32_LE + "1\n00:01 --> 00:02\nGrüße 漢\n".encode("utf-32-le"),
        b"1\r\r\n00:01 --> 00:02\r\r\nGr\xc3\xbc\xc3\x9fe \xe6\xbc\xa2\r\r\n",
        b"1\r00:01 --> 00:02\rGr\xc3\xbc\xc3\x9fe \xe6\xbc\xa2\r",
    ],
)
def test_encodings_that_show_themselves(tmp_path, data):
    assert [cue.text for cue in read(write(tmp_path, data)).cues] == ["Grüße 漢"]


def test_other_encodings_are_asked_for(tmp_path):
    path = write(tmp_path, "1\n00:01 --> 00:02\nJaké štěstí\n", encoding="cp1250")
    with pytest.raises(
        InputError, match=r"give the encoding in which line 3 makes sense: .*'Jaké štěstí' in cp1250"
    ):
        read(path)
    assert read(path, encoding="cp1250").cues[0].text == "Jaké štěstí"
    for encoding, problem in (
        ("cp9", "no encoding 'cp9'"),
        ("idna", "is not idna"),
        ("ascii", "is not ascii: line 3"),
    ):
        with pytest.raises(InputError, match=problem):
            read(path, encoding=encoding)


@pytest.mark.parametrize(
    ("text", "name", "problem"),
    [
        ("", "a.srt", "is empty"),
        (" \n\n", "a.vtt", "is empty"),
        (
            "Hello.\n",
            "a.srt",
            "holds no cue that can be read as srt; line 1: dropped: no times stand before it",
        ),
        ("WEBVTT\n\n", "a.vtt", "holds no cue that can be read as vtt"),
        ("1\n00:01 --> 00:02\nHi\n", "a.vtt", "is no WebVTT: it begins with '1', not with WEBVTT"),
        (
            "1\n00:02 --> 00:01\nHi\n",
            "a.srt",
            r"cue 1 \(line 2\) ends at 1.000 s, before it begins at 2.000 s",
        ),
        (
            "1\n00:0x:01 --> 00:02\nHi\n",
            "a.srt",
            r"cue 1 \(line 2\): '00:0x:01 --> 00:02' cannot be read as times",
        ),
        ("1\n00:01 --> 00:02\n" + "a" * 30_000, "a.srt", r"cue 1 \(line 2\) has 30,000 characters"),
        (ASS.replace("0:00:02.50", "soon"), "a.ass", r"cue 1 \(line 9\): its end 'soon' is no time"),
        (ASS.replace(",0,0,0,,And", ","), "a.ass", r"cue 2 \(line 11\) has 6 fields, not 10"),
        (TTML.format('<p begin="soon">a</p>'), "a.ttml", r"line 5: 'soon' is no time"),
        ("<tt", "a.ttml", "is not XML|no TTML|no cue"),
        ("Hello.", "a.doc", "is no file of subtitles that voxpress reads"),
        ("Hello.", "a.sup", "convert it to SRT"),
    ],
)
def test_what_is_refused(tmp_path, text, name, problem):
    path = write(tmp_path, text, name)
    with pytest.raises(InputError, match=problem) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_the_content_decides_before_the_name(tmp_path):
    assert read(write(tmp_path, VTT, "a.srt")).format == "vtt"
    assert read(write(tmp_path, ONE, "a.txt")).format == "srt"
    assert read(write(tmp_path, ASS, "a.txt")).format == "ass"
    assert read(write(tmp_path, TTML.format('<p end="1s">a</p>'), "a.xml")).format == "ttml"
    with pytest.raises(InputError, match="no subtitle format 'str'; did you mean 'srt'"):
        subtitles.read(write(tmp_path, ONE), "str")


def test_cues_that_overlap_or_stand_in_another_order(tmp_path):
    found = read(write(tmp_path, "00:03 --> 00:05\nC\n\n00:01 --> 00:02\nA\n\n00:04 --> 00:06\nD\n"))
    assert [(cue.number, cue.text) for cue in found.cues] == [(2, "A"), (1, "C"), (3, "D")]
    assert found.notes == (
        "the cues are not in the order of their times: they are spoken in that order",
        "cue 3 (line 7): begins before another one ends",
    )


def test_twenty_thousand_cues(tmp_path):
    cues = (
        f"{n}\n{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02},000 --> {n // 3600:02}:{n // 60 % 60:02}:{n % 60:02},900\n"
        "<i>It goes on</i> [sighs]\nand on, Ann: yes.\n"
        for n in range(1, 20_001)
    )
    path = write(tmp_path, "\n".join(cues))
    began = time.process_time()
    assert len(read(path).cues) == 20_000
    assert time.process_time() - began < 10


def test_a_file_of_another_size_is_refused(tmp_path):
    path = tmp_path / "a.srt"
    with path.open("wb") as stream:
        stream.truncate(50_000_000)
    with pytest.raises(InputError, match="has more than 32,000,000 bytes"):
        read(path)


YOUTUBE = f"""WEBVTT
Kind: captions
Language: en

00:00:00.320 --> 00:00:01.830 align:start position:0%
{" "}
hey<00:00:00.560><c> everyone</c><00:00:00.960><c> welcome</c>

00:00:01.830 --> 00:00:01.840 align:start position:0%
hey everyone welcome
{" "}

00:00:01.840 --> 00:00:03.590 align:start position:0%
hey everyone welcome
to<00:00:02.000><c> the</c><00:00:02.160><c> channel</c>

00:00:03.590 --> 00:00:03.600 align:start position:0%
to the channel
{" "}

00:00:03.600 --> 00:00:06.000 align:start position:0%
to the channel
[Music]
"""


def test_captions_that_roll_are_spoken_once(tmp_path):
    found = subtitles.read(write(tmp_path, YOUTUBE, "a.vtt"))
    assert [(cue.start, cue.text) for cue in found.cues] == [
        (0.32, "hey everyone welcome"),
        (1.84, "to the channel"),
        (3.6, ""),
    ]
    assert found.cues[2].left_out == ("[Music]",)
    assert found.notes == ("the captions roll: what a cue repeats of the one before is spoken once",)


@pytest.mark.parametrize("voice", ["<v Ann>{}", "{}", "<lang en>{}</lang>"])
def test_lines_of_captions_that_roll_up(tmp_path, voice):
    lines = ["One two", "three", "four five", "six", "seven"]
    shown = ["\n".join(voice.format(line) for line in pair) for pair in itertools.pairwise(lines)]
    text = "".join(
        f"00:0{number}.000 --> 00:0{number + 1}.000\n{both}\n\n" for number, both in enumerate(shown)
    )
    found = subtitles.read(write(tmp_path, f"WEBVTT\n\n{text}", "a.vtt"))
    assert [cue.text for cue in found.cues] == ["One two three", "four five", "six", "seven"]


@pytest.mark.parametrize(
    "said",
    [
        ["No.", "No.", "Yes.", "Ha.", "Ha.", "So.", "Go."],
        ["No.", "No.", "No."],
        ["La.", "La."],
        ["A\nB", "B\nC", "D"],
    ],
)
def test_what_people_say_again_is_spoken_again(tmp_path, said):
    cues = read_texts(tmp_path, *said)
    assert [text for _, text in cues] == [each.replace("\n", " ") for each in said]


@pytest.mark.parametrize(
    ("text", "noted"),
    [
        ("Where to?\n你要去哪里？", True),
        ("どこへ？\nWhere to?", True),
        ("你好\n再见", False),
        ("iPhone 很好\nOK", False),
        ("Where to?\nHome.", False),
    ],
)
def test_cues_in_two_languages_are_noted(tmp_path, text, noted):
    found = subtitles.read(write(tmp_path, f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n"))
    assert any("lines in two scripts" in note for note in found.notes) == noted


@pytest.mark.parametrize("name", ["Gillian", "GILLIAN", "gillian"])
def test_a_name_that_was_given_a_voice_needs_to_stand_once(tmp_path, name):
    path = write(tmp_path, "00:01 --> 00:02\nGillian: Hi.\n\n00:02 --> 00:03\nNote: it is late.")
    cue = subtitles.read(path, names=[name]).cues[0]
    assert (cue.speaker, cue.text) == ("Gillian", "Hi.")
    assert subtitles.read(path).cues[0].speaker == ""
