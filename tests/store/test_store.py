"""voxpress.store: what is in a key and what is not, takes and clips there and back, damage, care, and company."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import voxpress
from voxpress.audio.waveform import Audio
from voxpress.errors import StoreError
from voxpress.rendering.plan import Plan
from voxpress.rendering.planner import Planner
from voxpress.speech import Clip, Mark, Output, Segment, Speaker, Utterance
from voxpress.store import GRACE, Store, Verdict, canonical_url, open_store
from voxpress.store.keys import clip_key, seed, take_key
from voxpress.text import Pause, Silence, Tone
from voxpress.text.wer import Score

GOLDEN = Path(__file__).parent.parent / "golden" / "keys.json"
TEXT = "Welcome to the house of sound. Please hold while I find somebody for you."
DAMAGE: Mapping[str, Callable[[bytes], bytes]] = {
    "emptied": lambda data: b"",
    "cut to one byte": lambda data: data[:1],
    "cut in half": lambda data: data[: len(data) // 2],
    "last byte lost": lambda data: data[:-1],
    "byte added": lambda data: data + b"\0",
    "first byte flipped": lambda data: bytes([data[0] ^ 1]) + data[1:],
    "middle byte flipped": lambda data: (
        data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 0x40]) + data[len(data) // 2 + 1 :]
    ),
    "zeroed": lambda data: bytes(len(data)),
}


def planned(row: Mapping[str, Any] | None = None, filed: bool = True, **given: Any) -> Plan:
    """The plan of one row that says TEXT."""
    utterance = Utterance(**{"text": TEXT, "id": "hello", **(row or {})})
    others = {name: given.pop(name) for name in ("device", "carrier", "format", "files") if name in given}
    plan = Planner(Speaker(**{"engine": "tone", **given}), **others).plan(utterance, filed=filed)
    assert isinstance(plan, Plan), plan.error
    return plan


def keys(plan: Plan) -> tuple[list[str], list[str]]:
    return list(plan.takes), [target.clip for target in plan.targets]


def audio(duration: float = 0.5, rate: int = 16000) -> Audio:
    """Something that could have been spoken, on the grid of 24 bits, with marks."""
    random = np.random.default_rng(7)
    samples = random.integers(-(2**22), 2**22, int(duration * rate)) / 2**23
    marks = (
        Mark(kind="word", text="naïve", start=0.1, end=0.25),
        Mark(kind="phoneme", text="ə", start=0.1, end=0.12),
    )
    return Audio(samples.astype(np.float32), rate, marks)


def filled(store: Store, key: str, data: bytes = b"RIFF-like bytes") -> Clip:
    import hashlib

    clip = Clip(
        key=key,
        format="wav",
        sample_rate=8000,
        duration=1.25,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        marks=(Mark(kind="word", text="one", start=0.0, end=0.5),),
    )
    return store.put_clip(clip, data)


def objects(folder: Path) -> list[Path]:
    return sorted(
        path for kind in ("takes", "clips") for path in (folder / kind).rglob("*") if path.is_file()
    )


def aged(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


# Keys


def golden_keys() -> dict[str, str]:
    said = Segment(text="Hello there.", voice="low", language="en")
    full = Segment(
        text="Grüße, 世界 😀.",
        voice="a:0.6+b:0.4",
        language="de-AT",
        speed=1.25,
        seed=7,
        options={"b": 2, "a": 0.5, "c": True},
    )
    first, second = take_key("tone-1", said), take_key("piper-00ff", full)
    parts = [first, Pause("sentence"), second, Silence(2.0), Tone((697.0, 1209.0), 0.1)]
    telephone = Output(
        format="wav-ulaw",
        sample_rate=8000,
        level=-19.0,
        peak=-3.0,
        lead=0.05,
        tail=0.1,
        trim=False,
        title="Grüße",
        max_bytes=1000,
    )
    plan = planned()
    return {
        "take": first,
        "take, everything given": second,
        "clip": clip_key([first], Output()),
        "clip, everything given": clip_key(parts, telephone),
        "row, first take": keys(plan)[0][0],
        "row, clip": keys(plan)[1][0],
    }


def test_keys_are_those_of_the_golden_file() -> None:
    """A change of any key means that users' stores are spoken again: raise KEY_VERSION and say so in CHANGELOG.

    To write the file anew: python tests/store/test_store.py
    """
    assert golden_keys() == json.loads(GOLDEN.read_text())


@pytest.mark.parametrize(
    ("row", "defaults"),
    [
        ({}, {"device": "cpu"}),
        ({"id": "menu/other"}, {}),
        ({"file": "elsewhere/name.wav"}, {}),
        ({"origin": "prompts.csv:17"}, {}),
        ({"speed": 1}, {}),
        ({"speed": 1.0}, {}),
        ({"seed": 0}, {}),
        ({"voice": "low"}, {}),
        ({"language": "en"}, {}),
        ({"engine": "tone"}, {}),
        ({"format": "wav"}, {}),
        ({"options": {"fault": "none"}}, {}),
        ({"options": {"fault_rate": 1}}, {}),
        ({"options": {"fault_rate": 1.0, "fault": "none"}}, {}),
        ({"options": {"fault": "none", "fault_rate": 1.0}}, {}),
        ({}, {"options": {"fault": "none"}}),
        ({"options": {"fault": "none"}}, {"options": {"fault": "raise"}}),
        ({"text": f"  {TEXT}\n"}, {}),
        ({"text": TEXT.replace(" ", "   ")}, {}),
        ({"title": "WAV has no tags"}, {}),
    ],
)
def test_what_cannot_change_the_sound_is_not_in_the_key(
    row: dict[str, Any], defaults: dict[str, Any]
) -> None:
    """Device, names, order, defaults that are named, and how a number is written leave every key as it is."""
    assert keys(planned(row, **defaults)) == keys(planned())


@pytest.mark.parametrize(
    "row",
    [
        {"text": TEXT.replace("Welcome", "welcome")},
        {"text": TEXT.replace("house", "hous")},
        {"voice": "high"},
        {"language": "en-GB"},
        {"seed": 1},
        {"options": {"fault_rate": 0.5}},
        {"options": {"fault": "tail"}},
    ],
)
def test_what_can_change_the_sound_is_in_the_key(row: dict[str, Any]) -> None:
    """Text, voice, language, seed and each option (jambonz leaves the options out, OVOS the parameters)."""
    plain, other = planned(), planned(row)
    assert keys(other)[1] != keys(plain)[1]
    assert keys(other)[0][0] != keys(plain)[0][0]


def test_the_speed_at_which_an_engine_speaks_is_in_the_key() -> None:
    """Short sentences are spoken at 1.0 and stretched: they share takes, and no clip."""
    long = "Welcome to the house of sound, and please hold while I find somebody for you."
    for text, shared in ((TEXT, True), (long, False)):
        plain, faster = planned({"text": text}), planned({"text": text, "speed": 1.01})
        assert (keys(plain)[0] == keys(faster)[0]) is shared
        assert keys(plain)[1] != keys(faster)[1]


def test_how_a_file_is_finished_is_in_the_key_of_the_clip_alone() -> None:
    """Another format, loudness or pause is another clip of the same takes: no synthesis."""
    outputs = [
        Output(),
        Output(format="mp3"),
        Output(sample_rate=8000),
        Output(loudness=-16.0),
        Output(level=-19.0),
        Output(peak=-3.0),
        Output(least_rms=-22.5),
        Output(room_tone=-70.0),
        Output(trim=False),
        Output(lead=0.1),
        Output(tail=0.1),
        Output(sentence_pause=0.5),
        Output(paragraph_pause=0.5),
    ]
    plans = [planned(files=[("{id}.{extension}", output)]) for output in outputs]
    assert len({tuple(keys(plan)[0]) for plan in plans}) == 1
    assert len({plan.targets[0].clip for plan in plans}) == len(outputs)


def test_limits_are_in_no_key() -> None:
    """They decide whether there is a clip, not how it sounds."""
    assert clip_key(["1" * 64], Output(max_bytes=1000, max_duration=2.0)) == clip_key(["1" * 64], Output())


def test_pauses_order_and_number_of_parts_are_in_the_key_of_the_clip() -> None:
    """What is said in another order, or once more, is another file."""
    one, two = "1" * 64, "2" * 64
    arrangements: list[list[Any]] = [
        [one, two],
        [two, one],
        [one, Pause("sentence"), two],
        [one, Pause("paragraph"), two],
        [one, Silence(1.0), two],
        [one, Silence(2.0), two],
        [one, Tone((440.0,), 1.0), two],
        [one, two, two],
        [one + two],
    ]
    assert len({clip_key(parts, Output()) for parts in arrangements}) == len(arrangements)


def test_a_sentence_more_changes_no_other_take() -> None:
    """Seeds come from content, not from position as in Chatterbox-TTS-Server, where all that follows changes."""
    sentences = [f"This is sentence number {n} of the whole story." for n in ("one", "two", "three")]
    before = planned({"text": " ".join(sentences)})
    after = planned(
        {"text": " ".join([sentences[0], "Something new stands between the two of them.", *sentences[1:]])}
    )
    assert len(before.takes) == 3
    assert before.takes.keys() < after.takes.keys()


def test_another_attempt_has_another_seed_and_the_same_key() -> None:
    """A take that failed its check is spoken again with another seed, which its content decides."""
    key = take_key("tone-1", Segment(text="Hello.", voice="low", language="en"))
    seeds = [seed(key, attempt) for attempt in range(3)]
    assert len(set(seeds)) == 3
    assert seeds == [seed(key, attempt) for attempt in range(3)]
    assert all(0 <= one < 2**63 for one in seeds)


def test_keys_are_the_same_in_every_process_and_place(tmp_path: Path) -> None:
    """Not after a reboot, in another folder or under another hash seed do keys change."""
    program = (
        "from voxpress.rendering.planner import Planner; from voxpress.speech import Speaker, Utterance;"
        "plan = Planner(Speaker(engine='tone', options={'fault_rate': 0.25, 'fault': 'tail'})).plan("
        f"Utterance(text={TEXT!r}, id='hello', options={{'fault': 'loop'}}));"
        "print(*plan.takes, *[t.clip for t in plan.targets])"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=folder,
            env={**os.environ, "PYTHONHASHSEED": number, "HOME": str(folder), "TZ": zone, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for number, folder, zone in (("1", tmp_path, "UTC"), ("2", Path("/"), "Asia/Tokyo"))
    ]
    assert runs[0] == runs[1] != ""


def test_weights_are_known_by_what_is_in_them_not_by_where_they_lie(tmp_path: Path) -> None:
    """Moved, copied or touched weights keep their fingerprint; other bytes under the same name have another."""
    pytest.importorskip("piper")
    config = {"audio": {"sample_rate": 22050}, "espeak": {"voice": "en-us"}, "phoneme_id_map": {}}

    def key(folder: str, weights: bytes | None = None) -> list[str]:
        place = tmp_path / folder / "en_US-mine-medium.onnx"
        if weights is not None:
            place.parent.mkdir()
            place.write_bytes(weights)
            place.with_name(place.name + ".json").write_text(json.dumps(config))
        return keys(planned(engine="piper", model=str(place)))[0]

    here = key("here", b"weights")
    assert key("there", b"weights") == here
    aged(tmp_path / "here" / "en_US-mine-medium.onnx", 10_000)
    assert key("here") == here
    assert not set(key("others", b"weightz")) & set(here)


# There and back


def test_a_take_comes_back_to_the_last_of_24_bits_with_its_marks(tmp_path: Path) -> None:
    """What lies on the grid of 24 bits is the same to the bit, and so are the marks."""
    store, said = Store(tmp_path), audio()
    kept = store.put_take("ab" * 32, said)
    again = Store(tmp_path).take("ab" * 32)
    assert again is not None
    assert again.sample_rate == said.sample_rate
    assert again.marks == said.marks
    np.testing.assert_array_equal(again.samples, said.samples)
    np.testing.assert_array_equal(kept.samples, said.samples)


@pytest.mark.parametrize("factor", [1.0, 1e-3, 1.7, 9.0])
def test_what_was_just_spoken_is_what_will_be_read(tmp_path: Path, factor: float) -> None:
    """A clip made at once and one made from the store later are the same: put gives what take will give."""
    samples = np.random.default_rng(3).uniform(-1, 1, 4000).astype(np.float32) * np.float32(factor)
    store = Store(tmp_path)
    kept = store.put_take("cd" * 32, Audio(samples, 22050))
    again = store.take("cd" * 32)
    assert again is not None
    np.testing.assert_array_equal(again.samples, kept.samples)
    np.testing.assert_allclose(again.samples, samples, atol=max(1.0, 2 * factor) * 2.0**-23)


def test_a_clip_comes_back_with_what_is_known_of_it(tmp_path: Path) -> None:
    """Bytes, record and path; a hit says that it is one."""
    store = Store(tmp_path)
    put = filled(store, "ef" * 32)
    clip = Store(tmp_path).clip("ef" * 32)
    assert clip is not None
    assert clip.hit and not put.hit
    assert (clip.duration, clip.marks, clip.sha256) == (put.duration, put.marks, put.sha256)
    assert store.read(clip) == b"RIFF-like bytes" == Path(clip.path).read_bytes()
    assert clip.path == put.path
    assert clip.path.endswith(".wav")


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    """Takes and clips that are there are not among the missing, and the store of another folder has none."""
    store = Store(tmp_path / "one")
    store.put_take("aa" * 32, audio(0.1))
    filled(store, "bb" * 32)
    assert store.missing_takes(["aa" * 32, "bb" * 32]) == {"bb" * 32}
    assert store.missing_clips(["aa" * 32, "bb" * 32]) == {"aa" * 32}
    assert Store(tmp_path / "two").missing_takes(["aa" * 32]) == {"aa" * 32}
    assert store.missing_takes([]) == set()


# Damage


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_object_is_healed_and_never_served(tmp_path: Path, how: str) -> None:
    """Each object of a store in turn: what is said is the same as before, and the store is whole again."""
    whole = voxpress.say(TEXT, engine="tone", store=tmp_path)
    assert len(objects(tmp_path)) >= 4
    for path in objects(tmp_path):
        path.write_bytes(DAMAGE[how](path.read_bytes()))
        clip = voxpress.say(TEXT, engine="tone", store=tmp_path)
        assert clip.data == whole.data, path
        assert (clip.duration, clip.sample_rate, clip.marks) == (
            whole.duration,
            whole.sample_rate,
            whole.marks,
        ), path
    for path in objects(tmp_path):
        path.write_bytes(DAMAGE[how](path.read_bytes()))
    assert voxpress.say(TEXT, engine="tone", store=tmp_path).data == whole.data
    assert list(Store(tmp_path).verify()) == []


def test_no_flipped_bit_of_a_take_is_heard(tmp_path: Path) -> None:
    """A checksum covers samples and marks: whichever byte changes, there is no take."""
    store = Store(tmp_path)
    store.put_take("ab" * 32, audio(0.01))
    (path,) = objects(tmp_path)
    sound = path.read_bytes()
    for position in [*range(40), *range(40, len(sound), 5)]:
        path.write_bytes(sound[:position] + bytes([sound[position] ^ 0x10]) + sound[position + 1 :])
        assert store.take("ab" * 32) is None, position


@pytest.mark.parametrize("bit", [0x01, 0x10, 0x80])
def test_no_flipped_bit_of_a_record_is_believed(tmp_path: Path, bit: int) -> None:
    """Duration, rate and marks are covered as well: a changed record is a miss, never a wrong answer."""
    store = Store(tmp_path)
    filled(store, "ab" * 32)
    right = store.clip("ab" * 32)
    (path,) = [path for path in objects(tmp_path) if path.suffix == ".json"]
    sound = path.read_bytes()
    for position in range(len(sound)):
        path.write_bytes(sound[:position] + bytes([sound[position] ^ bit]) + sound[position + 1 :])
        clip = store.clip("ab" * 32)
        assert clip is None or clip == right, position


def test_a_clip_whose_bytes_are_gone_is_made_again_without_speaking(tmp_path: Path) -> None:
    """The record alone is no hit, and the takes are still there."""
    first = voxpress.say(TEXT, engine="tone", store=tmp_path)
    Path(first.path).unlink()
    rows = [Utterance(text=TEXT)]
    (result,) = voxpress.render(rows, engine="tone", store=tmp_path, workers=0)
    assert result.status in ("rendered", "from store") and result.spoken == 0
    assert Path(first.path).read_bytes() == first.data


def test_two_texts_that_share_a_sentence_do_not_share_its_fate(tmp_path: Path) -> None:
    """What one document no longer wants stays whole for the other (readest's sentence keys had an owner)."""
    shared = "This sentence is in both of the documents. "
    one, two = shared + "And this one is only in the first.", shared + "But this one is only in the second."
    first = voxpress.say(one, engine="tone", store=tmp_path)
    spoken = len(objects(tmp_path / "takes" / "..")) and len(list((tmp_path / "takes").rglob("*/*")))
    second = voxpress.say(two, engine="tone", store=tmp_path)
    assert len(list((tmp_path / "takes").rglob("*/*"))) == spoken + 1
    Path(first.path).unlink()
    again = voxpress.say(two, engine="tone", store=tmp_path)
    assert again.hit and again.data == second.data
    assert voxpress.say(one, engine="tone", store=tmp_path).data == first.data


# Care


def test_verify_names_and_removes_what_is_broken_and_only_that(tmp_path: Path) -> None:
    """The broken ones are gone and come again when they are wanted; what is not the store's own is left alone."""
    voxpress.say(TEXT, engine="tone", store=tmp_path)
    strangers = [
        tmp_path / name for name in ("notes.txt", "package.json", "takes/readme.json", "clips/ab/mine.json")
    ]
    for stranger in strangers:
        stranger.parent.mkdir(exist_ok=True, parents=True)
        stranger.write_text("mine")
    before = objects(tmp_path)
    take = next(path for path in before if "takes" in path.parts and path.suffix != ".json")
    clip = next(path for path in before if path.suffix == ".wav")
    take.write_bytes(take.read_bytes()[:-1])
    clip.write_bytes(b"")
    removed = list(Store(tmp_path).verify())
    assert str(take.relative_to(tmp_path)) in removed
    assert any(clip.stem in name for name in removed)
    assert len(removed) <= 3
    assert not take.exists()
    assert all(stranger.read_text() == "mine" for stranger in strangers)
    assert list(Store(tmp_path).verify()) == []


def test_stats_count_what_there_is(tmp_path: Path) -> None:
    """By kind, a clip and its record as one, bytes as on the disk; an empty store has nothing."""
    assert {kind: use.count for kind, use in Store(tmp_path).stats().items()} == {"takes": 0, "clips": 0}
    store = Store(tmp_path)
    store.put_take("aa" * 32, audio(0.1))
    filled(store, "bb" * 32)
    stats = store.stats()
    assert (stats["takes"].count, stats["clips"].count) == (1, 1)
    assert stats["takes"].size + stats["clips"].size == sum(path.stat().st_size for path in objects(tmp_path))


def takes_of_ages(store: Store, folder: Path, ages: Mapping[str, float]) -> dict[str, Path]:
    paths = {}
    for letter, age in ages.items():
        store.put_take(letter * 64, audio(0.1))
        paths[letter] = folder / "takes" / (letter * 2) / (letter * 64)
        aged(paths[letter], age)
    return paths


def test_prune_by_size_takes_what_was_used_longest_ago(tmp_path: Path) -> None:
    """Until the rest fits, and no further; what somebody reads counts as used."""
    store = Store(tmp_path)
    paths = takes_of_ages(store, tmp_path, {"a": 9e5, "b": 8e5, "c": 7e5, "d": 6e5})
    size = paths["a"].stat().st_size
    assert store.missing_takes(["a" * 64]) == set()
    aged(paths["a"], 2 * GRACE)
    removed = store.prune(max_bytes=2 * size + size // 2)
    assert (removed.count, removed.size) == (2, 2 * size)
    assert [letter for letter, path in paths.items() if path.exists()] == ["a", "d"]


def test_prune_by_age_and_the_hour_of_grace(tmp_path: Path) -> None:
    """What is older goes, what was used within the hour stays although nothing may stay: a render may want it."""
    store = Store(tmp_path)
    paths = takes_of_ages(store, tmp_path, {"a": 9e5, "b": 1e5, "c": GRACE / 2})
    assert store.prune(older_than=5e5).count == 1
    assert not paths["a"].exists()
    assert store.prune(max_bytes=0, older_than=0).count == 1
    assert not paths["b"].exists()
    assert paths["c"].exists()
    assert store.prune(max_bytes=0).count == 0


@pytest.mark.parametrize("ahead", [1.0, 9e5, 3e9])
def test_an_object_that_was_used_in_the_future_was_used_now(tmp_path: Path, ahead: float) -> None:
    """A clock that was wrong: the object stays for the hour of grace, and ages from now on."""
    store = Store(tmp_path)
    paths = takes_of_ages(store, tmp_path, {"a": -ahead, "b": 9e5})
    assert store.prune(max_bytes=0).count == 1
    assert paths["a"].stat().st_mtime <= time.time()
    aged(paths["a"], 2 * GRACE)
    assert store.prune(older_than=GRACE).count == 1


@pytest.mark.parametrize("kind", ["takes", "clips", "verdicts"])
def test_an_object_in_the_place_of_another_is_a_miss(tmp_path: Path, kind: str) -> None:
    """Whole, with its own checksum, and of something else: not served, named, and made again."""
    store = Store(tmp_path / "store")
    texts = ("First text.", "Another text.")
    clips = [voxpress.say(text, engine="tone", store=store) for text in texts]
    takes = sorted((tmp_path / "store").glob("takes/*/*"))
    for take in takes:
        verdict = Verdict(
            take=store.take_sha256(take.name) or "",
            recogniser="e",
            attempts=1,
            heard="",
            score=Score(errors=0, words=1, letters=0, slips=0),
        )
        store.put_verdict(take.name, verdict)
    names = sorted({path.name.partition(".")[0] for path in (tmp_path / "store" / kind).glob("*/*")})
    one, other = names
    for path in (tmp_path / "store" / kind / one[:2]).glob(f"{one}*"):
        (tmp_path / "store" / kind / other[:2] / path.name.replace(one, other)).write_bytes(path.read_bytes())
    match kind:
        case "takes":
            assert store.take(other) is None and store.take(one) is not None
        case "clips":
            assert store.clip(other) is None and store.clip(one) is not None
        case "verdicts":
            assert store.verdict(other) is None and store.verdict(one) is not None
    (removed,) = store.verify()
    assert other in removed
    for text, clip in zip(texts, clips, strict=True):
        assert voxpress.say(text, engine="tone", store=store).data == clip.data


def test_store_commands_survive_what_is_no_object(tmp_path: Path) -> None:
    """Folders, loops, dangling links and pipes under names of objects: counted by none of them, and left alone."""
    store = Store(tmp_path)
    (path,) = takes_of_ages(store, tmp_path, {"a": 9e5}).values()
    place = tmp_path / "takes" / "bb"
    place.mkdir()
    (place / ("b" * 64)).mkdir()
    (place / ("bb" + "c" * 62)).symlink_to("bb" + "c" * 62)
    (place / ("bb" + "d" * 62)).symlink_to("nowhere")
    os.mkfifo(place / ("bb" + "e" * 62))
    assert store.stats()["takes"].count == 1
    assert list(store.verify()) == []
    assert store.prune(older_than=1e5).count == 1
    assert not path.exists() and len(list(place.iterdir())) == 4


def test_prune_takes_a_clip_whole_or_not_at_all(tmp_path: Path) -> None:
    """Bytes and record go together, and a hit on the record keeps both."""
    store = Store(tmp_path)
    filled(store, "ab" * 32)
    for path in objects(tmp_path):
        aged(path, 9e5)
    assert store.clip("ab" * 32) is not None
    assert store.prune(older_than=1e5).count == 0
    for path in objects(tmp_path):
        aged(path, 9e5)
    assert store.prune(older_than=1e5).count == 1
    assert objects(tmp_path) == []


@pytest.mark.parametrize("count", [1, 7, 1001])
def test_prune_removes_many_objects_where_they_are_elsewhere(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And verify finds all that are broken."""
    store = Store("memory:")
    keys = [f"{n:04x}" * 16 for n in range(count)]
    for key in keys:
        store._objects.put(f"takes/{key[:2]}/{key}", b"broken")
    now = time.time()
    monkeypatch.setattr("voxpress.store.time.time", lambda: now + 2 * GRACE)
    assert store.prune(max_bytes=6 * (count // 2)).count == count - count // 2
    left = store.stats()["takes"].count
    assert left == count // 2
    assert len(list(store.verify())) == left
    assert store.stats()["takes"].count == 0


def test_prune_and_verify_leave_alone_what_is_not_the_stores_own(tmp_path: Path) -> None:
    """A store in a folder that holds other things, by mistake or not, costs none of them."""
    names = [
        "holiday.jpg",
        "thesis/thesis.json",
        "takes/notes.txt",
        "clips/ab/list.json",
        "staging.txt",
        "stats.json",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("mine")
        aged(tmp_path / name, 9e7)
    store = Store(tmp_path)
    assert list(store.verify()) == []
    assert store.prune(max_bytes=0, older_than=1).count == 0
    assert store.stats()["clips"].count == store.stats()["takes"].count == 0
    assert all((tmp_path / name).exists() for name in names)


def test_what_a_killed_writer_left_is_swept_after_an_hour(tmp_path: Path) -> None:
    """Unfinished files are not objects; old ones go with the next look at the store, young ones may be somebody's."""
    store = Store(tmp_path)
    store.put_take("aa" * 32, audio(0.1))
    old, young = tmp_path / "staging" / ".old.partial", tmp_path / "staging" / ".young.partial"
    old.write_bytes(b"half")
    young.write_bytes(b"half")
    aged(old, 2 * 3600)
    assert store.stats()["takes"].count == 1
    assert not old.exists()
    assert young.exists()


# Company

WRITER = """
import sys, numpy as np
from voxpress.audio.waveform import Audio
from voxpress.store import Store
store, key = Store(sys.argv[1]), "ab" * 32
said = Audio(np.linspace(-0.5, 0.5, 20000, dtype=np.float32), 16000)
kept = store.put_take(key, said)
for _ in range(25):
    store.put_take(key, said)
    again = store.take(key)
    assert again is not None and np.array_equal(again.samples, kept.samples)
"""


def test_many_writers_of_one_key_do_no_harm(tmp_path: Path) -> None:
    """Three processes write and read the same take: it is whole at every look, and nothing is left over."""
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)]) for _ in range(3)]
    store = Store(tmp_path)
    seen = 0
    while any(writer.poll() is None for writer in writers):
        if not store.missing_takes(["ab" * 32]):
            assert store.take("ab" * 32) is not None
            seen += 1
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert seen > 10
    assert list((tmp_path / "staging").iterdir()) == []


def test_threads_that_say_different_things_get_what_they_asked_for(tmp_path: Path) -> None:
    """At once, into one store, cold and warm (xtts-api-server gave concurrent callers the same audio)."""
    texts = [f"Caller number {n}, please go on." for n in range(6)]
    alone = {text: voxpress.say(text, engine="tone", store="memory:").data for text in texts}
    wrong: list[str] = []

    def call(text: str) -> None:
        for _ in range(3):
            right = voxpress.say(text, engine="tone", store=tmp_path).data == alone[text]
            wrong.extend([] if right else [text])

    threads = [threading.Thread(target=call, args=(text,)) for text in texts * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_prune_beside_a_running_render_costs_at_most_some_speaking(tmp_path: Path) -> None:
    """Objects that go while rows are rendered are made again: no row fails, every file is right."""
    store = Store(tmp_path / "store")
    texts = [f"Row {n} says one thing. And after it there comes another one." for n in range(7)]
    rows = [Utterance(id=str(n), text=texts[n % 7]) for n in range(60)]
    done = threading.Event()

    def remove() -> None:
        while not done.is_set():
            for path in objects(tmp_path / "store"):
                path.unlink(missing_ok=True)

    remover = threading.Thread(target=remove)
    remover.start()
    try:
        results = list(voxpress.render(rows, tmp_path / "out", engine="tone", store=store, workers=0))
    finally:
        done.set()
        remover.join()
    assert {result.status for result in results} <= {"rendered", "from store"}
    for row in rows:
        want = voxpress.say(row.text, engine="tone", store="memory:")
        assert (tmp_path / "out" / f"{row.id}.wav").read_bytes() == want.data


# Places


def restricted() -> list[str]:
    """A prefix for a command that must heed permissions, which root does not."""
    return (
        ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
        if os.getuid() == 0
        else []
    )


READER = """
import sys, voxpress
clip = voxpress.say(sys.argv[2], engine="tone", store=sys.argv[1])
print(clip.hit)
try:
    voxpress.say("Something that is not in there.", engine="tone", store=sys.argv[1])
except voxpress.StoreError as error:
    print(error)
"""


def test_a_store_that_may_only_be_read_serves_what_it_has(tmp_path: Path) -> None:
    """Hits are served; a miss is one clear error that names the path."""
    place = tmp_path / "store"
    voxpress.say(TEXT, engine="tone", store=place)
    folders = [place, *(path for path in place.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        run = subprocess.run(
            [*restricted(), sys.executable, "-c", READER, str(place), TEXT],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert run.returncode == 0, run.stderr
    hit, problem = run.stdout.splitlines()
    assert hit == "True"
    assert str(place) in problem and "Permission denied" in problem


def test_a_store_in_memory_lives_as_long_as_it_is_held() -> None:
    """`memory:` is for tests and single calls: what is said twice is a hit within the process."""
    store = Store("memory:")
    first = voxpress.say(TEXT, engine="tone", store=store)
    again = voxpress.say(TEXT, engine="tone", store=store)
    assert (first.hit, again.hit) == (False, True)
    assert first.data == again.data
    assert again.path == ""
    assert store.stats()["clips"].count == 1
    assert list(store.verify()) == []


@pytest.mark.parametrize(
    "spelling",
    [
        "{0}/store",
        "{0}/store/",
        "{0}/x/../store",
        "{0}//store",
        "file:{0}/store",
        "file://{0}/store",
        "file://{0}/store/",
    ],
)
def test_each_spelling_of_a_folder_is_the_same_store(tmp_path: Path, spelling: str) -> None:
    """A path or a file URL, with or without a slash at the end."""
    url = canonical_url(spelling.format(tmp_path))
    assert url == f"file://{tmp_path}/store"
    assert open_store(url) is open_store(canonical_url(tmp_path / "store"))


def test_paths_are_taken_from_where_the_user_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative ones from the folder, ``~`` from home; a store stays where it is when the folder changes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert canonical_url("store") == f"file://{tmp_path}/store"
    assert canonical_url("./a:b") == f"file://{tmp_path}/a:b"
    assert canonical_url("~/store") == f"file://{tmp_path}/home/store"


def test_names_with_blanks_and_letters_of_all_kinds_are_folders_too(tmp_path: Path) -> None:
    """A path is a path: nothing in it is an escape or an encoding."""
    for name in ("my store", "Größe", "100%", "a%20b", "q?x#y"):
        place = tmp_path / name
        clip = voxpress.say("Hello there.", engine="tone", store=place)
        assert Path(clip.path).is_relative_to(place)
        assert Path(clip.path).read_bytes() == clip.data


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("s3://bucket/prefix/", "s3://bucket/prefix"),
        ("gs://bucket/", "gs://bucket"),
        ("memory:", "memory://"),
    ],
)
def test_urls_of_one_place_are_one(one: str, other: str) -> None:
    """A slash at the end means nothing."""
    assert canonical_url(one) == canonical_url(other)


@pytest.mark.parametrize("url", ["http://example.org/store", "ftp://x/y", "redis:", "c:store", ""])
def test_a_place_that_cannot_be_a_store_is_refused(url: str) -> None:
    """With one line that says what is taken; an empty name is not the folder one happens to stand in."""
    with pytest.raises(StoreError, match="give a path or a file:, s3:, gs:, az: or memory: URL"):
        Store(url)


def test_a_file_in_place_of_the_store_is_one_clear_error(tmp_path: Path) -> None:
    """Named, with the reason."""
    (tmp_path / "store").write_text("not a folder")
    with pytest.raises(StoreError, match=r"store/.*: (Not a directory|File exists)"):
        voxpress.say("Hello there.", engine="tone", store=tmp_path / "store")


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(golden_keys(), indent=2) + "\n")


@pytest.mark.parametrize("extension", ["srt", "vtt", "json", "marks"])
def test_a_file_with_marks_is_kept_checked_and_pruned(tmp_path: Path, extension: str) -> None:
    store = Store(tmp_path)
    key = "ab" * 32
    store.put_sidecar(key, extension, b"Hello.")
    assert store.sidecar(key, extension) == b"Hello."
    assert store.clip(key) is None and list(store.verify()) == []
    assert (store.stats()["clips"].count, store.stats()["clips"].size) == (0, 38)
    file = tmp_path / "marks" / "ab" / f"{key}.{extension}"
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    assert store.sidecar(key, extension) is None
    assert list(store.verify()) == [f"marks/ab/{key}.{extension}"] and not file.exists()
    store.put_sidecar(key, extension, b"Hello.")
    os.utime(file, (1.0, 1.0))
    store.prune(older_than=7200)
    assert not file.exists()
