"""Voices that are uploaded: what a sample may be, whom a voice belongs to, and what uploads cost others."""

import json
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tests import hostile_media
from tests.speechlike import speech
from voxpress.audio import codec
from voxpress.audio.waveform import Audio
from voxpress.speech import Output

from .conftest import memory, servers

FORM = {"content-type": "multipart/form-data; boundary=xyz"}
FIELDS = {
    "speaker": "Anna Smith",
    "consent": "release signed on 1 March 2026",
    "transcript": "What is said in this sample is of no importance, as nobody listens to it here.",
    "language": "en",
}


def voxpress(*arguments):
    command = [sys.executable, "-P", "-m", "voxpress", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


COPYCAT = """
import msgspec
from voxpress.voices import references
from voxpress.engines.tone import Tone
class Copycat(Tone):
    name = "copycat"
    clones = True
    def voices(self):
        return [*super().voices(), *references.voices(self.name)]
    def _speak(self, segment):
        return super()._speak(msgspec.structs.replace(segment, voice="low"))
"""
"""An engine that clones."""


@pytest.fixture(scope="module")
def keyed(tmp_path_factory):
    """A server with two keys that may add voices, an engine that clones, and voices of its own."""
    folder = tmp_path_factory.mktemp("uploads")
    (info := folder / "plugins" / "copycat-1.0.dist-info").mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: copycat\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[voxpress.engines]\ncopycat = copycat:Copycat\n")
    (folder / "plugins" / "copycat.py").write_text(COPYCAT)
    with pytest.MonkeyPatch.context() as patch, servers(folder) as start:
        patch.setenv("XDG_DATA_HOME", str(folder / "data"))
        patch.setenv("PYTHONPATH", f"{folder / 'plugins'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
        keys = {}
        for name in ("one", "two"):
            done = voxpress(
                "keys", "add", name, "--state", str(folder / "state"), "--may", "speech", "--may", "voices"
            )
            assert done.returncode == 0, done.stderr
            keys[name] = done.stdout.strip()
        yield start(key=keys["one"], engines=("tone", "copycat")), keys


def sample():
    return codec.encode(Audio(speech(8.0).samples, 24_000), Output(format="flac"))


def upload(here, key, name, data, **fields):
    parts = [
        f'--xyz\r\ncontent-disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
        for field, value in {"name": name, **FIELDS, **fields}.items()
    ]
    parts.append(b'--xyz\r\ncontent-disposition: form-data; name="audio_sample"; filename="a.wav"\r\n\r\n')
    body = b"".join([*parts, data, b"\r\n--xyz--\r\n"])
    return here.ask("POST", "/v1/audio/voices", body, {**FORM, "authorization": f"Bearer {key}"})


def delete(here, key, name):
    return here.ask("DELETE", f"/v1/audio/voices/{name}", headers={"authorization": f"Bearer {key}"})


@pytest.mark.parametrize("kind", ["ffconcat", "SDP", "HLS", "PNG", "a script behind an ID3 tag", "AVI"])
def test_a_script_does_not_become_a_voice(keyed, kind, tmp_path):
    """It could name any file of the server's, or an address."""
    here, keys = keyed
    secret = tmp_path / "secret.wav"
    secret.write_bytes(sample())
    answer = upload(here, keys["one"], "script", hostile_media.scripts(secret)[kind])
    assert answer.status == 400 and "not audio that can be read" in answer.json["error"]["message"]
    assert b'"script"' not in here.ask("GET", "/v1/audio/voices").body


@pytest.mark.parametrize(
    "kind", ["FLAC at 655 kHz", "WAV at 0 Hz", "samples whose squares are infinite", "MP4 of 17 streams"]
)
def test_what_is_more_than_anybody_needs_is_refused(keyed, kind):
    here, keys = keyed
    made, problem = hostile_media.EXCESSIVE[kind]
    answer = upload(here, keys["one"], "excess", made())
    assert answer.status == 400 and problem in answer.json["error"]["message"]


def test_a_voice_belongs_to_the_key_that_added_it(keyed):
    """Others can speak with it; they can neither delete it nor take its name."""
    here, keys = keyed
    assert upload(here, keys["one"], "anna", sample()).status == 200
    foreign, unknown = delete(here, keys["two"], "anna"), delete(here, keys["two"], "nobody")
    assert (foreign.status, foreign.json["error"]["code"]) == (404, "voice_not_found")
    assert (unknown.status, unknown.json["error"]["code"]) == (404, "voice_not_found")
    said = [answer.json["error"]["message"] for answer in (foreign, unknown)]
    assert said[0].replace("anna", "nobody") == said[1]
    headers = {"authorization": f"Bearer {keys['two']}"}
    listed = here.ask("GET", "/v1/audio/voices?model=copycat", headers=headers)
    (voice,) = (voice for voice in listed.json["voices"] if voice["name"] == "anna")
    assert voice["cloned"] and b"Anna Smith" not in listed.body and b"release signed" not in listed.body
    body = {"model": "copycat", "voice": "anna", "input": "By another key."}
    assert (
        here.ask(
            "POST",
            "/v1/audio/speech",
            json.dumps(body).encode(),
            {**headers, "content-type": "application/json"},
        ).status
        == 200
    )
    taken = upload(here, keys["two"], "anna", sample())
    assert (taken.status, taken.json["error"]["code"]) == (409, "voice_exists")
    assert delete(here, keys["one"], "anna").json == {"id": "anna", "object": "audio.voice", "deleted": True}
    assert upload(here, keys["two"], "anna", sample()).status == 200
    assert delete(here, keys["one"], "anna").status == 404
    removed = voxpress("voices", "remove", "anna")
    assert removed.returncode == 0, removed.stderr


def test_a_voice_of_the_operator_is_not_a_keys(keyed, tmp_path):
    here, keys = keyed
    (tmp_path / "a.flac").write_bytes(sample())
    added = voxpress(
        "voices", "add", "house", "--reference", str(tmp_path / "a.flac"), "--asr-model", "none",
        *(part for name, value in FIELDS.items() for part in (f"--{name}", value)),
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    for key in keys.values():
        assert delete(here, key, "house").status == 404
    assert voxpress("voices", "remove", "house").returncode == 0


def test_many_uploads_keep_nobody_from_speaking(keyed):
    """Those beyond what can wait are told to come again."""
    here, keys = keyed
    noise = np.random.default_rng(0).normal(0, 0.1, 24_000 * 15).astype(np.float32)
    data = codec.encode(Audio(noise, 24_000), Output(format="mp3"))
    with ThreadPoolExecutor(24) as threads:
        sent = [threads.submit(upload, here, keys["one"], f"v{n}", data) for n in range(24)]
        spoken = [threads.submit(here.say, f"Number {n}.") for n in range(5)]
        assert [each.result().status for each in spoken] == [200] * 5
        answers = [each.result() for each in sent]
    assert {each.status for each in answers} == {400, 429}
    assert all("retry-after" in each.headers for each in answers if each.status == 429)


@pytest.mark.parametrize("name", ["nova", "Nova", "alloy"])
def test_a_voice_cannot_take_the_place_of_one_that_others_ask_for(keyed, name):
    """OpenAI's names stand for voices of every engine: whoever asks for `nova` did not ask for Anna."""
    here, keys = keyed
    answer = upload(here, keys["one"], name, sample())
    assert (answer.status, answer.json["error"]["param"]) == (400, "name"), answer.body


@pytest.mark.parametrize("name", ["CON", "nul.x", "a.", "..", "a/b", "x" * 65, ""])
def test_a_name_is_one_that_every_system_can_have(keyed, name):
    here, keys = keyed
    answer = upload(here, keys["one"], name, sample())
    assert (answer.status, answer.json["error"]["param"]) == (400, "name"), answer.body


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("consent", "x" * 3000),
        ("consent", " "),
        ("speaker", "Anna\x1b[2J"),
        ("speaker", "Anna\u202e"),
        ("engines", "nope"),
        ("engines", "tone"),
        ("transcript", "..."),
        ("transcript", "What is said\x1b[2J in this sample is of no importance here."),
        ("transcript", "What is said\0 in this sample is of no importance here."),
        ("language", "English please"),
    ],
)
def test_what_is_said_of_a_voice_is_checked_and_the_message_names_the_field(keyed, field, value):
    """And speaks of fields, not of flags."""
    here, keys = keyed
    answer = upload(here, keys["one"], "checked", sample(), **{field: value})
    error = answer.json["error"]
    assert (answer.status, error["param"]) == (400, field), error
    assert "--" not in error["message"]


def test_a_name_that_differs_in_case_only_is_taken(keyed):
    here, keys = keyed
    assert upload(here, keys["one"], "bert", sample()).status == 200
    taken = upload(here, keys["two"], "Bert", sample())
    assert (taken.status, taken.json["error"]["code"]) == (409, "voice_exists")
    assert delete(here, keys["one"], "bert").status == 200


def test_one_key_leaves_room_for_the_uploads_of_others(keyed):
    here, keys = keyed
    noise = np.random.default_rng(0).normal(0, 0.1, 24_000 * 500).astype(np.float32)
    data = codec.encode(Audio(noise, 24_000), Output(format="mp3"))
    with ThreadPoolExecutor(16) as threads:
        many = [threads.submit(upload, here, keys["one"], f"v{n}", data) for n in range(12)]
        other = threads.submit(upload, here, keys["two"], "w", data)
        assert other.result().status == 400  # it is noise, which was found out
        statuses = Counter(each.result().status for each in many)
    assert statuses[429] and statuses[400]


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_refused_samples_do_not_stay_in_memory(keyed):
    """A silent FLAC of ten minutes has 90 kB, and 100 MB of samples."""
    here, keys = keyed
    silence = codec.encode(Audio(np.zeros(24_000 * 599, np.float32), 24_000), Output(format="flac"))

    assert upload(here, keys["one"], "silent", silence).status == 400
    before = memory(here)
    for number in range(8):
        assert upload(here, keys["one"], f"silent{number}", silence).status == 400
    assert memory(here) - before < 2 * 4 * 24_000 * 599
