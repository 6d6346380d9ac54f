"""Device, precision and seed of engines on PyTorch.

`most_processes` and `check` do without PyTorch, for the process that plans; the other functions import it, in workers.
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
        UnsupportedOption: no device has that name.
    """
    kind = _device_kind(device)
    if kind == "auto":
        kind = "cuda" if any(next(Path("/dev").glob(name), None) for name in _GPUS) else "cpu"
    return None if kind == "cpu" else 1


def choose(device: str) -> Any:
    """The `torch.device` of `device`; ``auto`` is a CUDA (or ROCm) GPU if PyTorch finds one, else the CPU.

    It also sets PyTorch to one thread and to deterministic algorithms.

    Raises:
        EngineError: PyTorch does not find the device.
        UnsupportedOption: no device has that name.
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
    """Check, without PyTorch, that a device can compute in a precision.

    >>> check("float16", "cuda")

    Raises:
        UnsupportedOption: the device is a CPU, and the precision float16.
    """
    if precision == "float16" and most_processes(device) is None:
        raise UnsupportedOption(
            "a CPU does not compute in float16: set option 'precision' to bfloat16 or float32"
        )


def dtype(precision: str, device: Any) -> Any:
    """The `torch.dtype` that `precision` names, for a `torch.device`.

    Raises:
        UnsupportedOption: the device cannot compute in that precision.
    """
    import torch

    check(precision, device.type)
    return {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}[precision]


def set_seed(seed: int) -> None:
    """Seed PyTorch's noise on every device, with any whole number."""
    import torch

    torch.manual_seed(seed % 2**63)


def _device_kind(device: str) -> str:
    if not _DEVICE.fullmatch(device):
        raise UnsupportedOption(f"no device {device!r}: use auto, cpu, cuda, cuda:1 (the second GPU) or mps")
    return device.partition(":")[0]
