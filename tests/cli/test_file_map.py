"""`{hash}` in the names of files, and the map that says which file each id has."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from voxpress.cli import main

PROJECT = """
[defaults]
engine = "tone"
workers = 0
preset = "cdn"

[presets.cdn]
map = "files.json"
files = [{ path = "{id}.{hash:8}.wav", sample_rate = 8000 }]
"""

Run = Callable[..., str]


@pytest.fixture
def render(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Renders rows into ``out`` with a preset that has hashes and a map."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOXPRESS_STORE", str(tmp_path / "store"))
    (tmp_path / "voxpress.toml").write_text(PROJECT)

    def run(rows: dict[str, str], *options: str, status: int = 0, manifest: str = "rows.jsonl") -> str:
        lines = [json.dumps({"id": id, "text": text}) for id, text in rows.items()]
        Path("rows.jsonl").write_text("\n".join(lines) + "\n")
        monkeypatch.setattr(sys, "argv", ["voxpress", "render", manifest, "-o", "out", *options])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        assert ended.value.code == status, err
        return out + err

    return run


def read_map(path: str = "out/files.json") -> Any:
    return json.loads(Path(path).read_text())


def list_files() -> set[str]:
    return {str(path.relative_to("out")) for path in Path("out").rglob("*.wav")}


ROWS = {"menu/main": "Press one.", "bye": "Goodbye."}


def test_the_map_names_the_file_of_each_row(render: Run) -> None:
    render(ROWS)
    files = read_map()
    assert list(files) == ["bye", "menu/main"]
    assert set(files.values()) == list_files()
    assert files["menu/main"].startswith("menu/main.") and len(files["menu/main"]) == len(
        "menu/main.01234567.wav"
    )


def test_the_map_is_complete_and_the_same_when_nothing_is_to_be_done(render: Run) -> None:
    render(ROWS)
    before = Path("out/files.json").read_bytes(), os.stat("out/files.json").st_mtime_ns
    assert "2 up to date" in render(ROWS)
    assert (Path("out/files.json").read_bytes(), os.stat("out/files.json").st_mtime_ns) == before
    Path("out/files.json").unlink()
    render(ROWS)
    assert Path("out/files.json").read_bytes() == before[0]


def test_another_text_is_another_file_and_the_old_one_stays_until_it_is_pruned(render: Run) -> None:
    render(ROWS)
    old = read_map()
    render(ROWS | {"bye": "See you."})
    new = read_map()
    assert new["menu/main"] == old["menu/main"] and new["bye"] != old["bye"]
    assert list_files() == {*old.values(), *new.values()}
    render(ROWS | {"bye": "See you."}, "--prune")
    assert list_files() == set(new.values())
    render(ROWS)
    assert read_map() == old


def test_a_row_that_left_the_manifest_is_in_the_map_until_its_file_is_pruned(render: Run) -> None:
    render(ROWS)
    render({"bye": "Goodbye."})
    assert set(read_map()) == set(ROWS) and set(read_map().values()) == list_files()
    render({"bye": "Goodbye."}, "--prune")
    assert list(read_map()) == ["bye"] and set(read_map().values()) == list_files()


def test_two_manifests_have_one_map(render: Run) -> None:
    """A file that is gone, or another row's by now, is not in it for the old row."""
    Path("voxpress.toml").write_text(PROJECT.replace("{id}.{hash:8}.wav", "{id}.wav"))
    render(ROWS, "--map", "out/map.json")
    render({"hours": "We open at nine.", "menu/two": "Press two."}, "--map", "out/map.json")
    assert set(read_map("out/map.json")) == {"menu/main", "bye", "hours", "menu/two"}
    Path("out/hours.wav").unlink()
    Path("more.csv").write_text("id,file,text\nfarewell,bye.wav,Farewell.\n")
    render({}, "--map", "out/map.json", "--only", "farewell", manifest="more.csv")
    assert read_map("out/map.json") == {
        "farewell": "bye.wav",
        "menu/main": "menu/main.wav",
        "menu/two": "menu/two.wav",
    }
    render({"menu/two": "Press two."}, "--map", "out/map.json", "--prune", "all")
    assert read_map("out/map.json") == {"menu/two": "menu/two.wav"}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--map", "pipe"], "map: cannot write pipe: it is a pipe that nobody reads; start the reader"),
        (["--report", "pipe"], "report: cannot write pipe: it is a pipe that nobody reads"),
        (["--map", "out"], "map: cannot write out: it is a folder; name a file"),
        (["--map", "voxpress.toml/maps/map.json"], "voxpress.toml is no folder"),
        (["--report", "voxpress.toml/report.jsonl"], "voxpress.toml is no folder"),
        (["--map", "new.json", "--report", "sub/../new.json"], "new.json is also the file of --map"),
        (
            ["--map", "out/bye.wav/map.json"],
            "'bye.wav' is also the file of a row, and one of the two would have",
        ),
        (["--map", "out/menu"], "'menu/main.wav' is also the file of a row, and one of the two would have"),
        (["--report", "out/bye.wav"], "report: 'bye.wav' is also the file of a row: name another file"),
        (["--map", "out/BYE.WAV"], "map: 'bye.wav' is also the file of a row"),
        (
            ["--map", "out/.voxpress/report.jsonl"],
            "map: out/.voxpress/report.jsonl is among voxpress's own files",
        ),
    ],
)
def test_a_place_that_cannot_be_is_told_before_anything_is_spoken(
    render: Run, options: list[str], problem: str
) -> None:
    Path("voxpress.toml").write_text(PROJECT.replace("{id}.{hash:8}.wav", "{id}.wav"))
    Path("out").mkdir()
    Path("sub").mkdir()
    os.mkfifo("pipe")
    assert problem in render(ROWS, *options, status=2)
    assert not list_files() and not Path("out/.voxpress").exists()
    assert problem in render(ROWS, *options, "--dry-run", status=2)


def test_a_map_may_go_nowhere(render: Run) -> None:
    render(ROWS, "--map", "/dev/null")
    assert len(list_files()) == 2


def test_only_some_rows_leave_the_others_as_they_were(render: Run) -> None:
    render(ROWS)
    old = read_map()
    render({"menu/main": "Press two.", "bye": "See you.", "new": "New."}, "--only", "bye", "--prune")
    new = read_map()
    assert new["menu/main"] == old["menu/main"] and new["bye"] != old["bye"] and "new" not in new
    assert list_files() == set(new.values())


def test_a_row_that_fails_keeps_the_file_that_it_had(render: Run) -> None:
    render(ROWS)
    old = read_map()
    shorter = PROJECT.replace("sample_rate = 8000", "sample_rate = 8000, max_duration = 2.0")
    Path("voxpress.toml").write_text(shorter)
    rows = {"menu/main": "Press one. " * 40, "bye": "See you.", "long": "Too long. " * 40}
    for _ in range(2):
        render(rows, "--prune", "all", status=1)
        assert read_map() == {"menu/main": old["menu/main"], "bye": read_map()["bye"]}
        assert list_files() == set(read_map().values())


def test_a_file_that_is_gone_is_not_in_the_map(render: Run) -> None:
    render(ROWS)
    Path("out", read_map()["bye"]).unlink()
    render(ROWS, "--only", "menu/*")
    assert list(read_map()) == ["menu/main"]


def test_several_files_are_a_list(render: Run) -> None:
    Path("voxpress.toml").write_text(PROJECT.replace("files = [", 'files = [{ path = "{id}.{hash}.flac" }, '))
    render({"bye": "Goodbye."})
    flac, wav = read_map()["bye"]
    assert flac.endswith(".flac") and wav.endswith(".wav")
    assert flac.split(".")[1][:8] != wav.split(".")[1]
    assert len(flac.split(".")[1]) == 12


def test_a_map_lies_where_it_is_asked_for(render: Run) -> None:
    render(ROWS, "--map", "web/map.json")
    assert set(read_map("web/map.json").values()) == list_files()
    assert not Path("out/files.json").exists()


@pytest.mark.parametrize("text", ["id,text\n", "[1]", '{"a": 1}', "", "{"])
def test_another_file_is_not_replaced_by_a_map(render: Run, text: str) -> None:
    Path("mine.json").write_text(text)
    assert "mine.json is there and is no map" in render(ROWS, "--map", "mine.json", status=2)
    assert Path("mine.json").read_text() == text
    assert not list_files()


def test_the_map_is_no_file_of_a_row(render: Run) -> None:
    Path("voxpress.toml").write_text(PROJECT.replace("{id}.{hash:8}.wav", "{id}.wav"))
    out = render({"bye": "Goodbye."}, "--marks", "json", "--map", "out/bye.json", status=2)
    assert "'bye.json' is also the file of a row" in out


def test_marks_have_the_name_of_their_file(render: Run) -> None:
    render({"bye": "Goodbye."}, "--marks", "srt")
    assert Path("out", read_map()["bye"]).with_suffix(".srt").exists()


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("{hash}.wav", "holds neither {id} nor {name}"),
        ("{id}.{hash:3}.wav", "a hash has 4 to 64 digits"),
        ("{id}.{hash:65}.wav", "a hash has 4 to 64 digits"),
        ("{id}.{hash:x}.wav", "a hash has 4 to 64 digits"),
        ("{id:8}.wav", "holds more than a name in {id}"),
        ("{id}.{hash!r}.wav", "holds more than a name in {hash}"),
    ],
)
def test_a_template_that_cannot_be_is_an_error(render: Run, path: str, problem: str) -> None:
    Path("voxpress.toml").write_text(PROJECT.replace("{id}.{hash:8}.wav", path))
    assert problem in render(ROWS, status=2)


@pytest.mark.faults
def test_a_render_that_is_killed_leaves_the_old_map_or_the_new_one(render: Run) -> None:
    rows = {f"row/{number}": f"Row number {number}." for number in range(60)}
    render(rows)
    changed = {id: text + " Again." for id, text in rows.items()}
    Path("rows.jsonl").write_text(
        "\n".join(json.dumps({"id": id, "text": text}) for id, text in changed.items()) + "\n"
    )
    command = [sys.executable, "-m", "voxpress", "render", "rows.jsonl", "-o", "out", "--prune", "all"]
    maps = []
    for many in (61, 80, 100, 120):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while len(list_files()) < many and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
        maps.append(read_map())
        assert len(maps[-1]) == 60 and list_files() >= set(maps[-1].values())
    subprocess.run(command, check=True)
    assert list_files() == set(read_map().values())
    assert all(each in (maps[0], read_map()) for each in maps)


@pytest.mark.parametrize(
    "content",
    [
        '{"welcome": "Thank you for calling.", "menu/main": "For hours, press one."}',
        '{"greeting": "Hallo", "colors": ["a", "b"]}',
        '{"lead": "a", "version": "1.0.0"}',
        '{"a": "a.wav", "b": "b.txt"}',
    ],
)
def test_another_file_of_texts_is_not_written_over(render: Run, content: str) -> None:
    """A manifest in JSON is a map of texts, too."""
    Path("prompts.json").write_text(content)
    told = render({"a": "Hello."}, "--map", "prompts.json", status=2)
    assert "prompts.json is there and is no map of files" in told
    assert Path("prompts.json").read_text() == content


PACK = "prompts: {welcome: Welcome., bye: Goodbye.}\n"
MINE = "extends: pack.yaml\nprompts: {welcome: Hello and welcome., bye: BYE, news: News.}\n"


@pytest.mark.parametrize("path", ["{id}.wav", "{folder}{rate}/{name}.wav", "{id}.{hash:8}.wav"])
def test_a_file_that_hides_a_row_of_the_pack_is_told_until_it_is_pruned(render: Run, path: str) -> None:
    """It was rendered when the rows differed, and now they do not."""
    Path("voxpress.toml").write_text(PROJECT.replace("{id}.{hash:8}.wav", path))
    Path("pack.yaml").write_text(PACK)
    Path("mine.yaml").write_text(MINE.replace("BYE", "See you."))
    assert "hides" not in render({}, manifest="mine.yaml")
    [old] = [each for each in list_files() if "bye" in each]
    Path("mine.yaml").write_text(MINE.replace("BYE", "Goodbye."))
    told = f"voxpress: out/{old} is left of a former render, and hides the file of pack.yaml, which has that row again"
    for options in ([], ["--only", "news"]):
        os.utime(Path("out", old))  # copied, say
        said = render({}, *options, manifest="mine.yaml")
        assert said.count(told) == 1 and said.count("hides") == 1
    assert ("hides" in render({}, "--dry-run", manifest="mine.yaml")) == ("hash" not in path)
    assert old in list_files()
    assert "hides" not in render({}, "--prune", manifest="mine.yaml")
    assert old not in list_files() and len(list_files()) == 2
    assert "hides" not in render({}, manifest="mine.yaml")
