"""Piper: how long does a whole prompt pack take, against Piper's own command, and what does a second run cost?

    python benchmarks/piper.py [core-sounds-en.txt] [--sherpa PYTHON]

All sides are whole processes and speak the same lines with the same voice into WAV files. They take turns, and the
ratio is the median of those of the rounds, so that what else the machine does falls on all. Prompts with stage
directions are left out on all sides, because Piper would read them aloud. `--sherpa` names an interpreter that has
sherpa-onnx 1.13.8, which speaks in a process for each core; later versions do not speak Piper's text.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import graphs as levers
import measure

from voxpress.engines._onnx import preparation, rewriting, runtime

SHERPA = """
import json, multiprocessing, os, sys, wave
import numpy as np
model, tokens, data, texts, out = sys.argv[1:]
texts = json.load(open(texts))
cores = len(os.sched_getaffinity(0))
def speak(part):
    import sherpa_onnx
    vits = sherpa_onnx.OfflineTtsVitsModelConfig(model=model, tokens=tokens, data_dir=data)
    settings = sherpa_onnx.OfflineTtsModelConfig(vits=vits, num_threads=1, provider="cpu")
    speaker = sherpa_onnx.OfflineTts(sherpa_onnx.OfflineTtsConfig(model=settings))
    for number in range(part, len(texts), cores):
        audio = speaker.generate(texts[number], sid=0, speed=1.0)
        with wave.open(f"{out}/{number}.wav", "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(audio.sample_rate)
            file.writeframes((np.clip(audio.samples, -1, 1) * 32767).astype("<i2").tobytes())
if __name__ == "__main__":
    with multiprocessing.Pool(cores) as pool:
        pool.map(speak, range(cores), chunksize=1)
"""
# The peers speak short prompts as they are.
OPTIONS = ("-e", "piper", "--no-carrier")


def operations_per_second(onnx: Path) -> float:
    """Floating-point operations for one second of audio, by the model as it comes."""
    inputs, model = levers.piper(onnx), rewriting.expose_noise(onnx)
    session = runtime.session(model)
    operations = audio = 0.0
    for text in levers.TEXTS:
        given = inputs(text)
        operations += runtime.flops(model, given)
        audio += session.run(None, given)[0].size / 22050
    return operations / audio


def for_sherpa(voice: Path, folder: Path) -> tuple[Path, Path, str]:
    """The voice as sherpa-onnx wants it: facts in the model's metadata, a list of sounds; and espeak-ng's data."""
    import espeakng_loader
    import onnx

    settings = json.loads(Path(f"{voice}.json").read_text(encoding="utf-8"))
    model = onnx.load(voice)
    facts = {
        "model_type": "vits",
        "comment": "piper",
        "language": "English",
        "voice": settings["espeak"]["voice"],
        "has_espeak": 1,
        "n_speakers": settings["num_speakers"],
        "sample_rate": settings["audio"]["sample_rate"],
    }
    onnx.helper.set_model_props(model, {name: str(value) for name, value in facts.items()})
    onnx.save(model, folder / "sherpa.onnx")
    sounds = [f"{sound} {number}\n" for sound, (number, *_) in settings["phoneme_id_map"].items()]
    (folder / "tokens.txt").write_text("".join(sounds), encoding="utf-8")
    (folder / "sherpa.py").write_text(SHERPA, encoding="utf-8")
    return folder / "sherpa.onnx", folder / "tokens.txt", espeakng_loader.get_data_path()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("prompts", type=Path, nargs="?", help="by default Debian's, fetched with apt-get")
    parser.add_argument("--sherpa", metavar="PYTHON")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--rows", type=int, help="only so many, for a try")
    arguments = parser.parse_args()
    rows, left_out = measure.prompts(arguments.prompts)
    rows = measure.spread(rows, arguments.rows) if arguments.rows else rows
    voice = measure.joe()
    with tempfile.TemporaryDirectory(prefix="voxpress-benchmark-") as place:
        folder = Path(place)
        manifest = measure.write_manifest(folder / "prompts.csv", rows)
        (folder / "lines.txt").write_text("".join(f"{row.text}\n" for row in rows), encoding="utf-8")
        # The prepared model is made when a voice is first used, once for all renders.
        measure.voxpress("say", "Ready.", "--store", folder / "first", "-o", folder / "first.wav")

        sherpa = for_sherpa(voice, folder) if arguments.sherpa else ()
        (folder / "texts.json").write_text(json.dumps([row.text for row in rows]), encoding="utf-8")
        ours, peers, others, seconds = [], [], [], [0.0, 0.0, 0.0]
        for _ in range(arguments.pairs):
            for name in ("out", "store", "peer", "sherpa"):
                shutil.rmtree(folder / name, ignore_errors=True)
            (folder / "peer").mkdir()
            (folder / "sherpa").mkdir()
            render = ("render", manifest, "-o", folder / "out", "--store", folder / "store", *OPTIONS)
            ours.append(measure.voxpress(*render))
            peers.append(
                measure.run(
                    *(sys.executable, "-P", "-m", "piper", "-m", voice, "-c", f"{voice}.json"),
                    *("-i", folder / "lines.txt", "-d", folder / "peer"),
                )
            )
            if sherpa:
                given = (*sherpa, folder / "texts.json", folder / "sherpa")
                others.append(measure.run(arguments.sherpa, folder / "sherpa.py", *given))
            sides = ("out", "peer", "sherpa") if sherpa else ("out", "peer")
            seconds = [measure.duration(folder / name) for name in sides]
            files = [len(list((folder / name).rglob("*.wav"))) for name in sides]
            assert set(files) == {len(rows)}, files
        assert measure.counted(ours[-1], "failed") == 0
        second = [measure.voxpress(*render) for _ in range(3)]
        assert [measure.spoken(each) for each in second] == [0, 0, 0]
        shutil.rmtree(folder / "out")
        third = measure.voxpress(*render)
        assert measure.spoken(third) == 0
        measure.write_manifest(manifest, [rows[0]._replace(text="This row says something else."), *rows[1:]])
        changed = measure.voxpress(*render)
        assert measure.spoken(changed) == 1, changed.output

    def ratios(theirs: list[measure.Run]) -> str:
        each = [a.wall / b.wall for a, b in zip(ours, theirs, strict=True)]
        return f"**{median(each):.2f}** ({min(each):.2f} to {max(each):.2f})"

    cost, limit = operations_per_second(voice), levers.sgemm()
    began = time.perf_counter()
    preparation.prepare_piper(voice)
    preparing = time.perf_counter() - began
    cores = len(os.sched_getaffinity(0))

    def line(name: str, runs: list[measure.Run], audio: float) -> list[str]:
        wall, cpu = median(each.wall for each in runs), median(each.cpu for each in runs)
        of_limit = audio * cost / wall / (limit * cores)
        return [
            *(name, f"{wall:.1f} s", f"{cpu:.1f} s", f"{audio:.0f} s", f"{audio / wall:.1f}"),
            f"{of_limit:.2f}",
        ]

    measure.report(
        "piper",
        [
            [
                f"{len(rows)} prompts, joe",
                "wall",
                "processor",
                "audio",
                "× real time",
                "of the machine's limit",
            ],
            line("`voxpress render`, cold store", ours, seconds[0]),
            line("`python -m piper -i lines.txt -d out`", peers, seconds[1]),
            ["ratio", ratios(peers), "", "", "", ""],
            *([line("sherpa-onnx, a process for each core", others, seconds[2])] if others else []),
            *([["ratio", ratios(others), "", "", "", ""]] if others else []),
            ["the same again: 0 spoken", f"{median(each.wall for each in second):.2f} s", "", "", "", ""],
            ["into an empty folder: 0 spoken", f"{third.wall:.2f} s", "", "", "", ""],
            ["one row changed: 1 spoken", f"{changed.wall:.2f} s", "", "", "", ""],
        ],
        f"Left out on all sides: {left_out} prompts with directions or silence. Ratios are medians of"
        f" {len(ours)} rounds, below 1 in favour of voxpress. The model needs {cost / 1e9:.1f} GFLOP for a second of"
        " audio; the limit is ONNX Runtime's product of large matrices, "
        f"{limit / 1e9:.0f} GFLOP/s on each core. Preparing the model, once: {preparing:.1f} s.",
    )


if __name__ == "__main__":
    main()
