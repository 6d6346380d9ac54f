"""The engine contract: what an engine declares, and what it does with a batch of segments."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec

from voxpress.audio.waveform import Audio
from voxpress.engines import _torch
from voxpress.errors import SynthesisError, UnknownVoice, UnsupportedOption, suggest
from voxpress.models import catalogue
from voxpress.speech import Hertz, OptionValue, Segment, Voice
from voxpress.voices import references


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One option of an engine: its type is the type of its default.

    >>> Option(default=0.667, minimum=0.0, maximum=2.0).check("noise_scale", 1)
    1.0
    """

    default: OptionValue
    description: str = ""
    minimum: float = -math.inf
    maximum: float = math.inf
    choices: tuple[str, ...] = ()

    def check(self, name: str, value: object) -> OptionValue:
        """`value` in the option's type; a whole number may stand for a float.

        Raises:
            UnsupportedOption: wrong type, out of range, or not one of the choices.
        """
        wanted = type(self.default)
        if wanted is float and type(value) is int:
            value = float(value)
        if type(value) is not wanted:
            raise UnsupportedOption(f"option {name!r} must be a {wanted.__name__}, not {value!r}")
        if isinstance(value, str) and self.choices and value not in self.choices:
            raise UnsupportedOption(
                f"option {name!r} must be one of {', '.join(self.choices)}, not {value!r}"
            )
        if isinstance(value, (int, float)) and not self.minimum <= value <= self.maximum:
            raise UnsupportedOption(
                f"option {name!r} must lie between {self.minimum:g} and {self.maximum:g}, not {value!r}"
            )
        assert isinstance(value, (bool, int, float, str))
        return value


PRECISION = Option(
    default="float32",
    choices=_torch.PRECISIONS,
    description="numbers that the model computes in; float16 needs a GPU",
)
"""The option ``precision`` of every engine that has it. It changes the sound, so it is part of the key."""


def check_options(engine: type[Engine], options: Mapping[str, OptionValue]) -> dict[str, OptionValue]:
    """All options of `engine`: those of `options` in their declared types, the others with their defaults.

    Raises:
        UnsupportedOption: unknown name, wrong type or out of range.
    """
    for name in options:
        if name not in engine.options:
            known = ", ".join(engine.options) or "none"
            raise UnsupportedOption(
                f"engine {engine.name!r} has no option {name!r}{suggest(name, engine.options)}"
                f" (options: {known})"
            )
    return {
        name: option.check(name, options[name]) if name in options else option.default
        for name, option in engine.options.items()
    }


class Engine(ABC):
    """A way of turning text into speech.

    An instance is cheap to make and needs none of the engine's packages: `load` does the heavy imports, once per
    worker. An engine pickles unloaded, as its class, model and device.

    Args:
        model: weights to use: a name that the engine knows, a file or a folder. None: the engine's default.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps`` …; it is in no key.
    """

    name: ClassVar[str]
    description: ClassVar[str] = ""
    licence: ClassVar[str]
    """Of the engine's code, as an SPDX expression."""
    weights_licence: ClassVar[str]
    languages: ClassVar[tuple[str, ...]]
    """BCP 47 tags of all that the engine speaks, with any of its voices and models; ``*``: every language."""
    packages: tuple[str, ...] = ()
    """Import names that the engine needs to load. `packages`, `install` and `environment` can depend on the model."""
    install: str = ""
    """The command that installs the packages."""
    extra: ClassVar[str] = ""
    """The extra of voxpress with the packages; empty where the extra has the engine's name."""
    environment: str = ""
    """The environment of `voxpress.models.environments` with the packages; empty where they belong into this one."""
    in_process: bool = True
    """Whether the engine may load in the process that plans. Engines on PyTorch load in workers only."""
    sample_rate: Hertz
    """Sample rate of the audio. A voice may have another one; each `Audio` carries its own."""
    max_chars: ClassVar[int]
    """Longest text of one segment, in characters, where `longest` gives no other number."""
    max_batch: int = 1
    """Most segments in one call of `synthesize`: more than 1 only where a batch is faster, which can depend on the
    device."""
    speeds: tuple[float, float] = (1.0, 1.0)
    """Slowest and fastest speed at which the engine itself speaks well, and within 2 % of the duration; it can depend
    on the model. voxpress has it speak at the nearest of them, short texts at 1.0, and stretches the audio from there:
    `voxpress.audio.stretch`."""
    seeded: ClassVar[bool] = True
    """Whether another seed gives another reading, so that a failed take is worth another attempt."""
    repeatable: ClassVar[str] = "on one device"
    """Where the same segment and seed give the same samples, in words."""
    misread: ClassVar[str] = ""
    """Characters that the engine reads as something else. voxpress removes them from texts and notes it in the
    result."""
    timed: ClassVar[bool] = False
    """Whether the audio has word marks that are right to a few hundredths of a second."""
    carried: ClassVar[bool] = False
    """Whether voxpress speaks a word or two in a carrier phrase by default, which it cuts off again: the engine reads
    short texts better so. The engine must be `timed`."""
    lifted_by: ClassVar[str] = ""
    """The sign behind a text that goes on, before the words that voxpress cuts off again: the pitch of some engines
    rises before a comma, that of others falls."""
    continued_in: ClassVar[frozenset[str]] = frozenset()
    """Languages in which a text that goes on ends better if it is spoken as a part of a sentence, as
    benchmarks/continuation.py has found. Presets that ask for it do so in these alone. The engine must be `timed`."""
    clones: ClassVar[bool] = False
    """Whether the engine also speaks with the voices of `voxpress.voices.references`."""
    takes_phonemes: ClassVar[bool] = False
    """Whether the engine speaks the sounds in `Segment.phonemes`. voxpress gives them to no other engine."""
    options: ClassVar[Mapping[str, Option]] = {}

    threads: int = 1
    """Threads of the CPU, read by `load`. An engine uses more than 1 only if the samples stay the same; voxpress sets
    more where the engine speaks alone and cores are idle."""

    def __init__(self, model: str | None = None, *, device: str = "auto") -> None:
        self.model = model
        self.device = device

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.model, self.device)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Engine) and self.__reduce__() == other.__reduce__()

    def __hash__(self) -> int:
        return hash(self.__reduce__())

    @abstractmethod
    def fingerprint(self, voice: str) -> str:
        """A string for the sound of `voice`, apart from the segment: its weights and the adapter's revision.

        It is made without loading the weights, is the same on every machine, and does not depend on other voices: a
        new voice in a folder must not change the keys of the others.

        Raises:
            ModelUnavailable: the weights are missing.
        """

    @abstractmethod
    def voices(self) -> Sequence[Voice]:
        """The voices of this model, the default one first, without loading the weights."""

    def voice(self, name: str | None) -> Voice:
        """The voice of that name, or the default one. Engines with composed voices (blends) override this.

        A cloned voice is the default only where it is the only voice.

        Raises:
            UnknownVoice: no voice or two voices have that name; or no name is given, and the engine has several
                cloned voices and none of its own.
        """
        voices = self.voices()
        if name is None:
            own = [voice for voice in voices if not voice.reference]
            if not own and len(voices) != 1:
                yours = ", ".join(voice.name for voice in voices)
                choice = yours or "voxpress voices add NAME --reference FILE makes one"
                raise UnknownVoice(f"say with which of your voices {self.name} is to speak: {choice}")
            return (own or voices)[0]
        found = [voice for voice in voices if voice.name == name]
        if len(found) == 1:
            return found[0]
        if found:
            raise UnknownVoice(
                f"{name!r} is a voice of {self.name} and one of yours: run  voxpress voices rename {name} NEW"
            )
        if name in {reference.name for reference in references.listed()}:
            raise UnknownVoice(
                f"{self.name} does not speak with the cloned voice {name!r}: {self._explain_refusal(name)}"
            )
        count = "1 voice" if len(voices) == 1 else f"{len(voices)} voices"
        raise UnknownVoice(
            f"{name!r} is not a {self.name} voice{suggest(name, [v.name for v in voices])}"
            f" ({count}: voxpress voices {self.name})"
        )

    def _explain_refusal(self, cloned: str) -> str:
        from voxpress.engines._registry import cloners  # which imports this module

        if not self.clones:
            return f"it does not clone (engines that do: {', '.join(cloners())})"
        offered = ", ".join(references.find(cloned).engines)
        return f"that is for {offered}; add it again with --replace, and with --engine {self.name} or no --engine"

    @classmethod
    def offered(cls, model: catalogue.Model) -> Sequence[Voice]:  # noqa: ARG003 - nothing is known of it here
        """The voices of a model of the catalogue that are known before the model is on this machine."""
        return ()

    def speaks(self, voice: Voice) -> Sequence[str]:
        """BCP 47 tags of the languages of that voice; ``*``: every language."""
        return self.languages

    def longest(self, voice: Voice, language: str) -> int:
        """Longest text of one segment in that voice and language, in characters; voxpress splits longer texts."""
        return self.max_chars

    def unspeakable(self, text: str, voice: Voice, language: str) -> Sequence[str]:
        """The characters of `text` that this voice cannot say, each once: it would leave them out, or read something
        else. It is quick, and does not load the weights.

        Args:
            text: after the front end.
            language: BCP 47 tag.
        """
        return ()

    def unspeakable_sounds(self, ipa: str, voice: Voice, language: str) -> Sequence[str]:
        """The sounds of a transcription that this voice lacks, each once; all of them if the engine takes no sounds."""
        return () if self.takes_phonemes else tuple(dict.fromkeys(ipa))

    def weights(self) -> Sequence[str]:
        """The models that it reads, names of the catalogue or paths: workers on other machines are sent them."""
        return (self.model or self.name,)

    def workers(self) -> int | None:
        """Most processes that may speak at once; None: one for each core. One engine on PyTorch takes a whole GPU."""
        return None if self.in_process else _torch.most_processes(self.device)

    def terms(self) -> str:
        """The licence of these weights, in words, if the user must accept it before using them; else empty."""
        return ""

    def price(self, text: str) -> float:
        """What speaking `text` costs, in US dollars: an estimate where the service bills tokens; NaN: unknown."""
        return 0.0

    def checked(self, options: Mapping[str, OptionValue]) -> dict[str, OptionValue]:
        """All options, with those of `options` in their declared types. Engines whose options depend on the model
        override this.

        Raises:
            UnsupportedOption: unknown name, wrong type, out of range, or not for this model or device.
        """
        settings = check_options(type(self), options)
        if "precision" in settings:
            _torch.check(str(settings["precision"]), self.device)
        return settings

    def prepare(self) -> None:  # noqa: B027 - most engines load their weights as they are
        """Make, once for all processes, what takes the first `load` long; quick if it exists already.

        voxpress calls it after pulling a model and when a server starts.

        Raises:
            EngineNotInstalled: a package is missing.
            ModelUnavailable: the weights are missing or wrong.
        """

    def load(self) -> None:  # noqa: B027 - an engine without weights has nothing to load
        """Import the packages and read the weights. voxpress calls it once, before the first `synthesize`.

        Raises:
            EngineNotInstalled: a package is missing.
            ModelUnavailable: the weights are missing or wrong.
        """

    @abstractmethod
    def synthesize(self, batch: Sequence[Segment]) -> Sequence[Audio | SynthesisError]:
        """Speak each segment: as many audios, in the same order.

        All segments of a batch have the same voice, language, speed and options. A segment gives the same audio in
        every batch. If a segment fails, an engine either returns a `SynthesisError` in its place, or raises: then
        the loop speaks the segments of that batch one by one, so that only the bad one fails. It fails too, with the
        character or the sound in the error, where the voice cannot say all of it.
        """


def _rebuild(engine: type[Engine], model: str | None, device: str) -> Engine:
    return engine(model, device=device)
