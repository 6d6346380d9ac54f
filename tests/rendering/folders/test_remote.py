"""Output folders in object stores: what a render writes there, what it leaves alone, and how often it asks."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from obstore.store import S3Store

from tests.seaweed import SeaweedFS
from voxpress import render
from voxpress.cli import main
from voxpress.errors import InputError, StoreError
from voxpress.manifests.file_map import FileMap
from voxpress.rendering.folders import open_folder
from voxpress.rendering.folders.remote import RemoteFolder
from voxpress.speech import Clip, Result

ROWS = [{"id": f"menu/{n}", "text": f"Prompt number {n}."} for n in range(40)]


@pytest.fixture
def url() -> str:
    """A prefix with nothing in it."""
    return f"memory:///{uuid.uuid4().hex}"


def run(url: str, rows: Iterable[Any] = ROWS, **more: Any) -> list[Result]:
    settings = {"engine": "tone", "store": "memory:", "workers": 0, **more}
    return sorted(render(rows, url, **settings), key=lambda result: result.number)


def statuses(results: list[Result]) -> dict[str, int]:
    return dict(Counter(str(each.status) for each in results))


def opened(url: str, overwrite: bool = False) -> RemoteFolder:
    folder = open_folder(url, overwrite)
    assert isinstance(folder, RemoteFolder)
    return folder


def listed(url: str) -> dict[str, str | None]:
    """Each object, and what tells it from others in its place."""
    return {each["path"]: each["e_tag"] for batch in opened(url)._objects.list() for each in batch}


def put(url: str, path: str, data: bytes) -> None:
    """As somebody else does."""
    opened(url)._objects.put(path, data)


def get(url: str, path: str) -> bytes:
    return bytes(opened(url)._objects.get(path).bytes())


def clip(data: bytes) -> Clip:
    return Clip(key=f"key of {data!r}", format="wav", sample_rate=8000, duration=1.0, size=len(data))


# Renders


def test_a_second_run_writes_nothing_and_a_changed_row_one_object(url: str) -> None:
    first = run(url, marks=["srt"])
    assert statuses(first) == {"rendered": 40}
    assert first[7].files == (f"{url}/menu/7.wav",)
    assert get(url, "menu/7.wav")[:4] == b"RIFF"
    before = listed(url)
    assert len(before) == 80
    again = run(url, marks=["srt"])
    assert statuses(again) == {"up to date": 40}
    assert listed(url) == before
    assert [(r.files, r.segments, r.voice, [c.duration for c in r.clips]) for r in again] == [
        (r.files, r.segments, r.voice, [c.duration for c in r.clips]) for r in first
    ]
    changed = [{**row, "text": "Another text."} if row["id"] == "menu/7" else row for row in ROWS]
    assert statuses(run(url, changed, marks=["srt"])) == {"rendered": 1, "up to date": 39}
    assert {path for path, tag in listed(url).items() if tag != before[path]} == {"menu/7.wav", "menu/7.srt"}


def test_what_is_gone_is_written_again_from_the_store(url: str) -> None:
    run(url, marks=["srt"])
    opened(url)._objects.delete(["menu/3.wav", "menu/4.srt"])
    assert statuses(run(url, marks=["srt"])) == {"from store": 2, "up to date": 38}
    assert len(listed(url)) == 80


@pytest.mark.parametrize("name", ["a b", "ä/ö", "a#b", "a%20b", "a[b]{c}~", "日本/語", "a&b+c=d;e,f'g!h@$()"])
def test_objects_are_called_as_rows_are(url: str, name: str) -> None:
    assert statuses(run(url, [{"id": name, "text": "One."}])) == {"rendered": 1}
    assert set(listed(url)) == {f"{name}.wav"}
    assert statuses(run(url, [{"id": name, "text": "One."}])) == {"up to date": 1}


@pytest.mark.parametrize("name", ["../a", "/a", "a/../../b", ".voxpress/a"])
def test_no_row_writes_outside_the_prefix(url: str, name: str) -> None:
    assert statuses(run(url, [{"id": name, "text": "One."}])) == {"failed": 1}
    assert listed(url) == {}


@pytest.mark.parametrize(
    ("format", "kind"),
    [
        ("wav", "audio/wav"),
        ("mp3", "audio/mpeg"),
        ("opus", "audio/ogg; codecs=opus"),
        ("flac", "audio/flac"),
        ("m4a", "audio/mp4"),
    ],
)
def test_objects_have_the_content_type_of_their_format(url: str, format: str, kind: str) -> None:
    """So a browser plays them from their address."""
    run(url, ROWS[:1], format=format, marks=["vtt", "json"])
    kinds = {
        path: opened(url)._objects.get(path, options={"head": True}).attributes["Content-Type"]
        for path in listed(url)
    }
    assert kinds == {
        f"menu/0.{format}": kind,
        "menu/0.vtt": "text/vtt",
        "menu/0.json": "application/json",
    }


def test_many_rows_are_looked_up_at_once(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One question for each file of a row that stands, many at a time; and what nobody changed is not read."""
    run(url)
    asked, at_once, most = 0, 0, 0
    turn = threading.Lock()
    ask = RemoteFolder._ask

    def count(self: RemoteFolder, path: str) -> Any:
        nonlocal asked, at_once, most
        with turn:
            asked, at_once = asked + 1, at_once + 1
            most = max(most, at_once)
        time.sleep(0.01)
        with turn:
            at_once -= 1
        return ask(self, path)

    monkeypatch.setattr(RemoteFolder, "_ask", count)
    assert statuses(run(url)) == {"up to date": 40}
    assert asked == 40
    assert most >= 8


def test_files_are_written_at_once(url: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the store has the clips, a worker waits for little but the answers to its writes."""
    run("out", store="store")
    started = threading.Barrier(4)
    publish = RemoteFolder.publish

    def wait(self: RemoteFolder, *given: Any) -> None:
        started.wait(20)
        publish(self, *given)

    monkeypatch.setattr(RemoteFolder, "publish", wait)
    assert statuses(run(url, store="store")) == {"from store": 40}
    assert len(listed(url)) == 40


def test_what_was_seen_does_not_fill_the_memory(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voxpress.rendering.folders.remote._MOST_SEEN", 16)
    folder = opened(url)
    folder.look(f"{n}.wav" for n in range(100))
    assert len(folder._seen) == 16


def test_a_folder_is_one_object_in_each_process(url: str) -> None:
    """It is sent with each task."""
    one, two = (pickle.loads(pickle.dumps(open_folder(url, overwrite=True))) for _ in range(2))
    assert one is two
    assert (one.name, one.overwrite) == (url, True)


def test_what_only_this_process_sees_is_rendered_in_it(url: str, tmp_path: Path) -> None:
    """However many workers were asked for."""
    assert statuses(run(url, store=str(tmp_path / "store"), workers=2)) == {"rendered": 40}
    assert len(listed(url)) == 40


# What others wrote


def test_an_object_of_somebody_else_is_replaced_only_with_overwrite(url: str) -> None:
    put(url, "menu/1.wav", b"theirs")
    failed = run(url, ROWS[:3])
    assert statuses(failed) == {"rendered": 2, "failed": 1}
    assert f"cannot write {url}/menu/1.wav: a file is there that voxpress did not write" in failed[1].error
    assert get(url, "menu/1.wav") == b"theirs"
    assert statuses(run(url, ROWS[:3], overwrite=True)) == {"from store": 1, "up to date": 2}
    assert get(url, "menu/1.wav")[:4] == b"RIFF"


def test_an_object_that_was_changed_is_somebody_elses(url: str) -> None:
    """Another size or the same; but the bytes that voxpress would write are nobody's loss."""
    run(url, ROWS[:3])
    whole = get(url, "menu/2.wav")
    put(url, "menu/0.wav", b"edited")
    put(url, "menu/1.wav", bytes(len(get(url, "menu/1.wav"))))
    put(url, "menu/2.wav", whole)
    assert [str(each.status) for each in run(url, ROWS[:3])] == ["failed", "failed", "from store"]
    assert get(url, "menu/0.wav") == b"edited"
    assert statuses(run(url, ROWS[2:3])) == {"up to date": 1}


def test_what_comes_between_a_look_and_a_write_is_not_replaced(url: str) -> None:
    """Somebody puts a file there in that moment."""
    folder = opened(url)
    folder.look(["a.wav"])
    put(url, "a.wav", b"theirs")
    with pytest.raises(InputError, match="voxpress did not write"):
        folder.publish("a.wav", clip(b"ours"), b"ours")
    assert get(url, "a.wav") == b"theirs"


@pytest.mark.parametrize("other", [b"ours", b"of another render", b""])
def test_of_two_renders_the_last_one_is_heard(url: str, other: bytes) -> None:
    """They write the same file at the same time, from the same text or from another."""
    mine, theirs = opened(url), opened(url)
    for folder in (mine, theirs):
        folder.look(["a.wav"])
    theirs.publish("a.wav", clip(other), other)
    mine.publish("a.wav", clip(b"ours"), b"ours")
    assert get(url, "a.wav") == b"ours"
    assert opened(url).holds("a.wav", clip(b"ours").key, "wav") is not None


def test_what_is_gone_between_a_look_and_a_write_is_written(url: str) -> None:
    folder = opened(url)
    folder.publish("a.wav", clip(b"one"), b"one")
    opened(url)._objects.delete("a.wav")
    folder.publish("a.wav", clip(b"two"), b"two")
    assert get(url, "a.wav") == b"two"


def test_two_renders_add_to_one_map(url: str) -> None:
    """Neither loses the rows of the other."""
    for path in ("a.wav", "b.wav", "c.wav"):
        put(url, path, b"x")
    maps = [FileMap(opened(url).place("files.json"), opened(url).stands) for _ in range(3)]
    for files, name in zip(maps, "abc", strict=True):
        files.add(name, [f"{name}.wav"])
    for files in maps:
        files.write(with_others=True)
    assert json.loads(get(url, "files.json")) == {"a": "a.wav", "b": "b.wav", "c": "c.wav"}


# The command


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOXPRESS_STORE", str(tmp_path / "store"))
    write_rows(range(6))
    return tmp_path


def write_rows(numbers: Iterable[int]) -> None:
    rows = "".join(f"menu/{n},Prompt number {n}.\n" for n in numbers)
    Path("rows.csv").write_text(f"id,text\n{rows}")


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["voxpress", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_the_command_writes_files_report_and_map(
    place: Path, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing on this machine."""
    asked = ("render", "rows.csv", "-o", url, "-e", "tone", "--map", f"{url}/files.json")
    assert command(monkeypatch, *asked, "--dry-run") == 0
    assert "6 rows: 6 to speak" in capsys.readouterr().out
    assert listed(url) == {}
    assert command(monkeypatch, *asked) == 0
    assert f"report: {url}/.voxpress/report.jsonl" in capsys.readouterr().out
    assert set(listed(url)) == {
        *(f"menu/{n}.wav" for n in range(6)),
        "files.json",
        ".voxpress/report.jsonl",
    }
    report = [json.loads(line) for line in get(url, ".voxpress/report.jsonl").splitlines()]
    assert [line["audio_filepath"] for line in report] == [f"{url}/menu/{n}.wav" for n in range(6)]
    assert json.loads(get(url, "files.json")) == {f"menu/{n}": f"menu/{n}.wav" for n in range(6)}
    assert command(monkeypatch, *asked, "--dry-run") == 0
    assert "6 up to date" in capsys.readouterr().out
    # Of some rows: the others keep their lines.
    assert command(monkeypatch, *asked, "--only", "menu/2") == 0
    assert len(get(url, ".voxpress/report.jsonl").splitlines()) == 6
    assert json.loads(get(url, "files.json")) == {f"menu/{n}": f"menu/{n}.wav" for n in range(6)}
    assert sorted(each.name for each in place.iterdir()) == ["rows.csv", "store"]


def test_prune_deletes_what_no_row_asks_for(
    place: Path, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of what voxpress wrote, and nobody changed."""
    asked = ("render", "rows.csv", "-o", url, "-e", "tone", "--marks", "srt")
    assert command(monkeypatch, *asked) == 0
    put(url, "theirs.wav", b"theirs")
    put(url, "menu/4.wav", b"recorded by somebody")
    write_rows(range(4))
    capsys.readouterr()
    assert command(monkeypatch, *asked, "--prune", "--dry-run") == 0
    assert "prune       menu/5.wav" in capsys.readouterr().out
    assert command(monkeypatch, *asked, "--prune") == 0
    assert set(listed(url)) == {
        *(f"menu/{n}.{extension}" for n in range(4) for extension in ("wav", "srt")),
        *("theirs.wav", "menu/4.wav", ".voxpress/report.jsonl"),
    }
    write_rows(range(1))
    capsys.readouterr()
    assert command(monkeypatch, *asked, "--prune") == 2
    assert f"--prune would delete 6 of 8 files in {url}, more than half" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (
            "render rows.csv -o https://example.com/x",
            "must be a folder, or an s3://, gs://, az:// or memory: URL",
        ),
        ("render rows.csv -o s3://", "must be a URL with a bucket, s3://BUCKET/PREFIX"),
        ("render rows.csv -o s3:prompts", "must be a folder, or an s3://, gs://, az:// or memory: URL"),
        ("render rows.csv -o gs:/b/prompts", "must be a folder, or an s3://"),
        ("render rows.csv -o memory:///x --install asterisk", "render into a folder"),
        ("render rows.csv -o memory:///x --map memory:///y/map.json", "is not in the output folder"),
        ("render rows.csv -o out --map s3://y/map.json", "is not in the output folder"),
        ("render rows.csv -o memory:///x --report s3://y/report", "--report s3://y/report: give a path"),
        ("voicemail boxes.csv -o s3://greetings", "-o s3://greetings: give a path of this machine"),
        ("audiobook book.epub --output=gs://b/book.m4b", "--output gs://b/book.m4b: give a path"),
        ("podcast script.md -o az://b/episode.mp3", "-o az://b/episode.mp3: give a path of this machine"),
        ("say Hi. -e tone -o memory:///hi.wav", "-o memory:///hi.wav: give a path of this machine"),
    ],
)
def test_what_cannot_go_to_an_object_store_is_told_first(
    place: Path,
    arguments: str,
    problem: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command(monkeypatch, *arguments.split()) == 2
    said = capsys.readouterr().err
    assert problem in said
    assert said.count("\n") == 1
    assert [each.name for each in place.iterdir()] == ["rows.csv"]


# S3


def start(*arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "voxpress", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@pytest.mark.s3
def test_renders_share_a_prefix_on_s3(seaweed: SeaweedFS, place: Path) -> None:
    """Two at once, one killed, all that there is at the end, and one clear error for each thing that can be wrong."""
    url = "s3://voices/out put/en"
    write_rows(range(60))
    asked = ("render", "rows.csv", "-o", url, "-e", "tone", "--workers", "2", "--marks", "srt")
    killed = start(*asked)
    time.sleep(2)
    killed.kill()
    killed.wait()
    both = [finish(each) for each in [start(*asked, "--store", place / f"store{n}") for n in range(2)]]
    assert [status for status, *_ in both] == [0, 0], both
    objects = S3Store("voices", prefix="out put/en")
    found = {each["path"] for batch in objects.list() for each in batch}
    wanted = {f"menu/{n}.{extension}" for n in range(60) for extension in ("wav", "srt")}
    assert found == wanted | {".voxpress/report.jsonl"}
    status, out, err = finish(start(*asked, "--store", place / "store0"))
    assert (status, err) == (0, "")
    assert "60 up to date" in out

    # The same as in a folder.
    status, *_ = finish(start(*asked[:2], "-o", "out", *asked[4:], "--store", place / "store0"))
    assert status == 0
    for path in wanted:
        assert bytes(objects.get(path).bytes()) == Path("out", path).read_bytes()

    # Two other texts for the same files at once: the last one is there, and each object is whole.
    rows = {}
    for name in ("one", "two"):
        text = "".join(f"menu/{n},Text {name} of number {n}.\n" for n in range(60))
        Path(f"{name}.csv").write_text(f"id,text\n{text}")
        rows[name] = start("render", f"{name}.csv", *asked[2:], "--store", place / name)
    ended = {name: finish(process) for name, process in rows.items()}
    assert [status for status, *_ in ended.values()] == [0, 0], ended
    for name in rows:
        finish(start("render", f"{name}.csv", "-o", name, *asked[4:], "--store", place / name))
    for path in wanted:
        data = bytes(objects.get(path).bytes())
        assert data in [Path(name, path).read_bytes() for name in rows]

    # Somebody else's object, and pruning.
    objects.put("menu/0.wav", b"theirs")
    status, _, err = finish(start("render", "one.csv", *asked[2:], "--store", place / "one"))
    assert status == 1
    assert "voxpress did not write" in err
    assert bytes(objects.get("menu/0.wav").bytes()) == b"theirs"
    write_rows(range(1, 50))
    status, out, err = finish(start(*asked, "--store", place / "store0", "--prune"))
    assert status == 0, err
    found = {each["path"] for batch in objects.list() for each in batch if ".voxpress" not in each["path"]}
    assert found == {
        "menu/0.wav",
        *(f"menu/{n}.{extension}" for n in range(1, 50) for extension in ("wav", "srt")),
    }

    for more, environment, problem in (
        (("-o", "s3://nothing/here"), {}, "The specified bucket does not exist"),
        (("-o", url), {"AWS_SECRET_ACCESS_KEY": "wrong"}, "signature"),
        (("-o", url), {"AWS_ENDPOINT": "http://127.0.0.1:1"}, "error sending request"),
    ):
        for dry in ((), ("--dry-run",)):
            status, _, err = finish(start(*asked[:2], *more, "-e", "tone", *dry, **environment))
            assert status == 1
            assert len(err.splitlines()) == 1
            assert f"cannot list {more[1]}" in err
            assert problem in err


def test_a_store_that_fails_stops_the_render(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one error for each row."""

    def refuse(self: RemoteFolder) -> None:
        raise StoreError("cannot list it: gone")

    monkeypatch.setattr(RemoteFolder, "require", refuse)
    with pytest.raises(StoreError, match="gone"):
        run(url)
