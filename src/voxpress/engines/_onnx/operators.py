"""Operators of Kokoro in fewer steps: quantised convolutions, normalisation, the Snake activation, the Fourier
transform.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

from voxpress.audio.arrays import np
from voxpress.engines._onnx.rewriting import Rewrite, Source, attributes_of

_TINY = 1e-30
"""A positive number that is too small to be heard."""


def make_convolutions_float(source: Source) -> onnx.ModelProto:
    """Turn the dynamically quantised convolutions of a model into float ones with the same weights.

    Without VNNI, integer products are hardly faster than float ones, and Toom-Cook saves float products. The sound
    comes nearer to that of the unquantised model, since activations are no longer rounded to 8 bits.
    """
    rewrite = Rewrite(source)
    quantised = {
        node.output[0]: node
        for node in rewrite.old
        if node.op_type == "DynamicQuantizeLinear"
        for _ in node.output[:1]
    }
    replaced: dict[str, tuple[onnx.NodeProto, float, np.ndarray | None]] = {}
    for node in rewrite.old:
        if node.op_type == "ConvInteger" and node.input[0] in quantised:
            found = _find_scaling(rewrite, node)
            if found:
                result, scale, bias = found
                replaced[result.output[0]] = (node, scale, bias)
    for node in rewrite.old:
        if node.output[0] not in replaced:
            rewrite.nodes.append(node)
            continue
        conv, scale, bias = replaced[node.output[0]]
        integers, zero = rewrite.value(conv.input[1]), rewrite.value(conv.input[3])
        assert integers is not None, conv.name
        weight = (
            integers.astype(np.float32) - (0 if zero is None else zero.astype(np.float32))
        ) * np.float32(scale)
        inputs = [quantised[conv.input[0]].input[0], rewrite.constant(weight, f"{conv.name}_weight")]
        if bias is not None:
            inputs.append(rewrite.constant(bias, f"{conv.name}_bias"))
        rewrite.add("Conv", inputs, node.output[0], **attributes_of(conv))
    return rewrite.finish()


def _find_scaling(
    rewrite: Rewrite, conv: onnx.NodeProto
) -> tuple[onnx.NodeProto, float, np.ndarray | None] | None:
    """The node that turns a ConvInteger's output into floats, the scale of its weights, and its bias.

    onnxruntime.quantization writes Cast and Mul by (input scale × weight scale). A bias comes before them, as an Add of
    the integers floor(bias ÷ the same scale).
    """
    bias = None
    (node,) = rewrite.consumers[conv.output[0]]
    if node.op_type == "Add":
        quotient = rewrite.find_above(node.input[1], "Reshape", "Cast", "Floor", "Div")
        bias = None if quotient is None else rewrite.value(quotient.input[0])
        if bias is None:
            return None
        (node,) = rewrite.consumers[node.output[0]]
    (node,) = rewrite.consumers[node.output[0]]
    product = rewrite.producer.get(node.input[1])
    scale = None if product is None else rewrite.value(product.input[1])
    if node.op_type != "Mul" or scale is None or scale.size != 1:
        return None
    return node, float(scale.reshape(())), bias


def fuse_instance_norms(source: Source) -> onnx.ModelProto:
    """Fuse (x - mean) / sqrt(variance + epsilon) × gain + offset, over time, into InstanceNormalization.

    It takes one pass over each channel, in the cache, instead of seven over the whole tensor.
    """
    rewrite = Rewrite(source)
    for node in rewrite.old:
        norm = _find_instance_norm(rewrite, node)
        if norm is None:
            rewrite.nodes.append(node)
            continue
        x, gain, offset, epsilon = norm
        name, flat = node.output[0], rewrite.constant([-1], "shape")
        vectors = [rewrite.new("Reshape", [v, flat], f"{name}_vector") for v in (gain, offset)]
        rewrite.add("InstanceNormalization", [x, *vectors], name, epsilon=epsilon)
    return rewrite.finish()


def _find_instance_norm(rewrite: Rewrite, node: onnx.NodeProto) -> tuple[str, str, str, float] | None:
    """x, gain, offset and epsilon if `node` is the end of such a formula; else None."""
    if node.op_type != "Add":
        return None
    scaled, offset = rewrite.producer.get(node.input[0]), node.input[1]
    if scaled is None or scaled.op_type != "Mul":
        return None
    gain, normal = scaled.input[0], rewrite.find_above(scaled.input[1], "Div")
    root = None if normal is None else rewrite.find_above(normal.input[1], "Sqrt", "Add")
    if normal is None or root is None:
        return None
    centred = rewrite.find_above(normal.input[0], "Sub")
    square = rewrite.find_above(root.input[0], "ReduceMean", "Mul")
    mean = None if centred is None else rewrite.find_above(centred.input[1], "ReduceMean")
    epsilon = rewrite.value(root.input[1])
    if centred is None or mean is None or square is None or epsilon is None:
        return None
    if list(square.input) != [centred.output[0]] * 2 or mean.input[0] != centred.input[0]:
        return None
    return centred.input[0], gain, offset, float(epsilon.reshape(()))


def fold_snakes(source: Source) -> onnx.ModelProto:
    """Fold the factors of Snake, x + sin²(a x) / a, into the norm before it and the convolution after it.

    With u = a x, Snake is (u + sin² u) / a: the norm gives u directly, and the convolution's weights absorb 1 / a.
    Snake: arXiv 2006.08195.
    """
    rewrite = Rewrite(source)
    found = {snake.end: snake for node in rewrite.old if (snake := _Snake.at(rewrite, node))}
    norms = {snake.norm.output[0]: snake for snake in found.values()}
    convolutions = {snake.convolution.output[0]: snake for snake in found.values()}
    for node in rewrite.old:
        name = node.output[0]
        if snake := norms.get(name):
            factor = rewrite.constant(snake.factor, "factor")
            vectors = [rewrite.new("Mul", [v, factor], f"{name}_vector") for v in node.input[1:]]
            rewrite.add("InstanceNormalization", [node.input[0], *vectors], name, **attributes_of(node))
        elif snake := found.get(name):
            u = snake.norm.output[0]
            sine = rewrite.new("Sin", [u], f"{name}_sine")
            rewrite.add("Add", [u, rewrite.new("Mul", [sine, sine], f"{name}_square")], name)
        elif snake := convolutions.get(name):
            weight = rewrite.value(node.input[1])
            assert weight is not None, node.name
            scaled = rewrite.constant(weight / snake.factor[None, :, None], f"{name}_weight")
            rewrite.add("Conv", [node.input[0], scaled, *node.input[2:]], name, **attributes_of(node))
        else:
            rewrite.nodes.append(node)
    return rewrite.finish()


def replace_stft(source: Source) -> onnx.ModelProto:
    """Turn each short-time Fourier transform with a constant window into a convolution with cosines and sines.

    ONNX Runtime transforms frame by frame, which takes ten times as long for frames of 20 samples.

    The first and the middle bin have no imaginary part. They get a tiny positive one, so that the angle of a negative
    real part is +π in every graph, like that of PyTorch's atan2. The following layers would give -π another sound.
    """
    rewrite = Rewrite(source)
    for node in rewrite.old:
        kernel = _fourier_kernel(rewrite, node) if node.op_type == "STFT" else None
        if kernel is None:
            rewrite.nodes.append(node)
            continue
        weight, bias, hop = kernel
        name, bins = node.output[0], len(weight) // 2
        sound = rewrite.new(
            "Reshape", [node.input[0], rewrite.constant([0, 1, -1], "shape")], f"{name}_sound"
        )
        spectrum = rewrite.new(
            "Conv",
            [sound, rewrite.constant(weight, f"{name}_weight"), rewrite.constant(bias, f"{name}_bias")],
            f"{name}_spectrum",
            strides=[hop],
            kernel_shape=[weight.shape[2]],
        )
        shape = rewrite.constant([0, 2, bins, -1], "shape")
        parts = rewrite.new("Reshape", [spectrum, shape], f"{name}_parts")
        rewrite.add("Transpose", [parts], name, perm=[0, 3, 2, 1])
    return rewrite.finish()


def _fourier_kernel(rewrite: Rewrite, node: onnx.NodeProto) -> tuple[np.ndarray, np.ndarray, int] | None:
    """Weights [2 × bins, 1, samples] and biases [2 × bins], real parts first, and the hop of an STFT; None if the
    window or the hop is not constant.
    """
    hop, window = (rewrite.value(name) for name in node.input[1:3])
    if hop is None or window is None:
        return None
    count = len(window)
    bins = count // 2 + 1 if attributes_of(node).get("onesided", 1) else count
    turns = np.outer(np.arange(bins), np.arange(count)) / count
    waves = window * np.exp(-2j * np.pi * turns)
    real_only = 2 * np.arange(bins) % count == 0
    imaginary = np.where(real_only[:, None], 0.0, waves.imag)
    weight = np.concatenate([waves.real, imaginary])[:, None].astype(np.float32)
    return weight, np.concatenate([np.zeros(bins), real_only * _TINY]).astype(np.float32), int(hop)


@dataclass(frozen=True)
class _Snake:
    """A Snake whose output is the tensor `end`, with the norm before it, the convolution after it, and its factor."""

    norm: onnx.NodeProto
    end: str
    convolution: onnx.NodeProto
    factor: np.ndarray

    @classmethod
    def at(cls, rewrite: Rewrite, node: onnx.NodeProto) -> _Snake | None:
        if node.op_type != "Add":
            return None
        norm = rewrite.producer.get(node.input[0])
        scaled = rewrite.find_above(node.input[1], "Mul")
        angle = None if scaled is None else rewrite.find_above(scaled.input[1], "Pow", "Sin", "Mul")
        if norm is None or norm.op_type != "InstanceNormalization" or scaled is None or angle is None:
            return None
        factor, inverse = rewrite.value(angle.input[0]), rewrite.value(scaled.input[0])
        after = rewrite.consumers[node.output[0]]
        if factor is None or inverse is None or angle.input[1] != norm.output[0]:
            return None
        if len(rewrite.consumers[norm.output[0]]) != 2 or [n.op_type for n in after] != ["Conv"]:
            return None
        if rewrite.value(after[0].input[1]) is None or not np.allclose(factor * inverse, 1, rtol=1e-4):
            return None
        return cls(norm, node.output[0], after[0], factor.reshape(-1))
