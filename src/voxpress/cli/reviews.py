"""What a recogniser heard in files, as it is printed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from voxpress.cli.exits import SOME_FAILED
from voxpress.cli.summary import differing
from voxpress.cli.tables import count
from voxpress.errors import StoreError
from voxpress.files.atomic import is_device
from voxpress.quality.verify import Review


def tell(reviews: Iterable[Review], *, report: Path | None = None, json: bool = False) -> int:
    """Print what was heard in each file, and how many are good; the exit status.

    Args:
        report: a file that gets a line of JSON for each.
        json: print one list of all instead.
    """
    counts: Counter[str] = Counter()
    with _lines(report) as write:
        for number, one in enumerate(reviews):
            counts[one.verdict] += 1
            line = msgspec.json.encode(one)
            write(line)
            if json:
                print(("[\n" if not number else ",\n") + line.decode(), end="", flush=True)
            else:
                print(_review(one), flush=True)
    if json:
        print("\n]" if counts else "[]")
    else:
        print(
            f"{count(counts.total(), 'file')}: {counts['good']:,} good, {counts['doubtful']:,} doubtful"
            + (f"; report: {report}" if report else "")
        )
    return SOME_FAILED if counts["doubtful"] else 0


def _review(one: Review) -> str:
    rate = "    " if one.wer is None else f"{one.wer:.2f}"
    marks = [
        f"{name} {value:.2f}"
        for name, value in (("naturalness", one.naturalness), ("similarity", one.similarity))
        if value is not None
    ]
    remarks = [one.problem, differing(one.differences), *marks]
    name = one.audio_filepath or one.origin or one.id
    return "  ".join([f"{one.verdict:<8}", rate, name, "; ".join(filter(None, remarks))]).rstrip()


@contextmanager
def _lines(path: Path | None) -> Iterator[Callable[[bytes], object]]:
    """Writes lines into a file that appears when all are written; nowhere without a path."""
    if path is None:
        yield lambda line: None
        return
    path = Path(os.path.realpath(path))
    device = is_device(path)
    part = path if device else path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            yield lambda line: file.write(line + b"\n")
        if not device:
            part.replace(path)
    except OSError as error:
        raise StoreError(f"cannot write the report {path}: {error.strerror}") from error
