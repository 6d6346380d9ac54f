"""Who may do what, and how much."""

import asyncio
import base64
import json
import subprocess
import sys
import time

import openai
import pytest

from voxpress.errors import StoreError
from voxpress.server.databases.sqlite import SqliteDatabase
from voxpress.server.keys import Key, usage
from voxpress.server.limits import Limits


def voxpress(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "voxpress", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def add(tmp_path):
    """Makes a key for the server of this test."""

    def make(name: str, *options: str) -> str:
        done = voxpress("keys", "add", name, "--state", str(tmp_path / "state"), *options)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return make


def test_everything_is_behind_keys_except_health(serve, add):
    here = serve(key=add("app"))
    assert here.client().audio.speech.create(model="tone", voice="low", input="Hello.").content
    here.key = "vp-000000000000-" + "0" * 32
    for method, path in (
        *(
            ("POST", "/v1/audio/speech"),
            ("GET", "/v1/models"),
            ("GET", "/v1/audio/voices"),
            ("GET", "/metrics"),
        ),
        *(
            ("GET", "/docs"),
            ("GET", "/v1/files"),
            ("GET", "/nothing"),
            ("GET", f"/v1/audio/clips/{'0' * 64}.mp3"),
        ),
    ):
        answer = here.ask(method, path)
        assert (answer.status, answer.json["error"]["code"]) == (401, "invalid_api_key"), path
    assert here.ask("GET", "/healthz").body == b"ok"
    with pytest.raises(openai.AuthenticationError):
        here.client().models.list()


def test_a_key_is_not_kept_and_only_its_owner_knows_it(serve, add, tmp_path):
    secret = add("app")
    assert secret.startswith("vp-")
    assert all(secret.encode() not in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert "app" in voxpress("keys", "list", "--state", str(tmp_path / "state")).stdout


def test_a_browser_shows_the_page_with_the_key_as_password(serve, add):
    here = serve(key=add("app"))
    secret = base64.b64encode(f"any:{here.key}".encode()).decode()
    assert here.ask("GET", "/docs", headers={"authorization": f"Basic {secret}"}).status == 200
    assert (
        here.ask("GET", "/docs", headers={"authorization": ""})
        .headers["www-authenticate"]
        .startswith("Basic")
    )


def test_a_running_server_learns_of_keys(serve, add, tmp_path):
    here = serve(key=add("app"))
    first, second = here.key, add("other")
    time.sleep(1.5)
    here.key = second
    assert here.ask("GET", "/v1/models").status == 200
    assert voxpress("keys", "remove", "app", "--state", str(tmp_path / "state")).returncode == 0
    time.sleep(1.5)
    here.key = first
    assert here.ask("GET", "/v1/models").status == 401


def test_rights(serve, add):
    """Adding voices and reading metrics are for those who were given them."""
    here = serve(key=add("app"))
    for method, path in (
        ("POST", "/v1/audio/voices"),
        ("GET", "/metrics"),
        ("DELETE", "/v1/audio/voices/anna"),
    ):
        answer = here.ask(method, path, b"", {"content-type": "multipart/form-data; boundary=x"})
        assert (answer.status, answer.json["error"]["code"]) == (403, "not_allowed")
    here.key = add("metrics", "--may", "metrics")
    time.sleep(1.5)
    with pytest.raises(openai.PermissionDeniedError):
        here.client().audio.speech.create(model="tone", voice="low", input="Hello.")
    assert here.ask("GET", "/metrics").status == 200


def test_limits(serve, add):
    here = serve(key=add("app", "--requests-per-minute", "3"))
    answers = [here.say("Hello.") for _ in range(5)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert answers[-1].json["error"]["type"] == "rate_limit_error"


def test_limits_of_characters(serve, add):
    here = serve(key=add("app", "--characters-per-minute", "20"))
    assert here.say("Fifteen letters").status == 200
    assert here.say("Fifteen letters").status == 429  # hits count
    assert here.say("This text has more letters than a minute.").headers["x-should-retry"] == "false"
    here.key = add("other", "--characters-per-day", "20")
    time.sleep(1.5)
    assert here.say("Fifteen letters").status == 200
    refused = here.say("Another one!")
    assert refused.status == 429
    assert int(refused.headers["retry-after"]) > 20 * 60 or "day" in refused.json["error"]["message"]


def test_usage_survives(serve, add, tmp_path):
    """What was spoken is billed, what the store had is not; both are known after a restart."""
    here = serve(key=add("app"))
    for _ in range(3):
        here.say("Twelve chars")
    assert here.stop() == 0
    here = serve(key=here.key)
    (today,) = here.ask("GET", "/v1/usage").json["data"]
    counted = {name: today[name] for name in ("requests", "characters", "billed", "stored")}
    assert counted == {"requests": 3, "characters": 36, "billed": 12, "stored": 24}
    listed = json.loads(voxpress("keys", "list", "--json", "--state", str(tmp_path / "state")).stdout)
    assert listed[0]["characters billed"] == 12


def test_usage_is_counted_once_however_many_ask_for_it(tmp_path):
    """Each asking writes down what was counted; two at once write different parts of it."""

    async def run():
        state = SqliteDatabase(tmp_path)
        limits = Limits(state)
        key = Key(name="app")
        for _ in range(50):
            limits.record(key, 10, hit=False)
            await asyncio.gather(*(limits.save() for _ in range(4)))
        return usage(state, "app")

    (today,) = asyncio.run(run())
    assert (today.requests, today.characters, today.billed) == (50, 500, 500)


def test_usage_that_could_not_be_written_down_is_written_the_next_time(tmp_path):
    class Full(SqliteDatabase):
        full = True

        async def run(self, work):
            if self.full:
                raise StoreError("the disk is full")
            return await super().run(work)

    state, key = Full(tmp_path), Key(name="app")
    limits = Limits(state)
    limits.record(key, 10, hit=True)
    with pytest.raises(StoreError):
        asyncio.run(limits.save())
    limits.record(key, 10, hit=True)
    state.full = False
    asyncio.run(limits.save())
    (today,) = usage(state, "app")
    assert (today.requests, today.stored) == (2, 20)


def test_without_keys_the_server_is_for_this_machine(tmp_path):
    done = voxpress(
        "serve", "--host", "0.0.0.0", "--state", str(tmp_path), "--store", str(tmp_path / "store")
    )
    assert done.returncode == 2
    assert "voxpress keys add" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_keys_another_sites_page_gets_nothing(serve):
    """A name that another site has pointed here is refused, and so is what browsers send without asking."""
    here = serve()
    assert here.ask("GET", "/v1/models", headers={"host": "evil.example"}).status == 403
    simple = here.ask("POST", "/v1/audio/speech", b'{"model":"tone"}', {"content-type": "text/plain"})
    assert (simple.status, simple.json["error"]["code"]) == (415, "unsupported_media_type")
    assert "this machine only" in here.log.read_text()


def test_a_model_that_cannot_be_loaded_at_the_start_stops_it(tmp_path):
    done = voxpress(
        "serve", "--preload", "tts-9", "--state", str(tmp_path), "--store", str(tmp_path / "store")
    )
    assert done.returncode == 2
    assert "tts-9" in done.stderr


@pytest.mark.parametrize(
    ("name", "options"), [("../x", ()), ("", ()), ("x" * 65, ()), ("app", ("--may", "everything"))]
)
def test_keys_that_cannot_be(tmp_path, name, options):
    done = voxpress("keys", "add", name, "--state", str(tmp_path), *options)
    assert done.returncode == 2
    assert done.stdout == ""


def test_two_keys_of_one_name(tmp_path):
    assert voxpress("keys", "add", "app", "--state", str(tmp_path)).returncode == 0
    again = voxpress("keys", "add", "app", "--state", str(tmp_path))
    assert again.returncode == 2
    assert "keys remove app" in again.stderr
