"""What the rewrites of graphs.py gain: each model as it comes against as prepared, with one thread.

    python benchmarks/graphs.py piper voice.onnx
    python benchmarks/graphs.py kokoro kokoro-v1.0.int8.onnx voices/af_heart.bin

Both models speak the same texts in turn, and time is the processor's, so that little depends on what else the
machine does. GFLOP/s count the multiply-adds of the model as it comes, so that with fewer of them a prepared one
can pass the machine's own matrix product.
"""

from __future__ import annotations

import argparse
import json
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper

from voxpress.engines._onnx import preparation, rewriting, runtime

if TYPE_CHECKING:
    from collections.abc import Callable

# Phonemes of three Asterisk prompts, as espeak-ng says them for Piper and Kokoro alike.
TEXTS = (
    "ɡʊdbˈaɪ.",
    "ðə nˈʌmbɚ juː hæv dˈaɪəld ɪz nˈɑːt ɪn sˈɜːvɪs.",
    "plˈiːz ˈɛntɚɹ ðə kˈɑːnfɹəns nˈʌmbɚ fˈɑːloʊd baɪ ðə pˈaʊnd kˈiː, ɔːɹ stˈeɪ ɔnðə lˈaɪn.",
)

Inputs = dict[str, np.ndarray[Any, Any]]


def piper(onnx: Path) -> Callable[[str], Inputs]:
    """Inputs of a Piper voice from phonemes; its configuration lies beside it."""
    symbols = json.loads(Path(f"{onnx}.json").read_text(encoding="utf-8"))["phoneme_id_map"]

    def inputs(text: str) -> Inputs:
        ids = [i for symbol in f"^{text}$" if symbol in symbols for i in (*symbols[symbol], *symbols["_"])]
        rng = np.random.default_rng(0)
        return {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array([0.667, 1.0, 0.8], np.float32),
            "noise_0": rng.standard_normal(2 * len(ids), np.float32),
            "noise_1": rng.standard_normal(192 * 20 * len(ids), np.float32),
        }

    return inputs


def kokoro(voice: Path) -> Callable[[str], Inputs]:
    """Inputs of Kokoro from phonemes: what the tokens say matters little, how many there are does."""
    styles = np.fromfile(voice, "<f4").reshape(510, 1, 256)

    def inputs(text: str) -> Inputs:
        tokens = [43 + ord(symbol) % 100 for symbol in text]
        return {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": styles[len(tokens)],
            "speed": np.ones(1, np.float32),
        }

    return inputs


def sgemm(size: int = 1024) -> float:
    """FLOP/s of ONNX Runtime's own product of two large matrices: the machine's limit."""
    matrices = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [size, size]) for name in "abc"]
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["a", "b"], ["c"])], "sgemm", matrices[:2], matrices[2:]
    )
    product = runtime.session(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    )
    given = {name: np.ones((size, size), np.float32) for name in "ab"}
    return 2 * size**3 / median(seconds(partial(product.run, None, given)) for _ in range(9))


def seconds(call: Callable[[], object]) -> float:
    begin = time.process_time()
    call()
    return time.process_time() - begin


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", choices=["piper", "kokoro"])
    parser.add_argument("files", type=Path, nargs="+", help="the model, and for kokoro a voice")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    path = arguments.files[0]
    if arguments.model == "piper":
        rate, inputs, old = 22050, piper(path), rewriting.expose_noise(path)
        new = preparation.prepare_piper(path)
    else:
        rate, inputs, old = 24000, kokoro(arguments.files[1]), rewriting.read(path)
        new = preparation.prepare_kokoro(path)

    sessions = {"as it comes": runtime.session(old), "prepared": runtime.session(new)}
    spent: dict[str, list[float]] = {name: [] for name in sessions}
    audio = operations = 0.0
    for text in TEXTS:
        given = inputs(text)
        audio += arguments.rounds * sessions["prepared"].run(None, given)[0].size / rate
        operations += arguments.rounds * runtime.flops(old, given)
        for _ in range(arguments.rounds):
            for name, session in sessions.items():
                spent[name].append(seconds(partial(session.run, None, given)))
    limit = sgemm()
    print(
        f"{audio:.1f} s of audio, {operations / audio / 1e9:.1f} GFLOP a second; sgemm {limit / 1e9:.1f} GFLOP/s\n"
    )
    print(f"| {arguments.model} | x real time per core | GFLOP/s | of sgemm |\n|---|---|---|---|")
    for name, times in spent.items():
        speed = operations / sum(times)
        print(f"| {name} | {audio / sum(times):.2f} | {speed / 1e9:.1f} | {speed / limit:.2f} |")
    ratios = [a / b for a, b in zip(*spent.values(), strict=True)]
    print(f"\nprepared is {median(ratios):.2f} times as fast (median of {len(ratios)} pairs)")


if __name__ == "__main__":
    main()
