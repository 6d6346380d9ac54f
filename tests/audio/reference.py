"""What FFmpeg says of sound: the referee of voxpress's own measures."""

from __future__ import annotations

import math
from typing import NamedTuple

import av
import av.filter
import numpy as np


class Reference(NamedTuple):
    """Loudness (LUFS) and true peak (dBTP) by FFmpeg's filter ebur128."""

    loudness: float
    peak: float


def measure(samples: np.ndarray, sample_rate: int) -> Reference:
    """Measure samples of shape (n, channels)."""
    layout = "mono" if samples.shape[1] == 1 else "stereo"
    graph = av.filter.Graph()
    graph.link_nodes(
        graph.add_abuffer(sample_rate=sample_rate, format="flt", layout=layout),
        graph.add("ebur128", "peak=true:metadata=1"),
        graph.add("abuffersink"),
    ).configure()
    said: dict[str, str] = {}
    for start in (*range(0, len(samples), 65_536), None):
        if start is None:
            graph.push(None)
        else:
            block = np.ascontiguousarray(samples[start : start + 65_536], np.float32).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(block, format="flt", layout=layout)
            frame.sample_rate, frame.pts = sample_rate, start
            graph.push(frame)
        try:
            while True:
                said.update(graph.pull().metadata)
        except (av.error.BlockingIOError, av.error.EOFError):
            pass
    return Reference(
        float(said["lavfi.r128.I"]), 20 * math.log10(float(said["lavfi.r128.true_peak"]) or 1e-9)
    )


def read(path: object) -> np.ndarray:
    """The samples of a file as a player hears them, shape (n, channels)."""
    with av.open(str(path)) as file:
        return np.concatenate([frame.to_ndarray() for frame in file.decode(audio=0)], axis=1).T
