"""Every exception that voxpress raises.

::

    SpeechError
    ├── InputError (also a ValueError): the request is wrong
    │   ├── ManifestError       a row, a field or a whole manifest is wrong
    │   ├── UnknownEngine       no engine of that name
    │   ├── UnknownVoice        the engine has no such voice
    │   ├── UnsupportedOption   an option, language, format or speed that is not offered
    │   ├── MarkupError         markup in the text that cannot be read
    │   └── LeftOut             a row that is no speech (also a ManifestError and a MarkupError): no failure
    ├── EngineError (.transient): an engine could not do its work
    │   ├── EngineNotInstalled  a package is missing; the message holds the install command
    │   ├── LicenceNotAccepted  the terms of the weights were not accepted yet
    │   ├── ModelUnavailable    weights are missing, incomplete or not the pinned ones
    │   ├── ServiceRefused      a hosted service refuses every request: no key, a wrong key, no credit
    │   ├── ServiceUnavailable  a hosted service cannot be reached, or does not answer
    │   ├── SynthesisError      the engine raised, or returned something that is not speech audio
    │   ├── CheckFailed         the audio is not a reading of the text
    │   ├── ClusterLost         the cluster does not answer any more, or takes no actors
    │   └── WorkerLost          the process that was speaking died or hung
    │       └── NodeLost        its machine is gone, or cannot do the work
    └── StoreError              the store or the output folder cannot be read or written
        └── StateUnavailable    the database of a server cannot be reached now

A message says what is wrong, with which item, and what to do. `EngineError.transient` says whether
trying again can help.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Collection
from typing import ClassVar, Self

_LONGEST_SHOWN = 60


class SpeechError(Exception):
    """The root: ``except voxpress.SpeechError`` catches every error that voxpress raises on purpose.

    It pickles with its attributes and its cause.

    Attributes:
        problem: what is wrong, without place and field.
        place: the row or file with the problem, such as ``prompts.csv:17``; empty if unknown.
        field: the wrong argument or field; None if several or none are wrong.

    >>> print(SpeechError("must not be negative, not -1", place="prompts.csv:17", field="lead"))
    prompts.csv:17: lead: must not be negative, not -1
    """

    def __init__(self, problem: str = "", *, place: str = "", field: str | None = None) -> None:
        if not problem.isascii():
            # A library's message may hold half of a surrogate pair, which cannot be written to a report or terminal.
            problem = problem.encode(errors="backslashreplace").decode()
        super().__init__(problem)
        self.problem, self.place, self.field = problem, place, field

    def __str__(self) -> str:
        return ": ".join(part for part in (self.place, self.field, self.problem) if part)

    def at(self, place: str) -> Self:
        """The same error with `place`; itself if it has a place already."""
        if self.place or not place or self.problem.startswith(place):
            return self
        found = copy.copy(self)
        found.__cause__ = self.__cause__
        found.place = place
        return found

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.args, self.__dict__, _portable(self.__cause__))


class Cause(Exception):
    """The message of another library's exception, which itself may not pickle."""


def _rebuild(
    kind: type[SpeechError], args: tuple[str, ...], state: dict[str, object], cause: BaseException | None
) -> SpeechError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    error.__cause__ = cause
    return error


def _portable(error: BaseException | None) -> BaseException | None:
    if error is None or isinstance(error, SpeechError):
        return error
    if type(error).__module__ == "builtins" and all(isinstance(arg, int | str) for arg in error.args):
        return error
    return Cause(f"{type(error).__name__}: {error}")


class InputError(SpeechError, ValueError):
    """The request is wrong; the same request will fail again."""


class ManifestError(InputError):
    """A manifest, or one row of it, cannot be used.

    Attributes:
        path: the manifest, as the user named it.
        line: line number in it, from 1, or None when the whole file is meant.
        field: name of the field that is wrong, or None when the whole row is meant.
        problem: what is wrong, without the place.
        id: of the row; empty where it has none that can be read.
    """

    def __init__(
        self, problem: str, *, path: str = "", line: int | None = None, field: str | None = None, id: str = ""
    ) -> None:
        super().__init__(problem, place=path if line is None else f"{path}:{line}", field=field)
        self.path, self.line, self.id = path, line, id


class UnknownEngine(InputError):
    """No engine of that name exists."""


class UnknownVoice(InputError):
    """The engine exists, the voice does not."""


class UnsupportedOption(InputError):
    """An option, language, format or number that is not offered or out of range."""


class MarkupError(InputError):
    """Markup in a text that cannot be read."""


class LeftOut(ManifestError, MarkupError):
    """A row that a render leaves out because it is no speech: a sound effect, a direction that voxpress cannot
    generate, a row without text in a prompt list. The render names and counts it; it is no failure.
    """


class EngineError(SpeechError):
    """An engine could not do its work. `transient`: trying again can help."""

    transient: bool = False


class EngineNotInstalled(EngineError):
    """A package that the engine needs is missing; the message holds the install command."""


class LicenceNotAccepted(EngineError):
    """The weights have terms that the user must accept first."""


class ModelUnavailable(EngineError):
    """The weights are missing, incomplete or not the pinned ones."""


class ServiceRefused(EngineError):
    """A hosted service refuses every request: no key, a wrong key, no credit."""


class ServiceUnavailable(EngineError):
    """A hosted service cannot be reached, or did not answer after several tries."""

    transient = True


class SynthesisError(EngineError):
    """The engine raised, or returned something that is not audio for the text."""

    transient = True


class CheckFailed(EngineError):
    """The audio is not a reading of the text (silent, cut, looping, clipped …)."""

    transient = True


class WorkerLost(EngineError):
    """The worker process that was speaking died, or did not answer in time."""

    transient = True
    blameless: ClassVar[bool] = False
    """Whether it says nothing of what the worker was doing."""


class NodeLost(WorkerLost):
    """The machine of a worker is gone, or cannot do this work: its disk is full, a file cannot be brought there."""

    blameless = True


class ClusterLost(EngineError):
    """The cluster does not answer any more, or takes no actors: nothing else can be done there."""


class StoreError(SpeechError):
    """The store or the output folder cannot be read or written."""


class StateUnavailable(StoreError):
    """The database of a server cannot be reached now; a later try can succeed."""


def show(value: object) -> str:
    """A value as messages quote it: its `repr`, at most 60 characters of it."""
    return shorten(repr(value))


def shorten(text: str) -> str:
    """At most 60 characters of a text, for messages that quote it as it stands."""
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def suggest(word: str, known: Collection[str]) -> str:
    """A hint at the end of a message: ``; did you mean 'af_heart'?``; empty if no known word is close.

    >>> suggest("af_hart", ["af_heart", "bf_emma"])
    "; did you mean 'af_heart'?"
    >>> suggest("zzz", ["af_heart"])
    ''
    """
    close = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def forget_frames(error: SpeechError) -> SpeechError:
    """The error without its tracebacks: their frames hold audio, as long as somebody keeps the error.

    >>> forget_frames(SpeechError("no")).__traceback__ is None
    True
    """
    left: list[BaseException | None] = [error]
    seen: set[int] = set()
    while left:
        each = left.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            each.__traceback__ = None
            left += (each.__cause__, each.__context__)
    return error
