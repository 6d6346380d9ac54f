"""The edge of the server: pages in browsers, heads that HTTP does not allow, fields of other servers, sizes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voxpress.audio import codec
from voxpress.files.formats import FORMATS

pytest.importorskip("litestar")

from tests.server.hostile_server import PATIENCE, Answer, Running, answered, running

SPEECH, FILES, BATCHES = "/v1/audio/speech", "/v1/files", "/v1/batches"
PAGE, OTHER = "https://app.example", "https://evil.example"
GOOD = {"model": "tone", "voice": "low", "input": "Hello.", "response_format": "wav"}
ALLOW, EXPOSE = "access-control-allow-origin", "access-control-expose-headers"
SETTINGS = f"""
cors_origins = ["{PAGE}"]
public_url = "https://public.example:8443/tts"
body_timeout = 0.5
max_characters = 30_000
"""


@pytest.fixture(scope="module")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server without keys."""
    with running(tmp_path_factory.mktemp("open"), SETTINGS) as here:
        yield here


def new_key(folder: Path, name: str, *rights: str) -> str:
    command = [sys.executable, "-m", "voxpress", "keys", "add", name, "--state", str(folder / "state")]
    may = [word for right in rights for word in ("--may", right)]
    return subprocess.run([*command, *may], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, str, str]]:
    """A server with keys: one that may speak, and one that may not."""
    folder = tmp_path_factory.mktemp("keyed")
    speaks, counts = new_key(folder, "speaks", "speech"), new_key(folder, "counts", "metrics")
    with running(folder, SETTINGS) as here:
        yield here, speaks, counts


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def basic(key: str) -> dict[str, str]:
    return {"authorization": "Basic " + b64encode(f"me:{key}".encode()).decode()}


# Pages in browsers


def preflight(server: Running, origin: str, path: str = SPEECH, **headers: str) -> Answer:
    asked = {"origin": origin, "access-control-request-method": "POST", **headers}
    return server.ask("OPTIONS", path, headers=asked)


@pytest.mark.parametrize("path", [SPEECH, "/v1/models", "/v1/audio/clips/x.mp3", "/nowhere"])
def test_a_browser_asks_without_a_key_before_its_page_does(keyed, path):
    here, _, _ = keyed
    wanted = "authorization,content-type,x-stainless-lang"
    answer = preflight(here, PAGE, path, **{"access-control-request-headers": wanted})
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers[ALLOW] == PAGE
    assert "origin" in answer.headers["vary"]
    assert answer.headers["access-control-allow-headers"] == wanted
    assert {"POST", "GET", "DELETE"} <= set(answer.headers["access-control-allow-methods"].split(", "))


@pytest.mark.parametrize("origin", [OTHER, "null", PAGE + ".evil.example", "http://app.example"])
def test_a_page_of_another_origin_is_told_nothing(keyed, origin):
    here, key, _ = keyed
    refused = preflight(here, origin)
    assert refused.refused(403)["code"] == "origin_not_allowed"
    assert ALLOW not in refused.headers
    for headers in ({"origin": origin}, {"origin": origin, **bearer(key)}):
        assert ALLOW not in here.ask("POST", SPEECH, GOOD, headers).headers


def test_every_answer_can_be_read_by_a_page_that_may(keyed):
    """Spoken, from the store, replayed from memory, unchanged, and refused, wherever that is found."""
    here, key, other = keyed
    from_page = {"origin": PAGE, **bearer(key)}
    spoken = [here.ask("POST", SPEECH, GOOD, from_page) for _ in range(4)]
    tag, clip = spoken[0].headers["etag"], spoken[0].headers["content-location"]
    huge = {**from_page, "content-type": "application/json", "content-length": "999999999"}
    answers = {
        200: [
            *spoken,
            *(
                here.ask("POST", SPEECH, {**GOOD, "input": "One of many. " * 30, **fields}, from_page)
                for fields in (
                    {"response_format": "mp3"},
                    {"stream_format": "SSE", "options": {"delay": None}},
                )
            ),
        ],
        304: [
            here.ask("POST", SPEECH, GOOD, {**from_page, "if-none-match": tag}),
            *(here.ask("GET", clip, headers={**from_page, "if-none-match": tag}) for _ in range(2)),
        ],
        206: [here.ask("GET", clip, headers={**from_page, "range": "bytes=0-9"})],
        400: [here.ask("POST", SPEECH, {}, from_page), here.ask("POST", SPEECH, b"{", from_page)],
        401: [
            here.ask("POST", SPEECH, GOOD, {"origin": PAGE}),
            here.ask("GET", "/docs", headers={"origin": PAGE}),
        ],
        403: [
            here.ask("GET", "/metrics", headers=from_page),
            here.ask("GET", clip, headers={"origin": PAGE, **bearer(other)}),
        ],
        404: [here.ask("GET", "/nowhere", headers=from_page)],
        405: [here.ask("DELETE", SPEECH, headers=from_page)],
        413: [here.ask("POST", SPEECH, b"{", huge)],
        415: [here.ask("POST", SPEECH, GOOD, {**from_page, "content-type": "text/plain"})],
        416: [here.ask("GET", clip, headers={**from_page, "range": "bytes=99999999-"})],
        431: [
            here.raw(f"GET /v1/models HTTP/1.1\r\norigin: {PAGE}\r\nx: x\r\nx-long: {'a' * 70_000}".encode())
        ],
        501: [here.ask("POST", SPEECH, headers={**from_page, "transfer-encoding": "gzip, chunked"})],
    }
    for status, found in answers.items():
        for answer in found:
            assert answer.status == status
            assert answer.headers[ALLOW] == PAGE, status
            assert "origin" in answer.headers["vary"]
            assert {"x-voxpress-cache", "x-request-id", "etag", "retry-after"} <= set(
                answer.headers[EXPOSE].split(", ")
            )


def test_a_request_that_stops_coming_can_be_read_too(open_server):
    start = f"POST {SPEECH} HTTP/1.1\r\nhost: localhost\r\norigin: {PAGE}\r\n".encode()
    late = open_server.raw(start + b"content-type: application/json\r\ncontent-length: 9\r\n\r\n{")
    assert (late.status, late.headers[ALLOW]) == (408, PAGE)
    assert open_server.raw(start + b"x: x\r\nbad header\r\n\r\n").headers[ALLOW] == PAGE


def test_an_answer_for_a_cache_says_that_origins_differ(open_server):
    """Else it would give a page what it kept for a program, which a page may not read."""
    assert "origin" in open_server.speak().headers["vary"]


def test_names_of_headers_that_cannot_be_are_not_repeated(keyed):
    """An answer repeats what a page wants to send, so far as these are names, and not too many."""
    here, _, _ = keyed
    for wanted in ("x" * 5000, "a b", "a\x80", "a,,b", "a: b"):
        answer = preflight(here, PAGE, **{"access-control-request-headers": wanted})
        assert answer.status == 400 and "access-control-allow-headers" not in answer.headers


@pytest.mark.slow
def test_every_origin(tmp_path):
    with running(tmp_path, 'cors_origins = ["*"]') as here:
        assert preflight(here, OTHER).headers[ALLOW] == "*"
        for _ in range(3):
            assert here.ask("POST", SPEECH, GOOD, {"origin": OTHER}).headers[ALLOW] == "*"


# Heads


@pytest.mark.parametrize(
    ("status", "lines"),
    [
        (400, ["authorization: Bearer a", "authorization: Bearer b"]),
        (400, ["content-type: application/json", "Content-Type: text/plain"]),
        (400, [f"origin: {PAGE}", f"origin: {OTHER}"]),
        (400, ["content-length: 1", "content-length: 2"]),
        (501, ["transfer-encoding: gzip, chunked"]),
        (501, ["transfer-encoding: gzip", "transfer-encoding: chunked"]),
        (415, ["content-encoding: gzip", "content-length: 2"]),
        (415, ["content-encoding: identity, br", "content-length: 2"]),
    ],
)
def test_heads_that_cannot_be(open_server, status, lines):
    kind = (
        []
        if any(line.lower().startswith("content-type") for line in lines)
        else ["content-type: application/json"]
    )
    head = [f"POST {SPEECH} HTTP/1.1", "host: localhost", *kind, *lines, "connection: close", "", ""]
    assert open_server.raw("\r\n".join(head).encode(), b"0\r\n\r\n").refused(status)


def test_chunks_are_of_http_1_1(open_server):
    lines = ["host: localhost", "content-type: application/json", "transfer-encoding: chunked", "", ""]
    sent = "\r\n".join([f"POST {SPEECH} HTTP/1.0", *lines])
    assert open_server.raw(sent.encode(), b"2\r\n{}\r\n0\r\n\r\n").refused(400)["code"] == "invalid_http"


@pytest.mark.parametrize(("version", "status"), [("0.9", 505), ("2.0", 505), ("1.1", 200), ("1.0", 200)])
def test_versions(open_server, version, status):
    sent = f"GET /healthz HTTP/{version}\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    assert open_server.raw(sent.encode()).status == status


def test_head_is_get_without_its_body(open_server):
    clip = open_server.speak().headers["content-location"]
    paths = (
        "/healthz",
        "/readyz",
        "/v1/models",
        "/v1/models/tone",
        "/metrics",
        "/v1/audio/voices",
        clip,
        "/docs/openapi.json",
        "/nowhere",
        SPEECH,
    )
    for path in paths:
        got, head = open_server.ask("GET", path), open_server.ask("HEAD", path)
        assert (head.status, head.body) == (got.status, b""), path
        assert head.headers["content-type"] == got.headers["content-type"]
        if path != "/metrics":
            assert head.headers["content-length"] == got.headers["content-length"], path
    assert open_server.ask("HEAD", clip, headers={"range": "bytes=0-9"}).status == 200


def test_a_part_that_ends_before_it_begins(open_server):
    clip = open_server.speak().headers["content-location"]
    for wanted in ("bytes=5-2", "bytes=-0"):
        open_server.ask("GET", clip, headers={"range": wanted}).refused(416)


def test_a_key_that_may_not_speak_is_not_told_what_was_spoken(keyed):
    here, key, other = keyed
    answers = [here.ask("POST", SPEECH, GOOD, bearer(key)) for _ in range(3)]
    tag, clip = answers[0].headers["etag"], answers[0].headers["content-location"]
    for method in ("GET", "HEAD"):
        assert here.ask(method, clip, headers={**bearer(key), "if-none-match": tag}).status == 304
        assert here.ask(method, clip, headers={**bearer(other), "if-none-match": tag}).status == 403
    here.ask("POST", SPEECH, GOOD, {**bearer(other), "if-none-match": tag}).refused(403)


# Bodies that come slowly


@pytest.mark.parametrize("target", [SPEECH, BATCHES, FILES])
def test_a_body_of_one_byte_after_another(open_server, target):
    """Each byte comes in time, and all of them together would take days."""
    kind = "multipart/form-data; boundary=edge" if target == FILES else "application/json"
    begin = (
        b'--edge\r\ncontent-disposition: form-data; name="file"; filename="f"\r\n\r\n'
        if target == FILES
        else b""
    )
    head = (
        f"POST {target} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\ncontent-length: 60000\r\n\r\n"
    )
    with open_server.connect() as connection:
        connection.sendall(head.encode() + begin)
        ended = threading.Event()

        def drip() -> None:
            while not ended.wait(0.05):
                try:
                    connection.sendall(b" ")
                except OSError:
                    return

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            answer = answered(connection)
        finally:
            ended.set()
            dripping.join()
    assert answer.refused(408)["code"] == "body_timeout"


def test_a_large_body_may_take_its_time(open_server):
    """At 100 kB a second it comes for longer than `body_timeout`, and is taken."""
    body = json.dumps({**GOOD, "options": {}, "user": "x" * 120_000}).encode()
    lines = ["host: localhost", "content-type: application/json", f"content-length: {len(body)}", "", ""]
    with open_server.connect() as connection:
        connection.sendall("\r\n".join([f"POST {SPEECH} HTTP/1.1", *lines]).encode())
        for start in range(0, len(body), 10_000):
            connection.sendall(body[start : start + 10_000])
            time.sleep(0.1)
        assert answered(connection).status == 200


# Fields


@pytest.mark.parametrize(
    "fields",
    [
        {"stream": True},
        {"stream": False, "download_format": "mp3", "return_download_link": False},
        {"volume_multiplier": 1.0, "normalization_options": {"normalize": True}},
        {"backend": "piper", "user": "u", "metadata": {"a": "b"}},
        {"temperature": 0.8, "languge": "en"},
    ],
)
def test_fields_of_other_servers_are_ignored_and_named(open_server, fields):
    for _ in range(3):
        answer = open_server.speak("Ignore that.", **fields)
        assert answer.status == 200, answer.body
        assert answer.headers["x-voxpress-ignored"] == ", ".join(fields)
    plain = open_server.speak("Ignore that.")
    assert plain.headers["x-voxpress-clip"] == answer.headers["x-voxpress-clip"]


@pytest.mark.parametrize("name", ["a\r\nx-evil: 1", "é👍", "a, b", "x" * 5000, "", "\0", " "])
def test_names_of_ignored_fields_break_no_header(open_server, name):
    for text in ("Named.", "One sentence of many. " * 20):  # whole, and while it is spoken
        answer = open_server.speak(text, **{name: 1}, seed=len(name), response_format="mp3")
        assert answer.status == 200
        assert "x-evil" not in answer.headers
        assert len(answer.headers["x-voxpress-ignored"]) <= 50


def test_a_great_many_unknown_fields(open_server):
    answer = open_server.speak(**{f"field{number}": number for number in range(10_000)})
    assert answer.status == 200
    assert answer.headers["x-voxpress-ignored"].endswith("field15, and 9984 more")
    assert len(answer.headers["x-voxpress-ignored"]) < 1100


def test_null_is_a_field_that_is_not_there(open_server):
    optional = (
        *(
            "instructions",
            "response_format",
            "speed",
            "stream_format",
            "seed",
            "language",
            "options",
            "loudness",
        ),
        *("sample_rate", "preset", "timestamps", "lang_code", "user"),
    )
    body = {"model": "tone", "voice": "low", "input": "Nothing set.", **dict.fromkeys(optional)}
    answer = open_server.ask("POST", SPEECH, body)
    assert answer.status == 200
    assert answer.headers["content-type"] == "audio/mpeg"
    assert "x-voxpress-ignored" not in answer.headers
    for name in ("model", "voice", "input"):
        assert open_server.ask("POST", SPEECH, {**body, name: None}).refused(400)["param"] == name
        del (lacks := dict(body))[name]
        assert open_server.ask("POST", SPEECH, lacks).refused(400)["param"] == name


@pytest.mark.parametrize("format", ["MP3", ".mp3", " mp3 ", "Mp3"])
def test_formats_in_any_case(open_server, format):
    answer = open_server.speak("Formats.", response_format=format)
    assert (answer.status, answer.headers["content-type"]) == (200, "audio/mpeg")
    assert open_server.speak("Formats.", response_format="WAV", preset="asterisk").status == 200
    answer = open_server.speak("Formats.", voice={"id": " LOW", "more": 1}, model="Tone ")
    assert answer.headers["x-voxpress-mapped"] == "Tone =tone;  LOW=low"
    assert answer.headers["x-voxpress-ignored"] == "voice.more"


@pytest.mark.parametrize(
    ("field", "value", "param"),
    [
        ("speed", "fast", "speed"),
        ("speed", 9, "speed"),
        ("input", 5, "input"),
        ("input", "", "input"),
        ("voice", [], "voice"),
        ("voice", {"id": 5}, "voice.id"),
        ("voice", {}, "voice.id"),
        ("options", {"delay": []}, "options.delay"),
        ("options", 5, "options"),
        ("timestamps", "maybe", "timestamps"),
        ("seed", -1, "seed"),
        ("response_format", 5, "response_format"),
        ("stream_format", "sound", "stream_format"),
    ],
)
def test_a_known_field_that_cannot_be_is_named(open_server, field, value, param):
    error = open_server.speak(**{field: value}) if field != "input" else open_server.speak(value)
    facts = error.refused(400)
    assert facts["param"] == param
    assert param in facts["message"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"preset": "nobody's"}, "preset"),
        ({"preset": ""}, "preset"),
        ({"preset": "asterisk", "response_format": "opus"}, "response_format"),
        ({"preset": "asterisk", "sample_rate": 8000}, "sample_rate"),
        ({"preset": "asterisk", "loudness": -16}, "loudness"),
        ({"response_format": "ulaw", "sample_rate": 44_100}, "sample_rate"),
        ({"response_format": "."}, "response_format"),
    ],
)
def test_a_field_that_fits_no_format_or_preset_is_named(open_server, fields, param):
    assert open_server.speak(**fields).refused(400)["param"] == param


@pytest.mark.parametrize("body", [b"[]", b"5", b"null", b'"x"', b"", b"\xef\xbb\xbf", b"\xff\xfe{}"])
def test_bodies_that_are_no_objects(open_server, body):
    open_server.ask("POST", SPEECH, body).refused(400)


def test_a_byte_order_mark_is_no_part_of_a_body(open_server):
    body = b"\xef\xbb\xbf" + json.dumps(GOOD).encode()
    assert open_server.ask("POST", SPEECH, body).status == 200


@pytest.mark.parametrize(
    ("code", "language"), [("a", "en-US"), ("B", "en-GB"), ("pt-br", "pt-BR"), ("e", "es")]
)
def test_languages_as_kokoro_fastapi_names_them(open_server, code, language):
    answer = open_server.speak("Hello.", lang_code=code)
    assert (
        answer.headers["x-voxpress-clip"]
        == open_server.speak("Hello.", language=language).headers["x-voxpress-clip"]
    )
    assert answer.headers["x-voxpress-mapped"] == f"{code}={language}"


@pytest.mark.parametrize(
    ("code", "told"), [("b", ("", "b=en-GB")), ("en", ("", "")), ("q", ("lang_code", ""))]
)
def test_a_turn_without_words_is_silence_in_any_language(open_server, code, told):
    answer = open_server.speak("...", lang_code=code)
    assert answer.status == 200
    named = ("x-voxpress-ignored", "x-voxpress-mapped")
    assert tuple(answer.headers.get(name, "") for name in named) == told


@pytest.mark.parametrize("code", ["q", "english", "", "a\r\nb", "👍"])
def test_languages_that_nobody_knows_are_ignored(open_server, code):
    answer = open_server.speak("Hello.", lang_code=code)
    assert answer.headers["x-voxpress-ignored"] == "lang_code"
    assert (
        open_server.speak("Hello.", lang_code="a", language="de").headers["x-voxpress-ignored"] == "lang_code"
    )


@pytest.mark.parametrize("language", ["en\r\nx-evil: 1", "en\n", "x" * 30, "e n", "é", "\0"])
def test_languages_that_are_none(open_server, language):
    answer = open_server.speak("Hello.", language=language)
    assert answer.refused(400)["param"] == "language"
    assert "x-evil" not in answer.headers


def batch(server: Running, *bodies: dict[str, object]) -> tuple[list[Any], list[Any]]:
    """What a batch of these bodies is answered: the lines of its output, and those of its errors."""
    lines = [
        {"custom_id": f"{n}", "method": "POST", "url": SPEECH, "body": body} for n, body in enumerate(bodies)
    ]
    content = "\n".join(map(json.dumps, lines)).encode()
    part = 'content-disposition: form-data; name="file"; filename="f.jsonl"'
    file = server.multipart(
        FILES, (part, content), ('content-disposition: form-data; name="purpose"', b"batch")
    ).json
    made = server.ask(
        "POST", BATCHES, {"endpoint": SPEECH, "completion_window": "24h", "input_file_id": file["id"]}
    ).json
    deadline = time.monotonic() + PATIENCE
    while made["status"] != "completed":
        assert time.monotonic() < deadline, made
        time.sleep(0.05)
        made = server.ask("GET", f"{BATCHES}/{made['id']}").json

    def content_of(file: str | None) -> list[Any]:
        lines = server.ask("GET", f"{FILES}/{file}/content").body.splitlines() if file else []
        return [json.loads(line) for line in lines]

    return content_of(made["output_file_id"]), content_of(made["error_file_id"])


def test_lines_of_batches_are_read_like_requests(open_server):
    spoken, wrong = batch(
        open_server,
        {**GOOD, "stream": True, "user": "u", "seed": None, "response_format": "MP3"},
        {**GOOD, "input": "..."},
        {**GOOD, "speed": "fast"},
    )
    first, silent = (line["response"]["body"] for line in spoken)
    assert (first["ignored"], first["format"]) == (["stream", "user"], "mp3")
    assert silent["duration"] == pytest.approx(0.2, abs=0.01)
    assert "silence" in silent["notes"][0]
    assert wrong[0]["response"]["body"]["error"]["param"] == "speed"


@pytest.mark.slow
def test_a_server_can_be_strict(tmp_path):
    with running(tmp_path, 'unknown_fields = "refuse"\nnothing_to_speak = "refuse"') as here:
        facts = here.speak(languge="en").refused(400)
        assert (facts["param"], facts["code"]) == ("languge", "invalid_value")
        assert "'language'" in facts["message"]
        assert here.speak(seed=None).status == 200
        assert "nothing to speak" in here.speak("...").refused(400)["message"]
        _, wrong = batch(here, {**GOOD, "stream": True}, {**GOOD, "input": "👍"})
        assert [line["response"]["status_code"] for line in wrong] == [400, 400]


# Nothing to speak


@pytest.mark.parametrize("text", [".", "...", "👍", "**", "   ", "\n\n", "—", "¿?", "🙂\u200d🙂"])
def test_a_text_without_letters_is_a_moment_of_silence(open_server, text):
    for format in ("wav", "mp3", "pcm", "ulaw"):
        answer = open_server.speak(text, response_format=format)
        assert answer.status == 200, answer.body
        assert "silence" in answer.headers["x-voxpress-notes"]
    sound = codec.decode(open_server.speak(text).body)
    assert sound.duration == pytest.approx(0.2, abs=0.01)
    assert not np.any(sound.samples)


def test_silence_as_events_and_again(open_server):
    for _ in range(3):
        answer = open_server.speak("...", stream_format="sse")
        assert answer.status == 200
        assert b"speech.audio.done" in answer.body
    for format in FORMATS:
        for fields in ({}, {"loudness": -16}):
            answer = open_server.speak("...", response_format=format, **fields)
            assert answer.status == 200, (format, answer.body[:200])
    assert open_server.speak("...", voice="nobody").refused(400)["code"] == "voice_not_found"
    assert open_server.speak("...", speed=0.1).refused(400)["param"] == "speed"


# Sizes


@pytest.mark.parametrize("format", ["wav", "pcm", "flac"])
def test_a_long_text_at_a_high_rate(open_server, format):
    """It would be half a gigabyte; the answer comes before anything is spoken."""
    facts = open_server.speak(
        "One sentence more. " * 1050, sample_rate=192_000, response_format=format
    ).refused(400)
    assert (facts["param"], facts["code"]) == ("sample_rate", "audio_too_long")
    assert open_server.speak("One sentence more.", sample_rate=192_000, response_format=format).status == 200


@pytest.mark.parametrize("format", ["sln192", "sln96"])
def test_a_long_text_in_a_format_that_has_a_high_rate(open_server, format):
    facts = open_server.speak("One sentence more. " * 1500, response_format=format, speed=0.6).refused(400)
    assert (facts["param"], facts["code"]) == ("response_format", "audio_too_long")


@pytest.mark.parametrize("text", ["9" * 30_000, "語。" * 15_000, "a\n\n" * 10_000])
def test_texts_that_are_longer_than_they_look(open_server, text):
    """Slow speech, numbers, ideographs, and paragraphs with their pauses."""
    facts = open_server.speak(text, speed=0.25).refused(400)
    assert (facts["param"], facts["code"]) == ("input", "audio_too_long")


# Names that another engine knows

TWO = """
from voxpress.engines.tone import Tone
from voxpress.speech import Voice
class Two(Tone):
    name = "two"
    def voices(self):
        return [Voice(name=name, languages=("en",)) for name in ("af_sky", "Only", "Sue", "sue")]
    def _speak(self, segment):
        import msgspec
        return super()._speak(msgspec.structs.replace(segment, voice="low"))
"""


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with two engines, whose first is what OpenAI's names stand for."""
    folder = tmp_path_factory.mktemp("two")
    (info := folder / "plugins" / "two-1.0.dist-info").mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: two\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[voxpress.engines]\ntwo = two_engine:Two\n")
    (folder / "plugins" / "two_engine.py").write_text(TWO)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{folder / 'plugins'}:{os.environ.get('PYTHONPATH', '')}")
        settings = 'models = { mine = "tone" }\n[defaults]\nengine = "tone"'
        with running(folder, settings, ["tone", "two"]) as here:
            yield here


@pytest.mark.parametrize(
    ("model", "voice", "engine", "spoken", "mapped"),
    [
        ("tts-1", "af_sky", "two", "af_sky", "tts-1=two"),
        ("TTS-1", " AF_SKY ", "two", "af_sky", "TTS-1=two;  AF_SKY =af_sky"),
        ("tts-1-hd", "only", "two", "Only", "tts-1-hd=two; only=Only"),
        ("tts-1", "high", "tone", "high", "tts-1=tone"),
        ("tts-1", "alloy", "tone", "low", "tts-1=tone; alloy=low"),
        ("tts-1", "Alloy", "tone", "low", "tts-1=tone; Alloy=low"),
        ("two", "af_sky", "two", "af_sky", None),
        ("two", "Sue", "two", "Sue", None),
        ("tts-1", "sue", "two", "sue", "tts-1=two"),
    ],
)
def test_the_engine_that_has_the_voice_speaks(two, model, voice, engine, spoken, mapped):
    for _ in range(3):
        answer = two.speak(model=model, voice=voice)
        assert answer.status == 200, answer.body
        assert answer.headers["x-voxpress-engine"] == engine
        assert answer.headers["x-voxpress-voice"] == spoken
        assert answer.headers["x-voxpress-mapped"] == mapped


@pytest.mark.parametrize(
    ("model", "voice"),
    [
        *(("tone", "af_sky"), ("mine", "af_sky"), ("tts-1", "nobody"), ("tts-1", "")),
        *(("two", "SUE"), ("tts-1", " SUE ")),  # two voices fit
    ],
)
def test_a_voice_that_is_not_there_is_an_error(two, model, voice):
    """Also where the model's name says who speaks: nobody else does."""
    assert two.speak(model=model, voice=voice).refused(400)["param"] == "voice"
