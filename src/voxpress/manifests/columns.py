"""Columns and names: which field of a row they mean, whoever named them, and what their cells hold."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import get_args

import msgspec

from voxpress.errors import InputError, ManifestError, suggest
from voxpress.speech import OptionValue

FIELDS = frozenset(
    (
        "id",
        "text",
        "file",
        "speaker",
        "engine",
        "model",
        "voice",
        "language",
        "speed",
        "seed",
        "format",
        "markup",
        "normalise",
        "lexicon",
        "title",
    )
)
"""Fields of a row besides its options; each is the field of `Utterance` of that name."""

NAMES: Mapping[str, tuple[str, ...]] = {
    "id": (
        "key",
        "name",
        "prompt_id",
        "prompt_name",
        "utterance_id",
        "nom",
        "nombre",
        "nome",
        "identifier",
        "kennung",
        "identificador",
        "identifiant",
        "identificativo",
    ),
    "file": (
        "audio",
        "audio_file",
        "audio_filepath",
        "audio_filename",
        "audio_path",
        "file_name",
        "filename",
        "output_file",
        "path",
        "sound_file",
        "wav",
        "wav_file",
        "wav_filename",
        "datei",
        "dateiname",
        "archivo",
        "fichero",
        "nombre_de_archivo",
        "fichier",
        "nom_de_fichier",
        "nom_du_fichier",
        "nome_file",
        "arquivo",
        "nome_do_arquivo",
        "bestand",
        "bestandsnaam",
    ),
    "text": (
        "announcement",
        "message",
        "phrase",
        "prompt",
        "prompt_text",
        "script",
        "sentence",
        "spoken_text",
        "text_for_tts",
        "transcript",
        "transcription",
        "txt",
        "voice_script",
        "wording",
        "ansage",
        "ansagetext",
        "nachricht",
        "anuncio",
        "frase",
        "locucion",
        "mensaje",
        "texto",
        "annonce",
        "texte",
        "texte_a_dire",
        "annuncio",
        "messaggio",
        "testo",
        "mensagem",
        "tekst",
    ),
    "language": ("lang", "locale", "sprache", "idioma", "langue", "lingua", "taal"),
    "voice": ("stimme", "voz", "voix", "voce"),
    "speaker": ("speaker_id", "sprecher", "locutor", "locuteur"),
    "normalise": ("normalize",),
}
"""Other names for fields, from people and other programs, as `fold` writes them."""

ALIASES = {name: field for field, names in NAMES.items() for name in names}

LEFT_ALONE = frozenset(
    (
        "category",
        "comment",
        "comments",
        "context",
        "description",
        "duration",
        "n_words",
        "note",
        "notes",
        "offset",
        "string_id",
        "wav_filesize",
    )
)
"""Names of columns that say something about a row but change nothing in its file."""

COLUMNS = f"columns: {', '.join(sorted(FIELDS))}, option.NAME; a name that begins with # or x- is left alone"
"""All columns, for messages."""
OPTION, EXTRA = "option.", "extra."
"""What stands before the name of an option of the engine, and of a column that voxpress does not use."""
_REMARK = re.compile(r"_*[(\[][^()\[\]]*[)\]]$")
_ITEM = re.compile(r'\s*([^,"=]*=\s*)?+(?:"((?:[^"]|"")*)"\s*|([^",\s][^,]*|))(?=,|\Z)')
_MOST_NOTED = 1000
_SHORTEST_MISTYPED = 5
"""Letters; shorter words are too often one letter from another word."""


@lru_cache(maxsize=4096)
def fold(name: str) -> str:
    """A name as names are compared: without capitals and accents; a space or a hyphen is an underscore.

    >>> fold(" Texte à dire"), fold("File-Name")
    ('texte_a_dire', 'file_name')
    """
    apart = unicodedata.normalize("NFKD", name.strip().casefold())
    return re.sub(r"[\s_-]+", "_", "".join(each for each in apart if not unicodedata.combining(each)))


@lru_cache(maxsize=4096)
def field_of(name: str) -> str | None:
    """The field that a column's name means: ``option.NAME`` for an option, empty where it is left alone, None: none.

    >>> field_of("Text (EN)"), field_of("Dateiname"), field_of("option.noise"), field_of("x-note"), field_of("city")
    ('text', 'file', 'option.noise', '', None)
    """
    plain, folded = name.strip(), fold(name)
    for each in (folded, _REMARK.sub("", folded)):
        if each in FIELDS:
            return each
        if each in ALIASES:
            return ALIASES[each]
    if folded in LEFT_ALONE or folded.startswith(("#", "x_")):
        return ""
    for before in (OPTION, "options."):
        if folded.startswith(before) and len(plain) > len(before):
            return OPTION + plain[len(before) :]
    return None


def find_mistyped(name: str, fields: Iterable[str] = FIELDS) -> str:
    """The field of which a name is one slip away: a letter too much, too few, wrong or swapped; empty: none.

    >>> find_mistyped("langauge"), find_mistyped("department")
    ('language', '')
    """
    folded = fold(name)
    if len(folded) < _SHORTEST_MISTYPED:
        return ""
    near = (
        field
        for field in sorted(fields)
        if len(field) >= _SHORTEST_MISTYPED and _shorten(field) & _shorten(folded)
    )
    return next(near, "")


def _shorten(word: str) -> set[str]:
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def split_list(given: str, field: str) -> list[str]:
    """The items of a list with commas. One that holds a comma is in quotes, whole or behind its equals sign.

    >>> split_list('text="Wording, EN",id=No.', "columns"), split_list("id,,text", "columns")
    (['text=Wording, EN', 'id=No.'], ['id', '', 'text'])

    Args:
        field: the argument that it is, for messages.

    Raises:
        InputError: a quote is not closed, or something stands behind one.
    """
    items, end = [], 0
    while end <= len(given):
        found = _ITEM.match(given, end)
        if found is None:
            raise InputError(
                f"{given!r} has a quote that is not closed, or words behind one; write a quote within quotes twice",
                field=field,
            )
        name, quoted, plain = found.groups(default="")
        items.append((name + quoted.replace('""', '"') + plain).strip())
        end = found.end() + 1
    return items


def number(field: str, text: str) -> object:
    """`text` as a number for `speed` or `seed`; unchanged if it is none.

    >>> number("speed", "1.1"), number("seed", "7"), number("speed", "fast")
    (1.1, 7, 'fast')
    """
    try:
        return float(text) if field == "speed" else int(text)
    except ValueError:
        return text


def literal(text: str) -> object:
    """The value of an option from a table or from YAML: a JSON number, true, false or "string", else text.

    >>> [literal(text) for text in ("0.5", "3", "true", "slow", '"3"')]
    [0.5, 3, True, 'slow', '3']
    """
    try:
        value: object = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text
    return value if isinstance(value, get_args(OptionValue)) else text


class Columns:
    """Which field each column of one manifest has, and which columns voxpress does not use.

    >>> columns = Columns.parse("text=Wording EN")
    >>> columns.find("Wording EN"), columns.find("Department"), list(columns.unused)
    ('text', 'extra.Department', ['Department'])

    Args:
        order: the fields of a table without a header; an empty one is not used.
        named: fields by the columns that have them, before those that voxpress knows.
        strict: a column that voxpress does not use is an error.
    """

    def __init__(
        self, order: tuple[str, ...] = (), named: Mapping[str, str] | None = None, *, strict: bool = False
    ) -> None:
        self.order, self.strict = order, strict
        self.unused: dict[str, None] = {}
        self._asked = tuple(named or ())
        self._named = {fold(name): field for name, field in (named or {}).items()}
        self._found: dict[str, str] = {}
        # Names of columns, folded.
        self._met: set[str] = set()

    @property
    def renames(self) -> bool:
        """Whether a name may mean another field than it says."""
        return bool(self._named)

    @classmethod
    def parse(cls, given: str, *, strict: bool = False) -> Columns:
        """The columns that somebody names: ``id,text`` in the order of a table, or ``text=Wording`` by their names.

        A column without a field (``=Status``) is left alone.

        Raises:
            InputError: that is no list of fields.
        """
        pieces = split_list(given, "columns") if given else []
        named = {
            name.strip(): field.strip() for field, sign, name in (p.partition("=") for p in pieces) if sign
        }
        if named and len(named) != len(pieces):
            raise InputError(
                "name columns by their places (id,text) or by their names (text=Wording), not both",
                field="columns",
            )
        fields = named.values() if named else pieces
        order = [] if named else pieces
        for field in filter(None, fields):
            if field not in FIELDS and not field.startswith(OPTION):
                raise InputError(
                    f"no field is called {field!r}{suggest(field, FIELDS)} (fields: {', '.join(sorted(FIELDS))},"
                    " option.NAME)",
                    field="columns",
                )
        if pieces and not named and "text" not in pieces:
            raise InputError(f"{given!r} names no column text", field="columns")
        return cls(tuple(order), named, strict=strict)

    def find(self, name: str) -> str:
        """The field of a column; ``extra.NAME`` for one that voxpress does not use, empty for one that is left alone.

        Raises:
            ManifestError: the name is a field's with a slip, or `strict` and unknown; it has neither path nor line.
        """
        found = self._found.get(name)
        if found is None:
            self._met.add(fold(name))
            found = self._found[name] = self._find(name)
        return found

    def _find(self, name: str) -> str:
        field = self._named.get(fold(name))
        if field is None:
            field = field_of(name)
        if field is not None:
            return field
        if self.strict or find_mistyped(name):
            raise unknown_column(name)
        return self.leave(name)

    def leave(self, name: str) -> str:
        """Note that a column is not used."""
        if len(self.unused) < _MOST_NOTED:
            self.unused[name.strip()] = None
        return EXTRA + name.strip()

    def missing(self) -> list[str]:
        """The names that somebody gave columns, and that no column had so far."""
        return [name for name in self._asked if fold(name) not in self._met]

    def lend(self) -> Columns:
        """The same for a manifest that this one extends, which may lack these names, and have columns without use."""
        lent = Columns()
        lent._named, lent._met = self._named, self._met
        return lent

    def rank(self, name: str) -> int:
        """Which of two columns with one field has it, the one with the lower rank: one that somebody named comes before
        the field's own name, and that before its other names.
        """
        folded = fold(name)
        return 0 if folded in self._named else 1 if folded in FIELDS else 2


def unknown_column(name: str) -> ManifestError:
    """The error of a column that voxpress does not know; it has neither path nor line."""
    return ManifestError(f"unknown column{hint(name)} ({COLUMNS})", field=name.strip() or repr(name))


def hint(name: str) -> str:
    """Which field a name may mean, at the end of a message; empty: none is near."""
    near = find_mistyped(name)
    return f"; did you mean {near!r}?" if near else suggest(fold(name), sorted(FIELDS))
