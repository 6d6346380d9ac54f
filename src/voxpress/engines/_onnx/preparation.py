"""The models of Piper and Kokoro, rewritten: repeatable, faster, with timings, and with the same sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

from voxpress.engines._onnx.convolutions import make_convolutions_fast
from voxpress.engines._onnx.operators import (
    fold_snakes,
    fuse_instance_norms,
    make_convolutions_float,
    replace_stft,
)
from voxpress.engines._onnx.rewriting import (
    Source,
    expose,
    expose_noise,
    find_kokoro_durations,
    find_piper_durations,
    pace,
    read,
)


def prepare_piper(source: Source) -> onnx.ModelProto:
    """A Piper voice that is repeatable, fast on a CPU, and gives timings. It speaks one text at a time.

    Inputs: `input` int64 [1, ids], `input_lengths` int64 [1], `scales` float32 [3] (noise, length, width), `pace`
    float32 [1], `sid` int64 [1] where the voice has several speakers, and two vectors of standard normal values:
    `noise_0` at least 2 × ids, `noise_1` at least 192 × frames, where a frame is 256 samples. At a pace of 2 the frames
    are half as many. Outputs: `output` float32 [1, 1, 1, samples] and `durations` float32 [1, 1, ids], frames per id;
    the samples are frames × 256 exactly.
    """
    model = read(source)
    durations = find_piper_durations(model)
    model = pace(model, durations)
    for tensor in model.graph.input:
        first = tensor.type.tensor_type.shape.dim[0]
        if first.dim_param:
            first.dim_value = 1
    return expose(make_convolutions_fast(expose_noise(model), after=durations), durations, "durations")


def prepare_kokoro(source: Source) -> onnx.ModelProto:
    """A quantised Kokoro that is faster on a CPU and gives timings.

    The inputs stay: `tokens` int64 [1, ids], `style` float32 [1, 256], `speed` float32 [1]; and `pace` float32 [1] is
    as in `prepare_piper`: `speed` rounds each duration, and is a whole number in some exports. Outputs: `audio` float32
    [samples] and `durations` float32 [1, ids] or [ids], frames per token, of 600 samples at 24 kHz each.
    """
    model = read(source)
    durations = find_kokoro_durations(model)
    model = pace(model, durations)
    for rewrite in (make_convolutions_float, fuse_instance_norms, fold_snakes, replace_stft):
        model = rewrite(model)
    return expose(make_convolutions_fast(model, after=durations), durations, "durations")
