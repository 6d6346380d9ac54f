"""A text at speed s lasts 1/s of its time at 1.0, however short it is."""

import numpy as np
import pytest

import voxpress
from voxpress.audio import codec, waveform
from voxpress.audio.waveform import Audio
from voxpress.engines.tone import Tone
from voxpress.rendering.plan import Plan, Played
from voxpress.rendering.planner import Planner
from voxpress.speech import Output, Segment, Speaker, Utterance
from voxpress.store import Store
from voxpress.store.keys import reading_key, seed, take_key
from voxpress.text import Pause

TEXTS = (
    "1.",
    "Yes.",
    "Press 4.",
    "Please hold.",
    "You have seven new messages.",
    "Please hold the line, your call is important to us.",
    "Come in. Sit down. Wait for a while, please.",
    "Please hold the line, your call is important. Somebody will be with you soon.\n\nThank you for it.",
    "Somebody will be with you soon, and until then you may listen to this music. " * 8,
)
LONG = "Please hold the line, your call is important to us."
SPEEDS = (0.25, 0.3, 0.5, 0.8, 0.97, 1.03, 1.25, 1.5, 2.0, 3.0, 4.0)
speak = Tone._speak


def speak_raggedly(self: Tone, segment: Segment) -> Audio:
    """Beeps that begin and end up to 40 ms earlier or later than they should, at their speed, as a voice's do; and a
    silence at both ends that no speed changes.
    """
    beeps = speak(self, segment)
    first, last = np.random.default_rng(int(1000 * segment.speed)).uniform(0.0, 0.04 / segment.speed, 2)
    whole = waveform.pad(waveform.drop_before(beeps, first), lead=0.4)
    end = len(whole.samples) - int(last * whole.sample_rate)
    cut = Audio(whole.samples[:end], whole.sample_rate, whole.marks)
    return waveform.pad(cut, tail=0.3)


@pytest.fixture(
    params=[
        pytest.param((0.25, 4.0), id="all by the engine"),
        pytest.param((0.8, 1.25), id="a little by the engine"),
        pytest.param((1.0, 1.0), id="all stretched"),
    ]
)
def own_speeds(request, monkeypatch):
    monkeypatch.setattr(Tone, "speeds", request.param)


@pytest.mark.usefixtures("own_speeds")
@pytest.mark.parametrize(
    ("ragged", "output"),
    [(False, Output()), (False, Output(trim=False)), (True, Output())],
    ids=["exact", "not trimmed", "ragged"],
)
def test_every_text_lasts_as_long_as_its_speed_says(ragged, output, monkeypatch):
    """To 5 %: the whole clip, with its pauses."""
    if ragged:
        monkeypatch.setattr(Tone, "_speak", speak_raggedly)
    store = Store("memory:")
    wrong = []
    for text in TEXTS:
        usual, *others = (
            voxpress.say(text, engine="tone", speed=speed, store=store, workers=0, output=output).duration
            for speed in (1.0, *SPEEDS)
        )
        shares = {speed: other * speed / usual for speed, other in zip(SPEEDS, others, strict=True)}
        wrong += [(text, speed, share) for speed, share in shares.items() if abs(share - 1) > 0.05]
    assert wrong == []


@pytest.mark.usefixtures("own_speeds")
@pytest.mark.parametrize("text", TEXTS[:-1])
@pytest.mark.parametrize("speed", [0.25, 0.8, 1.5, 4.0])
def test_marks_scale_with_the_speed(text, speed, tmp_path):
    usual, other = (
        voxpress.say(text, engine="tone", speed=each, store=tmp_path, workers=0) for each in (1.0, speed)
    )
    assert [mark.text for mark in other.marks] == [mark.text for mark in usual.marks]
    times = np.array([[(mark.start, mark.end) for mark in clip.marks] for clip in (usual, other)])
    assert np.allclose(times[0], times[1] * speed, atol=0.01 + 0.005 * usual.duration)


@pytest.mark.parametrize("speed", [0.25, 0.5, 2.0, 4.0])
def test_estimated_marks_scale_too(speed, monkeypatch, tmp_path):
    """The pauses by which they are found are those of the speech as it was spoken."""
    monkeypatch.setattr(Tone, "speeds", (1.0, 1.0))
    monkeypatch.setattr(Tone, "_speak", lambda *asked: Audio(speak(*asked).samples, Tone.sample_rate))
    usual, other = (
        voxpress.say(LONG, engine="tone", speed=each, store=tmp_path, workers=0) for each in (1.0, speed)
    )
    assert all(mark.estimated for mark in other.marks)
    times = np.array([[(mark.start, mark.end) for mark in clip.marks] for clip in (usual, other)])
    assert np.allclose(times[0], times[1] * speed, atol=0.001)


@pytest.mark.usefixtures("own_speeds")
@pytest.mark.parametrize("text", TEXTS[1:-1])
@pytest.mark.parametrize("speed", [0.25, 0.8, 1.5, 4.0])
def test_the_level_stays(text, speed, tmp_path):
    usual, other = (
        waveform.active_level(
            codec.decode(voxpress.say(text, engine="tone", speed=each, store=tmp_path, workers=0).data)
        )
        for each in (1.0, speed)
    )
    assert other == pytest.approx(usual, abs=1.5)


def test_stretched_speeds_cost_no_synthesis(tmp_path):
    """The takes are those of 1.0."""
    voxpress.say("Please hold.", engine="tone", store=tmp_path, workers=0)
    for speed in SPEEDS:
        (result,) = voxpress.render(
            [Utterance(text="Please hold.")], engine="tone", speed=speed, store=tmp_path, workers=0
        )
        assert result.spoken == 0 and not result.error


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

    def note(self, segment):
        asked.append(segment.speed)
        return speak(self, segment)

    monkeypatch.setattr(Tone, "_speak", note)
    monkeypatch.setattr(Tone, "speeds", (0.8, 1.25))
    for speed in (0.5, 0.9, 1.0, 3.0):
        voxpress.say(LONG, engine="tone", speed=speed, store=tmp_path)
    assert asked == [0.8, 0.9, 1.0, 1.25]


@pytest.mark.parametrize(
    "text", ["Yes.", "Press 4.", "Please hold.", "I II III IV V", "是的。", "\u0e43\u0e0a\u0e48"]
)
def test_an_engine_speaks_short_words_at_its_usual_speed(text, monkeypatch, tmp_path):
    asked = []

    def note(self, segment):
        asked.append(segment.speed)
        return speak(self, segment)

    monkeypatch.setattr(Tone, "_speak", note)
    for speed in (0.5, 0.9, 1.1, 3.0):
        voxpress.say(text, engine="tone", speed=speed, store=tmp_path, workers=0)
    assert asked == [1.0]


def test_a_silence_that_the_engine_leaves_is_no_dead_tail(monkeypatch, tmp_path):
    """Though it would be longer than allowed once it is stretched."""
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
    assert first.own == last.own == 1.0 and first.stretch == 0.5
