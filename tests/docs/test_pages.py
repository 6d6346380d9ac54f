"""The documentation says what is so."""

from __future__ import annotations

import ast
import re
import runpy
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from voxpress import engines
from voxpress.speech import Output

from .conftest import ROOT, Page

PAGES = [path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]]
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)?(?:#([^)\s]+))?\)")


@pytest.mark.blocks
@pytest.mark.parametrize("name", sorted(PAGES))
def test_every_block_runs(name: str, page: Callable[[str], Page]) -> None:
    """Commands print what the page shows, and Python gives what it says."""
    if name in (
        *("README.md", "docs/quickstart.md", "docs/server.md", "docs/voices.md"),
        "docs/systems/home-assistant.md",
    ):
        pytest.importorskip("piper", reason="they speak with Piper")
    if name == "docs/server.md" and not shutil.which("curl"):
        pytest.skip("one of its clients is curl")
    page(name).run()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_links_lead_somewhere(name: str) -> None:
    """Files that are linked exist, and so do the headings."""
    path = ROOT / name
    text = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for file, heading in _LINK.findall(text):
        target = path.parent / file if file else path
        assert target.exists(), f"{name} links to {file}"
        if heading:
            assert heading in _headings(target), f"{name} links to {file}#{heading}"


def _headings(path: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_generated_parts_are_current() -> None:
    """``make docs`` would change nothing."""
    pages = runpy.run_path(str(ROOT / "tools" / "generate_docs.py"))["pages"]()
    for path, text in pages.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is old: run make docs"


def test_presets_have_all_their_fields_on_the_page() -> None:
    """`Output` has most of them."""
    page = (ROOT / "docs" / "presets.md").read_text(encoding="utf-8")
    own = ("files", "extends", "description", "lexicons", "marks", "names", "map", "before", "after")
    for field in (*own, *Output.__struct_fields__):
        assert f"`{field}`" in page, field


def test_every_option_says_what_it_does() -> None:
    """The page of the command line has a name for each value and a text for each option, and no hidden option."""
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(-[^`]*)` \| (.*) \|$", page, re.MULTILINE)
    assert len(rows) > 50
    assert not [row for row in rows if "None" in row[0].split() or row[1] in ("", "None")]
    assert "--api-key" not in page
    assert "--prune-all" not in page


def test_the_tree_is_the_tree_on_disk() -> None:
    """ARCHITECTURE.md names every module of src/, and no other."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    block = re.search(r"```text\nsrc/voxpress/\n(.*?)```", text, re.DOTALL)
    assert block
    folders, named = [Path()], set()
    for line in block[1].splitlines():
        indent, name = re.match(r"( *)(\S*)", line).groups()  # type: ignore[union-attr]
        if len(indent) > 2 * len(folders):
            continue  # the rest of a description
        folders = folders[: len(indent) // 2]
        if name.endswith("/"):
            folders.append(folders[-1] / name)
        else:
            named.add((folders[-1] / name).as_posix())
    source = ROOT / "src" / "voxpress"
    there = {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}
    # What a folder is for is said beside its name; its __init__.py is named where it does more than say so.
    silent = {path for path in there if path.endswith("/__init__.py") and path not in named}
    assert named == {path for path in there - silent if not path.endswith(".pyc")}


def test_no_page_knows_this_machine() -> None:
    """Paths that no reader has are of no use; those of the server and of systems are named here."""
    known = {
        *(
            "v1",
            "docs",
            "_clips",
            "var",
            "dev",
            "IPA",
            "guide",
            "etc",
            "usr",
            "opt",
            "config",
            "local",
            "data",
        ),
        *("SOUNDS", "audio"),
    }
    for name in PAGES:
        text = re.sub(r"\b(?!file)\w+://\S+", "", (ROOT / name).read_text(encoding="utf-8"))
        found = set(re.findall(r"(?<![\w.~<>)}\]*…-])/([A-Za-z0-9_]+)/", text))
        assert found <= known, name


def test_every_engine_is_listed() -> None:
    """The page on engines has a heading for each that speaks."""
    assert set(engines.names()) - {"tone"} <= _headings(ROOT / "docs" / "engines.md")


def test_every_code_of_an_error_is_explained() -> None:
    """What a program can find in `error.code` stands on the page of the server."""
    page = (ROOT / "docs" / "server.md").read_text(encoding="utf-8")
    given: set[str] = set()
    for path in (ROOT / "src" / "voxpress" / "server").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Refusal":
                given |= {str(code.value) for code in call.args[2:3] if isinstance(code, ast.Constant)}
    assert given > {"queue_full", "clip_not_found"}
    assert not [code for code in given if f"`{code}`" not in page]
