"""Is this audio what was asked for? What can be told from the samples alone, before a take enters the store; and, where
a recogniser is given, whether the words are those of the text.

The bounds are wide: they pass every intelligible reading and stop what no listener would take for one. They were set on
the human and synthetic readings of the 569 Asterisk prompts, of which none may fail.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from voxpress.audio.arrays import Samples
from voxpress.audio.waveform import Audio
from voxpress.errors import CheckFailed
from voxpress.quality.asr import Heard, Recogniser
from voxpress.speech import Seconds, Segment
from voxpress.text import carrier
from voxpress.text.duration import bounds
from voxpress.text.wer import BAR, SHORT, Score, list_replacements, needs_likelihood, passes, rank, score

SILENCE = -50.0
"""dBFS; nothing above it means that nothing was said."""
A_WORD_OR_TWO = 0.6
"""Of the longest sound that a text may have: a word alone leaves room for no pause, and engines babble after one.
The slowest human reading has 0.4."""
LONGEST_PAUSE: Seconds = 3.0
LONGEST_TAIL: Seconds = 2.0
CLIPPED = 0.002
"""Share of samples on flat tops at full scale; 0.1 % is audible on headphones."""

_FRAME: Seconds = 0.032
_ALIKE = 0.97
_LOOP: Seconds = 2.0


def check(audio: Audio, segment: Segment) -> None:
    """Raise if `audio` cannot be a reading of `segment`.

    Raises:
        CheckFailed: not a number, silent, clipped, too short or too long for the text, with a dead tail, or in a loop.
    """
    if problem := _find_problem(audio, segment):
        raise CheckFailed(f"{problem} for {_shorten(segment.text)}")


def listen(
    recogniser: Recogniser, audio: Audio, text: str, language: str, bar: float = BAR
) -> tuple[str, Score]:
    """What is heard in `audio`, and how far that is from `text`.

    The recogniser listens quickly first, and with more patience only to what does not pass then. Where its words are
    not those of the text, it is asked how likely those of the text are: each word of a short text, and in a longer one
    those that it did not write, in their places.

    Raises:
        EngineNotInstalled, ModelUnavailable, UnsupportedOption: as `Recogniser.hear`.
    """
    best: tuple[Heard, Score] | None = None
    for quick in (True, False):
        heard = recogniser.hear(audio, language, words=False, quick=quick)
        found = score(text, heard.text, language)
        if best is None or rank(found) < rank(best[1]):
            best = heard, found
        if passes(found, bar) and not needs_likelihood(found, bar):
            break
    assert best is not None
    heard, found = best
    # Where nothing is heard, nothing was said; what goes on after the text is not asked about by its likelihood.
    if needs_likelihood(found, bar) and 0 < len(heard.text) <= 2 * len(text) + 4:
        likelihood = _measure_likelihood(recogniser, audio, text, language, heard, found)
        found = msgspec.structs.replace(found, likelihood=likelihood)
    return heard.text, found


def _measure_likelihood(
    recogniser: Recogniser, audio: Audio, text: str, language: str, heard: Heard, found: Score
) -> float:
    if found.words <= SHORT:
        return recogniser.likelihood(audio, text, language)
    replacements = list_replacements(text, heard.text, language)
    return min(recogniser.likelihoods(audio, heard, replacements, language), default=0.0)


def _find_problem(audio: Audio, segment: Segment) -> str:
    samples = audio.samples
    if not len(samples):
        return "no audio"
    if not np.isfinite(samples.sum(dtype=np.float64)):
        return "audio with samples that are not numbers"
    highest = float(np.abs(samples).max())
    if highest < 10 ** (SILENCE / 20):
        return "silence"
    if highest >= 0.99 and (share := measure_clipping(samples)) > CLIPPED:
        return f"clipped audio ({share:.1%} of it at full scale)"
    return _find_odd_timing(audio, segment, highest)


def _find_odd_timing(audio: Audio, segment: Segment, highest: float) -> str:
    loud = _loud_frames(audio, highest)
    first, last = int(loud.argmax()), len(loud) - int(loud[::-1].argmax())
    spoken = (last - first) * _FRAME
    least, most = bounds(segment.text, segment.speed)
    if carrier.is_short(segment.text):
        most *= A_WORD_OR_TWO
    if spoken < least:
        return f"only {spoken:.2f} s of sound (at least {least:.2f} s is needed)"
    if spoken > most:
        return f"{spoken:.1f} s of sound (at most {most:.1f} s is likely)"
    if (tail := (len(loud) - last) * _FRAME) > LONGEST_TAIL:
        return f"a dead tail of {tail:.1f} s"
    if (pause := _longest_run(~loud[first:last]) * _FRAME) > LONGEST_PAUSE:
        return f"a hole of {pause:.1f} s"
    if spoken > _LOOP and (period := _find_loop(audio, first, last)):
        return f"a loop of {period:.2f} s"
    return ""


def measure_clipping(samples: Samples) -> float:
    """The share of samples on flat tops at full scale."""
    full = np.abs(samples) >= 0.99
    return float(np.count_nonzero(full[:-2] & full[1:-1] & full[2:])) / len(samples)


def _frames(audio: Audio) -> npt.NDArray[np.float32]:
    size = int(_FRAME * audio.sample_rate)
    count = -(-len(audio.samples) // size)
    padded = np.zeros(count * size, np.float32)
    padded[: len(audio.samples)] = audio.samples
    return padded.reshape(count, size)


def _loud_frames(audio: Audio, highest: float) -> npt.NDArray[np.bool_]:
    # 35 dB below the peak: under the quietest consonants, above the noise that vocoders leave in pauses.
    heights = np.abs(_frames(audio)).max(axis=1)
    return np.asarray(heights > highest * 10 ** (-35 / 20))


def _longest_run(flags: npt.NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.view(np.int8), [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _find_loop(audio: Audio, first: int, last: int) -> Seconds:
    """The period after which the sound repeats itself until its end, at least twice; 0 if it does not."""
    frames = _frames(audio)[first:last]
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(frames.shape[1]), axis=1))[:, 1:129]
    bands = np.log(spectrum.reshape(len(frames), -1, 4).sum(axis=2) + 1e-4)
    bands -= bands.mean(axis=0)
    bands /= np.linalg.norm(bands, axis=1, keepdims=True) + 1e-9
    shortest = int(0.2 / _FRAME)
    for period in range(shortest, len(bands) // 3):
        repeated = (bands[-2 * period :] * bands[-3 * period : -period]).sum(axis=1)
        if float(repeated.mean()) > _ALIKE:
            return period * _FRAME
    return 0.0


def _shorten(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
