"""Health, metrics, logs, voices that are uploaded, names."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from voxpress.audio import codec
from voxpress.audio.waveform import Audio
from voxpress.errors import InputError, ManifestError, UnknownEngine
from voxpress.rendering.projects import load_project
from voxpress.server.aliases import Aliases
from voxpress.server.settings import ModelName, Settings, settings
from voxpress.speech import Output


def test_metrics_say_what_was_done(serve):
    here = serve()
    for text in ("Once.", "Once.", "Twice."):
        here.say(text)
    here.say("Wrong.", speed=9)
    assert here.meter("voxpress_clips_total", cache="hit") == 1
    assert here.meter("voxpress_clips_total", cache="miss") == 2
    assert here.meter("voxpress_characters_total", cache="miss") == len("Once.Twice.")
    assert here.meter("voxpress_segments_spoken_total", engine="tone") == 2
    assert here.meter("voxpress_audio_seconds_total", engine="tone") > 0.2
    assert here.meter("voxpress_errors_total", code="invalid_value") == 1
    assert here.meter("voxpress_requests_total", route="/v1/audio/speech", status="200") == 3
    assert here.meter("voxpress_request_seconds_count", cache="miss") == 2
    assert here.meter("voxpress_miss_seconds_total", engine="tone") > 0
    assert here.meter("voxpress_store_bytes") > 1000
    assert here.meter("voxpress_queue") == 0


def test_a_server_is_not_ready_before_its_store_answers(serve, tmp_path, missing_bucket):
    """Else a wrong name of a bucket, or a wrong key, is noticed at the first request."""
    log = tmp_path / "log.txt"
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(serve, store="s3://speech/store")
        while "cannot list the store s3://speech/store: The specified bucket does not exist" not in (
            log.read_text() if log.exists() else ""
        ):
            assert not starting.done(), starting.result()
            time.sleep(0.05)
        missing_bucket.make()
        assert starting.result().ask("GET", "/readyz").status == 200


def test_logs_are_lines_of_json_without_the_texts(serve):
    here = serve(log_format="json")
    answer = here.say("My secret is 4711.")
    here.say("My secret is 4711.", speed=9)
    assert here.stop() == 0
    lines = [json.loads(line) for line in here.log.read_text().splitlines()]
    asked = [line for line in lines if line.get("path") == "/v1/audio/speech"]
    assert [line["status"] for line in asked] == [200, 400]
    assert asked[0]["request_id"] == answer.headers["x-request-id"]
    assert (asked[0]["cache"], asked[0]["engine"], asked[0]["characters"]) == ("miss", "tone", 18)
    assert asked[1]["error"] == "invalid_value"
    assert "4711" not in here.log.read_text()


def test_texts_are_logged_where_that_is_asked_for(serve):
    here = serve(log_texts=True)
    here.say("Written down.\nAnd this is no line of the log.")
    assert here.stop() == 0
    (line,) = [line for line in here.log.read_text().splitlines() if "Written down." in line]
    assert "And this is no line" in line


def test_the_page_loads_nothing_from_elsewhere(shared):
    page = shared.ask("GET", "/docs").body.decode()
    assert "swagger" in page
    assert "https://" not in page.replace("https://www.w3.org", "")
    for name, kind in (("swagger-ui-bundle.js", "text/javascript"), ("swagger-ui.css", "text/css")):
        assert f"/docs/files/{name}" in page
        file = shared.ask("GET", f"/docs/files/{name}")
        assert len(file.body) > 10_000
        assert file.headers["content-type"].startswith(kind)
    schema = shared.ask("GET", "/docs/openapi.json").json
    assert {"/v1/audio/speech", "/v1/batches", "/v1/files", "/v1/models"} <= set(schema["paths"])


def test_voices_of_everyone_are_listed(shared):
    voices = shared.ask("GET", "/v1/audio/voices").json["voices"]
    assert [(voice["id"], voice["model"]) for voice in voices] == [
        (n, "tone") for n in ("low", "middle", "high")
    ]
    assert shared.ask("GET", "/v1/audio/voices?model=nobody").status == 404


def test_the_cast_is_listed_before_the_voices(serve):
    here = serve(
        extra='[cast]\nAlice = {engine = "tone", voice = "high", speed = 1.5}\nlow = {voice = "middle"}\n'
        'Nobody = {engine = "tone", voice = "none"}\nPolly = {engine = "openai"}\n'
    )
    for query in ("", "?model=tone"):
        voices = here.ask("GET", f"/v1/audio/voices{query}").json["voices"]
        assert [voice["id"] for voice in voices] == ["Alice", "low", "middle", "high"]
    fields = {"name": "alice", "speaker": "A", "consent": "given"}
    refused = here.ask("POST", "/v1/audio/voices", form(fields, sample()), FORM)
    assert (refused.status, refused.json["error"]["code"]) == (400, "voice_exists")


def sample(seconds=6.0):
    """Something like a voice: a buzz that comes and goes."""
    rate = 16000
    t = np.arange(int(seconds * rate)) / rate
    buzz = sum(np.sin(2 * np.pi * 120 * n * t) / n for n in range(1, 20))
    sound = 0.1 * buzz * (0.5 + 0.5 * np.sin(2 * np.pi * 3 * t)) * (np.sin(2 * np.pi * 0.4 * t) > -0.7)
    return codec.encode(Audio(sound.astype(np.float32), rate), Output(format="wav"))


def form(fields, data):
    parts = [
        f'--xyz\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    parts.append(
        b'--xyz\r\ncontent-disposition: form-data; name="audio_sample"; filename="a.wav"\r\n'
        b"content-type: audio/wav\r\n\r\n" + data + b"\r\n--xyz--\r\n"
    )
    return b"".join(parts)


FORM = {"content-type": "multipart/form-data; boundary=xyz"}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Voices of this test's own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def test_a_voice_is_uploaded_and_removed(home, serve):
    here = serve()
    fields = {
        "name": "anna",
        "speaker": "Anna Smith",
        "consent": "release signed on 1 March 2026",
        "transcript": "What is said in this sample is of no importance, as nobody listens to it here.",
        "language": "en",
    }
    made = here.ask("POST", "/v1/audio/voices", form(fields, sample()), FORM)
    assert made.status == 200, made.body
    assert (made.json["object"], made.json["id"]) == ("audio.voice", "anna")
    twice = here.ask("POST", "/v1/audio/voices", form(fields, sample()), FORM)
    assert (twice.status, twice.json["error"]["code"]) == (409, "voice_exists")
    assert here.ask("DELETE", "/v1/audio/voices/anna").json == {
        "id": "anna",
        "object": "audio.voice",
        "deleted": True,
    }
    assert here.ask("DELETE", "/v1/audio/voices/anna").status == 404


@pytest.mark.parametrize(
    ("change", "data"),
    [
        ({"consent": ""}, sample()),
        ({"name": "../anna"}, sample()),
        ({}, b"no audio at all"),
        ({}, sample(0.5)),
        ({"engines": "tone"}, sample()),
    ],
)
def test_samples_that_cannot_be_used(home, serve, change, data):
    fields = {
        "name": "anna",
        "speaker": "Anna",
        "consent": "yes",
        "transcript": "Something.",
        "language": "en",
    }
    refused = serve().ask("POST", "/v1/audio/voices", form({**fields, **change}, data), FORM)
    assert refused.status == 400, refused.body
    assert set(refused.json["error"]) == {"message", "type", "param", "code"}


def test_other_sites_pages_may_not_ask_unless_the_operator_says_so(serve):
    origin = {"origin": "https://app.example"}
    for fields, allowed in (({}, None), ({"cors_origins": ["https://app.example"]}, "https://app.example")):
        here = serve(**fields)
        answer = here.ask("GET", "/v1/models", headers=origin)
        assert answer.headers.get("access-control-allow-origin") == allowed
        here.stop()


# Names and settings


def test_a_model_that_is_a_path_is_no_model():
    names = Aliases(Settings(engines=["piper", "tone"]))
    for model in ("piper//etc/passwd", "piper/../x", "/etc/passwd", "tone/x", "kokoro"):
        with pytest.raises(UnknownEngine):
            names.resolve(model, None)


def test_a_table_of_the_operator_may_name_anything():
    names = Aliases(
        Settings(engines=["piper"], models={"ours": ModelName(engine="piper", model="/srv/voices/ours.onnx")})
    )
    assert names.resolve("ours", "x")[0].model == "/srv/voices/ours.onnx"


def test_a_table_that_names_an_engine_that_is_not_offered():
    with pytest.raises(InputError, match=r"kokoro.*not offered"):
        Aliases(Settings(engines=["tone"], models={"tts-1": "kokoro"}))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('models = { "" = "tone" }', "server.models: a name is empty"),
        ('voices = { " " = "low" }', "server.voices: a name is empty"),
        ('voices = { tone = { "" = "low" } }', "server.voices.tone: a name is empty"),
        ("prot = 1", r"server.prot: no such field; did you mean 'port'\?"),
        ("port = 'x'", r"server.port: must be a whole number, not a text in quotes"),
        ("port = 70000", r"server.port: must be a whole number <= 65535"),
        ("webhooks = [{url = 'https://x', secret = 'word'}]", r"server.webhooks: .*whsec_"),
    ],
)
def test_settings_that_cannot_be(tmp_path, table, message):
    file = tmp_path / "voxpress.toml"
    file.write_text(f"[server]\n{table}\n")
    with pytest.raises(ManifestError, match=message):
        settings(load_project(file).server, str(file))
