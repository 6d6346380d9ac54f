"""Bark through transformers, with a model of random weights."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import voxpress
from voxpress.engines.bark import Bark
from voxpress.errors import EngineError, ModelUnavailable, SynthesisError, UnknownVoice, UnsupportedOption
from voxpress.files import home
from voxpress.models import catalogue
from voxpress.models.catalogue import File
from voxpress.rendering import worker
from voxpress.rendering.plan import Bad
from voxpress.rendering.planner import Planner
from voxpress.speech import Segment, Speaker, Utterance
from voxpress.testing import EngineContract

TEXTS = ("Your call is important to us.", "One moment, please.", "Hi.", "Goodbye for now.", "Thank you.")
installed = pytest.mark.engines


def segment(text=TEXTS[0], **changes) -> Segment:
    return Segment(**{"text": text, "voice": "v2/en_speaker_6", "language": "en", "seed": 1, **changes})


def folder(place: Path, voices=("v2/en_speaker_6", "v2/de_speaker_0", "announcer")) -> Path:
    """What of a model can be looked at without PyTorch."""
    place.mkdir()
    (place / "config.json").write_text('{"model_type": "bark"}')
    for file in ("generation_config.json", "pytorch_model.bin", "tokenizer.json"):
        (place / file).write_text("{}")
    for number, name in enumerate(voices):
        preset(place / "voices" / f"{name}.npz", number)
    return place


def preset(file: Path, number: int, **changes) -> dict[str, Any]:
    parts = {
        "semantic_prompt": np.arange(9) + number,
        "coarse_prompt": np.arange(10).reshape(2, 5),
        "fine_prompt": np.arange(40).reshape(8, 5).astype(np.int32),
        **changes,
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez(file, **parts)
    return parts


@pytest.fixture(autouse=True)
def alone(home, new_user):
    """No model of the user's is seen."""


@pytest.fixture
def engine(tiny):
    return Bark(str(tiny("bark")), device="cpu")


@pytest.fixture
def speak(engine, pools):
    """Speaks segments in a worker."""

    def speak(*segments):
        return pools.speaking(engine).submit(worker.synthesize, engine, segments).result()

    return speak


@pytest.fixture
def there(engine, pools):
    """Runs code in a worker, where `bark` is a loaded engine that computes four segments at once, and `lm` its first
    step; gives the code's `result`.
    """

    def there(code, **given):
        loaded = f"from voxpress.engines.bark import Bark\nbark = Bark({engine.model!r}, device='cpu')"
        whole = (
            f"{loaded}\nbark.max_batch = 4\nbark.load()\nlm = bark._load_in('float32').model.semantic\n{code}"
        )
        call = f"(lambda names: exec({whole!r}, names) or names['result'])(given)"
        return pools.speaking(engine).submit(eval, call, {"given": given}).result()

    return there


@installed
class TestContract(EngineContract):
    speech = False

    @pytest.fixture(autouse=True)
    def _tiny(self, tiny):
        self.model = str(tiny("bark"))

    @pytest.fixture(scope="class")
    @classmethod
    def pools(cls, pools):
        return pools

    def engine(self):
        return Bark(self.model, device="cpu")


# Batches and seeds


@installed
def test_a_segment_sounds_the_same_in_any_batch(there):
    """To the bit: whoever its neighbours are, where it stands among them, and when there are none."""
    segments = [segment(text, seed=11**number) for number, text in enumerate(TEXTS)]
    orders = [[0, 1, 2, 3, 4], [0], [3], [4, 2, 1], [1, 0], [2, 4]]
    spoken = there(
        "result = [bark.synthesize([given[i] for i in o]) for o in orders]", given=segments, orders=orders
    )
    for order, audios in zip(orders, spoken, strict=True):
        for number, audio in zip(order, audios, strict=True):
            np.testing.assert_array_equal(audio.samples, spoken[0][number].samples)
    assert len({audio.samples.tobytes() for audio in spoken[0]}) == len(TEXTS)


@installed
def test_a_batch_sounds_as_one_by_one(there, speak):
    """Up to rounding: what is computed four at once here is computed one by one on a CPU."""
    segments = [segment(text, seed=number) for number, text in enumerate(TEXTS[:3])]
    for one, audio in zip(segments, there("result = bark.synthesize(given)", given=segments), strict=True):
        np.testing.assert_allclose(audio.samples, speak(one)[0].samples, atol=1e-4)


@installed
def test_text_seed_voice_and_options_are_heard(speak):
    """The random model is not deaf to any of them, else the tests here would show nothing."""
    changes: list[dict[str, Any]] = [
        {},
        {"text": "Goodbye for now."},
        {"seed": 2},
        {"voice": "v2/de_speaker_0"},
        {"options": {"text_temperature": 1.0}},
        {"options": {"waveform_temperature": 1.0}},
        {"options": {"precision": "bfloat16"}},
    ]
    spoken = [speak(segment(**change))[0].samples.tobytes() for change in changes]
    alike = [(i, j) for i, one in enumerate(spoken) for j, other in enumerate(spoken[:i]) if one == other]
    assert alike == []
    assert speak(segment())[0].samples.tobytes() == spoken[0]  # in whole numbers again, after bfloat16


@installed
def test_workers_and_order_change_no_take(engine, tmp_path):
    """Nor does what else is rendered."""
    rows = [Utterance(id=str(number), text=text) for number, text in enumerate(TEXTS)]

    def takes(rows, name, workers):
        options = {"model": engine.model, "device": "cpu", "store": tmp_path / name, "workers": workers}
        results = list(voxpress.render(rows, engine="bark", **options))
        assert [result.error for result in results] == [""] * len(rows)
        return {result.utterance.id: result.clips[0].sha256 for result in results}

    first = takes(rows, "one", 2)
    assert takes(rows[:0:-1], "two", 1) == {id: sha256 for id, sha256 in first.items() if id != "0"}


# What goes wrong


@installed
def test_text_that_is_too_long_is_never_cut(speak):
    """transformers would leave out what does not fit."""
    with pytest.raises(
        SynthesisError, match=r"takes 1 to 256 tokens of text at once, not the 800 of 'so it goes"
    ):
        speak(segment("so it goes " * 100))


@installed
def test_speech_without_an_end_fails_alone(there):
    """One that goes on for longer than its text can take is no take; the others of its batch are."""
    code = """
where = lm.position_embeds_layer.weight.data
where[257 + 25 : 257 + 200] = where[0]  # no end before 4 s, and certainly then
lm.lm_head.weight.data[10000] *= 9
result = bark.synthesize(given)
"""
    late, spoken = there(code, given=[segment("Hi."), segment("Thank you.")])
    assert str(late) == "bark found no end of 'Hi.' in 3.3 s"
    assert isinstance(late, SynthesisError)
    assert 3.9 < spoken.duration < 4.1


@installed
def test_silence_is_no_take(there):
    """The model may end before it has begun, which transformers fails on."""
    code = """
lm.position_embeds_layer.weight.data[: 257 + 25] *= -1
lm.lm_head.weight.data[10000] *= 9
result = bark.synthesize(given)
"""
    (error,) = there(code, given=[segment()])
    assert str(error) == "bark said nothing to 'Your call is important to us.'"


@installed
def test_a_device_that_is_not_there(tiny, pools):
    """Never another one in its place."""
    engine = Bark(str(tiny("bark")), device="cuda:7")
    with pytest.raises(EngineError, match=r"device 'cuda:7' is not there: PyTorch .* finds"):
        pools.speaking(engine).submit(worker.synthesize, engine, [segment()]).result()


@installed
def test_weights_of_another_kind(tiny, pools, tmp_path):
    """transformers would fill in what is missing with random numbers."""
    from_tiny = Path(shutil.copytree(tiny("bark"), tmp_path / "other"))
    settings = json.loads((from_tiny / "config.json").read_text())

    def problem():
        engine = Bark(str(from_tiny), device="cpu")
        with pytest.raises(ModelUnavailable) as raised:
            pools.speaking(engine).submit(worker.synthesize, engine, [segment()], fresh=True).result()
        return str(raised.value)

    (from_tiny / "config.json").write_text(json.dumps({**settings, "model_type": "bert"}))
    assert "its config.json says 'bert'" in problem()
    settings["semantic_config"]["num_layers"] = 2
    (from_tiny / "config.json").write_text(json.dumps(settings))
    assert "incomplete: there is no semantic.layers.1" in problem()


@installed
@pytest.mark.parametrize(
    ("row", "error", "message"),
    [
        ({"voice": "v2/en_speaker_9"}, UnknownVoice, "'v2/en_speaker_9' is not a bark voice; did you mean"),
        ({"language": "nl"}, UnsupportedOption, "does not speak 'nl'"),
        ({"speed": 5.0}, UnsupportedOption, "speed 5 is out of range"),
        ({"options": {"text_temperature": 9.0}}, UnsupportedOption, "must lie between 0.1 and 1.5, not 9.0"),
        ({"options": {"precision": "float16"}}, UnsupportedOption, "a CPU does not compute in float16"),
        ({"options": {"precision": "int8"}}, UnsupportedOption, "must be one of float32"),
    ],
)
def test_wrong_rows_are_found_before_anything_is_spoken(engine, row, error, message):
    planned = Planner(Speaker(engine="bark", model=engine.model), device="cpu").plan(
        Utterance(text="Hello there.", **{"voice": "v2/en_speaker_6", **row}), filed=False
    )
    assert isinstance(planned, Bad)
    assert isinstance(planned.error, error) and message in str(planned.error)


# Voices, which need no PyTorch


def test_voices(tmp_path):
    """The usual one first; what a voice speaks stands in its name."""
    engine = Bark(str(folder(tmp_path / "model")))
    assert [(voice.name, voice.languages) for voice in engine.voices()] == [
        ("v2/en_speaker_6", ("en",)),
        ("announcer", ()),
        ("v2/de_speaker_0", ("de",)),
    ]
    assert engine.voice(None).licence == "MIT"


def test_presets_as_transformers_lays_them_out(tmp_path):
    """Those that are named and there; the same preset is the same, however it is packed."""
    place = folder(tmp_path / "model", voices=())
    files: dict[str, Any] = {}
    for name, number in (("v2/en_speaker_1", 1), ("v2/en_speaker_2", 2)):
        parts = preset(tmp_path / "packed.npz", number)
        files[name] = {part: f"speaker_embeddings/{name}_{part}.npy" for part in parts}
        (place / "speaker_embeddings/v2").mkdir(parents=True, exist_ok=True)
        for part, file in files[name].items():
            np.save(place / file, parts[part])
    Path(place, files["v2/en_speaker_2"]["fine_prompt"]).unlink()
    (place / "speaker_embeddings_path.json").write_text(json.dumps({"repo_or_path": "suno/bark", **files}))
    assert [voice.name for voice in Bark(str(place)).voices()] == ["v2/en_speaker_1"]


@installed
def test_a_preset_is_its_content(tiny, tmp_path):
    """However it is packed, takes that were spoken with it are found again."""
    place = Path(shutil.copytree(tiny("bark"), tmp_path / "model"))
    usual = Bark(str(place)).fingerprint("v2/en_speaker_6")
    parts = {
        part: np.load(place / f"speaker_embeddings/v2/en_speaker_6_{part}.npy")
        for part in ("semantic_prompt", "coarse_prompt", "fine_prompt")
    }
    shutil.rmtree(place / "speaker_embeddings")
    preset(place / "voices/v2/en_speaker_6.npz", 0, **parts)
    assert Bark(str(place)).fingerprint("v2/en_speaker_6") == usual
    preset(place / "voices/v2/en_speaker_6.npz", 1)
    assert Bark(str(place)).fingerprint("v2/en_speaker_6") != usual


def test_voices_that_were_pulled(tmp_path, monkeypatch, new_user):
    """They go with any model, and one of the model's own comes first."""
    everything = catalogue.catalogue()["bark-voices"]
    names = ("v2/fr_speaker_1", "v2/en_speaker_6")
    few = [File(path=f"{name}.npz", registry=("pip:voices==1:there",)) for name in names]
    small = catalogue.Model(name="bark-voices", engine="bark", files=tuple(few))
    monkeypatch.setattr(catalogue, "catalogue", lambda: {"bark-voices": small})
    engine = Bark(str(folder(tmp_path / "model", voices=())))
    with pytest.raises(
        ModelUnavailable, match="no voices: run  voxpress models pull bark-voices --from registry"
    ):
        engine.voices()
    for file in small.files:
        preset(home.data("models", "bark-voices") / file.path, 7)
    assert [voice.name for voice in Bark(engine.model).voices()] == ["v2/en_speaker_6", "v2/fr_speaker_1"]
    assert len(everything.files) == 130
    assert {file.path.split("/")[1][:2] for file in everything.files} == set(Bark.languages)


def test_incomplete_models(tmp_path):
    with pytest.raises(ModelUnavailable, match="run  voxpress models pull bark"):
        Bark().voices()
    with pytest.raises(
        ModelUnavailable, match=r"no model of Bark: it has no config.json, .*, weights, tokenizer.json"
    ):
        Bark(str(tmp_path)).voices()
    place = folder(tmp_path / "model")
    (place / "speaker_embeddings_path.json").write_text('["v2/en_speaker_1"]')
    with pytest.raises(ModelUnavailable, match=r"cannot read .*speaker_embeddings_path\.json"):
        Bark(str(place)).voices()


@installed
@pytest.mark.parametrize("broken", [b"nothing", None])
def test_broken_presets(tiny, tmp_path, broken):
    """Found when a row asks for the voice; the others are not touched."""
    place = Path(shutil.copytree(tiny("bark"), tmp_path / "model"))
    usual = Bark(str(place)).fingerprint("v2/en_speaker_6")
    if broken is None:
        preset(place / "voices/v2/de_speaker_0.npz", 0, coarse_prompt=np.arange(3))
    else:
        (place / "voices/v2/de_speaker_0.npz").write_bytes(broken)
    engine = Bark(str(place))
    with pytest.raises(ModelUnavailable, match=r"v2/de_speaker_0\.npz is no preset of Bark"):
        engine.fingerprint("v2/de_speaker_0")
    assert engine.fingerprint("v2/en_speaker_6") == usual
