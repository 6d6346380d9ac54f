"""The report: JSON lines, one for each utterance, in the order of the manifest.

Fields that NeMo's manifests also have bear the same names (``audio_filepath``, ``duration``, ``text``). Until the run
ends, the report is ``NAME.part`` and lacks only the last few results; so a run that was killed leaves a report.
"""

from __future__ import annotations

import io
import math
import mmap
import os
import shutil
import stat
import tempfile
from array import array
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BufferedWriter
from types import TracebackType
from typing import BinaryIO, Self

import msgspec
import numpy as np
import numpy.typing as npt

from voxpress import validation
from voxpress.errors import ManifestError, StoreError
from voxpress.files import locks
from voxpress.files.atomic import is_device
from voxpress.speech import Hertz, Opinion, OptionValue, Result, Seconds, Status

_SORTED = 20_000
"""Lines that are put in order at a time."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a report.

    >>> from voxpress.errors import SpeechError
    >>> from voxpress.speech import Utterance
    >>> utterance = Utterance(id="hello", text="Hello.")
    >>> entry = Entry.of(Result(utterance=utterance, status="failed", exception=SpeechError("no")))
    >>> entry.id, entry.status, entry.audio_filepath, entry.error
    ('hello', 'failed', None, 'no')
    """

    id: str
    status: Status
    audio_filepath: str | None
    """The first of `files`; None if the utterance failed."""
    duration: Seconds | None
    """Of that file."""
    text: str
    markup: validation.Markup = "plain"
    """How `text` is written."""
    files: tuple[str, ...]
    engine: str
    model: str
    voice: str
    language: str
    sample_rate: Hertz | None
    """Of that file."""
    segments: int
    spoken: int
    characters: int
    billed: int = 0
    """Characters that the service bills, of all attempts."""
    cost: float | None = 0.0
    """In US dollars; None: unknown."""
    notes: tuple[str, ...]
    uncertain: int = 0
    """Readings of the text that may not be meant."""
    verdict: Opinion = ""
    """The recogniser's, if one listened; `wer`, `heard` and `differences` say what it heard."""
    wer: float | None = None
    heard: str = ""
    differences: tuple[tuple[str, str], ...] = ()
    error: str
    error_type: str
    origin: str
    """The row: ``prompts.csv:17``."""
    extra: Mapping[str, OptionValue] = {}
    """The row's columns that voxpress does not use."""

    @classmethod
    def of(cls, result: Result) -> Entry:
        """The entry of `result`."""
        utterance = result.utterance
        clip = result.clips[0] if result.clips else None
        return cls(
            id=utterance.id,
            status=result.status,
            audio_filepath=result.files[0] if result.files else None,
            duration=clip.duration if clip else None,
            text=utterance.text,
            markup=utterance.markup,
            files=result.files,
            engine=result.engine,
            model=result.model,
            voice=result.voice,
            language=result.language,
            sample_rate=clip.sample_rate if clip else None,
            segments=result.segments,
            spoken=result.spoken,
            characters=result.characters,
            billed=result.billed,
            cost=_round_cost(result.cost) if result.billed else 0.0,
            notes=result.notes,
            uncertain=result.uncertain,
            verdict=result.verdict,
            wer=None if result.wer is None else round(result.wer, 3),
            heard=result.heard,
            differences=result.differences,
            error=result.error,
            error_type=result.error_type,
            origin=utterance.origin,
            extra=utterance.extra,
        )


def _round_cost(cost: float) -> float | None:
    return None if math.isnan(cost) else round(cost, 9)


class Report:
    """Writes a report from results in any order; a context manager that puts it in its place at the end.

    >>> import tempfile
    >>> from voxpress.speech import Utterance
    >>> path = os.path.join(tempfile.mkdtemp(), "report.jsonl")
    >>> with Report(path) as report:
    ...     report.write(Result(utterance=Utterance(id="bye", text="Bye."), status="rendered", number=1))
    ...     report.write(Result(utterance=Utterance(id="hello", text="Hello."), status="rendered", number=0))
    >>> [entry.id for entry in read(path)]
    ['hello', 'bye']

    If the block raises, ``NAME.part`` stays with the lines so far, and so does an older report.

    Args:
        path: the path of the report. Missing folders are made.
        replace: whether a file that is no report may be replaced, because the path is voxpress's own.
        kind: class of its lines.

    Raises:
        StoreError: the report cannot be written, now or later, or another run is writing it.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, replace: bool = False, kind: type[msgspec.Struct] = Entry
    ) -> None:
        self.path, self._kind = os.fspath(path), kind
        # Made absolute now: an engine may change the current folder.
        self._place = os.path.abspath(path)
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        with self._translate_errors():
            if is_device(self._place):
                self._scratch = tempfile.TemporaryDirectory(prefix="voxpress-")
                part = _open_alone(f"{self._scratch.name}/report.part")
            else:
                self._place = os.path.realpath(self._place)
                if not replace:
                    self._require_report(self._place)
                    self._require_report(f"{self._place}.part")
                os.makedirs(os.path.dirname(self._place), exist_ok=True)
                part = _open_alone(f"{self._place}.part")
        if part is None:
            raise StoreError(
                f"cannot write the report {self.path}: another run is writing it; name another with --report"
            )
        self._part = part
        self._encoder = msgspec.json.Encoder()
        self._end = 0
        # Row numbers, and where their lines start: 16 bytes a row, while a line has hundreds.
        self._numbers = array("Q")
        self._starts = array("Q")
        self._discarded = False

    def _require_report(self, place: str) -> None:
        """Check that `place` is free or has a report.

        Raises:
            StoreError: another file is there.
        """
        try:
            with open(place, "rb", opener=_open_as_it_is) as former:
                line = former.readline() if stat.S_ISREG(os.fstat(former.fileno()).st_mode) else b"?"
            if line:
                msgspec.json.decode(line, type=self._kind)
        except FileNotFoundError:
            return
        except (msgspec.DecodeError, UnicodeDecodeError, OSError):
            raise StoreError(
                f"cannot write the report {self.path}: there is a {os.path.basename(place)} that is no report;"
                " name another"
            ) from None

    def write(self, result: Result) -> None:
        """Add one line."""
        self.keep(self._encoder.encode(Entry.of(result)) + b"\n", result.number)

    def keep(self, line: bytes, number: int) -> None:
        """Add an encoded line, such as one of an older report, for the row `number`."""
        try:
            self._part.write(line)
        except OSError as error:
            raise self._store_error(error) from error
        self._numbers.append(number)
        self._starts.append(self._end)
        self._end += len(line)

    def discard(self) -> None:
        """Write no report at the end, and keep an older one."""
        self._discarded = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and not self._discarded:
            with suppress(OSError):  # it would hide the first error
                self._part.close()
            return
        with self._translate_errors(), self._part:
            if self._discarded:
                os.unlink(self._part.name)
                return
            self._part.flush()
            numbers = np.frombuffer(self._numbers, np.uint64)
            if np.any(numbers[1:] < numbers[:-1]):
                self._sort(numbers)
            if self._scratch is not None:
                with self._scratch, open(self._part.name, "rb") as whole, open(self._place, "wb") as device:
                    shutil.copyfileobj(whole, device)
                return
            with open(self._part.name, "rb") as whole:
                os.fsync(whole.fileno())
            os.replace(self._part.name, self._place)

    def _sort(self, numbers: npt.NDArray[np.uint64]) -> None:
        starts = np.frombuffer(self._starts, np.uint64)
        ends = np.append(starts[1:], np.uint64(self._end))
        part, ordered = self._part.name, f"{self._part.name}.sorted"
        order = np.argsort(numbers, kind="stable")
        with (
            open(part, "rb") as lines_read,
            open(ordered, "wb") as lines_written,
            mmap.mmap(lines_read.fileno(), 0, access=mmap.ACCESS_READ) as lines,
        ):
            for first in range(0, len(order), _SORTED):
                some = order[first : first + _SORTED]
                places = zip(starts[some].tolist(), ends[some].tolist(), strict=True)
                lines_written.writelines(lines[start:end] for start, end in places)
                if hasattr(mmap, "MADV_DONTNEED"):  # else the whole file counts as this process's memory
                    lines.madvise(mmap.MADV_DONTNEED)
        os.replace(ordered, part)

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._store_error(error) from error

    def _store_error(self, error: OSError) -> StoreError:
        return StoreError(f"cannot write the report {self.path}: {error.strerror}")


class Former:
    """The lines of an older report by the ids of their rows. It reads the report on first use; a context manager.

    Args:
        open_report: opens it; None: there is none.

    >>> with Former(lambda: None) as former:
    ...     former.line("hello")
    """

    def __init__(self, open_report: Callable[[], BinaryIO | None]) -> None:
        self._open = open_report
        self._file: BinaryIO | None = None
        # Where lines start, by hashes of ids: the lines of a million rows would fill the memory.
        self._starts: dict[int, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._file is not None:
            self._file.close()

    def line(self, id: str) -> bytes | None:
        """The line of a row; None if there is no such line, or no report."""
        if self._file is None:
            self._read()
        start = self._starts.get(hash(id))
        if start is None:
            return None
        assert self._file is not None
        self._file.seek(start)
        return self._file.readline().rstrip(b"\n") + b"\n"

    def _read(self) -> None:
        self._file = self._open() or io.BytesIO()
        named = msgspec.json.Decoder(_Named).decode
        start = 0
        for line in self._file:
            with suppress(msgspec.DecodeError, UnicodeDecodeError):
                self._starts[hash(named(line).id)] = start
            start += len(line)


class _Named(msgspec.Struct):
    id: str


def _open_alone(path: str) -> BufferedWriter | None:
    """The emptied file at `path`; None if another process is writing it."""
    file = open(path, "ab", opener=_open_as_it_is)  # noqa: SIM115 - closed by the report
    if not locks.try_lock(file):
        file.close()
        return None
    file.truncate(0)
    return file


def _open_as_it_is(path: str, flags: int) -> int:
    """Open without following a link and without waiting for a pipe."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)


def read(path: str | os.PathLike[str]) -> Iterator[Entry]:
    """The entries of a report, in order. A run that was killed leaves its entries in ``NAME.part``.

    >>> list(read(os.devnull))
    []

    Raises:
        ManifestError: while iterating: the file cannot be read, or a line is not one of a report.
    """
    name = os.fspath(path)
    decode = msgspec.json.Decoder(Entry).decode
    try:
        with open(name, "rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield decode(line)
                except msgspec.DecodeError as error:
                    problem = f"is not a line of a report: {error}"
                    raise ManifestError(problem, path=name, line=number) from error
    except OSError as error:
        raise ManifestError(f"cannot be read: {error.strerror}", path=name) from error
