"""Convolutions that are cheap on a CPU.

A vocoder spends nearly all its time in convolutions. Wide ones with long kernels get Toom and Cook's method here, which
takes a third of the multiplications. The others get ONNX Runtime's fast kernels, which work on images only, in blocks
of channels (its "NCHWc" layout): sound becomes an image one sample high, [batch, channels, 1, time], and all operators
between the convolutions become ones that the blocked layout has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import onnx

from voxpress.audio.arrays import np
from voxpress.engines._onnx.rewriting import Rewrite, Source, attributes_of

_ELEMENTWISE = {"Add", "Sub", "Mul", "Div", "LeakyRelu", "Relu", "Tanh", "Sigmoid"}
_END = 2**63 - 1
# Outputs in a block of Toom-Cook, and its points in order of use. They are small so that their powers stay small.
_BLOCK = 6
_POINTS = [0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 0.75, -0.75, 4 / 3, -4 / 3]
# Toom-Cook wins from `_WORTHWHILE` saved multiplications per sample on. From `_PLANAR` channels on, most convolutions
# save so many, and the blocked layout gains nothing. Both were measured on Piper and Kokoro.
_WORTHWHILE = 150
_PLANAR = 128


class _Lift(Rewrite):
    """A rewrite of the convolutions that depend on the tensor `after`; None: of all.

    `image` maps a tensor [batch, channels, time] of the old graph to the same tensor as [batch, channels, 1, time] in
    the new one. Each form exists only if a node reads it.
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
            if self.reached.isdisjoint(node.output) or not self.rewrite(node):
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

    def rewrite(self, node: onnx.NodeProto) -> bool:
        """Append the new form of `node` and return True; return False if it stays as it is."""
        if node.op_type in {"Conv", "ConvTranspose"}:
            weight = self.value(node.input[1])
            if weight is None or weight.ndim != 3:
                return False
            convolution = _Convolution.of(node)
            if node.op_type == "ConvTranspose":
                complete = convolution.output_padding <= convolution.pads[1]
                if convolution.group > 1 or convolution.dilation > 1 or not complete:
                    return False
                self.image[node.output[0]] = self.lift_upsampling(node, weight, convolution)
            elif _multiplications_saved(weight, convolution) > _WORTHWHILE:
                self.add_toom_cook(node, weight, convolution)
            else:
                self.image[node.output[0]] = self.lift_convolution(node, weight, convolution)
            return True
        some = any(name in self.image for name in node.input)
        if node.op_type in _ELEMENTWISE and some and all(self.can_lift(name) for name in node.input):
            self.image[node.output[0]] = self.lift_elementwise(node)
            return True
        return False

    def can_lift(self, name: str) -> bool:
        value = self.value(name)
        if value is not None:
            return value.size == 1
        return name in self.image or self.rank.get(name) == 3

    def lift_convolution(self, node: onnx.NodeProto, weight: np.ndarray, convolution: _Convolution) -> str:
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

    def lift_upsampling(self, node: onnx.NodeProto, weight: np.ndarray, convolution: _Convolution) -> str:
        """A transposed convolution of stride s as s ordinary ones whose outputs are interleaved in time.

        Output sample s q + r needs the taps r, r + s, r + 2 s, ... on the inputs q, q - 1, q - 2, ...: one ordinary
        convolution gives all s samples as s times the channels. Read channels-last, that tensor is the interleaved
        sound, so no sample moves. The blocked layout has no transposed convolution.
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
        return self.scale(image, 1.0, name)

    def bias(self, node: onnx.NodeProto) -> np.ndarray:
        value = self.value(node.input[2])
        if value is None:
            raise ValueError(f"{node.name}: the bias is not a constant")
        return value

    def cut(self, tensor: str, begin: int, end: int, axis: int) -> str:
        limits = [self.constant([number], "limit") for number in (begin, end, axis)]
        return self.new("Slice", [tensor, *limits], f"{tensor}_cut")

    def scale(self, image: str, factor: float, name: str) -> str:
        """`image` times a number, as a convolution per channel, which keeps the blocked layout."""
        channels = self.blocked[image]
        return self.conv(image, np.full((channels, 1, 1, 1), factor, np.float32), [], name, group=channels)

    def lift_elementwise(self, node: onnx.NodeProto) -> str:
        name = node.output[0]
        images = [i if self.value(i) is not None else self.as_image(i) for i in node.input]
        channels = self.blocked.get(images[0])
        if channels:
            factor = self.value(node.input[1]) if node.op_type in {"Mul", "Div"} else None
            if factor is not None:
                return self.scale(images[0], float(factor if node.op_type == "Mul" else 1 / factor), name)
            if node.op_type == "LeakyRelu" and not self.fuses(node.input[0]):
                images = [self.scale(images[0], 1.0, f"{name}_in")]
        output = self.new(node.op_type, images, f"{name}_image", **attributes_of(node))
        if channels and all(image in self.blocked for image in images):
            self.blocked[output] = channels
        return output

    def fuses(self, name: str) -> bool:
        """Whether ONNX Runtime fuses an activation of `name` into the convolution before it."""
        maker = next(node.op_type for node in reversed(self.nodes) if node.output[0] == self.image[name])
        return maker == "Conv" and len(self.consumers[name]) == 1

    def add_toom_cook(self, node: onnx.NodeProto, weight: np.ndarray, convolution: _Convolution) -> None:
        """A convolution in fewer multiplications, by the method of Toom and Cook (Winograd's, in images).

        m outputs of r taps take m + r - 1 products instead of m r (`_toom_cook`). A longer kernel is cut into n
        pieces of m taps, and their products are summed before interpolation: a convolution of n taps over blocks of m
        samples. A dilation d gives d independent sounds, which form a batch.
        """
        name, sound = node.output[0], self.as_sound(node.input[0])
        outputs, inputs, kernel = weight.shape
        m, (r, n) = _BLOCK, _divide_kernel(kernel)
        points = m + r - 1
        d, begin = convolution.dilation, convolution.pads[0]
        after, kernels, before = _toom_cook(m, r)

        pieces = np.zeros((outputs, inputs, n * r))
        pieces[..., :kernel] = weight
        products = np.tensordot(kernels, pieces.reshape(outputs, inputs, n, r), axes=(1, 3))
        bias: list[str] = []
        if len(node.input) > 2:
            # Only the point 1 adds the same number to all m outputs: see _toom_cook.
            offset = np.zeros((points, outputs), np.float32)
            offset[_POINTS.index(1.0)] = self.bias(node)
            bias = [self.constant(offset.reshape(-1), f"{name}_bias")]

        def reshape(tensor: str, *shape: int) -> str:
            return self.new("Reshape", [tensor, self.constant(shape, "shape")], f"{tensor}_shaped")

        def transpose(tensor: str, *order: int) -> str:
            return self.new("Transpose", [tensor], f"{tensor}_moved", perm=order)

        def combine(op: str, tensor: str, value: int) -> str:
            return self.new(op, [tensor, self.constant([value], "number")], f"{name}_{op}")

        shape = self.new("Shape", [sound], f"{name}_shape")
        length = self.new("Gather", [shape, self.constant([2], "axis")], f"{name}_length")
        blocks = combine("Div", combine("Add", length, m * d - 1), m * d)
        padded = combine("Mul", combine("Add", blocks, n), m * d)
        end = self.new("Sub", [combine("Sub", padded, begin), length], f"{name}_end")
        pads = self.new("Concat", [self.constant([0, 0, begin, 0, 0], "pads"), end], f"{name}_pads", axis=0)

        # [channels, blocks, m, d] -> [d, m, channels, blocks]. Two transpositions of one axis each are ten times faster
        # than one of both.
        whole = transpose(reshape(self.new("Pad", [sound, pads], f"{name}_padded"), -1, m * d), 1, 0)
        phases = (
            reshape(whole, 1, m, inputs, -1)
            if d == 1
            else transpose(reshape(whole, m, d, inputs, -1), 1, 0, 2, 3)
        )
        these = self.cut(phases, 0, -1, 3)
        others = self.cut(self.cut(phases, 0, r - 1, 1), 1, _END, 3)
        windows = self.new("Concat", [these, others], f"{name}_windows", axis=1)
        values = self.new(
            "MatMul", [self.constant(before, "before"), reshape(windows, 0, points, -1)], f"{name}_values"
        )
        product = self.new(
            "Conv",
            [
                reshape(values, 0, points * inputs, 1, -1),
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
            "MatMul", [self.constant(after, "after"), reshape(product, 0, points, -1)], f"{name}_result"
        )
        if d > 1:
            result = transpose(result, 1, 0, 2)
        long = reshape(transpose(reshape(result, m * d, -1), 1, 0), 1, outputs, -1)
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
        attributes = attributes_of(node)
        if attributes.get("auto_pad", b"NOTSET") != b"NOTSET":
            raise ValueError(f"{node.name}: auto_pad is not supported, only explicit pads")
        return cls(
            stride=attributes.get("strides", [1])[0],
            dilation=attributes.get("dilations", [1])[0],
            group=attributes.get("group", 1),
            pads=tuple(attributes.get("pads", [0, 0])),
            output_padding=attributes.get("output_padding", [0])[0],
        )


def _divide_kernel(kernel: int) -> tuple[int, int]:
    """Taps per piece and number of pieces for a kernel."""
    return (kernel, 1) if kernel <= _BLOCK + 1 else (_BLOCK, -(-kernel // _BLOCK))


def _multiplications_saved(weight: np.ndarray, convolution: _Convolution) -> float:
    """Multiplications that Toom-Cook saves per sample that it reads or writes."""
    outputs, inputs, kernel = weight.shape
    same_length = sum(convolution.pads) == convolution.dilation * (kernel - 1)
    if convolution.stride > 1 or convolution.group > 1 or not same_length:
        return 0.0
    taps, pieces = _divide_kernel(kernel)
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


def make_convolutions_fast(source: Source, after: str | None = None) -> onnx.ModelProto:
    """Make the convolutions over [1, channels, time] of a model fast: the batch must be one.

    Wide ones with long kernels take a third of the multiplications (Toom-Cook); the others, and the operators between
    them, become two-dimensional. The sound differs by rounding only.

    Args:
        after: a tensor; only nodes that depend on it change. Speech models compute frames from durations, so with the
            durations here these stay the same to the bit. None: all nodes change.
    """
    return _Lift(source, after).run()
