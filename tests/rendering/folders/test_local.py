"""Output folders of this machine: which file a row has, how it comes to stand there, and what may be deleted again."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpress.errors import InputError, StoreError
from voxpress.files.paths import identity, safe_path
from voxpress.rendering.folders.local import LocalFolder
from voxpress.speech import Clip


def clip(data: bytes) -> Clip:
    """A clip of these bytes; the same bytes, the same key."""
    digest = hashlib.sha256(data).hexdigest()
    return Clip(key=digest, format="wav", sample_rate=8000, duration=0.5, size=len(data), sha256=digest)


def publish(folder: LocalFolder, path: str, data: bytes = b"audio") -> Clip:
    made = clip(data)
    folder.publish(path, made, data)
    return made


def holds(place: Path, path: str, data: bytes = b"audio") -> bool:
    """Whether a render that starts now would take the file as up to date."""
    return LocalFolder(place).holds(path, clip(data).key, "wav") is not None


def journal(place: Path) -> list[list[object]]:
    """The lines that can be read, as they are."""
    entries = []
    for line in (place / ".voxpress" / "journal.jsonl").read_bytes().splitlines():
        try:
            entries.append(json.loads(line))
        except ValueError:
            continue
    return [entry for entry in entries if entry[0]]  # the others say what has reached the disk


def files(place: Path) -> set[str]:
    """Everything in the folder that is not voxpress's own."""
    return {
        str(path.relative_to(place))
        for path in place.rglob("*")
        if not path.is_dir() and path.relative_to(place).parts[0] != ".voxpress"
    }


# Names


@pytest.mark.parametrize(
    ("given_path", "wanted"),
    [
        ("one.wav", "one.wav"),
        ("digits/1.wav", "digits/1.wav"),
        ("digits//1.wav", "digits/1.wav"),
        ("./digits/./1.wav", "digits/1.wav"),
        ("a/b/c/d/e.wav", "a/b/c/d/e.wav"),
        ("..hidden/...wav", "..hidden/...wav"),
        (".one.wav", ".one.wav"),
        ("Grüße/世界 😀.wav", "Grüße/世界 😀.wav"),
        ("a b/c'd e$(f)`g`.wav", "a b/c'd e$(f)`g`.wav"),
        (" leading.wav", " leading.wav"),
        ("می\u200cشود.wav", "می\u200cشود.wav"),
        ("👨\u200d👩.wav", "👨\u200d👩.wav"),
        ("console.wav", "console.wav"),
        ("com10.wav", "com10.wav"),
        ("n" * 236 + ".wav", "n" * 236 + ".wav"),
    ],
)
def test_paths_inside_the_folder_are_taken(given_path: str, wanted: str) -> None:
    """Subfolders, blanks, quotes and letters of every kind; doubled slashes and dots are dropped."""
    assert safe_path(given_path) == wanted


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "/",
        "..",
        "../x.wav",
        "a/../../x.wav",
        "a/../b.wav",
        "a/..",
        "/etc/passwd",
        "//server/share.wav",
        "a/",
        "a/b/",
        "\\x.wav",
        "..\\x.wav",
        "a\\..\\..\\x.wav",
        "C:\\x.wav",
        "C:x.wav",
        "c:/x.wav",
        "x.wav:stream",
        "file:///x.wav",
        "a\0.wav",
        "a\n.wav",
        "a\x1b[31m.wav",
        "a\x7f.wav",
        "a\x85.wav",
        "a\ud800.wav",
        "con.wav",
        "CON",
        "aux/x.wav",
        "x/NUL.wav",
        "lpt1.wav",
        "com9.x.wav",
        ".voxpress/journal.jsonl",
        ".VoxPress/x.wav",
        "a/.voxpress/x.wav",
        ".voxpre\u017fs/x.wav",
        ".vox\u200dpress/x.wav",
        ".. /x.wav",
        "a. /b.wav",
        "a./b.wav",
        "trail.",
        "trail ",
        "con .wav",
        "conin$",
        "CONOUT$.wav",
        "com¹.wav",
        "a?b*.wav",
        "a<b>.wav",
        'a"b.wav',
        "a|b.wav",
        "a\u202eb.wav",
        "a\u200bb.wav",
        "a\ufeffb.wav",
        "a\u2028b.wav",
        "a\u00adb.wav",
        "a\u0378b.wav",
        "a\uffffb.wav",
        "a\u3164b.wav",
        "a\U000e0041b.wav",
        "/".join(["long"] * 250),
        "n" * 241,
        "é" * 121,
        "x/" + "世" * 81 + ".wav",
    ],
)
def test_paths_that_lead_out_or_that_some_system_cannot_have_are_refused(path: str) -> None:
    """With one line that holds the path, and no control characters that a terminal would obey."""
    with pytest.raises(InputError) as problem:
        safe_path(path)
    assert str(problem.value).isprintable()


@given(st.text(st.sampled_from("ab./\\:~ é\0\n"), max_size=24) | st.text(max_size=40))
def test_whatever_is_taken_stays_inside(path: str) -> None:
    """No text at all leads out of the folder, and what is taken is taken again as it is."""
    try:
        safe = safe_path(path)
    except InputError:
        return
    assert os.path.normpath(os.path.join("/folder", safe)) == f"/folder/{safe}"
    assert safe_path(safe) == safe


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Digits/One.wav", "digits/one.WAV"),
        ("café.wav", unicodedata.normalize("NFD", "café.wav")),
        ("CAFÉ.wav", unicodedata.normalize("NFD", "café.wav")),
        ("straße.wav", "STRASSE.wav"),
        ("ΣΊΣΥΦΟΣ.wav", "σίσυφος.wav"),
        ("K.wav", "\N{KELVIN SIGN}.wav"),
        ("a\u0345\u0301.wav", "A\u0301\u0399.wav"),
        ("می\u200cشود.wav", "میشود.wav"),
    ],
)
def test_names_that_some_file_system_takes_for_one_are_one(one: str, other: str) -> None:
    """macOS and Windows ignore case, macOS the form of accents."""
    assert identity(one) == identity(other)


def test_names_that_differ_are_two() -> None:
    """Letters with and without accents, blanks, zeros."""
    names = ["a.wav", "ä.wav", "a .wav", "aa.wav", "a0.wav", "b/a.wav", "世.wav", "界.wav"]
    assert len({identity(name) for name in names}) == len(names)


# Publishing


def test_what_was_published_stands_there_and_is_known(tmp_path: Path) -> None:
    """The file, its folders, one line of the journal, and nothing else."""
    place = tmp_path / "new" / "out"
    publish(LocalFolder(place), "digits/1.wav")
    assert (place / "digits" / "1.wav").read_bytes() == b"audio"
    assert files(place) == {"digits/1.wav"}
    assert len(journal(place)) == 1
    assert not any((place / ".voxpress" / "staging").iterdir())
    assert holds(place, "digits/1.wav")
    assert not holds(place, "digits/2.wav")
    assert not holds(place, "digits/1.wav", b"other audio")


def test_a_published_file_can_be_read_by_whom_the_user_allows(tmp_path: Path) -> None:
    """Permissions follow the umask, as those of any file a program writes."""
    old = os.umask(0o027)
    try:
        publish(LocalFolder(tmp_path), "a.wav")
    finally:
        os.umask(old)
    assert (tmp_path / "a.wav").stat().st_mode & 0o777 == 0o640


def test_nobody_sees_a_part_of_a_file(tmp_path: Path) -> None:
    """While another process replaces it again and again, it is whole at every look."""
    program = (
        "import sys, hashlib\n"
        "from voxpress.rendering.folders.local import LocalFolder; from voxpress.speech import Clip\n"
        "folder = LocalFolder(sys.argv[1])\n"
        "for n in range(60):\n"
        "    data = bytes([n]) * 1_000_000\n"
        "    key = hashlib.sha256(data).hexdigest()\n"
        "    clip = Clip(key=key, format='wav', sample_rate=8000, duration=1.0, size=len(data))\n"
        "    folder.publish('a.wav', clip, data)\n"
    )
    publish(LocalFolder(tmp_path), "a.wav", bytes(1_000_000))
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)]) as writer:
        while writer.poll() is None:
            data = (tmp_path / "a.wav").read_bytes()
            assert len(data) == 1_000_000 and data == data[:1] * len(data)
    assert writer.returncode == 0
    assert holds(tmp_path, "a.wav", bytes([59]) * 1_000_000)


@pytest.mark.parametrize(
    "change", ["edited", "edited, same size", "touched", "removed", "replaced", "a folder", "dangling"]
)
def test_a_file_that_the_user_changed_is_not_up_to_date(tmp_path: Path, change: str) -> None:
    """What is lost is written again; what somebody put there is theirs, until they allow it to be replaced."""
    publish(LocalFolder(tmp_path), "a.wav")
    file = tmp_path / "a.wav"
    time.sleep(0.01)
    match change:
        case "edited":
            file.write_bytes(b"something else")
        case "edited, same size":
            file.write_bytes(b"AUDIO")
        case "touched":
            os.utime(file)
        case "removed":
            file.unlink()
        case "replaced":
            (tmp_path / "b.wav").write_bytes(b"AUDIO")
            os.replace(tmp_path / "b.wav", file)
        case "a folder":
            file.unlink()
            file.mkdir()
        case "dangling":
            file.unlink()
            file.symlink_to(tmp_path / "nowhere")
    assert not holds(tmp_path, "a.wav")
    if change == "a folder":
        with pytest.raises(InputError, match=f"cannot write {file}: Is a directory"):
            publish(LocalFolder(tmp_path), "a.wav")
        return
    if change in ("touched", "removed"):
        publish(LocalFolder(tmp_path), "a.wav")
    else:
        with pytest.raises(InputError, match=r"cannot write .*a\.wav: .*--overwrite"):
            publish(LocalFolder(tmp_path), "a.wav")
        publish(LocalFolder(tmp_path, overwrite=True), "a.wav")
    assert holds(tmp_path, "a.wav")
    assert not file.is_symlink()


@pytest.mark.parametrize("theirs", [b"PRECIOUS", b"audio and more", b"\0\0\0\0\0"])
def test_a_file_that_voxpress_did_not_write_stays(tmp_path: Path, theirs: bytes) -> None:
    """Whatever its length; other files go on, and who allows it gets the new one."""
    (tmp_path / "a.wav").write_bytes(theirs)
    with pytest.raises(InputError, match="--overwrite"):
        publish(LocalFolder(tmp_path), "a.wav")
    assert (tmp_path / "a.wav").read_bytes() == theirs
    publish(LocalFolder(tmp_path), "b.wav")
    publish(LocalFolder(tmp_path, overwrite=True), "a.wav")
    assert (tmp_path / "a.wav").read_bytes() == b"audio"


@pytest.mark.parametrize("theirs", [b"", b"au", b"audio"])
def test_a_file_from_which_nothing_can_be_lost_is_written(tmp_path: Path, theirs: bytes) -> None:
    """Empty, cut, or the same as what is wanted."""
    (tmp_path / "a.wav").write_bytes(theirs)
    publish(LocalFolder(tmp_path), "a.wav")
    assert holds(tmp_path, "a.wav")


def test_what_voxpress_wrote_is_replaced_though_its_times_are_lost(tmp_path: Path) -> None:
    """`cp -r` of a folder, then other texts: the bytes are compared. Another process wrote some of it meanwhile."""
    mine, other = LocalFolder(tmp_path), LocalFolder(tmp_path)
    publish(mine, "a.wav", b"first")
    os.utime(tmp_path / "a.wav", (1, 1))
    publish(mine, "a.wav", b"second")
    publish(other, "a.wav", b"third")
    publish(mine, "a.wav", b"fourth")
    assert (tmp_path / "a.wav").read_bytes() == b"fourth"


def test_a_subfolder_that_links_elsewhere_is_not_written_through(tmp_path: Path) -> None:
    """Refused as pruning refuses it; a link to another part of the same folder is none of that."""
    place = tmp_path / "out"
    (tmp_path / "elsewhere").mkdir()
    (place / "inner").mkdir(parents=True)
    (place / "digits").symlink_to(tmp_path / "elsewhere")
    (place / "also").symlink_to(place / "inner")
    with pytest.raises(InputError, match=r"digits/1\.wav: digits is a link that leads out"):
        publish(LocalFolder(place), "digits/1.wav")
    with pytest.raises(InputError, match="digits/deep is a link that leads out"):
        publish(LocalFolder(place), "digits/deep/1.wav")
    publish(LocalFolder(place), "also/1.wav")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_folder_stays_where_it_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that changes the current folder moves no file."""
    monkeypatch.chdir(tmp_path)
    folder = LocalFolder("out")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    publish(folder, "digits/1.wav")
    publish(pickle.loads(pickle.dumps(folder)), "digits/2.wav")
    assert files(tmp_path / "out") == {"digits/1.wav", "digits/2.wav"}
    assert folder.path == Path("out")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_file_that_is_a_link_is_replaced_only_if_that_is_allowed(tmp_path: Path) -> None:
    """Its target is never written."""
    (tmp_path / "precious.txt").write_text("precious")
    place = tmp_path / "out"
    place.mkdir()
    (place / "a.wav").symlink_to(tmp_path / "precious.txt")
    with pytest.raises(InputError, match="--overwrite"):
        publish(LocalFolder(place), "a.wav")
    publish(LocalFolder(place, overwrite=True), "a.wav")
    assert (tmp_path / "precious.txt").read_text() == "precious"
    assert (place / "a.wav").read_bytes() == b"audio"
    assert not (place / "a.wav").is_symlink()


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    """Users point `out` at another disk."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    publish(LocalFolder(tmp_path / "out"), "x/a.wav")
    assert holds(tmp_path / "disk", "x/a.wav") and holds(tmp_path / "out", "x/a.wav")
    assert LocalFolder(tmp_path / "out").prune(set()) == ["x/a.wav"]
    assert files(tmp_path / "disk") == set()


def test_a_folder_that_was_copied_with_its_times_is_up_to_date(tmp_path: Path) -> None:
    """`cp -a`, `rsync -a` and backups keep times, so nothing is written again."""
    publish(LocalFolder(tmp_path / "one"), "a.wav")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    assert holds(tmp_path / "two", "a.wav")


def test_a_file_in_the_way_is_the_fault_of_one_row(tmp_path: Path) -> None:
    """`a.wav` and `a.wav/b.wav` cannot both be: the second is refused, and others go on."""
    publish(LocalFolder(tmp_path), "a.wav")
    with pytest.raises(InputError, match=r"cannot write .*/a\.wav/b\.wav: "):
        publish(LocalFolder(tmp_path), "a.wav/b.wav")
    publish(LocalFolder(tmp_path), "c.wav")
    assert files(tmp_path) == {"a.wav", "c.wav"}
    assert not any((tmp_path / ".voxpress" / "staging").iterdir())


def test_a_file_in_place_of_the_folder_is_one_clear_error(tmp_path: Path) -> None:
    """Named, with the reason."""
    (tmp_path / "out").write_text("not a folder")
    with pytest.raises(StoreError, match=r"out.*: (Not a directory|File exists)"):
        publish(LocalFolder(tmp_path / "out"), "a.wav")
    with pytest.raises(StoreError, match=r"out.*: Not a directory"):
        holds(tmp_path / "out", "a.wav")


# The journal


@pytest.mark.parametrize("torn", [1, 10, 40, -2, -1])
def test_a_torn_last_line_costs_that_line_alone(tmp_path: Path, torn: int) -> None:
    """A process killed while writing it: what stood before and what is written after are both known."""
    publish(LocalFolder(tmp_path), "a.wav")
    publish(LocalFolder(tmp_path), "b.wav")
    place = tmp_path / ".voxpress" / "journal.jsonl"
    lines = [line for line in place.read_bytes().splitlines() if line]
    place.write_bytes(place.read_bytes()[: place.read_bytes().rindex(lines[1])] + lines[1][:torn])
    assert holds(tmp_path, "a.wav")
    publish(LocalFolder(tmp_path), "c.wav")
    assert holds(tmp_path, "a.wav") and holds(tmp_path, "c.wav")
    assert LocalFolder(tmp_path).prune(set()) == ["a.wav", "c.wav"]


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe\xfd\n",
        b'["\xc3","ab"]\n',
        b"null\n",
        b"{}\n",
        b"[]\n",
        b"\0" * 512 + b"\n",
        b'["a.wav","x",1,1,1,1.0]\n',
    ],
)
def test_a_line_that_makes_no_sense_is_passed_over(tmp_path: Path, line: bytes) -> None:
    """Zeros after a power cut, bytes that are no text, JSON of something else."""
    publish(LocalFolder(tmp_path), "a.wav")
    place = tmp_path / ".voxpress" / "journal.jsonl"
    place.write_bytes(line + place.read_bytes() + b"\n" + line.replace(b"a.wav", b"b.wav"))
    publish(LocalFolder(tmp_path), "c.wav")
    assert holds(tmp_path, "a.wav") and holds(tmp_path, "c.wav")
    LocalFolder(tmp_path).tidy()
    assert holds(tmp_path, "a.wav") and holds(tmp_path, "c.wav")


def test_a_journal_that_is_lost_costs_no_file(tmp_path: Path) -> None:
    """What stands there is written again where it is wanted, and not deleted where it is not."""
    publish(LocalFolder(tmp_path), "a.wav")
    (tmp_path / ".voxpress" / "journal.jsonl").unlink()
    assert not holds(tmp_path, "a.wav")
    assert LocalFolder(tmp_path).prune(set()) == []
    assert files(tmp_path) == {"a.wav"}


def test_a_file_whose_successor_was_noted_and_never_renamed_stays_known(tmp_path: Path) -> None:
    """A process was killed between the two: the line of the file that stands there outlives the tidying."""
    folder, place = LocalFolder(tmp_path), tmp_path / "hello.wav"
    publish(folder, "hello.wav")
    first = place.stat()
    publish(folder, "hello.wav")
    os.utime(place, ns=(first.st_atime_ns, first.st_mtime_ns))
    assert holds(tmp_path, "hello.wav")
    for n in range(1010):
        publish(folder, "other.wav", b"%d" % (n % 2))
    LocalFolder(tmp_path).tidy()
    assert len(journal(tmp_path)) == 2
    assert holds(tmp_path, "hello.wav")


def test_tidy_keeps_the_last_line_of_each_file_and_sweeps_what_the_killed_left(tmp_path: Path) -> None:
    """A file that was rendered a thousand times has one line afterwards; old leftovers go, young ones stay."""
    folder = LocalFolder(tmp_path)
    publish(folder, "b.wav")
    for n in range(1200):
        publish(folder, "a.wav", b"%d" % n)
    staging = tmp_path / ".voxpress" / "staging"
    for name, age in (("old", 7200), ("young", 60)):
        (staging / f".{name}.partial").write_bytes(b"half")
        os.utime(staging / f".{name}.partial", (time.time() - age,) * 2)
    folder.tidy()
    assert len(journal(tmp_path)) == 2
    assert holds(tmp_path, "a.wav", b"1199") and holds(tmp_path, "b.wav")
    assert [path.name for path in staging.iterdir()] == [".young.partial"]
    publish(folder, "c.wav")
    assert holds(tmp_path, "c.wav")


BUSY = """
import hashlib, sys
from voxpress.rendering.folders.local import LocalFolder
from voxpress.speech import Clip
place, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
folder = LocalFolder(place)
for n in range(count):
    data = f"{name} {n}".encode()
    key = hashlib.sha256(data).hexdigest()
    one = Clip(key=key, format="wav", sample_rate=8000, duration=0.5, size=len(data))
    folder.publish(f"{name}/{n}.wav", one, data)
    folder.publish("shared.wav", one, data)
"""


def test_writers_tidiers_and_pruners_at_once_lose_no_line(tmp_path: Path) -> None:
    """Two processes publish while others rewrite the journal and delete what was there before: each file is known."""
    former = LocalFolder(tmp_path)
    for n in range(100):
        publish(former, f"former/{n}.wav")
    count = 300
    care = (
        "import sys, time; from voxpress.rendering.folders.local import LocalFolder\n"
        "wanted = {hash(f'{name}/{n}.wav') for name in ('one', 'two') for n in range(1000)} | {hash('shared.wav')}\n"
        "while True:\n"
        "    folder = LocalFolder(sys.argv[1]); folder.prune(wanted); folder.tidy()\n"
        "    time.sleep(0.001)\n"
    )
    carers = [subprocess.Popen([sys.executable, "-c", care, str(tmp_path)]) for _ in range(2)]
    writers = [
        subprocess.Popen([sys.executable, "-c", BUSY, str(tmp_path), name, str(count)])
        for name in ("one", "two")
    ]
    try:
        assert [writer.wait(120) for writer in writers] == [0, 0]
        assert [carer.poll() for carer in carers] == [None, None]
    finally:
        for carer in carers:
            carer.kill()
            carer.wait()
    for name in ("one", "two"):
        for n in range(count):
            assert holds_one(tmp_path, f"{name}/{n}.wav", f"{name} {n}".encode())
    LocalFolder(tmp_path).prune({hash("shared.wav")} | {hash(path) for path in files(tmp_path)})
    assert {path for path in files(tmp_path) if path.startswith("former/")} == set()


def test_four_writers_of_one_file_know_it_for_their_own(tmp_path: Path) -> None:
    """Whichever was the last to put it there, the others have not "a file that voxpress did not write" before them."""
    program = BUSY.replace('folder.publish(f"{name}/{n}.wav", one, data)', "")
    writers = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path), str(n), "400"]) for n in range(4)
    ]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0, 0]
    assert any(holds(tmp_path, "shared.wav", f"{n} 399".encode()) for n in range(4))


def test_threads_of_one_process_share_a_folder(tmp_path: Path) -> None:
    """As with `render(executor=ThreadPoolExecutor(…))`: none takes a file for somebody else's, no line is lost."""
    folder = LocalFolder(tmp_path)
    paths = [f"{n}.wav" for n in range(300)]
    with ThreadPoolExecutor(8) as threads:
        for turn in range(5):
            data = b"%d" % turn
            list(threads.map(lambda path, data=data: publish(folder, path, data), paths))
            folder.tidy()
    assert [path for path in paths if not folder.holds(path, clip(data).key, "wav")] == []
    fresh = LocalFolder(tmp_path)
    assert [path for path in paths if not fresh.holds(path, clip(data).key, "wav")] == []


def test_a_journal_that_somebody_has_changed_costs_no_more_than_its_lines(tmp_path: Path) -> None:
    """It is cut and written over while a render has it open: what it knew is published again."""
    folder = LocalFolder(tmp_path)
    publish(folder, "a.wav")
    assert folder.holds("b.wav", clip(b"audio").key, "wav") is None
    (tmp_path / ".voxpress" / "journal.jsonl").write_bytes(b"\xff" * 300)
    assert folder.holds("a.wav", clip(b"audio").key, "wav") is None
    publish(folder, "a.wav")
    assert holds(tmp_path, "a.wav")


def test_a_path_with_many_lines_hides_no_other(tmp_path: Path) -> None:
    """Others are found behind them, however long their paths."""
    folder = LocalFolder(tmp_path)
    paths = [f"{n}/{'é' * 60}/{'é' * 60}/{'é' * 60}.wav" for n in range(3)]
    for n in range(1500):
        publish(folder, "busy.wav", b"%d" % n)
    for path in paths:
        publish(folder, path)
    assert all(holds(tmp_path, path) for path in paths)
    assert holds(tmp_path, "busy.wav", b"1499") and not holds(tmp_path, "busy.wav", b"1")


KNOWN: dict[tuple[Path, float], LocalFolder] = {}


def holds_one(place: Path, path: str, data: bytes) -> bool:
    """As `holds`, reading the journal once for many."""
    key = (place, (place / ".voxpress" / "journal.jsonl").stat().st_mtime)
    folder = KNOWN.setdefault(key, LocalFolder(place))
    return folder.holds(path, clip(data).key, "wav") is not None


def test_a_process_that_is_killed_holding_the_journal_holds_nobody_up(tmp_path: Path) -> None:
    """The lock goes with the process."""
    program = (
        "import sys, time; from voxpress.rendering.folders.local import LocalFolder\n"
        "with LocalFolder(sys.argv[1])._journal.held(alone=True): print('held', flush=True); time.sleep(60)\n"
    )
    publish(LocalFolder(tmp_path), "a.wav")
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        holder.send_signal(signal.SIGKILL)
    publish(LocalFolder(tmp_path), "b.wav")
    assert holds(tmp_path, "a.wav") and holds(tmp_path, "b.wav")


# Pruning


def test_prune_deletes_what_nobody_wants_any_more_and_says_what(tmp_path: Path) -> None:
    """Files of former renders, then their empty folders; the user's own files and the folder itself stay."""
    folder = LocalFolder(tmp_path / "out")
    for path in ("keep.wav", "old.wav", "a/b/old.wav", "a/keep.wav", "c/old.wav"):
        publish(folder, path)
    (tmp_path / "out" / "c" / "mine.txt").write_text("mine")
    removed = LocalFolder(tmp_path / "out").prune({hash("keep.wav"), hash("a/keep.wav")})
    assert sorted(removed) == ["a/b/old.wav", "c/old.wav", "old.wav"]
    assert files(tmp_path / "out") == {"keep.wav", "a/keep.wav", "c/mine.txt"}
    assert not (tmp_path / "out" / "a" / "b").exists()
    assert LocalFolder(tmp_path / "out").prune({hash("keep.wav"), hash("a/keep.wav")}) == []
    assert len(journal(tmp_path / "out")) == 2
    assert sorted(LocalFolder(tmp_path / "out").prune(set())) == ["a/keep.wav", "keep.wav"]
    assert (tmp_path / "out").is_dir()


@pytest.mark.parametrize("change", ["edited", "replaced by a link", "replaced by a folder"])
def test_prune_leaves_alone_what_the_user_put_in_place_of_a_file(tmp_path: Path, change: str) -> None:
    """Somebody edited the recording by hand: it is theirs now, although a former render wrote one of that name."""
    place = tmp_path / "out"
    publish(LocalFolder(place), "a.wav")
    file = place / "a.wav"
    (tmp_path / "theirs").write_bytes(b"their own recording")
    file.unlink()
    match change:
        case "edited":
            shutil.copy(tmp_path / "theirs", file)
        case "replaced by a link":
            file.symlink_to(tmp_path / "theirs")
        case "replaced by a folder":
            file.mkdir()
            shutil.copy(tmp_path / "theirs", file / "theirs")
    assert list(LocalFolder(place).stale(set()).kept) == ["a.wav"]
    assert LocalFolder(place).prune(set()) == []
    assert os.path.lexists(file)
    assert (tmp_path / "theirs").exists()
    assert list(LocalFolder(place).stale(set()).kept) == ["a.wav"]


def test_what_lost_its_times_is_pruned_by_its_bytes(tmp_path: Path) -> None:
    """`cp -r`: what is as it was written goes, what was changed stays in the journal and is told each time."""
    publish(LocalFolder(tmp_path / "out"), "same.wav")
    publish(LocalFolder(tmp_path / "out"), "changed.wav")
    publish(LocalFolder(tmp_path / "out"), "wanted.wav")
    shutil.copytree(tmp_path / "out", tmp_path / "copy", copy_function=shutil.copyfile)
    (tmp_path / "copy" / "changed.wav").write_bytes(b"AUDIO")
    copy = LocalFolder(tmp_path / "copy")
    stale = copy.stale({hash("wanted.wav")})
    assert (stale.known, stale.removable) == (3, ("same.wav",))
    assert stale.kept == {"changed.wav": "it was changed since voxpress wrote it"}
    assert copy.prune({hash("wanted.wav")}) == ["same.wav"]
    assert files(tmp_path / "copy") == {"changed.wav", "wanted.wav"}
    assert LocalFolder(tmp_path / "copy").stale({hash("wanted.wav")}).kept == stale.kept


# A loss of power


def lose(file: Path) -> None:
    """The bytes of a file, and not its look."""
    look = file.stat()
    file.write_bytes(bytes(look.st_size))
    os.utime(file, ns=(look.st_atime_ns, look.st_mtime_ns))


def test_a_file_that_only_looks_whole_after_a_loss_of_power_is_not_up_to_date(tmp_path: Path) -> None:
    """Size and time are there, the bytes are not: what was not synced is compared, and put right."""
    folder = LocalFolder(tmp_path)
    publish(folder, "synced.wav")
    folder.sync()
    publish(folder, "sound.wav")
    publish(folder, "lost.wav")
    file = tmp_path / "lost.wav"
    lose(file)
    assert holds(tmp_path, "synced.wav") and holds(tmp_path, "sound.wav")
    assert not holds(tmp_path, "lost.wav")
    publish(LocalFolder(tmp_path), "lost.wav")
    assert file.read_bytes() == b"audio"


@pytest.mark.parametrize("left", [0, 3])
def test_a_file_that_lost_its_end_with_the_power_is_written_again(tmp_path: Path, left: int) -> None:
    """Empty or cut, with its line or without."""
    for journal_stays in (True, False):
        publish(LocalFolder(tmp_path, overwrite=True), "a.wav")
        (tmp_path / "a.wav").write_bytes(b"audio"[:left])
        if not journal_stays:
            (tmp_path / ".voxpress" / "journal.jsonl").write_bytes(b"")
        assert not holds(tmp_path, "a.wav")
        publish(LocalFolder(tmp_path), "a.wav")
        assert (tmp_path / "a.wav").read_bytes() == b"audio"


# One render at a time


def test_one_render_at_a_time(tmp_path: Path) -> None:
    """The second says who is at work, and touches nothing; a killed one holds nobody up."""
    program = (
        "import sys, time; from voxpress.rendering.folders.local import LocalFolder\n"
        "with LocalFolder(sys.argv[1]).claim(): print('held', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        with (
            pytest.raises(
                StoreError, match=rf"is being rendered into by process {holder.pid} on .* since 20"
            ),
            LocalFolder(tmp_path).claim(),
        ):
            pass
        holder.send_signal(signal.SIGKILL)
    with LocalFolder(tmp_path).claim():
        publish(LocalFolder(tmp_path), "a.wav")


@pytest.mark.parametrize(
    "path", ["../precious.wav", "/{0}/precious.wav", "x/../../precious.wav", "..\\precious.wav", ""]
)
def test_prune_never_deletes_outside_the_folder(tmp_path: Path, path: str) -> None:
    """A journal that was tampered with names a file elsewhere: passed over, and the rest is done."""
    place, precious = tmp_path / "out", tmp_path / "precious.wav"
    publish(LocalFolder(place), "old.wav")
    precious.write_bytes(b"audio")
    look = precious.stat()
    line = [path.format(str(tmp_path)[1:]), clip(b"audio").key, look.st_size, look.st_mtime_ns, 8000, 0.5]
    with (place / ".voxpress" / "journal.jsonl").open("a") as lines:
        lines.write("\n" + json.dumps(line) + "\n")
    assert LocalFolder(place).prune(set()) == ["old.wav"]
    assert precious.read_bytes() == b"audio"
    assert LocalFolder(place).prune(set()) == []


def test_prune_does_not_follow_links_out_of_the_folder(tmp_path: Path) -> None:
    """A subfolder that was replaced by a link: what lies behind it is not this folder's."""
    place = tmp_path / "out"
    publish(LocalFolder(place), "digits/1.wav")
    shutil.move(place / "digits", tmp_path / "elsewhere")
    (place / "digits").symlink_to(tmp_path / "elsewhere")
    assert LocalFolder(place).prune(set()) == []
    assert (tmp_path / "elsewhere" / "1.wav").read_bytes() == b"audio"


def test_prune_of_a_folder_that_never_was_is_nothing(tmp_path: Path) -> None:
    """And makes no folder."""
    assert LocalFolder(tmp_path / "out").prune(set()) == []
    LocalFolder(tmp_path / "out").tidy()
    assert not (tmp_path / "out").exists()


def test_a_sync_proves_nothing_that_is_older_than_its_render(tmp_path: Path) -> None:
    """The power was lost before: what only looks whole stays unproven, whatever is written and synced later."""
    publish(LocalFolder(tmp_path), "lost.wav")
    file = tmp_path / "lost.wav"
    lose(file)
    later = LocalFolder(tmp_path)
    with later.claim():
        publish(later, "later.wav")
        later.sync()
    assert holds(tmp_path, "later.wav") and not holds(tmp_path, "lost.wav")


def test_what_was_compared_once_is_not_compared_each_time(tmp_path: Path) -> None:
    """A killed render leaves files that no sync has proven; a later one that finds them whole has them proven."""
    for number in range(3):
        publish(LocalFolder(tmp_path), f"{number}.wav")
    looking = LocalFolder(tmp_path)
    assert all(looking.holds(f"{number}.wav", clip(b"audio").key, "wav") for number in range(3))
    before = (tmp_path / ".voxpress/journal.jsonl").read_bytes()
    with looking.claim():
        assert all(looking.holds(f"{number}.wav", clip(b"audio").key, "wav") for number in range(3))
    after = (tmp_path / ".voxpress/journal.jsonl").read_bytes()
    assert after.startswith(before) and len(after) > len(before)
    for number in range(3):  # so it is the journal's word that counts from here
        file = tmp_path / f"{number}.wav"
        lose(file)
    assert all(holds(tmp_path, f"{number}.wav") for number in range(3))


def test_a_journal_that_is_written_anew_proves_no_more_than_before(tmp_path: Path) -> None:
    publish(LocalFolder(tmp_path), "lost.wav")
    file = tmp_path / "lost.wav"
    lose(file)
    folder = LocalFolder(tmp_path)
    for name in ("kept.wav", "stale.wav"):
        publish(folder, name)
    folder.sync()
    LocalFolder(tmp_path).prune({hash("kept.wav"), hash("lost.wav")})
    assert {entry[0] for entry in journal(tmp_path)} == {"kept.wav", "lost.wav"}
    assert holds(tmp_path, "kept.wav") and not holds(tmp_path, "lost.wav")
