"""From written to spoken: numbers, money, dates, times, units, abbreviations."""

from __future__ import annotations

from voxpress.text.normalise import readers
from voxpress.text.passage import Change, Edit, Passage

NAMES = ("auto", "readers", "grammars", "none")


def normalise(passage: Passage, language: str, *, name: str = "auto") -> tuple[Passage, list[Change]]:
    if name == "none":
        return passage, []
    text = passage.text
    free = bytearray(b"\x01") * len(text)
    for a, b in passage.fixed:
        free[a:b] = bytes(b - a)
    edits, changes = [], []
    for found, by in readers.find(text, language, free):
        e = Edit(found.start, found.end, found.spoken, certain=found.certain)
        edits.append(e)
        changes += passage.changes([e], by)
    return passage.edit(edits), changes
