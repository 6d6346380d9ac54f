"""The readings of proofs as a lexicon that holds for the places where they were read, and for no others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from voxpress.errors import InputError, show
from voxpress.text.lexicon import Entry, Lexicon
from voxpress.text.lexicon.tsv import write_tsv
from voxpress.text.passage import Change, Passage
from voxpress.text.proof import Proof
from voxpress.text.proof.phrases import WIDTHS, Phrase, find_phrases, place, read_piece

_HEAD = "word\tspoken\tlanguage\tflags\n"


class _Text(NamedTuple):
    """A paragraph of a proof, with its changes, and the places that want an entry."""

    words: Passage
    language: str
    spans: Sequence[tuple[int, int, Change]]
    places: frozenset[Change]

    @property
    def changes(self) -> list[Change]:
        return [change for _, _, change in self.spans]


def make_lexicon(proofs: Iterable[Proof], *, uncertain: bool = False) -> str:
    """A table with an entry for each changed place, with the words around it.

    So an entry holds for one reading of one phrase. Where an entry cannot, it is in a comment that says why.

    >>> from voxpress.text import FrontEnd
    >>> from voxpress.text.proof import prove
    >>> print(make_lexicon([prove("We are open 9-5.", "en", front_end=FrontEnd())], uncertain=True), end="")
    word	spoken	language	flags
    We are open 9-5.	We are open nine to five.	en	case

    Args:
        uncertain: whether only places of which another reading is as likely get one.
    """
    texts = [text for proof in proofs for text in _list_texts(proof, uncertain)]
    made: dict[tuple[str, str], Entry] = {}
    told: dict[str, None] = {}
    waiting: Sequence[tuple[_Text, frozenset[Change]]] = [(text, text.places) for text in texts]
    for number, width in enumerate(WIDTHS):
        waiting = list(_add_entries(made, told, texts, waiting, width, last=number == len(WIDTHS) - 1))
    table = write_tsv(Lexicon(made.values())) if made else _HEAD
    return table + "".join(told)


def _list_texts(proof: Proof, uncertain: bool) -> Iterator[_Text]:
    for words, language in proof.paragraphs:
        spans = place(words, proof.changes)
        wanted = (
            change
            for _, _, change in spans
            if not (uncertain and change.certain) and change.by != "lexicon" and not change.ipa
        )
        yield _Text(words, language, spans, frozenset(wanted))


def _add_entries(
    made: dict[tuple[str, str], Entry],
    told: dict[str, None],
    texts: Sequence[_Text],
    waiting: Iterable[tuple[_Text, frozenset[Change]]],
    width: int,
    *,
    last: bool,
) -> Iterator[tuple[_Text, frozenset[Change]]]:
    """Add the entries of phrases of a width; gives the places whose phrases have another reading elsewhere."""
    tried: list[tuple[_Text, Phrase, Entry]] = []
    for text, places in waiting:
        for phrase in find_phrases(text.words, text.changes, places, width) if places else ():
            try:
                entry = phrase.entry(text.language)
                row = write_tsv(Lexicon([entry])).split("\n", 1)[1]
            except InputError as error:
                told[f"; {show(phrase.written)} has no entry: {error.problem}\n"] = None
                continue
            if phrase.alone:
                why = "has no words around it, so its entry would hold wherever it is written"
                told[f"; {show(phrase.written)} {why}:\n; {row}"] = None
            else:
                tried.append((text, phrase, entry))
    first: dict[tuple[str, str], Entry] = {}
    wrong = {entry for _, _, entry in tried if _find_same(first, entry).spoken != entry.spoken}
    wrong |= {first[entry.written, entry.language] for entry in wrong}
    rest = {key: entry for key, entry in first.items() if entry not in wrong}
    wrong |= _find_wrong(Lexicon([*made.values(), *rest.values()]), texts) & set(rest.values())
    made |= {key: entry for key, entry in rest.items() if entry not in wrong}
    for text, phrase, entry in tried:
        if entry not in wrong:
            continue
        if last:
            row = write_tsv(Lexicon([entry])).split("\n", 1)[1]
            told[f"; {show(phrase.written)} is read otherwise elsewhere:\n; {row}"] = None
        else:
            yield text, frozenset(piece.change for piece in phrase.pieces if piece.change) & text.places


def _find_same(first: dict[tuple[str, str], Entry], entry: Entry) -> Entry:
    return first.setdefault((entry.written, entry.language), entry)


def _find_wrong(lexicon: Lexicon, texts: Iterable[_Text]) -> set[Entry]:
    """The entries that would change how some text is read."""
    return {
        hit.entry
        for text in texts
        for hit in lexicon.find(text.words.text, text.language)
        if read_piece(text.words, text.spans, hit.start, hit.end) != hit.spoken
    }
