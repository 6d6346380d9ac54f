"""voxpress.rendering.presets: what comes with voxpress, and what a project adds."""

from __future__ import annotations

from pathlib import Path

import pytest

from voxpress.errors import InputError, ManifestError, UnsupportedOption
from voxpress.files.formats import FORMATS, sample_rate_for
from voxpress.rendering.presets import load, preset_named
from voxpress.rendering.projects import Defaults, load_project
from voxpress.speech import Output


def project(folder: Path, text: str) -> Path:
    path = folder / "voxpress.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", load())
def test_every_preset_can_be_made(name: str) -> None:
    """Its formats exist at its rates, its paths differ, and one level is asked for."""
    preset = load()[name]
    assert preset.name == name and preset.description and preset.files
    paths = set()
    for template, output in preset.files:
        format = FORMATS[output.format]
        assert sample_rate_for(format, output.sample_rate, 24000)
        assert (output.level is None) != (output.loudness is None)
        assert output.peak is not None and output.peak <= -1
        path = template.format(id="digits/1", folder="digits/", name="1")
        assert path.rpartition(".")[2] in format.extensions
        paths.add(path)
    assert len(paths) == len(preset.files)


def test_asterisk_writes_what_its_sound_sets_hold() -> None:
    """Six files, all with the level that the recorded sets have."""
    files = dict(load()["asterisk"].files)
    assert [output.format for output in files.values()] == ["wav", "sln16", "ulaw", "alaw", "g722", "gsm"]
    assert files["{id}.wav"] == Output(
        format="wav", sample_rate=8000, level=-20.0, peak=-3.0, lead=0.05, tail=0.1
    )


def test_freeswitch_has_a_folder_for_each_rate() -> None:
    """The rate stands before the file's name, after the row's own folder."""
    templates = [template for template, _ in load()["freeswitch"].files]
    assert [template.format(folder="ivr/", name="hello") for template in templates] == [
        "ivr/8000/hello.wav",
        "ivr/16000/hello.wav",
        "ivr/32000/hello.wav",
        "ivr/48000/hello.wav",
    ]


def test_a_project_holds_defaults_and_presets(tmp_path: Path) -> None:
    """Shared fields are given once, a file's own fields win, and the built-in presets are still there."""
    path = project(
        tmp_path,
        """
        [defaults]
        engine = "kokoro"
        voice = "af_heart"
        speed = 1.1
        preset = "shop"
        options = { noise_scale = 0.5 }

        [presets.shop]
        description = "Announcements"
        loudness = -18.0
        sample_rate = 16000
        files = [
            { path = "{id}.{extension}", format = "ogg" },
            { path = "{rate}/{id}.wav", format = "wav", sample_rate = 32000, loudness = -14 },
        ]
        """,
    )
    made = load_project(path)
    assert made.defaults == Defaults(
        engine="kokoro", voice="af_heart", speed=1.1, preset="shop", options={"noise_scale": 0.5}
    )
    assert made.presets["shop"].files == (
        ("{id}.ogg", Output(format="ogg", sample_rate=16000, loudness=-18.0)),
        ("32000/{id}.wav", Output(format="wav", sample_rate=32000, loudness=-14.0)),
    )
    assert made.presets["twilio"] == load()["twilio"]


def test_a_preset_extends_another(tmp_path: Path) -> None:
    """Its fields replace the other's; also under the same name, and over several steps."""
    path = project(
        tmp_path,
        """
        [presets.asterisk]
        extends = "asterisk"
        level = -18.0

        [presets.wideband]
        extends = "asterisk"
        tail = 0.3
        files = [{ path = "{id}.sln16", format = "sln16" }]
        """,
    )
    presets = load(path)
    assert len(presets["asterisk"].files) == 6
    assert {output.level for _, output in presets["asterisk"].files} == {-18.0}
    ((template, output),) = presets["wideband"].files
    assert (template, output.level, output.tail, output.lead) == ("{id}.sln16", -18.0, 0.3, 0.05)


@pytest.mark.parametrize(
    ("path", "format"),
    [("{id}.opus", "opus"), ("x/{name}.ul", "ulaw"), ("{id}.wav", "wav"), ("{id}.{extension}", "wav")],
)
def test_the_extension_of_a_path_says_the_format(tmp_path: Path, path: str, format: str) -> None:
    ((_, output),) = load(project(tmp_path, f'[presets.a]\nfiles = [{{ path = "{path}" }}]'))["a"].files
    assert output.format == format


@pytest.mark.parametrize(
    ("text", "gain"),
    [
        ('extends = "twilio"\nloudness = -16.0', (None, -16.0)),
        ('extends = "podcast"\nlevel = -20.0', (-20.0, None)),
        ('extends = "b"\nloudness = -16.0\n[presets.b]\nextends = "twilio"\nlevel = -18.0', (None, -16.0)),
        ('level = -20.0\nfiles = [{ path = "{id}.wav", loudness = -16.0 }]', (None, -16.0)),
        ('extends = "twilio"\ntail = 0.3', (-20.0, None)),
    ],
)
def test_a_loudness_replaces_the_level_of_the_base(
    tmp_path: Path, text: str, gain: tuple[float | None, float | None]
) -> None:
    """And the other way round: both set the gain."""
    ((_, output),) = load(project(tmp_path, f"[presets.a]\n{text}"))["a"].files
    assert (output.level, output.loudness) == gain


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[defaults", "is not TOML: "),
        ("[default]\n", "default: no such table; did you mean 'defaults'?"),
        ("defaults = 3", "defaults: must be a table"),
        ('[defaults]\nvoise = "x"', "defaults.voise: no such field; did you mean 'voice'?"),
        ('[defaults]\nworkers = "two"', "defaults.workers: must be a whole number, not a text in quotes"),
        ('[defaults]\nformat = "mp4"', "defaults.format: no format 'mp4'; did you mean 'mp3'?"),
        ('[defaults]\npreset = "asterix"', "defaults.preset: no preset 'asterix'; did you mean 'asterisk'?"),
        (
            "[presets.a]\nlevel = -20",
            "presets.a.files: is missing: name the files, such as files = [{ path =",
        ),
        ("[presets.a.before]\ngain = 3", "presets.a.files: is missing"),
        ('[presets.a]\nextends = "twilio"\nbefore = { gain = 3 }', "presets.a.before.sound: is missing"),
        ('[presets.a]\nextends = "twilio"\nafter = {}', "presets.a.after.sound: is missing"),
        ("[defaults]\nbefore = { gain = 3, gap = 1 }", "defaults.before.sound: is missing"),
        ('[defaults]\nafter = { gain = "3" }', "defaults.after.sound: is missing"),
        (
            '[defaults]\nafter = { gain = "3", sound = "chime:gong" }',
            "defaults.after.gain: must be a number, not a text in quotes",
        ),
        (
            "[defaults]\nafter = { gain = 3, sound = 3 }",
            "defaults.after.sound: must be a text in quotes, not a whole number",
        ),
        ("[defaults]\nafter = { gian = 3 }", "defaults.after.gian: no such field; did you mean 'gain'?"),
        ('[presets.""]\nextends = "sonos"', "presets: a preset needs a name"),
        ('[presets." "]\nextends = "sonos"', "presets: a preset needs a name"),
        ("[presets.a]\nfiles = 3", "presets.a.files: must be a list of tables"),
        (
            '[presets.a]\nextend = "twilio"',
            "presets.a.extend: no such field; did you mean 'extends'? (fields: extends, ",
        ),
        (
            '[presets.a]\nfile = "{id}.wav"',
            "presets.a.file: no such field; did you mean 'files'? (fields: extends, ",
        ),
        (
            '[presets.a]\nextends = "twilio"\nlexicon = []',
            "presets.a.lexicon: no such field; did you mean 'lexicons'?",
        ),
        (
            '[presets.a]\nextends = "twilio"\nlevel = "-18"',
            "presets.a.level: must be a number, not a text in quotes",
        ),
        (
            '[defaults]\nlexicons = "a.tsv"',
            "defaults.lexicons: must be a list in square brackets, not a text in quotes",
        ),
        ('[defaults]\ncarrier = "yes"', "defaults.carrier: must be true or false, not a text in quotes"),
        ("[cast]\nAl = {voice = 3}", "cast.Al.voice: must be a text in quotes, not a whole number"),
        (
            "[defaults]\nengine = tone",
            "is not TOML: Invalid value (at line 2, column 10); a text stands in quotes",
        ),
        (
            '[presets.a]\nfiles = [{ path = "{id}.opus", format = "mp3" }]',
            "presets.a.files[0].path: '{id}.opus' has the extension of 'opus', and the format is 'mp3'",
        ),
        ("[presets.a]\nfiles = [{}]", "presets.a.files[0].path: is missing"),
        (
            '[presets.a]\nlevl = -20\nfiles = [{ path = "{id}.wav" }]',
            "presets.a.levl: no such field; did you mean 'level'?",
        ),
        (
            '[presets.a]\nfiles = [{ path = "{id}.wav", lead = "long" }]',
            "presets.a.files[0].lead: must be a number, not a text in quotes",
        ),
        (
            '[presets.a]\nformat = "ulaw"\nfiles = [{ path = "{id}.ul", sample_rate = 16000 }]',
            "presets.a.files[0].sample_rate: ulaw cannot have a sample rate of 16000 Hz (rates: 8000)",
        ),
        (
            '[presets.a]\nloudness = -16\nlevel = -20\nfiles = [{ path = "{id}.wav" }]',
            "presets.a.level: cannot be combined with loudness",
        ),
        (
            '[presets.a]\nlead = -1\nfiles = [{ path = "{id}.wav" }]',
            "presets.a.lead: must be a number of seconds from 0 to 3600",
        ),
        (
            '[presets.a]\npeak = 3\nfiles = [{ path = "{id}.wav" }]',
            "presets.a.peak: must be a number of decibels from -90 to 0",
        ),
        ('[presets.a]\nextends = ["b"]', "presets.a.extends: no preset ['b']"),
        ('[presets.a]\nfiles = [{ path = "{ide}.wav" }]', "holds {ide}; did you mean 'id'?"),
        (
            '[presets.a]\nfiles = [{ path = "{id.wav" }]',
            "presets.a.files[0].path: '{id.wav' is not a template",
        ),
        ('[presets.a]\nfiles = [{ path = "a.wav" }]', "all rows would have the same file"),
        ('[presets.a]\nfiles = [{ path = "{rate}/{id}.wav" }]', "the file needs a sample_rate"),
        (
            '[presets.a]\nfiles = [{ path = "{id}.wav" }, { path = "{id}.{extension}" }]',
            "presets.a.files[1].path: another file has the path '{id}.wav'",
        ),
        (
            '[presets.a]\nextends = "asterix"',
            "presets.a.extends: no preset 'asterix'; did you mean 'asterisk'?",
        ),
        ("x = " + "[" * 50_000, "is nested too deeply"),
        ("x = " + "{a=" * 5_000, "is n"),
        ('[presets.p]\nextends = "p"', "presets.p.extends: a preset cannot extend itself"),
        (
            "".join(f'[presets.p{n}]\nextends = "p{n + 1}"\n' for n in range(2000)),
            "is more than 20 presets deep",
        ),
        ('[presets.a]\nfiles = [{ path = "{id:{name}}.wav" }]', "holds more than a name in {id}"),
        (
            '[presets.a]\nextends = "b"\n[presets.b]\nextends = "a"',
            "presets.b.extends: goes round in circles: a → b → a",
        ),
    ],
)
def test_a_mistake_is_one_line_with_file_table_and_field(tmp_path: Path, text: str, message: str) -> None:
    """Whatever is wrong, the message says where, and what exists."""
    path = project(tmp_path, text)
    with pytest.raises(ManifestError) as caught:
        load_project(path)
    assert message in str(caught.value) and str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value) and isinstance(caught.value, InputError)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Asked for by name, so its absence is an error."""
    with pytest.raises(ManifestError, match="cannot be read: No such file"):
        load_project(tmp_path / "voxpress.toml")
    with pytest.raises(UnsupportedOption, match="no preset 'podcasts'; did you mean 'podcast'"):
        preset_named("podcasts", load())
