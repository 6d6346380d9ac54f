"""A text at speed s lasts 1/s of its time at 1.0."""

import numpy as np
import pytest

import voxpress
from voxpress.audio import codec, waveform
from voxpress.engines.tone import Tone
from voxpress.rendering.plan import Plan, Played
from voxpress.rendering.planner import Planner
from voxpress.speech import Output, Segment, Speaker, Utterance
from voxpress.store.keys import reading_key, seed, take_key
from voxpress.text import Pause

TEXT = "Please hold the line, your call is important. Somebody will be with you soon.\n\nThank you for it."
SPEEDS = (0.25, 0.5, 0.8, 1.25, 1.5, 2.0, 3.0, 4.0)


class Steady(Tone):
    """Beeps, by an engine that has one speed."""

    speeds = (1.0, 1.0)


class Modest(Tone):
    """Beeps, by an engine whose own speed is good for little."""

    speeds = (0.8, 1.25)


@pytest.mark.parametrize("engine", [Tone, Steady, Modest])
@pytest.mark.parametrize("speed", SPEEDS)
def test_duration_and_marks(engine, speed, monkeypatch, tmp_path):
    monkeypatch.setattr(Tone, "speeds", engine.speeds)
    usual, other = (
        voxpress.say(TEXT, engine="tone", speed=each, store=tmp_path, workers=0) for each in (1.0, speed)
    )
    assert other.duration * speed == pytest.approx(usual.duration, rel=0.05)
    assert [mark.text for mark in other.marks] == [mark.text for mark in usual.marks]
    starts = np.array([[mark.start for mark in clip.marks] for clip in (usual, other)])
    assert np.allclose(starts[0], starts[1] * speed, atol=0.12)


def test_silences_that_are_asked_for_keep_their_duration():
    output = Output(lead=0.5, tail=0.25, sentence_pause=0.4)
    clips = [
        voxpress.say("Come in now, please, all of you. Sit down there, please, on the chair.", engine="tone",
                     speed=speed, output=output, store="memory:")
        for speed in (1.0, 2.0)
    ]  # fmt: skip
    spoken = [clip.duration - 0.75 for clip in clips]
    assert spoken[0] == pytest.approx(2 * spoken[1], rel=0.05)
    samples = codec.decode(clips[1].data).samples
    assert not samples[: int(0.49 * 8000)].any() and not samples[-int(0.24 * 8000) :].any()


def test_the_engine_is_asked_for_what_it_does_well(monkeypatch, tmp_path):
    asked = []
    speak = Tone._speak

    def note(self, segment):
        asked.append(segment.speed)
        return speak(self, segment)

    monkeypatch.setattr(Tone, "_speak", note)
    monkeypatch.setattr(Tone, "speeds", (0.8, 1.25))
    for speed in (0.5, 0.9, 1.0, 3.0):
        voxpress.say("Hello there.", engine="tone", speed=speed, store=tmp_path)
    assert asked == [0.8, 0.9, 1.0, 1.25]


def test_a_silence_that_the_engine_leaves_is_no_dead_tail(monkeypatch, tmp_path):
    """Though it would be longer than allowed once it is stretched."""
    speak = Tone._speak
    monkeypatch.setattr(Tone, "speeds", (1.0, 1.0))
    monkeypatch.setattr(Tone, "_speak", lambda self, segment: waveform.pad(speak(self, segment), tail=0.9))
    clip = voxpress.say("Goodbye.", engine="tone", speed=0.25, store=tmp_path)
    assert clip.duration == pytest.approx(4 * 0.48, abs=0.2)


@pytest.mark.parametrize("speed", [0.24, 4.01, 100.0])
def test_speeds_that_no_engine_has(speed):
    with pytest.raises(voxpress.UnsupportedOption, match=r"out of range: voxpress speaks at 0\.25 to 4"):
        voxpress.say("Hello.", engine="tone", speed=speed, store="memory:")


def test_another_speed_is_the_same_reading():
    """Its seeds are those of speed 1, whose key is as it was."""
    usual = Segment(text="Hello.", voice="low", language="en")
    fast = Segment(text="Hello.", voice="low", language="en", speed=2.0)
    keys = [take_key("tone-1", each) for each in (usual, fast)]
    assert keys[0].startswith("3dd11629") and keys[0] != keys[1]
    assert [reading_key(key, "tone-1", each) for key, each in zip(keys, (usual, fast), strict=True)] == [
        keys[0]
    ] * 2
    assert seed(keys[0], 0) != seed(keys[0], 1)


def test_plans_say_at_which_speed_takes_and_pauses_are(tmp_path):
    plan = Planner(Speaker(engine="tone", speed=2.0)).plan(Utterance(text="Hi.\n\nHo."), filed=False)
    assert isinstance(plan, Plan)
    first, pause, last = plan.recipe.parts
    assert isinstance(first, Played) and isinstance(last, Played) and isinstance(pause, Pause)
    assert first.speed == last.speed == pause.speed == 2.0
