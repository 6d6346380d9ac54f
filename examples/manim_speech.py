"""A speech service for manim-voiceover that knows when bookmarks are heard, and a scene that waits for two of them.

Run:  pip install '.[piper]' manim-voiceover
      manim -ql examples/manim_speech.py Shapes
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from manim import BLUE, GREEN, Circle, Create, Square, Transform
from manim_voiceover import VoiceoverScene
from manim_voiceover.services.base import SpeechService
from manim_voiceover.tracker import AUDIO_OFFSET_RESOLUTION

import voxpress

BOOKMARK = re.compile(r"<bookmark\s*mark\s*=['\"]\w*['\"]\s*/>")
"""What manim-voiceover takes for one."""
PIECES = re.compile(r"</?bookmark[^>]*>|.", re.DOTALL)


class VoxpressService(SpeechService):
    """Speaks with voxpress, whose store is the cache: what was spoken once is not spoken again.

    Args:
        store: where voxpress keeps what it spoke; None: its usual folder.
        cache_dir: where manim finds the audio files; None: `voiceovers` in its media folder.
        speaker: engine, voice, speed and the other fields of `voxpress.Speaker`. `self.voiceover(text, voice=…)`
            changes them for one voiceover.
    """

    def __init__(self, *, store: str | None = None, cache_dir: str | None = None, **speaker: Any) -> None:
        super().__init__(cache_dir=cache_dir)
        self.store = store
        self.speaker = voxpress.Speaker(**speaker)

    def generate_from_text(
        self,
        text: str,
        cache_dir: str | os.PathLike[str] | None = None,
        path: str | os.PathLike[str] | None = None,
        **speaker: Any,
    ) -> dict[str, Any]:
        """Write the WAV file of `text`, and say where its words and bookmarks are heard."""
        ssml, places = to_ssml(text)
        who = voxpress.Speaker(**speaker).over(self.speaker)
        clip = voxpress.say(ssml, speaker=who, markup="ssml", store=self.store)
        key = {"input_text": text, "service": "voxpress", "clip": clip.key}
        name = os.fspath(path or self.get_audio_basename(key) + ".wav")
        clip.save(Path(cache_dir or self.cache_dir, name))
        return {
            "input_text": text,
            "input_data": key,
            "word_boundaries": find_boundaries(clip, places),
            "original_audio": name,
        }


def to_ssml(text: str) -> tuple[str, list[int]]:
    """SSML with a mark for each bookmark, named by its place in the text without bookmarks.

    Returns:
        The SSML, and the place in the text without bookmarks of each of its characters.

    Raises:
        ValueError: manim-voiceover would not know a bookmark as one.
    """
    ssml, places, place = "<speak>", [0] * len("<speak>"), 0
    for piece in PIECES.findall(text):
        bookmark = len(piece) > 1
        if bookmark and not BOOKMARK.fullmatch(piece):
            raise ValueError(
                f"{piece} is not such as <bookmark mark='A'/>, with a name of letters, digits and _"
            )
        written = f"<mark name='{place}'/>" if bookmark else escape(piece)
        ssml += written
        places += [place] * len(written)
        place += not bookmark
    return f"{ssml}</speak>", [*places, place]


def find_boundaries(clip: voxpress.Clip, places: list[int]) -> list[dict[str, Any]]:
    """When words and bookmarks are heard, by their places: manim-voiceover looks its bookmarks up by place."""
    end = voxpress.Mark(kind="bookmark", text=str(places[-1]), start=clip.duration, end=clip.duration)
    bookmarks = {int(mark.text): mark for mark in (end, *clip.marks) if mark.kind == "bookmark"}
    words = {places[m.source[0]]: m for m in reversed(clip.marks) if m.kind == "word" and m.source}
    heard = words | bookmarks
    texts = {place: words[place].text if place in words else "" for place in heard}
    return [
        {
            "audio_offset": round(heard[place].start * AUDIO_OFFSET_RESOLUTION),
            "text_offset": place,
            "word_length": len(texts[place]),
            "text": texts[place],
            "boundary_type": "Word",
        }
        for place in sorted(heard)
    ]


class Shapes(VoiceoverScene):
    """A circle that becomes a square, each when the voice names it."""

    def construct(self) -> None:
        self.set_speech_service(VoxpressService())
        circle = Circle(color=BLUE)
        text = (
            "First comes a <bookmark mark='circle'/>circle, and then it is a <bookmark mark='square'/>square."
        )
        with self.voiceover(text):
            self.wait_until_bookmark("circle")
            self.play(Create(circle), run_time=0.5)
            self.wait_until_bookmark("square")
            self.play(Transform(circle, Square(color=GREEN)), run_time=0.5)
