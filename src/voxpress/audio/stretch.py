"""Speech that lasts longer or shorter at the same pitch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from voxpress.audio.arrays import Samples, np
from voxpress.audio.waveform import Audio, pad
from voxpress.speech import Seconds

if TYPE_CHECKING:
    import av

_BLOCK = 65_536
"""Samples that are given to the filter at once."""
_TAIL: Seconds = 0.25
"""Silence that the filter gets after the audio: it keeps its last window to itself."""


def stretch(audio: Audio, factor: float) -> Audio:
    """The audio `factor` times as long, to the sample, with its marks; the pitch stays.

    FFmpeg's filter `atempo` repeats or leaves out periods of the voice. Beyond twice and half the duration it leaves
    out more than it blends, so a larger step becomes several small ones.

    >>> from voxpress.audio.waveform import tone
    >>> stretch(tone([440], 1.0, 8000), 1.5).duration
    1.5
    """
    if factor == 1.0 or not len(audio.samples):
        return audio
    wanted = max(1, round(len(audio.samples) * factor))
    samples = np.concatenate(list(_run(pad(audio, tail=_TAIL), 1 / factor)))[:wanted]
    made = np.zeros(wanted, np.float32)
    made[: len(samples)] = samples
    exact = wanted / len(audio.samples)
    marks = tuple(
        msgspec.structs.replace(mark, start=mark.start * exact, end=mark.end * exact) for mark in audio.marks
    )
    return Audio(made, audio.sample_rate, marks)


def _run(audio: Audio, tempo: float) -> Iterator[Samples]:
    """What the filter makes of the audio, in blocks."""
    import av

    graph = _make_graph(audio.sample_rate, tempo)
    for start in range(0, len(audio.samples), _BLOCK):
        block = np.ascontiguousarray(audio.samples[start : start + _BLOCK]).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(block, format="flt", layout="mono")
        frame.sample_rate = audio.sample_rate
        frame.pts = start
        graph.push(frame)
        yield from _pull(graph)
    graph.push(None)
    yield from _pull(graph)


def _make_graph(sample_rate: int, tempo: float) -> av.filter.Graph:
    import av.filter

    graph = av.filter.Graph()
    steps = max(1, math.ceil(abs(math.log2(tempo)) - 1e-9))
    nodes = [
        graph.add_abuffer(sample_rate=sample_rate, format="flt", layout="mono"),
        *(graph.add("atempo", repr(tempo ** (1 / steps))) for _ in range(steps)),
        graph.add("abuffersink"),
    ]
    graph.link_nodes(*nodes).configure()
    return graph


def _pull(graph: av.filter.Graph) -> Iterator[Samples]:
    from av.error import BlockingIOError, EOFError  # noqa: A004 - as PyAV names them

    while True:
        try:
            yield np.array(graph.pull().to_ndarray().reshape(-1), np.float32)
        except (BlockingIOError, EOFError):
            return
