"""ONNX Runtime with the settings of both ONNX engines: sessions, optimised graphs, and the operations of a run."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnxruntime

from voxpress.audio.arrays import np
from voxpress.engines._onnx.rewriting import Source, read

_PRODUCTS = {"Conv", "ConvTranspose", "ConvInteger", "MatMul", "MatMulInteger"}
_MAPPED = 1024
"""Smallest tensor, in bytes, that goes into the file of weights."""


def session(source: Source, threads: int = 1, *, optimised: bool = False) -> onnxruntime.InferenceSession:
    """A session on the CPU, whose threads never spin while they wait.

    Args:
        optimised: whether `source` is a file from `optimise`.
    """
    import onnxruntime

    options = _session_options(threads)
    if optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    if not isinstance(source, str | Path | bytes):
        source = source.SerializeToString()
    model = source if isinstance(source, bytes) else str(source)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def optimise(model: bytes, target: Path, weights: str) -> None:
    """Write a model in the form that ONNX Runtime gives it on this processor, which loads in a tenth of the time.

    Args:
        target: the file of the graph.
        weights: name of the file beside it for weights; sessions map it, so that processes share it.
    """
    import onnxruntime

    options = _session_options(1)
    options.optimized_model_filepath = str(target)
    options.add_session_config_entry("session.optimized_model_external_initializers_file_name", weights)
    options.add_session_config_entry(
        "session.optimized_model_external_initializers_min_size_in_bytes", str(_MAPPED)
    )
    onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _session_options(threads: int) -> onnxruntime.SessionOptions:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Texts differ in length, so that no memory plan would serve twice. To make one takes 3 of the 4 seconds in which a
    # Piper voice loads, since it compares every tensor with every other.
    options.enable_mem_pattern = False
    options.enable_mem_reuse = False
    options.log_severity_level = 3
    return options


def flops(source: Source, inputs: dict[str, np.ndarray]) -> int:
    """Operations of one run: two for each multiply-add of its convolutions and matrix products.

    It does not count LSTMs and element-wise operators. Operations per second of audio are the cost of a model; compared
    with those of a large matrix product, they show how near a machine comes to its limit.
    """
    import json
    import tempfile

    import onnxruntime

    model = read(source)
    weights = {tensor.name: list(tensor.dims) for tensor in model.graph.initializer}
    for number, node in enumerate(model.graph.node):
        node.name = str(number)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.enable_mem_reuse = False
    options.enable_profiling = True
    with tempfile.TemporaryDirectory() as folder:
        options.profile_file_prefix = str(Path(folder) / "profile")
        run = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        run.run(None, inputs)
        events = json.loads(Path(run.end_profiling()).read_text(encoding="utf-8"))
    total = 0
    for event in events:
        if event["name"].endswith("_kernel_time") and event["args"]["op_name"] in _PRODUCTS:
            node = model.graph.node[int(event["name"].removesuffix("_kernel_time"))]
            (out,) = (shape for output in event["args"]["output_type_shape"] for shape in output.values())
            computed = iter(shape for given in event["args"]["input_type_shape"] for shape in given.values())
            left, right = (weights[name] if name in weights else next(computed) for name in node.input[:2])
            values = left if node.op_type == "ConvTranspose" else out
            per_value = left[-1:] if node.op_type.startswith("MatMul") else right[1:]
            total += 2 * math.prod(values) * math.prod(per_value)
    return total
