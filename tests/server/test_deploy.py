"""What stands in deploy/, against the program, and against nginx and systemd where they are installed."""

from __future__ import annotations

import configparser
import http.client
import io
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import tomllib
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import openai
import pytest
import typer
import yaml

from voxpress import cli, say
from voxpress.errors import SynthesisError
from voxpress.rendering.projects import load_project
from voxpress.server.settings import Settings, settings
from voxpress.speech import OptionValue
from voxpress.store import open_store

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
ANALYZE = shutil.which("systemd-analyze")
_PATIENCE = 30.0


def _told(path: Path = DEPLOY / "voxpress.toml") -> Settings:
    return settings(load_project(path).server, str(path))


def _words(command: list[str]) -> None:
    """The command line has that command, and those options."""
    found: Any = typer.main.get_command(cli.app)
    for word in command:
        if word.startswith("-"):
            assert any(word in each.opts for each in found.params), f"{found.name} has no {word}"
        elif word in getattr(found, "commands", {}):
            found = found.commands[word]
    assert not getattr(found, "commands", {}), f"{command} is no command"


def _variables() -> set[str]:
    """Those that the command line reads."""
    serve = typer.main.get_command(cli.app).commands["serve"]  # type: ignore[attr-defined]
    return {str(each.envvar) for each in serve.params if each.envvar}


# What can be read


def test_the_settings_are_settings() -> None:
    """And they say what the other files are about."""
    told = _told()
    nginx = (DEPLOY / "nginx.conf").read_text()
    assert told.host == "127.0.0.1"
    assert f"server {told.host}:{told.port};" in nginx
    assert f"location {told.accel_redirect} {{" in nginx
    assert told.public_url == "https://" + re.findall(r"server_name (\S+);", nginx)[0]
    most = max(int(size) for size in re.findall(r"client_max_body_size (\d+)m;", nginx))
    assert told.max_upload + 2**20 <= most * 2**20, "an input file of the largest size passes"
    (patience,) = re.findall(r"proxy_read_timeout (\d+)s;", nginx)
    assert int(patience) > told.deadline


def test_nginx_gives_back_every_header() -> None:
    """Those of `voxpress.server.speech.hits` that nginx drops when it sends a file by itself."""
    source = (ROOT / "src/voxpress/server/speech/hits.py").read_text()
    given = set(re.findall(r'"(x-voxpress-[a-z]+|content-location)"', source))
    kept = set(re.findall(r"add_header (\S+) \$upstream", (DEPLOY / "nginx.conf").read_text()))
    pages = {"access-control-allow-origin", "access-control-expose-headers", "vary"}
    assert {name.lower() for name in kept} == given | pages | {"etag", "x-request-id"}


def test_compose_names_what_is_there() -> None:
    """Files, commands, variables, volumes and the port."""
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    served, nginx = compose["services"]["voxpress"], compose["services"]["nginx"]
    assert (DEPLOY / served["build"] / "Dockerfile").is_file()
    _words(served["command"])
    assert {name for name in served["environment"] if name.startswith("VOXPRESS")} <= _variables()
    told = tomllib.loads((DEPLOY / "voxpress.toml").read_text())
    mounted = {}
    for service in (served, nginx):
        for volume in service["volumes"]:
            source, place, *_ = volume.split(":")
            mounted[place] = source
            if source.startswith("./"):
                assert (DEPLOY / source).exists() or source == "./tls", source
            else:
                assert source in compose["volumes"]
    assert served["command"][-1] in mounted
    assert mounted[served["environment"]["VOXPRESS_STORE"]] == "store"
    assert mounted[served["environment"]["VOXPRESS_STATE"]] == "state"
    assert mounted[told["defaults"]["store"]] == "store", "nginx finds the store where nginx.conf has it"
    assert served["network_mode"] == "service:nginx"
    (port,) = nginx["ports"]
    assert f"listen {port.partition(':')[2]} ssl" in (DEPLOY / "nginx.conf").read_text()
    assert f":{_told().port}/readyz" in served["healthcheck"]["test"][-1]


def test_the_image_serves() -> None:
    """The Dockerfile installs the server, and its folders are those of the compose file."""
    image = (ROOT / "Dockerfile").read_text()
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    extras = re.findall(r"'\.\[(.+?)\]'", image)[0].split(",")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert {"server", "piper"} <= set(extras) <= set(project["project"]["optional-dependencies"])
    for name in ("VOXPRESS_STORE", "VOXPRESS_STATE"):
        assert f"{name}={compose['services']['voxpress']['environment'][name]}" in image
    assert f"EXPOSE {Settings().port} 10200\n" in image  # HTTP, and Wyoming as the compose file has it
    for line in re.findall(r"^# docker run .* voxpress (\w+ .*)$", image, re.MULTILINE):
        _words(line.split())


def _unit() -> configparser.ConfigParser:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string((DEPLOY / "voxpress.service").read_text())
    return unit


def test_the_unit_starts_what_is_there() -> None:
    """The command, and folders that the settings name too."""
    service = _unit()["Service"]
    _words(service["ExecStart"].split()[1:])
    told = tomllib.loads((DEPLOY / "voxpress.toml").read_text())
    state = f"/var/lib/{service['StateDirectory']}/"
    assert told["defaults"]["store"].startswith(state)
    assert told["server"]["state"].startswith(state)
    assert int(service["TimeoutStopSec"]) > _told().grace
    for line in re.findall(r"voxpress (keys .*)$", (DEPLOY / "voxpress.service").read_text(), re.MULTILINE):
        _words(line.split())


@pytest.mark.skipif(not ANALYZE, reason="systemd is not installed")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """No directive is misspelt, and little is left open."""
    program = Path(sys.executable).with_name("voxpress")
    text = (DEPLOY / "voxpress.service").read_text().replace("/opt/voxpress/bin/voxpress", str(program))
    unit = tmp_path / "voxpress.service"
    unit.write_text(text)
    seen = subprocess.run(
        [str(ANALYZE), "verify", "--recursive-errors=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (seen.returncode, seen.stderr) == (0, "")
    shown = subprocess.run(
        [str(ANALYZE), "security", "--offline=true", "--threshold=25", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stdout


# With nginx


class Site:
    """voxpress serve behind nginx, as deploy/ has them, with other paths and ports."""

    def __init__(self, folder: Path, port: int, key: str, stop: Callable[[], None]) -> None:
        self.folder, self.port, self.key, self.stop = folder, port, key, stop
        self.url = f"https://127.0.0.1:{port}"

    def request(
        self,
        method: str,
        path: str,
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        key: bool = True,
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer."""
        with closing(self.connection()) as connection:
            own = {"authorization": f"Bearer {self.key}"} if key else {}
            connection.request(method, path, body, {**own, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()

    def speech(
        self, headers: Mapping[str, str] | None = None, **body: Any
    ) -> tuple[int, dict[str, str], bytes]:
        """Of `POST /v1/audio/speech`."""
        asked = json.dumps({"model": "tone", "voice": "low", "response_format": "wav", **body})
        return self.request(
            "POST", "/v1/audio/speech", asked, {"content-type": "application/json", **(headers or {})}
        )

    def connection(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=_PATIENCE, context=_trusting())


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    (ours, theirs) = _free(2)
    program = str(Path(sys.executable).with_name("voxpress"))
    paths = {"/var/lib/voxpress": str(folder), "/etc/nginx/tls": str(folder / "tls")}
    config = _changed(
        DEPLOY / "voxpress.toml", folder, {**paths, '["tts-1"]': '["tone"]\nengines = ["tone"]'}
    )
    key = subprocess.run(
        [program, "keys", "add", "app", "--config", str(config)], capture_output=True, text=True, check=True
    ).stdout.strip()
    _certified(folder / "tls")
    part = _changed(
        DEPLOY / "nginx.conf",
        folder,
        {**paths, "127.0.0.1:8880": f"127.0.0.1:{ours}", "listen 443": f"listen 127.0.0.1:{theirs}"},
    )
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = folder / "whole.conf"
    # Workers of the user who made the store's folder, who may be root here.
    user = "user root;\n" if os.getuid() == 0 else ""
    whole.write_text(
        f"{user}daemon off;\nworker_processes 1;\npid {folder}/nginx.pid;\nerror_log {folder}/nginx.log info;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{temporary}include {part};\n}}\n"
    )
    with (folder / "serve.log").open("w") as log:
        processes = [
            subprocess.Popen(
                [program, "serve", "--config", str(config), "--port", str(ours), "--workers", "1"],
                stderr=log,
                start_new_session=True,
            ),
            subprocess.Popen([str(NGINX), "-c", str(whole), "-e", str(folder / "nginx.log")]),
        ]
    try:
        _until_ready(ours, processes, folder)
        yield Site(folder, theirs, key, lambda: _end(processes[:1]))
    finally:
        _end(processes)


def _changed(path: Path, folder: Path, changes: Mapping[str, str]) -> Path:
    text = path.read_text()
    for old, new in changes.items():
        text = text.replace(old, new)
    made = folder / path.name
    made.write_text(text)
    return made


def _certified(folder: Path) -> None:
    folder.mkdir()
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=tts.example.com",
    ]
    names = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run([*command, *names], check=True, capture_output=True)


def _free(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _until_ready(port: int, processes: list[subprocess.Popen[bytes]], folder: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and all(each.poll() is None for each in processes):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=_PATIENCE).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    logs = [path.read_text() for path in (folder / "serve.log", folder / "nginx.log") if path.exists()]
    raise AssertionError("\n".join(logs))


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for each in processes:
        if each.poll() is None:
            each.send_signal(signal.SIGTERM)
    for each in processes:
        each.wait(_PATIENCE)


behind_nginx = [
    pytest.mark.slow,
    pytest.mark.skipif(not NGINX, reason="nginx is not installed"),
    pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed"),
]


def _marked(test: Callable[..., None]) -> Callable[..., None]:
    for mark in behind_nginx:
        test = mark(test)
    return test


@_marked
def test_a_miss_comes_from_the_server_and_a_hit_from_nginx(site: Site) -> None:
    """Both are the same bytes under the same headers, and nginx needs the file itself for a hit."""
    status, first, spoken = site.speech(input="Welcome to the office.")
    assert (status, first["x-voxpress-cache"]) == (200, "miss")
    status, again, stored = site.speech(input="Welcome to the office.")
    assert (status, again["x-voxpress-cache"], stored) == (200, "hit", spoken)
    same = (
        "etag content-type content-length content-location x-voxpress-clip x-voxpress-duration "
        "x-voxpress-engine x-voxpress-voice x-voxpress-segments"
    )
    assert {name: again.get(name) for name in same.split()} == {name: first[name] for name in same.split()}
    assert again["x-request-id"].startswith("req_") and again["x-request-id"] != first["x-request-id"]
    assert "x-accel-redirect" not in again
    # The bytes come from the folder: what is changed there is what is heard, and voxpress did not read it.
    clip = open_store(str(site.folder / "store")).clip(first["x-voxpress-clip"])
    assert clip
    Path(clip.path).write_bytes(b"RIFF" + bytes(len(spoken) - 4))
    assert site.speech(input="Welcome to the office.")[2] == b"RIFF" + bytes(len(spoken) - 4)
    Path(clip.path).write_bytes(spoken)


@_marked
def test_clips_by_their_digest(site: Site) -> None:
    """GET, HEAD, ranges, 304 by the server's tag, caching, and no way in without a key."""
    _, made, spoken = site.speech(input="You are number one in the queue.")
    path = made["content-location"]
    status, headers, body = site.request("GET", path)
    assert (status, body, headers["etag"]) == (200, spoken, made["etag"])
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    status, headers, body = site.request("HEAD", path)
    assert (status, body, headers["content-length"]) == (200, b"", str(len(spoken)))
    status, headers, body = site.request("GET", path, headers={"range": "bytes=100-199"})
    assert (status, body) == (206, spoken[100:200])
    assert headers["content-range"] == f"bytes 100-199/{len(spoken)}"
    fresh = {"range": "bytes=-10", "if-range": made["etag"]}
    assert site.request("GET", path, headers=fresh)[2] == spoken[-10:]
    assert site.request("GET", path, headers={"range": f"bytes={len(spoken)}-"})[0] == 416
    for tag in (made["etag"], f'"other", {made["etag"]}', "*"):
        assert site.request("GET", path, headers={"if-none-match": tag})[:1] == (304,)
    assert site.speech({"if-none-match": made["etag"]}, input="You are number one in the queue.")[0] == 304
    assert site.request("GET", path, key=False)[0] == 401
    place = path.rpartition("/")[2]
    assert site.request("GET", f"/_clips/clips/{place[:2]}/{place}")[0] == 404


@_marked
def test_what_is_streamed_comes_before_it_is_finished(site: Site) -> None:
    """The first bytes reach the client while later segments are not even spoken."""
    text = " ".join(f"This is sentence {number} of a story." for number in range(300))
    with closing(site.connection()) as connection:
        connection.request(
            "POST",
            "/v1/audio/speech",
            json.dumps({"model": "tone", "voice": "low", "input": text}),
            {"authorization": f"Bearer {site.key}", "content-type": "application/json"},
        )
        answer = connection.getresponse()
        assert answer.getheader("content-length") is None
        first = answer.read1(1000)
        store = open_store(str(site.folder / "store"))
        clip = str(answer.getheader("x-voxpress-clip"))
        assert first and store.clip(clip) is None
        rest = answer.read()
    status, headers, whole = site.speech(input=text, response_format="mp3")
    assert (status, headers["x-voxpress-cache"]) == (200, "hit")
    assert len(whole) == pytest.approx(len(first + rest), rel=0.02)


@_marked
def test_a_stream_that_is_cut_is_noticed(site: Site) -> None:
    """nginx passes on that the end is missing."""
    text = " ".join(f"Sentence {number} can be spoken." for number in range(40))
    options: dict[str, OptionValue] = {"fault": "raise", "fault_rate": 0.25}
    for seed in range(40):  # until the first segments can be spoken and a later one cannot
        fails = False
        try:
            say(text, engine="tone", voice="low", seed=seed, options=options, store="memory:", workers=0)
        except SynthesisError:
            fails = True
        try:
            status, _, body = site.speech(input=text, response_format="mp3", seed=seed, options=options)
        except http.client.IncompleteRead:
            assert fails
            return
        assert status == (500 if fails else 200), "a failure is never a whole answer"
        assert not fails or json.loads(body)["error"]["code"] == "synthesis_failed"
    raise AssertionError("no stream was cut")


@_marked
def test_errors_have_the_envelope(site: Site) -> None:
    """Also those that nginx gives by itself."""
    status, headers, body = site.speech(input="x" * 2**20)
    assert (status, headers["content-type"]) == (413, "application/json")
    assert set(json.loads(body)["error"]) == {"message", "type", "param", "code"}
    assert json.loads(site.request("GET", "/v1/nothing")[2])["error"]["code"] == "not_found"


@_marked
def test_a_batch_by_the_official_client(site: Site) -> None:
    """Upload, result, addresses of the public name, zip file."""
    client = openai.OpenAI(
        api_key=site.key, base_url=f"{site.url}/v1", http_client=openai.DefaultHttpxClient(verify=False)
    )
    lines = [
        {
            "custom_id": f"prompt/{number}",
            "method": "POST",
            "url": "/v1/audio/speech",
            "body": {"model": "tone", "voice": "low", "input": f"Number {number}."},
        }
        for number in range(20)
    ]
    # More than what other routes may get.
    content = "\n".join(json.dumps(line) + " " * 100_000 for line in lines).encode()
    file = client.files.create(file=("prompts.jsonl", content), purpose="batch")
    assert file.bytes == len(content) > 2**20
    batch: Any = client.batches.create(
        input_file_id=file.id,
        endpoint="/v1/audio/speech",
        completion_window="24h",
    )
    deadline = time.monotonic() + _PATIENCE
    while batch.status != "completed" and time.monotonic() < deadline:
        time.sleep(0.2)
        batch = client.batches.retrieve(batch.id)
    assert batch.request_counts.completed == len(lines)
    answers = [json.loads(line) for line in client.files.content(batch.output_file_id).text.splitlines()]
    assert [answer["custom_id"] for answer in answers] == [line["custom_id"] for line in lines]
    url = answers[0]["response"]["body"]["url"]
    assert url.startswith("https://tts.example.com/v1/audio/clips/")
    assert site.request("GET", url.removeprefix("https://tts.example.com"))[0] == 200
    audio = batch.audio_url.removeprefix("https://tts.example.com")
    archive = zipfile.ZipFile(io.BytesIO(site.request("GET", audio)[2]))
    assert archive.testzip() is None
    assert archive.namelist() == [f"prompt/{number}.mp3" for number in range(20)]


@_marked
def test_without_keys_nobody_comes_through_nginx(site: Site) -> None:
    """Whatever the client calls the server."""
    config = site.folder / "voxpress.toml"
    program = str(Path(sys.executable).with_name("voxpress"))
    subprocess.run(
        [program, "keys", "remove", "app", "--config", str(config)], check=True, capture_output=True
    )
    try:
        deadline = time.monotonic() + _PATIENCE
        while (seen := site.request("GET", "/v1/models", headers={"host": "localhost"}))[0] != 403:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert json.loads(seen[2])["error"]["code"] == "host_not_allowed"
    finally:
        site.key = subprocess.run(
            [program, "keys", "add", "app", "--config", str(config)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        while site.request("GET", "/v1/models")[0] != 200:
            time.sleep(0.1)


@_marked
def test_a_server_that_is_away_is_an_error_to_try_again(site: Site) -> None:
    """The last test of the site: it stops the server."""
    site.stop()
    status, headers, body = site.speech(input="Hello.")
    assert (status, headers["retry-after"]) == (503, "5")
    assert json.loads(body)["error"]["code"] == "unavailable"
