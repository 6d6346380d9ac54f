"""Do the checks tell right takes from wrong ones? False alarms, and what is caught of takes spoiled on purpose.

    python benchmarks/listening.py [core-sounds-en.txt] [--engine piper --engine kokoro] [--rows 160] [--second MODEL]

It needs voxpress[listen], and the weights of the recogniser: voxpress models pull whisper-base. What is asked is what
`render --verify` asks of each take: the structural check, then the recogniser. A take that is flagged as it
was spoken may
really be misspoken: so a second recogniser hears it, and the note names each with what was heard, for a reader
to judge.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import measure
import numpy as np

import voxpress
from voxpress.audio.waveform import Audio
from voxpress.engines.tone import _spoil
from voxpress.errors import CheckFailed
from voxpress.quality.asr import MODEL, Recogniser
from voxpress.quality.signal import check, listen
from voxpress.rendering.plan import Plan
from voxpress.rendering.planner import Planner
from voxpress.speech import Segment, Speaker, Utterance
from voxpress.store import open_store
from voxpress.text.wer import SHORT, passes, score, words

ROWS = 160
SHARE = 4
"""What mostly reaches the recogniser, which is slow when it doubts, is done to one take of so many."""


class Taken(NamedTuple):
    """A take of a row: of its longest segment, where there are several."""

    engine: str
    segment: Segment
    audio: Audio

    @property
    def is_long(self) -> bool:
        return len(words(self.segment.text, "en")) > SHORT


def takes(engine: str, rows: Sequence[measure.Prompt], store_at: Path) -> list[Taken]:
    """Spoken as a render does it, without a recogniser."""
    name, _, weights = engine.partition("=")
    weights, _, voice = weights.partition(":")
    speaker = Speaker(engine=name, model=weights or None, voice=voice or None)
    store = open_store(str(store_at))
    found = []
    utterances = [Utterance(id=row.id, text=row.text) for row in rows]
    for result in voxpress.render(utterances, None, store=store, attempts=1, speaker=speaker):
        # What the structure gave away would have to be counted as flagged; there was none.
        assert result.status != "failed", result.error
    planner = Planner(speaker)
    for utterance in utterances:
        plan = planner.plan(utterance, filed=False)
        assert isinstance(plan, Plan)
        key, assignment = max(plan.takes.items(), key=lambda item: len(item[1].segment.text))
        segment = assignment.segment
        take = store.take(key)
        assert take is not None
        found.append(Taken(name, segment, take))
    return found


def verdict(recogniser: Recogniser, audio: Audio, segment: Segment) -> tuple[str, str]:
    """Who objects to this audio (``structure``, ``recogniser`` or nobody), and what was heard or seen."""
    try:
        check(audio, segment)
    except CheckFailed as error:
        return "structure", str(error)
    heard, found = listen(recogniser, audio, segment.text, segment.language)
    return ("" if passes(found) else "recogniser"), heard


# What is done to takes

Spoiled = Callable[[Taken, Sequence[Taken], random.Random], Audio | None]
"""Gives None where it cannot be done to that take."""


def _by_tone(fault: str) -> Spoiled:
    def spoiled(taken: Taken, others: Sequence[Taken], drawn: random.Random) -> Audio | None:
        return Audio(_spoil(taken.audio.samples, fault, taken.audio.sample_rate), taken.audio.sample_rate)

    return spoiled


def another_text(taken: Taken, others: Sequence[Taken], drawn: random.Random) -> Audio | None:
    """The take of another text that comes nearest in length, so that its duration gives nothing away."""
    unlike = [one for one in others if score(taken.segment.text, one.segment.text, "en").wer > 0.5]
    return min(unlike, key=lambda one: abs(one.audio.duration - taken.audio.duration)).audio


def backwards(taken: Taken, others: Sequence[Taken], drawn: random.Random) -> Audio | None:
    """The words in reverse order."""
    pieces = _words(taken.audio)
    if len(pieces) < 2 or score(taken.segment.text, " ".join(w for w, _ in pieces[::-1]), "en").errors == 0:
        return None
    return Audio(np.concatenate([samples for _, samples in pieces[::-1]]), taken.audio.sample_rate)


def replaced(share: float) -> Spoiled:
    """So many of the words, at least one, from other takes of the same voice."""

    def spoiled(taken: Taken, others: Sequence[Taken], drawn: random.Random) -> Audio | None:
        pieces = _words(taken.audio)
        count = max(1, round(share * len(pieces)))
        if len(pieces) < 2 or (share and count < 2):
            return None
        long_ones = [at for at, (word, _) in enumerate(pieces) if len(word) > 3] or list(range(len(pieces)))
        if len(long_ones) < count:
            return None
        for at in drawn.sample(long_ones, count):
            own = pieces[at][0].casefold()
            unlike = [one for one in _all_words(others) if len(one[0]) > 3 and one[0].casefold() != own]
            pieces[at] = drawn.choice(unlike)
        return Audio(np.concatenate([samples for _, samples in pieces]), taken.audio.sample_rate)

    return spoiled


def a_hole(taken: Taken, others: Sequence[Taken], drawn: random.Random) -> Audio | None:
    """Four seconds of silence in the middle."""
    middle, rate = len(taken.audio.samples) // 2, taken.audio.sample_rate
    gap = np.zeros(4 * rate, np.float32)
    parts = [taken.audio.samples[:middle], gap, taken.audio.samples[middle:]]
    return Audio(np.concatenate(parts), rate)


def _words(audio: Audio) -> list[tuple[str, np.ndarray]]:
    """Each word with its samples, up to the next one; the first has what comes before it."""
    marks = [mark for mark in audio.marks if mark.kind == "word"]
    cuts = [0, *(int(mark.start * audio.sample_rate) for mark in marks[1:]), len(audio.samples)]
    return [
        (mark.text.strip(".,;:!?"), audio.samples[a:b])
        for mark, a, b in zip(marks, cuts, cuts[1:], strict=False)
    ]


_CACHE: dict[int, list[tuple[str, np.ndarray]]] = {}


def _all_words(others: Sequence[Taken]) -> list[tuple[str, np.ndarray]]:
    if id(others) not in _CACHE:
        _CACHE[id(others)] = [piece for one in others for piece in _words(one.audio)]
    return _CACHE[id(others)]


FOR_THE_EAR: dict[str, Spoiled] = {
    "another text": another_text,
    "words backwards": backwards,
    "a third of the words replaced": replaced(1 / 3),
    "one word replaced": replaced(0),
    "cut in the middle": _by_tone("cut"),
    "noise": _by_tone("noise"),
}
FOR_ALL: dict[str, Spoiled] = {
    "cut to an eighth": _by_tone("short"),
    "silence": _by_tone("silent"),
    "a loop": _by_tone("loop"),
    "a hole of 4 s": a_hole,
    "a tail of 8 s": _by_tone("tail"),
    "clipped": _by_tone("clipped"),
    "not numbers": _by_tone("nan"),
}


def kinds(number: int) -> Iterator[tuple[str, Spoiled]]:
    """What is done to the take of that number."""
    yield from FOR_ALL.items()
    for at, item in enumerate(FOR_THE_EAR.items()):
        if (number + at) % SHARE == 0:
            yield item


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("prompts", type=Path, nargs="?", help="by default Debian's, fetched with apt-get")
    parser.add_argument("--engine", action="append", metavar="NAME[=MODEL[:VOICE]]", help="may be repeated")
    parser.add_argument("--asr-model", default=MODEL, metavar="MODEL", help="a model's name, or a folder")
    parser.add_argument("--second", metavar="MODEL", help="a recogniser that hears what the first one flags")
    parser.add_argument("--rows", type=int, default=ROWS, help="takes of each engine")
    parser.add_argument("--store", type=Path, help="keep the takes here, for another run")
    parser.add_argument("--show", action="store_true", help="print what was missed, too")
    arguments = parser.parse_args()
    everything, _ = measure.prompts(arguments.prompts)
    # Single letters say nothing of a voice: no listener knows "p" from "b" without context.
    rows = measure.spread([row for row in everything if not row.id.startswith("letters/")], arguments.rows)
    recogniser = Recogniser(arguments.asr_model)
    recogniser.require()
    second = Recogniser(arguments.second) if arguments.second else None

    asked: Counter[tuple[str, str, bool]] = Counter()
    caught: Counter[tuple[str, str, bool]] = Counter()
    by: dict[str, Counter[str]] = defaultdict(Counter)
    flagged: list[str] = []
    names = arguments.engine or ["piper", "kokoro"]
    with tempfile.TemporaryDirectory(prefix="voxpress-benchmark-") as place:
        everyone = [takes(engine, rows, arguments.store or Path(place)) for engine in names]

    def count(kind: str, taken: Taken, who: str) -> None:
        at = (kind, taken.engine, taken.is_long)
        asked[at] += 1
        caught[at] += bool(who)
        by[kind][who] += 1

    for spoken in everyone:
        for number, taken in enumerate(spoken):
            who, heard = verdict(recogniser, taken.audio, taken.segment)
            count("as spoken", taken, who)
            if who:
                other = ""
                if second:
                    too, heard_too = verdict(second, taken.audio, taken.segment)
                    other = f", the second recogniser {heard_too!r}" + ("" if too else " (passes)")
                flagged.append(f"{taken.engine} {taken.segment.text!r}: {heard!r}{other}")
            for kind, spoil in kinds(number):
                audio = spoil(taken, spoken, random.Random(f"{kind} {number}"))
                if audio is None:
                    continue
                who, heard = verdict(recogniser, audio, taken.segment)
                count(kind, taken, who)
                if arguments.show and not who:
                    print(
                        f"missed: {taken.engine}, {kind}, {taken.segment.text!r}: {heard!r}", file=sys.stderr
                    )
        print(f"{spoken[0].engine} is done", file=sys.stderr)

    engines = [spoken[0].engine for spoken in everyone]
    columns = [(name, is_long) for name in engines for is_long in (False, True)]

    def cell(kind: str, name: str, is_long: bool) -> str:
        total = asked[kind, name, is_long]
        return f"{caught[kind, name, is_long]} of {total}" if total else ""

    lines: list[list[str]] = [
        [
            "flagged",
            *(f"{name}, {'5 words and more' if many else '1 to 4 words'}" for name, many in columns),
            *("all", "by structure", "by the recogniser"),
        ]
    ]
    for kind in ("as spoken", *FOR_THE_EAR, *FOR_ALL):
        total = sum(asked[kind, name, many] for name, many in columns)
        found = sum(caught[kind, name, many] for name, many in columns)
        lines.append(
            [
                *(kind, *(cell(kind, *column) for column in columns)),
                *(
                    f"**{found / max(1, total):.1%}**",
                    str(by[kind]["structure"]),
                    str(by[kind]["recogniser"]),
                ),
            ]
        )
    measure.report(
        "listening",
        lines,
        f"{sum(map(len, everyone))} takes: {len(rows)} prompts evenly from the list, letters left out, each spoken by"
        f" {' and '.join(engines)}; heard by {Path(arguments.asr_model).name}, int8.",
        "Flagged as spoken: " + "; ".join(flagged) + "." if flagged else "Nothing was flagged as spoken.",
    )


if __name__ == "__main__":
    main()
