"""How texts are read: suites of cases from outside, damage to plain text, and time.

python benchmarks/text.py --nemo NeMo-text-processing/tests/nemo_text_processing --cases text-cases.tsv

NeMo's cases are in its repository, https://github.com/NVIDIA/NeMo-text-processing. A table of cases has a line for
each: language, written, spoken (alternatives behind |), kind.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import operator
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import measure

from voxpress.text import Say, read
from voxpress.text.front_end import FrontEnd, Reader

DEVIATIONS = measure.HERE.parent / "tests" / "text" / "deviations.tsv"
LANGUAGES = ("en", "de", "es", "fr", "it")
LEAST = {"NeMo en": 0.95, "NeMo": 0.9, "table": 0.95}
"""The least part of the cases that must be right, or otherwise on purpose."""
MOST = (0.3, 40.0)
"""The most milliseconds for a plain sentence, and for one with numbers."""
LEFT_OUT = ("with_audio", "punctuation", "math", "special")
"""Files of NeMo with several answers, or about marks."""
LICENCE_PACKAGES = (
    "numpy",
    "soundfile",
    "av",
    "rich",
    "typer",
    "pip",
    "litestar",
    "hypothesis",
    "pytest",
    "msgspec",
)
SENTENCES = {
    "en": (
        "The committee met again in the afternoon and decided that nothing would change until the spring.",
        "On May 3, 2026 we paid $49.95 for 12 books at 3:30 p.m., and 5 km away it was 22 °C.",
    ),
    "de": (
        "Der Ausschuss traf sich am Nachmittag noch einmal und beschloss, dass alles bliebe, wie es war.",
        "Am 3. Mai 2026 zahlten wir 49,95 € für 12 Bücher um 15:30 Uhr, und 5 km weiter waren es 22 °C.",
    ),
    "es": (
        "El comité se reunió otra vez por la tarde y decidió que nada cambiaría hasta la primavera.",
        "El 3 de mayo de 2026 pagamos 49,95 € por 12 libros a las 15:30, y a 5 km hacía 22 °C.",
    ),
    "fr": (
        "Le comité s'est réuni de nouveau dans l'après-midi et a décidé que rien ne changerait.",
        "Le 3 mai 2026, nous avons payé 49,95 € pour 12 livres à 15 h 30, et à 5 km il faisait 22 °C.",
    ),
    "it": (
        "Il comitato si riunì di nuovo nel pomeriggio e decise che nulla sarebbe cambiato.",
        "Il 3 maggio 2026 abbiamo pagato 49,95 € per 12 libri alle 15:30, e a 5 km c'erano 22 °C.",
    ),
}
"""A plain one, and one with numbers."""


_OPTIONAL = {
    "en": "and",
    "de": "and|und",
    "es": "con|and",
    "fr": "et|and",
    "it": r"and|(?<!\b\w )e(?! \w\b| commerciale)",
}
_SCHEME = r"\bh ?t ?t ?p ?s? (?:colon|doppelpunkt|dos puntos|due punti) (?:(?:slash|barra) ){2}"


class Case(NamedTuple):
    """Something written, and its right readings."""

    language: str
    written: str
    spoken: tuple[str, ...]


def list_nemo(folder: Path) -> Iterator[Case]:
    """NeMo's cases with one answer, or a few in one line."""
    for language in LANGUAGES:
        for path in sorted((folder / language / "data_text_normalization").glob("test_cases_*.txt")):
            if any(word in path.name for word in LEFT_OUT):
                continue
            for line in path.read_text(encoding="utf-8").splitlines():
                first, found, *rest = (*line.split("~"), "") if "~" not in line else line.split("~")
                if line and "~" in line:
                    written, spoken = (found, [first]) if language == "de" else (first, [found, *rest])
                    yield Case(language, written, tuple(spoken))


def list_table(path: Path) -> Iterator[Case]:
    """The cases of a table."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            language, written, spoken, _ = line.split("\t")
            yield Case(language, written, tuple(spoken.split("|")))


def speak(text: str, language: str) -> str:
    """What an engine gets, by the whole front end."""
    front_end = FrontEnd(unspeakable="skip")
    spoken = front_end.read(Say.of(text), Reader(language=language, max_chars=10_000))
    return " ".join(part.text for part in spoken.parts if isinstance(part, Say))


def loosen(text: str, language: str) -> str:
    """A reading without what does not matter.

    That is case, marks, spaces, "and", "oh" in place of zero, an accent in Italian, whether a slash or a hyphen is a
    sign or a word, and whether a web address is read with its "https colon slash slash".
    """
    text = re.sub(r"[-–—/]", " ", text.casefold()).replace("ß", "ss")
    text = re.sub(_SCHEME, "", text)
    text = re.sub(rf"\b(?:{_OPTIONAL[language[:2]]}|slash|barra|dash|trattino|guion)\b", "", text)
    text = re.sub("und", "", text) if language[:2] == "de" else text
    text = re.sub(r"\boh\b", "zero", text)
    return re.sub(r"[\s.,:;!?'’\"]", "", text.replace("é", "e") if language[:2] == "it" else text)


def read_deviations() -> dict[tuple[str, str], str]:
    """Cases that voxpress reads otherwise on purpose, and why."""
    rows = (line.split("\t") for line in DEVIATIONS.read_text(encoding="utf-8").splitlines())
    return {(language, written): reason for language, written, reason in rows if not language.startswith("#")}


def judge(cases: Iterator[Case], *, show: bool) -> dict[str, Counter[str]]:
    """How many cases are right, wanted otherwise, and wrong, by language."""
    deviations = read_deviations()
    found: dict[str, Counter[str]] = {}
    for case in cases:
        said = speak(case.written, case.language)
        right = any(loosen(said, case.language) == loosen(each, case.language) for each in case.spoken)
        wanted = (case.language, case.written) in deviations
        verdict = "right" if right else "otherwise on purpose" if wanted else "wrong"
        found.setdefault(case.language, Counter())[verdict] += 1
        if show and verdict == "wrong":
            print(f"{case.language}\t{case.written}\t{said}\t{'|'.join(case.spoken)}", file=sys.stderr)
    return found


def tabulate(suite: str, found: dict[str, Counter[str]]) -> Iterator[tuple[object, ...]]:
    """A row for each language."""
    for language, count in found.items():
        total = sum(count.values())
        fine = count["right"] + count["otherwise on purpose"]
        yield (
            suite, language, total, f"{count['right'] / total:.1%}", count["otherwise on purpose"], count["wrong"],
            f"{fine / total:.1%}",
        )  # fmt: skip


def find_failures(suite: str, found: dict[str, Counter[str]]) -> Iterator[str]:
    """The languages of a suite with too many wrong readings."""
    for language, count in found.items():
        least = LEAST.get(f"{suite} {language}", LEAST[suite])
        if count["wrong"] > (1 - least) * sum(count.values()):
            yield f"{suite} {language}: {count['wrong']} of {sum(count.values())} wrong"


def list_prose() -> Iterator[str]:
    """Sentences without digits and signs: licences and descriptions of packages, which everybody has."""
    for package in LICENCE_PACKAGES:
        for path in importlib.metadata.files(package) or ():
            if re.search(r"(?i)licen[cs]e|copying|METADATA", path.name):
                text = Path(str(path.locate())).read_text(encoding="utf-8", errors="ignore")
                for sentence in re.split(r"(?<=[.!?;:])\s+", text):
                    words = " ".join(sentence.split())
                    if re.fullmatch(r"[A-Za-z ,;:'’\"()-]+[.!?;:]?", words) and not re.search(
                        r"etc\.$|\(\)", words
                    ):
                        yield words


def count_damage() -> tuple[int, int]:
    """Words of prose, and how many of them came out otherwise."""
    words = damaged = 0
    seen: set[str] = set()
    for sentence in list_prose():
        if sentence in seen:
            continue
        seen.add(sentence)
        said = speak(sentence, "en-US")
        written, spoken = (re.findall(r"\S*[A-Za-z]\S*", each) for each in (sentence, said))
        words += len(written)
        damaged += sum(a != b for a, b in zip(written, spoken, strict=False))
        damaged += abs(len(written) - len(spoken))
        if written != spoken:
            print(f"{sentence!r} → {said!r}", file=sys.stderr)
    return words, damaged


def time_of(text: str, language: str) -> float:
    """Milliseconds of the whole front end for one sentence, the median of many."""
    times = []
    for _ in range(200):
        began = time.perf_counter()
        read(text, language=language, max_chars=400)
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--nemo", type=Path, help="the folder tests/nemo_text_processing of NeMo's repository"
    )
    parser.add_argument("--cases", type=Path, help="a table of cases")
    parser.add_argument("--show", action="store_true", help="print what is wrong")
    arguments = parser.parse_args()
    rows: list[tuple[object, ...]] = [
        ("suite", "language", "cases", "right", "otherwise on purpose", "wrong", "right or on purpose")
    ]
    failures: list[str] = []
    for suite, path, reader in (("NeMo", arguments.nemo, list_nemo), ("table", arguments.cases, list_table)):
        if path is not None:
            found = judge(reader(path), show=arguments.show)
            rows += tabulate(suite, found)
            failures += find_failures(suite, found)
    words, damaged = count_damage()
    failures += [f"{damaged} plain words changed"] if damaged else []
    times = {language: [time_of(text, language) for text in texts] for language, texts in SENTENCES.items()}
    failures += [
        f"{language} takes too long" for language, each in times.items() if any(map(operator.gt, each, MOST))
    ]
    timed = [f"{language} {plain:.2f} and {numbers:.2f}" for language, (plain, numbers) in times.items()]
    measure.report(
        "text",
        rows,
        f"Plain English text, {words:,} words without digits and signs: {damaged} changed.",
        f"The front end, in ms for a plain sentence and for one with six numbers: {', '.join(timed)}.",
    )
    sys.exit("; ".join(failures))


if __name__ == "__main__":
    main()
