"""OuteTTS 1.0: a language model that speaks, in up to 23 languages.

A model is a folder with the language model and its tokenizer as Hugging Face has them (``config.json``,
``*.safetensors``, ``tokenizer.json``, ``tokenizer_config.json``) and the codec's weights, ``dac.pth``; or a name of
`voxpress.models.catalogue`.

A voice is a sample in the model's own codes, word by word, and the model continues it. So only a sample with the
times of its words can be cloned.

Sources: edwko/OuteTTS (the package, interface 3) and the cards of its models.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import importlib.util
import io
import json
import sys
import types
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import numpy as np

from voxpress import engines, languages
from voxpress.audio import codec, waveform
from voxpress.audio.waveform import Audio
from voxpress.engines import PRECISION, Engine, Option, _torch, require
from voxpress.errors import ModelUnavailable, SynthesisError
from voxpress.models import catalogue, environments
from voxpress.speech import OptionValue, Output, Seconds, Segment, Voice
from voxpress.text.duration import bounds
from voxpress.voices import latents, references
from voxpress.voices.latents import Arrays
from voxpress.voices.references import Reference

_REVISION = "1"
"""Part of the fingerprint; every change here that can change the sound needs another one."""
_TERMS = (
    "CC-BY-NC-SA-4.0, which allows no commercial use (https://creativecommons.org/licenses/by-nc-sa/4.0), and the"
    " Llama 3.2 Community License (https://www.llama.com/llama3_2/license)"
)
_QWEN = ("en", "zh", "nl", "fr", "ka", "de", "hu", "it", "ja", "ko", "lv", "pl", "ru", "es")
_LLAMA = ("en", "ar", "zh", "nl", "fr", "de", "it", "ja", "ko", "lt", "ru", "es")
_LLAMA_LESS = ("pt", "be", "bn", "ka", "hu", "lv", "fa", "pl", "sw", "ta", "uk")
_LANGUAGES = {"qwen3": _QWEN, "llama": (*_LLAMA, *_LLAMA_LESS)}
"""Languages of the models by architecture: 0.6B is a Qwen, 1B a Llama."""
_PULLED = {"outetts": "qwen3", "outetts-1b": "llama"}
_DEFAULT = "en-female-1-neutral"

_FRAMES = 75
"""Frames for each second, of two codes each."""
_CODES = 1024
_MOST_TOKENS = 7000
"""Most tokens of voice, text and speech together. The model has 8,192 places, and quality falls near the end."""
_PER_WORD = 10
"""Tokens of a word besides its letters and its codes."""
_SLOW: Seconds = 0.11
"""Time per letter that `longest` assumes; slow speech has 0.09."""
_LONGEST_SAMPLE: Seconds = 20.0
_SHORTEST_WORD: Seconds = 0.05
"""Shortest word whose pitch the package can measure."""
_FEATURES = ("energy", "spectral_centroid", "pitch")


class OuteTTS(Engine):
    """OuteTTS 1.0 with 0.6 or 1 billion parameters; the same seed gives the same sound on one device."""

    name = "outetts"
    description = "one voice, and any that is cloned from a sample; 14 languages, or 23 with the larger model"
    licence = "Apache-2.0"
    weights_licence = "Apache-2.0; outetts-1b: CC-BY-NC-SA-4.0 and Llama 3.2 Community License"
    languages = tuple(dict.fromkeys((*_QWEN, *_LLAMA, *_LLAMA_LESS)))
    packages = ("outetts", "dac", "torch")
    install = "voxpress engines install outetts"
    environment = "outetts"
    in_process = False
    sample_rate = 24000
    max_chars = 200
    misread = "<>|"
    clones = True
    options = {
        "temperature": Option(default=0.4, minimum=0.05, maximum=1.5, description="how freely it speaks"),
        "top_k": Option(default=40, minimum=1, maximum=1000, description="codes that it chooses from"),
        "top_p": Option(default=0.9, minimum=0.1, maximum=1.0, description="share of the likely codes"),
        "min_p": Option(
            default=0.05, minimum=0.0, maximum=0.5, description="least likelihood against the likeliest"
        ),
        "repetition_penalty": Option(
            default=1.1, minimum=1.0, maximum=2.0, description="against the last 64 codes"
        ),
        "precision": PRECISION,
    }

    def fingerprint(self, voice: str) -> str:
        require(self)
        parts = [_REVISION, *map(catalogue.digest, self._files)]
        parts += [engines.version(self, name) for name in ("outetts", "transformers", "descript-audio-codec")]
        if file := _list_built_in().get(voice):
            parts.append(catalogue.digest(file))
        else:
            parts.append(_find_reference(voice).digest)
        return f"outetts-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()}"

    def voices(self) -> Sequence[Voice]:
        built_in = [
            _describe_voice(name)
            for name in sorted(_list_built_in(), key=lambda name: (name != _DEFAULT, name))
        ]
        return [*built_in, *references.voices(self.name)]

    def speaks(self, voice: Voice) -> Sequence[str]:
        return _LANGUAGES.get(self._architecture, self.languages)

    def longest(self, voice: Voice, language: str) -> int:
        seconds = (_MOST_TOKENS - self._count_voice_tokens(voice.key)) / (2 * _FRAMES + 3 * _PER_WORD)
        return min(
            self.max_chars, int(seconds / _SLOW / (3 if languages.base(language) in languages.DENSE else 1))
        )

    def terms(self) -> str:
        return _TERMS if self._architecture == "llama" else ""

    def load(self) -> None:
        require(self)
        self._interface  # noqa: B018 - made on first use

    def synthesize(self, batch: Sequence[Segment]) -> Sequence[Audio]:
        return [self._speak(segment) for segment in batch]

    def _speak(self, segment: Segment) -> Audio:
        import torch

        settings = self.checked(segment.options)
        interface = self._interface
        self._compute_in(str(settings["precision"]))
        # The package changes its argument.
        prompt = interface.prepare_prompt(segment.text, copy.deepcopy(self._find_speaker(segment.voice)))
        most = _limit_tokens(segment.text, prompt.shape[-1])
        _torch.set_seed(segment.seed)
        tokens = interface.model.generate(prompt, self._make_config(settings, prompt, most))[
            prompt.shape[-1] :
        ]
        if not tokens or tokens[-1] not in self._ends:
            raise SynthesisError(f"outetts came to no end within {most} tokens of {segment.text[:60]!r}")
        first, second = interface.prompt_processor.extract_audio_from_tokens(tokens)
        if not first or max(*first, *second) >= _CODES:
            raise SynthesisError(f"outetts made no speech of {segment.text[:60]!r}")
        codes = torch.tensor([[first, second]])
        wave = interface.audio_codec.decode(codes, chunk_length=len(first))
        return Audio(wave.float().cpu().numpy().reshape(-1), self.sample_rate)

    def _make_config(self, settings: Mapping[str, OptionValue], prompt: Any, most: int) -> Any:
        """The package's configuration for one generation."""
        import torch
        from outetts import GenerationConfig, SamplerConfig

        names = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty")
        return GenerationConfig(
            text="",
            max_length=prompt.shape[-1] + most,
            sampler_config=SamplerConfig(**{name: settings[name] for name in names}),
            additional_gen_config={
                "attention_mask": torch.ones_like(prompt),
                "eos_token_id": self._ends,
                "pad_token_id": self._ends[0],
            },
        )

    @cached_property
    def _ends(self) -> list[int]:
        """The tokens that end the speech."""
        processor = self._interface.prompt_processor
        marks = processor.special_tokens
        return list(processor.tokenizer.convert_tokens_to_ids([marks.audio_end, marks.eos]))

    @cached_property
    def _architecture(self) -> str:
        """The architecture of the model, such as qwen3 or llama.

        Raises:
            ModelUnavailable: the model is not there, or its config.json lacks the architecture.
        """
        name = self.model or self.name
        if name in _PULLED:
            return _PULLED[name]
        config = catalogue.locate(name) / "config.json"
        try:
            return str(json.loads(config.read_bytes())["model_type"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelUnavailable(f"{config} does not say 'model_type': {error}") from error

    @cached_property
    def _files(self) -> tuple[Path, ...]:
        """All files of the model.

        Raises:
            ModelUnavailable: one is missing.
        """
        folder = catalogue.locate(self.model or self.name)
        weights = sorted(folder.glob("*.safetensors"))
        files = [
            folder / name for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "dac.pth")
        ]
        missing = [file.name for file in files if not file.is_file()] + ["*.safetensors"] * (not weights)
        if missing:
            raise ModelUnavailable(f"{folder} is no model of OuteTTS: it has no {', '.join(missing)}")
        return (*files, *weights)

    @cached_property
    def _interface(self) -> Any:
        folder = self._files[0].parent
        device = _torch.choose(self.device)
        _replace_llama_cpp()
        with _silence_package():
            import outetts
            import torch

            interface = outetts.Interface(
                outetts.ModelConfig(
                    model_path=str(folder),
                    tokenizer_path=str(folder),
                    interface_version=outetts.InterfaceVersion.V3,
                    backend=outetts.Backend.HF,
                    device=str(device),
                    dtype=torch.float32,
                    additional_model_config={},
                    audio_codec_path=str(folder / "dac.pth"),
                )
            )
        # torchaudio would need FFmpeg to read files.
        interface.audio_codec.load_audio = _read_sample
        return interface

    def _compute_in(self, precision: str) -> None:
        """Set the precision of the language model. It is read again for another one, since rounding cannot be
        undone.
        """
        interface = self._interface
        wanted = _torch.dtype(precision, interface.model.device)
        if interface.model.dtype != wanted:
            interface.config.dtype = wanted
            with _silence_package():
                interface.model = interface.get_model()

    @cached_property
    def _speakers(self) -> dict[str, dict[str, Any]]:
        return {}

    def _find_speaker(self, voice: str) -> dict[str, Any]:
        """A voice in the package's form: text, and words with their codes."""
        if voice not in self._speakers:
            if file := _list_built_in().get(voice):
                self._speakers[voice] = json.loads(file.read_bytes())
            else:
                reference = _find_reference(voice)
                kind = f"outetts {_REVISION} {catalogue.digest(self._files[0].parent / 'dac.pth')}"
                arrays = latents.compute(reference, kind, lambda: self._encode_sample(reference))
                self._speakers[voice] = _assemble_speaker(reference, arrays)
        return self._speakers[voice]

    def _encode_sample(self, reference: Reference) -> Arrays:
        """Codes of the sample, shape (2, frames); lengths of its words in frames; and features of the words."""
        with _silence_package():
            speaker = self._interface.audio_processor.create_speaker_from_dict(
                {
                    "audio": {"bytes": codec.encode(references.audio(reference), Output(format="wav"))},
                    "text": _join_words(reference),
                    "words": _time_words(reference),
                }
            )
        words = speaker["words"]
        codes = [[code for word in words for code in word[book]] for book in ("c1", "c2")]
        features = [[word["features"][name] for name in _FEATURES] for word in words]
        return {
            "codes": np.array(codes, np.float32),
            "lengths": np.array([len(word["c1"]) for word in words], np.float32),
            "features": np.array(features, np.float32),
        }

    def _count_voice_tokens(self, voice: str) -> int:
        """Most tokens of a voice, without the tokenizer: a byte of text is at most one token."""
        if file := _list_built_in().get(voice):
            speaker = json.loads(file.read_bytes())
            frames = sum(len(word["c1"]) for word in speaker["words"])
            words, text = [word["word"] for word in speaker["words"]], speaker["text"]
        else:
            reference = _find_reference(voice)
            frames = int(reference.duration * _FRAMES) + 1
            words, text = [mark.text for mark in reference.words], _join_words(reference)
        return 2 * frames + sum(_PER_WORD + len(word.encode()) for word in words) + len(text.encode())


def _limit_tokens(text: str, taken: int) -> int:
    """Most tokens of the speech: those of the slowest reading of `text`, or those that `taken` ones leave.

    Raises:
        SynthesisError: these are too few for the fastest reading.
    """
    least, most = bounds(text)
    left = _MOST_TOKENS - taken
    if left < least * 2 * _FRAMES:
        raise SynthesisError(f"{text[:60]!r} and its voice are too long for outetts together")
    words = len(text) // 2 + 1  # at most
    return min(left, int(most * 2 * _FRAMES) + words * _PER_WORD + len(text.encode()))


def _find_reference(voice: str) -> Reference:
    """The cloned voice of a `Voice.key`.

    Raises:
        ModelUnavailable: the sample is too long, or has no times of its words.
        UnknownVoice: no voice has that key.
    """
    reference = references.find(voice)
    problem = ""
    if reference.duration > _LONGEST_SAMPLE:
        problem = (
            f"is {reference.duration:.1f} s long, and outetts takes {_LONGEST_SAMPLE:g} s: add a shorter one"
        )
    elif not reference.words:
        problem = (
            "does not say when its words are heard, which outetts needs: add it again with recognition installed"
            "  (pip install 'voxpress[listen]')"
        )
    if problem:
        raise ModelUnavailable(f"the sample of {reference.name!r} {problem}")
    return reference


def _time_words(reference: Reference) -> list[dict[str, object]]:
    latest = reference.duration - _SHORTEST_WORD
    return [
        {
            "word": mark.text,
            "start": min(mark.start, latest),
            "end": max(mark.end, min(mark.start, latest) + _SHORTEST_WORD),
        }
        for mark in reference.words
    ]


def _assemble_speaker(reference: Reference, arrays: Arrays) -> dict[str, Any]:
    """The voice in the package's form, from the arrays of `OuteTTS._encode_sample`."""
    words = []
    start = 0
    for mark, length, features in zip(reference.words, arrays["lengths"], arrays["features"], strict=True):
        first, second = arrays["codes"][:, start : start + int(length)].astype(int).tolist()
        words.append(
            {
                "word": mark.text,
                "duration": round(int(length) / _FRAMES, 2),
                "c1": first,
                "c2": second,
                "features": dict(zip(_FEATURES, features.astype(int).tolist(), strict=True)),
            }
        )
        start += int(length)
    return {"text": _join_words(reference), "words": words}


def _join_words(reference: Reference) -> str:
    """The text of a sample from its timed words, so that text and codes have the same words."""
    space = "" if languages.base(reference.language) in {"ja", "zh"} else " "
    return space.join(mark.text for mark in reference.words)


def _list_built_in() -> dict[str, Path]:
    """The voices in the package, here or in the engine's environment, by name."""
    if engines.python(OuteTTS):
        places = [Path(place, "outetts") for place in environments.packages(OuteTTS.environment)]
    else:
        spec = importlib.util.find_spec("outetts")
        places = [Path(place) for place in (spec and spec.submodule_search_locations) or ()]
    folders = [place / "version" / "v3" / "default_speakers" / "json" for place in places]
    return {file.stem: file for folder in folders for file in sorted(folder.glob("*.json"))}


def _describe_voice(name: str) -> Voice:
    """A voice of the package, whose name has language, gender, number and mood."""
    language, gender, *_ = (*name.split("-"), "")
    return Voice(
        name=name, languages=(language,), gender=gender, description="the package's own", licence="Apache-2.0"
    )


def _read_sample(file: IO[bytes]) -> Any:
    """A sample as a tensor of shape (1, 1, samples)."""
    import torch

    sound = waveform.resample(codec.decode(file.read()), OuteTTS.sample_rate)
    return torch.tensor(sound.samples)[None, None]


def _replace_llama_cpp() -> None:
    """Replace llama_cpp with a stub. The package imports it but does not use it here, and pip would have to compile
    it.
    """
    if "llama_cpp" not in sys.modules and importlib.util.find_spec("llama_cpp") is None:
        stub = types.ModuleType("llama_cpp")
        vars(stub).update(__version__="0.3.9", Llama=object, llama_token_is_eog=None)
        sys.modules["llama_cpp"] = stub


@contextlib.contextmanager
def _silence_package() -> Iterator[None]:
    """Silence the package, which logs, prints and draws progress bars."""
    from loguru import logger

    logger.disable("outetts")
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield
