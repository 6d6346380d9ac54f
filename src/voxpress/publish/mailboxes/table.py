"""A table of mailboxes, such as people write and phone systems export."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from voxpress.errors import LeftOut, ManifestError
from voxpress.manifests.columns import find_mistyped, fold
from voxpress.manifests.csv import table
from voxpress.publish.mailboxes import Entry, Mailbox, MailboxList, read_language

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "mailbox": (
        "mailbox",
        "mailbox_number",
        "voicemail_id",
        "voicemail_number",
        "extension",
        "ext",
        "number",
        "box",
        "user",
    ),
    # FreePBX's exports have the mailbox's context as voicemail, and the one of the dialplan as context.
    "context": (
        "voicemail",
        "voicemail_context",
        "vmcontext",
        "context",
        "domain",
        "domain_name",
        "user_context",
    ),
    "name": (
        "name",
        "full_name",
        "fullname",
        "display_name",
        "effective_caller_id_name",
        "voicemail_description",
    ),
    "pronunciation": ("pronunciation", "pronounced", "spoken", "say_as"),
    "ipa": ("ipa", "phonemes"),
    "wording": ("wording", "text", "message", "greeting"),
    "unavail": ("unavail", "unavailable"),
    "busy": ("busy",),
    "greet": ("greet",),
    "temp": ("temp", "temporary"),
    "language": ("language", "lang", "locale", "languages_language"),  # the last one is FreePBX's
    "speaker": ("speaker",),
    "engine": ("engine",),
    "model": ("model",),
    "voice": ("voice",),
    "speed": ("speed",),
    "seed": ("seed",),
}
"""Names that the columns of a table may have, the first one found counts; case, spaces and hyphens do not."""

_KNOWN = frozenset(name for names in COLUMNS.values() for name in names)
_ERROR = r"#(?:N/A|NAME\?|NULL!|NUM!|REF!|VALUE!|DIV/0!)|#+|=.*"
_DAMAGED = (
    re.compile(_ERROR),
    re.compile(rf"{_ERROR}|'.*|[0-9]+(?:[.,][0-9]+)+|[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]+"),
)
"""What spreadsheets make of cells, and of numbers: ``1001.0``, ``1,001``, ``1E+3``."""
_NO_MAILBOX = "novm"
"""What FreePBX's exports have in place of a context."""


def read(lines: Sequence[str], path: str) -> MailboxList:
    r"""The mailboxes of a table whose first line names its columns.

    >>> read(["Extension;Full name\n", "1001;Ada Byron\n"], "boxes.csv").entries[0].name
    'Ada Byron'

    Raises:
        ManifestError: it is empty, or no column has the mailboxes.
    """
    records = table(iter(lines), path)
    header = next(records, None)
    if header is None:
        raise ManifestError("is empty; its first line must name the columns", path=path)
    if isinstance(header, ManifestError):
        raise header
    line, cells = header
    given = [cell.strip().lower().replace(" ", "_").replace("-", "_") for cell in cells]
    at = {}
    for field, names in COLUMNS.items():
        found = next((name for name in names if name in given), None)
        if found is not None:
            at[field] = given.index(found)
    if "mailbox" not in at:
        known = ", ".join(COLUMNS)
        raise ManifestError(f"no column is called mailbox (columns: {known})", path=path, line=line)
    unused = [cells[index].strip() for index in range(len(cells)) if index not in at.values()]
    for name in unused:
        near = find_mistyped(name, COLUMNS)
        if near and fold(name) not in _KNOWN:
            raise ManifestError(
                f"no column is used that is called {name!r}; did you mean {near!r}?", path=path, line=line
            )
    notes = (f"{path}: not used: {', '.join(filter(None, unused))}",) if any(unused) else ()
    return MailboxList(entries=tuple(_read_records(records, at, path)), notes=notes)


def _read_records(
    records: Iterator[tuple[int, list[str]] | ManifestError], at: Mapping[str, int], path: str
) -> Iterator[Entry]:
    for record in records:
        if isinstance(record, ManifestError):
            yield record
            continue
        line, cells = record
        fields = {field: cells[index].strip() for field, index in at.items()}
        fields["language"] = read_language(fields.get("language", ""))
        if not fields.get("context") and "@" in fields["mailbox"]:
            fields["mailbox"], _, fields["context"] = fields["mailbox"].partition("@")
        mailbox = fields["mailbox"]
        damaged = [field for field, cell in fields.items() if _DAMAGED[field == "mailbox"].fullmatch(cell)]
        if not mailbox:
            yield ManifestError("is missing", path=path, line=line, field="mailbox")
        elif fields.get("context") == _NO_MAILBOX:
            yield LeftOut(f"{mailbox} has no voicemail", path=path, line=line, id=mailbox)
        elif damaged:
            problem = (
                f"{fields[damaged[0]]!r} is what a spreadsheet made of it: format the column as text there, type the"
                " cell again, and save the list anew"
            )
            yield ManifestError(problem, path=path, line=line, field=damaged[0], id=mailbox)
        else:
            yield Mailbox(path=path, line=line, **fields)
