"""``voxpress voicemail``: the greetings of mailboxes, where the phone system looks for them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from .conftest import Run

BOXES = "context,mailbox,name,language\ndefault,1001,Ada Byron,\nsales,20,Vertrieb,de\n"


@pytest.fixture
def boxes(tmp_path: Path) -> Path:
    file = tmp_path / "boxes.csv"
    file.write_text(BOXES)
    return file


def _texts(folder: str) -> dict[str, str]:
    lines = Path(folder, ".voxpress/report.jsonl").read_text().splitlines()
    return {entry["id"]: entry["text"] for entry in map(json.loads, lines) if entry["text"]}


def _files(folder: str) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix()
        for path in Path(folder).rglob("*")
        if path.is_file() and ".voxpress" not in path.parts
    )


def test_each_mailbox_gets_three_greetings_in_its_language(voxpress: Run, boxes: Path) -> None:
    done = voxpress("voicemail", boxes, "-o", "vm")
    assert "nothing has to be reloaded" in done.said
    assert _files("vm") == [
        "default/1001/busy.wav",
        "default/1001/greet.wav",
        "default/1001/unavail.wav",
        "sales/20/busy.wav",
        "sales/20/greet.wav",
        "sales/20/unavail.wav",
    ]
    texts = _texts("vm")
    assert texts["default/1001/unavail"] == "Ada Byron is not available. Please leave a message."
    assert texts["sales/20/busy"] == "Vertrieb spricht gerade. Bitte hinterlassen Sie eine Nachricht."
    assert texts["sales/20/greet"] == "Vertrieb"


def test_only_what_changed_is_spoken(voxpress: Run, tmp_path: Path) -> None:
    names = {number: f"Person {number}" for number in range(1001, 1501)}

    def write() -> str:
        rows = [f"{number},{name}" for number, name in names.items()]
        (tmp_path / "many.csv").write_text("\n".join(["mailbox,name", *rows]))
        return "many.csv"

    assert "1,500 rows: 1,500 rendered" in voxpress("voicemail", write(), "-o", "vm").said
    again = voxpress("voicemail", write(), "-o", "vm").said
    assert "1,500 up to date" in again
    assert "0 segments spoken" in again
    names[1234] = "Grace Hopper"
    renamed = voxpress("voicemail", write(), "-o", "vm").said
    assert "3 rendered" in renamed
    assert "1,497 up to date" in renamed


def test_formats_are_those_of_voicemail_conf(voxpress: Run, tmp_path: Path) -> None:
    """GSM in WAV has its extension in capitals, and what voxpress cannot make is told."""
    (tmp_path / "voicemail.conf").write_text(
        "[general]\nformat=wav49|g729|gsm|wav|pcm\n[default]\n1 => 4711,Ada Byron\n"
    )
    done = voxpress("voicemail", "voicemail.conf", "-o", "vm", "--kinds", "unavail")
    assert _files("vm") == [f"default/1/unavail.{ext}" for ext in ("WAV", "gsm", "ulaw", "wav")]
    assert "g729 cannot be made" in done.warned
    header = Path("vm/default/1/unavail.WAV").read_bytes()
    assert header[20:22] == b"\x31\x00"  # WAVE_FORMAT_GSM610
    assert Path("vm/default/1/unavail.wav").read_bytes()[24:28] == (8000).to_bytes(4, "little")
    assert "4711" not in Path("vm/.voxpress/report.jsonl").read_text()


@pytest.mark.parametrize("system", ["freeswitch", "fusionpbx"])
def test_freeswitch_keeps_them_by_domain(voxpress: Run, boxes: Path, system: str) -> None:
    done = voxpress("voicemail", boxes, "-o", "vm", "--for", system, status=2)
    assert "domain: 'default' is no domain: name it in a column domain, or with --domain" in done.warned
    voxpress(
        "voicemail",
        boxes,
        "-o",
        "vm",
        "--for",
        system,
        "--domain",
        "pbx.example.com",
        "--kinds",
        "greet,temp",
    )
    top = "voicemail/default/pbx.example.com"
    assert _files("vm") == [
        f"{top}/{box}/{name}.wav" for box in (1001, 20) for name in ("greeting_3", "recorded_name")
    ]


@pytest.mark.parametrize("name", ["unavail.wav", "unavail.gsm", "unavail.WAV", "unavail.g729"])
def test_a_recording_of_somebody_stays(voxpress: Run, boxes: Path, name: str) -> None:
    """In any format, because the system would play one of them; the other greetings are spoken."""
    own = Path("vm/default/1001", name)
    own.parent.mkdir(parents=True)
    own.write_bytes(b"Hello, this is Ada.")
    done = voxpress("voicemail", boxes, "-o", "vm")
    assert f"boxes.csv:2: default/1001/{name} is a recording of somebody's own, and stays" in done.warned
    assert "--replace replaces it" in done.warned
    assert own.read_bytes() == b"Hello, this is Ada."
    assert "5 rendered" in done.said
    assert [file for file in _files("vm") if "1001/unavail" in file] == [f"default/1001/{name}"]
    voxpress("voicemail", boxes, "-o", "vm", "--prune")
    assert own.read_bytes() == b"Hello, this is Ada."


def test_a_greeting_that_was_recorded_over_ours_stays_until_replaced(voxpress: Run, boxes: Path) -> None:
    voxpress("voicemail", boxes, "-o", "vm")
    own = Path("vm/default/1001/busy.wav")
    spoken = own.read_bytes()
    own.write_bytes(b"Hello, this is Ada.")
    done = voxpress("voicemail", boxes, "-o", "vm", "--prune")
    assert own.read_bytes() == b"Hello, this is Ada."
    assert done.warned.count("default/1001/busy.wav") == 1
    voxpress("voicemail", boxes, "-o", "vm", "--replace")
    assert own.read_bytes() == spoken


@pytest.mark.parametrize("name", ["unavail.gsm", "unavail.WAV", "unavail.g729", "unavail.sln16"])
def test_replace_also_deletes_the_formats_that_would_be_heard(voxpress: Run, boxes: Path, name: str) -> None:
    """Asterisk plays what costs the least, so a recording would go on winning."""
    own = Path("vm/default/1001", name)
    own.parent.mkdir(parents=True)
    own.write_bytes(b"Ada")
    done = voxpress("voicemail", boxes, "-o", "vm", "--replace")
    assert f"replaced default/1001/{name}" in done.said
    assert [file for file in _files("vm") if "1001/unavail" in file] == ["default/1001/unavail.wav"]


def test_a_recording_goes_only_when_its_new_greeting_stands(voxpress: Run, boxes: Path) -> None:
    """It cannot be got back."""
    boxes.write_text("mailbox,name\n1001,Ada\n1002,Bo\n")
    for box in ("1001", "1002"):
        Path("vm/default", box).mkdir(parents=True)
        Path("vm/default", box, "busy.gsm").write_bytes(b"Ada")
    Path("vm/default/1002/busy.wav").mkdir()
    done = voxpress(
        "voicemail", boxes, "-o", "vm", "--replace", "--kinds", "busy", "--only", "100?", status=1
    )
    assert "replaced default/1001/busy.gsm" in done.said
    assert not Path("vm/default/1001/busy.gsm").exists()
    assert Path("vm/default/1002/busy.gsm").exists()


@pytest.mark.parametrize("options", [["--dry-run"], ["--only", "20"], ["--voice", "nobody"]])
def test_a_recording_stays_where_nothing_takes_its_place(
    voxpress: Run, boxes: Path, options: list[str]
) -> None:
    own = Path("vm/default/1001/unavail.gsm")
    own.parent.mkdir(parents=True)
    own.write_bytes(b"Ada")
    done = voxpress(
        "voicemail", boxes, "-o", "vm", "--replace", *options, status=2 if "nobody" in options else 0
    )
    assert ("replace     default/1001/unavail.gsm" in done.said) == ("--dry-run" in options)
    assert own.read_bytes() == b"Ada"


@pytest.mark.parametrize("name", ["unavail.bak", "unavail.txt", "unavail.GSM"])
def test_what_asterisk_does_not_play_is_no_recording(voxpress: Run, boxes: Path, name: str) -> None:
    other = Path("vm/default/1001", name)
    other.parent.mkdir(parents=True)
    other.write_bytes(b"Ada")
    assert "6 rendered" in voxpress("voicemail", boxes, "-o", "vm", "--replace").said
    assert other.read_bytes() == b"Ada"


def test_freeswitch_plays_one_format(voxpress: Run, boxes: Path) -> None:
    """Which one, its settings say, so voxpress deletes nothing there."""
    own = Path("vm/voicemail/default/example.com/1001/greeting_1.mp3")
    own.parent.mkdir(parents=True)
    own.write_bytes(b"Ada")
    command = ["voicemail", boxes, "-o", "vm", "--for", "freeswitch", "--domain", "example.com"]
    assert "delete it to have a new one" in voxpress(*command).warned
    assert "greeting_1.mp3 would be heard in place" in voxpress(*command, "--replace", status=2).warned
    assert own.exists()


def test_greetings_in_former_formats_are_told_and_pruned(voxpress: Run, boxes: Path) -> None:
    voxpress("voicemail", boxes, "-o", "vm", "-f", "gsm,wav")
    boxes.write_text(BOXES.replace("Ada Byron", "Eve"))
    told = voxpress("voicemail", boxes, "-o", "vm").warned
    assert told == (
        "note: default/1001/unavail.gsm (and 5 other files) is of a former render, and can be heard in place of the new"
        " greeting: --prune deletes what -f does not name any more\n"
    )
    assert "note:" not in voxpress("voicemail", boxes, "-o", "vm", "--prune").warned
    assert not [file for file in _files("vm") if file.endswith(".gsm")]


def test_mailboxes_that_have_gone_are_pruned(voxpress: Run, boxes: Path) -> None:
    voxpress("voicemail", boxes, "-o", "vm")
    boxes.write_text(BOXES.replace("sales,20,Vertrieb,de\n", ""))
    voxpress("voicemail", boxes, "-o", "vm", "--prune")
    assert _files("vm") == [f"default/1001/{kind}.wav" for kind in ("busy", "greet", "unavail")]


@pytest.mark.parametrize("only", ["20", "sales/20", "sales/*", "sales/20/*"])
def test_only_one_mailbox(voxpress: Run, boxes: Path, only: str) -> None:
    voxpress("voicemail", boxes, "-o", "vm", "--only", only)
    assert _files("vm") == [f"sales/20/{kind}.wav" for kind in ("busy", "greet", "unavail")]


def test_wordings(voxpress: Run, boxes: Path, tmp_path: Path) -> None:
    """A row's own comes first, then the command's, then the project's, then voxpress's."""
    (tmp_path / "voxpress.toml").write_text(
        '[voicemail]\nunavail = "{name} is out."\nbusy = { de = "{name} telefoniert.", en = "{name} is busy." }\n'
    )
    voxpress("voicemail", boxes, "-o", "vm")
    texts = _texts("vm")
    assert texts["default/1001/unavail"] == "Ada Byron is out."
    assert texts["default/1001/busy"] == "Ada Byron is busy."
    assert texts["sales/20/busy"] == "Vertrieb telefoniert."
    boxes.write_text(
        "context,mailbox,name,busy,wording\ndefault,1001,Ada,Ask for {name}.,\ndefault,12,Bo,,Box {mailbox}.\n"
    )
    voxpress("voicemail", boxes, "-o", "vm", "--template", "unavail={name} of {context}.")
    texts = _texts("vm")
    assert texts["default/1001/unavail"] == "Ada of default."
    assert texts["default/1001/busy"] == "Ask for Ada."
    assert texts["default/12/unavail"] == texts["default/12/busy"] == "Box 1 2."
    assert texts["default/12/greet"] == "Bo"


def test_a_name_can_have_its_own_pronunciation(voxpress: Run, tmp_path: Path) -> None:
    (tmp_path / "boxes.csv").write_text(
        "mailbox,name,pronunciation,ipa\n1,Siobhan,Shivawn,\n2,Nguyen,/ˈwɪn/,\n3,Nguyen,,ˈwɪn\n"
    )
    voxpress("voicemail", "boxes.csv", "-o", "vm", "--kinds", "greet")
    lines = [json.loads(line) for line in Path("vm/.voxpress/report.jsonl").read_text().splitlines()]
    assert [(line["text"], line["markup"]) for line in lines] == [
        ("Shivawn", "plain"),
        ("[Nguyen](/ˈwɪn/)", "directions"),
        ("[Nguyen](/ˈwɪn/)", "directions"),
    ]


@pytest.mark.parametrize("name", ["Team 2019", "Sales 12/25", "Rooms 5-7"])
def test_uncertain_readings_are_shown_without_passwords(voxpress: Run, tmp_path: Path, name: str) -> None:
    """The hint leads to the readings of the greetings, and not to a list that holds PINs and addresses."""
    (tmp_path / "voicemail.conf").write_text(f"[default]\n1 => 4711,{name},ada@example.com\n")
    done = voxpress("voicemail", "voicemail.conf", "-o", "vm")
    assert "this shows them:  the same command with --dry-run --text" in done.said
    shown = voxpress("voicemail", "voicemail.conf", "-o", "vm", "--dry-run", "--text")
    assert any(line.endswith("?") for line in shown.said.splitlines())
    assert "4711" not in shown.said + shown.warned + done.said + done.warned
    assert "@" not in shown.said + shown.warned + done.said + done.warned


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away")
def test_greetings_of_another_owner_are_told(voxpress: Run, boxes: Path) -> None:
    """Each time, until the phone system can replace them."""
    Path("vm").mkdir()
    os.chown("vm", 1234, 1234)
    told = "10 files and folders in vm do not belong to its owner"
    assert told in voxpress("voicemail", boxes, "-o", "vm").said
    done = voxpress("voicemail", boxes, "-o", "vm")
    assert told in done.said
    subprocess.run(done.said.rpartition(":  ")[2].split(), check=True)
    assert "belong" not in voxpress("voicemail", boxes, "-o", "vm").said


def test_characters_that_a_voice_cannot_say_can_be_left_out(voxpress: Run) -> None:
    done = voxpress("voicemail", "-", "-o", "vm", "--unspeakable", "skip", stdin="mailbox,name\n1,Ada\n")
    assert "3 rendered" in done.said


def test_a_language_has_its_speaker(voxpress: Run, boxes: Path, tmp_path: Path) -> None:
    """So that one list holds mailboxes of several languages; a speaker of the list itself goes first."""
    (tmp_path / "voxpress.toml").write_text(
        '[cast]\nAnna = { engine = "tone", voice = "high" }\nBert = { engine = "tone", voice = "low" }\n'
        '[voicemail]\nspeakers = { de = "Anna" }\n'
    )
    boxes.write_text("mailbox,name,language,speaker\n1,A,de-AT,\n2,B,de,Bert\n3,C,,\n4,D,en,\n")
    voxpress("voicemail", boxes, "-o", "vm", "--kinds", "greet")
    lines = map(json.loads, Path("vm/.voxpress/report.jsonl").read_text().splitlines())
    voices = {entry["id"].split("/")[1]: entry["voice"] for entry in lines}
    assert voices == {"1": "high", "2": "low", "3": "low", "4": "low"}


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ('speakers = "Anna"', "voicemail.speakers: must be a table of languages and members of the cast"),
        ("speakers = { de = 3 }", "voicemail.speakers: must be a table of languages and members of the cast"),
        ('speakers = { de = "Anne" }', "'Anne'"),
    ],
)
def test_a_speaker_of_a_language_that_cannot_be(
    voxpress: Run, boxes: Path, tmp_path: Path, said: str, problem: str
) -> None:
    (tmp_path / "voxpress.toml").write_text(f'[cast]\nAnna = {{ engine = "tone" }}\n[voicemail]\n{said}\n')
    done = voxpress("voicemail", boxes, "-o", "vm", status=2)
    assert problem in done.warned


@pytest.mark.parametrize(
    ("table", "id"),
    [
        ("mailbox,name\n1001.0,A\n", "1001.0"),
        ("context,mailbox,name\nSales,20,A\nsales,21,B\n", "sales/21"),
        ("mailbox,name\n20,A\n20,B\n", "default/20"),
        ("mailbox,name,busy\n20,A,{pin}\n", "default/20"),
        ("mailbox,name,speed\n20,A,fast\n", "default/20/unavail"),
        ("mailbox,name\n20,\n", "default/20"),
    ],
)
def test_the_report_names_the_mailbox_of_what_is_wrong(voxpress: Run, table: str, id: str) -> None:
    good = "\n1,Good\n" if table.startswith("mailbox,name\n") else ""
    voxpress(
        "voicemail",
        "-",
        "-o",
        "vm",
        "--skip-bad",
        stdin=table + good,
        status=0 if table.endswith(",\n") else 1,
    )
    lines = map(json.loads, Path("vm/.voxpress/report.jsonl").read_text().splitlines())
    assert id in [entry["id"] for entry in lines if entry["status"] in ("failed", "left out")]


@pytest.mark.parametrize(
    ("first", "second"), [("Sales", "sales"), ("SALES", "Sales"), ("Zürich", "ZÜRICH"), ("é", "e\u0301")]
)
def test_contexts_that_some_disks_take_for_one(voxpress: Run, first: str, second: str) -> None:
    table = f"context,mailbox,name\n{first},20,Ada\n{second},21,Bo\n"
    done = voxpress("voicemail", "-", "-o", "vm", stdin=table, status=2)
    assert f"-:3: context: {second!r} stands in line 2 as {first!r}" in done.warned
    same = table.replace(f"{second},21", f"{second},20")
    assert (
        "-:3: mailbox 20 stands in line 2"
        in voxpress("voicemail", "-", "-o", "vm", stdin=same, status=2).warned
    )


def test_a_mailbox_without_a_name_is_left_to_the_system(voxpress: Run) -> None:
    done = voxpress("voicemail", "-", "-o", "vm", stdin="mailbox,name\n1,\n2,Bo\n")
    assert done.warned.count("mailbox 1 has no name") == 1
    assert "3 rendered" in done.said


@pytest.mark.parametrize(
    ("options", "table", "problem"),
    [
        ([], "mailbox,name\n1,A\n1,B\n", "-:3: mailbox 1 stands in line 2 already"),
        ([], "mailbox,name\n../../x,A\n", "mailbox: '../../x' cannot name a folder"),
        ([], "mailbox,name\n.,A\n", "mailbox: '.' cannot name a folder"),
        ([], "mailbox,name,context\n1,A,..\n", "context: '..' cannot name a folder"),
        ([], "[default]\n= 1,A\n", "mailbox: '' cannot name a folder"),
        ([], "mailbox,name\n*97,A\n", "holds '*', which file names cannot have"),
        (
            [],
            "mailbox,name,language\n1,A,nl\n",
            "has no wording in 'nl': add --template unavail='… {name} …'",
        ),
        ([], "mailbox,name,busy\n1,A,{pin}\n", "busy: '{pin}' holds {pin}"),
        ([], "mailbox,name,speed\n1,A,fast\n", "speed: must be a number above 0"),
        ([], "mailbox,name,langauge\n1,A,de\n", "'langauge'; did you mean 'language'?"),
        (
            [],
            '[{"mailbox": "1", "name": "Ada"}]\n',
            "is JSON: a list of mailboxes is a table or a voicemail.conf",
        ),
        ([], '{"mailbox": "1"}\n', "is JSON"),
        ([], "[\n", "is JSON"),
        ([], "[general]\nformat=wav\n", "has no mailboxes"),
        (["-l", "xx"], BOXES, "xx"),
        (["--kinds", "unvail"], BOXES, "did you mean 'unavail'?"),
        (["--template", "busy={nam}"], BOXES, "did you mean 'name'?"),
        (["--template", "bussy=x"], BOXES, "did you mean 'busy'?"),
        (["--template", "busy"], BOXES, "--template takes KIND=TEXT"),
        (["--for", "valetudo"], BOXES, "Valetudo has no voicemail"),
        (["-f", "mp3"], BOXES, "format: mp3 is not for voicemail"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_spoken(
    voxpress: Run, options: list[str], table: str, problem: str
) -> None:
    done = voxpress("voicemail", "-", "-o", "vm", *options, status=2, stdin=table)
    assert problem in done.warned
    assert not Path("vm/default").exists()
