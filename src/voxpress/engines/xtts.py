"""XTTS v2: studio voices, and any voice from a sample of a few seconds, in 17 languages, through coqui-tts.

A model is a folder with ``config.json``, ``model.pth``, ``vocab.json`` and, for studio voices, ``speakers_xtts.pth``;
or a name of the catalogue. It is only read here, although coqui-tts rewrites the published ``model.pth`` on first use.

A GPT draws tokens of sound for text and voice, and a HiFi-GAN turns the GPT's hidden states into samples.

Sources: idiap/coqui-ai-TTS (limits, settings), coqui/XTTS-v2 (config.json).
"""

from __future__ import annotations

import collections
import functools
import hashlib
import io
import json
import logging
import math
import pickle
import zipfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from voxpress import engines, languages
from voxpress.audio import waveform
from voxpress.audio.waveform import Audio
from voxpress.engines import PRECISION, Engine, Option, _silence, _torch, check_options, require
from voxpress.errors import (
    EngineNotInstalled,
    ModelUnavailable,
    SynthesisError,
    UnknownVoice,
    UnsupportedOption,
)
from voxpress.models import catalogue
from voxpress.speech import Seconds, Segment, Voice
from voxpress.text.duration import bounds
from voxpress.voices import latents, references
from voxpress.voices.latents import Arrays

_REVISION = "1"
"""Part of the fingerprint; every change here that can change the sound needs another one."""
_TERMS = "the Coqui Public Model License 1.0.0, for the audio too: no commercial use (https://coqui.ai/cpml)"
_LONGEST = {
    "en": 250,
    "es": 239,
    "fr": 273,
    "de": 253,
    "it": 213,
    "pt": 203,
    "pl": 224,
    "tr": 226,
    "ru": 182,
    "nl": 251,
    "cs": 186,
    "ar": 166,
    "zh": 82,
    "hu": 224,
    "ko": 95,
    "ja": 71,
    "hi": 150,
}
"""Longest text that the model was trained on, in characters."""
_NEEDS = {"ja": ("cutlet", "'cutlet' 'fugashi[unidic-lite]'"), "zh": ("pypinyin", "pypinyin")}
"""Further distributions that a language needs, each with the arguments for pip."""
_NAMED = frozenset("&@%#$£°")
"""Signs that the package reads in all languages but Japanese."""
_ROMANISED = ("ja", "ko", "zh")
"""Languages whose letters the package writes in Latin ones."""
_INPUT_RATE = 22050
_TOKEN_RATE = _INPUT_RATE / 1024
"""Tokens per second."""
_SHORTEST_SAMPLE: Seconds = 0.33
_LATENTS = ("gpt_cond_latent", "speaker_embedding")
_FILES = ("config.json", "model.pth", "vocab.json")
_ENDS = ".?!…。！？।؟"


class _Loaded(NamedTuple):
    model: Any
    device: Any
    precision: str


class Xtts(Engine):
    """Coqui XTTS v2; the same seed gives the same sound on one device."""

    name = "xtts"
    description = "studio voices, and any other from a few seconds of it, in 17 languages"
    licence = "MPL-2.0"
    weights_licence = "Coqui Public Model License 1.0.0, non-commercial"
    languages = tuple(_LONGEST)
    packages = ("TTS", "torch")
    install = "voxpress engines install xtts"
    environment = "torch"
    in_process = False
    sample_rate = 24000
    max_chars = 250
    misread = '"“”„‟«»‹›'
    clones = True
    options = {
        "temperature": Option(
            default=0.75, minimum=0.05, maximum=1.5, description="variation of rhythm and melody"
        ),
        "top_k": Option(default=50, minimum=1, maximum=1024, description="of how many sounds one is drawn"),
        "top_p": Option(
            default=0.85,
            minimum=0.05,
            maximum=1.0,
            description="of how likely sounds, together, one is drawn",
        ),
        "repetition_penalty": Option(
            default=10.0, minimum=1.0, maximum=20.0, description="against drawn-out sounds and loops"
        ),
        "precision": PRECISION,
    }

    def __init__(self, model: str | None = None, *, device: str = "auto") -> None:
        super().__init__(model, device=device)
        self._held: _Loaded | None = None

    def fingerprint(self, voice: str) -> str:
        require(self)
        needed = ("coqui-tts", "transformers", "torch")
        parts = [_REVISION, *(engines.version(self, name).partition("+")[0] for name in needed)]
        parts += [
            self._weights,
            self._studio[voice] if voice in self._studio else references.find(voice).digest,
        ]
        return f"xtts-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()}"

    def voices(self) -> Sequence[Voice]:
        studio = [Voice(name=name, licence=self.weights_licence) for name in self._studio]
        return [*studio, *references.voices(self.name)]

    def voice(self, name: str | None) -> Voice:
        if name is None and not self.voices():
            raise UnknownVoice(
                f"{self._folder} has no speakers_xtts.pth, and no voice was added: run"
                "  voxpress voices add NAME --reference FILE"
            )
        return super().voice(name)

    def longest(self, voice: Voice, language: str) -> int:
        return _LONGEST[self._choose_language(language)]

    def unspeakable(self, text: str, voice: Voice, language: str) -> Sequence[str]:
        """What the tokenizer reads as an unknown symbol, after the package has put words in the place of some."""
        base = languages.base(language)

        def say(character: str) -> bool:
            if (character in _NAMED and base != "ja") or (character.isalpha() and base in _ROMANISED):
                return True
            return all(letter in self._symbols for letter in character.lower())

        return list(_silence.list_silent(text, say))

    def terms(self) -> str:
        return _TERMS

    def load(self) -> None:
        require(self)
        self._load_in("float32")

    def synthesize(self, batch: Sequence[Segment]) -> Sequence[Audio]:
        return [self._speak(segment) for segment in batch]

    def _speak(self, segment: Segment) -> Audio:
        import torch

        settings = check_options(type(self), segment.options)
        language = self._choose_language(segment.language)
        precision = str(settings.pop("precision"))
        model, device, _ = self._load_in(precision)
        text = _end_sentence(segment.text)
        tokens = len(model.tokenizer.encode(text.lower(), language))
        if tokens >= model.args.gpt_max_text_tokens:
            raise SynthesisError(
                f"xtts takes {model.args.gpt_max_text_tokens - 1} tokens of text at once,"
                f" not the {tokens} of {text[:60]!r}"
            )
        latent, embedding = (
            torch.from_numpy(part).to(device) for part in self._find_latents(model, segment.voice)
        )
        most = min(model.gpt.max_gen_mel_tokens, math.ceil(bounds(text)[1] * _TOKEN_RATE))
        _torch.set_seed(segment.seed)
        spoken = model.inference(
            text,
            language,
            latent.to(_torch.dtype(precision, device)),
            embedding,
            **settings,
            max_new_tokens=most,
        )
        if spoken["gpt_latents"].shape[1] >= most:
            raise SynthesisError(f"xtts found no end of {text[:60]!r} in {most / _TOKEN_RATE:.1f} s")
        return Audio(np.asarray(spoken["wav"], np.float32).reshape(-1), self.sample_rate)

    def _find_latents(self, model: Any, voice: str) -> list[npt.NDArray[np.float32]]:
        """The latents of a voice: for the GPT, of shape (1, 32, 1024), and for the HiFi-GAN, (1, 512, 1).

        Raises:
            ModelUnavailable: the voice cannot be read, or its sample is too short.
            UnknownVoice: no voice has that key.
        """
        if voice in self._studio:
            speaker = model.speaker_manager.speakers[voice]
            return [speaker[name].float().cpu().numpy() for name in _LATENTS]
        reference = references.find(voice)
        made = latents.compute(
            reference,
            f"xtts {_REVISION} {self._weights}",
            lambda: _compute_latents(model, references.audio(reference)),
        )
        return [made[name] for name in _LATENTS]

    def _choose_language(self, tag: str) -> str:
        """The language in `languages` for a BCP 47 tag.

        Raises:
            EngineNotInstalled: the language needs a package that is missing.
            UnsupportedOption: the model does not speak the language.
        """
        language = languages.base(tag)
        if language not in _LONGEST:
            raise UnsupportedOption(f"xtts does not speak {tag!r} (languages: {', '.join(self.languages)})")
        if language in _NEEDS:
            package, wanted = _NEEDS[language]
            try:
                engines.version(self, package)
            except EngineNotInstalled:
                interpreter = engines.python(self) or "python"
                raise EngineNotInstalled(
                    f"xtts needs {package} for {tag!r}: run  {interpreter} -m pip install {wanted}"
                ) from None
        return language

    @cached_property
    def _folder(self) -> Path:
        """The folder of the model.

        Raises:
            ModelUnavailable: the model or one of its files is missing.
        """
        folder = catalogue.locate(self.model or self.name)
        if missing := [name for name in _FILES if not (folder / name).is_file()]:
            raise ModelUnavailable(f"{folder} is no model of XTTS: it has no {', '.join(missing)}")
        return folder

    @cached_property
    def _symbols(self) -> frozenset[str]:
        """The tokens of text."""
        return frozenset(json.loads((self._folder / "vocab.json").read_bytes())["model"]["vocab"])

    @property
    def _weights(self) -> str:
        """Digest of all files except the voices."""
        digests = [catalogue.digest(self._folder / name) for name in _FILES]
        return hashlib.sha256(json.dumps(digests).encode()).hexdigest()

    @property
    def _studio(self) -> dict[str, str]:
        """Digests of the studio voices, by name."""
        file = self._folder / "speakers_xtts.pth"
        return _read_speakers(file, catalogue.digest(file)) if file.is_file() else {}

    def _load_in(self, precision: str) -> _Loaded:
        """The model, in a precision.

        Raises:
            EngineError: the device is not there.
            ModelUnavailable: the model cannot be read.
            UnsupportedOption: the device does not compute in that precision.
        """
        held = self._held
        if held is None or precision != held.precision:
            if held is None or held.precision != "float32":  # rounded weights must be read again
                self._held = None
                held = _load(self._folder, _torch.choose(self.device))
            self._held = _round_weights(held, precision)
        assert self._held
        return self._held


def _load(folder: Path, device: Any) -> _Loaded:
    import torch
    import transformers

    logging.getLogger("TTS").setLevel(logging.ERROR)
    transformers.logging.set_verbosity_error()
    from TTS.tts.configs.xtts_config import XttsConfig
    from TTS.tts.models import xtts

    class Unwritten(xtts.Xtts):  # type: ignore[misc] # the package has no types
        """An XTTS that does not rewrite its weights, so that the folder can be read-only."""

        def _load_checkpoint(self, model_path: Path) -> dict[str, Any]:
            with xtts._legacy_safe_globals():  # noqa: SLF001 - names under which the published file has its settings
                read = torch.load(model_path, map_location="cpu", weights_only=True, mmap=True)
            return dict(read["model"])

    kind = json.loads((folder / "config.json").read_bytes()).get("model")
    if kind != "xtts":
        raise ModelUnavailable(f"{folder} is no model of XTTS: its config.json says {kind!r}")
    config = XttsConfig()
    config.load_json(str(folder / "config.json"))
    model = Unwritten(config)
    try:
        model.load_checkpoint(config, checkpoint_dir=folder)
    except RuntimeError as error:
        problem = " ".join(str(error).split())[:300]
        raise ModelUnavailable(f"model.pth and config.json in {folder} do not fit: {problem}") from error
    model.gpt.register_forward_hook(
        lambda _module, _given, thoughts: thoughts.float()
    )  # the HiFi-GAN stays exact
    return _Loaded(model.to(device), device, "float32")


def _round_weights(loaded: _Loaded, precision: str) -> _Loaded:
    """Change the precision of the model in place: of the part that draws tokens, not of the part that reads samples,
    and not of the HiFi-GAN.

    Raises:
        UnsupportedOption: the device does not compute in that precision.
    """
    import torch

    numbers = _torch.dtype(precision, loaded.device)
    for name, part in loaded.model.gpt.named_children():
        if not name.startswith("conditioning"):
            part.to(numbers)
    # Positions are in the input already; GPT-2's own are zeros, which would turn the sum into float32 again.
    loaded.model.gpt.gpt.wpe = lambda positions: torch.zeros_like(positions, dtype=numbers)[..., None]
    return loaded._replace(precision=precision)


def _compute_latents(model: Any, sample: Audio) -> Arrays:
    """The latents of the voice in a sample.

    Raises:
        ModelUnavailable: the sample is too short.
    """
    import torch

    if sample.duration < _SHORTEST_SAMPLE:
        raise ModelUnavailable(
            f"a sample of {sample.duration:.2f} s is too short for xtts: 6 s or more are best"
        )
    config = model.config
    heard = torch.from_numpy(waveform.resample(sample, _INPUT_RATE).samples)[None]
    made = (
        model.get_gpt_cond_latents(
            heard, _INPUT_RATE, length=config.gpt_cond_len, chunk_length=config.gpt_cond_chunk_len
        ),
        model.get_speaker_embedding(heard[:, : config.max_ref_len * _INPUT_RATE], _INPUT_RATE),
    )
    return {name: part.float().cpu().numpy() for name, part in zip(_LATENTS, made, strict=True)}


@functools.lru_cache(maxsize=8)
def _read_speakers(file: Path, _digest: str) -> dict[str, str]:
    """Digests of the voices in speakers_xtts.pth, by name, in the file's order. It needs no PyTorch.

    Raises:
        ModelUnavailable: the file is another one.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            (index,) = [name for name in archive.namelist() if name.endswith("/data.pkl")]
            read = _Index(archive, index).load()
        return {str(name): hashlib.sha256(repr(parts).encode()).hexdigest() for name, parts in read.items()}
    except (
        OSError,
        ValueError,
        KeyError,
        EOFError,
        AttributeError,
        zipfile.BadZipFile,
        pickle.UnpicklingError,
    ) as error:
        raise ModelUnavailable(
            f"cannot read the voices in {file}: {type(error).__name__}: {error}"
        ) from error


class _Index(pickle.Unpickler):
    """Reads a file of PyTorch, with a digest in the place of each tensor's content. It runs no code from the file."""

    def __init__(self, archive: zipfile.ZipFile, index: str) -> None:
        super().__init__(io.BytesIO(archive.read(index)))
        self._archive, self._folder = archive, index.removesuffix("data.pkl")

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if module == "torch._utils" and name.startswith("_rebuild"):
            return lambda *parts: parts[:4]  # content, offset, shape and strides
        if module == "torch" and name.endswith("Storage"):
            return name
        raise pickle.UnpicklingError(f"it holds a {module}.{name}")

    def persistent_load(self, pid: Any) -> Any:
        _, kind, key, *_ = pid
        return kind, hashlib.sha256(self._archive.read(f"{self._folder}data/{key}")).hexdigest()


def _end_sentence(text: str) -> str:
    """`text` with punctuation at its end. Without it, the model often adds words of its own.

    >>> _end_sentence("Hold the line, please"), _end_sentence("Really?"), _end_sentence("one, two,")
    ('Hold the line, please.', 'Really?', 'one, two.')
    """
    text = " ".join(text.split())
    bare = text.rstrip(")]}' ’")
    if bare.endswith(tuple(_ENDS)):
        return text
    return text.rstrip(",;:-–— ") + "."
