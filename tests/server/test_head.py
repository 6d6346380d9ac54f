"""HEAD: whatever can be asked for with GET, answered with the same status and headers, and without the body."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator

import pytest

pytest.importorskip("litestar")

from tests.server.hostile_server import PATIENCE, Running, running

SPEECH, BATCHES, FILES = "/v1/audio/speech", "/v1/batches", "/v1/files"
PAGES = ("/docs", "/docs/openapi.json", "/docs/files/swagger-ui.css")
"""Which the schema does not name."""
CHANGING = {"x-request-id", "date"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("head")) as here:
        yield here


@pytest.fixture(scope="module")
def targets(server: Running) -> list[str]:
    """An address of each route that the schema has for GET, with something there."""
    clip = server.speak().headers["content-location"].rpartition("/")[2]
    body = {"model": "tone", "voice": "low", "input": "In a batch.", "response_format": "wav"}
    line = {"custom_id": "a", "method": "POST", "url": SPEECH, "body": body}
    file = server.multipart(
        FILES,
        ('content-disposition: form-data; name="file"; filename="a.jsonl"', json.dumps(line).encode()),
        ('content-disposition: form-data; name="purpose"', b"batch"),
    ).json["id"]
    asked = {"endpoint": SPEECH, "completion_window": "24h", "input_file_id": file}
    batch = server.ask("POST", BATCHES, asked).json["id"]
    deadline = time.monotonic() + PATIENCE
    while server.ask("GET", f"{BATCHES}/{batch}").json["status"] != "completed":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    there = {"models": "tone", "clips": clip, "files": file, "batches": batch, "voices": "nobody"}
    schema = server.ask("GET", "/docs/openapi.json").json
    paths = [path for path, methods in schema["paths"].items() if "get" in methods]
    assert len(paths) >= 10
    return [
        re.sub(r"([a-z]+)/\{[^}]+\}", lambda found: f"{found[1]}/{there[found[1]]}", path) for path in paths
    ]


def test_every_route_of_get(server, targets):
    for target in (*targets, *PAGES):
        whole, head = server.ask("GET", target), server.ask("HEAD", target)
        assert whole.status == (404 if "nobody" in target else 200), target
        assert (head.status, head.body) == (whole.status, b""), target
        given = [
            {name.lower(): value for name, value in answer.headers.items() if name.lower() not in CHANGING}
            for answer in (whole, head)
        ]
        if target == "/metrics":  # counts each of the two
            lengths = [each.pop("content-length") for each in given]
            assert all(lengths)
        given[0].pop("transfer-encoding", None)  # is of the body that is not there
        assert given[0] == given[1], target


def test_errors(server):
    """What GET is refused, HEAD is refused."""
    for target in ("/nowhere", f"{FILES}/x", "/v1/audio/clips/x", "/docs/files/x"):
        answer = server.ask("HEAD", target)
        assert (answer.status, answer.body) == (404, b"")
        assert int(answer.headers["content-length"]) > 50
    answer = server.ask("HEAD", SPEECH)
    assert (answer.status, answer.body) == (405, b"")
    assert "POST" in answer.headers["allow"]
    assert {"GET", "HEAD"} <= set(server.ask("PUT", "/v1/models").headers["allow"].split(", "))
    assert server.ask("HEAD", "/v1/models", headers={"host": "evil.example"}).status == 403


def test_a_connection_goes_on_after_it(server):
    """No byte of a body stands before the next answer."""
    with server.connect() as connection:
        for target in ("/healthz", "/docs", "/v1/models"):
            connection.sendall(f"HEAD {target} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        received = b""
        while part := connection.recv(65536):
            received += part
    heads = received.split(b"\r\n\r\n")
    assert [head[:15] for head in heads[:4]] == [b"HTTP/1.1 200 OK"] * 4
    assert heads[4:] == [b"ok"]
