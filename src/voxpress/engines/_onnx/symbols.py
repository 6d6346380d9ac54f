"""Which symbols a model has learned, from its weights."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from voxpress.audio.arrays import np

_DEVIATIONS = 6
"""How much longer than those of unused numbers the vector of a learned symbol is, in standard deviations."""

_FEWEST_UNUSED = 10


def list_unlearned(onnx_file: Path, used: Collection[int]) -> frozenset[int]:
    """The numbers of symbols that a Piper voice has places for, and never heard when it was trained.

    A vector of a symbol that was never trained is as short as those of numbers that no symbol has. In the joe voice,
    the longest of these has length 0.44, and the shortest one of a sound of English 0.84. A graph without unused
    numbers, or of another kind, tells nothing.

    Args:
        used: the numbers that symbols have.
    """
    import onnx

    graph = onnx.load(onnx_file).graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Gather" and node.input[1] == "input" and node.input[0] in weights:
            vectors = onnx.numpy_helper.to_array(weights[node.input[0]])
            lengths = np.linalg.norm(vectors.reshape(len(vectors), -1), axis=1)
            unused = [length for number, length in enumerate(lengths) if number not in used]
            if len(unused) < _FEWEST_UNUSED:
                break
            limit = np.mean(unused) + _DEVIATIONS * np.std(unused)
            return frozenset(number for number in used if number < len(lengths) and lengths[number] < limit)
    return frozenset()
