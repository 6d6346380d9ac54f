"""Lists of mailboxes: one module for each format."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from voxpress.errors import ManifestError
from voxpress.manifests.jsonl import BEGINS


class Mailbox(msgspec.Struct, frozen=True, kw_only=True):
    """A mailbox. All values are texts as they stand in the list; empty ones are not given.

    Attributes:
        path, line: where it stands.
        context: of Asterisk; of FreeSWITCH the domain.
        pronunciation: the name as it is spelled for a voice, or in IPA between slashes; `ipa`: in IPA.
        wording: of all greetings but the name; `unavail` and so on: of one.
        others: as for a row of a manifest.
    """

    path: str
    line: int
    mailbox: str
    context: str = ""
    name: str = ""
    pronunciation: str = ""
    ipa: str = ""
    wording: str = ""
    unavail: str = ""
    busy: str = ""
    greet: str = ""
    temp: str = ""
    language: str = ""
    speaker: str = ""
    engine: str = ""
    model: str = ""
    voice: str = ""
    speed: str = ""
    seed: str = ""


_VOICE_LANGUAGE = re.compile(
    r"(?P<base>[A-Za-z]{2,3})(_(?P<script>[A-Z][a-z]{3})(?=_[A-Z]{2}(?:_|$)))?(_(?P<country>[A-Za-z]{2}|[0-9]{3}))?(_.*)?"
)


def read_language(given: str) -> str:
    """The BCP 47 tag of a language of Asterisk, whose further parts name a voice.

    >>> read_language("en_GB_m_Joe"), read_language("de_Anna"), read_language("es_419"), read_language("pt-BR")
    ('en-GB', 'de', 'es-419', 'pt-BR')
    """
    found = _VOICE_LANGUAGE.fullmatch(given)
    return "-".join(filter(None, found.group("base", "script", "country"))) if found else given


Entry: TypeAlias = Mailbox | ManifestError
"""A mailbox, or what is wrong with it."""


class MailboxList(msgspec.Struct, frozen=True, kw_only=True):
    """A list of mailboxes.

    Attributes:
        entries: the mailboxes, in order, with errors in the place of those that cannot be read.
        formats: names of Asterisk's formats for greetings, where the list has them.
        notes: what else is to be told of it.
    """

    entries: tuple[Entry, ...]
    formats: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read(lines: Sequence[str], path: str, *, complete: bool = False) -> MailboxList:
    r"""The mailboxes of a table or of a ``voicemail.conf``.

    Args:
        path: name of the list, for messages.
        complete: whether it must hold all mailboxes: what is elsewhere is then an error.

    >>> read(["mailbox,name,pin\n", "1001,Ada Byron,4711\n"], "boxes.csv").entries[0].name
    'Ada Byron'
    >>> read(["[default]\n", "1001 => 4711,Ada Byron,,,language=de\n"], "voicemail.conf").entries[0].language
    'de'

    Raises:
        ManifestError: the list as a whole cannot be read.
    """
    from voxpress.publish.mailboxes import table, voicemail_conf

    first = next((line.strip() for line in lines if line.strip() and not line.startswith(";")), "")
    if BEGINS.match(first):
        raise ManifestError("is JSON: a list of mailboxes is a table or a voicemail.conf", path=path)
    if first.startswith(("[", "#")):
        return voicemail_conf.read(lines, path, complete=complete)
    return table.read(lines, path)
