"""A mix has each sound where it was placed, and beds that make room for speech, wherever one begins to read."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]  # it has no type hints

from tests.growth import require_linear
from tests.speechlike import speech
from voxpress.audio.decoding import Bounds
from voxpress.audio.mixing import Layer, Mix, read_looped
from voxpress.audio.signals import Decoded, Held, read_blocks
from voxpress.audio.waveform import Audio, resample, tone
from voxpress.errors import InputError

RATE = 44_100


def mix(*layers: Layer, channels=1, length=None, rate=RATE):
    return Mix(layers, sample_rate=rate, channels=channels, length=length)


def held(samples, rate=RATE):
    audio = Audio(np.asarray(samples, np.float32), rate)
    return lambda: audio


def bed(end, **options):
    """A steady sound at -20 dBFS RMS."""
    sound = tone([441], 10.0, RATE, level=-17.0)
    options = {"ducked": 12.0, "loop": True, "crossfade": 0.0, **options}
    return Layer(start=0, duration=end, load=lambda: sound, **options)


def silent_speech(*spans):
    return [
        Layer(
            start=round(a * RATE),
            duration=round((b - a) * RATE),
            load=held(np.zeros(round((b - a) * RATE))),
            speech=True,
        )
        for a, b in spans
    ]


def level(signal, start, end):
    samples = signal.read(round(start * RATE), round(end * RATE))
    return 10 * np.log10(np.square(samples, dtype=np.float64).mean())


@pytest.mark.parametrize("start", [0, 1, 44_101, 123_456])
def test_a_sound_is_heard_where_it_was_placed_to_the_sample(start):
    click = np.zeros(100)
    click[0] = 0.5
    heard = mix(Layer(start=start, duration=100, load=held(click)), length=200_000).read(0, 200_000)
    assert np.flatnonzero(heard).tolist() == [start]


def test_sounds_add_up_with_their_gains_and_what_is_too_long_is_cut_off():
    layers = [
        Layer(start=0, duration=3, load=held(np.full(9, 0.5)), gain=20 * np.log10(0.5)),
        Layer(start=2, duration=9, load=held(np.full(2, 0.1))),
    ]
    np.testing.assert_allclose(
        mix(*layers).read(-1, 8).ravel(), [0, 0.25, 0.25, 0.35, 0.1, 0, 0, 0, 0], atol=1e-6
    )


def test_a_bed_is_12_db_softer_under_speech_and_comes_back_after_it():
    mixed = mix(bed(30 * RATE), *silent_speech((5, 8), (8.9, 12), (20, 22)))
    assert level(mixed, 1, 4.8) == pytest.approx(-20, abs=0.1)
    assert level(mixed, 5, 12) == pytest.approx(-32, abs=0.1)  # the gap of 0.9 s too
    assert level(mixed, 12.5, 19.8) == pytest.approx(-20, abs=0.1)
    assert level(mixed, 20, 22) == pytest.approx(-32, abs=0.1)
    # Half of the way in dB is reached in the middle of attack and release.
    assert level(mixed, 4.89, 4.91) == pytest.approx(-26, abs=0.5)
    assert level(mixed, 12.24, 12.26) == pytest.approx(-26, abs=0.5)


@pytest.mark.parametrize("ducked", [0.0, 6.0, 20.0])
def test_how_much_is_ducked_can_be_chosen(ducked):
    mixed = mix(bed(20 * RATE, ducked=ducked, gain=-3.0), *silent_speech((5, 8)))
    assert level(mixed, 5, 8) == pytest.approx(-23 - ducked, abs=0.1)
    assert level(mixed, 10, 18) == pytest.approx(-23, abs=0.1)


def test_a_bed_never_jumps():
    sound = held(np.full(RATE, 0.5))
    gained = Layer(
        start=0, duration=10 * RATE, load=sound, ducked=12, loop=True, crossfade=0, fade_in=1, fade_out=2
    )
    envelope = mix(gained, *silent_speech((3, 4))).read(0, 10 * RATE).ravel()
    assert np.abs(np.diff(envelope)).max() < 0.001
    assert envelope[0] < 0.001 and envelope[-1] < 0.001
    assert envelope[RATE // 2] == pytest.approx(0.25, abs=0.01)
    assert envelope[9 * RATE] == pytest.approx(0.25, abs=0.01)


def test_a_loop_fills_its_time_without_a_click():
    # Its end does not fit its beginning.
    sound = Held(Audio(np.sin(np.arange(10_000) / 20 + 1).astype(np.float32), RATE))
    looped = read_looped(sound, 0, 50_000, overlap=2205).ravel()
    assert np.abs(np.diff(looped)).max() < 0.08
    assert np.abs(np.diff(read_looped(sound, 0, 50_000).ravel())).max() > 0.5
    np.testing.assert_array_equal(
        looped[20_000:30_000], read_looped(sound, 20_000, 30_000, overlap=2205).ravel()
    )


@pytest.mark.parametrize("length", [0, 1, 3])
def test_the_shortest_loops(length):
    sound = Held(Audio(np.ones(length, np.float32), RATE))
    looped = read_looped(sound, 0, 10, overlap=2205)
    assert looped.shape == (10, 1) and (looped > 0.99).all() == (length > 0)


def test_both_channels_have_the_same_speech_and_a_stereo_sound_keeps_its_sides(tmp_path):
    sides = np.stack([np.full(RATE, 0.25), np.full(RATE, -0.125)], 1)
    soundfile.write(tmp_path / "s.wav", sides, RATE, "FLOAT")
    stereo = Layer(start=0, duration=RATE, load=lambda: Decoded(tmp_path / "s.wav", RATE, 2))
    voice = Layer(start=RATE, duration=RATE, load=held(np.full(RATE, 0.5)), speech=True)
    heard = mix(stereo, voice, channels=2).read(0, 2 * RATE)
    np.testing.assert_allclose(heard[100], [0.25, -0.125])
    np.testing.assert_allclose(heard[RATE + 100], [0.5, 0.5])
    one = mix(Layer(start=0, duration=RATE, load=lambda: Decoded(tmp_path / "s.wav", RATE, 2))).read(0, RATE)
    np.testing.assert_allclose(one[100], [0.0625])


def a_scene(shift=0):
    word = speech(2.0, sample_rate=24_000)
    long = resample(word, RATE)
    music = tone([330, 440.5], 3.3, RATE)
    layers = [
        Layer(start=shift + at, duration=len(long.samples), load=lambda: word, gain=-2.5, speech=True)
        for at in (70_000, 200_001, 333_333)
    ]
    return [
        *layers,
        Layer(
            start=shift + 11,
            duration=500_000,
            load=lambda: music,
            ducked=12,
            loop=True,
            fade_in=1,
            fade_out=1,
        ),
    ]


@pytest.mark.parametrize("shift", [1152, 9216 * 7, 1])
def test_a_part_that_moves_has_the_same_bytes(shift):
    here = mix(*a_scene()).read(60_000, 400_000)
    there = mix(*a_scene(shift)).read(60_000 + shift, 400_000 + shift)
    assert here.tobytes() == there.tobytes()


@pytest.mark.parametrize("cut", [60_001, 150_000, 333_333])
def test_where_one_begins_to_read_changes_nothing(cut):
    whole = mix(*a_scene()).read(50_000, 400_000)
    mixed = mix(*a_scene())
    late, early = mixed.read(cut, 400_000), mixed.read(50_000, cut)
    assert np.concatenate([early, late]).tobytes() == whole.tobytes()


def test_what_has_another_sample_rate_than_the_mix_is_named(tmp_path):
    soundfile.write(tmp_path / "s.wav", np.zeros(100), 48_000)
    with pytest.raises(ValueError, match="48000 Hz in a mix of 44100"):
        mix(Layer(start=0, duration=9, load=lambda: Decoded(tmp_path / "s.wav", 48_000, 1))).read(0, 9)


# Files


@pytest.mark.parametrize("extension", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("channels", [1, 2])
def test_sides_of_a_file_survive_and_one_channel_is_in_both(tmp_path, extension, channels):
    time = np.arange(3 * 48_000) / 48_000
    sides = np.stack([0.5 * np.sin(2 * np.pi * 300 * time), 0.25 * np.sin(2 * np.pi * 500 * time)], 1)[
        :, :channels
    ]
    soundfile.write(tmp_path / f"s.{extension}", sides, 48_000)
    sound = Decoded(tmp_path / f"s.{extension}", RATE, 2)
    assert sound.length == pytest.approx(
        3 * RATE, abs=2500
    )  # MP3 has a delay where nothing says how long it is
    peaks = np.abs(sound.read(RATE, 2 * RATE)).max(axis=0)
    np.testing.assert_allclose(peaks, [0.5, 0.25] if channels == 2 else [0.5, 0.5], rtol=0.05)
    mono = np.abs(Decoded(tmp_path / f"s.{extension}", RATE, 1).read(RATE, 2 * RATE)).max()
    assert mono == pytest.approx(np.abs(sides.mean(axis=1)).max(), rel=0.05)


def test_six_channels_become_the_same_in_both(tmp_path):
    soundfile.write(tmp_path / "s.wav", np.tile([0.6, 0, 0, 0, 0, 0], (1000, 1)), RATE, "FLOAT")
    np.testing.assert_allclose(Decoded(tmp_path / "s.wav", RATE, 2).read(0, 1), [[0.1, 0.1]], atol=1e-6)


def test_a_resampled_file_is_as_long_as_it_was(tmp_path):
    soundfile.write(tmp_path / "s.wav", tone([1000], 5.0, 24_000).samples, 24_000, "FLOAT")
    sound = Decoded(tmp_path / "s.wav", RATE, 1)
    whole = resample(tone([1000], 5.0, 24_000), RATE).samples
    assert sound.length == len(whole) == 5 * RATE
    np.testing.assert_allclose(sound.read(1000, 200_000).ravel(), whole[1000:200_000], atol=1e-5)


def test_what_is_no_sound_is_named(tmp_path):
    (tmp_path / "fake.mp3").write_bytes(b"no sound at all")
    soundfile.write(tmp_path / "long.wav", np.zeros(9000), 8000)
    with pytest.raises(InputError, match=r"fake\.mp3': not audio that can be read"):
        Decoded(tmp_path / "fake.mp3", RATE, 1)
    with pytest.raises(InputError, match=r"none\.mp3': cannot be read: No such file"):
        Decoded(tmp_path / "none.mp3", RATE, 1)
    with pytest.raises(InputError, match=r"long\.wav': it lasts longer than 1 s"):
        Decoded(tmp_path / "long.wav", RATE, 1, bounds=Bounds(samples=2**40, longest=1.0))


_HALF_AN_HOUR = """
import resource
import numpy as np
from voxpress.audio.mixing import Layer, Mix
from voxpress.audio.signals import Decoded, read_blocks
from voxpress.audio.waveform import Audio
import soundfile, soxr, sys
rate, end = 44100, 1800 * 44100
bed = Decoded(sys.argv[1], rate, 2)
word = Audio(np.ones(10 * rate, np.float32), rate)
def load():
    return Audio(word.samples * np.float32(0.5), rate)
layers = [Layer(start=at, duration=10 * rate, load=load, speech=True) for at in range(0, end, 11 * rate)]
layers.append(Layer(start=0, duration=end, load=lambda: bed, ducked=12, loop=True))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for block in read_blocks(Mix(layers, sample_rate=rate, channels=2, length=end)):
    pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count memory in bytes")
def test_half_an_hour_needs_little_memory(tmp_path):
    soundfile.write(tmp_path / "bed.wav", np.zeros((120 * 44_100, 2), np.float32), 44_100)
    done = subprocess.run(
        [sys.executable, "-c", _HALF_AN_HOUR, str(tmp_path / "bed.wav")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < 50_000  # kB


@pytest.mark.parametrize("length", [100, 4_000], ids=["with gaps", "overlapping"])
def test_mixing_grows_with_the_length_however_many_sounds_there_are(length):
    click = held(np.full(length, 0.1))

    def work(count):
        layers = [Layer(start=2_000 * n, duration=length, load=click, speech=True) for n in range(count)]
        for block in read_blocks(mix(*layers, bed(2_000 * count))):
            assert block.any()

    require_linear(work, 8_000)
