"""The presets of speakers, radios and robots: what they want is what the files hold."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest

from voxpress import render
from voxpress.audio import codec, waveform
from voxpress.rendering.presets import load

TEXTS = {
    "a": "Seven.",
    "b": "The washing machine is done.",
    "c": "Front door. Somebody is there; please look!",
}


@pytest.mark.parametrize(
    ("preset", "codec_name", "rate", "bits", "loudness", "lead", "tail"),
    [
        ("ha-voice-pe", "flac", 48000, 16, -16, 0.3, 0.3),
        ("sonos", "mp3float", 44100, 0, -16, 0.5, 0.3),
        ("cast", "mp3float", 44100, 0, -16, 0.5, 0.5),
        ("alexa", "mp3float", 24000, 0, -16, 0.2, 0.2),
        ("edgetx", "pcm_s16le", 32000, 16, -16, 0, 0),
        ("valetudo", "vorbis", 16000, 0, -14, 0, 0),
    ],
)
def test_a_device_gets_what_it_wants(
    preset: str,
    codec_name: str,
    rate: int,
    bits: int,
    loudness: float,
    lead: float,
    tail: float,
    tmp_path: Path,
) -> None:
    rows = [{"id": name, "text": text} for name, text in TEXTS.items()]
    results = list(render(rows, tmp_path, engine="tone", preset=preset, store="memory:", workers=0))
    assert [result.error for result in results] == [""] * 3
    for path in sorted(tmp_path.glob("[a-c].*")):
        data = path.read_bytes()
        with av.open(io.BytesIO(data)) as container:
            stream = container.streams.audio[0]
            assert (stream.codec_context.name, stream.rate, stream.channels) == (codec_name, rate, 1)
            if preset == "alexa":
                assert stream.codec_context.bit_rate == 48000
            if bits:
                assert stream.codec_context.format.name == f"s{bits}"
        sound = codec.decode(data)
        assert waveform.loudness(sound) == pytest.approx(loudness, abs=0.7)
        assert waveform.peak(sound) <= (load()[preset].files[0][1].peak or 0) + 0.7  # what encoding adds
        (loud,) = np.nonzero(np.abs(sound.samples) > 0.02)
        before, after = loud[0] / rate, (len(sound.samples) - loud[-1]) / rate
        assert lead <= before <= lead + 0.1 and tail <= after <= tail + 0.12


def test_a_clip_for_alexa_is_not_too_long(tmp_path: Path) -> None:
    (result,) = render(
        [{"id": "a", "text": "A sentence of some words. " * 200}],
        tmp_path,
        engine="tone",
        preset="alexa",
        store="memory:",
        workers=0,
    )
    assert "240 s are allowed" in result.error


def test_wrong_names_are_found_before_anything_is_spoken(tmp_path: Path) -> None:
    rows = [{"id": "SYSTEM/rssi_org", "text": "Low."}, {"id": "SYSTEM/telemetry", "text": "Lost."}]
    results = list(render(rows, tmp_path, engine="tone", preset="edgetx", store="memory:", workers=0))
    assert {result.utterance.id: result.error for result in results if result.utterance} == {
        "SYSTEM/rssi_org": "",
        "SYSTEM/telemetry": "SYSTEM/telemetry: 'SYSTEM/telemetry.wav': the file's name in the folder SYSTEM has"
        " more than 8 characters: EdgeTX's own sounds have no longer names",
    }


def test_advice_about_names_is_a_note(tmp_path: Path) -> None:
    (result,) = render(
        [{"id": "takeoff", "text": "Take off."}],
        tmp_path,
        engine="tone",
        preset="edgetx",
        store="memory:",
        workers=0,
    )
    assert not result.error and (tmp_path / "takeoff.wav").exists()
    assert result.notes == (
        "the file's name has more than 6 characters: many radios do not list it before EdgeTX 2.11",
    )
