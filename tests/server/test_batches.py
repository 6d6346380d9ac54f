"""Files and batches, by the official client; and what is left of them when the server is killed."""

import asyncio
import base64
import contextlib
import hashlib
import io
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import openai
import pytest

from voxpress.audio import codec
from voxpress.errors import InputError
from voxpress.files.paths import identity, safe_path
from voxpress.rendering.projects import load_project
from voxpress.server.batches import webhooks
from voxpress.server.databases import open_database
from voxpress.server.settings import Settings
from voxpress.server.settings import settings as server_settings

from .conftest import servers

SECRET = "whsec_" + base64.b64encode(b"a secret of twenty-four.").decode()


def lines_of(bodies):
    """Input of a batch: one line for each id and body."""
    return "".join(
        json.dumps({"custom_id": id, "method": "POST", "url": "/v1/audio/speech", "body": body}) + "\n"
        for id, body in bodies.items()
    ).encode()


def prompts(count, **fields):
    return {
        f"menu/{n:03}": {
            "model": "tone",
            "voice": "low",
            "input": f"Prompt number {n}.",
            "response_format": "wav",
        }
        | fields
        for n in range(count)
    }


def begin(here, content, **fields):
    client = here.client()
    file = client.files.create(file=("in.jsonl", content), purpose="batch")
    return client.batches.create(
        input_file_id=file.id, endpoint="/v1/audio/speech", completion_window="24h", **fields
    )


def ended(here, id, within=60.0):
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        batch = here.client().batches.retrieve(id)
        if batch.status in ("completed", "failed", "expired", "cancelled"):
            return batch
        time.sleep(0.05)
    raise AssertionError(batch)


def output(here, id):
    return [json.loads(line) for line in here.client().files.content(id).text.splitlines()]


def test_a_batch_from_beginning_to_end(shared):
    bodies = prompts(20)
    bodies["menu/bad"] = bodies["menu/000"] | {"voice": "nobody"}
    batch = begin(shared, lines_of(bodies), metadata={"pack": "menu"})
    assert batch.status in ("validating", "in_progress")
    batch = ended(shared, batch.id)
    assert batch.status == "completed"
    assert (
        batch.created_at
        <= batch.in_progress_at
        <= batch.finalizing_at
        <= batch.completed_at
        <= batch.expires_at
    )
    assert batch.metadata == {"pack": "menu"}
    counts = batch.request_counts
    assert (counts.total, counts.completed, counts.failed) == (21, 20, 1)
    found = output(shared, batch.output_file_id)
    assert [line["custom_id"] for line in found] == [id for id in bodies if id != "menu/bad"]
    for line in found:
        answer = line["response"]
        assert answer["status_code"] == 200
        with urllib.request.urlopen(answer["body"]["url"]) as clip:
            data = clip.read()
        assert codec.decode(data).duration == pytest.approx(answer["body"]["duration"])
        assert answer["body"]["usage"]["characters"] == len(bodies[line["custom_id"]]["input"])
    (error,) = output(shared, batch.error_file_id)
    assert error["custom_id"] == "menu/bad"
    assert error["response"]["body"]["error"]["code"] == "voice_not_found"


def test_all_audio_in_one_zip(shared):
    """Files are named after the ids, where these can be names, and the archive is the same each time."""
    bodies = prompts(3)
    bodies["../../escape"] = bodies["menu/000"]
    bodies["MENU/000"] = bodies["menu/001"]
    batch = ended(shared, begin(shared, lines_of(bodies)).id)
    path = f"/v1/batches/{batch.id}/audio"
    assert batch.audio_url.startswith("http://") and batch.audio_url.endswith(path)
    first, again = (shared.ask("GET", path) for _ in range(2))
    assert first.body == again.body
    with zipfile.ZipFile(io.BytesIO(first.body)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert codec.decode(archive.read("menu/002.wav")).duration > 0.5
    assert names[:3] == ["menu/000.wav", "menu/001.wav", "menu/002.wav"]
    assert not any(".." in name or name.startswith("/") for name in names)
    assert len({name.lower() for name in names}) == 5


def test_every_file_of_a_zip_can_be_unpacked(shared, tmp_path):
    """Ids that are one file on some system, files where others need folders, names that no system takes."""
    ids = ["q", "q.wav/b", "q.wav/c/d", "x.wav", "x.mp3", "caf\u00e9", "cafe\u0301", "CAF\u00c9", "a\u202egnp", "con",
           "aux.b", "trail.", "a?b", "a:b", "..", "/etc/x", "\U0001f44d", "x" * 300,
           "a//b", "a/./b", "Q", "q-2"]  # fmt: skip
    bodies = {id: prompts(1)["menu/000"] | {"input": f"Number {n}."} for n, id in enumerate(ids)}
    batch = ended(shared, begin(shared, lines_of(bodies)).id)
    assert batch.request_counts.completed == len(ids)
    archive = tmp_path / "all.zip"
    archive.write_bytes(shared.ask("GET", f"/v1/batches/{batch.id}/audio").body)
    with zipfile.ZipFile(archive) as all_audio:
        names = all_audio.namelist()
        all_audio.extractall(tmp_path / "out")
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(names) == len(files) == len(ids)
    assert len({identity(name) for name in names}) == len(ids)
    assert [safe_path(name) for name in names] == names
    assert names[:5] == ["q.wav", "q.wav-b.wav", "q.wav-c-d.wav", "x.wav", "x.mp3.wav"]
    assert all(codec.decode(path.read_bytes()).duration > 0.3 for path in files)


def test_audio_in_the_lines(shared):
    batch = begin(shared, lines_of(prompts(2)), extra_body={"inline_audio": True})
    for line in output(shared, ended(shared, batch.id).output_file_id):
        body = line["response"]["body"]
        assert len(base64.b64decode(body["audio"])) == body["bytes"]


def test_the_database_does_not_keep_what_the_files_have(serve):
    here = serve()
    batch = ended(here, begin(here, lines_of(prompts(3)), extra_body={"inline_audio": True}).id)
    with contextlib.closing(sqlite3.connect(here.folder / "state" / "server.db")) as database:
        deadline, kept = time.monotonic() + 10, 10_000
        while kept > 300 and time.monotonic() < deadline:
            (kept,) = database.execute("SELECT SUM(LENGTH(answer)) FROM lines").fetchone()
    assert kept <= 300
    assert len(output(here, batch.output_file_id)) == 3
    with zipfile.ZipFile(io.BytesIO(here.ask("GET", f"/v1/batches/{batch.id}/audio").body)) as archive:
        assert archive.namelist() == ["menu/000.wav", "menu/001.wav", "menu/002.wav"]


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"", "empty_file", None),
        (b"{}\n", "invalid_json_line", 1),
        (lines_of(prompts(1)) + b"{\n", "invalid_json_line", 2),
        (lines_of(prompts(1)) * 2, "duplicate_custom_id", 2),
        (lines_of(prompts(1)).replace(b"audio/speech", b"chat/completions"), "mismatched_url", 1),
        (b"\xff\xfe\n", "invalid_json_line", 1),
        (b'"' + b"x" * 2_000_000 + b'"\n', "line_too_long", 1),
    ],
)
def test_input_that_cannot_be_used(shared, content, code, line):
    batch = ended(shared, begin(shared, content).id)
    assert batch.status == "failed"
    assert (batch.errors.data[0].code, batch.errors.data[0].line) == (code, line)


def test_too_many_lines(serve):
    here = serve(max_lines=3)
    batch = ended(here, begin(here, lines_of(prompts(4))).id)
    assert batch.errors.data[0].code == "too_many_lines"


def test_requests_for_batches_that_cannot_be(shared):
    client = shared.client()
    file = client.files.create(file=("in.jsonl", lines_of(prompts(1))), purpose="batch")
    good = {"input_file_id": file.id, "endpoint": "/v1/audio/speech", "completion_window": "24h"}
    for field, value in (("endpoint", "/v1/chat/completions"), ("completion_window", "48h")):
        with pytest.raises(openai.BadRequestError) as caught:
            client.batches.create(**{**good, field: value})
        assert caught.value.param == field
    with pytest.raises(openai.NotFoundError):
        client.batches.create(**{**good, "input_file_id": "file-none"})
    with pytest.raises(openai.BadRequestError):
        client.files.create(file=("in.jsonl", b"x"), purpose="vision")
    with pytest.raises(openai.PermissionDeniedError):
        client.batches.create(**good, extra_body={"webhook_url": "https://example.com/"})


def test_files_are_listed_read_and_deleted(serve):
    here = serve()
    client = here.client()
    made = [client.files.create(file=(f"{n}.jsonl", b"%d" % n), purpose="batch") for n in range(5)]
    assert [file.filename for file in client.files.list(limit=2)] == [f"{n}.jsonl" for n in (4, 3, 2, 1, 0)]
    assert client.files.retrieve(made[2].id).bytes == 1
    assert client.files.content(made[2].id).read() == b"2"
    assert client.files.delete(made[2].id).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.content(made[2].id)
    assert len(client.files.list().data) == 4


def test_what_a_batch_does_not_need_it_does_not_speak(serve):
    """Lines that say the same are spoken once; a second batch finds everything."""
    here = serve()
    bodies = {f"press/{n}": {"model": "tone", "voice": "low", "input": "Press one."} for n in range(50)}
    ended(here, begin(here, lines_of(bodies)).id)
    assert here.meter("voxpress_segments_spoken_total") == 1
    found = output(here, ended(here, begin(here, lines_of(bodies)).id).output_file_id)
    assert {line["response"]["body"]["usage"]["billed"] for line in found} == {0}


def test_a_batch_can_be_cancelled(serve):
    here = serve(workers=1, batch_window=4)
    batch = begin(here, lines_of(prompts(200, options={"delay": 0.1})))
    time.sleep(1.0)
    assert here.client().batches.cancel(batch.id).status == "cancelling"
    batch = ended(here, batch.id)
    assert batch.status == "cancelled"
    done, left = output(here, batch.output_file_id), output(here, batch.error_file_id)
    assert len(done) == batch.request_counts.completed > 0
    assert len(done) + len(left) == 200
    assert left[-1]["error"]["code"] == "batch_cancelled"
    with pytest.raises(openai.ConflictError):
        here.client().batches.cancel(batch.id)


def test_a_batch_that_has_had_its_day_ends_with_what_is_done(serve):
    here = serve(workers=1, batch_window=2)
    batch = begin(here, lines_of(prompts(100, options={"delay": 0.2})))
    time.sleep(1.5)
    here.stop(signal.SIGKILL)
    with contextlib.closing(sqlite3.connect(here.folder / "state" / "server.db")) as database, database:
        (record,) = database.execute("SELECT record FROM batches").fetchone()
        old = {**json.loads(record), "expires_at": int(time.time()) - 1}
        database.execute("UPDATE batches SET record = ?", (json.dumps(old).encode(),))
    here = serve()
    batch = ended(here, batch.id)
    assert (batch.status, batch.expired_at is not None) == ("expired", True)
    assert len(output(here, batch.output_file_id)) == batch.request_counts.completed > 0
    assert output(here, batch.error_file_id)[-1]["error"]["code"] == "batch_expired"


def test_callers_go_before_batches(serve):
    here = serve(workers=1)
    batch = begin(here, lines_of(prompts(100, options={"delay": 0.05})))
    time.sleep(0.5)
    assert here.say("I am waiting.").status == 200
    assert here.client().batches.retrieve(batch.id).status == "in_progress"


def test_numbers_in_quotes_are_numbers_as_in_a_request(shared):
    """What is no request at all is answered as one, too."""
    bodies = prompts(1, speed="1") | {"bad": prompts(1, speed="fast")["menu/000"]}
    batch = ended(shared, begin(shared, lines_of(bodies)).id)
    assert (batch.request_counts.completed, batch.request_counts.failed) == (1, 1)
    assert shared.say("Hello.", speed="1").status == 200
    (error,) = output(shared, batch.error_file_id)
    assert "speed" in error["response"]["body"]["error"]["message"]


def test_no_audio_has_no_address(shared):
    batch = ended(shared, begin(shared, lines_of(prompts(1, voice="nobody"))).id)
    assert (batch.status, batch.audio_url, batch.output_file_id) == ("completed", None, None)


@pytest.fixture
def keys(tmp_path):
    """`voxpress keys` of the server of this test."""

    def run(*arguments):
        command = [sys.executable, "-P", "-m", "voxpress", "keys", *arguments]
        command += ["--state", str(tmp_path / "state")]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    return run


def test_a_batch_waits_for_its_keys_next_day_and_ends_with_its_key(serve, keys):
    here = serve(key=keys("add", "app", "--characters-per-day", "100"))
    batch = begin(here, lines_of(prompts(20)))  # of 16 or 17 characters
    deadline = time.monotonic() + 30
    while batch.request_counts.completed < 6 and time.monotonic() < deadline:
        time.sleep(0.1)
        batch = here.client().batches.retrieve(batch.id)
    time.sleep(1.0)
    batch = here.client().batches.retrieve(batch.id)
    assert (batch.status, batch.request_counts.completed, batch.request_counts.failed) == (
        "in_progress",
        6,
        0,
    )
    keys("remove", "app")
    time.sleep(1.5)
    here.key = keys("add", "app")
    time.sleep(1.5)
    batch = ended(here, batch.id)
    assert (batch.status, batch.request_counts.completed) == ("cancelled", 6)
    assert len(output(here, batch.error_file_id)) == 14


def test_a_line_that_no_day_has_room_for(serve, keys):
    here = serve(key=keys("add", "app", "--characters-per-day", "10"))
    batch = ended(here, begin(here, lines_of(prompts(1))).id)
    (error,) = output(here, batch.error_file_id)
    assert error["response"]["status_code"] == 429
    assert error["response"]["body"]["error"]["code"] == "rate_limit_exceeded"


def test_keys_see_their_own_files_and_batches(serve, keys):
    first, second = keys("add", "first"), keys("add", "second")
    here = serve(key=first)
    batch = begin(here, lines_of(prompts(1)))
    ended(here, batch.id)
    here.key = second
    assert here.client().batches.list().data == []
    assert here.client().files.list().data == []
    for path in (
        f"/v1/batches/{batch.id}",
        f"/v1/files/{batch.input_file_id}/content",
        f"/v1/batches/{batch.id}/audio",
    ):
        assert here.ask("GET", path).status == 404


@pytest.mark.faults
def test_a_server_that_is_killed_goes_on_by_itself(serve):
    """Ten kills in the middle of 500 lines: each is answered once and right, and nothing is spoken twice."""
    here = serve(batch_window=16)
    bodies = prompts(500, options={"delay": 0.01})
    batch = begin(here, lines_of(bodies))
    for number in range(10):
        time.sleep(0.4 + 0.05 * number)
        here.stop(signal.SIGKILL)
        here = serve(batch_window=16)
    batch = ended(here, batch.id)
    assert batch.status == "completed"
    found = output(here, batch.output_file_id)
    assert [line["custom_id"] for line in found] == list(bodies)
    for line in found[::25]:
        expected = here.say(
            bodies[line["custom_id"]]["input"], response_format="wav", options={"delay": 0.01}
        )
        assert expected.headers["x-voxpress-cache"] == "hit"
        assert expected.headers["x-voxpress-clip"] == line["response"]["body"]["digest"]
    assert len(list((here.store / "takes").glob("*/*"))) == 500


# Webhooks


class Hook(BaseHTTPRequestHandler):
    """Takes in what it is told; the first time it is out of order."""

    heard: list[tuple[dict[str, str], bytes]] = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.heard.append(({k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(500 if len(self.heard) == 1 else 204)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_a_webhook_is_signed_as_the_official_client_expects(serve):
    Hook.heard.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        hook = f'[[server.webhooks]]\nurl = "http://127.0.0.1:{server.server_port}/told"\nsecret = "{SECRET}"'
        here = serve(extra=hook)
        batch = ended(here, begin(here, lines_of(prompts(1))).id)
        deadline = time.monotonic() + 20
        while len(Hook.heard) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        server.shutdown()
    assert len(Hook.heard) == 2  # again after the 500
    headers, body = Hook.heard[1]
    event = here.client(webhook_secret=SECRET).webhooks.unwrap(body, headers)
    assert (event.type, event.data.id) == ("batch.completed", batch.id)
    assert Hook.heard[0][0]["webhook-id"] == headers["webhook-id"]
    with pytest.raises(openai.InvalidWebhookSignatureError):
        here.client(webhook_secret=SECRET).webhooks.unwrap(body + b" ", headers)


def test_what_ended_before_it_could_be_told_is_told_after_a_restart(serve):
    """The end of a batch and its message are written down at once, so that nothing depends on the next moment."""
    Hook.heard.clear()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    hook = f'[[server.webhooks]]\nurl = "http://127.0.0.1:{port}/told"\nsecret = "{SECRET}"'
    here = serve(extra=hook)
    batch = ended(here, begin(here, lines_of(prompts(2))).id)
    here.stop(signal.SIGKILL)
    with ThreadingHTTPServer(("127.0.0.1", port), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here = serve(extra=hook)
        deadline = time.monotonic() + 40
        while not Hook.heard and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(2)
        server.shutdown()
    assert [json.loads(body)["data"]["id"] for _, body in Hook.heard] == [batch.id]
    assert here.client().batches.retrieve(batch.id) == batch


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "0.0.0.0", "localhost", "[::ffff:127.0.0.1]", "127.1",
     "[64:ff9b::7f00:1]", "[2002:7f00:1::]"],
)  # fmt: skip
def test_a_webhook_that_somebody_names_does_not_reach_inside(address):
    """Neither as a number nor as a name: what is looked at is the address that would be called."""
    problem = asyncio.run(webhooks.post(f"https://{address}/", SECRET, "msg_1", b"{}", trusted=False))
    assert "not on the public network" in problem


UNUSABLE = [
    "http://example.com/", "https://user:word@example.com/", "ftp://x/", "https://", "x", "",
    f"https://{'a' * 64}.com/", "https://example.com:99999/", "https://example.com:0/", "https://example.com:port/",
    "https://a..b/", "https://.example.com/", "https://[", "https://[::1", "https://[v1.x]/", "https://exa mple.com/",
    "https://example.com/\r\nx: y", "https://example.com/\u00e9", "https://-a.example.com/",
     "https://" + "a." * 130 + "com/",
    "https://example.com/" + "x" * 3000,
]  # fmt: skip
INSIDE = [
    "https://localhost/", "https://localhost./", "https://127.0.0.1/", "https://127.1/", "https://2130706433/",
    "https://0x7f.1/", "https://0177.0.0.1/", "https://10.1.2.3/", "https://169.254.169.254/", "https://[::1]/",
    "https://[::ffff:10.0.0.1]/", "https://[64:ff9b::a00:1]/", "https://[2002:a00:1::1]/", "https://[fe80::1%25eth0]/",
    "https://[fec0::1]/", "https://192.0.0.8/",
    "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/", "https://100.64.0.1/", "https://224.0.0.1/", "https://printer/",
    "https://db.internal/", "https://nas.local/",
]  # fmt: skip


@pytest.fixture(scope="module")
def naming(tmp_path_factory):
    """A server that lets batches name an address."""
    with servers(tmp_path_factory.mktemp("webhooks")) as start:
        hook = f'[[server.webhooks]]\nurl = "http://127.0.0.1:9/told"\nsecret = "{SECRET}"\nevents = []'
        yield start(allow_webhook_urls=True, extra=hook)


@pytest.mark.parametrize("url", UNUSABLE + INSIDE)
def test_an_address_that_cannot_be_used_is_refused_when_the_batch_is_made(naming, url):
    """Not when it would be told: then nobody is there to read why."""
    made = naming.client().files.create(file=("in.jsonl", lines_of(prompts(1))), purpose="batch")
    body = {
        "input_file_id": made.id,
        "endpoint": "/v1/audio/speech",
        "completion_window": "24h",
        "webhook_url": url,
    }
    answer = naming.ask("POST", "/v1/batches", body)
    assert answer.status == 400 and answer.json["error"]["param"] == "webhook_url", answer.body
    assert "webhook_url" in answer.json["error"]["message"]


def test_an_address_that_can_be_used_is_taken(naming):
    for url in ("https://example.com./hook?batch=1", "https://hooks.example.com:8443/x", "https://8.8.8.8/"):
        batch = begin(naming, lines_of(prompts(1)), extra_body={"webhook_url": url})
        assert ended(naming, batch.id).status == "completed"


@pytest.mark.parametrize(
    ("hook", "problem"),
    [
        ("url = 'https://a..b/'\nsecret = 'whsec_c2VjcmV0'", "webhooks.* has no host name"),
        ("url = 'https://x:99999/'\nsecret = 'whsec_c2VjcmV0'", "webhooks.* is no address"),
        ("url = 'https://example.com/'\nsecret = 'whsec_?'", "webhooks.*secret.* Base64"),
        ("url = 'https://example.com/'\nsecret = 'whsec_c2VjcmV0'\nevents = ['batch.ended']", "batch.ended"),
    ],
)
def test_a_webhook_of_the_operator_is_checked_at_the_start(tmp_path, hook, problem):
    """The server does not start, and says which field is wrong."""
    config = tmp_path / "voxpress.toml"
    config.write_text(f"[[server.webhooks]]\n{hook}\n")
    with pytest.raises(InputError, match=problem):
        server_settings(load_project(config).server, str(config))


def test_a_delivery_that_cannot_be_made_costs_no_other(serve):
    """Whatever is in the database: an address that cannot be, a secret that cannot be, a host that never answers."""
    Hook.heard.clear()
    here = serve()
    here.stop()
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        good = f"http://127.0.0.1:{server.server_port}/told"
        urls = [*UNUSABLE, *INSIDE, *[f"http://127.0.0.1:{silent.getsockname()[1]}/"] * 30]
        waiting = [(f"msg_{n}", url, SECRET, 0.0) for n, url in enumerate(urls)]
        waiting += [("msg_secret", good, "whsec_?", 0.0), ("msg_good", good, SECRET, 1.0)]
        rows = [
            (id, url, secret, b"{}", 0, due, 1, "", webhooks.host_of(url)) for id, url, secret, due in waiting
        ]
        with contextlib.closing(sqlite3.connect(here.folder / "state" / "server.db")) as database, database:
            database.executemany("INSERT INTO deliveries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        here = serve()
        deadline = time.monotonic() + 20
        while len(Hook.heard) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert here.ask("GET", "/readyz").status == 200
        server.shutdown()
    assert {headers["webhook-id"] for headers, _ in Hook.heard} == {"msg_good"}


def test_hosts_that_are_silent_keep_no_other_key_waiting(tmp_path, monkeypatch):
    """Nor a host that answers: it gets them as fast as it takes them."""
    monkeypatch.setattr(webhooks, "is_public", lambda _: True)
    heard: list[str] = []

    async def good(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        heard.append(head.partition(b"webhook-id: ")[2].partition(b"\r\n")[0].decode())
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    async def run():
        server = await asyncio.start_server(good, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with socket.create_server(("127.0.0.1", 0), backlog=512) as silent:
            state = open_database(tmp_path / "state")
            rows = [
                (f"msg_{key}{n}", url, SECRET, b"{}", 0, due, 0, key, webhooks.host_of(url))
                for key, due, count, address in (
                    ("mallory", 0.0, 2000, f"127.0.{{}}.{{}}:{silent.getsockname()[1]}"),
                    ("anna", 1.0, 40, f"127.0.0.1:{port}"),
                )
                for n in range(count)
                for url in [f"http://{address.format(n // 200, n % 200 + 1)}/told"]
            ]

            def fill(database):
                database.executemany("INSERT INTO deliveries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

            state.do(fill)
            hooks = webhooks.Webhooks(Settings(), state)
            task = asyncio.ensure_future(hooks.run())
            for _ in range(100):
                await asyncio.sleep(0.05)
                if len(heard) == 40:
                    break
            task.cancel()
        server.close()

    asyncio.run(run())
    assert sorted(heard) == sorted(f"msg_anna{n}" for n in range(40))


def test_fields_of_a_batch_that_mean_nothing_here(shared):
    """As for speech: unknown ones are named, null is not set; what is known must be right."""
    file = shared.client().files.create(file=("in.jsonl", lines_of(prompts(1))), purpose="batch")
    body = {"input_file_id": file.id, "endpoint": "/v1/audio/speech", "completion_window": "24h"}
    extra = {
        "metadata": None,
        "output_expires_after": {"anchor": "created_at", "seconds": 3600, "days": 1},
        "inline_audio": None,
        "webhook_url": None,
        "model": "x",
    }
    answer = shared.ask("POST", "/v1/batches", {**body, **extra, "priority": 1})
    assert (answer.status, answer.headers["x-voxpress-ignored"]) == (
        200,
        "model, priority, output_expires_after.days",
    ), answer.body
    assert ended(shared, answer.json["id"]).status == "completed"
    for field, value in {"input_file_id": None, "metadata": 3, "inline_audio": "maybe"}.items():
        refused = shared.ask("POST", "/v1/batches", {**body, field: value})
        assert (refused.status, refused.json["error"]["param"]) == (400, field)


def test_a_byte_order_mark_before_a_batch(shared):
    """Editors on Windows write one; manifests with one are read too."""
    batch = ended(shared, begin(shared, b"\xef\xbb\xbf" + lines_of(prompts(3))).id)
    assert batch.status == "completed" and batch.request_counts.completed == 3


def test_audio_in_the_answers_is_bounded(serve):
    """A batch holds so many bytes of it; the lines after that say so, and have the address of their clip."""
    here = serve(max_inline_audio=400_000)
    lines = lines_of(prompts(10, sample_rate=24000))
    batch = ended(here, begin(here, lines, extra_body={"inline_audio": True}).id)
    found = [line["response"]["body"] for line in output(here, batch.output_file_id)]
    within = [each for each in found if "audio" in each]
    assert 0 < len(within) < len(found) == 10
    assert sum(len(each["audio"]) for each in within) <= 400_000
    for each in found:
        assert ("audio" in each) != ("audio_left_out" in each)
        assert here.ask("GET", each["url"].removeprefix(here.url)).status == 200
    assert "400,000 bytes" in next(each["audio_left_out"] for each in found if "audio_left_out" in each)


@pytest.mark.faults
@pytest.mark.parametrize("place", ["store", "state"])
def test_a_batch_that_meets_a_full_disk_goes_on_when_there_is_room(serve, tmp_path, place):
    """No line is lost or failed; meanwhile the server says that it is not ready, and why."""
    disk = tmp_path / place
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "none", str(disk)], check=True)
    try:
        here = serve()
        batch = begin(here, lines_of(prompts(40, options={"delay": 0.1})))
        with (disk / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
            while True:
                filler.write(bytes(4096))
        deadline = time.monotonic() + 30
        while (ready := here.ask("GET", "/readyz")).status == 200 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert ready.status == 503 and "batches are worked on" in ready.json["error"]["message"]
        assert "No space left" in ready.body.decode() or "full" in ready.body.decode()
        assert here.ask("GET", "/healthz").status == 200
        (disk / "filler").unlink()
        batch = ended(here, batch.id, within=90)
        assert (batch.status, batch.request_counts.completed, batch.request_counts.failed) == (
            "completed",
            40,
            0,
        )
        while here.ask("GET", "/readyz").status != 200 and time.monotonic() < deadline + 60:
            time.sleep(0.1)
        assert here.ask("GET", "/readyz").status == 200
        assert here.meter("voxpress_background_restarts_total", task="batches are worked on") > 0
        here.stop()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_the_output_says_what_a_file_is_called_in_the_zip(shared, tmp_path):
    """Two programs unpack every file under the name that its line has, whatever the ids are."""
    ids = ["q", "q.wav/b", "q.WAV", "x.wav", "x", "caf\u00e9", "cafe\u0301", "d/e/f", "d", "d/e", "d.wav", "d/e.wav/g",
           "STRASSE", "stra\u00dfe", "\u202egnp.exe", "../up", "con", "a\\b", "a\nb", "\u200b", "x" * 300]  # fmt: skip
    bodies = {id: prompts(1)["menu/000"] | {"input": f"Number {n}."} for n, id in enumerate(ids)}
    batch = ended(shared, begin(shared, lines_of(bodies)).id)
    found = output(shared, batch.output_file_id)
    digests = {line["response"]["body"]["file"]: line["response"]["body"]["sha256"] for line in found}
    assert [line["custom_id"] for line in found] == ids and len(digests) == len(ids)
    content = shared.ask("GET", f"/v1/batches/{batch.id}/audio").body
    (tmp_path / "all.zip").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.namelist() == list(digests)
        archive.extractall(tmp_path / "python")
    subprocess.run(
        ["unzip", "-q", tmp_path / "all.zip", "-d", tmp_path / "info-zip"],
        check=True, env={**os.environ, "LC_ALL": "C.UTF-8"}, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    for unpacked in ("python", "info-zip"):
        place = tmp_path / unpacked
        files = {str(path.relative_to(place)): path for path in place.rglob("*") if path.is_file()}
        assert {
            name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()
        } == digests


def test_errors_of_a_batch_do_not_repeat_its_input(shared):
    """A record is kept for good, and listed: an address, a method or an id of a megabyte is not in it."""
    long = "x" * 500_000
    good = json.loads(lines_of(prompts(1)))
    wrong = [
        {**good, "custom_id": f"a{n}", key: long} for n, key in enumerate(("url", "method", "url", "method"))
    ]
    batch = ended(shared, begin(shared, "\n".join(map(json.dumps, wrong)).encode()).id)
    assert batch.status == "failed" and len(batch.errors.data) == 4
    assert len(shared.ask("GET", f"/v1/batches/{batch.id}").body) < 5000


def test_pages_of_batches(shared):
    """The newest first, each once; an id that is nobody's is an error."""
    made = [begin(shared, lines_of(prompts(1))).id for _ in range(5)]
    listed, after = [], ""
    while True:
        page = shared.ask("GET", f"/v1/batches?limit=2{after}").json
        listed += [each["id"] for each in page["data"]]
        if not page["has_more"]:
            break
        after = f"&after={page['last_id']}"
    assert listed[:5] == made[::-1] and len(set(listed)) == len(listed)
    assert shared.ask("GET", "/v1/batches?after=batch_nobody").status == 400
    for id in made:
        ended(shared, id)


def test_a_batch_keeps_its_input_until_it_has_ended(serve):
    """Somebody deletes the file, and the server is killed: nothing that was or will be spoken is lost."""
    here = serve()
    batch = begin(here, lines_of(prompts(30, options={"delay": 0.1})))
    while here.client().batches.retrieve(batch.id).request_counts.completed < 5:
        time.sleep(0.05)
    here.client().files.delete(batch.input_file_id)
    here.stop(signal.SIGKILL)
    here = serve()
    batch = ended(here, batch.id)
    assert (batch.status, batch.request_counts.completed) == ("completed", 30)
    assert len(output(here, batch.output_file_id)) == 30
    assert not (here.folder / "state" / "files" / batch.id).exists()


def test_batches_of_a_key_are_bounded(serve):
    """One more is refused, and none keeps a file of the server open."""
    here = serve(max_batches=20, workers=1)
    slow = lines_of(prompts(1, options={"delay": 30.0}))
    made = [begin(here, slow) for _ in range(20)]
    with pytest.raises(openai.RateLimitError, match="20 batches at work"):
        begin(here, slow)
    time.sleep(1)
    opened = os.listdir(f"/proc/{here.process.pid}/fd")
    inputs = [os.readlink(f"/proc/{here.process.pid}/fd/{fd}") for fd in opened if fd.isdigit()]
    assert not [path for path in inputs if "/files/" in path]
    for batch in made:
        here.client().batches.cancel(batch.id)
    assert ended(here, made[0].id).status == "cancelled"
    assert ended(here, begin(here, lines_of(prompts(1))).id).status == "completed"
