"""Lexicons as tables with tabs, which people write by hand::

    ; names of our streets
    Nguyen      /nwɪn/
    SQL         sequel      en
    (\\d+)km    \\1 kilometres    en        regex

The columns are word, spoken, language, engine, voice and flags. A first line with these names may put them in another
order and leave some out. Flags are ``case`` (only as written), ``any`` (in any case), ``part`` (within words too) and
``regex``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from voxpress.errors import InputError, show, suggest
from voxpress.text.lexicon import LONGEST_SPOKEN, LONGEST_WRITTEN, Case, Entry, Lexicon

COLUMNS = ("word", "spoken", "language", "engine", "voice", "flags")
_ALIASES = {
    "written": "word",
    "grapheme": "word",
    "alias": "spoken",
    "lang": "language",
    "locale": "language",
}
_FOREIGN = frozenset(
    ("pron", "pronunciation", "phoneme", "phonemes", "transcription", "replacement", "say_as", "speak")
)
"""What other tables call the spoken form: a line of these is no entry for the word "word"."""
_OPTIONAL = ("ipa", "followed_by")
"""Columns that only a header can bring."""
FLAGS = ("case", "any", "part", "regex")
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_LONGEST_LINE = 4 * LONGEST_SPOKEN + LONGEST_WRITTEN


def read_tsv(text: str, name: str) -> Iterator[Entry]:
    r"""The entries of a table.

    >>> list(read_tsv("; names\nNguyen\t/nwɪn/\nSQL\tsequel\ten\n", "names.tsv"))
    [Entry('Nguyen', ipa='nwɪn'), Entry('SQL', 'sequel', language='en')]

    Args:
        name: of the file, for messages.

    Raises:
        InputError: a line is wrong; it has file and line.
    """
    columns: Sequence[str] | None = None
    for number, line in enumerate(_LINE_ENDS.split(text), 1):
        if not line.strip() or (line.startswith(";") and not line.startswith(";\t")):
            continue
        place = f"{name}:{number}"
        cells = [cell.strip() for cell in line.split("\t")]
        if columns is None:
            columns = _read_header(cells, place)
            if columns:
                continue
            columns = COLUMNS
        try:
            yield _read_line(line, cells, columns, place)
        except InputError as error:
            raise error.at(place) from None


def _read_header(cells: Sequence[str], place: str) -> Sequence[str]:
    """The columns that a first line names; empty if it is an entry."""
    names = [_ALIASES.get(lower := cell.lower().replace(" ", "_"), lower) for cell in cells]
    known = (*COLUMNS, *_OPTIONAL)
    others = {*known, *_FOREIGN} - {"word"}
    if "word" not in names or not others & set(names):
        return ()
    for column in names:
        if column not in known:
            raise InputError(
                f"no such column{suggest(column, known)} (columns: {', '.join(known)})",
                place=place,
                field=column,
            )
        if names.count(column) > 1:
            raise InputError("stands there twice", place=place, field=column)
    return names


def _read_line(line: str, cells: Sequence[str], columns: Sequence[str], place: str) -> Entry:
    if len(line) > _LONGEST_LINE:
        raise InputError(f"the line is longer than {_LONGEST_LINE:,} characters")
    if len(cells) < 2:
        # Without the line itself, because a file that is no lexicon may hold what nobody else should read.
        hint = "; a comment begins with ;" if line.startswith("#") else ""
        raise InputError(f"has no tab between the word and what is spoken{hint}")
    if any(cells[len(columns) :]):
        raise InputError(f"has {len(cells)} columns, and the table has {len(columns)}: {', '.join(columns)}")
    row = dict(zip(columns, cells, strict=False))
    spoken, ipa = _split_reading(row.get("spoken", ""), row.get("ipa", ""))
    flags = _read_flags(row.get("flags", ""))
    return Entry(
        row["word"],
        spoken,
        ipa,
        case=_read_case(flags),
        part="part" in flags,
        regex="regex" in flags,
        followed_by=row.get("followed_by", ""),
        language=row.get("language", ""),
        engine=row.get("engine", ""),
        voice=row.get("voice", ""),
        origin=place,
    )


def _split_reading(spoken: str, ipa: str) -> tuple[str, str]:
    """A spoken form and a pronunciation, of cells in which ``/…/`` stands for the second."""
    if not (spoken or ipa):
        raise InputError("is empty: to leave a word out, leave it out of the text", field="spoken")
    begins, ends = spoken.startswith("/"), spoken.endswith("/")
    if begins != ends or spoken == "/":
        raise InputError(
            f"{show(spoken)} has one slash: a pronunciation stands between two, /nwɪn/", field="spoken"
        )
    if not begins:
        return spoken, ipa
    if ipa:
        raise InputError(f"is {show(spoken)}, and the column ipa says {show(ipa)} too", field="spoken")
    if not spoken.strip("/ "):
        raise InputError("is empty between its slashes", field="spoken")
    return "", spoken


def _read_flags(cell: str) -> frozenset[str]:
    flags = frozenset(cell.lower().replace(",", " ").split())
    for flag in flags:
        if flag not in FLAGS:
            raise InputError(
                f"no flag {show(flag)}{suggest(flag, FLAGS)} (flags: {', '.join(FLAGS)})", field="flags"
            )
    if {"case", "any"} <= flags:
        raise InputError("case and any contradict each other", field="flags")
    return flags


def _read_case(flags: frozenset[str]) -> Case:
    return "exact" if "case" in flags else "any" if "any" in flags else "smart"


def write_tsv(lexicon: Lexicon) -> str:
    r"""A lexicon as a table with the fewest columns that say it.

    >>> write_tsv(Lexicon([Entry("SQL", "sequel"), Entry("Nguyen", ipa="nwɪn")]))
    'word\tspoken\nNguyen\t/nwɪn/\nSQL\tsequel\n'

    Raises:
        InputError: an entry has a form that means something else in a table.
    """
    rows = [_list_cells(entry) for entry in lexicon.entries]
    columns = [
        column
        for column in (*COLUMNS, *_OPTIONAL)
        if column in ("word", "spoken") or any(row[column] for row in rows)
    ]
    lines = ["\t".join(columns), *("\t".join(row[column] for column in columns) for row in rows)]
    return "\n".join(lines) + "\n"


def _list_cells(entry: Entry) -> Mapping[str, str]:
    if (entry.written[0] == ";" and len(entry.written) > 1) or entry.written != entry.written.strip():
        raise InputError(f"a table cannot hold the word {show(entry.written)}", place=entry.origin)
    if "/" in (entry.spoken[:1], entry.spoken[-1:]):
        raise InputError(
            f"a table cannot hold {show(entry.spoken)}: it is no pronunciation", place=entry.origin
        )
    flags = [
        {"smart": "", "exact": "case", "any": "any"}[entry.case],
        "part" if entry.part else "",
        "regex" if entry.regex else "",
    ]
    return {
        "word": entry.written,
        "spoken": entry.spoken or f"/{entry.ipa}/",
        "language": entry.language,
        "engine": entry.engine,
        "voice": entry.voice,
        "flags": " ".join(filter(None, flags)),
        "ipa": entry.ipa if entry.spoken else "",
        "followed_by": entry.followed_by,
    }
