"""A proof as an HTML page, which a proof-reader can open without voxpress and send back as a lexicon."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from importlib import resources
from string import Template
from typing import TypedDict

import msgspec

from voxpress.text.passage import Change
from voxpress.text.proof import Proof, mark
from voxpress.text.proof.phrases import WIDTHS, find_phrases


def make_page(proofs: Iterable[Proof], title: str) -> Iterator[str]:
    """The page in pieces: a table with a row for each text.

    Each changed place can be edited; the page makes a lexicon of the places that its reader has changed or approved,
    each with the words around it.

    >>> page = "".join(make_page([Proof(language="en", written="5 < 6", spoken="five is less than six")], "Menu"))
    >>> "<title>Menu</title>" in page, "5 &lt; 6" in page
    (True, True)
    """
    frame = Template(resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8"))
    before, after = frame.substitute(title=escape(title), rows="\0").split("\0")
    yield before
    for number, proof in enumerate(proofs, start=1):
        yield _make_row(proof, number)
    yield after


def _make_row(proof: Proof, number: int) -> str:
    language = escape(proof.language, quote=True)
    name = escape(proof.id or str(number))
    if proof.problem:
        return (
            f'<tr class="problem"><th scope="row">{name}</th><td lang="{language}">{escape(proof.written)}</td>'
            f"<td>{escape(proof.problem)}</td></tr>\n"
        )
    pieces = list(mark(proof.written, proof.changes))
    numbers = {change: number for number, (_, change) in enumerate(pieces) if change}
    phrases = list(_list_phrases(proof, numbers))
    held = {spoken for phrase in phrases for _, spoken in phrase["pieces"] if isinstance(spoken, int)}
    written = "".join(
        escape(piece) if change is None else _make_place(piece, change, number, held=number in held)
        for number, (piece, change) in enumerate(pieces)
    )
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in proof.notes)
    data = escape(msgspec.json.encode(phrases).decode(), quote=True)
    return (
        f'<tr data-language="{language}" data-phrases="{data}"><th scope="row">{name}</th>'
        f'<td lang="{language}">{written}</td><td lang="{language}">{escape(proof.spoken)}{notes}</td></tr>\n'
    )


class _Phrase(TypedDict):
    """A phrase for the page: words as written, and as spoken or the number of the place that says it."""

    alone: bool
    language: str
    pieces: list[tuple[str, str | int]]


def _list_phrases(proof: Proof, numbers: Mapping[Change, int]) -> Iterator[_Phrase]:
    """The phrases of all places that are shown."""
    for paragraph in proof.paragraphs:
        for phrase in find_phrases(paragraph.words, proof.changes, numbers.keys(), WIDTHS[1]):
            pieces = [
                (piece.written, numbers.get(piece.change, piece.spoken) if piece.change else piece.spoken)
                for piece in phrase.pieces
            ]
            yield {"alone": phrase.alone, "language": paragraph.language, "pieces": pieces}


def _make_place(written: str, change: Change, number: int, *, held: bool) -> str:
    """A button; where no entry can say how the place is read, it does nothing."""
    kind = "certain" if change.certain else "uncertain"
    how = f"{change.spoken or 'nothing'} ({change.by}{'' if change.certain else ', uncertain'})"
    return (
        f'<button type="button" class="place {kind}" title="{escape(how, quote=True)}" data-place="{number}"'
        f' data-spoken="{escape(change.spoken, quote=True)}"'
        f"{'' if held else ' disabled'}>{escape(written)}</button>"
    )
