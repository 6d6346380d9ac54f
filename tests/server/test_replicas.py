"""Several servers over one store and one database: killed, stopped for a while, and with the database away."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.server import ThreadingHTTPServer
from pathlib import Path

import httpx
import openai
import pytest

from tests.seaweed import FaultyProxy, SeaweedFS

from .conftest import Answer, Running, servers
from .postgres import PASSWORD, Postgres
from .test_batches import SECRET, Hook, begin, ended, lines_of, output, prompts
from .test_clients import HERE, NAMES, check
from .test_clients import run as run_client

pytestmark = pytest.mark.postgres

Start = Callable[..., list[Running]]


@pytest.fixture
def replicas(postgres: Postgres, tmp_path: Path) -> Iterator[Start]:
    """Starts two servers, or again one with a number."""
    url = postgres.new_database()
    with ExitStack() as stack:
        starts = []
        for number in range(2):
            (tmp_path / str(number)).mkdir()
            starts.append(stack.enter_context(servers(tmp_path / str(number))))

        def start(*numbers: int, store: str = str(tmp_path / "store"), **fields: object) -> list[Running]:
            return [
                starts[number](state=url, store=store, workers=1, **fields) for number in numbers or (0, 1)
            ]

        yield start
    for log in tmp_path.glob("*/log.txt"):
        assert PASSWORD not in log.read_text()


def wait_until(holds: Callable[[], bool], within: float = 20.0) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def run_keys(here: Running, *args: str) -> str:
    """What ``voxpress keys`` prints for the database of a server."""
    command = Path(f"/proc/{here.process.pid}/cmdline").read_text().split("\0")
    done = subprocess.run(
        [sys.executable, "-m", "voxpress", "keys", *args],
        env={**os.environ, "VOXPRESS_STATE": command[command.index("--state") + 1]},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def count_spoken(here: list[Running]) -> float:
    return sum(each.meter("voxpress_segments_spoken_total") for each in here)


def ask_at_once(here: list[Running], count: int, text: str) -> Counter[tuple[int, bytes]]:
    """Many requests for one text, from each server in turn; how often each answer came."""
    body = {
        "model": "tone",
        "voice": "low",
        "input": text,
        "response_format": "wav",
        "options": {"delay": 0.5},
    }

    async def run() -> Counter[tuple[int, bytes]]:
        limits = httpx.Limits(max_connections=count)
        async with httpx.AsyncClient(timeout=120, limits=limits) as client:
            answers = await asyncio.gather(
                *(client.post(f"{here[n % len(here)].url}/v1/audio/speech", json=body) for n in range(count))
            )
        return Counter((answer.status_code, answer.content) for answer in answers)

    return asyncio.run(run())


def test_a_thousand_misses_over_two_servers_are_spoken_once(replicas: Start) -> None:
    here = replicas()
    answers = ask_at_once(here, 1000, "A thousand callers ask for this at once.")
    assert [(status, count) for (status, _), count in answers.items()] == [(200, 1000)]
    assert count_spoken(here) == 1


def test_the_official_client_works_at_either_server(replicas: Start, tmp_path: Path) -> None:
    """Its files and batches too; what one server made is a hit at the other."""
    for here in replicas(extra=NAMES):
        files = tmp_path / f"files{here.port}"
        files.mkdir()
        run_client(
            [sys.executable, "-P", HERE / "openai_python.py", f"{here.url}/v1", here.key, files], tmp_path
        )
        check(files)


@pytest.mark.s3
def test_so_they_are_over_an_object_store(seaweed: SeaweedFS, replicas: Start) -> None:
    here = replicas(store="s3://voices/shared")
    for number in range(3):
        answers = ask_at_once(here, 200, f"Two hundred callers ask for number {number}.")
        assert [(status, count) for (status, _), count in answers.items()] == [(200, 200)]
    assert count_spoken(here) == 3
    batch = ended(here[1], begin(here[0], lines_of(prompts(10))).id)
    assert batch.request_counts.completed == 10


@pytest.mark.s3
def test_while_the_store_is_too_busy_what_needs_none_is_answered(
    seaweed: SeaweedFS, replicas: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts wait for the store, for minutes; the list of batches, files and new keys do not wait behind them."""
    proxy = FaultyProxy(seaweed.environment["AWS_ENDPOINT"])
    monkeypatch.setenv("AWS_ENDPOINT", proxy.endpoint)
    (here,) = replicas(0, store="s3://voices/busy")
    assert here.say("Before.").status == 200
    with ThreadPoolExecutor(40) as pool:
        proxy.busy = 1.0
        waiting = [pool.submit(here.say, f"Text {number} waits.") for number in range(40)]
        wait_until(lambda: proxy.refused > 40)
        client = here.client(timeout=10)
        assert client.batches.list().data == client.files.list().data == []
        run_keys(here, "add", "app")
        wait_until(lambda: here.ask("GET", "/v1/batches").status == 401, 10)
        assert not any(answer.done() for answer in waiting)
        proxy.busy = 0.0
        assert {answer.result().status for answer in waiting} == {200}
    proxy.go()


def test_who_was_killed_while_it_spoke_holds_up_the_others_for_seconds(replicas: Start) -> None:
    here = replicas()
    text, options = "This takes a while.", {"delay": 3}
    with ThreadPoolExecutor(2) as pool:
        lost = pool.submit(here[0].say, text, options=options)
        time.sleep(1)
        waiting = pool.submit(here[1].say, text, options=options)
        time.sleep(0.5)
        began = time.monotonic()
        os.killpg(here[0].process.pid, signal.SIGKILL)
        assert waiting.result().status == 200
        assert time.monotonic() - began < 20
        assert isinstance(lost.exception(), OSError)


def test_under_load_one_is_killed_and_nothing_is_lost(replicas: Start) -> None:
    """Clients that ask another server when one is gone, as a load balancer does."""
    here = replicas()
    texts = [f"Sentence {n % 60} of those that are asked for under load." for n in range(400)]
    random.Random(1).shuffle(texts)

    def ask(number: int) -> Answer:
        for attempt in range(5):
            try:
                answer = here[(number + attempt) % 2].say(
                    texts[number], response_format="wav", options={"delay": 0.05}
                )
            except OSError:
                continue
            if answer.status == 200:
                return answer
        raise AssertionError(texts[number])

    with ThreadPoolExecutor(16) as pool:
        answers = [pool.submit(ask, number) for number in range(len(texts))]
        wait_until(lambda: sum(answer.done() for answer in answers) > 60)
        os.killpg(here[0].process.pid, signal.SIGKILL)
        heard = {text: set[bytes]() for text in texts}
        for text, answer in zip(texts, answers, strict=True):
            heard[text].add(answer.result().body)
    assert all(len(bodies) == 1 for bodies in heard.values())


def test_another_server_goes_on_with_the_batch_of_one_that_was_killed(replicas: Start) -> None:
    """Each line is answered once, the end is told once, and files come from any server."""
    Hook.heard.clear()
    Hook.heard.append(({}, b"{}"))  # the first answer of the hook would be an error
    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        hook = f'[[server.webhooks]]\nurl = "http://127.0.0.1:{server.server_port}/told"\nsecret = "{SECRET}"'
        here = replicas(extra=hook, batch_window=4)
        bodies = prompts(80, options={"delay": 0.1})
        batch = begin(here[0], lines_of(bodies))
        wait_until(lambda: here[1].client().batches.retrieve(batch.id).request_counts.completed > 15)
        os.killpg(here[0].process.pid, signal.SIGKILL)
        batch = ended(here[1], batch.id)
        assert (batch.status, batch.request_counts.completed, batch.request_counts.failed) == (
            "completed",
            80,
            0,
        )
        assert [line["custom_id"] for line in output(here[1], batch.output_file_id)] == list(bodies)
        assert here[1].meter("voxpress_segments_spoken_total") <= 80 - 15
        (again,) = replicas(0, extra=hook)
        assert len(output(again, batch.output_file_id)) == 80
        assert len(again.client().files.list(purpose="batch_output").data) == 1
        time.sleep(3)
        server.shutdown()
    assert [json.loads(body)["data"]["id"] for _, body in Hook.heard[1:]] == [batch.id]


def test_a_server_that_stops_gives_its_batches_away_at_once(replicas: Start) -> None:
    here = replicas(batch_window=2)
    batch = begin(here[0], lines_of(prompts(40, options={"delay": 0.1})))
    wait_until(lambda: here[1].client().batches.retrieve(batch.id).request_counts.completed > 5)
    assert here[0].stop() == 0
    done = here[1].client().batches.retrieve(batch.id).request_counts.completed
    began = time.monotonic()
    wait_until(lambda: here[1].client().batches.retrieve(batch.id).request_counts.completed > done)
    assert time.monotonic() - began < 5
    assert ended(here[1], batch.id).request_counts.completed == 40


def test_a_server_that_was_stopped_for_a_while_answers_nothing_twice(replicas: Start) -> None:
    """As a machine that sleeps, or a container that is frozen: it wakes up and finds its work taken."""
    here = replicas(batch_window=4)
    bodies = prompts(120, options={"delay": 0.2})
    batch = begin(here[0], lines_of(bodies))
    wait_until(lambda: here[1].client().batches.retrieve(batch.id).request_counts.completed > 5)
    os.killpg(here[0].process.pid, signal.SIGSTOP)
    done = here[1].client().batches.retrieve(batch.id).request_counts.completed
    wait_until(lambda: here[1].client().batches.retrieve(batch.id).request_counts.completed > done + 5, 40)
    os.killpg(here[0].process.pid, signal.SIGCONT)
    batch = ended(here[1], batch.id)
    assert (batch.request_counts.completed, batch.request_counts.failed) == (120, 0)
    assert [line["custom_id"] for line in output(here[0], batch.output_file_id)] == list(bodies)
    assert "another server works on" in here[0].log.read_text()


def test_a_batch_is_cancelled_through_any_server(replicas: Start) -> None:
    here = replicas(batch_window=2)
    batch = begin(here[0], lines_of(prompts(300, options={"delay": 0.1})))
    wait_until(lambda: here[1].client().batches.retrieve(batch.id).request_counts.completed > 3)
    assert here[1].client().batches.cancel(batch.id).status == "cancelling"
    batch = ended(here[1], batch.id, within=10)
    assert batch.status == "cancelled"
    errors = output(here[1], batch.error_file_id)
    assert len(errors) + batch.request_counts.completed == 300
    with pytest.raises(openai.ConflictError):
        here[0].client().batches.cancel(batch.id)


def test_keys_hold_on_all_servers_within_seconds(replicas: Start) -> None:
    here = replicas()
    secret = run_keys(here[0], "add", "app", "--characters-per-day", "100")

    def status_of(each: Running, key: str) -> int:
        return each.ask("GET", "/v1/models", headers={"authorization": f"Bearer {key}"}).status

    wait_until(lambda: all(status_of(each, "") == 401 for each in here), 3)
    for each in here:
        each.key = secret
        assert status_of(each, secret) == 200
    # Exactly as many characters as the key may have, over both.
    with ThreadPoolExecutor(8) as pool:
        statuses = Counter(pool.map(lambda n: here[n % 2].say("Ten chars.").status, range(40)))
    assert statuses == {200: 10, 429: 30}
    assert "app" in run_keys(here[0], "list")
    run_keys(here[0], "remove", "app")
    wait_until(lambda: all(status_of(each, "") == 200 for each in here), 3)


def test_the_database_goes_away_and_comes_back(replicas: Start, postgres: Postgres) -> None:
    """Without it there are hits and speech, but no batches: 503, until it is there again."""
    here = replicas(batch_window=2)
    assert here[0].say("Heard before.").status == 200
    batch = begin(here[0], lines_of(prompts(60, options={"delay": 0.1})))
    wait_until(lambda: here[1].client().batches.retrieve(batch.id).request_counts.completed > 5)
    postgres.stop()
    try:
        for each in here:
            assert each.say("Heard before.").status == 200
            refused = each.ask("GET", "/v1/batches")
            assert (refused.status, refused.json["error"]["code"]) == (503, "state_unavailable")
            assert (refused.headers["retry-after"], refused.headers["x-should-retry"]) == ("1", "true")
            assert PASSWORD not in refused.body.decode()
        time.sleep(4)
    finally:
        postgres.start()
    wait_until(lambda: all(each.ask("GET", "/readyz").status == 200 for each in here), 15)
    for each in here:
        assert each.ask("GET", "/v1/batches").status == 200
    batch = ended(here[1], batch.id)
    assert (batch.status, batch.request_counts.completed) == ("completed", 60)
    assert len(output(here[1], batch.output_file_id)) == 60
