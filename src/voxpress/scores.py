"""How does it sound? Predicted naturalness, and how like its sample a cloned voice is.

Both come from PyTorch models, which are packed with their libraries: they run in the environment ``scores``, made with
``voxpress engines install scores``.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from voxpress import audio as sound
from voxpress import environments
from voxpress.audio import Audio
from voxpress.errors import EngineNotInstalled
from voxpress.executors import Processes
from voxpress.speech import Hertz

ENVIRONMENT = "scores"
_SAMPLE_RATE: Hertz = 16000


def start(workers: int) -> Processes:
    """Processes of the environment, for `naturalness` and `similarity`.

    Raises:
        EngineNotInstalled: the environment was not made; the message holds the command.
    """
    python = environments.python(ENVIRONMENT)
    if python is None:
        raise EngineNotInstalled(
            "naturalness and similarity need an environment of their own: run  voxpress engines install scores"
        )
    return Processes(workers, python=python)


def naturalness(audio: Audio) -> float:
    """Mean opinion score that listeners would give, 1 to 5, as DistillMOS predicts it. Telephone quality costs half a
    point.

    Only in the environment ``scores``.
    """
    import torch

    samples = torch.from_numpy(sound.resample(audio, _SAMPLE_RATE).samples.copy())[None]
    with torch.no_grad():
        return float(_distillmos()(samples).mean())


def similarity(audio: Audio, sample: Audio) -> float:
    """How like the voice of `sample` that of `audio` is: the cosine of Resemblyzer's embeddings. The same speaker has
    0.8 and more, another one of the same sex 0.6.

    Only in the environment ``scores``.
    """
    return float(_embedding(audio) @ _embedding(sample))


def _embedding(audio: Audio) -> npt.NDArray[np.float32]:
    from resemblyzer import preprocess_wav

    samples = preprocess_wav(sound.resample(audio, _SAMPLE_RATE).samples)
    return np.asarray(_encoder().embed_utterance(samples))


@functools.cache
def _distillmos() -> Any:
    import contextlib
    import io

    import distillmos
    import torch

    torch.set_num_threads(1)
    with contextlib.redirect_stdout(io.StringIO()):  # it tells where its weights are
        return distillmos.ConvTransformerSQAModel().eval()


@functools.cache
def _encoder() -> Any:
    import resemblyzer
    import torch

    torch.set_num_threads(1)
    return resemblyzer.VoiceEncoder("cpu", verbose=False)
