"""The engine contract as tests, for voxpress's engines and for those of other packages.

In a test module of a package with an engine::

    from voxpress.testing import EngineContract

    class TestMine(EngineContract):
        def engine(self):
            return Mine()

pytest then runs every test below against the engine, with its weights, in a few seconds. An engine that may not load in
this process, or that has an environment of its own, speaks in a worker.
"""

from __future__ import annotations

import pickle
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec
import numpy as np
import pytest

from voxpress.audio.waveform import Audio
from voxpress.engines import Engine, check_options
from voxpress.errors import SynthesisError, UnknownVoice, UnsupportedOption
from voxpress.executors import Pools
from voxpress.quality.signal import check
from voxpress.rendering import worker
from voxpress.speech import Phonemes, Segment
from voxpress.text import carrier

_CHARACTERS = (
    "#",
    "*",
    "℃",
    "￥",
    "✓",
    "②",
    "½",
    "€",
    "é",
    "你",
    "ж",
    "ع",
    "😀",
    "\u0301",
    "\u200d",
    "<",
    "|",
    "☃",
    "𝟛",
    "🏴",
    "/",
)
"""Some that engines read, some that they spell, and some that they leave out."""


class EngineContract(ABC):
    """What every engine must do. Subclass it under a name that starts with ``Test`` and override `engine`."""

    texts: tuple[str, ...] = (
        "Your call is important to us.",
        "Please enter your account number, followed by the pound key.",
        "Goodbye for now.",
    )
    """Texts that the tests speak, in the language of the default voice."""
    sounds = "məˈniːmi"
    """Sounds that the default voice has, in IPA."""
    speech = True
    """Whether the audio is a reading of the text. With False, for a model of random weights whose audio may have any
    length, the tests check only the form of the audio."""

    @abstractmethod
    def engine(self) -> Engine:
        """A new engine, not loaded."""

    @pytest.fixture(scope="class")
    @classmethod
    def pools(cls) -> Iterator[Pools]:
        """The pools in which the engine speaks: one for all tests, so that the engine loads once."""
        with Pools(workers=0) as pools:
            yield pools

    def segment(self, engine: Engine, text: str, **changes: object) -> Segment:
        """A segment in the default voice."""
        voice = engine.voice(None)
        language = next(iter((*voice.languages, *engine.languages)), "en")
        fields = {
            "text": text,
            "voice": voice.key,
            "language": "en" if language == "*" else language,
            "seed": 1,
        }
        return Segment(**{**fields, **changes})  # type: ignore[arg-type]

    def test_declares_what_it_is(self) -> None:
        """Name, licences, languages and limits are there before anything is loaded."""
        engine = self.engine()
        assert engine.name.isidentifier()
        assert engine.licence and engine.weights_licence and engine.languages
        assert engine.max_chars >= 20 and engine.max_batch >= 1
        slowest, fastest = engine.speeds
        assert 0 < slowest <= 1 <= fastest

    def test_pickles_unloaded(self, pools: Pools) -> None:
        """Workers get the engine as its class, model and device, even after it was loaded."""
        engine = self.engine()
        _speak_in_worker(pools, engine, [self.segment(engine, self.texts[0])])
        copy = pickle.loads(pickle.dumps(engine))
        assert copy == engine and hash(copy) == hash(engine)
        voice = engine.voice(None).key
        assert copy.fingerprint(voice) == engine.fingerprint(voice)

    def test_has_voices(self) -> None:
        """Voices have names of their own, the first is the default, and an unknown one is an error."""
        engine = self.engine()
        names = [voice.name for voice in engine.voices()]
        assert names and len(set(names)) == len(names)
        assert engine.voice(None).name == names[0]
        assert engine.voice(names[-1]).name == names[-1]
        try:
            engine.voice("no such voice")
        except UnknownVoice as error:
            assert "no such voice" in str(error)
        else:
            raise AssertionError("an unknown voice was taken")

    def test_declares_options_that_pass_their_own_check(self) -> None:
        """Defaults lie within the declared bounds, and an undeclared option is an error."""
        kind = type(self.engine())
        assert check_options(kind, {}) == {name: option.default for name, option in kind.options.items()}
        try:
            check_options(kind, {"no_such_option": 1})
        except UnsupportedOption:
            pass
        else:
            raise AssertionError("an unknown option was taken")

    def test_speaks(self, pools: Pools) -> None:
        """One audio for each segment: mono float32 that passes the structural check, with marks inside it."""
        engine = self.engine()
        for text in self.texts:
            segment = self.segment(engine, text)
            (audio,) = _speak_in_worker(pools, engine, [segment])
            assert audio.samples.dtype == np.float32 and audio.samples.ndim == 1
            assert audio.sample_rate >= 8000
            self._check(audio, segment)
            _assert_marks_fit(audio)

    def test_says_the_same_for_the_same_segment(self, pools: Pools) -> None:
        """Also after it has said something else, and in another instance."""
        engine = self.engine()
        segment = self.segment(engine, self.texts[0])
        (first,) = _speak_in_worker(pools, engine, [segment])
        _speak_in_worker(pools, engine, [self.segment(engine, self.texts[1])])
        for fresh in (False, True):
            (again,) = _speak_in_worker(pools, self.engine(), [segment], fresh=fresh)
            assert np.array_equal(first.samples, again.samples)

    def test_batches_do_not_change_what_is_said(self, pools: Pools) -> None:
        """A batch gives what its segments give alone, in their order."""
        engine = self.engine()
        segments = [self.segment(engine, text) for text in self.texts[: engine.max_batch]]
        together = _speak_in_worker(pools, engine, segments)
        assert len(together) == len(segments)
        for segment, audio in zip(segments, together, strict=True):
            (alone,) = _speak_in_worker(pools, engine, [segment])
            assert len(alone.samples) == len(audio.samples)
            assert np.allclose(alone.samples, audio.samples, atol=1e-3)

    def test_speed_changes_the_duration(self, pools: Pools) -> None:
        """Faster is shorter, where the engine has speeds."""
        engine = self.engine()
        slowest, fastest = engine.speeds
        if slowest == fastest:
            return
        slow, fast = (
            _speak_in_worker(pools, engine, [self.segment(engine, self.texts[1], speed=speed)])[0].duration
            for speed in (max(slowest, 0.8), min(fastest, 1.25))
        )
        assert fast < slow

    def test_says_every_character_or_names_it(self, pools: Pools) -> None:
        """No character makes an engine fail in another way, and what it leaves out is listed before."""
        engine = self.engine()
        voice = engine.voice(None)
        for character in _CHARACTERS:
            text = f"{self.texts[2].rstrip('.')} {character} now."
            segment = self.segment(engine, text)
            listed = engine.unspeakable(text, voice, segment.language)
            assert set(listed) <= set(text), listed
            try:
                (audio,) = _speak_in_worker(pools, engine, [segment])
            except SynthesisError as error:
                assert listed, f"{character!r} is refused, and unspeakable() does not list it: {error}"
                assert any(repr(each) in str(error) for each in listed), error
            else:
                self._check(audio, segment)

    def test_speaks_given_sounds(self, pools: Pools) -> None:
        """Other sounds for a word are other audio, the word keeps its mark, and a sound that it lacks has a name."""
        engine = self.engine()
        voice = engine.voice(None)
        word = self.texts[0].split()[1]
        start = self.texts[0].index(word)
        plain = self.segment(engine, self.texts[0])
        if not engine.takes_phonemes:
            assert engine.unspeakable_sounds("kɒl", voice, plain.language)
            return
        given = Phonemes(start=start, end=start + len(word), ipa=self.sounds)
        assert not engine.unspeakable_sounds(given.ipa, voice, plain.language)
        assert engine.unspeakable_sounds("☃", voice, plain.language) == ["☃"]
        told = msgspec.structs.replace(plain, phonemes=(given,))
        (usual,), (other,) = (_speak_in_worker(pools, engine, [each]) for each in (plain, told))
        assert not np.array_equal(usual.samples, other.samples)
        self._check(other, told)
        _assert_marks_fit(other)
        heard = [mark.text for audio in (usual, other) for mark in audio.marks if mark.kind == "word"]
        assert heard[: len(heard) // 2] == heard[len(heard) // 2 :]

    def test_times_its_words(self, pools: Pools) -> None:
        """`timed` is a promise: a word can be cut out of a carrier phrase."""
        engine = self.engine()
        segment = self.segment(engine, self.texts[0].split()[-1])
        phrase = carrier.phrase(segment.text, segment.language)
        if not (engine.timed and self.speech) or phrase is None:
            return
        segment = msgspec.structs.replace(segment, carrier=phrase)
        (audio,) = _speak_in_worker(pools, engine, [carrier.add_phrase(segment)])
        cut = carrier.cut(audio, segment)
        assert cut is not None, [mark.text for mark in audio.marks if mark.kind == "word"]
        check(cut, segment)

    def test_takes_the_longest_text_it_declares(self, pools: Pools) -> None:
        """`longest` is a promise: nothing is cut below it."""
        engine = self.engine()
        voice = engine.voice(None)
        longest = engine.longest(voice, self.segment(engine, "").language)
        text = (" ".join(self.texts) + " ") * (longest // 20)
        segment = self.segment(engine, text[:longest].rsplit(" ", 1)[0])
        (audio,) = _speak_in_worker(pools, engine, [segment])
        self._check(audio, segment)

    def _check(self, audio: Audio, segment: Segment) -> None:
        if self.speech:
            check(audio, segment)
        else:
            assert np.isfinite(audio.samples).all() and np.abs(audio.samples).max() > 0.001


def _speak_in_worker(
    pools: Pools, engine: Engine, batch: Sequence[Segment], *, fresh: bool = False
) -> Sequence[Audio]:
    return pools.speaking(engine).submit(worker.synthesize, engine, batch, fresh=fresh).result()


def _assert_marks_fit(audio: Audio) -> None:
    for kind in ("word", "phoneme"):
        marks = [mark for mark in audio.marks if mark.kind == kind]
        assert all(0 <= mark.start <= mark.end <= audio.duration + 0.05 for mark in marks)
        assert all(a.start <= b.start for a, b in pairwise(marks))
