"""A podcast episode from a text: one file with pauses between paragraphs, at the usual loudness of podcasts.

Run:  python examples/podcast.py [FILE [ENGINE]]
"""

from __future__ import annotations

import sys
from pathlib import Path

import voxpress

EPISODE = """\
Good morning, and welcome to the bakery news.

The new oven arrived on Monday. It bakes forty loaves at once, and it does so quietly.

That was all for this week. Until next time!
"""


def main() -> None:
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "out/episode.m4a")
    output = voxpress.Output(
        format="m4a",
        sample_rate=44100,
        loudness=-19.0,  # one channel; sounds as loud as -16 LUFS in stereo
        peak=-1.5,
        lead=0.5,
        tail=0.5,
        paragraph_pause=1.0,
        title="Bakery news",
    )
    clip = voxpress.say(EPISODE, engine=sys.argv[2] if len(sys.argv) > 2 else "piper", output=output)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(clip.data)
    print(f"{target}: {clip.duration:.1f} s")
    for mark in clip.marks:
        if mark.kind == "word" and mark.text.strip(".!,").lower() in ("good", "the", "that"):
            print(f"{mark.start:6.2f} s  {mark.text}")


if __name__ == "__main__":
    main()
