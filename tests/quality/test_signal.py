"""What the structural check stops, and what it lets pass."""

import numpy as np
import pytest

from voxpress.audio.waveform import Audio, silence
from voxpress.engines.tone import Tone
from voxpress.errors import CheckFailed
from voxpress.quality import asr
from voxpress.quality.signal import check, listen
from voxpress.speech import Segment
from voxpress.text.wer import passes

RATE = 16000


def segment(text="Please hold the line while I look for an agent.", speed=1.0):
    return Segment(text=text, voice="low", language="en", speed=speed)


def speech(seconds, rate=RATE, seed=0):
    """Noise with the envelope of syllables: changing bands, no repetition."""
    random = np.random.default_rng(seed)
    syllables: list[np.ndarray] = []
    while sum(len(part) for part in syllables) < seconds * rate:
        count = int(rate * random.uniform(0.1, 0.25))
        pitch = random.uniform(100, 1500)
        time = np.arange(count) / rate
        syllables.append(np.sin(2 * np.pi * pitch * time) * np.hanning(count) * random.uniform(0.1, 0.5))
        syllables.append(np.zeros(int(rate * random.uniform(0.01, 0.08))))
    return np.concatenate(syllables)[: int(seconds * rate)].astype(np.float32)


def problem(samples, text=None, rate=RATE, speed=1.0):
    with pytest.raises(CheckFailed) as caught:
        check(Audio(samples.astype(np.float32), rate), segment(text or segment().text, speed))
    return str(caught.value)


def test_speech_passes():
    """At usual and unusual rates."""
    for seconds in (2.0, 3.0, 6.0):
        check(Audio(speech(seconds), RATE), segment())


def test_every_take_of_tone_passes():
    """Short and long texts, digits and symbols."""
    for text in ("No.", "7", "A B C", "1-800-555-0199", "Extension 4711, $5.50 & more", "word " * 80):
        (audio,) = Tone().synthesize([segment(text)])
        check(audio, segment(text))


def test_nothing():
    """No samples at all."""
    assert "no audio" in problem(np.zeros(0))


def test_not_a_number():
    """One NaN is enough."""
    samples = speech(3)
    samples[100] = np.nan
    assert "not numbers" in problem(samples)


def test_silence():
    """Digital silence and near silence."""
    assert "silence" in problem(np.zeros(3 * RATE))
    assert "silence" in problem(speech(3) * 0.001)


def test_clipping():
    """Flat tops at full scale; a single full-scale sample is none."""
    assert "clipped" in problem(np.clip(speech(3) * 8, -1, 1))
    samples = speech(3)
    samples[1000] = 1.0
    check(Audio(samples, RATE), segment())


def test_too_short_and_too_long():
    """Cut speech, and runaways."""
    assert "only" in problem(speech(0.3))
    assert "at most" in problem(speech(40))


def test_a_word_alone_is_not_long():
    """An engine that goes on after one is stopped sooner than within a sentence."""
    assert "at most 1.5 s" in problem(speech(1.8), "yes")
    for duration, text in ((1.2, "yes"), (1.8, "yes, do so")):
        check(Audio(speech(duration), RATE), segment(text))


def test_speed_counts():
    """What is too long at double speed is fine at half speed."""
    samples = speech(9.0)
    assert "at most" in problem(samples, speed=2.0)
    check(Audio(samples, RATE), segment(speed=0.5))


def test_dead_tail_and_hole():
    """Silence that no voice leaves."""
    quiet = np.zeros(4 * RATE)
    assert "dead tail" in problem(np.concatenate([speech(3), quiet]))
    assert "hole" in problem(np.concatenate([speech(1.5), quiet, speech(1.5, seed=1)]))


def test_loop():
    """The same second again and again until the end, after a good start."""
    looping = np.concatenate([speech(2.0), np.tile(speech(0.7, seed=3), 8)])
    assert "loop" in problem(looping)


class Recogniser(asr.Recogniser):
    """Writes the same down whatever it hears, and thinks every text so likely."""

    def __init__(self, heard: str, likelihood: float) -> None:
        super().__init__("fixed")
        self._heard, self._likelihood = heard, likelihood
        self.asked: list[str] = []

    def hear(self, audio, language="", *, words=True, quick=False):
        return asr.Heard(text=self._heard)

    def likelihood(self, audio, text, language):
        self.asked.append(text)
        return self._likelihood

    def likelihoods(self, audio, heard, replacements, language):
        self.asked += [each.asked for each in replacements]
        return [self._likelihood for _ in replacements]


@pytest.mark.parametrize(
    ("text", "heard", "likelihood", "good", "asked"),
    [
        ("Five.", "five", -9.0, True, False),
        ("Five.", "Bye.", -2.0, True, True),
        ("Five.", "Bye.", -6.0, False, True),
        ("Activated.", "activate", -9.0, True, False),
        ("You are now muted.", "you are now menu", -6.0, False, True),
        ("Saved to.", "safe to", -2.9, True, True),
        ("No.", "", -1.0, False, False),
        ("No.", "no I do not know, and I never did", -1.0, False, False),
        ("You are now muted in here.", "you are now menu in here", -9.0, False, True),
        ("You are now muted in here.", "you are now menu in here", -2.9, True, True),
        ("You are now muted in here.", "you are now muted in here", -9.0, True, False),
        ("You have two new messages.", "you have nine new messages", 0.0, False, False),
        ("You have two new messages.", "The office is closed today, goodbye.", 0.0, False, False),
    ],
)
def test_what_an_ear_is_asked(text, heard, likelihood, good, asked):
    """Whether each word was likely: of one that was not understood, of a few words that are not all there, and of a
    longer text the words that were not heard. Not where nothing was heard, far too much, or another number.
    """
    pytest.importorskip("rapidfuzz")
    recogniser = Recogniser(heard, likelihood)
    found = listen(recogniser, silence(1.0, 8000), text, "en")[1]
    assert (passes(found), bool(recogniser.asked)) == (good, asked)
