"""The command line as a user meets it: exit codes, files, what is printed where."""

import io
import json
import os
import pty
import shlex
import subprocess
import sys
import wave
from dataclasses import dataclass

import pytest

from tests.engines.speech_server import KEY, SpeechServer
from tests.speechlike import speech
from voxpress.audio import codec
from voxpress.cli import main
from voxpress.engines import openai
from voxpress.rendering import casting, worker
from voxpress.speech import Output
from voxpress.voices import references


@dataclass
class Done:
    stdout: bytes
    stderr: bytes


@pytest.fixture
def voxpress(tmp_path, monkeypatch, capfdbinary):
    """Runs ``voxpress …`` in a folder of its own, with a store of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOXPRESS_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments, status=0, stdin=""):
        monkeypatch.setattr(sys, "argv", ["voxpress", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        with pytest.raises(SystemExit) as ended:
            main()
        sys.stdout.flush()
        done = Done(*capfdbinary.readouterr())
        assert ended.value.code == status, done.stderr.decode()
        return done

    return run


@pytest.fixture
def manifest(tmp_path):
    path = tmp_path / "prompts.csv"
    path.write_text(
        "id,text\nwelcome,Welcome to the show.\nmenu/main,Press one for sales.\nbye,Goodbye for now.\n"
    )
    return path


def test_say_writes_a_file_of_the_named_format(voxpress, tmp_path):
    """The extension decides."""
    voxpress("say", "Hello there.", "-e", "tone", "-o", "hello.mp3")
    assert codec.decode((tmp_path / "hello.mp3").read_bytes()).duration > 0.5


def test_say_without_a_file_prints_the_clip_in_the_store(voxpress):
    """One path, and the same one the second time."""
    first = voxpress("say", "Hello there.", "-e", "tone").stdout.decode().strip()
    assert os.path.isfile(first) and first.endswith(".wav")
    assert voxpress("say", "Hello there.", "-e", "tone").stdout.decode().strip() == first


def test_say_reads_standard_input_and_writes_standard_output(voxpress, tmp_path):
    """Nothing but audio comes out."""
    done = voxpress("say", "-", "-e", "tone", "-o", "-", stdin="Hello there. This comes through a pipe.")
    (tmp_path / "out.wav").write_bytes(done.stdout)
    with wave.open(str(tmp_path / "out.wav")) as audio:
        assert audio.getframerate() == 8000 and audio.getnframes() > 8000


def test_say_json(voxpress):
    """Everything about the clip, for programs."""
    facts = json.loads(voxpress("say", "Hello there.", "-e", "tone", "--json").stdout)
    assert facts["format"] == "wav" and facts["hit"] is False and os.path.isfile(facts["path"])
    assert [mark["text"] for mark in facts["marks"]] == ["Hello there.", "Hello", "there."]


def test_render_and_again(voxpress, manifest, tmp_path):
    """Files, a report in the manifest's order, a summary; the second run speaks nothing."""
    first = voxpress("render", manifest, "-o", "out", "-e", "tone")
    assert "3 rows: 3 rendered" in first.stdout.decode() and "3 segments spoken" in first.stdout.decode()
    assert (tmp_path / "out/menu/main.wav").is_file()
    lines = [json.loads(line) for line in (tmp_path / "out/.voxpress/report.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == ["welcome", "menu/main", "bye"]
    assert lines[0]["audio_filepath"] == "out/welcome.wav" and lines[0]["duration"] > 0.5
    again = voxpress("render", manifest, "-o", "out", "-e", "tone")
    assert "3 up to date" in again.stdout.decode() and "0 segments spoken" in again.stdout.decode()


def test_dry_run_writes_nothing(voxpress, manifest, tmp_path):
    """It says what would be done for each row, and the totals."""
    done = voxpress("render", manifest, "-o", "out", "-e", "tone", "--dry-run").stdout.decode()
    assert "speak       welcome  (1 segment, 20 characters)" in done
    assert "3 rows: 3 to speak (3 segments, 56 characters), 0 to finish" in done
    assert not (tmp_path / "out").exists() and not (tmp_path / "store").exists()


def test_dry_run_tells_rows_to_finish_from_rows_to_speak(voxpress, manifest):
    voxpress("render", manifest, "-o", "out", "-e", "tone", "--only", "welcome")
    dry = ("render", manifest, "-o", "other", "-e", "tone", "--format", "flac", "--dry-run")
    done = voxpress(*dry).stdout.decode()
    assert "finish      welcome\n" in done
    assert "3 rows: 2 to speak (2 segments, 36 characters), 1 to finish, 0 from the store" in done


def test_what_is_missing_is_told_with_the_command_that_explains_it(voxpress):
    done = voxpress("render", status=2)
    assert "Missing argument 'manifest' (voxpress render --help shows what there is)" in done.stderr.decode()


def test_a_file_is_not_called_like_another_format(voxpress, tmp_path):
    done = voxpress("say", "Hello.", "-e", "tone", "-f", "mp3", "-o", "hello.wav", status=2)
    assert "'hello.wav' has the extension of 'wav', and the format is 'mp3'" in done.stderr.decode()
    assert not (tmp_path / "hello.wav").exists()
    voxpress("say", "Hello.", "-e", "tone", "-f", "opus", "-o", "hello.ogg")  # its header names the codec
    voxpress("say", "Hello.", "-e", "tone", "-f", "mp3", "-o", "hello.bin")


def test_a_row_that_cannot_be_read_keeps_its_id_and_place(voxpress, tmp_path):
    (tmp_path / "bad.csv").write_text("id,text,speed\na,Hello.,fast\nb,Bye.,\n../c,Hi.,slow\n")
    voxpress("render", "bad.csv", "-o", "out", "-e", "tone", "--skip-bad", status=1)
    lines = [json.loads(line) for line in (tmp_path / "out/.voxpress/report.jsonl").read_text().splitlines()]
    known = [
        (line["id"], line["origin"], line["status"]) for line in lines if line["error"] or line["id"] == "b"
    ]
    assert known[:2] == [("a", "bad.csv:2", "failed"), ("b", "bad.csv:3", "rendered")]
    assert {origin for _, origin, _ in known[2:]} == {"bad.csv:4"}


@pytest.fixture
def service(monkeypatch):
    """A hosted service with prices, on loopback."""
    pytest.importorskip("openai")
    with SpeechServer(key=KEY) as server:
        monkeypatch.setattr(openai, "HOSTED", server.url)
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        casting._choose.cache_clear()
        worker._held.clear()
        yield server
    casting._choose.cache_clear()
    worker._held.clear()


def test_dry_run_says_what_it_costs(voxpress, manifest, service):
    """And what the store saves; of money nothing is said where everything is free."""
    dry = ("render", manifest, "-o", "out", "--dry-run", "-e")
    assert "price" not in voxpress(*dry, "tone").stdout.decode()
    nothing_saved = "price: $0.0017 for 56 characters; saved by the store: $0.00 for 0 characters"
    assert nothing_saved in voxpress(*dry, "openai").stdout.decode()
    assert "price: $0.0008 for 56" in voxpress(*dry, "openai", "--model", "tts-1").stdout.decode()
    assert "price: not known for 56" in voxpress(*dry, "openai", "--model", "tts-9").stdout.decode()
    assert "price" not in voxpress(*dry, "openai", "--model", "x@http://localhost:1/v1").stdout.decode()
    voxpress("render", manifest, "-o", "out", "-e", "openai", "-w", "0", "--only", "welcome")
    up_to_date = "price: $0.0011 for 36 characters; saved by the store: $0.00 for 0 characters"
    assert up_to_date in voxpress(*dry, "openai").stdout.decode()
    some_saved = "price: $0.0011 for 36 characters; saved by the store: $0.0006 for 20 characters"
    assert some_saved in voxpress(*dry, "openai", "-f", "mp3").stdout.decode()


def test_savings_do_not_depend_on_how_a_row_was_found_up_to_date(voxpress, service, tmp_path):
    """Rows of SSML, rows with notes and rows whose text is shown are read each time, and others are not."""
    rows = [
        {"id": "plain", "text": "Hello there."},
        {"id": "again", "text": "Good morning."},
        {"id": "noted", "text": "Bye now 😀."},
        {"id": "ssml", "text": "<speak>Good evening.</speak>", "markup": "ssml"},
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = ("render", "rows.jsonl", "-o", "out", "-e", "openai")
    voxpress(*command, "-w", "0")
    with (tmp_path / "rows.jsonl").open("a") as file:
        file.write('{"id": "new", "text": "One."}\n')
    told = "price: $0.0001 for 4 characters; saved by the store: $0.00 for 0 characters"
    assert told in voxpress(*command, "--dry-run").stdout.decode()
    assert told in voxpress(*command, "--dry-run", "--text").stdout.decode()


def test_the_report_says_what_was_billed(voxpress, manifest, service, tmp_path):
    """Every attempt that gave audio, and nothing for what came from the store."""
    service.faults.append("silence")
    done = voxpress(
        "render", manifest, "-o", "out", "-e", "openai", "-w", "0", "--budget", "0.01"
    ).stdout.decode()
    assert "3 segments spoken for $0.0023, " in done

    def billed():
        lines = (tmp_path / "out/.voxpress/report.jsonl").read_text().splitlines()
        return [(line["billed"], line["cost"]) for line in map(json.loads, lines)]

    assert billed() == [(40, 0.0012), (20, 0.0006), (16, 0.00048)]
    again = voxpress("render", manifest, "-o", "out", "-e", "openai", "--budget", "0").stdout.decode()
    assert "0 segments spoken, " in again and billed() == [(0, 0.0)] * 3


def test_a_budget_that_does_not_suffice(voxpress, manifest, service, tmp_path):
    """Nothing is begun: exit status 2, the price and the budget."""
    for more in ((), ("--dry-run",)):
        done = voxpress("render", manifest, "-o", "out", "-e", "openai", "--budget", "0.001", *more, status=2)
        said = (
            "voxpress: the price of 56 characters is $0.0017, and the budget $0.0010: nothing was rendered\n"
        )
        assert done.stderr.decode() == said
    unknown = voxpress(
        "render", manifest, "-o", "out", "-e", "openai", "-m", "tts-9", "--budget", "9", status=2
    )
    assert "the price of 56 characters is not known" in unknown.stderr.decode()
    assert not service.requests and not list(tmp_path.rglob("report.jsonl*"))
    voxpress("render", manifest, "-o", "out", "-e", "tone", "--budget", "0")


def test_a_service_that_lets_nobody_in_is_told_of_once(voxpress, manifest, service, monkeypatch):
    """One line for all rows; what is in the store needs no key."""
    voxpress("render", manifest, "-o", "out", "-e", "openai", "-w", "0")
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("OPENAI_BASE_URL")
    worker._held.clear()
    voxpress("render", manifest, "-o", "other", "-e", "openai", "-w", "0")
    done = voxpress("render", manifest, "-o", "out", "-e", "openai", "-w", "0", "--seed", "1", status=1)
    (line,) = done.stderr.decode().splitlines()
    assert line.endswith("OpenAI wants an API key: set OPENAI_API_KEY (as do all rows of openai)")
    assert "3 rows: 0 rendered, 0 from the store, 0 up to date, 3 failed" in done.stdout.decode()


def test_all_bad_rows_are_shown_and_nothing_is_rendered(voxpress, tmp_path):
    """Exit status 2, each row in a line of its own with its place."""
    (tmp_path / "bad.csv").write_text("id,text,speed\na,Fine.,\nb,,\nc,Fast.,fast\n../d,Out.,\n")
    done = voxpress("render", "bad.csv", "-o", "out", "-e", "tone", status=2)
    errors = done.stderr.decode().splitlines()
    assert [line.split(": ")[1] for line in errors[:3]] == ["bad.csv:3", "bad.csv:4", "bad.csv:5"]
    assert "3 problems in 3 rows" in errors[-1] and "Traceback" not in done.stderr.decode()
    assert not list((tmp_path / "out").rglob("*.wav"))


def test_rows_that_no_engine_can_speak_are_one_clear_line_each(voxpress, tmp_path, monkeypatch):
    """Before anything is spoken: an engine that is not there or not known, a voice, an option, a language."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    rows = [
        ("f5", "", "", "", "engine 'f5' needs f5_tts, vocos, torch: run  voxpress engines install f5"),
        ("pipper", "", "", "", "no engine 'pipper'; did you mean 'piper'? (engines: "),
        ("piper", "jo", "", "", "'jo' is not a piper voice"),
        (
            "piper",
            "",
            "de",
            "",
            "voice 'en_US-joe-medium' of engine 'piper' does not speak 'de' (languages: en-US)",
        ),
        ("piper", "", "", '{"noise_scale": 9}', "option 'noise_scale' must lie between -1 and 2, not 9"),
        (
            "tone",
            "",
            "",
            '{"volume": 1}',
            "engine 'tone' has no option 'volume' (options: fault, delay, fault_rate)",
        ),
    ]
    lines = [
        json.dumps(
            {
                "id": str(n),
                "text": "Hello.",
                **{k: v for k, v in zip(("engine", "voice", "language"), row, strict=False) if v},
                "options": json.loads(row[3] or "{}"),
            }
        )
        for n, row in enumerate(rows)
    ]
    (tmp_path / "bad.jsonl").write_text("\n".join(lines))
    said = voxpress("render", "bad.jsonl", "-o", "out", status=2).stderr.decode().splitlines()
    for n, (line, row) in enumerate(zip(said, rows, strict=False), 1):
        assert line.startswith(f"voxpress: bad.jsonl:{n}: {row[4]}"), line
    assert len(said) == len(rows) + 1 and not (tmp_path / "store").exists()


def test_skip_bad_renders_the_others(voxpress, tmp_path):
    """Exit status 1; the bad ones are in the report."""
    (tmp_path / "bad.csv").write_text("id,text\na,Fine.\nb,…\n")
    done = voxpress("render", "bad.csv", "-o", "out", "-e", "tone", "--skip-bad", status=1)
    assert "2 rows: 1 rendered, 0 from the store, 0 up to date, 1 failed" in done.stdout.decode()
    statuses = [
        json.loads(line)["status"]
        for line in (tmp_path / "out/.voxpress/report.jsonl").read_text().splitlines()
    ]
    assert statuses == ["rendered", "failed"]


def test_a_failing_row_gives_exit_status_1(voxpress, tmp_path):
    """And one line that says why; the other rows are there."""
    (tmp_path / "m.jsonl").write_text(
        '{"id": "a", "text": "Fine one."}\n{"id": "b", "text": "Bad one.", "options": {"fault": "silent"}}\n'
    )
    done = voxpress("render", "m.jsonl", "-o", "out", "-e", "tone", status=1)
    assert (
        "failed: m.jsonl:2: silence for 'Bad one.'" in done.stderr.decode()
        and (tmp_path / "out/a.wav").exists()
    )


def test_only_and_prune(voxpress, manifest, tmp_path):
    """Only what matches is rendered; prune removes files of rows that are gone, and nothing else."""
    voxpress("render", manifest, "-o", "out", "-e", "tone", "--only", "menu/*")
    assert sorted(p.name for p in (tmp_path / "out").rglob("*.wav")) == ["main.wav"]
    voxpress("render", manifest, "-o", "out", "-e", "tone")
    (tmp_path / "out/mine.wav").write_bytes(b"my own file")
    manifest.write_text("id,text\nwelcome,Welcome to the show.\nbye,Goodbye for now.\n")
    kept = voxpress("render", manifest, "-o", "out", "-e", "tone", "--prune", "--only", "bye").stdout.decode()
    assert "pruned menu/main.wav" in kept
    assert sorted(p.name for p in (tmp_path / "out").rglob("*.wav")) == ["bye.wav", "mine.wav", "welcome.wav"]
    assert not (tmp_path / "out/menu").exists()


def test_a_project_file_holds_defaults_and_presets(voxpress, manifest, tmp_path):
    """voxpress.toml beside the manifest; the command line wins."""
    (tmp_path / "voxpress.toml").write_text(
        '[defaults]\nengine = "tone"\nvoice = "high"\npreset = "two"\n'
        "[presets.two]\nlevel = -20.0\n"
        '[[presets.two.files]]\npath = "{id}.wav"\nformat = "wav"\n'
        '[[presets.two.files]]\npath = "{id}.mp3"\nformat = "mp3"\n'
    )
    voxpress("render", manifest, "-o", "out")
    assert (tmp_path / "out/welcome.mp3").exists() and (tmp_path / "out/welcome.wav").exists()
    report = (tmp_path / "out/.voxpress/report.jsonl").read_text().splitlines()
    assert json.loads(report[0])["voice"] == "high"
    voxpress("render", manifest, "-o", "other", "--voice", "low", "--format", "flac")
    assert sorted(p.name for p in (tmp_path / "other").rglob("*.*") if p.is_file() and ".voxpress" not in str(p)) == [
        "bye.flac", "main.flac", "welcome.flac",
    ]  # fmt: skip


def test_a_manifest_on_standard_input(voxpress, tmp_path):
    """Read as often as needed."""
    voxpress("render", "-", "--from", "csv", "-o", "out", "-e", "tone", stdin="id,text\na,Hello there.\n")
    assert (tmp_path / "out/a.wav").exists()


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("say", "Hello.", "-e", "tonne"), 2, "did you mean 'tone'"),
        (("say", "…", "-e", "tone"), 2, "nothing to speak"),
        (("say", "Hello.", "-e", "tone", "-o", "x.docx"), 2, ".docx"),
        (("say", "Hello.", "-e", "tone", "--option", "fault"), 2, "NAME=VALUE"),
        (("say", "Hello.", "-e", "tone", "--option", "fault=silent"), 1, "silence"),
        (("say", "Hello.", "-e", "tone", "--speed", "fast"), 2, "--speed"),
        (("render", "nowhere.csv", "-o", "out"), 2, "nowhere.csv"),
        (("render", "prompts.csv"), 2, "output"),
        (("voices", "nobody"), 2, "nobody"),
        (("store", "prune"), 2, "--max-bytes"),
        (("store", "prune", "--max-bytes", "many"), 2, "many"),
        (("models", "pull", "nothing"), 1, "nothing"),
        (("sing",), 2, "sing"),
    ],
)
def test_wrong_use_is_one_line(voxpress, manifest, arguments, status, said):
    """No traceback, whatever is asked."""
    done = voxpress(*arguments, status=status)
    assert said in done.stderr.decode() and "Traceback" not in done.stderr.decode()


def test_engines_and_voices(voxpress):
    """For people, and as JSON."""
    assert "tone" in voxpress("engines").stdout.decode()
    facts = {engine["engine"]: engine for engine in json.loads(voxpress("engines", "--json").stdout)}
    assert facts["tone"]["installed"] is True and "fault" in facts["tone"]["options"]
    assert "[piper]" in voxpress("engines").stdout.decode()
    assert [v["name"] for v in json.loads(voxpress("voices", "tone", "--json").stdout)] == [
        "low",
        "middle",
        "high",
    ]


@pytest.fixture
def anna(tmp_path, new_user):
    """A recording, how it is added, and a user without voices and recognition."""
    (tmp_path / "anna.flac").write_bytes(codec.encode(speech(5.0), Output(format="flac")))
    words = "The harbour was quiet, and only the gulls on the wall were awake."
    owned = ("--speaker", "Anna Smith", "--consent", "release of 1 March 2026")
    return ("voices", "add", "anna", "--reference", "anna.flac", "-t", words, "-l", "en-GB", *owned)


def test_a_cloned_voice_from_its_recording_to_its_end(voxpress, anna, tmp_path):
    """Added, listed whether or not there is an engine that can speak with it, shown, renamed and removed."""
    done = voxpress(*anna)
    assert done.stdout.decode().startswith("anna is added: 5.0 s of Anna Smith, who says 'The harbour was")
    assert b"voxpress: warning: it is only 5.0 s long; 6 to 12 s are best" in done.stderr
    listed = voxpress("voices", "--json").stdout
    mine = next(voice for voice in json.loads(listed) if voice["name"] == "anna")
    assert mine["languages"] == ["en-GB"] and len(mine["reference"]) == 64
    shown = voxpress("voices", "show", "anna").stdout.decode()
    assert "consent     release of 1 March 2026" in shown and "engines     all that clone" in shown
    assert "16000 Hz, noise 4" in shown and "warning     it is only 5.0 s long" in shown
    assert voxpress("voices", "rename", "anna", "berta").stdout == b"anna is now called berta\n"
    facts = json.loads(voxpress("voices", "show", "berta", "--json").stdout)
    assert facts["digest"] == mine["reference"] and facts["folder"] == str(
        references.default_folder() / "berta"
    )
    assert voxpress("voices", "remove", "berta").stdout.startswith(b"berta is removed; what was spoken")
    assert b"berta" not in voxpress("voices").stdout


def test_a_cloned_voice_cannot_be_added_wrongly(voxpress, anna, tmp_path):
    """One line each, which says what to do."""
    for change, said in (
        (("--speaker", ""), "say whose voice it is, which is kept with it"),
        (("--consent", " "), "say what they agreed to, and how, which is kept with it"),
        (
            ("-t", ""),
            "anna.flac: transcript: say what is said in it, word for word, or let it be recognised",
        ),
        (
            ("--asr-model", "whisper-base"),
            ": run  ",
        ),  # of the package or of the weights, whichever is missing
        (("-e", "piper"), "engines: no engine 'piper' that clones voices (those that do: f5"),
        (("-e", "xtt"), "no engine 'xtt' that clones voices; did you mean 'xtts'?"),
        (("--reference", "bert.flac"), "bert.flac: cannot be read: No such file or directory"),
    ):
        lines = (
            voxpress(*anna, *change, status=1 if change[0] == "--asr-model" else 2)
            .stderr.decode()
            .splitlines()
        )
        assert len(lines) == 1 and said in lines[0]
    voxpress(*anna)
    assert b"there is a voice 'anna' already" in voxpress(*anna, status=2).stderr
    voxpress(*anna, "--replace", "--asr-model", "none")
    said = voxpress("say", "Hi.", "-e", "tone", "-v", "anna", status=2).stderr
    assert b"tone does not speak with the cloned voice 'anna': it does not clone (engines that do: f5" in said


def test_a_broken_voice_is_said_beside_the_others(voxpress, anna, tmp_path):
    """Listing goes on."""
    voxpress(*anna)
    (references.default_folder() / "anna" / "voice.json").write_text("{}")
    done = voxpress("voices")
    assert b"voxpress: cannot read the voice 'anna'" in done.stderr and b"beeps around 110 Hz" in done.stdout
    assert b"cannot read the voice 'anna'" in voxpress("voices", "show", "anna", status=1).stderr


def test_the_store_can_be_looked_after(voxpress, tmp_path):
    """Counts, checksums, pruning."""
    path = voxpress("say", "Hello there.", "-e", "tone").stdout.decode().strip()
    assert json.loads(voxpress("store", "stats", "--json").stdout)["clips"]["count"] == 1
    with open(path, "r+b") as file:
        file.write(b"broken")
    assert "removed clips/" in voxpress("store", "verify", status=1).stdout.decode()
    assert "everything matches" in voxpress("store", "verify").stdout.decode()
    assert "0 objects removed" in voxpress("store", "prune", "--older-than", "90d").stdout.decode()


def test_progress_on_a_terminal(voxpress, manifest, tmp_path):
    """A bar is drawn on a terminal, and the summary stays."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "voxpress", "render", str(manifest), "-o", "out", "-e", "tone", "--workers", "1"],
        cwd=tmp_path,
        env={**os.environ, "VOXPRESS_STORE": str(tmp_path / "store"), "TERM": "xterm", "COLUMNS": "120"},
        stdin=subprocess.DEVNULL, stdout=follower, stderr=follower,
    )  # fmt: skip
    os.close(follower)
    shown = b""
    while True:
        try:
            shown += os.read(leader, 65536)
        except OSError:
            break
    assert process.wait() == 0
    assert b"3 rows: 3 rendered" in shown and b"\x1b[" in shown


def test_help_shows_examples_and_imports_little(voxpress):
    """Help answers without numpy, rich or an engine."""
    assert "Examples:" in voxpress("render", "--help").stdout.decode()
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "voxpress", "--help"], capture_output=True, check=True
    ).stderr.decode()
    for heavy in ("numpy", "rich", "obstore", "av", "soundfile", "onnxruntime", "msgspec"):
        assert not any(line.split("|")[-1].strip() == heavy for line in loaded.splitlines()), heavy


def test_ssml_with_sounds_beside_the_manifest(voxpress, tmp_path):
    """A file that changes makes its row again, and no other."""
    pack = tmp_path / "pack"
    pack.mkdir()

    def write_sound(seconds):
        (pack / "ding.wav").write_bytes(codec.encode(speech(seconds), Output()))

    write_sound(1.0)
    (pack / "list.csv").write_text(
        "id,text,markup\na,\"<speak>One. <audio src='ding.wav'/></speak>\",ssml\nb,# Two,markdown\n"
    )
    render = ("render", "pack/list.csv", "-e", "tone", "-o", "out", "-w", "0")
    voxpress(*render)
    first = codec.decode((tmp_path / "out" / "a.wav").read_bytes()).duration
    assert b"2 up to date" in voxpress(*render).stdout
    write_sound(2.0)
    assert b"1 up to date" in voxpress(*render).stdout
    assert codec.decode((tmp_path / "out" / "a.wav").read_bytes()).duration == pytest.approx(first + 1)
    (pack / "ding.wav").unlink()
    done = voxpress(*render, "--dry-run", status=2)
    assert (
        b"pack/list.csv:2" in done.stdout + done.stderr
        and b"'ding.wav' cannot be read" in done.stdout + done.stderr
    )


@pytest.mark.parametrize(
    ("name", "content", "markup"),
    [
        ("two.ssml", "<speak>One.</speak>", "ssml"),
        ("my call.xml", "<?xml version='1.0'?>\n<speak version='1.1'>One.</speak>", "ssml"),
        ("book.md", "# One\n\nTwo *three*.", "markdown"),
        ("BOOK.MD", "One", "markdown"),
    ],
)
def test_a_text_with_markup_is_no_list(voxpress, tmp_path, name, content, markup):
    """Both commands say how to speak it, and that works."""
    (tmp_path / name).write_text(content)
    command = f"voxpress say --markup {markup}"
    render = voxpress("render", name, "-o", "out", "-e", "tone", status=2).stderr.decode()
    assert f"is one text and no list: to speak it, {command} -o FILE - < {shlex.quote(name)}" in render
    said = voxpress("say", name, "-e", "tone", status=2).stderr.decode()
    assert f"to speak what is in it: {command} - < {shlex.quote(name)}" in said
    voxpress("say", "--markup", markup, "-o", "a.wav", "-", "-e", "tone", stdin=content)
    assert (tmp_path / "a.wav").exists()


def test_lenient(voxpress, tmp_path):
    say = ("say", "<speak>One <foo>two</foo>.</speak>", "-e", "tone", "-o", "a.wav", "--markup", "ssml")
    problem = b"<foo> is unknown (line 1, column 12)"
    assert problem + b"; leave it out with --lenient\n" in voxpress(*say, status=2).stderr
    assert b"left out: " + problem + b"\n" in voxpress(*say, "--lenient").stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-f", "mp3", "-o", "x.wav"), "'x.wav' has the extension of 'wav', and the format is 'mp3'"),
        (("-f", "ulaw", "-o", "x.wav"), "'x.wav' has the extension of 'wav', and the format is 'ulaw'"),
        (("-f", "wav", "-o", "x.opus"), "'x.opus' has the extension of 'opus', and the format is 'wav'"),
    ],
)
def test_say_writes_no_format_under_the_name_of_another(voxpress, tmp_path, arguments, told):
    assert told in voxpress("say", "Hi.", "-e", "tone", *arguments, status=2).stderr.decode()
    assert not list(tmp_path.glob("x.*"))


@pytest.mark.parametrize(
    ("name", "format"), [("x.wav", "wav-ulaw"), ("x.WAV", "wav49"), ("x", "mp3"), ("x.raw", "pcm")]
)
def test_say_takes_names_that_the_format_may_have(voxpress, tmp_path, name, format):
    voxpress("say", "Hi.", "-e", "tone", "-f", format, "-o", name)
    assert (tmp_path / name).stat().st_size > 0
