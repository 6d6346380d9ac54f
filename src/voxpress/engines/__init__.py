"""The engine contract, and how engines are found.

An engine turns a batch of segments into audio and does nothing else: no cache, retry, files, threads,
splitting, resampling or logging set-up. One engine is one file, and the file's name is the engine's
name. Engines of other packages come through the entry-point group ``voxpress.engines``.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import math
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from types import TracebackType
from typing import Any, ClassVar

import msgspec

from voxpress.audio.waveform import Audio
from voxpress.engines import _torch
from voxpress.errors import (
    EngineError,
    EngineNotInstalled,
    InputError,
    SpeechError,
    SynthesisError,
    UnknownEngine,
    UnknownVoice,
    UnsupportedOption,
    suggest,
)
from voxpress.models import catalogue, environments
from voxpress.speech import Hertz, OptionValue, Segment, Voice
from voxpress.voices import references

ENTRY_POINTS = "voxpress.engines"


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
        """`value` in the option's type.

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
"""What the option ``precision`` is, wherever there is one: it changes the sound, so it is in the key."""


class Engine(ABC):
    """A way of turning text into speech.

    Building one is cheap and needs none of the engine's packages; `load` is where heavy imports happen,
    once per worker. An engine pickles unloaded, as its class, model and device.

    Args:
        model: weights to use: a name the engine knows, a file or a folder. None: the engine's default.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps`` …; never in a key.
    """

    name: ClassVar[str]
    description: ClassVar[str] = ""
    licence: ClassVar[str]
    """Of the engine's code, as an SPDX expression."""
    weights_licence: ClassVar[str]
    languages: ClassVar[tuple[str, ...]]
    """BCP 47 tags of what the engine can speak with some voice or model; ``*``: any."""
    packages: tuple[str, ...] = ()
    """Import names that must be there for the engine to load. These three can depend on the model."""
    install: str = ""
    """The command that installs them."""
    extra: ClassVar[str] = ""
    """The extra of voxpress that has its packages, where it is not called like the engine."""
    environment: str = ""
    """The one of `voxpress.models.environments` that its packages are in, where they are not in this one."""
    in_process: bool = True
    """Whether it may load in the process that plans. Not what brings PyTorch: that stays in workers."""
    sample_rate: Hertz
    """Of the audio, unless a voice has its own: each `Audio` carries the truth."""
    max_chars: ClassVar[int]
    """Longest text of one segment, where voice and language set no other (`longest`)."""
    max_batch: int = 1
    """Most segments in one call of `synthesize`; more than one only where a batch is faster, which the device may
    decide."""
    speeds: ClassVar[tuple[float, float]] = (1.0, 1.0)
    """Slowest and fastest speed that the engine itself can speak at."""
    seeded: ClassVar[bool] = True
    """Whether another seed gives another reading, so that a failed take is worth another attempt."""
    repeatable: ClassVar[str] = "on one device"
    """Where the same segment and seed give the same samples, in words."""
    misread: ClassVar[str] = ""
    """Characters that make it say what is not there; they are taken out of texts, and the result says so."""
    timed: ClassVar[bool] = False
    """Whether its audio has word marks that are true to a few hundredths of a second."""
    carried: ClassVar[bool] = False
    """Whether it speaks a word or two better in a sentence, which is cut off again: what is done unless the user says
    otherwise. Only engines that are `timed` can."""
    clones: ClassVar[bool] = False
    """Whether it speaks with the voices of `voxpress.voices.references` as well."""
    options: ClassVar[Mapping[str, Option]] = {}

    threads: int = 1
    """Of the CPU, for an engine that is loaded after it was set: more only where it speaks alone and cores are idle.
    Engines that give the same samples with any number of threads heed it."""

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
        """What identifies the sound of `voice` besides the segment: its weights and the adapter's revision.

        Found without loading the weights, the same on every machine, and not touched by other voices: adding one
        to a folder must not make all others be spoken again.

        Raises:
            ModelUnavailable: the weights are not there.
        """

    @abstractmethod
    def voices(self) -> Sequence[Voice]:
        """The voices of this model, the default one first, without loading the weights."""

    def voice(self, name: str | None) -> Voice:
        """The voice of that name, or the default one. Engines with composed voices (blends) override it.

        A cloned voice is nobody's default while there is another one.

        Raises:
            UnknownVoice: with the nearest name and the number of voices.
        """
        voices = self.voices()
        if name is None:
            own = [voice for voice in voices if not voice.reference]
            if not own and len(voices) != 1:
                raise UnknownVoice(f"say with which of your voices {self.name} is to speak: {_yours(voices)}")
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
                f"{self.name} does not speak with the cloned voice {name!r}: {self._why_not(name)}"
            )
        count = "1 voice" if len(voices) == 1 else f"{len(voices)} voices"
        raise UnknownVoice(
            f"{name!r} is not a {self.name} voice{suggest(name, [v.name for v in voices])}"
            f" ({count}: voxpress voices {self.name})"
        )

    def _why_not(self, cloned: str) -> str:
        if not self.clones:
            return f"it does not clone (engines that do: {', '.join(cloning())})"
        offered = ", ".join(references.find(cloned).engines)
        return f"that is for {offered}; add it again with --replace, and with --engine {self.name} or no --engine"

    @classmethod
    def offered(cls, model: catalogue.Model) -> Sequence[Voice]:  # noqa: ARG003 - nothing is known of it here
        """The voices of a model of the catalogue, as far as they are known before it is on this machine."""
        return ()

    def speaks(self, voice: Voice) -> Sequence[str]:
        """BCP 47 tags of what it speaks with that voice; ``*``: any."""
        return self.languages

    def longest(self, voice: Voice, language: str) -> int:
        """Longest text of one segment in that voice and language, in characters; longer text is split before."""
        return self.max_chars

    def workers(self) -> int | None:
        """Most processes that may speak at once; None: one for each core. By default, PyTorch has a GPU to itself."""
        return None if self.in_process else _torch.parallel(self.device)

    def terms(self) -> str:
        """The licence of these weights where it must be accepted before they are used, in words; else nothing."""
        return ""

    def price(self, text: str) -> float:
        """What speaking `text` costs, in US dollars; an estimate where tokens are billed; NaN: not known."""
        return 0.0

    def checked(self, options: Mapping[str, OptionValue]) -> dict[str, OptionValue]:
        """All options, with those of `options` in their declared types. Overridden where they depend on the model.

        Raises:
            UnsupportedOption: unknown name, wrong type, out of range, or not for this model or device.
        """
        settings = check_options(type(self), options)
        if "precision" in settings:
            _torch.check(str(settings["precision"]), self.device)
        return settings

    def prepare(self) -> None:  # noqa: B027 - most engines load their weights as they are
        """Make, once for all processes, what the first `load` would take long for. Called when a model is pulled and
        when a server starts; quick where it was done before.

        Raises:
            EngineNotInstalled, ModelUnavailable
        """

    def load(self) -> None:  # noqa: B027 - an engine without weights has nothing to load
        """Import what is heavy and read the weights. Called once, before the first `synthesize`.

        Raises:
            EngineNotInstalled, ModelUnavailable
        """

    @abstractmethod
    def synthesize(self, batch: Sequence[Segment]) -> Sequence[Audio | SynthesisError]:
        """Speak each segment: as many audios, in the same order.

        All segments of a batch have the same voice, language, speed and options. The same segment gives
        the same audio whatever it is batched with. If one cannot be spoken, raise: the loop speaks that
        batch again one by one, so that only the bad one fails. Or give the error in its place, which spares
        the others that.
        """


def _yours(voices: Sequence[Voice]) -> str:
    return ", ".join(voice.name for voice in voices) or "voxpress voices add NAME --reference FILE makes one"


def _rebuild(engine: type[Engine], model: str | None, device: str) -> Engine:
    return engine(model, device=device)


def names() -> list[str]:
    """Names of all engines that can be found, installed or not.

    >>> "tone" in names()
    True
    """
    return sorted(_own() | {point.name for point in _entry_points()})


def _own() -> set[str]:
    # What engines share is underscored.
    return {module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")}


@cache
def find(name: str) -> type[Engine]:
    """The class of the engine called `name`.

    >>> find("tone").name
    'tone'

    Raises:
        UnknownEngine: naming those that exist.
        EngineError: it is of another package, which cannot be imported.
    """
    if name in _own():
        module = importlib.import_module(f"{__name__}.{name}")
        engines = [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, Engine) and value.__module__ == module.__name__
        ]
        return engines[0]
    for point in _entry_points():
        if point.name == name:
            with Guard(name):
                loaded: Any = point.load()
            if not (isinstance(loaded, type) and issubclass(loaded, Engine)):
                raise EngineError(f"entry point {point.value!r} of engine {name!r} is not an Engine class")
            return loaded
    known = names()
    raise UnknownEngine(f"no engine {name!r}{suggest(name, known)} (engines: {', '.join(known)})")


class Guard:
    """A context in which whatever an engine raises becomes an `EngineError` that names it.

    An engine of another package may raise anything, also `SystemExit`; that must not end a render, a listing or a
    server.

    >>> with Guard("robot"):
    ...     raise SystemExit(0)
    Traceback (most recent call last):
    voxpress.errors.EngineError: engine 'robot' failed: SystemExit: 0
    """

    def __init__(self, engine: str) -> None:
        self._engine = engine

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and not isinstance(error, SpeechError | KeyboardInterrupt):
            raise EngineError(f"engine {self._engine!r} failed: {describe(error)}") from error


def describe(error: BaseException) -> str:
    """An exception of another library in one line, even where it cannot say what it is.

    >>> describe(KeyError("voice"))
    "KeyError: 'voice'"
    """
    try:
        said = str(error)
    except Exception:  # an engine's exception may raise whatever its library does
        said = "it cannot say what is wrong"
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def price_of(engine: Engine, text: str) -> float:
    """What speaking `text` costs, in US dollars; NaN where the engine fails to say."""
    try:
        with Guard(engine.name):
            return float(engine.price(text))
    except EngineError:
        return math.nan


def found() -> Iterator[tuple[str, type[Engine] | EngineError]]:
    """All engines by name: their classes, or why they cannot be imported.

    >>> dict(found())["tone"].name
    'tone'
    """
    for name in names():
        try:
            yield name, find(name)
        except EngineError as error:
            yield name, error


def cloning() -> list[str]:
    """Names of the engines that speak with cloned voices."""
    return [name for name, engine in found() if isinstance(engine, type) and engine.clones]


def check_clone(name: str, wanted: Sequence[str]) -> None:
    """See that `wanted` clone, and that none of those that would offer a voice of that name has one itself.

    Args:
        wanted: names of engines; empty: all that clone.

    Raises:
        InputError: an engine does not clone, or has a voice of that name.
    """
    able = cloning()
    for engine in wanted:
        if engine not in able:
            raise InputError(
                f"no engine {engine!r} that clones voices{suggest(engine, able)}"
                f" (those that do: {', '.join(able)})",
                field="engines",
            )
    for engine in wanted or able:
        try:
            with Guard(engine):
                own = [voice.name for voice in find(engine)().voices() if not voice.reference]
        except EngineError:
            continue  # not here: it will say so itself where the two meet
        if name in own:
            raise InputError(f"{engine} has a voice {name!r} of its own: choose another name", field="name")


def missing_packages(engine: Engine | type[Engine]) -> list[str]:
    """Those of the engine's packages that are installed neither here nor in its environment."""
    return [] if python(engine) else _missing_here(engine)


def python(engine: Engine | type[Engine]) -> str | None:
    """The interpreter of the engine's environment, where the engine lives there; None: it lives here, or nowhere."""
    if engine.environment and _missing_here(engine):
        return environments.python(engine.environment)
    return None


def install(engine: Engine | type[Engine], tell: Callable[[str], None] = print) -> None:
    """Install the engine's packages: in its environment if it has one, else beside voxpress, by its extra.

    Args:
        tell: called with each step, in words.

    Raises:
        EngineNotInstalled: pip could not.
    """
    if not _missing_here(engine):
        return
    if engine.environment:
        environments.install(engine.environment, tell)
    else:
        environments.install_extra(engine.extra or engine.name, tell)
    importlib.invalidate_caches()


def version(engine: Engine | type[Engine], distribution: str) -> str:
    """The version of a package of `engine`, wherever that lives. For fingerprints.

    Raises:
        EngineNotInstalled
    """
    if python(engine):
        return environments.version(engine.environment, distribution)
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        raise EngineNotInstalled(
            f"engine {engine.name!r} needs {distribution}: run  {engine.install}"
        ) from None


def versions(engine: Engine | type[Engine]) -> list[str]:
    """The distributions that have the engine's packages, as ``name==version``, wherever it lives."""
    places = environments.packages(engine.environment) if python(engine) else None
    names = [name for package in engine.packages for name in environments.distributions_with(package, places)]
    return [f"{name}=={version(engine, name)}" for name in dict.fromkeys(names)]


def _missing_here(engine: Engine | type[Engine]) -> list[str]:
    return [package for package in engine.packages if importlib.util.find_spec(package) is None]


def require(engine: Engine | type[Engine]) -> None:
    """Raise with the install command if a package of the engine is missing.

    Raises:
        EngineNotInstalled
    """
    if missing := missing_packages(engine):
        raise EngineNotInstalled(f"engine {engine.name!r} needs {', '.join(missing)}: run  {engine.install}")


def check_options(engine: type[Engine], options: Mapping[str, OptionValue]) -> dict[str, OptionValue]:
    """All options of `engine` with those of `options` in their declared types.

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


def _entry_points() -> list[importlib.metadata.EntryPoint]:
    return list(importlib.metadata.entry_points(group=ENTRY_POINTS))
