"""Packs: every kind of finding, in folders made on the spot."""

from __future__ import annotations

import json
import os
import re
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.speechlike import speech
from voxpress.audio import waveform
from voxpress.audio.codec import encode
from voxpress.audio.waveform import Audio
from voxpress.cli import main
from voxpress.errors import InputError
from voxpress.files.formats import FORMATS
from voxpress.files.names import NameRule
from voxpress.publish import systems
from voxpress.quality import packs
from voxpress.quality.packs import KINDS, Reference, Target
from voxpress.quality.packs.folder import locate
from voxpress.quality.packs.references import Wanted
from voxpress.speech import Output, Utterance


def voice(seconds=1.2, level=-20.0, rate=8000, pitch=120):
    """A prompt of one word or two, with 50 ms of silence before it and 100 ms behind."""
    said = waveform.trim(speech(seconds, pitch=pitch, sample_rate=rate, sentence=seconds), keep=0.01)
    shaped = said.samples * np.minimum(1, np.arange(len(said.samples))[::-1] / (0.02 * rate)).astype(
        np.float32
    )
    return waveform.pad(waveform.to_level(Audio(shaped, rate), level, -3.0), 0.05, 0.1)


SAID = voice()


def put(folder: Path, path: str, audio: Audio = SAID, format: str = "wav") -> Path:
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    output = Output(format=format)
    rate = FORMATS[format].sample_rates[0] if FORMATS[format].sample_rates else audio.sample_rate
    place.write_bytes(encode(waveform.resample(audio, rate), output))
    return place


def check(folder, *references, targets=(), **options):
    _, findings = packs.check(packs.survey(folder), references, targets, workers=0, **options)
    return findings


def kinds(folder, *references, **options):
    return [finding.kind for finding in check(folder, *references, **options)]


def wants(*prompts, language=""):
    return Reference(language, {prompt: Wanted() for prompt in prompts})


ASTERISK = Target("asterisk", systems.SYSTEMS.require("asterisk").plays)


# Nothing is wrong


@pytest.mark.parametrize("format", ["wav", "ulaw", "alaw", "gsm", "g722", "sln16", "wav-ulaw", "flac", "ogg"])
def test_nothing_is_found_in_a_good_prompt(tmp_path, format):
    put(tmp_path, f"hello.{FORMATS[format].extension}", format=format)
    assert check(tmp_path, wants("hello")) == []


def test_a_prompt_in_asterisks_two_kinds_of_wav(tmp_path):
    put(tmp_path, "hello.wav")
    put(tmp_path, "hello.WAV", format="wav49")
    assert check(tmp_path, wants("hello"), targets=[ASTERISK]) == []


def test_sounds_are_no_speech(tmp_path):
    put(tmp_path, "beep.wav", waveform.tone([440], 0.3, 8000))
    put(tmp_path, "silence/2.wav", waveform.silence(2.0, 8000))
    wanted = {"beep": Wanted("[beep]", "tones"), "silence/2": Wanted("[silence 2 s]", "tones")}
    assert check(tmp_path) == check(tmp_path, Reference("", wanted)) == []


# Names


@pytest.mark.parametrize(
    ("path", "language", "prompt", "rate"),
    [
        ("hello.wav", "", "hello", None),
        ("digits/1.gsm", "", "digits/1", None),
        ("en/digits/1.gsm", "en", "digits/1", None),
        ("en_GB/vm-hello.wav", "en_GB", "vm-hello", None),
        ("en_US_f_Ann/digits/h-1.wav", "en_US_f_Ann", "digits/h-1", None),
        ("en/us/callie/voicemail/8000/vm-hello.wav", "en/us/callie", "voicemail/vm-hello", 8000),
        ("ivr/16000/hello.wav", "", "ivr/hello", 16000),
        ("ivr/us/hello.wav", "", "ivr/us/hello", None),
        ("vm/hello.wav", "", "vm/hello", None),  # no language
        ("my_prompts/hello.wav", "", "my_prompts/hello", None),
        ("digits/8000.wav", "", "digits/8000", None),
        ("v1.2.wav", "", "v1.2", None),
    ],
)
def test_what_a_path_says(path, language, prompt, rate):
    file = locate(path)
    assert (file.language, file.prompt, file.rate) == (language, prompt, rate)


@pytest.mark.parametrize("name", ["what?.wav", "a:b.wav", "nul.wav", "hello .wav ".strip(), "tab\there.wav"])
def test_names_that_some_system_cannot_have(tmp_path, name):
    put(tmp_path, name)
    assert kinds(tmp_path) == ([] if name == "hello .wav" else ["name"])


@pytest.mark.parametrize(("one", "other"), [("Hello", "hello"), ("digits/1F", "digits/1f"), ("É", "é")])
def test_two_names_for_one_file(tmp_path, one, other):
    put(tmp_path, f"{one}.wav")
    put(tmp_path, f"{other}.wav")
    assert kinds(tmp_path) == ["same-name"]


def test_rules_of_a_system_about_names(tmp_path):
    put(tmp_path, "telemetry.wav")
    put(tmp_path, "gear.wav")
    advice = NameRule(longest=3, advice=True)
    radio = Target("radio", {"wav": (8000,)}, names=[NameRule(longest=8, because="it reads eight"), advice])
    (finding,) = check(tmp_path, targets=[radio])
    assert (finding.kind, finding.prompt) == ("name", "telemetry")
    assert finding.problem == "radio: the file's name has more than 8 characters: it reads eight"


def test_links(tmp_path):
    pack = tmp_path / "pack"
    put(pack, "hello.wav")
    put(tmp_path, "secret.wav")
    (pack / "same.wav").symlink_to("hello.wav")
    (pack / "out.wav").symlink_to("../secret.wav")
    (pack / "gone.wav").symlink_to("nothing.wav")
    (pack / "folder").symlink_to(tmp_path)
    os.mkfifo(pack / "pipe.wav")
    found = {finding.prompt: (finding.kind, finding.problem) for finding in check(pack)}
    assert found == {
        "out": ("link", "is a link out of the folder"),
        "gone": ("link", "is a link to nothing"),
        "folder": ("link", "is a link out of the folder"),
        "pipe": ("link", "is no file"),
    }


def test_what_macos_leaves_in_archives_is_no_prompt(tmp_path):
    put(tmp_path, "hello.wav")
    (tmp_path / "._hello.wav").write_bytes(b"\0\5\26\7 and more")
    (tmp_path / ".hidden.wav").write_bytes(b"")
    assert kinds(tmp_path) == []


@pytest.mark.parametrize("tolerance", [float("nan"), float("inf"), -1.0])
def test_a_tolerance_is_a_number(tmp_path, tolerance):
    put(tmp_path, "hello.wav")
    with pytest.raises(InputError, match="number of decibels"):
        check(tmp_path, tolerance=tolerance)


# Coverage


def test_missing_and_extra(tmp_path):
    put(tmp_path, "hello.wav")
    put(tmp_path, "old.wav")
    findings = check(tmp_path, wants("hello", "bye"))
    assert [(each.kind, each.prompt) for each in findings] == [("missing", "bye"), ("extra", "old")]


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ("de_AT_f/digits/1F", "Asterisk plays de_AT_f/digits/1F.wav"),
        ("de_AT/digits/1F", "Asterisk plays de_AT/digits/1F.wav"),
        ("de/digits/1F", "Asterisk plays de/digits/1F.wav"),
        ("digits/1F", "Asterisk plays digits/1F.wav"),
        ("en/digits/1F", "Asterisk plays en/digits/1F.wav"),
        ("fr/digits/1F", "numbers, dates and counts stop there, and voicemail ends the call"),
    ],
)
def test_what_asterisk_plays_instead(tmp_path, there, expected):
    put(tmp_path, "de_AT_f_Ann/hello.wav")
    put(tmp_path, f"{there}.wav")
    missing = [
        each for each in check(tmp_path, wants("hello", "digits/1F")) if each.language == "de_AT_f_Ann"
    ]
    assert [(each.kind, each.instead) for each in missing] == [("missing", expected)]


@pytest.mark.parametrize("name", ["../hello", "a/../../hello", "/srv/hello", "hello/"])
def test_a_prompt_outside_the_pack_is_an_error_and_not_missing(tmp_path, name):
    rows = [Utterance(id=name, text="Hello.", origin="list.csv:2")]
    with pytest.raises(
        InputError, match=f"^list.csv:2: '{name}' (leads out of the folder|is not a relative)"
    ):
        packs.from_rows(rows)


@pytest.mark.parametrize("name", ["./digits/1", "digits//1", "digits/./1.wav"])
def test_a_prompt_can_be_named_in_roundabout_ways(tmp_path, name):
    put(tmp_path, "digits/1.wav")
    assert kinds(tmp_path, *packs.from_rows([Utterance(id=name, text="One.")])) == []


def test_a_gender_that_is_missing(tmp_path):
    put(tmp_path, "digits/1.wav")
    put(tmp_path, "digits/2m.wav")
    findings = check(tmp_path, wants("digits/1", "digits/1F", "digits/2M", "digits/2m"))
    assert [(each.prompt, each.problem) for each in findings] == [
        ("digits/1F", "there is digits/1, which no system plays instead"),
        ("digits/2M", "there is digits/2m; on Linux that is another name"),
    ]


def test_languages_have_lists_of_their_own(tmp_path):
    put(tmp_path, "en/hello.wav")
    put(tmp_path, "fr_CA_f_June/bonjour.wav")
    lists = (wants("hello", language="en"), wants("bonjour", "adieu", language="fr"))
    assert [(each.kind, each.language, each.prompt) for each in check(tmp_path, *lists)] == [
        ("missing", "fr_CA_f_June", "adieu")
    ]


def test_a_rate_that_is_missing(tmp_path):
    for prompt in ("1", "2", "3"):
        for rate in (8000, 16000):
            put(tmp_path, f"digits/{rate}/{prompt}.wav", waveform.resample(SAID, rate))
    (tmp_path / "digits/16000/2.wav").unlink()
    (finding,) = check(tmp_path, wants("digits/1", "digits/2", "digits/3"))
    assert (finding.kind, finding.prompt, finding.problem) == ("no-variant", "digits/2", "no wav at 16000")
    assert finding.instead == "digits/8000/2.wav is converted during each call"


def test_files_of_one_prompt_that_differ(tmp_path):
    put(tmp_path, "hello.wav")
    put(tmp_path, "hello.gsm", voice(2.0), "gsm")
    (finding,) = check(tmp_path)
    assert finding.kind == "unlike-variants"
    assert re.fullmatch(r"\d\.\d\d s and \d\.\d\d s", finding.problem)


def test_a_noise_that_no_voice_makes(tmp_path):
    put(tmp_path, "hello.wav")
    rows = [
        Utterance(id="hello", text="Hello."),
        Utterance(id="tt-monkeys", text="[sound of monkeys screaming]", markup="directions"),
    ]
    assert kinds(tmp_path, *packs.from_rows(rows)) == ["left-out"]


# Formats


def test_empty_files_and_others_that_are_no_audio(tmp_path):
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "text.wav").write_bytes(b"no audio at all, but long enough to be read as a header")
    (tmp_path / "header.wav").write_bytes(put(tmp_path, "hello.wav").read_bytes()[:44])
    (tmp_path / "cut.wav").write_bytes((tmp_path / "hello.wav").read_bytes()[:3000])
    (tmp_path / "none.wav").write_bytes(encode(Audio(np.zeros(0, np.float32), 8000), Output()))
    found: dict[str, str] = {}
    for each in check(tmp_path):
        found.setdefault(each.prompt, each.kind)
    assert found == {
        "empty": "broken",
        "text": "broken",
        "header": "broken",
        "cut": "broken",
        "none": "broken",
    }


@pytest.mark.parametrize(
    ("name", "format"),
    [("hello.wav", "flac"), ("hello.ulaw", "wav"), ("hello.gsm", "wav"), ("hello.ogg", "wav")],
)
def test_content_that_is_not_what_the_name_says(tmp_path, name, format):
    put(tmp_path, name, format=format)
    (finding,) = check(tmp_path)
    assert finding.kind == "unlike-name"


@pytest.mark.parametrize(("name", "size"), [("a.gsm", 34), ("a.sln", 1601)])
def test_parts_of_frames(tmp_path, name, size):
    (tmp_path / name).write_bytes(b"\xd2" * size)
    assert "unlike-name" in kinds(tmp_path)


def with_chunk(data: bytes) -> bytes:
    chunk = b"LIST" + struct.pack("<I", 12) + b"INFOISFT\0\0\0\0"
    whole = data[:36] + chunk + data[36:]
    return whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:]


def test_bytes_behind_the_samples_of_wav(tmp_path):
    """They have no name that could be shown."""
    file = put(tmp_path, "hello.wav")
    file.write_bytes(file.read_bytes() + b"\0\xfa\x07\x1b" * 20)
    (finding,) = check(tmp_path)
    assert (finding.kind, finding.problem) == ("chunks", "it holds bytes that are no chunk")


def test_chunks_of_wav(tmp_path):
    file = put(tmp_path, "hello.wav")
    file.write_bytes(with_chunk(file.read_bytes()))
    (finding,) = check(tmp_path)
    assert (finding.kind, finding.problem) == ("chunks", "it holds LIST")


@pytest.mark.parametrize("format", ["wav", "wav16", "wav-ulaw"])
@pytest.mark.parametrize(
    ("total", "size"),
    [(0, 0), (36, 0), (0xFFFFFFFF, 0xFFFFFFFF), (0x7FFFF024, 0x7FFFF000), (0xFFFFFFFF, 0xFFFFFFFF - 36)],
)
def test_wav_from_a_pipe_has_no_length(tmp_path, format, total, size):
    """The sound is good; but Asterisk believes the header."""
    file = put(tmp_path, f"hello.{FORMATS[format].extension}", format=format)
    data = file.read_bytes()
    at = data.index(b"data") + 4
    file.write_bytes(
        data[:4] + struct.pack("<I", total) + data[8:at] + struct.pack("<I", size) + data[at + 4 :]
    )
    (finding,) = check(tmp_path)
    assert (finding.kind, finding.severity) == ("no-length", "fault")
    assert finding.problem == f"its header says {size:,} bytes of samples"


def test_stereo(tmp_path):
    import soundfile  # type: ignore[import-untyped]

    soundfile.write(tmp_path / "hello.wav", np.stack([SAID.samples] * 2, axis=1), 8000, subtype="PCM_16")
    (finding,) = check(tmp_path)
    assert (finding.kind, finding.problem) == ("channels", "it has 2")


@pytest.mark.parametrize(
    ("folder", "rate", "found"), [(16000, 8000, ["rate"]), (8000, 8000, []), (48000, 16000, ["rate"])]
)
def test_rates_of_folders(tmp_path, folder, rate, found):
    put(tmp_path, f"digits/{folder}/1.wav", waveform.resample(SAID, rate))
    assert kinds(tmp_path) == found


@pytest.mark.parametrize(
    ("name", "format", "rate", "found"),
    [
        ("a.wav", "wav", 16000, ["rate"]),
        ("a.wav", "wav-ulaw", 8000, ["format"]),
        ("a.flac", "flac", 8000, ["format"]),
        ("a.sln16", "sln16", 16000, []),
        ("a.wav16", "wav16", 16000, []),
    ],
)
def test_what_asterisk_plays(tmp_path, name, format, rate, found):
    put(tmp_path, name, waveform.resample(SAID, rate), format)
    assert kinds(tmp_path, targets=[ASTERISK]) == found


def test_limits_of_a_system(tmp_path):
    put(tmp_path, "hello.wav", voice(3.0))
    short = Target.of_outputs("short", [Output(format="wav", sample_rate=8000, max_duration=2.0)])
    small = Target.of_outputs("small", [Output(format="wav", sample_rate=8000, max_bytes=1000)])
    assert kinds(tmp_path, targets=[short, small]) == ["too-long", "too-long"]


def test_formats_that_voxpress_cannot_decode(tmp_path):
    (tmp_path / "hello.g729").write_bytes(bytes(100))
    assert kinds(tmp_path) == ["unknown-format"]


# Sound


def damaged(how):
    samples = SAID.samples.copy()
    how(samples)
    return Audio(samples, 8000)


def _clip(samples):
    np.clip(samples * 40, -1, 1, out=samples)


def _offset(samples):
    samples += 0.03


def _click(samples):
    samples[100] += 0.3


CUT_END = Audio(voice(2.0).samples[: round(0.65 * 8000)], 8000)


@pytest.mark.parametrize(
    ("kind", "audio"),
    [
        ("silent", waveform.silence(1.0, 8000)),
        ("silent", Audio(np.full(8000, 0.0001, np.float32), 8000)),
        ("clipped", damaged(_clip)),
        ("dc", damaged(_offset)),
        ("click", damaged(_click)),
        ("late", waveform.pad(SAID, 1.5)),
        ("long-tail", waveform.pad(SAID, 0, 2.5)),
        ("cut-end", CUT_END),
        ("cut-start", Audio(CUT_END.samples[::-1].copy(), 8000)),
        ("dtmf", waveform.join([SAID, waveform.tone([852, 1336], 0.1, 8000), SAID])),
        ("signal", waveform.join([waveform.tone([425], 0.5, 8000), waveform.silence(0.5, 8000)] * 4)),
    ],
)
def test_what_is_heard(tmp_path, kind, audio):
    put(tmp_path, "hello.wav", audio)
    assert kind in kinds(tmp_path)


@pytest.mark.parametrize(
    ("by", "tolerance", "found"), [(2, 1.0, 1), (-2, 1.0, 1), (0.5, 1.0, 0), (5, None, 0), (8, None, 1)]
)
def test_levels(tmp_path, by, tolerance, found):
    for number in range(8):
        put(tmp_path, f"{number}.wav", voice(1.0 + 0.1 * number, -26.0))
    put(tmp_path, "odd.wav", voice(1.2, -26.0 + by))
    assert [each.prompt for each in check(tmp_path, tolerance=tolerance)] == ["odd"] * found


@pytest.mark.parametrize("level", [waveform.to_level, waveform.to_loudness])
def test_prompts_of_one_level_or_one_loudness(tmp_path, level):
    """A pack for telephones has the one, a pack for a radio the other."""
    for pitch in (90, 120, 180, 250, 330, 420):
        put(tmp_path, f"{pitch}.wav", level(voice(pitch=pitch), -20.0, -1.0))
    assert [each for each in check(tmp_path, tolerance=1.0) if each.kind == "level"] == []


# The command


def run(capsys, *arguments):
    sys.argv = ["voxpress", *map(str, arguments)]
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code, capsys.readouterr()


def test_the_pack_of_a_render(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    texts = tmp_path / "prompts.txt"
    texts.write_text("; mine\nhello: Hello there.\ndigits/1: One.\ndigits/2: Two, please.\nbeep: [beep]\n")
    render = ["render", texts, "--preset", "asterisk", "-e", "tone", "--store", "memory:", "-o", "out/en"]
    assert run(capsys, *render)[0] == 0
    code, printed = run(capsys, "pack", "check", "out", "--against", texts, "--for", "asterisk", "--json")
    found = json.loads(printed.out)
    (language,) = found["languages"]
    assert (code, language["language"], language["prompts"], language["files"]) == (0, "en", 4, 24)
    assert [each for each in found["findings"] if each["kind"] != "level"] == []
    texts.write_text("; mine\nhello: Hello everybody.\ndigits/1: One.\ndigits/3: Three.\nbeep: [beep]\n")
    code, printed = run(capsys, "pack", "check", "out/en", "--against", texts, "--json")
    found = [(each["kind"], each["prompt"]) for each in json.loads(printed.out)["findings"]]
    assert code == 1
    assert found[:3] == [("missing", "digits/3"), ("stale", "hello"), ("extra", "digits/2")]
    code, printed = run(capsys, "pack", "check", "out", "--against", "out")
    assert (code, "0 faults" in printed.out) == (0, True)


def test_the_table(tmp_path, capsys):
    for number in range(12):
        put(tmp_path, f"old/{number}.wav")
    (tmp_path / "list.csv").write_text("id,text\nhello,Hello.\n")
    code, printed = run(capsys, "pack", "check", tmp_path, "--against", tmp_path / "list.csv", "-w", 0)
    assert code == 1
    assert "and 6 more (--all)" in printed.out
    assert printed.out.endswith("1 fault, 12 warnings\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere is no folder"),
        (["."], "holds no audio files"),
        ([".", "--for", "asterix"], "did you mean 'asterisk'"),
        (["pack", "--against", "nothing.csv"], "nothing.csv"),
    ],
)
def test_wrong_use(tmp_path, capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pack").mkdir()
    if arguments[0] == "pack":
        put(tmp_path / "pack", "hello.wav")
    code, printed = run(capsys, "pack", "check", *arguments)
    assert code == 2
    assert message in printed.err


def test_the_kinds_stand_in_the_documentation():
    page = (Path(__file__).parents[2] / "docs/packs.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| (fault|warning) \| (.*) \|$", page, re.MULTILINE)
    assert rows == [(name, str(kind.severity), kind.meaning) for name, kind in KINDS.items()]


def test_a_folder_is_needed(tmp_path):
    with pytest.raises(InputError, match="is no folder"):
        packs.survey(tmp_path / "nothing")


def test_names_that_are_no_text(tmp_path, capsys):
    put(tmp_path, "hello.wav")
    for name in (b"\xff.wav", b"two\nlines.wav"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(b"")
    code, printed = run(capsys, "pack", "check", tmp_path, "--json")
    broken = [each["file"] for each in json.loads(printed.out)["findings"] if each["kind"] == "broken"]
    assert (code, broken) == (1, ["two\nlines.wav", "\\udcff.wav"])
    assert "two\\nlines.wav" in run(capsys, "pack", "check", tmp_path)[1].out
