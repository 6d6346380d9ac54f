"""F5-TTS: any voice from a sample of ten seconds, in English and Chinese.

A model is a folder with one ``.safetensors`` file, ``vocab.txt``, and in ``vocos/`` the vocoder's ``config.yaml`` and
``pytorch_model.bin``; or a name of the catalogue. A model of another architecture than F5-TTS v1 Base has it in
``config.yaml``, under ``model: arch:`` as in the package.

The model follows a flow from noise to one spectrum of sample and speech, of which it knows the sample. The pace of the
sample gives an estimate of the speech's duration.

Sources: SWivid/F5-TTS (the package, and its notes on inference).
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import io
import json
import math
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from voxpress import engines, languages
from voxpress.audio import codec, waveform
from voxpress.audio.arrays import Samples
from voxpress.audio.waveform import Audio
from voxpress.engines import PRECISION, Engine, Option, _silence, _torch, require
from voxpress.errors import ModelUnavailable, SynthesisError
from voxpress.models import catalogue, environments
from voxpress.speech import Seconds, Segment, Voice
from voxpress.voices import references
from voxpress.voices.references import Reference

_REVISION = "2"
"""Part of the fingerprint; every change here that can change the sound needs another one."""
_TERMS = "CC-BY-NC-4.0, which allows no commercial use (https://creativecommons.org/licenses/by-nc/4.0)"
_BASE = {
    "dim": 1024,
    "depth": 22,
    "heads": 16,
    "ff_mult": 2,
    "text_dim": 512,
    "text_mask_padding": True,
    "qk_norm": None,
    "conv_layers": 4,
    "pe_attn_head": None,
}
"""The architecture of F5-TTS v1 Base."""
_RATE = 24000
_HOP = 256
"""Samples for each frame of a spectrum."""
_MOST_FRAMES = 8192
"""Most frames of sample and speech together: 87 s."""
_LONGEST: Seconds = 25.0
"""Longest sample and speech together; the model learnt from up to 30 s."""
_LONGEST_SAMPLE: Seconds = 12.5
_RMS = 0.1
"""Lowest RMS of a sample; softer ones are amplified."""
_TAIL: Seconds = 0.05
"""Silence after the sample, so that its last sound does not run into the speech."""
_FEWEST = 20
"""Lowest limit of characters in a segment, after a sample of any pace."""
_FEWEST_BYTES = 10
_SHORT_PACE = 0.3
"""Speed of texts below `_FEWEST_BYTES`, for which the estimate is too short."""
_ALIKE = str.maketrans({"：": "，", "；": "，", "„": '"'})
"""Marks that the vocabulary lacks, with marks that are read alike."""

_BUILT_IN = {
    "basic_en": ("en", "basic_ref_en.wav", "Some call me nature, others call me mother nature."),
    "basic_zh": ("zh", "basic_ref_zh.wav", "对，这就是我，万人敬仰的太乙真人。"),
}
"""The samples in the package: language, file and transcript."""


class _Prompt(NamedTuple):
    """A sample in the form that the model takes."""

    samples: Samples
    """At 24 kHz, a whole number of frames."""
    text: str
    digest: str
    """Digest of sample and transcript, as the user added them."""

    @property
    def frames(self) -> int:
        return len(self.samples) // _HOP

    @property
    def pace(self) -> float:
        """Frames per byte of text."""
        return self.frames / len(self.text.encode())


class _Loaded(NamedTuple):
    flow: Any
    vocoder: Any
    device: Any


class F5(Engine):
    """F5-TTS v1 Base; the same seed gives the same sound on one device."""

    name = "f5"
    description = "any voice from ten seconds of it, in English and Chinese; made for a GPU"
    licence = "MIT"
    weights_licence = "CC-BY-NC-4.0"
    languages = ("en", "zh")
    packages = ("f5_tts", "vocos", "torch")
    install = "voxpress engines install f5"
    environment = "torch"
    in_process = False
    sample_rate = _RATE
    max_chars = 300
    max_batch = 8
    clones = True
    options = {
        "steps": Option(default=32, minimum=4, maximum=64, description="from noise to speech"),
        "cfg_strength": Option(
            default=2.0, minimum=0.0, maximum=5.0, description="how closely it keeps to text and sample"
        ),
        "sway": Option(
            default=-1.0, minimum=-1.0, maximum=1.5, description="below 0: more of the steps near the noise"
        ),
        "precision": PRECISION,
    }

    def __init__(self, model: str | None = None, *, device: str = "auto") -> None:
        super().__init__(model, device=device)
        if self.workers() is None:
            self.max_batch = 1  # a batch is no faster on a CPU, and delays every answer
        self._prompts: dict[str, _Prompt] = {}

    def fingerprint(self, voice: str) -> str:
        require(self)
        parts = [_REVISION, self._find_prompt(voice).digest, *map(catalogue.digest, self._files)]
        parts += [engines.version(self, name) for name in ("f5-tts", "vocos", "pypinyin", "rjieba")]
        return f"f5-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()}"

    def voices(self) -> Sequence[Voice]:
        folder = _examples_folder()
        built_in = [
            Voice(name=name, languages=(language,), description="a sample of the package's", licence="MIT")
            for name, (language, file, _) in _BUILT_IN.items()
            if folder and (folder / file).is_file()
        ]
        return [*built_in, *references.voices(self.name)]

    def longest(self, voice: Voice, language: str) -> int:
        prompt = self._find_prompt(voice.key)
        bytes_left = (_LONGEST * self.sample_rate / _HOP - prompt.frames) / prompt.pace
        characters = int(bytes_left / (3 if languages.base(language) == "zh" else 1))
        return min(self.max_chars, max(_FEWEST, characters))

    def unspeakable(self, text: str, voice: Voice, language: str) -> Sequence[str]:
        """What vocab.txt lacks. The package turns Chinese characters into syllables, so these are not looked up."""
        return list(_silence.list_silent(text.translate(_ALIKE), self._knows))

    def _knows(self, character: str) -> bool:
        return character in self._symbols or unicodedata.name(character, "").startswith("CJK UNIFIED")

    def terms(self) -> str:
        return _TERMS

    def load(self) -> None:
        require(self)
        self._networks  # noqa: B018 - made on first use

    def synthesize(self, batch: Sequence[Segment]) -> Sequence[Audio]:
        import torch

        first = batch[0]
        settings = self.checked(first.options)
        prompt = self._find_prompt(first.voice)
        flow, vocoder, device = self._networks
        numbers = _torch.dtype(str(settings["precision"]), device)
        texts = [self._read_symbols(prompt, segment) for segment in batch]
        frames = [prompt.frames + _estimate_frames(prompt, segment) for segment in batch]
        sample = torch.from_numpy(prompt.samples).to(device)[None]
        given = flow.mel_spec(sample).permute(0, 2, 1)[:, : prompt.frames]
        with torch.autocast(device.type, numbers, enabled=numbers != torch.float32):
            spectra, _ = flow.sample(
                cond=given.expand(len(batch), -1, -1),
                text=texts,
                duration=torch.tensor(frames, device=device),
                steps=settings["steps"],
                cfg_strength=settings["cfg_strength"],
                sway_sampling_coef=settings["sway"],
                seed=_Seeds(batch),
            )
        with torch.no_grad():
            waves = [
                vocoder.decode(spectrum[None, prompt.frames : end].float().permute(0, 2, 1)).squeeze(0)
                for spectrum, end in zip(spectra, frames, strict=True)
            ]
        return [Audio(wave.cpu().numpy(), self.sample_rate) for wave in waves]

    def _read_symbols(self, prompt: _Prompt, segment: Segment) -> list[str]:
        """The symbols of sample and segment, as the model reads them; without punctuation that it does not know.

        Raises:
            SynthesisError: the model does not know one of them.
        """
        from f5_tts.model.utils import convert_char_to_pinyin

        (symbols,) = convert_char_to_pinyin([prompt.text + segment.text.translate(_ALIKE)])
        known = self._networks.flow.vocab_char_map
        symbols = [symbol for symbol in symbols if symbol in known or any(map(_silence.is_heard, symbol))]
        if unknown := dict.fromkeys(symbol for symbol in symbols if symbol not in known):
            named = ", ".join(map(repr, unknown))
            raise SynthesisError(
                f"f5 knows no {named}, which {segment.text[:60]!r} or its voice's transcript has"
            )
        return symbols

    def _find_prompt(self, voice: str) -> _Prompt:
        """The sample of a `Voice.key`.

        Raises:
            ModelUnavailable: the sample is missing, or too long.
            UnknownVoice: no voice has that key.
        """
        if voice not in self._prompts:
            self._prompts[voice] = _make_prompt(*_read_reference(voice))
        return self._prompts[voice]

    @cached_property
    def _files(self) -> tuple[Path, ...]:
        """Weights, vocabulary, the two files of the vocoder, and config.yaml if there is one.

        Raises:
            ModelUnavailable: a file is missing, or there are several files of weights.
        """
        folder = catalogue.locate(self.model or self.name)
        weights = sorted(folder.glob("*.safetensors"))
        if len(weights) != 1:
            found = ", ".join(file.name for file in weights) or "none"
            raise ModelUnavailable(f"{folder} must be a folder with one .safetensors file: it has {found}")
        files = [
            *weights,
            *(folder / name for name in ("vocab.txt", "vocos/config.yaml", "vocos/pytorch_model.bin")),
        ]
        if missing := [str(file.relative_to(folder)) for file in files if not file.is_file()]:
            raise ModelUnavailable(f"{folder} is no model of F5-TTS: it has no {', '.join(missing)}")
        return (*files, *(file for file in [folder / "config.yaml"] if file.is_file()))

    @cached_property
    def _symbols(self) -> frozenset[str]:
        _, vocabulary, *_ = self._files
        return frozenset(vocabulary.read_text(encoding="utf-8").split("\n"))

    @cached_property
    def _networks(self) -> _Loaded:
        weights, vocabulary, vocoder, *_ = self._files
        device = _torch.choose(self.device)
        with _silence_package():
            from f5_tts.infer.utils_infer import load_model, load_vocoder
            from f5_tts.model import DiT

            # This attention keeps the segments of a batch apart. On a GPU, load_model would round the weights.
            built = {**self._arch, "attn_backend": "torch", "attn_mask_enabled": True}
            flow = load_model(DiT, built, str(weights), vocab_file=str(vocabulary), device="cpu").to(device)
            text_embed = flow.transformer.text_embed
            text_embed.forward = functools.partial(_embed_separately, text_embed.forward)
            return _Loaded(
                flow, load_vocoder(is_local=True, local_path=str(vocoder.parent), device=str(device)), device
            )

    @property
    def _arch(self) -> dict[str, Any]:
        """The architecture of the model.

        Raises:
            ModelUnavailable: config.yaml does not have it.
        """
        *_, config = self._files
        if config.name != "config.yaml" or config.parent.name == "vocos":
            return dict(_BASE)
        try:
            return dict(yaml.safe_load(config.read_text(encoding="utf-8"))["model"]["arch"])
        except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
            raise ModelUnavailable(
                f"{config} does not say 'model: arch:' as F5-TTS has it: {error}"
            ) from error


class _Seeds:
    """The seeds of a batch, in the place of one seed. `CFM.sample` converts its seed to a number before it draws the
    noise of each segment, and each conversion gives the next seed here. So a segment has the same noise in every batch.
    """

    def __init__(self, batch: Sequence[Segment]) -> None:
        self._left = iter(batch)

    def __int__(self) -> int:
        return next(self._left).seed % 2**63


def _embed_separately(embed: Callable[..., Any], text: Any, seq_len: Any, drop_text: bool = False) -> Any:
    """The embeddings of a batch of texts, each made alone. `embed` normalises over all positions, so that the sound
    of a text would depend on the lengths of the others.
    """
    if isinstance(seq_len, int):
        return embed(text, seq_len, drop_text=drop_text)
    from torch.nn.utils.rnn import pad_sequence

    each = zip(text.split(1), seq_len.tolist(), strict=True)
    alone = [embed(one, length, drop_text=drop_text).squeeze(0) for one, length in each]
    return pad_sequence(alone, batch_first=True)


def _estimate_frames(prompt: _Prompt, segment: Segment) -> int:
    """Likely number of frames of the segment.

    Raises:
        SynthesisError: the segment is too long for the model.
    """
    size = len(segment.text.encode())
    pace = _SHORT_PACE if size < _FEWEST_BYTES else 1.0
    frames = max(1, int(prompt.pace * size / pace))
    if prompt.frames + frames > _MOST_FRAMES:
        most = (_MOST_FRAMES - prompt.frames) * _HOP / _RATE
        raise SynthesisError(
            f"{segment.text[:60]!r} would be {frames * _HOP / _RATE:.0f} s long, and f5 takes {most:.0f} s at once"
        )
    return frames


def _read_reference(voice: str) -> tuple[Audio, Reference]:
    """The sample of a `Voice.key`, and what is known of it.

    Raises:
        ModelUnavailable: the sample cannot be read.
        UnknownVoice: no voice has that key.
    """
    folder = _examples_folder()
    if voice in _BUILT_IN and folder:
        language, file, transcript = _BUILT_IN[voice]
        try:
            sample = codec.decode((folder / file).read_bytes())
        except OSError as error:
            raise ModelUnavailable(f"cannot read {folder / file}: {error.strerror}") from error
        digest = references.digest_of(sample, transcript)
        return sample, Reference(
            name=voice, digest=digest, transcript=transcript, language=language, duration=sample.duration
        )
    reference = references.find(voice)
    return references.audio(reference), reference


def _make_prompt(sample: Audio, reference: Reference) -> _Prompt:
    """A prompt from a sample: trimmed, loud enough, and with its transcript.

    Raises:
        ModelUnavailable: the sample is too long.
    """
    spoken = waveform.trim(sample)
    if spoken.duration > _LONGEST_SAMPLE:
        problem = f"is {spoken.duration:.1f} s long, and f5 takes {_LONGEST_SAMPLE:g} s: add a shorter one"
        raise ModelUnavailable(f"the sample of {reference.name!r} {problem}")
    ready = waveform.resample(spoken, _RATE)
    rms = float(np.sqrt(np.mean(np.square(ready.samples, dtype=np.float64))))
    louder = waveform.gain(ready, max(0.0, 20 * math.log10(_RMS / rms)))
    samples = waveform.pad(louder, tail=_TAIL).samples
    whole = len(samples) // _HOP * _HOP
    return _Prompt(samples[:whole], _punctuate(reference.transcript), reference.digest)


def _punctuate(transcript: str) -> str:
    """A transcript with the punctuation that suits the model: no commas, and a full stop and a space at the end.

    >>> _punctuate("Some call me nature, others call me mother nature")
    'Some call me nature others call me mother nature. '
    >>> _punctuate("对，这就是我。")
    '对这就是我。'
    """
    text = re.sub("[,，、]", "", transcript).strip()
    if text.endswith(("。", "！", "？")):
        return text
    return f"{text} " if text.endswith(("!", "?")) else f"{text.rstrip('.')}. "


def _examples_folder() -> Path | None:
    """The folder of the package's samples, here or in the engine's environment."""
    if engines.python(F5):
        places = [Path(place, "f5_tts") for place in environments.packages(F5.environment)]
    else:
        spec = importlib.util.find_spec("f5_tts")
        places = [Path(place) for place in (spec and spec.submodule_search_locations) or ()]
    folders = [place / "infer" / "examples" / "basic" for place in places]
    return next((folder for folder in folders if folder.is_dir()), None)


@contextlib.contextmanager
def _silence_package() -> Iterator[None]:
    """Silence the package, which prints and warns when it is imported and when it loads."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
