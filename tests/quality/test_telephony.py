"""Signals in delivered audio. The referee is spandsp, the library of FreeSWITCH, where it is installed."""

from __future__ import annotations

import ctypes
import ctypes.util
import itertools

import numpy as np
import pytest

from tests.speechlike import speech
from voxpress.audio.waveform import Audio, resample
from voxpress.quality.telephony import find_signals

LOW, HIGH, KEYS = (697, 770, 852, 941), (1209, 1336, 1477, 1633), "123A456B789C*0#D"
RATE = 8000


def sine(frequencies, seconds, level=-12.0, rate=RATE):
    """Sines of `level` dBFS each."""
    time = np.arange(round(seconds * rate)) / rate
    return 10 ** (level / 20) * np.sum([np.sin(2 * np.pi * each * time) for each in frequencies], axis=0)


def key(name, seconds=0.08, level=-15.0, twist=0.0, off=0.0):
    """A key; `twist`: dB that the high tone is stronger; `off`: share that the frequencies are wrong."""
    place = KEYS.index(name)
    low = sine([LOW[place // 4] * (1 + off)], seconds, level - twist / 2)
    return low + sine([HIGH[place % 4] * (1 + off)], seconds, level + twist / 2)


def rest(seconds):
    return np.zeros(round(seconds * RATE))


def names(*parts, rate=RATE):
    return [heard.name for heard in find_signals(Audio(np.concatenate(parts).astype(np.float32), rate))]


def digits(*parts):
    return "".join(name[5:] for name in names(*parts) if name.startswith("DTMF"))


@pytest.mark.parametrize("name", KEYS)
def test_each_key(name):
    assert names(rest(0.3), key(name), rest(0.3)) == [f"DTMF {name}"]


def test_when():
    (heard,) = find_signals(
        Audio(np.concatenate([rest(0.5), key("7", 0.1), rest(0.4)]).astype(np.float32), RATE)
    )
    assert heard.start == pytest.approx(0.5, abs=0.01)
    assert heard.end == pytest.approx(0.6, abs=0.01)


@pytest.mark.parametrize("level", [-6, -20, -30, -40, -44])
def test_soft_and_loud(level):
    assert digits(rest(0.1), key("5", level=level), rest(0.1)) == "5"


@pytest.mark.parametrize(
    ("twist", "expected"),
    [(-7, "5"), (-3, "5"), (3, "5"), (3.8, "5"), (5, ""), (8, ""), (-10, ""), (-14, "")],
)
def test_twist(twist, expected):
    assert digits(rest(0.1), key("5", twist=twist), rest(0.1)) == expected


@pytest.mark.parametrize("name", ["1", "6", "0", "D"])
def test_frequencies_of_q24(name):
    for off in (-0.015, -0.01, 0.01, 0.015):
        assert digits(rest(0.1), key(name, off=off), rest(0.1)) == name
    for off in (-0.05, -0.035, 0.035, 0.05):
        assert digits(rest(0.1), key(name, off=off), rest(0.1)) == ""


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.01, ""), (0.015, ""), (0.04, "9"), (0.06, "9"), (0.5, "9")]
)
def test_how_long(seconds, expected):
    assert digits(rest(0.1), key("9", seconds), rest(0.1)) == expected


@pytest.mark.parametrize("rate", [8000, 16000, 24000, 44100])
def test_rates(rate):
    sound = Audio(np.concatenate([rest(0.1), key("3"), rest(0.1)]).astype(np.float32), RATE)
    assert [heard.name for heard in find_signals(resample(sound, rate))] == ["DTMF 3"]


def test_two_of_a_key():
    assert digits(key("4"), rest(0.06), key("4")) == "44"


def test_one_tone_of_a_key_is_none():
    assert names(sine([697], 0.2), rest(0.1), sine([1336], 0.2)) == []


@pytest.mark.parametrize("pitch", [90, 120, 165, 210, 300])
def test_speech_presses_no_key(pitch):
    assert find_signals(speech(20.0, pitch=pitch, sample_rate=RATE)) == []


@pytest.mark.parametrize("sound", [np.zeros(0), np.zeros(1), np.zeros(50), np.full(4000, 0.9), np.ones(101)])
def test_nothing_to_hear(sound):
    assert names(sound) == []


def cadence(frequencies, on, off, times, level=-15.0):
    return np.concatenate([np.concatenate([sine(frequencies, on, level), rest(off)]) for _ in range(times)])


@pytest.mark.parametrize(
    ("name", "sound"),
    [
        ("busy tone", cadence([480, 620], 0.5, 0.5, 4)),
        ("busy tone", cadence([425], 0.48, 0.48, 3)),
        ("busy tone", cadence([400], 0.375, 0.375, 4)),
        ("busy tone", cadence([425], 0.5, 0.5, 3, level=-30)),
        ("congestion tone", cadence([480, 620], 0.25, 0.25, 6)),
        ("congestion tone", cadence([425], 0.24, 0.24, 5)),
        ("ringing tone", cadence([440, 480], 2.0, 4.0, 2)),
        ("ringing tone", cadence([425], 1.0, 4.0, 2)),
        ("dial tone", sine([350, 440], 2.0)),
        ("dial tone", sine([425], 3.0, -20)),
        ("fax call", sine([1100], 0.5)),
        ("fax answer", sine([2100], 3.0)),
    ],
)
def test_tones_of_the_network(name, sound):
    assert names(rest(0.3), sound, rest(0.3)) == [name]


@pytest.mark.parametrize(
    "sound",
    [
        sine([440], 0.25),  # a beep
        np.concatenate([sine([440], 0.1), rest(0.05), sine([880], 0.2)]),
        cadence([425], 0.5, 0.5, 2),  # twice is no rhythm
        cadence([600], 0.5, 0.5, 5),
        np.concatenate([sine([425], 0.5), rest(0.5), sine([425], 0.31), rest(0.35), sine([425], 0.75)]),
        cadence([425, 850, 1275], 0.5, 0.5, 4),  # a hum with overtones
        sine([1100], 0.1),
        sine([2100], 0.4),
        sine([1000], 3.0),
    ],
)
def test_other_tones(sound):
    assert names(rest(0.3), sound, rest(0.3)) == []


def test_a_busy_tone_behind_speech():
    spoken = speech(4.0, sample_rate=RATE).samples
    assert names(spoken, rest(0.5), cadence([425], 0.5, 0.5, 4)) == ["busy tone"]


# spandsp


@pytest.fixture(scope="module")
def spandsp():
    name = ctypes.util.find_library("spandsp")
    if name is None:
        pytest.skip("spandsp is not installed (Debian: libspandsp2)")
    library = ctypes.CDLL(name)
    library.dtmf_rx_init.restype = ctypes.c_void_p
    library.dtmf_rx_init.argtypes = [ctypes.c_void_p] * 3
    library.dtmf_rx.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
    library.dtmf_rx_get.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    library.dtmf_rx_get.restype = ctypes.c_size_t
    library.dtmf_rx_free.argtypes = [ctypes.c_void_p]

    def hear(*parts):
        sound = np.concatenate([*parts, rest(0.1)])
        samples = np.ascontiguousarray(np.clip(sound * 32767, -32768, 32767), np.int16)
        state = library.dtmf_rx_init(None, None, None)
        library.dtmf_rx(state, samples.ctypes.data, len(samples))
        found = ctypes.create_string_buffer(129)
        count = library.dtmf_rx_get(state, found, 128)
        library.dtmf_rx_free(state)
        return found.raw[:count].decode()

    return hear


TEN = "1470*369#D"


@pytest.mark.parametrize("level", [-8, -14, -22, -32])
@pytest.mark.parametrize("twist", [-6, 0, 3])
def test_both_find_ten_digits(spandsp, level, twist):
    gaps = itertools.cycle([0.05, 0.083, 0.2])
    sound = np.concatenate(
        [np.concatenate([key(each, 0.06, level, twist), rest(next(gaps))]) for each in TEN]
    )
    assert digits(sound) == spandsp(sound) == TEN


def test_both_find_ten_digits_between_words(spandsp):
    spoken = speech(20.0, sample_rate=RATE).samples
    sound = np.concatenate(
        [
            np.concatenate([spoken[2 * RATE * k : 2 * RATE * (k + 1)], key(each, 0.1)])
            for k, each in enumerate(TEN)
        ]
    )
    assert digits(sound) == spandsp(sound) == TEN


def test_both_find_ten_digits_under_a_soft_voice(spandsp):
    spoken = speech(3.0, sample_rate=RATE).samples
    spoken *= 10 ** (-40 / 20) / np.abs(spoken).max()
    tones = np.concatenate([np.concatenate([key(each, 0.1, -12), rest(0.15)]) for each in TEN])
    assert digits(tones + spoken[: len(tones)]) == spandsp(tones + spoken[: len(tones)]) == TEN


def test_what_spandsp_hears_is_found(spandsp):
    """Whatever the referee takes for a key in noise, beeps and gliding tones is found here too."""
    random = np.random.default_rng(3)
    for _ in range(300):
        frequencies = (
            random.choice(LOW) * random.uniform(0.975, 1.025),
            random.choice(HIGH) * random.uniform(0.975, 1.025),
        )
        sound = sine(frequencies[:1], 0.07, random.uniform(-40, -10)) + sine(
            frequencies[1:], 0.07, random.uniform(-40, -10)
        )
        sound = np.concatenate([rest(random.uniform(0.01, 0.03)), sound, rest(0.05)])
        sound = sound + random.standard_normal(len(sound)) * 10 ** (random.uniform(-90, -40) / 20)
        if heard := spandsp(sound):
            assert heard in digits(sound) or not _is_certain(frequencies)


def _is_certain(frequencies):
    """Whether the frequencies are those that a receiver must accept."""
    near = [min(abs(each / exact - 1) for exact in LOW + HIGH) for each in frequencies]
    return max(near) <= 0.015
