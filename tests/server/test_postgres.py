"""voxpress.server.databases.postgres, on a real server."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from voxpress.errors import InputError, StateUnavailable, StoreError
from voxpress.server import keys
from voxpress.server.databases import Database, open_database
from voxpress.server.errors import Refusal
from voxpress.server.keys import Key, Ring
from voxpress.server.leases import LeaseLost, Leases
from voxpress.server.limits import Limits

from .postgres import PASSWORD, Postgres

pytestmark = pytest.mark.postgres


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.new_database()


def count_rows(state: Database, table: str) -> int:
    (number,) = state.do(lambda database: database.execute(f"SELECT COUNT(*) FROM {table}").fetchone())
    return int(number)


def test_servers_that_start_at_once_make_the_tables_once(url):
    with ThreadPoolExecutor(8) as pool:
        states = list(pool.map(open_database, [url] * 8))
    assert count_rows(states[0], "steps") == 1
    for state in states:
        state.close()


def test_a_newer_database_is_refused(postgres, url):
    open_database(url).close()
    postgres.execute(url, "UPDATE steps SET taken = taken + 1")
    with pytest.raises(StoreError, match="newer version"):
        open_database(url)


def test_no_message_has_the_password(postgres, url):
    """Wrong passwords, hosts, names and addresses that cannot be read."""
    place = url.partition("@")[2]
    wrong = [
        f"postgresql://voxpress:{PASSWORD}x@{place}",
        f"postgresql://voxpress:{PASSWORD}@127.0.0.1:1/state",
        f"postgresql://voxpress:{PASSWORD}@nowhere.invalid/state",
        f"postgresql://voxpress:{PASSWORD}@127.0.0.1:{postgres.port}/nothing",
        f"postgresql://voxpress:a@{PASSWORD}@{place}",
        f"postgresql://voxpress:a#{PASSWORD}@{place}",
        f"postgresql://voxpress:a/{PASSWORD}@{place}",
        f"postgresql://voxpress@{place}?passwort={PASSWORD}",
    ]
    for each in wrong:
        with pytest.raises((StoreError, InputError)) as problem:
            open_database(each)
        assert PASSWORD not in str(problem.value) and "\n" not in str(problem.value)
        assert PASSWORD not in repr(problem.value.__cause__)


def test_files_come_back_as_they_were(url, tmp_path):
    """Empty ones, those of one block, and of several; under two ids until both are removed; from any server."""
    one, other = open_database(url), open_database(url)
    for number, size in enumerate((0, 1, 2**20, 2**20 + 1, 5_000_000)):
        data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
        source = one.new_path()
        source.write_bytes(data)
        one.add_file(f"file-{number}", source)
        assert not source.exists()
        other.copy_file(f"file-{number}", f"batch-{number}")
        other.remove_file(f"file-{number}")
        assert other.fetch_file(f"batch-{number}").read_bytes() == data
        with one.open_file(f"batch-{number}") as file:
            assert file.read() == data
        with pytest.raises(FileNotFoundError):
            one.open_file(f"file-{number}")
        one.remove_file(f"batch-{number}")
        with pytest.raises(FileNotFoundError):
            one.fetch_file(f"batch-{number}")
    with pytest.raises(FileNotFoundError):
        one.copy_file("file-9", "batch-9")
    assert count_rows(one, "contents") == 0


def test_a_key_holds_on_every_server(url):
    one, other = open_database(url), open_database(url)
    ring = Ring(other)
    assert not ring
    secret = keys.add(one, "app", characters_per_day=1000)
    with pytest.raises(InputError, match="already"):
        keys.add(other, "app")
    ring.refresh()
    assert ring.find(f"Bearer {secret}").name == "app"
    keys.remove(one, "app")
    ring.refresh()
    with pytest.raises(Refusal):
        ring.find(f"Bearer {secret}")


def test_a_day_is_exact_over_two_servers(url):
    """Many at once: the last character is given away, and none after it."""
    limits = [Limits(open_database(url)) for _ in range(2)]
    key = Key(name="app", characters_per_day=100)
    refused = 0

    async def ask(each: Limits) -> None:
        nonlocal refused
        try:
            await each.charge_characters(key, 3)
        except Refusal:
            refused += 1

    async def run() -> None:
        await asyncio.gather(*(ask(each) for each in limits * 30))

    asyncio.run(run())
    assert refused == 60 - 33
    asyncio.run(limits[0].charge_day(key, 1))
    with pytest.raises(Refusal):
        asyncio.run(limits[1].charge_day(key, 1))


def test_requests_a_minute_count_over_two_servers(url):
    limits = [Limits(open_database(url)) for _ in range(2)]
    key = Key(name="app", requests_per_minute=6)

    async def run() -> int:
        answers = await asyncio.gather(
            *(each.charge_request(key) for each in limits * 10), return_exceptions=True
        )
        return sum(answer is None for answer in answers)

    assert asyncio.run(run()) == 6


def test_usage_adds_up_over_two_servers(url):
    states = [open_database(url) for _ in range(2)]
    key = Key(name="app")

    async def run() -> None:
        limits = [Limits(state) for state in states]
        for _ in range(20):
            for each in limits:
                each.record(key, 10, hit=False)
            await asyncio.gather(*(each.save() for each in limits))

    asyncio.run(run())
    (today,) = keys.usage(states[0], "app")
    assert (today.requests, today.billed) == (40, 400)


def test_a_lease_has_one_holder_until_it_ends(url):
    """Whoever was away for longer may not write any more."""
    state, other = open_database(url), open_database(url)

    async def run() -> None:
        one, two = Leases(state, seconds=1.0), Leases(other, seconds=1.0)
        taken = await asyncio.gather(one.acquire("batch"), two.acquire("batch"))
        assert sorted(taken) == [False, True]
        first, second = (one, two) if taken[0] else (two, one)
        for _ in range(4):
            await asyncio.sleep(0.5)
            assert await first.renew(["batch"]) == set()
            assert not await second.acquire("batch")
        await asyncio.sleep(1.2)
        assert await second.acquire("batch")
        assert await first.renew(["batch"]) == {"batch"}
        with pytest.raises(LeaseLost):
            state.do(lambda database: first.check(database, "batch"))
        await first.release("batch")
        state.do(lambda database: second.check(database, "batch"))
        await second.release_all()
        assert await first.acquire("batch")

    asyncio.run(run())


def test_a_database_that_comes_back_is_used_again(postgres, url):
    """At once where nothing was under way; while it is gone, each try says so within a moment."""
    state = open_database(url)
    postgres.stop()
    began = time.monotonic()
    for _ in range(20):
        with pytest.raises(StateUnavailable, match="cannot be reached") as problem:
            count_rows(state, "keys")
        assert PASSWORD not in str(problem.value)
    assert time.monotonic() - began < 5
    postgres.start()
    time.sleep(0.6)
    assert count_rows(state, "keys") == 0
    # Restarted while nobody asked: nobody notices.
    postgres.stop()
    postgres.start()
    assert count_rows(state, "keys") == 0


def test_a_transaction_that_meets_others_is_done_again(url):
    """Reading, then writing what was read: none is lost."""
    states = [open_database(url) for _ in range(3)]
    states[0].do(lambda database: database.execute("INSERT INTO usage VALUES ('app', 'x', 0, 0, 0, 0)"))

    def add(database):
        (number,) = database.execute("SELECT requests FROM usage WHERE key = 'app'").fetchone()
        database.execute("UPDATE usage SET requests = ? WHERE key = 'app'", (number + 1,))

    def work(state: Database) -> None:
        for _ in range(40):
            state.do(add)

    threads = [threading.Thread(target=work, args=(state,)) for state in states]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states[0].do(lambda database: database.execute("SELECT requests FROM usage").fetchone()) == (120,)


def test_an_error_of_the_work_leaves_nothing_behind(url):
    state = open_database(url)

    def work(database):
        database.execute("INSERT INTO usage VALUES ('app', 'x', 0, 0, 0, 0)")
        raise Refusal(429, "no", "no")

    with pytest.raises(Refusal):
        state.do(work)
    with pytest.raises(StoreError, match="relation"):
        state.do(lambda database: database.execute("SELECT * FROM nothing"))
    assert count_rows(state, "usage") == 0


def test_the_scratch_folder_goes_with_the_server(url):
    state = open_database(url)
    place: Path = state.new_path().parent
    state.close()
    assert not place.exists()


@pytest.mark.parametrize(
    "begin", ["state.do(freeze)", "with state._open_statements() as database: freeze(database)"]
)
def test_who_freezes_in_a_transaction_holds_up_the_others_for_seconds(url, begin):
    """As a machine that sleeps, or lost its network: what it has locked is free again after a while."""
    program = f"""
import os, signal, sys
from voxpress.server.databases import open_database

def freeze(database):
    database.execute("UPDATE steps SET taken = taken")
    os.kill(os.getpid(), signal.SIGSTOP)

state = open_database(sys.argv[1])
{begin}
"""
    frozen = subprocess.Popen([sys.executable, "-c", program, url], stderr=subprocess.PIPE, text=True)
    os.waitid(os.P_PID, frozen.pid, os.WSTOPPED | os.WNOWAIT)
    try:
        state = open_database(url)
        state.do(lambda database: database.execute("UPDATE steps SET taken = taken"))
        state.close()
    finally:
        frozen.send_signal(signal.SIGCONT)
    assert "StateUnavailable" in frozen.communicate(timeout=60)[1]


def test_texts_are_unicode_in_databases_of_any_encoding(postgres):
    for number, encoding in enumerate(("SQL_ASCII", "LATIN1", "UTF8")):
        postgres.execute(
            postgres.url,
            f"CREATE DATABASE coded{number} ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'",
        )
        url = postgres.url_of(f"coded{number}")
        state = open_database(url)
        secret = keys.add(state, "app")
        assert Ring(state).find(f"Bearer {secret}").may == keys.USUAL
        state.do(lambda database: database.execute("INSERT INTO usage VALUES ('Zoë', 'day', 1, 2, 3, 4)"))
        assert [each.characters for each in keys.usage(state, "Zoë")] == [2]
        state.close()
