"""Pages in browsers: what they are told before and with every answer (CORS), and what a browser's password opens."""

from __future__ import annotations

import base64
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("litestar")

from tests.server.hostile_server import PATIENCE, Answer, Running, answered, running
from voxpress.errors import InputError
from voxpress.server.http.origins import Origins

SPEECH, BATCHES, FILES, VOICES = "/v1/audio/speech", "/v1/batches", "/v1/files", "/v1/audio/voices"
HELLO: Mapping[str, Any] = {"model": "tone", "voice": "low", "input": "Hello.", "response_format": "wav"}
PAGE, OTHER = "https://app.example", "https://other.example"
SETTINGS = f"""
body_timeout = 0.5
max_characters = 1000
stream_from = 1
cors_origins = ["{PAGE}", "HTTP://LocalHost:3000/", "https://usual.example:443"]
"""
CLIENT = (
    "authorization, content-type, openai-organization, user-agent, x-stainless-arch, x-stainless-lang, x-stainless-os,"
    " x-stainless-package-version, x-stainless-retry-count, x-stainless-runtime, x-stainless-runtime-version,"
    " x-stainless-timeout"
)
"""Headers that OpenAI's client for JavaScript sends from a browser."""


@dataclass
class Site:
    """A server, and a key for it."""

    server: Running
    key: str

    def ask(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        origin: str | None = PAGE,
        key: bool = True,
        **headers: str,
    ) -> Answer:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if key:
            given["authorization"] = f"Bearer {self.key}"
        if origin is not None:
            given["origin"] = origin
        return self.server.ask(method, target, body, given)

    def preflight(self, target: str, origin: str = PAGE, method: str = "POST", **headers: str) -> Answer:
        return self.ask(
            *("OPTIONS", target), origin=origin, key=False, access_control_request_method=method, **headers
        )


def add_key(folder: Path, name: str, *options: str) -> str:
    command = [sys.executable, "-m", "voxpress", "keys", "add", name, "--state", str(folder / "state")]
    done = subprocess.run([*command, *options], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with keys, whose pages are on three origins."""
    folder = tmp_path_factory.mktemp("site")
    key = add_key(folder, "page")
    with running(folder, SETTINGS) as server:
        yield Site(server, key)
    assert "Traceback" not in (folder / "log").read_text()


@pytest.fixture(scope="module")
def open_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server without keys for the pages of every site."""
    with running(tmp_path_factory.mktemp("open"), 'cors_origins = ["*"]') as server:
        yield Site(server, "none")


def names(answer: Answer, header: str) -> set[str]:
    return {name.strip().lower() for name in ",".join(answer.headers.get_all(header, [])).split(",")}


def is_shown(answer: Answer, origin: str = PAGE) -> bool:
    """Whether a browser shows a page the answer, all its headers included, and no cache gives it to another page."""
    safe = {
        "cache-control",
        "content-type",
        "content-length",
        "date",
        "vary",
        "transfer-encoding",
        "connection",
    }
    hidden = {
        name.lower()
        for name in answer.headers
        if not name.lower().startswith("access-control-") and name.lower() not in safe
    }
    exposed = names(answer, "access-control-expose-headers")
    return (
        answer.headers.get_all("access-control-allow-origin") == [origin]
        and "origin" in names(answer, "vary")
        and hidden - {"www-authenticate", "allow", "accept-encoding", "x-accel-buffering"} <= exposed
        and "access-control-allow-credentials" not in answer.headers
    )


# Before a request


@pytest.mark.parametrize(
    "target", [SPEECH, BATCHES, FILES, VOICES, "/v1/models", "/healthz", "/docs", "/nowhere", "/v1/usage"]
)
@pytest.mark.parametrize("origin", [PAGE, "http://localhost:3000", "https://usual.example"])
def test_a_preflight_needs_no_key(site, target, origin):
    answer = site.preflight(target, origin, access_control_request_headers=CLIENT)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == origin
    assert set(CLIENT.split(", ")) <= names(answer, "access-control-allow-headers")
    assert {"get", "head", "post", "delete"} <= names(answer, "access-control-allow-methods")
    assert int(answer.headers["access-control-max-age"]) >= 600
    assert "origin" in names(answer, "vary")


def test_a_preflight_without_further_headers(site):
    answer = site.preflight("/v1/files/x", method="DELETE")
    assert answer.status == 204
    assert "access-control-allow-headers" not in answer.headers


def test_a_preflight_from_the_internet_to_a_private_network(site):
    answer = site.preflight(SPEECH, access_control_request_private_network="true")
    assert answer.headers["access-control-allow-private-network"] == "true"
    assert "access-control-allow-private-network" not in site.preflight(SPEECH).headers


@pytest.mark.parametrize(
    "origin",
    [OTHER, "null", "http://app.example", f"{PAGE}:8443", f"{PAGE}.evil.example", "https://evilapp.example"],
)
def test_a_preflight_of_another_site(site, origin):
    answer = site.preflight(SPEECH, origin)
    assert answer.refused(403)["code"] == "origin_not_allowed"
    assert not any(name.lower().startswith("access-control-") for name in answer.headers)


@pytest.mark.parametrize("asked", ["a\xff", "a b", "a;b", "a, , b", '"a"'])
def test_a_preflight_that_asks_for_no_names(site, asked):
    answer = site.preflight(SPEECH, access_control_request_headers=asked)
    answer.refused(400)
    assert is_shown(answer)


def test_options_that_are_no_preflight_need_a_key(site):
    for headers in ({}, {"access_control_request_method": "POST"}):
        origin = None if headers else PAGE
        assert site.ask("OPTIONS", SPEECH, origin=origin, key=False, **headers).status == 401


# With every answer


def test_speech_as_often_as_it_is_asked_for(site):
    """The first is spoken, the second comes through the routes, and those after it from memory."""
    said = [site.ask("POST", SPEECH, {**HELLO, "input": "Again and again."}) for _ in range(5)]
    assert [answer.headers["x-voxpress-cache"] for answer in said] == ["miss", *["hit"] * 4]
    assert all(is_shown(answer) for answer in said)
    tag = said[0].headers["etag"]
    for _ in range(2):
        unchanged = site.ask("POST", SPEECH, {**HELLO, "input": "Again and again."}, if_none_match=tag)
        assert unchanged.status == 304
        assert is_shown(unchanged)
    for origin, allowed in (("http://localhost:3000", "http://localhost:3000"), (OTHER, None), (None, None)):
        for text in ("Again and again.", f"For the first time, {origin}."):
            answer = site.ask("POST", SPEECH, {**HELLO, "input": text}, origin=origin)
            assert answer.status == 200
            assert answer.headers["access-control-allow-origin"] == allowed
            assert "origin" in names(answer, "vary")


def test_a_clip_and_its_parts(site):
    made = site.ask("POST", SPEECH, HELLO)
    place, tag = made.headers["content-location"], made.headers["etag"]
    for method in ("GET", "HEAD"):
        for status, headers in (
            (200, {}),
            (206 if method == "GET" else 200, {"range": "bytes=0-9"}),
            (416 if method == "GET" else 200, {"range": "bytes=99999999-"}),
            (304, {"if_none_match": tag}),
            (304, {"if_none_match": f'"x", {tag}'}),
        ):
            answer = site.ask(method, place, **headers)
            assert answer.status == status
            assert is_shown(answer), (method, headers)
            # What a cache keeps of a request without an origin must not be given to a page.
            for origin in (None, OTHER):
                answer = site.ask(method, place, origin=origin, **headers)
                assert answer.headers["access-control-allow-origin"] is None
                assert "origin" in names(answer, "vary")


@pytest.mark.parametrize("format", ["sse", "audio"])
def test_what_is_sent_while_it_is_spoken(site, format):
    text = " ".join(f"Sentence {number} of {format}." for number in range(9))
    answer = site.ask(
        "POST", SPEECH, {**HELLO, "input": text, "response_format": "mp3", "stream_format": format}
    )
    assert (answer.status, answer.headers["transfer-encoding"]) == (200, "chunked")
    assert is_shown(answer)


@pytest.mark.parametrize(
    ("status", "method", "target", "body", "headers"),
    [
        (400, "POST", SPEECH, {}, {}),
        (400, "POST", SPEECH, b"{", {}),
        (400, "GET", "/v1/models", None, {"host": "a b"}),
        (404, "GET", "/nowhere", None, {}),
        (404, "GET", f"{FILES}/x", None, {}),
        (404, "POST", SPEECH, {**HELLO, "model": "nobody"}, {}),
        (403, "GET", "/metrics", None, {}),
        (405, "GET", SPEECH, None, {}),
        (405, "PUT", "/v1/models", None, {}),
        (408, "POST", SPEECH, b"", {"content_length": "9"}),
        (408, "POST", FILES, b"", {"content_length": "9", "content_type": "multipart/form-data; boundary=x"}),
        (413, "POST", SPEECH, b"x", {"content_length": "999999"}),
        (413, "POST", SPEECH, b"x" * 80_000, {}),
        (415, "POST", SPEECH, b"x", {"content_type": "text/plain"}),
        (415, "POST", FILES, b"{}", {}),
        (415, "POST", SPEECH, b"x", {"content_encoding": "gzip"}),
        (501, "POST", BATCHES, None, {"transfer_encoding": "gzip, chunked"}),
        (500, "POST", SPEECH, {**HELLO, "options": {"fault": "raise"}, "input": "It fails."}, {}),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_errors(site, status, method, target, body, headers):
    answer = site.ask(method, target, body, **headers)
    answer.refused(status)
    assert is_shown(answer)
    foreign = site.ask(method, target, body, origin=OTHER, **headers)
    assert foreign.headers["access-control-allow-origin"] is None


def test_a_page_without_a_key_or_with_a_wrong_one(site):
    for target in ("/v1/models", SPEECH, "/nowhere", "/docs", "/v1/audio/clips/x"):
        for given in ({}, {"authorization": "Bearer vp-wrong"}):
            answer = site.ask("GET", target, key=False, **given)
            answer.refused(401)
            assert is_shown(answer)
    assert is_shown(site.ask("GET", "/healthz", key=False))


def test_a_page_that_asks_too_often(site):
    site = Site(site.server, add_key(site.server.folder, "hasty", "--requests-per-minute", "1"))
    deadline = time.monotonic() + PATIENCE
    while (answer := site.ask("GET", "/v1/models")).status != 429:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert answer.headers["retry-after"]
    assert is_shown(answer)


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        (431, b"x-long: " + b"a" * 70_000),
        (408, b"x-unfinished: "),
        (400, b"no colon\r\n\r\n"),
        (400, b"transfer-encoding: gzip\r\n\r\n"),
        (505, b"host: localhost\r\n\r\n"),
    ],
)
def test_what_never_became_a_request(site, status, sent):
    """Where the origin was read before the fault."""
    for origin, allowed in ((PAGE, PAGE), (OTHER, None)):
        version = "2.0" if status == 505 else "1.1"
        start = f"GET /v1/models HTTP/{version}\r\norigin: {origin}\r\naccept: */*\r\n".encode()
        answer = site.server.raw(start, sent)
        answer.refused(status)
        assert answer.headers["access-control-allow-origin"] == allowed
        assert "origin" in names(answer, "vary")


def test_a_body_that_is_malformed_on_its_way(site):
    lines = f"host: localhost\r\norigin: {PAGE}\r\nauthorization: Bearer {site.key}"
    start = f"POST {SPEECH} HTTP/1.1\r\n{lines}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    answer = site.server.raw(start.encode(), b"zz\r\n")
    answer.refused(400)
    assert answer.headers["access-control-allow-origin"] == PAGE


def test_two_requests_on_one_connection_have_their_own_origins(site):
    with site.server.connect() as connection:
        for origin in (PAGE, OTHER, "http://localhost:3000"):
            connection.sendall(f"GET /healthz HTTP/1.1\r\nhost: x\r\norigin: {origin}\r\n\r\n".encode())
            allowed = answered(connection).headers["access-control-allow-origin"]
            assert allowed == (None if origin == OTHER else origin)


# The pages of every site


def test_a_star_is_for_all_pages(open_site):
    """Without credentials: a browser gives no page what it knows of a user."""
    for origin in (PAGE, OTHER, "null"):
        assert open_site.preflight(SPEECH, origin).headers["access-control-allow-origin"] == "*"
        for _ in range(3):
            answer = open_site.ask("POST", SPEECH, HELLO, origin=origin)
            assert answer.status == 200
            assert is_shown(answer, "*")
        assert is_shown(open_site.ask("GET", "/nowhere", origin=origin), "*")


@pytest.mark.parametrize(
    "origin",
    [
        "app.example",
        "https://",
        "https://app.example/path",
        "https://a.example,https://b.example",
        "null",
        "",
        "https://*.example",
        "https://me@app.example",
        "https://app.example?x",
        "https://äpp.example",
    ],
)
def test_what_is_no_origin(origin):
    """It would never match, and nobody would know why."""
    with pytest.raises(InputError, match="cors_origins"):
        Origins([PAGE, origin])


def test_what_is_no_origin_is_found_at_the_start(tmp_path):
    (tmp_path / "voxpress.toml").write_text(f'[server]\ncors_origins = ["{PAGE}/path"]\n')
    command = [
        sys.executable,
        "-m",
        "voxpress",
        "serve",
        "--config",
        str(tmp_path / "voxpress.toml"),
        "--port",
        "0",
    ]
    done = subprocess.run(
        [*command, "--state", str(tmp_path / "state"), "--store", str(tmp_path / "store")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "cors_origins" in done.stderr
    assert "Traceback" not in done.stderr


# A browser's password


def basic(key: str) -> str:
    return "Basic " + base64.b64encode(f"any:{key}".encode()).decode()


def test_a_browsers_password_opens_the_page_and_nothing_else(site):
    """A browser adds it by itself to what any page sends."""
    given = {"key": False, "authorization": basic(site.key)}
    for target in ("/docs", "/docs/openapi.json", "/docs/files/swagger-ui.css"):
        for method in ("GET", "HEAD"):
            assert site.ask(method, target, origin=None, **given).status == 200
        assert site.ask("POST", target, b"{}", origin=None, **given).status == 401
    for method, target in (
        ("GET", "/v1/models"),
        ("POST", SPEECH),
        ("POST", f"{BATCHES}/x/cancel"),
        ("DELETE", f"{FILES}/x"),
        ("GET", "/docsx"),
    ):
        answer = site.ask(method, target, HELLO if method == "POST" else None, origin=None, **given)
        assert "Bearer" in answer.refused(401)["message"]
        assert answer.headers["www-authenticate"] == "Bearer"  # no browser asks its user again


def test_a_browsers_password_is_of_no_use_to_other_pages(site):
    given = {"key": False, "authorization": basic(site.key)}
    own = f"http://127.0.0.1:{site.server.port}"
    page = "/docs/openapi.json"
    assert site.ask("GET", page, origin=own, **given).status == 200
    assert site.ask("GET", page, origin=None, sec_fetch_site="same-origin", **given).status == 200
    assert site.ask("GET", page, origin=None, sec_fetch_site="none", **given).status == 200
    # A link from elsewhere may be followed.
    followed = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}
    assert site.ask("GET", "/docs", origin=None, **followed, **given).status == 200
    for origin in (OTHER, PAGE, "null", f"http://127.0.0.1:{site.server.port + 1}", f"{own}.evil.example"):
        assert site.ask("GET", page, origin=origin, **given).status == 401
    for fetched in ("cross-site", "same-site"):
        refused = site.ask(
            "GET", page, origin=None, sec_fetch_site=fetched, sec_fetch_mode="no-cors", **given
        )
        assert refused.status == 401


def test_who_opens_the_page_is_asked_for_a_password(site):
    for target in ("/docs", "/docs/openapi.json"):
        refused = site.ask("GET", target, origin=None, key=False)
        assert (refused.status, refused.headers["www-authenticate"]) == (401, 'Basic realm="voxpress"')
    assert site.ask("GET", "/docs", origin=None).status == 200
