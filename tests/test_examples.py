"""The programs of examples/ run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
ARGUMENTS = {
    "get_or_render": ["tone"],
    "prompt_pack": [str(EXAMPLES / "manifests" / "core-sounds.txt"), "sounds", "tone"],
    "podcast": ["episode.m4a", "tone"],
}


def run(folder: Path, *command: str, **environment: str) -> str:
    """What the command prints, in `folder` and with a store in it."""
    place = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), **environment}
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=place, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_example_is_run() -> None:
    """A new one needs an entry above, or a test of its own such as test_manim.py."""
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {*ARGUMENTS, "manim_speech"}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_examples_run(name: str, tmp_path: Path) -> None:
    """Without an error, and with something to show for it."""
    assert run(tmp_path, str(EXAMPLES / f"{name}.py"), *ARGUMENTS[name])


def test_get_or_render_finds_what_it_rendered(tmp_path: Path) -> None:
    """Both times the same path."""
    first, second = run(tmp_path, str(EXAMPLES / "get_or_render.py"), "tone").splitlines()
    path = first.split()[1]
    assert second.split()[1] == path and Path(path).read_bytes()


def test_the_prompt_pack_has_all_formats(tmp_path: Path) -> None:
    """Six files for each prompt, beeps and silences among them."""
    run(tmp_path, str(EXAMPLES / "prompt_pack.py"), *ARGUMENTS["prompt_pack"])
    prompts = {path.with_suffix("") for path in (tmp_path / "sounds").rglob("*.gsm")}
    assert len(prompts) == 7
    suffixes = ("wav", "sln16", "ulaw", "alaw", "g722", "gsm")
    assert all(prompt.with_suffix(f".{suffix}").stat().st_size for prompt in prompts for suffix in suffixes)


@pytest.mark.engines
def test_an_engine_of_another_package_keeps_the_contract() -> None:
    """Its own tests pass."""
    command = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", ".", "whistle")
    assert "12 passed" in run(EXAMPLES, *command, PYTHONPATH=_path(EXAMPLES / "whistle"))


def test_an_engine_of_another_package_is_found_by_its_entry_point(tmp_path: Path) -> None:
    """As if its package were installed; workers find it too."""
    record = tmp_path / "installed" / "voxpress_whistle-1.0.dist-info"
    record.mkdir(parents=True)
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: voxpress-whistle\nVersion: 1.0\n")
    (record / "entry_points.txt").write_text("[voxpress.engines]\nwhistle = whistle:Whistle\n")
    _renders(tmp_path, _path(EXAMPLES / "whistle", record.parent))


@pytest.mark.engines
def test_an_engine_of_another_package_is_installed_by_pip(tmp_path: Path) -> None:
    """With what its pyproject.toml says, and nothing else."""
    place = tmp_path / "installed"
    pip = (
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        str(place),
    )
    run(tmp_path, *pip, str(EXAMPLES / "whistle"))
    assert {path.name for path in place.iterdir()} >= {"whistle.py", "voxpress_whistle-1.0.dist-info"}
    _renders(tmp_path, _path(place))


def _path(*places: Path) -> str:
    """Also what this process has: workers get the same voxpress."""
    return os.pathsep.join([*map(str, places), os.environ.get("PYTHONPATH", "")])


def _renders(folder: Path, path: str) -> None:
    assert "whistle" in run(folder, "-m", "voxpress", "engines", PYTHONPATH=path)
    rows = str(EXAMPLES / "prompts.csv")
    command = ["-m", "voxpress", "render", rows, "-o", "out", "-e", "whistle", "--option", "vibrato=0.5"]
    assert "4 segments spoken" in run(folder, *command, PYTHONPATH=path)
