"""How does it sound? Predicted naturalness, how like its sample a cloned voice is, and whether a sample has one voice.

All come from PyTorch models, which are packed with their libraries: they run in the environment ``scores``, made with
``voxpress engines install scores``.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from voxpress.audio import waveform as sound
from voxpress.audio.waveform import Audio
from voxpress.errors import EngineNotInstalled
from voxpress.executors import Processes
from voxpress.models import environments
from voxpress.speech import Hertz

ENVIRONMENT = "scores"
_SAMPLE_RATE: Hertz = 16000
_STRETCHES = 4.0
"""Of a second: how often one begins."""
_ONE_VOICE = 0.8
"""docs/voices.md says how many samples of one voice, and of two, lie below."""


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


def constancy(audio: Audio) -> float:
    """How alike the voice of a recording is throughout: its stretches of 1.6 s are told apart in two kinds, and it is
    the cosine of Resemblyzer's embeddings of these. 1 where it is too short to be told apart.

    Only in the environment ``scores``.
    """
    from resemblyzer import preprocess_wav
    from sklearn.cluster import KMeans

    samples = preprocess_wav(sound.resample(audio, _SAMPLE_RATE).samples)
    _, stretches, _ = _encoder().embed_utterance(samples, return_partials=True, rate=_STRETCHES)
    if len(stretches) < 2:
        return 1.0
    one, other = KMeans(2, n_init=10, random_state=0).fit(stretches).cluster_centers_
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def one_voice(sample: Audio) -> str:
    """A warning where more than one person seems to speak; else, or where the environment is not there, nothing."""
    if environments.python(ENVIRONMENT) is None:
        return ""
    with start(1) as process:
        alike = process.submit(constancy, sample).result()
    if alike >= _ONE_VOICE:
        return ""
    return f"more than one person seems to speak (likeness {alike:.2f}, where one has {_ONE_VOICE:g} or more)"


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
