"""Where PyTorch computes, in which numbers and from which noise: what the engines that use it share.

`most_processes` is for the process that plans and imports nothing; all else imports PyTorch, and so is for workers.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from voxpress.errors import EngineError, UnsupportedOption

PRECISIONS = ("float32", "float16", "bfloat16")
"""Numbers that an engine can compute in."""

_DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d+)?")
_GPUS = ("nvidia[0-9]*", "kfd", "dxg")
"""Device files of NVIDIA's driver, of AMD's, and of either under Windows' Linux."""


def most_processes(device: str) -> int | None:
    """Most processes that may compute on `device` at once: one on a GPU, None (one for each core) on the CPU.

    >>> most_processes("cpu"), most_processes("cuda:1")
    (None, 1)

    Raises:
        UnsupportedOption: no device is called so.
    """
    kind = _device_kind(device)
    if kind == "auto":
        kind = "cuda" if any(next(Path("/dev").glob(name), None) for name in _GPUS) else "cpu"
    return None if kind == "cpu" else 1


def choose(device: str) -> Any:
    """`device` as a `torch.device`: ``auto`` is a CUDA (or ROCm) GPU where PyTorch finds one, else the CPU; any other
    is that one or an error. From here on PyTorch uses one thread, and the same algorithms each time.

    Raises:
        EngineError: PyTorch does not find it.
        UnsupportedOption: no device is called so.
    """
    import torch

    kind = _device_kind(device)
    if kind == "auto":
        kind = device = "cuda" if torch.cuda.is_available() else "cpu"
    if kind == "mps" and not torch.backends.mps.is_available():
        raise EngineError("device 'mps' is not there: PyTorch finds no GPU of Apple's")
    if kind == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        chosen = torch.device(device)
        if (chosen.index or 0) >= count:
            found = f"{count} GPU{'s'[: count != 1]}" if count else "no GPU"
            raise EngineError(f"device {device!r} is not there: PyTorch {torch.__version__} finds {found}")
    torch.set_num_threads(1)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    return torch.device(device)


def check(precision: str, device: str) -> None:
    """Raise if `device` cannot compute in that precision, as far as can be told without PyTorch.

    >>> check("float16", "cuda")

    Raises:
        UnsupportedOption
    """
    if precision == "float16" and most_processes(device) is None:
        raise UnsupportedOption(
            "a CPU does not compute in float16: set option 'precision' to bfloat16 or float32"
        )


def dtype(precision: str, device: Any) -> Any:
    """The `torch.dtype` that `precision` names, for a `torch.device`.

    Raises:
        UnsupportedOption: the device cannot compute in it.
    """
    import torch

    check(precision, device.type)
    return {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}[precision]


def set_seed(seed: int) -> None:
    """From here on PyTorch draws the noise of `seed`, on every device. Any number is a seed."""
    import torch

    torch.manual_seed(seed % 2**63)


def _device_kind(device: str) -> str:
    if not _DEVICE.fullmatch(device):
        raise UnsupportedOption(f"no device {device!r}: use auto, cpu, cuda, cuda:1 (the second GPU) or mps")
    return device.partition(":")[0]
