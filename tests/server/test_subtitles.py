"""Files with marks from the server: the text as it is written, at an address of their own."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

pytest.importorskip("litestar")

from voxpress.engines.tone import Tone
from voxpress.errors import InputError
from voxpress.rendering.projects import load_project
from voxpress.server.aliases import Aliases
from voxpress.server.errors import Refusal
from voxpress.server.requests import parse_speech_request
from voxpress.server.settings import Settings
from voxpress.server.speech.planner import SpeechPlan, SpeechPlanner
from voxpress.speech import Clip
from voxpress.store import Store

TEXT = "The fee is $49. Thanks!"
LONG = " ".join(f"Part {number} costs ${number}." for number in range(1, 9))
SETTINGS = Settings(engines=["tone"])


def plan(text: str, project: Any = None, **fields: Any) -> SpeechPlan:
    project = project or load_project()
    planner = SpeechPlanner(SETTINGS, Aliases(SETTINGS, project.defaults, project.cast), project)
    data, ignored = parse_speech_request({"model": "tone", "voice": "low", "input": text, **fields})
    return planner.plan_now(data, ignored)


def find_addresses(headers: dict[str, str]) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in headers["x-voxpress-marks"].split("; "))
    return {name: path for name, _, path in pairs}


def read_cues(srt: str) -> list[str]:
    return [line for line in srt.splitlines() if line and "-->" not in line and not line.isdigit()]


@pytest.mark.parametrize("turn", ["miss", "hit"])
def test_subtitles_show_the_text_as_it_is_written(shared, turn):
    answer = shared.say(TEXT, marks=["srt", "vtt"])
    assert (answer.status, answer.headers["x-voxpress-cache"]) == (200, turn)
    addresses = find_addresses(answer.headers)
    assert list(addresses) == ["srt", "vtt"]
    srt, vtt = (shared.ask("GET", path) for path in addresses.values())
    assert read_cues(srt.body.decode()) == ["The fee is $49.", "Thanks!"]
    assert vtt.body.startswith(b"WEBVTT") and b"$49" in vtt.body
    assert srt.headers["content-type"].startswith("application/x-subrip")
    assert "immutable" in srt.headers["cache-control"]
    spoken = shared.ask("GET", f"/v1/audio/clips/{answer.headers['x-voxpress-clip']}.srt").body.decode()
    assert "forty-nine dollars" in spoken


@pytest.mark.parametrize("name", ["srt", "vtt", "json", "polly"])
def test_every_format_has_an_address(shared, name):
    path = find_addresses(shared.say("Room 7, please.", marks=[name]).headers)[name]
    answer = shared.ask("GET", path)
    assert answer.status == 200 and b"Room 7" in answer.body
    assert shared.ask("HEAD", path).status == 200


@pytest.mark.parametrize("written", [True, False])
def test_subtitles_that_a_client_has_are_not_sent_again(shared, written):
    answer = shared.say("Room 8, please.", marks=["vtt"])
    spoken = f"/v1/audio/clips/{answer.headers['x-voxpress-clip']}.vtt"
    path = find_addresses(answer.headers)["vtt"] if written else spoken
    tag = shared.ask("GET", path).headers["etag"]
    for known, status in ((tag, 304), (f'"other", W/{tag}', 304), ('"other"', 200)):
        again = shared.ask("GET", path, headers={"if-none-match": known})
        assert (again.status, again.headers["etag"]) == (status, tag)
        assert again.body.startswith(b"WEBVTT") is (status == 200)


def test_two_texts_that_sound_the_same_have_subtitles_of_their_own(shared):
    first, second = (shared.say(text, marks=["srt"]) for text in ("It costs $5.", "It costs five dollars."))
    assert first.headers["x-voxpress-clip"] == second.headers["x-voxpress-clip"]
    paths = [find_addresses(each.headers)["srt"] for each in (first, second)]
    assert [read_cues(shared.ask("GET", path).body.decode()) for path in paths] == [
        ["It costs $5."],
        ["It costs five dollars."],
    ]


def test_a_streamed_file_has_its_subtitles_when_it_ends(shared):
    answer = shared.say(LONG, marks=["srt"], response_format="mp3")
    assert answer.headers["x-voxpress-cache"] == "miss" and "content-length" not in answer.headers
    srt = shared.ask("GET", find_addresses(answer.headers)["srt"]).body.decode()
    assert read_cues(srt)[-1] == "Part 8 costs $8."


@pytest.mark.parametrize("text", ["The bill is $7.", LONG.replace("Part", "Piece")])
@pytest.mark.parametrize("turn", ["miss", "hit"])
def test_the_last_event_has_the_files(shared, text, turn):
    answer = shared.say(text, marks=["srt", "polly"], stream_format="sse", response_format="pcm")
    assert answer.headers["x-voxpress-cache"] == turn
    done = json.loads(answer.body.decode().split("data: ")[-1])
    assert done["type"] == "speech.audio.done" and "timestamps" not in done
    assert list(done["marks"]) == ["srt", "polly"]
    assert "$7" in done["marks"]["srt"]
    addresses = find_addresses(answer.headers)
    assert shared.ask("GET", addresses["srt"]).body.decode() == done["marks"]["srt"]


def test_without_marks_nothing_is_said_of_them(shared):
    every: list[dict[str, Any]] = [{}, {"marks": None}, {"marks": []}]
    for fields in every:
        assert "x-voxpress-marks" not in shared.say("Hello.", **fields).headers
    events = shared.say("Hello.", stream_format="sse").body.decode()
    assert '"marks"' not in events


@pytest.mark.parametrize(
    ("marks", "problem"),
    [
        (["ass"], "marks: no format 'ass' (formats: srt, vtt, json, polly)"),
        (["srt", "VTT"], "marks: no format 'VTT'"),
        ("srt", "marks"),
        ([["srt"]], "marks"),
        ([7], "marks"),
        (["srt"] * 17, "marks"),
        (["s" * 33], "marks"),
        ({"srt": True}, "marks"),
    ],
)
def test_marks_that_do_not_exist(shared, marks, problem):
    answer = shared.say("Hello.", marks=marks)
    assert answer.status == 400
    error = answer.json["error"]
    assert problem in error["message"] and error["param"].startswith("marks")


def test_names_that_are_repeated_count_once(shared):
    assert list(find_addresses(shared.say("Hello.", marks=["srt", "vtt", "srt"]).headers)) == ["srt", "vtt"]


@pytest.mark.parametrize("path", ["0" * 64 + ".srt", "0" * 64 + ".json", "0" * 64 + ".marks"])
def test_no_such_file(shared, path):
    answer = shared.ask("GET", "/v1/audio/clips/" + path)
    assert (answer.status, answer.json["error"]["code"]) == (404, "clip_not_found")


def test_a_file_that_is_gone_comes_back_when_its_text_is_asked_for_again(shared):
    asked = {"text": "Gate 12 is open.", "marks": ["srt"]}
    path = find_addresses(shared.say(**asked).headers)["srt"]
    digest = path.rpartition("/")[2]
    file = shared.store / "marks" / digest[:2] / digest
    for damage in (file.unlink, lambda: file.write_bytes(file.read_bytes()[:-1] + b"?")):
        damage()
        assert shared.ask("GET", path).status == 404
        assert shared.say(**asked).headers["x-voxpress-cache"] == "hit"
        assert read_cues(shared.ask("GET", path).body.decode()) == ["Gate 12 is open."]


def test_a_clip_without_marks_of_its_sentences_is_finished_again(shared):
    """An older voxpress left such clips in the store."""
    text = "We open at 9 o'clock."
    key = shared.say(text).headers["x-voxpress-clip"]
    store = Store(shared.store)
    clip = store.clip(key)
    assert isinstance(clip, Clip) and clip.marks
    data = store.read(clip)
    assert data
    store.put_clip(Clip(**{**_fields(clip), "marks": ()}), data)
    answer = shared.say(text, marks=["srt"])
    assert answer.headers["x-voxpress-cache"] == "miss"
    assert "9" in shared.ask("GET", find_addresses(answer.headers)["srt"]).body.decode()


def _fields(clip: Clip) -> dict[str, Any]:
    return {name: getattr(clip, name) for name in clip.__struct_fields__}


def test_the_marks_of_a_preset_hold_unless_the_request_says_otherwise(tmp_path):
    file = tmp_path / "voxpress.toml"
    file.write_text('[presets.web]\nmarks = ["vtt"]\nfiles = [{path = "{id}.mp3", format = "mp3"}]\n')
    project = load_project(file)

    def find(**fields: Any) -> list[str]:
        return [each.format for each in plan("Hello.", project, **fields).sidecars]

    assert find() == []
    assert find(preset="web") == find(preset="web", marks=None) == ["vtt"]
    assert find(preset="web", marks=["srt"]) == ["srt"]
    assert find(preset="web", marks=[]) == []


def test_marks_do_not_change_the_clip():
    assert plan(TEXT, marks=["srt"]).clip_key == plan(TEXT).clip_key


# Other fields


@pytest.mark.parametrize(
    ("fields", "ignored"),
    [
        ({"timestamps": True}, ("timestamps",)),
        ({"timestamps": True, "stream_format": "audio"}, ("timestamps",)),
        ({"timestamps": True, "stream_format": "sse"}, ()),
        ({"timestamps": False}, ()),
        (
            {"timestamps": True, "instructions": "Gently.", "user": "x"},
            ("timestamps", "instructions", "user"),
        ),
    ],
)
def test_timestamps_without_events_have_no_effect_and_are_named(fields, ignored):
    assert plan("Hello.", **fields).ignored == ignored


def test_the_header_names_timestamps_that_have_no_effect(shared):
    assert shared.say("Hello.", timestamps=True).headers["x-voxpress-ignored"] == "timestamps"


@pytest.mark.parametrize(
    ("model", "voice", "mapped"),
    [
        ("tts-1", "Alice", ("tts-1=piper", "Alice=nova-x")),
        ("tone", "Alice", ("tone=piper", "Alice=nova-x")),
        ("piper", "Alice", ("Alice=nova-x",)),
        ("tts-1", "Bob", ("tts-1=tone", "Bob=high")),
        ("tone", "Bob", ("Bob=high",)),
        ("tone", "low", ()),
        ("tts-1", "low", ("tts-1=tone",)),
        ("tone", "Carol", ("Carol=low",)),
        ("tone", "high", ("high=low",)),
    ],
)
def test_the_header_names_the_engine_of_a_member_of_the_cast(tmp_path, model, voice, mapped):
    """It named the engine that `model` stands for, also where the member has another."""
    file = tmp_path / "voxpress.toml"
    file.write_text(
        '[cast]\nAlice = {engine = "piper", voice = "nova-x"}\nBob = {voice = "high"}\n'
        'Carol = {speed = 1.1}\nhigh = {engine = "tone", voice = "low"}\n'
    )
    settings = Settings(engines=["tone", "piper"], models={"tts-1": "tone"})
    project = load_project(file)
    names = Aliases(settings, project.defaults, project.cast)
    assert names.resolve(model, voice)[1] == mapped


def test_what_the_voice_cannot_say_is_left_out_where_the_request_says_so(monkeypatch):
    monkeypatch.setattr(Tone, "unspeakable", lambda self, text, voice, language: ["Ж"] * ("Ж" in text))
    with pytest.raises(InputError, match="Ж"):
        plan("Visit Ж soon.")
    made = plan("Visit Ж soon.", unspeakable="skip")
    assert any("Ж" in note for note in made.notes)
    assert [take.segment.text for take in made.plan.takes.values()] == ["Visit soon."]
    assert plan("Visit us.", unspeakable="skip").clip_key == plan("Visit us.").clip_key
    with pytest.raises(Refusal, match="unspeakable"):
        plan("Visit us.", unspeakable="drop")


def test_a_batch_has_the_addresses_of_subtitles(shared):
    body = {"model": "tone", "voice": "low", "input": TEXT, "marks": ["srt"], "stream_format": "sse"}
    line = {
        "custom_id": "a",
        "method": "POST",
        "url": "/v1/audio/speech",
        "body": {**body, "timestamps": True},
    }
    client = shared.client()
    file = client.files.create(file=("a.jsonl", json.dumps(line).encode()), purpose="batch")
    batch = client.batches.create(input_file_id=file.id, endpoint="/v1/audio/speech", completion_window="24h")
    deadline = time.monotonic() + 60
    while batch.status not in ("completed", "failed") and time.monotonic() < deadline:
        time.sleep(0.1)
        batch = client.batches.retrieve(batch.id)
    assert batch.status == "completed"
    spoken = json.loads(client.files.content(batch.output_file_id).text)["response"]["body"]
    assert sorted(spoken["ignored"]) == ["stream_format", "timestamps"]
    path = spoken["marks"]["srt"].removeprefix(shared.url)
    assert read_cues(shared.ask("GET", path).body.decode()) == ["The fee is $49.", "Thanks!"]
