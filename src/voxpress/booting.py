"""How a process that does not have voxpress installed gets this very package, and nothing else of this environment."""

from __future__ import annotations

from pathlib import Path

_BOOT = """
import importlib, importlib.util, sys
place, module = sys.argv.pop(1), sys.argv.pop(1)
spec = importlib.util.spec_from_file_location("voxpress", place + "/__init__.py", submodule_search_locations=[place])
sys.modules["voxpress"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["voxpress"])
importlib.import_module(module).main()
"""


def boot(module: str) -> list[str]:
    """Arguments for an interpreter, before those of the module, to run `main` of a module of voxpress.

    >>> boot("voxpress.audio.sandbox")[0]
    '-c'
    """
    return ["-c", _BOOT, str(Path(__file__).parent), module]
