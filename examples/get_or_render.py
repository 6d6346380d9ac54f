"""A cache around text-to-speech: gives the path of an audio file, and speaks only texts that are new.

Run:  python examples/get_or_render.py [ENGINE]
"""

from __future__ import annotations

import sys
import time

import voxpress


def get_or_render(text: str, engine: str = "piper", voice: str | None = None) -> str:
    """Path of the MP3 of `text`."""
    return voxpress.say(text, engine=engine, voice=voice, format="mp3").path


def main() -> None:
    engine = sys.argv[1] if len(sys.argv) > 1 else "piper"
    for attempt in ("first", "second"):
        began = time.perf_counter()
        path = get_or_render("Welcome to Team-Connect. How can I help?", engine)
        print(f"{attempt}: {path} ({1000 * (time.perf_counter() - began):.1f} ms)")


if __name__ == "__main__":
    main()
