"""The scene of examples/manim_speech.py, rendered by manim; `make manim` installs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import voxpress
from voxpress.audio import codec

pytestmark = pytest.mark.clients
ROOT = Path(__file__).parents[1]
MANIM = ROOT / "build" / "clients" / "manim"
SCENES = """
import json
from pathlib import Path

from manim_speech import Shapes, VoxpressService
from manim_voiceover import VoiceoverScene

class Timed(Shapes):
    reached = {}

    def set_speech_service(self, service):
        super().set_speech_service(VoxpressService(engine="tone", store="store"))

    def wait_until_bookmark(self, mark):
        super().wait_until_bookmark(mark)
        self.reached[mark] = self.renderer.time

    def construct(self):
        super().construct()
        Path("reached.json").write_text(json.dumps(self.reached))

class Bookmarks(VoiceoverScene):
    def construct(self):
        self.set_speech_service(VoxpressService(engine="tone", store="store"))
        times = []
        for text, speaker in json.loads(Path("texts.json").read_text()):
            with self.voiceover(text, **speaker) as tracker:
                times.append({mark: at - tracker.start_t for mark, at in tracker.bookmark_times.items()})
        Path("times.json").write_text(json.dumps(times))

class Mistakes(VoiceoverScene):
    def construct(self):
        service = VoxpressService(engine="tone", store="store")
        problems = []
        for text in json.loads(Path("texts.json").read_text()):
            try:
                service.generate_from_text(text)
            except ValueError as error:
                problems.append(str(error))
        Path("problems.json").write_text(json.dumps(problems))
"""
TEXTS: tuple[tuple[str, str, dict[str, object]], ...] = (
    (
        "<bookmark mark='A'/>Tom & Jerry <bookmark mark=\"B\" /> ask for > $42.",
        "<mark name='A'/>Tom &amp; Jerry <mark name='B'/> ask for &gt; $42.",
        {},
    ),
    (
        "It costs $1,250 <bookmark mark='A'/><bookmark mark='B'/>today.\n  Come <bookmark  mark ='C'  />soon!",
        "It costs $1,250 <mark name='A'/><mark name='B'/>today. Come <mark name='C'/>soon!",
        {},
    ),
    ("<bookmark mark='only'/>Circle.", "<mark name='only'/>Circle.", {}),
    ("One circle.<bookmark mark='end'/>", "One circle.<mark name='end'/>", {}),
    (
        "Grüße 👋 an die <bookmark mark='größe'/>ganze Welt.",
        "Grüße 👋 an die <mark name='größe'/>ganze Welt.",
        {"language": "de"},
    ),
    (
        "The same text, <bookmark mark='A'/>but faster.",
        "The same text, <mark name='A'/>but faster.",
        {"speed": 1.5},
    ),
)
"""With bookmarks, the same in SSML, and who speaks."""


def render(folder: Path, scene: str) -> Path:
    """The video of a scene of `SCENES`, 60 frames a second."""
    if not MANIM.is_dir():
        pytest.skip("manim-voiceover is not installed; run  make manim")
    (folder / "scenes.py").write_text(SCENES)
    command = [sys.executable, "-P", "-m", "manim", "render", "-ql", "--fps", "60", "scenes.py", scene]
    path = os.pathsep.join(str(place) for place in (MANIM, ROOT / "src", ROOT / "examples"))
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "media" / "videos" / "scenes" / "480p60" / f"{scene}.mp4"


def hear_bookmarks(ssml: str, **speaker: Any) -> dict[str, float]:
    """When the bookmarks of a text are heard."""
    clip = voxpress.say(f"<speak>{ssml}</speak>", markup="ssml", engine="tone", store="memory:", **speaker)
    return {mark.text: mark.start for mark in clip.marks if mark.kind == "bookmark"}


def test_the_scene_moves_when_the_voice_says_so(tmp_path: Path) -> None:
    """What is drawn, and what is heard, begin at the bookmarks."""
    video = render(tmp_path, "Timed")
    marks = hear_bookmarks(
        "First comes a <mark name='circle'/>circle, and then it is a <mark name='square'/>square."
    )
    assert json.loads((tmp_path / "reached.json").read_text()) == pytest.approx(marks, abs=0.02)

    sound = codec.decode(video.read_bytes())
    heard = np.abs(sound.samples) > 0.1
    sounding = [
        heard[at : at + sound.sample_rate // 100].any()
        for at in range(0, len(heard), sound.sample_rate // 100)
    ]
    onsets = [at / 100 for at, (before, after) in enumerate(pairwise(sounding), 1) if after and not before]
    for start in marks.values():
        # AAC begins 21 ms late, and manim does not say so in the file.
        assert min(abs(onset - 0.021 - start) for onset in onsets) <= 0.02

    with av.open(video) as container:
        pictures = [
            (frame.time, frame.to_ndarray(format="gray").astype(int)) for frame in container.decode(video=0)
        ]
    drawn = next(time for time, picture in pictures if picture.max() > 64)
    assert marks["circle"] <= drawn <= marks["circle"] + 0.1
    moves = [time for (_, one), (time, two) in pairwise(pictures) if np.abs(two - one).mean() > 0.01]
    changed = next(time for time in moves if time > marks["circle"] + 0.6)
    assert marks["square"] - 0.02 <= changed <= marks["square"] + 0.1


def test_bookmarks_are_those_of_the_marks(tmp_path: Path) -> None:
    """Whatever stands around them."""
    (tmp_path / "texts.json").write_text(json.dumps([(text, speaker) for text, _, speaker in TEXTS]))
    render(tmp_path, "Bookmarks")
    times = json.loads((tmp_path / "times.json").read_text())
    assert len(times) == len(TEXTS)
    for found, (text, ssml, speaker) in zip(times, TEXTS, strict=True):
        assert found == pytest.approx(hear_bookmarks(ssml, **speaker), abs=0.001), text


def test_a_bookmark_that_manim_does_not_know_is_not_spoken(tmp_path: Path) -> None:
    """The error shows it, and how it is written."""
    wrong = [
        "<bookmark mark='my-mark'/>",
        "<bookmark mark= 'A'/>",
        "<bookmark name='A'/>",
        "<bookmark mark='A'>",
    ]
    (tmp_path / "texts.json").write_text(json.dumps([f"Here {each} it is." for each in wrong]))
    render(tmp_path, "Mistakes")
    problems = json.loads((tmp_path / "problems.json").read_text())
    assert [problem.partition(" is not such as <bookmark mark='A'/>")[0] for problem in problems] == wrong
