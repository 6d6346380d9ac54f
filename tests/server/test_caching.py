"""Clips by their digest, as caches and CDNs ask for them."""

import asyncio
import contextlib
import os
import socket
import sys

import pytest

from voxpress.errors import SpeechError
from voxpress.server.http.content import Content
from voxpress.store import Store

from .conftest import memory

TEXT = "Kept forever."
LONG = "Number one, two, three, four. " * 60
LARGE = {"response_format": "wav", "sample_rate": 24000}


@pytest.fixture
def clip(shared):
    """A clip that was answered: its answer, and its path."""
    answer = shared.say(TEXT)
    return answer, answer.headers["content-location"]


def test_a_clip_is_served_by_its_digest_and_may_be_kept(shared, clip):
    answer, path = clip
    again = shared.ask("GET", path)
    assert again.status == 200
    assert again.body == answer.body
    assert again.headers["etag"] == answer.headers["etag"]
    assert again.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert again.headers["content-type"] == "audio/mpeg"


def test_head_tells_the_size(shared, clip):
    answer, path = clip
    head = shared.ask("HEAD", path)
    assert head.status == 200
    assert int(head.headers["content-length"]) == len(answer.body)
    assert head.body == b""


@pytest.mark.parametrize("form", ["{tag}", "W/{tag}", '"other", {tag}', "*"])
def test_what_a_cache_has_is_not_sent_again(shared, clip, form):
    answer, path = clip
    unchanged = shared.ask("GET", path, headers={"if-none-match": form.format(tag=answer.headers["etag"])})
    assert (unchanged.status, unchanged.body) == (304, b"")
    assert unchanged.headers["etag"] == answer.headers["etag"]
    assert shared.ask("GET", path, headers={"if-none-match": '"other"'}).status == 200


def test_asking_again_for_speech_can_be_answered_with_304(shared, clip):
    answer, _ = clip
    ask = {"model": "tone", "voice": "low", "input": TEXT}
    for _ in range(2):
        again = shared.ask("POST", "/v1/audio/speech", ask, {"if-none-match": answer.headers["etag"]})
        assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-99", slice(0, 100)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-50", slice(-50, None)),
        ("bytes=100-9999999", slice(100, None)),
    ],
)
def test_a_part(shared, clip, wanted, part):
    answer, path = clip
    found = shared.ask("GET", path, headers={"range": wanted})
    first = len(answer.body) + part.start if part.start < 0 else part.start
    assert found.status == 206
    assert found.body == answer.body[part]
    assert found.headers["content-range"] == f"bytes {first}-{first + len(found.body) - 1}/{len(answer.body)}"


def test_a_part_that_is_not_there_and_parts_that_are_not_understood(shared, clip):
    answer, path = clip
    beyond = shared.ask("GET", path, headers={"range": "bytes=9999999-"})
    assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{len(answer.body)}")
    for odd in ("bytes=", "bytes=a-b", "items=0-5", "bytes=0-1,3-4"):
        assert shared.ask("GET", path, headers={"range": odd}).status == 200
    other = shared.ask("GET", path, headers={"range": "bytes=0-9", "if-range": '"other"'})
    assert other.status == 200


def test_what_is_known_of_a_clip(shared, clip):
    answer, path = clip
    facts = shared.ask("GET", path.replace(".mp3", ".json")).json
    assert facts["digest"] == answer.headers["x-voxpress-clip"]
    assert facts["url"] == shared.url + path
    assert facts["bytes"] == len(answer.body)
    said = [mark["text"] for mark in facts["timestamps"] if mark["kind"] == "word"]
    assert said == TEXT.split()
    subtitles = shared.ask("GET", path.replace(".mp3", ".srt"))
    assert subtitles.headers["content-type"].startswith("application/x-subrip") and b" --> " in subtitles.body
    assert shared.ask("GET", path.replace(".mp3", ".vtt")).body.startswith(b"WEBVTT\n\n")
    assert b'"type":"word"' in shared.ask("GET", path.replace(".mp3", ".marks")).body


def test_names_that_are_no_clips(shared, clip):
    _, path = clip
    for name in (path.replace(".mp3", ".wav"), path[:-10], "/v1/audio/clips/" + "0" * 64 + ".mp3"):
        missing = shared.ask("GET", name)
        assert (missing.status, missing.json["error"]["code"]) == (404, "clip_not_found")


def test_a_broken_clip_is_healed_and_never_served(shared):
    """Whatever happened to the disk, nobody hears it."""
    first = shared.say("To be broken.")
    for _ in range(2):
        assert shared.say("To be broken.").headers["x-voxpress-cache"] == "hit"
    (file,) = shared.store.glob(f"clips/*/{first.headers['x-voxpress-clip']}.mp3")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    again = shared.say("To be broken.")
    assert again.body == first.body
    assert file.read_bytes() == first.body


def test_a_clip_that_was_pruned_is_spoken_again(shared):
    first = shared.say("To be pruned.")
    shared.say("To be pruned.")
    for file in shared.store.rglob("*"):
        if file.is_file():
            file.unlink()
    assert shared.say("To be pruned.").body == first.body


def test_nginx_sends_the_file_where_it_is_told_to(serve):
    here = serve(accel_redirect="/_clips/")
    first = here.say(TEXT)
    assert len(first.body) > 100  # a miss is sent by the server
    for path in (None, first.headers["content-location"]):
        answer = here.say(TEXT) if path is None else here.ask("GET", path)
        assert answer.body == b""
        place = answer.headers["x-accel-redirect"].removeprefix("/_clips/")
        assert (here.store / place).read_bytes() == first.body


def test_nginx_is_not_sent_to_a_file_that_was_pruned(serve):
    here = serve(accel_redirect="/_clips/")
    first = here.say(TEXT)
    for _ in range(2):
        assert "x-accel-redirect" in here.say(TEXT).headers
    for file in here.store.rglob("clips/*/*"):
        file.unlink()
    again = here.say(TEXT)
    assert "x-accel-redirect" not in again.headers and again.body == first.body


# Clips of some megabytes, which are read from their file while they are sent


@pytest.fixture(scope="module")
def long(shared):
    """A clip of more than a megabyte."""
    shared.say(LONG, **LARGE)
    answer = shared.say(LONG, **LARGE)
    assert answer.status == 200 and len(answer.body) > 2_000_000
    return answer, answer.headers["content-location"]


def test_a_long_clip_is_the_same_each_time(shared, long):
    answer, path = long
    for _ in range(3):
        again = shared.say(LONG, **LARGE)
        assert (again.headers["x-voxpress-cache"], again.body == answer.body) == ("hit", True)
        assert again.headers["content-length"] == str(len(answer.body))
    found = shared.ask("GET", path)
    assert (found.body == answer.body, found.headers["content-type"]) == (True, "audio/wav")
    assert shared.ask("HEAD", path).headers["content-length"] == str(len(answer.body))
    assert shared.ask("GET", path, headers={"if-none-match": found.headers["etag"]}).status == 304


@pytest.mark.parametrize("part", [slice(0, 10), slice(700_000, 1_500_000), slice(-300_000, None)])
def test_a_part_of_a_long_clip(shared, long, part):
    answer, path = long
    start, stop, _ = part.indices(len(answer.body))
    found = shared.ask("GET", path, headers={"range": f"bytes={start}-{stop - 1}"})
    assert (found.status, found.body == answer.body[part]) == (206, True)
    assert found.headers["content-length"] == str(stop - start)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_clients_that_are_slow_to_take_a_long_clip_hold_no_copy_each(shared, long):
    answer, path = long
    before = memory(shared)
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", shared.port)))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.sendall(f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode())
            assert client.recv(12) == b"HTTP/1.1 200"
        assert shared.ask("GET", "/healthz").status == 200
        assert memory(shared) - before < 15 * len(answer.body)
    assert shared.ask("GET", path).body == answer.body


def test_a_broken_long_clip_is_healed_and_never_served(shared, long):
    answer, path = long
    (file,) = shared.store.glob(f"clips/*/{path.rpartition('/')[2]}")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert shared.ask("GET", path).status == 404
    again = shared.say(LONG, **LARGE)
    assert (again.headers["x-voxpress-cache"], len(again.body)) == ("miss", len(answer.body))
    assert file.read_bytes() == answer.body


def test_a_long_clip_that_is_cut_while_it_is_sent_never_ends_as_if_it_were_whole(shared):
    """Neither as events nor in a zip."""
    text = "Cut in the middle of it, cut in the middle. " * 60
    shared.say(text, response_format="wav")
    clip = shared.say(text, response_format="wav").headers["content-location"].rpartition("/")[2]
    (file,) = shared.store.glob(f"clips/*/{clip}")
    whole = file.read_bytes()

    async def cut(parts):
        await anext(parts)
        os.truncate(file, len(whole) // 2)
        async for _ in parts:
            pass

    store = Store(shared.store)
    content = Content.open(store, store.clip(clip.partition(".")[0]))
    assert content is not None and content.data is None
    with pytest.raises(SpeechError, match="was cut while it was being read"):
        asyncio.run(cut(content.parts()))
    file.write_bytes(whole)
    content = Content.open(store, content.clip)
    assert content is not None
    assert asyncio.run(content.read_all()) == whole


@pytest.mark.parametrize("form", ["{tag}", "W/{tag}", '"other", {tag}', "*"])
def test_asking_again_for_speech_with_any_form_of_the_tag(shared, clip, form):
    answer, _ = clip
    ask = {"model": "tone", "voice": "low", "input": TEXT}
    for _ in range(3):
        tags = {"if-none-match": form.format(tag=answer.headers["etag"])}
        again = shared.ask("POST", "/v1/audio/speech", ask, tags)
        assert (again.status, again.body) == (304, b"")
    assert shared.ask("POST", "/v1/audio/speech", ask, {"if-none-match": '"other"'}).status == 200


def test_a_clip_whose_file_is_gone(shared):
    gone = shared.say("To be gone.").headers["content-location"]
    (file,) = shared.store.glob(f"clips/*/{gone.rpartition('/')[2]}")
    file.unlink()
    assert shared.ask("HEAD", gone).status == shared.ask("GET", gone).status == 404
