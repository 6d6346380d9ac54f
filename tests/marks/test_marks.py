"""When words are heard, where they stand in the text, and the files that say so."""

import json
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import voxpress
from voxpress import marks
from voxpress.audio.waveform import Audio, join, silence, tone
from voxpress.engines.tone import Tone
from voxpress.errors import InputError
from voxpress.marks import Script, TimedText, locate, time_words
from voxpress.marks.cues import USUAL, make_cues
from voxpress.marks.places import split_sentences
from voxpress.speech import Clip, Mark
from voxpress.text.passage import Edit, Passage

RATE = 8000


def beeps(*durations: float) -> Audio:
    """Sounds, with a silence for each negative duration."""
    return join([tone([440], d, RATE) if d > 0 else silence(-d, RATE) for d in durations])


def words(found):
    return [(m.text, round(m.start, 2), round(m.end, 2)) for m in found if m.kind == "word"]


def test_words_without_times_share_the_sound():
    """By their letters; silence belongs to no word."""
    found = time_words(beeps(-0.2, 0.6, -0.4, 0.6), "abcde, fghij")
    assert words(found) == [
        ("abcde", pytest.approx(0.2, abs=0.02), pytest.approx(0.8, abs=0.02)),
        ("fghij", pytest.approx(1.2, abs=0.02), pytest.approx(1.8, abs=0.02)),
    ]
    assert all(mark.estimated for mark in found)


def test_a_comma_falls_on_the_nearest_pause():
    """Though the letters would have it 0.1 s later."""
    found = time_words(beeps(0.5, -0.3, 0.7), "abcde, fghij")
    assert words(found) == [
        ("abcde", pytest.approx(0.0, abs=0.02), pytest.approx(0.5, abs=0.02)),
        ("fghij", pytest.approx(0.8, abs=0.02), pytest.approx(1.5, abs=0.02)),
    ]


def test_the_engines_own_words_stay_and_others_are_filled_in():
    own = (Mark(kind="word", text="two", start=0.5, end=0.8),)
    audio = Audio(beeps(1.2).samples, RATE, own)
    found = [mark for mark in time_words(audio, "one two three.") if mark.kind == "word"]
    assert [(mark.text, mark.estimated) for mark in found] == [("one", True), ("two", False), ("three", True)]
    assert found[0].end <= 0.5 and found[2].start >= 0.8 and found[2].end == pytest.approx(1.2, abs=0.02)


@pytest.mark.parametrize(
    ("text", "count"),
    [("请按一。", 3), ("東京 タワー", 5), ("ขอบคุณ", 5), ("Straße 3", 2), ("-- ?", 0), ("", 0)],
)
def test_scripts_without_spaces_have_a_mark_for_each_sign(text, count):
    assert len(words(time_words(beeps(1.0), text))) == count


@given(st.text(max_size=200), st.floats(0.0, 3.0))
def test_any_text_has_marks_in_order_inside_the_audio(text, duration):
    audio = Audio(np.ones(int(duration * RATE), np.float32), RATE)
    found = time_words(audio, text)
    assert all(0 <= mark.start <= mark.end <= audio.duration + 1e-9 for mark in found)
    assert all(a.start <= b.start for a, b in pairwise(found))
    script = Script.of([text])
    for mark in locate(found, script):
        if mark.source and mark.kind == "word":
            assert mark.text in script.text[slice(*mark.source)] or mark.text.strip() in script.text
    for name in marks.FORMATS:
        marks.write(
            name, TimedText(text=text, shown=text, duration=audio.duration, marks=locate(found, script))
        )


@pytest.mark.parametrize("text", ["." * 100_000, ". " * 50_000, "a, " * 33_000, '."' * 50_000, "a" * 100_000])
def test_long_texts_take_little_time(text):
    script = Script.of([text])
    audio = beeps(1.0)
    clip = Clip(key="", format="wav", sample_rate=RATE, duration=1.0, size=0, marks=time_words(audio, text))
    assert marks.write("vtt", marks.time_text(clip, script)).startswith(b"WEBVTT")


def test_places_are_those_of_the_source():
    """A number that is read as four words stands at one place."""
    written = "It costs $49. <b>Now</b> pay."
    passage = Passage.of(written).edit(
        [Edit(9, 12, "forty nine dollars"), Edit(14, 17, ""), Edit(20, 24, "")]
    )
    spoken = time_words(beeps(2.0), passage.text)
    script = Script(written, (passage,))
    found = [mark for mark in locate(spoken, script) if mark.source]
    places = {mark.text: written[slice(*mark.source)] for mark in found if mark.source}
    wanted = {word: word for word in ("It", "costs", "Now", "pay")}
    wanted |= dict.fromkeys(("forty", "nine", "dollars"), "$49")
    assert places == {**wanted, "It costs forty nine dollars.": "It costs $49.", "Now pay.": "Now</b> pay."}
    transcript = TimedText(text=written, shown=script.show(), duration=2.0, marks=tuple(found))
    assert [line for cue in make_cues(transcript) for line in cue.lines] == ["It costs $49.", "Now pay."]


def test_two_texts_with_one_clip_have_their_own_places():
    first, second = (
        voxpress.say(text, engine="tone", store="memory:") for text in ("Come in, Bob.", "  Come in,\n Bob.")
    )
    assert first.key == second.key
    assert [m.source for m in first.marks if m.kind == "word"] == [(0, 4), (5, 7), (9, 12)]
    assert [m.source for m in second.marks if m.kind == "word"] == [(2, 6), (7, 9), (12, 15)]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Yes. No. Perhaps!", 3),
        ("At 5 p.m. we close.", 1),
        ("Wait... what? Yes.", 2),
        ("“Go!” He went.", 2),
        ("一。二！三", 3),
        ("...", 1),
        ("3.5 volts", 1),
    ],
)
def test_sentences(text, count):
    assert len(split_sentences(text)) == count


# Files


TEXT = "Please hold the line, your call is important to us & you. Somebody will be with you in a moment: é!"


@pytest.fixture(scope="module")
def clip():
    return voxpress.say(TEXT, engine="tone", store="memory:", marks=["srt", "vtt", "json", "polly"])


def test_subtitles(clip):
    assert clip.sidecars["srt"].decode().splitlines()[:5] == [
        "1",
        "00:00:00,000 --> 00:00:03,210",
        "Please hold the line,",
        "your call is important to us & you.",
        "",
    ]
    assert b"important to us &amp; you." in clip.sidecars["vtt"]
    assert "00:00:00.000 --> 00:00:03.210" in clip.sidecars["vtt"].decode()


@pytest.mark.parametrize(
    ("text", "markup", "shown"),
    [
        ('Hello (world) {x} [y] there, "you".', "plain", 'Hello (world) {x} [y] there, "you".'),
        ("Call [now].", "plain", "Call [now]."),
        ("«[Oui]» – (see p. 5) {a}!", "plain", "«[Oui]» – (see p. 5) {a}!"),
        ("Is 5 > 3? {5}% of a/b [sic]", "plain", "Is 5 > 3? {5}% of a/b [sic]"),
        ("A <b>big</b>! Move<br>and a &amp; b 👍 now.", "plain", "A big! Move and a & b now."),
        ("Say **bold** [now], *it's* [here](http://x.org)!", "markdown", "Say bold [now], it's here!"),
        ("A [tomato](/təˈmɑːtəʊ/), (two).", "directions", "A tomato, (two)."),
        ("<speak>A <emphasis>big</emphasis>, [wide] one; 1 &lt; <sub alias='two'>2</sub>!</speak>", "ssml",
         "A big, [wide] one; 1 < 2!"),
    ],
)  # fmt: skip
def test_subtitles_show_what_is_written_without_its_markup(text, markup, shown):
    """Brackets and signs beside a word stay; tags, stars and addresses go, and none of them takes a stop with it."""
    clip = voxpress.say(text, markup=markup, engine="tone", store="memory:", marks=["srt"])
    lines = clip.sidecars["srt"].decode().splitlines()
    assert " ".join(line for line in lines if line and not line.isdigit() and "-->" not in line) == shown


def test_json_has_everything(clip):
    found = json.loads(clip.sidecars["json"])
    assert found["text"] == TEXT and found["duration"] == clip.duration
    assert len(found["marks"]) == len(clip.marks)
    assert found["marks"][0]["kind"] == "sentence" and found["marks"][0]["source"] == [0, 57]


def say_ssml(text: str) -> Clip:
    return voxpress.say(text, markup="ssml", engine="tone", store="memory:", marks=["json", "polly"])


def test_polly_says_where_a_bookmark_stands():
    """As in the example of its guide."""
    text = (
        '<speak><prosody volume="+20dB">Mary had <break time="300ms"/>a little <mark name="animal"/>lamb'
        "</prosody></speak>"
    )
    lines = [json.loads(line) for line in say_ssml(text).sidecars["marks"].splitlines()]
    places = {(line["type"], line["value"]): (line["start"], line["end"]) for line in lines}
    assert places["ssml", "animal"] == (70, 91) and places["word", "lamb"] == (91, 95)


@pytest.mark.parametrize(
    "text",
    [
        "<speak><mark name='a'/>É. <mark name='b'/><mark name='a'/>Two! <p>Three<mark name='c'/></p></speak>",
        "<speak>One <break time='1s'/><mark name='a > b'/>two thr<mark name='b' />ee.</speak>",
        "<speak>" + "<mark name='x'></mark>Some words that fill more than one segment. " * 12 + "</speak>",
    ],
)
def test_each_bookmark_has_its_place(text):
    clip = say_ssml(text)
    found = [mark for mark in clip.marks if mark.kind == "bookmark"]
    assert len(found) == text.count("<mark")
    tags = [text[slice(*mark.source)] for mark in found if mark.source]
    assert all(tag.startswith(f"<mark name='{mark.text}'") for tag, mark in zip(tags, found, strict=True))
    assert all(tag.endswith(">") and tag.count("<") == 1 for tag in tags)
    starts = [mark.source[0] for mark in found if mark.source]
    assert starts == [at for at in range(len(text)) if text.startswith("<mark", at)]


def test_the_file_says_that_a_bookmark_is_a_guess(monkeypatch):
    """Where the engine does not know its words; at the start of a take it is none."""
    speak = Tone._speak
    monkeypatch.setattr(Tone, "_speak", lambda *asked: Audio(speak(*asked).samples, Tone.sample_rate))
    clip = say_ssml("<speak><mark name='a'/>One circle, and <mark name='b'/>then more.</speak>")
    told = json.loads(clip.sidecars["json"])["marks"]
    assert {mark["text"]: mark.get("estimated", False) for mark in told if mark["kind"] == "bookmark"} == {
        "a": False,
        "b": True,
    }
    assert all(mark["estimated"] for mark in told if mark["kind"] == "word")


def test_polly_counts_bytes(clip):
    lines = [json.loads(line) for line in clip.sidecars["marks"].splitlines()]
    assert lines[0] == {"time": 0, "type": "sentence", "start": 0, "end": 57, "value": TEXT[:57]}
    assert lines[-1]["value"] == "é" and TEXT.encode()[lines[-1]["start"] : lines[-1]["end"]].decode() == "é"
    assert all(a["time"] <= b["time"] for a, b in pairwise(lines))


def test_cues_are_readable():
    """Two lines of 42 characters at most, in order, none on another."""
    text = "word " * 300 + "x" * 200 + ". " + "Short. " * 20 + "请按一" * 60
    script = Script.of([text])
    found = locate(time_words(beeps(120.0), text), script)
    cues = make_cues(TimedText(text=text, shown=text, duration=120.0, marks=found))
    assert all(
        1 <= len(cue.lines) <= 2 and all(len(line) <= USUAL.width for line in cue.lines) for cue in cues
    )
    assert all(cue.start < cue.end for cue in cues)
    assert all(a.end <= b.start for a, b in pairwise(cues))
    assert "".join("".join(cue.lines) for cue in cues).replace(" ", "") == text.replace(" ", "")


def test_a_clip_by_its_digest_shows_the_spoken_words(clip):
    bare = tuple(msgspec.structs.replace(mark, source=None) for mark in clip.marks)
    known = Clip(key="", format="wav", sample_rate=RATE, duration=clip.duration, size=0, marks=bare)
    script = marks.script_of(known)
    assert script.text == TEXT.replace("&", "and")
    shown = clip.sidecars["srt"].replace(b"&", b"and")
    spoken = marks.write_all(["srt"], known, script)["srt"]
    assert spoken.split() == shown.split(), (
        "same words and times; lines break elsewhere where a word is longer"
    )


@pytest.mark.parametrize("wrong", [["sub"], "srt", [3], {"srt": 1}, None])
def test_unknown_formats(wrong):
    with pytest.raises(InputError, match="marks: "):
        voxpress.say("Hi.", engine="tone", store="memory:", marks=wrong)


# In a folder


def render(folder, rows, **arguments):
    """The status of each row, in their order."""
    store = folder.parent / "store"
    results = voxpress.render(rows, folder, engine="tone", store=store, workers=0, **arguments)
    return [result.status for result in sorted(results, key=lambda result: result.number)]


ROWS = [{"id": "a", "text": "Hello there."}, {"id": "b", "text": "Goodbye, world."}]


def test_sidecars_lie_beside_their_files_and_are_up_to_date(tmp_path):
    out = tmp_path / "out"
    assert render(out, ROWS, marks=["srt", "json"]) == ["rendered"] * 2
    assert sorted(p.name for p in out.glob("?.*")) == ["a.json", "a.srt", "a.wav", "b.json", "b.srt", "b.wav"]
    assert render(out, ROWS, marks=["srt", "json"]) == ["up to date"] * 2
    (out / "a.srt").unlink()
    assert render(out, ROWS, marks=["srt", "json"]) == ["from store", "up to date"]
    assert "Hello there." in (out / "a.srt").read_text()


def test_another_text_with_the_same_clip_has_its_subtitles_written_again(tmp_path):
    out = tmp_path / "out"
    render(out, [{"id": "a", "text": "Hello there."}], marks=["json"])
    assert render(out, [{"id": "a", "text": " Hello there."}], marks=["json"]) == ["from store"]
    assert json.loads((out / "a.json").read_text())["marks"][0]["source"] == [1, 13]


def test_a_file_of_somebody_else_is_not_replaced(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.srt").write_text("mine")
    assert render(out, ROWS, marks=["srt"]) == ["failed", "rendered"]
    assert (out / "a.srt").read_text() == "mine"


def test_two_rows_cannot_share_a_sidecar(tmp_path):
    rows = [{"file": "a.wav", "text": "One."}, {"file": "a.mp3", "text": "Two."}]
    assert render(tmp_path / "out", rows, marks=["srt"]) == ["rendered", "failed"]


def test_clips_of_an_older_voxpress_are_joined_anew(tmp_path, monkeypatch):
    """Their records have no marks of sentences."""
    from voxpress.rendering import finishing

    with monkeypatch.context() as older:
        older.setattr(finishing, "time_words", lambda audio, text: audio.marks)
        old = voxpress.say("Hello there.", engine="tone", store=tmp_path)
    assert [mark.kind for mark in old.marks] == ["word", "word"]
    new = voxpress.say("Hello there.", engine="tone", store=tmp_path, marks=["srt"])
    assert new.data == old.data and b"Hello there." in new.sidecars["srt"]


def test_an_arrow_in_the_text_is_no_time():
    clip = voxpress.say("Press a --> b, please.", engine="tone", store="memory:", marks=["srt", "vtt"])
    assert [name for name in ("srt", "vtt") if clip.sidecars[name].count(b"-->") != 1] == []


def test_punctuation_after_the_last_word_fits_too():
    """A long word, with more behind it."""
    text = "x" * 42 + ' "<'
    found = locate(time_words(beeps(1.0), text), Script.of([text]))
    cues = make_cues(TimedText(text=text, shown=text, duration=1.0, marks=found))
    assert all(len(line) <= USUAL.width for cue in cues for line in cue.lines)


# From presets and the command line


def voxpress_command(*arguments: object, status: int = 0) -> str:
    from typer.testing import CliRunner

    from voxpress.cli import app

    result = CliRunner().invoke(app, [str(each) for each in arguments])
    assert result.exit_code == status, result.output
    return result.output


def test_say_writes_them_beside_the_clip(tmp_path):
    out = tmp_path / "hold.mp3"
    voxpress_command(
        "say", "Please hold.", "-e", "tone", "-o", out, "--marks", "srt,json", "--store", tmp_path / "s"
    )
    assert (tmp_path / "hold.srt").read_text().endswith("Please hold.\n\n")
    assert json.loads((tmp_path / "hold.json").read_text())["text"] == "Please hold."


@pytest.mark.parametrize("marks", ["srt", "vtt", "json", "polly"])
def test_a_file_of_another_kind_stays(tmp_path, marks):
    """Such as package.json beside package.wav; former marks are replaced."""
    clip, other = (
        voxpress.say(text, engine="tone", store="memory:", marks=[marks]) for text in ("Hello.", "Bye now.")
    )
    place = tmp_path / "package.wav"
    beside = place.with_suffix("." + next(iter(clip.sidecars)))
    beside.write_text('{\n  "name": "mine"\n}')
    with pytest.raises(
        InputError, match=f"marks: cannot write marks to {beside.name}: a file of another kind"
    ):
        clip.save(place)
    assert "mine" in beside.read_text() and not place.exists()
    beside.unlink()
    clip.save(place)
    other.save(place)
    assert beside.read_bytes() == next(iter(other.sidecars.values()))


def test_a_preset_has_marks_and_prune_knows_them(tmp_path):
    """And `--marks` on the command line comes before those of the preset."""
    (tmp_path / "voxpress.toml").write_text(
        '[presets.show]\nmarks = ["vtt"]\nfiles = [{path = "{id}.wav"}, {path = "{id}.flac", format = "flac"}]\n'
    )
    rows = tmp_path / "rows.csv"
    rows.write_text("id,text\na,Hello there.\nb,Goodbye now.\nc,And again.\n")
    out = tmp_path / "out"
    common = ("render", rows, "-o", out, "-e", "tone", "--preset", "show", "--store", tmp_path / "s", "-w", 0)
    voxpress_command(*common)
    assert sorted(p.name for p in out.glob("a.*")) == ["a.flac", "a.vtt", "a.wav"]
    rows.write_text("id,text\na,Hello there.\nb,Goodbye now.\n")
    voxpress_command(*common, "--prune")
    assert [p.name for p in out.glob("c.*")] == [] and (out / "a.vtt").exists()
    voxpress_command(*common, "--marks", "srt", "--prune")
    assert sorted(p.name for p in out.glob("a.*")) == ["a.flac", "a.srt", "a.wav"]


def test_a_preset_with_unknown_marks(tmp_path):
    from voxpress.rendering import presets

    (tmp_path / "voxpress.toml").write_text('[presets.x]\nextends = "podcast"\nmarks = ["sub"]\n')
    with pytest.raises(voxpress.ManifestError, match=r"presets\.x\.marks: no format 'sub'"):
        presets.load(tmp_path / "voxpress.toml")


@pytest.mark.parametrize("marks", [(), ("vtt",)])
def test_marks_of_former_audio_are_told_of(tmp_path, marks):
    """They stay, because nobody asked for their end, and say what is no longer heard."""
    out = tmp_path / "out"
    render(out, ROWS, marks=["srt", "json"])
    rows = [{"id": "a", "text": "Hello you."}, ROWS[1]]
    results = {
        result.utterance.id: result.notes
        for result in voxpress.render(
            rows, out, engine="tone", store=tmp_path / "store", workers=0, marks=marks
        )
    }
    assert [note.partition(" ")[0] for note in results["a"]] == ["a.srt", "a.json"]
    assert not any("audio that was here" in note for note in results["b"])
    assert "Hello there." in (out / "a.srt").read_text()


def test_marks_of_somebody_else_are_not_told_of(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.srt").write_text("mine")
    (result,) = voxpress.render(ROWS[:1], out, engine="tone", store=tmp_path / "store", workers=0)
    assert result.notes == ()
