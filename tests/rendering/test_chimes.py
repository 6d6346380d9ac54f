"""Chimes before and after the speech, in one file with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from voxpress import Output, cli, render, say
from voxpress.audio import chimes, codec, waveform
from voxpress.audio.waveform import Audio
from voxpress.errors import InputError, ManifestError
from voxpress.rendering.chimes import Chime
from voxpress.rendering.projects import load_project
from voxpress.speech import Clip
from voxpress.store import open_store

LEVEL = Output(format="wav", sample_rate=24000, loudness=-20.0, peak=-1.0)


def write_tone(path: Path, seconds: float = 0.5, frequency: float = 800.0, level: float = -12.0) -> Path:
    path.write_bytes(codec.encode(waveform.tone([frequency], seconds, 8000, level), Output()))
    return path


def speak(store: object = "memory:", output: Output = LEVEL, **around: Chime | str | None) -> Clip:
    return say("Hello there.", engine="tone", output=output, store=store, **around)  # type: ignore[arg-type]


def decode(clip: Clip) -> Audio:
    return codec.decode(clip.data)


def cut(sound: Audio, start: float, end: float | None = None) -> Audio:
    rate = sound.sample_rate
    return Audio(sound.samples[round(start * rate) : None if end is None else round(end * rate)], rate)


def test_a_chime_is_heard_before_and_after() -> None:
    plain, both = decode(speak()), decode(speak(before="chime:ding", after="chime:gong"))
    ding, gong = (chimes.ring(chimes.CHIMES[name], 24000).duration for name in ("ding", "gong"))
    assert both.duration == pytest.approx(ding + 0.2 + plain.duration + 0.2 + gong, abs=0.001)
    speech = cut(both, ding + 0.2, ding + 0.2 + plain.duration)
    assert np.abs(speech.samples - plain.samples).max() < 0.001


@pytest.mark.parametrize("file_level", [-30.0, -12.0, -1.0])
def test_the_speech_has_its_level_whatever_the_chime(tmp_path: Path, file_level: float) -> None:
    file = write_tone(tmp_path / "ding.wav", 1.0, level=file_level)
    sound = decode(speak(before=Chime(sound=str(file), gain=-10.0, gap=0.5)))
    assert waveform.loudness(cut(sound, 0, 1.0)) == pytest.approx(-30.0, abs=0.2)
    assert waveform.loudness(cut(sound, 1.5)) == pytest.approx(-20.0, abs=0.2)


def test_a_loud_chime_does_not_exceed_the_peak(tmp_path: Path) -> None:
    file = write_tone(tmp_path / "ding.wav", 1.0)
    sound = decode(speak(before=Chime(sound=str(file), gain=20.0)))
    assert waveform.peak(sound) <= -0.99


def test_a_chime_can_still_sound_when_the_speech_begins() -> None:
    plain = decode(speak()).duration
    gong = chimes.ring(chimes.CHIMES["gong"], 24000).duration
    overlapped = decode(speak(before=Chime(sound="chime:gong", gap=-1.0)))
    assert overlapped.duration == pytest.approx(max(gong, gong - 1.0 + plain), abs=0.001)


def test_a_chime_that_overlaps_all_of_the_speech_is_whole() -> None:
    gong = chimes.ring(chimes.CHIMES["gong"], 24000).duration
    before = speak(before=Chime(sound="chime:gong", gap=-60.0))
    assert decode(before).duration == pytest.approx(gong, abs=0.001)
    after = speak(after=Chime(sound="chime:gong", gap=-60.0))
    assert decode(after).duration == pytest.approx(gong, abs=0.001)


def test_marks_say_when_the_words_are_heard_after_the_chime() -> None:
    plain, later = speak(), speak(before="chime:ding")
    ding = chimes.ring(chimes.CHIMES["ding"], 24000).duration
    assert [mark.start for mark in later.marks] == pytest.approx(
        [mark.start + ding + 0.2 for mark in plain.marks]
    )


def test_lead_and_tail_stand_around_the_chimes() -> None:
    output = Output(format="wav", sample_rate=24000, loudness=-20.0, lead=0.5, tail=0.4)
    sound = decode(speak(output=output, before="chime:ding", after="chime:ding"))
    assert not cut(sound, 0, 0.499).samples.any() and not cut(sound, sound.duration - 0.399).samples.any()
    assert cut(sound, 0.5, 0.55).samples.any()


def test_another_chime_speaks_nothing_and_is_put_on_once(tmp_path: Path) -> None:
    store = open_store("memory:")
    file = write_tone(tmp_path / "ding.wav")
    plain = speak(store)
    first, again = speak(store, before=str(file)), speak(store, before=str(file))
    assert not first.hit and again.hit and first.data == again.data
    write_tone(file, frequency=500.0)
    changed = speak(store, before=str(file))
    assert not changed.hit and changed.key != first.key
    assert first.takes == changed.takes == plain.takes
    assert speak(store).data == plain.data


def test_a_file_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    one, other = write_tone(tmp_path / "ding.wav"), write_tone(tmp_path / "a" / "dong.wav")
    assert speak(before=str(one)).key == speak(before=str(other)).key


def test_a_changed_chime_makes_files_anew(tmp_path: Path) -> None:
    file, out, store = write_tone(tmp_path / "ding.wav"), tmp_path / "out", str(tmp_path / "store")

    def run(before: str | None = None) -> str:
        rows = [{"id": "a", "text": "Hello."}]
        (result,) = render(rows, out, engine="tone", before=before, store=store, workers=0)
        return str(result.status)

    assert [run(), run(), run(str(file)), run(str(file))] == [
        "rendered",
        "up to date",
        "rendered",
        "up to date",
    ]
    write_tone(file, frequency=500.0)
    assert [run(str(file)), run(str(file)), run()] == ["rendered", "up to date", "from store"]


def test_a_whole_number_is_the_same_chime() -> None:
    """As in TOML, where it becomes a float."""
    whole, real = (Chime(sound="chime:gong", gain=n, gap=m) for n, m in ((-3, 1), (-3.0, 1.0)))
    assert speak(before=whole).key == speak(before=real).key


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("missing.wav", "missing.wav' cannot be read: No such file"),
        ("gong", "own chime is chime:gong"),
        ("chime:gnog", "no chime 'gnog'; did you mean 'gong'"),
        ("song.flac", "lasts longer than the 60 s that a chime may: cut it"),
        ("text.wav", "text.wav'"),
        ("folder", "is no file"),
        ("silence.wav", "is silent"),
        ("https://example.org/ding.mp3", "is an address: download the sound"),
        ("", "is empty"),
        ("empty.wav", "empty.wav'"),
    ],
)
def test_a_chime_that_cannot_be_is_an_error_that_names_it(tmp_path: Path, name: str, problem: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.wav").write_text("This is no sound.")
    (tmp_path / "empty.wav").touch()
    (tmp_path / "song.flac").write_bytes(
        codec.encode(waveform.tone([440.0], 61.0, 8000), Output(format="flac"))
    )
    (tmp_path / "silence.wav").write_bytes(codec.encode(waveform.silence(1.0, 8000), Output()))
    given = name if ":" in name or not name else str(tmp_path / name)
    with pytest.raises(InputError, match=problem):
        speak(before=given)
    with pytest.raises(InputError, match=f"before: .*{problem}"):
        render(["Hello."], engine="tone", before=given, store="memory:", workers=0).run()


def test_a_project_and_a_preset_have_chimes(tmp_path: Path) -> None:
    write_tone(tmp_path / "ding.wav")
    file = tmp_path / "voxpress.toml"
    file.write_text(
        """
        [defaults]
        before = "chime:ding"
        [presets.door]
        extends = "sonos"
        before = { sound = "ding.wav", gain = -3, gap = -0.1 }
        after = "none"
        """
    )
    project = load_project(file)
    assert project.defaults.before == Chime(sound="chime:ding")
    door = project.presets["door"]
    assert door.before == Chime(sound=str(tmp_path / "ding.wav"), gain=-3.0, gap=-0.1)
    assert door.after == Chime(sound="none")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[defaults]\nbefore = "chime:dong"', "defaults.before.sound: no chime 'dong'"),
        ("[defaults]\nafter = 3", "defaults.after: must be a sound"),
        ('[presets.a]\nextends = "sonos"\nbefore = { gain = 3 }', "presets.a.before"),
        (
            '[presets.a]\nextends = "sonos"\nbefore = { sound = "chime:ding", gap = "long" }',
            "presets.a.before.gap: must be",
        ),
        (
            '[presets.a]\nextends = "sonos"\nbefore = { sound = "chime:ding", volume = 1 }',
            "presets.a.before.volume: no such field",
        ),
        (
            '[presets.a]\nextends = "sonos"\nbefore = { sound = "chime:ding", gain = 90 }',
            "presets.a.before.gain: must be a number from -60 to 20, not 90",
        ),
    ],
)
def test_what_is_wrong_in_a_project_is_named(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "voxpress.toml"
    file.write_text(text)
    with pytest.raises(ManifestError, match=problem):
        load_project(file)


def test_none_takes_a_chime_away() -> None:
    assert speak(before="none").key == speak().key


@pytest.mark.parametrize(
    "fields", [{"gain": "loud"}, {"gain": float("nan")}, {"gap": True}, {"gap": 61}, {"sound": 3}]
)
def test_a_chime_checks_its_fields(fields: dict[str, object]) -> None:
    with pytest.raises(InputError, match="must be a"):
        Chime(**{"sound": "chime:ding", **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize("side", ["--before", "--after"])
def test_a_chime_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: str) -> None:
    """Each run would put the last result in front of the next."""
    monkeypatch.chdir(tmp_path)
    bell = tmp_path / "bell.wav"
    bell.write_bytes(codec.encode(waveform.tone([880], 0.3, 8000), Output(sample_rate=8000)))
    before = bell.read_bytes()
    (tmp_path / "link.wav").symlink_to(bell)
    for out in ("bell.wav", "./bell.wav", "link.wav"):
        run = CliRunner().invoke(cli.app, ["say", "Hi.", "-e", "tone", "-o", out, side, "bell.wav"])
        assert "name another file" in str(run.exception)
    assert bell.read_bytes() == before
