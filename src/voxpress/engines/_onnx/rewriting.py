"""Graphs in the ONNX format: read, rewritten, made repeatable, and with durations as an output.

Every function takes a model and returns a new one. This module knows nothing of texts, voices or engines.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from voxpress.audio.arrays import np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import onnx


Source: TypeAlias = "str | Path | bytes | onnx.ModelProto"
"""A model: its path, its serialized bytes, or itself."""


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


class Rewrite:
    """A graph during a rewrite: the old graph, for look-ups, and the nodes of the new one."""

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
        """The constant of that name; None if the tensor is computed."""
        from onnx import numpy_helper

        if name in self._initializers:
            return numpy_helper.to_array(self._initializers[name])
        node = self.producer.get(name)
        if node is not None and node.op_type == "Constant" and node.attribute[0].name == "value":
            return numpy_helper.to_array(node.attribute[0].t)
        return None

    def find_above(self, name: str, *ops: str) -> onnx.NodeProto | None:
        """The node that is reached from the tensor `name` upwards, through first inputs, over operators `ops`; else
        None.
        """
        node = None
        for op in ops:
            node = self.producer.get(name)
            if node is None or node.op_type != op:
                return None
            name = node.input[0]
        return node

    def free_name(self, name: str) -> str:
        candidate, number = name, 1
        while candidate in self._names:
            candidate, number = f"{name}_{number}", number + 1
        self._names.add(candidate)
        return candidate

    def constant(self, array: np.ndarray | Sequence[int], name: str) -> str:
        """Store `array` and return its name; a sequence becomes int64, ONNX's type of shapes and axes.

        Equal small arrays share one name: their number takes a quarter of a model's load time.
        """
        from onnx import numpy_helper

        if not isinstance(array, np.ndarray):
            array = np.array(array, np.int64)
        same = (array.dtype.str, array.shape, array.tobytes()) if array.size < 256 else None
        if same in self._shared:
            return self._shared[same]
        name = self.free_name(name)
        if same:
            self._shared[same] = name
        tensor = numpy_helper.from_array(np.ascontiguousarray(array), name)
        self.model.graph.initializer.append(tensor)
        self._initializers[name] = tensor
        return name

    def add(self, op: str, inputs: Iterable[str], output: str, **attributes: Any) -> str:
        """Append a node with one output of exactly that name, and return the name."""
        from onnx import helper

        self._names.add(output)
        self.nodes.append(helper.make_node(op, list(inputs), [output], name=output, **attributes))
        return output

    def new(self, op: str, inputs: Iterable[str], hint: str, **attributes: Any) -> str:
        """Append a node with one output of a free name, and return the name."""
        return self.add(op, inputs, self.free_name(hint), **attributes)

    def finish(self) -> onnx.ModelProto:
        """The new model, without the nodes and weights that no output needs."""
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


def attributes_of(node: onnx.NodeProto) -> dict[str, Any]:
    from onnx import helper

    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


# Determinism and timings


def expose_noise(source: Source) -> onnx.ModelProto:
    """Turn every random node into an input `noise_0`, `noise_1`, ..., so that the caller's numbers decide the sound.

    Each is a float32 vector of standard normal values (uniform in [0, 1) for a uniform node). Its first values fill the
    node's tensor in row-major order, and the graph ignores the rest. A vector that is too short fails the run.
    """
    from onnx import TensorProto, helper

    rewrite = Rewrite(source)
    count = 0
    for node in rewrite.old:
        if not node.op_type.startswith(("RandomNormal", "RandomUniform")):
            rewrite.nodes.append(node)
            continue
        attributes, output, noise = attributes_of(node), node.output[0], f"noise_{count}"
        count += 1
        rewrite.model.graph.input.append(
            helper.make_tensor_value_info(noise, TensorProto.FLOAT, [f"{noise}_values"])
        )
        if node.op_type.endswith("Like"):
            shape = rewrite.add("Shape", node.input, rewrite.free_name(f"{noise}_shape"))
        else:
            shape = rewrite.constant(list(attributes["shape"]), f"{noise}_shape")
        size = rewrite.add("ReduceProd", [shape], rewrite.free_name(f"{noise}_size"), keepdims=1)
        start = rewrite.constant([0], f"{noise}_start")
        values = rewrite.add("Slice", [noise, start, size], rewrite.free_name(f"{noise}_used"))
        if node.op_type.startswith("RandomNormal"):
            scale, offset = attributes.get("scale", 1.0), attributes.get("mean", 0.0)
        else:
            offset = attributes.get("low", 0.0)
            scale = attributes.get("high", 1.0) - offset
        for op, number, neutral in (("Mul", scale, 1.0), ("Add", offset, 0.0)):
            if number != neutral:
                factor = rewrite.constant(np.array([number], np.float32), f"{noise}_{op}")
                values = rewrite.add(op, [values, factor], rewrite.free_name(f"{values}_{op}"))
        rewrite.add("Reshape", [values, shape], output)
    return rewrite.finish()


def expose(source: Source, tensor: str, name: str) -> onnx.ModelProto:
    """Add the inner float tensor `tensor` as an output called `name`."""
    from onnx import TensorProto, helper

    rewrite = Rewrite(source)
    if tensor not in rewrite.producer:
        raise ValueError(f"the model has no tensor {tensor!r}")
    rewrite.nodes = rewrite.old
    rewrite.add("Identity", [tensor], name)
    rewrite.model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    rewrite.outputs.add(name)
    return rewrite.finish()


def pace(source: Source, tensor: str) -> onnx.ModelProto:
    """Divide the durations `tensor`, whole numbers along its last axis, by a new input `pace`, a float32 vector of one
    number. They stay whole, and what rounding takes from one goes to the next, so that their sum is right to half a
    frame at every pace. At 1.0 they are as they were, to the bit.
    """
    from onnx import TensorProto, helper

    rewrite = Rewrite(source)
    rewrite.model.graph.input.append(helper.make_tensor_value_info("pace", TensorProto.FLOAT, [1]))
    last = rewrite.constant(np.array(-1, np.int64), "pace_axis")
    before = rewrite.free_name(f"{tensor}_before")
    for node in rewrite.old:
        if tensor not in node.output:
            rewrite.nodes.append(node)
            continue
        kept = type(node)()
        kept.CopyFrom(node)
        kept.output[list(node.output).index(tensor)] = before
        rewrite.nodes.append(kept)
        scaled = rewrite.new("Div", [before, "pace"], "pace_scaled")
        ends = rewrite.new("Round", [rewrite.new("CumSum", [scaled, last], "pace_sums")], "pace_ends")
        # All ends but the last, after a zero: where each symbol starts.
        first, final = rewrite.constant([0], "pace_first"), rewrite.constant([-1], "pace_final")
        axes = rewrite.constant([-1], "pace_axes")
        one = rewrite.new("Slice", [ends, first, rewrite.constant([1], "pace_one"), axes], "pace_first_end")
        kept_ends = rewrite.new("Slice", [ends, first, final, axes], "pace_kept")
        zero = rewrite.new("Sub", [one, one], "pace_zero")
        starts = rewrite.new("Concat", [zero, kept_ends], "pace_starts", axis=-1)
        rewrite.add("Sub", [ends, starts], tensor)
    return rewrite.finish()


def find_piper_durations(model: onnx.ModelProto) -> str:
    """The tensor [batch, 1, ids] of frames per phoneme id in a VITS model: its only Ceil.

    VITS rounds the predicted durations up, `w_ceil = torch.ceil(w)`: arXiv 2106.06103, models.py of its
    reference code.
    """
    return str(find_only(model, "Ceil").output[0])


def find_kokoro_durations(model: onnx.ModelProto) -> str:
    """The tensor of frames per token in Kokoro: the Clip after its only Round.

    StyleTTS 2 rounds the predicted durations and lets none be shorter than a frame:
    `torch.round(d).clamp(min=1)`.
    """
    rounded = find_only(model, "Round").output[0]
    for node in model.graph.node:
        if node.op_type == "Clip" and node.input[0] == rounded:
            return str(node.output[0])
    raise ValueError("the model's Round is not followed by a Clip: this is not Kokoro")


def find_only(model: onnx.ModelProto, op: str) -> onnx.NodeProto:
    found: list[onnx.NodeProto] = [node for node in model.graph.node if node.op_type == op]
    if len(found) != 1:
        raise ValueError(f"expected one {op} in the model, found {len(found)}")
    return found[0]
