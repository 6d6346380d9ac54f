"""Hostile and wrong input: a real server answers all of it with an error that says what is wrong, and lives.

Whatever is asked here, the answer is never a failure of the server's own (5xx), always comes, and costs no memory that
stays.
"""

from __future__ import annotations

import contextlib
import io
import json
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from voxpress.audio.codec import encode
from voxpress.audio.waveform import Audio
from voxpress.speech import Output

pytest.importorskip("litestar")

from tests.server.hostile_server import PATIENCE, Answer, Running, answered, running

SPEECH, BATCHES, FILES, VOICES = "/v1/audio/speech", "/v1/batches", "/v1/files", "/v1/audio/voices"
GOOD: Mapping[str, Any] = {"model": "tone", "voice": "low", "input": "Hello.", "response_format": "wav"}
SETTINGS = """
body_timeout = 0.5
max_upload = 2_000_000
max_characters = 20_000
"""
MOST_BODY = 8 * 20_000 + 65536
VALUES: tuple[Any, ...] = (None, 1, [], {}, True, "")
FILE = 'content-disposition: form-data; name="file"; filename="{}"'
PURPOSE = ('content-disposition: form-data; name="purpose"', b"batch")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server without keys."""
    with running(tmp_path_factory.mktemp("hostile"), SETTINGS) as here:
        yield here


@pytest.fixture(autouse=True)
def lives(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test the server speaks, and has logged no failure."""
    yield
    if "server" in request.fixturenames:
        request.getfixturevalue("server").lives()


def head(server: Running, method: str, target: str, *lines: str) -> bytes:
    """The head of a request."""
    given = [f"{method} {target} HTTP/1.1", f"host: 127.0.0.1:{server.port}", *lines, "", ""]
    return "\r\n".join(given).encode("latin-1")


def json_head(server: Running, target: str, *lines: str) -> bytes:
    return head(server, "POST", target, "content-type: application/json", *lines)


# Bodies that are too large, too slow, or not whole


@pytest.mark.parametrize("target", [SPEECH, BATCHES, FILES, VOICES])
@pytest.mark.parametrize("announced", [10_000_000_000, 20_000_000])
def test_a_body_that_is_announced_as_huge_is_not_waited_for(server, target, announced):
    kind = "application/json" if target in (SPEECH, BATCHES) else "multipart/form-data; boundary=edge"
    answer = server.raw(
        head(server, "POST", target, f"content-type: {kind}", f"content-length: {announced}"), b"{"
    )
    assert answer.refused(413)["code"] == "body_too_large"


@pytest.mark.parametrize("target", [SPEECH, BATCHES, FILES, VOICES])
def test_a_body_without_a_length_is_counted_as_it_comes(server, target):
    kind = "application/json" if target in (SPEECH, BATCHES) else "multipart/form-data; boundary=edge"
    start = b""
    if target in (FILES, VOICES):
        start = b'--edge\r\ncontent-disposition: form-data; name="file"; filename="f"\r\n\r\n'
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    answer = server.raw(
        head(server, "POST", target, f"content-type: {kind}", "transfer-encoding: chunked"),
        b"%x\r\n%b\r\n" % (len(start), start) if start else b"",
        *[piece] * (200 if target == VOICES else 60),
    )
    assert answer.refused(413)["code"] == "body_too_large"


@pytest.mark.parametrize("target", [SPEECH, BATCHES, FILES])
def test_a_body_that_stops_coming(server, target):
    kind = "application/json" if target in (SPEECH, BATCHES) else "multipart/form-data; boundary=edge"
    answer = server.raw(
        head(server, "POST", target, f"content-type: {kind}", "content-length: 100"), b"--edge\r\n"
    )
    assert answer.refused(408)["code"] == "body_timeout"


@pytest.mark.parametrize("target", [SPEECH, BATCHES, FILES, VOICES])
@pytest.mark.parametrize("framing", ["content-length: 100000", "transfer-encoding: chunked"])
def test_a_body_that_comes_byte_by_byte(server, target, framing):
    """Something always comes, and the whole never would: it must come at a rate."""
    kind = "application/json" if target in (SPEECH, BATCHES) else "multipart/form-data; boundary=edge"
    piece = b"1\r\n-\r\n" if "chunked" in framing else b"-"
    with server.connect() as connection:
        connection.sendall(head(server, "POST", target, f"content-type: {kind}", framing))
        connection.settimeout(0.05)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            connection.sendall(piece)
            with contextlib.suppress(TimeoutError):
                connection.recv(1, socket.MSG_PEEK)
                break
        else:
            pytest.fail("bytes were taken for as long as they came")
        connection.settimeout(PATIENCE)
        assert answered(connection).refused(408)["code"] == "body_timeout"


def test_a_body_that_takes_longer_than_the_limit_between_bytes_but_comes(server):
    """What is slow and steady arrives: the limit for the whole grows with what has come."""
    body = json.dumps({**GOOD, "input": "Hello. " * 600}).encode()
    with server.connect() as connection:
        connection.sendall(json_head(server, SPEECH, f"content-length: {len(body)}"))
        for start in range(0, len(body), 800):
            connection.sendall(body[start : start + 800])
            time.sleep(0.2)
        assert answered(connection).status == 200


def test_a_head_that_stops_coming(server):
    answer = server.raw(b"GET /v1/models HTTP/1.1\r\nhost: ")
    assert answer.refused(408)["code"] == "head_timeout"


def test_a_connection_on_which_nothing_comes_is_closed(server):
    for sent in (b"", b"\r\n"):
        with server.connect() as connection:
            connection.sendall(sent)
            assert connection.recv(1) == b""


def test_what_is_left_of_a_refused_body_is_not_waited_for_either(server):
    """The connection ends, though the client would go on forever."""
    with server.connect() as connection:
        connection.sendall(json_head(server, SPEECH, f"content-length: {10**9}") + b"{")
        answered(connection).refused(413)
        began = time.monotonic()
        try:
            while connection.recv(1):
                pass
        except ConnectionError:
            pass
        assert time.monotonic() - began < PATIENCE


@pytest.mark.parametrize("target", [SPEECH, BATCHES, FILES])
def test_a_client_that_leaves_in_the_middle_of_a_body(server, target):
    for kind in ("application/json", "multipart/form-data; boundary=edge"):
        with server.connect() as connection:
            lines = f"content-type: {kind}", "content-length: 1000"
            connection.sendall(head(server, "POST", target, *lines) + b'--edge\r\n{"')


def test_a_client_that_leaves_while_its_text_is_spoken(server):
    body = json.dumps({**GOOD, "input": "One sentence more. " * 200}).encode()
    for _ in range(5):
        with server.connect() as connection:
            connection.sendall(json_head(server, SPEECH, f"content-length: {len(body)}") + body)


@pytest.mark.parametrize("where", ["spoken", "stored", "file"])
def test_a_client_that_does_not_read_its_answer(server, where):
    """What was made for it is not kept for good: the connection is cut."""
    long = {**GOOD, "input": "One sentence more, and another one. " * 150}
    body = json.dumps(long if where != "spoken" else {**long, "seed": 1}).encode()
    sent = json_head(server, SPEECH, f"content-length: {len(body)}") + body
    if where == "stored":
        server.ask("POST", SPEECH, body)
    elif where == "file":
        file = server.multipart(FILES, (FILE.format("f"), b"x" * 1_999_000), PURPOSE).json["id"]
        sent = head(server, "GET", f"{FILES}/{file}/content")
    before = server.resident()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(PATIENCE)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(sent * (20 if where == "file" else 1))
        connection.recv(1)
        deadline = time.monotonic() + PATIENCE
        while server.connections() > 0:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert server.resident() - before < 100_000_000


# What comes before bodies, and after them


CHUNKED = (
    "POST /v1/batches HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    "transfer-encoding: chunked\r\n\r\n"
)


def endless(server: Running, start: bytes, piece: bytes) -> int:
    """How many pieces a server takes before it closes the connection; its answer, where there was one, is a refusal."""
    taken = 0
    with server.connect() as connection:
        try:
            connection.sendall(start)
            for _ in range(1000):
                connection.sendall(piece)
                taken += 1
            answered(connection).refused(400, 408, 413, 431)
        except ConnectionError:
            pass
    return taken


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        ("GET /v1/models HTTP/1.1\r\nx-long: ", b"a" * 65536),
        ("GET /v1/models HTTP/1.1\r\n", b"x-one-more: and more\r\n" * 3000),
        ("GET /", b"a" * 65536),
        (CHUNKED + "2;extension=", b"a" * 65536),
        (CHUNKED + "2\r\n{}\r\n0\r\n", b"x-trailer: and more\r\n" * 3000),
    ],
    ids=["a header", "headers", "a path", "a chunk's extension", "trailers"],
)
def test_what_never_ends_is_ended(server, start, piece):
    """A thousand pieces would be 65 MB, all of which a parser keeps."""
    assert endless(server, start.encode(), piece) < 900


def test_headers_that_are_too_large_say_so(server):
    answer = server.raw(head(server, "GET", "/v1/models", "x-long: " + "a" * 70_000)[:-2])
    assert answer.refused(431)["code"] == "headers_too_large"


@pytest.mark.parametrize(
    "sent",
    [
        b"GARBAGE /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"get /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"G\0T /v1/models HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
        b"GET /v1/models HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET /v1/models HTTP/1.1\r\n: no name\r\n\r\n",
        b"GET /v1/models HTTP/1.1\r\nx: \0\r\n\r\n",
        b"CONNECT example.com:443 HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"POST /v1/batches HTTP/1.1\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/batches HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\n12345",
        b"POST /v1/batches HTTP/1.1\r\nhost: localhost\r\ncontent-length: -4\r\n\r\n12345",
        b"POST /v1/batches HTTP/1.1\r\nhost: localhost\r\ncontent-length: " + b"9" * 30 + b"\r\n\r\n12345",
    ],
)
def test_what_is_not_http(server, sent):
    assert server.raw(sent).refused(400)["code"] == "invalid_http"


@pytest.mark.parametrize("version", ["0.9", "1.2", "2.0", "3.0", "9.9"])
def test_other_versions_of_http(server, version):
    """By the status that HTTP has for it, so that a client knows it needs another version."""
    sent = f"GET /healthz HTTP/{version}\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    assert server.raw(sent.encode()).refused(505)["code"] == "http_version_not_supported"
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    assert server.raw(preface).refused(505)["code"] == "http_version_not_supported"


def test_http_1_0_is_spoken(server):
    for target, start in (("/healthz", b"ok"), ("/v1/models/tone", b"{")):
        answer = server.raw(f"GET {target} HTTP/1.0\r\nhost: localhost\r\n\r\n".encode())
        assert (answer.status, answer.body[: len(start)]) == (200, start)
    body = json.dumps(GOOD).encode()
    lines = "host: localhost", "content-type: application/json", f"content-length: {len(body)}", "", ""
    sent = "\r\n".join([f"POST {SPEECH} HTTP/1.0", *lines]).encode() + body
    assert server.raw(sent).body[:4] == b"RIFF"


def test_http_1_1_wants_a_host_and_1_0_does_not(server):
    assert server.raw(b"GET /healthz HTTP/1.1\r\n\r\n").refused(400)["code"] == "invalid_host"
    assert server.raw(b"GET /healthz HTTP/1.0\r\n\r\n").status == 200


@pytest.mark.parametrize(
    ("codings", "status"),
    [
        (["gzip, chunked"], 501),
        (["gzip", "chunked"], 501),
        (["deflate , Chunked"], 501),
        (["x-own;level=9, chunked"], 501),
        (["gzip"], 400),
        (["chunked, gzip"], 400),
        (["chunked, chunked"], 400),
        (["chunked", "chunked"], 400),
        (["identity"], 400),
        (["Chunked"], 200),
    ],
)
def test_transfer_encodings(server, codings, status):
    """One that is not there is 501, one that leaves the body without an end 400 (RFC 9112, 6.1)."""
    body = json.dumps(GOOD).encode()
    lines = [f"transfer-encoding: {coding}" for coding in codings]
    answer = server.raw(json_head(server, SPEECH, *lines), b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
    if status == 200:
        assert answer.body[:4] == b"RIFF"
    else:
        answer.refused(status)


def test_http_1_0_has_no_transfer_encoding(server):
    sent = f"POST {SPEECH} HTTP/1.0\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    server.raw(sent.encode()).refused(400)


@pytest.mark.parametrize("target", [SPEECH, BATCHES, FILES, VOICES, f"{BATCHES}/x/cancel"])
@pytest.mark.parametrize("coding", ["gzip", "br", "identity, gzip", "GZIP", "aes128gcm"])
def test_a_body_that_is_encoded(server, target, coding):
    answer = server.ask("POST", target, b"\x1f\x8b", {"content-encoding": coding})
    assert answer.refused(415)["code"] == "unsupported_content_encoding"
    assert answer.headers["accept-encoding"] == "identity"


def test_a_body_that_is_encoded_as_itself(server):
    assert server.ask("POST", SPEECH, GOOD, {"content-encoding": "identity"}).status == 200


@pytest.mark.parametrize(
    "name", ["authorization", "origin", "content-type", "range", "if-range", "sec-fetch-site"]
)
def test_headers_that_may_come_once(server, name):
    """Of two, somebody in between may have checked the one that does not count."""
    for values in (("a", "b"), ("a", "a")):
        lines = [f"{name}: {value}" for value in values]
        answer = server.raw(head(server, "GET", "/v1/models", *lines, "connection: close"))
        assert answer.refused(400)["code"] == "repeated_header"
        assert name in answer.json["error"]["message"]


def test_headers_that_may_come_twice(server):
    """Lists, and those that nobody knows."""
    lines = ["accept: a/b", "accept: c/d", "x-own: 1", "x-own: 2", "cookie: a=b", "cookie: c=d"]
    assert server.raw(head(server, "GET", "/v1/models", *lines, "connection: close")).status == 200


def test_chunks_that_are_none(server):
    start = json_head(server, BATCHES, "transfer-encoding: chunked")
    for rest in (b"zz\r\n{}\r\n", b"-1\r\n{}\r\n", b"f" * 17 + b"\r\n", b"1\r\n{}\r\n0\r\n\r\n"):
        server.raw(start, rest).refused(400)


def test_requests_in_a_row_on_one_connection(server):
    """Good ones are answered in their order, and a bad one after them does no harm."""
    good = head(server, "GET", "/v1/models/tone")
    with server.connect() as connection:
        connection.sendall(good * 3 + b"NONSENSE\r\n\r\n")
        received = b""
        try:
            while part := connection.recv(65536):
                received += part
        except ConnectionError:
            pass
    assert b"500" not in received.partition(b"\r\n")[0]


def test_another_protocol_is_not_spoken(server):
    for wanted in ("websocket", "h2c"):
        lines = "connection: upgrade", f"upgrade: {wanted}", "sec-websocket-version: 13"
        answer = server.raw(
            head(server, "GET", "/v1/models/tone", *lines, "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==")
        )
        assert answer.status == 200


# Bodies that are not what they should be


@pytest.mark.parametrize("target", [SPEECH, BATCHES])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0",
        b"[" * 100_000,
        b"[" * 50_000 + b"]" * 50_000,
        b'{"options":' * 20_000,
        b'{"input_file_id":' * 10_000,
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
        b'{"model":"\xff\xfe"}',
        b'{"model":"\xed\xa0\x80"}',
        b'{"model":"tone","voice":"low","input":"a \\ud800 b"}',
        b'{"model":"tone","voice":"low","input":"a \\udc00\\ud800 b"}',
        '{"model":"tone"}'.encode("utf-16"),
        b"\xef\xbb\xbf{}",
        b"{'model': 'tone'}",
        b'{"model":"tone",}',
        b"NaN",
        b"1e999",
        b"9" * 5000,
        b"null",
        b"[]",
        b'"tone"',
        b"true",
        b"{}",
        b'{"model":"tone","voice":"low","input":"a","speed":Infinity}',
        b'{"model":"tone","voice":"low","input":"a","seed":' + b"9" * 5000 + b"}",
    ],
)
def test_bodies_that_are_no_requests(server, target, body):
    server.ask("POST", target, body).refused(400)


@pytest.mark.parametrize(
    "fields",
    [
        *({name: value} for name in ("model", "input", "voice") for value in VALUES),
        {"voice": {"id": ["low"]}},
        {"voice": "x" * 300},
        {"speed": -1},
        {"speed": "fast"},
        {"speed": 1e308},
        {"seed": -1},
        {"seed": 2**64},
        {"seed": 1.5},
        {"response_format": "../wav"},
        {"stream_format": "both"},
        {"instructions": "x" * 5000},
        {"loudness": 10},
        {"sample_rate": 0},
        {"sample_rate": 1},
        {"preset": "../../presets"},
        {"preset": "\0"},
        {"options": []},
        {"options": {"no_such": 1}},
        {"options": {"fault": {"deep": 1}}},
        {"options": {"fault_rate": "\0"}},
        {"options": {"__class__": 1}},
        {"options": {"device": "cpu"}},
        {"options": {"\r\nx-evil": "1"}},
        {"input": "x" * 20_001},
    ],
    ids=lambda fields: repr(fields)[:40],
)
def test_fields_that_cannot_be(server, fields):
    server.ask("POST", SPEECH, {**GOOD, **fields}).refused(400)


@pytest.mark.parametrize(
    "model",
    [
        "/etc/passwd",
        "tone//etc/passwd",
        "tone/../../etc/passwd",
        "piper//etc/passwd",
        "piper/../../voice.onnx",
        "piper",
        "openai",
        "file:///etc/passwd",
        "../tone",
        "tone\0",
        "tone\r\nx-evil: 1",
        "tone/",
    ],
)
def test_a_model_that_is_a_path_or_not_offered(server, model):
    assert server.speak(model=model).refused(404)["code"] == "model_not_found"
    listing = f"{VOICES}?model={quote(model, safe='')}"
    server.ask("GET", listing).refused(404)


@pytest.mark.parametrize("kind", ["text/plain", "", "application/x-www-form-urlencoded", "\xff", "a;b;c"])
def test_bodies_of_another_type(server, kind):
    for target in (SPEECH, BATCHES, FILES, VOICES):
        server.ask("POST", target, b"{}", {"content-type": kind}).refused(415)


# Paths


@pytest.mark.parametrize(
    "place", ["/v1/models/", FILES + "/", BATCHES + "/", "/v1/audio/clips/", VOICES + "/", "/docs/files/"]
)
@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/etc/passwd",
        "%252e%252e%252fetc%252fpasswd",
        "..%5c..%5cetc%5cpasswd",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "..%c0%af..%c0%afetc",
        "..",
        "%00",
        "server.db",
        "a%00.wav",
        "%ff%fe",
        "%ed%a0%80",
        "%0d%0ax-evil:%201",
        "a" * 5000,
        "~root",
        "{name}",
        "%zz",
    ],
)
def test_names_that_lead_elsewhere(server, place, name):
    for method in ("GET", "HEAD", "DELETE"):
        answer = server.ask(method, place + name)
        assert answer.status in (400, 404, 405)
        assert "x-evil" not in answer.headers
        if method != "HEAD":
            answer.refused(400, 404, 405)
            assert b"root:" not in answer.body


@pytest.mark.parametrize("name", ["..%2f..%2fserver.db", "%2e%2e", "%00", "a" * 5000])
def test_the_same_for_what_lies_below(server, name):
    for target in (f"{FILES}/{name}/content", f"{BATCHES}/{name}/audio"):
        server.ask("GET", target).refused(404)
    server.ask("POST", f"{BATCHES}/{name}/cancel").refused(404)
    named = {"endpoint": SPEECH, "completion_window": "24h", "input_file_id": name[:64]}
    server.ask("POST", BATCHES, named).refused(404)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "CONNECT"])
def test_methods_that_are_not_there(server, method):
    answer = server.ask(method, SPEECH)
    assert answer.refused(405)["code"] == "method_not_allowed"
    assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize("target", ["/", "//", "/v1", "/v1/", "/v2/models", "*", "/%", "/v1/audio/speech/x"])
def test_paths_that_are_not_there(server, target):
    assert server.ask("GET", target).refused(404)["code"] == "not_found"


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=" + "9" * 5000,
        "order=up",
        "after=%00",
        "after=%ff",
        "after=" + "a" * 65,
    ],
)
def test_queries_that_cannot_be(server, query):
    server.ask("GET", f"{FILES}?{query}").refused(400)


# Forms


def test_a_form_as_it_should_be(server):
    answer = server.multipart(FILES, (FILE.format("a.jsonl"), b"{}\n"), PURPOSE)
    assert answer.status == 200
    assert answer.json["bytes"] == 3


@pytest.mark.parametrize(
    ("status", "parts"),
    [
        (413, [PURPOSE] * 5000),
        (413, [("x: " + "y" * 500_000, b"")]),
        (413, [("\r\n".join(f"x-{n}: y" for n in range(5000)), b"")]),
        (413, [(FILE.format("f"), b"{}"), ('content-disposition: form-data; name="purpose"', b"x" * 1_500_000)]),
        (413, [('content-disposition: form-data; name="file"', b"x" * 1_500_000), PURPOSE]),
        (413, [(FILE.format("f"), b"x" * 2_000_001), PURPOSE]),
        (400, []),
        (400, [PURPOSE]),
        (400, [(FILE.format("f"), b"{}")]),
        (400, [(FILE.format("f"), b"{}"), PURPOSE, PURPOSE]),
        (400, [(FILE.format("f"), b"{}"), (FILE.format("f"), b"{}"), PURPOSE]),
        (400, [('content-disposition: form-data; name="file"', b"{}"), PURPOSE]),
        (400, [(FILE.format("f"), b"{}"), (FILE.format("p").replace("file", "purpose", 1), b"batch")]),
        (400, [(FILE.format("f"), b"{}"), (PURPOSE[0], b"\xff\xfe")]),
        (400, [(FILE.format("f"), b"{}"), (PURPOSE[0], b"fine-tune")]),
        (400, [(FILE.format("f"), b"{}"), (PURPOSE[0] + "\r\ncontent-type: text/plain; charset=nonsense", b"batch")]),
        (400, [(FILE.format("f"), b"{}"), (PURPOSE[0] + "\r\ncontent-type: text/plain; charset=idna", b"b")]),
        (400, [("content-disposition: form-data", b"{}"), PURPOSE]),
        (400, [("content-disposition: attachment", b"{}")]),
        (400, [("no colon", b"{}")]),
        (400, [("", b"{}")]),
    ],
)  # fmt: skip
def test_forms_that_cannot_be(server, status, parts):
    server.multipart(FILES, *parts).refused(status)
    assert not list((server.folder / "state" / "files").glob(".*.partial"))


@pytest.mark.parametrize(
    "kind", ["", "; boundary=", "; boundary=\xe9", '; boundary="a\\"b', "; boundary=" + "x" * 5000]
)
def test_forms_without_a_boundary(server, kind):
    body = b'--edge\r\ncontent-disposition: form-data; name="file"; filename="f"\r\n\r\n{}\r\n--edge--\r\n'
    for target in (FILES, VOICES):
        server.ask("POST", target, body, {"content-type": "multipart/form-data" + kind}).refused(400)


def test_a_form_that_ends_too_early(server):
    body = b'--edge\r\ncontent-disposition: form-data; name="file"; filename="f"\r\n\r\nabc'
    for end in range(0, len(body), 10):
        kind = {"content-type": "multipart/form-data; boundary=edge"}
        server.ask("POST", FILES, body[:end], kind).refused(400)


def voice(server: Running, sample: bytes, **fields: str) -> Answer:
    """The answer to an upload of somebody's voice."""
    given = {
        "name": "anna",
        "speaker": "Anna",
        "consent": "yes",
        "transcript": "Hello.",
        "language": "en",
    } | fields
    parts = [(f'content-disposition: form-data; name="{k}"', v.encode()) for k, v in given.items()]
    return server.multipart(
        VOICES, ('content-disposition: form-data; name="audio_sample"; filename="s.wav"', sample), *parts
    )


@pytest.mark.parametrize(
    "name", ["../../evil", "/etc/passwd", "a\r\nx-evil: 1", "a\0b", "", ".hidden", "a" * 5000]
)
def test_voices_whose_names_cannot_be(server, name):
    sound = np.random.default_rng(1).normal(0, 0.1, 24000 * 5).astype(np.float32)
    answer = voice(server, encode(Audio(sound, 24000), Output(format="flac")), name=name)
    answer.refused(400)
    assert not list((server.folder / "data").rglob("evil*"))


@pytest.mark.parametrize("sample", [b"", b"RIFF", b"fLaC" + bytes(100), b"OggS" + bytes(100), bytes(100_000)])
def test_samples_that_are_no_audio(server, sample):
    voice(server, sample).refused(400)


def test_a_sample_of_few_bytes_that_would_be_hours_of_silence(server):
    """A quarter of an hour is 170 MB as numbers; as many bytes as a sample may have would be a day."""
    quarter = Audio(np.zeros(48000 * 900, np.float32), 48000)
    sample = encode(quarter, Output(format="flac"))
    assert len(sample) < 500_000
    before = server.resident()
    assert "longer than" in voice(server, sample).refused(400)["message"]
    assert server.resident() - before < 100_000_000


# What comes back in headers and file names


@pytest.mark.parametrize("name", ["a\\r\\nx-evil: 1", "../../../evil", 'a"b', "\xe9.jsonl", "\0", "a" * 3000])
def test_names_of_files_reach_no_header(server, name):
    answer = server.multipart(FILES, (FILE.format(name), b"{}\n"), PURPOSE)
    assert answer.status in (200, 400)
    assert "x-evil" not in answer.headers
    if answer.status == 200:
        assert len(answer.json["filename"]) <= 255
        content = server.ask("GET", f"{FILES}/{answer.json['id']}/content")
        assert content.body == b"{}\n"
        assert "x-evil" not in content.headers
    assert not list(server.folder.rglob("evil*"))


IDS = ("a\r\nx-evil: 1", "../../evil", "/etc/passwd", "nul\0", "é" * 300, "con", "a" * 500, "..", "x/../../y")


def test_custom_ids_reach_no_header_and_no_path(server):
    """Each has its file in the zip, whose name stays inside the folder that it is unpacked in."""
    lines = [{"custom_id": id, "method": "POST", "url": SPEECH, "body": GOOD} for id in IDS]
    ended = batch(server, "\n".join(json.dumps(line) for line in lines).encode())
    assert ended["status"] == "completed"
    assert ended["request_counts"] == {"total": len(IDS), "completed": len(IDS), "failed": 0}
    answer = server.ask("GET", f"{BATCHES}/{ended['id']}/audio")
    assert answer.headers["content-disposition"] == f'attachment; filename="{ended["id"]}.zip"'
    names = zipfile.ZipFile(io.BytesIO(answer.body)).namelist()
    assert len(set(names)) == len(IDS)
    for name in names:
        assert not name.startswith("/")
        assert ".." not in Path(name).parts
        assert name.isprintable()


def batch(server: Running, content: bytes) -> Any:
    """The batch of that input, when it has ended."""
    file = server.multipart(FILES, (FILE.format("in.jsonl"), content), PURPOSE).json
    asked = {"endpoint": SPEECH, "completion_window": "24h", "input_file_id": file["id"]}
    made = server.ask("POST", BATCHES, asked).json
    deadline = time.monotonic() + PATIENCE
    while made["status"] not in ("failed", "completed", "cancelled", "expired"):
        assert time.monotonic() < deadline, made
        time.sleep(0.05)
        made = server.ask("GET", f"{BATCHES}/{made['id']}").json
    return made


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n\n",
        b"\0\0\0",
        b"\xff\xfe{}",
        b"[" * 100_000,
        b'{"custom_id":"a","method":"POST","url":"/v1/audio/speech","body":' + b'{"a":' * 50_000,
        b'{"custom_id":"a","method":"POST","url":"/v1/audio/speech","body":{},"more":' + b"[" * 50_000,
        b'{"custom_id":"a","method":"POST","url":"http://evil.example/","body":{}}',
        b'{"custom_id":"\\ud800","method":"POST","url":"/v1/audio/speech","body":{}}',
        b"x" * 1_500_000,
        b"x\n" * 500_000,
    ],
    ids=range(11),
)
def test_input_of_batches_that_is_none(server, content):
    ended = batch(server, content)
    assert ended["status"] == "failed"
    assert 1 <= len(ended["errors"]["data"]) <= 101


def test_lines_that_cannot_be_spoken_are_answered_each(server):
    bodies = [GOOD, {}, {**GOOD, "model": "tone//etc/passwd"}, {**GOOD, "voice": "\0"}, {**GOOD, "speed": 99}]
    lines = [
        {"custom_id": f"{n}", "method": "POST", "url": SPEECH, "body": body} for n, body in enumerate(bodies)
    ]
    ended = batch(server, "\n".join(json.dumps(line) for line in lines).encode())
    assert ended["request_counts"] == {"total": 5, "completed": 1, "failed": 4}
    errors = server.ask("GET", f"{FILES}/{ended['error_file_id']}/content").body.splitlines()
    assert [json.loads(line)["response"]["status_code"] for line in errors] == [400, 404, 400, 400]


# Texts


def planes() -> Iterator[str]:
    """Characters of each of Unicode's 17 planes: the first and last that can be encoded, and some between."""
    for plane in range(17):
        for low in (
            0x0000,
            0x0300,
            0x1F600 & 0xFFFF,
            0x4E00,
            0xD7FF,
            0xE000,
            0xF8FF,
            0xFDD0,
            0xFFFD,
            0xFFFE,
            0xFFFF,
        ):
            yield chr(plane << 16 | low)


def test_characters_of_every_plane(server):
    """Assigned or not, private or not, alone or among others: audio, or one clear error."""
    for character in planes():
        alone, among = server.speak(character), server.speak(f"Before {character} after.")
        assert among.status == 200, (hex(ord(character)), among.body[:200])
        if alone.status != 200:
            alone.refused(400)
    whole = server.speak("Say " + "".join(planes()))
    assert whole.status == 200


@pytest.mark.slow
def test_characters_of_every_plane_with_a_real_voice(tmp_path):
    pytest.importorskip("piper")
    with running(tmp_path, SETTINGS, ["piper"]) as server:
        for character in planes():
            for text in (character, f"Before {character} after."):
                answer = server.speak(text, model="piper", voice="nova")
                if answer.status != 200:
                    answer.refused(400)
        assert server.speak("".join(planes()), model="piper", voice="nova").status in (200, 400)
        assert "Traceback" not in (tmp_path / "log").read_text()


# Clips

HUGE = "9" * 5000


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        (f"bytes={HUGE}-", 416),
        (f"bytes=0-{HUGE}", 206),
        (f"bytes=-{HUGE}", 206),
        (f"bytes={'0' * 5000}-0", 206),
        ("bytes=-0", 416),
        ("bytes=99999999-", 416),
        ("bytes=99999998-99999999", 416),
        ("Bytes= 0-1 ", 206),
        ("bytes=5-2", 416),
        (f"bytes={HUGE}-5", 416),
        ("bytes=-", 200),
        ("bytes=+1-2", 200),
        ("bytes=\xb2-", 200),
        ("bytes=--", 200),
        ("x=0-1", 200),
        ("bytes=" + "0-1," * 9, 200),
    ],
)
def test_parts(server, wanted, status):
    """One that is not there is 416; what is no range counts as none (RFC 9110, 14.1.1)."""
    whole = server.speak()
    answer = server.ask("GET", whole.headers["content-location"], headers={"range": wanted})
    assert answer.status == status
    if status == 416:
        assert answer.headers["content-range"] == f"bytes */{len(whole.body)}"
        answer.refused(416)
    elif status == 200:
        assert answer.body == whole.body
        assert "content-range" not in answer.headers


def test_tags_that_are_none(server):
    place = server.speak().headers["content-location"]
    for tag in ("\xff" * 3000, '"' * 3000, "W/" * 3000, "," * 3000):
        assert server.ask("GET", place, headers={"if-none-match": tag}).status == 200
        assert server.ask("GET", place, headers={"if-range": tag, "range": "bytes=0-1"}).status == 200


# Who asks


@pytest.mark.parametrize(
    "host",
    ["evil.example", "", "[::1", "127.0.0.1@evil.example", "localhost.evil.example", "127.0.0.1:x", "127.1"],
)  # fmt: skip
def test_a_server_without_keys_is_not_there_for_other_hosts(server, host):
    for method, target in (("GET", "/v1/models"), ("POST", SPEECH), ("GET", "/nowhere")):
        answer = server.ask(method, target, b"{}", {"host": host})
        assert answer.refused(400, 403)["code"] in ("host_not_allowed", "invalid_host")


def test_the_last_of_two_hosts_does_not_hide_the_first(server):
    for hosts in (("evil.example", "localhost"), ("localhost", "evil.example")):
        lines = [f"host: {host}" for host in hosts]
        sent = "\r\n".join(["GET /v1/models HTTP/1.1", *lines, "connection: close", "", ""]).encode()
        assert server.raw(sent).refused(400)["code"] == "invalid_host"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost.evil.example", "file://"]
)
def test_a_page_of_another_site_cannot_send_forms_to_a_server_without_keys(server, origin):
    """Browsers send forms without asking first; what they say is where they come from."""
    upload = server.multipart(FILES, (FILE.format("f"), b"{}"), PURPOSE, headers={"origin": origin})
    assert upload.refused(403)["code"] == "origin_not_allowed"
    server.ask("POST", SPEECH, GOOD, {"origin": origin}).refused(403)
    server.ask("POST", f"{BATCHES}/x/cancel", headers={"origin": origin}).refused(403)


def test_the_servers_own_page_may_ask(server):
    answer = server.ask("POST", SPEECH, GOOD, {"origin": f"http://127.0.0.1:{server.port}"})
    assert answer.status == 200


def keys(folder: Path, *words: str) -> str:
    """What `voxpress keys` says."""
    command = [sys.executable, "-m", "voxpress", "keys", *words, "--state", str(folder / "state")]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, str]]:
    """A server with keys, and one that may only speak."""
    folder = tmp_path_factory.mktemp("keyed")
    key = keys(folder, "add", "speaker", "--may", "speech")
    with running(folder, SETTINGS) as here:
        yield here, f"Bearer {key}"
    assert "Traceback" not in (folder / "log").read_text()


def test_keys_that_are_missing_or_wrong(keyed):
    here, right = keyed
    key = right.removeprefix("Bearer ")
    assert here.ask("POST", SPEECH, GOOD, {"authorization": right}).status == 200
    wrong = ["", "Bearer", "Bearer ", f"{right}x", right[:-1], f"Token {key}", key, f"{right} {key}"]
    wrong += ["Bearer \xff\xfe", "Basic \xff", "Basic eA==", "Basic " + "A" * 5000, "Bearer " + "x" * 5000]
    wrong += [f"Bearer vp-{'0' * 12}-{'x' * 32}", "Bearer " + "\u0661".encode().decode("latin-1")]
    for given in (None, *({"authorization": header} for header in wrong)):
        for target in ("/v1/models", "/metrics", "/docs/openapi.json", "/nowhere", "/v1/audio/clips/x"):
            assert here.ask("GET", target, headers=given).refused(401)["code"] == "invalid_api_key"
        assert here.ask("POST", SPEECH, GOOD, given).refused(401)["code"] == "invalid_api_key"


def test_a_key_without_the_right(keyed):
    here, key = keyed
    given = {"authorization": key}
    for target in (FILES, BATCHES, "/metrics"):
        assert here.ask("GET", target, headers=given).refused(403)["code"] == "not_allowed"
    for target in (FILES, VOICES):
        here.multipart(target, PURPOSE, headers=given).refused(403)
    here.ask("DELETE", f"{VOICES}/anna", headers=given).refused(403)


def test_a_key_without_the_right_learns_of_no_clip(keyed):
    """Also not that it is the same as ever."""
    here, key = keyed
    given = {"authorization": key}
    other = {"authorization": f"Bearer {keys(here.folder, 'add', 'reader', '--may', 'metrics')}"}
    deadline = time.monotonic() + PATIENCE
    while here.ask("GET", "/v1/models", headers=other).status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    for _ in range(3):
        made = here.ask("POST", SPEECH, GOOD, given)
    tag = {"if-none-match": made.headers["etag"]}
    place = made.headers["content-location"]
    for method in ("GET", "HEAD"):
        assert here.ask(method, place, headers={**given, **tag}).status == 304
        for target in (place, place.rpartition(".")[0] + ".json"):
            assert here.ask(method, target, headers={**other, **tag}).status == 403
    here.ask("POST", SPEECH, GOOD, {**other, **tag}).refused(403)


def test_two_keys_in_one_request(keyed):
    here, key = keyed
    for given in ((key, "Bearer x"), ("Bearer x", key), (key, key)):
        lines = [f"authorization: {each}" for each in given]
        answer = here.raw(head(here, "GET", "/v1/models", *lines, "connection: close"))
        assert answer.refused(400)["code"] == "repeated_header"


@pytest.mark.parametrize(
    "host",
    ["[::1", "a b", "a\tb", "\xff", "x:99999999", "x:99999", "", "http://x/", "x,y", "x/..", "x?", "x\\y"],
)
def test_hosts_that_are_none(keyed, host):
    """Addresses are made with it: it is a name, or the request is refused."""
    here, key = keyed
    given = {"authorization": key, "host": host}
    answer = here.ask("POST", SPEECH, GOOD, given)
    if answer.status != 200:
        assert answer.refused(400)["code"] == "invalid_host"
        return
    facts = here.ask("GET", answer.headers["content-location"].rpartition(".")[0] + ".json", headers=given)
    assert facts.json["url"].startswith(f"http://{host}/v1/" if host else "/v1/")


def test_a_key_that_is_taken_back_while_the_server_runs(tmp_path):
    """Also where the database is busy: the server looks again, and never stops looking."""
    first, second = keys(tmp_path, "add", "first"), keys(tmp_path, "add", "second")
    with running(tmp_path, SETTINGS) as here:

        def status(key: str) -> int:
            return here.ask("GET", "/v1/usage", headers={"authorization": f"Bearer {key}"}).status

        assert status(first) == 200
        keys(tmp_path, "remove", "first")
        deadline = time.monotonic() + PATIENCE
        while status(first) == 200:
            assert time.monotonic() < deadline
        assert status(first) == 401
        assert status(second) == 200
        assert "Traceback" not in here.log()


# Memory


def test_memory_stays_bounded(server):
    """After requests whose bodies, heads and forms have 300 MB together."""

    def round_of_them() -> None:
        for _ in range(10):
            server.ask("POST", SPEECH, b"[" * 100_000).refused(400)
            server.ask("POST", SPEECH, b"x" * (MOST_BODY + 1)).refused(413)
            server.multipart(FILES, (FILE.format("f"), b"x" * 2_000_001), PURPOSE).refused(413)
            server.multipart(FILES, *[PURPOSE] * 5000).refused(413)
            server.ask("GET", "/v1/models/" + "a" * 50_000).refused(404)
            server.speak(model="x" * 256, input="x" * 19_000).refused(404)
            endless(server, b"GET /v1/models HTTP/1.1\r\nx: ", b"a" * 65536)

    round_of_them()
    before = server.resident()
    for _ in range(3):
        round_of_them()
    assert server.resident() - before < 50_000_000
