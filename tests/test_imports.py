"""What importing costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

HEAVY = {
    "av",
    "ctranslate2",
    "faster_whisper",
    "kokoro",
    "misaki",
    "obstore",
    "onnx",
    "onnxruntime",
    "openai",
    "piper",
    "sentencex",
    "soundfile",
    "soxr",
    "torch",
}

ALL = """
import importlib, json, pkgutil, sys
import voxpress
for module in pkgutil.walk_packages(voxpress.__path__, "voxpress."):
    if module.name not in ("voxpress.__main__", "voxpress.testing"):
        importlib.import_module(module.name)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def _modules(program: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_no_module_imports_what_is_heavy() -> None:
    """Neural networks, codecs and stores are imported when they are first used."""
    assert _modules(ALL) & HEAVY == set()


@pytest.mark.parametrize("module", ["voxpress", "voxpress.cli"])
def test_the_edges_are_light(module: str) -> None:
    """``voxpress --help`` and ``import voxpress`` do not even import numpy."""
    program = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    assert not _modules(program) & {"numpy", "rich", "yaml"}


HIT = """
import json, sys
from voxpress.cli import main
sys.argv[1:] = ["say", "Please hold.", "-e", "tone", "-o", sys.argv[1]]
try:
    main()
except SystemExit:
    pass
print(json.dumps(sorted(sys.modules)))
"""


def test_a_clip_from_the_store_needs_little(tmp_path) -> None:
    """Least of all numpy, whose import takes longer than all the rest."""
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", HIT, str(tmp_path / "hold.wav")],
            env={name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")},
            capture_output=True,
            text=True,
            check=True,
        )
    assert (tmp_path / "hold.wav").exists()
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert not loaded & {
        "numpy",
        "http.client",
        "multiprocessing",
        "concurrent.futures.process",
        "sqlite3",
        "yaml",
    }
