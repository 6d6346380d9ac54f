"""What a project says holds for requests that say nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("litestar")

import voxpress
from voxpress.audio import codec, waveform
from voxpress.cli import main
from voxpress.engines.tone import Tone
from voxpress.errors import ManifestError
from voxpress.rendering.chimes import Chime
from voxpress.rendering.library import run
from voxpress.rendering.plan import Played
from voxpress.rendering.projects import Project, load_project
from voxpress.server.aliases import Aliases
from voxpress.server.requests import parse_speech_request
from voxpress.server.settings import settings
from voxpress.server.speech.planner import SpeechPlan, SpeechPlanner
from voxpress.server.speech.streams import is_known_by_parts
from voxpress.speech import Clip, Output, Segment
from voxpress.store import open_store

needs_emoji = pytest.mark.skipif(find_spec("emoji") is None, reason="the package emoji is not installed")
Ask = Callable[..., SpeechPlan]


@pytest.fixture
def ask(tmp_path: Path) -> Callable[[str], Ask]:
    """Writes a project; gives a function that plans requests to its server."""

    def serve(project: str) -> Ask:
        (tmp_path / "voxpress.toml").write_text(project)
        planner = plan_for(load_project(tmp_path / "voxpress.toml"))

        def plan(text: str = "Hello.", **fields: Any) -> SpeechPlan:
            body = {"model": "tone", "voice": "low", "input": text, "response_format": "wav", **fields}
            return planner.plan_now(*parse_speech_request(body))

        return plan

    return serve


def plan_for(project: Project) -> SpeechPlanner:
    chosen = settings(project.server, project.path, engines=["tone"])
    return SpeechPlanner(chosen, Aliases(chosen, project.defaults, project.cast), project)


def segment(plan: SpeechPlan) -> Segment:
    (take,) = plan.plan.takes.values()
    return take.segment


def speed(plan: SpeechPlan) -> float:
    (part,) = plan.plan.recipe.parts
    return part.speed if isinstance(part, Played) else 1.0


def make(plan: SpeechPlan) -> Clip:
    (result,) = run([plan.plan], store=open_store("memory:"), folder=None, workers=0)
    assert not result.exception
    return result.clips[0]


@pytest.mark.parametrize(
    ("defaults", "fields"),
    [
        ("speed = 1.5", {"speed": 1.5}),
        ("seed = 7", {"seed": 7}),
        ("options = { fault_rate = 0.5 }", {"options": {"fault_rate": 0.5}}),
        ('language = "de"', {"language": "de"}),
        ('unspeakable = "skip"', {"unspeakable": "skip"}),
        ("lenient = true", {"lenient": True}),
    ],
)
def test_defaults_hold_where_a_request_says_nothing(
    ask: Callable[[str], Ask], defaults: str, fields: dict[str, Any]
) -> None:
    plain = ask('[defaults]\nengine = "tone"\n')
    given = ask(f'[defaults]\nengine = "tone"\n{defaults}\n')
    assert given("One. Two.").clip_key == plain("One. Two.", **fields).clip_key


@pytest.mark.parametrize(
    "defaults",
    [
        "speed = 1.5",
        "speed = 0.5\nseed = 3",
        "options = { fault_rate = 0.5 }",
        'normalise = "none"',
        pytest.param('emoji = "name"', marks=needs_emoji),
        "continuation = true",
        "carrier = true",
    ],
)
def test_a_request_is_the_clip_that_say_makes(
    ask: Callable[[str], Ask], defaults: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    plan = ask(f'[defaults]\nengine = "tone"\nvoice = "high"\n{defaults}\n')(
        "It costs $5... 😀...", voice="high"
    )
    monkeypatch.chdir(tmp_path)
    command = ["voxpress", "say", "It costs $5... 😀...", "-o", "a.wav", "--json", "--store", "store"]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit):
        main()
    assert f'"key": "{plan.clip_key}"' in capfd.readouterr().out


def test_what_a_request_says_comes_first(ask: Callable[[str], Ask]) -> None:
    given = ask(
        '[defaults]\nengine = "tone"\nspeed = 1.5\nseed = 7\nlanguage = "de"\noptions = { fault_rate = 0.5 }\n'
        'unspeakable = "skip"\n[cast]\nAl = { engine = "tone", voice = "high", speed = 0.5, language = "fr" }\n'
    )
    asked = given(speed=2.0, seed=1, language="en", options={"fault_rate": 0.25})
    said = segment(asked)
    assert (speed(asked), said.language, said.options) == (2.0, "en", {"fault_rate": 0.25})
    cast = segment(given(voice="Al"))
    assert (cast.voice, speed(given(voice="Al")), cast.language) == ("high", 0.5, "fr")
    usual = segment(given())
    assert (usual.voice, speed(given()), usual.language) == ("low", 1.5, "de")


@pytest.mark.parametrize("written", ["en-GB", "EN-gb", "en_gb"])
def test_a_language_has_one_spelling(ask: Callable[[str], Ask], written: str) -> None:
    given = ask(f'[defaults]\nengine = "tone"\nlanguage = "{written}"\n')()
    assert given.clip_key == ask("")(language="en-GB").clip_key
    assert segment(given).language == "en-GB"


def test_options_are_those_of_their_engine(ask: Callable[[str], Ask]) -> None:
    """Requests for other engines have them not, and still the speed."""
    other = ask('[defaults]\nengine = "piper"\nspeed = 1.5\noptions = { noise_scale = 0.1 }\n')()
    assert (segment(other).options, speed(other)) == ({}, 1.5)


@pytest.mark.parametrize("language", ["de", "ja", "pt-BR"])
def test_a_voice_that_does_not_speak_the_language_speaks_its_own(
    ask: Callable[[str], Ask], monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setattr(Tone, "languages", ("en",))
    plan = ask(f'[defaults]\nengine = "tone"\nlanguage = "{language}"\n')()
    assert (segment(plan).language, plan.ignored) == ("en", ())


CHIMES = """
[defaults]
before = "chime:ding"
[presets.bell]
before = { sound = "chime:gong", gain = -3 }
after = "chime:soft"
files = [{ path = "{id}.wav" }, { path = "{id}.mp3" }]
[presets.plain]
files = [{ path = "{id}.wav" }]
[presets.phone]
extends = "asterisk"
"""


def test_a_preset_that_is_asked_for_plays_its_chimes(ask: Callable[[str], Ask]) -> None:
    given = ask(CHIMES)
    bell = make(given(preset="bell"))
    own = voxpress.say(
        "Hello.",
        engine="tone",
        voice="low",
        before=Chime(sound="chime:gong", gain=-3),
        after="chime:soft",
        store="memory:",
    )
    assert (bell.key, bell.duration) == (own.key, own.duration)
    assert bell.duration > make(given()).duration + 1


@pytest.mark.parametrize("fields", [{}, {"preset": "plain"}])
def test_the_chimes_of_the_project_are_for_files(ask: Callable[[str], Ask], fields: dict[str, str]) -> None:
    """A streamed answer is several clips, each of which would have one."""
    assert make(ask(CHIMES)(**fields)).duration == make(ask("")()).duration


def test_a_clip_with_a_chime_is_sent_as_a_whole(ask: Callable[[str], Ask]) -> None:
    given = ask(CHIMES)
    assert not is_known_by_parts(given("One. Two. Three. Four.", preset="bell"))
    assert is_known_by_parts(given("One. Two. Three. Four.", preset="plain"))


@pytest.mark.parametrize(
    ("sound", "problem"),
    [
        ("none.wav", "cannot be read: No such file"),
        ("text.wav", "text.wav"),
        ("long.wav", "longer than the 60 s"),
    ],
)
def test_a_chime_that_cannot_be_is_told_at_the_start(
    ask: Callable[[str], Ask], tmp_path: Path, sound: str, problem: str
) -> None:
    (tmp_path / "text.wav").write_text("This is no sound.")
    (tmp_path / "long.wav").write_bytes(codec.encode(waveform.tone([440.0], 61.0, 8000), Output()))
    with pytest.raises(ManifestError, match=f"presets.bell.after: .*{problem}"):
        ask(f'[presets.bell]\nextends = "podcast"\nafter = "{sound}"\n')


@pytest.mark.parametrize(("preset", "goes_on"), [("phone", True), ("plain", False), ("asterisk", True)])
def test_a_preset_says_whether_texts_go_on(
    ask: Callable[[str], Ask], preset: str, goes_on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the engine gains by it: `tone` says that it cannot."""

    def notes(*texts: str) -> list[str]:
        return [note for text in texts for note in ask(CHIMES)(text, preset=preset).notes]

    assert not notes("You have...")
    monkeypatch.setattr(Tone, "continued_in", frozenset({"en"}))
    assert bool([note for note in notes("You have...") if "tone" in note]) == goes_on
    assert not notes("You have new messages.")
