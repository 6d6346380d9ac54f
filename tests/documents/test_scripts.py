"""Scripts: turns, directions and headings, in every way of writing them."""

import json
import re
import time

import pytest

from voxpress.documents import scripts
from voxpress.documents.scripts import TOGETHER, BedEnd, Heading, LeftOut, Pause, SoundCue, Turn
from voxpress.errors import InputError


@pytest.fixture
def read(tmp_path):
    def read(text, name="talk.md", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return scripts.read(path)

    return read


def spoken(script):
    return [(turn.speaker, turn.text) for turn in script.items if isinstance(turn, Turn)]


def left_out(script):
    return [(item.text, item.line) for item in script.items if isinstance(item, LeftOut)]


def others(script):
    return [item for item in script.items if not isinstance(item, Turn | LeftOut)]


EPISODE = """---
title: Salt
cast:
  Ann: af_heart
  Bob: am_adam
sounds: {intro: intro.mp3, theme: theme.flac}
---
# One

[intro]
[bed: theme, -18 dB]

**Ann:** Hello *there*, and
welcome.

Second paragraph.

**Bob** (speed 1.1, gain -3dB): Hi!

[overlap 0.3s]
**Ann:** Yes?
---
[bed off]
Bob: [pause 1.5s] Well.
"""


def test_an_episode(read):
    script = read(EPISODE)
    assert script.head["title"] == "Salt"
    assert script.head["cast"] == {"Ann": "af_heart", "Bob": "am_adam"}
    assert script.items == (
        Heading(title="One", line=8),
        SoundCue(name="intro", line=10),
        SoundCue(name="theme", kind="bed", gain=-18.0, line=11),
        Turn(
            speaker="Ann",
            text="Hello *there*, and\nwelcome.\n\nSecond paragraph.",
            markup="markdown",
            line=13,
        ),
        Turn(speaker="Bob", text="Hi!", markup="markdown", speed=1.1, gain=-3.0, line=18),
        Turn(speaker="Ann", text="Yes?", markup="markdown", gap=-0.3, line=21),
        Pause(duration=2.0, line=22),
        BedEnd(line=23),
        Pause(duration=1.5, line=24),
        Turn(speaker="Bob", text="Well.", markup="markdown", line=24),
    )
    assert script.notes == ()


@pytest.mark.parametrize(
    "line",
    [
        "**Ann:** Hello.",
        "**Ann**: Hello.",
        "__Ann:__ Hello.",
        "Ann: Hello.",
        "ANN: Hello.",
        "- Ann: Hello.",
        "Ann： Hello.",
        "[Ann]: Hello.",
        "Ann (V.O.): Hello.",
        "Ann:Hello.",
        "[00:01:02] Ann: Hello.",
        "1. **Ann:** Hello.",
        "Ann:\nHello.",
        "**ANN** (CONT'D)\nHello.",
        "ANN\nHello.",
        ':::{voice="Ann"}\nHello.\n:::',
    ],
)
def test_names(read, line):
    assert spoken(read(f"---\ncast: [Ann]\n---\n{line}\n")) == [("Ann", "Hello.")]


@pytest.mark.parametrize(
    "text",
    [
        "Note: it rains.",
        "PS: it rains.",
        "P.S.: it rains.",
        "10:30 we begin.",
        "https://example.org is up.",
        "Here is the thing: it rains.",
        "And remember: it rains.",
        "We said two things: it rains.",
        "He came home. Then: rain.",
        "std::string is a type.",
        "Warning: rain.\nWarning: wind.",
        "Example 1: rain.",
    ],
)
def test_what_looks_like_a_name(read, text):
    script = read(f"Ann: Hello.\n{text}\nBob: Hi.\nAnn: Yes.\nBob: No.\n")
    assert spoken(script)[0] == ("Ann", f"Hello.\n{text}")
    assert {speaker for speaker, _ in spoken(script)} == {"Ann", "Bob"}


@pytest.mark.parametrize(
    "form",
    ["{}: {}", "**{}:** {}", "[{}]: {}", "[{}] {}", "**{}**\n\n{}\n", "{} (quietly): {}", "{}:\n\n{}\n"],
)
def test_forms_without_a_cast(read, form):
    text = "\n".join(
        form.format(name, say)
        for name, say in [("Ann", "One."), ("Bob", "Two."), ("Ann", "Three."), ("Bob", "Four.")]
    )
    assert spoken(read(text)) == [("Ann", "One."), ("Bob", "Two."), ("Ann", "Three."), ("Bob", "Four.")]


@pytest.mark.parametrize(
    "form",
    [
        "{} (00:03.123)\n{}\n",
        "{}  0:03  \n{}\n",
        "**{}** [00:03]\n{}\n",
        "{} (00:00:03):\n{}\n",
        "{} - 1:00:03\n{}\n",
    ],
)
def test_transcripts_with_a_time_behind_each_name(read, form):
    told = [("Ann Lee", "One at 10:30."), ("Bob O'Brien", "Two."), ("Ann Lee", "At 12:00")]
    script = read("\n".join(form.format(*each) for each in told))
    assert spoken(script) == told
    assert all(":" in text for text, _ in left_out(script)) and len(left_out(script)) == 3


@pytest.mark.parametrize("direction", ["laughs", "Music", "pause 1s", "excited"])
def test_directions_that_come_again_are_no_speakers(read, direction):
    script = read(f"[{direction}] One.\n[{direction}] Two.\n[sighs] Three.\n[sighs] Four.\n")
    assert {speaker for speaker, _ in spoken(script)} == {""}


def test_doubtful_names_are_noted(read):
    script = read("Ann: Hello.\nNote: it rains.\nBob: Hi.\nAnn: Yes.\nCarl: Me too.\nBob: Yes.\n")
    assert [speaker for speaker, _ in spoken(script)] == ["Ann", "Bob", "Ann", "Carl", "Bob"]
    assert script.notes == (
        "line 2: 'Note' is taken for text, and not for a speaker",
        "line 5: 'Carl' is taken for a speaker, who speaks once",
    )


def test_a_misspelt_name_of_the_cast_is_never_spoken(read):
    script = read("---\ncast: [Annabel, Bob]\n---\nAnnabel: One.\nAnabel: Two.\nBob: Three.\n")
    assert ("Anabel", "Two.") in spoken(script)


@pytest.mark.parametrize(
    "name", ["Will Smith", "Dr. Smith", "Speaker 2", "Old man", "Host_A", "Ann & Bob", "阿哲", "Ëlla"]
)
def test_names_without_a_cast(read, name):
    assert spoken(read(f"{name}: One.\nZed: Two.\n{name}: Three.\nZed: Four.\n"))[::2] == [
        (name, "One."),
        (name, "Three."),
    ]


@pytest.mark.parametrize(
    ("written", "text", "out"),
    [
        ("[laughs] Well.", "Well.", "[laughs]"),
        ("Well \\[laughs\\], yes.", "Well, yes.", "\\[laughs\\]"),
        ("(sighs) Well.", "Well.", "(sighs)"),
        ("That is (laughs) it.", "That is it.", "(laughs)"),
        ("*whispering* Well.", "Well.", "*whispering*"),
        ("_(to Bob)_ Well.", "Well.", "_(to Bob)_"),
        ("**[SFX: A door slams]** Well.", "Well.", "**[SFX: A door slams]**"),
        ("[04:10] Well.", "Well.", "[04:10]"),
        ("Well. <laughs>", "Well.", "<laughs>"),
        ("Well (clears throat).", "Well.", "(clears throat)"),
        ("（笑）好。", "好。", "（笑）"),
        ("[Note: [x] is read y] Well.", "Well.", "[Note: [x] is read y]"),
        ("Well ![a cat](cat.png).", "Well.", "![a cat](cat.png)"),
        ("[pause for laughter] Well.", "Well.", "[pause for laughter]"),
        ("Well.\n\n[A door\nslams.]", "Well.", "[A door slams.]"),
        ("Well.\n\n(They leave. It rains.)", "Well.", "(They leave. It rains.)"),
        ("Well.\n\n*Fade out, slowly.*", "Well.", "*Fade out, slowly.*"),
    ],
)
def test_unknown_directions_are_never_spoken(read, written, text, out):
    script = read(f"Ann: {written}\nBob: Yes.\n")
    assert spoken(script)[0] == ("Ann", text)
    assert [item for item, _ in left_out(script)] == [out]


@pytest.mark.parametrize(
    "text",
    [
        "I (of all people) know.",
        "See [our page](https://example.org/a_(b)).",
        "*Never* do that.",
        "This is **very** _important_.",
        "(I never said that.)",
        "The arts (music, painting) matter.",
        "It was 5 * 3 * 2, or `a[0]`.",
        "Read [word](/wɜːd/) so.",
        "A note[^1] here.",
        "See <https://example.org>.",
        "I like *music* a lot.",
        "*so* I went home.",
        "H<sub>2</sub>O",
        "[beep] now",
    ],
)
def test_speech_stays(read, text):
    script = read(f"Ann: {text}\nBob: Yes.\n")
    assert spoken(script)[0] == ("Ann", text)
    assert left_out(script) == []


@pytest.mark.parametrize(
    ("direction", "item"),
    [
        ("[pause 1.5s]", Pause(duration=1.5, line=2)),
        ("[pause:3]", Pause(duration=3.0, line=2)),
        ("[Pause: 1,5 Sekunden]", Pause(duration=1.5, line=2)),
        ("[2 secondes de silence]", Pause(duration=2.0, line=2)),
        ("[silence=500ms]", Pause(duration=0.5, line=2)),
        ("(pause)", Pause(duration=1.0, line=2)),
        ("[long pause]", Pause(duration=2.0, line=2)),
        ("[kurze Pause]", Pause(duration=0.5, line=2)),
        ("*(beat)*", Pause(duration=0.5, line=2)),
        ('<break time="2s"/>', Pause(duration=2.0, line=2)),
        ("[sting: intro]", SoundCue(name="intro", line=2)),
        ("[sound: door.wav]", SoundCue(name="door.wav", line=2)),
        (
            "[SFX: big door.wav, -6 dB, overlap 1s]",
            SoundCue(name="big door.wav", gain=-6.0, overlap=1.0, line=2),
        ),
        ("[bed: theme, -18 dB]", SoundCue(name="theme", kind="bed", gain=-18.0, line=2)),
        ("[bed off]", BedEnd(line=2)),
        ("SFX: door.wav", SoundCue(name="door.wav", line=2)),
        ("[chapter: Two]", Heading(title="Two", line=2)),
        ("## **Two**", Heading(title="Two", level=2, line=2)),
        ("***", Pause(duration=2.0, line=2)),
    ],
)
def test_directions_on_lines_of_their_own(read, direction, item):
    script = read(f"Ann: One.\n{direction}\nTwo.\n")
    assert others(script) == [item]
    assert spoken(script) == [("Ann", "One."), ("Ann", "Two.")]


def test_a_pause_within_a_sentence_stays_there(read):
    assert (
        spoken(read("Ann: One [pause 250 ms] two.\nBob: Yes."))[0][1] == "One [0.25 seconds of silence] two."
    )


def test_manners(read):
    turns = read(
        "Ann (language: de; speed 90%): Eins.\n\n[gain -6 dB]\nZwei.\n\nBob [overlap]: Drei.\nAnn: Vier.\n"
    ).items
    assert [(turn.language, turn.speed, turn.gain, turn.gap) for turn in turns] == [
        ("de", 0.9, 0.0, None),
        ("de", 0.9, -6.0, None),
        ("", None, 0.0, -0.3),
        ("", None, 0.0, None),
    ]


@pytest.mark.parametrize(
    ("direction", "problem"),
    [
        ("[speed 0]", "2: speed: must be a number above 0"),
        ("[gain 90 dB]", "2: gain: must be between -60 and 60, not 90"),
        ("[pause 2 hours of x]", None),
        ("[pause 20 min]", "2: pause: must be between 0 and 600, not 1200"),
        ("[overlap 900s]", "2: overlap: must be between 0 and 600"),
        ("[sound: door.wav, loud]", "2: 'loud' says nothing about the sound 'door.wav'"),
    ],
)
def test_directions_that_cannot_be_so(read, direction, problem):
    if problem is None:
        assert left_out(read(f"Ann: One.\n{direction}\n")) == [(direction, 2)]
        return
    with pytest.raises(InputError, match=re.escape(problem)):
        read(f"Ann: One.\n{direction}\nTwo.\n")


def test_what_stands_beside_a_name_counts_piece_by_piece(read):
    script = read("---\ncast: [Ann]\n---\nAnn (whispers, speed 1.2, V.O.): Hi.\n")
    assert left_out(script) == [("(whispers)", 4)]
    assert next(item.speed for item in script.items if isinstance(item, Turn)) == 1.2


def test_directions_side_by_side(read):
    assert spoken(read("Ann: One [laughs] [sighs] two.\nBob: Yes."))[0] == ("Ann", "One two.")


def test_a_script_without_names_is_the_narrators(read):
    assert spoken(read("# One\n\nIt rained.\n\nIt stopped.\n")) == [("", "It rained.\n\nIt stopped.")]


def test_lines_before_the_first_name_are_the_narrators(read):
    assert spoken(read("It rained.\n\nAnn: Hello.\nBob: Hi.\n"))[0] == ("", "It rained.")


def test_chapters_that_stand_alone(read):
    script = read("Ann: One.\n\nChapter 3: The Storm\n\nAnn: Two.\nBob: Yes.\n")
    assert others(script) == [Heading(title="Chapter 3: The Storm", level=2, line=3)]
    assert script.notes == ("line 6: 'Bob' is taken for a speaker, who speaks once",)


def test_comments_and_code_are_no_speech(read):
    script = read("Ann: One.\n<!-- Bob: no\n\nBob: no -->\n```\nBob: no\n```\nBob: Two.\nAnn: Three.\n")
    assert spoken(script) == [("Ann", "One."), ("Bob", "Two."), ("Ann", "Three.")]
    assert left_out(script) == [("```", 5)]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("Ann: Hä?\r\nBob: Ja.\r\n".encode(), "talk.txt"),
        ("\ufeffAnn: Hä?\nBob: Ja.\n".encode(), "talk.md"),
        ("Ann: Hä?\nBob: Ja.\n".encode("utf-16"), "talk.txt"),
        ("Ann: Hä?\rBob: Ja.\r".encode(), "talk.script"),
    ],
)
def test_encodings(read, data, name):
    assert spoken(read(data, name)) == [("Ann", "Hä?"), ("Bob", "Ja.")]


@pytest.mark.parametrize(
    ("text", "name", "problem"),
    [
        ("", "a.md", "a.md: nothing in it is spoken: write lines such as 'Ann: Hello.'"),
        ("\n\n[laughs]\n", "a.md", "a.md:3: nothing in it is spoken, and [laughs] is left out"),
        ("Ann:\nBob: …\n", "a.txt", "nothing in it is spoken"),
        ("A man waits.\n", "a.fountain", "put a name in capitals above each speech"),
        ("Ann: a\0b", "a.md", "a.md:1: holds a NUL character"),
        (b"Ann: \xe9", "a.md", "save it as UTF-8"),
        ("---\na: &x 1\nb: *x\n---\nAnn: Hi.", "a.md", "a.md:3: aliases such as *x are not read"),
        ("---\ncast: {\n---\nAnn: Hi.", "a.md", "is not YAML"),
        ("---\n- a\n---\nAnn: Hi.", "a.md", "must be 'name: value' pairs"),
        ("---\nAnn: 1\nAnn: 2\n---\nAnn: Hi.", "a.md", "a.md:3: Ann: is given twice"),
        ("<FinalDraft/>", "a.fdx", "export it as Fountain"),
        ("1\n00:00:01,000", "a.srt", "use voxpress voiceover"),
        ("x", "a.xyz", "is no script that voxpress reads"),
        ('{"title": "x"}', "a.json", "has no list of turns under one of dialogue"),
        ('["Ann: Hi."]', "a.json", "a.json:1: turn 1 is 'Ann: Hi.': write a turn such as"),
        ('[{"text": "a", "speed": "fast"}]', "a.json", "a.json:1: speed: must be a number, not 'fast'"),
        ('[\n{"text": ["a"]}]', "a.json", "a.json:2: text: must be a text, not ['a']"),
        ('[{"text": "a", "text": "b"}]', "a.json", "text: is given twice"),
        ('[{"text": "a"}', "a.json", "is not JSON"),
        ('[{"text": "a", "sound": {"gain": -3}}]', "a.json", "a.json:1: sound: needs a name"),
        ("[" * 100_000, "a.json", "is nested too deeply"),
        ("turns:\n- text: &a hi\n- text: *a\n", "a.yaml", "a.yaml:3: aliases such as *a are not read"),
        ("turns:\n- text: hi\n  gain: 99\n", "a.yaml", "a.yaml:2: gain: must be between -60 and 60"),
        ("Hello.", "a.json", "is not JSON"),
    ],
)
def test_refused(read, text, name, problem):
    with pytest.raises(InputError, match=re.escape(problem)):
        read(text, name)


def test_what_is_too_large(read):
    with pytest.raises(
        InputError, match="is larger than 16,777,216 bytes: give each episode a script of its own"
    ):
        read(b"Ann: Hello.\n" * 5_000_000)


@pytest.mark.parametrize(
    "line",
    [
        "Ann: Hello [laughs], you.\n\n",
        "Note: x\n",
        "**[a [b] c]** (x) *y*\n",
        "[[[[[((((***\n",
        "Speaker: [a](b) <c>\n",
    ],
)
def test_long_scripts_take_linear_time(read, line):
    begun = time.perf_counter()
    read(f"Ann: Hi.\n{line * 5_000}")
    assert time.perf_counter() - begun < 10


@pytest.mark.parametrize(
    "text", ["[" * 50_000, "(" * 50_000, "*a " * 50_000, "<a " * 50_000, "<!--" * 50_000, "`" * 50_000]
)
def test_hostile_lines_take_linear_time(read, text):
    begun = time.perf_counter()
    read(f"Ann: Hi.\n{text}\n")
    assert time.perf_counter() - begun < 10


PERSONS = """<Person1>
"Welcome." <emphasis>Great</emphasis> stuff <laughs>
</Person1>
outside
<Person2> Hi. </Person1>
<Person3>Yes [pause 1s] no.</Person3>"""


def test_persons(read):
    script = read(PERSONS, "talk.txt")
    assert spoken(script) == [
        ("Person1", '"Welcome." Great stuff'),
        ("Person2", "Hi."),
        ("Person3", "Yes [1 seconds of silence] no."),
    ]
    assert left_out(script) == [("<emphasis>", 2), ("<laughs>", 2), ("outside", 4)]
    assert script.notes == ("line 5: </Person1> ends a turn of 'Person2'",)


def test_what_stands_before_the_first_person(read):
    script = read("Here is the script:\n\n<Person1>Hi.</Person1>", "talk.txt")
    assert spoken(script) == [("Person1", "Hi.")]
    assert left_out(script) == [("Here is the script:", 1)]


@pytest.mark.parametrize("name", ["Person1", "Ann", "Dr. Smith", "Erzähler"])
def test_any_name_can_be_a_tag(read, name):
    assert spoken(read(f"<{name}>Hello.</{name}>\n<Zed>Yes.", "talk.txt"))[0] == (name, "Hello.")


SCREENPLAY = """Title: Salt
Author:
    Ann Lee
Action: {action}

# Act one

INT. KITCHEN - DAY #1#

Rain. [[a note]] /* cut

BOB
No. */

ANN (V.O.)
(whispering)
Where *are* you?
(beat)
Bob?

BOB ^
Here.

[sting: door.wav]

@McAvoy
Me too.

CUT TO:
"""


def test_fountain(read):
    script = read(SCREENPLAY.format(action="skip"), "talk.fountain")
    assert (script.head["title"], script.head["author"]) == ("Salt", "Ann Lee")
    assert spoken(script) == [
        ("ANN", "Where *are* you?"),
        ("ANN", "Bob?"),
        ("BOB", "Here."),
        ("McAvoy", "Me too."),
    ]
    assert others(script) == [
        Heading(title="Act one", level=1, line=6),
        Heading(title="INT. KITCHEN - DAY", level=2, line=8),
        Pause(duration=0.5, line=18),
        SoundCue(name="door.wav", line=24),
    ]
    assert left_out(script) == [("Rain.", 10), ("(whispering)", 16), ("CUT TO:", 29)]
    assert (
        next(turn.gap for turn in script.items if isinstance(turn, Turn) and turn.speaker == "BOB")
        == TOGETHER
    )


def test_fountain_with_a_narrator(read):
    assert spoken(read(SCREENPLAY.format(action="read"), "talk.fountain"))[0] == ("", "Rain.")


TURNS = [
    {"speaker": "Ann", "text": "Hello [laughs].", "speed": 1.1, "nextGapMilisecs": -300},
    {"speaker": "Bob", "text": "Hi.", "gain": -3, "sound": "door.wav", "emotion": "glad"},
    {"speaker": "Ann", "text": "Ja.", "language": "de-de", "gap": 0.5},
]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (json.dumps(TURNS), "a.json"),
        (json.dumps({"title": "x", "dialogue": TURNS}), "a.json"),
        (json.dumps({"beats": TURNS, "$mulmocast": {"version": "1.1"}}, indent=2), "a.json"),
        ("\n".join(json.dumps(turn) for turn in TURNS), "a.jsonl"),
        (
            """title: x
turns:
- {speaker: Ann, text: 'Hello [laughs].', speed: 1.1, nextGapMilisecs: -300}
- speaker: Bob
  text: Hi.
  gain: -3
  sound: door.wav
  emotion: glad
- {speaker: Ann, text: Ja., language: de-de, gap: 0.5}
""",
            "a.yaml",
        ),
    ],
)
def test_turns_as_data(read, data, name):
    script = read(data, name)
    found = [
        (turn.speaker, turn.text, turn.gap, turn.speed, turn.gain, turn.language)
        for turn in script.items
        if isinstance(turn, Turn)
    ]
    assert found == [
        ("Ann", "Hello.", None, 1.1, 0.0, ""),
        ("Bob", "Hi.", -0.3, None, -3.0, ""),
        ("Ann", "Ja.", 0.5, None, 0.0, "de-DE"),
    ]
    assert [item.name for item in others(script)] == ["door.wav"]
    assert script.notes == ("of the turns, emotion is not used",)


@pytest.mark.parametrize(
    "turn",
    [
        {"Ann": "Hello."},
        ["Ann", "Hello."],
        {"role": "Ann", "content": "Hello."},
        {"name": "Ann", "line": "Hello."},
    ],
)
def test_other_turns(read, turn):
    assert spoken(read(json.dumps([turn]), "a.json")) == [("Ann", "Hello.")]


def test_a_beat_without_a_speaker_has_the_default_one(read):
    script = {
        "speechParams": {"speakers": {"Host": {}, "Zed": {"isDefault": True}}},
        "beats": [{"text": "Hi."}, {}],
    }
    found = read(json.dumps(script), "a.json")
    assert spoken(found) == [("Zed", "Hi.")]
    assert [text for text, _ in left_out(found)] == ["turn 2 has no text"]


@pytest.mark.parametrize(
    "name",
    [
        "🎤 Bob",
        "Yahoo!",
        "...",
        "../../etc",
        "1984",
        "Dr. Who?",
        "Bob [AI]",
        "The Man with the Very Big Hat",
        "@bob",
    ],
)
@pytest.mark.parametrize("cue", ["**{}:** Hi.", "{}: Hi.", "**{}** (gain -3dB): Hi.", "- {}: Hi."])
def test_every_name_of_the_cast_is_a_speaker(read, name, cue):
    text = f"---\ncast: {{Ann: x, {json.dumps(name, ensure_ascii=False)}: y}}\n---\nAnn: Hello.\n\n{cue.format(name)}\n"
    assert spoken(read(text)) == [("Ann", "Hello."), (name, "Hi.")]


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("[The map](https://example.org/map) of **salt**", "The map of salt"),
        ("The `salt` command ![a map](map.png)", "The salt command"),
        ("![](a.png) Salt [note][1] #", "Salt note"),
        ("Salt [2024]", "Salt [2024]"),
    ],
)
def test_a_title_is_words(read, written, title):
    assert [item.title for item in others(read(f"# {written}\nAnn: Hello.\n"))] == [title]


@pytest.mark.parametrize("written", ["# **  **", "## ![a map](map.png)", "# ``", "# ###"])
def test_a_heading_without_words_begins_no_chapter(read, written):
    script = read(f"# Salt\nAnn: Hello.\n\n{written}\nAnn: Bye.\n")
    assert [item.title for item in others(script)] == ["Salt"]
    assert left_out(script) == [(written, 4)]


@pytest.mark.parametrize(
    "text", [b"Ann: caf\xe9.", b"\xef\xbb\xbfAnn: \xff.", b"Ann: \xa4\xa4.", b"Ann: \x81."]
)
def test_a_script_in_another_encoding_is_told_by_its_name(read, text):
    with pytest.raises(InputError, match="is not UTF-8: save it as UTF-8"):
        read(text)
