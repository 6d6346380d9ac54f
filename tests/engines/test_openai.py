"""OpenAI's interface, through the official client and a real server on loopback."""

from __future__ import annotations

import numpy as np
import pytest

import voxpress
from voxpress.engines import openai as adapter
from voxpress.engines.openai import OpenAI
from voxpress.errors import (
    InputError,
    ModelUnavailable,
    ServiceRefused,
    ServiceUnavailable,
    SynthesisError,
    UnknownVoice,
    UnsupportedOption,
)
from voxpress.rendering.planner import Planner
from voxpress.speech import Segment, Speaker, Utterance
from voxpress.store import Store
from voxpress.testing import EngineContract

from .speech_server import KEY, RATE, SpeechServer, spoken

pytest.importorskip("openai")

TEXT = "Your call is important to us."
SECRETS = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_CUSTOM_HEADERS")


@pytest.fixture(scope="module")
def clean():
    """No key of whoever runs the tests, and no waiting between tries."""
    with pytest.MonkeyPatch.context() as patch:
        for name in SECRETS:
            patch.delenv(name, raising=False)
        patch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.001)
        yield patch


@pytest.fixture(scope="module")
def hosted(clean):
    """A server in the place of OpenAI's, which wants a key."""
    with SpeechServer(key=KEY) as server:
        clean.setattr(adapter, "HOSTED", server.url)
        # The client must take it for OpenAI's too: it sends the key nowhere else.
        clean.setenv("OPENAI_BASE_URL", server.url)
        clean.setenv("OPENAI_API_KEY", KEY)
        yield server


@pytest.fixture
def server(hosted):
    hosted.faults.clear()
    hosted.requests.clear()
    hosted.headers.clear()
    hosted.always = ""
    return hosted


@pytest.fixture(scope="module")
def engine(hosted):
    """Loaded once: making a client takes a while."""
    engine = OpenAI("gpt-4o-mini-tts")
    engine.load()
    return engine


def segment(text=TEXT, **changes):
    return Segment(**{"text": text, "voice": "coral", "language": "en", **changes})


class TestOpenAI(EngineContract):
    @pytest.fixture(autouse=True)
    def _hosted(self, server):
        pass

    def engine(self):
        return OpenAI("gpt-4o-mini-tts")


def test_what_is_asked_and_what_comes_back(engine, server):
    """The request has what OpenAI documents and nothing else; the audio is what was sent, to the bit."""
    (audio,) = engine.synthesize([segment(options={"instructions": "Whisper."})])
    wanted = {
        "model": "gpt-4o-mini-tts",
        "input": TEXT,
        "voice": "coral",
        "response_format": "wav",
        "instructions": "Whisper.",
    }
    assert server.requests == [wanted]
    said = spoken(wanted).samples
    assert audio.sample_rate == RATE and len(audio.samples) == len(said)
    assert np.abs(audio.samples - said).max() <= 1 / 65536


def test_a_voice_of_ones_own_is_sent_as_an_object(engine, server):
    """That is the form that OpenAI takes ids in."""
    engine.synthesize([segment(voice=engine.voice("id:voice_1234").key)])
    assert server.requests[0]["voice"] == {"id": "voice_1234"}
    assert "instructions" not in server.requests[0]


@pytest.mark.parametrize("fault", ["length", "flac", "wrong type"])
def test_lossless_audio_is_audio(engine, server, fault):
    """Whatever the server calls it."""
    server.faults.append(fault)
    assert engine.synthesize([segment()])[0].duration > 1


@pytest.fixture
def hasty(hosted, monkeypatch):
    """Loses its patience at once."""
    monkeypatch.setattr(adapter, "_PATIENCE", 0.1)
    monkeypatch.setattr(adapter, "_RETRIES", 1)
    return OpenAI("gpt-4o-mini-tts")


@pytest.mark.parametrize("fault", ["429", "500", "503", "cut", "cut chunks"])
def test_what_passes_is_asked_again(engine, server, fault):
    """By the client, before anybody hears of it."""
    server.faults += [fault, fault]
    assert engine.synthesize([segment()])[0].duration > 1
    assert len(server.requests) == 3
    assert server.headers[2]["x-stainless-retry-count"] == "2"


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        ("429", ServiceUnavailable, r"answered 429, although it was asked 6 times: Rate limit reached \(try"),
        ("429 for long", ServiceUnavailable, r"answered 429: Rate limit reached \(it asks to wait 300 s\)"),
        ("500", ServiceUnavailable, "answered 500, although it was asked 6 times: The server had an error"),
        ("503", ServiceUnavailable, r"answered 503, .*: Bad gateway Try later \(try again later\)"),
        ("no retry", ServiceUnavailable, "answered 500: Broken for good"),
        ("cut", ServiceUnavailable, "no answer from .*: peer closed connection"),
        ("cut chunks", ServiceUnavailable, "no answer from .*: peer closed connection"),
        ("400", InputError, "refuses 'Your call is important to us.': Invalid value: 'x'"),
        ("403", ServiceRefused, "does not allow it: Your country is not supported"),
        ("404", ModelUnavailable, "has no model 'gpt-4o-mini-tts', or no such voice: The model does not"),
        ("422", InputError, "refuses .*: speed too high"),
        ("no credit", ServiceRefused, "has no credit left: You exceeded your current quota"),
        ("cut before", SynthesisError, "not whole: its header says"),
        ("html", SynthesisError, "asked for WAV, and sent text/html; .*: Bad gateway Try later$"),
        ("json", SynthesisError, "asked for WAV, and sent application/json .*overloaded"),
        ("empty", SynthesisError, "sent an empty body for 'Your call"),
        ("noise", SynthesisError, "asked for WAV, and sent audio/wav for 'Your call is important to us.'$"),
        ("mp3", SynthesisError, "asked for WAV, and sent audio/mpeg"),
        ("rate", SynthesisError, "its sample rate is 100 Hz"),
        ("hour", SynthesisError, "it lasts longer than 1800 s"),
        ("endless", SynthesisError, "does not say how long its answer is"),
    ],
)  # fmt: skip
def test_every_failure_is_one_clear_error(engine, server, fault, error, said):
    """It names the server, and what it said."""
    server.always = fault
    with pytest.raises(error, match=said) as caught:
        engine.synthesize([segment()])
    assert type(caught.value) is error and server.url in str(caught.value) and KEY not in str(caught.value)


def test_a_server_that_says_nothing(hasty, server):
    """Is asked again, and in the end not waited for."""
    server.faults.append("slow")
    assert hasty.synthesize([segment("Hello.")])[0].duration > 0.1
    server.faults += ["slow", "slow"]
    with pytest.raises(ServiceUnavailable, match=r"sent nothing for 0\.1 s, although it was asked 2 times"):
        hasty.synthesize([segment()])


@pytest.mark.parametrize("fault", ["cut before", "html", "json", "empty", "noise", "mp3", "rate", "silence"])
def test_a_bad_answer_is_spoken_again_and_never_kept(server, fault):
    """The row succeeds when the second answer is good; else it fails, and the store has nothing of it."""
    store = Store("memory:")
    row = Utterance(id="a", text=TEXT, origin="p.csv:2")
    server.always = fault
    (failed,) = voxpress.render([row], engine="openai", store=store, workers=0)
    assert failed.status == "failed" and failed.error.startswith("p.csv:2: ") and len(server.requests) == 3
    assert {kind: use.count for kind, use in store.stats().items()} == {"takes": 0, "clips": 0}
    assert failed.error_type == ("CheckFailed" if fault == "silence" else "SynthesisError")
    server.always = ""
    server.faults.append(fault)
    (done,) = voxpress.render([row], engine="openai", store=store, workers=0)
    assert done.status == "rendered" and done.notes == (f"attempt 2 taken for {TEXT!r}",)


def test_what_is_refused_is_not_asked_for_again(server):
    """A wrong request stays wrong: it is sent once, and the other rows are spoken."""
    server.faults.append("400")
    rows = [Utterance(id="a", text="A longer text that goes first."), Utterance(id="b", text=TEXT)]
    results = list(voxpress.render(rows, engine="openai", store="memory:", workers=0))
    assert sorted(result.status for result in results) == ["failed", "rendered"]
    assert len(server.requests) == 2


def test_what_is_billed_is_counted(server):
    """Audio that fails its check has been paid for, and what was refused has not."""
    server.faults += ["silence", "html"]
    (done,) = voxpress.render([Utterance(id="a", text=TEXT)], engine="openai", store="memory:", workers=0)
    assert done.characters == len(TEXT) and done.billed == 2 * len(TEXT)
    assert done.cost == pytest.approx(2 * len(TEXT) * 30e-6)
    server.always = "silence"
    (failed,) = voxpress.render(
        [Utterance(id="b", text="Bye now.")], engine="openai", store="memory:", workers=0
    )
    assert failed.status == "failed" and failed.billed == 3 * len("Bye now.")
    server.always = "no credit"
    (refused,) = voxpress.render([Utterance(id="c", text=TEXT)], engine="openai", store="memory:", workers=0)
    assert refused.billed == 0 and refused.cost == 0


def test_a_service_that_lets_nobody_in_is_asked_once(server):
    """All rows fail with what it said, without as many requests."""
    server.always = "no credit"
    rows = [Utterance(id=f"a{i}", text=f"{TEXT} Number {i}.") for i in range(100)]
    results = list(voxpress.render([*rows, Utterance(id="b", text=TEXT, engine="tone")],
                                   engine="openai", store="memory:", workers=0))  # fmt: skip
    assert [result.error_type for result in results].count("ServiceRefused") == 100
    assert len(server.requests) < 30
    assert {result.utterance.id for result in results if result.status == "rendered"} == {"b"}


def test_a_long_text_is_split_and_joined(server):
    """A sentence of more than a request may hold is spoken in parts, all of them, in order."""
    digits = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    names = [" ".join(digits[int(digit)] for digit in str(i * i)) for i in range(80)]
    text = " and ".join(f"item {name}" for name in names) + "."
    clip = voxpress.say(text, engine="openai", model="gpt-4o-mini-tts", store="memory:", workers=0)
    asked = [body["input"] for body in server.requests]
    assert len(asked) == 2 and max(map(len, asked)) <= 1500
    assert sorted(" ".join(asked).split()) == sorted(text.split()) and clip.duration > 60


# What is checked before anything is asked


@pytest.mark.parametrize(
    ("model", "voice", "said"),
    [
        ("tts-1", "allo", r"'allo' is not a openai voice; did you mean 'alloy'\? \(9 voices"),
        ("tts-1", "marin", "tts-1 has no voice 'marin': gpt-4o-mini-tts has it"),
        ("tts-1", "voice_12", "write it as 'id:voice_12'"),
        ("gpt-4o-mini-tts", "Marin", r"did you mean 'marin'\? \(13 voices"),
        ("tts-1", "id:", "'id:'"),
        ("tts-1@http://localhost/v1", " ", "' '"),
    ],
)
def test_voices_that_there_are_not(model, voice, said):
    """With the nearest one, or the model that has it."""
    with pytest.raises(UnknownVoice, match=said):
        OpenAI(model).voice(voice)


def test_another_server_has_voices_of_its_own():
    """Nobody but it knows which."""
    engine = OpenAI("kokoro@http://localhost:8880/v1")
    assert engine.voice("af_heart(2)+bf_emma(1)").name == "af_heart(2)+bf_emma(1)"
    assert engine.voice(None).name == "alloy"
    assert engine.checked({"instructions": "Slowly."}) == {"instructions": "Slowly."}


def test_instructions_are_for_those_who_take_them():
    """And have a limit."""
    with pytest.raises(UnsupportedOption, match="tts-1-hd takes no instructions: gpt-4o-mini-tts does"):
        Planner(Speaker(engine="openai", options={"instructions": "Whisper."})).plan(
            Utterance(id="a", text=TEXT)
        )
    with pytest.raises(UnsupportedOption, match="4,096 characters, not 4,097"):
        OpenAI("gpt-4o-mini-tts").checked({"instructions": "x" * 4097})


@pytest.mark.parametrize(
    "model", ["@http://localhost/v1", "tts-1@ftp://host/v1", "tts-1@http://", "x@http://u:hunter2@host/v1",
              "x@http://host/v1?key=hunter2", "x@http://host:port/v1", "http://localhost/v1"]
)  # fmt: skip
def test_servers_that_cannot_be(model):
    """Said before anything is asked; and what looks like a password is not repeated."""
    with pytest.raises(UnsupportedOption) as caught:
        OpenAI(model).fingerprint("alloy")
    assert "hunter2" not in str(caught.value)


def test_another_server_is_another_voice():
    """However its address is written; and so is another model."""
    here = OpenAI("tts-1@http://localhost:8880/v1").fingerprint("alloy")
    assert OpenAI("tts-1@HTTP://LOCALHOST:8880/v1/").fingerprint("alloy") == here
    others = [
        "tts-1",
        "tts-1@http://localhost:8881/v1",
        "tts-1@https://localhost:8880/v1",
        "x@http://localhost:8880/v1",
    ]
    assert len({here, *(OpenAI(model).fingerprint("alloy") for model in others)}) == 5
    assert OpenAI(f"tts-1@{adapter.HOSTED}").fingerprint("alloy") == OpenAI("tts-1").fingerprint("alloy")


def test_texts_are_cut_to_what_the_model_takes():
    """2,000 tokens of gpt-4o-mini-tts are fewer characters in most scripts."""
    new, old = OpenAI("gpt-4o-mini-tts"), OpenAI("tts-1")
    voice = new.voice(None)
    assert [new.longest(voice, tag) for tag in ("en-GB", "zh", "ru")] == [1500, 600, 600]
    assert old.longest(voice, "zh") == 4096


# Keys


@pytest.fixture
def surroundings(clean, monkeypatch):
    """As where nothing is set."""
    monkeypatch.setattr(adapter, "HOSTED", "https://api.openai.com/v1")
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_no_key(surroundings):
    """OpenAI is not even asked."""
    with pytest.raises(ServiceRefused, match=r"^OpenAI wants an API key: set OPENAI_API_KEY$"):
        voxpress.say(TEXT, engine="openai", model="tts-1-1106", store="memory:")


def test_a_wrong_key(server, monkeypatch):
    """What the server says of it is not repeated: it may hold the key."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-0123456789")
    with pytest.raises(
        ServiceRefused, match="does not take the key: set OPENAI_API_KEY to a valid one"
    ) as caught:
        OpenAI().synthesize([segment()])
    assert "sk-wrong" not in str(caught.value)


def test_a_key_goes_only_where_it_belongs(surroundings):
    """A row can name any server; it gets the text, and nothing that is secret."""
    surroundings.setenv("OPENAI_API_KEY", KEY)
    surroundings.setenv("OPENAI_ORG_ID", "org-secret")
    surroundings.setenv("OPENAI_CUSTOM_HEADERS", "X-Gateway: secret\nAuthorization: Bearer secret")
    with SpeechServer() as other:
        voxpress.say(TEXT, engine="openai", model=f"tts-1@{other.url}", store="memory:")
        assert other.headers[0]["authorization"] == "Bearer none"
        assert KEY not in str(other.headers) and "secret" not in str(other.headers)
        surroundings.delenv("OPENAI_CUSTOM_HEADERS")
        surroundings.setenv("OPENAI_BASE_URL", f"{other.url}/")
        voxpress.say(TEXT, engine="openai", model=f"tts-2@{other.url}", store="memory:")
        assert other.headers[1]["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("fault", ["301", "302", "303", "307", "308"])
def test_a_redirect_is_not_followed_with_the_text_or_the_key(engine, server, fault):
    """The error says where it leads, and what to write if that is right."""
    with SpeechServer() as other:
        server.always, server.onward = fault, f"{other.url}/audio/speech?token=secret"
        with pytest.raises(ServiceRefused) as caught:
            engine.synthesize([segment()])
        assert other.requests == []
    assert f"write the model as gpt-4o-mini-tts@{other.url} " in str(caught.value)
    assert "secret" not in str(caught.value)
    assert KEY not in str(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("onward", "said"),
    [
        ("/v2/audio/speech", r"@http://127\.0\.0\.1:[0-9]+/v2 "),
        ("//[::1", "names no plain address|Invalid URL"),  # version 2 of the client finds out first
        ("file:///etc/passwd", "names no plain address"),
        ("http://user:secret@127.0.0.1:1/v1", "names no plain address"),
        ("", "write the model as"),
    ],
)
def test_wherever_a_redirect_leads(engine, server, onward, said):
    server.always, server.onward = "307", onward
    with pytest.raises((ServiceRefused, ServiceUnavailable), match=said) as caught:
        engine.synthesize([segment()])
    assert "secret" not in str(caught.value)
    # Version 2 of the client tries again where it cannot read the address.
    assert len(server.requests) == 1 or isinstance(caught.value, ServiceUnavailable)


def test_a_redirect_without_an_address(engine, server):
    server.always = "300"
    with pytest.raises(ServiceRefused, match="names no plain address"):
        engine.synthesize([segment()])


def test_a_server_without_a_key_is_not_left_for_another_either(surroundings):
    """A whole order, through the store: the text reaches only the server that was named."""
    with SpeechServer() as one, SpeechServer() as other:
        one.always, one.onward = "307", f"{other.url}/audio/speech"
        with pytest.raises(ServiceRefused, match=f"sends its requests on to {other.url}"):
            voxpress.say(TEXT, engine="openai", model=f"tts-1@{one.url}", store="memory:")
        assert other.requests == []


def test_openais_own_models_are_not_asked_of_another_server(surroundings):
    """OPENAI_BASE_URL alone would make one fingerprint of two voices."""
    surroundings.setenv("OPENAI_API_KEY", KEY)
    surroundings.setenv("OPENAI_BASE_URL", "http://localhost:1/v1")
    with pytest.raises(ServiceRefused, match="write the model as tts-1-hd@URL"):
        OpenAI().load()


def test_a_server_that_wants_a_key(surroundings):
    """The message says how it gets one."""
    with (
        SpeechServer(key=KEY) as other,
        pytest.raises(ServiceRefused, match=f"{other.url} wants a key: set OPENAI_"),
    ):
        OpenAI(f"tts-1@{other.url}").synthesize([segment()])


def test_nobody_there(surroundings):
    """A port that nothing listens at."""
    with SpeechServer() as gone:
        url = gone.url
    with pytest.raises(ServiceUnavailable, match=f"no answer from {url}: .*refused"):
        OpenAI(f"tts-1@{url}").synthesize([segment()])


@pytest.mark.engines
def test_workers_of_its_own(surroundings, tmp_path):
    """As many as may ask at once, each with its own connection."""
    rows = [Utterance(id=f"a{i}", text=f"{TEXT} Number {i}.") for i in range(40)]
    with SpeechServer() as other:
        other.faults += ["429", "503", "cut chunks", "html", "silence"]
        results = list(
            voxpress.render(
                rows, tmp_path / "out", engine="openai", model=f"tts-1@{other.url}", store=tmp_path / "store"
            )
        )
        assert {result.status for result in results} == {"rendered"} and len(other.requests) == 45
        assert len({headers["port"] for headers in other.headers}) >= 8
    assert len(list((tmp_path / "out").glob("*.wav"))) == 40
