"""voxpress.audio.codec: every format there and back and headers byte by byte."""

from __future__ import annotations

import io
import re
import struct
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]  # it has no type hints
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from voxpress.audio.codec import decode, encode, from_flac, to_flac
from voxpress.audio.waveform import Audio, resample, tone
from voxpress.errors import InputError, SynthesisError, UnsupportedOption
from voxpress.files.formats import FORMATS, bit_rate_for, format_for, format_named, sample_rate_for
from voxpress.speech import Output

FRAME = {"m4a": 1024, "gsm": 160, "wav49": 320, "g722": 2}
"""Samples by which the last frame can be longer than the audio."""
LATE = {"aac": 1024, "g722": 22}
"""Samples by which the sound starts late: ADTS cannot say what to skip, G.722 has its filters' delay."""
NOISE = {
    "wav24": -120,
    "mp3": -25, "opus": -15, "aac": -25, "m4a": -25, "ogg": -20,
    "ulaw": -33, "alaw": -33, "wav-ulaw": -33, "wav-alaw": -33, "g722": -20, "gsm": -12, "wav49": -12,
}  # fmt: skip
"""dB of error to signal that a format may have on the test sound; the others are exact to 16 bits, -85."""


def sound(rate: int, duration: float = 0.4037) -> Audio:
    """440 Hz with overtones that rises and falls, so that a shift in time shows."""
    time = np.arange(round(duration * rate)) / rate
    wave = sum(np.sin(2 * np.pi * 440 * k * time) / k for k in (1, 2, 3))
    envelope = np.minimum(1, 20 * np.minimum(time, time[-1] - time)) * (
        1 + 0.5 * np.sin(2 * np.pi * 3 * time)
    )
    return Audio((0.2 * wave * envelope).astype(np.float32), rate)


def native(name: str, rate: int = 24000) -> int:
    return sample_rate_for(FORMATS[name], None, rate)


def chunks(data: bytes) -> list[tuple[bytes, int]]:
    """Names and sizes of a RIFF file's chunks, after checking that they fill it exactly."""
    assert data[:4] == b"RIFF" and data[8:12] == b"WAVE"
    assert struct.unpack("<I", data[4:8])[0] == len(data) - 8
    found, position = [], 12
    while position < len(data):
        name, size = data[position : position + 4], struct.unpack("<I", data[position + 4 : position + 8])[0]
        found.append((name, size))
        position += 8 + size + size % 2
    assert position == len(data)
    return found


def tags(data: bytes) -> dict[str, str]:
    with av.open(io.BytesIO(data)) as container:
        found = {**container.metadata, **container.streams.audio[0].metadata}
    return {key.lower(): value for key, value in found.items()}


@pytest.mark.parametrize("name", FORMATS)
def test_there_and_back(name: str) -> None:
    """The duration holds to a part of a frame, nothing is cut, and the sound is the same within the format's noise."""
    rate = native(name)
    audio = sound(rate)
    back = decode(encode(audio, Output(format=name)), name)
    late = LATE.get(name, 0)
    if name == "opus":
        assert back.sample_rate == 48000 and abs(len(back.samples) - 2 * len(audio.samples)) <= 1
        back = resample(back, rate)
    assert back.sample_rate == rate
    surplus = len(back.samples) - len(audio.samples)
    assert 0 <= surplus <= (2048 if name == "aac" else FRAME.get(name, 0))
    heard = back.samples[late : late + len(audio.samples)]
    difference = heard - audio.samples[: len(heard)]
    error = 10 * np.log10(np.mean(difference**2) / np.mean(audio.samples**2))
    assert error < NOISE.get(name, -85)
    spectrum = np.abs(np.fft.rfft(back.samples))
    assert np.argmax(spectrum) * rate / len(back.samples) == pytest.approx(440, abs=3)


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_audio_gives_the_same_bytes(name: str) -> None:
    """No date, no random serial number, and nobody's version string."""
    output = Output(format=name, title="Grüße", language="de-DE")
    rate = native(name)
    first, second = encode(sound(rate), output), encode(sound(rate), output)
    assert first == second
    assert not re.search(rb"Lav[fc]\d|libsndfile|libFLAC|Xiph\.Org|libopus", first)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("length", [0, 1, 79])
def test_next_to_nothing_can_be_written_and_read(name: str, length: int) -> None:
    """Empty audio and single samples give files that open."""
    rate = native(name)
    back = decode(encode(Audio(np.full(length, 0.25, np.float32), rate), Output(format=name)), name)
    assert len(back.samples) <= 2048
    if length and not FORMATS[name].lossy:
        assert back.samples.tolist() == [0.25] * length


@pytest.mark.parametrize("name", FORMATS)
def test_too_loud_is_held_at_full_scale(name: str) -> None:
    """Never wrapped round: a wave of twice full scale stays in phase with itself."""
    rate = native(name)
    loud = tone([440], 0.5, rate, level=6.0)
    back = decode(encode(loud, Output(format=name)), name)
    if back.sample_rate != rate:
        back = resample(back, rate)
    late = LATE.get(name, 0)
    heard = back.samples[late : late + len(loud.samples)]
    assert np.corrcoef(heard, np.clip(loud.samples[: len(heard)], -1, 1))[0, 1] > 0.9


@pytest.mark.parametrize("name", ["gsm", "wav49"])
@pytest.mark.parametrize("seed", range(8))
def test_silence_after_speech_stays_silent_in_gsm(name: str, seed: int) -> None:
    """In perfect silence GSM's predictors drift up to -23 dBFS, and the end of a prompt clicks."""
    random = np.random.default_rng(seed)
    time = np.arange(2400) / 8000
    voice = sum(np.sin(2 * np.pi * (110 + 3 * seed) * k * time + k) / k for k in range(1, 20)) * 0.15
    burst = (voice + random.standard_normal(2400) * 0.02 * seed) * np.hanning(2400)
    silent = np.concatenate([burst, np.zeros(1200)]).astype(np.float32)
    back = decode(encode(Audio(silent, 8000), Output(format=name)), "gsm" if name == "gsm" else None)
    assert np.abs(back.samples[2800:]).max() < 10 ** (-40 / 20)


@pytest.mark.parametrize("name", ["wav", "flac", "mp3", "ogg", "gsm"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_number_is_refused(name: str, bad: float) -> None:
    """An engine went wrong; that must not become a click or a crash."""
    audio = sound(native(name))
    audio.samples[5] = bad
    with pytest.raises(SynthesisError, match="not numbers"):
        encode(audio, Output(format=name))
    with pytest.raises(SynthesisError, match="not numbers"):
        to_flac(audio)


def test_wav_is_44_bytes_and_the_samples() -> None:
    """The header that every telephone system reads, and the same as libsndfile's."""
    audio = Audio(np.array([0.5, -1.0, 1.0], np.float32), 8000)
    data = encode(audio, Output(format="wav"))
    header = b"RIFF\x2a\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\x06\0\0\0"
    assert data == header + struct.pack("<hhh", 16384, -32768, 32767)
    other = io.BytesIO()
    soundfile.write(other, np.array([16384, -32768, 32767], np.int16), 8000, format="WAV", subtype="PCM_16")
    assert data == other.getvalue()


@pytest.mark.parametrize(
    ("name", "count", "tag", "bits", "expected"),
    [
        ("wav", 101, 1, 16, [(b"fmt ", 16), (b"data", 202)]),
        ("wav16", 101, 1, 16, [(b"fmt ", 16), (b"data", 202)]),
        ("wav24", 101, 1, 24, [(b"fmt ", 16), (b"data", 303)]),
        ("wav-ulaw", 101, 7, 8, [(b"fmt ", 18), (b"fact", 4), (b"data", 101)]),
        ("wav-alaw", 101, 6, 8, [(b"fmt ", 18), (b"fact", 4), (b"data", 101)]),
        ("wav49", 320, 0x31, 0, [(b"fmt ", 20), (b"fact", 4), (b"data", 65)]),
    ],
)
def test_wav_headers(name: str, count: int, tag: int, bits: int, expected: list[tuple[bytes, int]]) -> None:
    """Format tag, rate, width and the chunks, without LIST, padded to an even size."""
    rate = native(name, 8000)
    data = encode(Audio(np.zeros(count, np.float32), rate), Output(format=name, title="No place for it"))
    assert chunks(data) == expected
    assert struct.unpack("<HHI", data[20:28]) == (tag, 1, rate)
    assert struct.unpack("<H", data[34:36]) == (bits,)


@pytest.mark.parametrize(
    ("name", "size"),
    [("g722", 8000), ("gsm", 50 * 33), ("ulaw", 8000), ("alaw", 8000), ("sln", 16000), ("sln44", 88200)],
)
def test_a_second_of_a_headerless_format(name: str, size: int) -> None:
    """64 kbit/s, 33 bytes for 20 ms, or so many samples: no header, nothing left out."""
    rate = native(name)
    assert len(encode(Audio(np.zeros(rate, np.float32), rate), Output(format=name))) == size


def test_companding_is_g711() -> None:
    """Silence and full scale, as the tables of ITU-T G.711 have them."""
    audio = Audio(np.array([0.0, 1.0, -1.0], np.float32), 8000)
    assert encode(audio, Output(format="ulaw")) == b"\xff\x80\x00"
    assert encode(audio, Output(format="alaw")) == b"\xd5\xaa\x2a"


@pytest.mark.parametrize("name", [name for name, format in FORMATS.items() if format.tags])
@pytest.mark.parametrize(("language", "iso"), [("de-DE", "deu"), ("yue", "yue"), ("xx", None), ("", None)])
def test_tags_are_read_back(name: str, language: str, iso: str | None) -> None:
    """Title and language, the language as the format spells it, and left out where it cannot be spelled."""
    data = encode(sound(native(name)), Output(format=name, title="Grüße, Welt", language=language))
    found = tags(data)
    assert found["title"] == "Grüße, Welt"
    expected = iso if name in ("mp3", "m4a") else language or None
    assert found.get("language") == (expected or ("und" if name == "m4a" else None))
    with_tags, without = decode(data), decode(encode(sound(native(name)), Output(format=name)))
    assert np.array_equal(with_tags.samples, without.samples)


def test_an_untagged_mp3_has_no_empty_tag_and_m4a_can_be_streamed() -> None:
    """The first bytes are those of the sound, and the index stands before it."""
    assert encode(sound(24000), Output(format="mp3"))[:2] == b"\xff\xf3"
    m4a = encode(sound(24000), Output(format="m4a"))
    assert 0 < m4a.find(b"moov") < m4a.find(b"mdat")


@pytest.mark.parametrize("name", ["mp3", "opus", "aac", "m4a"])
def test_bit_rates_are_met(name: str) -> None:
    """Half the bits, about half the size."""
    audio = Audio(np.random.default_rng(0).normal(0, 0.1, 48000).astype(np.float32), 48000)
    sizes = [len(encode(audio, Output(format=name, bit_rate=rate))) for rate in (96000, 48000)]
    assert sizes[0] == pytest.approx(12000, rel=0.25) and sizes[1] == pytest.approx(6000, rel=0.25)


@pytest.mark.parametrize(
    ("name", "bit_rate", "rate", "message"),
    [
        ("mp3", 100000, 44100, "mp3 at 44100 Hz cannot have a bit rate of 100000 bit/s (bit rates: 32000"),
        ("mp3", 320000, 24000, "160000)"),
        ("aac", 128000, 16000, "(from 8000 to 96000)"),
        ("wav", 64000, 8000, "wav at 8000 Hz cannot have a bit rate of 64000 bit/s (it cannot be chosen)"),
    ],
)
def test_a_bit_rate_that_would_become_another_is_refused(
    name: str, bit_rate: int, rate: int, message: str
) -> None:
    """Encoders round or clamp in silence; voxpress says what there is."""
    with pytest.raises(UnsupportedOption) as caught:
        bit_rate_for(FORMATS[name], bit_rate, rate)
    assert message in str(caught.value)


def test_a_name_or_extension_that_does_not_exist() -> None:
    """The message holds the nearest and all others."""
    with pytest.raises(
        UnsupportedOption, match=r"no format 'mp4'; did you mean 'mp3'.*formats: wav, wav24, aiff, flac"
    ):
        format_named("mp4")
    with pytest.raises(
        UnsupportedOption, match=r"a\.oog: no format has the extension \.oog; did you mean 'ogg'"
    ):
        format_for("a.oog")
    with pytest.raises(UnsupportedOption, match="prompts/hello: the name has no extension"):
        format_for("prompts/hello")
    with pytest.raises(UnsupportedOption, match="ask for the format wav49"):
        format_for("HELLO.WAV")
    with pytest.raises(UnsupportedOption):
        encode(sound(8000), Output(format="nothing"))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a.wav", "wav"), ("a.Wav", "wav"), ("b/a.MP3", "mp3"), ("a.pcm", "pcm"), ("a.ul", "ulaw"), ("a.al", "alaw"),
        ("a.oga", "ogg"), ("a.opus", "opus"), ("a.m4b", "m4a"), ("a.sln16", "sln16"), (Path("x/a.g722"), "g722"),
    ],
)  # fmt: skip
def test_extensions(path: str | Path, name: str) -> None:
    """Each stands for one format."""
    assert format_for(path).name == name


def test_sample_rates() -> None:
    """What was asked for, else what loses nothing, else the most there is."""
    assert sample_rate_for(FORMATS["wav"], None, 22050) == 22050
    assert sample_rate_for(FORMATS["wav"], 8000, 22050) == 8000
    assert sample_rate_for(FORMATS["pcm"], None, 22050) == 24000
    assert sample_rate_for(FORMATS["mp3"], None, 11025) == 16000
    assert sample_rate_for(FORMATS["mp3"], None, 96000) == 48000
    with pytest.raises(
        UnsupportedOption, match=r"opus cannot have a sample rate of 22050 Hz \(rates: 8000, 12000"
    ):
        sample_rate_for(FORMATS["opus"], 22050, 24000)
    with pytest.raises(UnsupportedOption):
        sample_rate_for(FORMATS["wav"], 0, 24000)
    with pytest.raises(UnsupportedOption):
        encode(sound(24000), Output(format="ulaw"))
    with pytest.raises(ValueError, match="audio of 24000 Hz for an output of 8000 Hz"):
        encode(sound(24000), Output(sample_rate=8000))


@pytest.mark.parametrize("name", ["wav", "flac", "mp3", "opus", "m4a", "ogg", "aac", "wav49", "wav-alaw"])
def test_a_file_with_a_header_needs_no_name(name: str) -> None:
    """As it comes from a user: the voice to clone, a stock prompt."""
    audio = sound(native(name))
    assert decode(encode(audio, Output(format=name))).duration == pytest.approx(audio.duration, abs=0.09)


def test_stereo_becomes_its_mean_and_rubbish_an_error() -> None:
    """A reference recording may be stereo; a text is no audio."""
    buffer = io.BytesIO()
    soundfile.write(buffer, np.array([[0.5, 0.25]] * 100, np.float32), 8000, format="WAV", subtype="PCM_16")
    assert decode(buffer.getvalue()).samples.tolist() == [0.375] * 100
    for rubbish in (b"", b"no audio", b"RIFF but then nothing", b"OggS", b"fLaC"):
        with pytest.raises(InputError, match="not audio that can be read"):
            decode(rubbish)


def test_a_long_vorbis_file_does_not_crash() -> None:
    """libsndfile overflows its stack when it gets minutes in one write; pages must survive the new header."""
    audio = Audio(np.random.default_rng(0).normal(0, 0.01, 8000 * 120).astype(np.float32), 8000)
    data = encode(audio, Output(format="ogg", title="x" * 3000))
    assert len(decode(data).samples) == len(audio.samples) and tags(data)["title"] == "x" * 3000


@given(arrays.arrays(np.float32, st.integers(1, 300), elements=st.floats(-20, 20, width=32)))
@settings(max_examples=60)
def test_takes_come_back(samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> None:
    """To 24 bits of their largest sample, beyond full scale too; and from then on bit for bit."""
    audio = Audio(samples, 24000)
    kept, data = to_flac(audio)
    back = from_flac(data)
    assert np.array_equal(kept.samples, back.samples)
    step = 2.0 ** (max(0, np.frexp(np.abs(samples).max())[1]) - 23)
    assert np.abs(back.samples - samples).max() <= step and back.sample_rate == 24000
    assert np.array_equal(to_flac(back)[0].samples, back.samples)


def test_takes_of_16_bit_engines_are_exact_and_small() -> None:
    """The lower bits are not stored."""
    samples = (np.random.default_rng(0).integers(-3000, 3000, 24000) / 32768).astype(np.float32)
    _, data = to_flac(Audio(samples, 24000))
    assert np.array_equal(from_flac(data).samples, samples) and len(data) < 42000
    with pytest.raises(InputError, match="not a take"):
        from_flac(encode(sound(24000), Output(format="flac")))


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF - 36, 0xFFFFFFFF])
def test_wav_that_was_streamed_is_read_to_its_end(size: int) -> None:
    """What writes to a pipe cannot know how long it will be."""
    data = encode(sound(24000), Output())
    streamed = data[:4] + struct.pack("<I", 0xFFFFFFFF) + data[8:40] + struct.pack("<I", size) + data[44:]
    assert np.array_equal(decode(streamed).samples, decode(data).samples)


def test_wav_that_is_not_whole_is_no_audio() -> None:
    """Half a transfer must not be heard as a whole one."""
    data = encode(sound(24000), Output())
    with pytest.raises(InputError, match=f"its header says {len(data) - 44:,} bytes of samples, and 956 are"):
        decode(data[:1000])
    with_list = data + b"LIST\x04\0\0\0INFO"
    assert np.array_equal(decode(with_list).samples, decode(data).samples)


def test_importing_the_module_imports_no_codec_library() -> None:
    """They take a tenth of a second, and most commands need none."""
    code = "import sys, voxpress.audio.codec; print({'av', 'soundfile', 'soxr'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"
