"""Does a long text come out whole? 10,000 words in one file, every sentence once and in order.

    python benchmarks/long.py kokoro [--model MODEL] [--voice VOICE] [--asr-model whisper-base]
    python benchmarks/long.py xtts --tiny       # random weights, in the engine's environment
    python benchmarks/long.py openai            # against the tests' own server on loopback

The text is made of templates and a seed, so that each sentence is another one. Looked at are the plan (all sentences,
once and in order), the file (its samples are those of the takes and of the pauses, in that order, and nothing else),
the word marks, where the engine has them, and with --asr-model what Whisper hears in the file. Each run
replaces its line of the result.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import measure
import numpy as np

import voxpress
from voxpress import engines
from voxpress.audio import codec
from voxpress.audio import waveform as sound
from voxpress.audio.waveform import Audio
from voxpress.models import catalogue, environments
from voxpress.quality.asr import Recogniser
from voxpress.rendering.plan import Bad, Plan
from voxpress.rendering.planner import Planner
from voxpress.speech import Output, Speaker, Utterance
from voxpress.store import open_store
from voxpress.text import Pause
from voxpress.text.wer import words

WORDS = 10_000
RESULT = measure.RESULTS / "long.json"
TESTS = measure.HERE.parent / "tests" / "engines"
RATES: dict[str, dict[str, Any]] = {"f5": {"steps": 4}}
"""Options that make random weights babble sooner."""
BABBLE = {"bark": ["--seconds", "2.3", "--pull", "6"]}
"""How random weights are made that babble as long as the check of each sentence asks."""

# The text

_VOCABULARY = """
who: the manager, the driver, the teacher, my neighbour, the doctor, our guide, the baker, the captain,
 the old farmer, the engineer, her brother, the young lawyer, the gardener, their cousin, the nurse,
 the painter, the postman, his daughter, the carpenter, the judge
did: opened, repaired, painted, described, measured, carried, borrowed, counted, cleaned, forgot, ordered,
 examined, returned, found, packed, moved, bought, sold, drew, photographed
what: the wooden table, a silver watch, the garden gate, a heavy suitcase, the kitchen window,
 two empty bottles, the yellow bicycle, an old letter, the broken radio, seven black umbrellas, the small boat,
 a bag of apples, the green curtain, three tickets, the winter coat, a box of candles, the long ladder,
 a map of the island, the front wheel, a pair of gloves
where: behind the station, near the river, in the market, at the harbour, across the bridge, beside the church,
 in the library, on the second floor, under the stairs, outside the village, by the old mill,
 in the waiting room, along the beach, next to the bakery, in front of the theatre, at the edge of the forest
when: before breakfast, on Monday morning, after the meeting, last summer, shortly before midnight,
 every other week, during the storm, in the afternoon, at the end of March, for the second time, without a word,
 as quickly as possible, three days later, while it was raining, early in October, at half past nine
"""
_SHAPES = (
    "{Who} {did} {what} {where} {when}.",
    "{When}, {who} {did} {what}, and then {who2} {did2} {what2}.",
    "Nobody remembers why {who} {did} {what} {where}.",
    "Did {who} really say that {who2} {did} {what} {when}?",
    "{Who}, who lives {where}, {did} {what} {when}.",
    "If the weather stays dry, {who} will wait {where}; otherwise {who2} will bring {what}.",
    "It took {who} nearly an hour to find out that {who2} {did} {what} {where}.",
    "{When}, {what} was still {where}, just as {who} had promised.",
    "{Who} {did} {what}.",
)


def sentences(count: int) -> list[list[str]]:
    """Paragraphs of sentences that are all different, `count` words in all."""
    drawn = random.Random(0)
    listed = (line.split(": ") for line in _VOCABULARY.replace("\n ", " ").strip().splitlines())
    known = {name: items.split(", ") for name, items in listed}
    seen: set[str] = set()
    paragraphs: list[list[str]] = [[]]
    left, length = count, drawn.randint(4, 9)
    while left:
        (who, who2), (did, did2), (what, what2), (where,), (when,) = (
            drawn.sample(known[name], count)
            for name, count in (("who", 2), ("did", 2), ("what", 2), ("where", 1), ("when", 1))
        )
        sentence = drawn.choice(_SHAPES).format(
            who=who,
            who2=who2,
            did=did,
            did2=did2,
            what=what,
            what2=what2,
            where=where,
            when=when,
            Who=_upper(who),
            When=_upper(when),
        )
        size = len(sentence.split())
        if sentence in seen or not (size == left or size <= left - 16):
            continue
        seen.add(sentence)
        if len(paragraphs[-1]) == length:
            paragraphs.append([])
            length = drawn.randint(4, 9)
        paragraphs[-1].append(sentence)
        left -= size
    return paragraphs


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]


# What is proved


def in_plan(plan: Plan, all_sentences: list[str]) -> str:
    """Segments make up the text, in which every sentence stands once, after the one before it."""
    segments = [plan.takes[part].segment for part in plan.recipe.parts if isinstance(part, str)]
    whole = " ".join(segment.text for segment in segments)
    assert whole == " ".join(all_sentences)
    at = -1
    for sentence in all_sentences:
        assert whole.count(sentence) == 1 and whole.index(sentence) > at, sentence
        at = whole.index(sentence)
    longest = max(len(segment.text) for segment in segments)
    return f"{len(segments)}, the longest of {longest} characters"


def in_file(plan: Plan, clip: voxpress.Clip, heard: Audio, takes: dict[str, Audio]) -> tuple[float, float]:
    """Seconds of takes and of pauses; the samples of the file are theirs, one after the other."""
    output, at, spoken, step = Output(), 0, 0, 2 / 2**15
    for part in plan.recipe.parts:
        if isinstance(part, str):
            expected = sound.trim(takes[part]).samples
            spoken += len(expected)
        else:
            assert isinstance(part, Pause)
            pause = output.sentence_pause if part.after == "sentence" else output.paragraph_pause
            expected = sound.silence(pause, heard.sample_rate).samples
        there = heard.samples[at : at + len(expected)]
        assert len(there) == len(expected), part
        # Only what passes full scale is changed when a file is finished.
        loud = np.abs(expected).max(initial=0) > 1
        assert loud or np.abs(there - expected).max(initial=0) <= step, part
        at += len(expected)
    assert at == len(heard.samples)
    assert abs(clip.duration - at / heard.sample_rate) < 1e-6
    return spoken / heard.sample_rate, (at - spoken) / heard.sample_rate


def in_marks(clip: voxpress.Clip, text: str) -> str:
    """The words of the marks are those of the text, in order, each after the one before it."""
    marks = [mark for mark in clip.marks if mark.kind == "word"]
    if not marks:
        return "none"
    assert _letters(" ".join(mark.text for mark in marks)) == _letters(text)
    assert all(one.start <= after.start for one, after in pairwise(marks))
    assert marks[0].start >= 0 and marks[-1].end <= clip.duration
    return f"{len(marks):,}, in order"


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def by_ear(recogniser: Recogniser, heard: Audio, all_sentences: list[str]) -> str:
    """What is heard, laid along the text so that no word passes another: its errors, and which sentences are there."""
    from rapidfuzz.distance import Levenshtein

    asked = [words(sentence, "en") for sentence in all_sentences]
    found = words(recogniser.hear(heard, "en", words=False).text, "en")
    flat = [word for sentence in asked for word in sentence]
    right = np.zeros(len(flat), bool)
    wrong = 0
    for one in Levenshtein.opcodes(flat, found):
        if one.tag == "equal":
            right[one.src_start : one.src_end] = True
        else:
            wrong += max(one.src_end - one.src_start, one.dest_end - one.dest_start)
    ends = np.cumsum([len(sentence) for sentence in asked])
    shares = [float(part.mean()) for part in np.split(right, ends[:-1])]
    most = sum(share > 0.5 for share in shares)
    for share, sentence in sorted(zip(shares, all_sentences, strict=True))[:5]:
        print(f"{share:.0%} heard of: {sentence}", file=sys.stderr)
    return f"{most:,} sentences in order, word error rate {wrong / len(flat):.3f}"


# Engines


def chosen(arguments: argparse.Namespace, folder: Path, left: ExitStack) -> dict[str, Any]:
    """What `voxpress.render` is told of the engine."""
    name, options = arguments.engine, {}
    model, voice = arguments.model, arguments.voice
    if arguments.tiny:
        kind = engines.find(name)("kokoro-torch" if name == "kokoro" else None)
        python = engines.python(kind)
        if python is None:
            sys.exit(f"needs the environment of {name}: run  {kind.install}")
        model, options = str(folder / "tiny"), RATES.get(name, {})
        making = [python, "-W", "ignore", TESTS / "tiny" / f"make_{name}.py", model, *BABBLE.get(name, ())]
        subprocess.run(making, check=True, stdout=subprocess.DEVNULL)
        # The terms are not for random weights: this user forgets that they were accepted.
        own = folder / "data" / "voxpress"
        own.mkdir(parents=True)
        (own / "environments").symlink_to(environments.default_folder())
        os.environ["XDG_DATA_HOME"] = str(folder / "data")
        if terms := engines.find(name)(model).terms():
            catalogue.accept(terms)
    elif name == "openai":
        spec = importlib.util.spec_from_file_location("speech_server", TESTS / "speech_server.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        server = left.enter_context(module.SpeechServer(key=module.KEY))
        os.environ |= {"OPENAI_API_KEY": module.KEY, "OPENAI_BASE_URL": server.url}
        model = f"tts-1@{server.url}"
    return {"engine": name, "model": model, "voice": voice, "language": "en", "options": options}


def measured(arguments: argparse.Namespace, folder: Path, left: ExitStack) -> dict[str, str]:
    asked = chosen(arguments, folder, left)
    paragraphs = sentences(arguments.words)
    everything = [sentence for paragraph in paragraphs for sentence in paragraph]
    text = "\n\n".join(" ".join(paragraph) for paragraph in paragraphs)
    row = Utterance(id="long", text=text)
    plan = Planner(Speaker(**asked)).plan(row)
    assert not isinstance(plan, Bad), plan
    planned = in_plan(plan, everything)
    store = open_store(str(folder / "store"))
    began = time.monotonic()
    attempts = 20 if arguments.tiny else 3
    (result,) = voxpress.render(
        [row], folder / "out", store=store, workers=arguments.workers, attempts=attempts, **asked
    )
    assert result.status == "rendered" and result.spoken == result.segments == len(plan.takes), result.error
    print(f"rendered in {time.monotonic() - began:.0f} s", file=sys.stderr)
    (clip,) = result.clips
    clip = store.clip(clip.key) or clip
    heard = codec.decode((folder / "out" / "long.wav").read_bytes())
    if arguments.keep:
        Path(arguments.keep).write_bytes((folder / "out" / "long.wav").read_bytes())
    takes = dict(_takes(plan, store))
    spoken, pauses = in_file(plan, clip, heard, takes)
    name = {"kokoro": "kokoro, official package"}.get(asked["engine"], asked["engine"])
    weights = "random" if arguments.tiny else "beeps, over HTTP" if asked["engine"] == "openai" else "real"
    return {
        "engine": name if arguments.tiny else asked["engine"],
        "weights": weights,
        "segments": planned,
        "file": f"{clip.duration / 60:.1f} min",
        "samples": f"{spoken:.1f} s of takes, {pauses:.1f} s of pauses",
        "marks": in_marks(clip, text),
        "heard": by_ear(Recogniser(arguments.asr_model), heard, everything) if arguments.asr_model else "",
    }


def _takes(plan: Plan, store: Any) -> Iterator[tuple[str, Audio]]:
    for key in plan.takes:
        take = store.take(key)
        assert take is not None, plan.takes[key].segment.text
        yield key, take


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("engine")
    parser.add_argument("--model")
    parser.add_argument("--voice")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--asr-model", metavar="MODEL")
    parser.add_argument("--keep", metavar="FILE", help="a copy of the file, to listen to")
    parser.add_argument("--words", type=int, default=WORDS)
    parser.add_argument("--workers", type=int)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="voxpress-benchmark-") as place, ExitStack() as left:
        line = measured(arguments, Path(place), left)
    print(line)
    if arguments.words != WORDS:
        return
    results = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    results[line["engine"]] = line
    RESULT.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    measure.report(
        "long",
        [
            ["", "weights", "segments", "file", "samples of the file", "word marks", "heard by Whisper base"],
            *(list(each.values()) for _, each in sorted(results.items())),
        ],
        f"{WORDS:,} words, {len([s for p in sentences(WORDS) for s in p])} sentences, all different.",
    )


if __name__ == "__main__":
    main()
