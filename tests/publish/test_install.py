"""``render --install``: an archive with the tree that a system expects, the same bytes each time."""

from __future__ import annotations

import hashlib
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from voxpress.publish import systems

from .conftest import Run

PROMPTS = """\
; Prompts of a test
hello-world: Hello world.
digits/1: one
silence/1: (1 second of silence)
"""


@pytest.fixture
def prompts(tmp_path: Path) -> str:
    (tmp_path / "prompts.txt").write_text(PROMPTS)
    return "prompts.txt"


def _names(archive: str) -> list[str]:
    with tarfile.open(archive) as tar:
        for each in tar:
            assert each.isfile()
            assert (each.uid, each.gid, each.uname, each.mode) == (0, 0, "", 0o644)
        return tar.getnames()


def test_asterisk_gets_a_voice_beside_the_others(voxpress: Run, prompts: str) -> None:
    """The preset is the system's, unless another is named; the language is cut at its last underscore."""
    done = voxpress("render", prompts, "-o", "out", "--install", "asterisk", "--pack-name", "en_US_m_Joe")
    assert "Set(CHANNEL(language)=en_US_m_Joe)" in done.said
    names = _names("out.asterisk.tar.gz")
    assert "sounds/en_US_m_Joe/digits/1.gsm" in names
    assert "sounds/en_US_m_Joe/hello-world.sln16" in names
    assert len(names) == 3 * 6 + 1
    with tarfile.open("out.asterisk.tar.gz") as tar:
        packed = tar.extractfile("sounds/en_US_m_Joe/digits/1.wav")
        assert packed is not None
        assert packed.read() == Path("out/digits/1.wav").read_bytes()


def test_freeswitch_has_rates_below_the_section(voxpress: Run, prompts: str) -> None:
    done = voxpress("render", prompts, "-o", "out", "--install", "freeswitch", "--pack-name", "en/us/joe")
    assert 'data="sound_prefix=$${sounds_dir}/en/us/joe"' in done.said
    assert 'data="default_voice=joe"' in done.said
    assert "sounds/en/us/joe/digits/8000/1.wav" in _names("out.freeswitch.tar.gz")


def test_the_name_is_made_of_language_and_voice(voxpress: Run, prompts: str) -> None:
    voxpress("render", prompts, "-o", "out", "--install", "freepbx", "--voice", "high", "--language", "en-US")
    assert "sounds/en_US_high/digits/1.wav" in _names("out.freepbx.tar.gz")


def test_freepbx_gets_nothing_but_sounds(voxpress: Run, prompts: str) -> None:
    """It lists whatever lies in the folder of a language as a recording."""
    voxpress("render", prompts, "-o", "out", "--install", "freepbx", "--pack-name", "en")
    names = _names("out.freepbx.tar.gz")
    assert len(names) == 3 * 6
    assert all(name.startswith("sounds/en/") and not name.endswith(".txt") for name in names)


def test_valetudo_gets_digest_and_size(voxpress: Run, prompts: str, tmp_path: Path) -> None:
    (tmp_path / "voxpress.toml").write_text(
        '[presets.robot]\nfiles = [{ path = "{id}.ogg", sample_rate = 16000 }]\n'
    )
    done = voxpress("render", prompts, "-o", "out", "--preset", "robot", "--install", "valetudo")
    data = Path("out.valetudo.tar.gz").read_bytes()
    assert hashlib.md5(data).hexdigest() in done.said
    assert f"File size      {len(data)}\n" in done.said
    assert _names("out.valetudo.tar.gz") == ["digits/1.ogg", "hello-world.ogg", "silence/1.ogg"]


@pytest.mark.parametrize("name", ["foo/bar", "1/2", "SYSTEM/7"])
def test_valetudo_has_no_folders(voxpress: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "robot.csv").write_text(f"file,text\n7.ogg,Start.\n{name}.ogg,Paused.\n")
    done = voxpress("render", "robot.csv", "-o", "out", "--install", "valetudo", status=2)
    assert (
        "the file's path has more than 0 folders: the robot reads no folders of a voice pack" in done.warned
    )
    assert not Path("out/7.ogg").exists()


@pytest.mark.parametrize(
    ("system", "pack", "language"),
    [
        ("asterisk", "de_DE_f_Anna", "en-US"),
        ("freepbx", "fr", "de"),
        ("freeswitch", "de/de/anna", "en"),
        ("edgetx", "cz", "da"),
    ],
)
def test_a_pack_is_not_named_after_another_language(
    voxpress: Run, tmp_path: Path, system: str, pack: str, language: str
) -> None:
    (tmp_path / "rows.csv").write_text(f"id,text,language\na,Eins.,{language}\n")
    asked = ("render", "rows.csv", "-o", "out", "--install", system, "--pack-name", pack)
    done = voxpress(*asked, status=2)
    assert f"the pack {pack} is named after the language" in done.warned
    assert not list(Path("out").glob("a.*"))
    # Nor where the files stand already.
    voxpress(*asked[:4], "--preset", systems.SYSTEMS.require(system).preset)
    assert "is named after the language" in voxpress(*asked, status=2).warned
    assert not list(Path().glob("out.*"))


@pytest.mark.parametrize(
    ("system", "pack", "language"),
    [
        ("asterisk", "de_AT_f_Anna", "de-DE"),
        ("asterisk", "no", "nb"),
        ("asterisk", "ivr_Anna", "en"),
        ("edgetx", "cz", "cs"),
        ("edgetx", "tw", "zh"),
        ("valetudo", "EN", "en"),
        ("valetudo", "glados", "en"),
    ],
)
def test_a_pack_named_after_its_own_language(
    voxpress: Run, tmp_path: Path, system: str, pack: str, language: str
) -> None:
    (tmp_path / "rows.csv").write_text(f"id,text,language\n7,Eins.,{language}\n")
    voxpress("render", "rows.csv", "-o", "out", "--install", system, "--pack-name", pack)


def test_edgetx_gets_a_zip_of_the_card(voxpress: Run, tmp_path: Path) -> None:
    (tmp_path / "voices.csv").write_text("file,text\nSYSTEM/0000.wav,zero\ngearup.wav,gear up\n")
    (tmp_path / "voxpress.toml").write_text(
        '[presets.radio]\nfiles = [{ path = "{id}.wav", sample_rate = 32000 }]\n'
    )
    voxpress("render", "voices.csv", "-o", "out", "--preset", "radio", "--install", "edgetx")
    with zipfile.ZipFile("out.edgetx.zip") as zipped:
        assert zipped.testzip() is None
        assert zipped.namelist() == ["SOUNDS/en/SYSTEM/0000.wav", "SOUNDS/en/gearup.wav"]
        assert zipped.read("SOUNDS/en/gearup.wav") == Path("out/gearup.wav").read_bytes()


def test_the_same_files_give_the_same_archive(voxpress: Run, prompts: str) -> None:
    """It is not written again, and another folder gives the same bytes."""
    voxpress("render", prompts, "-o", "out", "--install", "asterisk", "--archive", "a/pack.tgz")
    before = Path("a/pack.tgz").stat()
    done = voxpress("render", prompts, "-o", "out", "--install", "asterisk", "--archive", "a/pack.tgz")
    assert "archive: a/pack.tgz, as it was (18 files" in done.said
    assert Path("a/pack.tgz").stat().st_mtime_ns == before.st_mtime_ns
    voxpress("render", prompts, "-o", "other", "--install", "asterisk", "--archive", "b/pack.tgz")
    assert Path("a/pack.tgz").read_bytes() == Path("b/pack.tgz").read_bytes()


@pytest.mark.parametrize("system", ["asterisk", "edgetx"])
def test_lost_instructions_are_written_again(voxpress: Run, prompts: str, system: str) -> None:
    """A process may be killed between the archive and its instructions. What somebody changed stays."""
    Path(prompts).write_text("; One\nhello: Hello.\n")
    asked = ("render", prompts, "-o", "out", "--install", system, "--pack-name", "en")
    voxpress(*asked)
    [archive] = (each for each in Path().glob("out.*") if each.suffix != ".txt")
    notes = Path(f"{archive}.txt")
    told = notes.read_bytes()
    for lost in (None, b"Somebody's\nsha256 0\n"):
        notes.unlink() if lost is None else notes.write_bytes(lost)
        assert "as it was" in voxpress(*asked).said
        assert notes.read_bytes() == told
    archive.write_bytes(archive.read_bytes() + b"more")
    assert "a file is there that voxpress did not write" in voxpress(*asked, status=2).warned


def test_a_changed_list_replaces_its_own_archive(voxpress: Run, prompts: str) -> None:
    """A row that has gone is not in the archive, though its file is still in the folder."""
    voxpress("render", prompts, "-o", "out", "--install", "asterisk")
    Path(prompts).write_text("; One\nhello-world: Hello, world.\n")
    voxpress("render", prompts, "-o", "out", "--install", "asterisk")
    assert len(_names("out.asterisk.tar.gz")) == 6 + 1
    assert Path("out/digits/1.wav").exists()


@pytest.mark.parametrize("changed", [False, True])
def test_a_file_of_somebody_else_stays(voxpress: Run, prompts: str, changed: bool) -> None:
    if changed:
        voxpress("render", prompts, "-o", "out", "--install", "asterisk")
    Path("out.asterisk.tar.gz").write_bytes(b"mine")
    done = voxpress("render", prompts, "-o", "out", "--install", "asterisk", status=2)
    assert "a file is there that voxpress did not write" in done.warned
    assert Path("out.asterisk.tar.gz").read_bytes() == b"mine"
    voxpress("render", prompts, "-o", "out", "--install", "asterisk", "--overwrite")
    assert _names("out.asterisk.tar.gz")


@pytest.mark.parametrize(
    ("archive", "problem"),
    [
        ("mine.tgz", "cannot write mine.tgz: a file is there that voxpress did not write"),
        ("noted.tgz", "cannot write noted.tgz.txt: a file is there that voxpress did not write"),
        ("prompts.txt/x.tgz", "prompts.txt is no folder"),
        ("folder.tgz", "cannot write folder.tgz: it is a folder"),
        ("pipe.tgz", "cannot write pipe.tgz: it is a pipe that nobody reads"),
        ("x/../map.tgz", "archive: x/../map.tgz is also the file of --map"),
        ("out/.voxpress/a.tgz", "is among voxpress's own files"),
    ],
)
def test_a_place_for_the_archive_that_cannot_be_is_told_before_anything_is_spoken(
    voxpress: Run, prompts: str, archive: str, problem: str
) -> None:
    Path("mine.tgz").write_bytes(b"mine")
    Path("noted.tgz.txt").write_text("My notes\n")
    Path("folder.tgz").mkdir()
    Path("x").mkdir()
    os.mkfifo("pipe.tgz")
    options = ("--install", "asterisk", "--archive", archive, "--map", "map.tgz")
    assert problem in voxpress("render", prompts, "-o", "out", *options, status=2).warned
    assert not Path("out").exists()
    assert Path("mine.tgz").read_bytes() == b"mine"


def test_a_render_with_failures_gives_no_archive(voxpress: Run, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("id,text,option.fault\na,Hello.,\nb,Bye.,raise\n")
    done = voxpress("render", "rows.csv", "-o", "out", "--install", "asterisk", status=1)
    assert "no archive was written" in done.warned
    assert not Path("out.asterisk.tar.gz").exists()


def test_a_link_is_not_followed(voxpress: Run, prompts: str, tmp_path: Path) -> None:
    voxpress("render", prompts, "-o", "out", "--preset", "asterisk")
    (tmp_path / "out/digits").rename(tmp_path / "elsewhere")
    (tmp_path / "out/digits").symlink_to(tmp_path / "elsewhere")
    done = voxpress("render", prompts, "-o", "out", "--install", "asterisk", status=2)
    assert "lies outside of" in done.warned
    assert not Path("out.asterisk.tar.gz").exists()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--install", "asterisk", "-f", "mp3"], "Asterisk plays no mp3"),
        (
            ["--install", "asterisk", "-f", "wav"],
            "not of the voice's own rate; its preset is --preset asterisk",
        ),
        (["--install", "asterisc"], "did you mean 'asterisk'?"),
        (["--install", "asterisk", "--pack-name", "../x"], "cannot name a pack here, as en_US_m_Joe can"),
        (["--install", "asterisk", "--only", "digits/1"], "cannot be combined with --only"),
        (["--install", "asterisk", "--archive", "-"], "is a .tar.gz"),
        (["--install", "asterisk", "--archive", "pack.zip"], "is a .tar.gz"),
        (["--install", "asterisk", "--report", "/dev/null"], "--report must be a file"),
        (["--archive", "a.tgz"], "belong to --install"),
    ],
)
def test_nothing_is_spoken_for_an_archive_that_cannot_be(
    voxpress: Run, prompts: str, options: list[str], problem: str
) -> None:
    done = voxpress("render", prompts, "-o", "out", *options, status=2)
    assert problem in done.warned
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("rows", "several", "example"),
    [
        ("id,text,voice\na,Hello.,low\nb,Bye.,high\n", "voices", ("asterisk", "en_US_m_Joe")),
        ("id,text,voice\na,Hello.,middle\nb,Bye.,low\nc,So.,middle\n", "voices", ("freeswitch", "en/us/joe")),
        ("id,text,language\na,Hello.,en-US\nb,Hallo.,de\n", "languages", ("asterisk", "en_US_m_Joe")),
        ("id,text,voice,language\na,A.,low,en-US\nb,B.,high,fr\n", "languages", ("freepbx", "en_US_m_Joe")),
    ],
)
def test_several_voices_need_a_name_before_anything_is_spoken(
    voxpress: Run, tmp_path: Path, rows: str, several: str, example: tuple[str, str]
) -> None:
    (tmp_path / "rows.csv").write_text(rows)
    system, name = example
    asked = ("render", "rows.csv", "-o", "out", "--install", system)
    done = voxpress(*asked, status=2)
    assert f"the rows have several {several}: name the pack, such as --pack-name {name}" in done.warned
    assert not list(Path("out").glob("[abc].*"))
    # Nor if the others stand already.
    whole = rows.splitlines(keepends=True)
    (tmp_path / "rows.csv").write_text("".join(whole[:2]))
    voxpress(*asked)
    (tmp_path / "rows.csv").write_text(rows)
    assert f"the rows have several {several}" in voxpress(*asked, status=2).warned
    assert not list(Path("out").glob("b.*"))


def test_a_pack_of_several_voices_has_the_name_that_it_is_given(voxpress: Run, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("id,text,voice\na,Hello.,low\nb,Bye.,high\n")
    voxpress("render", "rows.csv", "-o", "out", "--install", "asterisk", "--pack-name", "en_mixed")
    assert "sounds/en_mixed/a.wav" in _names("out.asterisk.tar.gz")


@pytest.mark.parametrize("system", ["asterisk", "freepbx"])
def test_names_that_change_are_not_for_phone_systems(voxpress: Run, prompts: str, system: str) -> None:
    """No system would find hello-world."""
    Path("voxpress.toml").write_text('[presets.web]\nfiles = [{ path = "{id}.{hash:8}.ulaw" }]\n')
    done = voxpress("render", prompts, "-o", "out", "-p", "web", "--install", system, status=2)
    assert "finds prompts by their names, so a preset with {hash} is not for it" in done.warned
    assert not Path("out").exists()
