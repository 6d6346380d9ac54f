"""The nouns as users meet them: speakers over speakers, clips that are saved, statuses that are strings."""

from pathlib import Path

import msgspec
import pytest

import voxpress
from voxpress import InputError, Output, Speaker, Status, StoreError, Utterance, render, say
from voxpress.audio import codec
from voxpress.rendering import presets
from voxpress.speech import Clip

CALM = Speaker(engine="tone", voice="low", speed=0.9, options={"delay": 0.0})


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (Speaker(), CALM, CALM),
        (CALM, Speaker(), CALM),
        (Speaker(voice="high"), CALM, {"voice": "high"}),
        (Speaker(speed=2), CALM, {"speed": 2.0}),
        (Speaker(engine="tone", voice="high"), CALM, {"voice": "high"}),
        (Speaker(options={"fault": "cut"}), CALM, {"options": {"delay": 0.0, "fault": "cut"}}),
        # Another engine has its own model, voice and options; speed and language are the listener's.
        (Speaker(engine="piper"), CALM, {"engine": "piper", "voice": None, "options": {}}),
        (Speaker(seed=0), Speaker(seed=5, language="EN-gb"), Speaker(seed=0, language="en-GB")),
    ],
)
def test_what_a_speaker_leaves_open_comes_from_the_other(first, second, expected):
    if isinstance(expected, dict):
        expected = msgspec.structs.replace(second, **expected)
    assert first.over(second) == expected


def test_arguments_come_before_the_fields_of_a_speaker():
    spoken = [
        next(render(["Hello."], engine="tone", speaker=CALM, voice="high", store="memory:", workers=0)),
        next(render(["Hello."], speaker=CALM, voice="high", store="memory:", workers=0)),
        next(render([{"text": "Hello.", "voice": "high"}], speaker=CALM, store="memory:", workers=0)),
    ]
    assert {result.voice for result in spoken} == {"high"}
    assert len({result.clips[0].key for result in spoken}) == 1
    assert say("Hello.", speaker=CALM, voice="high", store="memory:").key == spoken[0].clips[0].key


def test_a_clip_is_saved_whole_where_it_is_wanted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clip = say("Hello there.", engine="tone", format="flac", store=tmp_path / "store")
    clip.save("deep/down/hello.flac")
    assert (tmp_path / "deep/down/hello.flac").read_bytes() == clip.data
    (result,) = render(["Hello there."], engine="tone", format="flac", store=tmp_path / "store", workers=0)
    result.clips[0].save(tmp_path / "again.flac")  # its bytes are in the store only
    assert codec.decode((tmp_path / "again.flac").read_bytes()).duration == pytest.approx(clip.duration)
    with pytest.raises(InputError, match="extension of 'mp3'"):
        clip.save("hello.mp3")
    for nonsense in (5, "", None, b"x.flac", "a\0b.flac"):
        with pytest.raises(InputError, match="path: must be a path"):
            clip.save(nonsense)  # type: ignore[arg-type]
    (tmp_path / "folder.flac").mkdir()
    with pytest.raises(StoreError):
        clip.save("folder.flac")


def test_a_clip_whose_bytes_are_elsewhere_says_so(tmp_path):
    """Not an empty file."""
    (result,) = render(["Hello there."], engine="tone", store="memory:", workers=0)
    with pytest.raises(StoreError, match="no bytes here"):
        result.clips[0].save(tmp_path / "hello.wav")
    gone = Clip(key="k", format="wav", sample_rate=8000, duration=1.0, size=1, path=str(tmp_path / "gone"))
    with pytest.raises(StoreError, match="cannot read the clip"):
        gone.save(tmp_path / "hello.wav")
    assert not (tmp_path / "hello.wav").exists()


def test_a_status_is_its_string():
    (result,) = render(["Hello."], engine="tone", store="memory:", workers=0)
    assert result.status is Status.RENDERED
    assert {"rendered": 1}[result.status] == 1 and f"{result.status}" == "rendered"
    assert msgspec.json.decode(msgspec.json.encode(result.status), type=Status) is Status.RENDERED


def test_a_preset_by_name_or_as_it_was_loaded(tmp_path):
    rows = [Utterance(id="hi", text="Hello there.")]
    by_name = list(render(rows, tmp_path / "a", engine="tone", preset="freeswitch", workers=0))
    (tmp_path / "voxpress.toml").write_text('[presets.mine]\nextends = "freeswitch"\nlevel = -30.0\n')
    mine = presets.load(tmp_path / "voxpress.toml")["mine"]
    as_loaded = list(render(rows, tmp_path / "b", engine="tone", preset=mine, workers=0))
    assert [Path(f).name for f in by_name[0].files] == [Path(f).name for f in as_loaded[0].files]
    assert {c.key for c in by_name[0].clips}.isdisjoint(c.key for c in as_loaded[0].clips)
    for more in ({"format": "mp3"}, {"files": [("{id}.wav", Output())]}):
        with pytest.raises(InputError, match="preset: says what files and format say too"):
            render(rows, engine="tone", preset="freeswitch", **more)


def test_a_folder_may_be_a_file_url(tmp_path):
    rows = [Utterance(id="hi", text="Hello there.")]
    assert (
        render(rows, f"file://{tmp_path}/out", engine="tone", store="memory:", workers=0).run().rendered == 1
    )
    assert (tmp_path / "out" / "hi.wav").is_file()


def test_every_public_name_is_there_and_documented():
    for name in voxpress.__all__:
        thing = getattr(voxpress, name)
        assert (thing.__doc__ or "").strip(), name
