"""Bark: speech in 13 languages, with laughs and hesitations, from Suno's models, through transformers.

A model is a folder as transformers lays it out (``config.json``, ``generation_config.json``, weights, tokenizer), or a
name of the catalogue. Its voices are presets: those that ``speaker_embeddings_path.json`` names, ``.npz`` files of
the original package under ``voices/``, and those of the model ``bark-voices`` if it was pulled.

The first step turns text into semantic tokens, the second turns these into two of eight streams of acoustic tokens, the
third adds the other six, and EnCodec turns all into sound. The first two steps draw one token after the other, on a GPU
for several segments at once. Each segment has its own noise there, and every batch has the same shape, so that a
segment sounds the same in every batch, to the last bit.

Sources: suno-ai/bark (rates, temperatures), transformers (the steps and how they fit together).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from voxpress import engines
from voxpress.audio.waveform import Audio
from voxpress.engines import PRECISION, Engine, Option, _silence, _torch, check_options, require
from voxpress.errors import ModelUnavailable, SynthesisError
from voxpress.models import catalogue
from voxpress.speech import Segment, Voice
from voxpress.text.duration import bounds

_REVISION = "1"
"""Part of the fingerprint; every change here that can change the sound needs another one."""
_MOST_TOKENS = 256
"""Most tokens of text; the model ignores further ones."""
_MOST_SEMANTIC = 768
"""Most semantic tokens at once: 15.4 s."""
_FEWEST_SEMANTIC = 10
"""Fewest semantic tokens of a sound."""
_SEMANTIC_RATE = 49.9
"""Semantic tokens in a second."""
_END = 0.05
"""Likelihood of the end at which the speech ends. With a higher one, the model often adds words of its own."""
_FINE_TEMPERATURE = 0.5

_PARTS = {"semantic_prompt": 1, "coarse_prompt": 2, "fine_prompt": 2}
"""The arrays of a preset, and their dimensions."""
_NAME = re.compile(r"(?:v2/)?([a-z]{2})_speaker_\d")
_DEFAULT = "v2/en_speaker_6"
_PRESETS = "bark-voices"
"""The model in the catalogue with the presets."""


class _Loaded(NamedTuple):
    model: Any
    tokenizer: Any
    device: Any
    precision: str
    semantic: Any
    coarse: Any
    fine: Any
    """`semantic`, `coarse` and `fine` say how each step draws its tokens, from the model's generation_config.json."""


class Bark(Engine):
    """Suno's Bark; the same seed gives the same sound on one device, whatever it is batched with."""

    name = "bark"
    description = "lively voices in 13 languages that laugh, hesitate and stray from the text; for a GPU"
    licence = "Apache-2.0"
    weights_licence = "MIT"
    languages = ("en", "de", "es", "fr", "hi", "it", "ja", "ko", "pl", "pt", "ru", "tr", "zh")
    packages = ("transformers", "torch")
    install = "voxpress engines install bark"
    environment = "torch"
    in_process = False
    sample_rate = 24000
    max_chars = 150
    max_batch = 8
    options = {
        "text_temperature": Option(
            default=0.7, minimum=0.1, maximum=1.5, description="variation of rhythm, mood and wording"
        ),
        "waveform_temperature": Option(
            default=0.7, minimum=0.1, maximum=1.5, description="variation of the sound"
        ),
        "precision": PRECISION,
    }

    def __init__(self, model: str | None = None, *, device: str = "auto") -> None:
        super().__init__(model, device=device)
        if self.workers() is None:
            self.max_batch = 1  # a segment takes minutes on a CPU, and a batch would only delay the first one
        self._held: _Loaded | None = None

    def fingerprint(self, voice: str) -> str:
        require(self)
        parts = [
            _REVISION,
            *(engines.version(self, name).partition("+")[0] for name in ("transformers", "torch")),
        ]
        parts += map(catalogue.digest, self._files)
        preset = _read_preset(self._find_preset(voice))
        parts += [hashlib.sha256(part.astype("<i8").tobytes()).hexdigest() for part in preset.values()]
        return f"bark-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()}"

    def voices(self) -> Sequence[Voice]:
        return [
            Voice(name=name, languages=(match[1],) if match else (), licence="MIT" if match else "")
            for name in self._presets
            for match in [_NAME.fullmatch(name)]
        ]

    def weights(self) -> Sequence[str]:
        return (self.model or self.name, _PRESETS)

    def unspeakable(self, text: str, voice: Voice, language: str) -> Sequence[str]:
        """What the tokenizer reads as an unknown word."""
        known = self._symbols
        return list(
            _silence.list_silent(text, lambda character: character in known or f"##{character}" in known)
        )

    def load(self) -> None:
        require(self)
        self._load_in("float32")

    def synthesize(self, batch: Sequence[Segment]) -> Sequence[Audio | SynthesisError]:
        size = self.max_batch
        return [take for i in range(0, len(batch), size) for take in self._speak(batch[i : i + size])]

    def _speak(self, batch: Sequence[Segment]) -> list[Audio | SynthesisError]:
        import torch

        settings = check_options(type(self), batch[0].options)
        loaded = self._load_in(str(settings["precision"]))
        history = {
            name: torch.from_numpy(part).to(loaded.device)
            for name, part in _read_preset(self._find_preset(batch[0].voice)).items()
        }
        # Always as many rows: matrices of another height are multiplied in another order, which changes the rounding.
        rows = [*batch, *[batch[-1]] * (self.max_batch - len(batch))]
        with torch.inference_mode():
            semantic, problems = _draw_semantic(loaded, rows, history, settings["text_temperature"])
            if all(problems):
                return [SynthesisError(problem) for problem in problems[: len(batch)]]
            coarse, sizes = _draw_coarse(loaded, rows, semantic, history, settings["waveform_temperature"])
            return [
                SynthesisError(problem)
                if problem
                else self._make_sound(loaded, segment, tokens[:size], history)
                for segment, problem, tokens, size in zip(batch, problems, coarse, sizes, strict=False)
            ]

    def _make_sound(
        self, loaded: _Loaded, segment: Segment, coarse: Any, history: Mapping[str, Any]
    ) -> Audio:
        """The audio of one segment's coarse tokens. These steps also look ahead, so that padding would change the
        sound.
        """
        _torch.set_seed(segment.seed)
        fine = loaded.model.fine_acoustics.generate(
            coarse[None],
            loaded.semantic,
            loaded.coarse,
            loaded.fine,
            loaded.model.generation_config.codebook_size,
            history,
            temperature=_FINE_TEMPERATURE,
        )
        (sound,) = loaded.model.codec_decode(fine)
        return Audio(sound.float().cpu().numpy(), self.sample_rate)

    @cached_property
    def _folder(self) -> Path:
        return catalogue.locate(self.model or self.name)

    @cached_property
    def _files(self) -> tuple[Path, ...]:
        """All files of the model except the presets.

        Raises:
            ModelUnavailable: one is missing.
        """
        weights = sorted(self._folder.glob("model*.safetensors")) or sorted(
            self._folder.glob("pytorch_model*.bin")
        )
        needed = [self._folder / name for name in ("config.json", "generation_config.json")]
        tokens = [self._folder / name for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt")]
        missing = [file.name for file in needed if not file.is_file()]
        missing += ["weights"] * (not weights) + ["tokenizer.json"] * (not any(map(Path.is_file, tokens)))
        if missing:
            raise ModelUnavailable(f"{self._folder} is no model of Bark: it has no {', '.join(missing)}")
        return (*needed, *weights, *filter(Path.is_file, tokens))

    @cached_property
    def _symbols(self) -> frozenset[str]:
        """The words and pieces of words that the tokenizer has."""
        tokens = self._folder / "tokenizer.json"
        if tokens.is_file():
            return frozenset(json.loads(tokens.read_bytes())["model"]["vocab"])
        return frozenset((self._folder / "vocab.txt").read_text(encoding="utf-8").split("\n"))

    @cached_property
    def _presets(self) -> dict[str, _Preset]:
        """All voices, the default one first.

        Raises:
            ModelUnavailable: there are none.
        """
        self._files  # noqa: B018 - errors of the model come first
        pulled = catalogue.path(_PRESETS)
        places = [self._folder / "voices", *([pulled] if pulled else [])]
        found = _list_presets(self._folder) | {
            file.relative_to(place).with_suffix("").as_posix(): (file,)
            for place in reversed(places)
            for file in sorted(place.rglob("*.npz"))
        }
        if not found:
            raise ModelUnavailable(
                f"{self._folder} has no voices: run  voxpress models pull {_PRESETS} --from registry"
            )
        return dict(sorted(found.items(), key=lambda item: (item[0] != _DEFAULT, item[0])))

    def _find_preset(self, voice: str) -> _Preset:
        self.voice(voice)
        return self._presets[voice]

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


_Preset: TypeAlias = tuple[Path, ...]
"""A .npz file with all parts of a preset, or a .npy file for each of them."""


def _list_presets(folder: Path) -> dict[str, _Preset]:
    """The presets in the folder that its speaker_embeddings_path.json names.

    Raises:
        ModelUnavailable: that file cannot be read.
    """
    listing = folder / "speaker_embeddings_path.json"
    if not listing.exists():
        return {}
    try:
        listed = json.loads(listing.read_bytes())
        parts = {
            name: tuple(folder / files[part] for part in _PARTS)
            for name, files in listed.items()
            if isinstance(files, dict)
        }
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise ModelUnavailable(f"cannot read {listing}: {type(error).__name__}: {error}") from error
    return {name: files for name, files in parts.items() if all(map(Path.is_file, files))}


def _read_preset(preset: _Preset) -> dict[str, npt.NDArray[np.int64]]:
    """The parts of a preset: tokens of each step for earlier words of the speaker.

    Raises:
        ModelUnavailable: the files are no preset.
    """
    try:
        if len(preset) == 1:
            with np.load(preset[0]) as archive:
                parts = {name: np.asarray(archive[name]) for name in _PARTS}
        else:
            parts = {name: np.load(file) for name, file in zip(_PARTS, preset, strict=True)}
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise ModelUnavailable(f"{preset[0]} is no preset of Bark: {error}") from error
    for name, dimensions in _PARTS.items():
        if parts[name].ndim != dimensions or parts[name].dtype.kind not in "iu":
            raise ModelUnavailable(f"{preset[0]} is no preset of Bark: its {name} has another shape")
    return {name: part.astype(np.int64) for name, part in parts.items()}


def _load(folder: Path, device: Any) -> _Loaded:
    import torch
    import transformers
    from transformers.models.bark import generation_configuration_bark as generation

    kind = json.loads((folder / "config.json").read_bytes()).get("model_type")
    if kind != "bark":
        raise ModelUnavailable(f"{folder} is no model of Bark: its config.json says {kind!r}")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    model, report = transformers.BarkModel.from_pretrained(
        folder, local_files_only=True, output_loading_info=True, dtype=torch.float32
    )
    if missing := sorted(name for name in report["missing_keys"] if name.endswith("weight")):
        raise ModelUnavailable(f"the weights in {folder} are incomplete: there is no {missing[0]}")
    how = model.generation_config
    return _Loaded(
        model.eval().to(device),
        transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True),
        device,
        "float32",
        generation.BarkSemanticGenerationConfig(**how.semantic_config),
        generation.BarkCoarseGenerationConfig(**how.coarse_acoustics_config),
        generation.BarkFineGenerationConfig(**how.fine_acoustics_config),
    )


def _round_weights(loaded: _Loaded, precision: str) -> _Loaded:
    """Change the precision of the model, in place. Its codec takes hardly any time and stays in float32.

    Raises:
        UnsupportedOption: the device does not compute in that precision.
    """
    numbers = _torch.dtype(precision, loaded.device)
    for part in (loaded.model.semantic, loaded.model.coarse_acoustics, loaded.model.fine_acoustics):
        part.to(numbers)
    return loaded._replace(precision=precision)


def _draw_semantic(
    loaded: _Loaded, rows: Sequence[Segment], history: Mapping[str, Any], temperature: object
) -> tuple[Any, list[str]]:
    """Semantic tokens of shape (rows, length), and for each row its problem or an empty string. A row with a problem
    has no tokens.

    Raises:
        SynthesisError: a text is too long.
    """
    texts = [" ".join(row.text.split()) for row in rows]
    inputs = loaded.tokenizer(texts, add_special_tokens=False, return_attention_mask=True)["input_ids"]
    for text, tokens in zip(texts, inputs, strict=True):
        if not 0 < len(tokens) <= _MOST_TOKENS:
            raise SynthesisError(
                f"bark takes 1 to {_MOST_TOKENS} tokens of text at once, not the {len(tokens)} of {text[:60]!r}"
            )
    padded = loaded.tokenizer.pad(
        {"input_ids": inputs}, padding="max_length", max_length=_MOST_TOKENS, return_tensors="pt"
    )
    caps = [min(_MOST_SEMANTIC, math.ceil(bounds(text)[1] * _SEMANTIC_RATE)) for text in texts]
    with _separate_noise([row.seed for row in rows], loaded.device):
        tokens = loaded.model.semantic.generate(
            padded["input_ids"].to(loaded.device),
            loaded.semantic,
            history,
            padded["attention_mask"].to(loaded.device),
            do_sample=True,
            temperature=temperature,
            min_eos_p=_END,
            max_new_tokens=max(caps),
        )
    end = loaded.semantic.semantic_pad_token
    problems = []
    for text, row, cap in zip(texts, tokens, caps, strict=True):
        length = int((row != end).long().cumprod(0).sum())
        problem = f"bark said nothing to {text[:60]!r}" if length < _FEWEST_SEMANTIC else ""
        if length >= cap:
            problem = f"bark found no end of {text[:60]!r} in {cap / _SEMANTIC_RATE:.1f} s"
        problems.append(problem)
        row[0 if problem else length :] = end
    return tokens, problems


def _draw_coarse(
    loaded: _Loaded, rows: Sequence[Segment], semantic: Any, history: Mapping[str, Any], temperature: object
) -> tuple[Any, list[int]]:
    """Coarse tokens of shape (rows, length), and the number of tokens in each row."""
    with _separate_noise([row.seed ^ 1 for row in rows], loaded.device):
        tokens, sizes = loaded.model.coarse_acoustics.generate(
            semantic,
            loaded.semantic,
            loaded.coarse,
            loaded.model.generation_config.codebook_size,
            history,
            return_output_lengths=True,
            do_sample=True,
            temperature=temperature,
        )
    return tokens, sizes.tolist()


@contextlib.contextmanager
def _separate_noise(seeds: Sequence[int], device: Any) -> Iterator[None]:
    """Make `torch.multinomial` draw for each row from its own seed. transformers draws for all rows from one, so that
    the sound of a row would depend on the number of rows.
    """
    import torch

    shared = torch.multinomial
    own = [torch.Generator(device).manual_seed(seed) for seed in seeds]

    def draw(probabilities: Any, num_samples: int) -> Any:
        assert num_samples == 1
        times = [
            torch.empty_like(row).exponential_(generator=one)
            for row, one in zip(probabilities, own, strict=True)
        ]
        return (probabilities / torch.stack(times)).argmax(-1, keepdim=True)

    torch.multinomial = draw
    try:
        yield
    finally:
        torch.multinomial = shared
