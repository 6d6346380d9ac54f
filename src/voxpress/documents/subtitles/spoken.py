"""What of a cue is speech, and who says it.

Captions have sounds, such as ``[door slams]``, lyrics and names among what is said. A piece is left out for its
brackets and its place, never for its words; docs/voiceover.md has the rules.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from voxpress.documents.subtitles import Cue, Piece, Source, WrittenCue
from voxpress.documents.subtitles.names import Names
from voxpress.documents.subtitles.places import list_places
from voxpress.documents.subtitles.rolling import drop_repeated
from voxpress.errors import InputError
from voxpress.languages import UNSPACED, canonical

_UNSEEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_SAME = 0.001
"""Seconds: what is closer is the same time."""
_TURN = re.compile(
    r"(?:>>|≫)>*[ ]?|-(?!-)(?:[ ](?=\d)|[ ]?(?=[^\W\d_]|[^\w\s.,-]|\.\.))|[–—](?![–—])[ ]?(?=[^\W\d_]|[^\w\s.,–—-])"
)
"""What a line begins with if another person begins: ``>>``, or a dash that is no minus and no break."""
_NOTE = "[♪♫♬♩🎵🎶]"
_BRACKETED = re.compile(
    r"\[[^\[\]]*\]|【[^【】]*】|〔[^〔〕]*〕|［[^［］]*］"
    rf"|{_NOTE}[^♪♫♬♩🎵🎶]*{_NOTE}+|^[^\n\[\]]*{_NOTE}[^\n\[\]]*$"
    r"|^\#[^\n#][^#]*\#$|^\#[ ][^\n#]*$"
    r"|(?P<placed>(?P<stars>\*[^*\n]+\*)|\((?P<inside>[^()]*)\)|（[^（）]*）)",
    re.MULTILINE,
)
"""Sounds and lyrics; those that are `placed` only where a sentence begins."""
_CUT = "\0"
"""Stands where something was left out; no text has it."""
_ENDS = '.!?…。！？:-–—"”’»♪*)]】）'
_SENTENCE = re.compile(r"[^a-z]*[a-z].*\w\.", re.DOTALL)
_UNSPACED_JOIN = re.compile(rf"(?<=[、。，．！？：；」』）…])\n|(?<={UNSPACED})\n(?={UNSPACED})")


LONGEST_CUE = 20_000
"""Characters; what has more is no subtitle."""


def find_speech(source: Source, given: Collection[str] = ()) -> tuple[tuple[Cue, ...], tuple[str, ...]]:
    """The cues of a file in the order of their starts, and what was dropped or is doubtful.

    Args:
        given: names of people who are known to speak.

    Raises:
        InputError: a cue ends before it begins, or is longer than a subtitle can be.
    """
    notes = []
    for cue in source.cues:
        if (length := sum(len(piece.text) for piece in cue.pieces)) > LONGEST_CUE:
            raise InputError(
                f"cue {cue.number} (line {cue.line}) has {length:,} characters, more than {LONGEST_CUE:,}: "
                "split it into several cues"
            )
    wrong = [cue for cue in source.cues if cue.end < cue.start]
    if wrong:
        more = f" (so do {len(wrong) - 1:,} others)" if wrong[1:] else ""
        raise InputError(
            f"cue {wrong[0].number} (line {wrong[0].line}) ends at {wrong[0].end:.3f} s, before it begins at "
            f"{wrong[0].start:.3f} s{more}: correct its times"
        )
    if hidden := [(cue.number, cue.line) for cue in source.cues if cue.end == cue.start]:
        notes.append(f"{list_places(hidden)}: dropped, as players do: ends when it begins")
    written = sorted((cue for cue in source.cues if cue.end > cue.start), key=lambda cue: cue.start)
    if any(after.number < before.number for before, after in pairwise(written)):
        notes.append("the cues are not in the order of their times: they are spoken in that order")
    once = drop_repeated(written)
    if once != written:
        notes.append("the captions roll: what a cue repeats of the one before is spoken once")
        written = once
    if overlapping := list(_find_overlapping(written)):
        notes.append(f"{list_places(overlapping)}: begins before another one ends")
    names = Names(written, given)
    cues = [cue for one in written for cue in _read_cue(one, names)]
    if mixed := [(cue.number, cue.line) for cue in written if len(_list_languages(cue.pieces)) > 1]:
        notes.append(f"{list_places(mixed)}: is in several languages: read as one")
    if bilingual := [(cue.number, cue.line) for cue in written if _has_two_scripts(cue)]:
        notes.append(f"{list_places(bilingual)}: has lines in two scripts: all of them are spoken")
    if names.doubtful:
        notes += [
            f"{list_places([place])}: {name!r} is read as text: no other cue begins with this name"
            for name, place in names.doubtful
        ]
    if not source.names_all and (carried := carry_speakers(cues)) != cues:
        notes.append(
            "names stand only where the speaker changes: cues without one belong to who spoke before"
        )
        cues = carried
    return tuple(cues), tuple(notes)


def carry_speakers(cues: Sequence[Cue]) -> list[Cue]:
    """Cues without a name given to who spoke before, as transcripts mean it: the first speech has a name, and the same
    name seldom stands twice in a row. Captions of films also name those who are not seen: nothing is changed there.
    """
    speaking = [cue for cue in cues if cue.text]
    again = sum(a.speaker == b.speaker != "" for a, b in pairwise(speaking))
    if not speaking or not speaking[0].speaker or again * 4 > sum(bool(cue.speaker) for cue in speaking):
        return list(cues)
    carried: list[Cue] = []
    speaker = ""
    for cue in cues:
        if cue.text:
            speaker = cue.speaker or ("" if cue.begins_turn else speaker)
        carried.append(dataclasses.replace(cue, speaker=speaker) if cue.text and speaker else cue)
    return carried


def leave_out(text: str) -> tuple[str, tuple[str, ...]]:
    r"""What of a turn is said, in one line, and what is not.

    >>> leave_out("(door slams)\nWho is it? [sighs]"), leave_out("The fee (about $5) is low.")
    (('Who is it?', ('(door slams)', '[sighs]')), ('The fee (about $5) is low.', ()))
    """
    found: list[str] = []

    def cut(match: re.Match[str]) -> str:
        before, after = match.string[: match.start()].rstrip(" "), match.string[match.end() :].lstrip(" ")
        alone = before[-1:] in ("", "\n") and after[:1] in ("", "\n")
        begins = not before.strip() or before.rstrip()[-1] in _ENDS
        if match["placed"] and (_SENTENCE.fullmatch(match["inside"] or "") or not (alone or begins)):
            return match[0].strip("*") if match["stars"] else match[0]
        found.append(" ".join(match[0].split()))
        return _CUT

    text = _BRACKETED.sub(cut, text)
    text = re.sub(rf"[ ]*{_CUT}[ ]*(?=[,.;:!?])", "", text).replace(_CUT, " ")
    lines = [line for line in (" ".join(line.split()) for line in text.split("\n")) if line]
    spoken = _UNSPACED_JOIN.sub("", "\n".join(lines)).replace("\n", " ")
    if not any(character.isalnum() for character in spoken):
        return "", (*found, spoken) if spoken else tuple(found)
    return spoken, tuple(found)


class _Turn(NamedTuple):
    speaker: str
    language: str
    begins: bool
    lines: list[str]
    aside: tuple[str, ...] = ()


def _read_cue(written: WrittenCue, names: Names) -> Iterator[Cue]:
    """One cue for each person who speaks, or one without text. The first has all that is left out."""
    turns = [(turn, *leave_out("\n".join(turn.lines))) for turn in _split_turns(written.pieces, names)]
    left_out = tuple(piece for turn, _, pieces in turns for piece in (*turn.aside, *pieces))
    spoken = [(turn, text) for turn, text, _ in turns if text] or [(turn, "") for turn, *_ in turns[:1]]
    for number, (turn, text) in enumerate(spoken):
        yield Cue(
            number=written.number,
            start=written.start,
            end=written.end,
            text=text,
            name=written.name,
            speaker=turn.speaker,
            language=turn.language,
            left_out=left_out if number == 0 else (),
            begins_turn=turn.begins,
            line=written.line,
        )


def _split_turns(pieces: Sequence[Piece], names: Names) -> Iterator[_Turn]:
    """What each person says. Another one begins with a voice tag, a name, a dash or ``>>``."""
    for voice, group in groupby(pieces, key=lambda piece: piece.speaker):
        said = list(group)
        languages = _list_languages(said)
        language = languages.pop() if len(languages) == 1 else ""
        turn = _Turn(voice, language, False, [])
        for line in "".join(piece.text for piece in said).split("\n"):
            line = " ".join(_UNSEEN.sub("", line).split()).replace(_CUT, "")
            dash = _TURN.match(line)
            if dash and line[0] in "–—" and line[dash.end()].islower():
                dash = None
            rest = line[dash.end() :] if dash else line
            label = names.match(rest)
            if dash or label:
                if turn.lines:
                    yield turn
                turn = _Turn(
                    label.name if label else voice, language, bool(dash), [], label.aside if label else ()
                )
            if rest := label.rest if label else rest:
                turn.lines.append(rest)
        if turn.lines or not turn.begins:
            yield turn


def _list_languages(pieces: Sequence[Piece]) -> set[str]:
    return {_find_language(piece.language) for piece in pieces if any(map(str.isalnum, piece.text))}


def _find_language(tag: str) -> str:
    try:
        return canonical(tag) if tag else ""
    except InputError:
        return ""


def _has_two_scripts(cue: WrittenCue) -> bool:
    """Whether a cue has lines in Latin letters, and others in a script without spaces, as bilingual subtitles have."""
    lines = "".join(piece.text for piece in cue.pieces).split("\n")
    latin = [{character.isascii() for character in line if character.isalpha()} for line in lines]
    foreign = any(len(re.findall(UNSPACED, line)) > 1 for line in lines)
    return foreign and {True} in latin and any(True not in kinds and kinds for kinds in latin)


def _find_overlapping(cues: Sequence[WrittenCue]) -> Iterator[tuple[int, int]]:
    end = 0.0
    for cue in cues:
        if cue.start < end - _SAME:
            yield cue.number, cue.line
        end = max(end, cue.end)
