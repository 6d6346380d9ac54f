"""A proof as an HTML page, which a proof-reader can open without voxpress and send back as a lexicon."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from importlib import resources
from string import Template

from voxpress.text.proof import Proof, mark


def make_page(proofs: Iterable[Proof], title: str) -> Iterator[str]:
    """The page in pieces: a table with a row for each text.

    Each changed place can be edited; the page makes a lexicon of the places that its reader has changed or approved.

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
    written = "".join(
        escape(piece) if change is None else _make_place(piece, change.spoken, change.certain, change.by)
        for piece, change in mark(proof.written, proof.changes)
    )
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in proof.notes)
    return (
        f'<tr data-language="{language}"><th scope="row">{name}</th><td lang="{language}">{written}</td>'
        f'<td lang="{language}">{escape(proof.spoken)}{notes}</td></tr>\n'
    )


def _make_place(written: str, spoken: str, certain: bool, by: str) -> str:
    kind = "certain" if certain else "uncertain"
    says = escape(f"{spoken or 'nothing'} ({by}{'' if certain else ', uncertain'})", quote=True)
    return (
        f'<button type="button" class="place {kind}" title="{says}"'
        f' data-spoken="{escape(spoken, quote=True)}">{escape(written)}</button>'
    )
