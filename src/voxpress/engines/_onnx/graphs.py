"""Rewrites of a speech model's ONNX graph: the same sound, repeatable, with its timings, and faster on a CPU.

Every function takes a model and gives a new one; none touches a file or a global. `prepare_piper` and
`prepare_kokoro` compose them. Nothing here knows about texts, voices or engines.

What takes the time of a vocoder is its convolutions, and they are made cheap in two ways. Wide ones with long
kernels take a third of the multiplications, by Toom and Cook's method. For the others, ONNX Runtime's fast
kernels work on tensors in blocks of channels (its "NCHWc" layout) and exist for images only; so there sound
is an image one sample high, [batch, channels, 1, time], with only operators between that the blocked layout
knows.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import onnx
    import onnxruntime

__all__ = [
    "expose",
    "fast_convolutions",
    "float_convolutions",
    "flops",
    "instance_norms",
    "kokoro_durations",
    "noise_as_inputs",
    "optimise",
    "piper_durations",
    "prepare_kokoro",
    "prepare_piper",
    "read",
    "session",
    "snakes",
    "stft_as_convolution",
]

Source: TypeAlias = "str | Path | bytes | onnx.ModelProto"
"""A model: its path, its serialized bytes, or itself."""

_ELEMENTWISE = {"Add", "Sub", "Mul", "Div", "LeakyRelu", "Relu", "Tanh", "Sigmoid"}
_PRODUCTS = {"Conv", "ConvTranspose", "ConvInteger", "MatMul", "MatMulInteger"}
_END = np.iinfo(np.int64).max
_MAPPED = 1024
"""Bytes from which a tensor goes into the file of weights."""
_TINY = 1e-30
"""More than nothing, and less than can be heard."""

# Toom-Cook's block of outputs, and its points in the order in which they are taken: small, so that powers
# stay small.
_BLOCK = 6
_POINTS = [0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 0.75, -0.75, 4 / 3, -4 / 3]
# Multiplications saved per sample from which Toom-Cook wins; and the channels from which most convolutions
# are such, so that nothing is gained by staying in the blocked layout. Found by trying on Piper and Kokoro.
_WORTHWHILE = 150
_PLANAR = 128


def read(source: Source) -> onnx.ModelProto:
    """A model from a path, from its serialized bytes, or a copy of itself."""
    import onnx

    if isinstance(source, onnx.ModelProto):
        copy = onnx.ModelProto()
        copy.CopyFrom(source)
        return copy
    if isinstance(source, bytes):
        return onnx.load_model_from_string(source)
    return onnx.load_model(str(source))


def session(source: Source, threads: int = 1, *, optimised: bool = False) -> onnxruntime.InferenceSession:
    """A session on the CPU as both ONNX engines want it: `threads` threads, which never spin while waiting.

    Args:
        optimised: `source` is what `optimise` has written.
    """
    import onnxruntime

    options = _options(threads)
    if optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    if not isinstance(source, str | Path | bytes):
        source = source.SerializeToString()
    model = source if isinstance(source, bytes) else str(source)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def optimise(model: bytes, target: Path, weights: str) -> None:
    """Write a model as ONNX Runtime has it once it is loaded on this processor. Loading that takes a tenth of the time.

    Args:
        target: the file of the graph.
        weights: name of a file beside it; a session maps it, so that processes share it.
    """
    import onnxruntime

    options = _options(1)
    options.optimized_model_filepath = str(target)
    options.add_session_config_entry("session.optimized_model_external_initializers_file_name", weights)
    options.add_session_config_entry(
        "session.optimized_model_external_initializers_min_size_in_bytes", str(_MAPPED)
    )
    onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _options(threads: int) -> onnxruntime.SessionOptions:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Every text has another length, so no memory plan is ever used twice; and making one compares every
    # tensor with every other, which is 3 of the 4 seconds that a Piper voice takes to load.
    options.enable_mem_pattern = False
    options.enable_mem_reuse = False
    options.log_severity_level = 3
    return options


class _Rewrite:
    """A graph being rewritten: the old one to look things up in, and the list of nodes of the new one."""

    def __init__(self, source: Source) -> None:
        self.model = read(source)
        self.old = list(self.model.graph.node)
        self.nodes: list[onnx.NodeProto] = []
        self.producer = {output: node for node in self.old for output in node.output}
        self.consumers: dict[str, list[onnx.NodeProto]] = defaultdict(list)
        for node in self.old:
            for name in node.input:
                self.consumers[name].append(node)
        self.outputs = {output.name for output in self.model.graph.output}
        self._initializers = {tensor.name: tensor for tensor in self.model.graph.initializer}
        self._shared: dict[tuple[str, tuple[int, ...], bytes] | None, str] = {}
        self._names = {*self._initializers, *self.producer, *(i.name for i in self.model.graph.input)}

    def value(self, name: str) -> np.ndarray | None:
        """The constant of that name, or None where it is computed."""
        from onnx import numpy_helper

        if name in self._initializers:
            return numpy_helper.to_array(self._initializers[name])
        node = self.producer.get(name)
        if node is not None and node.op_type == "Constant" and node.attribute[0].name == "value":
            return numpy_helper.to_array(node.attribute[0].t)
        return None

    def above(self, name: str, *ops: str) -> onnx.NodeProto | None:
        """The node reached from the tensor `name` upwards through first inputs, if its operators are `ops`."""
        node = None
        for op in ops:
            node = self.producer.get(name)
            if node is None or node.op_type != op:
                return None
            name = node.input[0]
        return node

    def unique(self, name: str) -> str:
        candidate, number = name, 1
        while candidate in self._names:
            candidate, number = f"{name}_{number}", number + 1
        self._names.add(candidate)
        return candidate

    def constant(self, array: np.ndarray | Sequence[int], name: str) -> str:
        """Store `array` and give its name; a sequence is int64, ONNX's type of shapes and axes.

        Small ones are shared: a quarter of the time in which a model loads goes into their number.
        """
        from onnx import numpy_helper

        if not isinstance(array, np.ndarray):
            array = np.array(array, np.int64)
        same = (array.dtype.str, array.shape, array.tobytes()) if array.size < 256 else None
        if same in self._shared:
            return self._shared[same]
        name = self.unique(name)
        if same:
            self._shared[same] = name
        tensor = numpy_helper.from_array(np.ascontiguousarray(array), name)
        self.model.graph.initializer.append(tensor)
        self._initializers[name] = tensor
        return name

    def add(self, op: str, inputs: Iterable[str], output: str, **attributes: Any) -> str:
        """Append a node with one output of exactly that name, and give the name."""
        from onnx import helper

        self._names.add(output)
        self.nodes.append(helper.make_node(op, list(inputs), [output], name=output, **attributes))
        return output

    def new(self, op: str, inputs: Iterable[str], hint: str, **attributes: Any) -> str:
        """Append a node with one output of a name that is free, and give the name."""
        return self.add(op, inputs, self.unique(hint), **attributes)

    def finish(self) -> onnx.ModelProto:
        """The new model, without nodes and weights that no output needs."""
        graph = self.model.graph
        needed = set(self.outputs)
        kept = []
        for node in reversed(self.nodes):
            if needed.intersection(node.output):
                kept.append(node)
                needed.update(node.input)
        weights = [tensor for tensor in graph.initializer if tensor.name in needed]
        made = {output for node in kept for output in node.output}
        infos = [info for info in graph.value_info if info.name in made]
        for field, items in (
            (graph.node, kept[::-1]),
            (graph.initializer, weights),
            (graph.value_info, infos),
        ):
            del field[:]
            field.extend(items)
        return self.model


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    from onnx import helper

    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


# Determinism and timings


def noise_as_inputs(source: Source) -> onnx.ModelProto:
    """Turn every random node into an input `noise_0`, `noise_1`, ...: the caller's numbers decide the sound.

    Each is a float32 vector of standard normal values (uniform in [0, 1) for a uniform node): its first
    values fill the tensor that the node would have made, in row-major order, and the rest is not read. So a
    vector longer than needed changes nothing, and one that is too short fails the run.
    """
    from onnx import TensorProto, helper

    rewrite = _Rewrite(source)
    count = 0
    for node in rewrite.old:
        if not node.op_type.startswith(("RandomNormal", "RandomUniform")):
            rewrite.nodes.append(node)
            continue
        attributes, output, noise = _attributes(node), node.output[0], f"noise_{count}"
        count += 1
        rewrite.model.graph.input.append(
            helper.make_tensor_value_info(noise, TensorProto.FLOAT, [f"{noise}_values"])
        )
        if node.op_type.endswith("Like"):
            shape = rewrite.add("Shape", node.input, rewrite.unique(f"{noise}_shape"))
        else:
            shape = rewrite.constant(list(attributes["shape"]), f"{noise}_shape")
        size = rewrite.add("ReduceProd", [shape], rewrite.unique(f"{noise}_size"), keepdims=1)
        start = rewrite.constant([0], f"{noise}_start")
        values = rewrite.add("Slice", [noise, start, size], rewrite.unique(f"{noise}_used"))
        if node.op_type.startswith("RandomNormal"):
            scale, offset = attributes.get("scale", 1.0), attributes.get("mean", 0.0)
        else:
            offset = attributes.get("low", 0.0)
            scale = attributes.get("high", 1.0) - offset
        for op, number, neutral in (("Mul", scale, 1.0), ("Add", offset, 0.0)):
            if number != neutral:
                factor = rewrite.constant(np.array([number], np.float32), f"{noise}_{op}")
                values = rewrite.add(op, [values, factor], rewrite.unique(f"{values}_{op}"))
        rewrite.add("Reshape", [values, shape], output)
    return rewrite.finish()


def expose(source: Source, tensor: str, name: str) -> onnx.ModelProto:
    """Give the inner float tensor `tensor` as a further output called `name`."""
    from onnx import TensorProto, helper

    rewrite = _Rewrite(source)
    if tensor not in rewrite.producer:
        raise ValueError(f"the model has no tensor {tensor!r}")
    rewrite.nodes = rewrite.old
    rewrite.add("Identity", [tensor], name)
    rewrite.model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    rewrite.outputs.add(name)
    return rewrite.finish()


def piper_durations(model: onnx.ModelProto) -> str:
    """The tensor [batch, 1, ids] of frames per phoneme id in a VITS model: its only Ceil.

    VITS rounds the predicted durations up, `w_ceil = torch.ceil(w)`: arXiv 2106.06103, models.py of its
    reference code.
    """
    return str(_only(model, "Ceil").output[0])


def kokoro_durations(model: onnx.ModelProto) -> str:
    """The tensor of frames per token in Kokoro: the Clip after its only Round.

    StyleTTS 2 rounds the predicted durations and lets none be shorter than a frame:
    `torch.round(d).clamp(min=1)`.
    """
    rounded = _only(model, "Round").output[0]
    for node in model.graph.node:
        if node.op_type == "Clip" and node.input[0] == rounded:
            return str(node.output[0])
    raise ValueError("the model's Round is not followed by a Clip: this is not Kokoro")


def _only(model: onnx.ModelProto, op: str) -> onnx.NodeProto:
    found: list[onnx.NodeProto] = [node for node in model.graph.node if node.op_type == op]
    if len(found) != 1:
        raise ValueError(f"expected one {op} in the model, found {len(found)}")
    return found[0]


# Convolutions


class _Lift(_Rewrite):
    """Convolutions rewritten for the nodes that depend on `after` (for all, where it is None).

    `image` maps a tensor [batch, channels, time] of the old graph to its twin [batch, channels, 1, time] in
    the new one. Each of the two is made only when something reads it.
    """

    def __init__(self, source: Source, after: str | None) -> None:
        from onnx import shape_inference

        super().__init__(source)
        self.image: dict[str, str] = {}
        self.blocked: dict[str, int] = {}
        self.flat = {tensor.name for tensor in self.model.graph.input} | set(self._initializers)
        inferred = shape_inference.infer_shapes(self.model).graph
        self.rank = {
            info.name: len(info.type.tensor_type.shape.dim)
            for info in (*inferred.value_info, *inferred.input, *inferred.output)
            if info.type.tensor_type.HasField("shape")
        }
        self.reached: set[str] = set()
        for node in self.old:
            if after is None or after in node.input or not self.reached.isdisjoint(node.input):
                self.reached.update(node.output)

    def run(self) -> onnx.ModelProto:
        for node in self.old:
            if self.reached.isdisjoint(node.output) or not self.rewritten(node):
                for name in node.input:
                    self.as_sound(name)
                self.nodes.append(node)
                self.flat.update(node.output)
        for name in self.outputs:
            self.as_sound(name)
        return self.finish()

    def as_image(self, name: str) -> str:
        if name not in self.image:
            self.image[name] = self.new("Unsqueeze", [name, self.constant([2], "axis")], f"{name}_image")
        return self.image[name]

    def as_sound(self, name: str) -> str:
        if name in self.image and name not in self.flat:
            self.add("Squeeze", [self.image[name], self.constant([2], "axis")], name)
            self.flat.add(name)
        return name

    def rewritten(self, node: onnx.NodeProto) -> bool:
        """Append what stands for `node` in the new graph and say so; or say no, and it stays as it is."""
        if node.op_type in {"Conv", "ConvTranspose"}:
            weight = self.value(node.input[1])
            if weight is None or weight.ndim != 3:
                return False
            convolution = _Convolution.of(node)
            if node.op_type == "ConvTranspose":
                complete = convolution.output_padding <= convolution.pads[1]
                if convolution.group > 1 or convolution.dilation > 1 or not complete:
                    return False
                self.image[node.output[0]] = self.upsampling(node, weight, convolution)
            elif _multiplications_saved(weight, convolution) > _WORTHWHILE:
                self.toom_cook(node, weight, convolution)
            else:
                self.image[node.output[0]] = self.plain(node, weight, convolution)
            return True
        some = any(name in self.image for name in node.input)
        if node.op_type in _ELEMENTWISE and some and all(self.liftable(name) for name in node.input):
            self.image[node.output[0]] = self.elementwise(node)
            return True
        return False

    def liftable(self, name: str) -> bool:
        value = self.value(name)
        if value is not None:
            return value.size == 1
        return name in self.image or self.rank.get(name) == 3

    def plain(self, node: onnx.NodeProto, weight: np.ndarray, convolution: _Convolution) -> str:
        begin, end = convolution.pads
        return self.conv(
            self.as_image(node.input[0]),
            weight[:, :, None],
            node.input[2:],
            node.output[0],
            pads=[0, begin, 0, end],
            strides=[1, convolution.stride],
            dilations=[1, convolution.dilation],
            group=convolution.group,
        )

    def conv(self, image: str, weight: np.ndarray, bias: Sequence[str], name: str, **attributes: Any) -> str:
        inputs = [image, self.constant(weight, f"{name}_weight"), *bias]
        output = self.new("Conv", inputs, f"{name}_image", kernel_shape=weight.shape[2:], **attributes)
        self.blocked[output] = len(weight)
        return output

    def upsampling(self, node: onnx.NodeProto, weight: np.ndarray, convolution: _Convolution) -> str:
        """A transposed convolution of stride s as s ordinary ones whose outputs are interleaved in time.

        Output sample s q + r needs the taps r, r + s, r + 2 s, ... on the inputs q, q - 1, q - 2, ...: an
        ordinary convolution gives all s samples as s times the channels. Read channels-last, that tensor *is*
        the interleaved sound, so no sample moves. The blocked layout has no transposed convolution of its
        own.
        """
        name, stride = node.output[0], convolution.stride
        inputs, outputs, kernel = weight.shape
        taps = -(-kernel // stride)
        padded = np.zeros((inputs, outputs, taps * stride), weight.dtype)
        padded[..., :kernel] = weight
        # [inputs, outputs, tap, phase] -> [phase, outputs, inputs, tap], the last tap first
        phases = padded.reshape(inputs, outputs, taps, stride)[:, :, ::-1].transpose(3, 1, 0, 2)
        stacked = self.conv(
            self.as_image(node.input[0]),
            phases.reshape(stride * outputs, inputs, 1, taps),
            [self.constant(np.tile(self.bias(node), stride), f"{name}_bias")] if len(node.input) > 2 else [],
            f"{name}_phases",
            pads=[0, taps - 1, 0, taps - 1],
        )
        last = self.new("Transpose", [stacked], f"{name}_last", perm=[0, 2, 3, 1])
        sound = self.new("Reshape", [last, self.constant([0, 1, -1, outputs], "shape")], f"{name}_long")
        begin, end = convolution.pads
        surplus = taps * stride - kernel + end - convolution.output_padding
        image = self.new(
            "Transpose", [self.cut(sound, begin, -surplus or _END, 2)], f"{name}_image", perm=[0, 3, 1, 2]
        )
        if outputs >= _PLANAR:
            return image
        self.blocked[image] = outputs
        return self.scaled(image, 1.0, name)

    def bias(self, node: onnx.NodeProto) -> np.ndarray:
        value = self.value(node.input[2])
        if value is None:
            raise ValueError(f"{node.name}: the bias is not a constant")
        return value

    def cut(self, tensor: str, begin: int, end: int, axis: int) -> str:
        limits = [self.constant([number], "limit") for number in (begin, end, axis)]
        return self.new("Slice", [tensor, *limits], f"{tensor}_cut")

    def scaled(self, image: str, factor: float, name: str) -> str:
        """`image` times a number, as a convolution per channel: that does not leave the blocked layout."""
        channels = self.blocked[image]
        return self.conv(image, np.full((channels, 1, 1, 1), factor, np.float32), [], name, group=channels)

    def elementwise(self, node: onnx.NodeProto) -> str:
        name = node.output[0]
        images = [i if self.value(i) is not None else self.as_image(i) for i in node.input]
        channels = self.blocked.get(images[0])
        if channels:
            factor = self.value(node.input[1]) if node.op_type in {"Mul", "Div"} else None
            if factor is not None:
                return self.scaled(images[0], float(factor if node.op_type == "Mul" else 1 / factor), name)
            if node.op_type == "LeakyRelu" and not self.fuses(node.input[0]):
                images = [self.scaled(images[0], 1.0, f"{name}_in")]
        output = self.new(node.op_type, images, f"{name}_image", **_attributes(node))
        if channels and all(image in self.blocked for image in images):
            self.blocked[output] = channels
        return output

    def fuses(self, name: str) -> bool:
        """Whether ONNX Runtime makes an activation of `name` a part of the convolution that gives it."""
        maker = next(node.op_type for node in reversed(self.nodes) if node.output[0] == self.image[name])
        return maker == "Conv" and len(self.consumers[name]) == 1

    def toom_cook(self, node: onnx.NodeProto, weight: np.ndarray, convolution: _Convolution) -> None:
        """A convolution in fewer multiplications, by the method of Toom and Cook (Winograd's, in images).

        Every m outputs of r taps are made from m + r - 1 products instead of m r (_toom_cook). A longer
        kernel is cut into n pieces of m taps, whose products are summed before the way back: a convolution of
        n taps over the blocks of m samples. A dilation d makes d independent sounds, which stand as a batch.
        """
        name, sound = node.output[0], self.as_sound(node.input[0])
        outputs, inputs, kernel = weight.shape
        m, (r, n) = _BLOCK, _pieces(kernel)
        points = m + r - 1
        d, begin = convolution.dilation, convolution.pads[0]
        after, kernels, before = _toom_cook(m, r)

        pieces = np.zeros((outputs, inputs, n * r))
        pieces[..., :kernel] = weight
        products = np.tensordot(kernels, pieces.reshape(outputs, inputs, n, r), axes=(1, 3))
        bias: list[str] = []
        if len(node.input) > 2:
            # Of the points, 1 alone adds the same to all m outputs: see _toom_cook.
            offset = np.zeros((points, outputs), np.float32)
            offset[_POINTS.index(1.0)] = self.bias(node)
            bias = [self.constant(offset.reshape(-1), f"{name}_bias")]

        def shaped(tensor: str, *shape: int) -> str:
            return self.new("Reshape", [tensor, self.constant(shape, "shape")], f"{tensor}_shaped")

        def moved(tensor: str, *order: int) -> str:
            return self.new("Transpose", [tensor], f"{tensor}_moved", perm=order)

        def number(op: str, tensor: str, value: int) -> str:
            return self.new(op, [tensor, self.constant([value], "number")], f"{name}_{op}")

        shape = self.new("Shape", [sound], f"{name}_shape")
        length = self.new("Gather", [shape, self.constant([2], "axis")], f"{name}_length")
        blocks = number("Div", number("Add", length, m * d - 1), m * d)
        padded = number("Mul", number("Add", blocks, n), m * d)
        end = self.new("Sub", [number("Sub", padded, begin), length], f"{name}_end")
        pads = self.new("Concat", [self.constant([0, 0, begin, 0, 0], "pads"), end], f"{name}_pads", axis=0)

        # [channels, blocks, m, d] -> [d, m, channels, blocks]. Two moves of an axis at a time are ten times
        # faster than one of both.
        whole = moved(shaped(self.new("Pad", [sound, pads], f"{name}_padded"), -1, m * d), 1, 0)
        phases = (
            shaped(whole, 1, m, inputs, -1) if d == 1 else moved(shaped(whole, m, d, inputs, -1), 1, 0, 2, 3)
        )
        these = self.cut(phases, 0, -1, 3)
        others = self.cut(self.cut(phases, 0, r - 1, 1), 1, _END, 3)
        windows = self.new("Concat", [these, others], f"{name}_windows", axis=1)
        values = self.new(
            "MatMul", [self.constant(before, "before"), shaped(windows, 0, points, -1)], f"{name}_values"
        )
        product = self.new(
            "Conv",
            [
                shaped(values, 0, points * inputs, 1, -1),
                self.constant(
                    products.astype(np.float32).reshape(points * outputs, inputs, 1, n), f"{name}_weight"
                ),
                *bias,
            ],
            f"{name}_products",
            group=points,
            kernel_shape=[1, n],
        )
        result = self.new(
            "MatMul", [self.constant(after, "after"), shaped(product, 0, points, -1)], f"{name}_result"
        )
        if d > 1:
            result = moved(result, 1, 0, 2)
        long = shaped(moved(shaped(result, m * d, -1), 1, 0), 1, outputs, -1)
        self.add("Slice", [long, self.constant([0], "limit"), length, self.constant([2], "axis")], name)
        self.flat.add(name)


@dataclass(frozen=True)
class _Convolution:
    """The attributes of a one-dimensional Conv or ConvTranspose, with ONNX's defaults."""

    stride: int
    dilation: int
    group: int
    pads: tuple[int, int]
    output_padding: int

    @classmethod
    def of(cls, node: onnx.NodeProto) -> _Convolution:
        attributes = _attributes(node)
        if attributes.get("auto_pad", b"NOTSET") != b"NOTSET":
            raise ValueError(f"{node.name}: auto_pad is not supported, only explicit pads")
        return cls(
            stride=attributes.get("strides", [1])[0],
            dilation=attributes.get("dilations", [1])[0],
            group=attributes.get("group", 1),
            pads=tuple(attributes.get("pads", [0, 0])),
            output_padding=attributes.get("output_padding", [0])[0],
        )


def _pieces(kernel: int) -> tuple[int, int]:
    """Taps per piece and number of pieces for a kernel."""
    return (kernel, 1) if kernel <= _BLOCK + 1 else (_BLOCK, -(-kernel // _BLOCK))


def _multiplications_saved(weight: np.ndarray, convolution: _Convolution) -> float:
    """Multiplications that Toom-Cook saves for every sample that it reads or writes, which is its price."""
    outputs, inputs, kernel = weight.shape
    same_length = sum(convolution.pads) == convolution.dilation * (kernel - 1)
    if convolution.stride > 1 or convolution.group > 1 or not same_length:
        return 0.0
    taps, pieces = _pieces(kernel)
    saved = kernel - (_BLOCK + taps - 1) * pieces / _BLOCK
    return float(saved * inputs * outputs / (inputs + outputs))


def _toom_cook(m: int, r: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The matrices A [m, points], G [points, r] and B [points, points] for which, with * element by element,

        A ((G kernel) * (B window))

    is what a kernel of r taps gives on a window of m + r - 1 samples: m samples. Evaluation at the points and
    at infinity, product, interpolation: Lavin & Gray, arXiv 1509.09308, transposed. A column of A is 1, p,
    p**2, ... of its point p. The rows of B are scaled to at most 1, against rounding.
    """
    points = _POINTS[: m + r - 2]
    others = [[q for q in points if q != p] for p in points]
    after = np.array([[p**i for p in points] + [float(i == m - 1)] for i in range(m)])
    kernels = np.array(
        [
            [p**i / np.prod([p - q for q in rest]) for i in range(r)]
            for p, rest in zip(points, others, strict=True)
        ]
        + [[float(i == r - 1) for i in range(r)]]
    )
    before = np.array([[*np.poly(rest)[::-1], 0.0] for rest in others] + [np.poly(points)[::-1]])
    scale = np.abs(before).max(axis=1, keepdims=True)
    return after.astype(np.float32), kernels * scale, (before / scale).astype(np.float32)


def fast_convolutions(source: Source, after: str | None = None) -> onnx.ModelProto:
    """Make the convolutions over [1, channels, time] of a model fast: the batch must be one.

    Wide ones with long kernels take a third of the multiplications (Toom-Cook); the others become
    two-dimensional, and with them what lies between. With `after`, only what depends on that tensor: a speech
    model works per frame after the durations, and these stay the same to the bit. The sound differs by
    rounding only.
    """
    return _Lift(source, after).run()


# Kokoro


def float_convolutions(source: Source) -> onnx.ModelProto:
    """Give the dynamically quantised convolutions of a model float arithmetic, with the weights that it has.

    Without VNNI, integer products are hardly faster than floats, and floats can have fewer of them.
    The sound comes nearer to the unquantised model's, as activations are no longer rounded to 8 bits.
    """
    rewrite = _Rewrite(source)
    quantised = {
        node.output[0]: node
        for node in rewrite.old
        if node.op_type == "DynamicQuantizeLinear"
        for _ in node.output[:1]
    }
    replaced: dict[str, tuple[onnx.NodeProto, float, np.ndarray | None]] = {}
    for node in rewrite.old:
        if node.op_type == "ConvInteger" and node.input[0] in quantised:
            found = _scaled_back(rewrite, node)
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
        rewrite.add("Conv", inputs, node.output[0], **_attributes(conv))
    return rewrite.finish()


def _scaled_back(
    rewrite: _Rewrite, conv: onnx.NodeProto
) -> tuple[onnx.NodeProto, float, np.ndarray | None] | None:
    """The node that makes floats of a ConvInteger's output, the scale of its weights, and its bias.

    onnxruntime.quantization writes Cast and Mul by (input scale × weight scale), and where there is a bias,
    before them an Add of floor(bias ÷ the same scale) as integers.
    """
    bias = None
    (node,) = rewrite.consumers[conv.output[0]]
    if node.op_type == "Add":
        quotient = rewrite.above(node.input[1], "Reshape", "Cast", "Floor", "Div")
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


def instance_norms(source: Source) -> onnx.ModelProto:
    """Fuse (x - mean) / sqrt(variance + epsilon) × gain + offset, over time, into InstanceNormalization.

    One pass over each channel while it lies in the cache, instead of seven over the whole tensor.
    """
    rewrite = _Rewrite(source)
    for node in rewrite.old:
        norm = _instance_norm(rewrite, node)
        if norm is None:
            rewrite.nodes.append(node)
            continue
        x, gain, offset, epsilon = norm
        name, flat = node.output[0], rewrite.constant([-1], "shape")
        vectors = [rewrite.new("Reshape", [v, flat], f"{name}_vector") for v in (gain, offset)]
        rewrite.add("InstanceNormalization", [x, *vectors], name, epsilon=epsilon)
    return rewrite.finish()


def _instance_norm(rewrite: _Rewrite, node: onnx.NodeProto) -> tuple[str, str, str, float] | None:
    """x, gain, offset and epsilon where `node` ends such a formula."""
    if node.op_type != "Add":
        return None
    scaled, offset = rewrite.producer.get(node.input[0]), node.input[1]
    if scaled is None or scaled.op_type != "Mul":
        return None
    gain, normal = scaled.input[0], rewrite.above(scaled.input[1], "Div")
    root = None if normal is None else rewrite.above(normal.input[1], "Sqrt", "Add")
    if normal is None or root is None:
        return None
    centred = rewrite.above(normal.input[0], "Sub")
    square = rewrite.above(root.input[0], "ReduceMean", "Mul")
    mean = None if centred is None else rewrite.above(centred.input[1], "ReduceMean")
    epsilon = rewrite.value(root.input[1])
    if centred is None or mean is None or square is None or epsilon is None:
        return None
    if list(square.input) != [centred.output[0]] * 2 or mean.input[0] != centred.input[0]:
        return None
    return centred.input[0], gain, offset, float(epsilon.reshape(()))


def snakes(source: Source) -> onnx.ModelProto:
    """Fold the factors of Snake, x + sin²(a x) / a, into the norm before it and the convolution after it.

    With u = a x it is (u + sin² u) / a: the norm gives u at once, and the convolution's weights absorb 1 / a.
    Snake: arXiv 2006.08195.
    """
    rewrite = _Rewrite(source)
    found = {snake.end: snake for node in rewrite.old if (snake := _Snake.at(rewrite, node))}
    norms = {snake.norm.output[0]: snake for snake in found.values()}
    convolutions = {snake.convolution.output[0]: snake for snake in found.values()}
    for node in rewrite.old:
        name = node.output[0]
        if snake := norms.get(name):
            factor = rewrite.constant(snake.factor, "factor")
            vectors = [rewrite.new("Mul", [v, factor], f"{name}_vector") for v in node.input[1:]]
            rewrite.add("InstanceNormalization", [node.input[0], *vectors], name, **_attributes(node))
        elif snake := found.get(name):
            u = snake.norm.output[0]
            sine = rewrite.new("Sin", [u], f"{name}_sine")
            rewrite.add("Add", [u, rewrite.new("Mul", [sine, sine], f"{name}_square")], name)
        elif snake := convolutions.get(name):
            weight = rewrite.value(node.input[1])
            assert weight is not None, node.name
            scaled = rewrite.constant(weight / snake.factor[None, :, None], f"{name}_weight")
            rewrite.add("Conv", [node.input[0], scaled, *node.input[2:]], name, **_attributes(node))
        else:
            rewrite.nodes.append(node)
    return rewrite.finish()


def stft_as_convolution(source: Source) -> onnx.ModelProto:
    """Make each short-time Fourier transform with a constant window a convolution with cosines and sines.

    ONNX Runtime transforms frame by frame, which for frames of 20 samples takes ten times as long.

    The first and the middle bin have no imaginary part: it is made a tiny positive number, so that the angle of a
    negative real one is +π, as atan2 of PyTorch has it, however the graph spells that out. -π is another number to what
    comes after, and it is heard.
    """
    rewrite = _Rewrite(source)
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


def _fourier_kernel(rewrite: _Rewrite, node: onnx.NodeProto) -> tuple[np.ndarray, np.ndarray, int] | None:
    """Weights [2 × bins, 1, samples] and biases [2 × bins], real parts first, and the hop of an STFT; None where they
    are not constant.
    """
    hop, window = (rewrite.value(name) for name in node.input[1:3])
    if hop is None or window is None:
        return None
    count = len(window)
    bins = count // 2 + 1 if _attributes(node).get("onesided", 1) else count
    turns = np.outer(np.arange(bins), np.arange(count)) / count
    waves = window * np.exp(-2j * np.pi * turns)
    real_only = 2 * np.arange(bins) % count == 0
    imaginary = np.where(real_only[:, None], 0.0, waves.imag)
    weight = np.concatenate([waves.real, imaginary])[:, None].astype(np.float32)
    return weight, np.concatenate([np.zeros(bins), real_only * _TINY]).astype(np.float32), int(hop)


@dataclass(frozen=True)
class _Snake:
    """A Snake that ends in the tensor `end`, the norm before it, the convolution after it, and its factor."""

    norm: onnx.NodeProto
    end: str
    convolution: onnx.NodeProto
    factor: np.ndarray

    @classmethod
    def at(cls, rewrite: _Rewrite, node: onnx.NodeProto) -> _Snake | None:
        if node.op_type != "Add":
            return None
        norm = rewrite.producer.get(node.input[0])
        scaled = rewrite.above(node.input[1], "Mul")
        angle = None if scaled is None else rewrite.above(scaled.input[1], "Pow", "Sin", "Mul")
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


def prepare_piper(source: Source) -> onnx.ModelProto:
    """A Piper voice that is repeatable, fast on a CPU, and gives its timings. It speaks one text at a time.

    Inputs: `input` int64 [1, ids], `input_lengths` int64 [1], `scales` float32 [3] (noise, length, width),
    `sid` int64 [1] where the voice has several speakers, and two vectors of standard normal values: `noise_0`
    at least 2 × ids, `noise_1` at least 192 × frames, where a frame is 256 samples. Outputs: `output` float32
    [1, 1, 1, samples] and `durations` float32 [1, 1, ids], frames per id; the samples are frames × 256
    exactly.
    """
    model = read(source)
    durations = piper_durations(model)
    for tensor in model.graph.input:
        first = tensor.type.tensor_type.shape.dim[0]
        if first.dim_param:
            first.dim_value = 1
    return expose(fast_convolutions(noise_as_inputs(model), after=durations), durations, "durations")


def prepare_kokoro(source: Source) -> onnx.ModelProto:
    """A quantised Kokoro that is faster on a CPU and gives its timings.

    The inputs stay: `tokens` int64 [1, ids], `style` float32 [1, 256], `speed` float32 [1]. Outputs: `audio`
    float32 [samples] and `durations` float32 [1, ids] or [ids], frames per token, of 600 samples at 24 kHz
    each.
    """
    model = read(source)
    durations = kokoro_durations(model)
    for rewrite in (float_convolutions, instance_norms, snakes, stft_as_convolution):
        model = rewrite(model)
    return expose(fast_convolutions(model, after=durations), durations, "durations")


def flops(source: Source, inputs: dict[str, np.ndarray]) -> int:
    """Operations of one run: two for each multiply-add of its convolutions and matrix products.

    LSTMs and element-wise operators are not counted. Divided by the seconds of audio that the run gives, it
    is what a model costs; measured against a large matrix product, how near a machine comes to its limit.
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
