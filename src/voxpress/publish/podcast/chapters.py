"""Chapters as Podcasting 2.0 has them in a file beside the episode.

Source: https://podcasting2.org/docs/podcast-namespace/documentation/chapters, version 1.2.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from voxpress.audio.tags import Chapter

MEDIA_TYPE = "application/json+chapters"


def write_chapters(chapters: Sequence[Chapter], *, title: str = "", show: str = "", file: str = "") -> bytes:
    """The file.

    >>> print(write_chapters([Chapter("Salt", 0.0), Chapter("Sea", 61.25)], title="One").decode(), end="")
    {
      "version": "1.2.0",
      "title": "One",
      "chapters": [
        {
          "startTime": 0.0,
          "title": "Salt"
        },
        {
          "startTime": 61.25,
          "title": "Sea"
        }
      ]
    }

    Args:
        title: of the episode.
        show: its title.
        file: name of the audio.
    """
    told = {"title": title, "podcastName": show, "fileName": file}
    document = {
        "version": "1.2.0",
        **{name: value for name, value in told.items() if value},
        "chapters": [
            {
                "startTime": round(each.start, 3),
                "title": each.title,
                **({"url": each.url} if each.url else {}),
            }
            for each in sorted(chapters, key=lambda each: each.start)
        ],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
