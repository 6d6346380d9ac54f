"""How engines are found: those here, those of other packages, and those that are not installed."""

import subprocess
import sys
import textwrap

import pytest

from voxpress import engines
from voxpress.engines import Option
from voxpress.engines.tone import Tone
from voxpress.errors import EngineNotInstalled, UnknownEngine, UnknownVoice, UnsupportedOption


def test_the_engines_here_are_found_without_being_imported():
    """Their names are the names of their files."""
    assert {"kokoro", "piper", "tone"} <= set(engines.names())
    assert engines.find("tone") is Tone


def test_an_unknown_engine_names_those_that_exist():
    """With the nearest one first."""
    with pytest.raises(
        UnknownEngine, match=r"no engine 'pipper'; did you mean 'piper'\? \(engines: .*tone.*\)"
    ):
        engines.find("pipper")


def test_an_unknown_voice_of_an_engine_with_one():
    """Is counted as a reader would."""

    class Single(Tone):
        def voices(self):
            return super().voices()[:1]

    with pytest.raises(UnknownVoice, match=r"'x' is not a tone voice \(1 voice: voxpress voices tone\)"):
        Single().voice("x")


def test_a_missing_package_is_an_error_with_the_install_command():
    """Before anything is spoken."""

    class Absent(Tone):
        name = "absent"
        packages = ("no_such_package_anywhere",)
        install = "pip install 'voxpress[absent]'"

    with pytest.raises(
        EngineNotInstalled, match=r"needs no_such_package_anywhere: run  pip install 'voxpress\[absent\]'"
    ):
        engines.require(Absent)


def test_an_engine_of_another_package_is_found_by_its_entry_point(tmp_path):
    """Installed beside voxpress, it is listed and speaks like the others."""
    (tmp_path / "humming.py").write_text(
        textwrap.dedent("""
            from voxpress.engines.tone import Tone

            class Humming(Tone):
                name = "humming"
        """)
    )
    info = tmp_path / "humming-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: humming\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[voxpress.engines]\nhumming = humming:Humming\n")
    program = """
        import voxpress
        from voxpress import engines
        assert "humming" in engines.names()
        rows = [voxpress.Utterance(id="a", text="Hello there.")]
        (result,) = voxpress.render(rows, "out", engine="humming", store="store", workers=1)
        print(result.status, result.engine)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=tmp_path, env={"PYTHONPATH": str(tmp_path), "PATH": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "rendered humming", done.stderr


@pytest.mark.parametrize(
    ("option", "value", "wanted"),
    [
        (Option(default=0.5, minimum=0.0, maximum=1.0), 1, 1.0),
        (Option(default=3), 5, 5),
        (Option(default=True), False, False),
        (Option(default="a", choices=("a", "b")), "b", "b"),
    ],
)
def test_options_take_values_of_their_type(option, value, wanted):
    """A whole number will do for a float."""
    checked = option.check("x", value)
    assert checked == wanted and type(checked) is type(wanted)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        (Option(default=0.5, minimum=0.0, maximum=1.0), 1.5),
        (Option(default=0.5), float("nan")),
        (Option(default=0.5), "much"),
        (Option(default=3), 3.5),
        (Option(default=3), True),
        (Option(default=True), 1),
        (Option(default="a", choices=("a", "b")), "c"),
    ],
)
def test_options_refuse_what_is_not(option, value):
    """The message names the option and the value."""
    with pytest.raises(UnsupportedOption, match="'x'"):
        option.check("x", value)
