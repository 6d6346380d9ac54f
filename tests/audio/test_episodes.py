"""Episodes from parts: joints cannot be heard, a part's bytes are its own, and players find chapters and tags."""

from __future__ import annotations

import itertools

import av
import numpy as np
import pytest

from tests.audio import reference
from tests.audio.test_audiobooks import JPEG, PNG
from tests.audio.test_mastering import SIGNALS, Stereo
from tests.speechlike import speech
from voxpress.audio.episodes import PEAKS, Encoding, encode_part, grid, join_parts
from voxpress.audio.mastering import LOUDNESS, Mastered, choose_gain, measure
from voxpress.audio.signals import Held
from voxpress.audio.tags import Chapter, Place, Tags
from voxpress.audio.waveform import Audio
from voxpress.errors import InputError, UnsupportedOption

RATE = 44_100
TAGS = Tags(
    title="The Show", authors=("Ann", "Bob"), published="2026-11-29", genre="Podcast", media="podcast"
)
JOINED = [
    Encoding(codec="mp3"),
    Encoding(codec="mp3", channels=2),
    Encoding(codec="mp3", bit_rate=64_000, sample_rate=48_000),
    Encoding(codec="m4a"),
    Encoding(codec="m4a", channels=2, sample_rate=48_000),
]


def name(encoding):
    return f"{encoding.codec} {encoding.channels} {encoding.bits} {encoding.sample_rate}"


def signal(samples, encoding):
    samples = np.asarray(samples, np.float32)
    if encoding.channels == 1:
        return Held(Audio(samples, encoding.sample_rate))
    return Stereo(np.stack([samples, 0.7 * samples], 1), encoding.sample_rate)


def sine(count, rate):
    return 0.3 * np.sin(2 * np.pi * 997 * np.arange(count) / rate)


def make(path, sound, cuts, encoding, chapters=(), **options):
    parts = [encode_part(sound, a, b, encoding) for a, b in itertools.pairwise(cuts)]
    join_parts(path, parts, chapters, options.pop("tags", TAGS), encoding, **options)
    return reference.read(path)


def noise_beside_the_tone(samples):
    """Decibels from a sine to everything else."""
    spectrum = np.abs(np.fft.rfft(samples * np.blackman(len(samples)))) ** 2
    place = int(spectrum.argmax())
    rest = spectrum.sum() - spectrum[place - 6 : place + 7].sum()
    return 10 * np.log10(rest / spectrum.sum())


@pytest.mark.parametrize("encoding", JOINED, ids=name)
def test_a_sine_goes_through_joints_without_a_click_a_gap_or_a_drift(tmp_path, encoding):
    frame = grid(encoding)
    cuts = [0, 50 * frame, 51 * frame, 120 * frame, 200 * frame]
    tone = sine(cuts[-1], encoding.sample_rate)
    heard = make(tmp_path / f"e.{encoding.codec}", signal(tone, encoding), cuts, encoding)
    assert len(heard) == cuts[-1]
    np.testing.assert_allclose(heard[4096:-4096, 0], tone[4096:-4096], atol=0.003)
    for cut in cuts[1:-1]:
        assert noise_beside_the_tone(heard[cut - 4096 : cut + 4096, 0]) < -55


@pytest.mark.parametrize("encoding", JOINED, ids=name)
def test_joined_speech_is_as_good_at_joints_as_speech_encoded_at_once(tmp_path, encoding):
    frame = grid(encoding)
    cuts = [frame * k for k in (0, 40, 95, 170, 230, 300)]
    said = speech(cuts[-1] / encoding.sample_rate, sample_rate=encoding.sample_rate).samples[: cuts[-1]]
    sound = signal(2 * said, encoding)
    joined = make(tmp_path / f"j.{encoding.codec}", sound, cuts, encoding)
    whole = make(tmp_path / f"w.{encoding.codec}", sound, [0, cuts[-1]], encoding)
    source = sound.read(0, cuts[-1])
    for cut in cuts[1:-1]:
        near = slice(cut - frame, cut + frame)
        errors = [np.square(each[near] - source[near]).mean() for each in (joined, whole)]
        assert errors[0] <= 2.5 * errors[1] + 1e-7


@pytest.mark.parametrize("encoding", JOINED, ids=name)
def test_a_part_keeps_its_bytes_when_others_change_or_grow(encoding):
    frame = grid(encoding)
    said = 2 * speech(20.0, sample_rate=encoding.sample_rate).samples
    before, part = said[: 80 * frame], said[80 * frame : 200 * frame]
    longer = np.concatenate(
        [np.zeros(7 * frame, np.float32), before[::-1][: 50 * frame], before[50 * frame :]]
    )
    after = said[200 * frame : 300 * frame].copy()
    changed = after.copy()
    changed[10 * frame :] *= 0.5
    bytes_of = [
        encode_part(
            Mastered(signal(np.concatenate([first, part, last]), encoding), 3.0, -2.0),
            len(first),
            len(first) + len(part),
            encoding,
        )
        for first, last in ((before, after), (longer, changed))
    ]
    assert bytes_of[0] == bytes_of[1]


@pytest.mark.parametrize("codec", PEAKS)
@pytest.mark.parametrize("sound", ["speech", "speech over music"])
def test_what_is_decoded_has_the_loudness_and_the_peak(tmp_path, codec, sound):
    source = SIGNALS[sound]()
    encoding = Encoding(codec=codec, channels=source.channels)
    target = LOUDNESS[encoding.channels]
    gain = choose_gain(measure(source), target, PEAKS[codec])
    stop = source.length // grid(encoding) * grid(encoding)
    heard = make(tmp_path / f"e.{codec}", Mastered(source, gain, PEAKS[codec]), [0, stop], encoding)
    found = reference.measure(heard, 48_000 if codec == "opus" else RATE)
    assert found.loudness == pytest.approx(target, abs=0.5)
    assert found.peak <= -1.0


CHAPTERS = [
    Chapter("Intro", 0.0),
    Chapter("Größe “2”", 1.5, "https://example.org/ä?x=1", PNG),
    Chapter("End", 2.25),
]


@pytest.mark.parametrize("codec", PEAKS)
def test_players_find_chapters_and_tags(tmp_path, codec):
    encoding = Encoding(codec=codec)
    sound = signal(sine(130 * 1152, RATE), encoding)
    path = tmp_path / f"e.{codec}"
    make(
        path,
        sound,
        [0, 130 * grid(encoding) if codec != "opus" else 130_000],
        encoding,
        CHAPTERS,
        place=Place("One", 7, 0),
    )
    with av.open(str(path)) as file:
        found = [
            (each["metadata"]["title"], float(each["start"] * (each["time_base"] or 0)))
            for each in file.chapters()
        ]
        said = {key.lower(): value for key, value in (file.metadata | file.streams.audio[0].metadata).items()}
    assert [title for title, _ in found] == [each.title for each in CHAPTERS]
    np.testing.assert_allclose([start for _, start in found], [0, 1.5, 2.25], atol=0.001)
    wanted = {"title": "One", "album": "The Show", "artist": "Ann; Bob", "genre": "Podcast", "track": "7"}
    assert wanted.items() <= said.items()


def test_mutagen_reads_pages_pictures_and_the_table_of_contents(tmp_path):
    id3 = pytest.importorskip("mutagen.id3", reason="mutagen is not installed")
    path = tmp_path / "e.mp3"
    tags = Tags(title="The Show", cover=JPEG)
    encoding = Encoding()
    make(path, signal(sine(130 * 1152, RATE), encoding), [0, 130 * 1152], encoding, CHAPTERS, tags=tags)
    read = id3.ID3(path)
    assert read["CTOC:toc"].child_element_ids == ["ch0", "ch1", "ch2"]
    second = read["CHAP:ch1"]
    assert (second.start_time, second.end_time) == (1500, 2250)
    assert second.sub_frames["WXXX:"].url == "https://example.org/%C3%A4?x=1"
    assert second.sub_frames["APIC:"].data == PNG and read["APIC:"].data == JPEG


def test_what_cannot_be_joined_is_an_error_that_says_why(tmp_path):
    encoding = Encoding()
    sound = signal(sine(20 * 1152, RATE), encoding)
    part, other = (encode_part(sound, 0, 11_520, each) for each in (encoding, Encoding(bit_rate=128_000)))
    path = tmp_path / "e.mp3"
    with pytest.raises(InputError, match="at least one part"):
        join_parts(path, [], [], TAGS, encoding)
    with pytest.raises(InputError, match="part 2 of the episode: it is MP3 of another kind"):
        join_parts(path, [part, other], [], TAGS, encoding)
    with pytest.raises(InputError, match="must begin at 0"):
        join_parts(path, [part], [Chapter("Late", 1.0)], TAGS, encoding)
    with pytest.raises(InputError, match="255 chapters, not 300"):
        join_parts(path, [part], [Chapter("x", float(n)) for n in range(300)], TAGS, encoding)
    assert not path.exists()
    with pytest.raises(ValueError, match="frames of 1152 samples"):
        encode_part(sound, 0, 1000, encoding)
    with pytest.raises(UnsupportedOption, match="at least 64000"):
        Encoding(bit_rate=32_000)
    with pytest.raises(InputError, match="44100 or 48000"):
        Encoding(sample_rate=22_050)
