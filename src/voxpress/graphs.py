"""Rewrites of a speech model's ONNX graph: the same sound, repeatable, with its timings, and faster on a CPU.

Every function takes a model and gives a new one; none touches a file or a global. `prepare_piper` and `prepare_kokoro`
compose them. Nothing here knows about texts, voices or engines.

ONNX Runtime's fast convolutions work on tensors in blocks of channels (its "NCHWc" layout) and exist for images only, so
a one-dimensional model pays for unfolding every convolution's input. Here sound is an image one sample high: shape
[batch, channels, 1, time] from end to end, with only operators between that the blocked layout knows.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import onnx
    import onnxruntime

__all__ = [
    "convolutions_2d",
    "expose",
    "kokoro_durations",
    "noise_as_inputs",
    "piper_durations",
    "prepare_piper",
    "read",
    "session",
]

_TIME_STEPS = {"Conv", "ConvTranspose"}
_ELEMENTWISE = {"Add", "Sub", "Mul", "Div", "LeakyRelu", "Relu", "Tanh", "Sigmoid"}


def read(source: str | Path | bytes | onnx.ModelProto) -> onnx.ModelProto:
    """A model from a path or from its serialized bytes; a model is copied, so that rewrites never touch the caller's."""
    import onnx

    if isinstance(source, onnx.ModelProto):
        copy = onnx.ModelProto()
        copy.CopyFrom(source)
        return copy
    if isinstance(source, bytes):
        return onnx.load_model_from_string(source)
    return onnx.load_model(str(source))


def session(source: str | Path | bytes | onnx.ModelProto, threads: int = 1) -> onnxruntime.InferenceSession:
    """A session on the CPU as both ONNX engines want it: `threads` threads, which never spin while they wait."""
    import onnx
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Every text has another length, so no memory plan is ever used twice; and making one compares every tensor with every
    # other, which is 3 of the 4 seconds that a Piper voice takes to load.
    options.enable_mem_pattern = False
    options.enable_mem_reuse = False
    options.log_severity_level = 3
    if isinstance(source, onnx.ModelProto):
        source = source.SerializeToString()
    model = source if isinstance(source, bytes) else str(source)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class _Rewrite:
    """A graph being rewritten: the old one to look things up in, and the list of nodes of the new one."""

    def __init__(self, source: str | Path | bytes | onnx.ModelProto) -> None:
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

    def unique(self, name: str) -> str:
        candidate, number = name, 1
        while candidate in self._names:
            candidate, number = f"{name}_{number}", number + 1
        self._names.add(candidate)
        return candidate

    def constant(self, array: np.ndarray | Sequence[int], name: str) -> str:
        """Store `array` (a list is taken as int64, ONNX's type of shapes and axes) and give its name."""
        from onnx import numpy_helper

        if not isinstance(array, np.ndarray):
            array = np.array(array, np.int64)
        name = self.unique(name)
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
        for field, items in ((graph.node, reversed(kept)), (graph.initializer, weights), (graph.value_info, infos)):
            items = list(items)  # type: ignore[call-overload]
            del field[:]  # type: ignore[attr-defined]
            field.extend(items)  # type: ignore[attr-defined]
        return self.model


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    from onnx import helper

    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


# Determinism and timings


def noise_as_inputs(source: str | Path | bytes | onnx.ModelProto) -> onnx.ModelProto:
    """Turn every random node into a graph input `noise_0`, `noise_1`, ... so that the caller's numbers decide the sound.

    Each is a float32 vector of standard normal values (uniform in [0, 1) for a uniform node): its first values fill the
    tensor that the node would have made, in row-major order, and the rest is not read. So a vector longer than needed
    changes nothing, and one that is too short fails the run.
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
        rewrite.model.graph.input.append(helper.make_tensor_value_info(noise, TensorProto.FLOAT, [f"{noise}_values"]))
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
                factor = rewrite.constant(np.float32([number]), f"{noise}_{op}")
                values = rewrite.add(op, [values, factor], rewrite.unique(f"{values}_{op}"))
        rewrite.add("Reshape", [values, shape], output)
    return rewrite.finish()


def expose(source: str | Path | bytes | onnx.ModelProto, tensor: str, name: str) -> onnx.ModelProto:
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

    VITS rounds the predicted durations up, `w_ceil = torch.ceil(w)`: arXiv 2106.06103, models.py of its reference code.
    """
    return _only(model, "Ceil").output[0]


def kokoro_durations(model: onnx.ModelProto) -> str:
    """The tensor of frames per token in Kokoro: the Clip after its only Round.

    StyleTTS 2 rounds the predicted durations and lets none be shorter than a frame: `torch.round(d).clamp(min=1)`.
    """
    rounded = _only(model, "Round").output[0]
    for node in model.graph.node:
        if node.op_type == "Clip" and node.input[0] == rounded:
            return node.output[0]
    raise ValueError("the model's Round is not followed by a Clip: this is not Kokoro")


def _only(model: onnx.ModelProto, op: str) -> onnx.NodeProto:
    found = [node for node in model.graph.node if node.op_type == op]
    if len(found) != 1:
        raise ValueError(f"expected one {op} in the model, found {len(found)}")
    return found[0]


# Convolutions


class _Lift(_Rewrite):
    """One-dimensional sound as images one sample high, for the nodes that depend on `after` (all, where it is None).

    `image` maps a tensor [batch, channels, time] of the old graph to its twin [batch, channels, 1, time] in the new one;
    each is made only when something reads it.
    """

    def __init__(self, source: str | Path | bytes | onnx.ModelProto, after: str | None) -> None:
        from onnx import shape_inference

        super().__init__(source)
        self.image: dict[str, str] = {}
        self.channels: dict[str, int] = {}
        self.flat = {tensor.name for tensor in self.model.graph.input} | set(self._initializers)
        inferred = shape_inference.infer_shapes(self.model).graph
        self.rank = {
            info.name: len(info.type.tensor_type.shape.dim)
            for info in (*inferred.value_info, *inferred.input, *inferred.output)
            if info.type.tensor_type.HasField("shape")
        }
        self.reached = {after} if after else set(self._names)
        for node in self.old:
            if not self.reached.isdisjoint(node.input):
                self.reached.update(node.output)

    def run(self) -> onnx.ModelProto:
        for node in self.old:
            if self.reached.isdisjoint(node.output) or not self.lift(node):
                for name in node.input:
                    self.as_sound(name)
                self.nodes.append(node)
                self.flat.update(node.output)
        for name in self.outputs:
            self.as_sound(name)
        return self.finish()

    def as_image(self, name: str) -> str:
        if name not in self.image:
            axis = self.constant([2], "image_axis")
            self.image[name] = self.add("Unsqueeze", [name, axis], self.unique(f"{name}_image"))
        return self.image[name]

    def as_sound(self, name: str) -> None:
        if name in self.image and name not in self.flat:
            self.add("Squeeze", [self.image[name], self.constant([2], "image_axis")], name)
            self.flat.add(name)

    def lift(self, node: onnx.NodeProto) -> bool:
        """Append the twin of `node` and say so, or leave it to the caller where there is none."""
        name = node.output[0]
        if node.op_type in {"Conv", "ConvTranspose"}:
            weight = self.value(node.input[1])
            if weight is None or weight.ndim != 3:
                return False
            twin = self.convolution(node, weight) if node.op_type == "Conv" else self.upsampling(node, weight)
        elif node.op_type in _ELEMENTWISE and any(i in self.image for i in node.input):
            if not all(self.liftable(i) for i in node.input):
                return False
            twin = self.elementwise(node)
        else:
            return False
        self.image[name] = twin
        return True

    def liftable(self, name: str) -> bool:
        value = self.value(name)
        return name in self.image or self.rank.get(name) == 3 or (value is not None and value.size == 1)

    def convolution(self, node: onnx.NodeProto, weight: np.ndarray) -> str:
        attributes = _attributes(node)
        _refuse_auto_pad(node, attributes)
        begin, end = attributes.get("pads", [0, 0])
        name = node.output[0]
        return self.conv(
            self.as_image(node.input[0]),
            weight[:, :, None],
            node.input[2:],
            name,
            pads=[0, begin, 0, end],
            strides=[1, *attributes.get("strides", [1])],
            dilations=[1, *attributes.get("dilations", [1])],
            group=attributes.get("group", 1),
        )

    def conv(self, image: str, weight: np.ndarray, bias: Sequence[str], name: str, **attributes: Any) -> str:
        inputs = [image, self.constant(weight, f"{name}_weight"), *bias]
        output = self.add("Conv", inputs, self.unique(f"{name}_image"), kernel_shape=weight.shape[2:], **attributes)
        self.channels[output] = len(weight)
        return output

    def upsampling(self, node: onnx.NodeProto, weight: np.ndarray) -> str:
        """A transposed convolution of stride s as s ordinary ones whose outputs are interleaved in time.

        Output sample s q + r needs the taps r, r + s, r + 2 s, ... on the inputs q, q - 1, q - 2, ...: an ordinary
        convolution gives all s samples as s times the channels. Read channels-last, that tensor *is* the interleaved
        sound, so no sample moves. The blocked layout has no transposed convolution of its own.
        """
        attributes = _attributes(node)
        _refuse_auto_pad(node, attributes)
        (stride,) = attributes.get("strides", [1])
        if attributes.get("group", 1) != 1 or attributes.get("dilations", [1]) != [1]:
            raise ValueError(f"{node.name}: a grouped or dilated ConvTranspose is not supported")
        inputs, outputs, kernel = weight.shape
        taps = -(-kernel // stride)
        begin, end = attributes.get("pads", [0, 0])
        (longer,) = attributes.get("output_padding", [0])
        padded = np.zeros((inputs, outputs, taps * stride), weight.dtype)
        padded[..., :kernel] = weight
        # [inputs, outputs, tap, phase] -> [phase, outputs, inputs, 1, tap], the last tap first
        phases = padded.reshape(inputs, outputs, taps, stride)[:, :, ::-1].transpose(3, 1, 0, 2)
        name = node.output[0]
        bias = []
        if len(node.input) > 2:
            offset = self.value(node.input[2])
            assert offset is not None, f"{node.name}: the bias is not constant"
            bias = [self.constant(np.tile(offset, stride), f"{name}_bias")]
        stacked = self.conv(
            self.as_image(node.input[0]),
            phases.reshape(stride * outputs, inputs, 1, taps),
            bias,
            f"{name}_phases",
            pads=[0, taps - 1, 0, taps - 1],
        )
        last = self.add("Transpose", [stacked], self.unique(f"{name}_last"), perm=[0, 2, 3, 1])
        shape = self.constant([0, 1, -1, outputs], f"{name}_shape")
        sound = self.add("Reshape", [last, shape], self.unique(f"{name}_sound"))
        cut = taps * stride - kernel + end - longer
        limits = [self.constant(v, f"{name}_cut") for v in ([begin], [-cut if cut else np.iinfo(np.int64).max], [2])]
        trimmed = self.add("Slice", [sound, *limits], self.unique(f"{name}_trimmed"))
        image = self.add("Transpose", [trimmed], self.unique(f"{name}_image"), perm=[0, 3, 1, 2])
        self.channels[image] = outputs
        return self.scaled(image, 1.0, name)

    def scaled(self, image: str, factor: float, name: str) -> str:
        """`image` times a number as a convolution of every channel by itself: it never leaves the blocked layout."""
        channels = self.channels[image]
        weight = np.full((channels, 1, 1, 1), factor, np.float32)
        return self.conv(image, weight, [], name, group=channels)

    def elementwise(self, node: onnx.NodeProto) -> str:
        name = node.output[0]
        images = [i if self.value(i) is not None else self.as_image(i) for i in node.input]
        known = next((self.channels[i] for i in images if i in self.channels), None)
        factor = self.value(node.input[1]) if node.op_type in {"Mul", "Div"} else None
        if factor is not None and known and images[0] in self.channels:
            return self.scaled(images[0], float(factor if node.op_type == "Mul" else 1 / factor), name)
        if node.op_type == "LeakyRelu" and known and not self.fuses(node.input[0]):
            images = [self.scaled(images[0], 1.0, f"{name}_in")]
        output = self.add(node.op_type, images, self.unique(f"{name}_image"), **_attributes(node))
        if known:
            self.channels[output] = known
        return output

    def fuses(self, name: str) -> bool:
        """Whether ONNX Runtime will make the activation that reads `name` a part of the convolution that gives it."""
        made_by = next((n.op_type for n in reversed(self.nodes) if n.output[0] == self.image[name]), "")
        return made_by == "Conv" and len(self.consumers[name]) == 1


def convolutions_2d(source: str | Path | bytes | onnx.ModelProto, after: str | None = None) -> onnx.ModelProto:
    """Rewrite convolutions over [batch, channels, time] as two-dimensional ones of height 1, and all between them too.

    With `after`, only what depends on that tensor: in speech models the work is done per frame, after the durations, and
    the text encoder before them gains nothing. The sound differs by rounding only.
    """
    return _Lift(source, after).run()


def _refuse_auto_pad(node: onnx.NodeProto, attributes: dict[str, Any]) -> None:
    if attributes.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        raise ValueError(f"{node.name}: auto_pad is not supported; use explicit pads")


def prepare_piper(source: str | Path | bytes | onnx.ModelProto) -> onnx.ModelProto:
    """A Piper voice that is repeatable, fast on a CPU, and gives its timings.

    Inputs: `input` int64 [1, ids], `input_lengths` int64 [1], `scales` float32 [3] (noise, length, width), `sid` int64
    [1] where the voice has several speakers, and two vectors of standard normal values: `noise_0` at least 2 × ids,
    `noise_1` at least 192 × frames, where a frame is 256 samples. Outputs: `output` float32 [1, 1, 1, samples] and
    `durations` float32 [1, 1, ids], frames per id; the samples are frames × 256 exactly.
    """
    model = read(source)
    durations = piper_durations(model)
    return expose(convolutions_2d(noise_as_inputs(model), after=durations), durations, "durations")
