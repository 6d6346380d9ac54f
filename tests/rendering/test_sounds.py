"""Sounds from files, bookmarks and speeds that a text asks for, from the text to the clip."""

from pathlib import Path

import numpy as np
import pytest

from voxpress import Output, Utterance, render, say
from voxpress.audio import codec, waveform
from voxpress.errors import InputError, SpeechError
from voxpress.rendering.plan import Bad, Plan, Played
from voxpress.rendering.planner import Planner
from voxpress.speech import Clip, Speaker
from voxpress.text import FrontEnd


def write_tone(path: Path, seconds: float = 0.5, frequency: float = 800.0) -> None:
    path.write_bytes(codec.encode(waveform.tone([frequency], seconds, 8000), Output()))


def speak(text: str, folder: Path | None = None) -> Clip:
    return say(text, engine="tone", markup="ssml", store="memory:", beside=folder)


def plan(text: str, folder: Path | None) -> Plan:
    planned = Planner(Speaker(engine="tone"), beside=folder).plan(
        Utterance(text=text, markup="ssml", origin="m.csv:2"), filed=False
    )
    if isinstance(planned, Bad):
        raise planned.error
    return planned


def test_a_sound_is_heard_between_words(tmp_path: Path) -> None:
    write_tone(tmp_path / "ding.wav")
    words = speak("<speak>One. Two.</speak>").duration
    assert speak("<speak><audio src='ding.wav'/></speak>", tmp_path).duration == 0.5
    apart = speak("<speak>One.</speak>").duration + speak("<speak>Two.</speak>").duration
    both = speak("<speak>One. <audio src='ding.wav'/> Two.</speak>", tmp_path).duration
    assert both == pytest.approx(apart + 0.5)
    assert words != both


def test_a_sound_can_be_quieter(tmp_path: Path) -> None:
    write_tone(tmp_path / "ding.wav")
    loud, quiet = (
        np.abs(
            codec.decode(speak(f"<speak><audio src='ding.wav' {level}/></speak>", tmp_path).data).samples
        ).max()
        for level in ("", "soundLevel='-6dB'")
    )
    assert quiet == pytest.approx(loud * 10 ** (-6 / 20), rel=0.01)


def test_a_clip_is_known_by_what_is_in_its_sounds(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    write_tone(tmp_path / "a" / "ding.wav")
    write_tone(tmp_path / "b" / "ding.wav")
    write_tone(tmp_path / "b" / "dong.wav", frequency=500.0)
    text = "<speak>One. <audio src='{}'/></speak>"
    same = {plan(text.format(f"{name}/ding.wav"), tmp_path).targets[0].clip for name in "ab"}
    other = plan(text.format("b/dong.wav"), tmp_path).targets[0].clip
    assert len(same) == 1
    assert other not in same
    write_tone(tmp_path / "a" / "ding.wav", frequency=300.0)
    assert plan(text.format("a/ding.wav"), tmp_path).targets[0].clip not in same


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("no.wav", "m.csv:2: the sound 'no.wav' cannot be read in"),
        ("../secret.wav", "is no relative path to a file in the manifest's folder"),
        ("/etc/passwd", "is no relative path"),
        ("a/../../b.wav", "is no relative path"),
        ("http://example.com/a.wav", "is an address"),
        ("//example.com/a.wav", "is an address"),
        ("file:///etc/passwd", "is an address"),
        ("soundbank://alarms/horn", "is an address"),
        ("folder", "is no file"),
        ("link.wav", "is a link that leads out of the manifest's folder"),
        ("up/secret.wav", "is a link that leads out of the manifest's folder"),
        ("text.wav", "not audio that can be read"),
        ("empty.wav", "not audio that can be read"),
    ],
)
def test_what_is_no_sound_beside_the_manifest_is_refused(tmp_path: Path, source: str, problem: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.wav").symlink_to(tmp_path.parent / "secret.wav")
    (tmp_path / "up").symlink_to(tmp_path.parent)
    (tmp_path / "text.wav").write_text("not audio at all")
    (tmp_path / "empty.wav").write_bytes(b"")
    write_tone(tmp_path.parent / "secret.wav")
    with pytest.raises(InputError) as error:
        plan(f"<speak>One. <audio src='{source}'/></speak>", tmp_path)
    assert problem in str(error.value)
    instead = plan(f"<speak>One. <audio src='{source}'>Two.</audio></speak>", tmp_path)
    assert [take.segment.text for take in instead.takes.values()] == ["One.", "Two."]
    assert instead.notes[0].endswith("what is written in its place is heard")


def test_without_a_folder_no_file_is_read(tmp_path: Path) -> None:
    write_tone(tmp_path / "ding.wav")
    with pytest.raises(InputError, match="only where it comes from a manifest"):
        plan(f"<speak><audio src='{tmp_path}/ding.wav'/></speak>", None)


def test_a_sound_that_changes_between_plan_and_clip_is_an_error(tmp_path: Path) -> None:
    write_tone(tmp_path / "ding.wav")
    rows = [Utterance(text="<speak>One. <audio src='ding.wav'/></speak>", markup="ssml")]
    rendering = render(rows, engine="tone", store="memory:", workers=0, beside=tmp_path)
    original = Path.read_bytes

    def changed(path: Path) -> bytes:
        return original(path) + (b"x" if path.name == "ding.wav" else b"")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "read_bytes", changed)
        (result,) = rendering
    assert "has changed since its row was read" in result.error


def test_bookmarks_are_marks_of_the_clip() -> None:
    clip = speak(
        "<speak><mark name='a'/>Sample <mark name='b'/>speech here. <mark name='c'/>"
        "<break time='1s'/><mark name='d'/>Bye.<mark name='e'/></speak>"
    )
    words = {mark.text: mark.start for mark in clip.marks if mark.kind == "word"}
    at = {mark.text: mark.start for mark in clip.marks if mark.kind == "bookmark"}
    assert at["a"] == 0
    assert at["b"] == words["speech"]
    assert at["d"] == pytest.approx(words["Bye."], abs=0.05)
    assert at["d"] - at["c"] == pytest.approx(1.0)
    assert at["e"] == pytest.approx(clip.duration)
    assert [mark.start for mark in clip.marks] == sorted(mark.start for mark in clip.marks)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Some more te<mark name='m'/>xt.", "text."),
        ("Te<mark name='m'/>xt.", "Text."),
        ("Some text<mark name='m'/>.", "text."),
        ("Some mo<mark name='m'/>re text. And then more.", "more"),
        ("Some <mark name='m'/>more text.", "more"),
        ("Some<mark name='m'/> more text.", "more"),
        ("Some text.<mark name='m'/> <sub alias='then'>x</sub> more.", "then"),
    ],
)
def test_a_bookmark_within_a_word_is_heard_where_the_word_begins(text: str, word: str) -> None:
    """As the pages of printed books begin."""
    clip = speak(f"<speak>{text}</speak>")
    starts = {mark.text: mark.start for mark in clip.marks if mark.kind in ("word", "bookmark")}
    assert starts["m"] == pytest.approx(starts[word], abs=0.05)


def test_a_bookmark_changes_no_sound() -> None:
    plain, marked = (
        speak("<speak>Sample speech.</speak>"),
        speak("<speak>Sample <mark name='b'/>speech.</speak>"),
    )
    assert codec.decode(plain.data).samples.tolist() == codec.decode(marked.data).samples.tolist()


def test_bookmarks_keep_their_order_across_segments() -> None:
    names = ["w" + "a" * number for number in range(40)]
    text = "<speak>" + " ".join(f"<mark name='{n}'/>{n} goes here now then." for n in names) + "</speak>"
    clip = speak(text)
    starts = {mark.text: mark.start for mark in clip.marks if mark.kind == "word"}
    for mark in clip.marks:
        if mark.kind == "bookmark":
            assert mark.start == pytest.approx(starts[mark.text], abs=0.03)


def test_the_rate_of_a_text_multiplies_the_speed_of_its_row() -> None:
    planned = Planner(Speaker(engine="tone", speed=1.5)).plan(
        Utterance(text="<speak>One. <prosody rate='50%'>Two.</prosody></speak>", markup="ssml"), filed=False
    )
    assert isinstance(planned, Plan)
    assert [part.speed for part in planned.recipe.parts if isinstance(part, Played)] == [1.5, 0.75]


@pytest.mark.parametrize(
    "inner",
    [
        "<prosody rate='999999%'>" * 60 + "a" + "</prosody>" * 60,
        "<prosody rate='1%'>" * 90 + "a" + "</prosody>" * 90,
        "<prosody rate='0.01'>a</prosody>",
        "<voice name='nobody'>a</voice>",
        "<lang xml:lang='tlh'>a</lang><voice name='nobody'>b</voice>",
        "",
        "<mark name='a'/>",
        "<p>...</p>",
    ],
)
def test_what_no_voice_can_do_is_an_error_of_the_row(inner: str) -> None:
    with pytest.raises(SpeechError, match=r"m\.csv:2"):
        plan(f"<speak>{inner}</speak>", None)


def test_a_lenient_render_notes_what_it_leaves_out() -> None:
    rows = [Utterance(id="a", text="<speak>Hello <foo>there</foo>.</speak>", markup="ssml")]
    (strict,) = render(rows, engine="tone", store="memory:", workers=0)
    (lenient,) = render(rows, engine="tone", store="memory:", workers=0, front_end=FrontEnd(lenient=True))
    assert strict.error == "a: <foo> is unknown (line 1, column 14); leave it out with lenient = true"
    assert lenient.notes == ("left out: <foo> is unknown (line 1, column 14)",)


def test_ssml_in_a_plain_row_is_noted() -> None:
    (result,) = render(["<speak>Hello.</speak>"], engine="tone", store="memory:", workers=0)
    assert "<speak> is read aloud, because the markup is plain; with markup ssml it is not" in result.notes
