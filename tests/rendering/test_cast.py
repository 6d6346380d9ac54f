"""Many voices: a cast, and several engines in one file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile  # type: ignore[import-untyped]  # it has no type hints

from voxpress import manifests, render
from voxpress.errors import InputError, ManifestError
from voxpress.rendering.casting import Casting
from voxpress.rendering.plan import Plan
from voxpress.rendering.planner import Planner
from voxpress.rendering.projects import load_project
from voxpress.speech import Speaker, Utterance

CAST = {
    "Alice": Speaker(engine="tone", voice="high"),
    "Bob": Speaker(engine="tone", voice="low", speed=2.0),
}
LONG = "Please hold the line, your call is important to us."


def plan(row: Utterance, **more: object) -> Plan:
    planned = Planner(Speaker(engine="tone"), cast=CAST, **more).plan(row, filed=False)  # type: ignore[arg-type]
    assert isinstance(planned, Plan), planned.error
    return planned


def test_a_row_names_its_speaker() -> None:
    """What the row says itself comes first."""
    segments = [
        take.segment
        for row in (
            Utterance(text=LONG, speaker="Bob"),
            Utterance(text=LONG, speaker="Bob", speed=1.5),
            Utterance(text=LONG, speaker=Speaker(voice="high")),
        )
        for take in plan(row).takes.values()
    ]
    assert [(one.voice, one.speed) for one in segments] == [("low", 2.0), ("low", 1.5), ("high", 1.0)]


@pytest.mark.parametrize("name", ["Alise", "alice", "Nobody", "Alice "])
def test_who_is_not_in_the_cast(name: str) -> None:
    """The error names the cast."""
    problem = Planner(Speaker(engine="tone"), cast=CAST).plan(Utterance(text="Hello.", id="x", speaker=name))
    assert f"no {name!r} in the cast" in str(problem.error)  # type: ignore[union-attr]
    assert "(cast: Alice, Bob)" in str(problem.error)  # type: ignore[union-attr]


def test_without_a_cast_the_error_says_where_one_stands() -> None:
    problem = Planner(Speaker(engine="tone")).plan(Utterance(text="Hello.", id="x", speaker="Alice"))
    assert "a [cast] table names speakers" in str(problem.error)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "cast", [["Alice"], {"": Speaker()}, {" ": Speaker()}, {"Alice": "high"}, {1: Speaker()}, "Alice"]
)
def test_what_is_no_cast(cast: object) -> None:
    with pytest.raises(InputError):
        Planner(cast=cast)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="cast"):
        Utterance(text="Hello.", cast=cast)  # type: ignore[arg-type]


def test_a_cast_in_the_projects_file(tmp_path: Path) -> None:
    file = tmp_path / "voxpress.toml"
    file.write_text('[cast]\nAlice = {engine = "tone", voice = "high"}\n[cast."Dr. No"]\nspeed = 1.5\n')
    assert load_project(file).cast == {"Alice": CAST["Alice"], "Dr. No": Speaker(speed=1.5)}


@pytest.mark.parametrize(
    ("table", "field"),
    [
        ("Alice = 3", "cast.Alice"),
        ("Alice = {voise = 'low'}", "cast.Alice.voise"),
        ("Alice = {speed = 0}", "cast.Alice.speed"),
        ("Alice = {language = 'nowhere-at-all-really'}", "cast.Alice.language"),
        ('"" = {engine = "tone"}', "cast"),
        ('" " = {engine = "tone"}', "cast"),
        ('Alice = {engine = "tone"}\n["cast".""]', "cast"),
    ],
)
def test_a_wrong_cast_is_named(tmp_path: Path, table: str, field: str) -> None:
    file = tmp_path / "voxpress.toml"
    file.write_text(f"[cast]\n{table}\n")
    with pytest.raises(ManifestError) as caught:
        load_project(file)
    assert caught.value.field == field


def test_a_cast_speaks_from_python(tmp_path: Path) -> None:
    """Files differ as the voices do."""
    rows = [{"id": name, "text": "Who is there?", "speaker": name} for name in CAST]
    results = list(render(rows, tmp_path / "out", cast=CAST, engine="tone", store="memory:", workers=0))
    assert [(one.voice, one.status) for one in results] == [("high", "rendered"), ("low", "rendered")]
    alice, bob = (soundfile.info(tmp_path / "out" / f"{name}.wav").duration for name in CAST)
    assert alice > 1.5 * bob


YAML = """
cast:
  Alice: {engine: tone, voice: high}
  Bob: {voice: low, speed: 2}
prompts:
  a: {text: Hello., speaker: Alice}
  b: {text: Hello., speaker: Bob, voice: middle}
  c: {text: Hello., speaker: {voice: high}}
  d: {text: Hello., speaker: Carol}
"""


def test_a_cast_in_a_manifest(tmp_path: Path) -> None:
    """It comes before the project's; a name that it lacks is left to that one."""
    (tmp_path / "m.yaml").write_text(YAML)
    rows = [row for row in manifests.read(tmp_path / "m.yaml") if isinstance(row, Utterance)]
    casting = Casting(
        Speaker(engine="tone"),
        cast={"Alice": Speaker(engine="tone", voice="low"), "Carol": Speaker(voice="middle")},
    )
    found = [casting.find(row) for row in rows]
    assert [(each.voice.name, each.speed) for each in found] == [
        ("high", 1.0),
        ("middle", 2.0),
        ("high", 1.0),
        ("middle", 1.0),
    ]


DIALOGUE = """
cast:
  Alice: {engine: tone, voice: high}
prompts:
  - id: a
    markup: ssml
    text: <speak><voice name="Alice">Hello.</voice> <voice name="Carol">Bye.</voice></speak>
"""


@pytest.mark.parametrize("kind", ["yaml", "json", "jsonl"])
def test_a_voice_in_a_text_is_of_the_manifests_cast(tmp_path: Path, kind: str) -> None:
    """It comes before the project's of the same name; other names are the project's."""
    text = '<speak><voice name=\\"Alice\\">Hello.</voice> <voice name=\\"Carol\\">Bye.</voice></speak>'
    cast = '"cast": {"Alice": {"engine": "tone", "voice": "high"}}'
    row = f'{{"id": "a", "markup": "ssml", "text": "{text}"}}'
    data = {"yaml": DIALOGUE, "json": f'{{{cast}, "prompts": [{row}]}}', "jsonl": f"{{{cast}}}\n{row}\n"}[
        kind
    ]
    (tmp_path / f"m.{kind}").write_text(data)
    cast_of_project = {"Alice": Speaker(engine="tone", voice="low"), "Carol": Speaker(voice="middle")}
    planner = Planner(Speaker(engine="tone"), cast=cast_of_project)
    (plan,) = planner.plan_all(manifests.read(tmp_path / f"m.{kind}"))
    assert isinstance(plan, Plan)
    assert [take.segment.voice for take in plan.takes.values()] == ["high", "middle"]


def test_rows_of_other_manifests_have_other_casts() -> None:
    """One Casting keeps them apart."""
    casting = Casting(Speaker(engine="tone"))
    rows = [
        Utterance(text="Hello.", speaker="A", cast={"A": Speaker(voice=voice)}) for voice in ("low", "high")
    ]
    assert [casting.find(row).voice.name for row in rows] == ["low", "high"]


def test_an_error_names_both_casts() -> None:
    row = Utterance(text="Hello.", speaker="Alise", cast={"Alice": Speaker(voice="low")})
    with pytest.raises(InputError, match=r"did you mean 'Alice'\? \(cast: Alice, Bob\)"):
        Casting(Speaker(engine="tone"), cast={"Bob": Speaker()}).find(row)


@pytest.mark.parametrize(
    ("cast", "problem"),
    [
        ("{Alice: {voise: high}}", "m.yaml:1: cast.Alice.voise: no such field; did you mean 'voice'?"),
        ("{Alice: {speed: 0}}", "m.yaml:1: cast.Alice.speed: must be a number above 0"),
        ("{Alice: high}", "m.yaml:1: cast.Alice: must be a speaker such as"),
        ("[Alice]", "m.yaml:1: cast: must be 'field: value' pairs"),
    ],
)
def test_a_wrong_cast_in_a_manifest(tmp_path: Path, cast: str, problem: str) -> None:
    (tmp_path / "m.yaml").write_text(f"cast: {cast}\nprompts:\n  a: {{text: Hello., speaker: Alice}}\n")
    try:
        (row,) = manifests.read(tmp_path / "m.yaml")
    except ManifestError as error:
        row = error
    assert problem.partition(":1: ")[2] in str(row)
    assert isinstance(row, ManifestError)


PIPE = """
    from voxpress.engines.tone import Tone

    class Pipe(Tone):
        name = "pipe"
        sample_rate = 16000
"""
SCENE = '<speak>Who is there? <voice name="Bob">It is Bob.</voice> <voice name="Pia">And Pia.</voice></speak>'


def test_one_file_with_several_engines(tmp_path: Path, installed: Callable[[str, str], str]) -> None:
    """Each take keeps the key that it has in a row of its own; the file has the highest rate."""
    cast = {**CAST, "Pia": Speaker(engine=installed("pipe", PIPE))}
    common: dict[str, Any] = {"cast": cast, "engine": "tone", "voice": "high", "workers": 0}
    store = str(tmp_path / "store")
    row = Utterance(id="scene", text=SCENE, markup="ssml")
    (result,) = render([row], tmp_path / "out", store=store, **common)
    assert (result.status, result.segments, result.spoken) == ("rendered", 3, 3)
    info = soundfile.info(tmp_path / "out" / "scene.wav")
    assert info.samplerate == 16000
    words = [mark.text for mark in result.clips[0].marks if mark.kind == "word"]
    assert words == ["Who", "is", "there?", "It", "is", "Bob.", "And", "Pia."]
    alone = [
        Utterance(id="a", text="Who is there?"),
        Utterance(id="b", text="It is Bob.", speaker="Bob"),
        Utterance(id="c", text="And Pia.", speaker="Pia"),
    ]
    again = list(render(alone, tmp_path / "alone", store=store, **common))
    assert [each.spoken for each in again] == [0, 0, 0]
    total = sum(clip.duration for each in again for clip in each.clips)
    assert info.duration == pytest.approx(total, abs=0.05)


def test_a_voice_that_nobody_knows_in_a_scene(tmp_path: Path) -> None:
    row = Utterance(id="scene", text=SCENE, markup="ssml")
    (result,) = render([row], tmp_path / "out", cast=CAST, engine="tone", store="memory:", workers=0)
    assert result.status == "failed"
    assert "'Pia' is not a tone voice (3 voices: voxpress voices tone)" in result.error
    assert result.error.endswith(f", and there is no 'Pia' in the cast (cast: {', '.join(CAST)})")


@pytest.mark.parametrize(
    ("name", "cast", "told"),
    [
        ("Agnt", {"Agent": "high", "Bob": "low"}, "no 'Agnt' in the cast; did you mean 'Agent'? (cast: Agent, Bob)"),
        ("Agent", {}, "no 'Agent' in the cast: a [cast] table names speakers, and there is none"),
        ("Caller", {"Caller": "lo"}, "'lo' is not a tone voice"),
    ],
)  # fmt: skip
def test_an_error_about_a_voice_in_a_text_names_the_cast(name: str, cast: dict[str, str], told: str) -> None:
    members = {member: Speaker(engine="tone", voice=voice) for member, voice in cast.items()}
    row = Utterance(id="a", text=f"<speak><voice name='{name}'>Hi.</voice></speak>", markup="ssml")
    (result,) = render([row], cast=members, engine="tone", store="memory:", workers=0)
    assert told in result.error
    assert ("in the cast" in result.error) == (name not in cast)


def test_a_cast_member_that_is_louder(tmp_path: Path) -> None:
    """In decibels, beside the others."""
    rows = [
        Utterance(id=name, text=f"<speak>One. <prosody volume='{gain}'>Two.</prosody></speak>", markup="ssml")
        for name, gain in (("same", "+0dB"), ("quiet", "-12dB"))
    ]
    list(render(rows, tmp_path / "out", engine="tone", store="memory:", workers=0))
    same, quiet = (soundfile.read(tmp_path / "out" / f"{name}.wav")[0] for name in ("same", "quiet"))
    half = len(same) // 2
    assert abs(quiet[half:]).max() / abs(same[half:]).max() == pytest.approx(10 ** (-12 / 20), rel=0.05)
    assert abs(quiet[: half // 2]).max() == pytest.approx(abs(same[: half // 2]).max(), rel=0.01)


@pytest.mark.parametrize("name", ['""', '" "', '"\\t"'])
def test_a_speaker_needs_a_name(tmp_path: Path, name: str) -> None:
    """Otherwise a request that names nobody would mean this one."""
    (tmp_path / "voxpress.toml").write_text(f'[cast]\n{name} = {{engine = "tone"}}\n')
    with pytest.raises(ManifestError, match="a speaker needs a name"):
        load_project(tmp_path / "voxpress.toml")
