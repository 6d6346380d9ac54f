"""Devices, as far as they can be told without PyTorch."""

import pytest

from voxpress.engines import _torch
from voxpress.errors import UnsupportedOption


@pytest.mark.parametrize(("device", "most"), [("cpu", None), ("cuda", 1), ("cuda:3", 1), ("mps", 1)])
def test_one_process_on_a_gpu(device, most):
    """Two would share its memory and take turns."""
    assert _torch.most_processes(device) == most


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:one", "CPU", "", "cpu:1"])
def test_unknown_devices(device):
    with pytest.raises(UnsupportedOption, match=f"no device {device!r}: use auto, cpu"):
        _torch.most_processes(device)
