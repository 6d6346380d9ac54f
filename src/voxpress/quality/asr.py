"""Speech recognition on this machine: what is said in audio.

A `Recogniser` is Whisper through faster-whisper. Building one is cheap; it reads its weights when it first hears
something, once in a process.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from voxpress import languages
from voxpress.audio import waveform as sound
from voxpress.audio.arrays import Samples
from voxpress.audio.waveform import Audio
from voxpress.errors import EngineNotInstalled, ModelUnavailable, UnsupportedOption
from voxpress.models import catalogue
from voxpress.speech import Hertz, Mark, Seconds
from voxpress.text.wer import Replacement

MODEL = "whisper-base"
"""The recogniser that is meant where none is named: the smallest one that knows a hundred languages."""
INSTALL = "pip install 'voxpress[listen]'"

_PACKAGE = "faster_whisper"
_REVISION = "ear-3"
"""Goes up whenever the same weights would hear something else, or a score would mean something else."""
_SAMPLE_RATE: Hertz = 16000
_FRAMES = 100
"""Of Whisper's spectrogram in a second."""
_ROOM: Seconds = 5.0
"""Silence that Whisper needs after the last sound, or it says the end again and again."""
_PIECE: tuple[Seconds, Seconds] = (12.0, 28.0)
"""Shortest and longest piece of a longer audio that is heard at once."""
_TOKENS = 16
"""For each second of audio; fast speech has half of that."""
_MOST_TOKENS = 224
_LEAST = -20.0
"""The lowest likelihood that is told from others."""
_MOST_ALIGNED = 440
"""Of what Whisper's decoder takes at once."""

# What BCP 47 calls otherwise.
_LANGUAGES = {"nb": "no", "cmn": "zh", "fil": "tl", "iw": "he", "jv": "jw", "in": "id"}


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What a recogniser heard."""

    text: str
    """With punctuation, as the recogniser writes it."""
    pieces: tuple[str, ...] = ()
    """The text of each piece of half a minute or less that was heard at once."""
    words: tuple[Mark, ...] = ()
    """When each word was heard, where that was asked for."""
    language: str = ""
    """ISO 639 code: the one that was asked for, or the one that was recognised."""


class Recogniser:
    """Hears what is said. Pickles unloaded.

    Args:
        model: weights: a name of the catalogue (``whisper-…``), or a folder with a Whisper model for CTranslate2.
        device: ``auto`` and ``cpu`` mean one thread of the CPU with 8-bit weights; ``cuda`` and ``cuda:1`` a GPU.

    >>> Recogniser("whisper-tiny.en").model
    'whisper-tiny.en'
    """

    def __init__(self, model: str | None = None, *, device: str = "auto") -> None:
        self.model = model or MODEL
        self.device = device

    def require(self) -> None:
        """See that it could hear, without loading anything.

        Raises:
            EngineNotInstalled, ModelUnavailable: the message holds the command that mends it.
        """
        if importlib.util.find_spec(_PACKAGE) is None:
            raise EngineNotInstalled(f"listening needs {_PACKAGE.replace('_', '-')}: run  {INSTALL}")
        self._folder()

    def fingerprint(self) -> str:
        """What identifies what it would hear: its weights, and how they are used.

        Raises:
            ModelUnavailable
        """
        return f"{_REVISION}:{catalogue.digest(self._folder() / 'model.bin')}"

    def hear(self, audio: Audio, language: str = "", *, words: bool = True, quick: bool = False) -> Heard:
        """What is said in `audio`.

        Args:
            audio: of any length and sample rate.
            language: BCP 47 tag; empty: recognised from the first half minute.
            words: whether to find out when each word is said, which costs a fifth more.
            quick: look at little more than the audio itself, not always at half a minute. A short text is heard four
                times as fast, and now and then wrongly.

        Raises:
            EngineNotInstalled, ModelUnavailable
            UnsupportedOption: a language that the model does not know.
        """
        return _hear(self, audio, language, words, quick)

    def likelihood(self, audio: Audio, text: str, language: str) -> float:
        """How well `text` goes with what is heard, whatever the recogniser would have written: the natural
        logarithm of the probability of the pieces of a word, on average, for the word where it is least. 0 is certain.

        For short texts: it looks at the first half minute.

        Raises:
            as `hear`
        """
        return _likelihood(self, audio, text, language)

    def likelihoods(
        self, audio: Audio, heard: Heard, replacements: Sequence[Replacement], language: str
    ) -> list[float]:
        """How well other words go with what is heard, where the recogniser wrote something else: for each replacement
        the likelihood of its least likely word, as of `likelihood`. Where it has no words, because those that were
        heard are too many, that of the word after them. Words after the end count as said.

        Args:
            heard: what `hear` made of `audio`.

        Raises:
            as `hear`
        """
        return _judge_replacements(self, audio, heard, replacements, language)

    def _folder(self) -> Path:
        folder = catalogue.locate(self.model)
        for name in ("model.bin", "config.json", "tokenizer.json"):
            if not (folder / name).is_file():
                raise ModelUnavailable(f"{folder} is no Whisper model for CTranslate2: it has no {name}")
        return folder


def _hear(recogniser: Recogniser, audio: Audio, language: str, words: bool, quick: bool) -> Heard:
    whisper = _load(recogniser)
    code = _find_code(language, whisper.supported_languages, recogniser.model) if language else None
    texts: list[str] = []
    marks: list[Mark] = []
    start: Seconds = 0.0
    for piece in _pieces(sound.resample(audio, _SAMPLE_RATE).samples):
        duration = len(piece) / _SAMPLE_RATE
        whisper.window = int((duration + _ROOM) * _FRAMES) if quick else None
        segments, about = whisper.transcribe(
            piece,
            language=code,
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            max_new_tokens=min(_MOST_TOKENS, 16 + int(_TOKENS * duration)),
            word_timestamps=words,
        )
        code = about.language
        said: list[str] = []
        for segment in segments:
            said += segment.text.split()
            marks += [
                Mark(kind="word", text=word.word.strip(), start=start + word.start, end=start + word.end)
                for word in segment.words or ()
            ]
        texts.append(" ".join(said))
        start += duration
    return Heard(
        text=" ".join(filter(None, texts)), pieces=tuple(texts), words=tuple(marks), language=code or ""
    )


def _likelihood(recogniser: Recogniser, audio: Audio, text: str, language: str) -> float:
    samples = sound.resample(audio, _SAMPLE_RATE).samples[: int(_PIECE[1] * _SAMPLE_RATE)]
    return _Judge(recogniser, samples, language).judge("", text, "")


def _judge_replacements(
    recogniser: Recogniser, audio: Audio, heard: Heard, replacements: Sequence[Replacement], language: str
) -> list[float]:
    found = []
    start = 0
    left = list(replacements)
    pieces = _pieces(sound.resample(audio, _SAMPLE_RATE).samples)
    for number, (text, samples) in enumerate(zip(heard.pieces, pieces, strict=True), 1):
        end = start + len(text)
        # A replacement over a cut is judged by what stands before the cut.
        mine = [each for each in left if each.start <= end or number == len(heard.pieces)]
        if mine:
            judge = _Judge(recogniser, samples, language)
            found += [
                judge.judge(text[: each.start - start], each.asked, text[max(0, each.end - start) :])
                for each in mine
            ]
        left = left[len(mine) :]
        start = end + bool(text)
    return found


class _Judge:
    """One piece of audio, of which is asked how likely words are in it."""

    def __init__(self, recogniser: Recogniser, samples: Samples, language: str) -> None:
        from faster_whisper.tokenizer import Tokenizer

        self._whisper = _load(recogniser)
        code = _find_code(language, self._whisper.supported_languages, recogniser.model)
        multilingual = self._whisper.model.is_multilingual
        self._tokenizer = Tokenizer(
            self._whisper.hf_tokenizer, multilingual, task="transcribe", language=code
        )
        features = self._whisper.feature_extractor(samples)
        self._frames = features.shape[1]
        self._whisper.window = None
        self._encoded = self._whisper.encode(np.pad(features, ((0, 0), (0, int(_ROOM * _FRAMES)))))

    def judge(self, before: str, text: str, after: str) -> float:
        """The likelihood of the least likely word of `text` between words that are given; without `text`, that of the
        word after it.
        """
        first = self._encode(before)
        if not text.strip():
            next_word, _, _ = after.strip().partition(" ")
            return self._measure(first, self._encode(next_word), []) if next_word else _LEAST
        last = self._encode(after)
        return max(self._measure(first, self._encode(spelling), last) for spelling in _spellings(text))

    def _encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(f" {text.strip()}")) if text.strip() else []

    def _measure(self, before: list[int], tokens: list[int], after: list[int]) -> float:
        start = [*self._tokenizer.sot_sequence]
        (aligned,) = self._whisper.model.align(
            self._encoded, start, [[*before, *tokens, *after][:_MOST_ALIGNED]], self._frames
        )
        logs = np.maximum(np.log(np.maximum(aligned.text_token_probs, 1e-12)), _LEAST)[
            len(before) : len(before) + len(tokens)
        ]
        # A word begins with a space; what is written without any is one.
        first = [
            at for at, token in enumerate(tokens) if at == 0 or self._tokenizer.decode([token])[:1] == " "
        ]
        return min((float(word.mean()) for word in np.split(logs, first[1:]) if len(word)), default=_LEAST)


def _spellings(text: str) -> list[str]:
    """The ways in which a recogniser may write a short text.

    >>> _spellings("TWO.")
    ['TWO.', 'two', 'Two.']
    """
    words = " ".join("".join(c if c.isalnum() or c == "'" else " " for c in text).split()).lower()
    return list(dict.fromkeys([text.strip(), words, f"{words.capitalize()}."]))


def _pieces(samples: Samples) -> Iterator[Samples]:
    """The samples in pieces that fit Whisper's half minute, cut where it is quietest.

    >>> [len(piece) / _SAMPLE_RATE for piece in _pieces(np.zeros(40 * _SAMPLE_RATE, np.float32))]
    [12.0, 28.0]
    """
    step = _SAMPLE_RATE // 50
    least, most = (int(bound * _SAMPLE_RATE) for bound in _PIECE)
    while len(samples) > most:
        frames = np.square(samples[least : most // step * step].reshape(-1, step)).mean(axis=1)
        around = np.convolve(frames, np.ones(15), "valid")
        cut = least + (int(around.argmin()) + 7) * step if around.max() > 0 else least
        yield samples[:cut]
        samples = samples[cut:]
    yield samples


def _load(recogniser: Recogniser) -> Any:
    recogniser.require()
    return _whisper(str(recogniser._folder()), recogniser.fingerprint(), recogniser.device)  # noqa: SLF001 - the inside of a recogniser


@functools.lru_cache(maxsize=2)
def _whisper(folder: str, fingerprint: str, device: str) -> Any:  # noqa: ARG001 - other weights, another model
    """The model at `folder`, read once in this process.

    Raises:
        ModelUnavailable: it cannot be read, or not on that device.
        UnsupportedOption: no such device.
    """
    from faster_whisper import WhisperModel

    class Whisper(WhisperModel):  # type: ignore[misc]
        window: int | None = None
        """Frames of the spectrogram that are looked at; None: half a minute, however short the audio is."""

        def encode(self, features: Any) -> Any:
            return super().encode(features[:, : self.window])

    kind, _, number = ("cpu" if device == "auto" else device).partition(":")
    if kind not in {"cpu", "cuda"}:
        raise UnsupportedOption(f"a recogniser listens on 'cpu' or 'cuda', not on {device!r}")
    try:
        return Whisper(
            folder,
            device=kind,
            device_index=int(number or 0),
            compute_type="int8" if kind == "cpu" else "int8_float16",
            cpu_threads=1,
            local_files_only=True,
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise ModelUnavailable(f"cannot load the recogniser {folder} on {device!r}: {error}") from error


def _find_code(language: str, supported: list[str], model: str) -> str:
    """The language as Whisper calls it.

    >>> _find_code("en-GB", ["en", "no"], "whisper-base"), _find_code("nb-NO", ["en", "no"], "whisper-base")
    ('en', 'no')
    """
    base = languages.base(language)
    code = _LANGUAGES.get(base, base)
    if code not in supported:
        instead = (
            "take the recogniser whisper-base" if supported == ["en"] else "it knows " + ", ".join(supported)
        )
        raise UnsupportedOption(
            f"the recogniser {model!r} does not know the language {language!r}: {instead}"
        )
    return code
