"""Is a folder of prompts complete, and can telephones play it? Packs of voxpress and of others are checked alike.

`survey` finds the files, `coverage` compares them with lists, `media` opens each one, and `check` puts it together.
"""

from __future__ import annotations

import math
import os
import re
import statistics
from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from typing import NamedTuple

import msgspec

from voxpress.errors import InputError, SpeechError
from voxpress.executors import Inline, Processes
from voxpress.executors.local import cores
from voxpress.files.formats import FORMATS
from voxpress.files.names import NameRule, Names
from voxpress.files.paths import safe_path
from voxpress.quality.packs import coverage, media
from voxpress.quality.packs.findings import KINDS, Finding, Kind, Severity
from voxpress.quality.packs.folder import Pack, PackFile, survey
from voxpress.quality.packs.references import Reference, Wanted, from_folder, from_rows, read_texts
from voxpress.speech import LUFS, Clip, Hertz, Output, Seconds, dBFS

__all__ = [
    "KINDS",
    "Finding",
    "Kind",
    "Pack",
    "Reference",
    "Severity",
    "Summary",
    "Target",
    "check",
    "from_folder",
    "from_rows",
    "survey",
]

OWN_TOLERANCE: dBFS = 1.0
"""Of levels in a pack that voxpress rendered to one level."""
HUMAN_TOLERANCE: dBFS = 6.0
"""Of levels in other packs: RFC 7874, section 4. Recorded sets differ by 4 dB, and nobody minds."""

_AHEAD = 16
"""Files for each worker that are asked about before the first of them is answered."""
_FEW = 50
"""Files that are checked before worker processes would have started."""
_LENGTHS: Seconds = 0.1
_ENOUGH = 5
"""Prompts whose median level says something."""
_SOUND = re.compile(r"(?:^|/)(?:silence/|beep|(?:as|des)cending|confbridge-(?:join|leave))")
"""Names of prompts without speech, where no list tells."""
_OF_SPEECH = frozenset(("silent", "level", "cut-start", "cut-end", "late", "long-tail"))


class Target(NamedTuple):
    """What a system plays.

    Attributes:
        plays: formats, each with its sample rates; no rates: any.
        outputs: of its preset, for the limits of length and size.
        names: what it demands of the names of files.
    """

    name: str
    plays: Mapping[str, Collection[Hertz]]
    outputs: Sequence[Output] = ()
    names: Sequence[NameRule] = ()

    @classmethod
    def of_outputs(cls, name: str, outputs: Sequence[Output], names: Sequence[NameRule] = ()) -> Target:
        """A system of which only a preset is known.

        >>> Target.of_outputs("twilio", [Output(format="wav", sample_rate=8000)]).plays
        {'wav': {8000}}
        """
        plays: dict[str, set[Hertz]] = defaultdict(set)
        for output in outputs:
            rates = [output.sample_rate] if output.sample_rate else FORMATS[output.format].sample_rates
            plays[output.format].update(rates)
        return cls(name, dict(plays), outputs, names)


class Summary(msgspec.Struct, kw_only=True):
    """One language of a pack."""

    language: str
    prompts: int
    files: int
    duration: Seconds
    """Of one file of each prompt."""
    variants: list[str]
    """Formats, and rates of folders."""
    level: dBFS | None
    """Median of active speech."""
    compared: bool
    """Whether a list or a folder told what should be there."""


class _Tally:
    """What is known of the prompts of one language while its files are read."""

    def __init__(self) -> None:
        self.durations: dict[str, tuple[Seconds, Seconds]] = {}
        self.levels: dict[str, tuple[dBFS, LUFS]] = {}

    def add(self, prompt: str, found: media.Measures) -> None:
        if found.duration is not None:
            least, most = self.durations.get(prompt, (found.duration, found.duration))
            self.durations[prompt] = min(least, found.duration), max(most, found.duration)
        if found.level is not None and found.loudness is not None:
            self.levels.setdefault(prompt, (found.level, found.loudness))


def check(
    pack: Pack,
    references: Sequence[Reference] = (),
    targets: Sequence[Target] = (),
    *,
    tolerance: dBFS | None = None,
    workers: int | None = None,
) -> tuple[list[Summary], list[Finding]]:
    """Check a pack: its coverage, and every file of it.

    Args:
        references: what it should hold.
        targets: the systems that will play it.
        tolerance: how far from the median of its language a prompt's level may be; None: `OWN_TOLERANCE` where a report
            says that voxpress rendered the prompts, else `HUMAN_TOLERANCE`.
        workers: processes; None: one for each core; 0: this process.

    Raises:
        InputError: the tolerance is no number.
        ManifestError: a report in the pack cannot be read.
    """
    if tolerance is not None and not 0 <= tolerance < math.inf:
        raise InputError(f"must be a number of decibels, not {tolerance}", field="tolerance")
    texts = read_texts(pack)
    findings = list(coverage.find_same_names(pack))
    wanted: dict[str, Mapping[str, Wanted]] = {}
    for language in sorted(pack.files):
        known = [each for each in references if each.holds_for(language)]
        wanted[language] = {name: one for each in known for name, one in each.prompts.items()}
        if known:
            certain = len(pack.files) == 1 or all(each.language for each in known)
            findings += coverage.compare(pack, language, wanted[language], texts if certain else {})
        findings += coverage.compare_variants(pack, language)
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    rules = [(target.name, Names([rule for rule in target.names if not rule.advice])) for target in targets]
    for file, found in _inspect_all(pack, workers):
        is_speech = _is_speech(file.prompt, wanted[file.language])
        for kind, problem in (
            *found.problems,
            *_check_name(file.path, rules),
            *_check_place(file, found, targets),
        ):
            if is_speech or kind not in _OF_SPEECH:
                findings.append(_finding(kind, file, problem))
        if is_speech or found.level is None:
            tallies[file.language].add(file.prompt, found)
        else:
            tallies[file.language].add(file.prompt, msgspec.structs.replace(found, level=None))
    for language, tally in tallies.items():
        rendered = any(of == language for of, _ in texts)
        limit = tolerance if tolerance is not None else OWN_TOLERANCE if rendered else HUMAN_TOLERANCE
        findings += _compare_levels(pack.files[language], tally, limit)
        findings += _compare_lengths(pack.files[language], tally)
    order = list(KINDS)
    findings.sort(
        key=lambda each: (each.severity, order.index(each.kind), each.language, each.prompt, each.file)
    )
    compared = {each for each in pack.files if any(one.holds_for(each) for one in references)}
    return [_sum_up(pack, each, tallies[each], each in compared) for each in sorted(pack.files)], findings


def _sum_up(pack: Pack, language: str, tally: _Tally, compared: bool) -> Summary:
    prompts = pack.files[language]
    return Summary(
        language=language,
        prompts=len(prompts),
        files=sum(map(len, prompts.values())),
        duration=round(sum(longest for _, longest in tally.durations.values()), 1),
        variants=sorted({each.variant for files in prompts.values() for each in files if not each.problem}),
        level=round(statistics.median(level for level, _ in tally.levels.values()), 1)
        if tally.levels
        else None,
        compared=compared,
    )


def _finding(kind: str, file: PackFile, problem: str) -> Finding:
    return Finding(kind=kind, language=file.language, prompt=file.prompt, file=file.path, problem=problem)


def _is_speech(prompt: str, wanted: Mapping[str, Wanted]) -> bool:
    one = wanted.get(prompt)
    return one.content == "speech" if one and one.text is not None else not _SOUND.search(prompt)


def _inspect_all(pack: Pack, workers: int | None) -> Iterator[tuple[PackFile, media.Measures]]:
    """What is found in each file, in order. Files are read by workers, a few at a time."""
    total = sum(len(files) for prompts in pack.files.values() for files in prompts.values())
    count = cores() if workers is None else max(1, workers)
    inline = workers == 0 or (workers is None and total < _FEW)
    pool: Executor = Inline() if inline else Processes(count)
    waiting: deque[tuple[PackFile, Future[media.Measures]]] = deque()
    try:
        for file in pack.all():
            if file.problem:
                yield file, media.Measures(size=0, problems=[("link", file.problem)])
                continue
            path = os.path.join(pack.place, file.path)
            waiting.append((file, pool.submit(media.inspect, path, file.extension)))
            if len(waiting) >= _AHEAD * count:
                yield _complete(*waiting.popleft())
        while waiting:
            yield _complete(*waiting.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _complete(file: PackFile, future: Future[media.Measures]) -> tuple[PackFile, media.Measures]:
    try:
        return file, future.result()
    except SpeechError as error:
        return file, media.Measures(size=0, problems=[("broken", str(error))])


def _check_name(path: str, rules: Sequence[tuple[str, Names]]) -> Iterator[tuple[str, str]]:
    try:
        safe_path(path)
    except InputError as error:
        yield "name", str(error)
    for system, names in rules:
        for broken in names.check(path):
            yield "name", f"{system}: {broken.problem}"


def _check_place(
    file: PackFile, found: media.Measures, targets: Sequence[Target]
) -> Iterator[tuple[str, str]]:
    """What is wrong with a file where it is: the rate of its folder, and what systems play."""
    if found.sample_rate is None or found.duration is None:
        return
    if file.rate is not None and file.rate != found.sample_rate:
        yield "rate", f"it has {found.sample_rate} Hz in the folder {file.rate}"
    for target in targets:
        yield from _check_target(target, found)


def _check_target(target: Target, found: media.Measures) -> Iterator[tuple[str, str]]:
    assert found.sample_rate is not None
    assert found.duration is not None
    rates = target.plays.get(found.format)
    if rates is None:
        yield "format", f"it is {found.format}, and {target.name} plays {', '.join(target.plays)}"
    elif rates and found.sample_rate not in rates:
        allowed = " or ".join(map(str, sorted(rates)))
        yield "rate", f"it has {found.sample_rate} Hz, and {target.name} plays {found.format} at {allowed} Hz"
    clip = Clip(
        key="",
        format=found.format,
        sample_rate=found.sample_rate,
        duration=found.duration,
        size=found.size,
    )
    if limit := next(filter(None, (output.limit_exceeded(clip) for output in target.outputs)), ""):
        yield "too-long", f"{target.name}: {limit}"


def _compare_levels(
    prompts: Mapping[str, list[PackFile]], tally: _Tally, tolerance: dBFS
) -> Iterator[Finding]:
    if len(tally.levels) < _ENOUGH:
        return
    # Prompts that were made equally loud differ in the level of their speech, and the other way round.
    usual = [statistics.median(each) for each in zip(*tally.levels.values(), strict=True)]
    for prompt, levels in sorted(tally.levels.items()):
        by = min((own - median for own, median in zip(levels, usual, strict=True)), key=abs)
        if abs(by) > tolerance + 0.05:  # the figures are rounded
            apart = f"{abs(by):.1f} dB {'louder' if by > 0 else 'softer'} than the median"
            yield _finding("level", prompts[prompt][0], f"{levels[0]:.1f} dBFS, {apart}")


def _compare_lengths(prompts: Mapping[str, list[PackFile]], tally: _Tally) -> Iterator[Finding]:
    for prompt, (least, most) in sorted(tally.durations.items()):
        if most - least > _LENGTHS:
            yield _finding("unlike-variants", prompts[prompt][0], f"{least:.2f} s and {most:.2f} s")
