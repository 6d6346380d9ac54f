"""Kokoro: 82 million parameters, 54 voices that can be blended, nine languages.

A model is an ONNX file, a folder with one, or a folder for the official PyTorch package (``config.json`` and a
``.pth``); or a name of the catalogue. Its voices lie beside it: in ``voices/`` as ``.bin`` (raw float32) or
``.pt``, or all in one ``voices*.bin`` or ``voices*.npz``.

Sources: hexgrad/kokoro (the package) and hexgrad/Kokoro-82M (config.json).
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import msgspec

from voxpress import languages
from voxpress.audio.arrays import Samples, np
from voxpress.audio.waveform import Audio
from voxpress.engines import Engine, _alignment, _g2p, _pronunciation, _torch, check_options, require, version
from voxpress.engines._onnx import preparation, sessions
from voxpress.engines._pronunciation import Given
from voxpress.errors import (
    InputError,
    ModelUnavailable,
    SynthesisError,
    UnknownVoice,
    UnsupportedOption,
    suggest,
)
from voxpress.models import catalogue
from voxpress.speech import Seconds, Segment, Voice
from voxpress.text.passage import Edit

if TYPE_CHECKING:
    import numpy.typing as npt

_REVISION = "5"
"""Part of the fingerprint; every change here that can change the sound needs another one."""
_FRAME = 600
"""Samples per unit of a duration."""
_TORCH_MODEL = "kokoro-torch"
_MOST_SYMBOLS = 510
"""The model's context of 512 tokens, less the one at each end."""
_SYMBOLS = (
    '_;:,.!?__—…"()“” \u0303ʣʥʦʨᵝ\uab67AI_____O_Q_ST__W_Yᵊabcdef_hijklmnopqrstuvwxyzɑɐɒæ__βɔɕç_ɖðʤə_ɚɛɜ__ɟ_ɡ______ɥ'
    "_ɨɪʝ______ɯɰŋɳɲɴø_ɸθœ__ɹ_ɾɻ_ʁɽʂʃʈʧ_ʊʋ_ʌɣɤ_χʎ___ʒʔ_______ˈˌː___ʰ_ʲ____↓_→↗↘___ᵻ"
)
"""The vocabulary of config.json: a symbol stands at its token's place, ``_`` where there is none."""

_LETTERS = {
    "a": "en-US",
    "b": "en-GB",
    "e": "es",
    "f": "fr-FR",
    "h": "hi",
    "i": "it",
    "j": "ja",
    "p": "pt-BR",
    "z": "zh",
}
"""Language of a voice by the first letter of its name; the second letter is its gender."""
_VOICE = re.compile(rf"([{''.join(_LETTERS)}])([fm])_\w+")

_SPACING = re.compile(r"\s+|(?:\.{3,}|…)+(?=(\w?))|(?<![\d.,:])0+(?=\d)")

_Style: TypeAlias = "npt.NDArray[np.float32]"
"""Shape (rows, 256): a voice, one row for each number of symbols from 1."""
_Run: TypeAlias = "Callable[[str, _Style, float, int], tuple[Samples, npt.NDArray[np.int64]]]"
"""Symbols, style of shape (1, 256), speed and seed to samples and frames per symbol, with one more at each end."""


class _Pack(NamedTuple):
    """The place of a voice: a file, or a member of an npz archive."""

    path: Path
    member: str = ""


class _Blend(NamedTuple):
    """Voices with shares that add up to 1, in alphabetical order."""

    shares: tuple[tuple[str, float], ...]

    @property
    def name(self) -> str:
        if len(self.shares) == 1:
            return self.shares[0][0]
        return "+".join(f"{name}:{share:g}" for name, share in self.shares)

    @property
    def leader(self) -> str:
        return max(self.shares, key=lambda item: item[1])[0]


class Kokoro(Engine):
    """Kokoro 82M; the same text and voice give the same sound to the bit on CPU."""

    name = "kokoro"
    description = "54 voices in nine languages, close to hosted services, faster than real time on a CPU core"
    licence = "Apache-2.0 AND GPL-3.0-or-later"
    weights_licence = "Apache-2.0"
    languages = _g2p.LANGUAGES
    packages = (*_g2p.PACKAGES, "onnx", "onnxruntime")
    install = "pip install 'voxpress[kokoro]'"
    sample_rate = 24000
    max_chars = 300
    speeds = (0.9, 1.4)
    timed = True
    lifted_by = ","
    continued_in = frozenset({"es", "fr", "it"})
    repeatable = "to the bit, on CPUs"
    takes_phonemes = True

    def __init__(self, model: str | None = None, *, device: str = "auto") -> None:
        super().__init__(model, device=device)
        if _needs_torch(model, device):
            self.packages = (*_g2p.PACKAGES, "torch", "kokoro")
            self.environment, self.in_process = "torch", False
            # The package rounds the duration of each symbol, and keeps a frame for each, at every speed.
            self.speeds = (1.0, 1.0)
            self.install = f"voxpress engines install kokoro --model {_TORCH_MODEL}"

    def fingerprint(self, voice: str) -> str:
        require(self)
        packages = ["misaki", "espeakng-loader", "num2words", *(["kokoro"] if self.environment else [])]
        parts = [_REVISION, *(version(self, package) for package in packages)]
        parts += [catalogue.digest(file) for file in (self._weights, self._config) if file]
        parts += [_digest_pack(self._packs[name]) for name, _ in self._read_blend(voice).shares]
        return f"kokoro-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()}"

    def voices(self) -> Sequence[Voice]:
        return [_describe_voice(name, name) for name in self._packs]

    @classmethod
    def offered(cls, model: catalogue.Model) -> Sequence[Voice]:
        """The voices whose files belong to the model."""
        names = (Path(file.path).stem for file in model.files if file.path.startswith("voices/"))
        return [_describe_voice(name, name) for name in names]

    def voice(self, name: str | None) -> Voice:
        """Like `Engine.voice`, and blends: ``af_heart:3+bf_emma:2``, or ``af_heart(3)+bf_emma(2)`` as in
        Kokoro-FastAPI. Equal blends have equal names.
        """
        if name is None or not ("+" in name or "(" in name):
            return super().voice(name)
        blend = self._read_blend(name)
        return _describe_voice(blend.name, blend.leader)

    def weights(self) -> tuple[str]:
        return (self.model or (_TORCH_MODEL if self.environment else self.name),)

    def unspeakable(self, text: str, voice: Voice, language: str) -> Sequence[str]:
        """What misaki and espeak-ng leave out, or read as a number of Unicode."""
        if importlib.util.find_spec("misaki") is None:
            return ()  # the packages are in an environment of their own; there `synthesize` refuses the text
        return _g2p.list_silent(text, _choose_language(language, voice.languages[0]))

    def unspeakable_sounds(self, ipa: str, voice: Voice, language: str) -> Sequence[str]:
        language = _choose_language(language, voice.languages[0])
        return _g2p.find_foreign_sounds(_g2p.spell_ipa(ipa, language), language, self._vocabulary)

    def prepare(self) -> None:
        require(self)
        if self._weights.suffix == ".onnx":
            sessions.prepare(self._weights, preparation.prepare_kokoro)

    def load(self) -> None:
        require(self)
        language = self.voices()[0].languages[0]
        with ThreadPoolExecutor(1) as threads:
            model = threads.submit(lambda: self._speech_model)
            self._find_converter(language)
            model.result()

    def synthesize(self, batch: Sequence[Segment]) -> Sequence[Audio]:
        return [self._speak(segment) for segment in batch]

    def _speak(self, segment: Segment) -> Audio:
        check_options(type(self), segment.options)
        blend = self._read_blend(segment.voice)
        own = _describe_voice(blend.name, blend.leader).languages[0]
        language = _choose_language(segment.language, own)
        words = _pronunciation.passage(segment)
        places = _SPACING.finditer(words.text)
        edits = (Edit(place.start(), place.end(), _space(place), fixed=False) for place in places)
        words = _pronunciation.edit(words, edits).strip()
        given = [Given(each.start, each.end, _g2p.spell_ipa(each.ipa, language)) for each in words.phonemes]
        sounds, spelled = self._find_converter(language)(words.text, given)
        if missing := [
            s for s in dict.fromkeys(sounds) if s not in self._vocabulary and _alignment.is_letter(s)
        ]:
            named = ", ".join(map(repr, missing))
            raise SynthesisError(f"kokoro has no sound {named}, which {segment.text[:60]!r} needs")
        known = "".join(sound for sound in sounds if sound in self._vocabulary).strip()
        if not any(map(str.isalpha, known)):
            raise InputError(f"nothing to speak in {segment.text!r}: it has no sounds")
        style = self._mix_style(blend)
        pieces: list[Samples] = []
        symbols: list[str] = []
        frames: list[int] = []
        for piece in _cut_symbols(known):
            row = min(len(piece), len(style)) - 1
            samples, durations = self._speech_model(piece, style[row : row + 1], segment.speed, segment.seed)
            pieces.append(samples)
            symbols += ["", *piece, ""]
            frames += durations.tolist()
        times: list[Seconds] = [end * _FRAME / self.sample_rate for end in np.cumsum([0, *frames]).tolist()]
        found = _alignment.phonemes(symbols, times) + _alignment.words(spelled, symbols, times)
        return Audio(np.concatenate(pieces), self.sample_rate, _alignment.sort_marks(found))

    @cached_property
    def _weights(self) -> Path:
        """The .onnx or .pth file.

        Raises:
            ModelUnavailable: there is none, or more than one.
        """
        place = catalogue.locate(*self.weights())
        if place.is_file():
            return place
        found = (
            sorted(place.glob("*.pth")) or sorted(place.glob("*.onnx")) or sorted(place.glob("onnx/*.onnx"))
        )
        if len(found) != 1:
            names = ", ".join(file.name for file in found) or "none"
            raise ModelUnavailable(
                f"{place} must hold one .onnx or .pth file, or name one of them: it has {names}"
            )
        return found[0]

    @cached_property
    def _config(self) -> Path | None:
        config = self._weights.with_name("config.json")
        return config if config.exists() else None

    @cached_property
    def _vocabulary(self) -> dict[str, int]:
        """Tokens by symbol: those in the model's config.json, else those of v1.0."""
        if self._config:
            own = msgspec.json.decode(self._config.read_bytes()).get("vocab")
            if own:
                return dict(own)
        return {symbol: token for token, symbol in enumerate(_SYMBOLS) if symbol != "_"}

    @cached_property
    def _packs(self) -> dict[str, _Pack]:
        """All voices, the default one first.

        Raises:
            ModelUnavailable: there are none.
        """
        packs: dict[str, _Pack] = {}
        for place in (self._weights.parent, self._weights.parent.parent):
            for file in sorted(place.glob("voices/*.bin")) + sorted(place.glob("voices/*.pt")):
                packs.setdefault(file.stem, _Pack(file))
            for file in sorted(place.glob("voices*.npz")) + sorted(place.glob("voices*.bin")):
                with zipfile.ZipFile(file) as archive:
                    for member in archive.namelist():
                        packs.setdefault(Path(member).stem, _Pack(file, Path(member).stem))
            if packs:
                return dict(sorted(packs.items(), key=lambda item: (item[0] != "af_heart", item[0])))
        raise ModelUnavailable(
            f"no voices beside {self._weights}: it takes voices/*.bin, voices/*.pt or voices*.npz"
        )

    @cached_property
    def _speech_model(self) -> _Run:
        require(self)
        if self._weights.suffix == ".pth":
            return _torch_model(self._weights, self._config, self.device)
        return _onnx_model(self._weights, self._vocabulary, self.device, self.threads)

    @cached_property
    def _converters(self) -> dict[str, _g2p.Convert]:
        return {}

    def _find_converter(self, language: str) -> _g2p.Convert:
        if language not in self._converters:
            self._converters[language] = _g2p.converter(language)
        return self._converters[language]

    @cached_property
    def _styles(self) -> dict[str, _Style]:
        return {}

    def _mix_style(self, blend: _Blend) -> _Style:
        for name, _ in blend.shares:
            if name not in self._styles:
                self._styles[name] = _read_style(self._packs[name])
        shares = np.array([share for _, share in blend.shares], np.float32)
        packs = np.stack([self._styles[name] for name, _ in blend.shares])
        return np.asarray(np.tensordot(shares, packs, 1), np.float32)

    def _read_blend(self, text: str) -> _Blend:
        """Read ``NAME`` or ``NAME:SHARE+NAME:SHARE…``, or with ``NAME(SHARE)``. Shares are relative, and 1 by default.

        Raises:
            UnknownVoice: a voice does not exist, or a share is not a positive number.
        """
        shares: dict[str, float] = {}
        for part in text.split("+"):
            part = re.sub(r"\s*\(([^()]*)\)\s*$", r":\1", part)
            name, colon, share = (piece.strip() for piece in part.partition(":"))
            if name not in self._packs:
                raise UnknownVoice(
                    f"{name!r} is not a kokoro voice{suggest(name, self._packs)}"
                    f" ({len(self._packs)} voices: voxpress voices kokoro)"
                )
            if colon and not re.fullmatch(r"\d*\.?\d+", share):
                raise UnknownVoice(f"{text!r} is not a blend: write it as af_heart:0.6+bf_emma:0.4")
            shares[name] = shares.get(name, 0.0) + (float(share) if colon else 1.0)
        total = sum(shares.values())
        rounded = {name: round(share / total, 4) if total else 0.0 for name, share in shares.items()}
        if not all(rounded.values()):
            raise UnknownVoice(f"{text!r} is not a blend: every share must be more than 0")
        return _Blend(tuple(sorted(rounded.items())))


def _space(place: re.Match[str]) -> str:
    """White space as one space; an ellipsis as one symbol, which misaki would join to the next word; and zeros before
    a number one by one, since misaki leaves them out.

    >>> [_SPACING.sub(_space, text) for text in ("So...what?", "PIN  0042", "0.5, 100, 5,007")]
    ['So… what?', 'PIN 0 0 42', '0.5, 100, 5,007']
    """
    if place[0][0] == "0":
        return "0 " * len(place[0])
    if place[0].isspace():
        return " "
    return "… " if place[1] else "…"


def _needs_torch(model: str | None, device: str) -> bool:
    """Whether the model is one of the official package, which needs PyTorch."""
    if model is None:
        return device not in {"auto", "cpu"}
    return (
        model == _TORCH_MODEL or model.endswith(".pth") or next(Path(model).glob("*.pth"), None) is not None
    )


def _describe_voice(name: str, leader: str) -> Voice:
    """A voice or a blend, described by the name of its voice with the largest share."""
    match = _VOICE.fullmatch(leader)
    language = _LETTERS[match[1]] if match else "en-US"
    further = [
        other
        for other in _g2p.LANGUAGES
        if other != language and languages.base(other) == languages.base(language)
    ]
    gender = {"f": "female", "m": "male"}[match[2]] if match else ""
    return Voice(
        name=name, languages=(language, *further), gender=gender, licence="Apache-2.0" if match else ""
    )


def _choose_language(tag: str, own: str) -> str:
    """The language in `_g2p.LANGUAGES` for a BCP 47 tag. An empty tag, or one without the voice's region, gives `own`.

    Raises:
        UnsupportedOption: Kokoro does not speak the language.
    """
    wanted = tag.lower()
    primary = languages.base(wanted)
    same = [language for language in (own, *_g2p.LANGUAGES) if languages.base(language) == primary]
    if wanted in {"", own.lower()} or (wanted == primary and own in same):
        return own
    for language in same:
        if wanted in {primary, language.lower()} or language == primary:
            return language
    raise UnsupportedOption(f"kokoro does not speak {tag!r} (languages: {', '.join(_g2p.LANGUAGES)})")


def _cut_symbols(symbols: str) -> Iterator[str]:
    """`symbols` in pieces that fit the model's context, cut at spaces. Texts of `max_chars` are hardly ever too
    long.
    """
    while len(symbols) > _MOST_SYMBOLS:
        space = symbols.rfind(" ", 1, _MOST_SYMBOLS)
        cut = space if space > 0 else _MOST_SYMBOLS
        yield symbols[:cut]
        symbols = symbols[cut:].lstrip()
    if symbols:
        yield symbols


def _read_style(pack: _Pack) -> _Style:
    if pack.member:
        with np.load(pack.path) as archive:
            return np.asarray(archive[pack.member], np.float32).reshape(-1, 256)
    if pack.path.suffix == ".bin":
        return np.fromfile(pack.path, "<f4").reshape(-1, 256)
    import torch

    return np.asarray(torch.load(pack.path, map_location="cpu", weights_only=True).numpy().reshape(-1, 256))


def _digest_pack(pack: _Pack) -> str:
    """Digest of one voice, independent of others in the same archive."""
    if not pack.member:
        return catalogue.digest(pack.path)
    return hashlib.sha256(_read_style(pack).tobytes()).hexdigest()


def _onnx_model(weights: Path, vocabulary: dict[str, int], device: str, threads: int) -> _Run:
    session = sessions.session(weights, preparation.prepare_kokoro, device, threads)
    types = {node.name: node.type for node in session.get_inputs()}
    tokens_name = "input_ids" if "input_ids" in types else "tokens"
    own_speed = np.ones(1, np.int32 if "int" in types["speed"] else np.float32)

    def run(symbols: str, style: _Style, speed: float, _seed: int) -> tuple[Samples, npt.NDArray[np.int64]]:
        tokens = [0, *(vocabulary[symbol] for symbol in symbols), 0]
        samples, durations = session.run(
            [session.get_outputs()[0].name, "durations"],
            {
                tokens_name: np.array([tokens], np.int64),
                "style": style,
                "speed": own_speed,
                "pace": np.array([speed], np.float32),
            },
        )
        return samples.reshape(-1), durations.reshape(-1).astype(np.int64)

    return run


def _torch_model(weights: Path, config: Path | None, device: str) -> _Run:
    if config is None:
        raise ModelUnavailable(f"{weights} has no config.json beside it")
    import torch
    from kokoro import KModel

    place = _torch.choose(device)
    model: Any = KModel(repo_id="hexgrad/Kokoro-82M", config=str(config), model=str(weights)).to(place).eval()

    def run(symbols: str, style: _Style, speed: float, seed: int) -> tuple[Samples, npt.NDArray[np.int64]]:
        _torch.set_seed(seed)
        output = model(symbols, torch.from_numpy(style), speed, return_output=True)
        return output.audio.numpy().reshape(-1), output.pred_dur.numpy().reshape(-1)

    return run
