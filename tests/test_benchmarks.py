"""benchmarks/: the page shows what the scripts measured, and the helpers that decide a figure are right."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

HOME = Path(__file__).parents[1] / "benchmarks"


def script(name: str) -> ModuleType:
    """A script, without running it."""
    spec = importlib.util.spec_from_file_location(name, HOME / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(name, module)  # dataclasses look their module up, and the others import this one
    spec.loader.exec_module(module)
    return module


def test_the_page_holds_the_results_as_they_are() -> None:
    """No figure is typed by hand. To copy them: python benchmarks/measure.py"""
    measure = script("measure")
    page = measure.DOCS.read_text(encoding="utf-8")
    assert measure.with_results(page) == page
    for result in measure.RESULTS.glob("*.md"):
        assert f"<!-- results: {result.stem} -->" in page or result.stem == "graphs"


def test_every_script_is_on_the_page() -> None:
    """And every script the page names is there."""
    page = script("measure").DOCS.read_text(encoding="utf-8")
    scripts = {path.name for path in HOME.glob("*.py")} - {"measure.py"}
    assert {name for name in scripts if f"`{name}" in page} == scripts


@pytest.mark.parametrize(
    ("line", "kept"), [("a: Hello.", True), ("a: [beep]", False), ("; a: no", None), ("a: (silence)", False)]
)
def test_prompts_with_directions_are_left_out_and_counted(
    tmp_path: Path, line: str, kept: bool | None
) -> None:
    """Both sides speak the same lines, and the table says how many are missing."""
    (tmp_path / "list.txt").write_text(f"{line}\nlast:  Good   bye.\n")
    rows, left_out = script("measure").prompts(tmp_path / "list.txt")
    assert [row.text for row in rows] == (["Hello."] if kept else []) + ["Good bye."]
    assert left_out == (1 if kept is False else 0)
